"""The routes of what a run kept: its artifacts, its notebook beside another one, and where MLflow shows it. None of them changes anything."""

from __future__ import annotations

from urllib.parse import quote

import tornado.web
from jupyter_server.auth.decorator import authorized

from nbtrack.server import kept
from nbtrack.server.handler import Handler


class ArtifactsHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        run = self.get_query_argument("run", "")
        await self.answer(lambda: kept.listed(self.home, run))


class ArtifactHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        run, path = self.get_query_argument("run", ""), self.get_query_argument("path", "", strip=False)

        def send(data: bytes) -> None:
            # What a run kept is anybody's: on its own address it must never be a page or a script of this server
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2], safe='')}")
            self.finish(data, set_content_type="application/octet-stream")

        await self.answer(lambda: kept.content(self.home, run, path), tell=send)


class NotebooksHandler(Handler):
    @tornado.web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # its types do not say that it then gives a decorator
    async def post(self) -> None:
        body = self.body()
        await self.answer(lambda: kept.patch(self.home, str(body.get("run") or ""), body))


class PlaceHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        run, ui = self.get_query_argument("run", ""), self.get_query_argument("ui", "")
        await self.answer(lambda: kept.place(self.home, run, ui))
