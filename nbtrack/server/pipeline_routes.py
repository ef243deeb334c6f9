"""Routes about pipelines and the parameters of notebooks, below `pipelines/`. What is looked at needs `read`; what is run or is not saved, `write`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tornado.web
from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join

from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.pipelines.open import Wanted
from nbtrack.server import forms, pipelines
from nbtrack.server.handler import Handler


@dataclass(frozen=True)
class Asked:
    """A question, with what it names inside the server's root."""

    home: Home
    root: Path
    path: Path
    body: dict[str, Any]

    def text(self, name: str) -> str:
        return found if isinstance(found := self.body.get(name), str) else ""

    def texts(self, name: str) -> list[str]:
        found = self.body.get(name)
        return [it for it in found if isinstance(it, str)] if isinstance(found, list) else []

    def number(self, name: str) -> int:
        return found if isinstance(found := self.body.get(name), int) and found > 0 else 0

    def values(self) -> dict[str, list[str]]:
        """Texts by name, of a form."""
        found = self.body.get("values")
        return (
            {str(name): [it for it in said if isinstance(it, str)] for name, said in found.items() if isinstance(said, list)} if isinstance(found, dict) else {}
        )

    @property
    def book(self) -> Path:
        """The notebook that is meant.

        Raises:
            UsageError: it is none.
        """
        if self.path.suffix != ".ipynb":
            raise UsageError(f"{self.path.name} is no notebook.", mend="Name an .ipynb file.")
        return self.path

    @property
    def file(self) -> Path:
        """The pipeline file that is meant.

        Raises:
            UsageError: it is none.
        """
        if self.path.suffix not in (".yaml", ".yml"):
            raise UsageError(f"{self.path.name} is no pipeline file.", mend="Name a YAML file.")
        return self.path

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.file, tuple(self.texts("stages")), profile=self.text("profile"), start=self.text("start"))


Answer = Callable[[Asked], Any]
READS: dict[str, Answer] = {
    "find": lambda it: pipelines.near(it.root, it.path),
    "graph": lambda it: pipelines.graph(it.root, it.file, it.text("profile")),
    "plan": lambda it: pipelines.plan(it.wanted),
    "status": lambda it: pipelines.status(it.home, it.file, it.text("run") or "last"),
    "past": lambda it: pipelines.past(it.home, it.file),
    "log": lambda it: pipelines.log(it.home, it.file, it.text("run") or "last", it.text("node"), it.number("start")),
    "result": lambda it: pipelines.result(it.home, it.text("run")),
    "form": lambda it: forms.form(it.root, it.book, it.body.get("document"), it.text("profile")),
    "values": lambda it: (
        forms.mistakes(it.book, it.values(), it.body.get("document"))
        if it.path.suffix == ".ipynb"
        else forms.mistakes_of_pipeline(it.file, it.values(), it.text("profile"))
    ),
}
WRITES: dict[str, Answer] = {
    "draft": lambda it: pipelines.graph(it.root, it.file, it.text("profile"), it.text("text")),
    "check": lambda it: pipelines.check(it.file, it.text("profile"), it.text("text")),
}
"""A text that is not saved may name files that are not the asker's to see; who may write could write it."""


def add_to(server: Any) -> None:
    """Serve these routes in a Jupyter server."""
    web = server.web_app
    base = url_path_join(web.settings["base_url"], "nbtrack", "api", "pipelines")
    rules: list[Any] = [(url_path_join(base, "schema"), SchemaHandler)]
    rules += [(url_path_join(base, name), ReadHandler, {"work": work}) for name, work in READS.items()]
    rules += [(url_path_join(base, name), WriteHandler, {"work": work}) for name, work in WRITES.items()]
    web.add_handlers(".*$", rules)


class SchemaHandler(Handler):
    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        from nbtrack.pipelines.schema import schema

        await self.answer(schema)


class AskedHandler(Handler):
    """What the routes share that ask about a file."""

    def initialize(self, work: Answer) -> None:
        self.work = work

    async def tell(self) -> None:
        body = self.body()
        path = self.notebook(body.get("path"))
        if path is None:
            raise tornado.web.HTTPError(400, "The request names no file.")
        asked = Asked(self.home, self.root, path, body)
        await self.answer(lambda: self.work(asked))


class ReadHandler(AskedHandler):
    @tornado.web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # its types do not say that it then gives a decorator
    async def post(self) -> None:
        await self.tell()


class WriteHandler(AskedHandler):
    @tornado.web.authenticated
    @authorized
    async def post(self) -> None:
        await self.tell()
