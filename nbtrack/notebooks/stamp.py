"""The stamp: whether a clean execution of the notebook from top to bottom would give the same, and why not."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import field
from pathlib import PurePath

from nbtrack.entities.ledger import LATE, Entry, Status
from nbtrack.notebooks.document import Document
from nbtrack.notebooks.from_top import about_clean_order, plain, short
from nbtrack.notebooks.reasons import NO, NOTE, RULES, UNKNOWN, Answer, Reason, Stamp, label
from nbtrack.notebooks.recovered import only_imports
from nbtrack.notebooks.scopes import parse
from nbtrack.notebooks.shell_calls import plain_source
from nbtrack.notebooks.step import Step
from nbtrack.patterns import regex
from nbtrack.records import dataclass


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
    changed_files: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Files that a cell read and that were changed since, by the cell's number."""
    own_modules: frozenset[str] = frozenset()
    """Those of the user that are loaded; looked up where a cell of the recipe ran before nbtrack was there."""


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
    reasons = _about_order(steps, targets, recipe, document, around, as_python) + _about_cells(recipe, targets, steps, around, as_python)
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
        reasons += about_clean_order(steps, targets, recipe, places, document, around.names, as_python)
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


def _about_cells(
    recipe: Sequence[Step], targets: Collection[int], steps: Sequence[Step], around: Surroundings, as_python: Callable[[str], str]
) -> list[Reason]:
    reasons: list[Reason] = []
    modules: dict[str, Entry] = {}
    for step in recipe:
        entry, mark = step.entry, label(step.entry)
        one = (entry.number,)
        if entry.status is Status.INTERRUPTED:
            reasons.append(Reason("interrupted", one, f"{mark} was interrupted half-way"))
        elif entry.status is Status.ERROR and entry.number not in targets:
            reasons.append(Reason("failed", one, f"{mark} failed half-way, and what it had done by then counts"))
        elif entry.status is Status.UNKNOWN and not only_imports(step, around.own_modules, around.names, as_python):
            reasons.append(Reason("recovered", one, f"{mark} ran before %load_ext nbtrack: only its code is known"))
        if LATE in entry.facts:
            reasons.append(Reason("recovered", one, f"{mark} had run in part when nbtrack was loaded: only its code is known"))
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
                if not any(f"<variable {fact.text}>" in it.changes | it.sets for it in recipe):
                    what = fact.text if fact.text in ("os.environ", "sys.argv") else f"the environment variable {fact.text}"
                    reasons.append(Reason("environment", one, f"{mark} reads {what}"))
                continue
            reasons.append(Reason(fact.rule, one, f"{mark} {fact.text}"))
        if files := around.changed_files.get(entry.number):
            reasons.append(Reason("changed file", one, f"{mark} read {', '.join(PurePath(it).name for it in files[:3])}, changed since"))
        for name in (entry.seen.modules if entry.seen is not None else {}) | dict.fromkeys(step.body.modules, ""):
            modules.setdefault(name, entry)
    last = max(targets, default=0)
    for step in steps:
        loose = [fact for fact in step.facts if fact.rule == "install" and not _is_pinned(fact.text)] if step.entry.number <= last else []
        one = (step.entry.number,)
        reasons += [Reason("install", one, f"{label(step.entry)} installs packages without exact versions: {short(fact.text)}") for fact in loose]
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


def _is_same_code(one: str, other: str) -> bool:
    """Whether two sources do the same, whatever their comments and blanks."""
    if plain(one) == plain(other):
        return True
    trees = [parse(plain_source(source)) for source in (one, other)]
    return all(tree is not None for tree in trees) and len({ast.dump(tree) for tree in trees if tree is not None}) == 1


def _numbers(entries: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(entry.number for entry in entries)
