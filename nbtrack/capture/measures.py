"""One quantity, one metric: names of what was measured, and numbers of known types."""

from __future__ import annotations

import ast
import math
import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any

from nbtrack.capture.about import models_in, qualifiers_of
from nbtrack.capture.estimators import settings_chosen
from nbtrack.capture.known import module_of
from nbtrack.capture.program import program_of
from nbtrack.capture.source import Cell, Finding
from nbtrack.capture.weave.values import as_floats, take
from nbtrack.capture.weave.words import is_measure
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import walk
from nbtrack.records import dataclass

TOLD_APART = "names that a loop binds to numbers of several things"
_FACTS, _VALUES = "metrics", "values of this cell"
_MOST = 200
"""Metrics of one cell: what is more was never meant to be compared."""


@dataclass(frozen=True)
class Measured:
    """A number that may become a metric."""

    name: str
    value: float | int
    rule: str
    key: str
    """What it is: the text of its expression; the same key is the same quantity."""
    qualifiers: tuple[str, ...] = ()
    """What tells it from others of its name: a model, a variable. Where there are none, those of its expression."""
    table: str = ""
    """The table it stands in: others there of the same value are other quantities."""
    is_of_fit: bool = False
    """It belongs to one fit of a model: another fit under the same variable is another quantity, and no next point of this one."""
    may_diverge: bool = False
    """It is kept where it is NaN or infinite, too: a run that went wrong shows it. In tables and objects of libraries NaN marks what is not there."""
    node: ast.expr | None = None
    """Its expression."""
    line: int = 0
    """Where in the cell that stands; 0 for the cell's end."""
    setting: str = ""
    """What the function was given that measured it, such as a threshold."""
    is_latest: bool = False
    """It is of one object that goes on, such as a study: a later value is the next point of this one."""


def number(value: Any) -> float | int | None:
    """A number of a known type, tensors and arrays of one element included; None for anything else. No bool, and nothing of the user's runs."""
    try:
        if module_of(type(value)).startswith("torch") and value.requires_grad and value.is_leaf:
            return None  # what is learned
        kept = take(value, False)
    except Exception:  # noqa: BLE001 - an array of a foreign library may be gone from its device
        return None
    if kept is None:
        return None
    [found] = as_floats([kept])
    return found


def key_of(node: ast.expr) -> str:
    """The text of an expression."""
    return ast.unparse(node)


def known(cell: Cell) -> dict[str, str]:
    """Metrics the cell's run has so far, each with what it is."""
    return cell.run.metrics_seen if cell.run is not None else cell.entry.facts.setdefault(_FACTS, {})


def told(cell: Cell) -> dict[str, float | int]:
    """Metrics of the cell's run, and those that runs of earlier cells have from which it has what it shows: there they were computed."""
    found: dict[str, float | int] = {}
    for entry in providers(cell):
        found |= entry.facts.get(_VALUES, {})
    return found | (cell.run.metric_values if cell.run is not None else {})


def measured_here(cell: Cell) -> dict[str, float | int]:
    """Metrics that were found in the cell so far."""
    found: dict[str, float | int] = cell.entry.facts.get(_VALUES, {})
    return found


def providers(cell: Cell) -> list[Entry]:
    """Earlier cells with runs of their own that bound or changed what this one needs, if it has a run of its own."""
    if not cell.is_own or cell.run is None:
        return []
    them = {id(part.entry): part.entry for part in program_of(cell).earlier if part.entry.run_id}
    return list(them.values())


def is_curve(cell: Cell, name: str) -> bool:
    """Whether the name is a curve of the cell's run already."""
    return cell.run is not None and name in cell.run.curve_ends


def ends_curve(cell: Cell, name: str, value: float | int) -> bool:
    """Whether the number is the last point of a curve of this name, or of one that was put behind what tells it from others."""
    ends = cell.run.curve_ends if cell.run is not None else {}
    return any(is_equal(last, value) for curve, last in ends.items() if curve == name or curve.endswith(f".{name}"))


def is_equal(some: float | int, other: float | int) -> bool:
    """Whether two numbers are the same; NaN is the same as NaN."""
    return some == other or (some != some and other != other)  # noqa: PLR0124 - NaN is not itself


def is_equal_or_share(some: float | int, other: float | int) -> bool:
    """Whether two numbers are the same, or one is the other in percent."""
    return is_equal(some, other) or any(math.isclose(some, other * factor, rel_tol=1e-9) for factor in (1, 100, 0.01))


OF_SEARCH = "best score of the search"
"""The rule of a score that scikit-learn has negated where less is better."""


@dataclass(frozen=True)
class Named:
    """A metric of a run, by which later ones are known to be the same or another."""

    base: str
    """Its name without what tells it from others."""
    key: str
    number: int
    """The execution that measured it last."""
    cell: str
    """The cell, the same when it is executed again."""
    models: tuple[str, ...]


def metrics(cell: Cell, them: Iterable[Measured]) -> Iterator[Finding]:
    """Findings for some numbers: the plain name where it is free, else one with what tells it apart, or a number; the same quantity once."""
    seen = known(cell)
    here: dict[str, str] = cell.entry.facts.setdefault("metrics of this cell", {})
    values: dict[str, float | int] = cell.entry.facts.setdefault(_VALUES, {})
    tables: dict[str, str] = cell.entry.facts.setdefault("tables of this cell", {})
    sorted_values: list[tuple[float, str]] = cell.entry.facts.setdefault("sorted values of this cell", [])
    earlier: dict[str, float | int] = cell.run.metric_values if cell.run is not None else {}
    owners = named(cell)
    for it in them:
        if len(values) >= _MOST:
            if cell.run is not None:
                cell.run.notice(f"a cell keeps {_MOST} metrics at most; the others of this cell were left out")
            return
        if not it.name or _is_setting(cell, it.node):
            continue
        is_finite = type(it.value) is int or math.isfinite(it.value)
        if not is_finite and not it.may_diverge and it.name not in seen:
            continue
        models = models_in(cell, it.node, it.line) if it.node is not None else ()
        near = _near(sorted_values, it.value) if is_finite else (name for name, value in values.items() if is_equal(value, it.value))
        others = (name for name in near if not (it.table and tables.get(name) == it.table) and not _are_others(models, owners[name].models))
        if ends_curve(cell, it.name.rpartition(".")[2], it.value):
            continue  # the last point of a curve, told once more by a dict or an object
        if it.key in here or any(_is_same(it, name, values[name]) for name in others):  # one quantity once a cell
            continue
        if isinstance(it.value, float) and is_finite and it.value not in (0, 1) and not it.table and not is_measure(it.name) and it.value in earlier.values():
            continue  # another cell said it by a name that says no less
        if any(
            _is_told(cell, it, models, other) for name, other in owners.items() if name not in values and name in earlier and is_equal(earlier[name], it.value)
        ):
            continue  # another cell said it
        name = _name_for(cell, it, owners, values)
        if not name:
            continue
        seen[name] = it.key
        owners[name] = Named(it.name, it.key, cell.entry.number, _cell_of(cell), models)
        here[it.key], values[name], tables[name] = name, it.value, it.table
        earlier[name] = it.value
        if is_finite:  # NaN has no place in an order
            insort(sorted_values, (abs(it.value), name))
        yield Finding("metric", name, it.value, it.rule)


def named(cell: Cell) -> dict[str, Named]:
    """Metrics the cell's run has so far, each with where it comes from."""
    return cell.run.metrics_named if cell.run is not None else cell.entry.facts.setdefault("named metrics", {})


def _is_setting(cell: Cell, node: ast.expr | None) -> bool:
    """`ridge.alpha_` of a `RidgeCV`: a setting that it chose, which is a param."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.attr.removesuffix("_") in settings_chosen(cell.namespace.get(node.value.id))


def _cell_of(cell: Cell) -> str:
    """What is the same when the cell is executed again; without an id each execution is one of a cell of its own."""
    return cell.entry.cell_id or f"#{cell.entry.number}"


def _are_others(models: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether two numbers are surely of different models."""
    return bool(models) and bool(others) and models[0] != others[0]


def _is_told(cell: Cell, it: Measured, models: tuple[str, ...], other: Named) -> bool:
    """Whether a number is one of the same value that another cell of the run recorded: by one name of the two, or by the same expression of the same things."""
    if other.cell == _cell_of(cell) or _are_others(models, other.models):
        return False
    if other.base == it.name or (is_measure(it.name) and it.value not in (0, 1) and _words(it.name) == _words(other.base)):
        return True
    if other.key != it.key:
        return False
    if not is_measure(it.name) or it.node is None:
        return True
    read = {name.id for name in walk(it.node) if isinstance(name, ast.Name)}
    since = (entry.scope for entry in cell.ledger.before(cell.entry) if entry.number > other.number)
    return not any(read & (scope.writes | scope.mutates) for scope in (cell.entry.scope, *since))


def is_said_elsewhere(cell: Cell, name: str, value: float | int) -> bool:
    """Whether another cell of the run recorded this very number, by a name that says the same, or one of the two more of it."""
    if cell.run is None or type(value) is not float or value in (0, 1) or not math.isfinite(value):
        return False
    here, earlier = _cell_of(cell), cell.run.metric_values
    return any(earlier.get(other) == value and owner.cell != here and are_alike(name, owner.base) for other, owner in named(cell).items())


def _name_for(cell: Cell, it: Measured, owners: dict[str, Named], values: dict[str, float | int]) -> str:
    """The name a number gets: that of the last time the cell ran, the plain one, one with what tells it apart, or one with a number."""
    mine = [name for name, other in owners.items() if name not in values and other.cell == _cell_of(cell) and other.base == it.name]
    again = next((name for name in mine if owners[name].key == it.key), mine[0] if mine else "")
    if again:
        return again
    taken = owners.keys() | values.keys()
    if it.is_of_fit and it.name in owners and owners[it.name].key == it.key:
        fit = it.qualifiers[0] if it.qualifiers else "fit"
        return next((name for at in range(2, _MOST) if (name := f"{fit}-{at}.{it.name}") not in taken), "")  # as the kept model is called
    if it.is_latest and (same := next((name for name, other in owners.items() if other.key == it.key and name not in values), "")):
        return same
    if it.name in taken and it.name not in values and it.name in cell.request.measured:
        return it.name
    qualifiers = it.qualifiers or (qualifiers_of(cell, it.node, it.line) if it.node is not None else ())
    names = [it.name, *([f"{it.name}_{it.setting}"] if it.setting else ()), *(f"{qualifier}.{it.name}" for qualifier in qualifiers if qualifier != it.name)]
    free = next((name for name in names if name not in taken and not is_curve(cell, name)), "")
    base = names[1] if len(names) > 1 else it.name
    return free or next((name for at in range(2, _MOST) if (name := f"{base}_{at}") not in taken and not is_curve(cell, name)), "")


def _near(values: list[tuple[float, str]], value: float) -> Iterator[str]:
    """Names of the values that this one may be, or be in percent."""
    for factor in (1, 100, 0.01):
        wanted = abs(value) * factor
        for at in range(bisect_left(values, (wanted * (1 - 1e-8), "")), len(values)):
            if values[at][0] > wanted * (1 + 1e-8):
                break
            yield values[at][1]


def _is_same(it: Measured, name: str, value: float | int) -> bool:
    """Whether a number is one that has a name already: of the same value, or the same in percent, and called alike or by nothing that says a measure."""
    if not (type(value) is int or math.isfinite(value)):  # all that diverged is NaN: only names tell it apart
        return are_alike(it.name, name)
    is_derived = it.name.endswith((".mean", ".std")) or it.rule == OF_SEARCH  # also told with the sign turned
    if not any(math.isclose(it.value, value * factor, rel_tol=1e-9) for factor in (1, 100, 0.01, *((-1, -100, -0.01) if is_derived else ()))):
        return False
    if (is_derived or not is_measure(it.name)) and it.value not in (0, 1):
        return True
    return are_alike(it.name, name)


_SAME = {
    "acc": "accuracy", "accuracies": "accuracy", "err": "error", "errors": "error", "losses": "loss", "scores": "score", "prec": "precision", "rec": "recall",
    "roc": "auc", "auroc": "auc", "r": "r2", "sensitivity": "recall",
}  # fmt: skip
_PHRASES = (("mean_squared_error", "mse"), ("mean_absolute_error", "mae"), ("root_mse", "rmse"), ("root_mean_squared_error", "rmse"), ("r_squared", "r2"))
_FILLING = frozenset(("score", "of", "the", "final", "on", "set", "model", "value", "is"))


def are_alike(name: str, other: str) -> bool:
    """Whether two names say the same, or one of them more of it."""
    ours, theirs = _words(name), _words(other)
    return ours <= theirs or theirs <= ours


def _words(name: str) -> set[str]:
    """What a name says: its last part, in words that mean the same alike."""
    text = name.rpartition(".")[2].lower()
    for phrase, short in _PHRASES:
        text = text.replace(phrase, short)
    words = {_SAME.get(word, word) for word in re.split(r"[\W_]+", text) if word}
    return words - _FILLING or words
