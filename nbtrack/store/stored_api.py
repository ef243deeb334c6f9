"""A store's runs through MLflow's public client: for servers, and for databases whose tables we do not know."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

from nbtrack.courier.uris import secrets_of
from nbtrack.entities.run import State
from nbtrack.entities.stored import StoredMetric, StoredRun
from nbtrack.store.client import open_client
from nbtrack.store.faults import door
from nbtrack.store.stored import Page, Point, RunRow

_LARGEST = 1.7976931348623157e308
"""What MLflow writes for an infinity."""


class ClientRuns:
    """`StoredRuns` by requests of `MlflowClient`; a run's metrics are their last points alone."""

    page_runs = 200

    def __init__(self, uri: str, hide: tuple[str, ...] = ()) -> None:
        self.requests = 0
        self._hide = (*secrets_of(uri), *hide)
        self._experiments: dict[str, str] = {}
        with self._door():
            self._client = open_client(uri)

    def page(self, token: str = "", *, where: str = "") -> Page:
        from mlflow.entities import ViewType

        if not token or not self._experiments:
            self._look_at_experiments()
        if not self._experiments:
            return [], ""
        with self._door():
            found = self._client.search_runs(list(self._experiments), where, ViewType.ALL, self.page_runs, ["attributes.start_time DESC"], token or None)
            return [self._stored(run) for run in found], found.token or ""

    def of_ids(self, mlflow_run_ids: Sequence[str]) -> list[StoredRun]:
        if not mlflow_run_ids:
            return []
        return self.page(where=f"attributes.run_id IN ({', '.join(repr(it) for it in mlflow_run_ids)})")[0]

    def rows(self) -> dict[str, RunRow] | None:
        return None

    def mark(self) -> object:
        return None

    def history(self, mlflow_run_id: str, metric: str) -> list[Point]:
        with self._door():
            return sorted((it.step, it.timestamp, value_of(it.value)) for it in self._client.get_metric_history(mlflow_run_id, metric))

    def _look_at_experiments(self) -> None:
        from mlflow.entities import ViewType

        token: str | None = None
        found: dict[str, str] = {}
        while True:
            with self._door():
                page = self._client.search_experiments(ViewType.ALL, 1000, page_token=token)
            found |= {str(it.experiment_id): str(it.name) for it in page}
            token = page.token
            if not token:
                self._experiments = found
                return

    def _stored(self, run: Any) -> StoredRun:
        info, data = run.info, run.data
        return StoredRun(
            str(info.run_id), str(info.run_name or ""), self._experiments.get(str(info.experiment_id), str(info.experiment_id)), state_of(str(info.status)),
            int(info.start_time or 0), info.end_time or None, info.lifecycle_stage == "deleted", dict(data.params), dict(data.tags),
            {it.key: StoredMetric(value_of(it.value), it.step) for it in data._metric_objs},
        )  # fmt: skip

    @contextlib.contextmanager
    def _door(self) -> Iterator[None]:
        self.requests += 1
        with door(lambda: self._hide):
            yield


def state_of(status: str) -> State:
    """Our state for MLflow's status, which has one more: SCHEDULED is a run that goes on."""
    return State(status) if status in State.__members__ else State.RUNNING


def value_of(value: float, is_nan: bool = False) -> float:
    """A metric's value as it was logged: MLflow's tables hold no NaN and no infinity."""
    if is_nan or math.isnan(value):
        return float("nan")
    return value if abs(value) < _LARGEST else float("inf") if value > 0 else float("-inf")
