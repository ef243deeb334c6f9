"""A kernel's client that tells which cell of the document each execution is, as JupyterLab does."""

from __future__ import annotations

from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient


class StageKernelClient(AsyncKernelClient):
    """Adds the cell's id to what it sends."""

    cell_id = ""

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
