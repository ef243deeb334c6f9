"""How far the delivery of a run came: pieces, ends, resumes, and what comes late."""

from __future__ import annotations

import http.server
import sqlite3
import threading

import pytest

from nbtrack.delivery.backlog import Backlog
from nbtrack.delivery.deliver import Delivery
from nbtrack.entities import Kind, State
from nbtrack.errors import StoreUnreachableError
from nbtrack.journal import blobs
from nbtrack.journal.points import RECORD_BYTES, segments
from nbtrack.store.client import StoreClient


def test_a_live_run_is_delivered_piece_by_piece(begin, deliver, the_run, store, history_of, finish):
    writer = begin()
    for piece in range(3):
        writer.log("loss", float(piece))
        cursor = deliver(writer)
        assert not cursor.is_done
        assert the_run(writer).info.status == "RUNNING"
        assert len(history_of(store, cursor.mlflow_run_id, "loss")) == piece + 1
    finish(writer)
    assert deliver(writer).is_done
    assert the_run(writer).info.status == "FINISHED"


def test_a_run_made_by_others_is_continued_and_not_ended(begin, deliver, client, store, mlflow_of):
    created = mlflow_of(store).create_run(client.ensure_experiment("Others"))
    writer = begin(mlflow_run_id=created.info.run_id)
    writer.log("loss", 1.0)
    assert deliver(writer).mlflow_run_id == created.info.run_id
    run = mlflow_of(store).get_run(created.info.run_id)
    assert (run.info.status, run.data.metrics) == ("RUNNING", {"loss": 1.0})


def test_the_trash_and_back(begin, finish, deliver, the_run):
    writer = begin()
    writer.log("loss", 1.0)
    finish(writer)
    writer.event(Kind.TRASH, on=True)
    assert deliver(writer).is_done
    assert the_run(writer).info.lifecycle_stage == "deleted"
    writer.event(Kind.TAG, name="late", value="yes")
    writer.log("late", 2.0)
    deliver(writer)
    run = the_run(writer)
    assert run.info.lifecycle_stage == "deleted"
    assert run.data.tags["late"] == "yes"
    assert run.data.metrics["late"] == 2.0
    writer.event(Kind.TRASH, on=False)
    deliver(writer)
    assert the_run(writer).info.lifecycle_stage == "active"


def test_a_resumed_run_is_running_again(begin, finish, deliver, the_run, owner):
    writer = begin()
    finish(writer)
    assert deliver(writer).is_done
    writer.event(Kind.RESUME, owner=owner.name)
    assert not deliver(writer).is_done
    assert the_run(writer).info.status == "RUNNING"
    finish(writer, State.KILLED, reason="interrupted")
    assert deliver(writer).is_done
    assert the_run(writer).info.status == "KILLED"


def test_a_run_the_store_lost_is_made_again(begin, deliver, the_run, store, history_of):
    writer = begin()
    writer.event(Kind.PARAM, name="lr", value="0.1")
    writer.log("loss", 1.0)
    first = deliver(writer).mlflow_run_id
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        for table in ("latest_metrics", "metrics", "params", "tags", "runs"):
            database.execute(f"delete from {table} where run_uuid = ?", (first,))
    database.close()
    writer.log("loss", 2.0)
    deliver(writer)
    run = the_run(writer)
    assert run.info.run_id != first
    assert run.data.params == {"lr": "0.1"}
    assert history_of(store, run.info.run_id, "loss") == [(0, 1.0), (1, 2.0)]


def test_a_slot_that_is_written_late_is_not_lost(begin, finish, deliver, the_run, store, history_of, home):
    writer = begin()
    for step in range(10):
        writer.log("loss", float(step))
    [segment] = segments(home.run(writer.run_id))
    whole = segment.read_bytes()
    hole = slice(4 * RECORD_BYTES, 5 * RECORD_BYTES)

    def write(data):
        with segment.open("r+b") as file:
            file.seek(hole.start)
            file.write(data)

    write(bytes(RECORD_BYTES))
    cursor = deliver(writer)
    assert cursor.holes == {segment.name: [4]}
    assert len(history_of(store, cursor.mlflow_run_id, "loss")) == 9
    write(whole[hole])
    cursor = deliver(writer)
    assert cursor.holes == {}
    assert len(history_of(store, cursor.mlflow_run_id, "loss")) == 10
    finish(writer)
    assert deliver(writer).is_done


def test_a_slot_never_written_does_not_keep_a_dead_owners_run_open(begin, finish, deliver, owner, home, store, history_of):
    writer = begin()
    for step in range(10):
        writer.log("loss", float(step))
    [segment] = segments(home.run(writer.run_id))
    with segment.open("r+b") as file:
        file.seek(4 * RECORD_BYTES)
        file.write(bytes(RECORD_BYTES))
    deliver(writer)
    owner.close()
    finish(writer, State.KILLED)
    cursor = deliver(writer)
    assert cursor.is_done
    assert len(history_of(store, cursor.mlflow_run_id, "loss")) == 9


def test_the_end_goes_out_while_artifacts_wait(begin, finish, home, store, the_run, mlflow_of, free_port, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow_of(store).create_experiment("Far", artifact_location=f"http://127.0.0.1:{free_port}/files")
    writer = begin(experiment="Far")
    writer.event(Kind.ARTIFACT, path="a.txt", blob=blobs.put_bytes(home, b"a"), size_bytes=1)
    writer.log("loss", 1.0)
    finish(writer)
    backlog = Backlog(home, writer.run_id, 6000)
    delivery = Delivery(StoreClient(store), lambda _: "")
    with pytest.raises(StoreUnreachableError):
        delivery.deliver(backlog)
    assert not backlog.cursor.is_done
    assert (the_run(writer).info.status, the_run(writer).data.metrics) == ("FINISHED", {"loss": 1.0})
    put: list[str] = []

    class Shelf(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            put.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port), Shelf) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        delivery.deliver(backlog)
        server.shutdown()
    assert backlog.cursor.is_done
    assert [path.rpartition("/")[2] for path in put] == ["a.txt"]


def test_a_budget_leaves_the_rest_for_later(begin, finish, deliver, store, history_of, the_run):
    writer = begin()
    for step in range(5000):
        writer.log("loss", float(step))
    finish(writer)
    cursor = deliver(writer, budget_s=0.0)
    assert not cursor.is_done
    assert the_run(writer).info.status == "RUNNING"
    assert len(history_of(store, cursor.mlflow_run_id, "loss")) == 1000
    assert deliver(writer).is_done
    assert len(history_of(store, cursor.mlflow_run_id, "loss")) == 5000


def test_an_end_told_of_an_owner_that_was_replaced_does_not_count(begin, deliver, owner, the_run):
    writer = begin(owner="1-gone")
    writer.event(Kind.RESUME, owner=owner.name)
    writer.event(Kind.END, state=State.KILLED, owner="1-gone")
    assert not deliver(writer).is_done
    assert the_run(writer).info.status == "RUNNING"
