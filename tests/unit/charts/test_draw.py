"""Scales, and letters that draw."""

import math

from hypothesis import given
from hypothesis import strategies as st

from nbtrack.charts.scale import Scale, label
from nbtrack.charts.spark import spark

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(FLOATS, max_size=6), st.booleans())
def test_a_scale_holds_its_values_and_its_ticks(values, is_log):
    scale = Scale.around(values, 100, 0, is_log=is_log)
    for value in values:
        if math.isfinite(value) and (value > 0 or not is_log):
            assert -1e-6 <= scale.at(value) <= 100 + 1e-6
    ticks = scale.ticks()
    assert ticks == sorted(ticks)
    assert all(-1 <= scale.at(tick) <= 101 for tick in ticks)
    assert all(label(tick) for tick in ticks)


def test_ticks_are_round():
    assert Scale(0, 1, 0, 1).ticks(5) == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
    assert [label(tick) for tick in Scale(0.001, 1000, 0, 1, True).ticks(4)] == ["0.001", "0.1", "10", "1000"]
    assert (label(123456.0), label(1e-5), label(-0.25), label(0.0)) == ("1.23e5", "1e-5", "-0.25", "0")


@given(st.lists(FLOATS, max_size=40))
def test_a_curve_in_letters_is_never_wider_than_asked(values):
    assert len(spark(values, 12)) <= 12


def test_a_curve_in_letters():
    assert spark([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert spark([1, math.nan, 3], 3) == "▁ █"
    assert spark([5], 8) == ""
    assert spark([2, 2], 2) == "▁▁"
