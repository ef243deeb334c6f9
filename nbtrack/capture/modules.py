"""The user's own modules that cells imported: their code as it was when it was used."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbtrack.capture.loaded import digest_of
from nbtrack.notebooks.step import Step
from nbtrack.records import dataclass

_MOST, _MOST_BYTES = 300, 8 << 20
"""Modules whose code is kept, and bytes of it."""


@dataclass(frozen=True)
class Code:
    """A module's source."""

    data: bytes

    def as_bytes(self) -> bytes:
        return self.data


class LocalModules:
    """The code of the modules, held from their import on, as the file may be another when a run ends."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Code] = {}
        self._bytes = 0

    def take(self, modules: Mapping[str, str]) -> None:
        """Hold the code of modules that a cell loaded: `FILE DIGEST` by full name."""
        for name, fact in modules.items():
            file, _, digest = fact.rpartition(" ")
            if (name, digest) in self._code or not digest or not file.endswith(".py") or len(self._code) >= _MOST:
                continue
            try:
                data = Path(file).read_bytes()
            except OSError:
                continue
            if self._bytes + len(data) <= _MOST_BYTES and digest_of(file) == digest:
                self._bytes += len(data)
                self._code[name, digest] = Code(data)

    def used_by(self, recipe: Sequence[Step], steps: Sequence[Step]) -> dict[str, Code]:
        """Code that the recipe's cells used, by its path below a folder one can import from; of a module loaded again, what was used last."""
        found: dict[str, Code] = {}
        if not self._code:
            return found
        for step, loaded in _loaded(steps):
            if any(step is it for it in recipe):
                for name in _used(step, loaded) | (step.entry.seen.modules.keys() if step.entry.seen is not None else set()):
                    file, digest, _ = loaded[name]
                    if (code := self._code.get((name, digest))) is not None:
                        found[name.replace(".", "/") + ("/__init__.py" if Path(file).name == "__init__.py" else ".py")] = code
        return found


def changed_modules(recipe: Sequence[Step], steps: Sequence[Step]) -> dict[str, str]:
    """Local modules whose file is not what a cell of the recipe used: name to file.

    What was loaded again since, by `reload` or autoreload, was used as it was then. Modules that were loaded with one that is used count as used.
    """
    found = {}
    numbers = {step.entry.number for step in recipe}
    now = functools.cache(digest_of)
    for step, loaded in _loaded(steps):
        if step.entry.number in numbers:
            for name in _used(step, loaded):
                file, digest, _ = loaded[name]
                if digest and now(file) != digest:
                    found[name] = file
    return found


_Loaded = dict[str, tuple[str, str, frozenset[str]]]
"""By name: file, digest, and the modules it was first loaded with."""


def _loaded(steps: Sequence[Step]) -> Iterator[tuple[Step, _Loaded]]:
    """Each step, and the user's modules that are loaded when it has ended."""
    loaded: _Loaded = {}
    for step in steps:
        facts = step.entry.seen.modules if step.entry.seen is not None else {}
        for name, fact in facts.items():
            file, _, digest = fact.rpartition(" ")
            loaded[name] = (file, digest, loaded[name][2] if name in loaded else frozenset(facts))
        yield step, loaded


def _used(step: Step, loaded: _Loaded) -> set[str]:
    used = {name for name in loaded if name.partition(".")[0] in step.uses}
    return used | {other for name in used for other in loaded[name][2]}
