"""Curves as charts of text: what their numbers are, and what of them becomes Mermaid. That Mermaid draws it is seen in tests/browser."""

import math

import pytest

from nbtrack.charts.curves import CurveReader
from nbtrack.ci import draw_mermaid
from nbtrack.ci.blocks import Chart
from nbtrack.ci.curves import POINTS, charts


def test_short_curves_stand_as_they_are_and_both_runs_share_a_chart(home, fit):
    base, head = fit("fit", {"loss": [3.0, 2.0, 1.0]}), fit("fit", {"loss": [3.0, 1.5, 0.5]})
    assert charts(CurveReader(home), head, base, ["loss", "none"]) == (Chart("loss", ((3.0, 2.0, 1.0), (3.0, 1.5, 0.5)), (0, 2), 0.5, 3.0),)
    assert charts(CurveReader(home), head, None, ["loss"]) == (Chart("loss", ((3.0, 1.5, 0.5),), (0, 2), 0.5, 3.0),)


def test_runs_of_other_length_have_charts_of_their_own_with_one_axis_of_values(home, fit):
    base, head = fit("fit", {"loss": [3.0, 2.0]}), fit("fit", {"loss": [2.5, 2.4, 1.0]})
    first, second = charts(CurveReader(home), head, base, ["loss"])
    assert (first.title, first.steps, second.title, second.steps) == ("loss, base", (0, 1), "loss, this change", (0, 2))
    assert (first.low, first.high) == (second.low, second.high) == (1.0, 3.0)


def test_long_curves_become_means_and_say_so(home, fit):
    (chart,) = charts(CurveReader(home), fit("fit", {"loss": [float(at % 2) for at in range(4000)]}), None, ["loss"])
    (line,) = chart.lines
    assert len(line) == POINTS and all(0.4 < value < 0.6 for value in line) and chart.note == "each point is the mean of about 100"


def test_what_is_no_number_is_left_out_and_told_and_makes_no_line(home, fit):
    head = fit("fit", {"loss": [3.0, math.nan, 1.0, math.inf], "none": [math.nan, math.nan], "wide": [-1.7e308, 1.7e308]})
    (chart,) = charts(CurveReader(home), head, None, ["loss", "none", "wide"])
    assert (chart.lines, chart.steps, chart.note) == (((3.0, 1.0),), (0, 2), "2 points are no number")


def test_numbers_are_written_without_exponents(home):
    text = "\n".join(draw_mermaid.lines(Chart("t", ((1.5e-9, -2.123456789e-9), (0.0, 1e-12)), (0, 1234567), -2.2e-9, 1.5e-9)))
    assert 'y-axis "times 1e-9" -2.2 --> 1.5' in text and 'x-axis "step" 0 --> 1234567' in text
    assert "line [1.5, -2.1235]" in text and "line [0, 0.001]" in text
    assert "line [100, 250000]" in "\n".join(draw_mermaid.lines(Chart("t", ((100.0, 250_000.0),), (0, 1), 100.0, 250_000.0)))
    assert "y-axis 0.9 --> 1.1" in "\n".join(draw_mermaid.lines(Chart("t", ((1.0, 1.0),), (0, 1), 1.0, 1.0)))


@pytest.mark.parametrize(
    "chart",
    [
        Chart("t", (), (0, 1), 0.0, 1.0),
        Chart("t", ((1.0,),), (0, 1), 0.0, 1.0),
        Chart("t", ((1.0, math.nan),), (0, 1), 0.0, 1.0),
        Chart("t", ((1.0, 2.0),) * 3, (0, 1), 0.0, 2.0),
        Chart("t", ((1.0, 2.0),), (0, math.inf), 0.0, 2.0),
        Chart("t", (tuple(float(at) for at in range(5000)),), (0, 1), 0.0, 5000.0),
    ],
)
def test_numbers_that_make_no_chart_draw_none(chart):
    """A letter may hold anything that has the shape of a chart."""
    assert draw_mermaid.lines(chart) == []
