"""Params from literals: names bound once at top level to a number, a word, a flag or a small collection, and used for more than showing."""

from __future__ import annotations

import ast
import contextlib
import operator
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nbtrack.capture import link
from nbtrack.capture.identity import of_cell
from nbtrack.capture.kinds import TELLING, WORK, is_param_name, is_param_value
from nbtrack.capture.naming import claim
from nbtrack.capture.program import Program, program_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.uses import is_limit_of_drawing, uses_in
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.document import tagged_cells
from nbtrack.notebooks.nodes import children, walk
from nbtrack.patterns import regex

_ITEMS = 50
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_, ast.LShift: operator.lshift,
}  # fmt: skip
_SCHEDULES = regex(
    r"(^|_)(alpha|lr|eta|epsilon|eps|temperature|temp|tau|learning_rate|exploration\w*|step_size|momentum|tasa|taxa|taux|lernrate|学习率)\d*($|_)",
    re.I,
)
"""Settings that loops change step by step."""
_LARGEST = 1e18
_NESTED = 20


class Literals(Source):
    """Literals of the tracked cell, and those of earlier cells that it needs."""

    name = "literals"
    kind = "params"

    def before(self, cell: Cell) -> Iterable[Finding]:
        yield from claim(cell, self._found(cell))

    def _found(self, cell: Cell) -> Iterator[Finding]:
        program = program_of(cell)
        uses = uses_in(program)
        own = literal_bindings(cell.entry.tree)
        for name, value in own.items():
            if name in cell.request.measured or not is_param_name(name) or not is_param_value(value, name):
                continue
            if is_limit_of_drawing(program, name):
                continue
            is_used = name in uses.of
            if uses.matter(name, value) or (cell.is_own and (not is_used or TELLING.search(name))):
                yield Finding("param", name, value, "bound to a literal in the cell")
        for name, value in swept(cell):
            if name not in own:
                yield Finding("param", name, value, "a loop goes through these values")
        for name, value in looped_literals(cell):
            if name not in own and WORK in uses.of.get(name, set()) and is_param_name(name) and is_param_value(value, name):
                yield Finding("param", name, value, "bound to a literal in a loop, and given to what is trained")
        begun = scheduled(cell)
        for name, value in _first_literals(cell.entry.tree, begun).items():
            if type(value) in (int, float) and value and name not in cell.request.measured:
                yield Finding("param", name, value, "bound to a literal, from which a loop changes it")
        for name, value, entry in earlier_literals(cell, program, begun):
            if name in own or name in cell.request.measured or not is_param_name(name) or not is_param_value(value, name):
                continue
            if (uses.matter(name, value) or name in begun) and not is_limit_of_drawing(program, name):
                yield Finding("param", name, value, f"bound to a literal in cell {entry.execution_count or entry.number}, and used here")


class Parameters(Source):
    """Literals of parameters cells, for every later cell of the kernel.

    Such is the cell that papermill injected, one that says `# parameters` on its first line, and one that the notebook tags so.
    """

    name = "parameters"
    kind = "params"

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._shell: Any = None
        self._saved_ns = 0
        self._tagged: frozenset[str] = frozenset()

    def start(self, shell: Any) -> None:
        self._shell = shell

    def enter(self, entry: Entry) -> None:
        first = entry.source.lstrip().partition("\n")[0].strip().lower()
        if first in ("# parameters", "#parameters") or entry.source.strip() in self._tagged_cells():
            self._values.update(literal_bindings(entry.tree))

    def _tagged_cells(self) -> frozenset[str]:
        """Sources of the cells that the notebook tags as parameters: as it stands in the front end, else as it was saved last."""
        said = link.told(self._shell) if self._shell is not None else None
        if said is not None and said.cells is not None:
            return frozenset(it.source.strip() for it in said.cells if "parameters" in it.tags)
        path = of_cell(self._shell, None).notebook if self._shell is not None else ""
        if not path:
            return frozenset()
        try:
            saved_ns = Path(path).stat().st_mtime_ns
        except OSError:
            return frozenset()
        if saved_ns != self._saved_ns:
            self._saved_ns, self._tagged = saved_ns, tagged_cells(Path(path), "parameters")
        return self._tagged

    def before(self, cell: Cell) -> Iterable[Finding]:
        wanted = {name: value for name, value in self._values.items() if name not in cell.request.measured}
        yield from claim(cell, (Finding("param", name, value, "bound in the parameters cell") for name, value in wanted.items()))


def looped_literals(cell: Cell) -> Iterator[tuple[str, Any]]:
    """Numbers other than nought, and words, that a top-level loop binds once and nothing changes: `num_round = 200` beside the call that needs it."""
    body = cell.entry.tree.body if cell.entry.tree is not None else []
    loops = [it for it in body if isinstance(it, (ast.For, ast.While))]
    if not loops or cell.entry.tree is None:
        return
    bound = Counter(_bound_names(cell.entry.tree))
    for statement in (inner for loop in loops for inner in loop.body):
        for name, node in pairs(statement):
            if bound[name] == 1:
                with contextlib.suppress(ValueError):
                    value = evaluate(node)
                    if (type(value) in (int, float) and value) or (type(value) is str and value):
                        yield name, value


def swept(cell: Cell) -> Iterator[tuple[str, Any]]:
    """Settings that top-level loops go through: `for lr in [0.1, 0.01]`."""
    body = cell.entry.tree.body if cell.entry.tree is not None else []
    while loops := [it for it in body if isinstance(it, ast.For)]:
        for loop in loops:
            if isinstance(loop.target, ast.Name) and isinstance(loop.iter, (ast.List, ast.Tuple)) and TELLING.search(loop.target.id):
                with contextlib.suppress(ValueError):
                    values = evaluate(loop.iter)
                    is_of_data = len(loop.target.id) == 1 and all(type(it) is str for it in values)  # `for c in ["age", "income"]`: columns
                    if not is_of_data and 1 < len(values) <= _ITEMS and is_param_name(loop.target.id) and all(is_param_value(it) for it in values):
                        yield loop.target.id, list(values)
        body = [inner for loop in loops for inner in loop.body]


def scheduled(cell: Cell) -> set[str]:
    """Settings that only loops of the cell change: `alpha = alpha * decay`; what they begin with is a param."""
    tree = cell.entry.tree
    loops = [it for it in tree.body if isinstance(it, (ast.For, ast.While))] if tree is not None else []
    if tree is None or not any(_SCHEDULES.search(name) for name in cell.entry.scope.writes):
        return set()
    inside = Counter(it.id for loop in loops for it in walk(loop) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store) and _SCHEDULES.search(it.id))
    targets = {it.id for loop in loops for inner in walk(loop) if isinstance(inner, ast.For) for it in walk(inner.target) if isinstance(it, ast.Name)}
    outside = Counter(_bound_names(tree))
    return {name for name, count in inside.items() if name not in targets and outside[name] - count <= 1}


def _first_literals(tree: ast.Module | None, names: Collection[str]) -> dict[str, Any]:
    """What a cell binds some names to at top level, where that is a literal."""
    found: dict[str, Any] = {}
    for statement in tree.body if tree is not None and names else ():
        for name, node in pairs(statement):
            if name in names:
                with contextlib.suppress(ValueError):
                    found.setdefault(name, evaluate(node))
    return found


def earlier_literals(cell: Cell, program: Program, begun: Collection[str] = ()) -> Iterator[tuple[str, Any, Entry]]:
    """Names that earlier cells bound to a literal and that hold until this cell, with the value they have now.

    Args:
        begun: names that the cell changes, and whose value before it counts.
    """
    rebound = cell.entry.scope.writes - set(begun)
    bound: dict[str, tuple[Any, Entry]] = {}
    for part in program.earlier:
        names = part.scope.writes
        if not names:
            continue
        inside = part.entry.facts.get("literals")
        if inside is None:
            inside = part.entry.facts["literals"] = literal_bindings(part.entry.tree)
        for name in names:
            bound.pop(name, None)
            if name in inside and name not in rebound:
                bound[name] = (inside[name], part.entry)
    for name, (value, entry) in bound.items():
        now = cell.namespace.get(name, value)
        if type(now) is type(value) and type(now) in (bool, int, float, str, list, tuple):
            yield name, now, entry


def literal_bindings(tree: ast.Module | None) -> dict[str, Any]:
    """Names bound at top level, and nowhere else in the code, to a literal or an expression of literals; none where the code did not parse.

    One that is written twice, `epochs = 100` and once more, has its value.
    """
    if tree is None:
        return {}
    bound = Counter(_bound_names(tree))
    found: dict[str, Any] = {}
    written: dict[str, list[ast.expr]] = defaultdict(list)
    for statement in tree.body:
        for name, node in pairs(statement):
            written[name].append(node)
    for name, nodes in written.items():
        if bound[name] != len(nodes) or name.startswith("_") or any(ast.dump(it) != ast.dump(nodes[0]) for it in nodes[1:]):
            continue
        try:
            value = evaluate(nodes[0])
        except ValueError:
            continue
        if not isinstance(value, (bytes, type(...))) and not (isinstance(value, (list, tuple, dict, set)) and (not value or len(value) > _ITEMS)):
            found[name] = value
    return found


def evaluate(node: ast.expr, names: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """Value of an expression of literals, such as `[64] * 3` or `1e-3 / 10`.

    Args:
        names: values of names that may stand in it.

    Raises:
        ValueError: it is something else, or too large.
    """
    if depth > _NESTED:
        raise ValueError("nested too deeply")
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() if names is not None and node.id in names:
            return names[node.id]
        case ast.List() | ast.Tuple() | ast.Set():
            items = [evaluate(it, names, depth + 1) for it in node.elts]
            try:
                return set(items) if isinstance(node, ast.Set) else tuple(items) if isinstance(node, ast.Tuple) else items
            except TypeError as cause:
                raise ValueError(str(cause)) from cause
        case ast.Dict():
            return _mapping([(key, value) for key, value in zip(node.keys, node.values, strict=True)], names, depth)
        case ast.Call(func=ast.Name(id="dict"), args=[]):
            return {keyword.arg: evaluate(keyword.value, names, depth + 1) for keyword in node.keywords if keyword.arg is not None}
        case ast.Call(func=ast.Name(id="int" | "float"), args=[ast.expr() as only], keywords=[]):
            return _computed(float if getattr(node.func, "id", "") == "float" else int, evaluate(only, names, depth + 1))
        case ast.UnaryOp() if type(node.op) in _OPERATORS:
            return _computed(_OPERATORS[type(node.op)], evaluate(node.operand, names, depth + 1))
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _computed(_OPERATORS[type(node.op)], evaluate(node.left, names, depth + 1), evaluate(node.right, names, depth + 1))
    raise ValueError("no literal")


def _mapping(items: list[tuple[ast.expr | None, ast.expr]], names: Mapping[str, Any] | None, depth: int) -> dict[Any, Any]:
    try:
        return {evaluate(key, names, depth + 1): evaluate(value, names, depth + 1) for key, value in items if key is not None}
    except TypeError as cause:
        raise ValueError(str(cause)) from cause


def _computed(act: Callable[..., Any], *operands: Any) -> Any:
    """The result of an operator, where it is cheap to compute."""
    numbers = [it for it in operands if isinstance(it, (int, float))]
    others = [it for it in operands if not isinstance(it, (int, float))]
    if any(abs(it) > _LARGEST for it in numbers) or (act in (operator.pow, operator.lshift) and any(abs(it) > 64 for it in numbers[1:])):
        raise ValueError("too large")
    is_long = any(len(it) > _ITEMS for it in others if hasattr(it, "__len__")) or any(it > _ITEMS for it in numbers)
    if others and (act not in (operator.mul, operator.add) or is_long):
        raise ValueError("no arithmetic of numbers")
    if others and isinstance(others[0], (bytes, str)) and act is not operator.add:
        raise ValueError("no arithmetic of numbers")
    try:
        return act(*operands)
    except (ArithmeticError, TypeError, ValueError) as cause:
        raise ValueError(str(cause)) from cause


def pairs(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Names a statement binds, each with the expression it is bound to; what `with`, `if __name__ == ...` and `try` hold counts as top level."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.value
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(statement.value, (ast.Tuple, ast.List)):
                names, values = target.elts, statement.value.elts
                yield from ((left.id, right) for left, right in zip(names, values, strict=False) if isinstance(left, ast.Name) and len(names) == len(values))
    if isinstance(statement, (ast.With, ast.AsyncWith)) or (isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test)):
        for inner in statement.body:
            yield from pairs(inner)


def _bound_names(tree: ast.AST) -> Iterator[str]:
    """Every binding of a name outside functions and classes; a `global` counts as one."""
    for node in children(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
            yield from (name for inner in walk(node) if isinstance(inner, ast.Global) for name in inner.names)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        yield from _bound_names(node)
