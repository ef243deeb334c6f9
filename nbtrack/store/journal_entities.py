"""A journal run as MLflow's entities."""

from __future__ import annotations

import json
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, LifecycleStage, Metric, Param, Run, RunData, RunInfo, RunInputs, RunOutputs, RunTag

from nbtrack.entities import Event, Kind, RunView, State
from nbtrack.journal import Home, events_of, fold
from nbtrack.journal.fold import series_names
from nbtrack.journal.points import read_points, segments, writer_of
from nbtrack.store.client import RUN_TAG
from nbtrack.store.journal_uris import artifacts_uri

NAME_TAG = "mlflow.runName"
PARENT_TAG = "mlflow.parentRunId"
USER_TAG = "mlflow.user"
SOURCE_TAGS = "mlflow.source."


class JournalRun(Run):
    """A run whose params, metrics, tags and inputs are read from the journal when they are asked for: a million points take their time."""

    def __init__(self, home: Home, info: RunInfo, outputs: RunOutputs | None, models: list[Any]) -> None:
        super().__init__(info, RunData(), None, outputs)
        self._home, self._models = home, models
        self._is_read = False

    @property
    def data(self) -> RunData:
        if not self._is_read:
            self._data, self._is_read = _data(fold(self._home, self.info.run_id)), True
        return self._data

    @property
    def inputs(self) -> RunInputs:
        if self._inputs is None:
            self._inputs = RunInputs(_inputs(events_of(self._home, self.info.run_id)), self._models)
        return self._inputs


def run_entity(home: Home, view: RunView, experiment_id: str, *, outputs: list[Any], models: list[Any]) -> JournalRun:
    """MLflow's Run.

    Args:
        view: folded, with or without metrics.
        outputs, models: model outputs and inputs, which the journal does not hold.
    """
    info = RunInfo(
        run_id=view.run_id, experiment_id=experiment_id, user_id=view.tags.get(USER_TAG, "unknown"), status=str(view.state),
        start_time=view.start.started_ns // 1_000_000, end_time=None if view.ended_ns is None else view.ended_ns // 1_000_000,
        lifecycle_stage=LifecycleStage.DELETED if view.is_trashed else LifecycleStage.ACTIVE, artifact_uri=artifacts_uri(view.run_id),
        run_name=view.tags.get(NAME_TAG, view.name),
    )  # fmt: skip
    return JournalRun(home, info, RunOutputs(outputs) if outputs else None, models)


def history(home: Home, run_id: str, name: str) -> list[Metric]:
    """All points of a metric, as far as the journal has them, in the order of time."""
    names = series_names(events_of(home, run_id))
    found = []
    for path in segments(home.run(run_id)):
        writer = writer_of(path)
        found += [
            Metric(name, value, time_ns // 1_000_000, step) for step, time_ns, value, key in read_points(path) if names.get((writer, key)) == name
        ]  # fmt: skip
    return sorted(found, key=lambda metric: (metric.timestamp, metric.step))


def input_json(found: DatasetInput) -> dict[str, Any]:
    """A dataset input as the journal's INPUT event holds it."""
    data = found.dataset
    facts = {name: getattr(data, name) for name in ("name", "digest", "source_type", "source", "schema", "profile")}
    return {"dataset": facts, "tags": {tag.key: tag.value for tag in found.tags or []}}


def state_of(status: Any) -> State:
    """Our word for MLflow's; what has not ended is running."""
    from mlflow.entities import RunStatus

    text = RunStatus.to_string(status) if isinstance(status, int) else str(status)
    return State(text) if text in State.__members__ else State.RUNNING


def _data(view: RunView | None) -> RunData:
    if view is None:
        return RunData()
    tags = {**view.tags, NAME_TAG: view.tags.get(NAME_TAG, view.name), RUN_TAG: view.run_id}
    if view.start.parent:
        tags.setdefault(PARENT_TAG, view.start.parent)
    now_ms = (view.ended_ns or view.start.started_ns) // 1_000_000
    return RunData(
        [Metric(it.name, it.last, now_ms, it.last_step) for it in view.metrics.values()],
        [Param(name, value) for name, value in view.params.items()],
        [RunTag(name, value) for name, value in tags.items()],
    )


def _inputs(events: list[Event]) -> list[DatasetInput]:
    found: dict[str, DatasetInput] = {}
    for event in events:
        if event.kind != Kind.INPUT:
            continue
        facts = event.data.get("dataset", event.data)
        facts = json.loads(facts) if isinstance(facts, str) else facts
        words, tags = facts.get("dataset", facts), facts.get("tags") or {}
        fields = {name: words.get(name) for name in ("name", "digest", "source_type", "source", "schema", "profile")}
        found[json.dumps(fields, default=str)] = DatasetInput(Dataset(**fields), [InputTag(str(key), str(value)) for key, value in tags.items()])
    return list(found.values())
