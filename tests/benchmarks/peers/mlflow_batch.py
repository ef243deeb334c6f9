"""MLflow's fastest way: points gathered in a list by the user, `MlflowClient.log_batch` of 1,000.

A point counts as handed over when its batch's call returned; what still lies in the user's list is the user's.
"""

import time

import mlflow
from mlflow.entities import Metric
from mlflow_sync import _steps, finish, start, survivors, version

__all__ = ["CHUNK", "finish", "log_many", "start", "survivors", "version"]

CHUNK = 1000


def log_many(values):
    now = int(time.time() * 1000)
    mlflow.MlflowClient().log_batch(mlflow.active_run().info.run_id, metrics=[Metric("loss", value, now, next(_steps)) for value in values])
