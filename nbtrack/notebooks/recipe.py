"""The recipe: the shortest sequence of executed cell versions, in true order, that yields what a run's cell gave."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.entities.ledger import Entry, Status
from nbtrack.notebooks.effects import Body, plain_source
from nbtrack.notebooks.history import Step


def recipe_of(steps: Sequence[Step], targets: Collection[int]) -> list[Step]:
    """The steps that the targets need, themselves included, in order.

    Every step taken in has all that it needs taken in too, so each of them finds what it found when it ran.

    Args:
        steps: all executed cells, in order.
        targets: numbers of the cells of the run.
    """
    wanted: set[str] = set()
    chosen: list[Step] = []
    is_everything = False
    last = max(targets, default=0)
    for step in reversed(steps):
        if step.entry.number > last or step.is_ours:
            continue
        is_target = step.entry.number in targets
        is_guess = step.may_set_anything and bool(wanted)
        if not (is_target or is_everything or is_guess or not wanted.isdisjoint(step.sets) or not wanted.isdisjoint(step.changes)):
            if step.clears:
                wanted = {name for name in wanted if name.startswith("<")}
            continue
        chosen.append(step)
        is_everything |= step.needs_everything
        wanted -= step.sets
        if step.clears:
            wanted = {name for name in wanted if name.startswith("<")}
        wanted |= step.needs
    return chosen[::-1]


@dataclass(frozen=True)
class RecipeCell:
    """A cell of the recipe, and the execution it stands for."""

    source: str
    entry: Entry | None
    """None for the parameters."""
    tags: tuple[str, ...] = ()
    origins: tuple[int, ...] = ()
    """Numbers of the executed cells it comes from."""


def cells_of(steps: Sequence[Step], params: Mapping[str, Any], targets: Collection[int] = ()) -> list[RecipeCell]:
    """The recipe as the cells of a clean notebook; the first holds the parameters, where there are any that can be moved there.

    A param moves where it is bound once in all the cells, at top level, to a literal, by a statement that does nothing else, and
    where no cell before that one reads the name.

    Args:
        params: the run's literal params; others stay where they are.
        targets: numbers of the run's own cells, which are there even if they did nothing but bind params.
    """
    sources = {step.entry.number: plain_source(step.entry.source).strip("\n") for step in steps}
    moved: dict[str, int] = {}
    for name in params:
        binding = _only_binding(steps, name)
        if binding is not None and (cut := _cut(sources[binding], name)) is not None:
            if not cut[1].strip() and binding in targets:
                continue
            statement, sources[binding] = cut
            moved[statement] = binding
    cells = [RecipeCell("\n".join(["# Parameters", *moved]), None, ("parameters",), tuple(sorted(set(moved.values()))))] if moved else []
    for step in steps:
        source = sources[step.entry.number]
        if source.strip():
            failed = step.entry.status in (Status.ERROR, Status.INTERRUPTED)
            cells.append(RecipeCell(source, step.entry, ("raises-exception",) if failed else (), (step.entry.number,)))
    return cells


def _only_binding(steps: Sequence[Step], name: str) -> int | None:
    """Number of the one cell that binds the name, if it does so once and nobody reads the name before."""
    found: int | None = None
    for step in steps:
        body = step.body
        if name in body.writes or name in body.deletes or name in body.sets or any(name in it.writes for it in _all(body)):
            if found is not None or name not in body.sure or name in body.reads or name in body.sets:
                return None
            found = step.entry.number
        elif found is None and (name in body.mentions or any(name in it.reads for it in body.functions.values())):
            return None
    return found


def _all(body: Body) -> list[Body]:
    return list(body.functions.values())


def _cut(source: str, name: str) -> tuple[str, str] | None:
    """The statement that binds a name to a literal, and the source without its lines; None where it cannot be cut out cleanly."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = [node for node in tree.body if _binds(node, name)]
    if len(found) != 1 or sum(isinstance(it, ast.Name) and it.id == name and not isinstance(it.ctx, ast.Load) for it in ast.walk(tree)) != 1:
        return None
    node = found[0]
    lines, end = source.splitlines(), node.end_lineno or node.lineno
    shared = [it for it in tree.body if it is not node and it.lineno <= end and (it.end_lineno or it.lineno) >= node.lineno]
    if shared or (node is tree.body[-1] and isinstance(node, ast.Expr)):
        return None
    rest = [*lines[: node.lineno - 1], *lines[end:]]
    return "\n".join(lines[node.lineno - 1 : end]), "\n".join(rest).strip("\n") if any(line.strip() for line in rest) else ""


def _binds(node: ast.stmt, name: str) -> bool:
    value: ast.expr | None
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign):
        target, value = node.target, node.value
    else:
        return False
    if (
        not (isinstance(target, ast.Name) and target.id == name)
        or value is None
        or (isinstance(node, ast.AnnAssign) and not isinstance(node.annotation, ast.Name))
    ):
        return False
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
