"""The notebook's own names in a namespace, told apart from IPython's: `_`, `__`, `_i3`, `_7`, `_oh`.

They are asked for before and after every cell, and IPython adds two names with each: what was looked at once is not looked at again.
"""

from __future__ import annotations

from typing import Any


class OwnNames:
    """Those of one namespace; where another is asked about, all is looked at anew."""

    def __init__(self) -> None:
        self._namespace: dict[str, Any] | None = None
        self._all: list[str] = []
        self._own: list[str] = []
        self._hidden: set[str] = set()
        """Those that are not."""

    def ids(self, namespace: dict[str, Any]) -> dict[str, int]:
        """What each means, told apart by `id()`; in the order in which they were bound first."""
        own = self._of(namespace)
        try:
            return dict(zip(own, map(id, map(namespace.__getitem__, own)), strict=True))
        except KeyError:  # a thread takes names away at this moment
            return {name: id(namespace[name]) for name in own if name in namespace}

    def _of(self, namespace: dict[str, Any]) -> list[str]:
        names = list(namespace)
        if namespace is not self._namespace:
            self._namespace, self._all, self._own, self._hidden = namespace, [], [], set()
        fresh = names[len(self._all) :]
        if (names[: len(self._all)] if fresh else names) != self._all:  # to hold many against each other takes less time than to look one up
            self._own, fresh = [], [name for name in names if name not in self._hidden]
        if fresh:
            found = [name for name in fresh if _is_own(name)]
            self._hidden.update(set(fresh).difference(found))
            self._own = [*self._own, *found]
        self._all = names
        return self._own


def _is_own(name: str) -> bool:
    return name[:1] != "_" or not _is_shells(name)


def _is_shells(name: str) -> bool:
    return name.strip("_") in ("", "i", "ii", "iii", "oh", "ih", "dh", "exit_code") or name.strip("_i").isdigit() or name.startswith("__")
