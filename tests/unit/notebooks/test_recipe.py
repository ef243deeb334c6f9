"""The recipe holds what a cell needs, and no more."""

from __future__ import annotations

import pytest

from nbtrack.notebooks.recipe import cells_of, recipe_of

_ARRAYS = """import numpy as np
from sklearn.linear_model import LogisticRegression
X = np.random.default_rng(0).normal(size=(40, 3))
y = (X[:, 0] > 0).astype(float)
def sigmoid(z):
    return 1 / (1 + np.exp(-z))"""
_DESCENT = """lr = 0.5
w = np.zeros(3)
for epoch in range(5):
    p = sigmoid(X @ w)
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    w -= lr * X.T @ (p - y) / len(p)
acc = np.mean((sigmoid(X @ w) > 0.5) == y)"""
_TRAIN = """def train(X, y, lr=0.5):
    w = np.zeros(X.shape[1])
    losses = []
    total = 0.0
    for epoch in range(5):
        p = sigmoid(X @ w)
        grad = X.T @ (p - y) / len(y)
        w -= lr * grad
        total += np.mean((p - y) ** 2)
        losses.append(total)
    return w, losses"""
_MODELS = """scores = {}
for C in (0.1, 1.0):
    model = LogisticRegression(C=C)
    model.fit(X, y)
    scores[C] = model.score(X, y)"""

CASES = {
    "names": (["a = 1", "b = 2", "c = a + 1", "c"], [1, 3, 4]),
    "the latest binding counts": (["a = 1", "a = 2", "a"], [2, 3]),
    "a cell that adds to itself needs the one before": (["a = 1", "a += 1", "a = a + 1", "a"], [1, 2, 3, 4]),
    "a list changed in two cells": (["a = []", "a.append(1)", "b = 5", "a.append(2)", "a"], [1, 2, 4, 5]),
    "an alias": (["a = [1]", "b = a", "b.append(2)", "a"], [1, 2, 3, 4]),
    "an alias made and used in one cell": (["a = [1]", "b = a\nb.append(2)", "a"], [1, 2, 3]),
    "an alias made, used and gone in one cell": (["a = [1]", "b = a\nb.append(2)\nb = 0", "a"], [1, 2, 3]),
    "an alias in a loop": (["a, c = [1], [2]", "for b in [a, c]:\n    b.append(2)", "a"], [1, 2, 3]),
    "an alias in a comprehension": (["a, c = [1], [2]", "[b.append(2) for b in [a, c]]", "a"], [1, 2, 3]),
    "an alias inside a function": (["a = [1]", "def f():\n    b = a\n    b.append(2)", "f()", "a"], [1, 2, 3, 4]),
    "a copy is no alias": (["a = [1]", "b = list(a)", "b.append(2)", "a"], [1, 4]),
    "an alias inside a container": (["a = [1]", "d = {'k': a}", "d['k'].append(2)", "a"], [1, 2, 3, 4]),
    "an alias of an alias, the middle gone": (["a = [1]", "b = a", "c = b", "b = 0", "c.append(1)", "a"], [1, 2, 3, 5, 6]),
    "an alias that means something else now": (["a = [1]", "b = a", "b = []", "b.append(2)", "a"], [1, 5]),
    "a function's globals": (["k = 2", "def f(x): return x * k", "k = 3", "y = f(1)"], [2, 3, 4]),
    "a function redefined later": (["def f(): return 1", "a = f()", "def f(): return 2", "b = f()"], [3, 4]),
    "a function calling another, defined later": (["def f(): return g()", "def g(): return 1", "x = f()"], [1, 2, 3]),
    "a global counter": (["n = 0", "def inc():\n    global n\n    n += 1", "inc()", "inc()", "n"], [1, 2, 3, 4, 5]),
    "a function that changes its argument": (["a = []", "def add(x): x.append(1)", "add(a)", "a"], [1, 2, 3, 4]),
    "a function that only reads its argument": (["a = [1]", "def total(x): return sum(x)", "t = total(a)", "a"], [1, 4]),
    "a class and its instance": (["class A:\n    n = 0", "x = A()", "x.n = 3", "x.n"], [1, 2, 3, 4]),
    "a class redefined after": (["k = 1", "class A:\n    def f(self): return k", "x = A()", "class A: pass", "y = x.f()"], [1, 2, 3, 5]),
    "a generator half used up": (["g = iter(range(5))", "next(g)", "x = list(g)"], [1, 2, 3]),
    "a deleted name": (["a = 1", "b = a", "del a", "b"], [1, 2, 4]),
    "a name bound in a branch": (["a = 1", "if True:\n    a = 2", "a"], [2, 3]),
    "a closure that counts": (["def make():\n    n = [0]\n    def f():\n        n[0] += 1\n        return n[0]\n    return f", "f = make()", "f()", "x = f()"], [1, 2, 3, 4]),
    "a changeable default": (["def f(x, seen=[]):\n    seen.append(x)\n    return len(seen)", "f(1)", "x = f(2)"], [1, 2, 3]),
    "seeded random numbers": (["import random", "random.seed(1)", "a = random.random()", "b = random.random()"], [1, 2, 3, 4]),
    "a seed again": (["import random", "random.seed(1)", "a = random.random()", "random.seed(2)", "b = random.random()"], [1, 4, 5]),
    "printing changes nothing": (["a = [1]", "print(len(a), a)", "a"], [1, 3]),
    "a comprehension's own names": (["x = 5", "y = [x for x in range(3)]", "y"], [2, 3]),
    "exec may do anything": (["a = 1", "z = 2", "exec('b = a')", "b"], [1, 2, 3, 4]),
    "a lambda": (["k = 1", "f = lambda x: x + k", "k = 5", "y = f(1)"], [1, 2, 3, 4]),
    "a decorator's wrapper": (["k = 3", "def twice(f):\n    def g():\n        return 2 * f() * k\n    return g", "@twice\ndef h(): return 1", "y = h()"], [1, 2, 3, 4]),
    "a partial": (["import functools", "k = 3", "def f(a): return a + k", "g = functools.partial(f, 1)", "k = 4", "y = g()"], [1, 2, 3, 4, 5, 6]),
    "a bound method kept": (["a = []", "add = a.append", "add(1)", "a"], [1, 2, 3, 4]),
    "an item of a list handed to a function": (["a = [[1]]", "def f(x): x.append(2)", "f(a[0])", "a"], [1, 2, 3, 4]),
    "a loop's variable": (["for i in range(3):\n    pass", "i"], [1, 2]),
    "setattr": (["class A: pass", "a = A()", "setattr(a, 'x', 1)", "a.x"], [1, 2, 3, 4]),
    "an unpacked pair": (["a, b = [1], [2]", "b.append(3)", "a"], [1, 3]),
    "a failed cell that bound a name first": (["a = 1\n1/0", "a"], [1, 2]),
    "a failed cell that did not get to it": (["a = 0", "1/0\na = 1", "a"], [1, 3]),
    "an import in another cell": (["import math", "import json", "x = math.pi"], [1, 3]),
    "submodules of one package": (["import xml.dom", "import xml.sax", "x = xml.dom"], [1, 2, 3]),
    "training again from the start": ([_ARRAYS, _DESCENT, _DESCENT.replace("0.5", "2.0"), "acc"], [1, 3, 4]),
    "training on from where it stopped": ([_ARRAYS, _DESCENT, _DESCENT.replace("w = np.zeros(3)", ""), "acc"], [1, 2, 3, 4]),
    "a training function again": ([_ARRAYS, _TRAIN, "w, losses = train(X, y)", "w, losses = train(X, y, lr=1.0)", "losses[-1]"], [1, 2, 4, 5]),
    "a loop over models again": ([_ARRAYS, _MODELS, _MODELS, "scores"], [1, 3, 4]),
    "a comprehension that calls functions again": ([_ARRAYS, "s = [np.exp(v) for v in y]", "s = [np.exp(v) for v in X[0]]", "s"], [1, 3, 4]),
    "a function that changes the array it is handed": ([_ARRAYS, "def centre(A):\n    A -= A.mean(0)\n    return A", "Z = centre(X)", "X"], [1, 2, 3, 4]),
    "an array changed through a name of a loop": ([_ARRAYS, "for part in (X, y):\n    part *= 2", "X"], [1, 2, 3]),
    "a list of a list changed in a loop": (["a, b = [1], []", "for _ in range(2):\n    b = [a]\n    b[0].append(2)\nb = 0", "a"], [1, 2, 3]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_recipe_is(notebook, name):
    cells, expected = CASES[name]
    for cell in cells:
        notebook.run(cell)
    assert [step.entry.number for step in recipe_of(notebook.history.steps, {len(cells)})] == expected


@pytest.mark.parametrize("name", CASES)
def test_a_recipe_without_anybody_having_seen_the_cells_is_no_shorter(unseen_notebook, name):
    cells, expected = CASES[name]
    for cell in cells:
        unseen_notebook.run(cell)
    found = [step.entry.number for step in recipe_of(unseen_notebook.history.steps, {len(cells)})]
    assert set(found) >= set(expected)


def test_looking_at_values_runs_none_of_their_code(notebook):
    notebook.run(
        "class Proxy:\n    __slots__ = ()\n    def __getattribute__(self, name):\n        raise RuntimeError(name)\n    def _raise(self, *args):\n        raise RuntimeError\n"
        "    __eq__ = __hash__ = __len__ = __iter__ = __str__ = __repr__ = __bool__ = _raise\np = Proxy()"
    )
    notebook.run("q = [p]\nr = (p, p)\ns = {'p': p}")
    entry = notebook.run("p, q, r, s")
    assert entry.seen is not None
    assert ("p", "q") in entry.seen.shares


def sources_of(notebook, code, params):
    entry = notebook.run(code)
    return [cell.source for cell in cells_of(notebook.history.steps, params, {entry.number})]


def test_params_leave_the_cell_by_whole_lines(notebook):
    code = "a = 1\n# of b\nb = [\n  2,\n]\nc = 3; d = 4\ne = 5\ne = 6\ns = 'x\x0cy'\nf: int = 7\nprint()"
    parameters, rest = sources_of(notebook, code, dict.fromkeys("abcdesf", 0))
    assert parameters == "# Parameters\na = 1\nb = [\n  2,\n]\ns = 'x\x0cy'\nf: int = 7"
    assert rest == "# of b\nc = 3; d = 4\ne = 5\ne = 6\nprint()"


def test_a_cell_of_params_alone_keeps_one(notebook):
    assert sources_of(notebook, "a = 1\nb = 2", {"a": 1, "b": 2}) == ["# Parameters\na = 1", "b = 2"]
