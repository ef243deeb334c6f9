"""What is told of a cell's code before it runs."""

from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from nbtrack.entities.ledger import Ledger
from nbtrack.notebooks.ahead import Ahead, names_in
from nbtrack.notebooks.effects import effects_of
from nbtrack.notebooks.scopes import parse, scope_of

CORPUS = Path(__file__).parents[2] / "capture" / "corpus"


def ahead_of(code):
    tree = parse(code)
    return Ahead(Ledger().add(code, code, tree, scope_of(tree)))


def test_plain_code_of_real_notebooks_touches_the_same_names_as_all_its_effects_tell():
    python, plain = TransformerManager(), 0
    for path in sorted(CORPUS.glob("*/*.ipynb")):
        notebook = nbformat.convert(nbformat.read(path, as_version=nbformat.NO_CONVERT), 4)
        for cell in notebook.cells:
            code = python.transform_cell(cell.source) if cell.cell_type == "code" else ""
            if (tree := parse(code)) is not None and (names := names_in(tree)) is not None:
                body = effects_of(code, cell.source)
                assert names == (body.mentions.keys(), body.writes), code
                assert not body.functions, code
                plain += len(tree.body) > 1
    assert plain > 20


@pytest.mark.parametrize(
    ("code", "reads", "binds"),
    [
        ("x = 1", set(), {"x"}),
        ("y.a[i] = f(x, key=z)", {"y", "i", "f", "x", "z"}, set()),
        ("del x", {"x"}, set()),
        ("for i, it in pairs:\n    print(it)\nelse:\n    done = True", {"pairs", "print", "it"}, {"i", "it", "done"}),
        ("with open(p) as file, lock:\n    if (n := len(file)) > 3:\n        pass", {"open", "p", "lock", "len", "file"}, {"file", "n"}),
        ("x: int = y", {"int", "y"}, {"x"}),
        ("a = b = [*c, {d: e, **f}, f'{g:{h}}']", {"c", "d", "e", "f", "g", "h"}, {"a", "b"}),
        ("await task", {"task"}, set()),
    ],
)
def test_names_of_plain_code(code, reads, binds):
    assert names_in(parse(code)) == (reads, binds)
    body = effects_of(code)
    assert (set(body.mentions), body.writes) == (reads, binds)


@pytest.mark.parametrize(
    "code",
    [
        "def f(x): return x", "f = lambda x: x", "[x for x in y]", "import numpy as np", "x += 1", "class A: x = 1", "try:\n    f()\nexcept E as e:\n    pass",
        "globals()['x'] = 1", "get_ipython().run_line_magic('time', 'x = 1')", "match a:\n    case [b]:\n        pass",
    ],
)  # fmt: skip
def test_other_code_is_told_by_all_its_effects(code):
    assert names_in(parse(code)) is None
    ahead, body = ahead_of(code), effects_of(code)
    assert (ahead.reads, ahead.binds) == (body.mentions, body.writes)
    assert ahead.functions.keys() == body.functions.keys()


def test_names_of_a_cell_magic_are_those_that_its_effects_tell():
    entry = Ledger().add("%%bash\necho $x", "", parse(""), scope_of(None))
    assert not Ahead(entry).reads
    assert Ahead(entry).body.commands


def test_code_that_does_not_parse_touches_nothing():
    ahead = ahead_of("x = (")
    assert (ahead.reads, ahead.binds) == (set(), set())
    assert not ahead.functions
