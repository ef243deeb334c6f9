"""IPython's door: one session a shell, from `%load_ext` to `%unload_ext`."""

from __future__ import annotations

import _thread
import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Any

from nbtrack import settings
from nbtrack.capture import background, link
from nbtrack.capture.begin import begin
from nbtrack.capture.blocks import Blocks
from nbtrack.capture.choice import Choice, choose, forced
from nbtrack.capture.collect import Collector
from nbtrack.capture.current import context, enter, foreground, forget_owner, leave
from nbtrack.capture.identity import of_cell
from nbtrack.capture.named import Named
from nbtrack.capture.notices import Notices
from nbtrack.capture.outcome import error_of, outcome
from nbtrack.capture.recover import recover
from nbtrack.capture.run import TrackedRun, write_ends
from nbtrack.capture.seen import names_of
from nbtrack.capture.source import Cell, Finding
from nbtrack.capture.sources import SOURCES
from nbtrack.capture.taken_off import TakenOff
from nbtrack.capture.truth import Truth
from nbtrack.entities import Request, State
from nbtrack.entities.ledger import Entry, Ledger, Status
from nbtrack.journal import Home, excluded
from nbtrack.notebooks.reasons import label
from nbtrack.notebooks.scopes import parse, scope_of
from nbtrack.records import dataclass
from nbtrack.system import working_folder

Undo = Callable[[], None]
_JUST_NOW_NS, _LONG_NS = 15_000_000, 50_000_000
"""For so long after it a cell that follows another at once may still come; and what runs longer may see settings change."""
_TRANSPARENT = ("%%time", "%%capture", "%%prun", "%%memit", "%%mprun", "%%snakeviz", "%%pyinstrument")
"""Cell magics whose body is Python of this notebook."""


@dataclass
class Execution:
    """One cell while it runs."""

    info: Any
    """None for the cell that loads the extension."""
    entry: Entry
    cell: Cell | None
    """None where the cell is not tracked."""
    found: dict[tuple[str, str], Finding]
    undo: Undo
    thread: int = field(default_factory=threading.get_ident)


class Session:
    """Turns executions of one IPython shell into runs.

    Args:
        shell: IPython's shell.
        read_line: understands the `%%track` line of a raw cell; None where the cell has none, or one that cannot be understood
            (the magic itself then refuses the cell).
        show: shows a run's line after its cell; gets the run (None when dry), what was found and the request.
        show_blocks: shows the runs of blocks that ended in a cell, in the order they began; there is at least one.
        join: called with the store's URI before a tracked cell so that plain MLflow calls join the run; returns what undoes it.
    """

    def __init__(
        self,
        shell: Any,
        read_line: Callable[[str], tuple[Request, str] | None],
        show: Callable[[TrackedRun | None, list[Finding], Request], None],
        show_blocks: Callable[[list[TrackedRun]], None],
        join: Callable[[str], Undo],
    ) -> None:
        self.shell, self._read_line, self._show, self._show_blocks, self._join = shell, read_line, show, show_blocks, join
        self.ledger, self.notices = Ledger(), Notices()
        self.collector = Collector((source() for source in SOURCES), self.notices.tell)
        self.last: TrackedRun | None = None
        self.open: tuple[TrackedRun, Request] | None = None
        """The run of `%track on`."""
        self.base: tuple[TrackedRun, Request] | None = None
        """The run that a runner has around the whole notebook; another process began it."""
        self.amend: Callable[[Request], Request] = lambda request: request
        """Changes what is asked before a run begins; a reproduction tells its runs apart with it."""
        self.blocks = Blocks(self)
        self._executions: list[Execution] = []
        self._depth: dict[int, int] = {}
        self._line = TakenOff(lambda raw: not self.is_busy() and read_line(raw) is not None, self.notices)

    def start(self) -> None:
        """Register the hooks."""
        self.collector.start(self.shell)
        running = recover(self.shell, self.ledger, self._python)
        for entry in self.ledger.entries:
            if entry is not running:
                self.collector.recall(entry)
        if running is not None:  # this cell, whose end will be seen
            self._executions.append(Execution(None, running, None, {}, lambda: None))
            self.collector.enter(running)
            self.blocks.entered(running)
        for name, hook in self._hooks():
            self.shell.events.register(name, hook)
        self.shell.input_transformer_manager.cleanup_transforms.append(self._line.transform)
        atexit.register(self._at_exit)

    def stop(self) -> None:
        """Take every hook away; the cell that does it ends here, and so does an open run."""
        for execution in self._executions[:]:
            self._executions.remove(execution)
            with contextlib.suppress(Exception):
                self._end(execution, None, None)
        for name, hook in self._hooks():
            with contextlib.suppress(ValueError):
                self.shell.events.unregister(name, hook)
        with contextlib.suppress(ValueError):
            self.shell.input_transformer_manager.cleanup_transforms.remove(self._line.transform)
        atexit.unregister(self._at_exit)
        self.switch_off()
        self.collector.stop()
        forget_owner()

    def _hooks(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        return ("pre_run_cell", self._before_cell), ("post_execute", self._line.executed), ("post_run_cell", self._after_cell)

    def switch_on(self, request: Request) -> TrackedRun | None:
        """Begin a run that lasts until `switch_off`."""
        self.switch_off()
        request = self.amend(request)
        try:
            run = begin(request, of_cell(self.shell, None), code=f"on:{request.name}", parent=self.base[0].run_id if self.base is not None else "")
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self.notices.refuse(cause)
            return None
        self.notices.refused = ""
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
        self._finish(run, state, reason)
        return run

    def release(self, state: State, reason: str = "", traceback: str = "") -> None:
        """End the run around the whole notebook."""
        self.switch_off()
        if self.base is None:
            return
        run, _ = self.base
        self.base = None
        self._finish(run, state, reason, traceback)

    def _finish(self, run: TrackedRun, state: State, reason: str, traceback: str = "") -> None:
        """End a run of several cells."""
        _quit(run)
        self.collector.end(run)
        run.end(state, reason, traceback)

    @property
    def _around(self) -> tuple[TrackedRun, Request] | None:
        return self.open or self.base

    @property
    def truth(self) -> Truth:
        """The source that knows what ran."""
        return self.collector.one(Truth)

    def is_busy(self) -> bool:
        """Whether a cell of this thread is executing."""
        return self._depth.get(threading.get_ident(), 0) > 0

    def is_quiet(self) -> bool:
        """Whether no cell has begun or ended just now."""
        last = self.ledger.entries[-1] if self.ledger.entries else None
        return last is None or time.time_ns() - (last.ended_ns or last.started_ns) > _JUST_NOW_NS

    def _before_cell(self, info: Any) -> None:
        self._line.seen()
        thread = threading.get_ident()
        self._depth[thread] = self._depth.get(thread, 0) + 1
        if info.silent or self._depth[thread] > 1:
            return
        try:
            write_ends()
            link.hear(self.shell)
            self._begin(info)
        except KeyboardInterrupt:  # meant for the cell; IPython would show it as an error of ours, and go on
            self._interrupt_soon(info)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self.notices.tell(f"this cell is not tracked: {cause}")

    def _begin(self, info: Any) -> None:
        raw = info.raw_cell.lstrip()  # as IPython's own transformers have it
        read = self._read_line(raw) if raw.startswith("%%track") else None
        request, body = (self.amend(read[0]), read[1]) if read is not None else (self._around[1] if self._around is not None else None, info.raw_cell)
        entry = self._entry(info, body)
        execution = Execution(info, entry, None, {}, lambda: None)
        self._executions.append(execution)
        try:
            if request is not None and not request.is_scratch:
                with contextlib.suppress(StopIteration):  # it could not be started
                    self.truth.catch_up()
                execution.cell = self._cell(info, request, entry, body, is_own=read is not None)
                self.notices.refused = ""
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self.notices.refuse(cause)
        finally:
            self.collector.enter(entry)
            self.blocks.entered(entry)
        cell = execution.cell
        if cell is None:
            return
        if cell.run is not None:
            with contextlib.suppress(Exception):
                execution.undo = self._join(cell.run.uri)
        cell.allow(cell.chosen.budget_ms / 1000)
        self.collector.collect(cell, "before", execution.found)

    def _entry(self, info: Any, body: str) -> Entry:
        given = getattr(info, "transformed_cell", None)  # what IPython has made of it already
        code = given if given is not None and body is info.raw_cell and not body.startswith("%%") else self._python(body)
        if (tree := parse(code)) is None and code is given:
            code = self._python(body)  # where IPython could make nothing of it, this is the cell as typed
        return self.ledger.add(
            info.raw_cell, code, tree, partial(scope_of, tree), cell_id=getattr(info, "cell_id", None) or "", started_ns=time.time_ns(),
            execution_count=len(self.shell.history_manager.input_hist_raw) if info.store_history else None,  # IPython counts on before this hook
        )  # fmt: skip

    def running(self) -> Entry | None:
        """The cell that executes now, in whatever thread; of several the first."""
        return next((it.entry for it in self._executions), None)

    def settle(self, wait_s: float) -> None:
        """Wait until all is kept of what has run."""
        background.wait("later", wait_s)
        self.truth.settle(wait_s)

    def choice(self, request: Request) -> Choice:
        """What is captured: by the line, the settings, and what is excluded for good in this notebook.

        Raises:
            UsageError: there is no such kind.
        """
        return self.capture_of(request, settings.load())

    def capture_of(self, request: Request, chosen: settings.Settings) -> Choice:
        """The same, under these settings."""
        return choose(request, chosen.capture, chosen.exclude, excluded.of(Home(settings.home(chosen)), self.notebook()))

    def notebook(self) -> str:
        """Path of the notebook, else the working directory: what names are excluded for."""
        return of_cell(self.shell, None).notebook or str(working_folder())

    def _cell(self, info: Any, request: Request, entry: Entry, body: str, *, is_own: bool) -> Cell:
        chosen = settings.load()
        choice = self.capture_of(request, chosen)
        run: TrackedRun | None = None
        if not is_own and self._around is not None:
            run = self._around[0]
        elif not request.is_dry:
            parent = self._around[0].run_id if self._around is not None else ""
            run = begin(request, of_cell(self.shell, entry.cell_id), code=body, parent=parent, chosen=chosen)
            enter(run)
            self.last = run
        if run is not None:
            context.set(run)
            entry.run_id = run.run_id
        return Cell(forced(request, chosen, entry), entry, self.ledger, self.shell.user_ns, run, choice, chosen, is_own, before=self._bound())

    def _bound(self) -> dict[str, int]:
        """What public names are bound to, told apart by `id()`."""
        return {name: number for name, number in names_of(self.shell.user_ns).items() if name[:1] != "_"}

    def _python(self, body: str) -> str:
        """The cell as Python; below a cell magic such as %%time, that magic's body."""
        if body.startswith("%%"):
            magic, _, body = body.partition("\n")
            if magic.split()[0] not in _TRANSPARENT:
                return ""
        try:
            return str(self.shell.input_transformer_manager.transform_cell(body))
        except Exception:  # noqa: BLE001 - any broken source is for IPython to report
            return ""

    def _after_cell(self, result: Any) -> None:
        thread = threading.get_ident()
        depth = self._depth.get(thread, 0)
        if depth <= 1:
            self._depth.pop(thread, None)
        else:
            self._depth[thread] = depth - 1
        write_ends()
        info = getattr(result, "info", None)
        execution = next((it for it in self._executions if it.info is info or it.info is None), None)
        if execution is None and depth <= 1:  # where IPython itself fails, as at an exception that has no text, the result is another one, or None
            execution = next((it for it in self._executions if it.thread == thread), None)
        if execution is None:
            return
        self._executions.remove(execution)
        try:
            self._end(execution, getattr(result, "result", None), error_of(result, self.shell))
        except (Exception, KeyboardInterrupt) as cause:  # noqa: BLE001 - a guest does not break the cell
            self.notices.tell(f"not all of this cell could be recorded: {cause!r}")

    def _end(self, execution: Execution, value: Any, error: BaseException | None) -> None:
        entry, cell = execution.entry, execution.cell
        entry.ended_ns = time.time_ns()
        entry.status = Status.OK if error is None else Status.INTERRUPTED if outcome(error)[0] is State.KILLED else Status.ERROR
        try:
            self.collector.leave(entry)
            self.blocks.left(entry)
            if cell is not None:
                cell.result, cell.error = value, error
                self._ask(execution, cell)
                self._note_failure(cell, entry, error)
        finally:
            if cell is not None and cell.run is not None and cell.is_own:  # whatever happens, a run ends
                _quit(cell.run)
                cell.run.end(*outcome(error))
        blocks = self.blocks.ended_here()
        try:
            if cell is not None and cell.is_own and not (cell.request.is_quiet or cell.chosen.quiet):
                self._show(cell.run, list(execution.found.values()), cell.request)
            if blocks and not (cell is not None and cell.request.is_quiet) and not settings.load().quiet:
                self._show_blocks(blocks)
        finally:
            if cell is not None:
                self.collector.go_on(cell)

    def _note_failure(self, cell: Cell, entry: Entry, error: BaseException | None) -> None:
        """Tell the run of `%track on` that one of its cells did not end well."""
        state = outcome(error)[0]
        if self.open is not None and cell.run is self.open[0] and not cell.is_own and state is not State.FINISHED:
            what = f"failed ({type(error).__name__})" if state is State.FAILED else "was interrupted"
            cell.run.notice(f"cell {label(entry)} {what}; a run of several cells goes on, and says FINISHED")

    def _ask(self, execution: Execution, cell: Cell) -> None:
        """What the sources find now that the cell has run."""
        try:
            if _may_have_set(cell.entry):
                cell.chosen = settings.load()
            cell.allow(cell.chosen.budget_ms / 1000)
            self.collector.collect(cell, "after", execution.found)
            run = cell.run
            for name in Named.missing(cell) if cell.is_own else ():
                if run is not None:
                    run.notice(f"{name!r} was asked for with -p or -m, but no such name exists after the cell")
        finally:
            with contextlib.suppress(Exception):
                execution.undo()

    def _interrupt_soon(self, info: Any) -> None:
        """Interrupt the cell, once its own code runs."""

        def interrupt() -> None:
            if any(it.info is info for it in self._executions):
                _thread.interrupt_main()

        timer = threading.Timer(0.05, interrupt)
        timer.daemon = True
        timer.start()

    def _at_exit(self) -> None:
        for execution in self._executions:
            if execution.cell is not None and execution.cell.run is not None and execution.cell.is_own:
                self.collector.end(execution.cell.run)
                execution.cell.run.end(State.KILLED, "the kernel was shut down while the cell ran")
        self.switch_off(reason="the kernel was shut down")
        self.release(State.KILLED, "the kernel was shut down")
        for run in foreground():
            with contextlib.suppress(Exception):
                self.blocks.end(run)
            run.end(State.FINISHED, "the process ended")
        write_ends()
        self.collector.at_exit()


def _may_have_set(entry: Entry) -> bool:
    """Whether settings may be others than when the cell began: by its own code, or because it ran so long."""
    return (entry.ended_ns or 0) - entry.started_ns > _LONG_NS or "nbtrack" in entry.source.lower()


def _quit(run: TrackedRun) -> None:
    """What is logged from now on is not this run's."""
    leave(run)
    if context.get() is run:
        context.set(None)
