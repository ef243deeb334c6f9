"""Executing a recipe in a clean kernel, through nbclient."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STARTUP_S = 300
_LEFT_OUT = ("NBTRACK_OWNER", "NBTRACK_NOTEBOOK", "JPY_SESSION_NAME", "MLFLOW_RUN_ID", "PYTHONSAFEPATH")
"""Variables that tell of the process that asks, and not of the one that executes."""


@dataclass(frozen=True)
class Job:
    """What is executed, and where."""

    cells: Sequence[tuple[str, bool]]
    """Source, and whether it may raise."""
    targets: frozenset[int]
    """Indexes of the run's own cells."""
    on_line: str
    """The `%track on` line under which the targets are one run; empty where each has its own line, or the recipe has that one."""
    python: str
    cwd: Path
    env: Mapping[str, str]
    facts: str
    """JSON for `kernel.prepare`."""
    timeout_s: float | None
    channel: Path
    """A folder with a short path, for the sockets of the kernel."""
    see: Callable[[str], None] | None = None
    """Gets what the cells print, as they do, and a line before each; None where nobody looks."""


@dataclass
class Outcome:
    """How it went."""

    outputs: list[list[Any]] = field(default_factory=list)
    """nbformat outputs of each cell that was begun."""
    pid: int = 0
    """Of the kernel."""
    stopped_at: int = -1
    """Index of the cell that ended it; -1 where all were executed, or where none was begun."""
    error: tuple[str, str] | None = None
    """Name and value of what ended it; the name is empty where it was no exception of the code."""


def execute(job: Job) -> Outcome:
    """Execute the cells in order until one raises that may not.

    It works in a thread of its own, so that it can be called where an event loop runs already. An interrupt ends the kernel.
    """
    outcome = Outcome()
    loop = asyncio.new_event_loop()
    failed: list[BaseException] = []
    tasks: list[asyncio.Task[None]] = []

    def work() -> None:
        asyncio.set_event_loop(loop)
        task = loop.create_task(_execute(job, outcome))
        tasks.append(task)
        try:
            loop.run_until_complete(task)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked for
            failed.append(error)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()

    thread = threading.Thread(target=work, name="nbtrack-replay", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.2)
    except BaseException:  # an interrupt: the kernel must not outlive it
        if tasks:
            loop.call_soon_threadsafe(tasks[0].cancel)
        thread.join(30)
        raise
    if failed:
        raise failed[0]
    return outcome


async def _execute(job: Job, outcome: Outcome) -> None:
    import nbformat
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    class OneSpec(KernelSpecManager):
        """The kernel of one Python, whatever kernels are installed."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [job.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="reproduction", language="python")

    class Client(NotebookClient):
        """Tells what cells print while they run."""

        def output(self, outs: Any, msg: Any, display_id: str | None, cell_index: int) -> Any:
            if job.see is not None and msg["msg_type"] == "stream":
                job.see(msg["content"]["text"])
            return super().output(outs, msg, display_id, cell_index)

    new: Any = nbformat.v4
    notebook = new.new_notebook(
        cells=[new.new_code_cell(source, metadata={"tags": ["raises-exception"]} if may_raise else {}) for source, may_raise in job.cells]
    )
    deadline = None if job.timeout_s is None else time.monotonic() + job.timeout_s

    def left_s(_: Any = None) -> float | None:
        return None if deadline is None else max(0.1, deadline - time.monotonic())

    manager = AsyncKernelManager(kernel_spec_manager=OneSpec(), kernel_name="reproduction", connection_file=str(job.channel / "kernel.json"))
    if os.name != "nt":
        manager.transport = "ipc"  # nobody else reaches it, and no port is taken away between choosing and using it
    client = Client(
        notebook, km=manager, timeout_func=left_s, startup_timeout=_STARTUP_S, resources={"metadata": {"path": str(job.cwd)}},
        extra_arguments=["--IPKernelApp.log_level=50", "--HistoryManager.enabled=False"], shutdown_kernel="graceful",
    )  # fmt: skip
    client.log.disabled = True  # what it would say is in the verdict
    try:
        async with client.async_setup_kernel(env=dict(job.env), cleanup_kc=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            outcome.pid = getattr(manager.provisioner, "pid", None) or 0
            prepare = f"__import__('nbtrack.replay.kernel', fromlist=['prepare']).prepare(get_ipython(), {job.facts!r})"
            if error := await _silently(client.kc, prepare):
                outcome.error = ("", f"nbtrack cannot be loaded in the kernel: {error}")
                return
            for index, cell in enumerate(notebook.cells):
                if index == min(job.targets):
                    await _silently(client.kc, "get_ipython()._nbtrack_session.blocks.ask.begin()")
                if job.on_line and index == min(job.targets):
                    await _silently(client.kc, f"get_ipython().run_line_magic('track', {job.on_line!r})")
                if job.see is not None:
                    job.see(f"[{index + 1}/{len(job.cells)}] {next(iter(cell.source.strip().splitlines()), '')}\n")
                try:
                    await client.async_execute_cell(cell, index)
                finally:
                    outcome.outputs.append(list(cell.outputs))
                    outcome.stopped_at = index
                if index == max(job.targets, default=-1) and not _has_own_line(job):
                    await _silently(client.kc, "get_ipython()._nbtrack_session.switch_off()")
            outcome.stopped_at = -1
    except CellExecutionError as error:
        outcome.error = (error.ename, error.evalue)
    except CellTimeoutError:
        outcome.error = ("", f"it took longer than {job.timeout_s:g} s")
    except DeadKernelError:
        outcome.error = ("", f"the kernel died{await _how(manager)}")
    except RuntimeError as error:
        if outcome.outputs:
            raise
        outcome.error = ("", f"the kernel does not start: {error}")


def _has_own_line(job: Job) -> bool:
    return any(job.cells[index][0].lstrip().startswith("%%track") for index in job.targets)


async def _silently(client: Any, code: str) -> str:
    """Execute code of ours, which no history and no cell's hook sees; its error, if any."""
    msg_id = client.execute(code, silent=True, store_history=False, allow_stdin=False)
    deadline = time.monotonic() + _STARTUP_S
    while time.monotonic() < deadline:
        try:
            reply = await client.get_shell_msg(timeout=2)
        except queue.Empty:
            if not await client.is_alive():
                return "the kernel died"
            continue
        if reply["parent_header"].get("msg_id") == msg_id:
            content = reply["content"]
            return "" if content["status"] == "ok" else f"{content.get('ename')}: {content.get('evalue')}"
    return f"no answer within {_STARTUP_S} s"


async def _how(manager: Any) -> str:
    code = None
    with contextlib.suppress(Exception):  # it may be tidied up already
        code = await manager.provisioner.poll()
    if code is None or code >= 0:
        return "" if not code else f", with exit code {code}"
    with contextlib.suppress(ValueError):
        return f" of {signal.Signals(-code).name}" + (", perhaps for want of memory" if -code == 9 else "")
    return f" of signal {-code}"


def environment(home: Path, uri: str, variables: Mapping[str, str], python: str, temporary: Path) -> dict[str, str]:
    """Variables of the kernel: those here, the recorded ones, a folder for temporary files, and where the run is recorded."""
    env = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    env |= {name: value for name, value in variables.items() if not name.startswith(("CONDA", "SLURM", "CUDA_VISIBLE", "HIP_", "ROCR_"))}
    env |= {"NBTRACK_HOME": str(home), "NBTRACK_TRACKING_URI": uri, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
    folder = Path(python).parent
    if (folder.parent / "pyvenv.cfg").exists():
        env |= {"VIRTUAL_ENV": str(folder.parent), "PATH": os.pathsep.join([str(folder), env.get("PATH", "")])}
    return env
