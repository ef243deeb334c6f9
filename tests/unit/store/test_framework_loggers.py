"""Frameworks that log to MLflow by themselves, through the plugin: unchanged."""

from __future__ import annotations

import mlflow
import numpy as np
import pytest

from nbtrack.reads import all_runs

lightgbm = pytest.importorskip("lightgbm", reason="make test installs it with the frameworks")
_CURVE = 12


def test_lightgbms_autologging_logs_params_a_curve_and_the_run_through_the_plugin(plugged, home, mlflow_of, runs_of):
    features = np.random.default_rng(0).normal(size=(200, 3))
    data = lightgbm.Dataset(features, label=(features[:, 0] > 0).astype(int))
    mlflow.lightgbm.autolog(log_models=False, silent=True)
    try:
        lightgbm.train({"objective": "binary", "num_leaves": 7, "verbose": -1}, data, num_boost_round=_CURVE, valid_sets=[data], valid_names=["train"])
    finally:
        mlflow.lightgbm.autolog(disable=True)
    (view,) = all_runs(home)
    assert view.params["num_leaves"] == "7"
    curve = mlflow.MlflowClient().get_metric_history(view.run_id, "train-binary_logloss")
    assert [point.step for point in curve] == list(range(_CURVE))
    assert curve[-1].value < curve[0].value
    (real,) = runs_of(plugged, view.run_id)
    assert (real.info.status, real.data.params["num_leaves"]) == ("FINISHED", "7")
    assert len(mlflow_of(plugged).get_metric_history(real.info.run_id, "train-binary_logloss")) == _CURVE
    assert "feature_importance_gain.json" in {it.path for it in mlflow_of(plugged).list_artifacts(real.info.run_id)}
