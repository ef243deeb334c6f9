"""MLflow as most notebooks use it: `mlflow.log_metric`, one transaction a point."""

import itertools
import sqlite3

import mlflow

_steps = itertools.count()


def start(folder):
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.start_run()


def log(value):
    mlflow.log_metric("loss", value, step=next(_steps))


def finish():
    mlflow.end_run()


def survivors(folder):
    with sqlite3.connect(folder / "mlflow.db") as db:
        return [value for (value,) in db.execute("select value from metrics where key = 'loss'")]


def version():
    return mlflow.__version__
