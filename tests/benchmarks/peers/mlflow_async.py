"""MLflow with `synchronous=False`: a queue in memory and threads that send it."""

import mlflow
from mlflow_sync import _steps, start, survivors, version

__all__ = ["finish", "log", "start", "survivors", "version"]


def log(value):
    mlflow.log_metric("loss", value, step=next(_steps), synchronous=False)


def finish():
    mlflow.flush_metric_async_logging() if hasattr(mlflow, "flush_metric_async_logging") else mlflow.flush_async_logging()
    mlflow.end_run()
