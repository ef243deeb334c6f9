"""One run's writer: what it takes, what it refuses, and that nothing is lost."""

from __future__ import annotations

import math
import os
import signal
import stat
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtrack.entities import Kind
from nbtrack.errors import JournalError
from nbtrack.journal import events_of, fold, points_of
from nbtrack.journal.points import read_bytes, segments

END = 2**63 - 1


def values(home, run):
    return [value for _, _, _, value in points_of(home, run.run_id)]


def steps(home, run):
    return [step for _, step, _, _ in points_of(home, run.run_id)]


def exact(home, run):
    return [(event.data["step"], int(event.data["value"], 0)) for event in events_of(home, run.run_id) if event.kind == Kind.EXACT]


def has_hole(run):
    return any(read_bytes(path)[28::32].count(0) for path in segments(run.folder))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (0.5, 0.5), (3, 3.0), (True, 1.0), (False, 0.0), (math.inf, math.inf), (-math.inf, -math.inf), (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(0.1), 0.1), (np.int8(-3), -3.0), (np.bool_(True), 1.0), (np.array(2.5), 2.5), (np.array(7), 7.0), (np.float16("inf"), math.inf),
        (Decimal("0.1"), 0.1), (Decimal("1e999"), math.inf), (Fraction(1, 3), 1 / 3), (Fraction(-(10**400)), -math.inf), ("1e-3", 1e-3), (5e-324, 5e-324),
        (np.longdouble("0.5"), 0.5),
    ],
)  # fmt: skip
def test_every_kind_of_number_is_kept(home, writer, value, kept):
    writer.log("m", value)
    assert values(home, writer) == [kept]
    assert exact(home, writer) == []


@pytest.mark.parametrize("value", [math.nan, np.float32("nan"), np.array(np.nan), Decimal("NaN")])
def test_not_a_number_is_a_point_too(home, writer, value):
    writer.log("m", value)
    assert math.isnan(values(home, writer)[0])


@pytest.mark.parametrize(
    "value",
    [2**53 + 1, -(2**53) - 1, 2**60 + 1, np.uint64(2**64 - 1), np.int64(2**63 - 1), np.array(2**62 + 1), 10**400, -(10**400), 7**9000],
    ids=lambda value: value.bit_length() if isinstance(value, int) else None,
)
def test_an_integer_that_a_float_cannot_hold_is_kept_in_full_beside(home, writer, value):
    writer.log("m", value, step=4)
    assert exact(home, writer) == [(4, int(value))]
    try:
        nearest = float(int(value))
    except OverflowError:
        nearest = math.inf if value > 0 else -math.inf
    assert values(home, writer) == [nearest]


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**60, np.int64(-(2**62)), 1e300, np.float64(1e300)])
def test_a_large_number_that_a_float_holds_has_nothing_beside(home, writer, value):
    writer.log("m", value)
    assert values(home, writer) == [float(value)]
    assert exact(home, writer) == []


@given(st.integers() | st.integers(-(2**70), 2**70) | st.floats())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_number_can_be_read_back_exactly(home, begin, value):
    run = begin()
    run.log("m", value)
    run.close()
    kept = values(home, run)[0]
    assert exact(home, run) == [(0, value)] or kept == value or (math.isnan(kept) and math.isnan(value))


@pytest.mark.parametrize("value", [None, "high", [], {}, 1j, object(), np.array([1.0, 2.0]), b"x", Decimal("sNaN")])
def test_what_is_not_a_number_is_refused_and_leaves_no_hole(home, writer, value):
    writer.log("m", 1.0)
    with pytest.raises((TypeError, ValueError)):
        writer.log("m", value)
    writer.log("m", 2.0)
    assert [(step, value) for _, step, _, value in points_of(home, writer.run_id)] == [(0, 1.0), (1, 2.0)]
    assert not has_hole(writer)


@pytest.mark.parametrize("step", ["x", [], math.nan, math.inf, -math.inf, 1j])
def test_a_step_that_is_not_a_number_is_refused_and_leaves_no_hole(home, writer, step):
    with pytest.raises((TypeError, ValueError)):
        writer.log("m", 1.0, step=step)
    with pytest.raises((TypeError, ValueError)):
        writer.log("m", 1.0, timestamp_ns=step)
    writer.log("m", 2.0)
    assert steps(home, writer) == [0]
    assert not has_hole(writer)


@pytest.mark.parametrize(
    ("step", "kept"),
    [(0, 0), (-5, -5), (END, END), (-END - 1, -END - 1), (END + 1, END), (10**30, END), (-(10**30), -END - 1), (2.9, 2), (-2.9, -2), (1e300, END),
     (np.int32(7), 7), (np.float64(3.0), 3), (True, 1), (np.array(9), 9)],
)  # fmt: skip
def test_a_step_is_kept_cut_to_a_whole_number_of_64_bits(home, writer, step, kept):
    writer.log("m", 1.0, step=step)
    assert steps(home, writer) == [kept]


def test_after_the_last_step_there_is_points_keep_that_step(home, writer):
    writer.log("m", 0.0, step=END - 1)
    for value in (1.0, 2.0, 3.0):
        writer.log("m", value)
    assert steps(home, writer) == [END - 1, END, END, END]
    assert values(home, writer) == [0.0, 1.0, 2.0, 3.0]


def test_without_a_step_the_next_one_is_taken_each_metric_for_itself(home, writer):
    for name, step in [("a", None), ("b", None), ("a", None), ("a", 10), ("a", None), ("a", 3), ("a", None)]:
        writer.log(name, 0.0, step=step)
    assert [(name, step) for name, step, _, _ in points_of(home, writer.run_id)] == [("a", 0), ("b", 0), ("a", 1), ("a", 10), ("a", 11), ("a", 3), ("a", 4)]


@pytest.mark.parametrize(("time_ns", "kept"), [(5, 5), (-5, -5), (10**30, END), (1.7e18, 1_700_000_000_000_000_000), (np.int64(9), 9)])
def test_a_given_time_is_kept(home, writer, time_ns, kept):
    writer.log("m", 1.0, timestamp_ns=time_ns)
    assert [time_ns for _, _, time_ns, _ in points_of(home, writer.run_id)] == [kept]


@pytest.mark.parametrize("name", ["", "ztráta", "a\nb", "\ud800", "🦦", "x" * 5000, "\0", "a/b c"])
def test_any_text_is_a_name(home, writer, name):
    writer.log(name, 1.0)
    assert [found for found, *_ in points_of(home, writer.run_id)] == [name]
    assert list(fold(home, writer.run_id).metrics) == [name]


def test_what_is_not_a_text_is_no_name(home, writer):
    with pytest.raises(TypeError, match="name is a text"):
        writer.log(3, 1.0)
    assert fold(home, writer.run_id).metrics == {}


def test_five_thousand_names_are_kept_apart(home, writer):
    for step in range(8):
        for number in range(5000):
            writer.log(f"metric {number}", number + step)
    metrics = fold(home, writer.run_id).metrics
    assert len(metrics) == 5000
    assert all(metric.count == 8 and metric.lowest == number and metric.last == number + 7 for number, metric in enumerate(metrics.values()))


def test_threads_lose_nothing_and_share_no_slot(home, writer):
    names = ["own", "shared"]

    def work(thread: int) -> None:
        for number in range(10_000):
            writer.log(f"{names[0]} {thread}", number)
            writer.log(names[1], thread * 10_000 + number, step=number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found: dict[str, list[float]] = {}
    for name, _, _, value in points_of(home, writer.run_id):
        found.setdefault(name, []).append(value)
    assert sorted(found["shared"]) == list(range(80_000))
    assert all(found[f"own {thread}"] == list(range(10_000)) for thread in range(8))
    assert len([event for event in events_of(home, writer.run_id) if event.kind == Kind.SERIES]) == 9
    assert not has_hole(writer)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
def test_a_signal_handler_may_log_while_its_thread_does(home, writer):
    beats = 0

    def beat(*_: object) -> None:
        nonlocal beats
        beats += 1
        writer.log(f"beat {beats}", 1.0)
        writer.event(Kind.NOTE, text="beat")

    before = signal.signal(signal.SIGALRM, beat)
    try:
        for number in range(3000):
            if number % 10 == 0:
                signal.setitimer(signal.ITIMER_REAL, 0.00001 * (1 + number % 70))
            writer.log(f"metric {number}", number)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    found = {name: value for name, _, _, value in points_of(home, writer.run_id)}
    assert beats > 0
    assert len(found) == 3000 + beats
    assert all(found[f"metric {number}"] == number for number in range(3000))


def test_a_closed_writer_refuses_and_what_it_wrote_stays(home, writer):
    writer.log("m", 1.0)
    writer.close()
    writer.close()
    for late in (lambda: writer.log("m", 2.0), lambda: writer.log("new", 2.0), lambda: writer.event(Kind.NOTE, text="late")):
        with pytest.raises(JournalError, match=r"closed.*Resume the run"):
            late()
    assert values(home, writer) == [1.0]


def test_a_synced_run_is_whole(home, writer):
    for number in range(5000):
        writer.log("m", number)
    writer.sync()
    assert values(home, writer) == list(range(5000))


def test_two_writers_of_one_run_do_not_meet(home, writer):
    other = type(writer)(home, writer.run_id)
    for number in range(100):
        writer.log("m", number)
        other.log("m", 100 + number)
    assert sorted(values(home, writer)) == list(range(200))
    assert fold(home, writer.run_id).metrics["m"].count == 200


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no modes here")
def test_only_the_user_may_read_a_run(home, writer):
    writer.log("m", 1.0)
    for path in (home.root, *home.root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_many_points_at_once_are_as_one_by_one(home, begin):
    one, many = begin(), begin()
    points = [(step, 1000 + step, step * 0.5) for step in range(20_000)]
    for step, time_ns, value in points:
        one.log("loss", value, step, time_ns)
    many.log("loss", 7.0)
    steps, times, numbers = (list(it) for it in zip(*points, strict=True))
    many.log_many("loss", steps[:5000], times[:5000], numbers[:5000])
    many.log_many("loss", *(np.array(it[5000:]) for it in (steps, times, numbers)))
    many.log_many("loss", [], [], [])
    many.log("loss", 3.0)
    found = [list(points_of(home, it.run_id)) for it in (one, many)]
    assert [point[1:] for point in found[1][1:-1]] == [point[1:] for point in found[0]]
    assert found[1][-1][1] == 20_000


def test_many_points_at_once_may_come_from_threads(home, begin):
    writer = begin()
    points = list(range(5_000)), [1] * 5_000, [float(step) for step in range(5_000)]
    threads = [threading.Thread(target=writer.log_many, args=(f"loss{number}", *points)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {}
    for name, step, _, value in points_of(home, writer.run_id):
        assert step == value
        found.setdefault(name, []).append(step)
    assert {name: sorted(steps) for name, steps in found.items()} == {f"loss{number}": list(range(5_000)) for number in range(4)}


def test_many_points_after_the_end_are_refused(begin):
    writer = begin()
    writer.close()
    with pytest.raises(JournalError, match="Resume"):
        writer.log_many("loss", [0], [1], [0.5])
