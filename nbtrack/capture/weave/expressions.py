"""Questions to expressions and statements that the code answers by itself, whatever its names mean."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from nbtrack.capture.weave.words import is_duration, is_measure, is_measured
from nbtrack.notebooks.nodes import children, walk

_SAME = frozenset(("item", "detach", "cpu", "numpy", "tolist", "clone", "float", "double", "squeeze"))
_SAME_CALLS = frozenset(("float", "round", "str", "repr", "Decimal"))


def is_score(node: ast.expr) -> bool:
    """Whether an expression says what it measures by what it calls or reads: `model.score(X, y)`, `np.sqrt(mean_squared_error(a, b))`, `(a == b).mean()`."""
    for it in walk(node):
        if isinstance(it, ast.Compare):
            return True
        word = it.id if isinstance(it, ast.Name) else it.attr if isinstance(it, ast.Attribute) else ""
        if word and is_measured(word):
            return True
    return False


def is_call_of_measure(node: ast.expr) -> bool:
    """`costo(X, y, theta)`: a function whose name says what it measures."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and is_measure(node.func.id)


def is_scaled(node: ast.expr, name: str) -> bool:
    """Whether an expression is a name, changed by signs and literals alone."""
    if isinstance(node, ast.BinOp):
        sides = [it for it in (node.left, node.right) if not isinstance(it, ast.Constant)]
        return len(sides) == 1 and is_scaled(sides[0], name)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, (ast.USub, ast.UAdd)) and is_scaled(node.operand, name)
    return isinstance(node, ast.Name) and node.id == name


def beside(name: str, statements: Iterable[ast.stmt | None]) -> Iterator[str]:
    """What else is unpacked where statements bind a name, from what is no next step of it."""
    for statement in statements:
        them = [it for target in statement.targets for it in names(target)] if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.Assign) and not any(reads(statement.value, it) for it in them):
            yield from (it for it in them if it != name)


def counts_steps(node: ast.expr, name: str) -> bool:
    """Whether a length is that of an episode by its name: `len(path) - 1` with the label "steps"."""
    return is_duration(name) and any(isinstance(it, ast.Call) and isinstance(it.func, ast.Name) and it.func.id == "len" for it in walk(node))


def innermost(node: ast.expr) -> ast.expr:
    """The expression whose value is shown, below `.item()`, `float()`, `round()` and the like."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SAME and not node.args:
            node = node.func.value
        elif isinstance(node.func, ast.Name) and node.func.id in _SAME_CALLS and node.args:
            node = node.args[0]
        else:
            break
    return node


def reads(node: ast.AST, name: str) -> bool:
    return any(isinstance(it, ast.Name) and it.id == name for it in walk(node))


def is_changed(name: str, body: list[ast.stmt]) -> bool:
    """Whether statements bind a name to something else, or delete it."""
    return any(isinstance(it, ast.Name) and it.id == name and not isinstance(it.ctx, ast.Load) for statement in body for it in walk(statement))


def binds_names(statement: ast.AugAssign | ast.Assign) -> bool:
    """Whether it binds names alone, and no item or attribute."""
    targets = [statement.target] if isinstance(statement, ast.AugAssign) else statement.targets
    return all(isinstance(part, (ast.Name, ast.Tuple, ast.List)) for part in targets)


def only(node: ast.expr) -> ast.expr | None:
    """The one item of a list that is written out."""
    return node.elts[0] if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 1 and not isinstance(node.elts[0], ast.Starred) else None


def container_name(node: ast.expr) -> str:
    """What a list is called: `losses`, `self.losses`, `history["loss"]` (`loss`), `history["train"]["loss"]` (`train_loss`)."""
    if isinstance(node, ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            above = container_name(node.value) if isinstance(node.value, ast.Subscript) else ""
            return f"{above}_{key.value}" if above else key.value
        return container_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):  # history.setdefault("loss", []).append(loss)
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value
        return container_name(node.func.value) if keys_of(node) and isinstance(node.func, ast.Attribute) else ""
    return node.id if isinstance(node, ast.Name) else ""


def keys_of(node: ast.expr) -> list[ast.expr]:
    """The keys that are no constants under which a dict has a list, from the outermost on: `losses[lr]`, `losses.setdefault(lr, [])`."""
    if isinstance(node, ast.Subscript):
        return [*keys_of(node.value), *([] if isinstance(node.slice, (ast.Constant, ast.Slice, ast.UnaryOp)) else [node.slice])]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault" and node.args:
        return [*keys_of(node.func.value), *([] if isinstance(node.args[0], ast.Constant) else [node.args[0]])]
    return []


def blocks_of(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks of a compound statement that is no loop, function or class."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While)):
        return []
    found: list[list[ast.stmt]] = []
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list) and block:
            found.append(block)
    found.extend(inner.body for name in ("handlers", "cases") for inner in getattr(statement, name, []))
    return found


def own_expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    for child in children(statement):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def walk_once(node: ast.expr) -> Iterator[ast.AST]:
    """Nodes of an expression that run once where it stands: no lambdas, no comprehensions."""
    waiting: list[ast.AST] = [node]
    while waiting:
        it = waiting.pop()
        yield it
        if not isinstance(it, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting.extend(children(it))


def name_nodes(node: ast.AST) -> Iterator[ast.Name]:
    if isinstance(node, ast.Name):
        yield node
    elif isinstance(node, (ast.Tuple, ast.List)):
        for part in node.elts:
            yield from name_nodes(part)
    elif isinstance(node, ast.Starred):
        return


def names(node: ast.AST | None) -> list[str]:
    return [] if node is None else [it.id for it in name_nodes(node)]
