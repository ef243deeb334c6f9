"""Plain MLflow calls inside a tracked cell go to the cell's run; MLflow is not imported for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from nbtrack.courier import absolute_uri

ENV = "MLFLOW_TRACKING_URI"
SCHEMES = ("sqlite", "http", "https", "postgresql", "mysql", "mssql")
joined: set[str] = set()
"""Runs of cells that MLflow's fluent API has joined; the cell ends them, not MLflow."""


def enter(uri: str) -> Callable[[], None]:
    """Send MLflow's calls through the journal until the returned function is called.

    Args:
        uri: the real store, absolute.
    """
    if uri.partition(":")[0].partition("+")[0] not in SCHEMES:
        return lambda: None
    target = f"nbtrack+{uri}"
    before = os.environ.get(ENV)
    mlflow = sys.modules.get("mlflow")
    previous = mlflow.get_tracking_uri() if mlflow is not None and hasattr(mlflow, "get_tracking_uri") else None
    if mlflow is not None and previous is not None and absolute_uri(previous, Path.cwd()) == uri:
        mlflow.set_tracking_uri(target)
    os.environ[ENV] = target

    def undo() -> None:
        now = sys.modules.get("mlflow")
        if now is not None and hasattr(now, "active_run"):
            active = now.active_run()
            if active is not None and active.info.run_id in joined:
                now.end_run()
            if now.get_tracking_uri() == target and mlflow is not None:
                now.set_tracking_uri(previous or uri)
        if os.environ.get(ENV, "").startswith("nbtrack+") or before is not None:
            if before is None:
                os.environ.pop(ENV, None)
            else:
                os.environ[ENV] = before

    return undo
