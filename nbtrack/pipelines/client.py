"""jupyter_client's client and manager, with what stages need: a cell's id with each execution, as JupyterLab sends it, and no long waits."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

_LOOK_S = 0.01
_ANSWER_S, _QUIET_S = 1.0, 0.2
_BIND_S = 10.0


class Specs(KernelSpecManager):
    """Looks for each kernel once: those that are installed stay what they are while stages run."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self._found: dict[str, KernelSpec] = {}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if kernel_name not in self._found:
            self._found[kernel_name] = super().get_kernel_spec(kernel_name)
        return self._found[kernel_name]


class StageKernelManager(AsyncKernelManager):
    """Sees at once that a kernel has begun, and that it has ended."""

    async def bound(self) -> None:
        """Wait until the kernel's sockets are there: who connects before tries again only after a while."""
        if self.transport != "ipc":
            return
        paths = [Path(f"{self.ip}-{port}") for port in (self.shell_port, self.iopub_port, self.stdin_port, self.control_port, self.hb_port)]
        deadline = time.monotonic() + _BIND_S
        while not all(it.exists() for it in paths) and time.monotonic() < deadline and await self.is_alive():
            await asyncio.sleep(_LOOK_S / 2)

    async def _async_wait(self, pollinterval: float = _LOOK_S) -> None:
        await super()._async_wait(min(pollinterval, _LOOK_S))


class StageKernelClient(AsyncKernelClient):
    """Adds the cell's id to what it sends."""

    cell_id = ""

    async def ready(self, timeout_s: float) -> None:
        """Wait until the kernel answers and what it publishes arrives; nothing of that is left to be read.

        Raises:
            RuntimeError: it died, or does not answer.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            asked = self.kernel_info()
            if await self._answers(asked) and await self._publishes(asked):
                return
            if not await self.is_alive():
                raise RuntimeError("it died before it answered")
            if time.monotonic() > deadline:
                raise RuntimeError(f"it did not answer within {timeout_s:g} s")

    async def _answers(self, asked: str) -> bool:
        deadline = time.monotonic() + _ANSWER_S
        with contextlib.suppress(queue.Empty):
            while (left := deadline - time.monotonic()) > 0:
                reply = await self.get_shell_msg(timeout=left)
                if reply["parent_header"].get("msg_id") == asked:
                    self._handle_kernel_info_reply(reply)
                    return True
        return False

    async def _publishes(self, asked: str) -> bool:
        """That it is idle again is the last that it publishes about a request; of a kernel that does not say so, anything will do."""
        has_heard = False
        with contextlib.suppress(queue.Empty):
            while True:
                told = await self.get_iopub_msg(timeout=_QUIET_S)
                has_heard = True
                if told["content"].get("execution_state") == "idle" and told["parent_header"].get("msg_id") == asked:
                    break
        return has_heard

    def execute(
        self, code: str, silent: bool = False, store_history: bool = True, user_expressions: dict[str, Any] | None = None,
        allow_stdin: bool | None = None, stop_on_error: bool = True,
    ) -> str:  # fmt: skip
        content = {
            "code": code, "silent": silent, "store_history": store_history, "user_expressions": user_expressions or {},
            "allow_stdin": self.allow_stdin if allow_stdin is None else allow_stdin, "stop_on_error": stop_on_error,
        }  # fmt: skip
        message = self.session.msg("execute_request", content)
        if self.cell_id and not silent:
            message["metadata"]["cellId"] = self.cell_id
        self.shell_channel.send(message)
        return str(message["header"]["msg_id"])
