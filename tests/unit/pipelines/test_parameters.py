"""The parameters a notebook declares, and the values given for them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from nbtrack.errors import UsageError
from nbtrack.pipelines.notebook import CodeCell, Notebook
from nbtrack.pipelines.parameters import MOST_RUNS, UNKNOWN, accept, accept_grid, declared_in

CELL = """# parameters
lr: float = 1e-2  # learning rate
epochs = 10
name = "a"
flag = True
layers: list[int] = [1, 2]
shape = (3, 4)
options = {"a": 1}
limit: int | None = None
mode: Literal["fast", "slow"] = "fast"
size = 2 ** 10
where = Path("x")
anything = None
a, b = 1, 2
"""


def book(source=CELL, language="python"):
    return Notebook(Path("n.ipynb"), (CodeCell(source, frozenset(), 0),), "", language)


def given(**values):
    return accept(book(), declared_in(book()), values)


def typed(**values):
    return accept(book(), declared_in(book()), values, texts=frozenset(values))


def test_names_types_defaults_and_comments_are_read():
    found = {it.name: it for it in declared_in(book())}
    assert list(found) == ["lr", "epochs", "name", "flag", "layers", "shape", "options", "limit", "mode", "size", "where", "anything"]
    assert (found["lr"].type, found["lr"].default, found["lr"].help) == ("float", 0.01, "learning rate")
    assert [found[name].type for name in ("epochs", "name", "flag", "layers", "shape", "options")] == ["int", "str", "bool", "list", "tuple", "dict"]
    assert (found["limit"].type, found["mode"].type, found["size"].default) == ("int | None", "'fast' | 'slow'", 1024)
    assert (found["where"].default, found["where"].type, found["anything"].type) == (UNKNOWN, "any", "any")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("lr", "1e-3", 0.001), ("lr", "2", 2.0), ("epochs", "5", 5), ("name", "5", "5"), ("name", "True", "True"), ("flag", "no", False), ("layers", "[3]", [3]),
     ("shape", "[1, 2]", (1, 2)), ("options", "{b: 2}", {"b": 2}), ("limit", "null", None), ("limit", "3", 3), ("mode", "slow", "slow"), ("where", "1e-4", 1e-4)],
)  # fmt: skip
def test_texts_become_what_the_parameter_wants(name, text, value):
    found = typed(**{name: text})[name]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number():
    assert math.isnan(typed(lr="nan")["lr"])


@pytest.mark.parametrize(
    ("name", "text"), [("lr", "fast"), ("epochs", "1.5"), ("flag", "maybe"), ("layers", "3"), ("mode", "quick"), ("limit", "x"), ("options", "[1]")]
)
def test_texts_that_mean_nothing_are_refused_with_the_default(name, text):
    with pytest.raises(UsageError, match=f"'{name}'.*Its default is"):
        typed(**{name: text})


@pytest.mark.parametrize(("name", "value"), [("lr", "0.1"), ("lr", True), ("epochs", 1.0), ("epochs", False), ("name", 3), ("flag", 1), ("where", object())])
def test_values_of_another_type_are_refused(name, value):
    with pytest.raises(UsageError, match=f"'{name}'"):
        given(**{name: value})


def test_a_whole_number_does_for_a_float():
    assert type(given(lr=1)["lr"]) is float


def test_the_nearest_name_is_told():
    with pytest.raises(UsageError, match=r"Did you mean 'epochs' \(epochs: int = 10\)"):
        given(epoch=3)
    with pytest.raises(UsageError, match="It declares lr: float"):
        given(zzzzzz=3)


def test_a_cell_that_is_no_python_is_refused_and_other_languages_are_read_by_line():
    with pytest.raises(UsageError, match="line 1"):
        declared_in(Notebook(Path("n"), (CodeCell("%x", frozenset({"parameters"}), 0),), "", "python"))
    assert [(it.name, it.text) for it in declared_in(book("# parameters\nalpha <- 0.5 # step\nn = 3", "r"))] == [("alpha", "0.5"), ("n", "3")]


def grid(**values):
    return accept_grid(book(), declared_in(book()), values, texts=frozenset(values))


def test_values_of_a_grid_have_the_types_of_their_parameters():
    assert grid(lr=["1", "1e-3"], mode=["fast", "slow"], layers=["[1]", "[2, 3]"]) == {"lr": [1.0, 1e-3], "mode": ["fast", "slow"], "layers": [[1], [2, 3]]}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"lr": ["1", "fast"]}, "which is no float"), ({"lr": ["1", "1.0"]}, "'lr' has a value twice.*Take one away"),
        ({"lr": []}, "'lr' has no values.*--grid lr=VALUE"), ({"lrate": ["1"]}, "Did you mean 'lr'"),
        ({"epochs": list(map(str, range(MOST_RUNS))), "lr": ["1", "2"]}, f"{2 * MOST_RUNS} runs.*Take values away"),
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_run_is_refused(values, why):
    with pytest.raises(UsageError, match=why):
        grid(**values)


@pytest.mark.parametrize("source", ["lr = (", "lr = " + "(" * 3000 + ")" * 3000])
def test_a_cell_that_is_no_python_is_told(source):
    with pytest.raises(UsageError, match=r"parameters cell of n\.ipynb is no Python"):
        declared_in(book(f"# parameters\n{source}"))
