"""What is shown below a tracked cell."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from fnmatch import fnmatchcase

from nbtrack.capture.outputs import OURS
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Finding
from nbtrack.entities import Request, RunView, State
from nbtrack.journal import Home, fold
from nbtrack.magics.line import DryLine, RunLine, RunsLine, left_out
from nbtrack.magics.live import show_still


def show_after_cell(run: TrackedRun | None, found: list[Finding], request: Request) -> None:
    """Display the line of a run that just ended."""
    if run is None:
        _display(DryLine(found), {})
        return
    view = fold(run.home, run.run_id)
    if view is not None:
        if view.state is State.RUNNING and run.ended_by is not None:  # the disk is full: that it ended is known here alone
            view = replace(view, state=run.ended_by, ended_ns=time.time_ns())
        out = [left_out(run.left_out, [it for it in request.excluded if any(fnmatchcase(name, it) for name in run.left_out)])] if run.left_out else []
        _display(RunLine(view, [*run.notices, *out, *without_goal(view)], _since_before(run.home, view)), {"run_id": run.run_id})
        show_still(view)


def show_blocks(runs: list[TrackedRun]) -> None:
    """Display the runs of the blocks of a cell: of one its line, of several their names."""
    if len(runs) > 1:
        _display(RunsLine([(run.name if run.start.attempt == 1 else f"{run.name} #{run.start.attempt}", run.ended_by or State.RUNNING) for run in runs]), {})
    elif (view := fold(runs[0].home, runs[0].run_id)) is not None:
        _display(RunLine(view, [*runs[0].notices, *without_goal(view)], _since_before(runs[0].home, view)), {"run_id": runs[0].run_id})


def show_end(run: TrackedRun) -> None:
    """Display the line of a `%track on` that something else than `%track off` has ended."""
    if (line := line_of(run)) is not None:
        _display(line, {"run_id": run.run_id})


def line_of(run: TrackedRun) -> RunLine | None:
    """The line of a `%track on` that has ended."""
    view = fold(run.home, run.run_id)
    return None if view is None else RunLine(view, [*run.notices, *without_goal(view)])


def _display(line: RunLine | RunsLine | DryLine, facts: dict[str, str]) -> None:
    """Show it as it is: asking each of IPython's formatters would take as long as the line itself."""
    from IPython.display import display

    display({"text/plain": repr(line), "text/html": line._repr_html_()}, raw=True, metadata={OURS: facts})  # type: ignore[no-untyped-call]


def without_goal(view: RunView) -> list[str]:
    """That the metric which decides was not recorded, where the cell came to its end."""
    metric = view.start.goal.partition(":")[2]
    if not metric or metric in view.metrics or view.state is not State.FINISHED:
        return []
    return [f"--goal names {metric!r}, which is no metric of this run; %track log {metric}=VALUE adds it"]


def _since_before(home: Home, view: RunView) -> str:
    """What changed since the attempt before, for the line; it is a courtesy, and fails without a word."""
    if view.start.attempt == 1:
        return ""
    with contextlib.suppress(Exception):
        from nbtrack.reads.changed import changed_line, previous

        before = previous(home, view, is_quick=True)
        return "" if before is None else changed_line(home, before, view)
    return ""
