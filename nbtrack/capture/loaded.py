"""The user's own modules, as cells load them: which file each came from, and whether it holds what its code bound."""

from __future__ import annotations

import hashlib
import itertools
import marshal
import operator
import os
import sys
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from nbtrack.notebooks.local_code import load


class _ModuleNames:
    """The names of all modules that are loaded: asked for before and after every cell, and almost always those of last time."""

    def __init__(self) -> None:
        self._count = 0
        self._latest: list[Any] = []
        self._names: frozenset[str] = frozenset()

    def now(self) -> frozenset[str]:
        """The very object of last time, where no module came or went: what is loaded, or loaded again, goes behind all others."""
        count, latest = len(sys.modules), _latest()
        if not latest or count != self._count or len(latest) != len(self._latest) or not all(map(operator.is_, latest, self._latest)):
            self._count, self._latest, self._names = count, latest, frozenset(sys.modules)
        return self._names


module_names = _ModuleNames().now


def _latest() -> list[Any]:
    try:
        return list(itertools.islice(reversed(sys.modules.values()), 4))
    except RuntimeError:  # another thread imports meanwhile
        return []


def new_modules(before: Set[str]) -> dict[str, str]:
    """Modules imported since, that lie neither in the standard library nor among the installed packages; with file and digest."""
    return {name: f"{file} {digest_of(file)}" for name, file in local_modules(before).items()}


def local_modules(before: Set[str] = frozenset()) -> dict[str, str]:
    """Their names and files alone."""
    found = {}
    for name in sys.modules.copy().keys() - before:  # another thread may import meanwhile
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and is_local(file):
            found[name] = file
    return found


def otherwise(modules: Iterable[str]) -> set[str]:
    """Of the user's own modules that the cell loaded, those that hold something else by now than their code bound, as `<module NAME>`."""
    found = set[str]()
    for name in modules:
        module = sys.modules.get(name)
        code = load(name, str(getattr(module, "__file__", ""))) if module is not None else None
        held = vars(module) if module is not None else {}
        if code is not None and any(it in held and _plainly(held[it]) != _plainly(value) for it, value in code.literals.items()):
            found.add(f"<module {name}>")
    return found


def _plainly(value: Any) -> bytes:
    """A plain value, or a container of such, as bytes; empty for any other."""
    try:
        return marshal.dumps(value, 2)
    except ValueError:
        return b""


def specs_of(local: Iterable[str]) -> dict[str, int]:
    """Which load of the user's own modules is there, told apart by the `id()` of what each was loaded by."""
    return {name: id(getattr(sys.modules.get(name), "__spec__", None)) for name in local}


def reloaded(before: Mapping[str, int]) -> dict[str, str]:
    """Those of the user's own modules that were loaded again since."""
    found = {}
    for name, number in specs_of(before).items():
        file = getattr(sys.modules.get(name), "__file__", None)
        if number != before[name] and isinstance(file, str):
            found[name] = f"{file} {digest_of(file)}"
    return found


_NOT_LOCAL = (str(Path(os.__file__).parent), str(Path(__file__).parents[1]))
"""Where the standard library and nbtrack are; looked up once, for a library that is imported asks it of a thousand modules."""


def is_local(file: str) -> bool:
    """Whether a module's file is the user's own."""
    if "site-packages" in file or "__autograph_generated_file" in file or "dist-packages" in file or not os.path.isabs(file):  # noqa: PTH117 - PyTorch has modules that say they are in `_ops.py`
        return False
    return not file.startswith(_NOT_LOCAL)


def digest_of(file: str) -> str:
    """A short digest of a file; empty where it cannot be read."""
    try:
        return hashlib.blake2b(Path(file).read_bytes(), digest_size=8).hexdigest()
    except OSError:
        return ""
