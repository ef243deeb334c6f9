"""Points of runs that the store alone has: asked for through delivery, which keeps those of ended runs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from nbtrack import courier, settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.courier.channel import Place
from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.reads.points import Curve
from nbtrack.reads.runs import find


def stored_points(home: Home, run: str | RunView, names: Collection[str] | None = None, *, store: str | None = None, wait_s: float = 20.0) -> dict[str, Curve]:
    """Points of a run by metric; a metric without any is left out.

    Args:
        run: as `find` takes it, or the run itself; a run that the journal does not have.
        names: of the metrics; None means all.
        store: masked URI of the store that the run is looked for in; None means the one in force.
        wait_s: how long the store may take to give those that are not kept yet.

    Raises:
        UnknownRunError: there is no such run.
        StoreUnreachableError, LoginError, RefusedError, DeliveryError: the store does not give them.
    """
    view = find(home, run, store=store) if isinstance(run, str) else run
    wanted = [name for name in (view.metrics if names is None else names) if name in view.metrics]
    found = _kept(home, view, wanted, is_final=True)
    if missing := [name for name in wanted if name not in found]:
        chosen = settings.load()
        here = courier.absolute_uri(tracking_uri(chosen), Path.cwd())
        courier.announce(home, here if courier.mask_uri(here) == view.start.store else view.start.store, chosen)
        courier.history(home, view.start.store, view.mlflow_run_id, missing, wait_s)
        found |= _kept(home, view, missing, is_final=False)
    return {name: found[name] for name in wanted if name in found and len(found[name])}


def _kept(home: Home, view: RunView, names: Collection[str], *, is_final: bool) -> dict[str, Curve]:
    """What delivery has fetched.

    Args:
        is_final: leave out what may have grown since.
    """
    import numpy as np

    from nbtrack.delivery.index import HISTORY, reading

    parts: dict[str, list[bytes]] = {}
    with reading(Place.of(home, view.start.store)) as index:
        if index is None:
            return {}
        for name in names:
            query = "select points from histories where run = ? and metric = ? and is_final >= ? order by part"
            if rows := index.execute(query, (view.mlflow_run_id, name, is_final)).fetchall():
                parts[name] = [row[0] for row in rows]
    tables = {name: np.frombuffer(b"".join(found), dtype=HISTORY) for name, found in parts.items()}
    return {name: Curve(it["step"], it["time_ms"] * 1_000_000, it["value"]) for name, it in tables.items()}
