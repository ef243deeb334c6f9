"""Runs as columns."""

import json
import math

import pytest

from nbtrack.charts.frame import LONGEST, chosen_metric, frame, shown
from nbtrack.entities import Kind
from nbtrack.reads import words


@pytest.fixture
def found(made, views):
    made("old", {"lr": "0.1", "opt": "adam"}, {"loss": [3.0, 1.0, 2.0], "acc": [0.9]})
    secret = {"lr": "1e-2", "api_key": "sk-12345678901234567890"}
    made("new", secret, {"loss": [float("nan")]}, is_open=True, tags={"owner": "ana", "mlflow.user": "x"})
    return views()


def columns(found):
    return {column["key"]: column for column in found["columns"]}


def test_a_column_has_a_value_a_run_newest_first(found):
    found = columns(frame(found, as_of_ms=5))
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


def test_a_frame_is_json_and_holds_no_secret(found):
    text = json.dumps(frame(found, as_of_ms=5), allow_nan=False)
    assert "sk-1234" not in text
    assert '"***"' in text


def test_texts_of_many_runs_are_shown_as_each_by_itself(made, views):
    names = ["sassy-shrike-417", "ghp_" + "a1B2" * 10, "run for token=" + "Zx9Q7" * 4, "x" * 600, "1e-3", "hal\\ud800f"]
    for name in names:
        made(name, {"url": f"https://ana:{name[:9]}7@host/x", "opt": name}, {})
    runs = views()
    found = columns(frame(runs, as_of_ms=0))
    assert found["info/name"]["values"] == [shown("name", view.name) for view in runs]
    for name in ("url", "opt"):
        assert found[f"param/{name}"]["values"] == [shown(name, view.params[name]) for view in runs]
    assert sum("***" in value for value in found["info/name"]["values"]) == 2


def test_infinities_among_numbers_are_words(made, views):
    for value in (0.5, float("inf"), float("-inf"), 1e308, 1e308):
        made("fit", {}, {"loss": [value]})
    assert columns(frame(views(), as_of_ms=0))["metric/loss"]["last"] == [1e308, 1e308, "-Infinity", "Infinity", 0.5]


def test_long_and_broken_texts_are_cut_and_escaped(made, views):
    writer = made("half \ud800".encode("utf-8", "backslashreplace").decode())
    writer.event(Kind.PARAM, name="text", value="x" * 1_000_000)
    found = columns(frame(views(), as_of_ms=0))
    assert len(found["param/text"]["values"][0]) == LONGEST
    json.dumps(found, ensure_ascii=False).encode()


def test_the_sentence_names_the_best_run(found):
    assert frame(found, as_of_ms=0, metric="loss")["says"] == "2 runs; old has the lowest loss, 2."
    assert frame(found, as_of_ms=0, metric="none")["says"] == "2 runs; none has the metric none."
    assert frame([], as_of_ms=0)["says"] == "No runs."


def test_sentence_and_cell_tell_the_same_of_a_curve_that_was_not_finite(made, views):
    made("odd", points={"loss": [-math.inf, 0.5]})
    assert words.metric(views()[0].metrics["loss"]) == "0.5 (best -inf at step 0)"
    assert frame(views(), as_of_ms=0, metric="loss")["says"] == "1 run; odd has the lowest loss, 0.5 (best -inf at step 0)."
    made("broken", points={"loss": [math.nan, math.nan]})
    assert words.metric(views()[0].metrics["loss"]) == "nan"


def test_only_the_kinds_asked_for_are_made(found):
    assert {column["kind"] for column in frame(found, as_of_ms=0, kinds=("param",))["columns"]} == {"param"}


def test_a_goal_chooses_the_metric_then_what_most_runs_have(found, made, views):
    assert chosen_metric(found) == "loss"
    made("aimed", points={"f1": [0.5]}, goal="max:f1")
    assert chosen_metric(views()) == "f1"
    assert chosen_metric([]) is None


def test_runs_of_one_name_are_told_apart(made, views):
    for value in (0.1, 0.2):
        made("fit", points={"acc": [value]})
    best = views()[0].run_id
    assert frame(views(), as_of_ms=0, metric="acc")["says"] == f"2 runs; fit ({best[:6]}) has the highest acc, 0.2."
