"""The grammar of `%%track`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.entities import Request
from nbtrack.errors import UsageError
from nbtrack.magics import grammar


def parse(line: str) -> Request:
    return grammar.parse(grammar.split(line))


def test_every_option_is_understood():
    request = parse('fit -e mnist -p lr -p n=3 -m acc -t team="two words" --goal min:loss --parent abc --update --dry --quiet')
    assert request == Request("fit", "mnist", (("lr", None), ("n", "3")), ("acc",), {"team": "two words"}, "min:loss", "abc", True, True, True)


def test_long_options_take_their_value_either_way():
    assert parse("--experiment=a --param=lr=1").experiment == parse("--experiment a -p lr=1").experiment == "a"


def test_a_negative_value_is_a_value():
    assert parse("-p x=-1").params == (("x", "-1"),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--gaol max:acc", "Did you mean --goal?"),
        ("--zzzzzz", "Known are"),
        ("-e", "-e needs EXPERIMENT"),
        ("-e -p", "-e needs EXPERIMENT"),
        ("one two", 'Put quotes around a name with spaces: "one two"'),
        ("--goal acc", "Write --goal max:NAME"),
        ("-t key", "Write -t key=VALUE"),
        ('"open', "Close the quote"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_would_be_right(line, said):
    with pytest.raises(UsageError, match=r".") as caught:
        parse(line)
    assert said in str(caught.value)


def test_a_brace_expression_may_hold_spaces_and_is_expanded_whole():
    seen = []
    assert grammar.split("-p x={a + b} name", lambda word: seen.append(word) or word.replace("{a + b}", "5")) == ["-p", "x=5", "name"]
    assert "x={a + b}" in seen


def test_a_cell_without_the_line_is_not_read():
    assert grammar.read_cell("%%tracker\nx") is None
    assert grammar.read_cell("x = 1\n%%track") is None
    assert grammar.read_cell("") is None
    assert grammar.read_cell("%%track") == (Request(), "")


@given(st.text())
def test_no_text_breaks_the_reading_of_a_cell(text):
    grammar.read_cell("%%track " + text)
