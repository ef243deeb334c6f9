"""Where the stages of a pipeline stand in a drawing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from nbtrack.pipelines.layout import layout

HIGH = 40.0


@st.composite
def graphs(draw):
    count = draw(st.integers(0, 14))
    return {f"s{it}": [f"s{other}" for other in sorted(draw(st.sets(st.integers(0, it - 1), max_size=4)))] if it else [] for it in range(count)}


def points_of(path):
    return [tuple(map(float, pair.split(","))) for pair in re.findall(r"[-\d.e+]+,[-\d.e+]+", path)]


@given(graphs())
def test_boxes_stand_apart_within_the_picture_and_arrows_go_to_the_right(needs):
    found = layout(needs, lambda it: 60 + 10 * len(it), HIGH)
    assert set(found.boxes) == set(needs)
    assert set(found.arrows) == {(need, it) for it, above in needs.items() for need in above}
    boxes = list(found.boxes.values())
    for number, one in enumerate(boxes):
        assert one.x >= 0 and one.y >= -1e-6 and one.x + one.width <= found.width and one.y + HIGH <= found.height + 1e-6
        for other in boxes[number + 1 :]:
            assert one.x + one.width <= other.x or other.x + other.width <= one.x or one.y + HIGH <= other.y + 1e-6 or other.y + HIGH <= one.y + 1e-6
    for (source, target), path in found.arrows.items():
        points = points_of(path)
        assert points[0] == (found.boxes[source].x + found.boxes[source].width, float(f"{found.boxes[source].y + HIGH / 2:g}"))
        assert points[-1] == (found.boxes[target].x, float(f"{found.boxes[target].y + HIGH / 2:g}"))
        assert points == sorted(points, key=lambda it: it[0])


def test_an_arrow_over_several_columns_passes_beside_the_boxes_between():
    found = layout({"a": [], "b": ["a"], "c": ["a", "b"]}, lambda _: 60, HIGH)
    lane = [y for x, y in points_of(found.arrows["a", "c"]) if x in (found.boxes["b"].x, found.boxes["b"].x + found.boxes["b"].width)]
    assert lane and all(not found.boxes["b"].y <= y <= found.boxes["b"].y + HIGH for y in lane)


def test_no_arrows_cross_where_none_must():
    found = layout({"a": [], "b": [], "after_b": ["b"], "after_a": ["a"]}, lambda _: 60, HIGH)
    assert (found.boxes["a"].y < found.boxes["b"].y) == (found.boxes["after_a"].y < found.boxes["after_b"].y)
