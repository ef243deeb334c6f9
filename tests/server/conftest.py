"""A Jupyter server in this process, with nbtrack's extension enabled as its configuration file does."""

from __future__ import annotations

import json

import pytest

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture
def jp_server_config(home):
    return {"ServerApp": {"jpserver_extensions": {"nbtrack.server": True}, "allow_unauthenticated_access": False}}


@pytest.fixture
def add_run(begin):
    """Writes a run that ended, or goes on with `end=False`; gives its id."""

    def add_run(notebook="", cell="c1", *, end=True, loss=0.5, tags=None, **facts):
        told = {"nbtrack.notebook": str(notebook), "nbtrack.cell_id": cell} if notebook else {}
        writer = begin(tags=told | (tags or {}), **facts)
        writer.event("param", name="lr", value="0.1")
        writer.log("loss", loss, 0)
        if end:
            writer.event("end", state="FINISHED", reason="", traceback="")
        return writer

    return add_run


@pytest.fixture
def post(jp_fetch):
    """Posts JSON; gives the answer's."""

    async def post(name, body, **options):
        answer = await jp_fetch("nbtrack", "api", *name.split("/"), method="POST", body=json.dumps(body), **options)
        return json.loads(answer.body)

    return post


@pytest.fixture
def get(jp_fetch):
    """The JSON of a route."""

    async def get(path, **params):
        answer = await jp_fetch("nbtrack", "api", *path.split("/"), params=params)
        return json.loads(answer.body)

    return get
