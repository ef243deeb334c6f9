"""The query language, held by the cases that the front end's reader is held by too."""

import json
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.entities import Metric
from nbtrack.errors import QueryError
from nbtrack.reads.query import parse
from nbtrack.reads.terms import Facts

CASES = json.loads(Path(__file__).with_name("query_cases.json").read_text())


def metric(name, facts):
    last, best, lowest, highest = (float(facts[key]) for key in ("last", "best", "lowest", "highest"))
    return Metric(name, facts["count"], last, facts["step"], lowest, highest, best, facts["step"], "max")


def facts(run):
    texts = {key: run[key] for key in ("name", "experiment", "notebook", "cell", "note", "id", "parent", "state", "stamp")}
    metrics = {name: metric(name, it) for name, it in run["metrics"].items()}
    return Facts(texts, run["attempt"], run["started_ms"], run["duration_s"], run["params"], run["tags"], metrics)


RUNS = [facts(run) for run in CASES["runs"]]


def cases(kind):
    return [pytest.param(case["query"], case[kind], id=case["query"] or "empty") for case in CASES["cases"] if kind in case]


@pytest.mark.parametrize(("query", "found"), cases("found"))
def test_a_query_keeps_the_runs_for_which_it_holds(query, found):
    asked = parse(query, UTC)
    assert "".join(run.texts["id"][0] for run in RUNS if asked.holds(run)) == found


@pytest.mark.parametrize(("query", "error"), cases("error"))
def test_what_cannot_be_read_is_told_with_its_place_and_mend(query, error):
    with pytest.raises(QueryError) as caught:
        parse(query, UTC)
    assert (caught.value.position, caught.value.why, caught.value.mend) == (error["position"], error["text"], error["mend"])
    assert f"at character {error['position'] + 1}" in str(caught.value)


@pytest.mark.parametrize(("query", "clashes"), cases("clashes"))
def test_a_name_that_could_mean_something_else_is_told(query, clashes):
    metrics = {name for run in RUNS for name in run.metrics}
    params = {name for run in RUNS for name in run.params}
    assert parse(query).clashes(metrics, params) == clashes


@given(st.text(alphabet='ab1. "`<>=!~:()\\-', max_size=30) | st.text(max_size=12))
def test_any_text_is_a_query_or_an_error_with_a_place_inside_it(text):
    try:
        asked = parse(text)
    except QueryError as error:
        assert 0 <= error.position <= len(text)
        assert error.mend
    else:
        assert all(asked.holds(run) in (True, False) for run in RUNS)


@given(st.lists(st.sampled_from(["lr<0.1", "acc>.5", "owl", "state:failed"]), min_size=2, max_size=4))
def test_and_may_be_left_out(terms):
    with_and, without = parse(" and ".join(terms)), parse(" ".join(terms))
    assert [with_and.holds(run) for run in RUNS] == [without.holds(run) for run in RUNS]
