"""trackio to its local database: a queue in memory, written every half second."""

import contextlib
import importlib.metadata
import io
import os
import sqlite3
from pathlib import Path

os.environ["TRACKIO_DIR"] = str(Path.cwd() / "trackio")
os.environ["HF_HUB_OFFLINE"] = "1"
import trackio


def start(folder):
    with contextlib.redirect_stdout(io.StringIO()):
        trackio.init(project="bench", auto_log_gpu=False, auto_log_cpu=False)


def log(value):
    trackio.log({"loss": value})


def finish():
    trackio.finish()


def survivors(folder):
    import orjson

    path = folder / "trackio" / "bench.db"
    if not path.exists():
        return []
    with sqlite3.connect(path) as db:
        return [orjson.loads(row)["loss"] for (row,) in db.execute("select metrics from metrics")]


def version():
    return importlib.metadata.version("trackio")
