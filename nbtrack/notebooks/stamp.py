"""The stamp: whether a clean execution of the notebook from top to bottom would give the same, and why not."""

from __future__ import annotations

import ast
import builtins
import functools
import itertools
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import field, replace
from enum import StrEnum
from pathlib import PurePath

from nbtrack.entities.ledger import Entry, Scope, Status
from nbtrack.notebooks.body import Body
from nbtrack.notebooks.document import Document
from nbtrack.notebooks.effects import effects_of, plain_source
from nbtrack.notebooks.history import History
from nbtrack.notebooks.recipe import recipe_of
from nbtrack.notebooks.scopes import parse
from nbtrack.notebooks.step import Step
from nbtrack.patterns import regex
from nbtrack.records import dataclass

STAMP_TAG, REASONS_TAG, DOCUMENT_TAG = "nbtrack.stamp", "nbtrack.stamp.reasons", "nbtrack.document"
NO, UNKNOWN, NOTE = "no", "unknown", "note"
RULES = {
    "out of order": NO,
    "re-run": NO,
    "edited": NO,
    "deleted": NO,
    "not executed": NO,
    "stops": NO,
    "failed": NO,
    "interrupted": NO,
    "input": NO,
    "randomness": NO,
    "output history": NO,
    "changed module": NO,
    "changed package": NO,
    "no document": UNKNOWN,
    "not saved": UNKNOWN,
    "recovered": UNKNOWN,
    "hidden randomness": UNKNOWN,
    "killed": UNKNOWN,
    "unseen": UNKNOWN,
    "background": UNKNOWN,
    "clock": UNKNOWN,
    "network": UNKNOWN,
    "shell": UNKNOWN,
    "environment": UNKNOWN,
    "hash order": UNKNOWN,
    "machine": UNKNOWN,
    "path": UNKNOWN,
    "install": UNKNOWN,
    "dirty git": NOTE,
}
"""What each reason comes to; a note changes nothing."""


_SIMULATED = 1000
"""Code cells above a run's cell up to which a run from top to bottom is thought through."""


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reason:
    """Why, and which executed cells it is about, by number."""

    rule: str
    cells: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Stamp:
    """The answer and its reasons, the heaviest first."""

    answer: Answer
    reasons: tuple[Reason, ...] = ()

    def as_json(self) -> str:
        """The reasons, as the tag `nbtrack.stamp.reasons` holds them."""
        return json.dumps([{"rule": it.rule, "cells": list(it.cells), "text": it.text} for it in self.reasons], ensure_ascii=False)


@dataclass(frozen=True)
class Surroundings:
    """What lies around the notebook when the run ends."""

    project: str = ""
    """Folder whose files belong to the notebook."""
    changed_modules: dict[str, str] = field(default_factory=dict)
    """Local modules whose file differs from what was imported: name to file."""
    changed_packages: dict[str, str] = field(default_factory=dict)
    """Packages whose installed version differs from the imported one: name to `1.0 imported, 1.1 installed`."""
    names: frozenset[str] = frozenset()
    """What the namespace holds; those that no cell bound were there from the start."""


def label(entry: Entry) -> str:
    """How a cell is called in texts: `[3]` as `In[3]`, else `#7`, its number in the history."""
    return f"[{entry.execution_count}]" if entry.execution_count is not None else f"#{entry.number}"


def stamp_of(
    steps: Sequence[Step], targets: Collection[int], recipe: Sequence[Step], document: Document | None, around: Surroundings, as_python: Callable[[str], str]
) -> Stamp:
    """Judge a run.

    Args:
        steps: all executed cells.
        targets: numbers of the run's cells.
        recipe: of these targets.
        document: as saved; None where no file is known, and the order of execution stands for the document's.
        as_python: transforms IPython's syntax, for cells of the document that were not executed so.
    """
    reasons = _about_order(steps, targets, recipe, document, around, as_python) + _about_cells(recipe, targets, steps, around)
    unique = list({(it.rule, it.cells, it.text): it for it in reasons}.values())
    unique.sort(key=lambda it: [NO, UNKNOWN, NOTE].index(RULES[it.rule]))
    weights = {RULES[it.rule] for it in unique}
    return Stamp(Answer.NO if NO in weights else Answer.UNKNOWN if UNKNOWN in weights else Answer.YES, tuple(unique))


def with_uncommitted(stamp: Stamp, files: Sequence[str]) -> Stamp:
    """The stamp with the note that local modules are not committed."""
    return Stamp(stamp.answer, (*stamp.reasons, Reason("dirty git", (), f"not committed: {', '.join(files[:5])}")))


def _about_order(
    steps: Sequence[Step], targets: Collection[int], recipe: Sequence[Step], document: Document | None, around: Surroundings, as_python: Callable[[str], str]
) -> list[Reason]:
    places = {step.entry.number: _place(step.entry, document, steps) for step in recipe}
    reasons = _about_versions(recipe, places, document)
    counts = Counter(place for place in places.values() if place is not None)
    for place, count in counts.items():
        if count > 1:
            same = [step.entry for step in recipe if places[step.entry.number] == place]
            reasons.append(Reason("re-run", _numbers(same), f"{' and '.join(label(it) for it in same)} are one cell, and each execution of it counts"))
    placed = [(step.entry, spot) for step in recipe if (spot := places[step.entry.number]) is not None]
    for (first, here), (then, there) in itertools.pairwise(placed):
        if there < here:
            reasons.append(Reason("out of order", (first.number, then.number), f"{label(first)} ran before {label(then)}, but stands below it"))
    if document is not None and recipe and not any(RULES[it.rule] == NO for it in reasons):
        reasons += _about_clean_order(steps, targets, recipe, places, document, around, as_python)
    return reasons


def _place(entry: Entry, document: Document | None, steps: Sequence[Step]) -> int | None:
    if document is not None:
        return document.index_of(entry.cell_id, entry.source)
    if not entry.cell_id:
        return entry.number
    return next((step.entry.number for step in steps if step.entry.cell_id == entry.cell_id), None)  # where it ran first


def _about_versions(recipe: Sequence[Step], places: dict[int, int | None], document: Document | None) -> list[Reason]:
    reasons: list[Reason] = []
    if document is None:
        if any(step.entry.cell_id for step in recipe):
            reasons.append(Reason("no document", (), "the notebook's file is not known: what was edited, moved or deleted since cannot be told"))
        return reasons
    for entry in (step.entry for step in recipe):
        place = places[entry.number]
        is_older = document.saved_ns < (entry.ended_ns or entry.started_ns)
        if place is None and is_older:
            reasons.append(Reason("not saved", (entry.number,), f"{label(entry)} is not in the notebook as last saved"))
        elif place is None:
            reasons.append(Reason("deleted", (entry.number,), f"{label(entry)} {_gives(entry)}is not in the notebook any more"))
        elif not _is_same_code(document.cells[place].source, entry.source):
            rule, text = ("not saved", "differs from the notebook as last saved") if is_older else ("edited", "was edited after it ran")
            reasons.append(Reason(rule, (entry.number,), f"{label(entry)} {text}"))
    return reasons


def _gives(entry: Entry) -> str:
    names = sorted(entry.scope.writes)[:3]
    return f"(which binds {', '.join(names)}) " if names else ""


def _about_clean_order(
    steps: Sequence[Step], targets: Collection[int], recipe: Sequence[Step], places: dict[int, int | None], document: Document, around: Surroundings,
    as_python: Callable[[str], str],
) -> list[Reason]:  # fmt: skip
    """What a run from top to bottom would take in that this run did not."""
    ends = [place for number in targets if (place := places.get(number)) is not None]
    if not ends or (last := max(ends)) > _SIMULATED:
        return []
    clean = _clean_history(steps, {step.entry.number for step in recipe}, document, last, as_python)
    wanted = {index + 1 for index in range(last + 1) if index in {places.get(number) for number in targets}}
    taken = {step.entry.number - 1 for step in recipe_of(clean.steps, wanted)}
    reasons = []
    for index in sorted(taken - set(places.values())):
        versions = [step.entry for step in steps if document.index_of(step.entry.cell_id, step.entry.source) == index]
        text = _short(document.cells[index].source)
        if versions:
            ran = versions[-1]
            reasons.append(Reason("out of order", (ran.number,), f"{label(ran)} stands above this cell and changes what it needs, but ran at another time"))
        else:
            reasons.append(Reason("not executed", (), f"the cell `{text}` stands above this one, would change what it needs, and was not executed"))
    return reasons or _about_stops(steps, clean, document, last, around, {step.entry.number for step in recipe})


def _about_stops(steps: Sequence[Step], clean: History, document: Document, last: int, around: Surroundings, counted: Collection[int]) -> list[Reason]:
    """The first cell above the run's that would raise, so that a run from top to bottom does not come to the run's own.

    Args:
        counted: cells of the recipe, of whose errors other rules tell.
    """
    ever = {name for step in steps for name in (*step.sets, *step.changes)}
    ambient = around.names - ever | _IPYTHONS
    bound: set[str] = set()
    is_open = False
    for step, cell in zip(clean.steps, document.cells[: last + 1], strict=False):
        is_open |= step.may_set_anything or step.needs_everything
        same = [it.entry for it in steps if it.entry.cell_id == cell.cell_id and _plain(it.entry.source) == _plain(cell.source)]
        ran = same[-1] if same else None
        numbers: tuple[int, ...] = (ran.number,) if ran is not None else ()
        which = label(ran) if ran is not None else f"the cell `{_short(cell.source)}`"
        if not is_open and not cell.may_raise:
            missing = sorted(name for name in _surely_read(step.entry.code) - bound - ambient if not hasattr(builtins, name))
            if missing:
                return [Reason("stops", numbers, f"{which} stands above this cell and needs {missing[0]}, which no cell above it binds")]
            if ran is not None and ran.cell_id and ran.number not in counted and ran.status is Status.ERROR and not _is_mended(ran, bound):
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
        elif isinstance(statement, _SIMPLE) and not any(isinstance(it, _MAYBE) for it in ast.walk(statement)):
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
    known = {(step.entry.cell_id, _plain(step.entry.source)): step for step in steps} | {("", _plain(step.entry.source)): step for step in steps}
    clean = History()
    for step in steps:
        clean.kinds |= step.entry.seen.kinds if step.entry.seen is not None else {}
    for index, cell in enumerate(document.cells[: last + 1]):
        same = known.get((cell.cell_id, _plain(cell.source))) or known.get(("", _plain(cell.source)))
        if same is not None:
            ran, seen = same.entry, same.entry.seen
            if seen is not None and ran.number not in counted:
                found = origins[ran.number]
                # what it named was left as it was, unless a clean run gives it something else
                sure = same.needs | same.body.mentions.keys() if all(last_clean.get(name, "") == found.get(name, "") for name in same.needs) else set()
                seen = replace(seen, unchanged=seen.unchanged & sure, counted=seen.counted & sure, alike=seen.alike & sure)
            step = clean.add(Entry(index + 1, cell.source, ran.code, ran.tree, ran.scope, cell.cell_id, seen=seen, status=ran.status), same.body)
        else:
            code = as_python(plain_source(cell.source))
            step = clean.add(Entry(index + 1, cell.source, code, None, Scope(), cell.cell_id, status=Status.UNKNOWN), _effects(code, cell.source))
        last_clean |= dict.fromkeys((*step.sets, *step.changes), _plain(cell.source))
    return clean


def _origins(steps: Sequence[Step]) -> dict[int, dict[str, str]]:
    """For each cell, the code that had set or changed last what it needed when it ran."""
    last: dict[str, str] = {}
    found: dict[int, dict[str, str]] = {}
    for step in steps:
        found[step.entry.number] = {name: last[name] for name in step.needs if name in last}
        last |= dict.fromkeys((*step.sets, *step.changes), _plain(step.entry.source))
    return found


@functools.lru_cache(maxsize=4096)
def _effects(code: str, source: str) -> Body:
    return effects_of(code, source)


def _about_cells(recipe: Sequence[Step], targets: Collection[int], steps: Sequence[Step], around: Surroundings) -> list[Reason]:
    reasons: list[Reason] = []
    modules: dict[str, Entry] = {}
    for step in recipe:
        entry, mark = step.entry, label(step.entry)
        one = (entry.number,)
        if entry.status is Status.INTERRUPTED:
            reasons.append(Reason("interrupted", one, f"{mark} was interrupted half-way"))
        elif entry.status is Status.ERROR and entry.number not in targets:
            reasons.append(Reason("failed", one, f"{mark} failed half-way, and what it had done by then counts"))
        elif entry.status is Status.UNKNOWN:
            reasons.append(Reason("recovered", one, f"{mark} ran before nbtrack was loaded: only its code is known"))
        if step.needs_everything:
            reasons.append(Reason("unseen", one, f"{mark} runs code that cannot be followed (exec, eval, globals() or a magic)"))
        if step.draws:
            kinds = ", ".join(sorted(step.draws - {"unseeded"})) or "a source without seed"
            reasons.append(Reason("randomness", one, f"{mark} draws random numbers that nothing seeded ({kinds})"))
        for fact in step.facts:
            if fact.rule == "install":
                continue
            if fact.rule == "path":
                if not _is_inside(fact.text, around.project):
                    reasons.append(Reason("path", one, f"{mark} reads {fact.text}, outside the project"))
                continue
            if fact.rule == "environment":
                if not any(f"<variable {fact.text}>" in it.changes for it in recipe):
                    what = fact.text if fact.text in ("os.environ", "sys.argv") else f"the environment variable {fact.text}"
                    reasons.append(Reason("environment", one, f"{mark} reads {what}"))
                continue
            reasons.append(Reason(fact.rule, one, f"{mark} {fact.text}"))
        for name in (entry.seen.modules if entry.seen is not None else {}) | dict.fromkeys(step.body.modules, ""):
            modules.setdefault(name, entry)
    last = max(targets, default=0)
    for step in steps:
        loose = [fact for fact in step.facts if fact.rule == "install" and not _is_pinned(fact.text)] if step.entry.number <= last else []
        one = (step.entry.number,)
        reasons += [Reason("install", one, f"{label(step.entry)} installs packages without exact versions: {_short(fact.text)}") for fact in loose]
    for name, file in around.changed_modules.items():
        if name in modules:
            reasons.append(Reason("changed module", (modules[name].number,), f"{PurePath(file).name} changed after {label(modules[name])} imported it"))
    for name, versions in around.changed_packages.items():
        users = [step.entry for step in recipe if name in step.modules]
        if users:
            reasons.append(Reason("changed package", _numbers(users[:3]), f"{name} changed since it was imported: {versions}"))
    return reasons


def _is_inside(path: str, project: str) -> bool:
    return bool(project) and PurePath(path).is_relative_to(project)


_PINNED = regex(r"^[\w.\[\]-]+(==|===|=)[\w.!+*]+$|^git\+\S+@[0-9a-f]{7,40}\S*$")


def _is_pinned(line: str) -> bool:
    """Whether every package of an install command has its exact version, or stands in a file of requirements."""
    words = [word.strip("'\"") for word in line.split()]
    if "install" not in words and "add" not in words:
        return "uninstall" not in words and "remove" not in words
    at = next(index for index, word in enumerate(words) if word in ("install", "add"))
    names = [word for word in words[at + 1 :] if not word.startswith("-") and word not in (";", "&&")]
    return bool(names) and all(_PINNED.match(name) for name in names)


def _plain(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _is_same_code(one: str, other: str) -> bool:
    """Whether two sources do the same, whatever their comments and blanks."""
    if _plain(one) == _plain(other):
        return True
    trees = [parse(plain_source(source)) for source in (one, other)]
    return all(tree is not None for tree in trees) and len({ast.dump(tree) for tree in trees if tree is not None}) == 1


def _numbers(entries: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(entry.number for entry in entries)


def _short(text: str) -> str:
    line = " ".join(plain_source(text).split())
    return line if len(line) <= 50 else line[:49] + "…"
