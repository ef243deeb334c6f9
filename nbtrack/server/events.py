"""The stream of events that pages listen to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import tornado.iostream
import tornado.web
from jupyter_server.auth.decorator import authorized

from nbtrack.server.handler import Handler
from nbtrack.server.hub import Event
from nbtrack.server.limits import TooManyError

_ALIVE_S = 25.0
"""Seconds between comments on a quiet stream: proxies end connections that say nothing for a minute."""
_TOGETHER_S = 0.1
"""Seconds in which what happens together with the one event of an answer comes with it."""


class EventsHandler(Handler):
    """Server-sent events: `runs` with the ids of those that changed, `ended` with one that did just now, `job` with the news of one, `health`.

    With `?once=1` the answer ends after the first of them, or after the time in which a stream would say that it lives: that comes through
    a proxy which keeps an answer back until it is whole.
    """

    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # nginx would keep events back
        self.left, is_once = asyncio.Event(), self.get_query_argument("once", "") == "1"
        try:
            with self.hub.listen(self.user) as events:
                await self._say(": here\n\n")
                while not self.left.is_set():
                    found = await _first(events.get(), self.left.wait(), timeout_s=_ALIVE_S)
                    await self._say(_line(found) if isinstance(found, tuple) else ": here\n\n")
                    if is_once:
                        await asyncio.sleep(_TOGETHER_S)
                        while not events.empty():
                            await self._say(_line(events.get_nowait()))
                        break
        except TooManyError as error:
            self.refuse(error)

    async def _say(self, text: str) -> None:
        self.write(text)
        try:
            await self.flush()
        except tornado.iostream.StreamClosedError:
            self.left.set()

    def on_connection_close(self) -> None:
        self.left.set()
        super().on_connection_close()


def _line(event: Event) -> str:
    return f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n"


async def _first(*these: Awaitable[Any], timeout_s: float) -> Any:
    """Result of what is done first; None after the time."""
    tasks = [asyncio.ensure_future(it) for it in these]
    done, waiting = await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return next((task.result() for task in tasks if task in done), None)
