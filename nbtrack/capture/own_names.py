"""The notebook's own names in a namespace, told apart from IPython's: `_`, `__`, `_i3`, `_7`, `_oh`.

They are asked for before and after every cell, and IPython adds two names with each: what was looked at once is not looked at again.
"""

from __future__ import annotations

from typing import Any


class OwnNames:
    """Those of one namespace; where another is asked about, all is looked at anew."""

    def __init__(self) -> None:
        self._namespace: dict[str, Any] | None = None
        self._own: list[str] = []
        self._hidden: set[str] = set()
        """Those that are not."""
        self._last = ""

    def of(self, namespace: dict[str, Any]) -> list[str]:
        """In the order in which they were bound first."""
        own = self._since(namespace) if namespace is self._namespace else None
        if own is None:
            names = list(namespace)
            own = [name for name in names if _is_own(name)]
            self._hidden = set(names).difference(own)
        self._namespace, self._own, self._last = namespace, own, next(reversed(namespace), "")
        return own

    def _since(self, namespace: dict[str, Any]) -> list[str] | None:
        """With what came after the last name there was; None where that does not add up, as when names went that are not the notebook's."""
        fresh: list[str] = []
        try:
            for name in reversed(namespace):
                if name == self._last:
                    break
                fresh.append(name)
        except RuntimeError:  # a thread binds names at this moment
            return None
        own = [name for name in self._own if name in namespace]
        if not self._hidden <= namespace.keys() or len(namespace) != len(own) + len(self._hidden) + len(fresh):
            return None  # after a %reset, the last name may be there again, behind new ones
        found = [name for name in reversed(fresh) if _is_own(name)]
        self._hidden.update(set(fresh).difference(found))
        return [*own, *found]


def _is_own(name: str) -> bool:
    return name[:1] != "_" or not _is_shells(name)


def _is_shells(name: str) -> bool:
    return name.strip("_") in ("", "i", "ii", "iii", "oh", "ih", "dh", "exit_code") or name.strip("_i").isdigit() or name.startswith("__")
