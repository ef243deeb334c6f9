"""The `gates:` section of `nbtrack.yaml`: gates by name, each of a kind."""

from __future__ import annotations

import functools
import operator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter

from nbtrack import specs
from nbtrack.errors import SpecError, UsageError
from nbtrack.gates import kinds
from nbtrack.gates.gate import Gate
from nbtrack.specs import Located

if TYPE_CHECKING:
    AnyGate = Gate
else:
    AnyGate = Annotated[functools.reduce(operator.or_, kinds()[0].values()), Field(discriminator="kind")]
"""A gate of any kind there is, as pydantic reads it by its `kind`."""
Gates = dict[str, AnyGate]
"""Name to gate."""


def read_gates(located: Located) -> Gates:
    """The gates of a file.

    Raises:
        SpecError: it has none, or says what cannot be meant.
    """
    section = located.at(("gates",))
    if section is None:
        raise located.error([((), "there is no section 'gates'")])
    if not isinstance(section, dict) or not section:
        raise located.error([(("gates",), "it should hold gates by their names, each with its kind")])
    broken = kinds()[1]
    for name, gate in section.items():
        kind = gate.get("kind") if isinstance(gate, dict) else None
        if kind in broken:
            raise located.error([(("gates", name, "kind"), f"the kind {kind!r} is installed, and {broken[kind]}")])
    gates: Gates = located.check(Gates, ("gates",))
    return gates


def find_gates(folder: Path, named: str = "") -> tuple[Gates, Path]:
    """The gates that hold in a folder, and the file they stand in.

    Args:
        named: a file; empty means the nearest `nbtrack.yaml` upwards.

    Raises:
        UsageError: there is no such file.
        SpecError: it says what cannot be meant.
    """
    path = folder / Path(named).expanduser() if named else specs.find(folder)
    if path is None:
        raise UsageError(f"There is no nbtrack.yaml in {folder} or above.", mend="Write one with a section gates, or name a file: --gates FILE.")
    if not path.is_file():
        raise SpecError(path, [(0, "", "there is no such file")])
    return read_gates(specs.read(path)), path


def json_schema() -> dict[str, Any]:
    """JSON Schema of the section, for editors."""
    return TypeAdapter(Gates).json_schema()
