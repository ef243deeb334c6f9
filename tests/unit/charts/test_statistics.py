"""Statistics over seeds, held against scipy's own tests."""

import math

import pytest
from scipy import stats

from nbtrack.charts.statistics import grouping, is_seed, statistics

A, B = [0.90, 0.91, 0.92, 0.905, 0.915], [0.92, 0.925, 0.93, 0.921, 0.929]


@pytest.fixture
def compared(made, views):
    def compared(a=A, b=B, seeds_b=None, **options):
        for lr, values, seeds in (("0.1", a, range(len(a))), ("0.01", b, seeds_b or range(len(b)))):
            for seed, value in zip(seeds, values, strict=True):
                made(f"lr{lr}-{seed}", {"lr": lr, "seed": str(seed)}, {"acc": [value]})
        return statistics(views(), "acc", **options)

    return compared


def groups(found):
    return {it["label"]: it for it in found["groups"]}


def test_the_same_seeds_are_tested_pair_by_pair(compared):
    found = compared()
    it = groups(found)["lr=0.1"]
    expected = stats.ttest_rel(A, B)
    assert it["test"] == "paired"
    assert it["p"] == pytest.approx(expected.pvalue)
    assert it["delta"] == pytest.approx(expected.statistic and sum(A) / 5 - sum(B) / 5)
    half = expected.confidence_interval(0.95)
    assert f"± {(half.high - half.low) / 2:.2g} in acc" in found["says"]
    assert found["says"].startswith("lr=0.01 beats lr=0.1 by 0.015 ±")
    assert found["says"].endswith("5 seeds.")


def test_other_seeds_are_tested_by_welch(compared):
    it = groups(compared(seeds_b=range(10, 15)))["lr=0.1"]
    assert it["test"] == "welch"
    assert it["p"] == pytest.approx(stats.ttest_ind(A, B, equal_var=False).pvalue)


def test_the_interval_of_a_mean_is_students(compared):
    it = groups(compared())["lr=0.01"]
    low, high = stats.t.interval(0.95, 4, loc=sum(B) / 5, scale=stats.sem(B))
    assert (it["low"], it["high"]) == (pytest.approx(low), pytest.approx(high))
    assert it["is_baseline"]


def test_what_chance_may_explain_is_said_so(compared):
    found = compared([0.90, 0.95, 0.91], [0.92, 0.90, 0.95])
    assert "cannot be told apart by acc" in found["says"]
    assert "beats" not in found["says"]


def test_one_run_of_each_says_nothing_about_chance(compared):
    found = compared([0.9], [0.8])
    assert "nothing can be said about chance" in found["says"]
    assert [it["p"] for it in found["groups"]] == [None, None]
    assert [it["low"] for it in found["groups"]] == [None, None]


def test_equal_values_are_no_division_by_zero(compared):
    assert "without any spread" in compared([0.9] * 3, [0.8] * 3)["says"]
    assert math.isfinite(groups(compared([0.5] * 3, [0.5] * 3))["lr=0.1"]["mean"])


def test_a_lower_loss_wins(made, views):
    for lr, offset in (("0.1", 0.0), ("0.2", 1.0)):
        for seed in range(4):
            made(f"{lr}{seed}", {"lr": lr, "seed": str(seed)}, {"loss": [offset + seed * 0.01 + (seed % 2) * 0.002]})
    assert statistics(views(), "loss")["says"].startswith("lr=0.1 beats lr=0.2")


def test_p_values_of_many_groups_are_adjusted(made, views):
    for number in range(4):
        for seed in range(3):
            made(f"{number}{seed}", {"lr": str(number), "seed": str(seed)}, {"acc": [0.5 + number * 0.01 + seed * 0.003 * (number + 1)]})
    found = statistics(views(), "acc")
    assert "adjusted for 3 comparisons" in found["says"]
    assert len(found["sentences"]) == 3


def test_the_baseline_is_what_others_are_compared_with(made, views):
    for lr in ("1", "2", "3"):
        for seed in "ab":
            made(f"{lr}{seed}", {"lr": lr, "seed": seed}, {"acc": [float(lr) + (seed == "b") * 0.1]})
    baseline = next(view for view in views() if view.params["lr"] == "2")
    found = statistics(views(), "acc", baseline=baseline.run_id)
    assert [it["label"] for it in found["groups"] if it["is_baseline"]] == ["lr=2"]
    assert all("lr=2" in text for text in found["sentences"])


def test_runs_without_a_finite_value_are_left_out(made, views):
    made("nan", {"lr": "1"}, {"acc": [float("nan")]})
    made("none", {"lr": "1"})
    assert statistics(views(), "acc")["says"] == "No run has a finite acc."


def test_seeds_do_not_make_configurations(made, views):
    for seed in range(3):
        made(f"a{seed}", {"random_state": str(seed), "lr": "0.1" if seed else "1e-1"}, {"acc": [0.5]})
    assert is_seed("random_state") and is_seed("torch.seed") and is_seed("seed") and not is_seed("seeding_rate")
    assert grouping(views()) == ["lr"]
    assert [it["n"] for it in statistics(views(), "acc")["groups"]] == [3]
