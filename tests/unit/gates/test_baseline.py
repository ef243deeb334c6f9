"""Gate `baseline`: against the pinned run, a named one and a registered model; data and seeds count."""

import random

import pandas
import pytest
from scipy import stats

import nbtrack
from nbtrack.gates.baseline import BaselineGate
from nbtrack.gates.baseline import judge as noise
from nbtrack.gates.check import Verdicts, record
from nbtrack.gates.repeats import Repeats
from nbtrack.journal import Home
from nbtrack.reads import find

ACC = {"kind": "baseline", "metric": "accuracy"}


def test_a_better_run_passes_and_a_worse_one_fails_with_the_way_to_look(judge):
    found = judge("better", {**ACC, "against": "base"})
    assert found.passed and "better" in found.why
    assert dict(found.details)["data"] == "the same in both: cancer.csv"
    worse = judge("base", {**ACC, "against": "better"})
    assert not worse.passed and "worse" in worse.why and "nbtrack diff" in worse.mend


def test_a_run_that_came_from_the_cache_is_compared_by_the_run_that_made_it(judge, project):
    with nbtrack.track("taken", tags={"nbtrack.cached_from": nbtrack.run("base").start.run_id}):
        pass
    assert judge("better", {**ACC, "against": "taken"}).passed


def test_changes_wanted_are_absolute_and_relative_and_both_must_hold(judge):
    now, before = (nbtrack.run(name).metrics["accuracy"].last for name in ("better", "base"))
    gain = now - before
    assert gain > 0
    assert judge("better", {**ACC, "against": "base", "min_absolute_change": gain * 0.9}).passed
    assert not judge("better", {**ACC, "against": "base", "min_absolute_change": gain * 1.1}).passed
    assert not judge("better", {**ACC, "against": "base", "min_absolute_change": 0, "min_relative_change": 1.1 * gain / before}).passed
    assert judge("base", {**ACC, "against": "better", "min_absolute_change": -gain * 1.1}).passed
    assert judge("base", {**ACC, "against": "better", "tolerance": gain * 1.1}).passed


@pytest.mark.parametrize(
    ("absolute", "relative", "wanted"),
    [
        (None, None, "mae not lower than 0.9"),
        (0, None, "mae not lower than 0.9"),
        (0.02, 0.1, "mae better than 0.9 by 0.02 and by 10%"),
        (-0.02, None, "mae worse than 0.9 by no more than 0.02"),
        (-0.02, -0.125, "mae worse than 0.9 by no more than 0.02 and no more than 12.5%"),
        (-0.02, 0.1, "mae better than 0.9 by 10%"),
    ],
)
def test_what_is_wanted_is_said_in_words(absolute, relative, wanted):
    gate = BaselineGate(kind="baseline", metric="mae", min_absolute_change=absolute, min_relative_change=relative)
    assert gate._wanted(0.9, True) == wanted


def test_the_callers_run_is_the_baseline_before_a_pinned_one(judge, project):
    assert judge("better", ACC, against=nbtrack.run("base")).passed
    found = judge("better", ACC)
    assert not found.passed and "nbtrack.baseline" in found.mend and "missing_baseline: pass" in found.mend
    with nbtrack.track("again"):
        nbtrack.tag({"nbtrack.baseline": "yes"})
        nbtrack.log(accuracy=0.5)
    with nbtrack.track("again"):
        nbtrack.log(accuracy=0.6)
    assert judge("again", ACC).passed


def test_what_a_gate_refused_is_no_baseline_for_the_next_attempt(judge, project):
    home = Home(project / "home")

    def attempt(value, **gate):
        with nbtrack.track("tried") as run:
            nbtrack.log(accuracy=value)
        found = judge(run.run_id, {**ACC, **gate})
        record(home, Verdicts(run.run_id, "tried", "nbtrack.yaml", (found,)))
        return found

    assert not attempt(0.9).passed
    again = attempt(0.9)
    assert not again.passed and "finished and passed its gates" in again.why and "missing_baseline: pass" in again.mend
    assert attempt(0.9, missing_baseline="pass").passed
    assert not attempt(0.5).passed
    worse = attempt(0.5)
    assert not worse.passed and "0.5 against 0.9" in worse.why
    with pytest.raises(ZeroDivisionError), nbtrack.track("tried"):
        nbtrack.log(accuracy=0.1)
        1 / 0  # noqa: B018
    crashed = attempt(0.8)
    assert not crashed.passed and "0.8 against 0.9" in crashed.why
    assert attempt(0.95).passed
    in_ci = judge("tried", ACC, is_alone=True)
    assert not in_ci.passed and "No run of the base is known" in in_ci.why


def test_a_first_run_passes_where_that_is_said(judge):
    found = judge("better", {**ACC, "missing_baseline": "pass"})
    assert found.passed and "nothing to compare with" in found.why


def test_other_data_are_not_compared(judge, project, execute_again):
    before = nbtrack.run("base").run_id
    table = pandas.read_csv(project / "cancer.csv")
    table.iloc[10:].to_csv(project / "cancer.csv", index=False)
    execute_again()
    found = judge("better", {**ACC, "against": before})
    assert (found.passed, found.measured) == (False, None)
    assert "cancer.csv differs" in found.why and "same_data: false" in found.mend
    assert judge("better", {**ACC, "against": before, "same_data": False}).passed


def test_repeats_with_the_same_seeds_are_tested_in_pairs(judge, project):
    def repeated(name, shift):
        with nbtrack.track(name) as run:
            nbtrack.log(accuracy=0.9 + shift)
            for seed in range(8):
                with nbtrack.track(f"{name}-{seed}", params={"seed": seed}):
                    nbtrack.log(accuracy=0.9 + shift + random.Random(seed).gauss(0, 0.02))
        return run

    repeated("one", 0.0), repeated("same", -0.0005), repeated("less", -0.03)
    found = judge("less", {**ACC, "against": "one"})
    assert not found.passed and "paired t-test over 8 pairs" in found.why
    assert dict(found.details)["repeats"] == "8 pairs (child runs by seed)"
    assert judge("one", {**ACC, "against": "less", "proof": "better"}).passed


def test_repeats_of_a_notebook_are_attempts_with_other_seeds(judge, project):
    for name, shift in (("old", 0.0), ("new", -0.001)):
        for seed in range(4):
            with nbtrack.track(name, params={"lr": 0.1, "seed": seed}):
                nbtrack.log(accuracy=0.9 + shift + (0.01 if seed % 2 else -0.01) * (1 if name == "old" else -1))
    found = judge("new", {**ACC, "against": "old"})
    assert found.passed, found.why
    assert dict(found.details)["repeats"] == "4 pairs (attempts with other seeds)"
    assert not judge("new", {**ACC, "against": "old", "repeats": "none"}).passed  # the last attempts alone


def need(_before):
    return 0.0


def test_the_paired_test_is_scipys():
    a, b = {str(it): it * 0.1 for it in range(5)}, {str(it): it * 0.1 + 0.01 * (it % 3) for it in range(5)}
    found = noise(Repeats(a, "x"), Repeats(b, "x"), 0, 0, 1.0, need, 0.05, "worse")
    p = stats.ttest_rel(list(a.values()), list(b.values()), alternative="less").pvalue
    assert f"p = {p:.3g}" in found.why
    assert found.passed == (p >= 0.05)


@pytest.mark.parametrize(("proof", "passed"), [("worse", True), ("better", False)])
def test_noise_alone_is_no_proof_either_way(proof, passed):
    a, b = Repeats({"1": 0.9, "2": 0.92, "3": 0.88}, "x"), Repeats({"1": 0.91, "2": 0.91, "3": 0.88}, "x")
    assert noise(a, b, 0, 0, 1.0, need, 0.05, proof).passed is passed


def test_one_value_is_held_against_the_spread_of_the_others():
    many = Repeats({str(it): 0.9 + it / 100 for it in range(5)}, "x")
    none = Repeats({}, "x")
    assert noise(none, many, 0.91, 0.9, 1.0, need, 0.05, "worse").passed
    found = noise(none, many, 0.5, 0.9, 1.0, need, 0.05, "worse")
    assert not found.passed and "against the spread" in found.why
    assert noise(many, none, 0, 0.5, 1.0, need, 0.05, "better").passed
    assert noise(none, none, 0, 0, 1.0, need, 0.05, "worse") is None


def test_equal_repeats_have_no_noise():
    same = Repeats({"1": 0.9, "2": 0.9, "3": 0.9}, "x")
    less = Repeats({"1": 0.8, "2": 0.8, "3": 0.8}, "x")
    assert noise(same, same, 0, 0, 1.0, need, 0.05, "worse").passed
    assert not noise(less, same, 0, 0, 1.0, need, 0.05, "worse").passed
    assert noise(same, less, 0, 0, -1.0, need, 0.05, "worse").passed is False  # where lower is better


def test_a_registered_models_run_is_the_baseline(judge, project, store, mlflow_of, monkeypatch):
    monkeypatch.setenv("NBTRACK_TRACKING_URI", store)
    with nbtrack.track("champion", store=store):
        nbtrack.log(accuracy=0.5)
    from nbtrack.delivery.sync import sync
    from nbtrack.settings import load

    sync(Home(project / "home"), load(), wait=False)
    view = find(Home(project / "home"), "champion")
    assert view.mlflow_run_id
    client = mlflow_of(store)
    client.create_registered_model("cancer")
    client.create_model_version("cancer", "x", run_id=view.mlflow_run_id)
    client.set_registered_model_alias("cancer", "champion", "1")
    found = judge("better", {**ACC, "against": "models:/cancer@champion"}, uri=store)
    assert found.passed and dict(found.details)["compared with"].startswith("champion")
    nobody = judge("better", {**ACC, "against": "models:/cancer@nobody"}, uri=store)
    assert not nobody.passed and "alias" in nobody.mend
