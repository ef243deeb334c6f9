"""Curves and metrics of frameworks that keep what they measured in objects of their own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nbtrack.capture.weave.histories import histories
from nbtrack.notebooks.scopes import parse, scope_of

pytestmark = pytest.mark.filterwarnings("ignore")


def found(code, namespace, before=()):
    """Curves that a cell leaves whole."""
    tree = parse(code)
    entry = SimpleNamespace(tree=tree, scope=scope_of(tree), code=code, facts={})
    cell = SimpleNamespace(
        entry=entry,
        namespace=namespace,
        before={name: id(namespace[name]) for name in before},
        ledger=SimpleNamespace(entries=[], before=lambda _: ()),
        is_spent=False,
    )
    return {name: values for name, values, _ in histories(cell, {}, set())}


def test_what_a_model_of_catboost_measured_on_its_sets():
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(iterations=4, depth=2, verbose=False, allow_writing_files=False, thread_count=1)
    sets = [[number, number % 3] for number in range(20)], [number % 2 for number in range(20)]
    code = "model.fit(*sets, eval_set=sets)"
    assert found(code, {"model": model}, ["model"]) == {}
    model.fit(*sets, eval_set=sets)
    curves = found(code, {"model": model}, ["model"])
    assert {name: len(values) for name, values in curves.items()} == {"learn-Logloss": 4, "validation-Logloss": 4}


def test_a_search_of_catboost_tells_what_it_chose_and_its_means_over_folds(params):
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostRegressor(verbose=False, allow_writing_files=False, thread_count=1)
    sets = [[number, number % 3] for number in range(20)], [number % 2 for number in range(20)]
    result = model.grid_search({"depth": [2, 3], "iterations": [4]}, *sets, cv=2, verbose=False)
    curves = found("result = model.grid_search(grid, *sets)", {"result": result})
    assert {name: len(values) for name, values in curves.items()} == {"test-RMSE-mean": 4, "train-RMSE-mean": 4}
    code = "result = {'params': {'depth': 2, 'iterations': 4}, 'cv_results': {'test-RMSE-mean': [0.5, 0.25]}}"
    assert {name: value for name, value in params(code).items() if name.startswith("best.")} == {"best.depth": 2, "best.iterations": 4}
    other = "result = {'params': {'depth': 2}, 'scores': [0.5]}"
    assert not [name for name in params(other) if name.startswith("best.")]


def test_a_table_of_cross_validation_has_a_curve_for_each_mean():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"iterations": [0, 1], "test-rmse-mean": [0.5, 0.25], "test-rmse-std": [0.1, 0.2]})
    assert found("scores = lib.cv(options)", {"scores": table}) == {"test-rmse-mean": [0.5, 0.25]}
    assert found("scores = lib.read(options)", {"scores": table}) == {}


def test_the_log_of_a_trainer_is_told_by_what_it_logs():
    log = [{"loss": 0.5, "epoch": 1.0, "step": 2}, {"eval_loss": 0.4, "eval_runtime": 0.1}, {"loss": 0.25, "epoch": 2.0, "step": 4}]
    log += [{"eval_loss": 0.3, "eval_runtime": 0.2}, {"train_runtime": 1.0, "train_loss": 0.3, "total_flos": 1e9}]
    kind = type("Trainer", (), {"__module__": "transformers.trainer"})
    trainer = kind()
    trainer.state = SimpleNamespace(log_history=log)
    assert found("trainer.train()", {"trainer": trainer}, ["trainer"]) == {"loss": [0.5, 0.25], "eval_loss": [0.4, 0.3]}


def test_what_a_module_of_lightning_logs_is_a_curve(notebook_of, tmp_path, monkeypatch):
    pytest.importorskip("lightning")
    from nbtrack.capture.lightning import LightningLog

    monkeypatch.chdir(tmp_path)
    notebook = notebook_of(LightningLog())
    notebook.run(
        "import torch, lightning\nclass Net(lightning.LightningModule):\n    def __init__(self):\n        super().__init__()\n        self.layer = torch.nn.Linear(2, 1)\n"
        "    def training_step(self, batch, step):\n        loss = self.layer(batch).square().mean()\n        self.log('train_loss', loss)\n        return loss\n"
        "    def configure_optimizers(self):\n        return torch.optim.SGD(self.parameters(), lr=0.1)\n"
        "data = torch.utils.data.DataLoader(torch.ones(8, 2), batch_size=2)\nquiet = dict(logger=False, accelerator='cpu', enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)"
    )
    notebook.tracked("trainer = lightning.Trainer(max_epochs=2, log_every_n_steps=1, **quiet)\ntrainer.fit(Net(), data)")
    assert not hasattr(notebook, "error")
    assert {name: it.count for name, it in notebook.view().metrics.items()} == {"train_loss": 8}
    before = notebook.view().metrics
    notebook.run("lightning.Trainer(max_epochs=1, log_every_n_steps=1, **quiet).fit(Net(), data)")
    assert notebook.view().metrics == before


def test_scalars_of_a_gpu_are_detached_and_not_waited_for():
    torch = pytest.importorskip("torch")
    from nbtrack.capture.weave.values import take

    loss = torch.ones((), device="meta", requires_grad=True) * 2  # no processor has it: whoever asked for its number would get an error
    kept, copied = take(loss, False), take(loss, True)
    assert loss.grad_fn is not None
    assert (kept.grad_fn, copied.grad_fn, kept.requires_grad) == (None, None, False)
    assert kept._base is None
    assert take(torch.ones(3, device="meta"), False) is None


def test_scalars_of_cupy_are_read_later():
    from nbtrack.capture.weave.values import as_floats, take

    asked = []

    class Scalar:
        """A number on a GPU, as CuPy has it; it tells when it is fetched."""

        ndim, dtype = 0, SimpleNamespace(kind="f")

        def __add__(self, other):
            return Scalar()

        def __float__(self):
            asked.append(1)
            return 0.5

    Scalar.__module__, Scalar.__name__ = "cupy", "ndarray"
    value = Scalar()
    assert take(value, False) is value
    assert take(value, True) is not value
    assert asked == []
    assert as_floats([value]) == [0.5]


def test_scalars_of_jax_are_numbers():
    jax = pytest.importorskip("jax")
    from nbtrack.capture.measures import number
    from nbtrack.capture.weave.values import as_floats, take

    value = jax.numpy.mean(jax.numpy.array([1.0, 2.0]))
    assert number(value) == 1.5
    assert number(jax.numpy.array([1.0, 2.0])) is None
    assert as_floats([take(value, False)]) == [1.5]


KERAS = (
    "import keras, numpy as np\nX = np.arange(24.).reshape(8, 3) % 5\ny = np.array([0, 1] * 4)\n"
    "model, other = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation='sigmoid')]) for _ in range(2))\n"
    "model.compile('sgd', 'binary_crossentropy', metrics=['accuracy', keras.metrics.AUC(name='auc')])\nother.compile('sgd', 'mse', metrics=['mae'])\n"
    "class Own(keras.Sequential):\n    def test_step(self, *args, **kwargs): return {'loss': 1.0, 'mae': 2.0}\n"
    "own = Own([keras.Input((3,)), keras.layers.Dense(1)])\nown.compile('sgd', 'mse', metrics=['mae'], run_eagerly=True)"
)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("model.evaluate(X, y, verbose=0)", ["accuracy", "auc", "loss"]),
        ("score = model.evaluate(X, y, verbose=0)", ["accuracy", "auc", "loss"]),
        (
            "score = model.evaluate(X, y, verbose=0)\nprint('Test loss:', score[0])\nprint('Accuracy: %.1f%%' % (100 * score[1]))",
            ["accuracy", "auc", "test_loss"],
        ),
        ("model.evaluate(X, y, verbose=0)\nscore = other.evaluate(X, y, verbose=0)", ["loss", "mae"]),
        ("first = model.evaluate(X, y, verbose=0)\nsecond = other.evaluate(X, y, verbose=0)", ["accuracy", "auc", "loss", "mae", "other.loss"]),
        ("own.evaluate(X, y, verbose=0)", []),
    ],
)
def test_what_a_keras_model_evaluates_to_has_the_names_of_its_metrics(measured, monkeypatch, code, names):
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    assert sorted(measured(KERAS, code)) == names
