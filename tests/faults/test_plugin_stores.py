"""MLflow's own API through `nbtrack+postgresql` and `nbtrack+mysql`, before live databases, and through `nbtrack+https`, before a server of its own certificate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest


@pytest.fixture
def script(home, tmp_path):
    """Runs code in a process of its own; returns the JSON it printed last."""

    def script(code, uri, **env):
        argv = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)]
        done = subprocess.run(
            argv, env={**os.environ, "MLFLOW_TRACKING_URI": uri, **env}, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return script


def test_the_fluent_api_batches_searches_and_models_work_unchanged(script, database, home):
    _, uri = database
    found = script(
        """
        import json, mlflow, numpy as np
        from mlflow.entities import Metric, Param, RunTag
        from sklearn.linear_model import LinearRegression
        client = mlflow.MlflowClient()
        experiment = mlflow.set_experiment("live")
        with mlflow.start_run(run_name="first") as active:
            run_id = active.info.run_id
            for step in range(50):
                mlflow.log_metric("loss", step * 0.5, step=step)
            mlflow.log_params({"lr": 0.1, "depth": 3})
            client.log_batch(run_id, [Metric("batch", n / 2, 1_700_000_000_000 + n, n) for n in range(1500)], [Param("p", "q")], [RunTag("t", "u")])
            mlflow.log_dict({"a": 1}, "facts.json")
            model = LinearRegression().fit(np.arange(6.0).reshape(-1, 1), np.arange(6.0))
            info = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"], serialization_format="cloudpickle")
        (seen,) = mlflow.search_runs([experiment.experiment_id], "params.p = 'q' and metrics.batch > 700", output_format="list")
        predicted = mlflow.pyfunc.load_model(info.model_uri).predict(np.array([[3.0]]))[0]
        print(json.dumps({
            "run": seen.info.run_id == run_id, "status": seen.info.status, "params": seen.data.params, "tag": seen.data.tags["t"],
            "history": [point.value for point in client.get_metric_history(run_id, "loss")], "batch": len(client.get_metric_history(run_id, "batch")),
            "facts": mlflow.artifacts.load_dict(f"runs:/{run_id}/facts.json"), "predicted": round(float(predicted), 6),
        }))
        """,
        f"nbtrack+{uri}",
    )
    assert found == {
        "run": True, "status": "FINISHED", "params": {"lr": "0.1", "depth": "3", "p": "q"}, "tag": "u", "history": [step * 0.5 for step in range(50)],
        "batch": 1500, "facts": {"a": 1}, "predicted": 3.0,
    }  # fmt: skip
    assert b"hush-database" not in b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())


def test_writes_go_on_while_the_database_is_down_and_arrive_when_it_is_back(script, database, mlflow_of, home, delivered, history_of, runs_of):
    server, uri = database
    mlflow_of(uri).search_experiments()  # its tables
    server.stop()
    run_id = script(
        """
        import json, mlflow
        with mlflow.start_run(run_name="away") as active:
            for step in range(200):
                mlflow.log_metric("loss", step * 0.5, step=step)
        print(json.dumps(active.info.run_id))
        """,
        f"nbtrack+{uri}",
    )
    server.start()
    delivered(uri, run_id, wait_s=120)
    [run] = runs_of(uri, run_id)
    assert run.info.status == "FINISHED"
    assert history_of(uri, run.info.run_id, "loss") == [(step, step * 0.5) for step in range(200)]


def test_a_server_over_tls_whose_certificate_the_environment_names(script, tls_server, store, home, delivered, history_of, runs_of):
    server, certificate = tls_server
    found = script(
        """
        import json, mlflow
        with mlflow.start_run(run_name="over tls") as active:
            for step in range(200):
                mlflow.log_metric("loss", step * 0.5, step=step)
            mlflow.log_dict({"a": 1}, "facts.json")
        run_id = active.info.run_id
        seen = mlflow.get_run(run_id)
        print(json.dumps([run_id, seen.info.status, seen.data.metrics["loss"], mlflow.artifacts.load_dict(f"runs:/{run_id}/facts.json")]))
        """,
        f"nbtrack+{server.uri}",
        MLFLOW_TRACKING_SERVER_CERT_PATH=certificate,
    )
    assert found[1:] == ["FINISHED", 99.5, {"a": 1}]
    delivered(server.uri, found[0])
    [run] = runs_of(store, found[0])
    assert run.info.status == "FINISHED"
    assert history_of(store, run.info.run_id, "loss") == [(step, step * 0.5) for step in range(200)]
