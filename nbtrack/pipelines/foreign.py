"""Parameters of a notebook in a language other than Python: a line each, with the type that its literal tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nbtrack.patterns import regex

_LINE = regex(r"^\s*([A-Za-z_.][\w.]*)\s*(?:<-|=)(?!=)\s*(.+?)\s*;?\s*(?:(?:#|//|%|--)\s*(.*))?$")
_TEXT = regex(r"""^(?:"[^"\\]*"|'[^'\\]*')$""")
_WHOLE = regex(r"^-?\d+$")
_NUMBER = regex(r"^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$")
_TRUTHS = {"r": {"TRUE": True, "FALSE": False}, "julia": {"true": True, "false": False}}
"""Of the languages whose literals have the types that papermill gives."""


@dataclass(frozen=True)
class Line:
    """One parameter."""

    name: str
    text: str
    """Its default as it is written."""
    help: str
    kinds: frozenset[str]
    """As of a declared parameter; empty where the literal does not tell."""
    default: Any
    """Of one of the kinds; None where they are empty."""


def lines_of(source: str, language: str) -> Iterator[Line]:
    """What the parameters cell declares.

    Args:
        language: in small letters.
    """
    for line in source.splitlines():
        if it := _LINE.match(line):
            yield Line(it[1], it[2], it[3] or "", *_literal(it[2], language))


def _literal(text: str, language: str) -> tuple[frozenset[str], Any]:
    truths = _TRUTHS.get(language)
    if truths is None:
        return frozenset(), None
    if text in truths:
        return frozenset({"bool"}), truths[text]
    if _TEXT.match(text):
        return frozenset({"str"}), ast.literal_eval(text)
    if language == "r" and _WHOLE.match(text.removesuffix("L")) and text.endswith("L"):
        return frozenset({"int"}), int(text[:-1])
    if _WHOLE.match(text):  # in R any number may have a fraction
        return frozenset({"int", "float"} if language == "r" else {"int"}), int(text)
    if _NUMBER.match(text):
        return frozenset({"int", "float"} if language == "r" else {"float"}), float(text)
    return frozenset(), None
