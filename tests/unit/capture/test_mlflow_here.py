"""The experiment that MLflow was told in this process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import mlflow
import pytest

import nbtrack
from nbtrack.capture.mlflow_here import active_experiment
from nbtrack.reads import all_runs


@pytest.fixture
def told(store, home, tmp_path, monkeypatch):
    """MLflow's experiment of this process is `chosen`."""
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(store)
    mlflow.set_experiment("chosen")
    yield store
    mlflow.tracking.fluent._active_experiment_id = None
    mlflow.set_tracking_uri(None)
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_URI"):
        os.environ.pop(name, None)


def _experiment_of_a_block(home, **options):
    with nbtrack.track("block", **options) as run:
        pass
    [view] = [view for view in all_runs(home) if view.run_id == run.run_id]
    return view.start.experiment


def test_a_run_belongs_to_the_experiment_of_set_experiment(told, home, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "of the environment")
    assert _experiment_of_a_block(home) == "chosen"
    mlflow.set_experiment("another")
    assert _experiment_of_a_block(home) == "another"


def test_the_call_and_the_setting_come_first(told, home, monkeypatch):
    monkeypatch.setenv("NBTRACK_EXPERIMENT", "of the setting")
    assert _experiment_of_a_block(home) == "of the setting"
    assert _experiment_of_a_block(home, experiment="of the call") == "of the call"


def test_an_experiment_of_another_store_is_not_taken(told, home, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "of the environment")
    assert _experiment_of_a_block(home, store=f"sqlite:///{tmp_path / 'other.db'}") == "of the environment"


def test_an_experiment_named_while_the_store_was_away_is_known_by_its_stand_in(told):
    mlflow.tracking.fluent._active_experiment_id = "nbtrack-experiment:planned"
    assert active_experiment(told) == "planned"


def test_a_store_that_hangs_does_not_hold_the_cell(told, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        mlflow.set_tracking_uri(uri)
        assert active_experiment(uri) == ""


def test_mlflow_is_not_imported_for_it(home, tmp_path):
    code = "import sys, nbtrack\nwith nbtrack.track('a'): pass\nassert 'mlflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=120, env={**os.environ, "NBTRACK_DELIVERY": "0"})
