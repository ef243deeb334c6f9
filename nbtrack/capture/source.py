"""What a capture source is: where params, metrics, curves, models, figures and all else of a cell come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any, Protocol

from nbtrack import settings
from nbtrack.capture.choice import Choice
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Request
from nbtrack.entities.ledger import Entry, Ledger
from nbtrack.records import dataclass


@dataclass
class Cell:
    """A tracked cell: what was asked, what executes, and the namespace it runs in."""

    request: Request
    entry: Entry
    ledger: Ledger
    namespace: dict[str, Any]
    """The shell's user namespace: live, and not for a source to change."""
    run: TrackedRun | None = None
    """None where nothing is kept: `--dry` and `%track preview`."""
    choice: Choice = field(default_factory=Choice)
    chosen: settings.Settings = field(default_factory=settings.load)
    """Settings in force when the cell began; from its end on, those then."""
    is_own: bool = True
    """The cell is a run of its own; else it is one of the cells of a `%track on`, whose run other cells share."""
    is_preview: bool = False
    """The cell ran before, untracked: only what is still there to be seen can be found."""
    result: Any = None
    """Value of the last expression, once the cell ended."""
    error: BaseException | None = None
    before: dict[str, int] = field(default_factory=dict)
    """`id()` of what each public name was bound to before the cell; tells what the cell rebound."""
    deadline: float = float("inf")
    """Of `time.monotonic()`: what takes longer goes to `later`, or is skipped with a notice."""
    _cpu_s: float = 0.0
    """Of `time.thread_time()`, when the budget has been used."""
    waiting: list[Callable[[], None]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Names that were found, and that the user excluded."""
    cut: list[str] = field(default_factory=list)
    """What was not looked at to its end, since the budget had been used; the run says so."""

    @property
    def code(self) -> str:
        """The cell as Python, see `Entry.code`."""
        return self.entry.code

    @property
    def left_s(self) -> float:
        """Seconds of the budget that are left; may be negative."""
        return self.deadline - time.monotonic()

    def allow(self, budget_s: float) -> None:
        """From now on capture may take this long."""
        self.deadline = time.monotonic() + budget_s
        self._cpu_s = time.thread_time() + budget_s

    @property
    def is_spent(self) -> bool:
        """Whether the budget has been worked through: on a busy machine time passes without it."""
        return self.left_s < 0 and time.thread_time() > self._cpu_s

    def later(self, act: Callable[[], None]) -> None:
        """Do this in the background once the cell's run has been shown; it may use the run, and nothing the user's code may change meanwhile."""
        self.waiting.append(act)


@dataclass(frozen=True)
class Finding:
    """One thing found in a cell."""

    kind: str
    """`param`, `metric`, `curve`, `model`, `figure`, `dataset` or `fact`."""
    name: str
    value: Any
    """What is shown of it. A metric's value may be a sequence of numbers: a curve."""
    rule: str
    """Which rule found it, for the user to read."""
    keep: Callable[[TrackedRun], None] | None = None
    """How it is recorded; None for params and metrics, which are recorded by kind."""


class CaptureSource(Protocol):
    """Finds things in cells.

    `start` is called once at `%load_ext` and `stop` at `%unload_ext`, after which nothing of the source may be left in the process.
    `recall` is called, before all else, for every cell that IPython remembers from before the extension was loaded.
    `enter` and `leave` are called around every executed cell, tracked or not, in the thread that executes it; `leave` also after an
    error or an interrupt. `before` and `after` are called for tracked cells only: `before` after `enter`, `after` after `leave`.
    None of them may run the user's code beyond reading values, and each should take well under a millisecond when there is nothing
    to find; what needs longer looks at `cell.left_s` and uses `cell.later`, or stops when `cell.is_spent` and says in `cell.cut` what was
    left. What they raise becomes a notice of the run and does not reach the cell. Where two sources find one name of one kind, the
    earlier in the table decides. Sources are not called where `kind` is switched off by `--capture` or the settings. Names the user
    excluded are dropped afterwards; a source that writes to the run itself asks `cell.choice.wants(name)` first. `end` is called before
    the run of a `%track on` ends, and `at_exit` when the process does, once its runs have ended.
    """

    name: str
    kind: str
    """One of `choice.KINDS`; `named` for what the user asked for by name, which is never switched off."""

    def start(self, shell: Any) -> None: ...

    def stop(self) -> None: ...

    def recall(self, entry: Entry) -> None: ...

    def enter(self, entry: Entry) -> None: ...

    def leave(self, entry: Entry) -> None: ...

    def before(self, cell: Cell) -> Iterable[Finding]: ...

    def after(self, cell: Cell) -> Iterable[Finding]: ...

    def end(self, run: TrackedRun) -> None: ...

    def at_exit(self) -> None: ...


class Source:
    """A source that finds nothing: the base of ours, which override what they need."""

    name = "nothing"
    kind = "params"

    def start(self, shell: Any) -> None:
        return

    def stop(self) -> None:
        return

    def recall(self, entry: Entry) -> None:
        return

    def enter(self, entry: Entry) -> None:
        return

    def leave(self, entry: Entry) -> None:
        return

    def before(self, cell: Cell) -> Iterable[Finding]:
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        return ()

    def end(self, run: TrackedRun) -> None:
        return

    def at_exit(self) -> None:
        return
