"""MLflow's tracking store for `nbtrack+…` URIs: writes go to the journal and return at once, reads deliver them and ask the real store."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import Any

from mlflow.entities import Experiment, Metric, Run, RunInfo, RunTag, ViewType
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT
from mlflow.store.tracking.abstract_store import AbstractStore

from nbtrack import courier
from nbtrack.capture.current import owner
from nbtrack.capture.names import memorable_name
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import RunStart
from nbtrack.journal import new_id
from nbtrack.store import autologged
from nbtrack.store.delegate import delegates
from nbtrack.store.journal_base import quick
from nbtrack.store.journal_entities import NAME_TAG, PARENT_TAG, SOURCE_TAGS, USER_TAG, history, state_of
from nbtrack.store.journal_faults import as_mlflow, is_away, mlflow_errors
from nbtrack.store.journal_models import Models
from nbtrack.store.journal_runs import absolute
from nbtrack.store.journal_uris import claim
from nbtrack.store.journal_writes import Writes

_stores: dict[str, JournalStore] = {}
_lock = threading.Lock()


@delegates(AbstractStore)
class JournalStore(Writes, Models):
    """The store of one `nbtrack+…` URI.

    A run created here is called by its nbtrack id for as long as this process lives; the real store gives it another one at
    delivery. All methods take both. Whatever is not a write to a run goes to the real store, with ids translated.
    """

    def __init__(self, store_uri: str, artifact_uri: str | None = None) -> None:
        super().__init__(store_uri, artifact_uri)
        with _lock:
            _stores[self.runs.store] = self

    # Experiments.

    def get_experiment(self, experiment_id: str) -> Experiment | None:
        with quick():
            return self._experiments.by_id(experiment_id)

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        with quick():
            return self._experiments.by_name(experiment_name)

    def create_experiment(self, name: str, artifact_location: str | None = None, tags: Any = None) -> str:
        with quick():
            return self._experiments.create(name, artifact_location, tags or [])

    # Runs begin and end.

    def create_run(self, experiment_id: str, user_id: str, start_time: int, tags: list[RunTag], run_name: str | None) -> Run:
        told = {tag.key: str(tag.value) for tag in tags or []}
        parent = told.pop(PARENT_TAG, "")
        cell = self.runs.cell()
        if cell is not None and not parent:
            # The first run that MLflow begins in a cell is the cell's; so is one begun for a bare mlflow.log_metric at any time.
            if claim(cell.home, cell.run_id) or _is_unasked() or autologged.writes_of(cell) is not None:
                return self._joined(cell, experiment_id, told, run_name)
            parent = cell.run_id
        with quick():
            experiment = self._experiments.name_of(experiment_id)
        if cell is not None and experiment == "Default":
            experiment, experiment_id = cell.start.experiment, self._id_of_cell(cell)
        parent = self.runs.our_id(parent)
        if parent and not self.runs.has(parent):
            told[PARENT_TAG], parent = parent, ""  # a run of MLflow alone
        name = run_name or told.pop(NAME_TAG, "") or memorable_name()
        told.pop(NAME_TAG, None)
        if cell is not None and cell.start.tags.get(f"{SOURCE_TAGS}type") == "NOTEBOOK":
            told = {tag: value for tag, value in told.items() if not tag.startswith(SOURCE_TAGS)}
            told |= {tag: value for tag, value in cell.start.tags.items() if tag.startswith(SOURCE_TAGS)}
        if user_id and user_id != "unknown":
            told.setdefault(USER_TAG, user_id)
        with mlflow_errors():
            try:
                started_ns = int(start_time) * 1_000_000 if start_time else time.time_ns()
                this = owner(self.runs.home).name
                run = self.runs.create(RunStart(new_id(), name, experiment, self.runs.store, this, started_ns, parent=parent, tags=told))
            except OSError as cause:
                raise as_mlflow(cause) from cause
        self._experiment_ids[run.run_id] = str(experiment_id)
        return self._entity(run.run_id)

    def update_run_info(self, run_id: str, run_status: Any, end_time: int | None, run_name: str | None) -> RunInfo:
        run = self._writing(run_id)
        if run_name:
            run.tag(NAME_TAG, run_name)
        if run_status is not None:
            state = state_of(run_status)
            if state.is_end:
                self.runs.end(run, state, int(end_time) * 1_000_000 if end_time else time.time_ns())
                if not self.runs.is_of_cell(run.run_id):
                    self.runs.announce()
            else:
                self.runs.resume(run)
        return self.get_run(run_id).info

    def delete_run(self, run_id: str) -> None:
        self._writing(run_id).trash(True)

    def restore_run(self, run_id: str) -> None:
        self._writing(run_id).trash(False)

    # Reading runs.

    def get_run(self, run_id: str) -> Run:
        """The run: from the journal while anything of it may be there alone, which needs no server; else from the real store."""
        run_id = self.runs.our_id(run_id)
        if not self.runs.has(run_id):
            adopted = self.runs.adopted(run_id)
            try:
                found = self.ask("get_run", (run_id,), {})
            except Exception as error:
                if not adopted or not is_away(error):
                    raise
                found = self._entity(adopted)
                found.info._run_id = run_id
            return self._with_our_artifacts(found, run_id) if adopted else found
        if not self.runs.is_of_cell(run_id) and self.runs.cursor(run_id).is_done:
            try:
                return self._with_our_artifacts(self.ask("get_run", (run_id,), {}), run_id)
            except Exception as error:
                if not is_away(error):
                    raise
        return self._entity(run_id)

    def search_runs(
        self, experiment_ids: list[str], filter_string: str, run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = SEARCH_MAX_RESULTS_DEFAULT, order_by: list[str] | None = None, page_token: str | None = None,
    ) -> PagedList[Run]:  # fmt: skip
        """As the real store finds them, once what this process wrote is there."""
        self.real()
        with mlflow_errors():
            if not page_token:
                self.runs.flush_mine()
        found: PagedList[Run] = self.ask("search_runs", (experiment_ids, filter_string, run_view_type, max_results, order_by, page_token), {})
        return found

    def _search_runs(self, *args: Any, **kwargs: Any) -> Any:
        return self.search_runs(*args, **kwargs)

    def get_metric_history(self, run_id: str, metric_key: str, max_results: int | None = None, page_token: str | None = None) -> PagedList[Metric]:
        """The real store's points; the journal's where the store does not answer."""
        run_id = self.runs.our_id(run_id)
        is_ours = self.runs.has(run_id)
        key = self.runs.cursor(run_id).names.get(metric_key, metric_key) if is_ours else metric_key
        rest = {"max_results": max_results, "page_token": page_token}
        found: PagedList[Metric]
        try:
            found = self.ask("get_metric_history", (), {"run_id": run_id, "metric_key": key, **rest})
        except Exception as error:
            if not is_ours or not is_away(error):
                raise
            return PagedList(history(self.runs.home, run_id, metric_key), None)
        if is_ours and key == metric_key and not found:  # it may just have been given another name there
            renamed = self.runs.cursor(run_id).names.get(metric_key, metric_key)
            if renamed != metric_key:
                found = self.ask("get_metric_history", (), {"run_id": run_id, "metric_key": renamed, **rest})
        return found

    def _joined(self, cell: TrackedRun, experiment_id: str, told: dict[str, str], run_name: str | None) -> Run:
        """The cell's own run, under MLflow's active run."""
        with contextlib.suppress(Exception):
            asked = self._experiments.name_of(experiment_id)
            if asked not in ("Default", cell.start.experiment):
                cell.notice(f"MLflow's active experiment is {asked!r}; this run stays in {cell.start.experiment!r}: give the cell -e {asked}")
        for name, value in told.items():
            if name not in cell.start.tags and name != NAME_TAG and not name.startswith(SOURCE_TAGS):  # MLflow sees the kernel's launcher
                cell.tag(name, value)
        if run_name:
            cell.tag(NAME_TAG, run_name)
        self._experiment_ids[cell.run_id] = self._id_of_cell(cell)
        return self._entity(cell.run_id)

    def _id_of_cell(self, cell: TrackedRun) -> str:
        return self.runs.cursor(cell.run_id).experiment_id or self._experiments.id_of(cell.start.experiment)


def store_of(tracking_uri: str, masked: str) -> JournalStore:
    """This process's store for a journal run.

    Args:
        tracking_uri: what MLflow says; it may have been set back since.
        masked: the store's URI as the run's journal has it.
    """
    with _lock:
        if masked in _stores:
            return _stores[masked]
    uri = absolute(tracking_uri)
    return JournalStore(uri if courier.mask_uri(uri) == masked else masked)  # type: ignore[abstract] # delegates() makes them


def _is_unasked() -> bool:
    """Whether MLflow begins a run by itself, for a call that needs one."""
    frame = sys._getframe(1)
    for _ in range(14):
        if frame.f_back is None:
            return False
        frame = frame.f_back
        if frame.f_code.co_name == "_get_or_start_run" and frame.f_globals.get("__name__") == "mlflow.tracking.fluent":
            return True
    return False
