"""MLflow's door: the only folder that imports mlflow."""
