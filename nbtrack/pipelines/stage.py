"""One attempt at a stage: a notebook executed in a kernel, as one run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack import settings
from nbtrack.capture.begin import begin
from nbtrack.capture.current import attach, owner
from nbtrack.capture.identity import Identity
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Kind, Request, State
from nbtrack.errors import JournalError, StageError
from nbtrack.journal import Home, RunWriter, fold
from nbtrack.pipelines import cost
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.data import declared
from nbtrack.pipelines.listener import Listener, Stop, StopReason
from nbtrack.pipelines.outputs import outputs_of
from nbtrack.pipelines.parameters import Secret
from nbtrack.secrets.values import MASK

if TYPE_CHECKING:  # loaded when something is executed: a pipeline whose results are all there waits for none of it
    from nbtrack.pipelines.kernels import Kernel, Kernels
    from nbtrack.pipelines.papermill import Executed, Failure

OUTPUT = "notebook/output.ipynb"
"""Artifact: the notebook with its outputs, as papermill leaves it."""
DEFAULT_KERNEL = "python3"
_SHORTEST = 4


@dataclass(frozen=True)
class Job:
    """What is executed, and where; it can be sent to another process."""

    notebook: Path
    params: Mapping[str, Any]
    """Values given for parameters, of the right types; secrets as `Secret`."""
    recorded: Mapping[str, Any]
    """Params of the run: the given ones and the defaults of the others."""
    name: str
    """Of the run."""
    home: Path
    uri: str
    """Full URI of the store."""
    cwd: Path
    kernel: str = ""
    """Name of a kernel; empty means the notebook's."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of the kernel's process, beside those of the runner's."""
    timeout_s: float | None = None
    experiment: str = ""
    parent: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    goal: str = ""
    inputs: tuple[Path, ...] = ()
    """Files and folders that it declares to read."""
    modules: tuple[str, ...] = ()
    """What its kernel may have loaded before."""
    root: Path | None = None
    """Folder that all it reads and writes lies in; None where that is not known."""
    reads: tuple[str, ...] = ()
    """Paths of inputs from the root, also of those that other stages made."""
    writes: tuple[str, ...] = ()
    """Paths of outputs from the root."""
    told: str = ""
    """Path of the notebook as its run tells it; empty where that is the notebook's."""


@dataclass(frozen=True)
class Result:
    """What came of an attempt."""

    run_id: str
    state: State
    reason: str
    """Why it did not finish, in one line."""
    seconds: float
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Values that `nbtrack.output` recorded."""
    failure: Failure | None = None
    stopped: StopReason | None = None
    left: tuple[str, ...] = ()
    """Processes that the notebook left running, and that were ended."""
    notebook: bytes = b""
    """With outputs, as far as it came."""
    cpu_s: float = 0.0
    """Processor time of its kernel and all below; 0 where that is not known."""


def attempt(job: Job, kernels: Kernels, stop: Stop, listener: Listener) -> Result:
    """Execute a notebook as one run; whatever happens in it is in the result, and no process of it is left.

    Raises:
        UsageError, JournalError, OSError: it could not be begun.
    """
    from nbtrack.pipelines.kernels import Kind, how_it_died, silently
    from nbtrack.pipelines.papermill import Executed, Work, execute, extra_lines

    home = Home(job.home)
    book = notebooks.read(job.notebook)
    kernel_name = job.kernel or book.kernel or DEFAULT_KERNEL
    extra = extra_lines(job.params, book.language)
    began = time.monotonic()
    run = _begin(job)
    listener.began(run.run_id, job.attempt)
    executed, left = Executed(), list[str]()
    before = used = cost.Spent()
    state, reason, trace = State.FAILED, "", ""
    try:
        kernel = kernels.take(Kind(kernel_name, job.modules), job.env, job.cwd)
        try:
            listener.kernel(kernel.token, kernel.pid)
            before = cost.spent(kernel.pid, is_new=True)  # one that was started ahead has worked already
            deadline = None if job.timeout_s is None else began + job.timeout_s
            work = Work(kernels, kernel, stop, listener, deadline, extra, str(job.notebook), executed)
            is_captured = _prepare(kernels, kernel, replace(job, kernel=kernel_name), run.run_id, run.notice)
            if stop.reason is None:
                executed = execute(book, kernel_name, job.params, work)
            else:
                executed.stopped = stop.reason
            if not executed.died and executed.stopped is None and executed.failure is None and not kernels.run(_is_alive(kernel)):
                executed.died = kernels.run(how_it_died(kernel))
            state, reason, trace = _verdict(executed, job)
            if is_captured and not executed.died:
                facts = json.dumps({"state": state, "reason": reason, "traceback": trace})
                kernels.run(silently(kernel.client, f"__import__('nbtrack.pipelines.kernel', fromlist=['finish']).finish(get_ipython(), {facts!r})"))
            used = cost.spent(kernel.pid)
        finally:
            left = kernels.end(kernel, is_polite=not executed.died and executed.stopped is None)
    except StageError as cause:
        reason = cause.message
    except BaseException as cause:
        reason = f"the runner failed: {cause!r}"
        raise
    finally:
        run.writer.close()
        close(home, run.run_id, state, reason, trace)
    data = _keep(home, run.run_id, executed, secrets_of(job.params))
    declared.record(home, run.run_id, job.inputs, job.cwd)
    outputs = outputs_of(home, run.run_id)
    seconds, cpu_s = time.monotonic() - began, max(0.0, used.cpu_s - before.cpu_s)
    cost.note(home, run.run_id, {cost.SECONDS: seconds} | ({cost.CPU: cpu_s, cost.MEMORY: used.peak_bytes / 1e6} if used.peak_bytes else {}))
    return Result(run.run_id, state, reason, seconds, outputs, executed.failure, executed.stopped, tuple(left), data, cpu_s)


def _begin(job: Job) -> TrackedRun:
    request = Request(name=job.name, experiment=job.experiment, parent=job.parent, goal=job.goal, tags=dict(job.tags) | {"nbtrack.attempt": str(job.attempt)})
    chosen = settings.load({"tracking_uri": job.uri, "home": str(job.home)})
    run = begin(request, Identity(job.told or str(job.notebook), "", "nbtrack run"), code="", chosen=chosen)
    for name, value in job.recorded.items():
        run.param(name, str(value) if isinstance(value, Secret) else value)
    return run


def lost(job: Job, state: State, reason: str) -> str:
    """Record an attempt of which nothing came back; the id of its run."""
    run = _begin(job)
    run.end(state, reason)
    run.writer.close()
    return run.run_id


def close(home: Home, run_id: str, state: State, reason: str, traceback: str = "") -> None:
    """See to it that a run has this end, also where its kernel died and somebody ended it as killed."""
    view = fold(home, run_id, metrics=False)
    if view is None or view.state is state:
        return
    from nbtrack.journal.reaper import reap

    reap(home, run_id)  # what its kernel had executed is joined
    writer = RunWriter(home, run_id)
    try:
        writer.event(Kind.RESUME, owner=owner(home).name)
        writer.event(Kind.END, state=state, reason=reason[:1000], traceback=traceback)
    finally:
        writer.close()


def _prepare(kernels: Kernels, kernel: Kernel, job: Job, run_id: str, notice: Any) -> bool:
    """Hand the run over to the kernel; says whether that could be done.

    Whatever that comes to, its process stands in its folder and has its variables.
    """
    from nbtrack.pipelines.kernels import silently, speaks_python

    if not speaks_python(job.kernel):
        notice(f"what its cells do is not captured, for the kernel {job.kernel!r} executes no Python")
        return False
    secrets = {it.variable for it in job.params.values() if isinstance(it, Secret)}
    env = {"NBTRACK_NOTEBOOK": job.told or str(job.notebook), "NBTRACK_HOME": str(job.home), "NBTRACK_TRACKING_URI": job.uri, "NBTRACK_LIVE_S": "0"}
    env["PWD"] = str(job.cwd)
    env |= {name: os.environ[name] for name in secrets if name in os.environ}
    facts = json.dumps(
        {
            "run_id": run_id,
            "home": str(job.home),
            "cwd": str(job.cwd),
            "excluded": sorted(job.recorded),
            "document": str(kernel.document),
            "secrets": sorted(secrets),
        }
    )
    place = f"(lambda os: (os.environ.update({env!r}), os.chdir({str(job.cwd)!r})))(__import__('os'))"
    code = f"{place}\n__import__('nbtrack.pipelines.kernel', fromlist=['prepare']).prepare(get_ipython(), {facts!r})"
    error, _ = kernels.run(silently(kernel.client, code))
    if error:
        notice(f"what its cells do is not captured, for nbtrack cannot be loaded in the kernel: {error}")
    return not error


async def _is_alive(kernel: Kernel) -> bool:
    return bool(await kernel.client.is_alive())


def _verdict(executed: Executed, job: Job) -> tuple[State, str, str]:
    failure = executed.failure
    if executed.stopped is StopReason.TIMEOUT:
        return State.FAILED, f"it took longer than {job.timeout_s:g} s", ""
    if executed.stopped is not None:
        return State.KILLED, executed.stopped.value, ""
    if executed.died:
        return State.FAILED, executed.died, ""
    if failure is not None:
        return State.FAILED, f"{failure.name}: {failure.value}", failure.traceback
    return State.FINISHED, "", ""


def secrets_of(params: Mapping[str, Any]) -> list[str]:
    """Values of the secrets among params, which no text may show; those of a few letters stand everywhere by chance."""
    values = [os.environ.get(it.variable, "") for it in params.values() if isinstance(it, Secret)]
    return sorted((it for it in values if len(it) >= _SHORTEST), key=len, reverse=True)


def _keep(home: Home, run_id: str, executed: Executed, secrets: Sequence[str]) -> bytes:
    """The notebook with its outputs, kept in the run."""
    if executed.notebook is None:
        return b""
    import nbformat

    write: Any = nbformat.writes
    data: bytes = write(executed.notebook, version=4).encode("utf-8", "surrogatepass")
    for secret in secrets:
        data = data.replace(json.dumps(secret)[1:-1].encode(), MASK.encode())
    run = attach(home, run_id)
    if run is not None:
        try:
            run.artifact_bytes(OUTPUT, data)
        finally:
            run.writer.close()
    return data


__all__ = ["DEFAULT_KERNEL", "OUTPUT", "Job", "JournalError", "Result", "attempt", "close", "lost"]
