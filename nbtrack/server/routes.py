"""The routes: each checks who asks and what, has the work done off the server's loop, and answers JSON.

Authorizer resource `nbtrack`: `read` looks at runs, `write` changes them. Errors are `{"message", "mend"}` with a status that says whose fault it is.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import tornado.web
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join

from nbtrack import settings
from nbtrack.charts.frame import finite
from nbtrack.errors import NbtrackError, UnknownRunError
from nbtrack.journal import Home
from nbtrack.server import desk
from nbtrack.server.shapes import About
from nbtrack.server.watch import Watch

_LARGEST_BODY = 4_000_000
_ALIVE_S = 25.0
"""Seconds between comments on a quiet stream: proxies end connections that say nothing for a minute."""


def add_to(server: Any) -> None:
    """Serve nbtrack's routes in this Jupyter server, and tell pages where its root is."""
    web = server.web_app
    root = str(Path(server.root_dir).absolute())
    web.settings["nbtrack_home"] = Home(settings.home(settings.load(folder=Path(root))))
    web.settings["nbtrack_root"] = root
    web.settings["nbtrack_watch"] = Watch(web.settings["nbtrack_home"])
    web.settings.setdefault("page_config_data", {})["nbtrackRoot"] = root
    base = url_path_join(web.settings["base_url"], "nbtrack", "api")
    routes = {"about": AboutHandler, "runs": RunsHandler, "ask": AskHandler, "act": ActHandler, "restore": RestoreHandler, "events": EventsHandler}
    web.add_handlers(".*$", [(url_path_join(base, name), handler) for name, handler in routes.items()])


class Handler(APIHandler):
    """What the routes share."""

    auth_resource = "nbtrack"

    @property
    def home(self) -> Home:
        return self.settings["nbtrack_home"]  # type: ignore[no-any-return]

    def body(self) -> dict[str, Any]:
        """The request's JSON object."""
        if len(self.request.body) > _LARGEST_BODY:
            raise tornado.web.HTTPError(413, f"A request may have {_LARGEST_BODY:,} bytes.")
        try:
            found = json.loads(self.request.body or b"{}")
        except ValueError as cause:
            raise tornado.web.HTTPError(400, "The request's body is no JSON.") from cause
        if not isinstance(found, dict):
            raise tornado.web.HTTPError(400, "The request's body is no JSON object.")
        return found

    def notebook(self, said: object) -> Path | None:
        """The notebook that a path below the server's root means; None where there is none.

        Raises:
            HTTPError: 400 where the path leaves the root.
        """
        if not said:
            return None
        root = Path(self.settings["nbtrack_root"])
        path = root / str(said).lstrip("/")
        try:
            if not path.resolve().is_relative_to(root.resolve()):
                raise ValueError
        except (OSError, ValueError, RuntimeError) as cause:
            raise tornado.web.HTTPError(400, "The path leaves the server's root.") from cause
        return path

    async def answer(self, work: Callable[[], Any]) -> None:
        """Do the work in a thread and answer what it gives."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, work)
        except NbtrackError as error:
            self.set_status(404 if isinstance(error, UnknownRunError) else 422)
            self.finish(json.dumps({"message": error.message, "mend": error.mend}))
            return
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(found, allow_nan=False))


class AboutHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        self.finish(json.dumps(About(version=importlib.metadata.version("nbtrack"), root=self.settings["nbtrack_root"])))


class RunsHandler(Handler):
    @tornado.web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # its types do not say that it then gives a decorator
    async def post(self) -> None:
        body = self.body()
        notebook = self.notebook(body.get("path"))
        cells = [it for it in body.get("cells") or [] if isinstance(it, str)]
        await self.answer(lambda: desk.runs(self.home, notebook, cells, str(body.get("query") or ""), str(body.get("scope") or "notebook")))


class AskHandler(Handler):
    @tornado.web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # its types do not say that it then gives a decorator
    async def post(self) -> None:
        body = self.body()
        await self.answer(lambda: plain(desk.ask(self.home, body)))


class ActHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.body()

        def work() -> Any:
            done = desk.act(self.home, body)
            self.settings["nbtrack_watch"].tell(it for it in body.get("runs") or [] if isinstance(it, str))
            return done

        await self.answer(work)


class RestoreHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.body()
        await self.answer(lambda: desk.restore(self.home, Path(self.settings["nbtrack_root"]), body))


class EventsHandler(Handler):
    """Server-sent events: `runs` with the ids of those that changed."""

    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # nginx would keep events back
        self.left = asyncio.Event()
        watch: Watch = self.settings["nbtrack_watch"]
        with watch.listen() as changes:
            await self._say(": here\n\n")
            while not self.left.is_set():
                found = await _first(changes.get(), self.left.wait(), timeout_s=_ALIVE_S)
                await self._say(f"event: runs\ndata: {json.dumps(found)}\n\n" if isinstance(found, list) else ": here\n\n")

    async def _say(self, text: str) -> None:
        self.write(text)
        try:
            await self.flush()
        except tornado.iostream.StreamClosedError:
            self.left.set()

    def on_connection_close(self) -> None:
        self.left.set()
        super().on_connection_close()


async def _first(*these: Awaitable[Any], timeout_s: float) -> Any:
    """Result of what is done first; None after the time."""
    tasks = [asyncio.ensure_future(it) for it in these]
    done, waiting = await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return next((task.result() for task in tasks if task in done), None)


def plain(value: Any) -> Any:
    """The same with lists in place of arrays, and numbers as JSON has them."""
    if isinstance(value, dict):
        return {name: plain(it) for name, it in value.items()}
    if isinstance(value, list | tuple):
        return [plain(it) for it in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return finite(value) if isinstance(value, float) else value
