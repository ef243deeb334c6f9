"""Params from descents that are written out: the factor of the gradient in `w -= 0.05 * w.grad`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from nbtrack.capture.branches import untaken
from nbtrack.capture.naming import Candidate, params
from nbtrack.capture.program import Definition, program_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.notebooks.nodes import walk, walked
from nbtrack.patterns import regex

_GRADIENT = regex(r"(^|_)(grads?|gradients?|nabla)(_|$|\d)|^d[A-Za-z]\w?$|^d_\w+$")
"""`dw` and `d_weights` among them."""


class Updates(Source):
    """The learning rate that loops of the cell, or of functions that it reaches, have as a number in their update."""

    name = "updates"
    kind = "params"

    def before(self, cell: Cell) -> Iterable[Finding]:
        program, dead = program_of(cell), untaken(cell)
        nodes = [*(part.node for part in program.own if not isinstance(part.node, Definition)), *program.reached]
        loops = [it for node in nodes for it in walked(node) if isinstance(it, (ast.For, ast.While)) and id(it) not in dead]
        rates = {rate for loop in loops for rate in rates_in(loop)}
        if len(rates) == 1:  # of several nobody can say which one is meant
            yield from params(cell, [Candidate("learning_rate", rates.pop(), "the factor of a gradient in an update")])


def rates_in(loop: ast.AST) -> Iterator[float]:
    """Numbers by which the updates in a loop take a gradient."""
    for it in walk(loop):
        step: ast.expr | None = None
        if isinstance(it, ast.AugAssign) and isinstance(it.op, (ast.Sub, ast.Add)):
            step = it.value
        elif isinstance(it, ast.Assign) and isinstance(it.value, ast.BinOp) and isinstance(it.value.op, (ast.Sub, ast.Add)):
            step = it.value.right if ast.unparse(it.value.left) == ast.unparse(it.targets[0]) else None
        if isinstance(step, ast.BinOp) and isinstance(step.op, ast.Mult):
            for factor, other in ((step.left, step.right), (step.right, step.left)):
                if isinstance(factor, ast.Constant) and type(factor.value) is float and _is_gradient(other):
                    yield factor.value


def _is_gradient(node: ast.expr) -> bool:
    names = (it.id if isinstance(it, ast.Name) else it.attr if isinstance(it, ast.Attribute) else "" for it in walk(node))
    return any(_GRADIENT.search(it) for it in names)
