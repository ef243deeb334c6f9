"""Kernels of stages: started ahead, and ended with everything they started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import tempfile
import threading
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nbtrack.errors import StageError, UsageError
from nbtrack.journal import new_id
from nbtrack.pipelines.processes import TOKEN, sweep

_STARTUP_S = 300
_SHUTDOWN_S = 10.0
_TAIL = 2000
_QUIET = ("--IPKernelApp.log_level=50", "--HistoryManager.enabled=False")
_LEFT_OUT = ("NBTRACK_OWNER", "NBTRACK_NOTEBOOK", "JPY_SESSION_NAME", "MLFLOW_RUN_ID", TOKEN)
"""Variables that tell of the process that asks, and not of the one that executes."""
_WARM = "import nbtrack.pipelines.kernel, nbtrack.magics.load, nbtrack.store.joined"
T = TypeVar("T")


@dataclass
class Kernel:
    """A kernel that is ready for its first cell."""

    manager: Any
    client: Any
    token: str
    place: tempfile.TemporaryDirectory[str]
    """Sockets, and what the process writes past its cells."""

    @property
    def document(self) -> Path:
        """Where the notebook stands as it is executed."""
        return Path(self.place.name) / "document.ipynb"

    @property
    def pid(self) -> int:
        return int(getattr(self.manager.provisioner, "pid", None) or 0)


class Kernels:
    """Starts kernels in an event loop of its own thread.

    Args:
        env: variables of every kernel, beside those of this process.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT} | dict(env)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._go, name="nbtrack-kernels", daemon=True)
        self._thread.start()
        self._ahead: dict[str, list[asyncio.Task[Kernel]]] = {}
        self._is_closed = False

    def _go(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """Wait for something that happens in the loop."""
        return asyncio.run_coroutine_threadsafe(act, self.loop).result()

    def start_ahead(self, name: str, count: int = 1) -> None:
        """Have so many kernels of a kind waiting; what fails is told to whoever takes one."""

        def act() -> None:
            waiting = self._ahead.setdefault(name, [])
            while len(waiting) < count and not self._is_closed:
                waiting.append(self.loop.create_task(self._start(name, {}, Path(tempfile.gettempdir()))))

        self.loop.call_soon_threadsafe(act)

    def take(self, name: str, env: Mapping[str, str], cwd: Path) -> Kernel:
        """A kernel of a kind, one that waits if there is any.

        Args:
            env: variables that must be there when its process starts; only a kernel of its own has them.

        Raises:
            StageError: it does not start.
        """

        async def act() -> Kernel:
            waiting = self._ahead.get(name, [])
            while waiting and not env:
                with contextlib.suppress(Exception):  # it failed ahead of time; a new one may not
                    kernel = await waiting.pop(0)
                    if await kernel.client.is_alive():
                        return kernel
                    await self._end(kernel, is_polite=False)
            return await self._start(name, env, cwd)

        return self.run(act())

    async def _start(self, name: str, env: Mapping[str, str], cwd: Path) -> Kernel:
        from jupyter_client.manager import AsyncKernelManager

        place = tempfile.TemporaryDirectory(prefix="nbt", ignore_cleanup_errors=True)  # sockets' paths may have a hundred letters
        token = new_id()
        manager = AsyncKernelManager(kernel_name=name, connection_file=str(Path(place.name) / "kernel.json"))
        manager.client_class = "nbtrack.pipelines.client.StageKernelClient"
        if os.name != "nt":
            manager.transport = "ipc"  # nobody else reaches it, and no port is taken away between choosing and using it
        is_ipython = any("ipykernel" in word for word in manager.kernel_spec.argv) if manager.kernel_spec is not None else False
        kernel = Kernel(manager, None, token, place)
        try:
            with (Path(place.name) / "log").open("wb") as log:
                await manager.start_kernel(
                    env={**self._env, **env, TOKEN: token}, cwd=str(cwd), stdout=log, stderr=log, extra_arguments=list(_QUIET) if is_ipython else []
                )
            kernel.client = manager.client()
            kernel.client.start_channels()
            await kernel.client.wait_for_ready(timeout=_STARTUP_S)
            kernel.client.allow_stdin = False
            if is_ipython:
                await silently(kernel.client, _WARM)  # where nbtrack is not installed, nothing is lost
        except Exception as cause:
            said = tail(kernel)
            await self._end(kernel, is_polite=False)
            raise StageError(
                f"The kernel {name!r} does not start: {cause}." + (f" It wrote: {said}" if said else ""),
                mend=f"Try it with `jupyter console --kernel {name}`, or name another kernel.",
            ) from cause
        return kernel

    def end(self, kernel: Kernel, *, is_polite: bool = True) -> list[str]:
        """End a kernel and every process it started; returns the names of those that were still there."""
        return self.run(self._end(kernel, is_polite=is_polite))

    async def _end(self, kernel: Kernel, *, is_polite: bool) -> list[str]:
        pid = kernel.pid
        with contextlib.suppress(Exception):  # whatever it answers, it ends
            kernel.manager.shutdown_wait_time = _SHUTDOWN_S if is_polite else 0.1
            await kernel.manager.shutdown_kernel(now=not is_polite)
        if kernel.client is not None:
            with contextlib.suppress(Exception):
                kernel.client.stop_channels()
        left = await self.loop.run_in_executor(None, sweep, kernel.token, pid)
        with contextlib.suppress(Exception):
            await kernel.manager._async_cleanup_resources()
        kernel.place.cleanup()
        return left

    def close(self) -> None:
        """End the kernels that nobody took, and the loop."""

        async def act() -> None:
            self._is_closed = True
            tasks = [task for waiting in self._ahead.values() for task in waiting]
            self._ahead.clear()
            for found in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(found, Kernel):
                    await self._end(found, is_polite=False)

        if self.loop.is_closed():
            return
        self.run(act())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


def check_kernel(name: str, notebook: Path) -> None:
    """Refuse a kernel that is not installed, before anything starts.

    Raises:
        UsageError: there is none of that name.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    specs = KernelSpecManager()
    try:
        specs.get_kernel_spec(name)
    except NoSuchKernel as cause:
        import difflib

        there = sorted(specs.find_kernel_specs())
        close = difflib.get_close_matches(name, there, n=1)
        near = close[0] if close else "python3" if "python3" in there else ""
        raise UsageError(
            f"{notebook} wants the kernel {name!r}, which is not installed here; there are {', '.join(there) or 'none'}.",
            mend=(f"Take another one with --kernel {near} (`environment: {{kernel: {near}}}` of a stage), or install it: " if near else "Install it: ")
            + f"python -m ipykernel install --user --name {name}.",
        ) from cause


async def silently(client: Any, code: str, expression: str = "") -> tuple[str, str]:
    """Execute code of ours, which no history and no cell's hook sees; its error, if any, and the value of an expression."""
    msg_id = client.execute(code, silent=True, store_history=False, allow_stdin=False, user_expressions={"it": expression} if expression else None)
    deadline = time.monotonic() + _STARTUP_S
    while time.monotonic() < deadline:
        try:
            reply = await client.get_shell_msg(timeout=2)
        except queue.Empty:
            if not await client.is_alive():
                return "the kernel died", ""
            continue
        if reply["parent_header"].get("msg_id") != msg_id:
            continue
        content = reply["content"]
        if content["status"] != "ok":
            return f"{content.get('ename')}: {content.get('evalue')}", ""
        found = content.get("user_expressions", {}).get("it", {})
        return "", str(found.get("data", {}).get("text/plain", ""))
    return f"no answer within {_STARTUP_S} s", ""


async def how_it_died(kernel: Kernel) -> str:
    """In words, as far as the system tells."""
    code = None
    with contextlib.suppress(Exception):  # it may be tidied up already
        code = await kernel.manager.provisioner.poll()
    words = ""
    if code is not None and code < 0:
        words = f" of signal {-code}"
        with contextlib.suppress(ValueError):
            words = f" of {signal.Signals(-code).name}" + (", perhaps for want of memory" if -code == 9 else "")
    elif code:
        words = f" with exit code {code}"
    elif code == 0:
        words = ": the code asked it to exit"
    said = tail(kernel)
    return f"the kernel died{words}" + (f"; it wrote: {said}" if said else "")


def tail(kernel: Kernel) -> str:
    """The last that the process wrote past its cells."""
    try:
        data = (Path(kernel.place.name) / "log").read_bytes()[-_TAIL:]
    except OSError:
        return ""
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    return " / ".join(line for line in lines[-3:])[-400:]
