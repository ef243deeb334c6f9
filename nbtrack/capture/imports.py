"""Acting when a module gets imported, without importing it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nbtrack.capture.wrap import observed, wrap

Act = Callable[[ModuleType], None]


def when_imported(name: str, act: Act) -> Callable[[], None]:
    """Call `act` with the module called `name`: now where it is imported already, else once it is.

    The module's own loader does the work, and tracebacks show no frame of ours. What `act` raises is dropped.

    Returns:
        What takes the wish back.
    """
    module = sys.modules.get(name)
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        with contextlib.suppress(Exception):
            act(module)
        return lambda: None
    _finder.wait(name, act)
    return lambda: _finder.forget(name, act)


class _Finder:
    """First on `sys.meta_path` while somebody waits; finds what the others find."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Act]] = {}

    def wait(self, name: str, act: Act) -> None:
        self._waiting.setdefault(name, []).append(act)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def forget(self, name: str, act: Act) -> None:
        if act in self._waiting.get(name, ()):
            self._waiting[name].remove(act)
            if not self._waiting[name]:
                del self._waiting[name]
        if not self._waiting and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in self._waiting:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    with contextlib.suppress(AttributeError, TypeError):  # a loader that takes no attributes: nobody is told
                        wrap(spec.loader, "exec_module", lambda load: observed(load, lambda _, module: self._tell(name, module)))
                return spec
        return None

    def _tell(self, name: str, module: ModuleType) -> None:
        for act in list(self._waiting.get(name, ())):
            self.forget(name, act)
            with contextlib.suppress(Exception):
                act(module)


_finder = _Finder()
