"""A curve while it grows: what is kept of it, and what decides that it is one."""

from __future__ import annotations

import ast
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack.capture.weave import taps
from nbtrack.capture.weave.points import Points
from nbtrack.capture.weave.scope import Loop
from nbtrack.capture.weave.series import Series
from nbtrack.capture.weave.spot import Spot

LOOP = Loop(ast.parse("while True: pass").body[0], None, True)


def series_of(budget, *, is_reported=False, is_printed=False, twin=False, fast_per_s=math.inf):
    kept = []
    spot = Spot("loss", "a rule", "", LOOP, is_reported=is_reported, is_measure=True, is_printed=is_printed)
    series = Series(
        spot,
        taps.Tap(taps.Shape.CALL),
        budget,
        lambda it: it.spot.name,
        lambda name, points: kept.extend((int(step), float(value)) for step, value in zip(points.steps, points.values, strict=True)),
        lambda it: twin,
        fast_per_s,
    )
    series.tap.on()
    return series, kept


def give(series, values, piece=None):
    piece = piece or len(values) or 1
    for start in range(0, len(values), piece):
        for value in values[start : start + piece]:
            taps.taps[series.tap.index](value)
        series.drain()
    series.finish()


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=True), min_size=2, max_size=3000), st.integers(2, 300), st.integers(1, 3000))
def test_within_budget_all_is_kept_and_beyond_it_the_extremes_and_the_ends(values, budget, piece):
    values = [1.0, -2.0, 0.5, 7.0, 3.0, *values]
    series, kept = series_of(budget)
    give(series, values, piece)
    assert series.count == len(values)
    steps = [step for step, _ in kept]
    assert steps == sorted(set(steps))
    assert [(step, repr(value)) for step, value in kept] == [(step, repr(values[step])) for step in steps]
    assert steps[: min(budget, len(values))] == list(range(min(budget, len(values))))
    assert steps[-1] == len(values) - 1
    clean = [value for value in values if not math.isnan(value)]
    assert min(clean) in [value for _, value in kept]
    assert max(clean) in [value for _, value in kept]
    assert len(kept) <= budget * (2 + math.log2(max(1, len(values) / budget))) + 4


def test_a_long_curve_is_thinned_to_little_more_than_its_budget():
    series, kept = series_of(1000)
    give(series, [math.sin(it / 50) for it in range(200_000)], 30_000)
    assert series.count == 200_000
    assert 1000 < len(kept) < 6000
    assert series.is_thinned


def test_thinning_many_values_at_once_copies_each_a_few_times_alone(monkeypatch):
    copied, part = [], Points.__getitem__
    monkeypatch.setattr(Points, "__getitem__", lambda self, at: copied.append(len(part(self, at))) or part(self, at))
    series, kept = series_of(100)
    give(series, [math.sin(it / 50) for it in range(50_000)])
    assert series.is_thinned and len(kept) > 100
    assert sum(copied) < 4 * 50_000


def test_what_is_told_of_a_fast_loop_is_no_more_than_was_seen():
    series, _ = series_of(1000, fast_per_s=0)
    for piece in range(2):
        for at in range(1000):
            taps.taps[series.tap.index](math.sin(piece + at / 50))
        series.drain()
    assert series.is_sampled
    time.sleep(0.2)  # the loop stands still, as on a machine with other work
    series.drain()
    assert series.is_about and series.count > 2000
    assert series.seen == 2000


def test_a_fast_loop_is_let_go_before_what_it_gave_is_thinned():
    series, _ = series_of(100, fast_per_s=0)
    is_on = []
    series._write = lambda name, points: is_on.append(taps.taps[series.tap.switch])
    for at in range(5000):
        taps.taps[series.tap.index](math.sin(at))
    series.drain()
    assert is_on and not any(is_on)
    assert series.is_sampled and series.seen == 5000


@pytest.mark.parametrize(
    "values", [[1, 2, 3, 4, 5, 6], [3, 3, 3, 3], [0.0, 0.25, 0.5, 0.75, 1.0, 1.25], [2.5] * 50, [1.0], [], [0.1 * it for it in range(2000)], [2**70] * 9, [5, 3, 1, -1, -3]]
)  # fmt: skip
def test_counters_and_constants_are_no_curves(values):
    series, kept = series_of(100)
    give(series, values)
    assert (kept, series.name) == ([], "")


@pytest.mark.parametrize(
    "values",
    [[3, 1, 4, 1, 5], [1.0, 0.999999, 0.999998000001] * 3, [2**70, 2**71, 2**80], [0.5, 0.25], [1, 0.5, 2, 3.5], [math.nan, math.inf, 1.0], [10**400, 2, 3]],
)
def test_numbers_that_change_are_a_curve(values):
    series, kept = series_of(100)
    give(series, values)
    assert len(kept) == len(values)


def test_a_measure_that_the_code_keeps_is_a_curve_also_where_it_never_changes():
    series, kept = series_of(100, is_reported=True)
    give(series, [0.5] * 4)
    assert kept == [(0, 0.5), (1, 0.5), (2, 0.5), (3, 0.5)]


def test_a_curve_is_written_while_it_grows():
    series, kept = series_of(100)
    for value in (1.0, 0.5, 0.7, 0.3, 0.2, 0.1):
        taps.taps[series.tap.index](value)
    series.drain()
    assert len(kept) == 6


def test_what_is_only_printed_waits_for_the_end():
    series, kept = series_of(100, is_printed=True)
    for value in (1.0, 0.5, 0.7, 0.3, 0.2, 0.1):
        taps.taps[series.tap.index](value)
    series.drain()
    assert kept == []
    series.finish()
    assert len(kept) == 6


def test_a_tap_that_finds_nothing_turns_itself_off():
    series, kept = series_of(100)
    for _ in range(8):
        taps.taps[series.tap.index]("text")
    assert taps.taps[series.tap.switch] is False
    assert series.drain() == 0
    assert kept == []


def test_what_comes_between_numbers_is_dropped():
    series, kept = series_of(100)
    give(series, [1.0, None, 0.5, "text", 0.25, object(), 0.125, [1.0], True, 1 + 2j], 2)
    assert [value for _, value in kept] == [1.0, 0.5, 0.25, 0.125]
