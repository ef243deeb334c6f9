"""Params from descents that are written out: the factor of the gradient in `w -= 0.05 * w.grad`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from nbtrack.capture.branches import untaken
from nbtrack.capture.naming import Candidate, params
from nbtrack.capture.program import program_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.notebooks.nodes import walk, walked
from nbtrack.patterns import regex

_GRADIENT = regex(r"(^|_)(grads?|gradients?|nabla)(_|$|\d)")


class Updates(Source):
    """The learning rate that loops of the cell, or of functions that it reaches, have as a number in their update."""

    name = "updates"
    kind = "params"

    def before(self, cell: Cell) -> Iterable[Finding]:
        program, dead = program_of(cell), untaken(cell)
        loops = [it for node in program.executed for it in walked(node) if isinstance(it, (ast.For, ast.While)) and id(it) not in dead]
        rates = {rate for loop in loops for rate in rates_in(loop)}
        if len(rates) == 1:  # of several nobody can say which one is meant
            yield from params(cell, [Candidate("learning_rate", rates.pop(), "the factor of a gradient in an update")])


def rates_in(loop: ast.AST) -> Iterator[float]:
    """Numbers by which the updates in a loop go against a gradient: `w -= 0.05 * w.grad`, `w = w - 0.1 * dw / m`, `w += -0.3 * grad`."""
    for it in walk(loop):
        target: ast.expr
        if isinstance(it, ast.AugAssign):
            target, step, is_down = it.target, it.value, isinstance(it.op, ast.Sub)
            is_step = isinstance(it.op, (ast.Sub, ast.Add))
        elif isinstance(it, ast.Assign) and isinstance(it.value, ast.BinOp) and isinstance(it.value.op, (ast.Sub, ast.Add)):
            target, step, is_down = it.targets[0], it.value.right, isinstance(it.value.op, ast.Sub)
            is_step = ast.unparse(it.value.left) == ast.unparse(target)
        else:
            continue
        factors = list(_factors(step)) if is_step else []
        is_negated = any(isinstance(it, ast.UnaryOp) and isinstance(it.op, ast.USub) for it in factors)
        numbers = [it.operand if isinstance(it, ast.UnaryOp) else it for it in factors]
        rates = [it.value for it in numbers if isinstance(it, ast.Constant) and isinstance(it.value, float)]
        if len(rates) == 1 and is_down != is_negated and any(_is_gradient(it, _name_of(target)) for it in factors):
            yield rates[0]


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """What is multiplied in a product: of `0.1 * (1 / m) * dw` the `0.1`, the `1` and `dw`; a minus stands with its number."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield from _factors(node.left)
    else:
        yield node


def _is_gradient(node: ast.expr, of: str) -> bool:
    """Whether an expression is a gradient: its name says so, or is `d` before the name of what is updated."""
    names = [it.id if isinstance(it, ast.Name) else it.attr if isinstance(it, ast.Attribute) else "" for it in walk(node)]
    return any(_GRADIENT.search(it) or (of and it in (f"d{of}", f"d_{of}")) for it in names)


def _name_of(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
