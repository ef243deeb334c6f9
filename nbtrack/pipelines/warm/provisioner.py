"""jupyter_client's way of starting a kernel, where the kernel is forked from a template: all else is as with a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from nbtrack.pipelines.warm.early import Begun, begin

_LAUNCHER = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "GLIBC_")
"""Variables that the interpreter, or the loader of libraries, reads when it begins and not later."""


_LOAD_S = 60


class Forked:
    """A kernel's process, as `subprocess.Popen` shows one; its parent is the template."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, template: Template) -> None:
        self.pid, self._template = pid, template
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None and self._template.is_gone and not psutil.pid_exists(self.pid):
            self.returncode = 1  # nobody is left who could tell
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, where it has ended already."""
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(15)

    def kill(self) -> None:
        self.send_signal(9)


class Template:
    """A process that forks kernels; all calls come from one event loop."""

    def __init__(self, process: subprocess.Popen[bytes], streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], env: Mapping[str, str]) -> None:
        self._process, (self._reader, self._writer) = process, streams
        self._env = env
        self._asked: list[asyncio.Future[int]] = []
        self._there: dict[int, Forked] = {}
        self._listening: asyncio.Task[None] | None = None
        self.is_gone = False

    @classmethod
    async def start(cls, env: Mapping[str, str], modules: Sequence[str], early: Begun | None = None) -> Template | None:
        """A template that has loaded everything; None where it cannot be forked safely.

        Args:
            env: variables of this process's kernels.
            modules: what notebooks import.
            early: one that is on its way already.
        """
        begun = early or begin(env)
        if begun is None:
            return None
        found = cls(begun.process, await asyncio.open_connection(sock=begun.line), begun.env)
        found._writer.write(json.dumps({"modules": list(modules)}).encode() + b"\n")
        told = None
        with contextlib.suppress(TimeoutError):
            told = await asyncio.wait_for(found._read(), _LOAD_S)
        if told is None or told["unsafe"]:
            await found.close()
            return None
        found._listening = asyncio.create_task(found._listen())
        return found

    def takes(self, env: Mapping[str, str]) -> bool:
        """Whether a kernel with these variables can be forked: those read at a process's start are the same, and it can still be asked."""
        names = {it for it in {*env, *self._env} if it.startswith(_READ_AT_START)}
        return not self.is_gone and all(env.get(it) == self._env.get(it) for it in names)

    async def fork(self, argv: Sequence[str], cwd: str, env: Mapping[str, str], log: str) -> Forked:
        """A new kernel.

        Raises:
            OSError: the template is gone.
        """
        if self.is_gone:
            raise OSError("the process that kernels are forked from is gone")
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._writer.write(json.dumps({"argv": list(argv), "cwd": cwd, "env": dict(env), "log": log}).encode() + b"\n")
        pid = await answer
        return self._there[pid]

    async def close(self) -> None:
        """End it; its kernels end with it."""
        with contextlib.suppress(OSError):
            self._writer.close()
        self._process.kill()
        await asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        self.is_gone = True

    async def _read(self) -> dict[str, Any] | None:
        line = b""
        with contextlib.suppress(OSError):
            line = await self._reader.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    async def _listen(self) -> None:
        while (told := await self._read()) is not None:
            if "code" in told:
                self._there.pop(told["pid"]).returncode = told["code"]
            else:
                self._there[told["pid"]] = Forked(told["pid"], self)
                self._asked.pop(0).set_result(told["pid"])
        self.is_gone = True
        for answer in self._asked:
            if not answer.done():
                answer.set_exception(OSError("the process that kernels are forked from ended"))


class WarmProvisioner(LocalProvisioner):
    """Forks the kernel."""

    template: Template

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        env = {**kwargs["env"], "JPY_PARENT_PID": str(os.getpid())}
        forked = await self.template.fork(cmd[cmd.index("-f") :], str(kwargs["cwd"]), env, kwargs["stdout"].name)
        self.process = forked  # type: ignore[assignment]  # it does what is asked of a Popen
        self.pid = self.pgid = forked.pid
        self.cwd = kwargs["cwd"]
        return self.connection_info


def is_forkable(spec: KernelSpec | None) -> bool:
    """Whether a kernel of this kind is what a template can become: ipykernel in this very interpreter, started as its own spec says."""
    if sys.platform != "linux" or spec is None or spec.env or spec.interrupt_mode != "signal" or "kernel_provisioner" in spec.metadata:
        return False
    python, *rest = spec.argv
    major, minor = sys.version_info[:2]
    is_ours = python in ("python", f"python{major}", f"python{major}.{minor}") or (
        Path(python).parent == Path(sys.executable).parent and Path(python).resolve() == Path(sys.executable).resolve()
    )
    return is_ours and tuple(rest) == _LAUNCHER
