"""Gates `latency` and `size`: the kept model in a process of its own."""

import pytest


def test_latency_and_memory_are_measured_under_a_load_that_is_told(judge):
    asked = {"kind": "latency", "p95_ms": 60000, "memory_mb": 4000, "data": "cancer.csv", "requests": 30, "rows": 4, "clients": 2, "warmup": 3}
    found = judge("better", asked)
    assert found.passed and 0 < found.measured < 60000
    details = dict(found.details)
    assert details["load"] == "30 requests of 4 rows by 2 clients after 3 to warm up"
    assert "p95" in details["latency"] and "MB loaded" in details["memory"]


def test_too_slow_and_too_large_fail(judge):
    found = judge("better", {"kind": "latency", "p95_ms": 0.0001, "data": "cancer.csv", "requests": 20})
    assert not found.passed and found.wanted == "p95 ≤ 0.0001 ms" and "smaller model" in found.mend
    large = judge("better", {"kind": "latency", "memory_mb": 0.001, "data": "cancer.csv", "requests": 20})
    assert not large.passed and large.measured > 0.001


@pytest.mark.parametrize(
    ("facts", "why"),
    [({"features": ["clinic"]}, "The model does not answer"), ({"data": "nothing.csv"}, "no file"), ({"timeout_s": 0.01}, "took longer than 0.01 s")],
)
def test_a_model_that_cannot_be_measured_does_not_pass(judge, facts, why):
    found = judge("better", {"kind": "latency", "p95_ms": 1000, "data": "cancer.csv", "requests": 20, **facts})
    assert not found.passed and found.measured is None and why in found.why and found.mend


def test_size_adds_up_what_a_pattern_names(judge):
    assert judge("better", {"kind": "size", "max_mb": 10}).passed
    found = judge("better", {"kind": "size", "max_mb": 0.0001})
    assert not found.passed and "the largest is models/" in found.why
    none = judge("better", {"kind": "size", "of": "videos/*", "max_mb": 1})
    assert not none.passed and none.measured is None
