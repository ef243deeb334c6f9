"""Metrics from names and last expressions: numbers the cell computed, by where they come from."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from nbtrack.capture.flavors import is_model
from nbtrack.capture.labels import deviation_of
from nbtrack.capture.measures import TOLD_APART, Measured, ends_curve, is_curve, is_equal, key_of, metrics, number
from nbtrack.capture.printed import WHOLE, labels_in
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import Origins, bindings, flat_statements, origins_of, through
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.unnamed import name_of, said_above, with_scores
from nbtrack.capture.uses import is_limit_of_drawing
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.words import is_coefficient, is_measure
from nbtrack.patterns import regex

_NO_RESULTS = regex(
    r"(predict\w*|forecast|transform|decision_function|coef|intercept|(arc)?(cos|sin|tan)h?|exp|log(2|10|1p)?|sqrt|dot|vdot|inner|det|trace|hypot|norm|round|power|square)_?"
)
"""What a cell ends with to look at it: what a model says of one sample or has learned, and plain mathematics."""
_SAYS_LITTLE = frozenset(("score", "scores", "metric", "performance"))
"""Names that do not say what was measured, where a label does."""


class Scalars(Source):
    """Names the cell binds to a computed number."""

    name = "computed numbers"
    kind = "metrics"

    def after(self, cell: Cell) -> Iterable[Finding]:
        yield from metrics(cell, _bound(cell))


class LastExpression(Source):
    """The number, or the small tuple of numbers, a cell ends with."""

    name = "last expression"
    kind = "metrics"

    def after(self, cell: Cell) -> Iterable[Finding]:
        yield from metrics(cell, _last(cell))


def _bound(cell: Cell) -> Iterator[Measured]:
    program = program_of(cell)
    origins = origins_of(program)
    latest: dict[str, ast.expr] = {}
    for part in program.own:
        for statement in flat_statements([part.node]):
            latest.update(bindings(statement))
    labels = labels_in(cell)
    for name, node in latest.items():
        if name.startswith("_") or name in cell.request.metrics or name not in cell.namespace:
            continue
        value = number(cell.namespace[name])
        if value is not None and name in cell.request.measured and not is_curve(cell, name):
            yield Measured(name, value, "the metric of the goal", name, node=node, may_diverge=True)
            continue
        if value is None or cell.before.get(name) == id(cell.namespace[name]) or ends_curve(cell, name, value):
            continue
        called = next((label for line, label in labels.get(name, ()) if line >= getattr(node, "lineno", 0)), "")  # what it was before had another
        if isinstance(node, ast.Call) and path_of(node.func)[-1:] and name not in labels and deviation_of(node) is not None:
            continue  # of scores, and not shown
        if not _is_result(origins, name, node, value, called) or (not called and is_limit_of_drawing(program, name)):
            continue
        shown = called if called and (not is_measure(name) or name in _SAYS_LITTLE or is_curve(cell, name)) and is_measure(called) else name
        yield Measured(shown, value, "bound to a computed number", name, node=node, line=getattr(node, "lineno", 0), may_diverge=True)
    several = cell.entry.facts.get(TOLD_APART, set())
    for name in sorted((origins.looped - origins.targets - origins.chosen - origins.switched - latest.keys() - several) | origins.bests):
        value = number(cell.namespace.get(name))
        if (
            isinstance(value, float)
            and (is_measure(name) or name in origins.bests)
            and not is_curve(cell, name)
            and not (cell.run is not None and name not in origins.bests and any(is_equal(it, value) for it in cell.run.curve_ends.values()))
            and cell.before.get(name) != id(cell.namespace[name])
        ):
            yield Measured(name, value, "final value of a loop", name, may_diverge=True)


def _is_result(origins: Origins, name: str, node: ast.expr, value: float, called: str) -> bool:
    """Whether a bound number is what a careful person would write down."""
    named = is_measure(name) or is_measure(called)
    if is_coefficient(name) and not is_measure(called):
        return False
    if type(value) is int and not (WHOLE.search(name.lower()) or WHOLE.search(called)):
        return False
    if not named and name in origins.consumed and not called:
        return False
    return not origins.why_not(node, called or name) or (named and not origins.why_not(node, name))


def _last(cell: Cell) -> Iterator[Measured]:
    body = cell.entry.tree.body if cell.entry.tree is not None else []
    if not body or not isinstance(body[-1], ast.Expr) or cell.error is not None or cell.result is None:
        return
    node = body[-1].value
    program = program_of(cell)
    origins = origins_of(program)
    bound = {name: value for it in program.parts for name, value in bindings(it.node)}
    items: list[tuple[ast.expr, Any]] = [(node, cell.result)]
    if isinstance(node, ast.Tuple) and type(cell.result) is tuple and len(cell.result) == len(node.elts):
        items = list(zip(node.elts, cell.result, strict=True))
    for part, found in items:
        value = number(found)
        name = _of_curve(cell, part) or name_of(with_scores(part, bound))
        if type(value) is float and not is_measure(name) and len(items) == 1:
            name = said_above(cell.entry, part.lineno) or name
        if value is None or not name or _NO_RESULTS.fullmatch(name) or (type(value) is int and not WHOLE.search(name)):
            continue
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and is_model(cell.namespace.get(part.func.id)):
            continue  # `net(x)`: what a model says of a sample
        if is_curve(cell, name) and not isinstance(through(part), ast.Call):
            continue  # what a loop carried; a call measures anew, `model.score(X_test, y_test)` after a loop over scores
        if _of_curve(cell, part) or not origins.why_not(part, name):
            core = through(part)
            key = core.id if isinstance(core, ast.Name) else key_of(core)
            yield Measured(name, value, "last expression of the cell", key, node=part, line=part.lineno, may_diverge=True)


def _of_curve(cell: Cell, node: ast.expr) -> str:
    """`scores.min` of `scores.min()` or `min(scores)`, where scores are a curve of the run; else empty."""
    core = through(node)
    if not isinstance(core, ast.Call) or path_of(core.func)[-1:] not in (["min"], ["max"], ["mean"], ["median"]):
        return ""
    about = core.args[0] if core.args else core.func.value if isinstance(core.func, ast.Attribute) else None
    return f"{about.id}.{path_of(core.func)[-1]}" if isinstance(about, ast.Name) and is_curve(cell, about.id) else ""
