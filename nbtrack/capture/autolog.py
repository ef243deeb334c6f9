"""What MLflow's autologging finds in the frameworks a cell uses, joined to the cell's run."""

from __future__ import annotations

import math
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from nbtrack import settings
from nbtrack.capture.choice import read_kinds
from nbtrack.capture.known import module_of, own_values
from nbtrack.capture.measures import is_equal_or_share
from nbtrack.capture.measures import number as number_of
from nbtrack.capture.models import reachable_names
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.schemas import is_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities.ledger import Entry
from nbtrack.patterns import regex

_FRAMEWORKS = ("xgboost", "lightgbm", "keras", "tensorflow", "lightning", "pytorch_lightning", "statsmodels", "transformers")
_SEARCHES = "SearchCV"
Held = tuple[dict[str, str], dict[str, float]]


class Door(Protocol):
    """Where MLflow is: given by the package's top, as this layer does not know it."""

    def load(self) -> None:
        """Begin to import it in the background; does nothing where that was begun."""

    def pause(self) -> None:
        """The import stands still: a cell begins."""

    def resume(self) -> None:
        """It goes on."""

    def is_loaded(self, wait_s: float) -> bool: ...

    def enter(self, run: TrackedRun, frameworks: Iterable[str], wants: Callable[[str], bool]) -> Callable[[], Held]:
        """Switch autologging on, into the run. The function that is returned switches it off and gives the params and metrics it held back."""


door: Door | None = None
"""None where nobody gave one: then nothing is autologged."""

_BEST = "best_cv_score"
"""What MLflow calls the best score of a search."""
_FOLDS = regex(r"\b(cross_val_score|cross_validate|cross_val_predict)\b")
_OBJECT = regex(r"[\[({]*(['\"]\w+['\"], )?[A-Z]\w*\(.*\)[\])}]*", re.S)
"""How an estimator writes itself, or the steps of a pipeline themselves."""

_KEYS = regex(r"[{,] ?['\"](\w+)['\"]: ")


class Autolog(Source):
    """Autologging, from the start of a tracked cell to its end, for frameworks that were loaded before it and that it uses.

    scikit-learn's is used for searches such as GridSearchCV alone: it predicts the training set once more after every fit, and
    what it finds of a single estimator our own sources find without that.
    """

    name = "autolog"
    kind = "autolog"

    def __init__(self) -> None:
        self._undo: dict[int, Callable[[], Held]] = {}
        self._held: dict[int, Held] = {}
        self._has_begun = False
        self._has_told = False

    def enter(self, entry: Entry) -> None:
        if door is not None:
            door.pause()

    def leave(self, entry: Entry) -> None:
        if door is not None:
            door.resume()
        undo = self._undo.pop(entry.number, None)
        if undo is not None:
            self._held[entry.number] = undo()
        if door is not None and not self._has_begun and (_loaded() or _SEARCHES in entry.code) and self.kind in read_kinds(settings.load().capture):
            self._has_begun = True
            door.load()

    def stop(self) -> None:
        for undo in self._undo.values():
            undo()
        self._undo.clear()

    def before(self, cell: Cell) -> Iterable[Finding]:
        frameworks = _used_by(cell) if door is not None and cell.run is not None else []
        if not frameworks or door is None or cell.run is None:
            return ()
        if not door.is_loaded(0):
            door.load()
            wait_s = cell.chosen.autolog_wait_s
            if not door.is_loaded(wait_s):
                if not self._has_told:
                    self._has_told = True
                    cell.run.notice(f"MLflow was not loaded within {wait_s:g} s, so its autologging of {', '.join(frameworks)} is missing in this run")
                return ()
        self._undo[cell.entry.number] = door.enter(cell.run, frameworks, cell.choice.wants)
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        params, numbers = self._held.pop(cell.entry.number, ({}, {}))
        if _is_of_folds(cell, numbers):
            params, numbers = {name: it for name, it in params.items() if not name.startswith("best_")}, {}
        for name, value in params.items():
            if _OBJECT.fullmatch(str(value)) or ("__" in name and not name.startswith("best_")):
                continue  # an estimator that a search tried, and what parts of it have, set or not: what was set our own sources find
            if cell.run is not None and _KEYS.search(str(value)) and _has_these(str(value), cell.run):
                continue  # a grid by the name of the search's argument
            if cell.run is None or not ({name, f"best.{name.removeprefix('best_')}"} & cell.run.params_seen.keys() or _is_of_optimizer(name, value, cell.run)):
                yield Finding("param", name, value, "found by MLflow's autologging")
        for name, number in numbers.items():
            if cell.run is None or not any(is_equal_or_share(abs(it), abs(number)) for it in cell.run.metric_values.values()):
                yield Finding("metric", name, number, "found by MLflow's autologging")


def is_same_text(some: str, other: str) -> bool:
    """Whether two params are one value: the same text, or numbers that a float of 32 bits does not tell apart."""
    try:
        return some == other or (not (some.isdigit() and other.isdigit()) and math.isclose(float(some), float(other), rel_tol=1e-6))
    except ValueError:
        return False


def _has_these(grid: str, run: TrackedRun) -> bool:
    """Whether a param of the run has all keys of a dict that is written as text."""
    keys = set(_KEYS.findall(grid))
    return any(keys <= set(_KEYS.findall(text)) for text in run.params_seen.values() if text[:1] in ("{", "["))


def _is_of_optimizer(name: str, value: str, run: TrackedRun) -> bool:
    """Whether this is what an optimizer was given, and the run has it: `optimizer_learning_rate` beside `lr`."""
    bare = name.removeprefix("optimizer_")
    words = {bare, "lr"} if bare == "learning_rate" else {bare}
    return bare != name and any(key.lower().rpartition(".")[2] in words and is_same_text(value, it) for key, it in run.params_seen.items())


def _loaded() -> list[str]:
    return [name for name in _FRAMEWORKS if name in sys.modules]


def _used_by(cell: Cell) -> list[str]:
    """Frameworks from which the cell, or a function it calls, has a module, a class, a function or an object."""
    loaded = _loaded()
    is_sklearn = "sklearn.model_selection" in sys.modules
    if not loaded and not is_sklearn:
        return []
    found: dict[str, None] = {}
    for name in reachable_names(cell.entry, cell.ledger, cell.namespace):
        value: Any = cell.namespace.get(name)
        kind = value if issubclass(type(value), type) else type(value)
        is_module = issubclass(type(value), types.ModuleType)
        top = str(value.__name__ if is_module else value.__module__ if type(value) is types.FunctionType else module_of(kind)).partition(".")[0]
        if top in loaded:
            found[top] = None
        elif is_sklearn and _is_search(value, kind):
            found["sklearn"] = None
    return list(found)


def _is_search(value: Any, kind: type) -> bool:
    return kind.__name__.endswith(_SEARCHES) and (is_of(value, "sklearn.base", "BaseEstimator") or kind.__module__.startswith("sklearn."))


def _is_of_folds(cell: Cell, numbers: Mapping[str, float]) -> bool:
    """Whether the best score is that of a search which a cross-validation of the cell fitted for one of its folds."""
    if _BEST not in numbers or not _FOLDS.search(cell.code):
        return False
    held = (own_values(cell.namespace.get(name)).get("best_score_") for name in cell.entry.scope.reads | cell.entry.scope.writes)
    return not any(number_of(it) == numbers[_BEST] for it in held)
