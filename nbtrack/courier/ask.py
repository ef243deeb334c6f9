"""What is asked of a delivery process: deliver this now, how are you, look again, end."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from typing import Any

from nbtrack.courier.channel import Place, ask
from nbtrack.errors import DeliveryError, GoneError, LoginError, NbtrackError, RefusedError, SecretError, StoreUnreachableError
from nbtrack.journal.location import Home
from nbtrack.records import dataclass

_ERRORS: dict[str, type[NbtrackError]] = {
    kind.__name__: kind for kind in (StoreUnreachableError, LoginError, RefusedError, GoneError, DeliveryError, SecretError)
}


File = tuple[str, str, int]
"""Path, blob and size in bytes."""


@dataclass(frozen=True)
class FetchedModel:
    """A logged model of a run, its files by their path in the model's folder."""

    name: str
    params: dict[str, str]
    files: tuple[File, ...]


@dataclass(frozen=True)
class Fetched:
    """What a store has of a run beside its row, with the bytes among the journal's blobs."""

    files: tuple[File, ...]
    models: tuple[FetchedModel, ...]
    inputs: tuple[dict[str, Any], ...]
    """MLflow's facts of the data it read: `{"dataset": {...}, "tags": {...}}`."""


def flush(home: Home, store: str, run_id: str, wait_s: float) -> str:
    """Have one run delivered now; returns its MLflow run id.

    Args:
        store: masked absolute URI of the run's store.

    Raises:
        StoreUnreachableError: the store does not answer, or not within `wait_s`.
        LoginError: credentials are missing or refused.
        DeliveryError: no delivery process lives (announce it first), or it failed.
    """
    try:
        answer = ask(Place.of(home, store), {"act": "flush", "run": run_id, "wait_s": wait_s}, wait_s=wait_s + 5)
    except ConnectionError as cause:
        raise DeliveryError(f"No delivery process for {store} lives.", mend="Run nbtrack sync.") from cause
    return str(_given(answer)["mlflow_run_id"])


def look(home: Home, store: str, *, full: bool = False, now: bool = False) -> None:
    """Have the process bring its index of the store's runs up to date.

    Args:
        full: read all runs of the store again.
        now: do it at once, however short a time ago it was done.

    Raises:
        DeliveryError: no process lives (announce it first).
    """
    try:
        ask(Place.of(home, store), {"act": "look", "full": full, "now": now}, wait_s=5)
    except ConnectionError as cause:
        raise DeliveryError(f"No delivery process for {store} lives.", mend="Track a cell, or run nbtrack sync.") from cause


def history(home: Home, store: str, mlflow_run_id: str, metrics: Sequence[str], wait_s: float) -> None:
    """Have all points of metrics of a run of the store's fetched into the index.

    Raises:
        StoreUnreachableError, LoginError, RefusedError: the store does not give them.
        DeliveryError: no process lives (announce it first), or it was not done within `wait_s`.
    """
    _fetched(home, store, {"act": "history", "run": mlflow_run_id, "metrics": list(metrics)}, wait_s)


def files(home: Home, store: str, mlflow_run_id: str, folders: Sequence[str], wait_s: float) -> Fetched:
    """Have files of a run of the store's fetched into the journal's blobs.

    Args:
        folders: which of the topmost files and folders, `models` for the logged models; empty means all.

    Raises:
        StoreUnreachableError, LoginError, RefusedError: the store does not give them.
        DeliveryError: no process lives (announce it first), or it was not done within `wait_s`.
    """
    found = _fetched(home, store, {"act": "files", "run": mlflow_run_id, "folders": list(folders)}, wait_s)
    models = tuple(FetchedModel(str(it["name"]), dict(it["params"]), _files_of(it["files"])) for it in found.get("models", ()))
    return Fetched(_files_of(found["files"]), models, tuple(found.get("inputs", ())))


def _files_of(found: Any) -> tuple[File, ...]:
    return tuple((str(path), str(blob), int(size)) for path, blob, size in found)


def _fetched(home: Home, store: str, question: dict[str, Any], wait_s: float) -> dict[str, Any]:
    try:
        answer = ask(Place.of(home, store), question, wait_s=wait_s)
    except ConnectionError as cause:
        raise DeliveryError(f"No delivery process for {store} lives.", mend="Track a cell, or run nbtrack sync.") from cause
    return _given(answer)


def _given(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise _ERRORS.get(answer["error"], DeliveryError)(answer["message"], mend=answer["mend"])
    return answer


def status(home: Home, store: str) -> dict[str, Any] | None:
    """What the store's process is doing: `state`, `problem`, `mend`, `live_runs`, `backlog_runs`, `delivered_runs`, `pid`; None if none lives."""
    with contextlib.suppress(ConnectionError, DeliveryError):
        return ask(Place.of(home, store), {"act": "status"}, wait_s=5)
    return None


def last_status(home: Home, store: str) -> dict[str, Any] | None:
    """What the store's last process wrote when it ended; None if it left nothing."""
    try:
        found: dict[str, Any] = json.loads(Place.of(home, store).last_status.read_bytes())
    except (OSError, ValueError):
        return None
    return found


def wake(home: Home, store: str) -> None:
    """Have the process look at all journals now; nothing happens where none lives."""
    with contextlib.suppress(ConnectionError, DeliveryError):
        ask(Place.of(home, store), {"act": "wake"}, wait_s=5)


def stop(home: Home, store: str, *, wait_s: float = 30.0) -> bool:
    """End the process after its current request; says whether it is gone within `wait_s`."""
    place = Place.of(home, store)
    deadline = time.monotonic() + wait_s
    while place.is_alive():
        if time.monotonic() > deadline:
            return False
        with contextlib.suppress(ConnectionError, DeliveryError):  # it may just be starting
            ask(place, {"act": "stop"}, wait_s=5)
        time.sleep(0.05)
    return True


def known_stores(home: Home) -> list[str]:
    """Masked URIs of the stores that ever had a delivery process here."""
    found = []
    for path in sorted((home.root / "delivery").glob("*/store")):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().decode("utf-8", "surrogatepass"))
    return found
