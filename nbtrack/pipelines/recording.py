"""Hears of a stage and writes down what a run that is resumed, or somebody who asks for its text, must know."""

from __future__ import annotations

from collections.abc import Sequence

from nbtrack.entities import State
from nbtrack.pipelines.history import History, Phase
from nbtrack.pipelines.listener import Listener
from nbtrack.pipelines.stage import Result
from nbtrack.secrets.values import MASK

_MOST = 20_000_000
"""Characters of text that are written for a node."""


class Recording:
    """Writes to the history, and tells another listener.

    Args:
        secrets: values that are struck out.
    """

    def __init__(self, node: str, history: History, other: Listener, secrets: Sequence[str] = ()) -> None:
        self._node, self._history, self._other, self._secrets = node, history, other, secrets
        self._path = history.text_file(node)
        self._written = 0

    def began(self, run_id: str, attempt: int) -> None:
        self._history.stage(self._node, Phase.RUNNING, run_id=run_id, attempt=attempt)
        self._write(f"--- attempt {attempt}, run {run_id[:8]} ---\n")
        self._other.began(run_id, attempt)

    def kernel(self, token: str, pid: int) -> None:
        self._history.kernel(self._node, token, pid)
        self._other.kernel(token, pid)

    def cell(self, number: int, count: int) -> None:
        self._write(f"--- cell {number} of {count} ---\n")
        self._history.cell(self._node, number, count)
        self._other.cell(number, count)

    def text(self, stream: str, text: str) -> None:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        self._write(text)
        self._other.text(stream, text)

    def ended(self, result: Result) -> None:
        """The attempt is over; of one that failed, the log ends with why, however long it is."""
        if result.state is State.FINISHED:
            return
        failure = result.failure
        self._append(f"--- {'was interrupted' if result.state is State.KILLED else 'failed'}{f' in {failure.where}' if failure else ''}: {result.reason} ---\n")
        self._append(f"{failure.traceback}\n" if failure and failure.traceback else "")

    def _write(self, text: str) -> None:
        if self._written > _MOST:
            return
        self._written += len(text)
        self._append(text if self._written <= _MOST else "\n[nbtrack: more was written; the run keeps its end]\n")

    def _append(self, text: str) -> None:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
