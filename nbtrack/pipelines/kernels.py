"""Kernels of stages: started ahead, forked from a template where that is safe, and ended with everything they started."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import os
import queue
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nbtrack.errors import StageError, UsageError
from nbtrack.journal import new_id
from nbtrack.pipelines import memory
from nbtrack.pipelines.loading import kernels_are_begun, load_ahead
from nbtrack.pipelines.processes import TOKEN, sweep
from nbtrack.pipelines.warm.early import Begun, variables

if TYPE_CHECKING:
    from nbtrack.pipelines.client import Specs
    from nbtrack.pipelines.warm.provisioner import Template

_CLIENT = "nbtrack.pipelines.client"
_STARTUP_S = 300
_SHUTDOWN_S = 10.0
_TAIL = 2000
_QUIET = ("--IPKernelApp.log_level=50", "--HistoryManager.enabled=False")
_WARM = "import nbtrack.pipelines.kernel, nbtrack.magics.load, nbtrack.store.joined"
_WORTH = 3
"""Kernels from which on a template costs less than it saves."""
T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """What a notebook wants of its kernel."""

    name: str
    """Of a kernelspec."""
    modules: tuple[str, ...] = ()
    """What it may have loaded already."""


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
        begun: a template that is on its way; it has no others.
    """

    def __init__(self, env: Mapping[str, str], begun: Begun | None = None) -> None:
        self._begun = begun
        importlib.import_module(_CLIENT)  # jupyter_client imports itself in a circle: two threads that begin it at once get halves of it
        self._env = variables() | dict(env)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._go, name="nbtrack-kernels", daemon=True)
        self._thread.start()
        self._ahead: dict[Kind, list[asyncio.Task[Kernel]]] = {}
        self._templates: dict[tuple[str, ...], asyncio.Task[Template | None]] = {}
        self._specs: Specs | None = None
        self._is_closed = False
        load_ahead()

    def _go(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """Wait for something that happens in the loop."""
        return asyncio.run_coroutine_threadsafe(act, self.loop).result()

    def expect(self, kinds: Sequence[Kind], most: int) -> None:
        """Have kernels waiting for the first of those that will be wanted, in this order; what fails is told to whoever takes one.

        Where it is worth it they are forked from a template, with the modules that several of them want. What memory has no room for is not
        started ahead, nor what begins in no folder that it could leave: only a kernel of Python can be told its own.

        Args:
            most: kernels that may wait.
        """
        kinds = [it for it in kinds if speaks_python(it.name)]

        def act() -> None:
            counts = Counter(kinds)
            if len(kinds) >= _WORTH and not self._is_closed:
                for modules in dict.fromkeys(it.modules if counts[it] >= _WORTH else () for it in kinds):
                    if modules not in self._templates and memory.available() > memory.TYPICAL:
                        self._templates[modules] = self.loop.create_task(self._template(modules))
            for kind, count in Counter(kinds[:most]).items():
                waiting = self._ahead.setdefault(kind, [])
                while len(waiting) < count and not self._is_closed and memory.available() > memory.TYPICAL:
                    waiting.append(self.loop.create_task(self._start(kind, {}, Path(tempfile.gettempdir()))))

        self.loop.call_soon_threadsafe(act)

    def take(self, kind: Kind, env: Mapping[str, str], cwd: Path) -> Kernel:
        """A kernel of a kind, one that waits if there is any.

        Args:
            env: variables that must be there when its process starts; only a kernel of its own has them.

        Raises:
            StageError: it does not start.
        """

        async def act() -> Kernel:
            waiting = self._ahead.get(kind, [])
            while waiting and not env:
                with contextlib.suppress(Exception):  # it failed ahead of time; a new one may not
                    kernel = await waiting.pop(0)
                    if await kernel.client.is_alive():
                        return kernel
                    await self._end(kernel, is_polite=False)
            return await self._start(kind, env, cwd)

        found = asyncio.run_coroutine_threadsafe(act(), self.loop)
        kernels_are_begun()
        return found.result()

    async def _template(self, modules: tuple[str, ...]) -> Template | None:
        from nbtrack.pipelines.warm.provisioner import Template

        early, self._begun = self._begun, None
        return await Template.start(self._env, modules, early)

    async def _template_for(self, kind: Kind, env: Mapping[str, str], spec: Any) -> Template | None:
        """What a kernel can be forked from; None where it needs a process of its own."""
        if not self._templates:
            return None
        from nbtrack.pipelines.warm.provisioner import is_forkable

        if not is_forkable(spec):
            return None
        for modules in (() if env else (kind.modules,)) + ((),):  # what is loaded has seen the variables of this process
            if (task := self._templates.get(modules)) is not None:
                with contextlib.suppress(OSError):
                    found = await asyncio.shield(task)
                    if found is not None and found.takes({**self._env, **env}):
                        return found
                    if found is None and modules and () not in self._templates:  # what it loads cannot be forked
                        self._templates[()] = self.loop.create_task(self._template(()))
        return None

    async def _start(self, kind: Kind, env: Mapping[str, str], cwd: Path) -> Kernel:
        from nbtrack.pipelines.client import Specs, StageKernelManager

        place = tempfile.TemporaryDirectory(prefix="nbt", ignore_cleanup_errors=True)  # sockets' paths may have a hundred letters
        token = new_id()
        self._specs = self._specs or Specs()
        manager = StageKernelManager(kernel_name=kind.name, kernel_spec_manager=self._specs, connection_file=str(Path(place.name) / "kernel.json"))
        manager.client_class = f"{_CLIENT}.StageKernelClient"
        if os.name != "nt":
            manager.transport = "ipc"  # nobody else reaches it, and no port is taken away between choosing and using it
        kernel = Kernel(manager, None, token, place)
        variables = {**self._env, **env, TOKEN: token}
        try:
            spec = manager.kernel_spec
            is_ipython = spec is not None and any("ipykernel" in word for word in spec.argv)
            template = await self._template_for(kind, env, spec)
            with (Path(place.name) / "log").open("wb") as log:
                facts = {"cwd": str(cwd), "stdout": log, "stderr": log, "extra_arguments": list(_QUIET) if is_ipython else []}
                if template is None or not await _forked(manager, template, variables, facts):
                    await manager.start_kernel(env=variables, **facts)
                    template = None
            await manager.bound()
            kernel.client = manager.client()
            kernel.client.start_channels()
            await kernel.client.ready(_STARTUP_S)
            kernel.client.allow_stdin = False
            if is_ipython and template is None:
                await silently(kernel.client, _WARM)  # where nbtrack is not installed, nothing is lost
        except Exception as cause:
            said = tail(kernel)
            await self._end(kernel, is_polite=False)
            raise StageError(
                f"The kernel {kind.name!r} does not start: {cause}." + (f" It wrote: {said}" if said else ""),
                mend=f"Try it with `jupyter console --kernel {kind.name}`, or name another kernel.",
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
            if self._begun is not None:
                self._begun.end()
            tasks = [task for waiting in self._ahead.values() for task in waiting]
            self._ahead.clear()
            for found in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(found, Kernel):
                    await self._end(found, is_polite=False)
            for template in await asyncio.gather(*self._templates.values(), return_exceptions=True):
                if template is not None and not isinstance(template, BaseException):
                    await template.close()

        if self.loop.is_closed():
            return
        self.run(act())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


async def _forked(manager: Any, template: Template, env: Mapping[str, str], facts: Mapping[str, Any]) -> bool:
    """Start a kernel by forking; False where it must be started otherwise."""
    from nbtrack.pipelines.warm.provisioner import WarmProvisioner

    manager.provisioner = WarmProvisioner(kernel_id=new_id(), kernel_spec=manager.kernel_spec, parent=manager)
    manager.provisioner.template = template
    try:
        await manager.start_kernel(env=dict(env), **facts)
    except OSError:  # the template is gone
        manager.provisioner = None
        return False
    return True


@functools.cache
def speaks_python(name: str) -> bool:
    """Whether a kernel executes Python; of one that is not there, whoever starts it hears."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        return str(KernelSpecManager().get_kernel_spec(name).language).lower() in ("python", "")
    except NoSuchKernel:
        return True


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
