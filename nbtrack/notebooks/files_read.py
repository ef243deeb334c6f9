"""Files that lay there before the notebook came, were read by its cells, and are other ones now."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from nbtrack.notebooks.step import Step

_ANY = "<files>"
"""Place of files that code makes by paths nobody can tell."""


def since_read(recipe: Sequence[Step], steps: Sequence[Step]) -> dict[int, tuple[str, ...]]:
    """Paths by number of the cell of the recipe that read them last.

    A file that a cell had written by then is the recipe's own, and told by the order of its cells. Whoever changed the others: a clean run reads
    what is there now.
    """
    found: dict[int, tuple[str, ...]] = {}
    made: set[str] = set()
    counted = {step.entry.number for step in recipe}
    for step in steps:
        own = step.sets | step.changes
        if step.entry.number in counted and step.entry.ended_ns is not None and _ANY not in made:
            paths = [place.removeprefix("<file ").removesuffix(">") for place in sorted(step.files - made - own)]
            changed = tuple(path for path in paths if _changed_ns(path) > step.entry.ended_ns)
            if changed:
                found[step.entry.number] = changed
        made |= {place for place in own if place.startswith("<file")}
    return found


def _changed_ns(path: str) -> int:
    """When a file's content was changed last; 0 where it is none."""
    try:
        facts = Path(path).stat()
    except (OSError, ValueError):
        return 0
    return facts.st_mtime_ns if stat.S_ISREG(facts.st_mode) else 0
