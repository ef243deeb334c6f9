"""`nbtrack.yaml` and its like: read safely, held against a pydantic model, and every mistake told with its file and line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.errors import SpecError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

NAMES = ("nbtrack.yaml", "nbtrack.yml")
_NODES = 100_000
"""Values of a file, aliases followed; a file that has more was made to exhaust whoever reads it."""
_DEPTH = 100
Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Located:
    """What a file says, and on which line it says it."""

    path: Path
    data: Any
    lines: Mapping[Loc, int]

    def line(self, loc: Sequence[str | int]) -> int:
        """The line of a value, from 1; of one that is not there, of what should hold it."""
        return self.lines.get(self._known(loc), 1)

    def check(self, type_: Any, loc: Loc = ()) -> Any:
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

    def at(self, loc: Loc) -> Any:
        """The value there, or None."""
        found = self.data
        for part in loc:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def _known(self, loc: Sequence[str | int]) -> Loc:
        """The place as the file has it: the kind that pydantic puts in for a union is left out, and so is what is missing."""
        found: Loc = ()
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

    def error(self, problems: Sequence[tuple[Sequence[str | int], str]]) -> SpecError:
        """One error of all that is wrong: place and text of each."""
        rows = [(self.line(loc), ".".join(map(str, self._known(loc))), text) for loc, text in problems]
        return SpecError(self.path, sorted(set(rows)))


def find(folder: Path) -> Path | None:
    """The nearest `nbtrack.yaml` from a folder upwards."""
    for place in (folder, *folder.parents):
        for name in NAMES:
            if (place / name).is_file():
                return place / name
    return None


def read(path: Path) -> Located:
    """A YAML file by the safe loader, which makes plain data alone.

    Raises:
        SpecError: it cannot be read, is no YAML, has a key twice, or is nested or aliased beyond all use.
    """
    import yaml

    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise SpecError(path, [(0, "", f"it cannot be read: {getattr(cause, 'strerror', None) or cause}")]) from cause
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines: dict[Loc, int] = {}
        if node is not None:
            _walk(path, node, (), lines)
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        raise SpecError(path, [(mark.line + 1 if mark else 0, "", str(cause.problem or cause.context or cause))]) from cause
    except RecursionError as cause:
        raise SpecError(path, [(0, "", "it is nested too deeply")]) from cause
    except (yaml.YAMLError, ValueError) as cause:
        raise SpecError(path, [(0, "", f"it is no YAML: {' '.join(str(cause).split())}")]) from cause
    finally:
        if loader is not None:
            loader.dispose()
    return Located(path, {} if data is None else data, lines)


def _walk(path: Path, node: Any, loc: Loc, lines: dict[Loc, int]) -> None:
    """Note the line of every value; that of a mapping's value is the line of its key."""
    import yaml

    lines.setdefault(loc, node.start_mark.line + 1)
    if len(lines) > _NODES or len(loc) > _DEPTH:
        raise SpecError(path, [(node.start_mark.line + 1, "", "it holds too many values, or values too deep within others")])
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else str(key.start_mark.line)
            if (*loc, name) in lines and name != "<<":
                raise SpecError(path, [(key.start_mark.line + 1, ".".join(map(str, loc)), f"{name!r} is there twice, first on line {lines[*loc, name]}")])
            lines[*loc, name] = key.start_mark.line + 1
            _walk(path, value, (*loc, name), lines)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            _walk(path, value, (*loc, at), lines)


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
        case "value_error":
            return str(it["msg"]).removeprefix("Value error, ")
        case _:
            shown = "" if isinstance(it["input"], (dict, list)) else f", not {it['input']!r}"
            return str(it["msg"]).removeprefix("Input s").replace("hould be", "it should be", 1) + shown


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
        else:
            choices = [it for it in here.get("anyOf", []) if it.get("type") != "null"]
            if len(choices) != 1:
                return []
            return _fields({**choices[0], "$defs": definitions}, loc[list(loc).index(part) :])
        if isinstance(here, dict) and "anyOf" in here and "discriminator" not in here:
            here = next((it for it in here["anyOf"] if it.get("type") != "null"), here)
    return sorted(here.get("properties", {})) if isinstance(here, dict) else []
