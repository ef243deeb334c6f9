"""One executed cell in the light of those before it: what it needed, set anew and changed."""

from __future__ import annotations

from dataclasses import field

from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.body import Body
from nbtrack.records import dataclass

HOOKS = "<hooks>"
"""Place of what IPython calls around each cell, and does to its code."""
PROCESS = "<process>"
"""Place of what holds for all code of the process: its limits, what signals do, arguments of the command line."""
SUBCLASSES = "<subclasses>"
"""Place of what classes know of those that stand on them."""
SHOWN_AS = "<shown as>"
"""Place of how IPython shows values."""


@dataclass(frozen=True)
class Fact:
    """Something in a cell that the stamp looks at."""

    rule: str
    text: str


@dataclass
class Step:
    """One executed cell in the light of those before it."""

    entry: Entry
    body: Body
    needs: set[str] = field(default_factory=set)
    """Names and places whose state from before it depends on."""
    sets: set[str] = field(default_factory=set)
    """Those it set anew, whatever they were."""
    changes: set[str] = field(default_factory=set)
    """Those it may have changed."""
    settled: set[str] = field(default_factory=set)
    """Options among what it set anew: doing so once more changes nothing."""
    files: set[str] = field(default_factory=set)
    """Paths of files it read."""
    facts: list[Fact] = field(default_factory=list)
    draws: set[str] = field(default_factory=set)
    """Random states it draws from though nothing in the history seeded them."""
    modules: set[str] = field(default_factory=set)
    """Top-level packages it imports or uses."""
    uses: set[str] = field(default_factory=set)
    """Those whose code or values it takes, and does not only import."""
    needs_everything: bool = False
    """It runs code that cannot be seen."""
    may_set_anything: bool = False
    """The same, or `import *`, and nobody saw what it bound."""
    clears: bool = False
    """%reset: no name is left."""
    repeats: Step | None = None
    """The first execution of the same code, which this one did once more and came to the same."""
    renews: Step | None = None
    """An earlier execution of the same cell, in whose place this one may stand."""
    is_ours: bool = False
    """Loads nbtrack or talks to it, and does nothing else."""
