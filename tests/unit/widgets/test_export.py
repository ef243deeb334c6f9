"""A comparison as one page."""

from __future__ import annotations

import json
import re

import pytest

from nbtrack.charts.compare import compare
from nbtrack.entities import Kind, State
from nbtrack.widgets import wire
from nbtrack.widgets.export import export


@pytest.fixture
def trained(home, begin, finish):
    """Three runs with a param, a curve and a name that is no markup."""
    for number in range(3):
        run = begin(name=f"</script><b>{number}</b>")
        run.event(Kind.PARAM, name="lr", value=str(0.1 * (number + 1)))
        for step in range(5):
            run.log("loss", 1 / (1 + step + number), step)
        finish(run, State.FINISHED)
    return home


def data(page):
    return json.loads(re.search(r'<script type="application/json" id="nbtrack-data">(.*?)</script>', page, re.S).group(1))


def test_a_page_holds_the_runs_and_answers_and_no_markup_of_theirs(trained):
    page = export(compare(trained), "All <runs>")
    held = data(page)
    assert len(held["runs"]["columns"][0]["values"]) == 3
    asked = {it["ask"]["ask"] for it in held["answers"]}
    assert asked == {"curves", "importance", "statistics", "difference", "figures", "details"}
    curves = next(it["answer"] for it in held["answers"] if it["ask"]["ask"] == "curves")
    assert [len(series["y"]) for series in curves["series"]] == [5, 5, 5]
    assert "<title>All &lt;runs&gt;</title>" in page
    assert "<b>0</b>" not in page.replace("&lt;", "")
    assert page.count("</script>") == 2


def test_a_page_asks_nobody_and_lets_only_its_own_program_run(trained):
    page = export(compare(trained), "Runs")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page).group(1)
    assert "default-src &#x27;none&#x27;" in policy
    assert "unsafe" not in policy


def test_numbers_that_json_has_not_are_words():
    held = wire.with_lists({"series": [{"x": [1.0, 2.0], "y": [float("nan"), float("-inf")]}]})
    assert held["series"][0] == {"x": [1.0, 2.0], "y": ["NaN", "-Infinity"]}


def test_a_list_that_a_column_has_twice_is_sent_once():
    column = {
        "key": "metric/acc",
        "kind": "metric",
        "last": [0.5, "NaN"],
        "best": [0.9, "NaN"],
        "lowest": [0.5, "NaN"],
        "highest": [0.9, "NaN"],
        "count": [3, 1],
    }
    told = json.loads(wire.as_bytes({"columns": [column], "metric": "acc"}))
    assert told == {"columns": [{**column, "lowest": "last", "best": "highest"}], "metric": "acc"}
