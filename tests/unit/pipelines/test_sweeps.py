"""What a sweep searches, and how its trials are remembered."""

from __future__ import annotations

import math

import pytest

from nbtrack.errors import UsageError
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.parameters import declared_in
from nbtrack.pipelines.sweeps import best
from nbtrack.pipelines.sweeps.curve import is_round
from nbtrack.pipelines.sweeps.plan import planned
from nbtrack.pipelines.sweeps.space import Choice, Range, split
from nbtrack.pipelines.sweeps.study import Ended, Study, grid

PARAMETERS = "lr = 0.1\ndepth = 3\nmode = 'fast'\nlayers = [8]\nseed: int | None = None"


@pytest.fixture
def searched(write):
    """`searched(lr="log(1e-4, 1)")`: what is searched, and the rest."""
    book = notebooks.read(write("stages: {a: {notebook: a.ipynb}}", a=PARAMETERS).parent / "a.ipynb")
    return lambda **params: split(book, declared_in(book), params)


@pytest.mark.parametrize(
    ("name", "text", "space", "told"),
    [
        ("lr", "log(1e-4, 1e-1)", Range(1e-4, 1e-1, True), "log(0.0001, 0.1)"),
        ("lr", "log(1,1000)", Range(1, 1000, True), "log(1, 1000)"),
        ("depth", "log(1,1000)", Range(1, 1000, True, None, True), "log(1, 1000)"),
        ("depth", "uniform(1, 9, 2)", Range(1, 9, False, 2, True), "int(1, 9, 2)"),
        ("lr", " uniform( 0, 0.5 ) ", Range(0, 0.5), "uniform(0, 0.5)"),
        ("depth", "choice(2, 4,8)", Choice((2, 4, 8)), "choice(2, 4, 8)"),
        ("lr", [1, 0.5], Choice((1.0, 0.5)), "choice(1.0, 0.5)"),
        ("mode", "choice(fast, slow)", Choice(("fast", "slow")), "choice(fast, slow)"),
        ("seed", "choice(1, null)", Choice((1, None)), "choice(1, None)"),
    ],
)
def test_a_space_is_read_with_the_types_of_the_notebook(searched, name, text, space, told):
    found, fixed = searched(**{name: text})
    assert (found, fixed, str(found[name])) == ({name: space}, {}, told)
    assert {type(it) for it in getattr(found[name], "values", ())} <= {type(it) for it in getattr(space, "values", ())}


def test_one_value_is_not_searched_and_a_list_is_one_value_of_a_list(searched):
    assert searched(lr="0.5", mode="f(x)", layers=[1, 2], depth=4) == ({}, {"lr": "0.5", "mode": "f(x)", "layers": [1, 2], "depth": 4})


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("lrate", "log(1, 2)", "no parameter 'lrate'. Did you mean 'lr'"),
        ("lr", "lgo(1, 2)", r"cannot be searched by 'lgo'. Did you mean log\(...\)"),
        ("lr", "log(0, 1)", "begins at 0, and logarithms above 0. Write log"),
        ("lr", "log(1, 1)", "is empty: 1 to 1"),
        ("lr", "uniform(1)", r"cannot be read. Write uniform\(LOW, HIGH\[, STEP\]\)"),
        ("lr", "uniform(a, b)", "cannot be read"),
        ("depth", "uniform(0.5, 2)", r"whole number, and 0.5 to 2 is not. Write uniform\(1, 2\)"),
        ("depth", "choice(a, b)", "'depth'.*'a', which is str"),
        ("depth", "choice(2, 2)", "has a choice twice"),
        ("depth", "choice()", "no values"),
    ],
)
def test_what_cannot_be_searched_is_told_with_what_was_meant(searched, name, text, told):
    with pytest.raises(UsageError, match=told):
        searched(**{name: text})


def test_a_grid_has_every_combination_and_no_endless_one():
    assert {type(it["b"]) for it in grid({"b": Range(0.0, 6.0, step=1)})} == {float}
    assert grid({"a": Choice((1, 2)), "b": Range(0, 1, step=0.5)}) == [{"a": a, "b": b} for a in (1, 2) for b in (0, 0.5, 1.0)]
    with pytest.raises(UsageError, match=r"cannot hold all of b = uniform\(0, 1\). Write choice"):
        grid({"b": Range(0, 1)})


def test_a_plan_refuses_what_is_not_known(searched):
    space, _ = searched(lr=[1.0, 2.0])
    assert planned(space, "min:loss", None, "grid", "none", None).trials == 2
    for words, told in (
        (("acc", None, "tpe", "none"), "Goal 'acc' cannot be read"),
        (("max:acc", None, "tpee", "none"), "no sampler 'tpee'. Did you mean 'tpe'"),
        (("max:acc", None, "tpe", "hyper"), "no way to prune 'hyper'. Did you mean 'hyperband'"),
        (("max:acc", 0, "tpe", "none"), "tries nothing"),
    ):
        with pytest.raises(UsageError, match=told):
            planned(space, *words, None)
    with pytest.raises(UsageError, match="No parameter is searched"):
        planned({}, "max:acc", None, "tpe", "none", None)


SPACE = {"x": Range(0.0, 1.0), "n": Range(1, 64, True, None, True), "kind": Choice(("a", None))}


def study(tmp_path, **options):
    return Study(tmp_path / "study.log", SPACE, **{"is_least": False, "sampler": "random", "prune": "none", "jobs": 1, "seed": 1, **options})


def test_a_study_goes_on_from_its_file_and_a_torn_end_of_it(tmp_path):
    first = study(tmp_path)
    one, two, three = (first.ask() for _ in range(3))
    first.note(two.number, run_id="r", token="t")
    first.end(one.number, 0.5, Ended.COMPLETE)
    first.end(three.number, None, Ended.FAILED, "it broke")
    with (tmp_path / "study.log").open("ab") as file:
        file.write(b'{"op_code": 4, "tri')
    again = study(tmp_path)
    assert [(it.number, it.ended, it.params) for it in again.trials()] == [
        (0, Ended.COMPLETE, one.params), (1, Ended.RUNNING, two.params), (2, Ended.FAILED, three.params),
    ]  # fmt: skip
    assert again.trials()[1].facts == {"run_id": "r", "token": "t"} and again.trials()[2].facts["reason"] == "it broke"
    assert again.reopen(again.trials()[1]).params == two.params
    again.end(1, 0.75, Ended.COMPLETE)
    assert again.best().number == 1
    assert again.ask().params not in [it.params for it in (one, two, three)]


def test_the_lowest_is_the_best_where_the_goal_says_so(tmp_path):
    one = study(tmp_path, is_least=True)
    for value in (0.5, 0.25, 0.75):
        one.end(one.ask().number, value, Ended.COMPLETE)
    assert one.best().value == 0.25


def test_a_trial_that_falls_behind_is_hopeless_and_one_that_leads_is_not(tmp_path):
    one = study(tmp_path, prune="median")
    for _ in range(5):
        number = one.ask().number
        assert not one.is_hopeless(number, dict.fromkeys(range(5), 0.5))
        one.end(number, 0.5, Ended.COMPLETE)
    good, bad = one.ask().number, one.ask().number
    assert not one.is_hopeless(good, {0: 0.9, 1: 0.9})
    assert one.is_hopeless(bad, {0: 0.1, 1: 0.1})
    one.end(bad, None, Ended.PRUNED, "pruned")
    assert (one.trials()[bad].ended, one.trials()[bad].value) == (Ended.PRUNED, 0.1)


def test_tpe_learns_and_hyperband_ends_what_falls_behind(tmp_path):
    one = study(tmp_path, sampler="tpe", prune="hyperband", seed=3)
    for _ in range(30):
        trial = one.ask()
        value = 1 - abs(trial.params["x"] - 0.7)
        is_hopeless = any(one.is_hopeless(trial.number, dict.fromkeys(range(step + 1), value)) for step in range(9))
        one.end(trial.number, None if is_hopeless else value, Ended.PRUNED if is_hopeless else Ended.COMPLETE)
    ended = [it.ended for it in one.trials()]
    assert {Ended.PRUNED, Ended.COMPLETE} == set(ended)
    assert abs(one.best().params["x"] - 0.7) < 0.1


def test_grids_are_tried_whole_and_once(tmp_path):
    space = {"kind": Choice(("a", "b")), "n": Range(1, 2, is_whole=True)}
    tried = []
    for _ in range(2):  # the second time from the file
        one = Study(tmp_path / "study.log", space, is_least=False, sampler="grid", prune="none", jobs=1, seed=None)
        for _ in range(2):
            trial = one.ask()
            tried.append(tuple(trial.params.values()))
            one.end(trial.number, 1.0, Ended.COMPLETE)
    assert sorted(tried) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_of_a_long_curve_the_round_steps_are_looked_at():
    assert [it for it in range(1200) if is_round(it)] == [*range(100), *range(100, 1000, 10), 1000, 1100]
    assert sum(map(is_round, range(1_000_000))) < 500


def test_the_best_params_are_written_over_what_a_sweep_wrote_alone(tmp_path):
    import yaml

    one = study(tmp_path)
    number = one.ask().number
    one.end(number, math.pi, Ended.COMPLETE)
    text = best.text_of(one.best(), "acc", "0123456789", {"epochs": 3, "sizes": (1, 2)})
    target = tmp_path / "best.yaml"
    best.write(target, text)
    best.write(target, text)
    assert yaml.safe_load(target.read_text()) == {"epochs": 3, "sizes": [1, 2], **one.best().params}
    target.write_text("lr: 1")
    with pytest.raises(UsageError, match="no sweep wrote it"):
        best.write(target, text)
