"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import nbtrack
from nbtrack.patterns import regex


def test_it_finds_what_a_compiled_one_finds() -> None:
    words = regex(r"(?P<name>\w+)=(\d+)", re.IGNORECASE)
    for _ in range(2):
        assert [match.groupdict() for match in words.finditer("a=1 b=22")] == [
            {
                "name": "a",
            },
            {"name": "b"},
        ]
        assert words.sub(r"\2", "a=1") == "1"
        assert words.flags & re.IGNORECASE
    assert regex(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_nothing_is_compiled_before_it_is_used() -> None:
    broken = regex("(")
    with pytest.raises(re.error):
        broken.match("")


def test_every_pattern_of_the_package_compiles() -> None:
    count = 0
    for file in Path(nbtrack.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "regex" and isinstance(node.args[0], ast.Constant):
                re.compile(node.args[0].value)
                count += 1
    assert count > 50
