"""What boosters measure in each round, without MLflow and without a call that keeps it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # the frameworks' own
DATA = "import numpy as np\nrng = np.random.default_rng(0)\nX = rng.normal(size=(80, 3))\ny = (X[:, 0] + rng.normal(size=80) > 0).astype(int)"
LIGHTGBM = """
import lightgbm as lgb
options = {"objective": "binary", "verbosity": -1, "min_data_in_leaf": 3, "learning_rate": 0.9}
def train(rounds, rows=60, callbacks=None, **more):
    kept = lgb.Dataset(X[:rows], y[:rows])
    return lgb.train({**options, **more}, kept, rounds, [kept, lgb.Dataset(X[60:], y[60:], reference=kept)], ["train", "valid"], callbacks=callbacks)
"""
KINDS = "--capture curves,models"


@pytest.fixture
def lightgbm(shell):
    pytest.importorskip("lightgbm")
    for code in (DATA, LIGHTGBM):
        shell.run_cell(code).raise_error()
    return shell.user_ns


def test_lightgbm_tells_its_rounds_in_a_function(lightgbm, curves):
    found = curves("model = train(5)", options=KINDS)
    assert {name: len(values) for name, values in found.items()} == {"train-binary_logloss": 5, "valid-binary_logloss": 5}
    best = lightgbm["model"].best_score
    assert found["valid-binary_logloss"][-1] == best["valid"]["binary_logloss"]


def test_early_stopping_leaves_all_rounds_and_the_callbacks_of_the_user_alone(lightgbm, curves):
    found = curves("given = [lgb.early_stopping(2, verbose=False)]\nmodel = train(60, callbacks=given)", options=f"{KINDS} --models none")
    assert len(found["valid-binary_logloss"]) == lightgbm["model"].best_iteration + 2 < 60
    assert len(lightgbm["given"]) == 1


def test_folds_have_no_rounds_and_trainings_at_several_places_all(lightgbm, curves):
    assert curves("for rows in (40, 50, 60):\n    model = train(4, rows)", options=KINDS) == {}
    places = "import lightgbm as lgb\n" + "\n".join(
        f"first = lgb.Dataset(X[:{rows}], y[:{rows}])\nmodel = lgb.train(options, first, 4, [first])" for rows in (40, 50)
    )
    assert {name: len(values) for name, values in curves(places, options=KINDS).items()} == {"training-binary_logloss": 4, "training-binary_logloss-2": 4}


def test_what_the_code_keeps_itself_is_there_once(lightgbm, curves):
    code = "kept = {}\nmodel = train(5, callbacks=[lgb.record_evaluation(kept)])\nclf = lgb.LGBMClassifier(n_estimators=6, verbose=-1).fit(X, y, eval_set=[(X, y)])"
    found = curves(code, options=KINDS)
    assert {name: len(values) for name, values in found.items()} == {"train-binary_logloss": 5, "valid-binary_logloss": 5, "training-binary_logloss": 6}


def test_catboost_tells_its_rounds_in_a_function(shell, curves):
    pytest.importorskip("catboost")
    shell.run_cell(DATA).raise_error()
    code = (
        "from catboost import CatBoostClassifier\ndef fit():\n    model = CatBoostClassifier(iterations=4, depth=2, verbose=False, allow_writing_files=False)\n"
        "    model.fit(X[:60], y[:60], eval_set=(X[60:], y[60:]))\n    return model.tree_count_"
    )
    assert {name: len(values) for name, values in curves(code, "trees = fit()", options=KINDS).items()} == {"learn-Logloss": 4, "validation-Logloss": 4}
