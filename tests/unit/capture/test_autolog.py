"""MLflow's autologging in tracked cells: into the cell's run, for the cell alone, nothing twice."""

from __future__ import annotations

import pytest

from nbtrack.capture import autolog
from nbtrack.capture.autolog import Autolog
from nbtrack.capture.current import context
from nbtrack.capture.current import enter as show
from nbtrack.capture.current import leave as hide
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Kind, RunStart, State
from nbtrack.journal import RunWriter, fold, new_id
from nbtrack.journal.fold import events_of
from nbtrack.reads import all_runs
from nbtrack.store.autologged import Autologging
from nbtrack.store.joined import enter as join

pytestmark = pytest.mark.filterwarnings("ignore")  # the frameworks' and MLflow's own
DATA = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3))
y = (X[:, 0] > 0).astype(int)
"""


class Joined(Autolog):
    """The source as the session has it: MLflow's calls join the cell's run around it."""

    def before(self, cell):
        show(cell.run)
        self._token = context.set(cell.run)
        self._leave_mlflow = join(cell.run.uri)
        return super().before(cell)

    def after(self, cell):
        found = list(super().after(cell))
        self._leave_mlflow()
        context.reset(self._token)
        hide(cell.run)
        return found


@pytest.fixture
def notebook(notebook_of, store, monkeypatch, tmp_path):
    import mlflow

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(autolog, "door", Autologging())
    monkeypatch.setenv("NBTRACK_AUTOLOG_WAIT_S", "120")
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")  # what a run has is in its journal
    mlflow.set_tracking_uri(store)
    notebook = notebook_of(Joined())
    notebook.run(DATA)
    yield notebook
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.tracking.fluent._active_experiment_id = None
    mlflow.set_tracking_uri(None)


def test_curves_of_a_booster_are_in_the_cells_run_and_no_other_run_is_made(notebook, home):
    pytest.importorskip("lightgbm")
    notebook.run("import lightgbm as lgb\nparams = {'objective': 'binary', 'verbose': -1, 'learning_rate': .3}")
    notebook.tracked("train = lgb.Dataset(X, y)\nbooster = lgb.train(params, train, 5, valid_sets=[train], valid_names=['valid'])")
    (view,) = all_runs(home)
    assert (view.metrics["valid-binary_logloss"].count, view.notices) == (5, ())
    assert view.params["learning_rate"] == "0.3"
    assert "num_boost_round" in view.params
    assert "keep_training_booster" not in view.params
    assert not any("MLmodel" in it.path for it in view.artifacts)


def test_curves_of_xgboost_are_in_the_cells_run(notebook, home):
    pytest.importorskip("xgboost")
    notebook.run("import xgboost")
    notebook.tracked("train = xgboost.DMatrix(X, y)\nbooster = xgboost.train({'max_depth': 2}, train, 5, [(train, 'train')], verbose_eval=False)")
    (view,) = all_runs(home)
    assert (view.metrics["train-rmse"].count, view.params["max_depth"], view.notices) == (5, "2", ())


def test_a_second_training_of_the_cell_has_names_of_its_own(notebook):
    pytest.importorskip("lightgbm")
    notebook.run("import lightgbm as lgb\nparams = {'objective': 'binary', 'verbose': -1}")
    train = "train = lgb.Dataset(X, y)\nlgb.train(params, train, {}, valid_sets=[train], valid_names=['valid'])"
    notebook.tracked(f"{train.format(3)}\n{train.format(4)}")
    metrics = notebook.view().metrics
    assert (metrics["valid-binary_logloss"].count, metrics["valid-binary_logloss-2"].count) == (3, 4)
    fold = train.format("n").replace("\n", "\n    ")
    notebook.tracked(f"for n in (3, 4):\n    {fold}")
    metrics = notebook.view().metrics
    assert {name: it.count for name, it in metrics.items() if "logloss" in name} == {"valid-binary_logloss": 3}, "folds are parts of one training"


def test_statistics_are_those_of_the_last_fit_and_fits_of_a_loop_have_none(notebook):
    pytest.importorskip("statsmodels")
    notebook.run("import statsmodels.api as sm")
    code = "small = sm.OLS(y, X[:, :1]).fit()\nlarge = sm.OLS(y, X).fit()\nfor n in (1, 2):\n    rolling = sm.OLS(y[n:], X[n:]).fit()"
    notebook.tracked(code)
    metrics = notebook.view().metrics
    assert not [name for name in metrics if "-" in name]
    assert (metrics["aic"].last, metrics["aic"].count) == (pytest.approx(notebook.namespace["large"].aic), 1)


def test_a_fit_within_a_test_of_statsmodels_has_no_statistics_of_its_own(notebook):
    pytest.importorskip("statsmodels")
    notebook.run("import statsmodels.api as sm\nfrom statsmodels.stats.diagnostic import het_breuschpagan\nfit = sm.OLS(y, sm.add_constant(X)).fit()")
    notebook.tracked("het_breuschpagan(fit.resid, fit.model.exog)")
    assert not notebook.view().metrics


def test_a_grid_search_has_its_candidates_as_child_runs(notebook, home):
    notebook.run("from sklearn.model_selection import GridSearchCV\nfrom sklearn.linear_model import LogisticRegression")
    notebook.tracked("grid = GridSearchCV(LogisticRegression(), {'C': [.1, 1, 10]}, cv=2).fit(X, y)")
    views = all_runs(home)
    parent = next(view for view in views if not view.start.parent)
    children = [view for view in views if view.start.parent == parent.run_id]
    assert len(views) == 4
    assert sorted(view.params["C"] for view in children) == ["0.1", "1", "10"]
    assert all("mean_test_score" in view.metrics and view.state.is_end for view in children)
    assert "best_C" in parent.params
    assert not any(name.startswith("training_") for name in parent.metrics)


def test_a_single_estimator_of_scikit_learn_is_left_to_our_own_sources(notebook):
    notebook.run("from sklearn.linear_model import LogisticRegression")
    notebook.tracked("clf = LogisticRegression().fit(X, y)")
    assert notebook.view().params == {}


def test_after_the_cell_frameworks_and_mlflow_are_as_before(notebook):
    lgb = pytest.importorskip("lightgbm")
    from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS

    notebook.run("import lightgbm as lgb")
    before = lgb.train
    notebook.tracked("inside = lgb.train")
    assert notebook.namespace["inside"] is not before
    assert lgb.train is before
    assert not AUTOLOGGING_INTEGRATIONS.get("lightgbm")


def test_what_the_user_switched_on_is_left_alone(notebook):
    lgb = pytest.importorskip("lightgbm")
    import mlflow

    notebook.run("import lightgbm as lgb")
    mlflow.lightgbm.autolog(log_models=False, silent=True)
    try:
        before = lgb.train
        notebook.tracked("inside = lgb.train")
        assert notebook.namespace["inside"] is before
        assert lgb.train is before
    finally:
        from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS, revert_patches

        revert_patches("lightgbm")
        AUTOLOGGING_INTEGRATIONS["lightgbm"] = {}


def test_a_name_that_is_recorded_already_is_not_autologged_and_excluded_ones_neither(notebook):
    pytest.importorskip("lightgbm")
    notebook.run("import lightgbm as lgb\nparams = {'objective': 'binary', 'verbose': -1}\nfrom nbtrack.capture.current import current")
    code = "current().log('valid-binary_logloss', 7.0)\ntrain = lgb.Dataset(X, y)\nlgb.train(params, train, 3, valid_sets=[train], valid_names=['valid'])"
    notebook.tracked(code)
    assert notebook.view().metrics["valid-binary_logloss"].count == 1


def test_what_keras_validates_goes_by_the_name_that_keras_has_for_it(notebook, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    notebook.run("import keras\nmodel = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\nmodel.compile('sgd', 'mse')")
    notebook.tracked("h = model.fit(X, y, epochs=3, validation_split=.25, verbose=0)")
    assert {name: it.count for name, it in notebook.view().metrics.items() if "loss" in name} == {"loss": 3, "val_loss": 3}


@pytest.mark.parametrize(("optimizer", "found"), [("RMSprop()", set()), ("Adam(beta_1=0.5)", {"optimizer_beta_1"}), ("SGD(0.1)", {"optimizer_learning_rate"})])
def test_of_a_keras_optimizer_only_what_it_was_given_is_a_param(notebook, monkeypatch, optimizer, found):
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    made = f"keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\nmodel.compile(keras.optimizers.{optimizer}, 'mse')"
    notebook.run(f"import keras\nmodel = {made}")
    notebook.tracked("h = model.fit(X, y, verbose=0)")
    assert {name for name in notebook.view().params if name.startswith("optimizer_")} == found


def test_what_trials_train_with_is_no_param_of_the_cell(notebook, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    made = "    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n    model.compile(optimizer, 'mse')\n"
    notebook.run(f"import keras\ndef objective(optimizer):\n{made}    model.fit(X, y, epochs=2, verbose=0)")
    notebook.tracked("for it in (keras.optimizers.SGD(0.1, momentum=0.5), keras.optimizers.Adam(0.02)):\n    objective(it)")
    assert {name for name in notebook.view().params if name.startswith("optimizer")} == set()
    assert notebook.view().params["epochs"] == "2"


@pytest.mark.parametrize(
    ("some", "other", "found"),
    [("0.001", "0.0010000000474974513", True), ("0.001", "0.00101", False), ("20190501", "20190502", False), ("3", "3.0", True), ("adam", "sgd", False)],
)
def test_params_are_one_value_where_32_bits_do_not_tell_them_apart(some, other, found):
    from nbtrack.capture.autolog import is_same_text

    assert is_same_text(some, other) is found


class Slow:
    """A door behind which MLflow takes its time."""

    def __init__(self):
        self.asked = []

    def load(self):
        self.asked.append("load")

    def pause(self):
        return

    resume = pause

    def is_loaded(self, wait_s):
        self.asked.append(wait_s)
        return False

    def enter(self, run, frameworks, wants):
        raise AssertionError("it is not loaded")


def test_early_stopping_leaves_one_point_an_iteration(notebook):
    pytest.importorskip("lightgbm")
    notebook.run("import lightgbm as lgb\nsets = lgb.Dataset(X[:60], y[:60]), lgb.Dataset(X[60:], y[60:])")
    notebook.tracked(
        "kept = {}\nsets[1].set_reference(sets[0])\n"
        "options = {'objective': 'binary', 'verbosity': -1, 'min_data_in_leaf': 3, 'learning_rate': 1.0}\n"
        "model = lgb.train(options, sets[0], 60, [sets[1]], callbacks=[lgb.early_stopping(2, verbose=False), lgb.record_evaluation(kept)])"
    )
    points = len(notebook.namespace["kept"]["valid_0"]["binary_logloss"])
    assert points < 60
    assert notebook.view().metrics["valid_0-binary_logloss"].count == points


def test_what_functions_of_sklearn_measure_after_the_training_of_a_booster_is_left_to_our_own_sources(notebook):
    pytest.importorskip("lightgbm")
    notebook.run("import lightgbm as lgb\nfrom sklearn import metrics")  # MLflow replaces what stands in the module
    fit = "model = lgb.LGBMRegressor(n_estimators=3, verbose=-1).fit(X, y)\nguesses = model.predict(X)\nmse = metrics.mean_squared_error(y, guesses)"
    found = notebook.tracked(f"{fit}\ntext = str(round(metrics.mean_squared_error(y, guesses), 1)) + str(metrics.mean_absolute_error(y, guesses))")
    assert not [name for name in {*notebook.view().metrics, *(name for _, name in found)} if name.startswith("mean_")]
    assert notebook.view().notices == ()


def test_of_a_search_over_a_pipeline_only_what_was_chosen_is_told(notebook):
    pytest.importorskip("sklearn")
    imports = "from sklearn.model_selection import GridSearchCV\nfrom sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\n"
    notebook.run(f"{imports}from sklearn.svm import SVC\nimport mlflow.sklearn")
    found = notebook.tracked("search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {'svc__C': [1.0, 2.0]}, cv=2).fit(X, y)")
    assert {name for kind, name in found if kind == "param"} == {"best_svc__C", "cv", "param_grid"}


def test_a_search_that_a_cross_validation_fits_for_its_folds_tells_no_best_of_the_run(notebook):
    pytest.importorskip("sklearn")
    notebook.run("from sklearn.model_selection import GridSearchCV, cross_val_score\nfrom sklearn.tree import DecisionTreeClassifier\nimport mlflow.sklearn")
    found = notebook.tracked("s = cross_val_score(GridSearchCV(DecisionTreeClassifier(), {'max_depth': [1, 2]}, cv=2), X, y, cv=2)")
    assert not [name for _, name in found if name.startswith("best_")]


def test_an_estimator_that_a_search_chose_is_no_text_among_the_params(notebook):
    pytest.importorskip("sklearn")
    notebook.run("from sklearn.model_selection import GridSearchCV\nfrom sklearn.pipeline import Pipeline\nfrom sklearn.svm import SVC\nimport mlflow.sklearn")
    found = notebook.tracked("search = GridSearchCV(Pipeline([('clf', SVC())]), {'clf': [SVC(C=1.0), SVC(C=2.0)], 'clf__gamma': [0.1]}, cv=2).fit(X, y)")
    best = {name[len("best.") :]: it for (kind, name), it in found.items() if kind == "param" and name.startswith("best")}
    assert str(best["clf__gamma"]) == "0.1" and "clf" not in best


def test_candidates_of_a_search_hold_what_tells_them_apart(notebook, home):
    pytest.importorskip("sklearn")
    notebook.run("from sklearn.model_selection import GridSearchCV\nfrom sklearn.tree import DecisionTreeClassifier\nimport mlflow.sklearn")
    found = notebook.tracked("search = GridSearchCV(DecisionTreeClassifier(), {'max_depth': [1, 2]}, cv=2).fit(X, y)")
    assert ("metric", "best_cv_score") in found  # no source of ours has it here
    children = [view for view in all_runs(home) if view.start.parent == notebook.runs[-1].run_id]
    assert [sorted(view.params) for view in children] == [["max_depth"]] * 2
    assert {name for view in children for name in view.metrics} == {"mean_test_score", "std_test_score"}
    assert not [event for view in children for event in events_of(home, view.run_id) if event.kind == Kind.INPUT]


def test_trainings_in_several_cells_of_one_run_have_curves_of_their_own(notebook, home, store, owner):
    pytest.importorskip("lightgbm")
    notebook.run("import lightgbm as lgb\noptions = {'objective': 'binary', 'verbosity': -1, 'min_data_in_leaf': 3}")
    start = RunStart(new_id(), "notebook", "Trials", store, owner.name, 1)
    run = TrackedRun(home, start, RunWriter.create(home, start))
    for rounds in (3, 4):
        notebook.tracked(f"model = lgb.train(options, lgb.Dataset(X, y), {rounds}, [lgb.Dataset(X, y)])", shared=run)
    run.end(State.FINISHED)
    metrics = fold(home, run.run_id).metrics
    assert {name: it.count for name, it in metrics.items()} == {"valid_0-binary_logloss": 3, "valid_0-binary_logloss-2": 4}


def test_a_cell_waits_for_mlflow_once_and_then_runs_without_it(notebook_of, monkeypatch):
    pytest.importorskip("lightgbm")
    slow = Slow()
    monkeypatch.setattr(autolog, "door", slow)
    notebook = notebook_of(Autolog())
    notebook.run("import lightgbm as lgb")
    assert slow.asked == ["load"]
    notebook.tracked("f = lgb.train")
    assert 1.5 in slow.asked
    assert "was not loaded within 1.5 s" in notebook.view().notices[0]
    notebook.tracked("f = lgb.train")
    assert notebook.view().notices == ()


def test_nothing_is_imported_where_no_framework_is_or_autologging_is_off(notebook_of, monkeypatch):
    slow = Slow()
    monkeypatch.setattr(autolog, "door", slow)
    monkeypatch.setattr(autolog, "_loaded", list)
    notebook = notebook_of(Autolog())
    notebook.run("import json")
    notebook.run("from sklearn.linear_model import LogisticRegression")
    assert slow.asked == []
    monkeypatch.setenv("NBTRACK_CAPTURE", "-autolog")
    notebook.run("from sklearn.model_selection import GridSearchCV")
    assert slow.asked == []
    monkeypatch.setenv("NBTRACK_CAPTURE", "all")
    notebook.run("from sklearn.model_selection import GridSearchCV")
    assert slow.asked == ["load"]
