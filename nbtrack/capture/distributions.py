"""Which distributions are installed, and which of them are imported."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from nbtrack.patterns import regex

_NAME = regex(r"^Name:\s*(\S+)", re.MULTILINE)
_VERSION = regex(r"^Version:\s*(\S+)", re.MULTILINE)
_TOP = regex(r'^"?([A-Za-z_][\w-]*)(?:/|\.py,|\.[\w.-]*(?:so|pyd),)', re.MULTILINE)


class _Folder:
    """What is installed in one folder."""

    def __init__(self, path: str) -> None:
        self.versions: dict[str, str] = {}
        self.owners: dict[str, set[str]] = {}
        self._unread: list[tuple[str, importlib.metadata.Distribution]] = []
        for it in importlib.metadata.distributions(path=[path]):
            head = (it.read_text("METADATA") or it.read_text("PKG-INFO") or "").partition("\n\n")[0]  # email's parser takes ten times as long
            name, version = _NAME.search(head), _VERSION.search(head)
            if name is None or version is None or name.group(1) in self.versions:  # broken, or there twice
                continue
            self.versions[name.group(1)] = version.group(1)
            tops = (it.read_text("top_level.txt") or "").split()
            if tops:
                self._own(name.group(1), tops)
            else:
                self._own(name.group(1), [re.sub(r"[-.]+", "_", name.group(1)).lower()])
                self._unread.append((name.group(1), it))

    def read_on(self) -> bool:
        """Read one more list of files, which are listed nowhere but in RECORD, and that may be long; False where all are read."""
        try:
            name, it = self._unread.pop()
        except IndexError:
            return False
        self._own(name, _TOP.findall(it.read_text("RECORD") or ""))
        return True

    def _own(self, name: str, tops: Iterable[str]) -> None:
        for top in tops:
            self.owners.setdefault(top, set()).add(name)


_folders: dict[str, tuple[int, _Folder]] = {}
"""By path, with the time at which something was installed there last."""


def _folder(path: str) -> _Folder | None:
    """What is installed in a folder; read again where that may have changed."""
    place = os.path.abspath(path)  # noqa: PTH100 - symbolic links stay
    try:
        changed = os.stat(place).st_mtime_ns  # noqa: PTH116 - asked at every run
    except OSError:
        return None
    known = _folders.get(place)
    if known is None or known[0] != changed:
        known = _folders[place] = changed, _Folder(place)
    return known[1]


class Distributions:
    """The distributions on `sys.path` at one time. Reading them takes some tens of milliseconds the first time, so it is for the background."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}
        self._folders: list[tuple[_Folder, frozenset[str]]] = []
        for path in dict.fromkeys(sys.path):
            if (found := _folder(path)) is not None and found.versions:
                self._folders.append((found, frozenset(found.versions.keys() - self.versions.keys())))  # the others are hidden by an earlier folder
                self.versions = {**found.versions, **self.versions}

    def of_modules(self, names: Iterable[str]) -> dict[str, str]:
        """Versions of the distributions that top-level modules come from, sorted by name; the standard library and files of the user's own have none."""
        wanted = {name for name in names if name not in sys.stdlib_module_names}
        while wanted - set().union(*(folder.owners for folder, _ in self._folders)) and any(folder.read_on() for folder, _ in self._folders):
            pass
        found = {it for folder, seen in self._folders for name in wanted & folder.owners.keys() for it in folder.owners[name] & seen}
        return {name: self.versions[name] for name in sorted(found, key=str.lower)}

    def as_requirements(self) -> str:
        """All of them, as exact `name==version` lines, sorted."""
        return "".join(f"{name}=={self.versions[name]}\n" for name in sorted(self.versions, key=str.lower))


def stamp() -> tuple[tuple[str, int], ...]:
    """Changes where something is installed or removed."""
    found = []
    for folder in sys.path:
        try:
            found.append((folder, Path(folder).stat().st_mtime_ns))
        except OSError:
            continue
    return tuple(found)
