"""Which params a careful person would have written down, and which constants they would not."""

import json
import math
from types import SimpleNamespace

import pytest

from nbtrack.capture import naming
from nbtrack.capture.configs import Configs, fields_of
from nbtrack.capture.source import Source
from nbtrack.capture.sources import SOURCES

TRAIN = "def train(data, lr=0.1, epochs=10, verbose=True):\n    return sum(data) * lr * epochs"


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["lr = 0.1\nbatch_size = 2 * 64\nlayers = [64] * 3\ntol = 1e-3 / 10"], {"lr": 0.1, "batch_size": 128, "layers": [64, 64, 64], "tol": 0.0001}),
        (["lr = 0.1\nname = 'x'", "w = 1.0 - lr * 2"], {"lr": 0.1}),
        (["lr = 0.1", "lr = 0.2", "w = 1.0 - lr * 2"], {"lr": 0.2}),
        (["steps = 5", "steps = steps + 1", "w = 1.0 - steps"], {}),
        (["unused = 3", "w = list(range(3))"], {}),
        (["lr = 0.1\ndef step(w):\n    return w - lr", "def go():\n    return step(1.0)", "go()"], {"lr": 0.1}),
        (["loss = 0.0", "for x in [1, 2]:\n    loss += x"], {}),
        (["title = 'a title'\nmode = 'adam'\nif mode == 'adam':\n    n = 3"], {"mode": "adam"}),
        (["path = 'data.csv'\nurl = 'http://a.b'\ncolumns = ['a', 'b']\nx = [1, 2, 3, 4, 5, 6]\nmessage = 'hi'"], {}),
        (["i = 3\nx = list(range(9))\ny = x[i]\nprint(i)"], {}),
        (["k = 3\nx = list(range(9))\ny = x[:k]"], {"k": 3}),
        (["seed = 7\nimport random\nrandom.seed(seed)"], {"seed": 7}),
        (["import random\nrandom.seed(7)\nrandom.random()\nrandom.seed(9)"], {"seed": 7}),
        (["import random\nrandom.seed(7)\ndef f():\n    random.seed(8)"], {"seed": 7}),
        (["import numpy as np\nrng = np.random.default_rng(7)\nx = rng.normal(size=3)\nloss = x.sum()"], {"seed": 7}),
        (["import io, numpy as np\nrng = np.random.default_rng(7)\nx = rng.normal(size=3)\nrows = x.round(2)\nnp.savetxt(io.StringIO(), rows)"], {}),
        (["import io, numpy as np\nnp.random.seed(7)\nx = np.random.rand(3)\nnp.savetxt(io.StringIO(), x)"], {"seed": 7}),
        (["formula = 'price ~ size + C(town)'\ndef fit(formula): return len(formula)\nn = fit(formula)"], {"formula": "price ~ size + C(town)"}),
        (["# parameters\nalpha = 0.5", "w = list(range(3))"], {"alpha": 0.5}),
        (["for lr in [0.1, 0.01]:\n    for k in (1, 3):\n        w = sum([lr, k])\nfor name in ['a', 'b']:\n    w = 1"], {"lr": [0.1, 0.01], "k": [1, 3]}),
        (["for c in ['age', 'income']:\n    w = len(c)\nfor k in (1, 2):\n    w = sum([k])\nnplot = 50\nw = list(range(nplot))"], {"k": [1, 2]}),
        (["import nbtrack\nif not 'run':\n    nbtrack.tag({'kind': 'deep'})\n    nbtrack.log({'step': 3})\nsize = 3 * len('ab')"], {}),
        (
            [
                "def fit(rounds, x):\n    return rounds * 2\nfor fold in range(2):\n    num_round = 200\n    shown = 7\n    y = fit(num_round, fold)\n    print(shown)"
            ],
            {"num_round": 200},
        ),
        (["def report(a, model):\n    print('errors of {}:'.format(model), a)\n    return sum(a)\nloss = report([1, 2], 'SVR')"], {}),
        (["def predict(point):\n    return sum(point)\ntest_point = [6.0, 3.0]\npredict(test_point)"], {}),
        (["alpha = 0.5", "w = 1.0\nfor i in range(3):\n    w -= alpha * w\n    alpha = alpha * 0.9"], {"alpha": 0.5}),
        (["alpha = 0.5\nw = 1.0\nfor i in range(3):\n    w -= alpha * w\n    alpha *= 0.9"], {"alpha": 0.5}),
        (["DRAWN = False\ndef plot_it(x):\n    pass", "w = 3 * 2\nif DRAWN:\n    print(w)\nelse:\n    plot_it(w)"], {}),
        (
            ["w = [len('ab')]\nx_min = -3\ny_min = w[0] * x_min\nx_max, z = 3, 4\ndef plot(*them):\n    pass\nplot([x_min, x_max], [y_min, z])\ngap = z - 1"],
            {"z": 4},
        ),
        (["import random\nx_min, x_max = -3, 3\nstart = random.uniform(x_min, x_max)\nprint(x_min)"], {"x_min": -3, "x_max": 3}),
        (["going = True\nw, tol = 3 * 2.0, 0.1\nwhile going:\n    w = w / 7\n    if w < tol:\n        break"], {"tol": 0.1}),
        (["DRAWN = False\nSCALED = True", "w = 3 * 2\nif not DRAWN:\n    print(w)\nif SCALED:\n    w = w / 7"], {"SCALED": True}),
        (["needed = {'numpy': '1.21.2', 'torch': '2.0'}\ndef check(them):\n    return len(them)\ncheck(needed)"], {}),
    ],
    ids=str,
)
def test_literals_that_take_part_in_the_work(params, cells, found):
    assert {name: value for name, value in params(*cells).items() if name != "x"} == found


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (
            "best, best_rate = 9.0, None\nfor rate in [0.5, 0.25]:\n    err = rate * 2\n    if err < best:\n        best, best_rate = err, rate",
            {"best_rate": 0.25},
        ),
        ("import numpy as np\nks = [1, 3, 5]\nerrors = [k * 2.0 for k in ks]\nbest_k = ks[np.argmin(errors)]", {"best_k": 1}),
        ("best, best_idx = 0.0, None\nfor idx in [3, 5]:\n    acc = idx / 10\n    if acc > best:\n        best, best_idx = acc, idx", {}),
        ("import numpy as np\nerrors = [2.0, 1.0]\nbest = errors[np.argmin(errors)]\nlast = errors[-1]", {}),
    ],
)
def test_what_a_cell_chose_of_what_it_tried(params, cell, found):
    assert {name: value for name, value in params(cell).items() if name.startswith("best")} == found


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["config = {'lr': .1, 'net': {'depth': 3}}\nx = config['lr'] * 2"], {"lr": 0.1, "net.depth": 3}),
        (["import numpy as np\nfrom math import inf\ncfg = {'c': float('inf'), 'd': {'e': 1, 'f': -np.inf}, 'g': inf, 'h': float('-inf'), 'i': float('x')}"],
         {"c": math.inf, "d.e": 1, "d.f": -math.inf, "g": math.inf, "h": -math.inf}),
        (["class Config:\n    clip = float('inf')\n    lr = .1", "x = Config.lr * Config.clip"], {"clip": math.inf, "lr": 0.1}),
        (["config = dict(lr=.1, path='a/b')", "config['lr'] = .2", "x = config['lr'] * 2"], {"lr": 0.2}),
        (["base = {'lr': .1}\nconfig = {**base, 'epochs': 3}\ny = config['epochs'] + 1"], {"lr": 0.1, "epochs": 3}),
        (
            ["from dataclasses import make_dataclass\nTrainingArguments = make_dataclass('TrainingArguments', [('size', int, 3), ('lr', float, .1)])\n"
             "TrainingArguments.__module__ = 'library.arguments'", "args = TrainingArguments(lr=0.3)\nx = args.lr * 2"],
            {"lr": 0.3},
        ),
        (
            ["import pydantic\nclass Net(pydantic.BaseModel):\n    depth: int = 3\nclass Settings(pydantic.BaseModel):\n    lr: float = 0.1\n    net: Net = Net()",
             "cfg = Settings(lr=0.2)", "x = cfg.lr * cfg.net.depth"],
            {"lr": 0.2, "net.depth": 3},
        ),
        (["codes = {'male': 0, 'female': 1}\nx = [codes[it] for it in ['male']]"], {}),
        (["results = {}\nresults['a'] = 0.5\nx = results['a'] + 1"], {}),
        (["class Config:\n    lr = 0.1\n    epochs = 5", "x = Config.lr * 2"], {"lr": 0.1, "epochs": 5}),
        (["class Config:\n    lr = 0.1", "cfg = Config()\ncfg.lr = 0.3\nx = cfg.lr * 2"], {"lr": 0.3}),
        (["from types import SimpleNamespace\nargs = SimpleNamespace(lr=0.1, name='net')", "x = args.lr * 2"], {"lr": 0.1}),
        (
            ["from dataclasses import dataclass\n@dataclass\nclass Config:\n    lr: float = 0.1\n    epochs: int = 5", "cfg = Config(epochs=7)", "x = cfg.lr * 2"],
            {"lr": 0.1, "epochs": 7},
        ),
        (["from typing import NamedTuple\nclass Config(NamedTuple):\n    lr: float = 0.1", "cfg = Config()\nx = cfg.lr * 2"], {"lr": 0.1}),
        (["import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.1)\nargs = p.parse_args([])", "x = args.lr * 2"], {"lr": 0.1}),
        (["a_params = {'depth': 3}\nb_params = {'depth': 4}\nx = a_params['depth'] + b_params['depth']"], {"a_params.depth": 3, "b_params.depth": 4}),
    ],
    ids=str,
)  # fmt: skip
def test_configurations_are_flattened(params, cells, found):
    assert params(*cells) == found


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([TRAIN, "train([1, 2])"], {"lr": 0.1, "epochs": 10}),
        ([TRAIN, "train([1, 2], lr=.5)"], {"lr": 0.5, "epochs": 10}),
        ([TRAIN, "train([1, 2], 0.7, 3)"], {"lr": 0.7, "epochs": 3}),
        ([TRAIN, "rate = 0.2", "train([1, 2], lr=rate)"], {"rate": 0.2, "epochs": 10}),
        ([TRAIN, "a = train([1], lr=.1, epochs=2)\nb = train([1], lr=.3, epochs=2)"], {"a.lr": 0.1, "b.lr": 0.3, "epochs": 2}),
        (["class Net:\n    def __init__(self, hidden=16, lr=.1):\n        self.hidden = hidden\n    def fit(self, epochs=3): pass", "Net(lr=.5).fit(epochs=9)"], {"hidden": 16, "lr": 0.5, "epochs": 9}),
        (["class Net:\n    def __init__(self):\n        self.hiddenLayerSize = 3\n        self.shape = 2\n        self.best_loss = 1e9\n        self.err_tol = 0.5", "net = Net()"], {"hiddenLayerSize": 3, "err_tol": 0.5}),
        (
            ["import json\ndef save(x):\n    options = {'max_iter': 200, 'verbose': True}\n    return fit(x, method='BFGS', options=options)\nfrom scipy.optimize import minimize as fit", "save(len('ab'))"],
            {"method": "BFGS", "max_iter": 200},
        ),
        (["def main():\n    lr = 0.01\n    total = 0\n    n = 3\n    return lr * 2", "main()"], {"lr": 0.01}),
        (["def plot_it(x, alpha=0.5):\n    pass", "plot_it([1])"], {}),
        (["def train(lr=0.1): pass", "x = 1.0"], {}),
        (["def predict(area, rooms, w):\n    return area * w + rooms", "predict(2600, 4, 0.5)"], {}),
        (["def predict(x, threshold):\n    return x > threshold", "predict(2600, 0.5)"], {"threshold": 0.5}),
        (["def schedule(time, rate=0.5):\n    return 0.9 ** time * rate", "assert schedule(10) > 0.1\nx = schedule(time=3)"], {"time": 3, "rate": 0.5}),
        (["import json", "json.dumps([1], indent=2)\nprint('a', end='')\nsorted([1], reverse=True)"], {}),
    ],
    ids=str,
)  # fmt: skip
def test_arguments_and_defaults_of_what_runs(params, cells, found):
    assert {name: value for name, value in params(*cells).items() if name != "x"} == found


def test_a_share_of_dropout_is_a_param_by_whatever_it_is_given(params):
    pytest.importorskip("torch")
    assert params("from torch import nn\nnet = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.1))")["dropout"] == 0.1
    assert params("from torch import nn\nnet = nn.Sequential(nn.Linear(3, 4), nn.Dropout(p=0.1))")["p"] == 0.1


def test_library_calls_by_what_they_are_for(params):
    pytest.importorskip("sklearn")
    found = params(
        "import numpy as np\nfrom sklearn.datasets import make_classification\nfrom sklearn.linear_model import Ridge, Lasso\n"
        "from sklearn.decomposition import PCA\nfrom sklearn.model_selection import train_test_split\nX = np.linspace(0, 1, num=30).reshape(10, 3)\ny = X.sum(axis=1)",
        "A, B, c, d = train_test_split(X, y, test_size=.3, random_state=0)\npca = PCA(2).fit(A)\nridge = Ridge(alpha=.5, fit_intercept=False).fit(A, c)\nlasso = Lasso(alpha=.1).fit(A, c)\n"
        "from sklearn.tree import DecisionTreeRegressor\ntree = DecisionTreeRegressor(max_features='sqrt').fit(A, c)",
    )
    assert found == {
        "test_size": 0.3, "random_state": 0, "n_components": 2, "Ridge.alpha": 0.5, "Lasso.alpha": 0.1, "fit_intercept": False,
        "max_features": "sqrt",
    }  # fmt: skip


def test_what_a_star_import_brought_is_known_by_where_it_is_from(params):
    pytest.importorskip("sklearn")
    stars = "from sklearn.linear_model import *\nfrom numpy import *\nfrom json import *"
    assert params(stars, "x = linspace(0, 1, num=5)\nridge = Ridge(alpha=.3).fit(x.reshape(-1, 1), x)\ntext = dumps([1], indent=2)") == {"alpha": 0.3}
    assert params("exec('from sklearn import linear_model')", "model = linear_model.Ridge(alpha=.7)") == {"alpha": 0.7}  # as a star import brings it


def test_what_a_statistic_gives_back_and_what_is_drawn_is_no_choice(params):
    pytest.importorskip("statsmodels")
    found = params(
        "import numpy as np\nfrom statsmodels.graphics.api import qqplot\nfrom statsmodels.tsa.stattools import acf\nx = np.sin(np.arange(90.0) ** 2)",
        "r = acf(x, nlags=7, fft=True, qstat=True)\nfig = qqplot(x, line='q', fit=True)",
    )
    assert found == {"nlags": 7}


def test_a_text_that_a_function_is_given_as_its_data_is_no_choice(params):
    code = "def to_numbers(line): return [ord(it) for it in line]\ndef train(text, optimizer='sgd'): return len(text)\n"
    assert params(f"{code}x = to_numbers('Jones')\nloss = train('Albert', optimizer='adam')") == {"optimizer": "adam"}
    assert params("def count(x, stop_words=None): return len(x)\nn = count([1], stop_words='english')") == {"stop_words": "english"}


def test_which_metric_is_asked_for_of_given_predictions_is_no_choice(params):
    pytest.importorskip("catboost")
    assert params("from catboost.utils import eval_metric", "accuracy = eval_metric([0, 1, 1, 0], [0, 1, 0, 0], 'Accuracy')[0]") == {}


def test_nan_in_a_configuration_is_a_param_and_no_search_begins_with_one(params):
    found = params("import numpy as np\ncfg = {'a': float('nan'), 'b': np.nan, 'c': float('inf'), 'd': {'e': 1}}\nlowest = float('inf')")
    assert {name: str(value) for name, value in found.items()} == {"a": "nan", "b": "nan", "c": "inf", "d.e": "1"}


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["for epoch in range(30):\n    w = epoch * 2.0"], {"epochs": 30}),
        (["from tqdm import tqdm\nfor episode in tqdm(range(1, 31)):\n    w = episode * 2.0"], {"episodes": 30}),
        (["def train():\n    for it in range(40):\n        w = it * 2.0", "train()"], {"iterations": 40}),
        (["episodes = 50\nfor it in range(10):\n    for e in range(int(episodes / 10)):\n        w = e * 2.0"], {"episodes": 50}),
        (["def train():\n    for it in range(40):\n        w = it * 2.0", "w = 1.0"], {"w": 1.0}),
        (["for i in range(50):\n    w = i * 2.0\n    if i % 10 == 0:\n        print('Epoch {}: {}'.format(i, w))"], {"epochs": 50}),
        (["for i in range(50):\n    print('Row', i)"], {}),
        (["n = 5\nfor epoch in range(n):\n    w = epoch"], {"n": 5}),
        (["from tqdm.notebook import tqdm\nrounds = 20\nfor i in tqdm(range(rounds)):\n    w = i * 2.0"], {"rounds": 20}),
        (["for i in range(300):\n    loss = f(w)\n    loss.backward()\n    opt.step()"], {"iterations": 300}),
        (["for i in range(5):\n    for x in batches:\n        f(x).backward()\n        opt.step()"], {"epochs": 5}),
        (["for j in range(3):\n    for i in range(50):\n        f(w).backward()\n        opt.step()"], {"iterations": 50}),
        (["for fold in range(5):\n    f(w).backward()\n    opt.step()"], {}),
        (["for j in range(5):\n    while going:\n        f(w).backward()\n        opt.step()"], {}),
        (["for i in range(4):\n    (f(w) / 4).backward()"], {}),
        (["for i in range(300):\n    w.data -= 0.05 * w.grad"], {"iterations": 300, "learning_rate": 0.05}),
        (
            ["def fit(w):\n    for t in range(200):\n        grad = X.T @ (X @ w - y)\n        w = w - grad * 0.1\n    return w", "fit(w)"],
            {"iterations": 200, "learning_rate": 0.1},
        ),
        (["for i in range(9):\n    w -= 0.5 * dw\n    b -= 0.1 * db"], {"iterations": 9}),
        (["for i in range(9):\n    w -= 0.2 * dw / m"], {"iterations": 9, "learning_rate": 0.2}),
        (["for i in range(9):\n    self.w[k] = self.w[k] - 0.2 * (1 / m) * self.dw[k]"], {"iterations": 9, "learning_rate": 0.2}),
        (["for i in range(9):\n    w += -0.3 * grad"], {"iterations": 9, "learning_rate": 0.3}),
        (["for i in range(9):\n    w -= 0.5 * width"], {}),
        (["for i in range(9):\n    s += 0.5 * dw\n    v += 0.01 * dv\n    x -= 0.1 * dt\n    img = img + 0.5 * gradient"], {}),
        (["for epoch in range(1):\n    w = epoch", "if False:\n    for epoch in range(9):\n        w = epoch"], {}),
    ],
    ids=str,
)
def test_how_often_a_loop_runs(params, cells, found):
    assert params(*cells) == found


def test_what_is_asked_of_models_and_lists_of_data_are_no_choice(params):
    pytest.importorskip("sklearn")
    imports = "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV, cross_val_score\nX, y = [[i] for i in range(9)], list(range(9))"
    assert params(imports, "s = cross_val_score(Ridge(alpha=3), X, y, cv=3, scoring='neg_mean_squared_error')") == {"alpha": 3, "cv": 3}
    found = params(imports, "s = GridSearchCV(Ridge(), {'alpha': [1, 2]}, cv=3, scoring='neg_mean_squared_error').fit(X, y)")
    assert found["scoring"] == "neg_mean_squared_error"
    assert params("def score(y, p, w): return sum(y) - sum(p) * w[0]", "y_test = [3, 6]\ny_pred = [0, 0]\nw = [2, 1]\ns = score(y_test, y_pred, w)") == {
        "w": [2, 1]
    }


def test_data_made_by_a_recipe_is_a_choice_of_the_experiment(params):
    pytest.importorskip("sklearn")
    found = params("from sklearn.datasets import make_moons\nX, y = make_moons(n_samples=200, noise=.3, random_state=0)\nw = X.sum() / len(y)")
    assert found == {"n_samples": 200, "noise": 0.3, "random_state": 0}


def test_when_and_where_code_runs_is_no_choice_of_an_experiment(params):
    setup = "import threading, time, asyncio\nfrom concurrent.futures import ThreadPoolExecutor\ndef f(): pass\ndef train(lr, optimizer): pass"
    code = "timer = threading.Timer(1.0, f)\npause = 0.001\ntime.sleep(pause)\nasyncio.Semaphore(3)\npool = ThreadPoolExecutor(max_workers=4)\npool.shutdown()"
    assert params(setup, code) == {}
    assert params(setup, "lr, optimizer = .1, 'adam'\nthread = threading.Thread(target=train, args=(lr, optimizer))") == {"lr": 0.1, "optimizer": "adam"}


def test_an_estimator_keeps_all_its_params_as_an_artifact(notebook):
    pytest.importorskip("sklearn")
    from nbtrack.capture.estimators import Estimators

    found = notebook(Estimators()).run("from sklearn.linear_model import Ridge\nmodel = Ridge(alpha=.5)")
    kept = {}
    found["fact", "params/model.json"].keep(SimpleNamespace(artifact_bytes=lambda path, data: kept.update({path: json.loads(data)})))
    assert found["param", "alpha"].value == 0.5
    assert kept["params/model.json"]["class"] == "Ridge"
    assert kept["params/model.json"]["solver"] == "auto"


def test_an_optimizer_and_a_module_of_torch_keep_their_params(notebook):
    pytest.importorskip("torch")
    from nbtrack.capture.arguments import Arguments
    from nbtrack.capture.estimators import Estimators

    found = notebook(Estimators(), Arguments()).run(
        "import torch\nnet = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Dropout(p=0.25))\nopt = torch.optim.SGD(net.parameters(), lr=.1, momentum=.9)"
    )
    assert {name: it.value for (kind, name), it in found.items() if kind == "param"} == {"optimizer": "SGD", "lr": 0.1, "momentum": 0.9, "p": 0.25}
    kept = {}
    for name in ("params/opt.json", "params/net.json"):
        found["fact", name].keep(SimpleNamespace(artifact_bytes=lambda path, data: kept.update({path: json.loads(data)})))
    assert (kept["params/opt.json"]["class"], kept["params/opt.json"]["weight_decay"]) == ("SGD", 0)
    assert kept["params/net.json"] == {"class": "Sequential", "parameters": 3, "trainable_parameters": 3}


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("rate = .2\nopt = torch.optim.SGD(w, lr=rate)", {"rate": 0.2}),
        ("rate = .2\nopt = torch.optim.SGD(w, lr=rate / 4)", {"rate": 0.2, "lr": 0.05}),
        ("exec('opt = torch.optim.SGD(w, lr=.3, momentum=.9, nesterov=True)')\nopt = opt", {"lr": 0.3, "momentum": 0.9, "nesterov": True}),
        ("opt = torch.optim.SGD(w)", {}),
        ("opt = torch.optim.Adam(w, lr=torch.ones(2)[0] / 8)", {}),  # a tensor
        ("for rate in (.1, .2):\n    opt = torch.optim.SGD(w, lr=rate)", {"rate": [0.1, 0.2]}),
    ],
)
def test_what_an_optimizer_was_given_and_no_code_says_is_a_param(params, made, found):
    pytest.importorskip("torch")
    seen = params("import torch\nw = [torch.nn.Parameter(torch.ones(1))]", made)
    assert {name: value for name, value in seen.items() if name != "optimizer"} == found


def test_a_search_gives_its_grid_and_its_best(params):
    pytest.importorskip("sklearn")
    found = params(
        "import numpy as np\nfrom sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV\nX = np.arange(40.).reshape(20, 2) % 7\ny = X.sum(axis=1)",
        "search = GridSearchCV(Ridge(), {'alpha': [.1, 1.]}, cv=4).fit(X, y)",
    )
    assert found == {"param_grid": {"alpha": [0.1, 1.0]}, "cv": 4, "best.alpha": 0.1}


def test_one_value_that_has_a_name_is_one_param(params):
    pytest.importorskip("sklearn")
    cells = "trees = 50\nfrom sklearn.ensemble import RandomForestClassifier", "forest = RandomForestClassifier(n_estimators=trees, max_depth=3)"
    assert params(*cells) == {"trees": 50, "max_depth": 3}


def test_inside_one_run_a_literal_waits_until_it_is_used(params):
    assert params("lr = 0.1", is_own=False) == {}
    assert params("lr = 0.1", "w = 1 - lr", is_own=False) == {"lr": 0.1}


HOSTILE = """
class Meta(type):
    def __instancecheck__(cls, other): raise RuntimeError("instancecheck")
    def __getattribute__(cls, name): raise RuntimeError(name)
class Config(metaclass=Meta):
    lr = 0.1
    def __getattribute__(self, name): raise RuntimeError(name)
    def __repr__(self): raise RuntimeError("repr")
    def __eq__(self, other): raise RuntimeError("eq")
    def __len__(self): raise RuntimeError("len")
    def __iter__(self): raise RuntimeError("iter")
    def __float__(self): raise RuntimeError("float")
    def __hash__(self): raise RuntimeError("hash")
config = Config()
"""


def test_objects_that_raise_are_only_looked_at(params):
    assert params(HOSTILE, "value = config, config") == {"lr": 0.1}


def test_steps_of_the_notebooks_own_classes_are_not_asked_for_their_params(params, capsys):
    pytest.importorskip("sklearn")
    own = "class Loud(BaseEstimator):\n    def get_params(self, deep=True):\n        print('asked')\n        raise RuntimeError('asked')\n    def fit(self, X, y=None): return self\n"
    setup = "from sklearn.base import BaseEstimator\nfrom sklearn.pipeline import Pipeline\nfrom sklearn.linear_model import Ridge\n"
    assert params(setup + own, "model = Pipeline([('loud', Loud()), ('inner', Pipeline([('again', Loud()), ('ridge', Ridge(alpha=0.5))]))])") == {"alpha": 0.5}
    assert capsys.readouterr().out == ""


def test_properties_of_a_configuration_are_not_run():
    ran = []

    class Config:
        lr = 0.1

        @property
        def slow(self):
            ran.append(1)

    Config.__module__ = "__main__"
    assert fields_of(Config())["lr"] == 0.1
    assert ran == []


def test_a_config_that_holds_itself_ends(params):
    found = params(
        "config = {'lr': .1}\nconfig['self'] = config",
        "from types import SimpleNamespace\nargs = SimpleNamespace(lr=.2)\nargs.args = args\nx = args.lr + config['lr']",
    )
    assert found.pop("config.lr", found.pop("args.lr", None)) is not None
    assert len(found) < 10


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x =",
        "%%bash\nls",
        "import *",
        "[i for i in range(3)]",
        "async def f(): pass",
        "a, *b = 1, 2",
        "x = 9 ** 9 ** 9 if 0 else 1",
        "lr = 'a' * 10**9 if 0 else 2",
    ],
)
def test_any_cell_is_read_without_an_error(notebook, code):
    book = notebook(*(source() for source in SOURCES if source.kind == "params"))
    book.run(code)


@pytest.mark.parametrize("source", [it for it in SOURCES if it.kind == "params"], ids=lambda it: it.name)
def test_every_source_of_params_keeps_the_contract(notebook, source):
    assert issubclass(source, Source)
    made = source()
    made.start(None)
    found = notebook(made).run("lr = 0.1\nconfig = {'epochs': 3}\ndef train(lr, steps=4): return config['epochs']\ntrain(lr)")
    assert all(it.rule and it.kind in ("param", "fact") for it in found.values())
    made.stop()


@pytest.mark.parametrize(
    "made",
    [
        "ns = SimpleNamespace(lr=0.1)\nns.me = ns",
        "ns = SimpleNamespace(lr=0.1)\nns.other = SimpleNamespace(back=ns)",
        "ns, box = SimpleNamespace(lr=0.1), {}\nbox['ns'] = ns\nns.box = box",
    ],
)
def test_a_namespace_that_holds_itself_is_told_once(params, made):
    assert params(f"from types import SimpleNamespace\n{made}", "x = ns.lr * 2") == {"lr": 0.1}


MODELS = "class A:\n    def __init__(self, width): self.width = width\nclass B:\n    def __init__(self, depth): self.depth = depth\n"
MAKE = "def make(kind, deep=False):\n    if kind == 'tree' and not deep:\n        return B(depth=3)\n    if deep:\n        raise ValueError\n        return B(depth=9)\n    return A(width=5)\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("simple = True\nm = A(width=5) if simple else B(depth=3)", {"width": 5}),
        ("simple = True\nif not simple:\n    m = B(depth=3)\nelse:\n    m = A(width=5)", {"width": 5}),
        ("kind = 'b'\nif kind == 'a':\n    m = A(width=5)\nelif kind in ('b', 'c'):\n    m = B(depth=3)\nelse:\n    m = B(depth=7)", {"depth": 3}),
        ("n = 4\nif n > 3 or other():\n    m = A(width=5)\nelse:\n    m = B(depth=3)", {"width": 5}),
        (f"{MAKE}m = make('tree')", {"depth": 3}),
        (f"{MAKE}m = make(deep=False, kind='line')", {"width": 5}),
        (f"{MAKE}m = [make('line'), make('tree')]", {"width": 5, "depth": 3}),
        (f"{MAKE}m = [make(it) for it in ['tree']]", {"width": 5, "depth": 3}),
        (f"{MAKE}maker = make\nm = maker('tree')", {"width": 5, "depth": 3}),
        ("def wide(): return A(width=5)\ndef deep(): return B(depth=3)\nuses_trees = False\nm = deep() if uses_trees else wide()", {"width": 5}),
        ("flag = True\nfor i in range(2):\n    m = A(width=5) if flag else B(depth=3)\n    flag = False", {"width": 5, "depth": 3}),
        ("def turn():\n    global flag\n    flag = False\nflag = True\nturn()\nm = A(width=5) if flag else B(depth=3)", {"width": 5, "depth": 3}),
        ("import os\nm = A(width=5) if os.path.exists('nowhere') else B(depth=3)", {"width": 5, "depth": 3}),
        ("def f(flag):\n    return A(width=5) if flag else B(depth=3)\nflag = True\nm = f(not flag)", {"depth": 3}),
        ("m = A(width=5)\nraise ValueError\nm = B(depth=3)", {"width": 5}),
    ],
)
def test_arguments_of_code_that_literals_rule_out_are_no_params(params, code, found):
    assert {name: value for name, value in params(MODELS, code).items() if name in ("width", "depth")} == found


def test_a_flag_of_an_earlier_cell_settles_a_test_while_it_has_its_value(params):
    tested = "m = A(width=5) if simple else B(depth=3)"
    assert "depth" not in params(MODELS, "simple = True", tested)
    found = params(MODELS, "simple = True", tested, "simple = False", "width = m.width * 2\nprint(width)")
    assert found["depth"] == 3


TUNES = "def tune():\n    best, found = 0, None\n    for lr in (0.1, 0.2):\n        if lr > best:\n            best, found = lr, dict(lr=lr, depth=2)\n    return found, best\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("best_cfg, best = tune()", {"lr": 0.2, "depth": 2}),
        ("best_params, _ = tune()", {"lr": 0.2, "depth": 2}),
        ("params, _ = tune()", {}),  # may be what was learned
        ("def made(): return {'lr': 0.1, 'W': [0.5]}\nconfig = made()", {}),
        (
            'import json\nargs = json.loads(\'{"train": {"epochs": 3, "widths": [4, 8]}, "data": {"path": "/tmp/x.csv"}}\')',
            {"train.epochs": 3, "train.widths": [4, 8]},
        ),
        ("import io, json\nwith io.StringIO('{\"lr\": 0.5}') as file:\n    params = json.load(file)", {"lr": 0.5}),
        ("import json\nrows = json.loads('{\"lr\": 0.5}')", {}),
        ("import pickle\nparams = pickle.loads(pickle.dumps({'b': 0.5}))", {}),
        ("import json\ndef load_config(): return json.loads('{\"betas\": [0.9, 0.99]}')\nconfig = load_config()", {"betas": [0.9, 0.99]}),
        ("import json\nconfig = json.loads('{\"train\": {\"lr\": 0.5}}')['train']", {"lr": 0.5}),
        ('from json import loads as read\nconfig = read(\'{"lr": 0.5, "betas": [0.9, 0.99]}\')', {"lr": 0.5, "betas": [0.9, 0.99]}),
    ],
)
def test_settings_that_a_function_chose_are_params(notebook_of, code, found):
    notebook = notebook_of(Configs())
    notebook.run(TUNES)
    assert {name: value for (_, name), value in notebook.tracked(code).items()} == found


def test_what_opens_doors_is_no_param(notebook_of):
    held = {"db": {"pwd": "a", "retries": 3}, "service": {"auth": "b", "timeout_factor": 2}, "api_key": "c", "port": 80, "user_dim": 8, "plot": {"size": 2}}
    notebook = notebook_of(Configs())
    notebook.namespace["text"] = json.dumps(held)
    assert {name: value for (_, name), value in notebook.tracked("import json\nconfig = json.loads(text)").items()} == {
        "user_dim": 8,
        "service.timeout_factor": 2,
    }


def test_settings_of_a_file_that_the_cell_changes_are_what_it_made_of_them(notebook_of):
    notebook = notebook_of(Configs())
    notebook.run('import json\nconfig = json.loads(\'{"lr": 0.5, "k": 3}\')')
    assert {name: value for (_, name), value in notebook.tracked("config.update(lr=0.1)\nconfig['k'] = 4\nw = config['lr']").items()} == {"lr": 0.1, "k": 4}


def test_settings_that_an_earlier_cell_read_are_params_of_the_cell_that_uses_them(notebook_of):
    notebook = notebook_of(Configs())
    notebook.run('import json\nconfig = json.loads(\'{"train": {"epochs": 3}}\')\nother_config = json.loads(\'{"lr": 0.5}\')')
    assert {name: value for (_, name), value in notebook.tracked("for _ in range(config['train']['epochs']): pass").items()} == {"train.epochs": 3}


def test_another_seed_of_a_later_cell_is_a_later_value(notebook_of):
    from nbtrack.capture.arguments import Arguments

    notebook = notebook_of(Arguments())
    notebook.tracked("import random")
    run = notebook.runs[0]
    first = notebook.run("random.seed(3)\nx = random.random()", tracked=True, shared=run)
    again = notebook.run("random.seed(3)\ny = random.random()", tracked=True, shared=run)
    later = notebook.run("random.seed(4)\nz = random.random()", tracked=True, shared=run)
    both = notebook.run("random.seed(5)\nrandom.seed(6)", tracked=True, shared=run)
    assert (first, again, later, both) == ({("param", "seed"): 3}, {}, {("param", "seed"): 4}, {("param", "seed"): 5})


def test_of_the_activations_of_keras_layers_those_are_params_that_were_chosen(params, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    layers = "keras.layers.Dense(4, activation='{}'), keras.layers.Dense({}, activation='{}')"
    for hidden, size, last in (("relu", 1, "sigmoid"), ("sigmoid", 3, "softmax")):
        found = params("import keras", f"m = keras.Sequential([{layers.format(hidden, size, last)}])")
        assert {name: value for name, value in found.items() if "activation" in name} == {"activation": hidden}


def test_a_grid_is_told_whole_also_where_its_values_are_made_by_calls(params):
    cells = (
        "import numpy as np\ndef search(grid): return len(grid)",
        "grid = {'C': np.logspace(-3, 3, 7), 'k': range(1, 10), 'kernel': ['rbf', 'linear']}\nsearch(grid)",
    )
    assert params(*cells)["grid"] == {"C": "np.logspace(-3, 3, 7)", "k": "range(1, 10)", "kernel": ["rbf", "linear"]}
    assert params(cells[0], "x = 3\ngrid = {'C': [1, 2], 'k': max(1, x), 'n': range(x)}\nsearch(grid)")["grid"] == {"C": [1, 2], "n": "range(x)"}
    assert params(cells[0], "param_dist = {'C': np.geomspace(1, 2, 3), 'k': list(range(2))}\nsearch(param_dist)")["param_dist"] == {
        "C": "np.geomspace(1, 2, 3)", "k": "list(range(2))",
    }  # fmt: skip
    secret = "import os\ndef connect(a): return a\ncfg = {'k': [1, 2], 'api_key': [7], 'c': connect('sk-1'), 'e': os.environ.get('A', 'b'), 'f': range(int('3'))}\nsearch(cfg)"
    assert params(cells[0], secret)["cfg"] == {"k": [1, 2]}
    assert "k" not in params(cells[0], "config = {'lr': 0.1, 'k': range(1, 10)}\nfor it in range(config['lr'] > 0): search(config)")


def test_an_argument_has_its_literal_though_something_else_goes_by_its_name(params):
    cells = (
        "def fit(x, threshold=0):\n    return sum(x) > threshold\ndef curve(x):\n    return x, x[1:]",
        "recall, threshold = curve([1, 2])\nfit([3], threshold=-1)",
    )
    assert params(*cells)["threshold"] == -1
    assert "threshold" not in params(cells[0], "for threshold in curve([0.1, 0.2])[0]:\n    fit([3], threshold)\nfit([3], threshold=-1)")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("m = Sequential([Dense(16, activation='relu'), Dense(8), Dense(1)])", {"units": [16, 8]}),
        ("m = Sequential()\nm.add(Dense(16))\nm.add(Dense(units=1))", {"units": 16}),
        ("m = Sequential([Dense(3, activation='softmax')])", {}),
        ("n = 16\nm = Sequential([Dense(n), Dense(1)])", {"n": 16}),
        ("a = Sequential([Dense(16), Dense(1)])\nb = Sequential([Dense(4), Dense(2), Dense(1)])", {"a.units": 16, "b.units": [4, 2]}),
        ("def build():\n    m = Sequential()\n    m.add(Dense(5))\n    m.add(Dense(1))\n    return m\nm = build()", {"units": 5}),
        ("def build():\n    return Sequential([Dense(5), Dense(1)])\nm = build()", {"units": 5}),
        ("i = keras.Input((3,))\na = Dense(1)(Dense(8)(Dense(16)(i)))\nm = keras.Model(i, a)", {}),
        ("m = Sequential([*[Dense(7) for _ in range(3)], Dense(1)])", {}),
        ("m = Sequential()\nfor n in (1, 2):\n    m.add(Dense(7))\nm.add(Dense(1))", {}),
    ],
)
def test_widths_of_the_hidden_layers_of_keras_models_are_params(params, monkeypatch, code, found):
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    them = params("import keras\nfrom keras import Sequential\nfrom keras.layers import Dense", code)
    assert {name: value for name, value in them.items() if "units" in name or name == "n"} == found


def test_a_switch_of_what_a_function_does_is_no_param(params):
    code = "def step(validation=False, lr=0.1, trace=True):\n    return lr\nfor _ in range(3):\n    loss = step(validation=False, lr=0.3, trace=False)"
    assert {name for name in params(code) if name in ("validation", "trace", "lr")} == {"lr"}


@pytest.mark.parametrize(
    ("seen", "values", "found"),
    [
        ({}, [100], [("epochs", 100)]),
        ({"epochs": "100"}, [50], [("fit.epochs", 50)]),
        ({"epochs": "100", "fit.epochs": "50"}, [200], [("fit.epochs", 200)]),
        ({"epochs": "100", "fit.epochs": "50"}, [50], []),
        ({"epochs": "100", "fit.epochs": "50"}, [200, 300], []),
    ],
)
def test_a_third_value_of_a_run_is_a_later_one_of_the_name_that_tells_most(seen, values, found):
    cell = SimpleNamespace(run=SimpleNamespace(params_seen=seen), entry=SimpleNamespace(facts={}))
    them = (naming.Candidate("epochs", value, "argument of fit()", ("fit",)) for value in values)
    assert [(it.name, it.value) for it in naming.params(cell, them)] == found
