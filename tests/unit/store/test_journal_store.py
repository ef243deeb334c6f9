"""MLflow's own API over `nbtrack+sqlite`, and over a server that is gone."""

import os
import subprocess
import sys
import threading

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

import nbtrack
from nbtrack.entities import State
from nbtrack.reads import all_runs
from nbtrack.store import joined

DEAD = "http://127.0.0.1:9"


@pytest.fixture
def uri(store, home, tmp_path, monkeypatch):
    """The plugin's URI of a fresh sqlite store; MLflow's own state is put back."""
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"nbtrack+{store}")
    mlflow.set_experiment("tests")  # MLflow keeps the last test's otherwise
    yield f"nbtrack+{store}"
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)


def test_the_fluent_api_works_and_reads_see_own_writes(uri, store):
    mlflow.set_experiment("fluent")
    with mlflow.start_run(run_name="mine", tags={"a": "b"}) as active:
        mlflow.log_param("lr", 0.1)
        mlflow.log_metrics({"loss": 0.5, "acc": 0.4}, step=3)
        mlflow.set_tag("c", "d")
        for step in range(10):
            mlflow.log_metric("curve", step**2, step=step)
    seen = mlflow.get_run(active.info.run_id)
    assert (seen.info.status, seen.data.params, seen.data.metrics["acc"]) == ("FINISHED", {"lr": "0.1"}, 0.4)
    history = MlflowClient().get_metric_history(active.info.run_id, "curve")
    assert [(it.step, it.value) for it in history] == [(step, float(step**2)) for step in range(10)]
    (real,) = MlflowClient(store).search_runs([MlflowClient(store).get_experiment_by_name("fluent").experiment_id])
    assert (real.info.run_name, real.info.status, real.data.tags["a"], real.data.tags["c"]) == ("mine", "FINISHED", "b", "d")
    assert real.data.tags["nbtrack.run_id"] == active.info.run_id
    assert len(mlflow.search_runs(experiment_names=["fluent"], output_format="list")) == 1


def test_artifacts_are_taken_at_once_and_read_back(uri, tmp_path):
    (tmp_path / "a.txt").write_text("alpha")
    with mlflow.start_run() as active:
        mlflow.log_artifact(tmp_path / "a.txt", "texts")
        mlflow.log_text("beta", "b.txt")
    assert {it.path for it in MlflowClient().list_artifacts(active.info.run_id)} == {"texts", "b.txt"}
    assert mlflow.artifacts.load_text(f"runs:/{active.info.run_id}/texts/a.txt") == "alpha"


def test_a_dead_server_stops_nothing_and_loses_nothing(home, monkeypatch, tmp_path):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri(f"nbtrack+{DEAD}")
    try:
        mlflow.set_experiment("unreachable")
        with mlflow.start_run(run_name="alone"):
            mlflow.log_param("lr", 1)
            for step in range(100):
                mlflow.log_metric("loss", step, step=step)
            mlflow.log_text("kept", "kept.txt")
        with pytest.raises(MlflowException, match="nbtrack"):
            mlflow.search_runs(experiment_ids=["0"])
    finally:
        mlflow.set_tracking_uri(None)
    (run,) = all_runs(home)
    assert (run.name, run.state, run.start.experiment, run.metrics["loss"].count) == ("alone", State.FINISHED, "unreachable", 100)
    assert [it.path for it in run.artifacts] == ["kept.txt"]


def test_the_client_works_and_a_failed_block_is_failed(uri):
    client = MlflowClient()
    run = client.create_run("0", run_name="by-client")
    client.log_metric(run.info.run_id, "x", 1.5, step=2)
    client.set_terminated(run.info.run_id, "FAILED")
    assert client.get_run(run.info.run_id).info.status == "FAILED"
    with pytest.raises(ValueError, match="mine"), mlflow.start_run() as active:
        raise ValueError("mine")
    assert mlflow.get_run(active.info.run_id).info.status == "FAILED"


def test_a_changed_param_is_no_error_and_the_first_value_stays(uri, store):
    with mlflow.start_run() as active:
        mlflow.log_param("lr", 1)
        mlflow.log_param("lr", 2)
    MlflowClient().get_metric_history(active.info.run_id, "nothing")
    (real,) = MlflowClient(store).search_runs([MlflowClient(store).get_experiment_by_name("tests").experiment_id])
    assert real.data.params == {"lr": "1"}


def test_a_run_that_mlflow_made_is_continued(uri, store):
    real = MlflowClient(store).create_run("0")
    client = MlflowClient()
    client.log_metric(real.info.run_id, "late", 2.0)
    assert client.get_metric_history(real.info.run_id, "late")[0].value == 2.0
    assert MlflowClient(store).get_run(real.info.run_id).data.metrics == {"late": 2.0}


def test_inside_a_run_of_ours_mlflow_writes_to_it_and_a_second_run_is_its_child(uri, home):
    with nbtrack.track("cell") as cell:
        undo = joined.enter(uri.removeprefix("nbtrack+"))
        mlflow.log_metric("joined", 1.0)
        assert mlflow.active_run().info.run_id == cell.run_id
        mlflow.end_run()
        with mlflow.start_run(run_name="second"):
            mlflow.log_metric("own", 2.0)
        undo()
    views = {view.name: view for view in all_runs(home)}
    assert set(views) == {"cell", "second"}
    assert (views["cell"].state, set(views["cell"].metrics)) == (State.FINISHED, {"joined"})
    assert views["second"].start.parent == cell.run_id


def test_after_the_block_mlflow_no_longer_writes_to_it(uri, home):
    with nbtrack.track("cell") as cell:
        undo = joined.enter(uri.removeprefix("nbtrack+"))
        mlflow.log_metric("inside", 1.0)
        undo()
    assert mlflow.active_run() is None
    with mlflow.start_run(run_name="after"):
        mlflow.log_metric("outside", 1.0)
    assert set(nbtrack.run(cell.run_id).metrics) == {"inside"}


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow's own model classes
def test_a_logged_model_loads_in_a_fresh_process(uri, tmp_path):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    features, y = load_iris(return_X_y=True)
    with mlflow.start_run():
        model = LogisticRegression(max_iter=300, C=0.5).fit(features, y)
        info = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"], serialization_format="cloudpickle")
        mlflow.log_metric("accuracy", model.score(features, y))
    code = f"import mlflow, numpy; print(mlflow.pyfunc.load_model('{info.model_uri}').predict(numpy.array([[5.1, 3.5, 1.4, .2]])))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert "[0]" in done.stdout, done.stderr


def test_threads_write_to_the_run_they_name(uri):
    client = MlflowClient()
    run = client.create_run("0")
    threads = [threading.Thread(target=lambda n=n: [client.log_metric(run.info.run_id, f"t{n}", i, step=i) for i in range(50)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(client.get_metric_history(run.info.run_id, f"t{n}")) for n in range(4)] == [50] * 4


def test_a_scripts_open_run_ends_with_it(tmp_path, store, home):
    code = "import mlflow; mlflow.start_run(run_name='open'); mlflow.log_metric('x', 1)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, cwd=tmp_path, env={**os.environ, "MLFLOW_TRACKING_URI": f"nbtrack+{store}"})
    assert [(view.name, view.state) for view in all_runs(home)] == [("open", State.FINISHED)]


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow's own model classes
def test_sklearn_autologging_writes_to_the_active_run(uri):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    features, y = load_iris(return_X_y=True)
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    try:
        with mlflow.start_run() as active:
            LogisticRegression(max_iter=300, C=0.5).fit(features, y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    seen = mlflow.get_run(active.info.run_id)
    assert seen.data.params["C"] == "0.5"
    assert "training_accuracy_score" in seen.data.metrics
