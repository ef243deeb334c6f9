"""MLflow's tracking store for `nbtrack+…` URIs: writes go to the journal and return at once, reads come from the real store."""

from __future__ import annotations

import atexit
import hashlib
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from mlflow.entities import Experiment, LifecycleStage, Metric, Param, Run, RunData, RunInfo, RunInputs, RunStatus, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.abstract_store import AbstractStore

from nbtrack import courier, settings
from nbtrack.capture.current import attach, current, owner
from nbtrack.capture.names import memorable_name
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Kind, RunStart, RunView, State
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home, RunWriter, cursor, fold, new_id
from nbtrack.store.client import be_quick
from nbtrack.store.joined import joined

PARENT = "mlflow.parentRunId"
SCHEME = "nbtrack-journal"
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


_Base: Any = AbstractStore  # its methods beyond ours are added below, which a type checker cannot see


class JournalStore(_Base):  # type: ignore[misc] # see above
    """Runs are created in the journal under an id of nbtrack's; delivery creates MLflow's own run, and reads follow it there.

    What is not defined here is asked of the real store, with run ids translated.
    """

    def __init__(self, store_uri: str, artifact_uri: str | None = None) -> None:
        super().__init__()
        be_quick()
        self._settings = settings.load()
        self._home = Home(settings.home(self._settings))
        self._uri = courier.absolute_uri(store_uri, Path.cwd())
        self._store = courier.mask_uri(self._uri)
        self._artifact_uri = artifact_uri
        self._made: Any = None
        self._runs: dict[str, TrackedRun] = {}
        self._placeholders: dict[str, str] = {}
        self._experiments: dict[str, str] = {"0": "Default"}
        atexit.register(self._at_exit)

    @property
    def _real(self) -> Any:
        if self._made is None:
            from mlflow.tracking._tracking_service import utils

            get_store: Any = utils._get_store
            self._made = get_store(self._uri, self._artifact_uri)
        return self._made

    # Experiments: the real store's; names stand in for ids while it does not answer.

    def get_experiment(self, experiment_id: str) -> Any:
        if experiment_id in self._placeholders:
            return _placeholder(experiment_id, self._placeholders[experiment_id])
        found = self._real.get_experiment(experiment_id)
        self._experiments[experiment_id] = found.name
        return found

    def get_experiment_by_name(self, experiment_name: str) -> Any:
        try:
            found = self._real.get_experiment_by_name(experiment_name)
        except Exception as cause:
            if not _is_down(cause):
                raise
            key = "nbtrack-" + hashlib.blake2b(experiment_name.encode(), digest_size=8).hexdigest()
            self._placeholders[key] = experiment_name
            return _placeholder(key, experiment_name)
        if found is not None:
            self._experiments[found.experiment_id] = found.name
        return found

    def _experiment_name(self, experiment_id: str) -> str:
        if experiment_id in self._placeholders:
            return self._placeholders[experiment_id]
        if experiment_id not in self._experiments:
            try:
                self._experiments[experiment_id] = self._real.get_experiment(experiment_id).name
            except Exception as cause:
                if not _is_down(cause):
                    raise
                return "Default"
        return self._experiments[experiment_id]

    # Runs.

    def create_run(self, experiment_id: str, user_id: str, start_time: int, tags: Any, run_name: str | None) -> Any:
        given = {tag.key: tag.value for tag in tags or []}
        cell = current()
        if cell is not None and not cell.is_ended and cell.run_id not in joined and PARENT not in given:
            joined.add(cell.run_id)
            for name, value in given.items():
                if name not in cell.start.tags and name != "mlflow.runName":
                    cell.tag(name, value)
            self._runs[cell.run_id] = cell
            return self.get_run(cell.run_id)
        parent = given.pop(PARENT, "") or (cell.run_id if cell is not None and not cell.is_ended else "")
        name = run_name or given.pop("mlflow.runName", "") or memorable_name()
        if parent and not self._home.run(parent).exists():
            given[PARENT], parent = parent, ""  # a run that MLflow alone knows
        given.pop("mlflow.runName", None)
        if user_id:
            given.setdefault("mlflow.user", user_id)
        started_ns = (start_time or time.time_ns() // 1_000_000) * 1_000_000
        start = RunStart(
            new_id(), name, self._experiment_name(str(experiment_id)), self._store, owner(self._home).name, started_ns, parent=parent, tags=given,
        )  # fmt: skip
        self._begin(start)
        return self.get_run(start.run_id)

    def get_run(self, run_id: str) -> Any:
        view = fold(self._home, run_id) if self._home.run(run_id).exists() else None
        return self._real.get_run(run_id) if view is None else self._entity(view)

    def update_run_info(self, run_id: str, run_status: Any, end_time: int | None, run_name: str | None) -> Any:
        run = self._journal(run_id)
        if run_name:
            run.tag("mlflow.runName", run_name)
        status = RunStatus.to_string(run_status) if isinstance(run_status, int) else run_status
        if run.run_id not in joined and status is not None:
            if RunStatus.is_terminated(RunStatus.from_string(status)):
                run.end(State(status))
            elif run.is_ended:
                run.writer = RunWriter(self._home, run.run_id)
                run.writer.event(Kind.RESUME, owner=owner(self._home).name)
                run.is_ended = False
        return self.get_run(run_id).info

    def delete_run(self, run_id: str) -> None:
        self._journal(run_id).trash(True)

    def restore_run(self, run_id: str) -> None:
        self._journal(run_id).trash(False)

    def log_batch(self, run_id: str, metrics: Any, params: Any, tags: Any) -> None:
        run = self._journal(run_id)
        for it in params or ():
            run.param(it.key, it.value)
        for it in metrics or ():
            self._point(run, it)
        for it in tags or ():
            run.tag(it.key, it.value)

    def log_metric(self, run_id: str, metric: Any) -> None:
        self._point(self._journal(run_id), metric)

    def log_param(self, run_id: str, param: Any) -> None:
        self._journal(run_id).param(param.key, param.value)

    def set_tag(self, run_id: str, tag: Any) -> None:
        self._journal(run_id).tag(tag.key, tag.value)

    def delete_tag(self, run_id: str, key: str) -> None:
        self._journal(run_id).tag(key, None)

    def log_inputs(self, run_id: str, datasets: Any = None, models: Any = None) -> None:
        run = self._journal(run_id)
        for it in datasets or ():
            run.input({"dataset": it.dataset.to_dictionary(), "tags": {tag.key: tag.value for tag in it.tags}})
        if models:
            self._real.log_inputs(self._real_run(run_id), None, models)

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        self._journal(run_id).tag("mlflow.log-model.history", json.dumps([mlflow_model.get_tags_dict()]))

    def _search_runs(self, *args: Any, **kwargs: Any) -> Any:
        self._flush_all()
        return self._real._search_runs(*args, **kwargs)

    def search_runs(self, *args: Any, **kwargs: Any) -> Any:
        self._flush_all()
        return self._real.search_runs(*args, **kwargs)

    # What the others share.

    def _begin(self, start: RunStart) -> TrackedRun:
        try:
            run = TrackedRun(self._home, start, RunWriter.create(self._home, start))
        except (NbtrackError, OSError) as cause:
            raise MlflowException(str(cause)) from cause
        self._runs[start.run_id] = run
        courier.announce_soon(self._home, self._uri, self._settings)
        return run

    def _journal(self, run_id: str) -> TrackedRun:
        """The run for writing; one that MLflow alone knows is continued through a journal of its own."""
        run = self._runs.get(run_id)
        if run is None:
            run = attach(self._home, run_id) if self._home.run(run_id).exists() else None
            if run is None:
                start = RunStart(new_id(), "", "Default", self._store, owner(self._home).name, time.time_ns(), mlflow_run_id=run_id)
                run = self._begin(start)
            else:
                courier.announce_soon(self._home, self._uri, self._settings)
            self._runs[run_id] = run
        return run

    def _point(self, run: TrackedRun, metric: Metric) -> None:
        run.log(metric.key, metric.value, metric.step or 0, None if metric.timestamp is None else metric.timestamp * 1_000_000)

    def _flush(self, run_id: str) -> str:
        try:
            courier.announce(self._home, self._uri, self._settings)
            return courier.flush(self._home, self._store, run_id, self._settings.flush_wait_s)
        except NbtrackError as cause:
            raise MlflowException(str(cause)) from cause

    def _flush_all(self) -> None:
        for run in {id(run): run for run in self._runs.values()}.values():
            done = cursor.load(self._home, run.run_id)
            if not (done.is_done and run.is_ended):
                self._flush(run.run_id)

    def _real_id(self, word: Any) -> Any:
        """MLflow's id for every id of ours in it (a filter may name some), after all that was written there is delivered; anything else as it is."""
        if isinstance(word, list):
            return [self._real_id(it) for it in word]
        return _ID.sub(lambda match: self._real_run(match.group()), word) if type(word) is str else word

    def _real_run(self, run_id: str) -> str:
        run = self._runs.get(run_id)
        if run is not None:
            return self._flush(run.run_id)
        return self._flush(run_id) if self._home.run(run_id).exists() else run_id

    def _entity(self, view: RunView) -> Any:
        known = {name: key for key, name in (self._experiments | self._placeholders).items()}
        ended_ms = None if view.ended_ns is None else view.ended_ns // 1_000_000
        place = cursor.load(self._home, view.run_id)
        tags = view.tags | {"mlflow.runName": view.tags.get("mlflow.runName", view.name), "nbtrack.run_id": view.run_id}
        info = RunInfo(
            run_id=view.run_id, experiment_id=place.experiment_id or known.get(view.start.experiment, "0"), user_id=tags.get("mlflow.user", ""),
            status=view.state.value, start_time=view.start.started_ns // 1_000_000, end_time=ended_ms,
            lifecycle_stage=LifecycleStage.DELETED if view.is_trashed else LifecycleStage.ACTIVE, artifact_uri=f"{SCHEME}:///{view.run_id}/artifacts",
            run_name=tags["mlflow.runName"],
        )  # fmt: skip
        data = RunData(
            metrics=[Metric(name, it.last, view.start.started_ns // 1_000_000, it.last_step) for name, it in view.metrics.items()],
            params=[Param(name, value) for name, value in view.params.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )  # fmt: skip
        return Run(info, data, RunInputs(dataset_inputs=[], model_inputs=[]))

    def _at_exit(self) -> None:
        failed = sys.exc_info()[0] is not None
        for run in self._runs.values():
            if not run.is_ended and run.run_id not in joined and not run.start.mlflow_run_id and run.start.owner == owner(self._home).name:
                run.end(State.FAILED if failed else State.FINISHED)


def _placeholder(key: str, name: str) -> Any:
    return Experiment(key, name, f"{SCHEME}:///experiments/{key}", LifecycleStage.ACTIVE)


def _is_down(cause: BaseException) -> bool:
    from nbtrack.errors import StoreUnreachableError
    from nbtrack.store.faults import translate

    return isinstance(cause, Exception) and isinstance(translate(cause, ()), StoreUnreachableError)


def _delegate(name: str) -> Any:
    def ask(self: JournalStore, *args: Any, **kwargs: Any) -> Any:
        words = [self._real_id(it) for it in args]
        named = {key: self._real_id(it) for key, it in kwargs.items()}
        return getattr(self._real, name)(*words, **named)

    ask.__name__ = name
    return ask


_OWN_QUEUE = {"log_batch_async", "log_metric_async", "log_param_async", "set_tag_async", "flush_async_logging", "end_async_logging", "shut_down_async_logging"}
for _name in dir(AbstractStore):
    if callable(getattr(AbstractStore, _name)) and not _name.startswith("__") and _name not in vars(JournalStore) and _name not in _OWN_QUEUE:
        setattr(JournalStore, _name, _delegate(_name))
