"""`nbtrack.yaml` and its like: read safely, held against a pydantic model, and every mistake told with its file and line."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack import yaml_text
from nbtrack.errors import SpecError
from nbtrack.yaml_text import NOWHERE, Place, Span

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

NAMES = ("nbtrack.yaml", "nbtrack.yml")
_ROUNDS = 4
"""How often what is wrong is taken out: one mistake may hide another."""


@dataclass(frozen=True)
class Located:
    """What a file says, and on which line it says it."""

    path: Path
    data: Any
    lines: Mapping[Place, int]
    spans: Mapping[Place, Span] = field(default_factory=dict)
    """Columns of the first line of each value and its key."""

    def line(self, loc: Sequence[str | int]) -> int:
        """The line of a value, from 1; of one that is not there, of what should hold it."""
        return self.lines.get(self._known(loc), 1)

    def span(self, loc: Sequence[str | int]) -> Span:
        """The columns of what `line` gives the line of."""
        return self.spans.get(self._known(loc), NOWHERE)

    def check(self, type_: Any, loc: Place = ()) -> Any:
        """What stands at `loc` as the type says; None stands for nothing written there.

        Raises:
            SpecError: it is not what the type wants; all mistakes at once.
        """
        from pydantic import TypeAdapter, ValidationError

        adapter = TypeAdapter(type_)
        try:
            return adapter.validate_python(self.at(loc))
        except ValidationError as cause:
            schema = adapter.json_schema()
            raise self.error([(loc + tuple(it["loc"]), _told(it, schema)) for it in cause.errors(include_url=False)]) from cause

    def in_part(self, type_: Any) -> tuple[Any, list[Place]]:
        """What is left without all that is wrong, and where that stood; a misspelt name stands for what was meant. None where nothing is left."""
        from pydantic import TypeAdapter, ValidationError

        adapter, left, gone = TypeAdapter(type_), replace(self, data=copy.deepcopy(self.data)), list[Place]()
        for _ in range(_ROUNDS):
            try:
                return adapter.validate_python(left.data), gone
            except ValidationError as cause:
                gone += left._take_out(cause.errors(include_url=False), adapter.json_schema())
        return None, gone

    def _take_out(self, errors: list[ErrorDetails], schema: dict[str, Any]) -> list[Place]:
        gone = set[Place]()
        for it in sorted(errors, key=lambda it: it["type"] != "extra_forbidden"):
            loc = tuple(it["loc"])
            place, holder = self._known(loc), self.at(self._known(loc[:-1]))
            near = difflib.get_close_matches(str(loc[-1]), _fields(schema, loc[:-1]), 1) if it["type"] == "extra_forbidden" else []
            if near and near[0] not in holder:
                holder[near[0]] = holder.pop(loc[-1])
            elif place and not (it["type"] == "missing" and loc[-1] in holder):
                gone.add(place)
        for place in sorted(gone, key=lambda place: [str(part).rjust(9) for part in place], reverse=True):  # of a list, the last first
            holder = self.at(place[:-1])
            if isinstance(holder, dict):
                holder.pop(place[-1], None)
            elif isinstance(holder, list) and isinstance(place[-1], int) and place[-1] < len(holder):
                del holder[place[-1]]
        return sorted(gone, key=str)

    def at(self, loc: Place) -> Any:
        """The value there, or None."""
        found = self.data
        for part in loc:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def _known(self, loc: Sequence[str | int]) -> Place:
        """The place as the file has it: the kind that pydantic puts in for a union is left out, and so is what is missing."""
        found: Place = ()
        was_kind = False
        for part in loc:
            here = self.at(found)
            if not was_kind and isinstance(here, dict) and isinstance(part, str) and here.get("kind") == part:
                was_kind = True  # what comes next may be a field of the same name
                continue
            was_kind = False
            if (*found, part) in self.lines:
                found = (*found, part)
        return found

    def error(self, problems: Sequence[tuple[Sequence[str | int], str]], *, mend: str = "") -> SpecError:
        """One error of all that is wrong: place and text of each."""
        rows = sorted({((self.line(loc), ".".join(map(str, self._known(loc))), text), self.span(loc)) for loc, text in problems})
        return SpecError(self.path, [row for row, _ in rows], [span for _, span in rows], mend=mend)


def find(folder: Path) -> Path | None:
    """The nearest `nbtrack.yaml` from a folder upwards."""
    for place in (folder, *folder.parents):
        for name in NAMES:
            if (place / name).is_file():
                return place / name
    return None


def read(path: Path) -> Located:
    """What a file says.

    Raises:
        SpecError: it cannot be read, is no YAML, has a key twice, or is nested or aliased beyond all use.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as cause:
        raise SpecError(path, [(0, "", f"it cannot be read: {cause.strerror or cause}")]) from cause
    except UnicodeDecodeError as cause:
        line = cause.object.count(b"\n", 0, cause.start) + 1
        raise SpecError(path, [(line, "", f"this is no UTF-8: byte {cause.object[cause.start]:#04x}")], mend="Save the file as UTF-8.") from cause
    return parse(text, path)


def parse(text: str, path: Path) -> Located:
    """What a text says; an empty one is a mapping of nothing.

    Args:
        path: where the text comes from, for errors.

    Raises:
        SpecError: it is no YAML, has a key twice, or is nested or aliased beyond all use.
    """
    data, lines, spans = yaml_text.load(text, path)
    return Located(path, {} if data is None else data, lines, spans)


def _told(it: ErrorDetails, schema: dict[str, Any]) -> str:
    """One of pydantic's errors in our words where they help more."""
    name = str(it["loc"][-1]) if it["loc"] else ""
    match it["type"]:
        case "extra_forbidden":
            known = _fields(schema, it["loc"][:-1])
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            return f"there is no {name!r} here; {hint}"
        case "missing":
            return f"{name!r} is missing"
        case "union_tag_not_found":
            return f"{it['ctx']['discriminator'].strip(chr(39))!r} is missing"
        case "union_tag_invalid":
            wanted = [word.strip(" '") for word in it["ctx"]["expected_tags"].split(",")]
            near = difflib.get_close_matches(it["ctx"]["tag"], wanted, 1)
            return f"there is no kind {it['ctx']['tag']!r}; " + (f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(wanted)}")
        case "string_pattern_mismatch" if name == "[key]":
            given = str(it["loc"][-2])
            bad = next((letter for letter in given if not (letter.isalnum() or letter in "_-")), "")
            why = f"it holds {bad!r}" if bad else f"it begins with {given[:1]!r}" if not given[:1].isalpha() else "it is no identifier"
            return f"{given!r} cannot be a name, for {why}; take letters, digits and _, - where it is no identifier, and begin with a letter"
        case kind:
            shown = "" if isinstance(it["input"], (dict, list)) else f", not {_short(it['input'])}"
            text = str(it["msg"]).removeprefix("Value error, ") if kind == "value_error" else re.sub(r"^\w+ should", "it should", str(it["msg"]))
            return text + shown


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fields(schema: dict[str, Any], loc: Sequence[str | int]) -> list[str]:
    """Names a mapping at `loc` may have, by the JSON schema."""
    definitions = schema.get("$defs", {})
    here: Any = schema
    for part in (*loc, None):
        while isinstance(here, dict) and "$ref" in here:
            here = definitions.get(here["$ref"].rpartition("/")[2], {})
        if part is None or not isinstance(here, dict):
            break
        if isinstance(mapping := (here.get("discriminator") or {}).get("mapping"), dict) and part in mapping:
            here = {"$ref": mapping[str(part)]}
        elif part in here.get("properties", {}):
            here = here["properties"][part]
        elif isinstance(part, int) and "items" in here:
            here = here["items"]
        elif isinstance(here.get("additionalProperties"), dict):
            here = here["additionalProperties"]
        elif here.get("patternProperties"):
            here = next(iter(here["patternProperties"].values()))
        else:
            choices = [it for it in here.get("anyOf", []) if it.get("type") != "null"]
            if len(choices) != 1:
                return []
            return _fields({**choices[0], "$defs": definitions}, loc[list(loc).index(part) :])
        if isinstance(here, dict) and "anyOf" in here and "discriminator" not in here:
            here = next((it for it in here["anyOf"] if it.get("type") != "null"), here)
    return sorted(here.get("properties", {})) if isinstance(here, dict) else []
