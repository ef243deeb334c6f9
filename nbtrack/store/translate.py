"""Ids on their way to the real store and back: of runs, of experiments that stand in for others, and URIs of artifacts."""

from __future__ import annotations

import copy
import re
from typing import Any

from nbtrack.courier.uris import EXPERIMENT
from nbtrack.store.journal_experiments import Experiments
from nbtrack.store.journal_runs import JournalRuns
from nbtrack.store.journal_uris import ARTIFACTS, RUN_ID, read_artifacts_uri

_WORD = re.compile(rf"(?<![0-9a-f]){RUN_ID.pattern}(?![0-9a-f])")
_STAND_IN = re.compile(rf"{EXPERIMENT}[^'\"]*")
_FIELDS = ("_run_id", "run_id", "_source_run_id", "source_run_id", "_experiment_id", "experiment_id")
_PARENT = "mlflow.parentRunId"
_TRACE_RUN = "mlflow.sourceRun"


class Translation:
    """Of one store. Values that MLflow or the user made are copied before they are changed, and the user's own data is left alone."""

    def __init__(self, runs: JournalRuns, experiments: Experiments) -> None:
        self._runs, self._experiments = runs, experiments

    def call_there(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call, for the real store.

        Raises:
            StoreError, DeliveryError: a run that is named could not be delivered.
        """
        return tuple(self.there(value) for value in args), {name: self.there(value) for name, value in kwargs.items()}

    def there(self, value: Any) -> Any:
        """One argument, for the real store.

        Raises:
            StoreError, DeliveryError: a run that is named could not be delivered.
        """
        if isinstance(value, str):
            return self._text_there(value)
        if isinstance(value, tuple):
            return tuple(self.there(item) for item in value)
        if type(value) in (list, set):
            return type(value)(self.there(item) for item in value)
        if type(value).__module__.startswith("mlflow."):
            return self._entity_there(value)
        return value

    def back(self, value: Any) -> Any:
        """From the real store: runs that this process knows by their id here."""
        if isinstance(value, list):
            for at, item in enumerate(value):
                value[at] = self.back(item)
            return value
        if not type(value).__module__.startswith("mlflow."):
            return value
        info, data = getattr(value, "info", None), getattr(value, "data", None)
        if info is not None:
            self.back(info)
        tags = getattr(data, "tags", None)
        if isinstance(tags, dict) and _PARENT in tags:
            tags[_PARENT] = self._runs.our_id(tags[_PARENT])
        facts = vars(value) if hasattr(value, "__dict__") else {}
        for name in _FIELDS:
            if isinstance(facts.get(name), str):
                facts[name] = self._runs.our_id(facts[name])
        source = facts.get("trace_metadata")
        if isinstance(source, dict) and _TRACE_RUN in source:
            source[_TRACE_RUN] = self._runs.our_id(source[_TRACE_RUN])
        return value

    def _text_there(self, text: str) -> str:
        if text.startswith(ARTIFACTS):
            return self._artifacts_there(text)
        if EXPERIMENT in text:
            text = _STAND_IN.sub(lambda found: self._experiments.real_id(found[0]), text)
        if len(text) < 32:
            return text
        return _WORD.sub(lambda found: self._runs.real_id(found[0]), text)

    def _artifacts_there(self, uri: str) -> str:
        try:
            run_id, path = read_artifacts_uri(uri)
        except ValueError:
            return uri
        self._runs.real_id(run_id)
        root = self._runs.cursor(run_id).artifact_uri
        return f"{root.rstrip('/')}/{path}".rstrip("/") if root else uri

    def _entity_there(self, value: Any) -> Any:
        facts = vars(value) if hasattr(value, "__dict__") else {}
        changes: dict[str, Any] = {name: self._text_there(facts[name]) for name in _FIELDS if isinstance(facts.get(name), str)}
        source = facts.get("trace_metadata")
        if isinstance(source, dict) and isinstance(source.get(_TRACE_RUN), str):
            changes["trace_metadata"] = {**source, _TRACE_RUN: self._text_there(source[_TRACE_RUN])}
        for name in ("trace_location", "mlflow_experiment"):
            if facts.get(name) is not None:
                changes[name] = self.there(facts[name])
        if all(facts[name] == new for name, new in changes.items()):
            return value
        value = copy.copy(value)
        for name, new in changes.items():
            vars(value)[name] = new
        return value
