"""The notebook's own names in a namespace, told apart from IPython's: `_`, `__`, `_i3`, `_7`, `_oh`.

They are asked for before and after every cell, and IPython adds two names with each: what was looked at once is not looked at again.
"""

from __future__ import annotations

import itertools
from typing import Any


class OwnNames:
    """Those of one namespace; where another is asked about, all is looked at anew."""

    def __init__(self) -> None:
        self._namespace: dict[str, Any] | None = None
        self._count = 0
        self._last: str | None = None
        """The one that was bound first as the latest."""
        self._own: list[str] = []
        self._hidden: set[str] = set()
        """Those that are not."""

    def ids(self, namespace: dict[str, Any]) -> dict[str, int]:
        """What each means, told apart by `id()`; in the order in which they were bound first."""
        own = self._of(namespace)
        try:
            return dict(zip(own, map(id, map(namespace.__getitem__, own)), strict=True))
        except KeyError:  # one went, and as many came; or a thread takes names away at this moment
            self._namespace = None
            return {name: id(namespace[name]) for name in self._of(namespace) if name in namespace}

    def _of(self, namespace: dict[str, Any]) -> list[str]:
        if namespace is not self._namespace:
            self._namespace, self._count, self._last, self._own, self._hidden = namespace, 0, None, [], set()
        fresh = self._fresh(namespace)
        if fresh is None:
            self._own, fresh = [], [name for name in list(namespace) if name not in self._hidden]
        if fresh:
            found = [name for name in fresh if _is_own(name)]
            self._hidden.update(set(fresh).difference(found))
            self._own = [*self._own, *found]
        self._count, self._last = len(namespace), next(reversed(namespace), None)
        return self._own

    def _fresh(self, namespace: dict[str, Any]) -> list[str] | None:
        """Names that came since last time, in their order; None where others went.

        A name that comes stands behind all others, also one that went before: there are as many more as stand behind the last one of last time.
        """
        more = len(namespace) - self._count
        if more < 0 or self._last is None:
            return None
        *fresh, last = itertools.islice(reversed(namespace), more + 1)
        return fresh[::-1] if last == self._last else None


def _is_own(name: str) -> bool:
    return name[:1] != "_" or not _is_shells(name)


def _is_shells(name: str) -> bool:
    return name.strip("_") in ("", "i", "ii", "iii", "oh", "ih", "dh", "exit_code") or name.strip("_i").isdigit() or name.startswith("__")
