"""For any program, executed in any order, edited and repeated: its recipe in a clean namespace gives what the cell gave."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtrack.notebooks.recipe import cells_of, recipe_of

NAMES, FUNCTIONS, CLASSES = "abcd", "fgh", "PQ"
FIRST = [
    "import random\nrandom.seed(0)",
    "a = [0]",
    "b = {'k': [1], 0: []}",
    "c = 1",
    "class P:\n    x = 0\n    def bump(self, b): self.x = b",
    "d = P()",
    "def f(a=0): return a",
    "def g(z): z.append(1)",
]
name = st.sampled_from(NAMES)
function = st.sampled_from(FUNCTIONS)
number = st.integers(0, 3)
value = st.one_of(
    number.map(str), name, st.sampled_from(["[]", "{}", "[0]", "iter([1, 2, 3])", "random.random()"]),
    st.tuples(name, name).map("[{0[0]}, {0[1]}]".format), name.map("list({0})".format), name.map("{{'k': {0}}}".format), name.map("({0}, 1)".format),
    function.map("{0}()".format), st.tuples(function, name).map("{0[0]}({0[1]})".format), function,
    st.sampled_from(CLASSES).map("{0}()".format), st.tuples(name, name).map("{0[0]} + {0[1]}".format), name.map("len({0})".format), name.map("{0}.x".format), name.map("{0}[0]".format),
    name.map("next({0})".format), name.map("{0}.copy()".format), name.map("lambda: {0}".format), name.map("{0}()".format), name.map("[it for it in {0}]".format),
)  # fmt: skip
simple = st.one_of(
    st.tuples(name, value).map("{0[0]} = {0[1]}".format), st.tuples(name, value).map("{0[0]} = {0[1]}".format), st.tuples(name, value).map("{0[0]}.append({0[1]})".format),
    st.tuples(name, value).map("{0[0]}[0] = {0[1]}".format), st.tuples(name, value).map("{0[0]}['k'] = {0[1]}".format), st.tuples(name, value).map("{0[0]} += {0[1]}".format),
    st.tuples(name, value).map("{0[0]}.x = {0[1]}".format), name.map("{0}.pop()".format), name.map("del {0}".format), name.map("{0}.clear()".format),
    st.tuples(name, value).map("{0[0]}.extend({0[1]})".format), value, st.tuples(name, name).map("{0[0]}, {0[1]} = {0[1]}, {0[0]}".format), number.map("random.seed({0})".format),
    st.tuples(name, name).map("{0[0]}['k'].append({0[1]})".format), st.tuples(name, name).map("{0[0]}[0].append({0[1]})".format), st.tuples(name, name).map("setattr({0[0]}, 'x', {0[1]})".format),
    st.tuples(name, name).map("for {0[0]} in {0[1]}: pass".format), st.tuples(name, name).map("{0[0]}.bump({0[1]})".format), name.map("exec('{0} = 7')".format),
)  # fmt: skip
guarded = st.one_of(simple, st.tuples(name, simple).map("if {0[0]}:\n    {0[1]}".format), simple.map("try:\n    {0}\nexcept Exception:\n    a = 9".format))


def body(lines, header, globals_=""):
    return header + "\n" + "".join(f"    {line}\n" for line in ([globals_] if globals_ else []) + "\n".join(lines).split("\n"))


statements = st.lists(guarded, min_size=1, max_size=3)
aliased = st.tuples(name, name, name, value, value).map(lambda it: f"{it[0]} = {it[1]}\n{it[0]}.append({it[3]})\n{it[2]} = {it[4]}")
looped = st.tuples(name, name, name, value).map(lambda it: f"for {it[0]} in ({it[1]}, {it[2]}):\n    {it[0]}.append({it[3]})")
cell = st.one_of(
    aliased,
    looped,
    statements.map("\n".join),
    statements.map("\n".join),
    statements.map("\n".join),
    st.tuples(function, st.lists(simple, min_size=1, max_size=2), value).map(lambda it: body([*it[1], f"return {it[2]}"], f"def {it[0]}(a=0):")),
    st.tuples(function, st.lists(simple, min_size=1, max_size=2), value, name).map(
        lambda it: body([*it[1], f"return {it[2]}"], f"def {it[0]}(q=[]):", f"global {it[3]}")
    ),
    st.tuples(st.sampled_from(CLASSES), name, simple).map(
        lambda it: f"class {it[0]}:\n    x = 0\n    def bump(self, by):\n        global {it[1]}\n        {it[2]}\n        self.x = by\n"
    ),
    st.tuples(function, value).map("def {0[0]}(z=None):\n    k = {0[1]}\n    def inner():\n        return k\n    return inner\n".format),
)
program = st.lists(cell, min_size=2, max_size=7)


def shown(value, depth=0, known=None):
    """A value as text that is the same wherever it was made; what holds itself many times over is told by digests, not by a text that grows with each level."""
    known = {} if known is None else known
    key = id(value), depth
    if key not in known:
        text = _text_of(value, depth, known)
        known[key] = text if len(text) < 500 else hashlib.sha1(text.encode()).hexdigest()
    return known[key]


def _text_of(value, depth, known):
    if isinstance(value, (int, float, str, type(None))):
        return repr(value)
    if depth > 6:
        return "..."
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}{[shown(it, depth + 1, known) for it in value]}"
    if isinstance(value, dict):
        return str({key: shown(it, depth + 1, known) for key, it in value.items()})
    if hasattr(value, "__next__"):
        return "iterator" + repr(value.__reduce__()[-1] if hasattr(value, "__reduce__") and type(value).__name__ == "list_iterator" else "")
    if type(value).__module__ == "__main__":
        return f"{type(value).__name__}{shown(vars(value), depth + 1, known)}"
    return type(value).__name__


def outcome(namespace, names):
    """What the last cell left in the names it touches."""
    return {it: shown(namespace[it]) for it in names if it in namespace and it[:1] != "_" and it in (*NAMES,)}


@pytest.mark.parametrize("is_seen", [True, False], ids=["seen", "unseen"])
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=program, data=st.data())
def test_the_recipe_gives_what_the_cell_gave(make_notebook, is_seen, cells, data):
    notebook = make_notebook(is_seen=is_seen)
    for first in FIRST:
        notebook.run(first)
    state = random.getstate()
    order = data.draw(st.lists(st.integers(0, len(cells) - 1), min_size=2, max_size=9))
    try:
        for index in order:
            if data.draw(st.integers(0, 5)) == 0:
                cells = [*cells]
                cells[index] = data.draw(cell)
            last = notebook.run(cells[index])
        touched = notebook.history.steps[-1].needs | notebook.bound
        expected, status = outcome(notebook.namespace, touched), last.status
        recipe = recipe_of(notebook.history.steps, {last.number})
        again = make_notebook(is_seen=False)
        for it in cells_of(recipe, {}):
            entry = again.run(it.source)
        assert entry.status == status, [it.source for it in cells_of(recipe, {})]
        assert outcome(again.namespace, touched) == expected, (order, [it.entry.source for it in notebook.history.steps], [it.entry.number for it in recipe])
    finally:
        random.setstate(state)
