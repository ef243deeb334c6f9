"""The recipe: the shortest sequence of executed cell versions, in true order, that yields what a run's cell gave."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nbtrack.entities.ledger import Entry, Status
from nbtrack.notebooks.body import Body
from nbtrack.notebooks.nodes import walk
from nbtrack.notebooks.renewals import in_first_places
from nbtrack.notebooks.shell_calls import plain_source
from nbtrack.notebooks.step import Step
from nbtrack.records import dataclass


def recipe_of(steps: Sequence[Step], targets: Collection[int]) -> list[Step]:
    """The steps that the targets need, themselves included, in order; one that renews another stands in its place.

    Every step taken in has all that it needs taken in too, so each of them finds what it found when it ran.

    Args:
        steps: all executed cells, in order.
        targets: numbers of the cells of the run.
    """
    wanted: set[str] = set()
    chosen: list[Step] = []
    is_everything = False
    last = max(targets, default=0)
    repeats = [step.repeats for step in steps if step.entry.number in targets and step.repeats is not None]
    for step in reversed(in_first_places(steps, last, targets)):
        if step.is_ours or (step.entry.number not in targets and any(step is it or step.repeats is it for it in repeats)):
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
        wanted |= step.needs if step.repeats is None else step.repeats.needs
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
    sources = {step.entry.number: _Source(plain_source(step.entry.source).strip("\n")) for step in steps}
    moved: dict[str, int] = {}
    for name in params:
        binding = _only_binding(steps, name)
        if binding is not None and (statement := sources[binding].cut(name, is_kept=binding in targets)) is not None:
            moved[statement] = binding
    cells = [RecipeCell("\n".join(["# Parameters", *moved]), None, ("parameters",), tuple(sorted(set(moved.values()))))] if moved else []
    for step in steps:
        source = sources[step.entry.number].text
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


class _Source:
    """A cell's source, from which statements are cut. It is parsed once for all of them, and only if one may be."""

    def __init__(self, source: str) -> None:
        self._source, self._gone = source, set[int]()

    @property
    def text(self) -> str:
        """What is left."""
        if not self._gone:
            return self._source
        rest = [line for at, line in enumerate(self._lines, 1) if at not in self._gone]
        return "\n".join(rest).strip("\n") if any(line.strip() for line in rest) else ""

    def cut(self, name: str, *, is_kept: bool) -> str | None:
        """Take out the statement that binds a name to a literal; None where it cannot be cut out cleanly.

        Args:
            is_kept: some line has to stay.
        """
        node = self._bindings.get(name)
        if node is None:
            return None
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if any(self._sharing[line] > 1 for line in lines) or (is_kept and self._full <= self._gone.union(lines)):
            return None
        self._gone.update(lines)
        return "\n".join(self._lines[node.lineno - 1 : lines.stop - 1])

    @functools.cached_property
    def _lines(self) -> list[str]:
        return re.split(r"\r\n|\r|\n", self._source)  # Python's lines; splitlines() knows more ends of lines

    @functools.cached_property
    def _full(self) -> set[int]:
        return {at for at, line in enumerate(self._lines, 1) if line.strip()}

    @functools.cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self._source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])

    @functools.cached_property
    def _bindings(self) -> dict[str, ast.stmt]:
        """By name, the statement at top level that alone binds it, to a literal."""
        counts = Counter(it.id for it in walk(self._tree) if isinstance(it, ast.Name) and not isinstance(it.ctx, ast.Load))
        return {name: node for node in self._tree.body if (name := _literal_name(node)) and counts[name] == 1}

    @functools.cached_property
    def _sharing(self) -> Counter[int]:
        """How many statements at top level have a part of a line."""
        return Counter(line for it in self._tree.body for line in range(it.lineno, (it.end_lineno or it.lineno) + 1))


def _literal_name(node: ast.stmt) -> str:
    """The name that a statement binds to a literal; empty where it does something else."""
    value: ast.expr | None
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Name):
        target, value = node.target, node.value
    else:
        return ""
    if not isinstance(target, ast.Name) or value is None:
        return ""
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ""
    return target.id
