"""Values of inner loops that go into a mean which is recorded itself: the losses of batches beside that of their epoch.

The loop adds such a value up (`total += loss.item() * n`), puts it into a list, or gives it to a meter, each of them made anew in every step of the loop
around or at every call of the function; and what is computed of that is another curve, of the loop around or of the loop that calls the function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from nbtrack.capture.provenance import bindings
from nbtrack.capture.weave.expressions import innermost, reads
from nbtrack.capture.weave.functions import summed_up
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.scope import Loop, Report, Scope, Way
from nbtrack.capture.weave.spot import Spot
from nbtrack.capture.weave.words import is_measure
from nbtrack.notebooks.nodes import children, walk

_ADDS = frozenset(("append", "extend", "appendleft"))


def link(spots: Iterable[Spot], scope: Scope) -> None:
    """Tell the spots of a scope that have a name's values which others are means of them."""
    them = list(spots)
    for spot in them:
        outer = spot.loop.parent
        if (outer is None and not spot.place) or (outer is not None and spot.loop.is_iterating and not outer.is_iterating):
            continue
        name = spot.variable
        lists = scope.summed_up if outer is None else summed_up(outer.node)
        if _is_kept(spot, scope, lists):
            continue
        if outer is not None and not scope.place:
            spot.summed_in = _summed_at_steps(name, spot.loop, outer)
        sums = (_sums(name, spot.loop, scope, lists) if name else set()) | ({spot.label} & lists)
        around = outer.node.body if outer is not None else scope.body
        told = sums | _computed_of(around, sums, spot.loop.node) if sums else set()
        if told:
            spot.means = [it for it in them if it is not spot and (it.loop is spot.loop or spot.loop.inside(it.loop)) and _is_of(it, told, name)]
            returned = [it.value for node in scope.body for it in walk(node) if isinstance(it, ast.Return) and it.value is not None]
            spot.is_returned = bool(spot.place) and any(reads(value, it) for value in returned for it in told)
    for spot in them:
        others = [it for it in them if it is not spot and it.name == spot.plain] if spot.plain else []
        if others and all(any(it is spot for it in other.means) for other in others):
            spot.name = spot.plain


def has_other_name(name: str, loop: Loop, said: Mapping[tuple[str, Loop], list[Report]]) -> bool:
    """Whether a loop gives a value that it tells nobody another name that says a measure, under which it does: `train_loss = loss.item()`.

    Args:
        said: reports of a name in the loop that binds it.
    """
    if said.get((name, loop)):
        return False
    for other, bound in loop.binds.items():
        cores = [innermost(it.value) for it in bound]
        if other != name and is_measure(other) and said.get((other, loop)) and cores and all(isinstance(it, ast.Name) and it.id == name for it in cores):
            return True
    return False


def is_mean_of_calls(spot: Spot, function: str) -> bool:
    """Whether a curve is computed of what a function gives back that its loop calls."""
    node = spot.loop.node
    if not any(_is_call(it, function) for it in walk(node)):
        return False
    told = {name for it in _statements(node.body) for name, value in bindings(it) if any(_is_call(inner, function) for inner in walk(value))}
    told |= _computed_of(node.body, told, None)
    return _is_of(spot, told, "") or any(_is_call(it, function) for value in _values(spot) for it in walk(value))


def _is_kept(spot: Spot, scope: Scope, lists: set[str]) -> bool:
    """Whether the code shows the value itself, or keeps it in a list that is used for more than a mean."""
    for report in (it for loop in scope.loops for it in loop.reports):
        core = innermost(report.node)
        is_it = report.node is spot.node or (bool(spot.variable) and isinstance(core, ast.Name) and core.id == spot.variable)
        if is_it and not (report.way is Way.APPENDED and report.label in lists):
            return True
    return False


def _sums(name: str, loop: Loop, scope: Scope, lists: set[str]) -> set[str]:
    """What a loop adds a value to, and that begins anew before each time the loop runs.

    Args:
        lists: those of which nothing but a mean or a sum is used.
    """
    made: set[str] = set()
    told = {name} | _computed_of(loop.node.body, {name}, None, without_sums=True)

    def is_told(node: ast.expr) -> bool:
        return any(reads(node, it) for it in told)

    for it in walk(loop.node):
        if isinstance(it, ast.AugAssign) and isinstance(it.op, ast.Add) and is_told(it.value):
            made.add(_root(it.target))
        elif isinstance(it, ast.Assign) and isinstance(it.value, ast.BinOp) and isinstance(it.value.op, ast.Add) and is_told(it.value):
            made |= {target.id for target in it.targets if isinstance(target, ast.Name) and reads(it.value, target.id)}
        elif isinstance(it, ast.Expr) and isinstance(it.value, ast.Call) and isinstance(it.value.func, ast.Attribute) and any(map(is_told, it.value.args)):
            root = _root(it.value.func.value)
            made |= {root} & lists if it.value.func.attr in _ADDS else {root}
    begun = loop.parent.binds if loop.parent is not None else scope.own
    return {it for it in made - told if it in begun}


def _summed_at_steps(name: str, loop: Loop, outer: Loop) -> set[str]:
    """Lists that a loop adds a value to at the step of the loop around: `losses[epoch] += loss`."""
    return {
        _root(it.target)
        for it in walk(loop.node)
        if isinstance(it, ast.AugAssign) and isinstance(it.op, ast.Add) and isinstance(it.target, ast.Subscript) and isinstance(it.target.slice, ast.Name)
        if name and it.target.slice.id == outer.target and reads(it.value, name)
    }


def _computed_of(body: Iterable[ast.stmt], names: set[str], without: ast.AST | None, *, without_sums: bool = False) -> set[str]:
    """Names that statements bind to what they compute of others, also through one another."""
    found: set[str] = set()
    for it in _statements(body, without):
        for name, value in bindings(it):
            if not (without_sums and (isinstance(it, ast.AugAssign) or reads(value, name))) and any(reads(value, known) for known in names | found):
                found.add(name)
    return found


def _statements(body: Iterable[ast.AST], without: ast.AST | None = None) -> Iterator[ast.stmt]:
    """Statements in the order of the source, those in blocks too; functions and classes are left out, and one statement with all that is in it."""
    for node in body:
        if node is without or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            continue
        if isinstance(node, ast.stmt):
            yield node
        yield from _statements(children(node), without)


def _is_of(spot: Spot, names: set[str], part: str) -> bool:
    """Whether the values of a spot are computed of some names, or bound to one of them."""
    return spot.variable in names or (spot.variable != part and any(reads(value, it) for value in _values(spot) for it in names))


def _values(spot: Spot) -> Iterator[ast.expr]:
    if spot.node is not None:
        yield spot.node
    if spot.assignment is not None:
        yield spot.assignment.value
    yield from (it.value for it in spot.bindings)


def _is_call(node: ast.AST, function: str) -> bool:
    return isinstance(node, ast.Call) and path_of(node.func)[-1:] == [function]


def _root(node: ast.expr) -> str:
    """`stats` of `stats["loss"]`; of an attribute of the object itself nothing."""
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node.id if isinstance(node, ast.Name) and node.id != "self" else ""
