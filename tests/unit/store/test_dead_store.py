"""MLflow's own API while the store does not answer, and after it has come back."""

from __future__ import annotations

import socket
import threading

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from nbtrack.entities import State
from nbtrack.journal import fold
from nbtrack.reads import all_runs
from nbtrack.store.journal_uris import artifacts_uri

pytestmark = pytest.mark.timeout(200)  # nothing here may wait the four minutes that MLflow would


def test_runs_go_on_and_everything_is_kept(away, home, tmp_path):
    mlflow.set_experiment("unreachable")
    with mlflow.start_run(run_name="alone") as active:
        mlflow.log_param("lr", 1)
        for step in range(100):
            mlflow.log_metric("loss", step, step=step)
        mlflow.log_text("kept", "texts/kept.txt")
        with mlflow.start_run(nested=True):
            mlflow.log_metric("inner", 1)
    with mlflow.start_run(run_id=active.info.run_id):
        mlflow.log_metric("loss", 100, step=100)
    seen = mlflow.get_run(active.info.run_id)
    assert (seen.info.status, seen.data.metrics["loss"], seen.data.params) == ("FINISHED", 100.0, {"lr": "1"})
    view = fold(home, active.info.run_id)
    assert (view.name, view.state, view.start.experiment, view.metrics["loss"].count) == ("alone", State.FINISHED, "unreachable", 101)
    assert {run.start.parent for run in all_runs(home)} == {"", active.info.run_id}


def test_what_the_journal_has_can_be_read(away, tmp_path):
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "m", 1.0, step=7)
    client.log_text(run_id, "kept", "texts/kept.txt")
    assert [(it.step, it.value) for it in client.get_metric_history(run_id, "m")] == [(7, 1.0)]
    assert [(it.path, it.is_dir) for it in client.list_artifacts(run_id)] == [("texts", True)]
    folder = f"{client.get_run(run_id).info.artifact_uri}/texts"
    assert [it.path for it in mlflow.artifacts.list_artifacts(artifact_uri=folder)] == ["texts/kept.txt"]
    (tmp_path / "got").mkdir()
    path = mlflow.artifacts.download_artifacts(artifact_uri=folder, dst_path=str(tmp_path / "got"))
    assert (tmp_path / "got" / "texts" / "kept.txt").read_text() == "kept", path


def test_what_only_the_store_knows_is_refused_soon_with_the_next_step(away):
    for ask in (lambda: mlflow.search_runs(["0"]), lambda: MlflowClient().get_run("1" * 32), MlflowClient().search_experiments):
        with pytest.raises(MlflowException, match="What was logged is kept") as caught:
            ask()
        assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"


def test_an_experiments_stand_in_becomes_the_real_one_when_the_server_comes(home, script, until, server, runs_of, tmp_path):
    uri, start = server
    code = """
        import mlflow, sys, time
        experiment = mlflow.set_experiment("late")
        with mlflow.start_run(run_name="early") as run:
            mlflow.log_metric("m", 1)
            mlflow.log_text("text", "a.txt")
        print(run.info.run_id, run.info.experiment_id, flush=True)
        sys.stdin.readline()
        deadline = time.monotonic() + 60
        while not mlflow.get_experiment(experiment.experiment_id).experiment_id.isdigit():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        (found,) = mlflow.search_runs([experiment.experiment_id], output_format="list")
        assert found.info.run_id == run.info.run_id
        assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt") == "text"
    """
    process = script(code, f"nbtrack+{uri}", wait=False)
    run_id, experiment = process.stdout.readline().split()
    assert experiment == "nbtrack-experiment:late"
    assert fold(home, run_id).state is State.FINISHED
    start()
    _, errors = process.communicate("go\n", timeout=120)
    assert process.returncode == 0, errors
    (real,) = runs_of(uri, run_id)
    assert (real.info.run_name, real.info.status, real.data.metrics) == ("early", "FINISHED", {"m": 1.0})
    assert MlflowClient(uri).get_experiment(real.info.experiment_id).name == "late"


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow's own model classes
def test_autologging_goes_on_without_the_store(away, home):
    import numpy as np
    from sklearn.linear_model import LinearRegression

    mlflow.sklearn.autolog(silent=True)
    try:
        LinearRegression().fit(np.arange(6).reshape(-1, 1), np.arange(6.0))
    finally:
        mlflow.sklearn.autolog(disable=True)
    (view,) = all_runs(home)
    assert view.state is State.FINISHED
    assert view.params["fit_intercept"] == "True"
    assert view.metrics["training_r2_score"].last == pytest.approx(1.0)
    assert "model/MLmodel" in {it.path for it in view.artifacts}
    model = mlflow.sklearn.load_model(f"{artifacts_uri(view.run_id)}/model")
    assert model.predict([[7.0]])[0] == pytest.approx(7.0)


def test_without_a_delivery_process_reading_says_what_to_do(store, home, tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    client = MlflowClient(f"nbtrack+{store}")
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "m", 1.0)
    with pytest.raises(MlflowException, match="nbtrack sync"):
        client.search_runs(["0"])
    assert client.get_run(run_id).data.metrics == {"m": 1.0}


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"], ids=["hangs", "fails"])
def test_a_server_that_hangs_or_fails_does_not_hold_up_the_user(answer, home, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept = []

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                kept.append(connection)
                if answer is not None:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        mlflow.set_tracking_uri(f"nbtrack+http://127.0.0.1:{listening.getsockname()[1]}")
        try:
            mlflow.set_experiment("slow")
            with mlflow.start_run() as active:
                for step in range(100):
                    mlflow.log_metric("loss", step, step=step)
        finally:
            mlflow.set_tracking_uri(None)
            mlflow.tracking.fluent._active_experiment_id = None
    assert fold(home, active.info.run_id).metrics["loss"].count == 100
