"""Where the stages of a pipeline stand in a drawing, and which way the arrows between them take: numbers for whoever draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

_LANE = 8.0
"""Height that an arrow takes up in a column it passes."""
_SWEEPS = 4
_Slot = tuple[str, int]
"""A box (its id and -1), or the lane in which arrows from a box pass a column (its id and the column)."""


@dataclass(frozen=True)
class Box:
    """A stage; lengths are pixels."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Layout:
    """Boxes by id, and the arrows from each box to those that need it."""

    boxes: Mapping[str, Box]
    arrows: Mapping[tuple[str, str], str]
    """From and to: a path, as SVG writes it."""
    width: float
    height: float
    box_height: float


def layout(
    needs: Mapping[str, Sequence[str]], wide: Callable[[str], float], box_height: float, *, gap_x: float = 48, gap_y: float = 14, edge: float = 16
) -> Layout:  # fmt: skip
    """A column for each step that must wait for another one, read from left to right; arrows pass between the boxes, not behind them.

    Args:
        needs: what each box comes after, in an order in which they can run.
        wide: width of a box.

    Source:
        Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", IEEE SMC 11(2), 1981.
    """
    depth: dict[str, int] = {}
    for it, above in needs.items():
        depth[it] = 1 + max((depth[need] for need in above), default=-1)
    columns: list[list[_Slot]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    before: dict[_Slot, list[_Slot]] = {}
    for it, above in needs.items():
        columns[depth[it]].append((it, -1))
        before[it, -1] = [_way(need, depth, depth[it] - 1) for need in above]
        for need in above:
            for column in range(depth[need] + 1, depth[it]):
                if (need, column) not in before:
                    columns[column].append((need, column))
                    before[need, column] = [_way(need, depth, column - 1)]
    after: dict[_Slot, list[_Slot]] = {slot: [] for slot in before}
    for slot, others in before.items():
        for other in others:
            after[other].append(slot)
    _untangle(columns, before, after)
    high = {slot: box_height if slot[1] < 0 else _LANE for slot in before}
    middle = _spread(columns, before, after, high, gap_y)
    top = min((middle[slot] - high[slot] / 2 for slot in middle), default=0.0)
    widths = [max((wide(it) for it, lane in slots if lane < 0), default=0.0) for slots in columns]
    left = [edge + sum(widths[:column]) + gap_x * column for column in range(len(columns))]
    y = {slot: middle[slot] - top + edge for slot in middle}
    boxes = {it: Box(left[depth[it]], y[it, -1] - box_height / 2, widths[depth[it]]) for it in needs}
    arrows = {}
    for it, above in needs.items():
        for need in above:
            points = [(left[depth[need]] + widths[depth[need]], y[need, -1])]
            for column in range(depth[need] + 1, depth[it]):
                points += [(left[column], y[need, column]), (left[column] + widths[column], y[need, column])]
            arrows[need, it] = _path([*points, (left[depth[it]], y[it, -1])])
    width = left[-1] + widths[-1] + edge if columns else 2 * edge
    height = max((y[slot] + high[slot] / 2 for slot in y), default=edge) + edge
    return Layout(boxes, arrows, width, height, box_height)


def _way(it: str, depth: Mapping[str, int], column: int) -> _Slot:
    """Where arrows from a box stand in a column."""
    return (it, -1) if depth[it] == column else (it, column)


def _untangle(columns: list[list[_Slot]], before: Mapping[_Slot, list[_Slot]], after: Mapping[_Slot, list[_Slot]]) -> None:
    """Order the slots of each column so that few arrows cross: each goes where its neighbours stand on average."""
    place = {slot: (row + 0.5) / len(slots) for slots in columns for row, slot in enumerate(slots)}
    for sweep in range(_SWEEPS):
        near, order = (before, columns) if sweep % 2 == 0 else (after, columns[::-1])
        for slots in order:
            wanted = {slot: _mean((place[it] for it in near[slot]), place[slot]) for slot in slots}
            slots.sort(key=wanted.__getitem__)
            place.update({slot: (row + 0.5) / len(slots) for row, slot in enumerate(slots)})


def _spread(
    columns: Sequence[Sequence[_Slot]], before: Mapping[_Slot, list[_Slot]], after: Mapping[_Slot, list[_Slot]], high: Mapping[_Slot, float], gap: float
) -> dict[_Slot, float]:  # fmt: skip
    """Middles of all slots: as near to the height of their neighbours as their order and the gaps allow."""
    middle: dict[_Slot, float] = {}
    for slots in columns:
        total, at = sum(high[slot] + gap for slot in slots) - gap, 0.0
        for slot in slots:
            middle[slot] = at + high[slot] / 2 - total / 2
            at += high[slot] + gap
    for sweep in range(_SWEEPS):
        near, order = (before, columns) if sweep % 2 == 0 else (after, columns[::-1])
        for slots in order:
            wanted = [_mean((middle[it] for it in near[slot]), middle[slot]) for slot in slots]
            found: list[float] = []
            for slot, wish in zip(slots, wanted, strict=True):
                least = found[-1] + (high[slots[len(found) - 1]] + high[slot]) / 2 + gap if found else wish
                found.append(max(wish, least))
            shift = _mean((wish - at for wish, at in zip(wanted, found, strict=True)), 0.0)
            middle.update({slot: at + shift for slot, at in zip(slots, found, strict=True)})
    return middle


def _mean(values: Iterable[float], else_: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else else_


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Level through each column, curved between them."""
    x, y = points[0]
    parts = [f"M{x:g},{y:g}"]
    for number, (to_x, to_y) in enumerate(points[1:]):
        if number % 2 == 1 or y == to_y:
            parts.append(f"L{to_x:g},{to_y:g}")
        else:
            parts.append(f"C{(x + to_x) / 2:g},{y:g} {(x + to_x) / 2:g},{to_y:g} {to_x:g},{to_y:g}")
        x, y = to_x, to_y
    return " ".join(parts)
