"""Reading a store's runs, page by page: what delivery's index asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nbtrack.courier.uris import secrets_of
from nbtrack.entities.stored import StoredRun
from nbtrack.store.faults import door

Page = tuple[list[StoredRun], str]
"""Runs, and the token of the page behind them; empty where there is none."""
Point = tuple[int, int, float]
"""Step, time in ms, value."""
RunRow = tuple[str, int, int | None, bool, str]
"""State, start and end in ms, whether it lies in the trash, name."""


class StoredRuns(Protocol):
    """All runs of one store, the trash included, the one that started last first.

    Every method raises StoreUnreachableError, LoginError or RefusedError, and nothing foreign. Not for several threads at once.
    """

    page_runs: int
    """How many runs a page should have."""
    requests: int
    """How often the store was asked since this was made."""

    def page(self, token: str = "", *, where: str = "") -> Page:
        """One page of runs.

        Args:
            token: as the page before gave it; empty for the first.
            where: MLflow's filter: `attributes.status = 'RUNNING'`, or `attributes.end_time >= N`; empty for all runs.
        """

    def of_ids(self, mlflow_run_ids: Sequence[str]) -> list[StoredRun]:
        """Those of at most `page_runs` runs that are in the store."""

    def rows(self) -> dict[str, RunRow] | None:
        """What every run's own row says, by MLflow's id; None where that is dearer than it is worth."""

    def mark(self) -> object:
        """What changes whenever anything in the store does; None where nothing tells."""

    def history(self, mlflow_run_id: str, metric: str) -> list[Point]:
        """All points of a metric, by step, then time."""


def stored_runs(uri: str, hide: tuple[str, ...] = ()) -> StoredRuns:
    """The quickest way to a store's runs: its own tables where we know them, else MLflow's client.

    Args:
        uri: full absolute tracking URI.
        hide: texts that no message may show.
    """
    from nbtrack.store import stored_api, stored_tables

    with door(lambda: (*secrets_of(uri), *hide)):
        tables = stored_tables.known(uri)
    if tables is not None:
        return tables(uri, hide)
    return stored_api.ClientRuns(uri, hide)
