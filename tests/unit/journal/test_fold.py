"""Folding a run's events and points to what readers see."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtrack.entities import Artifact, Event, Kind, State
from nbtrack.errors import FormatError
from nbtrack.journal import RunWriter, blobs, fold, points_of
from nbtrack.journal.fold import _fold_few, _fold_table, start_of
from nbtrack.journal.points import RECORD
from nbtrack.journal.writer import FORMAT
from tests.unit.journal.conftest import STARTED_NS

FEW_VALUES = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, -1.0, 1e300])
POINTS = st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2), FEW_VALUES, st.just(0), st.integers(0, 3)), max_size=12)


def same(found: dict[int, dict[str, float]]) -> dict[int, list[tuple[str, bytes]]]:
    """Comparable, NaN included; the step of a lowest or highest NaN says nothing."""
    return {key: sorted((field, struct.pack("<d", value)) for field, value in it.items()) for key, it in found.items()}


@given(POINTS)
def test_numpy_and_python_fold_alike(points):
    data = b"".join(RECORD.pack(*point) for point in points)
    table = np.frombuffer(data, dtype=[("step", "<i8"), ("time", "<i8"), ("value", "<f8"), ("flags", "<u4"), ("key", "<u4")])
    assert same(_fold_table(table)) == same(_fold_few(data))


@given(POINTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_metric_says_count_last_lowest_and_highest(home, begin, points):
    run = begin()
    for step, time_ns, value, _, _ in points:
        run.log("m", value, step=step, timestamp_ns=time_ns)
    run.close()
    metric = fold(home, run.run_id).metrics.get("m")
    if metric is None:
        assert not points
        return
    numbers = [value for _, _, value, _, _ in points if not math.isnan(value)]
    last = max(enumerate(points), key=lambda it: (it[1][0], it[1][1], it[0]))[1]
    assert metric.count == len(points)
    assert metric.last_step == last[0]
    assert struct.pack("<d", metric.last) == struct.pack("<d", last[2])
    if numbers:
        assert (metric.lowest, metric.highest, metric.best) == (min(numbers), max(numbers), max(numbers))
        assert metric.best_step == next(step for step, _, value, _, _ in points if value == max(numbers))
    else:
        assert math.isnan(metric.lowest) and math.isnan(metric.highest) and math.isnan(metric.best)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-2, 2), FEW_VALUES), min_size=1, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_points_of_several_writers_fold_as_those_of_one(home, begin, points):
    one, run = begin(), begin()
    writers = [RunWriter(home, run.run_id) for _ in range(3)]
    for time_ns, (number, step, value) in enumerate(points):
        one.log("loss", value, step=step, timestamp_ns=time_ns)
        writers[number].log("loss", value, step=step, timestamp_ns=time_ns)
    for writer in (one, run, *writers):
        writer.close()
    apart, together = (fold(home, it.run_id).metrics["loss"] for it in (run, one))
    fields = ("count", "last", "last_step", "lowest", "highest", "best", "direction")
    assert [repr(getattr(apart, field)) for field in fields] == [repr(getattr(together, field)) for field in fields]


def test_best_follows_the_metrics_direction_and_the_runs_goal(home, begin):
    run = begin(goal="min:score")
    for number in (3.0, 1.0, 2.0):
        for name in ("val_loss", "accuracy", "score"):
            run.log(name, number)
    best = {name: (metric.direction, metric.best, metric.best_step) for name, metric in fold(home, run.run_id).metrics.items()}
    assert best == {"val_loss": ("min", 1.0, 1), "accuracy": ("max", 3.0, 0), "score": ("min", 1.0, 1)}


def test_metrics_may_be_left_unread(home, writer):
    writer.log("m", 1.0)
    assert fold(home, writer.run_id, metrics=False).metrics == {}


def test_a_param_keeps_its_first_value_and_later_ones_beside(home, writer):
    for value in ("1", "1", "2", "2", "1", "3"):
        writer.event(Kind.PARAM, name="lr", value=value)
    view = fold(home, writer.run_id)
    assert view.params == {"lr": "1"}
    assert view.later_params == {"lr": ("2", "1", "3")}


def test_a_long_param_may_lie_in_a_blob(home, writer):
    text = "ž\ud800" * 500_000
    writer.event(Kind.PARAM, name="long", blob=blobs.put_bytes(home, text.encode("utf-8", "surrogatepass")))
    writer.event(Kind.PARAM, name="lost", blob="0" * 64)
    params = fold(home, writer.run_id).params
    assert params["long"] == text
    assert "missing" in params["lost"]


def test_tags_artifacts_notes_and_notices_are_told(home, begin):
    run = begin(tags={"a": "1", "b": "2"})
    run.event(Kind.TAG, name="a", value=None)
    run.event(Kind.TAG, name="never", value=None)
    run.event(Kind.TAG, name="b", value="3")
    run.event(Kind.ARTIFACT, path="x", blob="old", size_bytes=1)
    run.event(Kind.ARTIFACT, path="x", blob="new", size_bytes=2)
    run.event(Kind.NOTE, text="one")
    run.event(Kind.NOTE, text="one")
    run.event(Kind.NOTICE, text="look")
    view = fold(home, run.run_id)
    assert view.tags == {"b": "3"}
    assert view.artifacts == (Artifact("x", "new", 2),)
    assert (view.notes, view.notices) == (("one", "one"), ("look",))


def test_the_first_end_counts_and_resuming_takes_it_back(home, begin):
    run = begin(owner="1-a")
    assert fold(home, run.run_id).state is State.RUNNING
    assert fold(home, run.run_id).duration_s is None
    run.event(Kind.END, timestamp_ns=STARTED_NS + 2_000_000_000, state=State.FAILED, reason="ValueError", traceback="…")
    run.event(Kind.END, state=State.FINISHED)
    view = fold(home, run.run_id)
    assert (view.state, view.reason, view.traceback, view.duration_s) == (State.FAILED, "ValueError", "…", 2.0)
    run.event(Kind.RESUME, owner="2-b")
    view = fold(home, run.run_id)
    assert (view.state, view.reason, view.traceback, view.ended_ns, view.start.owner) == (State.RUNNING, "", "", None, "2-b")
    run.event(Kind.END, timestamp_ns=1, state=State.FINISHED)
    assert fold(home, run.run_id).state is State.FINISHED
    assert fold(home, run.run_id).duration_s == 0.0  # the clock was set back


def test_a_run_goes_to_the_trash_and_comes_back(home, writer):
    for on in (True, False, True):
        writer.event(Kind.TRASH, on=on)
        assert fold(home, writer.run_id).is_trashed is on


def test_a_kind_of_tomorrow_is_passed_over(home, writer):
    writer.event("a kind of tomorrow", name=3)
    assert fold(home, writer.run_id).state is State.RUNNING


def test_a_run_without_its_start_is_none(home, writer):
    (writer.folder / "events.log").write_bytes(b"")
    assert fold(home, writer.run_id) is None
    assert fold(home, "0" * 32) is None


def test_points_whose_name_was_lost_hide_no_others(home, writer):
    writer.log("lost", 1.0)
    writer.log("kept", 2.0)
    path = writer.folder / "events.log"
    path.write_bytes(path.read_bytes().replace(b'"lost"', b'"l0st"'))
    assert list(fold(home, writer.run_id).metrics) == ["kept"]
    assert [name for name, *_ in points_of(home, writer.run_id)] == ["kept"]


def test_a_run_of_a_newer_format_is_refused_with_the_way_out():
    with pytest.raises(FormatError, match=rf"format {FORMAT + 1}; this release reads up to {FORMAT}\..*pip install -U nbtrack") as caught:
        start_of([Event(Kind.START, 1, {"format": FORMAT + 1, "unlike": "today"})])
    assert caught.value.mend.startswith("Install a newer nbtrack")


def test_a_field_of_a_newer_release_in_the_start_is_passed_over(home, begin):
    run = begin()
    path = run.folder / "events.log"
    path.unlink()
    late = RunWriter(home, run.run_id)
    late.event(
        Kind.START, format=1, run_id=run.run_id, name="n", experiment="e", store="s", owner="", started_ns=1, tags={}, tomorrow=[1],
    )  # fmt: skip
    assert fold(home, run.run_id).name == "n"


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_run_with_damaged_events_still_folds(home, begin, data):
    run = begin()
    run.event(Kind.PARAM, name="lr", value="0.1")
    run.log("loss", 0.5)
    run.event(Kind.END, state=State.FINISHED)
    run.close()
    path = run.folder / "events.log"
    log = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        log[data.draw(st.integers(0, len(log) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(log[: data.draw(st.integers(0, len(log)))])
    view = fold(home, run.run_id)
    assert view is None or view.params in ({}, {"lr": "0.1"})


def test_many_points_of_many_names_are_counted(home, writer):
    for number in range(30_000):
        writer.log(f"m{number % 100}", number)
    metrics = fold(home, writer.run_id).metrics
    assert [metric.count for metric in metrics.values()] == [300] * 100
    assert [metric.highest for metric in metrics.values()] == [29_900 + number for number in range(100)]
