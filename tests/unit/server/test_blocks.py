"""Runs as JSON in blocks: the same as all at once, and made again only where something changed."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from nbtrack.charts.frame import chosen_metric, frame
from nbtrack.entities import Metric, RunStart, RunView, State
from nbtrack.server import blocks
from nbtrack.server.blocks import Columns

COUNT = 1500


@pytest.fixture(scope="module")
def views():
    """Newest first; some have a param that is no number, a metric that is none, a secret, or nothing at all."""
    chance = random.Random(6)

    def view(number):
        params = {"lr": chance.choice(["0.1", "0.2"]), **({"mode": "fast", "depth": "deep" if number % 400 == 7 else "3"} if number % 3 else {})}
        value = chance.choice([0.5, 0.25, float("nan"), float("inf")])
        metrics = {} if number % 5 == 0 else {"loss": Metric("loss", 1, value, 0, value, value, value, 0, "min")}
        tags = {"nbtrack.notebook": f"/home/ann/{number % 4}.ipynb", "nbtrack.source": f"{number:x}"}
        tags |= {"nbtrack.baseline": "yes"} if number == 900 else {"api_token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"} if number == 800 else {}
        tags |= {"owner": 'ana "é" \ud800'} if number > 1400 else {}
        start = RunStart(f"{chance.getrandbits(128):032x}", f"run-{number % 9}", "Trials", "sqlite:////nowhere.db", "nobody", 10**18 - number * 10**9)
        return RunView(start, State.FINISHED, 10**18, "", "", params, {}, metrics, tags, (), (), (), False, True, "")

    return [view(number) for number in range(COUNT)]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "_MASK", 0xF)


def told(columns, views, **facts):
    return json.loads(columns.told(views, **{"as_of_ms": 5, "stale": "", **facts}))


def by_key(found):
    return {it["key"]: it for it in found}


def made(monkeypatch):
    """Lengths of the blocks that are made from now on."""
    found = []
    monkeypatch.setattr(blocks, "frame", lambda views, **facts: found.append(len(views)) or frame(views, **facts))
    return found


def test_it_says_what_a_frame_of_all_says(views):
    found, whole = told(Columns(), views), frame(views, as_of_ms=5, metric=chosen_metric(views))
    ours, theirs = by_key(found["columns"]), by_key(json.loads(json.dumps(whole["columns"])))
    assert {key: it for key, it in ours.items() if key in theirs} == theirs
    assert set(ours) - set(theirs) == {"info/source", "info/pipeline"}
    assert {name: found[name] for name in ("version", "as_of_ms", "stale", "names", "metric")} == {
        name: whole[name] for name in ("version", "as_of_ms", "stale", "names", "metric")
    }
    assert (found["baseline"], found["says"]) == (views[900].run_id, "1,500 runs.")
    assert ours["param/depth"]["type"] == "text"  # in a few blocks alone it is no number
    assert "ghp_" not in json.dumps(found)


@pytest.mark.parametrize("change", ["one changed", "one came", "one went"])
def test_what_did_not_change_is_not_made_again(views, monkeypatch, change):
    columns = Columns()
    told(columns, views)
    at = 777
    now = {
        "one changed": [*views[:at], replace(views[at], tags={**views[at].tags, "team": "vision"}), *views[at + 1 :]],
        "one came": [replace(views[0], start=replace(views[0].start, run_id="f" * 32)), *views],
        "one went": [*views[:at], *views[at + 1 :]],
    }[change]
    lengths = made(monkeypatch)
    found = told(columns, now)
    assert 0 < sum(lengths) < COUNT
    assert len(lengths) <= 2
    assert by_key(found["columns"]) == by_key(told(Columns(), now)["columns"])
    lengths.clear()
    assert told(columns, now, stale="the store is away", others=3) == {**found, "stale": "the store is away", "others": 3}
    assert lengths == []


def test_no_runs_have_columns_without_values():
    found = told(Columns(), [])
    assert {it["key"]: it["values"] for it in found["columns"]}["info/id"] == []
    assert (found["says"], found["metric"], found["baseline"]) == ("No runs.", None, None)
