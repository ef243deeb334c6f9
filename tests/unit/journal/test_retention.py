"""Pruning keeps what is not delivered."""

from __future__ import annotations

import os
import time

import pytest

from nbtrack.entities import Kind
from nbtrack.journal import Cursor, blobs
from nbtrack.journal import cursor as cursors
from nbtrack.journal.retention import prune, prune_daily
from nbtrack.journal.writer import EVENTS
from nbtrack.settings import Settings

DAY_S = 86_400


@pytest.fixture
def delivered(begin, finish, home):
    """A delivered run so many days old, with one artifact."""

    def delivered(days, data=b"x", is_done=True, **facts):
        writer = begin(**facts)
        blob = blobs.put_bytes(home, data)
        writer.event(Kind.ARTIFACT, path="a", blob=blob, size_bytes=len(data))
        finish(writer)
        events = home.run(writer.run_id) / EVENTS
        cursors.save(home, writer.run_id, Cursor(events_bytes=events.stat().st_size if is_done else 0, is_done=is_done))
        then = time.time() - days * DAY_S
        os.utime(events, (then, then))
        os.utime(home.root / "blobs" / blob[:2] / f"{blob}.zst", (then, then))
        return writer.run_id

    return delivered


def test_old_delivered_journals_go_with_their_blobs(delivered, home):
    old, new = delivered(40, b"old"), delivered(1, b"new")
    assert prune(home, Settings(keep_days=30), now_s=time.time()) == [old]
    assert list(home.run_ids()) == [new]
    assert len(list((home.root / "blobs").glob("??/*"))) == 1


def test_what_is_not_delivered_stays_however_old(delivered, home):
    waiting = delivered(400, is_done=False)
    assert prune(home, Settings(keep_days=1, keep_mb=0), now_s=time.time()) == []
    assert list(home.run_ids()) == [waiting]


def test_a_delivered_run_that_was_written_to_since_stays(delivered, home):
    run_id = delivered(400)
    with (home.run(run_id) / EVENTS).open("ab") as file:
        from nbtrack.entities import Event
        from nbtrack.journal.lines import encode

        file.write(encode(Event(Kind.NOTE, 1, {"text": "late"})))
    assert prune(home, Settings(keep_days=0, keep_mb=0), now_s=time.time() + DAY_S) == []


def test_the_oldest_go_while_all_are_too_large(delivered, home):
    runs = [delivered(days, os.urandom(600_000)) for days in (9, 8, 7, 6)]
    assert prune(home, Settings(keep_days=30, keep_mb=1.5), now_s=time.time()) == runs[:2]


def test_bytes_another_run_names_stay(delivered, home):
    delivered(40, b"same")
    kept = delivered(1, b"same")
    prune(home, Settings(keep_days=30), now_s=time.time() + 2 * DAY_S)
    assert list(home.run_ids()) == [kept]
    assert len(list((home.root / "blobs").glob("??/*"))) == 1


def test_young_bytes_nobody_names_yet_stay(home):
    blobs.put_bytes(home, b"being written")
    prune(home, Settings(), now_s=time.time())
    assert len(list((home.root / "blobs").glob("??/*"))) == 1


def test_a_parent_of_an_undelivered_run_stays(delivered, home):
    parent = delivered(400)
    delivered(1, is_done=False, parent=parent)
    assert prune(home, Settings(keep_days=1), now_s=time.time()) == []


def test_it_runs_once_a_day(delivered, home):
    run_id = delivered(40)
    assert prune_daily(home, Settings()) == [run_id]
    delivered(40)
    assert prune_daily(home, Settings()) == []
