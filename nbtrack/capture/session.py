"""IPython's door: one session a shell, from `%load_ext` to `%unload_ext`."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.capture import SOURCES
from nbtrack.capture.begin import begin
from nbtrack.capture.current import context, enter, foreground, leave
from nbtrack.capture.identity import of_cell
from nbtrack.capture.literals import Parameters
from nbtrack.capture.named import Named
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell, Finding
from nbtrack.entities import Request, State

Undo = Callable[[], None]


@dataclass
class Execution:
    """One tracked cell while it runs."""

    info: Any
    cell: Cell
    run: TrackedRun | None
    found: dict[tuple[str, str], Finding]
    undo: Undo
    is_own: bool
    """The cell is a run of its own; else it is one of the cells of a `%track on`."""


class Session:
    """Turns executions of one IPython shell into runs.

    Args:
        shell: IPython's shell.
        read_line: understands the `%%track` line of a raw cell; None where the cell has none, or one that cannot be understood
            (the magic itself then refuses the cell).
        show: shows a run's line after its cell; gets the run (None when dry), what was found and the request.
        join: called with the store's URI before a tracked cell so that plain MLflow calls join the run; returns what undoes it.
    """

    def __init__(
        self,
        shell: Any,
        read_line: Callable[[str], tuple[Request, str] | None],
        show: Callable[[TrackedRun | None, list[Finding], Request], None],
        join: Callable[[str], Undo],
    ) -> None:
        self.shell, self._read_line, self._show, self._join = shell, read_line, show, join
        self.sources = [source() for source in SOURCES]
        self.last: TrackedRun | None = None
        self.open: tuple[TrackedRun, Request] | None = None
        """The run of `%track on`."""
        self._executions: list[Execution] = []
        self._depth: dict[int, int] = {}
        self._told: set[str] = set()

    def start(self) -> None:
        """Register the hooks."""
        self.shell.events.register("pre_run_cell", self._before_cell)
        self.shell.events.register("post_run_cell", self._after_cell)
        self.shell.input_transformer_manager.cleanup_transforms.append(self._take_off_line)
        atexit.register(self._at_exit)

    def stop(self) -> None:
        """Take every hook away; an open run ends."""
        for name, hook in (("pre_run_cell", self._before_cell), ("post_run_cell", self._after_cell)):
            with contextlib.suppress(ValueError):
                self.shell.events.unregister(name, hook)
        with contextlib.suppress(ValueError):
            self.shell.input_transformer_manager.cleanup_transforms.remove(self._take_off_line)
        atexit.unregister(self._at_exit)
        self.switch_off()

    def switch_on(self, request: Request) -> TrackedRun | None:
        """Begin a run that lasts until `switch_off`."""
        self.switch_off()
        try:
            run = begin(request, of_cell(self.shell, None), code=f"on:{request.name}")
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self._tell(f"not tracked: {cause}")
            return None
        enter(run)
        context.set(run)
        self.open, self.last = (run, request), run
        return run

    def switch_off(self, state: State = State.FINISHED, reason: str = "") -> TrackedRun | None:
        """End the run of `switch_on`; None where there is none."""
        if self.open is None:
            return None
        run, _ = self.open
        self.open = None
        leave(run)
        if context.get() is run:
            context.set(None)
        run.end(state, reason)
        return run

    def is_busy(self) -> bool:
        """Whether a cell of this thread is executing."""
        return self._depth.get(threading.get_ident(), 0) > 0

    def _take_off_line(self, lines: list[str]) -> list[str]:
        """Input transformer: without the `%%track` line, the cell is what it would be. Runs more than once a cell, so it only reads."""
        if not lines or not lines[0].startswith("%%track") or self.is_busy() or self._read_line("".join(lines)) is None:
            return lines
        rest = lines[1:]
        if rest and rest[0].startswith("%%"):
            return rest  # IPython looks for a cell magic on the first line only
        return ["\n", *rest]  # the user's line numbers stay

    def _before_cell(self, info: Any) -> None:
        thread = threading.get_ident()
        self._depth[thread] = self._depth.get(thread, 0) + 1
        if info.silent or self._depth[thread] > 1:
            return
        try:
            self._begin(info)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self._tell(f"this cell is not tracked: {cause}")

    def _begin(self, info: Any) -> None:
        read = self._read_line(info.raw_cell) if info.raw_cell.startswith("%%track") else None
        parameters = next(source for source in self.sources if isinstance(source, Parameters))
        if read is None:
            parameters.see(info.raw_cell)
            if self.open is not None:
                context.set(self.open[0])
                self._executions.append(self._execution(info, self.open[1], info.raw_cell, self.open[0], is_own=False))
            return
        request, body = read
        run = None
        if not request.is_dry:
            parent = self.open[0].run_id if self.open is not None else ""
            run = begin(request, of_cell(self.shell, getattr(info, "cell_id", None)), code=body, parent=parent)
            enter(run)
            context.set(run)
            self.last = run
        self._executions.append(self._execution(info, request, body, run, is_own=True))

    def _execution(self, info: Any, request: Request, body: str, run: TrackedRun | None, *, is_own: bool) -> Execution:
        cell = Cell(request, self._python(body), self.shell.user_ns)
        undo: Undo = lambda: None  # noqa: E731 - nothing to undo
        if run is not None:
            with contextlib.suppress(Exception):
                undo = self._join(run.uri)
        execution = Execution(info, cell, run, {}, undo, is_own)
        self._collect(execution, "before")
        return execution

    def _python(self, body: str) -> str:
        """The cell as Python; below a cell magic such as %%time, that magic's body."""
        if body.startswith("%%"):
            body = body.partition("\n")[2]
        try:
            return str(self.shell.input_transformer_manager.transform_cell(body))
        except Exception:  # noqa: BLE001 - any broken source is for IPython to report
            return ""

    def _collect(self, execution: Execution, moment: str) -> None:
        for source in self.sources:
            try:
                for finding in getattr(source, moment)(execution.cell):
                    key = (finding.kind, finding.name)
                    if key in execution.found:
                        continue
                    execution.found[key] = finding
                    if execution.run is not None:
                        _record(execution.run, finding)
            except Exception as cause:  # noqa: BLE001 - a source reads the user's objects, which may raise anything
                if execution.run is not None:
                    execution.run.notice(f"{source.name} could not be captured: {cause!r}")

    def _after_cell(self, result: Any) -> None:
        thread = threading.get_ident()
        depth = self._depth.get(thread, 0)
        if depth <= 1:
            self._depth.pop(thread, None)
        else:
            self._depth[thread] = depth - 1
        execution = next((it for it in self._executions if it.info is result.info), None)
        if execution is None:
            return
        self._executions.remove(execution)
        try:
            self._end(execution, result.error_before_exec or result.error_in_exec)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self._tell(f"the end of this run could not be recorded: {cause}")

    def _end(self, execution: Execution, error: BaseException | None) -> None:
        self._collect(execution, "after")
        run = execution.run
        if run is not None:
            for name in Named.missing(execution.cell) if execution.is_own else ():
                run.notice(f"{name!r} was asked for with -p or -m, but no such name exists after the cell")
            with contextlib.suppress(Exception):
                execution.undo()
            if execution.is_own:
                leave(run)
                if context.get() is run:
                    context.set(None)
                run.end(*outcome(error))
        if execution.is_own and not execution.cell.request.is_quiet:
            self._show(run, list(execution.found.values()), execution.cell.request)

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            print(f"nbtrack: {text}", file=sys.stderr)  # noqa: T201 - the one quiet notice

    def _at_exit(self) -> None:
        for execution in self._executions:
            if execution.run is not None and execution.is_own:
                execution.run.end(State.KILLED, "the kernel was shut down while the cell ran")
        self.switch_off(reason="the kernel was shut down")
        for run in foreground():
            run.end(State.FINISHED, "the process ended")


def outcome(error: BaseException | None) -> tuple[State, str, str]:
    """State, reason and traceback for what ended a cell or a block."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return State.FINISHED, "", ""
    text = "".join(traceback.format_exception(type(error), error, _users_part(error)))
    if isinstance(error, (KeyboardInterrupt, asyncio.CancelledError)):
        return State.KILLED, "interrupted", text
    return State.FAILED, f"{type(error).__name__}: {error}"[:1000], text


def _users_part(error: BaseException) -> Any:
    """The traceback from the user's first frame on."""
    trace = error.__traceback__
    first = trace
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if {"IPython", "ipykernel"} & set(Path(file).parts):  # cells themselves lie in ipykernel_<pid>
            first = trace.tb_next
        trace = trace.tb_next
    return first or error.__traceback__


def _record(run: TrackedRun, finding: Finding) -> None:
    if finding.kind == "param":
        run.param(finding.name, finding.value)
        return
    value = finding.value
    if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) and getattr(value, "ndim", 1) == 1:
        for step, item in enumerate(value.values() if isinstance(value, dict) else value):
            run.log(finding.name, item, step)
    else:
        run.log(finding.name, value)
