"""Artifacts and models through the plugin."""

from __future__ import annotations

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from nbtrack.journal import fold
from nbtrack.store.journal_uris import read_artifacts_uri


def test_a_file_is_kept_when_the_call_returns_and_read_back(plugged, home, tmp_path):
    (tmp_path / "a.txt").write_text("alpha")
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "b.txt").write_text("beta")
    with mlflow.start_run() as active:
        mlflow.log_artifact(tmp_path / "a.txt", "texts")
        (tmp_path / "a.txt").write_text("changed since")
        mlflow.log_artifacts(tmp_path / "tree", "trees")
        mlflow.log_artifact(tmp_path / "tree")
        mlflow.log_text("gamma", "c.txt")
        mlflow.log_dict({"k": 1}, "d.json")
    run_id = active.info.run_id
    paths = {"texts/a.txt", "trees/deep/b.txt", "tree/deep/b.txt", "c.txt", "d.json"}
    assert {it.path for it in fold(home, run_id).artifacts} == paths
    client = MlflowClient()
    assert {it.path for it in client.list_artifacts(run_id)} == {"texts", "trees", "tree", "c.txt", "d.json"}
    assert [it.path for it in client.list_artifacts(run_id, "trees")] == ["trees/deep"]
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/texts/a.txt") == "alpha"
    assert mlflow.artifacts.load_dict(f"{active.info.artifact_uri}/d.json") == {"k": 1}
    assert (tmp_path / "got").mkdir() is None
    folder = client.download_artifacts(run_id, "trees", str(tmp_path / "got"))
    assert (tmp_path / "got" / "trees" / "deep" / "b.txt").read_text() == "beta", folder


def test_a_file_that_is_not_there_is_the_callers_error(plugged):
    with mlflow.start_run(), pytest.raises(FileNotFoundError):
        mlflow.log_artifact("nothing.txt")


def test_a_figure_and_a_table_are_kept(plugged):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().plot([1, 2])
    with mlflow.start_run() as active:
        mlflow.log_figure(figure, "plots/line.png")
        mlflow.log_table({"a": [1, 2]}, "table.json")
        mlflow.log_table({"a": [3]}, "table.json")
    assert mlflow.artifacts.download_artifacts(f"runs:/{active.info.run_id}/plots/line.png").endswith("line.png")
    assert list(mlflow.load_table("table.json", run_ids=[active.info.run_id])["a"]) == [1, 2, 3]


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow's own model classes
def test_a_model_is_logged_loaded_here_registered_and_loaded_elsewhere(plugged, script, mlflow_of):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(np.arange(6).reshape(-1, 1), np.arange(6) * 2.0)
    mlflow.set_experiment("models")
    with mlflow.start_run() as active:
        mlflow.log_metric("before", 1.0)
        info = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"], serialization_format="cloudpickle")
        mlflow.log_metric("tied", 2.0, model_id=info.model_id)
    run_id = active.info.run_id
    for uri in (info.model_uri, f"runs:/{run_id}/model"):
        assert mlflow.pyfunc.load_model(uri).predict(np.array([[10.0]]))[0] == pytest.approx(20.0)
    logged = mlflow.get_logged_model(info.model_id)
    assert logged.source_run_id == run_id
    assert {it.key for it in logged.metrics} == {"before", "tied"}
    version = mlflow.register_model(f"runs:/{run_id}/model", "registered")
    assert version.run_id == run_id
    plain = mlflow_of(plugged)
    real = plain.get_logged_model(info.model_id)
    assert plain.get_run(real.source_run_id).data.tags["nbtrack.run_id"] == run_id
    assert plain.get_run(real.source_run_id).outputs.model_outputs[0].model_id == info.model_id
    assert plain.get_model_version("registered", "1").run_id == real.source_run_id
    assert "nbtrack-journal" not in plain.get_model_version("registered", "1").source
    code = "import mlflow, numpy; print([round(float(mlflow.pyfunc.load_model(u).predict(numpy.array([[10.]]))[0])) for u in {}])"
    elsewhere = [info.model_uri, f"runs:/{real.source_run_id}/model", "models:/registered/1"]
    assert script(code.format(elsewhere), plugged).splitlines()[-1] == "[20, 20, 20]"
    assert script(code.format([f"runs:/{run_id}/model"]), f"nbtrack+{plugged}").splitlines()[-1] == "[20]"


def test_sklearn_autologging_works_unchanged(plugged, mlflow_of):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    features, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    experiment = mlflow.set_experiment("auto")
    mlflow.sklearn.autolog(log_models=False, log_datasets=True, silent=True)
    try:
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(features, y)
        last = mlflow.last_active_run()
    finally:
        mlflow.sklearn.autolog(disable=True)
    assert "training_accuracy_score" not in last.data.params
    assert last.info.status == "FINISHED"
    assert "best_C" in last.data.params
    runs = mlflow.search_runs([experiment.experiment_id], output_format="list")
    assert sorted(run.data.tags.get("mlflow.parentRunId", "") for run in runs) == ["", last.info.run_id, last.info.run_id]
    assert len(mlflow_of(plugged).search_runs([experiment.experiment_id])) == 3
    assert all(run.info.status == "FINISHED" for run in runs)


def test_an_uri_of_another_kind_is_refused_with_an_example():
    with pytest.raises(ValueError, match="nbtrack-journal:///"):
        read_artifacts_uri("nbtrack-journal://oops")
    with pytest.raises(MlflowException, match="nbtrack-journal:///"):
        mlflow.artifacts.list_artifacts("nbtrack-journal:///oops")
