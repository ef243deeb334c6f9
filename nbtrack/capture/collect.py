"""Asking the sources about a cell, and recording what they find."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from nbtrack.capture import background
from nbtrack.capture.choice import KINDS
from nbtrack.capture.measures import is_equal
from nbtrack.capture.run import TrackedRun, as_text
from nbtrack.capture.source import CaptureSource, Cell, Finding, Source
from nbtrack.entities.ledger import Entry

if TYPE_CHECKING:
    from concurrent.futures import Future

S = TypeVar("S")
_BOUNDED = {"before": frozenset(("params",)), "after": frozenset(("params", "metrics"))}
"""Kinds whose sources stop when the budget has been used; the others look at it themselves, or only switch something on."""


class Collector:
    """The sources of one shell.

    Args:
        tell: says what a source raised outside a tracked cell; once for the same words.
    """

    def __init__(self, sources: Iterable[CaptureSource], tell: Callable[[str], None]) -> None:
        self.sources = list(sources)
        self._tell = tell
        self._acts: dict[str, list[tuple[str, Callable[..., None]]]] = {}
        """For each moment the sources that do something then; asked of every cell."""

    def one(self, kind: type[S]) -> S:
        """The source of this class."""
        return next(it for it in self.sources if isinstance(it, kind))

    def start(self, shell: Any) -> None:
        """Start every source; one that cannot start is left out."""
        for source in list(self.sources):
            try:
                source.start(shell)
            except Exception as cause:  # noqa: BLE001 - the others still work
                self.sources.remove(source)
                self._tell(f"{source.name} cannot be captured in this kernel: {cause!r}")
        self._acts.clear()

    def stop(self) -> None:
        """Stop every source."""
        for source in reversed(self.sources):
            with contextlib.suppress(Exception):
                source.stop()

    def recall(self, entry: Entry) -> None:
        """A cell ran before the extension was loaded."""
        self._each("recall", entry)

    def enter(self, entry: Entry) -> None:
        """A cell, tracked or not, is about to run."""
        self._each("enter", entry)

    def leave(self, entry: Entry) -> None:
        """A cell, tracked or not, ended."""
        self._each("leave", entry)

    def end(self, run: TrackedRun) -> None:
        """The run of a `%track on` is about to end."""
        self._each("end", run)

    def at_exit(self) -> None:
        """The process ends."""
        self._each("at_exit")

    def _each(self, moment: str, *about: Entry | TrackedRun) -> None:
        if moment not in self._acts:
            idle = getattr(Source, moment)
            self._acts[moment] = [(it.name, getattr(it, moment)) for it in self.sources if getattr(type(it), moment, None) is not idle]
        for name, act in self._acts[moment]:
            try:
                act(*about)
            except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
                self._tell(f"{name} could not be captured: {cause!r}")

    def collect(self, cell: Cell, moment: str, found: dict[tuple[str, str], Finding]) -> None:
        """Ask every source that is wanted, `before` or `after` the cell, and record what is new, as long as the budget lasts."""
        cut = cell.cut
        cut.clear()
        for source in self.sources:
            is_asked_for = source.kind not in KINDS  # what the line names is never switched off
            if not is_asked_for and source.kind not in cell.choice.kinds:
                continue
            is_bounded = source.kind in _BOUNDED[moment]
            if is_bounded and cell.is_spent:
                cut.append(source.name)
                continue
            try:
                for finding in getattr(source, moment)(cell):
                    key = (finding.kind, finding.name)
                    if key in found:
                        continue
                    if not (is_asked_for or cell.choice.wants(finding.name)):
                        _leave_out(cell, finding.name)
                        continue
                    found[key] = finding
                    if cell.run is not None:
                        _record(cell.run, finding)
                    if is_bounded and cell.is_spent:
                        cut.append(source.name)
                        break
            except Exception as cause:  # noqa: BLE001 - a source reads the user's objects, which may raise anything
                if cell.run is not None:
                    cell.run.notice(f"{source.name} could not be captured: {cause!r}")
        if cut and cell.run is not None:
            cell.run.notice(f"looking at this cell took longer than budget_ms allows, so {', '.join(dict.fromkeys(cut))} were not all captured")

    @staticmethod
    def go_on(cell: Cell) -> Future[None] | None:
        """Do in the background what the sources left for later; None where that is nothing."""
        if not cell.waiting:
            return None

        def act() -> None:
            for each in cell.waiting:
                try:
                    each()
                except Exception as cause:  # noqa: BLE001 - one that fails does not stop the others
                    if cell.run is not None:
                        cell.run.notice(f"something could not be captured in the background: {cause!r}")

        return background.soon("later", act)


def _leave_out(cell: Cell, name: str) -> None:
    """Note a name that was found and is not wanted."""
    if name not in cell.left_out:
        cell.left_out.append(name)
    if cell.run is not None and name not in cell.run.left_out:
        cell.run.left_out.append(name)


def _record(run: TrackedRun, finding: Finding) -> None:
    if finding.keep is not None:
        finding.keep(run)
        return
    if finding.kind == "param":
        text = as_text(finding.value)
        if run.params_seen.get(finding.name) != text:  # cells of one %track on find the same params again and again
            run.params_seen[finding.name] = text
            run.param(finding.name, finding.value)
        return
    value = finding.value
    if finding.name in run.autologged:
        return
    if type(value) in (int, float) and finding.name in run.curve_ends and is_equal(run.curve_ends[finding.name], value):
        return  # a curve's last point, found again as a number
    if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) and getattr(value, "ndim", 1) == 1:
        for step, item in enumerate(value.values() if isinstance(value, dict) else value):
            run.log(finding.name, item, step)
    else:
        run.told.pop(finding.name, None)
        run.log(finding.name, value)
        if type(value) in (int, float):
            run.told[finding.name] = value
