"""What an expression names, hands over and may hold, from its syntax tree alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from nbtrack.notebooks.nodes import children, walk

FRESH = {"len", "str", "int", "float", "bool", "repr", "type", "isinstance", "hasattr", "id", "sum", "round", "abs", "hash", "format", "range"}
"""Functions whose result shares nothing with what they are handed."""
_MAKES = frozenset(
    re.findall(
        r"\w+",
        "zeros ones empty full zeros_like ones_like empty_like full_like arange linspace logspace eye identity rand randn randint normal uniform copy clone"
        " deepcopy dot matmul sum mean std var exp log log2 log10 sqrt abs maximum minimum where cumsum cumprod concatenate hstack vstack stack argmax argmin"
        " item tolist predict predict_proba decision_function score perf_counter time",
    )
)
"""Functions and methods whose result is a thing of its own, in the libraries of numbers."""


def bound_in(node: ast.AST) -> Iterator[str]:
    """Names that belong to a function or class itself: its arguments and what its body binds, functions inside it left out."""
    waiting: list[ast.AST] = children(node)
    while waiting:
        child = waiting.pop()
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child.name
            continue
        if isinstance(child, ast.Lambda):
            continue
        if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            yield child.id
        elif isinstance(child, ast.arg):
            yield child.arg
        elif isinstance(child, ast.alias):
            yield child.asname or child.name.partition(".")[0]
        elif isinstance(child, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and child.name:
            yield child.name
        waiting.extend(children(child))


def chain_of(node: ast.expr) -> tuple[tuple[str, ...], bool]:
    """An expression such as `a.b[0].c` as ("a", "b", "c"), and whether a call stands in it; empty where it begins with no name."""
    parts: list[str] = []
    is_through_call = False
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, (ast.Subscript, ast.Starred, ast.Await)):
            node = node.value
        elif isinstance(node, ast.Call):
            is_through_call = True
            node = node.func
        else:
            break
    return ((node.id, *reversed(parts)) if isinstance(node, ast.Name) else (), is_through_call)


def tail_of(node: ast.expr) -> tuple[str, ...]:
    """The attribute an expression ends with, if it does."""
    return (node.attr,) if isinstance(node, ast.Attribute) else ()


def handed(node: ast.expr) -> Iterable[str]:
    """Names whose objects an argument may hand over."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Constant):
        return ()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FRESH:
        return ()
    if isinstance(node, (ast.JoinedStr, ast.Compare)):
        return ()
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        return displayed(node)
    return [name for child in children(node) if isinstance(child, (ast.expr, ast.keyword, ast.comprehension)) for name in _handed_in(child)]


def displayed(node: ast.expr) -> list[str]:
    """Names that stand in a list, tuple or dict among the operands: their objects outlast the arithmetic."""
    if isinstance(node, ast.BinOp):
        return [*displayed(node.left), *displayed(node.right)]
    if isinstance(node, (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)):
        return list(handed(node))
    return []


def may_hold(node: ast.expr) -> set[str]:
    """Names whose objects the value of an expression may be, or hold; arithmetic and what is known to make things anew give none."""
    if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Compare)):
        return set()
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        return set(displayed(node))
    if isinstance(node, ast.Call):
        chain, _ = chain_of(node.func)
        if (
            (len(chain) == 1 and chain[0] in FRESH)
            or (len(chain) > 1 and chain[-1] in _MAKES)
            or (not chain and tail_of(node.func)[-1:] and tail_of(node.func)[0] in _MAKES)
        ):
            return set()
    return {inner.id for inner in walk(node) if isinstance(inner, ast.Name)}


def sharing(function: ast.AST) -> set[str]:
    """Names of a function's own that may mean objects from outside: its arguments, and what is bound to anything but new things."""
    found: set[str] = set()
    for node in walk(function):
        targets: list[ast.AST] = []
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Assign):
            targets = list(node.targets) if not _is_new(node.value) else []
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            targets = [node.target] if node.value is not None and not _is_new(node.value) else []
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            targets = [node.target] if not (isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name) and node.iter.func.id == "range") else []
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            targets = [node.optional_vars]
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        found.update(inner.id for target in targets for inner in walk(target) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store))
    return found


def _is_new(node: ast.expr) -> bool:
    """Whether an expression makes its value anew, sharing nothing with what is there."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(_is_new(item) for item in node.elts)
    return not may_hold(node)


def _handed_in(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.keyword):
        return handed(node.value)
    if isinstance(node, ast.comprehension):
        return handed(node.iter)
    return handed(node) if isinstance(node, ast.expr) else ()


def text_of(node: ast.expr, *, any_literal: bool = False) -> str | None:
    """A text that stands in the code: a literal, paths joined with `/`, `Path("...")`, or `=name` for a name that may hold one."""
    if isinstance(node, ast.Constant) and (isinstance(node.value, str) or any_literal):
        return str(node.value)
    if isinstance(node, ast.Name):
        return f"={node.id}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        left, right = text_of(node.left), text_of(node.right)
        return f"{left}/{right}" if left and right and "=" not in (left[0], right[0]) else None
    if isinstance(node, ast.Call):
        chain, _ = chain_of(node.func)
        parts = [text_of(arg) for arg in node.args]
        if chain and (chain[-1] in ("Path", "PurePath") or chain[-2:] == ("path", "join")) and parts:
            if len(parts) == 1:
                return parts[0]
            plain = [part for part in parts if part is not None and not part.startswith("=")]
            return "/".join(plain) if len(plain) == len(parts) else None
    return None


def name_in(node: ast.expr) -> str:
    """A name that stands in the code as a text; empty where none does."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier() else ""


def is_main(node: ast.expr) -> bool:
    """Whether it names the notebook's own module."""
    return (isinstance(node, ast.Constant) and node.value == "__main__") or (isinstance(node, ast.Name) and node.id == "__name__")


def is_shell(node: ast.Call) -> bool:
    """Whether it is a call of IPython's shell, as its transformer makes them of magics."""
    func = node.func
    return (
        isinstance(func, ast.Attribute) and isinstance(func.value, ast.Call) and isinstance(func.value.func, ast.Name) and func.value.func.id == "get_ipython"
    )
