"""aim to its local repository (RocksDB)."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import aim

_run = None


def start(folder):
    global _run
    _run = aim.Run(repo=str(folder), system_tracking_interval=None, log_system_params=False, capture_terminal_logs=False)


def log(value):
    _run.track(value, name="loss")


def finish():
    _run.close()


def survivors(folder):
    command = [str(Path(sys.executable).with_name("aim")), "storage", "--repo", str(folder), "reindex", "-y"]
    subprocess.run(command, check=True, capture_output=True)
    found = []
    for run in aim.Repo(str(folder)).iter_runs():
        for metric in run.metrics():
            if metric.name == "loss":
                found += list(metric.values.values())
    return found


def version():
    return importlib.metadata.version("aim")
