"""Curves of runs: axes, ranges, averages and bands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nbtrack.charts.curves import CurveReader, axis, band, says, series, smooth
from nbtrack.charts.progress import STEPS_TAG
from nbtrack.entities import Kind, State
from nbtrack.errors import UsageError
from nbtrack.journal import RunWriter
from nbtrack.reads.points import points


def one(x, y):
    return {"run": "r", "metric": "m", "count": len(x), "is_thinned": False, "x": np.array(x, float), "y": np.array(y, float)}


def test_points_of_several_writers_come_in_order_of_steps(home, made):
    writer = made("run", points={"loss": [3, 2, 1], "acc": [0.5]}, is_open=True)
    other = RunWriter(home, writer.run_id)
    other.log("loss", 9, 1, timestamp_ns=1)
    other.close()
    found = points(home, writer.run_id)
    assert found["loss"].steps.tolist() == [0, 1, 1, 2]
    assert found["loss"].values.tolist() == [3, 9, 2, 1]
    assert points(home, writer.run_id, ["acc"]).keys() == {"acc"}


def test_a_curve_is_put_on_each_axis(home, made, views):
    writer = made("run", is_open=True, started_ns=10**18)
    for step in range(4):
        writer.log("loss", step, step * 10, timestamp_ns=10**18 + step * 10**9)
        writer.log("epoch", step // 2, step * 10)
    (view,) = views()
    found = points(home, view.run_id)
    assert axis(view, found["loss"], "step").tolist() == [0, 10, 20, 30]
    assert axis(view, found["loss"], "relative").tolist() == [0, 1, 2, 3]
    assert axis(view, found["loss"], "wall")[0] == 1e9
    assert axis(view, found["loss"], "epoch", found["epoch"]).tolist() == [0, 0, 1, 1]
    with pytest.raises(UsageError, match="step, epoch, wall, relative"):
        series(CurveReader(home), [view], ["loss"], "time")


def test_a_range_brings_the_points_next_to_it(home, made, views):
    made("run", points={"loss": range(100)})
    (found,) = series(CurveReader(home), views(), ["loss"], span=[10, 12])
    assert found["x"].tolist() == [9, 10, 11, 12, 13]
    assert not found["is_thinned"]
    (found,) = series(CurveReader(home), views(), ["loss"], limit=20)
    assert (found["count"], found["is_thinned"]) == (100, True)
    assert len(found["x"]) <= 20


def test_a_run_that_goes_on_is_read_anew(home, made, views):
    reader = CurveReader(home)
    writer = made("run", points={"loss": [1]}, is_open=True)
    assert series(reader, views(), ["loss"])[0]["count"] == 1
    writer.log("loss", 0.5)
    assert series(reader, views(), ["loss"])[0]["count"] == 2
    writer.event(Kind.END, state="FINISHED")
    assert series(reader, views(), ["loss"])[0]["count"] == 2
    writer.log("loss", 0.4)  # late
    assert series(reader, views(), ["loss"])[0]["count"] == 3


@given(arrays(np.float64, st.integers(0, 400), elements=st.floats(-1e3, 1e3) | st.just(np.nan)), st.floats(0, 0.99))
def test_the_average_is_that_of_its_definition(values, weight):
    expected, total, count = [], 0.0, 0.0
    for value in values:
        known = not np.isnan(value)
        total, count = weight * total + (1 - weight) * (value if known else 0), weight * count + (1 - weight) * known
        expected.append(total / count if known else np.nan)
    np.testing.assert_allclose(smooth(values, weight), expected, rtol=1e-6, atol=1e-6)


def test_a_weight_of_one_would_never_move():
    with pytest.raises(UsageError, match="below 1"):
        smooth(np.ones(3), 1.0)


def test_a_band_counts_a_curve_where_it_is():
    found = band([one([0, 1, 2], [1, 2, 3]), one([0, 2], [3, 5]), one([0], [np.nan])])
    assert found.x.tolist() == [0, 1, 2]
    assert found.mean.tolist() == [2, 3, 4]
    assert found.n.tolist() == [2, 2, 2]
    np.testing.assert_allclose(found.high - found.mean, 2**0.5)
    wide = band([one([0, 1, 2], [1, 2, 3]), one([0, 1], [3, 4])], "range")
    assert (wide.low.tolist(), wide.high.tolist(), wide.n.tolist()) == ([1, 2, 3], [3, 4, 3], [2, 2, 1])
    assert len(band([]).x) == 0


def test_the_sentence_says_the_best_and_where(made, views):
    made("slow", points={"loss": [3, 2, 2.5]})
    made("fast", points={"loss": [3, 0.5, 1]})
    assert says(views(), ["loss"]) == "loss of 2 runs: lowest 0.5 at step 1 in fast, last 1."
    assert says(views(), ["acc"]) == "no run has acc."
    made("ill", points={"x": [float("nan")]})
    assert says(views(), ["x"]) == "x has no finite value."


def test_a_long_curve_keeps_its_extremes_and_gaps_and_is_exact_in_a_part(home, made, views):
    writer = made("run", is_open=True)
    steps = np.arange(1_500_000)
    values = np.sin(steps / 1e5)
    values[777_777], values[1_234_567], values[400_000] = 9, -9, np.nan
    writer.log_many("loss", steps, steps + 10**18, values)
    (view,) = views()
    (found,) = series(CurveReader(home), [view], ["loss"])
    assert (found["count"], found["is_thinned"], found["x"][[0, -1]].tolist()) == (1_500_000, True, [0, 1_499_999])
    assert (np.nanmax(found["y"]), found["x"][np.nanargmax(found["y"])]) == (9, 777_777)
    assert (np.nanmin(found["y"]), found["x"][np.nanargmin(found["y"])]) == (-9, 1_234_567)
    assert found["x"][np.isnan(found["y"])].tolist() == [400_000]
    assert len(found["x"]) <= 1500
    assert np.abs(np.interp(found["x"], steps, np.sin(steps / 1e5)) - found["y"])[np.abs(found["y"]) < 2].max() < 1e-9
    (part,) = series(CurveReader(home), [view], ["loss"], span=[131_000, 131_100])
    assert (part["count"], part["is_thinned"]) == (103, False)
    assert part["x"].tolist() == list(range(130_999, 131_102))
    (later,) = series(CurveReader(home), [view], ["loss"], "wall", span=[1e9 + 0.001, 1e9 + 0.0011])
    assert later["count"] == pytest.approx(100_000, abs=300), "a double tells times 100 ns apart, no finer"
    (wide,) = series(CurveReader(home), [view], ["loss"], span=[0, 1_499_998])
    assert np.nanmax(wide["y"]) == 9


def test_a_long_curve_that_goes_on_is_read_on(home, made, views):
    writer = made("run", is_open=True)
    steps = np.arange(1_200_000)
    writer.log_many("loss", steps, steps, steps / 1e6)
    assert series(CurveReader(home), views(), ["loss"])[0]["count"] == 1_200_000
    writer.log_many("loss", steps + 1_200_000, steps, steps / 1e6)
    writer.log("loss", 77, 2_400_000)
    (view,) = views()
    assert (view.metrics["loss"].count, view.metrics["loss"].highest) == (2_400_001, 77)
    (found,) = series(CurveReader(home), [view], ["loss"])
    assert (found["count"], found["x"][-1], found["y"].max()) == (2_400_001, 2_400_000, 77)


def test_a_run_that_goes_on_tells_how_many_points_there_will_be(home, made, views):
    writer = made("run", points={"loss": range(10)}, is_open=True)
    writer.event(Kind.TAG, name=STEPS_TAG, value="300")
    assert series(CurveReader(home), views(), ["loss"])[0]["total"] == 300
    assert "total" not in series(CurveReader(home), views(), ["loss"], span=[0, 3])[0]
    writer.event(Kind.END, state=State.FINISHED)
    assert "total" not in series(CurveReader(home), views(), ["loss"])[0]
