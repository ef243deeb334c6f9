"""mlflow-widgets, which shows runs and logs none."""

import importlib.metadata


def version():
    return importlib.metadata.version("mlflow-widgets")
