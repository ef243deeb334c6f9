"""Experiments of the real store, and what stands for them while it does not answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException

from nbtrack.courier.uris import EXPERIMENT
from nbtrack.store.journal_faults import is_away

_log = logging.getLogger("nbtrack")
_DEFAULT = {"0": "Default"}


class Experiments:
    """Names and ids of one store's experiments."""

    def __init__(self, real: Callable[[], Any]) -> None:
        """
        Args:
            real: the real store; raises MlflowException soon where it does not answer.
        """
        self._real = real
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._told: set[str] = set()

    def by_name(self, name: str) -> Experiment | None:
        """The experiment; a stand-in where the store does not answer."""
        try:
            found = self._real().get_experiment_by_name(name)
        except Exception as cause:
            if not is_away(cause):
                raise
            return self._stand_in(name)
        return self._seen(found)

    def by_id(self, experiment_id: str) -> Experiment | None:
        """The experiment; a stand-in where the store does not answer and its name is known."""
        experiment_id = str(experiment_id)
        name = self._known(experiment_id)
        try:
            if experiment_id.startswith(EXPERIMENT):
                return self._seen(self._real().get_experiment_by_name(name)) or self._stand_in(name)
            return self._seen(self._real().get_experiment(experiment_id))
        except Exception as cause:
            if not is_away(cause) or not name:
                raise
            return self._stand_in(name, experiment_id)

    def create(self, name: str, artifact_location: str | None, tags: Any) -> str:
        """Create the experiment; the id of a stand-in where the store does not answer."""
        try:
            found = str(self._real().create_experiment(name, artifact_location, tags))
        except Exception as cause:
            if not is_away(cause):
                raise
            if artifact_location or tags:
                _log.warning("nbtrack: the store does not answer; experiment %r will be created without its tags and artifact location.", name)
            return str(self._stand_in(name).experiment_id)
        self._names[found], self._ids[name] = name, found
        return found

    def name_of(self, experiment_id: str) -> str:
        """Name of the experiment, which the journal knows it by."""
        experiment_id = str(experiment_id)
        known = self._known(experiment_id)
        if known and not (experiment_id in _DEFAULT and experiment_id not in self._names):
            return known
        try:
            found = self._seen(self._real().get_experiment(experiment_id))
        except Exception as cause:
            if not is_away(cause):
                raise
            if not known:
                _log.warning("nbtrack: the store does not answer and the name of experiment %s is not known.", experiment_id)
            return known or f"experiment {experiment_id}"
        return str(found.name) if found is not None else known

    def id_of(self, name: str) -> str:
        """Id of the experiment as far as it is known without asking; else that of its stand-in."""
        return self._ids.get(name) or f"{EXPERIMENT}{name}"

    def real_id(self, experiment_id: str) -> str:
        """The store's own id for a stand-in's; the experiment is created if there is none."""
        if not experiment_id.startswith(EXPERIMENT):
            return experiment_id
        name = experiment_id.removeprefix(EXPERIMENT)
        if name not in self._ids:
            found = self._seen(self._real().get_experiment_by_name(name))
            if found is None:
                try:
                    self.create(name, None, [])
                except MlflowException:  # delivery was quicker
                    self._seen(self._real().get_experiment_by_name(name))
        return self._ids.get(name, experiment_id)

    def _known(self, experiment_id: str) -> str:
        if experiment_id.startswith(EXPERIMENT):
            return experiment_id.removeprefix(EXPERIMENT)
        return self._names.get(experiment_id) or _DEFAULT.get(experiment_id, "")

    def _seen(self, found: Experiment | None) -> Experiment | None:
        if found is not None:
            self._names[str(found.experiment_id)], self._ids[found.name] = found.name, str(found.experiment_id)
        return found

    def _stand_in(self, name: str, experiment_id: str = "") -> Experiment:
        if name not in self._told:
            self._told.add(name)
            _log.warning("nbtrack: the tracking store does not answer; runs of experiment %r are kept and delivered when it does.", name)
        now_ms = int(time.time() * 1000)
        return Experiment(
            experiment_id or self.id_of(name), name, f"{EXPERIMENT}///{name}", LifecycleStage.ACTIVE, creation_time=now_ms, last_update_time=now_ms
        )
