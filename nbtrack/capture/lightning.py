"""Curves of Lightning: what a module logs with `self.log`, as its trainer hands it to loggers, whether there are loggers or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from nbtrack.capture.curves import Kept
from nbtrack.capture.imports import when_imported
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.values import as_floats, take
from nbtrack.capture.wrap import observed, wrap

_MODULES = tuple(f"{package}.trainer.connectors.logger_connector.logger_connector" for package in ("lightning.pytorch", "pytorch_lightning"))
_CLASSES = ("_LoggerConnector", "LoggerConnector")
_MOST = 100_000
"""Values kept of one name."""


class LightningLog(Source):
    """Gives way to MLflow's autologging, which has the same metrics where MLflow could be loaded in time."""

    name = "log of Lightning"
    kind = "curves"

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._logged: dict[str, list[Any]] | None = None

    def start(self, shell: Any) -> None:
        self._undo.extend(when_imported(module, self._watch) for module in _MODULES)

    def stop(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    def before(self, cell: Cell) -> Iterable[Finding]:
        self._logged = {}
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        logged, self._logged = self._logged or {}, None
        kept = Kept(cell)
        for name, values in logged.items():
            numbers = [float(it) for it in as_floats(values) if it is not None]
            if len(numbers) > 1:
                yield from kept.take(name, numbers, "logged in Lightning")

    def _watch(self, module: ModuleType) -> None:
        for name in _CLASSES:
            if (connector := getattr(module, name, None)) is not None:
                self._undo.append(wrap(connector, "log_metrics", lambda call: observed(call, self._see)))

    def _see(self, _: Any, connector: Any, metrics: Any, *args: Any, **options: Any) -> None:
        if self._logged is None or not isinstance(metrics, dict):
            return
        for name, value in metrics.items():
            if type(name) is str and name != "epoch" and (number := take(value, True)) is not None:
                values = self._logged.setdefault(name, [])
                if len(values) < _MOST:
                    values.append(number)
