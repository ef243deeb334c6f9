"""Runs as columns."""

import json

import pytest

from nbtrack.charts.frame import LONGEST, chosen_metric, frame
from nbtrack.entities import Kind, State
from nbtrack.reads import all_runs


@pytest.fixture
def views(home, begin, finish):
    def made(**facts):
        params, points, tags = facts.pop("params", {}), facts.pop("points", {}), facts.pop("tags", {})
        writer = begin(tags=tags, **facts)
        for name, value in params.items():
            writer.event(Kind.PARAM, name=name, value=value)
        for name, values in points.items():
            for step, value in enumerate(values):
                writer.log(name, value, step)
        return writer

    finish(made(name="old", started_ns=10**18, params={"lr": "0.1", "opt": "adam"}, points={"loss": [3.0, 1.0, 2.0], "acc": [0.9]}))
    made(
        name="new",
        started_ns=2 * 10**18,
        params={"lr": "1e-2", "api_key": "sk-12345678901234567890"},
        points={"loss": [float("nan")]},
        tags={"owner": "ana", "mlflow.user": "x"},
    )
    return all_runs(home)


def columns(found):
    return {column["key"]: column for column in found["columns"]}


def test_a_column_has_a_value_a_run_newest_first(views):
    found = columns(frame(views, as_of_ms=5))
    assert found["info/name"]["values"] == ["new", "old"]
    assert found["info/state"]["values"] == ["RUNNING", "FINISHED"]
    assert found["info/duration"]["values"][0] is None
    assert found["param/lr"]["values"] == ["1e-2", "0.1"]
    assert (found["param/lr"]["type"], found["param/opt"]["type"]) == ("number", "text")
    assert found["param/opt"]["values"] == [None, "adam"]
    assert found["metric/loss"]["better"] == "lower"
    assert (found["metric/loss"]["last"], found["metric/loss"]["best"]) == (["NaN", 2.0], ["NaN", 1.0])
    assert (found["metric/acc"]["count"], found["metric/acc"]["step"]) == ([None, 1], [None, 0])
    assert found["tag/owner"]["values"] == ["ana", None]
    assert "tag/mlflow.user" not in found


def test_a_frame_is_json_and_holds_no_secret(views):
    text = json.dumps(frame(views, as_of_ms=5), allow_nan=False)
    assert "sk-1234" not in text
    assert '"***"' in text


def test_long_and_broken_texts_are_cut_and_escaped(home, begin):
    writer = begin(name="half \ud800".encode("utf-8", "backslashreplace").decode())
    writer.event(Kind.PARAM, name="text", value="x" * 1_000_000)
    found = columns(frame(all_runs(home), as_of_ms=0))
    assert len(found["param/text"]["values"][0]) == LONGEST
    json.dumps(found, ensure_ascii=False).encode()


def test_the_sentence_names_the_best_run(views):
    assert frame(views, as_of_ms=0, metric="loss")["says"] == "2 runs; old has the lowest loss, 2."
    assert frame(views, as_of_ms=0, metric="none")["says"] == "2 runs; none has the metric none."
    assert frame([], as_of_ms=0)["says"] == "No runs."


def test_only_the_kinds_asked_for_are_made(views):
    assert {column["kind"] for column in frame(views, as_of_ms=0, kinds=("param",))["columns"]} == {"param"}


def test_a_goal_chooses_the_metric_then_what_most_runs_have(home, begin, views):
    assert chosen_metric(views) == "loss"
    writer = begin(name="aimed", goal="max:f1")
    writer.log("f1", 0.5)
    assert chosen_metric(all_runs(home)) == "f1"
    assert chosen_metric([]) is None
    assert State.RUNNING in {view.state for view in views}
