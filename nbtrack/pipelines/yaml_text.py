"""YAML as one expects it: `1e-4` is a number, `no` and `off` are words, a key stands once. With the line of everything."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtrack.errors import SpecError, UsageError

Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""
Span = tuple[int, int]
"""Columns of a line, from 1: where something begins, and the one behind its end."""
NOWHERE: Span = (0, 0)
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


@dataclass
class Document:
    """A YAML file: its data, and on which line each value stands."""

    data: Any
    lines: dict[Place, int] = field(default_factory=dict)
    """From 1."""
    repeated: list[tuple[Place, int]] = field(default_factory=list)
    """Keys that stand more than once in a mapping; the last one holds."""
    spans: dict[Place, Span] = field(default_factory=dict)
    """Of the first line of each value and its key."""

    def line(self, place: Place) -> int:
        """The line of a value, else of the nearest thing around it; 1 where nothing is known."""
        while place:
            if place in self.lines:
                return self.lines[place]
            place = place[:-1]
        return self.lines.get((), 1)

    def span(self, place: Place) -> Span:
        """The columns of what `line` gives the line of."""
        while place and place not in self.spans:
            place = place[:-1]
        return self.spans.get(place, NOWHERE)


def read_scalar(text: str) -> Any:
    """What a word typed in a terminal means in YAML; the word itself where it is no YAML."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError:
        return text


def parse(text: str, name: str) -> Document:
    """Read YAML.

    Raises:
        SpecError: it is none; says where.
        UsageError: it is, but means nothing.
    """
    import yaml

    try:
        loader = _loader()(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return Document(None)
            found = Document(loader.construct_document(node))
            _note_lines(node, (), found, node.start_mark.line + 1, set())
        finally:
            loader.dispose()
    except yaml.YAMLError as cause:
        mark = getattr(cause, "problem_mark", None) or getattr(cause, "context_mark", None)
        problem = (mark.line + 1 if mark is not None else 0, "", f"this is no YAML: {getattr(cause, 'problem', None) or cause}")
        span = (mark.column + 1, mark.column + 2) if mark is not None else NOWHERE
        raise SpecError(Path(name), [problem], [span], mend="Mind the indentation, colons and quotes of that line.") from cause
    except (ValueError, RecursionError) as cause:
        raise UsageError(f"{name}: this cannot be read as YAML: {cause}.", mend="Correct the value that it names.") from cause
    return found


def read_params(path: Path) -> dict[str, Any]:
    """Values by name from a YAML or JSON file.

    Raises:
        UsageError: it cannot be read, or is no mapping of names.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise UsageError(f"{path} cannot be read: {getattr(cause, 'strerror', None) or cause}.", mend="Name a YAML file of parameters.") from cause
    data = parse(text, str(path)).data
    if data is None:
        return {}
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise UsageError(f"{path} holds no mapping of parameters.", mend="Write lines such as `lr: 0.1`.")
    return data


def _note_lines(node: Any, place: Place, found: Document, line: int, seen: set[int], key: Any = None) -> None:
    import yaml

    found.lines[place] = line
    if key is not None or place:
        start, end = key.start_mark if key is not None else node.start_mark, node.end_mark
        if end.line != start.line:  # of what goes on over lines, the key
            end = key.end_mark if key is not None else end
        found.spans[place] = (start.column + 1, end.column + 1 if end.line == start.line else 0)
    if id(node) in seen:  # an anchor that holds itself
        return
    if isinstance(node, yaml.MappingNode):
        names: set[Any] = set()
        for inner, value in node.value:
            name = inner.value
            if name in names and name != "<<":
                found.repeated.append(((*place, name), inner.start_mark.line + 1))
            names.add(name)
            _note_lines(value, (*place, name), found, inner.start_mark.line + 1, {*seen, id(node)}, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*place, index), found, value.start_mark.line + 1, {*seen, id(node)})


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


def walk(data: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value that is no container, with its place."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, (*place, index))
    else:
        yield place, data
