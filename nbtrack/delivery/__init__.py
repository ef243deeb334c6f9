"""From the journal to MLflow, by a process of its own or in the foreground."""
