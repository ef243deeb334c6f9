"""What a run kept, as a page gets it."""

from __future__ import annotations

import json

import pytest
from tornado.httpclient import HTTPClientError

from nbtrack.journal import blobs

HOSTILE = b"<script>alert(1)</script>"
DOCUMENT = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [{"cell_type": "code", "id": "c1", "source": "lr = 0.1", "metadata": {}, "outputs": []}],
}


@pytest.fixture
def keep(home, add_run):
    """A run that kept files, by path."""

    def keep(**kept):
        run = add_run()
        for path, data in kept.items():
            run.event("artifact", path=path, blob=blobs.put_bytes(home, data), size_bytes=len(data))
        return run

    return keep


@pytest.fixture
def read(jp_fetch):
    async def read(run, path):
        return await jp_fetch("nbtrack", "api", "artifact", params={"run": run.run_id, "path": path})

    return read


async def test_what_a_run_kept_is_listed_and_read(get, read, keep):
    png = b"\x89PNG\r\n\x1a\n\0\1"
    run = keep(**{"report/é.html": HOSTILE, "figures/one.png": png})
    assert (await get("artifacts", run=run.run_id))["files"] == [{"path": "figures/one.png", "size_bytes": 10}, {"path": "report/é.html", "size_bytes": 25}]
    assert (await read(run, "figures/one.png")).body == png
    answer = await read(run, "report/é.html")
    assert answer.body == HOSTILE


async def test_no_browser_takes_what_was_kept_for_a_page(read, keep):
    headers = (await read(keep(**{"page.html": HOSTILE}), "page.html")).headers
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert headers["Content-Disposition"].startswith("attachment;")


async def test_secrets_in_what_was_kept_stay_here(read, keep):
    assert b"AKIA" not in (await read(keep(**{"notes.txt": b"key = AKIAIOSFODNN7EXAMPLE\n"}), "notes.txt")).body


@pytest.mark.parametrize("path", ["", "../events.log", "/etc/passwd", "figures", "no.txt"])
async def test_only_what_the_run_names_is_read(read, keep, path):
    with pytest.raises(HTTPClientError) as refused:
        await read(keep(**{"figures/one.txt": b"1"}), path)
    assert refused.value.code == 422
    assert json.loads(refused.value.response.body)["mend"]


async def test_what_is_too_large_is_not_sent(read, keep, monkeypatch):
    monkeypatch.setattr("nbtrack.server.kept.LARGEST", 3)
    with pytest.raises(HTTPClientError) as refused:
        await read(keep(**{"a.txt": b"1234"}), "a.txt")
    assert refused.value.code == 422


async def test_a_notebook_is_compared_with_the_open_one_and_with_that_of_another_run(post, keep):
    one = keep(**{"notebook/document.ipynb": json.dumps(DOCUMENT).encode()})
    now = json.loads(json.dumps(DOCUMENT).replace("0.1", "0.5"))
    other = keep(**{"notebook/executed.ipynb": json.dumps(now).encode()})
    for asked in ({"document": now}, {"other": other.run_id}):
        found = await post("notebooks", {"run": one.run_id, **asked})
        assert [it["source"] for it in found["base"]["cells"]] == ["lr = 0.1"]
        [cells] = found["diff"]
        assert [(it["op"], it["key"], it["diff"][0]["key"]) for it in cells["diff"]] == [("patch", 0, "source")]
    assert (await post("notebooks", {"run": one.run_id, "document": DOCUMENT}))["diff"] == []


@pytest.mark.parametrize(
    "body", [{}, {"document": {}}, {"document": {"cells": [1]}}, {"document": {"cells": [{"cell_type": "code"}]}}, {"document": [1]}], ids=str
)
async def test_what_is_no_notebook_is_refused(post, keep, body):
    run = keep(**{"notebook/document.ipynb": json.dumps(DOCUMENT).encode()})
    with pytest.raises(HTTPClientError) as refused:
        await post("notebooks", {"run": run.run_id, **body})
    assert refused.value.code == 422
    with pytest.raises(HTTPClientError) as refused:
        await post("notebooks", {"run": keep().run_id, "document": DOCUMENT})
    assert refused.value.code == 422


@pytest.mark.parametrize(
    ("store", "url", "command"),
    [
        ("https://ana:***@mlflow.test:8443/base/?a=b", "https://mlflow.test:8443/base/#/runs/m1", ""),
        ("nbtrack+http://mlflow.test", "http://mlflow.test/#/runs/m1", ""),
        ("sqlite:////data/my runs/mlflow.db", "", "mlflow ui --backend-store-uri 'sqlite:////data/my runs/mlflow.db'"),
        ("postgresql://ana:***@db.test/mlflow", "", 'mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"'),
        ("databricks", "", ""),
    ],
)
async def test_where_mlflow_shows_a_run_is_told_without_a_password(get, add_run, store, url, command):
    run = add_run(store=store, mlflow_run_id="m1")
    found = await get("place", run=run.run_id)
    assert (found["url"], found["command"]) == (url, command)


async def test_a_ui_that_was_set_goes_before(get, add_run, monkeypatch):
    run = add_run(store="sqlite:////data/mlflow.db")
    assert (await get("place", run=run.run_id, ui="http://localhost:5000"))["url"] == "http://localhost:5000/"
    assert (await get("place", run=run.run_id, ui="javascript:alert(1)"))["url"] == ""
    monkeypatch.setenv("NBTRACK_MLFLOW_UI", "https://shown.test")
    assert (await get("place", run=run.run_id, ui="http://localhost:5000"))["url"] == "https://shown.test/"
