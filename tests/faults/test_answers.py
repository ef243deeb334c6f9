"""Servers that answer badly, made of real sockets: they stand before a real MLflow server and misbehave when told to."""

from __future__ import annotations

import http.client
import http.server
import socket
import threading
import time

import pytest

from nbtrack import courier
from nbtrack.entities import Kind, State
from nbtrack.errors import StoreUnreachableError
from nbtrack.journal import blobs
from tests.faults.conftest import Server

_STRANGERS = {
    "garbage": (b"<html>a captive portal</html>", "text/html"),
    "unrelated": (b'{"status": "ok", "please": "log in"}', "application/json"),
    "a list": (b"[1, 2]", "application/json"),
    "silent": (b"", "text/plain"),
}
"""What answers 200 and is not MLflow."""


class Proxy(http.server.ThreadingHTTPServer):
    """Hands requests to a server, or does what `mood` says."""

    daemon_threads = True

    def __init__(self, port, upstream):
        super().__init__(("127.0.0.1", port), _Handler)
        self.upstream = upstream.removeprefix("http://")
        self.uri = f"http://127.0.0.1:{port}"
        self.mood = "fine"
        self.ill = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients that gave up


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _act(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.server
        if server.mood != "fine":
            server.ill += 1
        if server.mood == "hang":
            time.sleep(30)
            self.close_connection = True
            return
        if server.mood == "cut":
            self.connection.close()
            return
        if server.mood == "login" and self.headers.get("Authorization") != "Basic YW5uOmh1c2gtcmlnaHQ=":  # ann:hush-right
            self._answer(401, b"You are not authenticated.", "text/plain")
            return
        if server.mood in ("500", "429", "503"):
            self._answer(int(server.mood), b"<html>no</html>", "text/html")
            return
        if server.mood in _STRANGERS:
            self._answer(200, *_STRANGERS[server.mood])
            return
        if server.mood == "sent on" and "login" not in self.path:
            self._answer(302, b"", "text/html", {"Location": f"{server.uri}/login"})
            return
        if server.mood == "nothing":
            self._answer(200, b"{}", "application/json")
            return
        if server.mood == "sent on":
            self._answer(200, b"<html>a captive portal</html>", "text/html")
            return
        upstream = http.client.HTTPConnection(server.upstream, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "accept-encoding")}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        if server.mood == "late":  # done, but the answer is lost
            self.connection.close()
            return
        self._answer(answer.status, data, answer.headers.get("Content-Type", "application/json"))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _act

    def _answer(self, status, data, kind, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After", "60")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(new_store, tmp_path_factory):
    """One for all of these, as it is always well: what misbehaves stands before it, and each test has runs of its own."""
    folder = tmp_path_factory.mktemp("server")
    server = Server(_free_port(), new_store(folder / "store"), folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def proxy(server):
    proxy = Proxy(_free_port(), server.uri)
    yield proxy
    proxy.shutdown()
    proxy.server_close()


def test_bad_answers_delay_and_lose_nothing(begin, home, proxy, server, settings, monkeypatch, until, delivered, assert_exact, mlflow_of):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    writer = begin(store=proxy.uri)
    courier.announce(home, proxy.uri, settings)
    step = 0
    for mood in ("500", "429", "503", *_STRANGERS, "sent on", "cut", "hang", "late"):
        proxy.mood, proxy.ill = mood, 0
        for _ in range(500):
            writer.log("loss", step * 0.5, step=step)
            step += 1
        artifact = blobs.put_bytes(home, mood.encode())
        writer.event(Kind.ARTIFACT, path=f"moods/{mood}.txt", blob=artifact, size_bytes=len(mood))
        writer.event(Kind.PARAM, name=mood, value="seen")
        status = until(lambda: (found := courier.status(home, proxy.uri)) and found["problem"] and found)
        assert proxy.ill, mood
        assert status["state"] == "store unreachable", (mood, status)
        proxy.mood = "fine"
        courier.wake(home, proxy.uri)
        courier.flush(home, proxy.uri, writer.run_id, 60)
        assert_exact(server.uri, writer.run_id, "RUNNING", step, step)
    writer.event("end", state=State.FINISHED)
    delivered(proxy.uri, writer.run_id)
    run = assert_exact(server.uri, writer.run_id, "FINISHED", step, step)
    assert "nbtrack.refused" not in run.data.tags
    moods = {"500", "429", "503", *_STRANGERS, "sent on", "cut", "hang", "late"}
    assert set(run.data.params) == moods
    assert {item.path for item in mlflow_of(server.uri).list_artifacts(run.info.run_id, "moods")} == {f"moods/{mood}.txt" for mood in moods}


@pytest.mark.parametrize("mood", [*_STRANGERS, "sent on", "nothing"])
def test_what_is_not_mlflow_from_the_start_is_never_taken_for_it(begin, finish, home, proxy, server, settings, mood, until, delivered, assert_exact):
    proxy.mood = mood
    writer = begin(store=proxy.uri)
    for step in range(10):
        writer.log("loss", step * 0.5, step=step)
    finish(writer)
    courier.announce(home, proxy.uri, settings)
    status = until(lambda: (found := courier.status(home, proxy.uri)) and found["problem"] and found)
    assert status["state"] == "store unreachable", status
    assert status["backlog_runs"] == 1
    with pytest.raises(StoreUnreachableError):
        courier.flush(home, proxy.uri, writer.run_id, 30)
    proxy.mood = "fine"
    delivered(proxy.uri, writer.run_id)
    assert_exact(server.uri, writer.run_id, "FINISHED", 10, 10)


def test_a_login_asked_for_and_then_told(begin, finish, home, proxy, server, settings, monkeypatch, until, delivered, assert_exact):
    proxy.mood = "login"
    writer = begin(store=proxy.uri)
    writer.log("loss", 0.0, step=0)
    finish(writer)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hush-wrong")
    courier.announce(home, proxy.uri, settings)
    status = until(lambda: (found := courier.status(home, proxy.uri)) and found["problem"] and found)
    assert status["state"] == "login missing"
    assert "MLFLOW_TRACKING_USERNAME" in status["mend"]
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hush-right")
    delivered(proxy.uri, writer.run_id)
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    assert_exact(server.uri, writer.run_id, "FINISHED", 1, 1)
    written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
    assert b"hush-" not in written
