"""What the routes answer, and whom."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError

import nbtrack
from nbtrack.journal import blobs

HOSTILE = "<img src=x onerror=alert(1)>\"';--|`${7*7}`\u202e\u2028\0"


def column(runs, key):
    return next(it.get("values", it.get("last")) for it in runs["columns"] if it["key"] == key)


async def test_about_says_what_serves_and_where(jp_fetch, jp_root_dir, jp_serverapp):
    found = json.loads((await jp_fetch("nbtrack", "api", "about")).body)
    assert found == {"version": nbtrack.__version__, "root": str(jp_root_dir)}
    assert jp_serverapp.web_app.settings["page_config_data"]["nbtrackRoot"] == str(jp_root_dir)


async def test_runs_are_those_of_the_notebook(post, jp_root_dir, add_run):
    (jp_root_dir / "a.ipynb").write_text("{}")
    (jp_root_dir / "b.ipynb").write_text("{}")
    one, _ = add_run(jp_root_dir / "a.ipynb"), add_run(jp_root_dir / "b.ipynb")
    found = await post("runs", {"path": "a.ipynb"})
    assert column(found, "info/id") == [one.run_id]
    assert column(found, "metric/loss") == [0.5]
    assert len(column(await post("runs", {"path": "a.ipynb", "scope": "experiment"}), "info/id")) == 2
    assert len(column(await post("runs", {"scope": "all"}), "info/id")) == 2
    assert column(await post("runs", {"path": "a.ipynb", "query": "loss<0.1"}), "info/id") == []


async def test_runs_follow_a_renamed_notebook_but_not_a_copied_one(post, jp_root_dir, add_run):
    moved, copied = add_run(jp_root_dir / "old.ipynb", "c1"), add_run(jp_root_dir / "copied.ipynb", "c1")
    (jp_root_dir / "copied.ipynb").write_text("{}")
    found = await post("runs", {"path": "new.ipynb", "cells": ["c1"]})
    assert column(found, "info/id") == [moved.run_id]
    assert copied.run_id not in column(found, "info/id")


async def test_hostile_names_come_as_they_are_and_as_json(jp_fetch, post, add_run):
    add_run(name=HOSTILE, tags={"mlflow.note": HOSTILE, HOSTILE: HOSTILE}, loss=float("nan"))
    answer = await jp_fetch("nbtrack", "api", "runs", method="POST", body=json.dumps({"scope": "all"}))
    assert answer.headers["Content-Type"].startswith("application/json")
    found = json.loads(answer.body)
    assert column(found, "info/name") == [HOSTILE]
    assert column(found, "metric/loss") == ["NaN"]


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("runs", b"{", 400, ""), ("runs", b"[]", 400, ""), ("runs", b'{"scope": "mine"}', 422, "Ask for one of"), ("runs", b'{"scope": "all", "query": "lr <"}', 422, ""),
        ("ask", b'{"ask": "__init__"}', 422, "Ask for one of"),
        ("restore", b'{"run": "nosuchrun"}', 404, ""),
        ("runs", b'{"path": "../../etc/x.ipynb"}', 400, ""), ("runs", b'{"path": "a\\u0000.ipynb"}', 400, ""),
    ],
)  # fmt: skip
async def test_what_cannot_be_answered_is_refused_with_words(jp_fetch, name, body, status, words):
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("nbtrack", "api", name, method="POST", body=body)
    assert refused.value.code == status
    told = json.loads(refused.value.response.body)
    assert told["message"]
    assert words in told.get("mend", "")


async def test_a_body_too_large_is_refused(jp_fetch):
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("nbtrack", "api", "runs", method="POST", body=b" " * 4_000_001)
    assert refused.value.code == 413


async def test_questions_are_answered_as_the_widget_gets_them(post, add_run):
    one, two = add_run(loss=0.5), add_run(loss=0.25)
    found = await post("ask", {"ask": "curves", "id": 3, "metrics": ["loss"], "runs": [one.run_id], "x": "step", "range": None, "points": 10})
    assert found["id"] == 3
    assert [(it["run"], it["x"], it["y"]) for it in found["series"]] == [(one.run_id, [0.0], [0.5])]
    found = await post("ask", {"ask": "difference", "a": one.run_id, "b": two.run_id})
    assert "loss" in json.dumps(found["sections"])
    assert (await post("ask", {"ask": "details", "run": "gone" * 8}))["error"]["mend"]


async def test_a_run_is_changed_and_changed_back(post, add_run):
    run = add_run()
    await post("act", {"do": "trash", "runs": [run.run_id]})
    assert column(await post("runs", {"scope": "all"}), "info/id") == []
    await post("act", {"do": "restore", "runs": [run.run_id]})
    await post("act", {"do": "rename", "runs": [run.run_id], "name": "better"})
    assert column(await post("runs", {"scope": "all"}), "info/name") == ["better"]


async def test_what_is_restored_lies_beside_and_nothing_is_written_over(post, home, jp_root_dir, add_run):
    notebook = jp_root_dir / "a.ipynb"
    document = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    notebook.write_bytes(document)
    run = add_run(notebook)
    run.event("artifact", path="notebook/document.ipynb", blob=blobs.put_bytes(home, document), size_bytes=len(document))
    paths = [(await post("restore", {"run": run.run_id}))["path"] for _ in range(2)]
    assert len(set(paths)) == 2
    assert all((jp_root_dir / path).is_file() and path != "a.ipynb" for path in paths)
    assert notebook.read_bytes() == document
    elsewhere = add_run("/elsewhere/b.ipynb")
    elsewhere.event("artifact", path="notebook/document.ipynb", blob=blobs.put_bytes(home, document), size_bytes=len(document))
    assert (jp_root_dir / (await post("restore", {"run": elsewhere.run_id}))["path"]).is_file()


async def test_events_tell_of_a_run_that_begins_and_ends(jp_fetch, add_run):
    told, seen = [], asyncio.Event()

    def hear(chunk):
        told.append(chunk.decode())
        seen.set()

    async def hear_of(run_id):
        while run_id not in "".join(told):
            await asyncio.wait_for(seen.wait(), 30)
            seen.clear()

    listening = asyncio.ensure_future(jp_fetch("nbtrack", "api", "events", streaming_callback=hear, request_timeout=60))
    await hear_of(": here")
    writer = add_run(end=False)
    await hear_of(writer.run_id)
    told.clear()
    writer.event("end", state="FINISHED", reason="", traceback="")
    await hear_of(writer.run_id)
    await hear_of("event: ended")
    assert '"state": "FINISHED"' in "".join(told)
    listening.cancel()


async def test_one_answer_holds_what_happens_together_and_ends(jp_fetch, add_run):
    listening = asyncio.ensure_future(jp_fetch("nbtrack", "api", "events", params={"once": "1"}, request_timeout=60))
    done, run_id = False, ""
    while not done:  # the first may come before anybody listens
        run_id = add_run().run_id
        done = bool((await asyncio.wait([listening], timeout=2))[0])
    assert run_id in (await listening).body.decode()


async def test_health_tells_what_waits_for_delivery(get, add_run, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    add_run()
    add_run(end=False)  # goes on: that it is not delivered whole is no news
    found = await get("health")
    assert (found["waiting_runs"], found["held_runs"], found["is_off"], found["problem"]) == (1, 0, True, "")


async def test_a_pinned_baseline_is_the_runs_own(post, add_run):
    one, _ = add_run(), add_run()
    assert (await post("runs", {"scope": "all"}))["baseline"] is None
    await post("act", {"do": "tag", "runs": [one.run_id], "tag": "nbtrack.baseline", "value": "yes"})
    assert (await post("runs", {"scope": "all"}))["baseline"] == one.run_id


async def test_a_first_look_shows_the_newest_runs_while_all_are_read(post, add_run, monkeypatch):
    runs = [add_run(name=f"run-{number}").run_id for number in range(4)]
    monkeypatch.setattr("nbtrack.server.desk._FIRST_S", 0)
    monkeypatch.setattr("nbtrack.server.desk._LEAST", 1)
    found = await post("runs", {"scope": "all", "first": True})
    assert len(column(found, "info/id")) + found["others"] == 4
    assert found["others"] > 0
    whole = await post("runs", {"scope": "all"})
    assert set(column(whole, "info/id")) == set(runs)
    again = await post("runs", {"scope": "all", "first": True})  # all are known now
    assert ("others" in again, len(column(again, "info/id"))) == (False, 4)
    monkeypatch.setattr("nbtrack.server.desk._MOST", 3)  # and of very many the newest, so that they are seen at once
    few = await post("runs", {"scope": "all", "first": True})
    assert (few["others"], column(few, "info/id")) == (1, column(whole, "info/id")[:3])
