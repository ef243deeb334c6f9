"""What is typed behind a command of `%track`."""

from __future__ import annotations

import pytest

from nbtrack.errors import UsageError
from nbtrack.magics import typed
from nbtrack.magics.commands import _FILES, COMMANDS
from nbtrack.magics.stages import _joined


def test_every_command_has_one_file_that_answers_it():
    answered = [command for commands in _FILES.values() for command in commands]
    assert sorted([*answered, "on", "off"]) == sorted(COMMANDS)


def test_words_within_brackets_are_one():
    assert _joined(["a.ipynb", "lr=log(1e-4,", "1e-1)", "d=choice(1,2)", "--goal", "max:acc"]) == [
        "a.ipynb",
        "lr=log(1e-4, 1e-1)",
        "d=choice(1,2)",
        "--goal",
        "max:acc",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.ipynb", "lr=log(1e-4,", "1e-1", "--goal", "max:acc"], "The bracket in 'lr=log(1e-4, 1e-1' is not closed. Write lr=log(1e-4, 1e-1)."),
        (["a.ipynb", "lr=log(1e-4,1e-1", "depth=choice(1,2)"], "The bracket in 'lr=log(1e-4,1e-1' is not closed. Write lr=log(1e-4,1e-1)."),
        (["a.ipynb", "lr=log(1e-4,1e-1))", "x=1"], "'lr=log(1e-4,1e-1))' closes a bracket that is not open. Write lr=log(1e-4,1e-1)."),
    ],
)  # fmt: skip
def test_a_bracket_that_is_not_closed_is_named_with_what_would_be_right(words, said):
    with pytest.raises(UsageError) as caught:
        _joined(words)
    assert str(caught.value) == said


def test_an_option_takes_its_value_either_way():
    assert typed.option(["a=1", "--run", "x"], "--run") == typed.option(["--run=x", "a=1"], "--run") == (["a=1"], "x")
    assert typed.option(["a=1"], "--run") == (["a=1"], None)
    with pytest.raises(UsageError, match="Write --run VALUE"):
        typed.option(["--run"], "--run")


def test_a_step_is_a_whole_number():
    assert typed.whole("--step", "-3") == -3
    with pytest.raises(UsageError, match=r"--step got '0\.5', which is no whole number. Write --step 2"):
        typed.whole("--step", "0.5")
