"""Models that are logged while the store is away: their files become artifacts of their run, where `runs:/<run>/<name>` finds them."""

from __future__ import annotations

import logging
import time
from typing import Any

from mlflow.entities import LoggedModel

from nbtrack.journal import new_id
from nbtrack.store.journal_uris import artifacts_uri

_log = logging.getLogger("nbtrack")


class KeptModels:
    """Those of this process, which alone knows their ids."""

    def __init__(self) -> None:
        self._models: dict[str, LoggedModel] = {}

    def keep(self, run_id: str, experiment_id: str, name: str | None, tags: Any, params: Any, model_type: str | None) -> LoggedModel:
        """A model of a journal run for which the store cannot be asked."""
        name, now_ms = name or "model", int(time.time() * 1000)
        _log.warning("nbtrack: the store does not answer; model %r is kept as artifacts of its run: runs:/%s/%s.", name, run_id, name)
        made = LoggedModel(
            experiment_id, f"m-{new_id()}", name, f"{artifacts_uri(run_id)}/{name}", now_ms, now_ms, model_type, run_id, tags=tags, params=params
        )  # fmt: skip
        self._models[made.model_id] = made
        return made

    def has(self, model_id: str | None) -> bool:
        """Whether the model is one of these."""
        return model_id in self._models

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LoggedModel | None:
        """The kept model that a call is about, if any."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, str) and value in self._models:
                return self._models[value]
        return None
