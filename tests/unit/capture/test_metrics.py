"""Which numbers of a cell are metrics, and which are sizes, constants, times, statistics of data and steps on the way."""

import math

import pytest

from nbtrack.capture.about import setting_of
from nbtrack.capture.measures import Measured, metrics, number
from nbtrack.capture.reports import _rows
from nbtrack.capture.results import Results
from nbtrack.capture.scalars import LastExpression, Scalars
from nbtrack.capture.source import Cell, Source
from nbtrack.capture.sources import SOURCES
from nbtrack.entities import Request

DATA = "import math, time, random\ny = [1., 2., 3., 4.5]\np = [1., 2.5, 2.5, 4.]\ndef evaluate(a, b):\n    return sum((i - j) ** 2 for i, j in zip(a, b)) / len(a), 0.75\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("mse, acc = evaluate(y, p)", {"mse": 0.1875, "acc": 0.75}),
        ("import numpy as np\nright = np.sum(np.array(y) == np.array(p)) / float(len(y))", {"right": 0.25}),
        ("result = evaluate(y, p)[0] * 2", {"result": 0.375}),
        ("steps_per_episode = evaluate(y, p)[0] / 3", {"steps_per_episode": 0.0625}),
        ("iter_per_epoch = max(len(y) / 3, 1)\nn = len(y)\nm = len(y) * 2 + len(p)\nlr = 0.1\nhalf = lr / 2\nscale = math.sqrt(2)", {}),
        ("start = time.time()\nelapsed = time.time() - start", {}),
        ("import numpy as np\nrows = np.array([y, p])\nlow = rows.min(axis=0)\nfirst_low = low[0] / 2\nx_low = low[1]", {}),
        ("import datetime\nperiod = datetime.timedelta(days=365) / datetime.timedelta(days=1) / (2 * math.pi)\nyear = period * 2", {}),
        ("x0 = random.random()\nfirst = y[0]", {}),
        ("highest = max(y)\nmean_y = sum(y) / len(y)", {}),
        ("a = evaluate(y, p)[0]\nb = a * 2\nrmse = math.sqrt(b)", {"rmse": 0.6123724356957945}),
        (
            "x = [random.random() for _ in y]\nnoise = random.gauss(0, 1)\nslope = sum(i * j for i, j in zip(x, y)) / sum(i * i for i in x) * 0 + 2.5",
            {"slope": 2.5},
        ),
        (
            "import numpy as np\nhits = np.array(y) == np.array(p)\nprint('found again:', hits.mean())\nold = np.array(y) > 2\nprint('older than:', old.mean())",
            {"found_again": 0.25},
        ),
        ("flag = evaluate(y, p)[0] > 0\nname = 'x'\nout = [evaluate(y, p)]", {}),
        ("n_errors = sum(i != j for i, j in zip(y, p))", {"n_errors": 3}),
        ("if True:\n    loss, _ = evaluate(y, p)", {"loss": 0.1875}),
        ("loss, _ = evaluate(y, p)\nloss /= 2", {"loss": 0.09375}),
        ("_loss, _ = evaluate(y, p)", {}),
        (
            "w = evaluate(y, p)\ny_min = w[0] * -3\ny_max, slope = w[0] * 3, w[1] * -3\ndef plot(*them):\n    pass\nplot([-3, 3], [y_min, y_max])",
            {"slope": -2.25},
        ),
        ("def plot(*them):\n    pass\ny_min = evaluate(y, p)[0] / 3\nplot([0.5], [y_min])", {"y_min": 0.0625}),
        ("b, db = evaluate(y, p)\nprint('db =', db)", {}),
        ("import numpy as np\nalphas = np.array([0.1, 0.2])\nchosen = alphas[np.argmin([2.0, 1.0])]\nprint('the best:', chosen)", {}),
        ("import decimal, fractions\nscore = decimal.Decimal(y[0]) / 4\nerror = fractions.Fraction(int(y[1]), 8)", {"score": 0.25, "error": 0.25}),
    ],
)
def test_names_bound_to_a_computed_number(measured, code, found):
    assert measured(DATA, code) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("evaluate(y, p)[0]", {}),
        ("class M:\n    def score(self, a, b): return evaluate(a, b)[1]\nmodel = M()\nmodel.score(y, p)", {"score": 0.75}),
        ("def accuracy_score(a, b): return .75\naccuracy_score(y, p)", {"accuracy_score": 0.75}),
        ("mse, _ = evaluate(y, p)\nmse", {"mse": 0.1875}),
        ("mse, acc = evaluate(y, p)\nmse ** 0.5, acc", {"mse": 0.1875, "acc": 0.75, "rmse": 0.4330127018922193}),
        ("import numpy as np\nnp.mean(np.array(y) == np.array(p))", {"accuracy": 0.25}),
        ("import numpy as np\nmse, _ = evaluate(y, p)\nnp.sqrt(mse)", {"mse": 0.1875, "rmse": 0.4330127018922193}),
        (
            "import numpy as np\ndef cross_val_score(m, scoring): return np.array([-.25, -1.0])\nscores = cross_val_score(2, scoring='neg_mean_squared_error')\n"
            "np.mean(np.sqrt(-scores))",
            {"root_mean_squared_error": 0.75, "scores.mean": -0.625},
        ),
        ("import numpy as np\nscores = np.array([evaluate(y, p)[1], .25])\nscores.mean(), scores.std()", {"scores": 0.5, "scores_std": 0.25}),
        ("len(y)", {}),
        ("max(y)", {}),
        ("3.5", {}),
        ("class M:\n    def predict(self, x): return evaluate(y, p)[0]\nmodel = M()\nmodel.predict(y)", {}),
        ("class M:\n    def __init__(self): self.coef_ = evaluate(y, p)[0]\nmodel = M()\nmodel.coef_", {}),
        ("math.sqrt(evaluate(y, p)[0] + evaluate(y, p)[1])", {}),
    ],
)
def test_last_expressions(measured, code, found):
    assert measured(DATA, code) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("print('accuracy:', evaluate(y, p)[1])", {"accuracy": 0.75}),
        ("print(f'RMSE (test) = {math.sqrt(evaluate(y, p)[0]):.2f}, R2: {evaluate(y, p)[1]:.1f}')", {"rmse_test": 0.4330127018922193, "r2": 0.75}),
        ("print('MSE: %.2f  accuracy: %.1f%%' % (evaluate(y, p)[0], 100 * evaluate(y, p)[1]))", {"mse": 0.1875, "accuracy": 75.0}),
        ("print('MSE is {:.1f}'.format(evaluate(y, p)[0]))", {"mse": 0.1875}),
        ("print('精度:', evaluate(y, p)[1])\nprint('Précision : %.2f' % evaluate(y, p)[0])", {"精度": 0.75, "précision": 0.1875}),
        ("print('accuracy', round(evaluate(y, p)[0], 2))", {"accuracy": 0.1875}),
        ("acc = evaluate(y, p)[1]\nprint('Accuracy of the model:', acc)", {"acc": 0.75}),
        ("v = evaluate(y, p)[1]\nprint('Test accuracy:', v)", {"test_accuracy": 0.75}),
        (
            "def told(a):\n    print(f'Mean reward per time step = {a:.2f}')\n    print(f'Error time: {a:.2f}')\ntold(evaluate(y, p)[0])",
            {"mean_reward_per_time_step": 0.1875},
        ),
        ("print('samples:', len(y), 'mean of y:', sum(y) / len(y), 'epoch', 3)", {}),
        ("print('Accuracy on the {} test images: {} %'.format(len(y), evaluate(y, p)[1]))", {"accuracy": 0.75}),
        ("acc = evaluate(y, p)[1]\nprint('Test accuracy: %.1f' % (evaluate(y, p)[1] * 100))", {"acc": 0.75}),
        ("hits = sum(i == j for i, j in zip(y, p))\nprint('Accuracy: {}/{}'.format(hits, len(y)))", {}),
        ("hits = sum(i == j for i, j in zip(y, p))\nprint(f'Accuracy on the {len(y)} test images: {100 * hits // len(y)} %')", {"accuracy": 25}),
        ("t = time.time()\nprint('took', time.time() - t)", {}),
        ("def report(a):\n    print('loss:', evaluate(a, p)[0])\nreport(y)", {"loss": 0.1875}),
        ("def report(a):\n    print('loss:', evaluate(a, p)[0])\nreport(p)\nreport(p)\nreport(y)", {"loss": 0.1875}),
        ("for i in range(3):\n    print('loss:', evaluate(y, p)[0])", {}),
        (
            "import time, numpy as np\nclass T:\n    def share(self): return 0.75\n    def predict(self, x): return 0.5\ndef report(t, rate):\n    print(f'mean reward = {evaluate(y, p)[0]}')\n"
            "    print(f'optimal arms = {t.share():.3f}')\n    print('took', time.perf_counter(), 'elapsed:', t.share(), 'rate:', rate, 'sample:', t.predict(3), 'mean:', np.mean(y))\n"
            "report(T(), 0.1)\ndef told(t):\n    print('share:', t.share())\ntold(T())",
            {"mean_reward": 0.1875, "optimal_arms": 0.75},
        ),
        ("f'accuracy: {evaluate(y, p)[1]}'", {"accuracy": 0.75}),
        ("import numpy as np\nprint(np.mean(np.array(y) == np.array(p)))", {"accuracy": 0.25}),
        (
            "import numpy as np\ndef cross_val_score(k): return np.array([.5, .75])\nprint(cross_val_score(2).mean())\nprint(np.mean(y))",
            {"cross_val_score": 0.625},
        ),
        ("import numpy as np\nr = 10.0 ** 2\nR = np.asarray([[r, 0.0], [0.0, r]])\nprint('You assumed %.2f in R.' % R[0, 0])", {}),
        ("kept = [0.5, 0.5]\ndef go():\n    kept[0] = evaluate(y, p)[0]\ngo()\nprint('loss at the end:', kept[0])", {"loss_at_the_end": 0.1875}),
        ("print(y)\nprint('y', y)\nprint('version', '1.0')", {}),
        ("class M:\n    def predict(self, x): return [sum(x) / 2]\nm = M()\nprint('the price of it:', m.predict(y)[0])", {}),
        ("m, d = evaluate(y, p)\nprint(f'Accuracy: {m:.2f} +/- {d:.2f}')", {"accuracy": 0.1875, "accuracy_std": 0.75}),
        (
            "import numpy as np\nscores = np.array([evaluate(y, p)[1], .25])\nd = scores.std()\nprint('CV accuracy: %.2f (+/- %.2f)' % (scores.mean(), scores.std() * 2))",
            {"cv_accuracy": 0.5, "cv_accuracy_std": 0.25},
        ),
        ("import numpy as np\nscores = np.array([evaluate(y, p)[1], .25])\nspread, std_acc = scores.std(), np.std(scores)", {}),
        ("import numpy as np\nscores = np.array([evaluate(y, p)[1], .25])\nstd_acc = scores.std()\nprint('spread', std_acc)", {"std_acc": 0.25}),
        ("import numpy as np\nprint(f'Length: {np.mean(y)} ± {np.std(y)}')", {}),
        (
            "import statistics\nneeded = []\nfor e in range(4):\n    for t in range(9):\n        if t > e:\n            break\n    needed.append(t)\nprint('Average number of steps:', statistics.mean(needed) * 1.0)",
            {"average_number_of_steps": 2.5},
        ),
        (
            "import numpy as np\nk = np.zeros(4)\nfor i in range(3):\n    k[i + 1] = k[i] + evaluate(y, p)[1]\nprint('mean of the chain', np.mean(k[1:]))\n"
            "drawn = np.zeros(4)\nfor i in range(4):\n    drawn[i] = y[i] / 2\nprint('mean of the data', np.mean(drawn[1:]))",
            {"mean_of_the_chain": 1.5},
        ),
    ],
)
def test_printed_numbers_have_the_label_the_text_gives_them(measured, code, found):
    assert measured(DATA, code) == found


def test_a_printed_name_that_an_earlier_cell_of_the_run_recorded_is_not_recorded_again(notebook):
    from nbtrack.capture.measures import known
    from nbtrack.capture.printed import Printed
    from nbtrack.capture.scalars import Scalars

    book = notebook(Scalars(), Printed())
    book.run(DATA, is_tracked=False)
    found = book.run("mse, acc = evaluate(y, p)\nprint('The mean squared error is', mse)")
    assert [name for _, name in found] == ["mse", "acc"]
    assert known  # the names of a run are kept on it


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("results = {}\nresults['rf'] = evaluate(y, p)[1]", {"results.rf": 0.75}),
        ("results = {'rf': {'acc': evaluate(y, p)[1], 'name': 'forest'}}", {"results.rf.acc": 0.75}),
        ("from dataclasses import dataclass, asdict\n@dataclass\nclass C:\n    loss: float = .5\nasdict(C())", {}),
        ("{'MAE': evaluate(y, p)[0]}", {"MAE": 0.1875}),
        ("[{'MAE': evaluate(y, p)[0], 'eval_runtime': 0.5, 'epoch': 3.0}]", {"MAE": 0.1875}),
        ("prices = {'milk': y[0] / 3, 'bread': y[1] / 3}\nwords = {'a': 1}", {}),
        ("scores = {i: i / 7 for i in range(100)}", {}),
        ("from collections import namedtuple\nScore = namedtuple('Score', 'loss size')\ns = Score(evaluate(y, p)[0], 3)", {"s.loss": 0.1875}),
        ("history = {'loss': evaluate(y, p)[0]}", {}),
        ("a = {}\na['a'] = a\nresults = a", {}),
        ("loss_params = {'learning_rate': evaluate(y, p)[0], 'error': evaluate(y, p)[1]}", {}),
        ("results = {'mse': evaluate(y, p)[0], 'learning_rate': 0.5 * len(y)}", {"results.mse": 0.1875}),
        ("resultado = {'sensibilidad': evaluate(y, p)[0]}\n测试结果 = {'F1值': evaluate(y, p)[1]}", {"resultado.sensibilidad": 0.1875, "测试结果.F1值": 0.75}),
        ("best = 9.0\nwhile best > 1:\n    errors = {name: evaluate(y, p)[0] + best for name in 'ab'}\n    best = min(errors.values()) / 20", {}),
        ("neff = dict((nm, evaluate(y, p)[0] * k) for k, nm in enumerate(['lam', 'tau'], 1))\nneff", {"neff.lam": 0.1875, "neff.tau": 0.375}),
        ("per_class = {c: evaluate(y, p)[k] / 2 for k, c in enumerate('ab')}\nper_class", {"per_class.a": 0.09375, "per_class.b": 0.375}),
        ("per_class = {c: evaluate(y, p)[k] / 2 for k, c in enumerate('ab')}", {}),
        (
            "tried = {}\nfor rate in (0.0, 0.5):\n    tried[f'rate={rate}'] = evaluate(y, p)[0] + rate\ntried",
            {"tried.rate=0.0": 0.1875, "tried.rate=0.5": 0.6875},
        ),
        ("means = {c: max(y) for c in 'ab'}\nmeans", {}),
        ("results = {}\nfor alpha in [1, 10]:\n    results[alpha] = evaluate(y, p)[0] * alpha", {}),
    ],
)
def test_containers_of_results(measured, code, found):
    assert measured(DATA, code) == found


def test_tables_reports_searches_and_models(measured):
    pytest.importorskip("sklearn")
    code = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, accuracy_score
from sklearn.model_selection import cross_val_score, GridSearchCV
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2)); y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
"""
    found = measured(code, "scores = cross_val_score(LogisticRegression(), X, y, cv=3)")
    assert set(found) == {"scores.mean"}
    found = measured(code, "search = GridSearchCV(LogisticRegression(), {'C': [1., 2.]}, cv=3).fit(X, y)")
    assert set(found) == {"best_score"}
    found = measured(code, "m = LogisticRegression().fit(X, y)\nreport = classification_report(y, m.predict(X), output_dict=True)")
    assert {"accuracy", "macro avg.f1-score", "0.precision"} <= set(found)
    assert not any("support" in name for name in found)
    assert measured(code, "results = pd.Series({'accuracy': .5, 'recall': .25})") == {"results.accuracy": 0.5, "results.recall": 0.25}
    found = measured(code, "table = pd.DataFrame({'model': ['a', 'b'], 'accuracy': [.5, .75], 'rows': [1, 2]})\ntable")
    assert found == {"a.accuracy": 0.5, "b.accuracy": 0.75}
    assert measured(code, "df = pd.DataFrame(X, columns=['a', 'b'])\ndf.describe()") == {}


def test_the_printed_table_of_a_classification_report(notebook):
    text = """              precision    recall  f1-score   support

     class 0       0.90      0.75      0.82        12
           1       0.80      1.00      0.89        20

    accuracy                           0.86        32
   macro avg       0.85      0.88      0.85        32
weighted avg       0.84      0.86      0.86        32

"""

    book = notebook()
    book.run("")
    found = {it.name: it.value for it in _rows(Cell(Request(), book.ledger.entries[-1], book.ledger, {}), text, [])}
    assert found["class 0.recall"] == 0.75
    assert found["1.f1-score"] == 0.89
    assert found["accuracy"] == 0.86
    assert found["weighted avg.precision"] == 0.84
    assert len(found) == 13


def _report(accuracy):
    row = "   {:>9}       0.75      0.50      0.60         4\n".format
    return f"              precision    recall  f1-score   support\n\n{row('no')}{row('yes')}\n    accuracy                           {accuracy:.2f}         8\n{row('macro avg')}\n"


@pytest.mark.parametrize(
    ("titles", "found"),
    [
        (["RandomForest", "SVM"], ["RandomForest", "SVM"]),
        (["=== Random Forest ===", "=== K-NN (k=5) ==="], ["Random Forest", "K-NN (k=5)"]),
        (["Model: tree\nAccuracy: 0.8", "Model: bayes\nAccuracy: 0.8"], ["tree", "bayes"]),
        (["LR", "Confusion matrix:\n[[3 1]\n [1 3]]\nDT"], ["LR", "DT"]),
        (["Training LR", "Finished LR\nTraining DT"], ["LR", "DT"]),
        (["1. LR\n[[3 1]\n [1 3]]", "2. DT\n[[3 1]\n [1 3]]"], ["LR", "DT"]),
        (["模型\uff1a逻辑回归", "模型\uff1a决策树"], ["逻辑回归", "决策树"]),
        (["C = 0.1", "C = 1.0"], ["C = 0.1", "C = 1.0"]),
        (["Accuracy: 0.8\n[[3 1]\n [1 3]]", "Accuracy: 0.9\n[[3 1]\n [1 3]]"], [""]),
        (["Report", "Report"], [""]),
        (["Warning: it failed", "Warning: so did this"], [""]),
        (["", "SVM"], [""]),
        ([f"model {chr(65 + at)}" for at in range(13)], [""]),
    ],
)
def test_reports_that_a_loop_prints_go_by_what_stands_before_them(notebook, titles, found):
    book = notebook()
    book.run("")
    cell = Cell(Request(), book.ledger.entries[-1], book.ledger, {})
    text = "".join(f"{title}\n{_report(0.5 + at / 100)}" for at, title in enumerate(titles))
    names = {it.name: it.value for it in metrics(cell, _rows(cell, text, []))}
    accuracies = {name: value for name, value in names.items() if name.endswith("accuracy")}
    assert accuracies == {f"{title}.accuracy" if title else "accuracy": 0.5 + at / 100 for at, title in enumerate(found)}
    assert {name for name in names if name.endswith("yes.recall")} == {f"{title}.yes.recall" if title else "yes.recall" for title in found}


HOSTILE = """
class Number(float):
    def __float__(self): raise RuntimeError("float")
    def __repr__(self): raise RuntimeError("repr")
class Thing:
    def __getattribute__(self, name): raise RuntimeError(name)
    def __eq__(self, other): raise RuntimeError("eq")
    def __len__(self): raise RuntimeError("len")
    def __array__(self, *a): raise RuntimeError("array")
    def __float__(self): raise RuntimeError("float")
    def __bool__(self): raise RuntimeError("bool")
    __hash__ = None
def make(): return Thing()
class Results(dict):
    def items(self): raise RuntimeError("items")
class Pair(tuple):
    def __iter__(self): raise RuntimeError("iter")
"""


@pytest.mark.parametrize(
    "code",
    [
        "loss = make()", "score = Number(3)", "results = Results(a=make())", "metrics = {'loss': make(), make: 1}", "scores = [make()] * 100000", "make()",
        "scores = Pair((1., 2.))", "score = 10 ** 400", "loss = float('nan')", "score = 1j", "print('loss', make() is None)",
    ],
)  # fmt: skip
def test_objects_that_raise_are_only_looked_at(measured, code):
    assert measured(HOSTILE, code) in ({}, {"score": 10**400})


def test_numbers_of_known_types_alone():
    numpy = pytest.importorskip("numpy")
    assert [number(it) for it in (1, 1.5, numpy.float32(0.5), numpy.array([2.0]), numpy.array(3))] == [1, 1.5, 0.5, 2.0, 3]
    assert [number(it) for it in (True, "1", None, 1j, numpy.array([1.0, 2.0]), numpy.bool_(True), [1.0], object())] == [None] * 8


@pytest.mark.parametrize("source", [it for it in SOURCES if it.kind == "metrics"], ids=lambda it: it.name)
def test_every_source_of_metrics_keeps_the_contract(notebook, source):
    assert issubclass(source, Source)
    made = source()
    made.start(None)
    book = notebook(made)
    for code in ("", "x =", "loss = sum([.5, .25])\nprint('loss:', loss)\nresults = {'acc': loss * 2}\nloss"):
        found = book.run(code)
        assert all(it.rule and it.kind == "metric" for it in found.values())
    made.stop()


def cells_of_one_run(notebook_of, *sources):
    """Runs cells as those of one `%track on`; each gives what was found in it. Cells of one id are one cell."""
    notebook = notebook_of(sources[0]) if sources else notebook_of(Source())
    for source in sources[1:]:
        source.start(None)
        notebook.collector.sources.append(source)
    notebook.tracked("pass")

    def run(code, cell_id=""):
        found = notebook.tracked(code, shared=notebook.runs[0], cell_id=cell_id)
        return {name: value for (kind, name), value in found.items() if kind == "metric"}

    return run


def test_a_later_cell_of_a_run_that_measures_under_the_same_label_has_a_number(notebook_of):
    notebook = notebook_of(Source())
    notebook.tracked("a = 1")
    notebook.run("b = 2")
    first, second = (Cell(Request(), entry, notebook.ledger, notebook.namespace, notebook.runs[0], is_own=False) for entry in notebook.ledger.entries)
    them = [Measured("accuracy", 0.5, "", "f:x"), Measured("accuracy", 0.6, "", "g:x")]
    assert [(it.name, it.value) for it in metrics(first, them)] == [("accuracy", 0.5), ("accuracy_2", 0.6)]
    assert [(it.name, it.value) for it in metrics(second, [Measured("accuracy", 0.7, "", "h:x")])] == [("accuracy_3", 0.7)]
    again = [Measured("accuracy", 0.7, "", "other"), Measured("share", 0.7, "", "h:x"), Measured("recall", 0.7, "", "another")]
    notebook.run("c = 3")
    third = Cell(Request(), notebook.ledger.entries[2], notebook.ledger, notebook.namespace, notebook.runs[0], is_own=False)
    assert [it.name for it in metrics(third, again)] == ["recall"]


MODELS = """
class Model:
    def __init__(self, right): self.right = right
    def fit(self, y): return self
    def predict(self, y): return [i if k < self.right else -i for k, i in enumerate(y)]
    def score(self, y, p): return sum(i == j for i, j in zip(y, p)) / len(y)
def accuracy_score(a, b): return sum(i == j for i, j in zip(a, b)) / len(a)
y = [1., 2., 3., 4., 5., 6., 7., 8.]
"""


def test_a_study_that_goes_on_in_a_later_cell_keeps_its_name(notebook_of):
    pytest.importorskip("optuna")
    run = cells_of_one_run(notebook_of, Results())
    run(
        "import optuna\noptuna.logging.set_verbosity(optuna.logging.ERROR)\nstudy = optuna.create_study(sampler=optuna.samplers.GridSampler({'x': [3.0, 1.0]}, seed=0))"
    )
    first = run("study.optimize(lambda trial: trial.suggest_float('x', 0, 4), n_trials=1)", "a")
    study = "study.enqueue_trial({'x': 0.5})\nstudy.optimize(lambda trial: trial.suggest_float('x', 0, 4), n_trials=1)"
    assert set(first) == {"best_value"} and run(study, "b") == {"best_value": 0.5}
    other = "second = optuna.create_study()\nsecond.enqueue_trial({'x': 0.25})\nsecond.optimize(lambda trial: trial.suggest_float('x', 0, 4), n_trials=1)"
    assert run(other, "c") == {"second.best_value": 0.25}
    assert run(other.partition("\n")[2].replace("0.25", "0.125"), "d") == {"second.best_value": 0.125}


def test_what_only_chose_a_setting_tells_no_best_score(notebook_of):
    pytest.importorskip("sklearn")
    run = cells_of_one_run(notebook_of, Results())
    ridge = "import numpy as np\nfrom sklearn.linear_model import RidgeCV\nx = np.arange(12.0).reshape(-1, 1)\nridge = RidgeCV(alphas=[.1, 1.0]).fit(x, np.sin(x[:, 0]))"
    assert run(ridge) == {}
    search = "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV\nsearch = GridSearchCV(Ridge(), {'alpha': [.1, 1.0]}, cv=2).fit(x, np.sin(x[:, 0]))"
    assert set(run(search)) == {"best_score"}


def test_results_of_several_models_in_one_run_are_told_apart(notebook_of):
    run = cells_of_one_run(notebook_of, Scalars())
    run(MODELS)
    assert run("tree = Model(7)\npred = tree.fit(y).predict(y)\nscore = accuracy_score(y, pred)", "a") == {"score": 0.875}
    assert run("knn = Model(6)\npred = knn.fit(y).predict(y)\nscore = accuracy_score(y, pred)", "b") == {"knn.score": 0.75}
    assert run("knn = Model(5)\npred = knn.fit(y).predict(y)\nscore = accuracy_score(y, pred)", "c") == {"knn.score_2": 0.625}
    assert run("knn = Model(4)\npred = knn.fit(y).predict(y)\nscore = accuracy_score(y, pred)", "c") == {"knn.score_2": 0.5}  # the cell once more
    assert run("score = accuracy_score(y, knn.predict(y))", "d") == {}  # the same once more
    assert run("bag = Model(4)\nscore = bag.score(y, bag.predict(y))", "e") == {"bag.score": 0.5}  # another model that is as good


def test_last_expressions_of_several_cells_are_all_kept(notebook_of):
    notebook = notebook_of(LastExpression())
    notebook.run(MODELS)
    found = []
    for at, code in enumerate(["m = Model(7)\nm.score(y, m.predict(y))", "m.right = 6\nm.score(y, m.predict(y))", "m.score(y, m.predict(y))"]):
        notebook.run(code)
        entry = notebook.ledger.entries[-1]
        if not at:
            notebook.tracked("pass")
        cell = Cell(
            Request(), entry, notebook.ledger, notebook.namespace, notebook.runs[0], is_own=False, result=eval(code.splitlines()[-1], notebook.namespace)
        )
        found.append([(it.name, it.value) for it in LastExpression().after(cell)])
    assert found == [[("score", 0.875)], [("m.score", 0.75)], []]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("print((TP + TN) / (TP + TN + FP + FN))\nprint(TN / (TN + FP))", {"accuracy": 0.7, "specificity": 0.8}),
        ("print(TP / float(TP + FN))", {"recall": 0.6}),
        ("TP / (TP + FP)", {"precision": 0.75}),
        ("print(FP / (TN + FP), FN / (TP + FN))", {"false_positive_rate": 0.2, "false_negative_rate": 0.4}),
        ("print(1 - accuracy_score(y, p))", {"error": 0.75}),
        ("print(1 - evaluate(y, p)[1])", {}),
        ("# calculate null accuracy (for two classes)\nmax(np.mean(y), 1 - np.mean(y))", {"null_accuracy": 2.625}),
        ("# classification error\nprint(sum(i != j for i, j in zip(y, p)) / len(y))", {"classification_error": 0.75}),
        ("import os\nevaluate(y, p)[0] / evaluate(y, p)[1]  # relative error", {"relative_error": 0.25}),
        ("# cross-validated AUC\nimport os\nevaluate(y, p)[0] / evaluate(y, p)[1]", {"cross_validated_auc": 0.25}),
        ("# the error is large, so that nobody should trust it\nprint(evaluate(y, p)[0] / evaluate(y, p)[1])", {}),
        ("# number of errors\nlen(y)", {}),
        ("# accuracy\nprint('share of it:', evaluate(y, p)[0] / evaluate(y, p)[1])", {"share_of_it": 0.25}),
        ("cross_val_score(m, y, cv=3, scoring='roc_auc').mean()", {"roc_auc": 0.5}),
        ("print(np.mean(-1 * cross_val_score(m, y, scoring='neg_log_loss')))", {"log_loss": -0.5}),
        ("cross_val_score(m, y, cv=3).mean()", {"cross_val_score": 0.5}),
        ("print(1 - cross_val_score(m, y, cv=3).mean())", {"error": 0.5}),
        ("1. - M().score(y, p)", {"error": 0.75}),
        ("print(1 - M().best_score_)", {"error": 0.75}),
        ("print(1 - cross_val_score(m, y, scoring='roc_auc').mean())", {}),
        ("np.mean((a - b) ** 2)", {"mse": 2.5}),
        ("print(((a - f(b)) ** 2).mean())", {"mse": 2.5}),
        ("np.mean(np.square(a - b))", {"mse": 2.5}),
        ("print(np.mean(np.power(a - b, 2)))", {"mse": 2.5}),
        ("print(np.mean((a - b) * (a - b)))", {"mse": 2.5}),
        ("np.sqrt(np.mean((a - b) ** 2))", {"rmse": 2.5**0.5}),
        ("print(np.mean((a - b) ** 2) ** 0.5)", {"rmse": 2.5**0.5}),
        ("np.mean(np.abs(a - b))", {"mae": 1.5}),
        ("print(abs(a - b).mean())", {"mae": 1.5}),
        ("np.sum((a - b) ** 2)", {"sse": 10.0}),
        ("np.sqrt(np.sum((a - b) ** 2))", {}),
        ("np.mean((a - a.mean()) ** 2)", {"mean": 1.25}),
        ("np.mean((np.mean(a) - a) ** 2)", {"mean": 1.25}),
        ("print(np.mean((a - 1) ** 2), np.mean((a[1:] - a[:-1]) ** 2), np.mean((a - mu) ** 2))", {}),
        (
            "print('in the beginning:', np.mean(a != b))\nb = f(a) + (a > 3)\nprint('afterwards:', np.mean(a != b))",
            {"beginning": 1.0, "afterwards": 0.25},
        ),
        ("missed = sum(i != j for i, j in zip(y, p))\nprint('there were {} misclassifications for {} inputs'.format(missed, len(y)))", {"errors": 3}),
        ("print(M().score(y, p))\nprint('Genauigkeit in Prozent:', M().score(y, p) * 100)", {"score": 0.25}),
        (
            "best = np.argmax(scores)\nprint('Best result ({:.2f}) for {} trees'.format(scores[best], [10, 20, 30, 40][best]))\nprint(a[best])",
            {"best_result": 5.0},
        ),
    ],
)
def test_numbers_without_a_label_are_called_by_what_they_are_and_by_the_comment_above(measured, code, found):
    counts = "import numpy as np\nm = None\nTP, TN, FP, FN = (len(y) * k // 2 for k in (3, 4, 1, 2))\n"
    things = "a, b, mu, scores = np.array([1., 2., 3., 4.]), np.array([0., 0., 4., 6.]), np.float64(2.), np.array(y) + 0.5\ndef f(it): return it + 0.\n"
    model = "class M:\n    best_score_ = evaluate(y, p)[1] / 3\n    def score(self, a, b): return evaluate(a, b)[1] / 3\n"
    functions = "def accuracy_score(a, b): return sum(i == j for i, j in zip(a, b)) / len(a)\ndef cross_val_score(*a, **b): return np.array([0.25, 0.75])\n"
    assert measured(DATA, counts, things, model, functions, code) == pytest.approx(found)


def test_a_setting_that_an_estimator_chose_is_a_param_and_no_metric(measured, params):
    pytest.importorskip("sklearn")
    data = "import numpy as np\nfrom sklearn.linear_model import RidgeCV\nX = np.arange(12.).reshape(6, 2) % 5\ny = X[:, 0] + 1"
    fit = "ridge = RidgeCV(alphas=np.array([0.5, 2.0])).fit(X, y)"
    assert measured(data, fit + "\nprint(ridge.alpha_)\nridge.alpha_") == {}
    assert params(data, fit)["best.alpha"] == 0.5


def test_a_function_that_measures_at_several_settings_has_a_metric_for_each(notebook_of):
    notebook = notebook_of(Source())
    notebook.tracked("def report(threshold): print('Recall:', threshold)")
    found = []
    for code in ("report(0.5)", "report(0.3)", "report(0.3, y=2)"):
        notebook.run(code)
        cell = Cell(Request(), notebook.ledger.entries[-1], notebook.ledger, notebook.namespace, notebook.runs[0], is_own=False)
        them = [Measured("recall", len(found) / 7, "", "report:threshold", setting=setting_of(cell, "report"))]
        found += [it.name for it in metrics(cell, them)]
    assert found == ["recall", "recall_0.3", "recall_2"]


def test_what_a_loop_goes_through_is_no_metric_and_the_best_it_keeps_is_one(measured):
    code = "best = 9.0\nfor learning_rate in [0.5, 0.25]:\n    v = evaluate(y, p)[0] * learning_rate\n    if v < best:\n        best = v"
    assert measured(DATA, code) == {"best": 0.046875}


def test_a_setting_that_a_loop_switches_between_literals_is_no_metric(measured):
    code = "for i in range(6):\n    lr = 0.5 if i < 3 else 0.25\n    acc = evaluate(y, p)[1] * lr"
    assert measured(DATA, code) == {"acc": 0.1875}


def test_a_fitted_model_that_later_cells_ask_is_measured_once(notebook_of):
    sm = pytest.importorskip("statsmodels.api")
    from nbtrack.capture.results import Results

    notebook = notebook_of(Results())
    notebook.namespace["sm"] = sm
    found = notebook.tracked("res = sm.OLS([1., 2., 3.5, 4.], sm.add_constant([1., 2., 3., 4.])).fit()")
    assert {"rsquared", "aic"} <= {name for _, name in found}
    assert notebook.tracked("res.predict([[1., 5.]])\nres.summary2()") == {}


def test_a_model_fitted_again_in_a_later_cell_of_a_run_has_metrics_of_its_own(notebook_of):
    sm = pytest.importorskip("statsmodels.api")
    from nbtrack.capture.results import Results

    notebook = notebook_of(Results())
    notebook.namespace["sm"] = sm
    notebook.tracked("pass")
    shared = notebook.runs[0]
    fit = "res = sm.OLS([1., 2., 3.5, 4.], sm.add_constant([1., 2., 3., {}])).fit()"
    first = notebook.tracked(fit.format("4."), shared=shared)
    second = notebook.tracked(fit.format("7."), shared=shared)
    assert {name for _, name in second} == {f"res-2.{name}" for _, name in first}
    assert notebook.tracked(fit.format("7."), shared=shared) == {}
    assert {metric.count for metric in notebook.view().metrics.values()} == {1}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("res.params", {"params.const", "params.size"}),
        ("res.pvalues", {"pvalues.const", "pvalues.size"}),
        ("res.resid", set()),
        ("series", set()),
        ("res.summary().tables[1]", {"params.const", "params.size"}),
        ("res.summary()", set()),
    ],
)
def test_what_a_fitted_model_tells_of_each_term_but_levels_of_a_factor_is_kept_where_a_cell_ends_with_it(measured, code, found):
    pytest.importorskip("statsmodels.api")
    made = "import pandas as pd\nimport statsmodels.api as sm\nX = sm.add_constant(pd.DataFrame({'size': [1., 2., 3., 4., 6.], 'C(g)[T.b]': [0., 1., 0., 0., 0.], 'C(g)[T.c]': [0., 0., 1., 0., 0.]}))\n"
    assert measured(f"{made}res = sm.OLS([1., 2., 3.5, 4., 7.], X).fit()\nseries = pd.Series({{'a': 1.5}})", code).keys() == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("dict(zip(['f', 'p-value'], evaluate(y, p)))", {"f": 0.1875, "p-value": 0.75}),
        ("names, test = ['f', 'p-value'], evaluate(y, p)\nlist(zip(names, test))", {"f": 0.1875, "p-value": 0.75}),
        ("test = evaluate(y, p)\n{name: value for name, value in zip(['f', 'p-value'], test)}", {"f": 0.1875, "p-value": 0.75}),
        ("dict(zip(['a', 'b'], [0.5, 1.5]))", {}),
        ("dict(zip(['AAPL', 'MSFT'], evaluate(y, p)))", {}),
        ("ages = [3.5, 4.5]\ndict(zip(['a', 'b'], ages))", {}),
        ("class M: pass\nm = M()\nm.coef_ = evaluate(y, p)\nlist(zip(['a', 'b'], m.coef_))", {}),
        ("class M:\n    def predict_proba(self): return evaluate(y, p)\ndict(zip(['a', 'b'], M().predict_proba()))", {}),
    ],
)
def test_numbers_of_a_result_that_a_cell_ends_with_go_by_the_words_put_beside_them(measured, code, found):
    assert measured(DATA, code) == found


PLOT = "import types\nplt = types.SimpleNamespace(title=lambda *a: None, plot=lambda *a, **k: None, text=lambda *a: None)\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("plt.title(f'Accuracy {evaluate(y, p)[1]:.1f}')", {"accuracy": 0.75}),
        ("plt.title('k = %d, mse: %.1f' % (3, evaluate(y, p)[0]))", {"mse": 0.1875}),
        ("plt.text(0.1, 0.2, 'mse: {:.1f}'.format(evaluate(y, p)[0]))", {"mse": 0.1875}),
        ("def draw(name):\n    roc_auc = evaluate(y, p)[1]\n    plt.plot(y, p, label='ROC curve (area = %0.2f)' % roc_auc)\ndraw('SVM')", {"roc_auc": 0.75}),
        ("acc = evaluate(y, p)[1]\nplt.title(f'Accuracy {acc:.1f}')", {"acc": 0.75}),
        ("plt.title(f'slope {evaluate(y, p)[0]:.1f}')", {}),
        ("lr = 0.1\nplt.title(f'lr = {lr}')", {}),
        ("plt.plot(y, label=f'mean {sum(y) / len(y)}')", {}),
        ("plt.title(str(evaluate(y, p)[1]))", {}),
    ],
)
def test_measures_in_the_texts_of_plots(measured, code, found):
    assert measured(DATA + PLOT, code) == found


def test_what_a_network_says_of_a_sample_is_no_result(measured):
    pytest.importorskip("torch")
    code = "import torch\nnet = torch.nn.Linear(2, 1)\nloss = torch.nn.MSELoss()\nx = torch.ones(1, 2)\n"
    assert measured(code, "net(x)") == {}
    assert set(measured(code, "loss(net(x), x[:, :1])")) == {"loss"}


def test_what_goes_into_a_sum_is_no_result_of_the_loop(measured):
    code = "total = 0\nfor i in range(3):\n    for j in range(4):\n        reward = evaluate(y, p)[1] * j\n        total += reward"
    assert measured(DATA, code) == {}


def test_both_sides_of_a_difference_quotient_are_no_results_of_the_loop(measured):
    cost = "def cost(a, i): return max(a) + i\n"
    code = f"{cost}for i in range(3):\n    cost_plus = cost(y, i)\n    cost_minus = cost(y, -i)\n    slope = (cost_plus - cost_minus) / (2 * 1e-4)"
    assert measured(DATA, code) == {}
    relative = f"{cost}for i in range(3):\n    new_cost = cost(y, i)\n    old_cost = cost(y, -i)\n    gain = (new_cost - old_cost) / old_cost"
    assert measured(DATA, relative) == {"new_cost": 6.5, "old_cost": 2.5}


def test_equal_numbers_of_one_dict_are_all_kept_and_functions_say_what_keys_do_not(measured):
    code = "def explained_variance_score(a, b): return evaluate(a, b)[1]\ns = {'R2': evaluate(y, p)[1], 'Ex. Var': explained_variance_score(y, p), 'n': len(y)}"
    assert measured(DATA, code) == {"s.R2": 0.75, "s.Ex. Var": 0.75}


def test_equal_numbers_of_one_report_are_all_kept(notebook_of):
    pytest.importorskip("sklearn")
    from nbtrack.capture.results import Results

    notebook = notebook_of(Results())
    notebook.run("from sklearn.metrics import classification_report")
    found = notebook.tracked("report = classification_report([0, 1, 0, 1], [0, 1, 0, 1], output_dict=True)")
    assert {"0.precision", "1.precision", "macro avg.recall"} <= {name for _, name in found}
    cell = Cell(Request(), notebook.ledger.entries[-1], notebook.ledger, notebook.namespace, notebook.runs[-1])
    rows = [Measured(f"{name}.f1-score", 0.98, "", name, table="report") for name in ("class 0", "class 1")]
    assert [it.name for it in metrics(cell, rows)] == ["class 0.f1-score", "class 1.f1-score"]


def test_a_number_that_a_later_cell_logs_by_a_call_is_the_point_that_is_there(notebook_of):
    from nbtrack.capture.scalars import Scalars

    notebook = notebook_of(Scalars())
    notebook.tracked("pass")
    run = notebook.runs[0]
    notebook.run(DATA)
    assert notebook.tracked("mse, acc = evaluate(y, p)", shared=run) == {("metric", "mse"): 0.1875, ("metric", "acc"): 0.75}
    run.log("acc", 0.75)
    run.log("mse", 0.5)
    run.log("mse", 0.5)
    assert {name: metric.count for name, metric in notebook.view().metrics.items()} == {"acc": 1, "mse": 3}


DIVERGED = "import numpy as np\nfrom math import inf\nx = np.array([1., -1., 2.])\nev = lambda a: float(np.log(a).mean())\nwith np.errstate(all='ignore'):\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("val_loss = np.sqrt(x).mean(); print('val_loss', val_loss)", {"val_loss": "nan"}),
        ("loss = ev(x)", {"loss": "nan"}),
        ("loss = ev(x); mse = ev(x * 2); print(f'loss {ev(x)}')", {"loss": "nan", "mse": "nan"}),
        ("loss = ev(x * 0); slope = ev(x * 0)", {"loss": "-inf", "slope": "-inf"}),
        ("print('validation loss:', ev(x))", {"validation_loss": "nan"}),
        ("metrics = {'loss': ev(x), 'n': 3}", {"metrics.loss": "nan"}),
        ("loss = ev(x); mse = ev(abs(x)); mae = ev(abs(x) * 2)", {"loss": "nan", "mse": f"{math.log(2) / 3}", "mae": f"{math.log(16) / 3}"}),
        ("best_loss = float('inf'); min_loss = np.inf; loss = -np.nan; best = error = inf; lowest_loss = -inf", {}),
        ("age = np.sqrt(x); mean_age = age.mean()", {}),
    ],
)
def test_what_diverged_is_a_metric_as_what_did_not(measured, code, found):
    assert {name: str(value) for name, value in measured(DIVERGED + f"    {code}").items()} == found


@pytest.mark.parametrize("made", ["df = pd.DataFrame(rows).round(2)", "table = pd.DataFrame(rows)\ntable.round(2)"])
def test_a_table_that_is_rounded_to_be_shown_gives_its_numbers_as_computed(measured, made):
    pytest.importorskip("pandas")
    code = "import pandas as pd\nrows = []\nfor kind in ('ridge', 'knn'):\n    rows.append({'model': kind, 'accuracy': len(kind) / 7, 'n': 3})"
    assert measured(code, made) == {"ridge.accuracy": 5 / 7, "knn.accuracy": 3 / 7}


def test_a_table_that_changed_after_it_was_rounded_gives_the_rounded_numbers(measured):
    pytest.importorskip("pandas")
    code = "import pandas as pd\nrows = []\nfor kind in ('ridge', 'knn'):\n    rows.append({'model': kind, 'accuracy': len(kind) / 7})"
    later = "results = pd.DataFrame(rows).round(2)\nfor it in rows:\n    it['accuracy'] = 0.125"
    assert measured(code, later) == {"ridge.accuracy": 0.71, "knn.accuracy": 0.43}


def test_a_table_of_what_was_measured_once_goes_by_its_columns(measured):
    pytest.importorskip("pandas")
    code = "import pandas as pd\ndef measure(): return {'TruePositive': 2, 'Recall': evaluate(y, p)[0], 'Accuracy': 0.5}\nmetrics = pd.DataFrame([measure()])\n"
    assert measured(DATA, code) == {"Recall": 0.1875, "Accuracy": 0.5}
    assert measured(DATA, code + "metrics.index = ['knn']") == {"knn.Recall": 0.1875, "knn.Accuracy": 0.5}
    many = code.replace("'TruePositive': 2", "**{f'error_{at}': at + evaluate(y, p)[0] for at in range(20)}")
    assert len(measured(DATA, many)) == 22
    data = "import pandas as pd\ntable = pd.DataFrame({'time': [.1, .2], 'error': [.25, .5]})"
    assert [measured(DATA, f"{data}\n{it}") for it in ("table.iloc[[0]]", "table[table.time < .15]", "pd.DataFrame([{'price': 1.5, 'error': .25}])")] == [
        {},
        {},
        {},
    ]


def test_a_setting_of_the_best_model_is_no_metric(measured):
    code = "class Best:\n    def get_params(self): return {'C': evaluate(y, p)[0]}\nprint('best C:', Best().get_params()['C'])"
    assert measured(DATA, code) == {}
    assert measured(DATA, code.replace("get_params", "get_scores")) == {"best_c": 0.1875}


def test_a_table_with_a_measure_in_each_row_goes_by_its_columns_and_these(measured):
    pytest.importorskip("pandas")
    look = "def look(k):\n    table = pd.DataFrame()\n    table.loc['MAE', 'x'] = evaluate(y, p)[0] / k\n    table.loc['R2', 'x'] = evaluate(y, p)[1] / k\n    return table.round(2)"
    code = f"import pandas as pd\n{look}\nall_of_them = pd.DataFrame()\nall_of_them['train'] = look(1)\nall_of_them['test'] = look(2)"
    assert measured(DATA, f"{code}\nall_of_them") == {"train.MAE": 0.19, "train.R2": 0.75, "test.MAE": 0.09, "test.R2": 0.38}
    data = "import pandas as pd\ntable = pd.DataFrame({'train': ['a', 'b'], 'n': [1, 2]}, index=['MAE', 'R2'])"
    assert measured(DATA, f"{data}\ntable") == {}


def test_a_label_says_more_than_a_name_that_says_little(measured):
    assert measured(DATA, "score = evaluate(y, p)[0]\nprint('Train loss:', score)") == {"train_loss": 0.1875}
    assert measured(DATA, "score = evaluate(y, p)[0]\nprint('Here it is:', score)") == {"score": 0.1875}
    again = "score = evaluate(y, p)[0]\nprint('Train loss:', score)\nscore = evaluate(y, p)[1]\nprint('Test loss:', score)"
    assert measured(DATA, again) == {"train_loss": 0.1875, "test_loss": 0.75}
    assert measured(DATA, again.rpartition("\n")[0]) == {"train_loss": 0.1875, "score": 0.75}


def test_a_table_with_gaps_gives_no_metrics_for_them(measured):
    pytest.importorskip("pandas")
    code = "import pandas as pd\nresults = pd.DataFrame({'accuracy': [.5, float('nan')], 'recall': [.25, .75]}, index=['a', 'b'])"
    assert measured(code) == {"a.accuracy": 0.5, "a.recall": 0.25, "b.recall": 0.75}
