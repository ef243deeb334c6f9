"""How far a run is delivered."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from nbtrack.entities import Kind
from nbtrack.journal import Cursor, cursor

FULL = Cursor(
    mlflow_run_id="f" * 32, experiment_id="7", artifact_uri="file:///a", slots={"points-a-0.bin": 3}, names={"a\nb\ud800": "a_b"}, params={"lr": 2},
    is_done=True, refusals=("too long",),
)  # fmt: skip


def test_a_cursor_comes_back_as_it_was(home, writer):
    cursor.save(home, writer.run_id, FULL)
    assert cursor.load(home, writer.run_id) == FULL
    assert sorted(path.name for path in writer.folder.iterdir()) == ["cursor.json", "events.log"]


def test_a_new_process_reads_a_cursor_first_of_all(home, writer):
    cursor.save(home, writer.run_id, Cursor("m"))
    script = (
        "import sys; from pathlib import Path; from nbtrack.journal import Home, cursor; print(cursor.load(Home(Path(sys.argv[1])), sys.argv[2]).mlflow_run_id)"
    )
    done = subprocess.run([sys.executable, "-c", script, home.root, writer.run_id], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.stderr) == ("m", "")


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[1]", b"\xff", b'{"mlflow_run_id": "f'])
def test_without_a_readable_cursor_delivery_begins_anew(home, writer, content):
    assert cursor.load(home, writer.run_id) == Cursor()
    (writer.folder / cursor.FILE).write_bytes(content)
    assert cursor.load(home, writer.run_id) == Cursor()


def test_a_field_of_a_newer_release_is_passed_over(home, writer):
    (writer.folder / cursor.FILE).write_bytes(b'{"mlflow_run_id": "m", "tomorrow": 1}')
    assert cursor.load(home, writer.run_id) == Cursor("m")


def test_a_cursor_beyond_the_events_begins_them_anew(home, writer):
    size = (writer.folder / "events.log").stat().st_size
    cursor.save(home, writer.run_id, Cursor("m", events_bytes=size, params={"lr": 1}))
    assert cursor.load(home, writer.run_id).events_bytes == size
    cursor.save(home, writer.run_id, Cursor("m", events_bytes=size + 1, params={"lr": 1}))
    assert cursor.load(home, writer.run_id) == Cursor("m")


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be replaced there")
def test_a_reader_never_sees_half_a_cursor(home, writer):
    for number in range(300):
        writer.event(Kind.NOTE, text=str(number))
    states = [Cursor(str(number) * (1 + number * 900), params={str(number): number}) for number in range(2)]
    cursor.save(home, writer.run_id, states[0])
    stop = threading.Event()

    def save() -> None:
        while not stop.is_set():
            for state in states:
                cursor.save(home, writer.run_id, state)

    thread = threading.Thread(target=save)
    thread.start()
    try:
        assert all(cursor.load(home, writer.run_id) in states for _ in range(2000))
    finally:
        stop.set()
        thread.join()


def test_a_cursor_that_cannot_be_written_leaves_the_one_before(home, writer):
    cursor.save(home, writer.run_id, FULL)
    with pytest.raises(TypeError):
        cursor.save(home, writer.run_id, FULL.moved(names={"a": object()}))
    assert cursor.load(home, writer.run_id) == FULL
    assert len(list(writer.folder.iterdir())) == 2
