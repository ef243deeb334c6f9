"""Segments of points: cut, damaged, foreign, many."""

from __future__ import annotations

import math
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.errors import FormatError
from nbtrack.journal import fold, points_of
from nbtrack.journal.points import RECORD, RECORD_BYTES, last_time_ns, read_bytes, read_points, segments, writer_of
from tests.unit.journal.conftest import finish

LONG = st.integers(-(2**63), 2**63 - 1)


def points(home, run):
    return [(step, value) for _, step, _, value in points_of(home, run.run_id)]


@given(LONG, LONG, st.floats(), st.integers(1, 2**32 - 1))
def test_a_record_comes_back_as_it_was(step, time_ns, value, key):
    back = RECORD.unpack(RECORD.pack(step, time_ns, value, 0, key))
    assert (*back[:2], *back[3:]) == (step, time_ns, 0, key)
    assert back[2] == value or math.isnan(value)


def test_a_segment_cut_at_any_byte_gives_all_whole_points_and_the_run_goes_on(home, begin):
    for cut in range(1, RECORD_BYTES + 1):
        run = begin()
        for number in range(3):
            run.log("m", number)
        (path,) = segments(run.folder)
        run.close()
        path.write_bytes(path.read_bytes()[: 4 * RECORD_BYTES - cut])
        assert points(home, run) == [(0, 0.0), (1, 1.0)]
        later = type(run)(home, run.run_id)
        later.log("m", 9.0, step=9)
        assert sorted(points(home, run)) == [(0, 0.0), (1, 1.0), (9, 9.0)]
        assert fold(home, run.run_id).metrics["m"].count == 3
        later.close()


def test_a_process_killed_within_a_record_loses_that_record_only(home, begin):
    for written in range(RECORD_BYTES - 4):  # the key comes last
        run = begin()
        for number in range(3):
            run.log("m", 1.5 + number)
        (path,) = segments(run.folder)
        run.close()
        data = bytearray(path.read_bytes())
        data[3 * RECORD_BYTES + written : 4 * RECORD_BYTES] = bytes(RECORD_BYTES - written)
        path.write_bytes(data)
        assert points(home, run) == [(0, 1.5), (1, 2.5)]


@pytest.mark.parametrize("size_bytes", [0, 1, 31, 32, 33])
def test_a_segment_without_a_point_is_empty(home, writer, size_bytes):
    writer.log("m", 1.0)
    (path,) = segments(writer.folder)
    writer.close()
    path.write_bytes(path.read_bytes()[:size_bytes])
    assert points(home, writer) == []
    assert fold(home, writer.run_id).metrics == {}
    assert last_time_ns(writer.folder) == 0


def test_any_damaged_byte_leaves_the_run_readable(home, writer):
    for number in range(4):
        writer.log("m", number)
    (path,) = segments(writer.folder)
    writer.close()
    whole = path.read_bytes()[: 5 * RECORD_BYTES]
    chance = random.Random(7)
    for place in range(8, len(whole)):  # the first bytes are the format's version
        data = bytearray(whole)
        data[place] ^= chance.randrange(1, 256)
        path.write_bytes(data)
        kept = set(points(home, writer)) & {(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)}
        assert len(kept) >= (4 if place < RECORD_BYTES else 3)
        fold(home, writer.run_id)


def test_an_unwritten_slot_between_points_is_passed_over(home, writer):
    writer.log("m", 1.0)
    next(writer._segment.slots)  # a thread interrupted between taking its slot and filling it
    writer.log("m", 2.0)
    (path,) = segments(writer.folder)
    assert [value for _, _, value, _ in read_points(path)] == [1.0, 2.0]
    assert len(read_bytes(path)) == 3 * RECORD_BYTES
    assert [value for _, _, value, _ in read_points(path, start=2)] == [2.0]
    assert fold(home, writer.run_id).metrics["m"].count == 2


def test_segments_of_a_newer_release_are_refused_with_the_way_out(home, writer):
    writer.log("m", 1.0)
    (path,) = segments(writer.folder)
    data = bytearray(path.read_bytes())
    data[0] = 2
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"format 2; this release reads up to 1.*pip install -U nbtrack"):
        fold(home, writer.run_id)


def test_segments_are_in_the_order_written_and_other_files_are_not_ours(tmp_path):
    for name in ("points-2xb-10", "points-2xb-9", "points-1xa-0", "points-1xa-0 (copy)", "points-", "points-x", "points-x-"):
        (tmp_path / f"{name}.bin").touch()
    found = segments(tmp_path)
    assert [path.stem for path in found] == ["points-1xa-0", "points-2xb-9", "points-2xb-10"]
    assert [writer_of(path) for path in found] == ["1xa", "2xb", "2xb"]


def test_the_last_time_is_found_from_the_ends_of_all_writers(home, writer):
    other = type(writer)(home, writer.run_id)
    for number in range(3000):
        writer.log("m", number, timestamp_ns=1000 + number)
    other.log("m", 0, timestamp_ns=9000)
    assert last_time_ns(writer.folder) == 9000


MANY = """
import sys, resource
from pathlib import Path
from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter
run = RunWriter.create(Home(Path(sys.argv[1])), RunStart("a" * 32, "n", "e", "s", "", 1))
run.log("warm", 0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
log = run.log
for number in range(10_000_000):
    log("loss", 0.5)
log("loss", -1.0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_ten_million_points_are_folded_and_cost_the_writing_process_little_memory(home, python):
    grown_kb = int(finish(python(MANY, home.root)))
    assert grown_kb < 16_000
    metric = fold(home, "a" * 32).metrics["loss"]
    assert (metric.count, metric.lowest, metric.highest, metric.last, metric.last_step) == (10_000_001, -1.0, 0.5, -1.0, 10_000_000)
    for path in segments(home.run("a" * 32)):
        path.unlink()  # 300 MB


@pytest.mark.parametrize("bytes_cut", [0, 1, 31, 4095, 4096])
def test_the_last_point_is_found_wherever_it_lies(home, begin, bytes_cut):
    run = begin()
    run.log("m", 0.5)
    (path,) = segments(run.folder)
    run.close()
    whole = path.read_bytes()
    slots = len(whole) // RECORD_BYTES
    for at in (1, 2, 126, 127, 128, 129, 255, 256, slots - 130):
        data = bytearray(whole)
        data[RECORD_BYTES : 2 * RECORD_BYTES] = bytes(RECORD_BYTES)
        data[at * RECORD_BYTES : (at + 1) * RECORD_BYTES] = whole[RECORD_BYTES : 2 * RECORD_BYTES]
        path.write_bytes(data[: len(data) - bytes_cut])
        assert len(read_bytes(path)) == at * RECORD_BYTES
        assert [value for _, value in points(home, run)] == [0.5]
