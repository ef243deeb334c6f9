"""The routes of jobs: begin one, look at it, cancel it."""

from __future__ import annotations

import tornado.web
from jupyter_server.auth.decorator import authorized

from nbtrack.errors import UsageError
from nbtrack.server.commands import command_of
from nbtrack.server.handler import Handler
from nbtrack.server.shapes import JobList


class JobsHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda: JobList(jobs=self.jobs.all(self.user)))

    @tornado.web.authenticated
    @authorized(action="execute")  # type: ignore[untyped-decorator]  # its types do not say that it then gives a decorator
    async def post(self) -> None:
        body, user = self.body(), self.user
        await self.answer(lambda: self.jobs.start(command_of(self.home, self.root, body), user))


class JobHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self, job: str) -> None:
        start, user = self.get_query_argument("start", "0"), self.user
        if not (start.isascii() and start.isdecimal() and len(start) < 16):
            raise tornado.web.HTTPError(400, "start is a number of characters.")
        await self.answer(lambda: self.jobs.output(job, user, int(start)))

    @tornado.web.authenticated
    @authorized(action="execute")  # type: ignore[untyped-decorator]  # as above
    async def post(self, job: str) -> None:
        if self.body().get("do") != "cancel":
            self.refuse(UsageError("A job can only be cancelled.", mend='Post {"do": "cancel"}.'))
            return
        user = self.user
        await self.answer(lambda: self.jobs.cancel(job, user))
