"""A store with as many runs as are wanted, in the tables of MLflow's release: to make them through MLflow takes minutes."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path

PARAMS, METRICS, POINTS = 10, 5, 3


def fill(database: Path, count: int) -> None:
    """Write runs as MLflow has them, in the tables of its release."""
    dice = random.Random(1)
    runs, params, tags, latest, metrics = [], [], [], [], []
    for number in range(count):
        run, began = f"{dice.getrandbits(128):032x}", 1_760_000_000_000 + number * 60_000
        runs.append((run, f"run-{number}", "FINISHED", began, began + 30_000, "active", f"/none/{run}/artifacts", 0, "NOTEBOOK", "", "", "ana", "", None))
        params += [(f"param_{at}", f"{dice.random():.4f}" if at < 6 else dice.choice(("adam", "sgd", "rmsprop")), run) for at in range(PARAMS)]
        tags += [("mlflow.runName", f"run-{number}", run), ("mlflow.user", "ana", run), ("owner", dice.choice("abc"), run)]
        for at in range(METRICS):
            values = [dice.random() for _ in range(POINTS)]
            metrics += [(f"metric_{at}", value, began + step, run, step, 0) for step, value in enumerate(values)]
            latest.append((f"metric_{at}", values[-1], began + POINTS - 1, POINTS - 1, 0, run))
    columns = {
        "runs": "run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id, source_type, source_name, entry_point_name, user_id,"
        " source_version, deleted_time",
        "params": "key, value, run_uuid", "tags": "key, value, run_uuid", "latest_metrics": "key, value, timestamp, step, is_nan, run_uuid",
        "metrics": "key, value, timestamp, run_uuid, step, is_nan",
    }  # fmt: skip
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        for table, rows in zip(columns, (runs, params, tags, latest, metrics), strict=True):
            db.executemany(f"insert into {table} ({columns[table]}) values ({', '.join('?' * len(rows[0]))})", rows)
