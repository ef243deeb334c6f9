"""What a kernel executed outlives it, and is joined to one notebook."""

from __future__ import annotations

import json
import os
import time

from nbtrack.entities import State
from nbtrack.journal import Cursor, blobs, fold
from nbtrack.journal import cursor as cursors
from nbtrack.journal.executed import EXECUTED, ExecutedLog, join_of, path_of
from nbtrack.journal.reaper import reap
from nbtrack.journal.retention import prune
from nbtrack.journal.writer import EVENTS
from nbtrack.settings import Settings

HEAD, TAIL = b'{"cells":[', b"]}"


def log_of(home, owner, *cells):
    log = ExecutedLog(home, owner, HEAD, TAIL)
    for number, data in enumerate(cells, 1):
        log.cell(number, data)
    return log


def test_the_last_version_of_each_cell_counts(home):
    log = log_of(home, "1-owner", b"1", b",2")
    log.cell(2, b",22")
    log.cell(3, b",3")
    blob, size_bytes = log.join(2)
    assert blobs.get_bytes(home, blob) == b'{"cells":[1,22]}'
    assert size_bytes == len(b'{"cells":[1,22]}')
    log.run("r" * 32)
    log.close()
    found, _ = join_of(home, "1-owner", "r" * 32)
    assert json.loads(blobs.get_bytes(home, found)) == {"cells": [1, 22, 3]}


def test_a_run_that_asked_for_no_snapshot_gets_none(home):
    log_of(home, "1-owner", b"1").close()
    assert join_of(home, "1-owner", "r" * 32) is None
    assert join_of(home, "2-nobody", "r" * 32) is None


def test_a_torn_log_gives_what_is_whole(home):
    log = log_of(home, "1-owner", b"1", b",2")
    log.run("r" * 32)
    log.cell(3, b",3")
    log.close()
    path = path_of(home, "1-owner")
    path.write_bytes(path.read_bytes()[:-20])
    found, _ = join_of(home, "1-owner", "r" * 32)
    assert json.loads(blobs.get_bytes(home, found)) == {"cells": [1, 2]}


def test_the_run_of_a_dead_kernel_gets_what_it_had_executed(home, begin, owner):
    run = begin(owner=owner.name)
    log = log_of(home, owner.name, b"1", b",2")
    log.run(run.run_id)
    owner.close()
    assert reap(home, run.run_id)
    view = fold(home, run.run_id)
    assert view.state is State.KILLED
    (artifact,) = view.artifacts
    assert artifact.path == EXECUTED
    assert json.loads(blobs.get_bytes(home, artifact.blob)) == {"cells": [1, 2]}
    log.close()


def test_pruning_keeps_the_parts_of_a_snapshot_that_a_kept_run_names(home, begin, finish):
    old, new = begin(owner="1-gone"), begin(owner="2-gone")
    log = log_of(home, "1-gone", b"1", b",shared", b",only old")
    old.event("artifact", path=EXECUTED, blob=log.join(3)[0], size_bytes=1)
    new.event("artifact", path=EXECUTED, blob=log.join(2)[0], size_bytes=1)
    kept = log.join(2)[0]
    log.close()
    now = time.time()
    for run, days in ((old, 40), (new, 1)):
        finish(run)
        events = home.run(run.run_id) / EVENTS
        cursors.save(home, run.run_id, Cursor(events_bytes=events.stat().st_size, is_done=True))
        os.utime(events, (now - days * 86_400,) * 2)
    for path in [*(home.root / "blobs").glob("??/*"), path_of(home, "1-gone")]:
        os.utime(path, (now - 40 * 86_400,) * 2)
    assert prune(home, Settings(keep_days=30), now_s=now) == [old.run_id]
    assert blobs.get_bytes(home, kept) == b'{"cells":[1,shared]}'
    assert prune(home, Settings(keep_days=30), now_s=now) == []  # the log of a kernel without runs goes with the next pruning
    assert not path_of(home, "1-gone").exists()
    assert len(list((home.root / "blobs").glob("??/*.zst"))) == 4
