"""Which distributions are installed, and which of them are imported."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from nbtrack.patterns import regex

_NAME = regex(r"^Name:\s*(\S+)", re.MULTILINE)
_VERSION = regex(r"^Version:\s*(\S+)", re.MULTILINE)
_TOP = regex(r'^"?([A-Za-z_][\w-]*)(?:/|\.py,|\.[\w.-]*(?:so|pyd),)', re.MULTILINE)


class Distributions:
    """The distributions on `sys.path` at one time. Reading them takes some tens of milliseconds, so it is for the background."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}
        self._owners: dict[str, set[str]] = {}
        self._unread: list[tuple[str, importlib.metadata.Distribution]] = []
        for it in importlib.metadata.distributions():
            head = (it.read_text("METADATA") or it.read_text("PKG-INFO") or "").partition("\n\n")[0]  # email's parser takes ten times as long
            name, version = _NAME.search(head), _VERSION.search(head)
            if name is None or version is None or name.group(1) in self.versions:  # broken, or hidden by an earlier folder
                continue
            self.versions[name.group(1)] = version.group(1)
            tops = (it.read_text("top_level.txt") or "").split()
            if tops:
                self._own(name.group(1), tops)
            else:
                self._own(name.group(1), [re.sub(r"[-.]+", "_", name.group(1)).lower()])
                self._unread.append((name.group(1), it))

    def of_modules(self, names: Iterable[str]) -> dict[str, str]:
        """Versions of the distributions that top-level modules come from, sorted by name; the standard library and files of the user's own have none."""
        wanted = {name for name in names if name not in sys.stdlib_module_names}
        while self._unread and wanted - self._owners.keys():  # files are listed nowhere but in RECORD, which may be long
            name, it = self._unread.pop()
            self._own(name, _TOP.findall(it.read_text("RECORD") or ""))
        found = set().union(*(self._owners[name] for name in wanted & self._owners.keys()))
        return {name: self.versions[name] for name in sorted(found, key=str.lower)}

    def as_requirements(self) -> str:
        """All of them, as exact `name==version` lines, sorted."""
        return "".join(f"{name}=={self.versions[name]}\n" for name in sorted(self.versions, key=str.lower))

    def _own(self, name: str, tops: Iterable[str]) -> None:
        for top in tops:
            self._owners.setdefault(top, set()).add(name)


def stamp() -> tuple[tuple[str, int], ...]:
    """Changes where something is installed or removed."""
    found = []
    for folder in sys.path:
        try:
            found.append((folder, Path(folder).stat().st_mtime_ns))
        except OSError:
            continue
    return tuple(found)
