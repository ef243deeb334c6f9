"""YAML as one expects it: `1e-4` is a number, `no` and `off` are words, a key stands once. With the line of everything."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from nbtrack.errors import SpecError

Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""
Span = tuple[int, int]
"""Columns of a line, from 1: where something begins, and the one behind its end."""
NOWHERE: Span = (0, 0)
_VALUES = 100_000
"""Values of a file, aliases followed; a file that has more was made to exhaust whoever reads it."""
_DEPTH = 100
_TAG = "tag:yaml.org,2002:"
_WHOLE = r"^[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|[0-9][0-9_]*)$"
_FLOAT = r"^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
_RESOLVERS = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ("~", "n", "N", "")),
    ("int", _WHOLE, "-+0123456789"),
    ("float", _FLOAT, "-+0123456789."),
    ("merge", r"^<<$", "<"),
)
"""Name of a scalar's kind, what it looks like, and its first characters."""


def read_scalar(text: str) -> Any:
    """What a word typed in a terminal means in YAML; the word itself where it is no YAML."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError:
        return text


def load(text: str, path: Path) -> tuple[Any, dict[Place, int], dict[Place, Span]]:
    """Plain data, made by a safe loader; the line of every value, which is that of its key, and the columns there of both.

    Args:
        path: where the text comes from, for errors.

    Raises:
        SpecError: it is no YAML, has a key twice, or is nested or aliased beyond all use.
    """
    import yaml

    marks = _Marks(path)
    try:
        loader = _loader()(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                marks.walk(node, (), node.start_mark.line + 1)
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as cause:
        is_unclosed = "quoted scalar" in str(cause.context)  # which is noticed at the end of the file
        mark = (cause.context_mark if is_unclosed else None) or cause.problem_mark or cause.context_mark
        told = "a quote is not closed" if is_unclosed else cause.problem or cause.context or cause
        problem = (mark.line + 1 if mark else 0, "", f"this is no YAML: {told}")
        span = (mark.column + 1, mark.column + 2) if mark else NOWHERE
        raise SpecError(path, [problem], [span], mend="Mind the indentation, colons and quotes of that line.") from cause
    except RecursionError as cause:
        raise SpecError(path, [(0, "", "it is nested too deeply")]) from cause
    except (yaml.YAMLError, ValueError) as cause:
        raise SpecError(path, [(0, "", f"this is no YAML: {' '.join(str(cause).split())}")]) from cause
    if marks.twice:
        raise SpecError(path, [problem for problem, _ in marks.twice], [span for _, span in marks.twice])
    return data, marks.lines, marks.spans


class _Marks:
    """Where everything stands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: dict[Place, int] = {}
        self.spans: dict[Place, Span] = {}
        self.twice: list[tuple[tuple[int, str, str], Span]] = []

    def walk(self, node: Any, place: Place, line: int, key: Any = None) -> None:
        import yaml

        self.lines.setdefault(place, line)
        if place:
            self.spans.setdefault(place, _span(node, key))
        if len(self.lines) > _VALUES or len(place) > _DEPTH:
            raise SpecError(self._path, [(line, "", "it holds too many values, or values too deep within others")])
        if isinstance(node, yaml.MappingNode):
            for inner, value in node.value:
                name = inner.value if isinstance(inner, yaml.ScalarNode) else str(inner.start_mark.line)
                at = inner.start_mark.line + 1
                if (*place, name) in self.lines and name != "<<":
                    told = f"{name!r} is there twice, first on line {self.lines[*place, name]}"
                    self.twice.append(((at, ".".join(map(str, place)), told), _span(value, inner)))
                    continue
                self.walk(value, (*place, name), at, inner)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self.walk(value, (*place, index), value.start_mark.line + 1)


def _span(node: Any, key: Any) -> Span:
    start, end = key.start_mark if key is not None else node.start_mark, node.end_mark
    if end.line != start.line:  # of what goes on over lines, the key
        end = key.end_mark if key is not None else end
    return start.column + 1, end.column + 1 if end.line == start.line else 0


@functools.cache
def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]  # which of two bases there is differs by system
        """A safe loader with the scalars of YAML 1.2."""

        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name and shape

    for tag, pattern, first in _RESOLVERS:
        Loader.add_implicit_resolver(f"{_TAG}{tag}", re.compile(pattern), list(first))
    Loader.add_constructor(f"{_TAG}int", lambda loader, node: _whole(loader.construct_scalar(node)))
    return Loader


def _whole(text: str) -> int:
    digits = text.replace("_", "").lower()
    return int(digits, 0) if "x" in digits or "o" in digits else int(digits)
