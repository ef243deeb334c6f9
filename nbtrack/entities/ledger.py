"""What a kernel executed, in true order: the ground on which params, recipe, stamp and snapshot stand."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from enum import StrEnum
from typing import Any

from nbtrack.records import dataclass


@dataclass(frozen=True)
class Scope:
    """Names at the top level of a piece of code."""

    reads: frozenset[str] = frozenset()
    """Needed from before: read before the code surely binds them, also inside its functions and classes. Builtins are left out unless bound here."""
    writes: frozenset[str] = frozenset()
    """Bound at top level, by import, definition, loop, `with`, walrus or `global`."""
    deletes: frozenset[str] = frozenset()
    mutates: frozenset[str] = frozenset()
    """Read names whose object the code may change: an attribute or item is set, or a method is called on it."""
    functions: dict[str, frozenset[str]] = field(default_factory=dict)
    """Functions and classes the code defines, each with the global names its body reads."""
    has_star_import: bool = False


class Status(StrEnum):
    """How an execution ended."""

    RUNNING = "running"
    OK = "ok"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"
    """Executed before nbtrack was loaded; recovered from IPython's history."""


@dataclass(frozen=True)
class Seen:
    """What a cell was seen to do to the namespace while it ran."""

    bound: frozenset[str] = frozenset()
    """Names that mean another object than before, or are new."""
    gone: frozenset[str] = frozenset()
    kinds: dict[str, str] = field(default_factory=dict)
    """What the names the cell touches mean: `plain` (nothing can change it), `stream` (used up by reading), `module NAME`, `callable MODULE`,
    `object MODULE` (of the type's module)."""
    shares: frozenset[tuple[str, str]] = frozenset()
    """Pairs of touched names whose values hold the same changeable object, or cannot be told apart."""
    runs: frozenset[tuple[str, str]] = frozenset()
    """A name, and a function or class of the notebook that its value holds."""
    texts: dict[str, str] = field(default_factory=dict)
    """Values of touched names that are texts, paths or None."""
    modules: dict[str, str] = field(default_factory=dict)
    """Modules outside the installed packages that were imported, with their file and a digest of it: `FILE DIGEST`."""
    folder: str = ""
    """Working directory after the cell."""
    has_figures: bool = False
    """pyplot's figures were left open."""
    tasks: int = 0
    """asyncio tasks the cell left running."""
    changed: frozenset[str] = frozenset()
    """Touched names whose object, the same as before, was in another state afterwards; `<module NAME>` for a module of the user's own."""
    unchanged: frozenset[str] = frozenset()
    """Touched names whose object was surely in the same state."""
    counted: frozenset[str] = frozenset()
    """Those where it was, if tensors that are too large to read, or lie on another device, changed only in ways that PyTorch counts."""
    alike: frozenset[str] = frozenset()
    """Touched names that mean another object than before, of the same value: a number, an array, a data frame, a list of texts."""
    unordered: frozenset[str] = frozenset()
    """Touched names whose values hold texts or other things that hash otherwise in each process."""
    sets: frozenset[str] = frozenset()
    """Touched names whose values are sets."""
    drew: frozenset[str] = frozenset()
    """Libraries whose random generator was moved."""
    still: frozenset[str] = frozenset()
    """Libraries whose random generator was not."""
    has_imported: bool = False
    """Modules were loaded that were not there before."""
    has_drawn_ids: bool = False
    """Python's generator was moved by what one of these is known to draw for its own ids while it is loaded, and by nothing else."""
    patched: frozenset[str] = frozenset()
    """Names that it bound or took away for all modules, whatever way it took."""
    moved: frozenset[str] = frozenset()
    """Places that all code of the process shares and that were otherwise afterwards: `<environ>`, `<folder>`, `<options pandas>`."""
    kept: frozenset[str] = frozenset()
    """Such places that were looked at, and were as before."""
    lazy: frozenset[tuple[str, str]] = frozenset()
    """A name, and one that code its value holds may look up when it is called or goes on."""
    holds: frozenset[tuple[str, str]] = frozenset()
    """A touched name, and a package of whose types its value holds something."""
    patched_modules: frozenset[str] = frozenset()
    """Modules that the notebook has names for, of which a public name means something else since."""


BLOCK_RUNS = "runs of blocks"
"""Of an entry's facts: ids of the runs that blocks in it began."""
LATE = "late"
"""Of an entry's facts: nbtrack was loaded when a part of the cell had run."""


@dataclass
class Entry:
    """One execution of one cell version. What is static is set when it begins; status, end and outputs follow."""

    number: int
    """Order of execution in this kernel, from 1."""
    source: str
    """As typed."""
    code: str
    """As Python: IPython's syntax is transformed, the `%%track` line is blank, and below a cell magic such as %%time stands its body."""
    tree: ast.Module | None
    """None where the code does not parse, or is not Python (%%bash)."""
    _scope: Scope | Callable[[], Scope]
    cell_id: str = ""
    execution_count: int | None = None
    started_ns: int = 0
    ended_ns: int | None = None
    status: Status = Status.RUNNING
    run_id: str = ""
    """The run it belongs to, or empty."""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """nbformat outputs, in the order they appeared."""
    seen: Seen | None = None
    """None while it runs, and where nobody saw it run."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What sources saw while it ran, by the source's name; the place for what a later cell's source needs to know."""

    @property
    def scope(self) -> Scope:
        """Names at its top level; found out when they are asked for first, which of most cells they never are."""
        if not isinstance(self._scope, Scope):
            self._scope = self._scope()
        return self._scope


class Ledger:
    """The executions of one shell."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, source: str, code: str, tree: ast.Module | None, scope: Scope | Callable[[], Scope], **facts: Any) -> Entry:
        """Begin an entry with the next number."""
        entry = Entry(len(self.entries) + 1, source, code, tree, scope, **facts)
        self.entries.append(entry)
        return entry

    def before(self, entry: Entry) -> Iterator[Entry]:
        """Earlier entries, the latest first."""
        for it in reversed(self.entries):
            if it.number < entry.number:
                yield it

    def needed_by(self, entry: Entry) -> list[Entry]:
        """Earlier entries that bound what the entry reads, and what those needed, in order; for each name the latest binding counts.

        Functions count with what their bodies read. Changes in place are not followed: that is the recipe's work.
        """
        wanted: set[str] = set(entry.scope.reads)
        chosen: list[Entry] = []
        for it in self.before(entry):
            found = wanted & it.scope.writes
            if not found:
                continue
            chosen.append(it)
            wanted -= found
            wanted |= reads_for(it, found)
        return chosen[::-1]


def reads_for(entry: Entry, names: Iterable[str]) -> set[str]:
    """What an entry reads for the sake of some of its names: only their own bodies where all are functions, else everything."""
    names = set(names)
    if names <= entry.scope.functions.keys():
        return set().union(*(entry.scope.functions[name] for name in names))
    return set(entry.scope.reads)
