"""The routes: each checks who asks and what, has the work done off the server's loop, and answers JSON.

Authorizer resource `nbtrack`: `read` looks at runs, `write` changes them, `execute` runs code. Errors are `{"message", "mend"}` with a status
that says whose fault it is.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any

import tornado.web
from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join

from nbtrack import settings
from nbtrack.errors import SettingError
from nbtrack.journal import Home
from nbtrack.reads.local import forget
from nbtrack.server import desk
from nbtrack.server.events import EventsHandler
from nbtrack.server.handler import Handler, plain, texts
from nbtrack.server.health import Examiner
from nbtrack.server.hub import Hub
from nbtrack.server.job_routes import JobHandler, JobsHandler
from nbtrack.server.jobs import Jobs
from nbtrack.server.kept_routes import ArtifactHandler, ArtifactsHandler, NotebooksHandler, PlaceHandler
from nbtrack.server.shapes import About, JobNews
from nbtrack.server.watch import Watch


def add_to(server: Any) -> None:
    """Serve nbtrack's routes in this Jupyter server, and tell pages where its root is."""
    web = server.web_app
    root = str(Path(server.root_dir).absolute())
    home, hub = Home(_home(server, root)), Hub()
    examiner = Examiner(home)
    web.settings |= {
        "nbtrack_home": home, "nbtrack_root": root, "nbtrack_hub": hub, "nbtrack_examiner": examiner, "nbtrack_watch": Watch(home, hub, examiner),
        "nbtrack_jobs": Jobs(home, functools.partial(_tell_of_job, home, hub)), "nbtrack_buckets": {},
    }  # fmt: skip
    page = web.settings.setdefault("page_config_data", {})
    page["nbtrackRoot"], page["nbtrackLocked"] = root, json.dumps(settings.of_environment(os.environ))
    base = url_path_join(web.settings["base_url"], "nbtrack", "api")
    web.add_handlers(".*$", [(url_path_join(base, name), handler) for name, handler in ROUTES.items()])


def _tell_of_job(home: Home, hub: Hub, user: str, news: JobNews) -> None:
    hub.tell("job", news, user)
    if news["kind"] == "reproduce" and news["state"] not in ("running", "cancelling"):
        forget(home, [news["subject"]])  # it ended long ago, so that nobody would look soon whether it has a verdict now
        hub.tell("runs", [news["subject"]])


def _home(server: Any, root: str) -> Path:
    """The state directory. A setting that cannot be used keeps nobody from the server's other parts: each answer of ours says what is wrong."""
    try:
        return settings.home(settings.load(folder=Path(root)))
    except SettingError as error:
        server.log.error("nbtrack: %s", error)
        return settings.home(settings.Settings(home=os.environ.get("NBTRACK_HOME", "")))


class AboutHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda: About(version=importlib.metadata.version("nbtrack"), root=self.settings["nbtrack_root"]))


class HealthHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self.settings["nbtrack_examiner"].look)


class RunsHandler(Handler):
    @tornado.web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # its types do not say that it then gives a decorator
    async def post(self) -> None:
        body = self.body()
        notebook = self.notebook(body.get("path"))
        cells = texts(body.get("cells"))
        query, scope, is_told = str(body.get("query") or ""), str(body.get("scope") or "notebook"), self.settings["nbtrack_watch"].is_sure
        is_first = body.get("first") is True

        def send(found: bytes) -> None:
            self.finish(found)

        await self.answer(lambda: desk.runs(self.home, notebook, cells, query, scope, is_told=is_told, is_first=is_first), tell=send)


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
            forget(self.home, texts(body.get("runs")))
            self.hub.tell("runs", texts(body.get("runs")))
            return done

        await self.answer(work)


class RestoreHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.body()
        await self.answer(lambda: desk.restore(self.home, self.root, body))


ROUTES: dict[str, type[Handler]] = {
    "about": AboutHandler, "health": HealthHandler, "runs": RunsHandler, "ask": AskHandler, "act": ActHandler, "restore": RestoreHandler,
    "events": EventsHandler, "jobs": JobsHandler, r"jobs/([0-9a-f]+)": JobHandler, "artifacts": ArtifactsHandler, "artifact": ArtifactHandler,
    "notebooks": NotebooksHandler, "place": PlaceHandler,
}  # fmt: skip
"""Handlers by their path below `nbtrack/api`."""
