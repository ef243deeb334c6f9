"""The experiment that the user's code told MLflow in this process. Nothing here imports mlflow: that is the user's to do."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from nbtrack.courier.uris import EXPERIMENT, absolute_uri
from nbtrack.system import working_folder

_WAIT_S = 2.0
_AGAIN_S = 60.0
_names: dict[tuple[str, str], str] = {}
_asked_at: dict[tuple[str, str], float] = {}


def active_experiment(uri: str) -> str:
    """Name of the experiment of `mlflow.set_experiment`; empty where none was set, where it is another store's, or where the store does not tell in time.

    MLflow keeps the id alone, so its store is asked once an id, for 2 s at most; the answer may come later, for the next run.

    Args:
        uri: full absolute URI of the run's store.
    """
    fluent = sys.modules.get("mlflow.tracking.fluent")
    chosen = str(getattr(fluent, "_active_experiment_id", None) or "")
    if not chosen or absolute_uri(str(sys.modules["mlflow"].get_tracking_uri()), working_folder()) != uri:
        return ""
    if chosen.startswith(EXPERIMENT):
        return chosen.removeprefix(EXPERIMENT)
    key = (uri, chosen)
    if key not in _names and time.monotonic() - _asked_at.get(key, -_AGAIN_S) >= _AGAIN_S:
        _asked_at[key] = time.monotonic()
        asking = threading.Thread(target=_ask, args=(fluent, key), name="nbtrack-experiment", daemon=True)
        asking.start()
        asking.join(_WAIT_S)
    return _names.get(key, "")


def _ask(fluent: Any, key: tuple[str, str]) -> None:
    try:
        _names[key] = str(fluent.get_experiment(key[1]).name)
    except Exception:  # noqa: BLE001 - a store that does not answer must not print into the user's notebook; the next sources serve
        return
