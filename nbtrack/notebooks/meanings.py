"""What the names of one cell mean: modules, functions of libraries, the notebook's own, texts and files."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nbtrack.entities.ledger import Seen
from nbtrack.notebooks.body import Body
from nbtrack.notebooks.step import Fact, Step

if TYPE_CHECKING:
    from nbtrack.notebooks.history import History

BUILTINS = frozenset(dir(builtins))


class Meanings:
    """The names of one cell, and what its code says is done to their objects."""

    def __init__(self, history: History, step: Step, seen: Seen | None, imports: dict[str, str]) -> None:
        self._history, self._step, self._imports = history, step, imports
        self._kinds = seen.kinds if seen is not None else history.kinds
        self._texts = seen.texts if seen is not None else {}
        self._folder = seen.folder if seen is not None else ""
        self._seen, self._is_seen = seen, seen is not None
        self.seeds: set[str] = set()
        self.handles: list[tuple[str, str]] = []
        self.clears = False
        self.settings: dict[str, set[str]] = {}
        """For options among the places it changes: what it sets of them; an empty text where nobody can say."""
        self.unread: set[str] = set()
        """Those of which something is set that nobody sees."""
        self._local = history.local_modules | (files_of(seen) if seen is not None else {})
        self.refitted: set[str] = set()
        self.changed_otherwise: set[str] = set()
        self.loaded_alike: set[str] = set()
        """The user's own modules that it loaded again, and that are as they were."""
        self._holds: dict[str, list[str]] = {}
        for name, package in seen.holds if seen is not None else ():
            self._holds.setdefault(name, []).append(package)
        self._followed: set[tuple[str, int]] = set()
        self._by_function: set[str] = set()
        self._taken = step.body
        """The body whose calls are looked at."""
        if seen is not None:
            if seen.has_figures:
                step.changes.add("<figures>")
            if seen.tasks:
                step.facts.append(Fact("background", f"leaves {seen.tasks} asyncio task{'s' if seen.tasks > 1 else ''} running"))

    def _set_option(self, place: str, keys: Iterable[str], *, is_read_back: bool = False) -> None:
        """The cell changes an option; `keys` is empty where nobody can say what it sets of it. `is_read_back`: all that it does to it is seen."""
        self._step.changes.add(place)
        self.unread |= {place} if not is_read_back else set()
        self.settings.setdefault(place, set()).update(tuple(keys) or ("",))

    def kind_of(self, name: str) -> str:
        return self._kinds.get(name, "")

    def _is_local(self, package: str) -> bool:
        return any(name.partition(".")[0] == package for name in self._local)

    def _read_by(self, name: str) -> set[str]:
        """What a function of the notebook may give back of what is around it."""
        return {it for inner in self._bodies_of(name) for it in inner.reads}

    def _bodies_of(self, name: str) -> list[Body]:
        own = self._step.body.functions.get(name)
        return [own] if own is not None else [self._history._bodies[it] for it in self._history._code.get(name, ())]

    def _may_change(self, name: str) -> bool:
        return (self._kinds.get(name) != "plain" or name in self._step.body.repeated) and not self._import_of(name)

    def _may_be_changed(self, name: str) -> bool:
        kind = self._kinds.get(name, "")
        return kind != "plain" and not kind.startswith(("module", "callable")) and not self._import_of(name) and (name not in BUILTINS or bool(kind))

    def _import_of(self, name: str) -> str:
        """Full name of what an import bound the name to; empty where none did."""
        return name[1:] if name[:1] == "@" else self._imports.get(name, "")

    def _module_of(self, name: str) -> str:
        """Full name of the module that the name means, or the module of what it means; empty where it is the notebook's own."""
        kind, _, module = self.kind_of(name).partition(" ")
        return self._import_of(name) or (module if kind in ("module", "callable") and module != "__main__" else "")

    def _dotted(self, root: str, path: tuple[str, ...]) -> str:
        """Full name of what belongs to a library; empty for the notebook's own."""
        base = self._import_of(root)
        if not base:
            kind, _, module = self._kinds.get(root, "").partition(" ")
            if kind == "module":
                base = module
            elif kind == "callable" and module not in ("__main__", ""):
                base = f"{module}.{root}"
            elif root in BUILTINS and root not in self._history._code and root not in self._step.body.functions and (not kind or module == "builtins"):
                base = f"builtins.{root}"
            else:
                return ""
        return ".".join((base, *path))

    def _value(self, text: str | None) -> str | None:
        """The text an argument is, or what the name it gives holds."""
        return self._texts.get(text[1:]) if text is not None and text.startswith("=") else text

    def _file(self, path: str) -> str:
        return file_place(self._folder, path)


def files_of(seen: Seen) -> dict[str, str]:
    """File of each module of the user's own that a cell loaded."""
    return {name: fact.rpartition(" ")[0] for name, fact in seen.modules.items()}


def file_place(folder: str, path: str) -> str:
    """The place that a file is."""
    return f"<file {os.path.normpath(os.path.join(folder, path))}>"  # noqa: PTH118 - a text, not a path to touch
