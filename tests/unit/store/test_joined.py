"""Plain MLflow calls inside a tracked cell or block."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import mlflow
import numpy as np
import pytest

import nbtrack
from nbtrack.capture.current import context, current
from nbtrack.entities import State
from nbtrack.errors import UnknownRunError
from nbtrack.journal import fold
from nbtrack.reads import all_runs
from nbtrack.store.joined import enter
from nbtrack.store.journal_uris import SCHEMES

ANY_TYPE = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow's own model classes


@pytest.fixture
def cell(store, home, tmp_path, monkeypatch):
    """Runs a block as a tracked cell would; the user has chosen the store in an earlier cell."""
    import contextlib

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")  # what a run has is in its journal
    mlflow.set_tracking_uri(store)

    @contextlib.contextmanager
    def cell(name="cell", **options):
        with nbtrack.track(name, store=store, **options) as run:
            undo = enter(store)
            try:
                yield run
            finally:
                undo()

    yield cell
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.tracking.fluent._active_experiment_id = None
    mlflow.set_tracking_uri(None)
    for key in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_URI"):
        os.environ.pop(key, None)


@pytest.fixture
def delivering(cell, monkeypatch):
    """A delivery process, for what only the store tells."""
    monkeypatch.delenv("NBTRACK_DELIVERY")


def test_plain_calls_go_to_the_cells_run(cell, home):
    with cell() as run:
        mlflow.log_metric("m", 1.0)
        mlflow.log_param("p", 2)
        mlflow.log_text("text", "a.txt")
        assert mlflow.active_run().info.run_id == run.run_id
        mlflow.end_run()
        mlflow.log_metric("m", 2.0, step=1)
    (view,) = all_runs(home)
    assert (view.run_id, view.state, view.metrics["m"].count, view.params) == (run.run_id, State.FINISHED, 2, {"p": "2"})
    assert [it.path for it in view.artifacts] == ["a.txt"]
    assert view.name == "cell"
    assert "mlflow.runName" not in view.tags


def test_the_first_start_run_is_the_cells_run_and_does_not_end_it(cell, home):
    with cell() as run:
        with mlflow.start_run(run_name="said", tags={"k": "v"}) as first:
            mlflow.log_metric("m", 1.0)
        assert first.info.run_id == run.run_id
        assert not run.is_ended
        with mlflow.start_run(run_name="second") as second:
            mlflow.log_metric("m", 2.0)
            with mlflow.start_run(nested=True) as third:
                mlflow.log_metric("m", 3.0)
    views = {view.run_id: view for view in all_runs(home)}
    assert (views[run.run_id].tags["k"], views[run.run_id].tags["mlflow.runName"]) == ("v", "said")
    assert views[second.info.run_id].start.parent == run.run_id
    assert views[third.info.run_id].start.parent == second.info.run_id
    assert {view.state for view in views.values()} == {State.FINISHED}


def test_the_next_cell_meets_no_active_run(cell, home):
    with cell("one"):
        mlflow.start_run()
        mlflow.start_run(nested=True)
    assert mlflow.active_run() is None
    with cell("two") as two, mlflow.start_run() as active:
        assert active.info.run_id == two.run_id
    assert {view.state for view in all_runs(home)} == {State.FINISHED}


def test_a_run_that_was_open_before_is_left_open_and_gets_its_points(cell, delivering, store, mlflow_of, until):
    before = mlflow.start_run()
    with cell("cell") as run:
        mlflow.log_metric("m", 1.0)
    assert mlflow.active_run().info.run_id == before.info.run_id
    assert fold(run.home, run.run_id).metrics == {}
    until(lambda: mlflow_of(store).get_run(before.info.run_id).data.metrics == {"m": 1.0})
    mlflow.end_run()
    assert mlflow_of(store).get_run(before.info.run_id).info.status == "FINISHED"


def test_after_the_cell_everything_is_as_it_was(cell, store):
    assert os.environ["MLFLOW_TRACKING_URI"] == store
    with cell() as run:
        assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == f"nbtrack+{store}"
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == store
    with mlflow.start_run() as plain:
        mlflow.log_metric("outside", 1.0)
    assert plain.info.run_id != run.run_id
    assert fold(run.home, run.run_id).metrics == {}
    assert mlflow.MlflowClient(store).get_run(plain.info.run_id).data.metrics == {"outside": 1.0}


def test_what_the_cell_sets_stays(cell, store, tmp_path):
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with cell():
        mlflow.set_tracking_uri(other)
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == other


def test_another_store_chosen_by_the_user_is_left_alone(store, tmp_path):
    other = f"sqlite:///{tmp_path / 'other.db'}"
    mlflow.set_tracking_uri(other)
    try:
        undo = enter(store)
        assert mlflow.get_tracking_uri() == other
        undo()
        assert os.environ["MLFLOW_TRACKING_URI"] == other
    finally:
        mlflow.set_tracking_uri(None)


def test_a_store_the_plugin_does_not_know_is_left_alone():
    undo = enter("databricks")
    assert "MLFLOW_TRACKING_URI" not in os.environ
    undo()


def test_threads_of_the_cell_join_its_run(cell, home):
    with cell() as run:
        threads = [threading.Thread(target=mlflow.log_metric, args=(f"t{n}", n)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (view,) = all_runs(home)
    assert view.run_id == run.run_id
    assert set(view.metrics) == {"t0", "t1", "t2"}


def test_a_process_of_the_cell_joins_its_run(cell, home):
    code = "import mlflow\nwith mlflow.start_run():\n mlflow.log_metric('theirs', 1)\nmlflow.log_metric('theirs', 2, step=1)"
    with cell() as run:
        subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
        assert not fold(home, run.run_id).state.is_end
    (view,) = all_runs(home)
    assert (view.metrics["theirs"].count, view.state) == (2, State.FINISHED)


def test_autologging_joins_and_a_second_fit_is_a_child(cell, home):
    from sklearn.linear_model import Ridge

    features, y = np.arange(8.0).reshape(-1, 1), np.arange(8.0)
    mlflow.sklearn.autolog(log_models=False, silent=True)
    try:
        with cell() as run:
            Ridge(alpha=0.5).fit(features, y)
            Ridge(alpha=0.7).fit(features, y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    views = {view.run_id: view for view in all_runs(home)}
    assert len(views) == 2
    assert views[run.run_id].params["alpha"] == "0.5"
    (child,) = (view for view in views.values() if view.run_id != run.run_id)
    assert (child.params["alpha"], child.start.parent, child.start.experiment) == ("0.7", run.run_id, run.start.experiment)


@ANY_TYPE
def test_a_model_logged_in_the_cell_belongs_to_its_run(cell, delivering, store, mlflow_of):
    from sklearn.linear_model import Ridge

    model = Ridge().fit(np.arange(8.0).reshape(-1, 1), np.arange(8.0))
    with cell() as run:
        info = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"], serialization_format="cloudpickle")
    plain = mlflow_of(store)
    made = plain.get_logged_model(info.model_id)
    real = plain.get_run(made.source_run_id)
    assert (real.data.tags["nbtrack.run_id"], real.info.experiment_id) == (run.run_id, made.experiment_id)
    assert [it.model_id for it in real.outputs.model_outputs] == [info.model_id]


def test_another_active_experiment_is_told_and_changes_nothing(cell, home):
    with cell(experiment="cells") as run:
        mlflow.set_experiment("other")
        mlflow.log_metric("m", 1.0)
    view = fold(home, run.run_id)
    assert view.start.experiment == "cells"
    assert any("-e other" in notice for notice in view.notices)


def test_after_the_cell_it_is_written_to_only_by_its_id(cell, home):
    with cell() as run:
        mlflow.log_metric("m", 1.0)
        uri = mlflow.get_tracking_uri()
    assert current() is None
    assert context.get() is None
    client = mlflow.MlflowClient(uri)
    client.log_metric(run.run_id, "m", 2.0, step=1)
    other = client.create_run("0")
    assert other.info.run_id != run.run_id
    assert fold(home, run.run_id).metrics["m"].count == 2


@pytest.mark.parametrize("is_told", [False, True])
def test_entering_does_not_import_mlflow_and_joins_an_import_in_the_cell(store, tmp_path, home, is_told):
    told = store if is_told else None
    code = f"""
import sys, nbtrack
from nbtrack.store.joined import enter
with nbtrack.track("cell", store={store!r}) as run:
    undo = enter({store!r})
    assert "mlflow" not in sys.modules
    import mlflow
    if {told!r}:
        mlflow.set_tracking_uri({told!r})
    mlflow.log_metric("m", 1)
    undo()
import os
assert os.environ.get("MLFLOW_TRACKING_URI") == {told!r}
assert mlflow.active_run() is None
assert not mlflow.get_tracking_uri().startswith("nbtrack")
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=120)
    (view,) = all_runs(home)
    assert (view.name, set(view.metrics)) == ("cell", {"m"})


def test_every_store_that_is_joined_is_registered():
    found = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["entry-points"]
    for group in ("mlflow.tracking_store", "mlflow.model_registry_store"):
        assert set(found[group]) == {f"nbtrack+{scheme}" for scheme in SCHEMES}


def test_the_cells_own_store_set_in_the_cell_is_the_cells_run(cell, store, home):
    mlflow.set_tracking_uri(None)
    with cell() as run:
        mlflow.set_tracking_uri(store)
        mlflow.log_metric("m", 1.0)
        assert mlflow.active_run().info.run_id == run.run_id
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == store
    (view,) = all_runs(home)
    assert (view.metrics["m"].count, view.notices) == (1, ())
    assert mlflow.set_tracking_uri is mlflow.tracking.set_tracking_uri is mlflow.tracking._tracking_service.utils.set_tracking_uri
    assert not hasattr(mlflow.set_tracking_uri, "__wrapped__")


def test_another_store_set_in_the_cell_is_left_to_the_user_and_told(cell, store, home, tmp_path):
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with cell() as run:
        mlflow.set_tracking_uri(store)
        mlflow.set_tracking_uri(other)
    assert any("other.db, not to the run" in notice for notice in fold(home, run.run_id).notices)
    assert mlflow.get_tracking_uri() == other


def test_after_the_cell_flushing_tells_mlflows_own_id(cell, delivering, store, home):
    with cell(), mlflow.start_run() as active:
        mlflow.log_metric("m", 0.5)
    found = nbtrack.flush(active.info.run_id)
    assert mlflow.get_tracking_uri() == store
    assert mlflow.get_run(found.mlflow_run_id).data.metrics == {"m": 0.5}
    assert nbtrack.flush(found.mlflow_run_id).run_id == active.info.run_id
    with pytest.raises(UnknownRunError, match="nobody"):
        nbtrack.flush("nobody")
