"""Which names of a cell are params."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.capture.literals import Parameters, literal_bindings
from nbtrack.notebooks.scopes import parse


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("lr = 0.1\nname = 'adam'\nflag = True\nnothing = None", {"lr": 0.1, "name": "adam", "flag": True, "nothing": None}),
        ("a, b = 1, -2", {"a": 1, "b": -2}),
        ("x: int = 3", {"x": 3}),
        ("a = b = 7", {"a": 7, "b": 7}),
        ("layers = [64, 32]\nsize = (1, 2)", {"layers": [64, 32], "size": (1, 2)}),
        ("loss = 0.0\nfor i in range(3):\n    loss += i", {}),
        ("best = 0\nfor i in range(3):\n    best = i", {}),
        ("epochs = 9\nx = f()\nepochs = 9", {"epochs": 9}),
        ("best = 0\nx = f()\nbest = 1", {}),
        ("n = 0\nn = 0\nfor n in x:\n    pass", {}),
        ("n = 0\ndef f():\n    global n\n    n = 1", {}),
        ("n = 5\ndef f():\n    n = 1", {"n": 5}),
        ("_private = 1\nlosses = []\nseen = {}", {}),
        ("x = y = compute()", {}),
        ("x = = 1", {}),
        ("if True:\n    x = 1", {}),
        ("del_me = 1\ndel del_me", {}),
    ],
)
def test_names_bound_once_at_top_level_to_a_literal(code, found):
    assert literal_bindings(parse(code)) == found


@given(st.text())
def test_any_source_is_read_without_an_error(code):
    literal_bindings(parse(code))


def test_only_a_parameters_cell_is_remembered(notebook):
    book = notebook(Parameters())
    book.run("x = 1", is_tracked=False)
    book.run("# Parameters\nalpha = 0.5\n", is_tracked=False)
    assert [(it.name, it.value) for it in book.run("pass").values()] == [("alpha", 0.5)]
