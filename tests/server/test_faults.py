"""What the panel is told when something beside it goes wrong: the journal is shown all the same, and what is wrong is said."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import os
import shutil
import socket
import threading

import pytest
from tornado.httpclient import HTTPClientError

from nbtrack import courier, settings
from nbtrack.courier.channel import Place
from nbtrack.delivery.index import FILE, Index
from nbtrack.entities import RunStart, State
from nbtrack.entities.stored import StoredRun
from nbtrack.journal import Home, RunWriter, new_id
from nbtrack.reads.local import local_runs
from nbtrack.server import desk

RUN_AS = 65534


def names(found):
    return sorted(next(it["values"] for it in found["columns"] if it["key"] == "info/name"))


class Refusing(http.server.BaseHTTPRequestHandler):
    """A tracking server whose login ran out."""

    def do_POST(self):
        self.send_response(401)
        self.end_headers()
        self.wfile.write(b"You are not authenticated.")

    do_GET = do_POST

    def log_message(self, *_):
        pass


@pytest.fixture
def refusing():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def silent():
    """A tracking server that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def told(post, body):
    """The panel's answer once it says that the store cannot be read."""
    for _ in range(600):
        found = await post("runs", body)
        if found["stale"]:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


@pytest.mark.parametrize(("store", "words"), [("down", "could not be read"), ("refusing", "could not be read")])
async def test_a_store_that_cannot_be_read_is_told_beside_the_journal(post, get, add_run, monkeypatch, free_port, refusing, store, words):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", refusing if store == "refusing" else f"http://127.0.0.1:{free_port}")
    add_run(name="kept-here")
    found = await told(post, {"scope": "all"})
    assert names(found) == ["kept-here"]
    assert words in found["stale"]
    health = await get("health")
    assert health["problem"] or health["stale"]
    if store == "refusing":
        assert "401" in found["stale"] or "log" in found["stale"].lower()


async def test_a_store_that_does_not_answer_keeps_nobody_waiting(post, get, add_run, monkeypatch, silent):
    """An answer that waited for the store would run into the time-out of the request."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", silent)
    run = add_run(name="kept-here")
    assert names(await post("runs", {"scope": "all"})) == ["kept-here"]
    assert (await post("ask", {"ask": "details", "run": run.run_id}))["run"] == run.run_id
    await get("health")


async def test_another_store_has_another_past_and_the_same_journal(post, home, add_run, monkeypatch, tmp_path):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    add_run(name="here")
    for name in ("one", "two"):
        place = Place.of(home, courier.mask_uri(f"sqlite:///{tmp_path}/{name}.db"))
        place.make()
        index = Index(place.folder / FILE)
        index.put([StoredRun(f"{name:0>32}", name, "Trials", State.FINISHED, 1, 2, False)], 1)
        index.close()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/one.db")
    assert names(await post("runs", {"scope": "all"})) == ["here", "one"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/two.db")
    assert names(await post("runs", {"scope": "all"})) == ["here", "two"]


async def test_a_run_that_is_gone_is_missed_with_words(post, get, home, add_run):
    gone, _ = add_run(name="gone"), add_run(name="stays")
    assert names(await post("runs", {"scope": "all"})) == ["gone", "stays"]
    gone.close()
    shutil.rmtree(home.run(gone.run_id))
    assert names(await post("runs", {"scope": "all"})) == ["stays"]
    assert (await post("ask", {"ask": "details", "run": gone.run_id}))["error"]["mend"]
    for ask in (lambda: get("artifacts", run=gone.run_id), lambda: get("place", run=gone.run_id), lambda: post("restore", {"run": gone.run_id})):
        with pytest.raises(HTTPClientError) as refused:
            await ask()
        assert refused.value.code == 404
        assert json.loads(refused.value.response.body)["mend"]


async def test_a_run_whose_kernel_is_gone_ends_when_somebody_looks(jp_fetch, post, add_run, owner):
    """Also where delivery, which would see to it, is off."""
    add_run(name="alone", end=False)
    owner.close()
    seen = asyncio.Event()
    listening = asyncio.ensure_future(jp_fetch("nbtrack", "api", "events", streaming_callback=lambda _: seen.set(), request_timeout=120))
    await asyncio.wait_for(seen.wait(), 30)
    for _ in range(600):
        found = await post("runs", {"scope": "all"})
        [state] = next(it["values"] for it in found["columns"] if it["key"] == "info/state")
        if state == "KILLED":
            break
        await asyncio.sleep(0.1)
    assert state == "KILLED"
    listening.cancel()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_nobody_else_on_the_machine_reads_the_journal(home, add_run):
    add_run(name="mine")
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.setgid(RUN_AS)
            os.setuid(RUN_AS)
            os._exit(0 if not local_runs(Home(home.root)) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_accounts_of_one_machine_have_their_own_journals(tmp_path, monkeypatch, owner):
    """As on a JupyterHub, where the server of each is started with another home."""
    homes = []
    for name in ("ana", "ben"):
        for variable in ("NBTRACK_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("HOME", str(tmp_path / name))
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / name))
        homes.append(Home(settings.home(settings.load())))
        assert homes[-1].root.is_relative_to(tmp_path / name)
    RunWriter.create(homes[0], RunStart(new_id(), "of ana", "Trials", "sqlite:////nowhere.db", owner.name, 10**18)).close()
    assert [[view.name for view in local_runs(it)] for it in homes] == [["of ana"], []]


async def test_no_answer_has_the_password_of_the_store(jp_fetch, post, get, home, add_run, monkeypatch, free_port):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ana:sesame@127.0.0.1:{free_port}")
    run = add_run(store=courier.mask_uri(os.environ["MLFLOW_TRACKING_URI"]))
    answers = [await told(post, {"scope": "all"})]
    answers += [await get(path, **facts) for path, facts in (("about", {}), ("health", {}), ("place", {"run": run.run_id}), ("artifacts", {"run": run.run_id}))]
    answers += [await post("ask", {"ask": "details", "run": run.run_id}), await post("ask", {"ask": "difference", "a": run.run_id, "b": run.run_id})]
    assert "127.0.0.1" in json.dumps(answers)
    assert "sesame" not in json.dumps(answers)


async def test_work_that_takes_long_keeps_nobody_else_waiting(post, get, add_run, monkeypatch):
    """It is done in threads: while one page waits for its answer, the server's loop gives others theirs."""
    begun, may_end = threading.Event(), threading.Event()
    real = desk.ask
    monkeypatch.setattr(desk, "ask", lambda home, question: (begun.set(), may_end.wait(60), real(home, question))[2])
    run = add_run()
    waiting = asyncio.ensure_future(post("ask", {"ask": "details", "run": run.run_id}))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    assert (await get("about"))["version"]
    assert names(await post("runs", {"scope": "all"})) == ["busy-test"]
    assert not waiting.done()
    may_end.set()
    assert (await waiting)["run"] == run.run_id


class TestLocked:
    @pytest.fixture
    def jp_server_config(self, home, monkeypatch):
        monkeypatch.setenv("NBTRACK_SECRETS", "strict")
        monkeypatch.setenv("NBTRACK_LIVE_S", "often")
        return {"ServerApp": {"jpserver_extensions": {"nbtrack.server": True}}}

    async def test_what_the_environment_fixes_is_told_to_the_page(self, jp_serverapp, post):
        """A value that cannot be used fixes nothing, and the panel says so; nor do those about tests' own folders."""
        found = json.loads(jp_serverapp.web_app.settings["page_config_data"]["nbtrackLocked"])
        assert found["secrets"] == "strict"
        assert not {"live_s", "home", "tracking_uri"} & found.keys()
        with pytest.raises(HTTPClientError) as refused:
            await post("runs", {"scope": "all"})
        assert "live_s" in json.loads(refused.value.response.body)["message"]
