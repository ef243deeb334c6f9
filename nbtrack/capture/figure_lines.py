"""Lines of matplotlib's figures that show what was measured step by step, whoever drew them: a function, a method, a module."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from nbtrack.capture.curves import Kept
from nbtrack.capture.known import module_of
from nbtrack.capture.labels import SPLITS
from nbtrack.capture.own_name import snake
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.drawn import lines_of, value_of_line
from nbtrack.capture.weave.histories import numbers_of
from nbtrack.capture.weave.words import is_measure
from nbtrack.patterns import regex
from nbtrack.records import dataclass

FACTS = "lines of figures"
"""What `Figures` leaves in a cell's facts: of each figure a list of `Line`."""
_AXES, _LINES, _POINTS, _FEW = 12, 12, 20_000, 3
_TOTAL = 100_000
"""Points of one figure."""
_WORDS = 6
"""Most words of an axis' label or a title that is a name."""
_GRAPH = 50
"""Points, evenly spread over numbers that are not whole, from which on a line is the graph of a function: as many as `numpy.linspace` makes."""
_BRACKETS = regex(r"\s*[(\[][^)\]]*[)\]]")
"""`(seconds)`, `(AUC = 0.9)`."""
_OF_CASES = regex(r"(^|_)(residuals?|resid|returns?)($|_|\d)")
"""Measures of single cases, and of shares on a market."""
_SAYS_NO_MORE = regex(r"_(function|func|values?|history|curves?|plot)$")
_RATES = ("lr", "learning_rate")
_SHARES = regex(r"^\s*(%|(percent(age)?|proportion|fraction|share|probability) )|%\)?\s*$", re.I)
_STEPS = regex(r"\b(time ?)?(steps?|episodes?|epochs?|iterations?|plays|trials|rounds)\b", re.I)
"""What stands below lines that show what was learned."""
_TELLS = regex(r"[=:]\s*[-+]?\.?\d")
"""`degree=1; error=0.03`: a title that tells a value names nothing that is drawn."""
_RULE = "drawn as a line of a figure"
_AGAIN = 10
_PANELS = 2
"""Of one figure that have lines of one name, which are all kept."""
_FIGURES = 5
"""That draw lines of one name, each other ones, and are all kept."""
_COLUMNS = 100


@dataclass(frozen=True)
class Line:
    """A line, as its figure tells of it."""

    label: str
    measure: str
    """What its axis, or the title above it, says is measured."""
    values: Any
    """An array, shape (n,), float64."""


def lines_in(figure: Any) -> list[Line]:
    """Lines of a figure that say a measure: at least three numbers over steps, sizes or settings that only go up or only go down.

    No lines are those over what is a measure itself, as in a ROC curve, graphs of functions, points without a line, what is drawn in
    space or around a circle, and what many panels of the figure call the same.
    """
    found: list[tuple[int, Line]] = []
    left = _TOTAL
    for panel, axes in enumerate(figure.axes[:_AXES]):
        if axes.name != "rectilinear" or _measure(axes.get_xlabel()) not in ("", *_RATES):  # lines in space hold where they were projected to
            continue
        measure = _measure(axes.get_ylabel()) or _share(axes) or ("" if axes.get_ylabel() or _TELLS.search(axes.get_title()) else _measure(axes.get_title()))
        lines = axes.lines[:_LINES]
        labels = _labels(axes, lines)
        for line, label in zip(lines, labels, strict=True):
            is_one_of_many = not label and labels.count("") > 1  # folds or a band: only the code can name them
            if (measure or _says(label)) and line.get_linestyle() not in ("None", "", " ", None):
                values = _values(line)
                left -= len(values)
                if len(values) and left >= 0:
                    found.append((panel, Line(label, "" if is_one_of_many else measure, values)))
    panels = Counter(called for called, _ in {((line.label, line.measure), panel) for panel, line in found})
    return [line for _, line in found if not line.label or panels[line.label, line.measure] <= _PANELS]


class FigureLines(Source):
    """Curves that the figures of a cell show, and nothing else tells of."""

    name = "lines of figures"
    kind = "curves"

    def after(self, cell: Cell) -> Iterable[Finding]:
        figures: list[list[Line]] = cell.entry.facts.get(FACTS, [])
        if not figures:
            return
        kept = Kept(cell)
        own = list(_own_names(cell))
        named = [(name, line.values, at) for at, lines in enumerate(figures) for line in lines if (name := _name(line, own))]
        for name, array in _of_few_figures(sorted(named, key=lambda it: -len(it[1]))):  # of a plot that grew the whole comes first
            if cell.is_spent:
                cell.cut.append(self.name)
                return
            values = array.tolist()
            is_there = kept.has(values, [1e-9 * max(1.0, abs(it)) for it in values]) or kept.has_whole(values)
            if not is_there and not _is_of_data(cell, values):
                yield from kept.take(name, values, _RULE, *(f"{name}_{number}" for number in range(2, _AGAIN)))


def _of_few_figures(lines: list[tuple[str, Any, int]]) -> Iterator[tuple[str, Any]]:
    """Names and values of lines; of those that many figures draw by one name, each other ones, those of the last figure alone, as of a live plot.

    Args:
        lines: name, values (see `Line`) and number of the figure, the longest first.
    """
    import numpy as np

    fresh: list[tuple[str, Any, int]] = []
    drawn_by: dict[str, set[int]] = {}
    wholes: dict[tuple[str, bytes], list[Any]] = {}
    for name, values, at in lines:
        known = wholes.setdefault((name, values[:_FEW].tobytes()), [])
        if not any(np.array_equal(values, whole[: len(values)], equal_nan=True) for whole in known):
            known.append(values)
            fresh.append((name, values, at))
            drawn_by.setdefault(name, set()).add(at)
    yield from ((name, values) for name, values, at in fresh if len(drawn_by[name]) <= _FIGURES or at == max(drawn_by[name]))


def _labels(axes: Any, lines: list[Any]) -> list[str]:
    """Labels of lines. Where they have none: those of the legend, `plt.legend(["train", "test"])`, or of lines of no points that look alike, as seaborn's."""
    labels = [str(it.get_label()) for it in lines]
    legend = axes.get_legend()
    if legend is not None and all(it.startswith("_") for it in labels):
        texts = [it.get_text() for it in legend.get_texts()]
        labels = [*texts, *labels[len(texts) :]][: len(labels)]
    elif legend is not None:
        keys = {_look(it): str(it.get_label()) for it in axes.lines[: 2 * _LINES] if not len(it.get_xdata(orig=True))}
        labels = [keys.get(_look(line), label) if label.startswith("_") else label for line, label in zip(lines, labels, strict=True)]
    return ["" if it.startswith("_") else snake(_BRACKETS.sub("", it)) or snake(it) for it in labels]


def _look(line: Any) -> str:
    """What tells lines apart for who looks at them."""
    return f"{line.get_color()} {line.get_linestyle()} {line.get_marker()}"


def _share(axes: Any) -> str:
    """What an axis counts in percent over steps, `% optimal action`; empty for all else."""
    text = axes.get_ylabel()
    return snake(_BRACKETS.sub("", text)) if _SHARES.search(text) and _STEPS.search(axes.get_xlabel()) else ""


def _measure(text: str) -> str:
    """What an axis or a title calls its measure; empty where it says none."""
    name = _SAYS_NO_MORE.sub("", snake(_BRACKETS.sub("", text)))
    return name if name.count("_") < _WORDS and _says(name) else ""


def _says(name: str) -> bool:
    return is_measure(name) and not _OF_CASES.search(name)


def _values(line: Any) -> Any:
    """The heights of a line over numbers that go one way, shape (n,), float64; empty where it is no such line."""
    import numpy as np

    x, y = _floats(line.get_xdata(orig=True)), _floats(line.get_ydata(orig=True))
    if x is None or y is None or x.shape != y.shape or not _FEW <= len(y) <= _POINTS or not np.isfinite(x).all():
        return []
    with np.errstate(all="ignore"):  # the cell is not to warn of what it did not compute
        steps = np.diff(x)
        if not ((steps > 0).all() or (steps < 0).all()):
            return []
        is_whole = bool((x == np.round(x)).all())
        if not is_whole and len(x) >= _GRAPH and np.allclose(steps, steps[0]):
            return []
        changes = np.diff(y)
    return y if ((changes != 0) & ~np.isnan(changes)).any() else []


def _floats(data: Any) -> Any:
    """One axis of a line as an array of floats, NaN where it is masked; None for what is no numbers."""
    import numpy as np

    array = np.ma.asarray(data)
    return np.ma.filled(array.astype(float), np.nan) if array.ndim == 1 and array.dtype.kind in "iuf" else None


def _name(line: Line, own: list[tuple[str, list[float]]]) -> str:
    """The label where it says a measure, else with the measure of the axis behind it; without a label what the code calls it, or the measure.

    Args:
        own: see `_own_names`.
    """
    if not line.label:
        return next((name for name, values in own if len(values) == len(line.values) and _are_alike(values, line.values.tolist())), line.measure)
    if _says(line.label) or not line.measure:
        return line.label
    return f"{line.label}{'_' if line.label in SPLITS else '.'}{line.measure}"


def _own_names(cell: Cell) -> Iterator[tuple[str, list[float]]]:
    """Names by which the cell's code draws its lines, with their values."""
    for node, _ in lines_of(cell.entry.tree) if cell.entry.tree is not None else ():
        name, value = value_of_line(node, cell.namespace)
        if name and (numbers := numbers_of(value)):
            yield name.strip("_"), numbers


def _are_alike(some: list[float], others: list[float]) -> bool:
    return len(some) == len(others) and all(math.isclose(one, other, rel_tol=1e-9) for one, other in zip(some, others, strict=True))


def _is_of_data(cell: Cell, values: list[float]) -> bool:
    """Whether a line is a column of a table of the notebook: data, whatever its axis says."""
    for value in list(cell.namespace.values()):
        if module_of(type(value)).partition(".")[0] == "pandas" and type(value).__name__ in ("DataFrame", "Series") and len(value) == len(values):
            columns = [value] if type(value).__name__ == "Series" else [value.iloc[:, at] for at in range(min(value.shape[1], _COLUMNS))]
            if any(module_of(type(it.dtype)).startswith("numpy") and it.dtype.kind in "iuf" and _are_alike(it.tolist(), values) for it in columns):
                return True
    return False
