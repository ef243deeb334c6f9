"""Gate `metric`."""

import pytest

from nbtrack.entities.verdict import Standing


def test_a_metric_at_its_threshold_passes_and_below_it_fails_with_both_values(judge):
    assert judge("better", {"kind": "metric", "metric": "accuracy", "threshold": 0.9}).passed
    found = judge("better", {"kind": "metric", "metric": "accuracy", "threshold": 0.9999})
    assert (found.standing, found.wanted) == (Standing.FAILED, "accuracy ≥ 0.9999")
    assert found.measured > 0.9 and "below the threshold" in found.why and "nbtrack diff" in found.mend


def test_the_direction_comes_from_the_name_unless_it_is_said(judge):
    assert judge("better", {"kind": "metric", "metric": "loss", "threshold": 0.1}).passed
    assert not judge("better", {"kind": "metric", "metric": "loss", "threshold": 0.1, "greater_is_better": True}).passed


def test_a_missing_metric_fails_and_the_nearest_is_named(judge):
    found = judge("better", {"kind": "metric", "metric": "acuracy", "threshold": 0})
    assert (found.passed, found.measured, found.mend) == (False, None, "Did you mean 'accuracy'?")


@pytest.mark.parametrize("greater", [True, False])
def test_nan_never_passes(judge, greater):
    found = judge("better", {"kind": "metric", "metric": "missing", "threshold": 0, "greater_is_better": greater})
    assert not found.passed and "NaN" in found.why
    assert not judge("better", {"kind": "metric", "metric": "accuracy", "threshold": "nan"}).passed
