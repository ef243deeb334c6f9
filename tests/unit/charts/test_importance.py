"""Which params matter."""

import numpy as np
import pytest
from scipy import stats

from nbtrack.charts.importance import importance, spearman
from nbtrack.charts.relation import parallel, scatter


@pytest.fixture
def runs(made, views):
    def runs(count):
        random = np.random.default_rng(1)
        for number in range(count):
            lr, batch, kind = 10 ** -random.uniform(1, 4), random.integers(1, 100), random.choice(["adam", "sgd"])
            params = {"lr": repr(float(lr)), "batch": str(batch), "opt": str(kind), "same": "1"}
            made(f"r{number}", params, {"acc": [-np.log10(lr) + (kind == "sgd") * 0.5 + random.normal() * 0.01]})
        return views()

    return runs


def test_the_param_that_decides_comes_first(runs):
    found = importance(runs(40), "acc")
    assert [it["name"] for it in found["params"]] == ["lr", "opt", "batch"]
    assert sum(it["importance"] for it in found["params"]) == pytest.approx(1)
    by = {it["name"]: it for it in found["params"]}
    assert by["lr"]["correlation"] < -0.9
    assert by["opt"]["correlation"] is None
    assert found["warning"] == ""
    assert found["says"].startswith("lr matters most for acc:")


def test_fanova_stands_beside_it_where_optuna_is(runs, capfd):
    pytest.importorskip("optuna")
    found = importance(runs(40), "acc")
    by = {it["name"]: it["fanova"] for it in found["params"]}
    assert by["lr"] > by["batch"]
    assert sum(by.values()) == pytest.approx(1)
    assert found["method"].endswith("by optuna")
    assert capfd.readouterr().err == ""


def test_few_runs_come_with_a_warning(runs):
    assert "8 runs are few" in importance(runs(8), "acc")["warning"]
    assert importance([], "acc")["says"].startswith("Importance needs at least 3 runs")


def test_noise_is_not_explained(made, views):
    random = np.random.default_rng(2)
    for number in range(40):
        made(f"r{number}", {"a": str(random.random())}, {"acc": [random.random()]})
    assert "explain little of acc" in importance(views(), "acc")["warning"]


def test_a_metric_that_never_varies_has_no_cause(made, views):
    for number in range(30):
        made(f"r{number}", {"a": str(number), "b": "nan" if number % 2 else "inf"}, {"acc": [0.5]})
    found = importance(views(), "acc")
    assert found["says"] == "No param explains acc in 30 runs."


def test_the_correlation_is_spearmans():
    x, y = np.array([1.0, 2, 2, 5, 4]), np.array([3.0, 1, 4, 9, 9])
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert spearman(np.ones(5), y) is None


def test_a_scatter_has_its_trend_by_the_logarithm_where_x_spreads(runs):
    found = scatter(runs(40), "lr", "acc")
    assert found.is_log
    assert found.slope == pytest.approx(-1, abs=0.1)
    assert found.says.startswith("acc against lr of 40 runs: falls with it (correlation -0.9")
    assert scatter([], "lr", "acc").slope is None


def test_parallel_shades_from_worst_to_best(runs):
    views = runs(10)
    found = parallel(views, "acc")
    assert [axis.name for axis in found.axes] == ["lr", "batch", "opt", "acc"]
    assert (min(found.shades), max(found.shades)) == (0.0, 1.0)
    assert "; the best, r" in found.says
    assert parallel([], None).axes == ()
