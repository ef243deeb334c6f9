"""Still pictures of each chart: from its numbers to marks on a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nbtrack.charts.curves import Band
from nbtrack.charts.picture import FAINT, GRID, INK, PALETTE, Picture, Point, colour_of
from nbtrack.charts.scale import Scale, label
from nbtrack.charts.shapes import Group, ParamImportance, Series

WIDTH = 720
_PANEL_HEIGHT, _LEGEND_LINE, _MARGIN = 190, 18, 12
_MOST_PANELS, _MOST_COLOURED = 12, 8
_TITLE_LETTERS = 44


@dataclass(frozen=True)
class Frame:
    """Where a chart stands on the picture: its scales, whose starts and ends are its edges."""

    x: Scale
    y: Scale


def curves(found: Sequence[Series], labels: Mapping[str, str], says: str, x_title: str = "step", emphasis: Sequence[str] = ()) -> Picture:
    """A panel a metric, a line a run.

    Args:
        labels: what each run is called; runs get their colours in this order.
        emphasis: runs that are coloured where there are too many for colours.
    """
    metrics = list(dict.fromkeys(it["metric"] for it in found))[:_MOST_PANELS]
    runs = [run for run in labels if any(it["run"] == run for it in found)]
    coloured = runs if len(runs) <= _MOST_COLOURED else [run for run in runs if run in emphasis] or runs[:_MOST_COLOURED]
    columns = 1 if len(metrics) < 2 else 2
    rows = -(-len(metrics) // columns)
    entries = [(labels[run], *colour_of(number)) for number, run in enumerate(coloured)]
    if len(coloured) < len(runs):
        entries.append((f"{len(runs) - len(coloured)} more", FAINT, ()))
    lines = _legend_lines([text for text, _, _ in entries]) if len(runs) > 1 else []
    picture = Picture(WIDTH, max(rows, 1) * _PANEL_HEIGHT + len(lines) * _LEGEND_LINE + _MARGIN, says)
    width = (WIDTH - (columns + 1) * _MARGIN) / columns
    for number, metric in enumerate(metrics):
        left = _MARGIN + (number % columns) * (width + _MARGIN)
        mine = [it for it in found if it["metric"] == metric]
        box = _panel(picture, left, (number // columns) * _PANEL_HEIGHT, width, metric, x_title, [it["x"] for it in mine], [it["y"] for it in mine])
        for it in sorted(mine, key=lambda it: it["run"] in coloured):
            colour, dash = colour_of(coloured.index(it["run"])) if it["run"] in coloured else (FAINT, ())
            for piece in _pieces(it["x"], it["y"]):
                points = [(box.x.at(x), box.y.at(y)) for x, y in piece]
                picture.line(points, colour, 1.6 if it["run"] in coloured else 1, 1 if it["run"] in coloured else 0.5, dash)
    _legend(picture, lines, entries, rows * _PANEL_HEIGHT + _MARGIN)
    if not metrics:
        _nothing(picture)
    return picture


def bands(found: Mapping[str, Mapping[str, Band]], says: str, x_title: str = "step") -> Picture:
    """A panel a metric, a mean with its band a group.

    Args:
        found: by metric, then by the group's label.
    """
    metrics = list(found)[:_MOST_PANELS]
    groups = list(dict.fromkeys(group for metric in metrics for group in found[metric]))[: len(PALETTE)]
    columns = 1 if len(metrics) < 2 else 2
    rows = max(1, -(-len(metrics) // columns))
    entries = [(group, *colour_of(number)) for number, group in enumerate(groups)]
    lines = _legend_lines([text for text, _, _ in entries])
    picture = Picture(WIDTH, rows * _PANEL_HEIGHT + len(lines) * _LEGEND_LINE + _MARGIN, says)
    width = (WIDTH - (columns + 1) * _MARGIN) / columns
    for number, metric in enumerate(metrics):
        mine = {group: it for group, it in found[metric].items() if group in groups}
        left = _MARGIN + (number % columns) * (width + _MARGIN)
        ys = [it.tolist() for one in mine.values() for it in (one.low, one.high)]
        box = _panel(picture, left, (number // columns) * _PANEL_HEIGHT, width, metric, x_title, [it.x.tolist() for it in mine.values()], ys)
        for group, it in mine.items():
            colour, dash = colour_of(groups.index(group))
            upper = [(box.x.at(x), box.y.at(y)) for x, y in zip(it.x, it.high, strict=True)]
            lower = [(box.x.at(x), box.y.at(y)) for x, y in zip(it.x, it.low, strict=True)]
            picture.area([*upper, *reversed(lower)], colour, 0.18)
            picture.line([(box.x.at(x), box.y.at(y)) for x, y in zip(it.x, it.mean, strict=True)], colour, 1.8, 1, dash)
    _legend(picture, lines, entries, rows * _PANEL_HEIGHT + _MARGIN)
    if not metrics:
        _nothing(picture)
    return picture


def scatter(
    xs: Sequence[float], ys: Sequence[float], x_title: str, y_title: str, says: str, trend: Callable[[float], float] | None, *, is_log: bool
) -> Picture:
    """A dot a run, and the trend among them.

    Args:
        is_log: the x axis is logarithmic.
    """
    picture = Picture(WIDTH, 320, says)
    x_scale = Scale.around(xs, 0, 1, is_log=is_log)
    along = [trend(x) for x in (x_scale.low, x_scale.high)] if trend is not None and len(xs) > 1 else []
    box = _box(picture, _MARGIN, 0, WIDTH - 2 * _MARGIN, 320, y_title, x_title, x_scale, [*ys, *along])
    for x, y in zip(xs, ys, strict=True):
        picture.dot(box.x.at(x), box.y.at(y), 3.5, PALETTE[0], 0.7)
    if along and all(map(math.isfinite, along)):
        picture.line([(end, box.y.at(y)) for end, y in zip((box.x.start, box.x.end), along, strict=True)], PALETTE[1], 1.5, 1, (6, 3))
    return picture


def parallel(axes: Sequence[tuple[str, Sequence[str | float | None], bool]], colours: Sequence[float | None], says: str, metric: str) -> Picture:
    """A line a run through its value on each axis, coloured from pale to dark by the metric.

    Args:
        axes: name, one value a run (texts have places of their own), whether it is logarithmic.
        colours: 0 (worst) to 1 (best), a run; None where the run has no metric.
    """
    picture = Picture(WIDTH, 340, says)
    top, bottom = 48.0, 300.0
    places: list[list[float | None]] = []
    for number, (name, values, is_log) in enumerate(axes):
        x = 60 + number * (WIDTH - 120) / max(len(axes) - 1, 1)
        picture.line([(x, top), (x, bottom)], FAINT, 1)
        picture.text(x, 20 if number % 2 == 0 else 34, _cut(name, 18), 11, "middle", bold=True)
        where, ticks = _places(values, bottom, top, is_log)
        places.append(where)
        for y, text in ticks:
            picture.text(x + 4, y + 3.5, _cut(text, 12), 9, "start", FAINT)
    order = sorted(range(len(colours)), key=lambda run: -1 if colours[run] is None else colours[run] or 0)
    for run in order:
        points: list[Point] = []
        for number, where in enumerate(places):
            at = where[run]
            if at is not None:
                points.append((60 + number * (WIDTH - 120) / max(len(axes) - 1, 1), at))
        shade = colours[run]
        picture.line(points, FAINT if shade is None else _shade(shade), 1.3, 0.35 if shade is None else 0.75)
    picture.text(WIDTH / 2, 328, f"dark: better {_cut(metric, 40)}", 10, "middle", FAINT)
    return picture


def importance(params: Sequence[ParamImportance], says: str) -> Picture:
    """A bar a param."""
    shown = [(it, float(it["importance"])) for it in params if isinstance(it["importance"], (int, float))][:15]
    picture = Picture(WIDTH, max(len(shown), 1) * 24 + 2 * _MARGIN, says)
    largest = max((share for _, share in shown), default=0) or 1
    for number, (it, share) in enumerate(shown):
        y = _MARGIN + number * 24
        picture.text(190, y + 15, _cut(it["name"], 28), 11, "end")
        picture.rect(200, y + 4, max(1.0, 400 * share / largest), 15, PALETTE[0])
        picture.text(206 + 400 * share / largest, y + 15, f"{share:.0%}", 10, "start", FAINT)
    if not shown:
        _nothing(picture)
    return picture


def statistics(groups: Sequence[Group], metric: str, says: str) -> Picture:
    """A mean with its interval a group."""
    shown = [(it, float(it["mean"])) for it in groups if isinstance(it["mean"], (int, float))][:20]
    picture = Picture(WIDTH, max(len(shown), 1) * 28 + 48, says)
    ends = [float(it[side]) for it, _ in shown for side in ("low", "mean", "high") if isinstance(it[side], (int, float))]  # type: ignore[arg-type]
    x = Scale.around(ends, 220, WIDTH - 90)
    bottom = len(shown) * 28 + 16
    for tick in x.ticks(5):
        picture.line([(x.at(tick), 10), (x.at(tick), bottom)], GRID, 1)
        picture.text(x.at(tick), bottom + 14, label(tick), 10, "middle", FAINT)
    picture.text(WIDTH / 2 + 60, bottom + 29, f"{_cut(metric, 40)}, mean and its 95% interval", 10, "middle", FAINT)
    for number, (it, mean) in enumerate(shown):
        y, colour = 26 + number * 28, PALETTE[0] if not it["is_baseline"] else INK
        picture.text(210, y + 4, _cut(it["label"], 32), 11, "end", bold=it["is_baseline"])
        if isinstance(it["low"], (int, float)) and isinstance(it["high"], (int, float)):
            picture.line([(x.at(it["low"]), y), (x.at(it["high"]), y)], colour, 2)
        picture.dot(x.at(mean), y, 4.5, colour)
        picture.text(WIDTH - 80, y + 4, f"n = {it['n']}", 10, "start", FAINT)
    if not shown:
        _nothing(picture)
    return picture


def _panel(
    picture: Picture, left: float, top: float, width: float, title: str, x_title: str, xs: Sequence[Sequence[float]], ys: Sequence[Sequence[float]]
) -> Frame:
    x = Scale.around((value for one in xs for value in _ends(one)), left + 52, left + width - 10)
    if min((value for one in xs for value in _ends(one)), default=0) >= 0 and x.low < 0:
        x = Scale(0.0, x.high, x.start, x.end)
    return _box(picture, left, top, width, _PANEL_HEIGHT, title, x_title, x, [value for one in ys for value in one])


def _box(picture: Picture, left: float, top: float, width: float, height: float, title: str, x_title: str, x: Scale, ys: Sequence[float]) -> Frame:
    """Grid, ticks and titles of one chart."""
    bottom = top + height - 34
    x = Scale(x.low, x.high, left + 52, left + width - 10, x.is_log)
    y = Scale.around(ys, bottom, top + 26)
    picture.text(left + 4, top + 16, _cut(title, _TITLE_LETTERS), 12, bold=True)
    for tick in y.ticks(4):
        picture.line([(x.start, y.at(tick)), (x.end, y.at(tick))], GRID, 1)
        picture.text(x.start - 5, y.at(tick) + 3.5, label(tick), 10, "end", FAINT)
    for tick in x.ticks(5):
        picture.text(x.at(tick), bottom + 14, label(tick), 10, "middle", FAINT)
    picture.text((x.start + x.end) / 2, bottom + 27, _cut(x_title, 60), 10, "middle", FAINT)
    picture.line([(x.start, bottom), (x.end, bottom)], FAINT, 1)
    return Frame(x, y)


def _pieces(xs: Sequence[float], ys: Sequence[float]) -> list[list[Point]]:
    """The parts of a curve between its gaps."""
    pieces: list[list[Point]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if math.isfinite(y) and math.isfinite(x):
            pieces[-1].append((float(x), float(y)))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _places(values: Sequence[str | float | None], start: float, end: float, is_log: bool) -> tuple[list[float | None], list[tuple[float, str]]]:
    """Where each value stands on an axis, and its ticks."""
    if all(value is None or isinstance(value, (int, float)) for value in values):
        scale = Scale.around([value for value in values if isinstance(value, (int, float))], start, end, is_log=is_log)
        where = [scale.at(value) if isinstance(value, (int, float)) and math.isfinite(value) and (value > 0 or not is_log) else None for value in values]
        return where, [(scale.at(tick), label(tick)) for tick in scale.ticks(4)]
    kinds = sorted({str(value) for value in values if value is not None})
    scale = Scale.around(range(len(kinds)), start, end)
    of = {kind: scale.at(number) for number, kind in enumerate(kinds)}
    shown = kinds if len(kinds) <= 12 else [kinds[0], kinds[-1]]
    return [None if value is None else of[str(value)] for value in values], [(of[kind], kind) for kind in shown]


def _shade(share: float) -> str:
    """From a pale to a dark blue."""
    pale, dark = (0x9E, 0xC9, 0xE8), (0x08, 0x30, 0x6B)
    return "#" + "".join(f"{round(one + (other - one) * min(max(share, 0.0), 1.0)):02x}" for one, other in zip(pale, dark, strict=True))


def _ends(values: Sequence[float]) -> tuple[float, ...]:
    return (float(values[0]), float(values[-1])) if len(values) else ()


def _legend_lines(texts: Sequence[str]) -> list[list[int]]:
    """Entries of a legend, by number, line by line."""
    lines: list[list[int]] = []
    left = float(WIDTH)
    for number, text in enumerate(texts):
        need = 34 + 6.6 * len(_cut(text, 30))
        if left + need > WIDTH - _MARGIN:
            lines.append([])
            left = _MARGIN
        lines[-1].append(number)
        left += need
    return lines


def _legend(picture: Picture, lines: Sequence[Sequence[int]], entries: Sequence[tuple[str, str, tuple[float, ...]]], top: float) -> None:
    for at, line in enumerate(lines):
        x = float(_MARGIN)
        for number in line:
            text, colour, dash = entries[number]
            y = top + at * _LEGEND_LINE + 2
            picture.line([(x, y - 4), (x + 20, y - 4)], colour, 2, 1, dash)
            picture.text(x + 25, y, _cut(text, 30), 11)
            x += 34 + 6.6 * len(_cut(text, 30))


def _nothing(picture: Picture) -> None:
    picture.text(picture.width / 2, picture.height / 2, "nothing to draw", 12, "middle", FAINT)


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
