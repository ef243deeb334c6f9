"""Which functions one place of a notebook calls again and again."""

from __future__ import annotations

import pytest

from nbtrack.capture.program import Part, Program
from nbtrack.capture.sites import is_repeated
from nbtrack.notebooks.scopes import parse, scope_of


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("for i in range(3):\n    test()", True),
        ("test()\nfor i in range(3):\n    test()", True),
        ("for i in range(3):\n    test(a)\ntest(b)", False),
        ("test()\ntest()", False),
        ("test()", False),
        ("fit(callback=test)", True),
    ],
)
def test_calls_of_one_place_are_one_thing_and_of_several_are_several(code, expected):
    tree = parse(f"def test(data=None): pass\n{code}")
    definition, *own = tree.body
    parts = tuple(Part(None, node, scope_of(parse(code))) for node in own)
    assert is_repeated(Program(None, parts, (), {"test": definition}), "test") is expected
