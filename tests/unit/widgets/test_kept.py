"""What a notebook keeps of a comparison."""

from __future__ import annotations

import json

import pytest

from nbtrack.charts.compare import compare
from nbtrack.entities import Kind, State
from nbtrack.widgets.kept import LARGEST, kept, shortened


@pytest.fixture
def trained(home, begin, finish):
    """Makes runs with params and curves: `trained(count, params, points)`."""

    def trained(count, params=2, points=30):
        for number in range(count):
            run = begin(name=f"fit-{number}")
            for at in range(params):
                run.event(Kind.PARAM, name=f"p{at}", value=str(at * number))
            for step in range(points):
                run.log("loss", 1 / (1 + step + number), step)
            finish(run, State.FINISHED)
        return compare(home, group="p1")

    return trained


def held(comparison, patience_s=60.0):
    found = kept(comparison.table(), comparison.answer, view="abc", pictures=1, patience_s=patience_s)
    return found, json.loads(found["data"])


def test_every_tab_has_something_to_draw(trained):
    found, data = held(trained(5))
    assert (found["version"], found["view"], found["pictures"], found["count"]) == (1, "abc", 1, 5)
    assert len(data["runs"]["columns"][0]["values"]) == 5
    assert {it["ask"]["ask"] for it in data["answers"]} == {"curves", "statistics", "difference", "details", "figures", "importance"}
    assert {it["ask"]["x"] for it in data["answers"] if it["ask"]["ask"] == "curves"} == {"step", "relative"}
    assert all("error" not in it["answer"] for it in data["answers"])


def test_ten_thousand_runs_stay_within_the_size():
    ids = [f"{number:032x}" for number in range(10_000)]
    points = [number / 7 for number in range(10_000)]
    columns = [
        {"key": "info/id", "kind": "info", "name": "id", "values": ids},
        *({"key": f"param/{at}", "kind": "param", "name": str(at), "values": [f'"{it}' for it in ids]} for at in range(10)),
        {"key": "metric/loss", "kind": "metric", "name": "loss", "last": points, "count": [10_000] * len(ids)},
    ]

    def answer(ask):
        size = ask.get("points", 400)
        return {"answer": ask["ask"], "series": [{"run": run, "metric": "loss", "x": points[:size], "y": points[:size]} for run in ask.get("runs", ids[:1])]}

    found = kept({"baseline": None, "metric": "loss", "group": None, "columns": columns}, answer, view="abc", pictures=1, patience_s=60.0)
    data = json.loads(found["data"])
    assert 300_000 < len(json.dumps(found)) <= LARGEST
    assert found["count"] == 10_000
    assert 100 < len(data["runs"]["columns"][0]["values"]) < 2_000
    assert len(next(it["answer"]["series"] for it in data["answers"] if it["ask"]["ask"] == "curves")) >= 20


def test_nothing_is_asked_once_patience_is_over(trained):
    _, data = held(trained(3), patience_s=-1.0)
    assert data["answers"] == []
    assert len(data["runs"]["columns"][0]["values"]) == 3


def test_the_baseline_stays_with_the_newest_runs():
    ids = [f"{number:032x}" for number in range(1000)]
    runs = {"baseline": ids[-1], "columns": [{"key": "info/id", "kind": "info", "name": "id", "values": ids}]}
    assert shortened(runs, 5_000)["columns"][0]["values"][-1] == ids[-1]
    assert len(json.dumps(shortened(runs, 5_000))) < 6_000
    wide = {"baseline": None, "columns": [{"key": "info/id", "kind": "info", "name": "id", "values": ["a"]}, *({"key": f"param/{at}", "kind": "param", "name": str(at), "values": ["x" * 500]} for at in range(100))]}  # fmt: skip
    assert len(shortened(wide, 5_000)["columns"]) < 12
