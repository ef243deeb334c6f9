"""The plugin's store, writing: what MLflow logs goes to the run's journal and returns at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.async_logging.run_operations import RunOperations

from nbtrack.entities import Kind
from nbtrack.store import autologged
from nbtrack.store.journal_base import JournalBase
from nbtrack.store.journal_entities import input_json


class Writes(JournalBase):
    """Params, metrics, tags, inputs and outputs of runs."""

    def log_batch(self, run_id: str, metrics: Iterable[Metric] = (), params: Iterable[Param] = (), tags: Iterable[RunTag] = ()) -> None:
        run = self._writing(run_id)
        named, params = autologged.split(run, list(metrics or ()), list(params or ()))
        for param in params:
            run.param(param.key, param.value)
        linked = []
        for name, metric in named:
            if metric.model_id:
                if not self._kept.has(metric.model_id):
                    linked.append(metric)
                if metric.run_id:  # MLflow repeats what was logged before, for the model's sake
                    continue
            run.log(name, metric.value, metric.step or 0, None if metric.timestamp is None else metric.timestamp * 1_000_000)
            if metric.step and name in run.autologged:
                run.curve_ends[name] = metric.value
        for tag in tags or ():
            run.tag(tag.key, tag.value)
        if linked:
            self._links.add(lambda: self.ask("log_batch", (), {"run_id": run_id, "metrics": linked, "params": [], "tags": []}))

    def log_metric(self, run_id: str, metric: Metric) -> None:
        self.log_batch(run_id, metrics=[metric])

    def log_param(self, run_id: str, param: Param) -> None:
        self.log_batch(run_id, params=[param])

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        self._writing(run_id).tag(tag.key, tag.value)

    def delete_tag(self, run_id: str, key: str) -> None:
        self._writing(run_id).tag(key, None)

    def log_inputs(self, run_id: str, datasets: list[Any] | None = None, models: list[Any] | None = None) -> None:
        run = self._writing(run_id)
        for found in (datasets or ()) if not autologged.is_candidate(run) else ():  # the run of the search has it
            self.runs.write(run, Kind.INPUT, dataset=input_json(found))
        models = [model for model in models or () if not self._kept.has(model.model_id)]
        if models:
            self._models.setdefault(run.run_id, []).extend(models)
            self._links.add(lambda: self.ask("log_inputs", (), {"run_id": run_id, "datasets": None, "models": models}))

    def log_batch_async(self, run_id: str, metrics: Any, params: Any, tags: Any) -> RunOperations:
        self.log_batch(run_id, metrics, params, tags)
        return RunOperations([])  # type: ignore[no-untyped-call] # MLflow's are not typed

    def log_metric_async(self, run_id: str, metric: Metric) -> RunOperations:
        return self.log_batch_async(run_id, [metric], [], [])

    def log_param_async(self, run_id: str, param: Param) -> RunOperations:
        return self.log_batch_async(run_id, [], [param], [])

    def set_tag_async(self, run_id: str, tag: RunTag) -> RunOperations:
        return self.log_batch_async(run_id, [], [], [tag])

    def end_async_logging(self) -> None:
        """Nothing waits: a write is in the journal when it returns."""

    flush_async_logging = shut_down_async_logging = end_async_logging
