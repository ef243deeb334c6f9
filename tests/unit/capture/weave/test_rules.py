"""Which loops give which curves."""

from __future__ import annotations

import json

import pytest

from nbtrack.journal import Home, blobs, fold
from nbtrack.magics.line import RunLine

from .conftest import recorded

CASES = {
    "a value whose other name is nobody's": (
        "for e in range(3):\n    loss = 1 / (e + 1)\n    _l = float(loss)\n    print('loss:', _l)",
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "what a loop computes beside lists that say no measure": (
        "rows, rates = [[], []], [1, 2]\nfor r, row in zip(rates, rows):\n    score = 1 / (r + 1)\n    print('score:', score)\n    row.append(score)",
        {"score": [0.5, 1 / 3]},
    ),
    "a value by the name under which it is told": (
        "for e in range(3):\n    loss = 1 / (e + 1)\n    train_loss = float(loss)\n    print('loss:', train_loss)\n    mse = 2 / (e + 1)\n    half = mse / 2",
        {"train_loss": [1.0, 0.5, 1 / 3], "mse": [2.0, 1.0, 2 / 3]},
    ),
    "lists that a loop fills side by side": (
        "rates, losses = [1, 2], [[], []]\nfor e in range(3):\n    for r, l in zip(rates, losses):\n        loss = 1 / (r + e)\n        l.append(loss)",
        {"losses_0": [1.0, 0.5, 1 / 3], "losses_1": [0.5, 1 / 3, 0.25]},
    ),
    "lists that a loop with a counter fills side by side": (
        "test_errors = [[], []]\nfor e in range(3):\n    for i, it in enumerate(test_errors):\n        it.append(1 / (i + e + 1))",
        {"test_errors_0": [1.0, 0.5, 1 / 3], "test_errors_1": [0.5, 1 / 3, 0.25]},
    ),
    "a list that is made where it is drawn": (
        "class M:\n    def __init__(self, k): self.k = k\n    def bic(self, X): return 1 / self.k\n    def name(self, X): return self.k / 7\n"
        "class plt:\n    def plot(*a, **k): pass\n"
        "ks = [1, 2, 4]\nmodels = [M(k) for k in ks]\nplt.plot(ks, [m.bic(0) for m in models], label='BIC')\nplt.plot(ks, [m.name(0) for m in models])",
        {"bic": [1.0, 0.5, 0.25]},
    ),
    "sums at the step of the loop around": (
        "losses = [0] * 3\nfor e in range(3):\n    for b in range(4):\n        loss = b / (e + 1)\n        losses[e] += loss * 2\n    losses[e] /= 8",
        {"losses": [1.5, 0.75, 0.5]},
    ),
    "the key under which each record has it": (
        "class M:\n    def score(self, k): return 1 / k\nrows = []\nfor k in [1, 2, 4]:\n    row = {}\n    sc = M().score(k)\n    row['accuracy'] = sc\n    rows.append(row)",
        {"accuracy": [1.0, 0.5, 0.25]},
    ),
    "scores of folds for each of several settings": (
        "import numpy as np\ndef validation_curve(): return np.array([[1.0, 3.0], [0.5, 1.5]]), np.array([[2.0, 4.0], [0.0, 1.0]])\nval_train, val_test = validation_curve()",
        {"val_train": [2.0, 1.0], "val_test": [3.0, 0.5]},
    ),
    "scores of folds for each of several settings, of the last model of a loop": (
        "import numpy as np\ndef learning_curve(k): return np.arange(2), np.array([[1.0, 3.0], [0.5, 1.5 * k]])\nfor k in (3, 1):\n    n, train_lc = learning_curve(k)",
        {"train_lc": [2.0, 1.0]},
    ),
    "what a list gets in another sign": (
        "def cross_val_score(k): return -1 / (k + 1)\nmse = []\nfor k in range(3):\n    score = cross_val_score(k)\n    mse.append(-score)",
        {"mse": [1.0, 0.5, 1 / 3]},
    ),
    "the mean of an array that is printed": (
        "import numpy as np\nfor e in range(3):\n    losses = np.array([[1.0, 3.0]]) / (e + 1)\n    print(e, losses.sum(axis=1).mean())",
        {"losses": [4.0, 2.0, 4 / 3]},
    ),
    "of two objects that are trained the second by its name": (
        "class Net:\n    def __init__(self, lr): self.lr, self.losses = lr, []\n    def fit(self):\n        for i in range(3):\n            loss = self.lr / (i + 1)\n"
        "            self.losses.append(loss)\n        return self\nfirst = Net(1.0).fit()\nsecond = Net(3.0).fit()",
        {"loss": [1.0, 0.5, 1 / 3], "second.loss": [3.0, 1.5, 1.0]},
    ),
    "of two models that loops train the second by its name": (
        "from sklearn.linear_model import SGDRegressor\nX, y = [[1.0], [2.0]], [1.0, 2.0]\na, b = SGDRegressor(), SGDRegressor()\n"
        "for e in range(3):\n    a.partial_fit(X, y)\n    loss = 1 / (e + 1)\nfor e in range(3):\n    b.partial_fit(X, y)\n    loss = 3 / (e + 1)\n"
        "for e in range(3):\n    b.partial_fit(X, y)\n    loss = 5 / (e + 1)",
        {"loss": [1.0, 0.5, 1 / 3], "b.loss": [3.0, 1.5, 1.0], "loss_2": [5.0, 2.5, 5 / 3]},
    ),
    "of a function that looks at a model by what it does": (
        "from sklearn.linear_model import SGDRegressor\na = SGDRegressor().partial_fit([[1.0]], [1.0])\n"
        "def look(model):\n    for b in range(2):\n        loss = (b + 7) / 3\n"
        "for e in range(3):\n    loss = 1 / (e + 1)\nlook(a)",
        {"loss": [1.0, 0.5, 1 / 3], "look.loss": [7 / 3, 8 / 3]},
    ),
    "of two lists that a function gives back the second by its name": (
        "def fit(lr):\n    costs = []\n    for i in range(3):\n        cost = lr / (i + 1)\n        costs.append(cost)\n    return costs\nslow_costs = fit(1.0)\nfast_costs = fit(3.0)",
        {"cost": [1.0, 0.5, 1 / 3], "fast_costs": [3.0, 1.5, 1.0]},
    ),
    "a name rebound in a loop": ("loss = 1.0\nfor i in range(5):\n    loss = loss * 0.5", {"loss": [0.5, 0.25, 0.125, 0.0625, 0.03125]}),
    "a while loop": ("err = 1.0\nwhile err > 0.1:\n    err = err / 2", {"err": [0.5, 0.25, 0.125, 0.0625]}),
    "a list that begins with a value before the loop": (
        "x = 4.0\nvalues = [x * x]\nfor i in range(3):\n    x = x / 2\n    values.append(x * x)",
        {"values": [16.0, 4.0, 1.0, 0.25]},
    ),
    "a list of a function that begins with a value, at each call": (
        "def fall(x, n):\n    c = x * x\n    cost = [c]\n    for i in range(n):\n        x = x / 2\n        c = x * x\n        cost.append(c)\n    return x, cost\n"
        "a, b = fall(4.0, 2)\na, b = fall(2.0, 3)",
        {"c": [16.0, 4.0, 1.0], "c_2": [4.0, 1.0, 0.25, 0.0625]},
    ),
    "a list that a callback fills": (
        "def each(f):\n    for i in range(3): f(i)\ntrace = []\ndef callback(i): trace.append(1 / (i + 1))\neach(callback)",
        {"trace": [1.0, 0.5, 1 / 3]},
    ),
    "a list that a method fills at each of its calls": (
        "class Net:\n    def __init__(self): self.losses, self.k = [], 0\n    def step(self):\n        self.k += 1\n        self.losses.append(1 / self.k)\n"
        "net = Net()\nfor i in range(3):\n    net.step()",
        {"losses": [1.0, 0.5, 1 / 3]},
    ),
    "what calls itself": (
        "trace = []\ndef halve(err):\n    trace.append(err)\n    return err if err < 1 else halve(err / 2)\nroot = halve(4.0)",
        {"trace": [4.0, 2.0, 1.0, 0.5]},
    ),
    "a dict that makes its lists": (
        "from collections import defaultdict\nh = defaultdict(list)\nfor i in range(3):\n    for k, v in {'mse': 1 / (i + 1), 'mae': i * i / 7}.items():\n        h[k].append(v)",
        {"mse": [1.0, 0.5, 1 / 3], "mae": [0.0, 1 / 7, 4 / 7]},
    ),
    "phases of a step": (
        "for i in range(3):\n    for phase in ['train', 'val']:\n        epoch_loss = (1 if phase == 'train' else 2) / (i + 1)\n        print(f'{phase} loss: {epoch_loss:.3f}')",
        {"train_loss": [1.0, 0.5, 1 / 3], "val_loss": [2.0, 1.0, 2 / 3]},
    ),
    "a list made anew for each setting": (
        "for lr in (0.5, 0.25):\n    losses = []\n    x = 1.0\n    for i in range(3):\n        x = x * (1 - lr)\n        losses.append(x * x)",
        {"losses": [0.25, 1 / 16, 1 / 64], "losses_2": [0.5625, 0.31640625, 0.177978515625]},
    ),
    "what a generator hands on": (
        "def train(n):\n    for i in range(n):\n        yield 1 / (i + 1)\nlosses = []\nfor loss in train(3):\n    losses.append(loss)",
        {"losses": [1.0, 0.5, 1 / 3]},
    ),
    "the mean that a meter keeps": (
        "class Meter:\n    def __init__(self): self.sum, self.n, self.avg = 0, 0, 0\n"
        "    def update(self, v): self.sum, self.n = self.sum + v, self.n + 1; self.avg = self.sum / self.n\n"
        "for e in range(3):\n    meter = Meter()\n    for b in range(2):\n        meter.update((b + 1) / (e + 1))\n    print('Epoch {0}\\t Loss {loss.avg:.4f}'.format(e, loss=meter))",
        {"loss": [1.5, 0.75, 0.5]},
    ),
    "records of a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass Record:\n    epoch: int\n    loss: float\n"
        "history = []\nfor i in range(3):\n    history.append(Record(i, 1 / (i + 1)))",
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "an index that a loop counts up": (
        "import numpy as np\nerrs, k = np.zeros(3), 0\nwhile k < 3:\n    errs[k] = 1 / (k + 1)\n    k += 1",
        {"errs": [1.0, 0.5, 1 / 3]},
    ),
    "rows of a table": (
        "import pandas as pd\nlog = pd.DataFrame(columns=['epoch', 'loss'])\nfor i in range(3):\n    log.loc[i] = [i, 1 / (i + 1)]",
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "what is drawn of a mean": (
        "import numpy as np, types\nplt = types.SimpleNamespace(plot=lambda *given: None)\nscores = np.array([[1.0, 0.5], [0.5, 0.25]])\nplt.plot([1, 2], scores.mean(axis=1))",
        {"scores": [0.75, 0.375]},
    ),
    "what is drawn of a mean over the last axis, by its label": (
        "import numpy as np, types\nplt = types.SimpleNamespace(plot=lambda *given, **how: None)\nm = types.SimpleNamespace(scores_=np.array([[1.0, 0.5], [0.5, 0.25]]))\n"
        "plt.plot([1, 2], m.scores_.mean(axis=-1), label='mean MSE')",
        {"mean_mse": [0.75, 0.375]},
    ),
    "what a bare name of pylab draws": (
        "import types\nt = types.SimpleNamespace(loss_curve_=[1.0, 0.5])\ndef plot(*given): pass\nplot(t.loss_curve_)",
        {"loss_curve": [1.0, 0.5]},
    ),
    "scores of all candidates that are printed": (
        "import numpy as np, types\ngs = types.SimpleNamespace(cv_results_={'mean_test_score': np.array([0.5, 0.75]), 'mean_fit_time': np.array([0.1, 0.2])})\n"
        "print(gs.cv_results_['mean_test_score'], gs.cv_results_['mean_fit_time'])",
        {"mean_test_score": [0.5, 0.75]},
    ),
    "scores of all candidates that got a name": (
        "import numpy as np, types\ngs = types.SimpleNamespace(cv_results_={'mean_test_score': np.array([0.5, 0.75]), 'mean_train_score': np.array([0.9, 0.8])})\n"
        "res = gs.cv_results_\ntest_score = res['mean_test_score']\ny = gs.cv_results_['mean_train_score']",
        {"test_score": [0.5, 0.75], "mean_train_score": [0.9, 0.8]},
    ),
    "a mean by its key, of what an inner loop calls the same": (
        "def train(n):\n    history = {'loss': [], 'val_loss': []}\n    for epoch in range(n):\n        total = held = 0.0\n        for x, v in ((1, 2), (3, 5)):\n"
        "            loss = x / (epoch + 1)\n            total += loss\n            val_loss = v / (epoch + 1)\n            held += val_loss\n"
        "        history['loss'].append(total / 2)\n        history['val_loss'].append(held / 2)\n    return history\nhistory = train(3)",
        {"loss": [2.0, 1.0, 2 / 3], "val_loss": [3.5, 1.75, 3.5 / 3]},
    ),
    "a list whose name says that it is one": (
        "def train():\n    cost_list, w = [], 1.0\n    def step(i):\n        cost_list.append(w / i)\n    for i in (1, 2, 4):\n        step(i)\n    return w, cost_list\nw, cost_list = train()",
        {"cost_list": [1.0, 0.5, 0.25]},
    ),
    "what is drawn of a median, its axis by position": (
        "import numpy as np, types\nplt = types.SimpleNamespace(plot=lambda *given: None)\nscores = np.array([[1.0, 0.5], [0.5, 0.25]])\nplt.plot([1, 2], np.median(scores, 1))",
        {"scores": [0.75, 0.375]},
    ),
    "a score by whatever name": (
        "class M:\n    def score(self, k): return 1 / k\nout = []\nfor k in [1, 2, 4]:\n    s = M().score(k)\n    out.append(s)",
        {"s": [1.0, 0.5, 0.25]},
    ),
    "a list that keeps the name is the same curve": (
        "losses = []\nfor i in range(4):\n    loss = 1 / (i + 1)\n    losses.append(loss)",
        {"loss": [1.0, 0.5, 1 / 3, 0.25]},
    ),
    "a list alone gives its own name": ("losses = []\nfor i in range(3):\n    losses.append(1 / (i + 1))", {"losses": [1.0, 0.5, 1 / 3]}),
    "a list of a dict": ('h = {"acc": []}\nfor i in range(3):\n    h["acc"].append(1 / (i + 2))', {"acc": [1 / 2, 1 / 3, 1 / 4]}),
    "an entry in a log": (
        'log = []\nfor i in range(3):\n    log.append({"epoch": i, "loss": 1 / (i + 1), "acc": i / 7})',
        {"loss": [1.0, 0.5, 1 / 3], "acc": [0.0, 1 / 7, 2 / 7]},
    ),
    "a setting that a loop changes": (
        "epsilon = 1.0\nr = []\nfor i in range(3):\n    epsilon = 0.1 + 0.9 / (i + 1)\n    r.append(1 / (i + 2))",
        {"epsilon": [1.0, 0.55, 0.4], "r": [0.5, 1 / 3, 0.25]},
    ),
    "one name for several things, each printed and kept": (
        "a, b = [], []\nfor i in range(3):\n    ap = 1 / (i + 1)\n    print('tree', ap)\n    a.append(ap)\n    ap = 1 / (i + 2)\n    print('knn', ap)\n    b.append(ap)",
        {"a": [1, 0.5, 1 / 3], "b": [0.5, 1 / 3, 0.25]},
    ),
    "what is learned row by row": (
        "import types\nt = types.SimpleNamespace(iloc=[1.5, 2.5, 3.75])\nw = 1.0\nfor j in range(3):\n    error = t.iloc[j] - w\n    w = w + error / 2\n    print('error', error)",
        {"error": [0.5, 1.25, 1.875]},
    ),
    "what lists get of each row": (
        "import types\nt = types.SimpleNamespace(iloc=[1.5, 2.5, 3.75])\nerrors = []\nfor j in range(3):\n    error = abs(t.iloc[j] * 0.5 - 1)\n    errors.append(error)",
        {"error": [0.25, 0.25, 0.875]},
    ),
    "how many steps an episode took, by its length": (
        "def play(k): return [0] * (1 + k * k % 5)\nfor episode in range(4):\n    path = play(episode)\n    print('steps taken: ' + str(len(path) - 1))",
        {"steps_taken": [0, 1, 4, 4]},
    ),
    "how many steps an episode took, by a counter": (
        "for episode in range(4):\n    s, steps = 0, 0\n    while s < episode * episode % 5:\n        s += 1\n        steps += 1\n    print(f'Episode {episode}: steps = {steps}')",
        {"steps": [0, 1, 4, 4]},
    ),
    "of what is summed the sum": (
        "def step(t): return 1 / (t + 1)\nfor e in range(3):\n    total_reward = 0\n    for t in range(e + 2):\n        reward = step(t)\n        total_reward += reward\n    print('reward', total_reward)",
        {"total_reward": [1.5, 1 + 1 / 2 + 1 / 3, 1 + 1 / 2 + 1 / 3 + 1 / 4]},
    ),
    "of batches that are summed up the epoch": (
        "def evaluate(n):\n    losses = []\n    for batch in [3.0, 1.0, n]:\n        loss = batch * batch / 7\n        losses.append(loss)\n    return sum(losses) / len(losses)\n"
        "for e in range(3):\n    valid_loss = evaluate(e + 1.0)",
        {"valid_loss": [(9 + 1 + (e + 1) ** 2) / 21 for e in range(3)]},
    ),
    "the best of a list": (
        "def go():\n    h = []\n    for g in range(3):\n        fits = [(g * g + k) / 4 for k in range(3)]\n        best_fit = max(fits)\n        h.append((best_fit, g))\n"
        "        print(f'Best fitness = {best_fit}')\ngo()",
        {"best_fit": [0.5, 0.75, 1.5]},
    ),
    "the last of a list now and then": (
        "def go(n):\n    J_history = []\n    for i in range(n):\n        J_history.append(1 / (i + 1))\n        if i % 400 == 0:\n            print('Cost', J_history[-1])\ngo(1600)",
        {"J_history": [1 / (i + 1) for i in range(1600)]},
    ),
    "a list that is lengthened": (
        "import numpy as np\na, b = [], np.array([])\nfor i in range(3):\n    a += [1 / (i + 1)]\n    b = np.append(b, i * i / 7)",
        {"a": [1.0, 0.5, 1 / 3], "b": [0.0, 1 / 7, 4 / 7]},
    ),
    "names of a tuple": (
        "h = []\nfor i in range(3):\n    loss, acc = 1 / (i + 1), (i * i) / 5\n    h.append((loss, acc))",
        {"loss": [1.0, 0.5, 1 / 3], "acc": [0.0, 0.2, 0.8]},
    ),
    "printed lines": (
        'for e in range(3):\n    print(f"Epoch {e}, loss: {1 / (e + 1):.2f}, acc: {e * e / 9:.1%}")',
        {"loss": [1.0, 0.5, 1 / 3], "acc": [0.0, 1 / 9, 4 / 9]},
    ),
    "a score that is printed without a label": (
        "def score(k): return 1 / (k * k)\nfor k in [1, 2, 4]:\n    print(k, score(k))",
        {"score": [1.0, 0.25, 0.0625]},
    ),
    "what follows an index": (
        'def f(k): return 1 / (k + 1)\nfor i in range(3):\n    print("Cost after iteration %i: %f" % (i, f(i)))',
        {"cost": [1.0, 0.5, 1 / 3]},
    ),
    "an abbreviation that is printed with a word": (
        'def f(k): return 1 / (k + 1)\nfor i in range(3):\n    s = f(i)\n    print(f"Epoch {i}, accuracy: {s}")',
        {"accuracy": [1.0, 0.5, 1 / 3]},
    ),
    "a history that another module's function gives": (
        "import types\nlib = types.SimpleNamespace(train=lambda: (3, [1.0, 0.5, 0.25]))\ntheta, cost_history = lib.train()",
        {"cost_history": [1.0, 0.5, 0.25]},
    ),
    "a list of what a function that measures gives": (
        "def squared_error(a): return a * a / 7\nfehler = [squared_error(it) for it in [3.0, 1.0, 2.0]]",
        {"fehler": [9 / 7, 1 / 7, 4 / 7]},
    ),
    "numbers kept by a setting": ("r = {}\nfor k in (1, 2.5, 7):\n    r[k] = 1 / (k + 1)", {"r": [0.5, 1 / 3.5, 0.125]}),
    "numbers written by hand under settings": (
        "def score(k): return 1 / (k + 1)\nscores = {1: score(1), 2.5: score(2.5)}\nscores[7] = score(7)",
        {"scores": [0.5, 1 / 3.5, 0.125]},
    ),
    "numbers given to a dict by a call": (
        "a, b = {}, {}\nfor k in (1, 2, None):\n    a.setdefault(k, 1 / ((k or 6) + 1))\n    b.update({k: 1 / ((k or 6) + 2)})",
        {"a": [0.5, 1 / 3, 1 / 7], "b": [1 / 3, 0.25, 0.125]},
    ),
    "settings and scores put together": ("ks = [1, 2, 7]\nscores = dict(zip(ks, [1 / (k + 1) for k in ks]))", {"scores": [0.5, 1 / 3, 0.125]}),
    "what a function gives by setting": (
        "def sweep(ks):\n    found = {}\n    for k in ks:\n        found[k] = 1 / (k + 1)\n    return found\nerrors = sweep([1, 2, 7])",
        {"errors": [0.5, 1 / 3, 0.125]},
    ),
    "settings within settings": (
        "mean_return = {}\nfor eps in (0.1, 0.2):\n    mean_return[eps] = {}\n    for a in (1, 2, 4):\n        mean_return[eps][a] = eps / a",
        {"mean_return.0.1": [0.1, 0.05, 0.025], "mean_return.0.2": [0.2, 0.1, 0.05]},
    ),
    "settings within settings, by a comprehension": (
        "mean_return = {eps: {a: float(eps) / a for a in (1, 2, 4)} for eps in (0.5, 1)}",
        {"mean_return.0.5": [0.5, 0.25, 0.125], "mean_return.1": [1.0, 0.5, 0.25]},
    ),
    "several settings at once": (
        "scores = {}\nfor lr in (0.5, 1):\n    for m in (1, 2):\n        scores[lr, m] = max(lr / m, 0)",
        {"scores": [0.5, 0.25, 1.0, 0.5]},
    ),
    "settings of several models": (
        "results = {}\nfor name in ('ridge', 'lasso'):\n    results[name] = {}\n    for a in (1, 2, 4):\n        results[name][a] = max(len(name) / a, 0) + a * (name < 'n')",
        {"results.ridge": [5.0, 2.5, 1.25], "results.lasso": [6.0, 4.5, 5.25]},
    ),
    "several measures of each setting": (
        "out = {}\nfor a in (1, 2, 4):\n    out[a] = {'mse': 1 / a, 'r2': 1 - a / 8, 'fit_time': 0.5 * a * a}",
        {"mse": [1.0, 0.5, 0.25], "r2": [0.875, 0.75, 0.5]},
    ),
    "a tuple of measures of each setting": (
        "scores = {}\nfor a in (1, 2, 4):\n    mse, r2 = 1 / a, 1 - a * a / 32\n    scores[a] = mse, r2",
        {"mse": [1.0, 0.5, 0.25], "r2": [1 - 1 / 32, 0.875, 0.5]},
    ),
    "a list of each setting": (
        "from collections import defaultdict\nlosses, seen = defaultdict(list), {}\nfor lr in (0.5, 0.25):\n    x = 1.0\n    for epoch in range(3):\n        x = x * (1 - lr)\n"
        "        losses[lr].append(x * x)\n        seen.setdefault((lr, 'mae'), []).append(abs(x) * 3)",
        {
            "losses.0.5": [0.25, 1 / 16, 1 / 64],
            "losses.0.25": [0.5625, 0.31640625, 0.177978515625],
            "seen.0.5.mae": [1.5, 0.75, 0.375],
            "seen.0.25.mae": [2.25, 1.6875, 1.265625],
        },
    ),
    "a list of each of several models": (
        "accs = {}\nfor name in ('ridge', 'svm'):\n    accs[name] = []\n    for a in (1, 2, 4):\n        accs[name].append(len(name) / (a + 1) ** len(name))",
        {"accs.ridge": [5 / 32, 5 / 243, 5 / 3125], "accs.svm": [3 / 8, 3 / 27, 3 / 125]},
    ),
    "the epochs of one training are no settings": (
        "losses = {}\nfor epoch in range(2):\n    losses[epoch] = []\n    for b in range(3):\n        loss = 1 / (epoch * 3 + b + 1)\n        losses[epoch].append(loss)",
        {"loss": [1.0, 0.5, 1 / 3, 0.25, 0.2, 1 / 6]},
    ),
    "what is the same under all settings": ("shares = {}\nfor k in (1, 2, 7):\n    shares[k] = max(k, 9) / 4", {}),
    "two positions are no settings": ("scores = {}\nfor i in range(3):\n    for j in range(3):\n        scores[i, j] = abs(i - j) ** 0.5", {}),
    "printed by percent": ('for e in range(3):\n    print("step %d: rmse %.3f" % (e, 1 / (e + 1)))', {"rmse": [1.0, 0.5, 1 / 3]}),
    "what is printed and kept is one curve": (
        'losses = []\nfor e in range(3):\n    loss = 1 / (e + 1)\n    losses.append(loss)\n    print("loss", loss)',
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "what another function measures, at the index of a list in any language": (
        "import numpy as np\ndef costo(k): return 1 / (k + 1)\ndef descenso(n):\n    historial = np.zeros(n)\n    for i in range(n):\n        historial[i] = costo(i)\n"
        "    return historial\nJ = descenso(3)",
        {"historial": [1.0, 0.5, 1 / 3]},
    ),
    "means of scores in a list of that name": (
        "import numpy as np\ndef cross_val_score(k): return np.array([1 / k, 0.5])\nmedias = []\nfor a in [1, 2, 4]:\n    notas = cross_val_score(a)\n    medias.append(notas.mean())",
        {"medias": [0.75, 0.5, 0.375]},
    ),
    "a record that gets more before it is kept": (
        "class H:\n    def __init__(self): self.history = {}\n    def append(self, **logs):\n        for k, v in logs.items(): self.history.setdefault(k, []).append(v)\n"
        "h = H()\nfor i in range(3):\n    logs = {'loss': 1 / (i + 1)}\n    logs['val_loss'] = 2 / (i + 1)\n    h.append(**logs)",
        {"loss": [1.0, 0.5, 1 / 3], "val_loss": [2.0, 1.0, 2 / 3]},
    ),
    "an abbreviation that is shown with a word when all is done": (
        "def train(n):\n    for e in range(n):\n        train_l = 1 / (e + 1)\n    print(f'loss {train_l:.3f}')\ntrain(3)",
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "a list of each of two objects": (
        "class R:\n    def __init__(self, k): self.k, self.losses = k, []\n    def go(self): self.losses.append(self.k / (len(self.losses) + 1))\n"
        "def each(r, n):\n    if n:\n        r.go()\n        each(r, n - 1)\na, b = R(1.0), R(3.0)\neach(a, 2)\neach(b, 3)",
        {"losses": [1.0, 0.5], "b.losses": [3.0, 1.5, 1.0]},
    ),
    "a walrus": ("def f(n=[4.0]):\n    n[0] /= 2\n    return n[0]\nwhile (loss := f()) > 0.3:\n    pass", {"loss": [2.0, 1.0, 0.5, 0.25]}),
    "an attribute": ("class A:\n    def fit(self):\n        for i in range(3):\n            self.loss = 1 / (i + 1)\nA().fit()", {"loss": [1.0, 0.5, 1 / 3]}),
    "a list that is an attribute": (
        "class A:\n    def __init__(self):\n        self.losses = []\n    def fit(self):\n        for i in range(3):\n            self.losses.append(1 / (i + 1))\nA().fit()",
        {"losses": [1.0, 0.5, 1 / 3]},
    ),
    "a generator": ("def g():\n    for i in range(3):\n        loss = 1 / (i + 1)\n        yield loss\nlist(g())", {"loss": [1.0, 0.5, 1 / 3]}),
    "a coroutine": ("async def f():\n    for i in range(3):\n        loss = 1 / (i + 1)\nawait f()", {"loss": [1.0, 0.5, 1 / 3]}),
    "an asynchronous loop": (
        "async def ticks():\n    for i in range(3):\n        yield i\nasync for i in ticks():\n    loss = 1 / (i + 1)",
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "the last value of a step": (
        "for i in range(4):\n    loss = 1 / (i + 1)\n    if i % 2:\n        loss = loss + 1\n    x = 3",
        {"loss": [1.0, 1.5, 1 / 3, 1.25]},
    ),
    "the last value of a step that ends in a branch": (
        "for i in range(4):\n    loss = 1 / (i + 1)\n    if i % 2:\n        loss = loss + 1",
        {"loss": [1.0, 1.5, 1 / 3, 1.25]},
    ),
    "an inner loop has all its points": (
        "for e in range(2):\n    total = 0\n    for b in range(3):\n        loss = 1 / (1 + b + e)\n        total += loss",
        {"loss": [1.0, 0.5, 1 / 3, 0.5, 1 / 3, 0.25]},
    ),
    "of batches the mean that the step around is measured by": (
        "for e in range(2):\n    total = 0\n    for b in range(3):\n        loss = 1 / (1 + b + e)\n        total += loss\n    epoch_loss = total / 3",
        {"epoch_loss": [(1 + 0.5 + 1 / 3) / 3, (0.5 + 1 / 3 + 0.25) / 3]},
    ),
    "of batches in a list of the step its mean": (
        "h = []\nfor e in range(2):\n    losses = []\n    for b in range(3):\n        loss = 1 / (1 + b + e)\n        losses.append(loss)\n    h.append(sum(losses) / len(losses))",
        {"h": [(1 + 0.5 + 1 / 3) / 3, (0.5 + 1 / 3 + 0.25) / 3]},
    ),
    "batches that are shown beside their mean": (
        "for e in range(2):\n    total = 0\n    for b in range(3):\n        loss = 1 / (1 + b + e)\n        total += loss\n        print('batch', b, 'loss', loss)\n    epoch_loss = total / 3",
        {"loss": [1.0, 0.5, 1 / 3, 0.5, 1 / 3, 0.25], "epoch_loss": [(1 + 0.5 + 1 / 3) / 3, (0.5 + 1 / 3 + 0.25) / 3]},
    ),
    "batches of the one step there is": (
        "for e in range(1):\n    total = 0\n    for b in range(3):\n        loss = 1 / (1 + b + e)\n        total += loss\n    epoch_loss = total / 3",
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "of a meter of the step what it says": (
        "class Meter:\n    def __init__(self): self.sum, self.n = 0, 0\n    def add(self, v): self.sum, self.n = self.sum + v, self.n + 1\n"
        "h = []\nfor e in range(3):\n    meter = Meter()\n    for b in range(2):\n        loss = (b + 1) / (e + 1)\n        meter.add(loss)\n    h.append(meter.sum / meter.n)",
        {"h": [1.5, 0.75, 0.5]},
    ),
    "numbers of other types": (
        "from fractions import Fraction\nfrom decimal import Decimal\nimport numpy as np\nfor i in range(1, 4):\n    loss = Fraction(1, i)\n    err = Decimal(1) / i\n    score = np.float32(i * i)",
        {"loss": [1.0, 0.5, 1 / 3], "err": [1.0, 0.5, float("0.3333333333333333333333333333")], "score": [1.0, 4.0, 9.0]},
    ),
    "an array of one number": ("import numpy as np\ncost = np.ones((1, 1))\nfor i in range(3):\n    cost /= 2", {"cost": [0.5, 0.25, 0.125]}),
    "a name of any language": (
        "for i in range(3):\n    verlust = 1 / (i + 1)\n    print(f'Epoche {i}: Verlust {verlust:.2f}')",
        {"verlust": [1.0, 0.5, 1 / 3]},
    ),
    "a count kept for each outer step": (
        "bad = []\nfor e in range(4):\n    errors = 0\n    for b in range(9):\n        errors += int(b * e % 4 > 1)\n    bad.append(errors)",
        {"errors": [0, 4, 4, 4]},
    ),
    "a share of truth values": (
        "import numpy as np\nh = {'acc': []}\nfor e in range(1, 4):\n    h['acc'].append(np.mean(np.arange(10) % (e + 1) == 0))",
        {"acc": [0.5, 0.4, 0.3]},
    ),
    "columns of the table that rows become": (
        "import types\npd = types.SimpleNamespace(DataFrame=lambda rows, columns: None)\nrows = []\nfor d in range(3):\n    rows.append((d, 1 / (d + 1), round(d * d / 7, 5)))\n"
        "pd.DataFrame(rows, columns=['depth', 'train', 'test'])",
        {"train": [1, 0.5, 1 / 3], "test": [0, 0.14286, 0.57143]},
    ),
    "a list by a comprehension that runs something": (
        "def f(i): return 1 / (i + 1)\nlosses = [f(i) for i in range(3)]\nxs = [f(i) for i in range(3)]",
        {"losses": [1, 0.5, 1 / 3]},
    ),
    "a history that a call gives back": (
        "def fit():\n    return {'loss': [1.0, 0.5], 'val': {'acc': [0.25, 0.75]}, 'names': ['a', 'b']}\nhist = fit()\ntable = {'a': [1.5, 2.5], 'b': [1.5, 4.5]}",
        {"loss": [1.0, 0.5], "val-acc": [0.25, 0.75]},
    ),
    "a dict that a call fills": ("evals = {}\ndef train(into): into['train'] = {'rmse': [3.0, 2.0, 1.5]}\ntrain(evals)", {"train-rmse": [3.0, 2.0, 1.5]}),
    "lists by word that runs give": (
        "def run(k): return [k / 3, k / 5, k / 7]\nkept = {}\nfor k in ('sgd', 'adam'):\n    kept[k] = run(len(k))\ngot = {k: run(len(k) * 2) for k in ('one', 'more')}",
        {"sgd": [1.0, 3 / 5, 3 / 7], "adam": [4 / 3, 4 / 5, 4 / 7], "one": [2.0, 6 / 5, 6 / 7], "more": [8 / 3, 8 / 5, 8 / 7]},
    ),
    "a history that was seen while it grew": (
        "def fit():\n    h = {'loss': []}\n    for i in range(3):\n        h['loss'].append(1 / (i + 1))\n    return h\nhist = fit()",
        {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "a progress bar": (
        "class Bar(list):\n    def set_postfix(self, **k): pass\nbar = Bar(range(3))\nfor i in bar:\n    bar.set_postfix(loss=1 / (i + 1), lr=f'{1 / (i + 2):.3f}')",
        {"loss": [1.0, 0.5, 1 / 3], "lr": [1 / 2, 1 / 3, 1 / 4]},
    ),
}
QUIET = {
    "what a file has": 'import json\nplaces = json.loads(\'{"a": [1.5, 2.5], "b": [1.5, 4.5]}\')',
    "counters": "n = 0\nk = 0\nfor i in range(9):\n    n += 1\n    k = k + 2\n    j = i * 2",
    "sizes": "for a in ([1], [1, 2], [3, 4, 5], [1]):\n    n = len(a)",
    "a dict that is written out": "weights = {0: 1.5, 1: 2.5}\nweights[2] = 0.5\nnames = {number: number * 0.5 for number in range(3)}",
    "a dict that is read": (
        'import json\ntext = \'{"rows": {"Bonn": [7.1, 50.7], "Kiel": [10.1, 54.3], "Baton Rouge": [-91.2, 30.4], "Bern": [7.4, 46.9]}}\'\nread = json.loads(text)\ntowns = read[\'rows\']\n'
        "near = {k: [v[0] / 2, v[1]] for k, v in towns.items()}\nplaces = {}\nfor k, (x, y) in towns.items():\n    places[k] = [float(x), y]"
    ),
    "what a model said": "class M:\n    def predict(self, x): return [x / 3]\nm = M()\nx, said = 1.0, []\nfor i in range(4):\n    preds = m.predict(x)\n    x = x * 2\n    said.append(preds[0])",
    "lists of one step": "def go(kept):\n    kept.append(sum([1.5, len(kept)]))\nfor i in range(3):\n    states, rewards = [], []\n    for t in range(4):\n        go(rewards)",
    "logarithms of items": "import math\nlog_probs = []\nfor x in [1.5, 2.5, 3.7]:\n    log_probs.append(math.log(x))",
    "the clock": "import time\nfor i in range(4):\n    t0 = time.time()\n    took = time.time() - t0\n    print(f'took {took:.3f} s')",
    "lengths": "for i in range(4):\n    words = ['a'] * (i * i % 5)\n    print('words:', len(words))",
    "steps of all episodes": "n = [3, 1, 4]\ntotal_steps = 0\nfor k in n:\n    for j in range(k):\n        total_steps += 1\n    print('total steps:', total_steps)",
    "cases of a table that are shown": "import types\nt = types.SimpleNamespace(iloc=[1.5, 2.5, 3.75])\ntotal = 0\nfor j in range(3):\n    said = t.iloc[j] * 0.9\n    error = abs(said - t.iloc[j])\n    total += error\n    print(f'said {said}, it is {t.iloc[j]}, the error is {error}')",
    "sums": "total = 0.0\nfor x in [1.5, 2.5, 3.7]:\n    total += x",
    "items of data": "xs = [1.5, 2.5, 3.7]\nfor i in range(len(xs)):\n    x = xs[i]\n    y = x * 2",
    "what a function takes the mean of": "def evaluate(n):\n    returns, wins = [], 0\n    for k in range(n):\n        G = 1 / (k + 1)\n        returns.append(G)\n    return sum(returns) / len(returns), wins\nevaluate(6)",
    "random draws": "import random\nfor i in range(5):\n    u = random.random()\n    v = 2 * random.random() - 1",
    "samples that are kept": "import numpy as np\ndraws = np.random.RandomState(0)\nout = []\nwhile len(out) < 9:\n    ix = int(draws.multinomial(1, [0.5, 0.25, 0.25])[0])\n    out.append(ix)",
    "constants": "for i in range(5):\n    lr = 0.1\n    loss = 0.5",
    "truth values and texts": "for i in range(5):\n    acc = i > 2\n    score = str(i / 3)\n    loss = None",
    "where the best one was": "s = []\nfor e in range(4):\n    best = 9.0\n    for j in range(3):\n        v = abs(e - j)\n        if v < best:\n            best, axis = v, j\n            axis = j\n    s.append((axis, 'x'))",
    "arrays": "import numpy as np\nfor i in range(5):\n    loss = np.ones(3) * i",
    "what the user logs": "import nbtrack\nfor i in range(3):\n    loss = 1 / (i + 1)\n    seen = nbtrack.log",
    "a step of time": "t = 0.0\nwhile t < 1.0:\n    t = t + 0.125",
    "a loop in a function that computes something else": "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\ngcd(1071, 462)",
    "functions that are compiled": "def jit(f): return f\n@jit\ndef f():\n    for i in range(3):\n        loss = 1 / (i + 1)\nf()",
}


@pytest.mark.parametrize("what", CASES)
def test_a_loop_gives_its_curve(curves, what):
    code, expected = CASES[what]
    found = curves(code)
    assert {name: pytest.approx(values) for name, values in expected.items()} == found


def test_what_a_bar_of_tqdm_shows_is_a_curve(curves):
    pytest.importorskip("tqdm")
    code = "from tqdm import tqdm\nbar = tqdm(range(3), disable=True)\nfor i in bar:\n    bar.set_postfix(loss=1 / (i + 1))\n    bar.set_description(f'acc: {i * i / 9:.2f}')"
    assert curves(code) == {"loss": pytest.approx([1.0, 0.5, 1 / 3]), "acc": pytest.approx([0.0, 1 / 9, 4 / 9])}


@pytest.mark.parametrize("what", QUIET)
def test_what_is_no_measure_gives_no_curve(curves, what):
    assert curves(QUIET[what]) == ({"loss": pytest.approx([1.0, 0.5, 1 / 3])} if what == "what the user logs" else {})


def test_each_call_of_a_function_that_iterates_is_a_curve(curves):
    found = curves("def train(n):\n    for i in range(n):\n        loss = 1 / (i + 1)\n    return loss", "train(4)\ntrain(3)")
    assert found == {"loss": pytest.approx([1, 1 / 2, 1 / 3, 1 / 4]), "loss_2": pytest.approx([1, 1 / 2, 1 / 3])}


def test_of_many_calls_the_first_stands_for_all(curves):
    found = curves("def run(k):\n    err = []\n    for t in range(4):\n        err.append(1 / (t + k + 1))\n    return err", "for k in range(50):\n    run(k)")
    assert found == {"err": pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])}


def test_the_inner_work_of_a_function_called_for_each_sample_is_no_curve(curves):
    nearest = "def nearest(x):\n    near = []\n    for t in range(4):\n        dist = abs(x - t * t) / 3\n        near.append(dist)\n    return near"
    assert curves(nearest, "found = [nearest(x) for x in range(9)]") == {}
    assert list(curves(nearest, "near = nearest(3)")) == ["dist"]
    assert curves(nearest.replace("nearest", "predict"), "near = predict(3)") == {}


def test_what_trials_compute_step_by_step_is_no_curve_of_the_run(curves):
    pytest.importorskip("optuna")
    setup = (
        "import optuna\noptuna.logging.set_verbosity(optuna.logging.WARNING)\n"
        "def epoch(w):\n    for i in range(4):\n        loss = w / (i + 1)\n    return loss\n"
        "def objective(trial):\n    w = trial.suggest_float('w', 0.5, 2.0)\n    for e in range(3):\n        acc = epoch(w) / (e + 2)\n    return acc"
    )
    assert set(curves(setup, "study = optuna.create_study()\nstudy.optimize(lambda trial: objective(trial), n_trials=3)")) == {"value"}
    assert {"loss", "acc"} <= set(curves("for e in range(3):\n    acc = epoch(0.5) / (e + 2)"))


def test_a_function_that_goes_through_data_gives_one_curve_over_all_its_calls(curves):
    code = "def one_epoch(data, k):\n    total = 0\n    for x in data:\n        loss = x / k\n        total += loss\n    return total / len(data)"
    assert curves(code, "for k in range(1, 4):\n    one_epoch([1.0, 3.0], k)") == {"loss": pytest.approx([1, 3, 1 / 2, 3 / 2, 1 / 3, 1])}
    mean = {"epoch_loss": pytest.approx([2, 1, 2 / 3])}
    assert curves(code, "for k in range(1, 4):\n    epoch_loss = one_epoch([1.0, 3.0], k)") == mean, "what it gives back is the curve"
    method = f"class Trainer:\n    {code.replace(chr(10), chr(10) + '    ')}".replace("epoch(data", "epoch(self, data")
    loop = "history = {'loss': []}\nfor k in range(1, 4):\n    history['loss'].append(Trainer().one_epoch([1.0, 3.0], k))"
    assert curves(method, loop) == {"loss": mean["epoch_loss"]}
    shown = code.replace("        total", "        print('loss', loss)\n        total")
    assert set(curves(shown, "for k in range(1, 4):\n    epoch_loss = one_epoch([1.0, 3.0], k)")) == {"loss", "epoch_loss"}
    steps = "for e in range(2):\n    total = 0\n    for b in range(3):\n        loss = 1 / (1 + b + e)\n        total += loss\n    epoch_loss = total / 3"
    assert {name: len(values) for name, values in curves(steps, options="-m loss").items()} == {"loss": 6, "epoch_loss": 2}


def test_a_list_that_grows_each_step_counts_before_a_name_bound_in_some(curves):
    code = "energy, trace = 5.0, []\nfor i in range(6):\n    e = 5 / (i + 1)\n    if i % 2:\n        energy = e\n    trace.append(energy)"
    assert curves(code) == {"energy": pytest.approx([5, 5 / 2, 5 / 2, 5 / 4, 5 / 4, 5 / 6])}


def test_branches_that_append_to_one_list_give_one_curve(curves):
    code = (
        "cur, trace = 10.0, []\nfor i in range(8):\n    new = 20 / (i + 2)\n    if i % 3:\n        trace.append(cur)\n        continue\n"
        "    cur = new\n    trace.append(cur)"
    )
    assert curves(code) == {"cur": pytest.approx([10, 10, 10, 4, 4, 4, 2.5, 2.5])}


def test_a_sampler_keeps_each_step_of_what_it_carries_on(curves):
    code = (
        "import random\nrandom.seed(0)\nmu, chain, data = 0.0, [], []\nfor i in range(40):\n    proposal = mu + random.gauss(0, 1)\n    if random.random() < 0.5:\n"
        "        mu = proposal\n    chain.append((mu, i))\n    u = random.random()\n    data.append(u)"
    )
    found = curves(code)
    assert set(found) == {"mu"}
    assert len(found["mu"]) == 40


SEVERAL = {
    "a dict that a function returns": (
        'def epoch(i): return {"loss": 1 / (i + 1), "acc": i * i / 9, "seconds": 0.1 * i * i}',
        "for i in range(3):\n    stats = epoch(i)",
        {"stats.loss": [1.0, 0.5, 1 / 3], "stats.acc": [0.0, 1 / 9, 4 / 9]},
    ),
    "a dict that is kept": (
        "def epoch(i): return dict(loss=1 / (i + 1), epoch=i)", "history = []\nfor i in range(3):\n    history.append(epoch(i))", {"loss": [1.0, 0.5, 1 / 3]},
    ),
    "a tuple, by the names in the return": (
        "def epoch(i):\n    loss, acc = 1 / (i + 1), i * i / 9\n    return loss, acc",
        "for i in range(3):\n    out = epoch(i)",
        {"loss": [1.0, 0.5, 1 / 3], "acc": [0.0, 1 / 9, 4 / 9]},
    ),
    "a tuple, by the names it is unpacked to": (
        "def epoch(i):\n    m = [1.0, i * i]\n    return m[0] / (i + 1), m[1] / 9",
        "def train():\n    for i in range(3):\n        train_metrics = epoch(i)\n    train_loss, train_acc = train_metrics\ntrain()",
        {"train_loss": [1.0, 0.5, 1 / 3], "train_acc": [0.0, 1 / 9, 4 / 9]},
    ),
    "a record of several": (
        'def epoch(i): return {"loss": 1 / (i + 1)}\ndef check(i): return {"acc": i * i / 9}',
        "history = []\nfor i in range(3):\n    log = {'epoch': i, **epoch(i), **check(i)}\n    history.append(log)",
        {"loss": [1.0, 0.5, 1 / 3], "acc": [0.0, 1 / 9, 4 / 9]},
    ),
    "members that are taken out and kept are not recorded twice": (
        'def epoch(i): return {"loss": 1 / (i + 1)}',
        'losses = []\nfor i in range(7):\n    stats = epoch(i)\n    losses.append(stats["loss"])',
        {"losses": [1 / (i + 1) for i in range(7)]},
    ),
    "a pair that is no measure": ("def move(i): return (i * 0.5, i * i * 0.1)", "for i in range(3):\n    place = move(i)", {}),
}  # fmt: skip


@pytest.mark.parametrize("what", SEVERAL)
def test_members_of_what_a_loop_gets_are_curves_of_their_own(curves, what):
    *cells, found = SEVERAL[what]
    assert curves(*cells) == found


def test_the_key_of_a_record_names_it(curves):
    assert curves("log = []\nfor i in range(3):\n    a = 1 / (i + 1)\n    log.append({'train_mse': a})") == {"train_mse": pytest.approx([1, 1 / 2, 1 / 3])}


def test_members_of_rows_are_named_by_what_they_are(curves):
    code = "class M:\n    def score(self, k): return 1 / k\nm, rows = M(), []\nfor d in range(1, 4):\n    rows.append((d, m.score(d), m.score(d) + d * d))"
    assert curves(code) == {"score": pytest.approx([1, 1 / 2, 1 / 3]), "rows.2": pytest.approx([2, 4.5, 9 + 1 / 3])}


def test_what_is_printed_now_and_then_is_not_another_curve(curves):
    code = "h = {'val_acc': []}\nfor e in range(9):\n    h['val_acc'].append(1 / (e + 1))\n    if e % 3 == 0:\n        print('epoch %d acc %.3f' % (e, h['val_acc'][-1]))"
    assert set(curves(code)) == {"val_acc"}


REPORT = "X = [3.0, 1.0, 4.0, 1.5]\ndef at(k): return X[k]\ndef report(k):\n    print(f'step {k}, mse: {X[k] / 7:.2f}, n: {len(X)}')\n"
POINTS = [3 / 7, 1 / 7, 4 / 7, 1.5 / 7]
REPEATED = {
    "a loop": ("for k in range(4):\n    report(k)", {"mse": POINTS}),
    "a loop in a function": ("def fit(n):\n    for k in range(n):\n        report(k)\nfit(4)", {"mse": POINTS}),
    "a function that a loop calls": ("def step(k): report(k)\nfor k in range(4):\n    step(k)", {"mse": POINTS}),
    "whoever gets it": ("def each(f):\n    for k in range(4): f(k)\neach(report)", {"mse": POINTS}),
    "a loop that has these values": ("for k in range(4):\n    mse = at(k) / 7\n    report(k)", {"mse": POINTS}),
    "several places": ("report(0)\nreport(1)\nreport(2)\nreport(3)", {"mse": POINTS[-1:]}),
    "one place, twice": ("for k in range(2):\n    report(k)", {"mse": POINTS[1:2]}),
    "a loop beside a curve of its name": (
        "for k in range(4):\n    mse = 1 / (k + 2)\n    report(k)",
        {"mse": [1 / 2, 1 / 3, 1 / 4, 1 / 5], "report.mse": POINTS},
    ),
}


@pytest.mark.parametrize("where", REPEATED)
def test_what_a_function_prints_is_a_curve_where_one_place_calls_it_again_and_again(curves, where):
    code, expected = REPEATED[where]
    assert curves(REPORT, code, options="--capture curves,metrics") == {name: pytest.approx(values) for name, values in expected.items()}


def test_what_a_loop_through_models_computes_is_a_number_of_each(curves):
    models = "class M:\n    def __init__(self, k): self.k = k\n    def score(self): return 1 / self.k\nmodels = {'tree': M(2), 'knn': M(4)}"
    loop = "for name, model in models.items():\n    acc = model.score()\n    print(f'{name}: {acc:.3f}')"
    assert curves(models, loop, options="--capture curves,metrics") == {"tree.acc": [0.5], "knn.acc": [0.25]}


@pytest.mark.parametrize(
    "shown",
    [
        "kind = it.__class__.__name__\n    print(f'{kind} accuracy: {it.score():.3f}')",
        "kind = type(it).__name__\n    print('{0} accuracy : {1:.4f}'.format(kind, it.score()))",
        "print(type(it).__name__, 'accuracy:', it.score())",
        "accuracy = it.score()\n    print(type(it).__name__, accuracy)",
        "accuracy = it.score()\n    kind = type(it).__name__\n    print(f'{kind}: {accuracy:.3f}')",
    ],
)
def test_what_a_loop_through_models_shows_beside_the_name_of_their_class_is_a_number_of_each(curves, shown):
    models = "class Tree:\n    def score(self): return 0.5\nclass Knn(Tree): pass\nmodels = [Tree(), Knn()]"
    assert curves(models, f"for it in models:\n    {shown}", options="--capture curves,metrics") == {"Tree.accuracy": [0.5], "Knn.accuracy": [0.5]}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("m = {'accuracy': 0.0, 'recall': 0.0}\n    m['accuracy'], m['recall'] = n / 3, n / 5\n    return m", {"m.accuracy": 0.0, "m.recall": 0.0}),
        ("if n > 5:\n        return {'accuracy': 0.0}\n    return {'accuracy': n / 3}", {"m.accuracy": 0.0}),
        ("return {'accuracy': 0.0, 'recall': (n + 1) / 4}", {"m.recall": 0.25}),
    ],
)
def test_a_number_that_is_written_out_in_a_dict_is_none_that_was_computed(curves, body, found):
    got = curves(f"def measure(n):\n    {body}", "m = measure(0)", options="--capture metrics")
    assert got == {name: [value] for name, value in found.items()}


def test_a_list_that_gets_a_value_before_its_loop_has_it_as_its_first_point(curves):
    cost = "def cost(w): return w * w"
    loop = "costs.append(cost(w))\n{0}for i in range(4):\n{0}    w = w / 2\n{0}    costs.append(cost(w))\n"
    values = [pytest.approx(9 / 4**i) for i in range(5)]
    assert curves(cost, "costs, w = [], 3.0\n" + loop.format("")) == {"costs": values}
    function = "def fit(w):\n    costs = []\n    " + loop.format("    ") + "    return costs"
    assert curves(f"{cost}\n{function}", "history = fit(3.0)") == {"costs": values}
    assert curves(cost, "seen, costs, w = [7.0], [], 3.0\nseen.append(w)\n" + loop.format("") + "costs.append(1.0)") == {"costs": values}


def test_a_dict_that_gathers_what_other_cells_told_tells_only_what_is_new(shell, tmp_path):
    measure = "def measure(k): return {'Accuracy': 1 / k, 'Recall': 1 / (k + 1), 'F1-Score': 1 / (k + 2)}"
    gather = "def gather():\n    had = {'test_accuracy': m['Accuracy'], 'test_recall': m['Recall'], 'test_f1': m['F1-Score'], 'test_mse': 0.0}\n"
    gather += "    return {'lr': 0.1, 'net': had, 'gain': 0.0, 'test_auc': m['Recall'] / 2}"
    shell.run_cell(f"{measure}\n%track on --quiet --capture metrics").raise_error()
    for code in ("m = measure(3)", gather, "results = gather()"):
        shell.run_cell(code).raise_error()
    run_id = shell._nbtrack_session.last.run_id
    shell.run_cell("%track off")
    assert set(recorded(tmp_path / "home", run_id)) == {"m.Accuracy", "m.Recall", "m.F1-Score", "results.test_auc"}


def test_lists_go_by_the_keys_of_the_dict_that_a_function_gives_and_later_ones_by_what_it_is_bound_to(shell, tmp_path):
    fit = "def fit(rate):\n    l, v = [], []\n    for e in range(4):\n        l.append(rate / (e + 1))\n        v.append(rate / (e + 2))\n    return {'loss': l, 'val_loss': v}"
    shell.run_cell(f"{fit}\n%track on --quiet --capture curves").raise_error()
    for code in ("hist_slow = fit(0.5)", "hist_fast = fit(0.75)", "x = fit(0.25)"):
        shell.run_cell(code).raise_error()
    run_id = shell._nbtrack_session.last.run_id
    shell.run_cell("%track off")
    assert {name: values[0] for name, values in recorded(tmp_path / "home", run_id).items()} == {
        "loss": 0.5, "val_loss": 0.25, "hist_fast.loss": 0.75, "hist_fast.val_loss": 0.375, "fit.loss": 0.25, "fit.val_loss": 0.125,
    }  # fmt: skip


def test_what_several_calls_give_goes_by_the_dict_that_keeps_it(curves):
    fit = "class Net:\n    def fit(self): pass\ndef fit(rate):\n    h, l = [], []\n    for e in range(4):\n        Net().fit()\n        acc = 1 - rate / (e + 2)\n        h.append(acc)\n        l.append(rate / (e + 1))\n    return h, l"
    calls = "accuracies, losses, other = {}, {}, {}\naccuracies['slow'], losses['slow'] = fit(0.5)\naccuracies['fast'], losses['fast'] = fit(0.25)"
    assert {name: values[0] for name, values in curves(fit, calls).items()} == {
        "accuracies.slow": 0.75, "losses.slow": 0.5, "accuracies.fast": 0.875, "losses.fast": 0.25,
    }  # fmt: skip
    assert set(curves(fit, "accuracies = {}\naccuracies['slow'] = fit(0.5)[0]")) == {"acc", "l"}


@pytest.mark.parametrize(
    "other", ["print(fit(0.9)[-1])", "for r in [0.9, 0.8]:\n    fit(r)", "base = fit(0.9)", "if True:\n    losses['rms'] = fit(0.9)", "both()"]
)
def test_where_a_function_is_called_elsewhere_too_no_dict_names_its_curves(curves, other):
    fit = "def fit(rate):\n    l = []\n    for e in range(4):\n        l.append(rate / (e + 1))\n    return l\ndef both():\n    fit(0.9)"
    found = curves(fit, f"losses = {{}}\n{other}\nlosses['adam'] = fit(0.5)\nlosses['sgd'] = fit(0.25)")
    assert all(values[0] == {"adam": 0.5, "sgd": 0.25}.get(name.rpartition(".")[2], values[0]) for name, values in found.items())
    assert not any(name.startswith("losses.") for name in found)


def test_lists_that_loops_one_after_the_other_fill_anew_are_told_apart_by_a_number(curves):
    loop = "scores = []\nfor n in [1, 2, 4]:\n    scores.append(rate / n)\n"
    found = curves(f"rate = 0.5\n{loop}rate = 0.25\n{loop}")
    assert found == {"scores": [0.5, 0.25, 0.125], "scores_2": [0.25, 0.125, 0.0625]}
    longer = "scores = []\nfor n in range(1, 40):\n    scores.append(0.25 / n)\n"
    assert {name: len(values) for name, values in curves(f"rate = 0.5\n{loop}{longer}").items()} == {"scores": 3, "scores_2": 39}
    constant = "scores = []\nfor n in [1, 2]:\n    scores.append(0.0 * n)\n"
    assert {name: len(values) for name, values in curves(constant + longer).items()} == {"scores": 39}


def test_what_a_model_says_of_one_step_after_the_other_is_no_curve_whatever_comes_before_the_word(curves):
    code = (
        "def model(x): return 0.5 * x + 1\npred = []\nx = 0.0\nfor i in range(5):\n    gru_pred = model(x)\n    pred.append(float(gru_pred))\n    x = gru_pred"
    )
    assert curves(code) == {}
    assert curves(code.replace("gru_pred", "state").replace("pred", "states"))["state"][:2] == [1.0, 1.5]
    assert set(curves("for e in range(4):\n    test_pred = 1 / (e + 2)\n    print('test accuracy:', test_pred)")) == {"test_pred"}
    assert set(curves("for e in range(4):\n    correct_predictions = 1 / (e + 2)\n    print(correct_predictions)")) == {"correct_predictions"}


def test_what_is_drawn_together_with_what_a_loop_counts_by_is_no_curve(curves):
    setup = "import random\ncounts = [[0] * 3 for _ in range(3)]\ndef draw(): return random.randrange(3), random.random(), random.randrange(3)"
    assert curves(setup, "for i in range(9):\n    truth, other, guess = draw()\n    counts[truth][guess] += 1") == {}
    assert set(curves("def step(x): return x * 0.5, x * x\nx = 3.0", "for i in range(6):\n    x, f = step(x)")) == {"x", "f"}


def test_lines_that_begin_with_another_part_of_the_data_tell_another_quantity(curves):
    setup = "def rate(a, b): return 1 - 1 / (a + b)\n"
    lines = "for e in range(4):\n    print(f'Train: epoch {e}, acc: {rate(e, 2):.3f}')\n    print(f'Test: epoch {e}, acc: {rate(e, 4):.3f}')"
    assert {name: values[0] for name, values in curves(setup + lines).items()} == {"acc": 0.5, "test_acc": 0.75}
    assert set(curves(setup + lines.replace("4):.3f", "2):.3f"))) == {"acc"}


def test_dicts_that_copy_or_write_out_settings_are_no_curves(curves):
    code = "from collections import OrderedDict\nrates = [0.2, 0.03, 0.05]\nlr_dict = {at: lr for at, lr in enumerate(rates)}\ngrid = OrderedDict(max_error=[0.2, 0.4, 0.6])"
    assert curves(code) == {}
    assert curves("def error(lr): return lr * 2\nlr_errors = {lr: error(lr) for lr in [0.2, 0.03, 0.05]}") == {"lr_errors": [0.4, 0.06, 0.1]}
    assert curves("def error(lr): return lr * 2", "errors = {at: it for at, it in enumerate([error(lr) for lr in [0.2, 0.03]])}") == {"errors": [0.4, 0.06]}


def test_a_list_of_what_a_measure_gave_for_each_of_several_things_is_a_curve(curves):
    setup = "def mean_squared_error(k): return 1 / k\ndef other(k): return 2 / k"
    loop = "train_results, sizes = [], []\nfor name, k in [('a', 1), ('b', 2), ('c', 4)]:\n    {}_result = {}(k)\n    train_results.append({}_result)"
    assert curves(setup, loop.format("train", "mean_squared_error", "train"))["train_results"] == [1.0, 0.5, 0.25]
    assert "train_results" not in curves(setup, loop.format("any", "other", "any"))
    mixed = loop.format("train", "mean_squared_error", "train") + "\n    train_results.append(k * 0.1)"
    assert "train_results" not in curves(setup, mixed)


@pytest.mark.parametrize(
    "given",
    ["def other(l): return {'rmse': l}\n    return l", "d = {'rmse': l}\n    return l", "d = {'rmse': l}\n    l = [0]\n    return d"],
)
def test_a_list_has_no_key_that_says_something_of_another(curves, given):
    code = f"def fit():\n    l = []\n    for e in range(4):\n        l.append(1 / (e + 1))\n    {given}"
    assert set(curves(code, "x = fit()")) == {"l"}


def test_which_of_several_things_a_loop_chose_is_no_curve(curves):
    setup = "class Player:\n    def __init__(self):\n        self.actions, self.regrets = [], []\n    def choose(self, i): return (i * i) % 7\n"
    run = "    def run(self, n):\n        regret = 0\n        for i in range(n):\n            k = self.choose(i)\n            regret += 1 / (k + 1)\n"
    kept = "            self.actions.append(k)\n            self.regrets.append(regret)"
    assert set(curves(setup + run + kept, "player = Player()\nplayer.run(9)")) == {"regret"}


def test_the_best_score_of_a_search_that_is_shown_with_its_sign_turned_is_one_number(curves):
    pytest.importorskip("sklearn")
    search = "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV\nX = [[float(i)] for i in range(9)]\n"
    search += "s = GridSearchCV(Ridge(), {'alpha': [1, 2]}, scoring='neg_mean_squared_error', cv=3).fit(X, [i * i for i in range(9)])\n"
    assert set(curves(f"{search}print('mse of the folds:', -s.best_score_)", options="--capture metrics")) == {"mse_of_the_folds"}
    assert set(curves(search, options="--capture metrics")) == {"best_score"}


def test_reports_that_a_function_of_another_cell_prints_are_told_apart(curves):
    pytest.importorskip("sklearn")
    evaluate = "from sklearn.metrics import classification_report\ndef evaluate(p):\n    print(classification_report([0, 1, 0, 1], p))"
    loop = "them = {'tree': [0, 1, 1, 1], 'bayes': [0, 1, 0, 1]}\nfor name, p in them.items():\n    print(name)\n    evaluate(p)\n    display('shown between')"
    found = curves(evaluate, loop, options="--capture metrics")
    assert (found["tree.accuracy"], found["bayes.accuracy"], found["tree.0.recall"], found["bayes.0.recall"]) == ([0.75], [1.0], [0.5], [1.0])
    assert curves(evaluate, "evaluate([0, 1, 1, 1])", options="--capture metrics")["accuracy"] == [0.75]


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("print(classification_report(y, p))", {"accuracy": 5 / 7, "0.precision": 2 / 3, "1.recall": 0.75}),
        ("print('so:', classification_report(y, p, target_names=['no', 'yes'], digits=3))", {"accuracy": 5 / 7, "no.precision": 2 / 3, "yes.recall": 0.75}),
        ("print(classification_report(y, list(p)))", {"accuracy": 5 / 7, "0.precision": 2 / 3, "1.recall": 0.75}),
        (
            "for k in [1]:\n    print(classification_report(y_true=y[:], y_pred=p[:7]))\np.reverse()",
            {"accuracy": 5 / 7, "0.precision": 2 / 3, "1.recall": 0.75},
        ),
        ("print(classification_report(y, p))\nprint('total   0.5   0.25   0.75   38')", {"accuracy": 5 / 7, "0.precision": 2 / 3, "1.recall": 0.75}),
        (
            "print('Train')\nprint(classification_report(y, y[:]))\nprint('Test')\nprint(classification_report(y, p))",
            {"Train.accuracy": 1.0, "Train.0.recall": 1.0, "Test.accuracy": 5 / 7, "Test.0.precision": 2 / 3, "Test.1.recall": 0.75},
        ),
        ("for k in [1, 2]:\n    print(classification_report(y, p[:]))", {"accuracy": 0.71, "0.precision": 0.67, "1.recall": 0.75}),
        ("print(classification_report(y, p, labels=[1, 0]))", {"accuracy": 0.71, "0.precision": 0.67, "1.recall": 0.75}),
        ("print(classification_report(y, p))\np.reverse()", {"accuracy": 0.71, "0.precision": 0.67, "1.recall": 0.75}),
    ],
)
def test_a_printed_report_is_told_in_full_where_what_it_was_made_of_is_still_there(curves, shown, found):
    pytest.importorskip("sklearn")
    setup = "from sklearn.metrics import classification_report\ny = [0, 0, 0, 1, 1, 1, 1]\np = [0, 0, 1, 1, 1, 1, 0]"
    them = curves(setup, shown, options="--capture metrics")
    assert {name: them[name] for name in found} == {name: [pytest.approx(value, abs=1e-12)] for name, value in found.items()}


def test_numbers_of_a_printed_tuple_go_by_what_the_function_calls_them(curves):
    evaluate = "def evaluate(n):\n    acc_a, b = n / 16, n / 32\n    return round(acc_a * 100, 2), b"
    assert curves(evaluate, "print('The accuracies are %s percent' % str(evaluate(9)))", options="--capture metrics") == {
        "acc_a": [56.25],
    }  # fmt: skip
    best = "def best():\n    return 3, 0.5"
    assert curves(best, "print('best score', best())", options="--capture metrics") == {"best_score_1": [0.5]}


def test_a_sum_that_is_printed_in_several_cells_is_told_each_time(shell, tmp_path):
    shell.run_cell("%track on --quiet").raise_error()
    run_id = shell._nbtrack_session.last.run_id
    for n in (3, 5):
        shell.run_cell(f"reward = 0\nfor i in range({n}):\n    reward += i\nprint(f'The reward is: ${{reward:,.2f}}'.replace('$-', '-$'))").raise_error()
    shell.run_cell("%track off").raise_error()
    found = recorded(tmp_path / "home", run_id)
    assert {name: values for name, values in found.items() if not name.startswith("system/")} == {"reward": [3], "reward_2": [10]}


def test_means_of_scores_that_a_loop_prints_are_a_number_of_each_model(curves):
    setup = "import numpy as np\ndef cross_val_score(k): return np.array([1 / k, 0.5])\nmodels = [('LR', 2), ('KNN', 4)]"
    loop = "for name, k in models:\n    results = cross_val_score(k)\n    print('%s: %f (%f)' % (name, results.mean(), results.std()))"
    assert curves(setup, loop, options="--capture curves,metrics") == {
        "LR.results.mean": [0.5], "LR.results_std": [0.0], "KNN.results.mean": [0.375], "KNN.results_std": [0.125],
    }  # fmt: skip


def test_what_another_cell_computed_is_told_by_its_run_alone(shell, tmp_path):
    pytest.importorskip("pandas")
    shell.run_cell("import pandas as pd, types\nplt = types.SimpleNamespace(plot=lambda *given: None)").raise_error()
    loop = "results, net = {}, types.SimpleNamespace(errors=[])\nfor name, k in {'tree': 2, 'knn': 4}.items():\n    results[name] = {'accuracy': 1 / k}\n"
    steps = "for i in range(4):\n    net.errors.append(1 / (i + 3))"
    table = "table = pd.DataFrame(results).T\nplt.plot(net.errors)\ntable"

    def tracked(code):
        shell.run_cell(f"%%track --capture curves,metrics --quiet\n{code}").raise_error()
        return {name: len(values) for name, values in recorded(tmp_path / "home", shell._nbtrack_session.last.run_id).items()}

    shell.run_cell(loop + steps).raise_error()
    assert set(tracked(table)) == {"tree.accuracy", "knn.accuracy", "errors"}, "no other run has them"
    first = tracked(loop + steps)
    assert first["errors"] == 4
    assert len(first) == 3
    assert tracked(table) == {}
    assert tracked(loop + steps) == first


def test_what_a_dict_has_of_each_class_is_a_number_each(shell, tmp_path):
    code = "recall = {}\nfor cls in [0, 1, 2]:\n    recall[cls] = 1 / (cls + 2)"
    shell.run_cell(f"%%track --quiet --capture curves,metrics\n{code}").raise_error()
    view = fold(Home(tmp_path / "home"), shell._nbtrack_session.last.run_id)
    assert {name: (it.count, it.last) for name, it in view.metrics.items()} == {"recall.0": (1, 0.5), "recall.1": (1, 1 / 3), "recall.2": (1, 0.25)}


def test_mean_and_deviation_that_a_loop_prints_of_several_models_are_numbers_of_each(shell, tmp_path):
    code = "import numpy as np\ndef f(k): return np.array([k / 4, 0.75])\nfor model, name in zip([1, 3], ['tree', 'knn']):\n    scores = f(model)\n"
    for shown, mean, std in (
        ("'Accuracy: %.2f (+/- %.2f) [%s]' % (scores.mean(), scores.std(), name)", "accuracy", "accuracy_std"),
        ("name, scores.mean(), scores.std()", "scores.mean", "scores_std"),
    ):
        shell.run_cell(f"%%track --quiet --capture curves,metrics\n{code}    print({shown})").raise_error()
        view = fold(Home(tmp_path / "home"), shell._nbtrack_session.last.run_id)
        assert {name: it.last for name, it in view.metrics.items()} == {f"tree.{mean}": 0.5, f"tree.{std}": 0.25, f"knn.{mean}": 0.75, f"knn.{std}": 0.0}


def test_what_a_sweep_keeps_of_each_setting_is_a_curve_of_each(curves):
    train = "def train(rate):\n    costs = []\n    for i in range(4):\n        costs.append(rate / (i + 1))\n    return rate, costs"
    sweep = "kept = {}\nfor rate in (0.5, 0.25):\n    w, hist = train(rate)\n    kept[rate] = hist"
    assert set(curves(train, sweep)) == {"costs", "costs_2"}, "they were seen while they grew"
    assert curves(train, "weights, costs = train(0.75)", sweep) == {
        "kept.0.5": pytest.approx([0.5, 0.25, 0.5 / 3, 0.125]),
        "kept.0.25": pytest.approx([0.25, 0.125, 0.25 / 3, 0.0625]),
    }


SWEEP = "for rate in (0.5, 0.25, 0.125):\n    out = train(rate)"


def test_a_sweep_with_a_function_that_ran_by_itself_before_leaves_no_curves(curves):
    train = "def train(rate):\n    costs = []\n    for i in range(4):\n        costs.append(rate / (i + 1))\n    return rate, costs"
    assert set(curves(train, SWEEP)) == {"costs", "costs_2", "costs_3"}
    assert curves(train, "weights, costs = train(0.75)", SWEEP) == {}
    assert set(curves(train, "weights, costs = train(0.75)", "more = train(0.5)")) == {"costs"}


def test_one_more_look_at_data_by_the_function_that_trained_leaves_no_curve(shell, tmp_path):
    one_pass = "def one_pass(data, k):\n    total = 0.0\n    for x in data:\n        loss = x / k\n        total += loss\n    return total / len(data)"
    shell.run_cell(one_pass).raise_error()
    shell.run_line_magic("track", "on --quiet --capture curves")
    shell.run_cell("for k in range(1, 4):\n    train_loss = one_pass([1.0, 3.0, 4.0], k)").raise_error()
    shell.run_cell("test_loss = one_pass([2.0, 5.0, 4.5, 1.0, 3.0, 7.0], 2)").raise_error()
    run_id = shell._nbtrack_session.last.run_id
    shell.run_line_magic("track", "off")
    assert {name: len(values) for name, values in recorded(tmp_path / "home", run_id).items()} == {"train_loss": 3}


def test_what_the_user_logs_by_a_call_is_not_recorded_twice(curves):
    found = curves("import nbtrack\nfor i in range(3):\n    loss = 1 / (i + 1)\n    nbtrack.log(loss=loss)")
    assert found == {"loss": pytest.approx([1, 1 / 2, 1 / 3])}


def test_a_name_that_is_excluded_is_not_recorded(curves):
    assert curves("for i in range(3):\n    loss = 1 / (i + 1)\n    acc = i / 7 + i * i", options="--no loss") == {"acc": pytest.approx([0.0, 8 / 7, 30 / 7])}


def test_the_loop_at_the_top_has_the_plain_name(curves):
    found = curves(
        "def evaluate(k):\n    for i in range(9):\n        loss = 1 / (i + k + 2)\n    return loss",
        "for i in range(8):\n    evaluate(i)\n    loss = 1 / (i + 1)",
    )
    assert {name: len(values) for name, values in found.items()} == {"loss": 8, "evaluate.loss": 9}


def test_a_dict_that_an_earlier_cell_filled_is_not_found_again(curves):
    assert curves("evals = {'train': {}}\nevals['train']['rmse'] = [3.0, 2.0, 1.5]", "x = evals") == {}


def test_two_loops_of_one_name_do_not_mix(curves):
    found = curves("def evaluate():\n    for i in range(2):\n        loss = 5 + i * 0.7\nfor i in range(3):\n    loss = 1 / (i + 1)\nevaluate()")
    assert sorted(map(len, found.values())) == [2, 3]
    assert set(found) in ({"loss", "evaluate.loss"}, {"loss", "loss_2"})


def test_a_thinned_curve_says_of_how_many_points_it_is(shell, curves, monkeypatch, tmp_path):
    monkeypatch.setenv("NBTRACK_CURVE_POINTS", "50")
    found = curves("import math\nfor i in range(1000):\n    loss = math.sin(i / 20)\n")
    view = fold(Home(tmp_path / "home"), shell._nbtrack_session.last.run_id)
    assert f"loss {view.metrics['loss'].last:.4g}" in repr(RunLine(view, []))
    assert f", {len(found['loss'])} of 1,000 points" in repr(RunLine(view, []))
    assert 50 < len(found["loss"]) < 400


def test_a_curve_that_was_only_sampled_does_not_claim_more_points_than_there_were(shell, curves, monkeypatch, tmp_path):
    monkeypatch.setenv("NBTRACK_CURVE_POINTS", "50")
    curves("import time\nloss = 1.0\nfor i in range(1_000_000):\n    loss = loss * 0.999999\n")
    view = fold(Home(tmp_path / "home"), shell._nbtrack_session.last.run_id)
    told = json.loads(view.tags["nbtrack.thinned"])["loss"]
    assert 50 < told["points"] <= 1_000_000
    assert ("of more than " in repr(RunLine(view, []))) is told["about"]


def test_points_are_in_the_journal_while_the_cell_runs(curves):
    code = """
import time
from nbtrack.journal import fold
run, seen = get_ipython()._nbtrack_session.last, 0
for i in range(1000):
    loss = 1 / (i + 1)
    time.sleep(0.01)
    view = fold(run.home, run.run_id)
    seen = view.metrics["loss"].count if "loss" in view.metrics else 0
    if seen > 5:
        break
assert 5 < seen <= i + 1 < 1000
"""
    assert curves(code)["loss"][:3] == pytest.approx([1, 1 / 2, 1 / 3])


def test_the_steps_of_an_outer_loop_are_told(shell, curves, tmp_path):
    curves("for epoch in range(3):\n    for b in range(epoch + 2):\n        loss = 1 / (1 + b + epoch)\n        print('loss', loss)")
    home = Home(tmp_path / "home")
    artifact = next(it for it in fold(home, shell._nbtrack_session.last.run_id).artifacts if it.path == "curves/outer-steps.json")
    assert json.loads(blobs.get_bytes(home, artifact.blob)) == {"loss": {"outer": "epoch", "ends": [2, 5, 9]}}


def test_a_run_of_several_cells_keeps_the_same_names_apart(shell, tmp_path):
    shell.run_line_magic("track", "on --quiet --capture curves")
    for _ in range(2):
        shell.run_cell("for i in range(3):\n    loss = 1 / (i + 1)").raise_error()
    run_id = shell._nbtrack_session.last.run_id
    shell.run_line_magic("track", "off")
    assert recorded(tmp_path / "home", run_id) == {"loss": pytest.approx([1, 1 / 2, 1 / 3]), "loss_2": pytest.approx([1, 1 / 2, 1 / 3])}


def test_a_later_cell_of_a_run_that_measures_under_the_name_of_a_curve_is_kept(shell, tmp_path):
    shell.run_line_magic("track", "on --quiet --capture curves,metrics")
    for code in (
        "class Model:\n    def score(self, k): return 1 / (k + 2)\nscores = []\nfor k in range(4):\n    score = Model().score(k)\n    scores.append(score)",
        "model = Model()\nmodel.score(9)",
        "def fit(n): return {'loss': [n / (i + 1) for i in range(4)]}\nfirst = fit(1)",
        "second = fit(3)",
        "third = {'loss': [*second['loss'], 0.5, 0.25]}",
        "def keep():\n    out = []\n    for i in range(4):\n        out.append(i * i / 2)\n    return out\naccs = keep()",
        "accs = [it * 100 for it in accs]",
        "accs = [it * it for it in accs]",
    ):
        shell.run_cell(code).raise_error()
    run_id = shell._nbtrack_session.last.run_id
    shell.run_line_magic("track", "off")
    found = recorded(tmp_path / "home", run_id)
    assert found["score"] == pytest.approx([1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert found["model.score"] == [pytest.approx(1 / 11)]
    assert {name: values for name, values in found.items() if "loss" in name} == {"loss": [1, 1 / 2, 1 / 3, 1 / 4], "second.loss": [3, 1.5, 1, 0.75]}


def test_a_list_of_every_so_manieth_value_is_a_curve_beside_that_of_all(curves):
    code = (
        "def train(n):\n    loss, losses = 1.0, []\n    for i in range(n):\n        loss = loss * 0.9\n"
        "        if i % 5 == 0:\n            losses.append(loss)\n    return losses\nlosses = train(20)\nlast = losses[-2:]"
    )
    found = curves(code)
    assert found == {"loss": pytest.approx([0.9 ** (i + 1) for i in range(20)]), "losses": pytest.approx([0.9 ** (i + 1) for i in range(0, 20, 5)])}


def test_what_two_fitted_estimators_keep_of_their_rounds_is_told_apart_by_their_names(curves):
    pytest.importorskip("sklearn")
    code = (
        "import warnings\nfrom sklearn.neural_network import MLPRegressor\nX = [[0.0], [1.0], [2.0]]\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n"
        "    a, b = (MLPRegressor(hidden_layer_sizes=(n,), max_iter=5, random_state=0).fit(X, [0.0, 1.0, 2.0]) for n in (2, 3))"
    )
    assert {name: len(values) for name, values in curves(code).items()} == {"loss_curve": 5, "b.loss_curve": 5}


def test_what_every_boosting_keeps_of_its_rounds_is_a_curve_where_it_is_asked_for(curves):
    pytest.importorskip("sklearn")
    code = (
        "from sklearn.ensemble import GradientBoostingRegressor\nmodel = GradientBoostingRegressor(n_estimators=5).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])"
    )
    assert curves(code) == {}
    assert {name: len(values) for name, values in curves(f"{code}\nfirst = model.train_score_[0]").items()} == {"train_score": 5}


def test_lists_of_more_settings_than_are_kept_are_told(shell, tmp_path):
    code = "losses = {}\nfor n in range(1, 16):\n    lr = n / 10\n    losses[lr] = []\n    for i in range(3):\n        losses[lr].append(lr / (i + 1))"
    shell.run_cell(f"%%track --capture curves --quiet\n{code}").raise_error()
    view = fold(Home(tmp_path / "home"), shell._nbtrack_session.last.run_id)
    assert {f"losses.{n / 10}" for n in range(1, 16)} & view.metrics.keys() >= {f"losses.{n / 10}" for n in range(2, 13)}
    assert "losses.1.3" not in view.metrics
    assert view.notices == ("losses has lists for 15 settings; those of the first 12 are curves",)


def test_a_dry_cell_tells_its_curves_and_keeps_nothing(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_QUIET", "")
    shown = []
    shell._nbtrack_session._show = lambda run, found, *_: shown.append((run, found))
    shell.run_cell("%%track --dry --capture curves\nfor i in range(3):\n    loss = 1 / (i + 1)").raise_error()
    [(run, [finding])] = shown
    assert run is None
    assert (finding.kind, finding.name, finding.value) == ("curve", "loss", "3 points, last 0.333333")
    assert not list((tmp_path / "home").glob("runs/*"))
