"""Running one notebook as one run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nbtrack import courier, settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.entities import RunView, State
from nbtrack.errors import StageError, UsageError
from nbtrack.journal import Home, fold
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.kernels import Kernels, check_kernel
from nbtrack.pipelines.listener import Deaf, Listener, Stop, StopReason
from nbtrack.pipelines.parameters import accept, declared_in, recorded
from nbtrack.pipelines.report import keep_report, write_out
from nbtrack.pipelines.stage import DEFAULT_KERNEL, Job, Result, attempt
from nbtrack.reads import words
from nbtrack.system import working_folder

_SHOWN = 8
T = TypeVar("T")


@dataclass(frozen=True)
class NotebookRun:
    """A notebook that was run."""

    run: RunView
    outputs: Mapping[str, Any]
    """Values that it recorded with `nbtrack.output`."""
    result: Result
    job: Job
    files: tuple[Path, ...] = ()
    """What was written to `out`."""

    @property
    def run_id(self) -> str:
        return self.run.run_id

    @property
    def state(self) -> State:
        return self.run.state

    def __repr__(self) -> str:
        view = self.run
        params = ", ".join(f"{words.short(name)}={words.short(words.told(name, value))}" for name, value in list(view.params.items())[:_SHOWN])
        metrics = ", ".join(f"{words.short(name)} {words.metric(it)}" for name, it in list(words.metrics_of_code(view).items())[:_SHOWN])
        head = f"{words.title(view)}  {view.state.value.lower()} {words.duration(view.duration_s)}"
        text = "  |  ".join(it for it in (head, params, metrics, words.short(words.clean(view.reason), 120)) if it)
        rows = [f"  output: {name} = {words.short(repr(value), 160)}" for name, value in self.outputs.items()]
        return "\n".join([text, *rows, *(f"  note: {notice}" for notice in view.notices)])


def run_notebook(
    path: Path, params: Mapping[str, Any], *, texts: frozenset[str] = frozenset(), out: Path | None = None, kernel: str = "", name: str = "",
    experiment: str = "", timeout_s: float | None = None, parent: str = "", stop: Stop | None = None, listener: Listener | None = None,
) -> NotebookRun:  # fmt: skip
    """Run a notebook as one run; that it failed is told by the state.

    Args:
        params: values of its parameters.
        texts: names of params whose values were typed in a terminal.
        out: folder that gets the executed notebook and the report.

    Raises:
        UsageError: there is no such notebook, parameter or kernel, or a value has the wrong type. Nothing was begun.
    """
    path = working_folder() / path
    book = notebooks.read(path)
    declared = declared_in(book)
    given = accept(book, declared, params, texts=texts)
    kernel_name = kernel or book.kernel or DEFAULT_KERNEL
    check_kernel(kernel_name, path)
    if out is not None:
        out = working_folder() / out
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out} is no folder.", mend="Name a folder with --out; it is made where there is none.")
    chosen = settings.load()
    home = Home(settings.home(chosen))
    uri = courier.absolute_uri(tracking_uri(chosen), working_folder())
    kernels = Kernels({})
    try:
        job = Job(
            path, given, recorded(declared, given), name or path.stem, home.root, uri, path.parent, kernel_name, timeout_s=timeout_s,
            experiment=experiment, parent=parent,
        )  # fmt: skip
        result = attempt(job, kernels, stop or Stop(), listener or Deaf())
    finally:
        kernels.close()
    report = keep_report(home, result.run_id, result.notebook) if result.notebook else b""
    files = write_out(out, path.stem, result.notebook, report) if out is not None and result.notebook else ()
    view = fold(home, result.run_id)
    if view is None:
        raise StageError(f"The run of {path} is not in the journal.", mend="Look whether NBTRACK_HOME is writable.", run_id=result.run_id)
    return NotebookRun(view, result.outputs, result, job, files)


def run_aside(path: Path, params: Mapping[str, Any], *, is_hasty: bool = False, wait_s: float = 60, **options: Any) -> NotebookRun:
    """`run_notebook` in a thread, so that what interrupts this one ends the kernel first.

    Args:
        is_hasty: then the kernel is killed and not asked.
        wait_s: how long its end is waited for.
    """
    return aside(lambda stop: run_notebook(path, params, stop=stop, **options), is_hasty=is_hasty, wait_s=wait_s)


def aside(act: Callable[[Stop], T], *, is_hasty: bool = False, wait_s: float = 60) -> T:
    """Do something in a thread; what interrupts this one asks it to stop, and waits for that."""
    stop = Stop()
    done: list[T] = []
    failed: list[BaseException] = []

    def go() -> None:
        try:
            done.append(act(stop))
        except BaseException as cause:  # noqa: BLE001 - it is raised again where it was asked for
            failed.append(cause)

    thread = threading.Thread(target=go, name="nbtrack-run", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.1)
    except BaseException:  # an interrupt, or a test's alarm: the kernel must not outlive it
        stop.ask(StopReason.INTERRUPTED, now=is_hasty)
        thread.join(wait_s)
        raise
    if failed:
        raise failed[0]
    return done[0]


def run_or_raise(path: Path, params: Mapping[str, Any], **options: Any) -> NotebookRun:
    """`run_notebook`, where an interrupt ends the kernel and one that failed is an error.

    Raises:
        StageError: it did not finish.
        KeyboardInterrupt: it was interrupted; its kernel is gone.
    """
    found = run_aside(path, params, **options)
    if found.state is not State.FINISHED:
        failure = found.result.failure
        where = f" in {failure.where}" if failure is not None else ""
        raise StageError(
            f"{found.job.notebook} failed{where}: {found.result.reason}.", mend=f"Look at it with nbtrack show {found.run_id[:8]}.",
            stage=found.job.name, run_id=found.run_id,
        )  # fmt: skip
    return found
