"""The plugin before a real MLflow server."""

from __future__ import annotations

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from nbtrack.store import answers


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow's own model classes
def test_runs_artifacts_and_models_reach_a_server(server, script, runs_of, monkeypatch, tmp_path, capsys):
    from sklearn.linear_model import LinearRegression

    uri, start = server
    start()
    answers.watch()  # what delivery has looked at must not disturb the rest of MLflow
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"nbtrack+{uri}")
    try:
        experiment = mlflow.set_experiment("served")
        with mlflow.start_run(run_name="first") as active:
            mlflow.log_metric("m", 1.0, step=4)
            mlflow.log_param("p", "q")
            mlflow.log_text("text", "texts/a.txt")
            model = LinearRegression().fit(np.arange(6.0).reshape(-1, 1), np.arange(6.0))
            info = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"], serialization_format="cloudpickle")
        run_id = active.info.run_id
        assert mlflow.pyfunc.load_model(f"runs:/{run_id}/model").predict(np.array([[3.0]]))[0] == pytest.approx(3.0)
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/texts/a.txt") == "text"
        assert {it.path for it in MlflowClient().list_artifacts(run_id)} == {"texts"}
        (found,) = mlflow.search_runs([experiment.experiment_id], output_format="list")
        assert (found.info.run_id, found.data.metrics, found.data.params) == (run_id, {"m": 1.0}, {"p": "q"})
        assert found.outputs.model_outputs[0].model_id == info.model_id
        with mlflow.start_span("traced") as span:
            span.set_inputs({"a": 1})
        mlflow.flush_trace_async_logging()
        assert len(mlflow.search_traces(locations=[experiment.experiment_id], return_type="list")) == 1
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.tracking.fluent._active_experiment_id = None
    (real,) = runs_of(uri, run_id)
    assert real.info.artifact_uri.startswith("mlflow-artifacts:")
    code = f"import mlflow, numpy; print(round(float(mlflow.pyfunc.load_model({info.model_uri!r}).predict(numpy.array([[3.]]))[0])))"
    assert script(code, uri).splitlines()[-1] == "3"
