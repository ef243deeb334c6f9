"""What is told while a stage runs, and how it is told to stop."""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import Protocol


class StopReason(StrEnum):
    """Why a stage does not run to its end."""

    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    PRUNED = "pruned"
    """Other trials of its sweep do better."""


class Stop:
    """A request to end what runs; threads may share it. The first reason stays."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason: StopReason | None = None
        self.is_now = False
        """The kernel is killed without waiting for its cell to see the interrupt."""

    def ask(self, reason: StopReason, *, now: bool = False) -> None:
        """Ask for the end; asking again with `now` hurries it."""
        self.reason = self.reason or reason
        self.is_now = self.is_now or now
        self._event.set()

    def wait(self, wait_s: float) -> bool:
        """Sleep so long, or until the end is asked for; says whether it is."""
        return self._event.wait(wait_s)


class Listener(Protocol):
    """Hears of one attempt at a stage. Calls come from threads of the executor, in order; each must return soon."""

    def began(self, run_id: str, attempt: int) -> None:
        """The attempt has a run; it is in the journal already."""
        ...

    def kernel(self, token: str, pid: int) -> None:
        """Its kernel is there; every process of it carries the token in its environment."""
        ...

    def cell(self, number: int, count: int) -> None:
        """A cell begins: which, from 1, of how many."""
        ...

    def text(self, stream: str, text: str) -> None:
        """A cell wrote to `stdout` or `stderr`."""
        ...


class Deaf:
    """A listener that needs to know nothing."""

    def began(self, run_id: str, attempt: int) -> None:
        pass

    def kernel(self, token: str, pid: int) -> None:
        pass

    def cell(self, number: int, count: int) -> None:
        pass

    def text(self, stream: str, text: str) -> None:
        pass
