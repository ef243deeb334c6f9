"""How wide the hidden layers of a network are, as the code that builds it says: `units` of each `Dense` but the one that gives the output."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Set

from nbtrack.capture.kinds import is_layer
from nbtrack.capture.literals import evaluate, pairs
from nbtrack.capture.naming import Candidate
from nbtrack.capture.program import Definition, Program
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import walk

_PACKAGES = frozenset(("keras", "tensorflow", "flax"))


def units_of(program: Program, dead: Set[int]) -> Iterator[Candidate]:
    """One param for each network: the number of a single hidden layer, else the list of them.

    Args:
        dead: ids of calls that do not run.
    """
    if not any(it.partition(".")[0] in _PACKAGES for it in program.imports.values()):
        return
    layers: dict[str, list[ast.expr]] = defaultdict(list)
    for node in [*(part.node for part in program.parts if not isinstance(part.node, Definition)), *program.reached]:
        model = node.name if isinstance(node, Definition) else next((name for name, value in pairs(node) if path_of(value)[-1:] == ["Sequential"]), "")
        added = {id(inner): name for call in walk(node) if (name := _added_to(call)) for inner in walk(call)}
        for call in walk(node):
            if isinstance(call, ast.Call) and id(call) not in dead and is_layer(dotted := program.dotted(call.func)) and dotted.endswith(".Dense"):
                width = [*call.args[:1], *(it.value for it in call.keywords if it.arg == "units")]
                layers[model or added.get(id(call), "")] += width[:1]
    for model, widths in layers.items():
        hidden = [number for it in widths[:-1] if (number := _number(it)) > 0]
        if hidden:
            yield Candidate("units", hidden[0] if len(hidden) == 1 else hidden, "widths of the hidden layers", (model,) if model else ())


def _added_to(node: ast.AST) -> str:
    """`model` of `model.add(Dense(64))`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add")):
            return name
    return ""


def _number(node: ast.expr) -> int:
    """A width that is written out; 0 where a name has it, which is a param of its own."""
    try:
        found = evaluate(node)
    except ValueError:
        return 0
    return found if type(found) is int else 0
