"""Who listens to the server's events, and telling them; from any thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from nbtrack.server.limits import TooManyError

MOST_LISTENERS = 200
_QUEUE = 1000
Event = tuple[str, Any]
"""Name, and what JSON can hold."""


class Hub:
    """Listeners of one server.

    Args:
        first: called in the event loop when somebody listens after a time in which nobody did.
        last: called there when nobody listens any more.
    """

    def __init__(self, first: Callable[[], None] = lambda: None, last: Callable[[], None] = lambda: None) -> None:
        self.first, self.last = first, last
        self._listeners: dict[asyncio.Queue[Event], str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def listen(self, user: str) -> Iterator[asyncio.Queue[Event]]:
        """A queue of what happens from now on.

        Raises:
            TooManyError: too many listen.
        """
        if len(self._listeners) >= MOST_LISTENERS:
            raise TooManyError(f"{MOST_LISTENERS} pages listen already.", mend="Close some of them.")
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=_QUEUE)
        self._listeners[queue] = user
        self._loop = asyncio.get_running_loop()
        if len(self._listeners) == 1:
            self.first()
        try:
            yield queue
        finally:
            del self._listeners[queue]
            if not self._listeners:
                self.last()

    def tell(self, name: str, data: Any, user: str | None = None) -> None:
        """Tell all listeners, or those of one user."""
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it closed just now
                self._loop.call_soon_threadsafe(self._give, (name, data), user)

    def _give(self, event: Event, user: str | None) -> None:
        for queue, theirs in self._listeners.items():
            if user is None or user == theirs:
                with contextlib.suppress(asyncio.QueueFull):  # whoever reads that slowly reads everything again anyway
                    queue.put_nowait(event)
