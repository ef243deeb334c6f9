"""Commands that the server runs for a page."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from nbtrack.server.commands import Command
from nbtrack.server.jobs import _MAIN, MOST_AT_ONCE, Jobs, UnknownJobError
from nbtrack.server.limits import Bucket, TooManyError

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def jobs(home):
    told = []
    jobs = Jobs(home, lambda user, news: told.append((user, news)), grace_s=(20, 5))
    jobs.told = told
    yield jobs
    jobs.close()


@pytest.fixture
def command(tmp_path):
    return lambda *words, **facts: Command("test", "A test", "subject", words, tmp_path, **facts)


def ended(jobs, job, user="ana"):
    deadline = time.monotonic() + 120
    while (found := jobs.output(job["id"], user))["job"]["ended_ms"] is None:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_a_command_gives_its_result_and_its_end_is_told(jobs, command):
    job = jobs.start(command("runs", "--json", has_result=True), "ana")
    assert (job["state"], job["code"], job["subject"]) == ("running", None, "subject")
    found = ended(jobs, job)
    assert (found["job"]["state"], found["job"]["code"], found["job"]["result"]) == ("ended", 0, [])
    assert [news["state"] for user, news in jobs.told if user == "ana"][-1] == "ended"
    assert [it["id"] for it in jobs.all("ana")] == [job["id"]]


def test_what_went_wrong_is_in_the_output_without_its_secrets(jobs, command):
    found = ended(jobs, jobs.start(command("show", TOKEN), "ana"))
    assert found["job"]["code"] == 3
    assert "No run answers" in found["text"]
    assert TOKEN not in found["text"]
    assert found["next"] == found["job"]["size"] == len(found["text"])
    again = jobs.output(found["job"]["id"], "ana", 3)
    assert (again["start"], again["text"]) == (3, found["text"][3:])


def test_too_many_are_refused_and_cancelled_ones_end(jobs, command):
    running = [jobs.start(command("sync", "--watch"), "ana") for _ in range(MOST_AT_ONCE)]
    with pytest.raises(TooManyError, match="run already") as refused:
        jobs.start(command("runs"), "ana")
    assert "cancel one" in refused.value.mend
    other = jobs.start(command("runs"), "ben")  # he has jobs of his own
    for job in running:
        assert jobs.cancel(job["id"], "ana")["state"] == "cancelling"
    assert [ended(jobs, job)["job"]["state"] for job in running] == ["cancelled"] * MOST_AT_ONCE
    assert jobs.cancel(running[0]["id"], "ana")["state"] == "cancelled"  # again does nothing
    assert ended(jobs, other, "ben")["job"]["state"] == "ended"


def test_another_users_job_is_not_there(jobs, command):
    job = jobs.start(command("runs"), "ana")
    for act in (jobs.output, jobs.cancel):
        with pytest.raises(UnknownJobError):
            act(job["id"], "ben")
    assert jobs.all("ben") == []
    ended(jobs, job)


@pytest.mark.skipif(os.name == "nt", reason="a group of processes is asked for by its number")
def test_the_end_of_the_server_is_the_end_of_its_jobs(jobs, command):
    job = jobs.start(command("sync", "--watch"), "ana")
    jobs.close()
    assert ended(jobs, job)["job"]["state"] == "cancelled"


def test_a_bucket_fills_again_with_time():
    now = [0.0]
    bucket = Bucket(2, 0.5, lambda: now[0])
    bucket.take("jobs")
    bucket.take("jobs")
    with pytest.raises(TooManyError) as refused:
        bucket.take("jobs")
    assert refused.value.mend == "Try again in 2 s."
    now[0] = 2.0
    bucket.take("jobs")


def test_a_job_that_is_cancelled_while_it_loads_says_nothing_of_our_insides():
    cut = "import sys, types\nclass Cut(types.ModuleType):\n    def __getattr__(self, name): raise KeyboardInterrupt\nsys.modules['nbtrack.cli'] = Cut('nbtrack.cli')\n"
    done = subprocess.run([sys.executable, "-c", cut + _MAIN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
