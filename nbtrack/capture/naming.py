"""One name, one value: what params are called where several places of a run use one word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from nbtrack.capture.run import as_text
from nbtrack.capture.source import Cell, Finding
from nbtrack.records import dataclass

_FACTS = "params"


@dataclass(frozen=True)
class Candidate:
    """A value that may become a param."""

    name: str
    value: object
    rule: str
    qualifiers: tuple[str, ...] = ()
    """What tells it from others of its name, the best first: a class, a variable."""


def taken(cell: Cell) -> dict[str, str]:
    """Params the cell's run has so far, as text."""
    known: dict[str, str] = cell.entry.facts.setdefault(_FACTS, {})
    return {**(cell.run.params_seen if cell.run is not None else {}), **known}


def claim(cell: Cell, found: Iterable[Finding]) -> Iterator[Finding]:
    """Pass findings on, and remember their names for the sources that follow."""
    known: dict[str, str] = cell.entry.facts.setdefault(_FACTS, {})
    for it in found:
        known.setdefault(it.name, as_text(it.value))
        yield it


def params(cell: Cell, candidates: Iterable[Candidate]) -> Iterator[Finding]:
    """Findings of some candidates: the plain name where all agree on its value, else `Class.name` or `variable.name` for each."""
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for it in candidates:
        groups[it.name].append(it)
    known, here = taken(cell), set(cell.entry.facts.setdefault(_FACTS, {}))
    for name, group in groups.items():
        values = dict.fromkeys(as_text(it.value) for it in group)
        new = [it for it in group if as_text(it.value) not in {known.get(full) for full in (name, *(f"{qualifier}.{name}" for qualifier in it.qualifiers))}]
        if new and len(values) == 1 and name not in known:
            yield from claim(cell, [Finding("param", name, new[0].value, new[0].rule)])
        else:
            yield from claim(cell, _qualified(name, new, known, here))


def _qualified(name: str, group: list[Candidate], known: dict[str, str], here: Collection[str]) -> Iterator[Finding]:
    """Each value of a group under the first qualifier that is its alone; where none tells any apart, the first has the plain name: that is how it began.

    What an earlier cell has given another value already, under every name it may have, gets this one as a later value.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for it in group:
        for qualifier in it.qualifiers:
            owners[qualifier].add(as_text(it.value))
    seen: set[str] = set()
    for it in group:
        text = as_text(it.value)
        own = [f"{qualifier}.{name}" for qualifier in it.qualifiers if len(owners[qualifier]) == 1]
        full = next((each for each in own if known.get(each, text) == text), own[0] if own else "")
        if full and known.get(full) != text and full not in seen:
            seen.add(full)
            yield Finding("param", full, it.value, it.rule)
    is_told = seen or any(f"{qualifier}.{name}" in known for it in group for qualifier in it.qualifiers)
    if group and not is_told and (name not in known or not (name in here or any(it.qualifiers for it in group))):
        yield Finding("param", name, group[0].value, group[0].rule)
