"""What shows a pipeline while it runs."""

from __future__ import annotations

from typing import Protocol

from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.history import Phase
from nbtrack.pipelines.listener import Listener
from nbtrack.pipelines.stage import Job, Result


class Shows(Protocol):
    """Shows what happens."""

    def listener(self, node: str) -> Listener:
        """Hears of attempts at a node."""
        ...

    def phase(self, node: Node, phase: Phase, reason: str, seconds: float) -> None:
        """A node came to a phase."""
        ...

    def failed(self, job: Job, result: Result) -> None:
        """An attempt failed."""
        ...

    def note(self, text: str) -> None:
        """Something one should know."""
        ...
