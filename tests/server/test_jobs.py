"""Jobs, as a page begins and follows them."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError

from nbtrack.reads import find


async def ended(get, job):
    for _ in range(600):
        found = await get(f"jobs/{job['id']}")
        if found["job"]["ended_ms"] is not None:
            return found
        await asyncio.sleep(0.2)
    raise AssertionError(found)


async def test_a_run_is_reproduced_as_a_job_and_its_verdict_told(jp_fetch, get, post, home, add_run):
    run = add_run()  # without a recipe: that is a verdict too, and needs no kernel
    told, seen = [], asyncio.Event()

    def hear(chunk):
        told.append(chunk.decode())
        seen.set()

    listening = asyncio.ensure_future(jp_fetch("nbtrack", "api", "events", streaming_callback=hear, request_timeout=120))
    await asyncio.wait_for(seen.wait(), 30)
    job = await post("jobs", {"kind": "reproduce", "run": run.run_id})
    assert (job["kind"], job["subject"], job["state"]) == ("reproduce", run.run_id, "running")
    found = await ended(get, job)
    assert found["job"]["result"]["verdict"] == "not runnable"
    assert found["job"]["code"] == found["job"]["result"]["exit_code"] == 2
    assert find(home, run.run_id).tags["nbtrack.verdict"] == "not runnable"
    assert [it["id"] for it in (await get("jobs"))["jobs"]] == [job["id"]]
    while '"state": "ended"' not in "".join(told):
        seen.clear()
        await asyncio.wait_for(seen.wait(), 30)
    assert "event: job" in "".join(told)
    while f'event: runs\ndata: ["{run.run_id}"]' not in "".join(told).partition('"state": "ended"')[2]:  # at once, as what shows the run waits for it
        seen.clear()
        await asyncio.wait_for(seen.wait(), 5)
    listening.cancel()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "rm"}, 422), ({"kind": "reproduce", "run": "nosuchrun"}, 404), ({"kind": ["reproduce"]}, 422),
        ({"kind": "reproduce", "run": "RUN", "env": "--help"}, 422), ({"kind": "reproduce", "run": "RUN", "tolerance": "--help"}, 422),
    ],
)  # fmt: skip
async def test_what_is_no_job_of_ours_is_refused(post, add_run, body, status):
    run = add_run()
    with pytest.raises(HTTPClientError) as refused:
        await post("jobs", {name: run.run_id if value == "RUN" else value for name, value in body.items()})
    assert refused.value.code == status
    assert json.loads(refused.value.response.body)["mend"]


async def test_a_job_that_is_not_there(get, post):
    for act in (lambda: get(f"jobs/{'0' * 32}"), lambda: post(f"jobs/{'0' * 32}", {"do": "cancel"})):
        with pytest.raises(HTTPClientError) as refused:
            await act()
        assert refused.value.code == 404
    with pytest.raises(HTTPClientError) as refused:
        await get(f"jobs/{'0' * 32}", start="-1")
    assert refused.value.code == 400
