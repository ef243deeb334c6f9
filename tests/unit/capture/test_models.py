"""Fitted models of a cell, kept in MLflow's format."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.capture.models import Models
from nbtrack.delivery.loop import Loop
from nbtrack.entities import Kind
from nbtrack.journal import blobs
from nbtrack.settings import Settings
from nbtrack.store import patches
from nbtrack.store.client import StoreClient

pytest.importorskip("sklearn")
DATA = """
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
X = pd.DataFrame({"a": rng.normal(size=60), "b": rng.integers(0, 9, 60)})
y = (X["a"] > 0).astype(int).to_numpy()
"""


@pytest.fixture
def notebook(notebook_of):
    notebook = notebook_of(Models())
    notebook.run(DATA)
    notebook.run("from sklearn.linear_model import LogisticRegression, SGDClassifier")
    return notebook


def lay(notebook, home, folder, name):
    """Writes a model of the last run's journal to a folder."""
    event = next(it for it in notebook.events(Kind.MODEL) if it["name"] == name)
    for path, (blob, _) in event["files"].items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        blobs.copy_to(home, blob, target)
    return event


def predict(folder: Path, rows: str) -> list:
    """What `mlflow.pyfunc` predicts with the model in a fresh process."""
    script = (
        "import sys, json, warnings; warnings.simplefilter('ignore')\n"
        "import numpy as np, pandas as pd, mlflow\n"
        f"model = mlflow.pyfunc.load_model(sys.argv[1])\nprint(json.dumps(np.asarray(model.predict({rows})).tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(folder)], capture_output=True, text=True, timeout=240, check=False, cwd=folder.parent
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_model_is_kept_with_signature_example_and_exact_requirements(notebook, home, tmp_path):
    import sklearn
    from mlflow.models import Model

    found = notebook.tracked("clf = LogisticRegression(C=.5).fit(X, y)")
    assert (notebook.view().notices, found) == ((), {("model", "clf"): "LogisticRegression"})
    event = lay(notebook, home, tmp_path / "m", "clf")
    assert (event["flavor"], event["class_name"], event["params"]["C"]) == ("sklearn", "LogisticRegression", "0.5")
    assert [it.path for it in notebook.view().artifacts if it.path.endswith("MLmodel")] == ["models/clf/MLmodel"]
    model = Model.load(str(tmp_path / "m"))
    assert model.get_input_schema().input_names() == ["a", "b"]
    assert [str(it) for it in model.get_input_schema().input_types()] == ["DataType.double", "DataType.long"]
    assert model.get_output_schema() is not None
    assert model.load_input_example(str(tmp_path / "m")).shape == (5, 2)
    requirements = (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert f"scikit-learn=={sklearn.__version__}" in requirements
    assert any(line.startswith("numpy==") for line in requirements)
    expected = notebook.namespace["clf"].predict(notebook.namespace["X"][:3]).tolist()
    table = json.dumps({"a": notebook.namespace["X"]["a"][:3].tolist(), "b": notebook.namespace["X"]["b"][:3].tolist()})
    assert predict(tmp_path / "m", f"pd.DataFrame({table})") == expected


def test_a_model_that_lives_in_a_function_alone_is_kept_with_what_it_was_fitted_on(notebook):
    notebook.run("def run(C):\n    inner = LogisticRegression(C=C)\n    inner.fit(X.to_numpy(), y)\n    return inner.score(X.to_numpy(), y)")
    assert notebook.tracked("accuracy = run(.1)") == {("model", "inner"): "LogisticRegression"}
    (event,) = notebook.events(Kind.MODEL)
    assert "input_example.json" in event["files"]


def test_models_that_one_function_fits_are_all_kept(notebook):
    notebook.run("from sklearn.linear_model import Ridge\ndef score(model):\n    return model.fit(X, y).score(X, y)")
    assert list(notebook.tracked("a = score(LogisticRegression())\nb = score(Ridge())").values()) == ["LogisticRegression", "Ridge"]
    assert [it["name"] for it in notebook.events(Kind.MODEL)] == ["model_logistic_regression", "model_ridge"]


@pytest.mark.filterwarnings("ignore")
def test_a_booster_that_lives_in_a_function_alone_is_kept_and_its_rounds_are_curves(notebook):
    xgboost = pytest.importorskip("xgboost")
    notebook.run("import xgboost\nfrom sklearn.model_selection import cross_val_score\nrows = X.to_numpy()")
    before = xgboost.Booster.update
    code = (
        "def run():\n    for depth in (1, 2):\n        data = xgboost.DMatrix(rows, y)\n        bst = xgboost.train({'max_depth': depth}, data, 3, [(data, 'train')], "
        "verbose_eval=False)\n    xgboost.cv({'max_depth': 2}, data, 2, nfold=2)\n    return float(bst.predict(data).mean())\nmean = run()\n"
        "scores = cross_val_score(xgboost.XGBClassifier(n_estimators=2), rows, y, cv=2)"
    )
    assert notebook.tracked(code) == {("model", "bst"): "Booster"}
    rounds = notebook.ledger.entries[-1].facts["rounds of boosters"]
    assert [{key: len(it) for key, it in each.measured["train"].items()} for each in rounds] == [{"rmse": 3}] * 2
    assert rounds[0].place == rounds[1].place
    assert xgboost.Booster.update is before


@pytest.mark.filterwarnings("ignore")
def test_what_an_estimator_trains_under_autologging_is_no_model_of_its_own(notebook, monkeypatch):
    pytest.importorskip("xgboost")
    import xgboost.sklearn

    monkeypatch.setattr(xgboost.sklearn, "train", patches._unseen(xgboost.sklearn.train))  # as MLflow's function stands there
    notebook.run("import xgboost\nrows = X.to_numpy()\ndef fit():\n    return xgboost.XGBRegressor(n_estimators=2).fit(rows, y)")
    assert notebook.tracked("model = fit()") == {("model", "model"): "XGBRegressor"}


def test_folds_of_a_cross_validation_are_no_models(notebook):
    notebook.run("from sklearn.model_selection import cross_val_score")
    assert notebook.tracked("scores = cross_val_score(LogisticRegression(), X, y, cv=3)") == {}


def test_of_a_search_the_best_estimator_is_kept(notebook):
    notebook.run("from sklearn.model_selection import GridSearchCV")
    assert notebook.tracked("grid = GridSearchCV(LogisticRegression(), {'C': [.1, 1]}, cv=2)\ngrid.fit(X, y)") == {("model", "grid"): "LogisticRegression"}


def test_a_pipeline_is_one_model_and_its_steps_are_none(notebook):
    notebook.run("from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler")
    notebook.run("scale, clf = StandardScaler(), LogisticRegression()")
    assert notebook.tracked("pipe = make_pipeline(scale, clf).fit(X, y)") == {("model", "pipe"): "Pipeline"}


def test_what_a_stacking_only_copies_is_a_model_of_its_own_where_it_was_fitted(notebook):
    notebook.run("from sklearn.ensemble import StackingClassifier")
    code = "first = LogisticRegression().fit(X, y)\nboth = StackingClassifier([('first', first), ('sgd', SGDClassifier())], cv=2).fit(X, y)"
    assert set(notebook.tracked(code)) == {("model", "first"), ("model", "both")}


def test_what_a_class_of_the_notebook_fits_within_itself_is_a_part_of_it(notebook):
    notebook.run(
        "from sklearn.base import BaseEstimator, ClassifierMixin\nclass Wrap(ClassifierMixin, BaseEstimator):\n    def fit(self, X, y):\n"
        "        self.model = LogisticRegression().fit(X, y)\n        self.classes_ = self.model.classes_\n        return self\n"
        "    def predict(self, X): return self.model.predict(X)"
    )
    assert "LogisticRegression" not in notebook.tracked("wrap = Wrap().fit(X, y)").values()


def test_the_last_of_each_class_is_kept_and_all_where_all_are_asked_for(notebook):
    code = "first = LogisticRegression().fit(X, y)\nother = SGDClassifier().fit(X, y)\nsecond = LogisticRegression(C=2).fit(X, y)"
    assert set(notebook.tracked(code)) == {("model", "other"), ("model", "second")}
    assert set(notebook.tracked(code, models="all")) == {("model", "first"), ("model", "other"), ("model", "second")}
    assert notebook.tracked(code, models="none") == {}


def test_pipelines_that_end_in_another_class_are_other_models(notebook):
    notebook.run("from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler")
    code = "a, b, c = (make_pipeline(StandardScaler(), it).fit(X, y) for it in (LogisticRegression(), SGDClassifier(), LogisticRegression(C=2)))"
    assert {name for _, name in notebook.tracked(code)} == {"b", "c"}


def test_models_in_a_dict_have_its_keys_as_names(notebook):
    notebook.run("models = {'logreg': LogisticRegression(), 'sgd': SGDClassifier()}")
    assert set(notebook.tracked("for name, model in models.items():\n    model.fit(X, y)")) == {("model", "logreg"), ("model", "sgd")}


def test_a_model_that_is_only_used_or_loaded_is_not_this_cells(notebook, tmp_path):
    notebook.run("clf = LogisticRegression().fit(X, y)\nimport pickle\ndata = pickle.dumps(clf)")
    assert notebook.tracked("accuracy = clf.score(X, y)\nagain = pickle.loads(data)") == {}
    assert notebook.tracked("clf.fit(X, y)") == {("model", "clf"): "LogisticRegression"}


def test_a_model_that_a_function_refits_is_this_cells(notebook):
    notebook.run("clf = SGDClassifier().fit(X, y)\ndef train(it):\n    it.partial_fit(X, y)\n    return it.score(X, y)")
    assert notebook.tracked("train(clf)") == {("model", "clf"): "SGDClassifier"}


def test_a_fit_that_fails_looks_as_without_us(notebook):
    notebook.tracked("LogisticRegression(C='much').fit(X, y)")
    import traceback

    names = [frame.name for frame in traceback.extract_tb(notebook.error.__traceback__)]
    assert names[-3:] == ["wrapper", "_validate_params", "validate_parameter_constraints"]
    assert all("nbtrack" not in frame.filename for frame in traceback.extract_tb(notebook.error.__traceback__))


def test_after_the_cell_scikit_learn_is_as_before(notebook):
    from sklearn.base import BaseEstimator

    before = vars(BaseEstimator)["_validate_params"]
    notebook.tracked("clf = LogisticRegression().fit(X, y)")
    assert vars(BaseEstimator)["_validate_params"] is before


def test_one_too_large_is_left_out_and_the_run_says_so(notebook, monkeypatch):
    monkeypatch.setenv("NBTRACK_MODEL_MB", "0.0001")
    notebook.tracked("clf = LogisticRegression().fit(X, y)")
    assert notebook.events(Kind.MODEL) == []
    assert "model_mb" in notebook.view().notices[0]


def test_one_that_cannot_be_written_is_left_out_and_the_run_says_so(notebook):
    notebook.tracked("clf = LogisticRegression().fit(X, y)\nclf.held_ = (n for n in [])")
    assert "cannot be written" in notebook.view().notices[0]


def test_one_that_takes_long_is_written_in_the_background_and_the_next_cell_waits(notebook, monkeypatch):
    from nbtrack.capture import models

    monkeypatch.setattr(models, "_LEAST_S", -1e9)
    notebook.tracked("clf = LogisticRegression().fit(X, y)", budget_s=-1e9)
    assert notebook.later is not None
    notebook.run("clf = None")
    assert [event["name"] for event in notebook.events(Kind.MODEL)] == ["clf"]
    notebook.later.result()


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # MLflow's own model classes
def test_delivery_makes_it_a_logged_model_once(notebook, home, store, mlflow_of, runs_of):
    notebook.tracked("clf = LogisticRegression().fit(X, y)")
    loop = Loop(home, store, Settings(), lambda: StoreClient(store))
    loop.register.look()
    run_id = loop.deliver_here(notebook.runs[-1].run_id)
    client = mlflow_of(store)
    experiment = client.get_run(run_id).info.experiment_id
    (model,) = client.search_logged_models([experiment])
    assert (model.name, model.source_run_id, str(model.status)) == ("clf", run_id, "READY")
    assert [it.model_id for it in client.get_run(run_id).outputs.model_outputs] == [model.model_id]
    StoreClient(store).log_model(run_id, experiment, "clf", Path("nowhere"), params={})
    assert len(client.search_logged_models([experiment])) == 1
    import mlflow

    mlflow.set_tracking_uri(store)
    try:
        loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/clf")
    finally:
        mlflow.set_tracking_uri(None)
    assert loaded.metadata.model_id == model.model_id
    assert loaded.predict(notebook.namespace["X"][:2]).shape == (2,)
