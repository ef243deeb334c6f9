"""`mlflow.set_tracking_uri` inside a tracked cell: told the cell's own store, it means the cell's run. Nothing here imports mlflow."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nbtrack.capture.imports import when_imported
from nbtrack.courier.uris import PREFIX, absolute_uri
from nbtrack.system import working_folder

_SERVICE = "mlflow.tracking._tracking_service.utils"
_NAME = "set_tracking_uri"


def chosen() -> str | None:
    """What the user's code told MLflow with `set_tracking_uri`."""
    return getattr(sys.modules.get(_SERVICE), "_tracking_uri", None)


def choose(uri: str | None) -> None:
    """Tell MLflow, which must be imported, another one."""
    getattr(sys.modules[_SERVICE], _NAME)(uri)


def is_same(uri: str, other: str) -> bool:
    """Whether two tracking URIs name one store."""
    return _plain(uri) == _plain(other)


def _plain(uri: str) -> str:
    uri = absolute_uri(uri, working_folder())
    return uri.rstrip("/") if uri.startswith("http") else uri


class ToldUri:
    """Has `set_tracking_uri` choose the way through the journal where it is told `uri`, until `stop`; other URIs it takes as ever."""

    def __init__(self, uri: str) -> None:
        self.told: str | None = None
        """The words in which the user's code last named `uri`."""
        self._uri, self._is_over = uri, False
        self._undo: list[Callable[[], None]] = []
        self._forget = when_imported(_SERVICE, self._wrap)

    def stop(self) -> None:
        """Take it off, from where nobody else has put something over it."""
        self._is_over = True
        self._forget()
        for undo in self._undo:
            undo()

    def _wrap(self, service: ModuleType) -> None:
        original = getattr(service, _NAME)

        @functools.wraps(original)
        def set_tracking_uri(uri: Any) -> Any:
            if self._is_over or uri == PREFIX + self._uri:  # as MLflow itself sets back
                return original(uri)
            self.told = uri if isinstance(uri, str) and is_same(uri, self._uri) else None
            return original(uri if self.told is None else PREFIX + self._uri)

        for name in (_SERVICE, "mlflow.tracking", "mlflow"):
            module = sys.modules.get(name)
            if module is not None and vars(module).get(_NAME) is original:
                self._set(module, original, set_tracking_uri)

    def _set(self, module: ModuleType, original: Any, wrapper: Any) -> None:
        setattr(module, _NAME, wrapper)

        def undo() -> None:
            if vars(module).get(_NAME) is wrapper:
                setattr(module, _NAME, original)

        self._undo.append(undo)
