"""A run of the document from top to bottom, thought through: what it would take in that this run did not, and where it would stop."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from nbtrack.entities.ledger import Entry, Scope, Status
from nbtrack.notebooks.body import Body
from nbtrack.notebooks.document import Document
from nbtrack.notebooks.effects import effects_of
from nbtrack.notebooks.history import History
from nbtrack.notebooks.meanings import BUILTINS
from nbtrack.notebooks.nodes import walk
from nbtrack.notebooks.reasons import Reason, label
from nbtrack.notebooks.recipe import recipe_of
from nbtrack.notebooks.scopes import parse
from nbtrack.notebooks.shell_calls import plain_source
from nbtrack.notebooks.step import Step
from nbtrack.patterns import regex

_SIMULATED = 1000
"""Code cells above a run's cell up to which a run from top to bottom is thought through."""


def about_clean_order(
    steps: Sequence[Step], targets: Collection[int], recipe: Sequence[Step], places: dict[int, int | None], document: Document, names: Collection[str],
    as_python: Callable[[str], str],
) -> list[Reason]:  # fmt: skip
    """What a run from top to bottom would take in that this run did not.

    Args:
        places: for each cell of the recipe, its place in the document.
        names: what the namespace holds.
    """
    ends = [place for number in targets if (place := places.get(number)) is not None]
    if not ends or (last := max(ends)) > _SIMULATED:
        return []
    clean = _clean_history(steps, {step.entry.number for step in recipe}, document, last, as_python)
    wanted = {index + 1 for index in range(last + 1) if index in {places.get(number) for number in targets}}
    taken = {step.entry.number - 1 for step in recipe_of(clean.steps, wanted)}
    reasons = []
    for index in sorted(taken - set(places.values())):
        versions = [step.entry for step in steps if document.index_of(step.entry.cell_id, step.entry.source) == index]
        text = short(document.cells[index].source)
        if versions:
            ran = versions[-1]
            reasons.append(Reason("out of order", (ran.number,), f"{label(ran)} stands above this cell and changes what it needs, but ran at another time"))
        else:
            reasons.append(Reason("not executed", (), f"the cell `{text}` stands above this one, would change what it needs, and was not executed"))
    return reasons or _about_stops(steps, clean, document, last, names, {step.entry.number for step in recipe})


def _about_stops(steps: Sequence[Step], clean: History, document: Document, last: int, names: Collection[str], counted: Collection[int]) -> list[Reason]:
    """The first cell above the run's that would raise, so that a run from top to bottom does not come to the run's own.

    Args:
        counted: cells of the recipe, of whose errors other rules tell.
    """
    ever = {name for step in steps for name in (*step.sets, *step.changes)}
    ambient = set(names) - ever | _IPYTHONS
    bound: set[str] = set()
    is_open = False
    for step, cell in zip(clean.steps, document.cells[: last + 1], strict=False):
        is_open |= step.may_set_anything or step.needs_everything
        same = [it.entry for it in steps if it.entry.cell_id == cell.cell_id and plain(it.entry.source) == plain(cell.source)]
        ran = same[-1] if same else None
        numbers: tuple[int, ...] = (ran.number,) if ran is not None else ()
        which = label(ran) if ran is not None else f"the cell `{short(cell.source)}`"
        if not is_open and not cell.may_raise:
            missing = sorted(name for name in _surely_read(step.entry.code) - bound - ambient if name not in BUILTINS)
            if missing:
                return [Reason("stops", numbers, f"{which} stands above this cell and needs {missing[0]}, which no cell above it binds")]
            went = any(it.number in counted and it.status is Status.OK for it in same)  # as it will in a clean run
            if ran is not None and ran.cell_id and ran.number not in counted and ran.status is Status.ERROR and not went and not _is_mended(ran, bound):
                return [Reason("stops", numbers, f"{which} stands above this cell and raised {_error(ran)[0] or 'an error'} when it ran last")]
        bound |= step.sets | step.changes | step.body.writes
        bound -= step.body.deletes
    return []


_IPYTHONS = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open", "display", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh"})
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Import, ast.ImportFrom, ast.Delete)
_MAYBE = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.Await, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@functools.lru_cache(maxsize=4096)
def _surely_read(code: str) -> frozenset[str]:
    """Names without which the code raises: those its first statements need, up to the first that branches."""
    tree = parse(code)
    if tree is None:
        return frozenset()
    sure: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            if statement.decorator_list:
                break
            sure.append(ast.Assign([ast.Name(statement.name, ast.Store())], ast.Constant(None)))
        elif isinstance(statement, _SIMPLE) and not any(isinstance(it, _MAYBE) for it in walk(statement)):
            sure.append(statement)
        else:
            break
    return frozenset(effects_of("", "", ast.Module(sure, [])).reads)


_NAME = regex(r"name '(\w+)'")


def _is_mended(entry: Entry, bound: Collection[str]) -> bool:
    """It raised for want of a name that is there in a clean run."""
    name, text = _error(entry)
    found = _NAME.search(text) if name == "NameError" else None
    return found is not None and found.group(1) in bound


def _error(entry: Entry) -> tuple[str, str]:
    """Name and text of what an execution raised."""
    found = next((it for it in entry.outputs if isinstance(it, dict) and it.get("output_type") == "error"), {})
    return str(found.get("ename", "")), str(found.get("evalue", ""))


def _clean_history(steps: Sequence[Step], counted: Collection[int], document: Document, last: int, as_python: Callable[[str], str]) -> History:
    """A run from top to bottom, each cell with what it was seen to do.

    Args:
        counted: cells of the recipe.
    """
    origins, last_clean = _origins(steps), dict[str, str]()
    known = {(step.entry.cell_id, plain(step.entry.source)): step for step in steps} | {("", plain(step.entry.source)): step for step in steps}
    clean = History()
    for step in steps:
        clean.kinds |= step.entry.seen.kinds if step.entry.seen is not None else {}
    for index, cell in enumerate(document.cells[: last + 1]):
        same = known.get((cell.cell_id, plain(cell.source))) or known.get(("", plain(cell.source)))
        if same is not None:
            ran, seen = same.entry, same.entry.seen
            if seen is not None and ran.number not in counted:
                found = origins[ran.number]
                # what it named was left as it was, unless a clean run gives it something else
                sure = same.needs | same.body.mentions.keys() if all(last_clean.get(name, "") == found.get(name, "") for name in same.needs) else set()
                kept = seen.kept if sure else frozenset[str]()
                seen = replace(seen, unchanged=seen.unchanged & sure, counted=seen.counted & sure, alike=seen.alike & sure, kept=kept)
            step = clean.add(Entry(index + 1, cell.source, ran.code, ran.tree, ran.scope, cell.cell_id, seen=seen, status=ran.status), same.body)
        else:
            code = as_python(plain_source(cell.source))
            step = clean.add(Entry(index + 1, cell.source, code, None, Scope(), cell.cell_id, status=Status.UNKNOWN), _effects(code, cell.source))
        last_clean |= dict.fromkeys((*step.sets, *step.changes), plain(cell.source))
    return clean


def _origins(steps: Sequence[Step]) -> dict[int, dict[str, str]]:
    """For each cell, the code that had set or changed last what it needed when it ran."""
    last: dict[str, str] = {}
    found: dict[int, dict[str, str]] = {}
    for step in steps:
        found[step.entry.number] = {name: last[name] for name in step.needs if name in last}
        last |= dict.fromkeys((*step.sets, *step.changes), plain(step.entry.source))
    return found


@functools.lru_cache(maxsize=4096)
def _effects(code: str, source: str) -> Body:
    return effects_of(code, source)


def plain(source: str) -> str:
    """A cell's source without blanks that mean nothing."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def short(text: str) -> str:
    """A cell's source in one line."""
    line = " ".join(plain_source(text).split())
    return line if len(line) <= 50 else line[:49] + "…"
