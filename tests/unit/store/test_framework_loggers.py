"""Frameworks that log to MLflow by themselves, through the plugin: unchanged."""

from __future__ import annotations

import mlflow
import numpy as np
import pytest

from nbtrack.reads import all_runs

_REASON = "make test installs it with the frameworks"
_CURVE = 12


def test_lightgbms_autologging_logs_params_a_curve_and_the_run_through_the_plugin(plugged, home, mlflow_of, runs_of):
    lightgbm = pytest.importorskip("lightgbm", reason=_REASON)
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


@pytest.mark.filterwarnings("ignore")  # of Keras and PyTorch
def test_mlflows_callback_for_keras_logs_params_a_curve_and_the_models_summary(plugged, mlflow_of, runs_of, monkeypatch):
    pytest.importorskip("torch", reason=_REASON)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason=_REASON)
    import mlflow.keras

    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    net.compile(keras.optimizers.SGD(0.25), "mse")
    data = np.random.default_rng(0).normal(size=(40, 3))
    with mlflow.start_run() as active:
        net.fit(data, data[:, 0], epochs=3, verbose=0, callbacks=[mlflow.keras.MlflowCallback()])
    losses = mlflow.MlflowClient().get_metric_history(active.info.run_id, "loss")  # logged by MLflow's asynchronous calls
    assert [point.step for point in losses] == [0, 1, 2]
    (real,) = runs_of(plugged, active.info.run_id)
    assert (real.info.status, float(real.data.params["optimizer_learning_rate"])) == ("FINISHED", 0.25)
    assert [it.path for it in mlflow_of(plugged).list_artifacts(real.info.run_id)] == ["model_summary.txt"]


@pytest.mark.filterwarnings("ignore")  # it is experimental
def test_optunas_callback_makes_a_run_of_each_trial_in_the_studys_experiment(plugged, mlflow_of):
    optuna = pytest.importorskip("optuna", reason=_REASON)
    MLflowCallback = pytest.importorskip("optuna_integration", reason=_REASON).MLflowCallback  # noqa: N806 - its name
    study = optuna.create_study(study_name="shapes")
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=3, callbacks=[MLflowCallback(metric_name="loss")])
    found = mlflow.search_runs(experiment_names=["shapes"], output_format="list")
    assert sorted(run.info.run_name for run in found) == ["0", "1", "2"]
    client = mlflow_of(plugged)
    (experiment,) = (it for it in client.search_experiments() if it.name == "shapes")
    real = client.search_runs([experiment.experiment_id])
    assert sorted((float(run.data.params["x"]) ** 2, run.info.status) for run in real) == sorted((run.data.metrics["loss"], "FINISHED") for run in real)


@pytest.mark.filterwarnings("ignore")  # of Lightning and PyTorch
def test_lightnings_logger_logs_params_curves_and_checkpoints_and_ends_its_run(plugged, home, mlflow_of, runs_of, tmp_path):
    torch = pytest.importorskip("torch", reason=_REASON)
    lightning = pytest.importorskip("lightning.pytorch", reason=_REASON)

    class Line(lightning.LightningModule):
        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Linear(3, 1)

        def training_step(self, batch, _):
            features, target = batch
            loss = torch.nn.functional.mse_loss(self.net(features)[:, 0], target)
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), self.hparams.lr)

    features = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(features, features[:, 0]), batch_size=10)
    logger = lightning.loggers.MLFlowLogger("lines", run_name="line", tracking_uri=mlflow.get_tracking_uri(), log_model=True)
    options = {"accelerator": "cpu", "devices": 1, "enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 1}
    lightning.Trainer(max_epochs=3, logger=logger, default_root_dir=tmp_path, **options).fit(Line(0.25), data)
    losses = mlflow.MlflowClient().get_metric_history(logger.run_id, "loss")
    assert [point.step for point in losses] == list(range(12))
    assert losses[-1].value < losses[0].value
    (view,) = all_runs(home)
    assert (view.run_id, view.name, view.start.experiment, view.params["lr"]) == (logger.run_id, "line", "lines", "0.25")
    (real,) = runs_of(plugged, logger.run_id)
    assert (real.info.status, real.info.run_name, real.data.params["lr"]) == ("FINISHED", "line", "0.25")
    assert len(mlflow_of(plugged).get_metric_history(real.info.run_id, "loss")) == 12
    folders, kept = [""], []
    while folders:
        found = mlflow_of(plugged).list_artifacts(real.info.run_id, folders.pop())
        folders += [it.path for it in found if it.is_dir]
        kept += [it.path.rpartition("/")[2] for it in found if not it.is_dir]
    assert {"epoch=2-step=12.ckpt", "aliases.txt"} <= set(kept), kept
