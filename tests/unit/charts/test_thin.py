"""Thinned curves draw the same line."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nbtrack.charts.thin import thin

CURVES = arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf]))


@given(CURVES, st.integers(1, 20), st.randoms(use_true_random=False))
def test_first_last_and_extremes_stay_and_order_too(y, buckets, random):
    x = np.cumsum([random.choice([0, 1, 1, 5, 100]) for _ in y]).astype(float)
    kept = thin(x, y, buckets)
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, len(y) - 1)
    assert len(kept) <= max(6 * buckets, 4 * buckets)
    finite = y[np.isfinite(y)]
    if len(finite):
        shown = y[kept][np.isfinite(y[kept])]
        assert (shown.min(), shown.max()) == (finite.min(), finite.max())


@given(CURVES, st.integers(1, 20))
def test_every_bucket_with_a_gap_shows_one(y, buckets):
    x = np.arange(len(y), dtype=float)
    kept = thin(x, y, buckets)
    width = max(len(y) - 1, 1) / buckets
    of = np.minimum((x / width).astype(int), buckets - 1)
    assert set(of[kept][~np.isfinite(y[kept])]) == set(of[~np.isfinite(y)]) or len(y) <= 4 * buckets


def test_a_spike_among_a_million_points_is_kept():
    y = np.zeros(1_000_000)
    y[543_210] = 7.0
    kept = thin(np.arange(len(y), dtype=float), y, 250)
    assert 543_210 in kept
    assert len(kept) <= 1000


def test_points_at_one_place_are_thinned_too():
    kept = thin(np.zeros(1000), np.arange(1000.0), 5)
    assert len(kept) <= 20
    assert (kept[0], kept[-1]) == (0, 999)
