"""Running one notebook with every combination of some values: each is a run, below one run of the grid."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from nbtrack import courier, settings
from nbtrack.capture.begin import begin, tracking_uri
from nbtrack.capture.identity import Identity
from nbtrack.entities import Request, State
from nbtrack.errors import NbtrackError, UsageError
from nbtrack.journal import Home
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.code import Sources
from nbtrack.pipelines.executor import LocalExecutor
from nbtrack.pipelines.kernels import Kind, check_kernel
from nbtrack.pipelines.listener import Listener, Stop
from nbtrack.pipelines.parameters import accept, accept_grid, declared_in, recorded
from nbtrack.pipelines.report import keep_report
from nbtrack.pipelines.stage import DEFAULT_KERNEL, Job, Result
from nbtrack.pipelines.warm.ahead import loaded_ahead
from nbtrack.system import working_folder

_LOOK_S = 0.2


@dataclass(frozen=True)
class Point:
    """One combination that was run."""

    name: str
    """Of its run."""
    params: Mapping[str, Any]
    """What differs from run to run."""
    state: State
    reason: str = ""
    run_id: str = ""
    """Empty where no run could be begun."""
    seconds: float = 0.0


@dataclass(frozen=True)
class GridResult:
    """What came of a grid."""

    run_id: str
    state: State
    points: tuple[Point, ...]


class GridShows(Protocol):
    """Shows a grid. Calls come from one thread; those of a listener from that of its run."""

    def began(self, run_id: str, count: int) -> None:
        """It has a run of its own, and so many are to come below it."""
        ...

    def listener(self, name: str) -> Listener:
        """Hears of one run."""
        ...

    def failed(self, job: Job, result: Result) -> None:
        """The notebook failed in a run."""
        ...

    def over(self, point: Point, number: int, count: int) -> None:
        """A run is over, the `number`th of those that are."""
        ...


def run_grid(
    path: Path, params: Mapping[str, Any], grid: Mapping[str, Sequence[Any]], *, texts: frozenset[str] = frozenset(), jobs: int = 1, kernel: str = "",
    name: str = "", timeout_s: float | None = None, stop: Stop, shows: GridShows,
) -> GridResult:  # fmt: skip
    """Run a notebook once for every combination; one that fails keeps no other from being run.

    Args:
        params: values of parameters that are the same in every run.
        texts: names of params and of the grid whose values were typed in a terminal.
        jobs: how many run at once.

    Raises:
        UsageError: there is no such notebook, parameter or kernel, or a value has the wrong type. Nothing was begun.
    """
    path = working_folder() / path
    book = notebooks.read(path)
    declared = declared_in(book)
    if twice := sorted(params.keys() & grid.keys()):
        raise UsageError(f"Parameter {twice[0]!r} has one value and several.", mend=f"Leave -p {twice[0]} or --grid {twice[0]} out.")
    given = accept(book, declared, params, texts=texts)
    values = accept_grid(book, declared, grid, texts=texts)
    points = [dict(zip(values, it, strict=True)) for it in itertools.product(*values.values())]
    kernel_name = kernel or book.kernel or DEFAULT_KERNEL
    check_kernel(kernel_name, path)
    chosen = settings.load()
    uri = courier.absolute_uri(tracking_uri(chosen), working_folder())
    request = Request(name=name or path.stem, tags={"nbtrack.grid": ", ".join(grid)})
    run = begin(request, Identity(str(path), "", "nbtrack run"), code="", chosen=settings.load({"tracking_uri": uri}))
    state, reason = State.FAILED, "the grid failed"
    try:
        for key, value in {**recorded(declared, given), **values}.items():
            run.param(key, value)
        shows.began(run.run_id, len(points))
        job = Job(
            path, given, recorded(declared, given), request.name, settings.home(chosen), uri, path.parent, kernel_name, timeout_s=timeout_s,
            parent=run.run_id, modules=loaded_ahead(book, (path.parent,), Sources()),
        )  # fmt: skip
        found = _run(job, points, jobs, stop, shows)
        state, reason = _verdict(found, len(points), stop)
    finally:
        run.end(state, reason)
        run.writer.close()
    return GridResult(run.run_id, state, found)


def _run(job: Job, points: Sequence[Mapping[str, Any]], jobs: int, stop: Stop, shows: GridShows) -> tuple[Point, ...]:
    names = [f"{job.name}-{number}" for number in range(1, len(points) + 1)]
    waiting = deque(zip(names, points, strict=True))
    running: dict[Future[Result], tuple[Job, Mapping[str, Any]]] = {}
    found: list[Point] = []
    executor = LocalExecutor(min(jobs, len(points)))
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="nbtrack-report") as reports:
            kind = Kind(job.kernel, job.modules)
            while running or (waiting and stop.reason is None):
                while waiting and len(running) < jobs and stop.reason is None:
                    name, point = waiting.popleft()
                    one = replace(job, name=name, params={**job.params, **point}, recorded={**job.recorded, **point})
                    executor.expect([kind] * (1 + len(waiting)))
                    running[executor.submit(one, stop, shows.listener(name))] = one, point
                done, _ = wait(running, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for future in done:
                    one, point = running.pop(future)
                    found.append(_point(one, point, future, shows, reports))
                    shows.over(found[-1], len(found), len(points))
    finally:
        executor.close()
    place = {name: at for at, name in enumerate(names)}
    return tuple(sorted(found, key=lambda it: place[it.name]))


def _point(job: Job, params: Mapping[str, Any], future: Future[Result], shows: GridShows, reports: ThreadPoolExecutor) -> Point:
    try:
        result = future.result()
    except (NbtrackError, OSError) as cause:
        return Point(job.name, params, State.FAILED, cause.message if isinstance(cause, NbtrackError) else str(cause))
    if result.notebook:
        reports.submit(keep_report, Home(job.home), result.run_id, result.notebook)
    if result.state is State.FAILED:
        shows.failed(job, result)
    return Point(job.name, params, result.state, result.reason, result.run_id, result.seconds)


def _verdict(found: Sequence[Point], count: int, stop: Stop) -> tuple[State, str]:
    if stop.reason is not None and (len(found) < count or any(it.state is State.KILLED for it in found)):
        return State.KILLED, "interrupted"
    failed = [it for it in found if it.state is not State.FINISHED]
    return (State.FAILED, f"{len(failed)} of {count} failed: {failed[0].reason}") if failed else (State.FINISHED, "")
