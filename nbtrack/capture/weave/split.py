"""What tells the values of one place in a loop apart, so that by each word or setting they are another quantity."""

from __future__ import annotations

import ast

from nbtrack.capture.weave.expressions import innermost, is_changed, names
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.scope import Loop, Report, Scope
from nbtrack.capture.weave.spot import Spot
from nbtrack.capture.weave.words import is_history, is_measure, is_step
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

_NAMES = regex(r"(^|_)(name|names|label|method|algo|algorithm|optimizer_name|model_name|title|kind|phase|split|nom|nombre|nome|имя|название|名称|名前)$")
"""What a loop's variable is called that goes through words."""


def split_of(spot: Spot, scope: Scope) -> ast.expr | None:
    """What tells the steps of a loop through several things apart, none of which is the next point of another: models by name, phases, measures."""
    at: Loop | None = spot.loop
    while at is not None:
        is_outermost = at.parent is None and not scope.place
        is_among = (at.parent is not None and at.parent.is_iterating) or (is_outermost and (at is spot.loop or spot.loop.is_iterating))
        if is_among and isinstance(at.node, (ast.For, ast.AsyncFor)) and (name := _word(at.node.target, at.node.iter, scope)):
            return None if is_changed(name, at.node.body) else ast.Name(name, ast.Load())
        at = at.parent
    about, loop = spot.about, spot.loop.node
    said = _bound_once(about.id, loop) if isinstance(about, ast.Name) else about
    targets = {it.id for it in walk(spot.loop.node.target) if isinstance(it, ast.Name)} if isinstance(spot.loop.node, ast.For) else set()
    is_told = isinstance(said, ast.Attribute) and said.attr == "__name__" and {it.id for it in walk(said) if isinstance(it, ast.Name)} - {"type"} <= targets
    told = said if spot.variable else about  # where a name is bound, another need not be bound yet
    return told if is_told and not any(is_changed(name, spot.loop.node.body) for name in targets) else None


def _bound_once(name: str, loop: ast.AST) -> ast.expr | None:
    """What a statement of the loop itself binds the name to, where no other does: `kind = model.__class__.__name__`."""
    bound = [it for it in walk(loop) if isinstance(it, ast.Name) and it.id == name and isinstance(it.ctx, ast.Store)]
    given = [it.value for it in getattr(loop, "body", ()) if isinstance(it, ast.Assign) and len(it.targets) == 1 and it.targets[0] in bound]
    return given[0] if len(bound) == len(given) == 1 else None


def is_among_lists(spot: Spot, scope: Scope) -> bool:
    """Whether a top-level loop goes through lists side by side and gives each a value of its own: `for net, losses in zip(nets, all_losses)`."""
    return not scope.place and isinstance(spot.loop.node, ast.For) and bool(lists_given(spot.loop.node))


def lists_given(loop: ast.For) -> dict[str, str]:
    """Variables by which a loop appends to the members of lists of lists, and the names of those, where they say a measure: `losses` and `all_losses` above."""
    gets = {
        it.func.value.id
        for it in walk(loop)
        if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute) and it.func.attr == "append" and isinstance(it.func.value, ast.Name)
    }
    return {variable: source for variable, source in _pairs(loop.target, loop.iter) if variable in gets and (is_measure(source) or is_history(source))}


def _pairs(target: ast.expr, iterated: ast.expr) -> list[tuple[str, str]]:
    """Variables of a loop, each with the name that it goes through, where it is one."""
    function = path_of(iterated.func) if isinstance(iterated, ast.Call) else []
    if isinstance(iterated, ast.Call) and function == ["enumerate"] and iterated.args and isinstance(target, ast.Tuple) and len(target.elts) == 2:
        return _pairs(target.elts[1], iterated.args[0])
    if isinstance(iterated, ast.Call) and function == ["zip"] and isinstance(target, ast.Tuple) and len(target.elts) == len(iterated.args):
        return [pair for it, source in zip(target.elts, iterated.args, strict=True) for pair in _pairs(it, source)]
    return [(target.id, iterated.id)] if isinstance(target, ast.Name) and isinstance(iterated, ast.Name) else []


def kept_by_setting(spot: Spot) -> Report | None:
    """Where loops around go through settings, and a dict keeps the values of each: `losses[lr].append(loss)`."""
    around: dict[str, Loop] = {}
    at = spot.loop.parent
    while at is not None:
        around |= {it: at for it in names(at.node.target) if not is_step(it)} if isinstance(at.node, (ast.For, ast.AsyncFor)) else {}
        at = at.parent
    for report in spot.loop.reports:
        core = innermost(report.node)
        is_it = report.node is spot.node or (bool(spot.variable) and isinstance(core, ast.Name) and core.id == spot.variable)
        keys = [it.id for key in report.keys for it in walk(key) if isinstance(it, ast.Name)]
        is_plain = all(isinstance(part, (ast.Name, ast.Constant)) for key in report.keys for part in (key.elts if isinstance(key, ast.Tuple) else [key]))
        if is_it and keys and is_plain and all(it in around and not is_changed(it, around[it].node.body) for it in keys):
            return report
    return None


def _word(target: ast.expr, iterated: ast.expr, scope: Scope) -> str:
    """The variable of a loop that goes through words, as far as the code tells: written out, keys of a dict, or by what it is called."""
    is_items = isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute) and iterated.func.attr == "items"
    first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
    if isinstance(iterated, ast.Call) and path_of(iterated.func) == ["enumerate"] and isinstance(target, ast.Tuple) and len(target.elts) == 2:
        second = target.elts[1]
        first = second.elts[0] if isinstance(second, ast.Tuple) and second.elts else second
        iterated = iterated.args[0] if iterated.args else iterated
    if isinstance(iterated, ast.Call) and path_of(iterated.func) == ["zip"] and isinstance(target, ast.Tuple) and len(target.elts) == len(iterated.args):
        return next((word for it, source in zip(target.elts, iterated.args, strict=True) if (word := _word(it, source, scope))), "")
    if not isinstance(first, ast.Name):
        return ""
    if _NAMES.search(first.id) and not (isinstance(iterated, ast.Call) and path_of(iterated.func)[-1:] == ["range"]):
        return first.id
    if is_items:
        return first.id if isinstance(target, ast.Tuple) else ""
    if isinstance(iterated, ast.Name):
        known = scope.own.get(iterated.id, [])
        iterated = known[0] if len(known) == 1 else iterated
    items = iterated.keys if isinstance(iterated, ast.Dict) else iterated.elts if isinstance(iterated, (ast.List, ast.Tuple)) else []
    words = [it.elts[0] if isinstance(it, (ast.Tuple, ast.List)) and it.elts and first is not target else it for it in items]
    return first.id if words and all(isinstance(it, ast.Constant) and isinstance(it.value, str) for it in words) else ""
