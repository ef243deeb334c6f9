"""What is asked of a delivery process: deliver this now, how are you, look again, end."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

from nbtrack.courier.channel import Place, ask
from nbtrack.errors import DeliveryError, LoginError, NbtrackError, RefusedError, SecretError, StoreUnreachableError
from nbtrack.journal.location import Home

_ERRORS: dict[str, type[NbtrackError]] = {kind.__name__: kind for kind in (StoreUnreachableError, LoginError, RefusedError, DeliveryError, SecretError)}


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
    if "error" in answer:
        raise _ERRORS.get(answer["error"], DeliveryError)(answer["message"], mend=answer["mend"])
    return str(answer["mlflow_run_id"])


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
