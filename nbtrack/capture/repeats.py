"""Params from loops that run a written number of times: `for epoch in range(100)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Set

from nbtrack.capture.branches import untaken
from nbtrack.capture.kinds import is_bar
from nbtrack.capture.literals import evaluate
from nbtrack.capture.naming import Candidate, params
from nbtrack.capture.program import Program, program_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.updates import rates_in
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import walk, walked
from nbtrack.patterns import regex

_WORD = regex(r"(epoch|iteration|episode|generation)s?|(iter|it)", re.I)
_SAID = regex(r"\b(epoch|iteration|episode|generation)\b", re.I)

_OTHERS = regex(r"fold|seed|trial|rep|run|sample|model|client|agent", re.I)
"""Of a loop's variable: it goes through several trainings, or through cases."""


class Repeats(Source):
    """How often the cell, or a function that it reaches, goes round: epochs, iterations, episodes, generations."""

    name = "repeats"
    kind = "params"

    def before(self, cell: Cell) -> Iterable[Finding]:
        program, dead = program_of(cell), untaken(cell)
        yield from params(cell, (it for node in program.executed for it in _found(program, node, dead)))


def _found(program: Program, node: ast.AST, dead: Set[int]) -> Iterator[Candidate]:
    for loop in walked(node):
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name) or id(loop) in dead:
            continue
        count = _count(program, loop.iter)
        word = _word(loop) if count is not None and not _parts_another(loop, count) else ""
        if word:
            yield Candidate(word, count, "how often a loop runs")


def _count(program: Program, node: ast.expr) -> int | None:
    """The steps of `range(100)` or `tqdm(range(1, 101))`; None where no literal says so."""
    if isinstance(node, ast.Call) and node.args and is_bar(program.dotted(node.func)) and isinstance(node.args[0], ast.Call):
        node = node.args[0]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords or not node.args:
        return None
    if node.func.id not in ("range", "trange") or node.func.id in program.definitions:
        return None
    try:
        count = len(range(*(evaluate(it) for it in node.args)))
    except (ValueError, TypeError, OverflowError):
        return None
    return count if count > 1 else None


def _parts_another(loop: ast.For, count: int) -> bool:
    """Whether it goes through as many parts of another loop, to show how far that is: `for i in range(10): for e in range(episodes // 10)`."""
    divisors = [it.right for it in walk(loop) if isinstance(it, ast.BinOp) and isinstance(it.op, (ast.Div, ast.FloorDiv)) and isinstance(it.left, ast.Name)]
    return any(isinstance(it, ast.Constant) and it.value == count for it in divisors) and any(it is not loop and isinstance(it, ast.For) for it in walk(loop))


def _word(loop: ast.For) -> str:
    """What a loop counts, in the plural: what its variable is called, else what its body says beside the variable."""
    assert isinstance(loop.target, ast.Name)
    name = loop.target.id
    if match := _WORD.fullmatch(name):
        return f"{(match[1] or 'iteration').lower()}s"
    for it in walk(loop):
        if isinstance(it, ast.Call) and any(isinstance(inner, ast.Name) and inner.id == name for inner in walk(it)):
            for text in walk(it):
                if isinstance(text, ast.Constant) and isinstance(text.value, str) and (said := _SAID.search(text.value)):
                    return f"{said[1].lower()}s"
    return _of_training(loop)


def _of_training(loop: ast.For) -> str:
    """What a loop counts that trains something: epochs, where another loop goes through the data within it, else iterations; empty where it does not."""
    inner = [it for it in walk(loop) if it is not loop and isinstance(it, (ast.For, ast.While))]
    if any(isinstance(it, ast.While) or path_of(getattr(it.iter, "func", it.iter))[-1:] in (["range"], ["trange"]) for it in inner):
        return ""  # one of several trainings, or of several steps
    methods = {it.func.attr for it in walk(loop) if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute)}
    if _OTHERS.search(getattr(loop.target, "id", "")) or not ({"backward", "step"} <= methods or any(rates_in(loop))):
        return ""
    return "epochs" if inner else "iterations"
