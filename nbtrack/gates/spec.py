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
from nbtrack.yaml_text import Place

if TYPE_CHECKING:
    AnyGate = Gate
else:
    AnyGate = Annotated[functools.reduce(operator.or_, kinds()[0].values()), Field(discriminator="kind")]
"""A gate of any kind there is, as pydantic reads it by its `kind`."""
Gates = dict[str, AnyGate]
"""Name to gate."""


def read_gates(located: Located, stage: str = "") -> Gates:
    """The gates of a file.

    Args:
        stage: the stage of a pipeline whose gates are meant; where it has none, those of the section `gates` that no other stage names.

    Raises:
        SpecError: it has none, or says what cannot be meant.
    """
    own = _of_stage(located, stage)
    place: Place = own if isinstance(located.at(own), dict) and own else ("gates",)
    section = located.at(place)
    if section is None:
        raise _none(located, (), "there is no section 'gates'")
    if not isinstance(section, dict) or not section:
        raise located.error([(place, "it should hold gates by their names, each with its kind")])
    broken = kinds()[1]
    for name, gate in section.items():
        kind = gate.get("kind") if isinstance(gate, dict) else None
        if kind in broken:
            raise located.error([((*place, name, "kind"), f"the kind {kind!r} is installed, and {broken[kind]}")])
    gates: Gates = located.check(Gates, place)
    named = located.at(own) if own else None
    if not own and isinstance(located.at(("stages", stage)), dict):
        return _of_none(located, gates, stage)
    if not isinstance(named, list):
        return gates
    if unknown := [at for at, word in enumerate(named) if not isinstance(word, str) or word not in gates]:
        raise located.error([((*own, at), f"there is no gate {named[at]!r} in the section 'gates'") for at in unknown])
    return {word: gates[word] for word in named}


def _of_stage(located: Located, stage: str) -> Place:
    """Where a stage's gates stand; empty where it has none."""
    facts = located.at(("stages", stage)) if stage else None
    if not isinstance(facts, dict):
        return ()
    place: Place = ("stages", stage, "gates") if "gates" in facts else ("defaults", "gates")
    return place if located.at(place) else ()


def _of_none(located: Located, gates: Gates, stage: str) -> Gates:
    """The gates that no stage names, for a stage that names none."""
    stages = located.at(("stages",))
    lists = [located.at(own) for name in (stages if isinstance(stages, dict) else ()) if isinstance(name, str) and (own := _of_stage(located, name))]
    taken = {word for names in lists if isinstance(names, list) for word in names if isinstance(word, str)}
    left = {name: gate for name, gate in gates.items() if name not in taken}
    if not left:
        raise _none(located, ("stages", stage), "the stage has no gates")
    return left


def _none(located: Located, place: Place, text: str) -> SpecError:
    """There is no gate for this run: which stages have some, and what to write."""
    stages = located.at(("stages",))
    found = [str(name) for name in (stages if isinstance(stages, dict) else ()) if isinstance(name, str) and _of_stage(located, name)]
    if not found:
        return located.error([(place, text)], mend="Write one, such as `gates: {accurate: {kind: metric, metric: accuracy, threshold: 0.9}}`.")
    where = f"{text} for this run; gates stand in the stage{'s' if len(found) > 1 else ''} {', '.join(found)}"
    return located.error([(place, where)], mend=f"Name a run of {'one' if len(found) > 1 else 'it'}, or write gates for this one.")


def find_gates(folder: Path, named: str = "", stage: str = "") -> tuple[Gates, Path]:
    """The gates that hold in a folder, and the file they stand in.

    Args:
        named: a file; empty means the nearest `nbtrack.yaml` upwards.
        stage: as `read_gates` takes it.

    Raises:
        UsageError: there is no such file.
        SpecError: it says what cannot be meant.
    """
    path = folder / Path(named).expanduser() if named else specs.find(folder)
    if path is None:
        raise UsageError(f"There is no nbtrack.yaml in {folder} or above.", mend="Write one with a section gates, or name a file: --gates FILE.")
    if not path.is_file():
        raise SpecError(path, [(0, "", "there is no such file")])
    return read_gates(specs.read(path), stage), path


def json_schema() -> dict[str, Any]:
    """JSON Schema of the section, for editors."""
    return TypeAdapter(Gates).json_schema()
