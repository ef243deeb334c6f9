"""MLflow's tracking store for `nbtrack+…` URIs: writes go to the journal and return at once, reads deliver them and ask the real store."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mlflow.entities import Experiment, LoggedModel, LoggedModelOutput, Metric, Param, Run, RunInfo, RunTag, ViewType
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils.async_logging.run_operations import RunOperations

from nbtrack import courier, settings
from nbtrack.capture.current import owner
from nbtrack.capture.names import memorable_name
from nbtrack.capture.run import TrackedRun
from nbtrack.courier.uris import sqlite_file
from nbtrack.entities import Kind, RunStart
from nbtrack.errors import StoreUnreachableError
from nbtrack.journal import Home, fold, new_id
from nbtrack.store import autologged
from nbtrack.store.delegate import delegates
from nbtrack.store.faults import translate
from nbtrack.store.journal_entities import NAME_TAG, PARENT_TAG, SOURCE_TAGS, USER_TAG, JournalRun, history, input_json, run_entity, state_of
from nbtrack.store.journal_experiments import Experiments
from nbtrack.store.journal_faults import as_mlflow, is_away, mlflow_errors
from nbtrack.store.journal_runs import JournalRuns, absolute
from nbtrack.store.journal_uris import artifacts_uri, claim
from nbtrack.store.kept_models import KeptModels
from nbtrack.store.links import Links
from nbtrack.store.reach import Reach
from nbtrack.store.translate import Translation

_stores: dict[str, JournalStore] = {}
_lock = threading.Lock()


@delegates(AbstractStore)
class JournalStore(AbstractStore):
    """The store of one `nbtrack+…` URI.

    A run created here is called by its nbtrack id for as long as this process lives; the real store gives it another one at
    delivery. All methods take both. Whatever is not a write to a run goes to the real store, with ids translated.
    """

    def __init__(self, store_uri: str, artifact_uri: str | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # MLflow's are not typed
        with mlflow_errors():
            chosen = settings.load()
            home = Home(settings.home(chosen))
        self.uri = absolute(store_uri)
        self.runs = JournalRuns(home, self.uri, chosen)
        self._artifact_uri = artifact_uri
        self._reach = Reach(self.uri)
        self._made: Any = None
        self._making = threading.RLock()
        self._experiments = Experiments(self.real)
        self._experiment_ids: dict[str, str] = {}
        self._outputs: dict[str, list[Any]] = {}
        self._models: dict[str, list[Any]] = {}
        self._links = Links()
        self._kept = KeptModels()
        self.translation = Translation(self.runs, self._experiments)
        with _lock:
            _stores[self.runs.store] = self
        _let_artifacts_find_the_server()
        atexit.register(self._at_exit)

    # The real store.

    def real(self) -> Any:
        """The real store, made on first use.

        Raises:
            MlflowException: it does not answer; said within seconds.
        """
        if not self._reach.answers():
            mend = "What was logged is kept; read it when the store is back."
            raise as_mlflow(StoreUnreachableError(f"The store {self.runs.store} does not answer.", mend=mend))
        with self._making:
            if self._made is None:
                from mlflow.tracking._tracking_service.utils import _get_store

                database = sqlite_file(self.uri)
                beside = str(database.parent / "mlruns") if database is not None else None  # where delivery has MLflow put them too
                self._made = _get_store(self.uri, self._artifact_uri or beside)  # type: ignore[no-untyped-call] # MLflow's are not typed
            return self._made

    def ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a method of the real store, ids translated there and back; what was written to runs it names is delivered before."""
        if (kept := self._kept.named(args, kwargs)) is not None:
            return kept if name in ("finalize_logged_model", "get_logged_model") else None
        method = getattr(self.real(), name)
        with mlflow_errors():
            args, kwargs = self.translation.call_there(args, kwargs)
        try:
            return self.translation.back(method(*args, **kwargs))
        except Exception as error:
            if isinstance(translate(error), StoreUnreachableError) and not self._reach_again():
                self._reach.failed()
            raise

    def _reach_again(self) -> bool:
        return Reach(self.uri).answers()

    def __getattr__(self, name: str) -> Any:
        """What the real store has beyond AbstractStore."""
        if name.startswith("__") or name in ("_made", "_reach", "_making"):
            raise AttributeError(name)
        found = getattr(self.real(), name)
        return (lambda *args, **kwargs: self.ask(name, args, kwargs)) if callable(found) else found

    @property
    def supports_workspaces(self) -> bool:
        return self._reach.answers() and bool(self.real().supports_workspaces)

    # Experiments.

    def get_experiment(self, experiment_id: str) -> Experiment | None:
        with _quick():
            return self._experiments.by_id(experiment_id)

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        with _quick():
            return self._experiments.by_name(experiment_name)

    def create_experiment(self, name: str, artifact_location: str | None = None, tags: Any = None) -> str:
        with _quick():
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
        with _quick():
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

    # Writing to runs.

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

    def log_outputs(self, run_id: str, models: list[Any]) -> None:
        asked = [model for model in models if not self._kept.has(model.model_id)]
        if asked:
            self.ask("log_outputs", (), {"run_id": run_id, "models": asked})
        self._outputs.setdefault(self.runs.our_id(run_id), []).extend(models)

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

    # Models.

    def create_logged_model(
        self, experiment_id: str, name: str | None = None, source_run_id: str | None = None, tags: Any = None, params: Any = None, model_type: str | None = None
    ) -> LoggedModel:
        """A model belongs to its run's experiment, even where MLflow's active one is another; in a tracked cell, to the cell's run."""
        cell = self.runs.cell()
        is_of_cell = cell is not None and source_run_id is None
        if cell is not None and is_of_cell:
            source_run_id = cell.run_id
        run_id = self.runs.our_id(source_run_id or "")
        if cell is not None and run_id == cell.run_id:
            cell.has_users_model = True
        is_ours = self.runs.has(run_id)
        try:
            if is_ours:
                self.real()
                with mlflow_errors():
                    self.runs.real_id(run_id)
                experiment_id = self.runs.cursor(run_id).experiment_id or experiment_id
            made: LoggedModel = self.ask("create_logged_model", (), {
                "experiment_id": experiment_id, "name": name, "source_run_id": source_run_id, "tags": tags, "params": params, "model_type": model_type,
            })  # fmt: skip
        except Exception as error:
            if not is_ours or not is_away(error):
                raise
            return self._kept.keep(run_id, experiment_id, name, tags, params, model_type)
        if is_of_cell:
            self.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
        return made

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> LoggedModel:
        self._links.wait()
        found: LoggedModel = self.ask("get_logged_model", (model_id,), {"allow_deleted": True} if allow_deleted else {})
        return found

    def search_logged_models(self, *args: Any, **kwargs: Any) -> Any:
        self._links.wait()
        return self.ask("search_logged_models", args, kwargs)

    # What the above share.

    def artifacts_of(self, run_id: str) -> str:
        """Where the real store has the run's artifacts, once what was written is delivered.

        Raises:
            StoreError, DeliveryError: it could not be delivered.
        """
        real_id = self.runs.real_id(run_id)
        return self.runs.cursor(run_id).artifact_uri or str(self.real().get_run(real_id).info.artifact_uri)

    def writing(self, run_id: str) -> TrackedRun:
        """The run for writing; one that MLflow alone knows is continued through a journal of its own."""
        return self._writing(run_id)

    def _writing(self, run_id: str) -> TrackedRun:
        with mlflow_errors():
            try:
                run = self.runs.writing(run_id)
                if run is None:
                    self._see_that_it_exists(run_id)
                    run = self.runs.adopt(run_id)
                return run
            except OSError as cause:
                raise as_mlflow(cause) from cause

    def _see_that_it_exists(self, run_id: str) -> None:
        try:
            with _quick():
                self.real().get_run(run_id)
        except Exception as error:
            if not is_away(error):
                raise

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

    def _entity(self, run_id: str) -> JournalRun:
        view = fold(self.runs.home, run_id, metrics=False)
        if view is None:
            raise as_mlflow(StoreUnreachableError(f"The journal of run {run_id} cannot be read.", mend="Run nbtrack doctor."))
        experiment_id = self._experiment_ids.get(run_id) or self.runs.cursor(run_id).experiment_id or self._experiments.id_of(view.start.experiment)
        return run_entity(self.runs.home, view, experiment_id, outputs=self._outputs.get(run_id, []), models=self._models.get(run_id, []))

    def _with_our_artifacts(self, found: Run, run_id: str) -> Run:
        found.info._artifact_uri = artifacts_uri(run_id)
        return found

    def _at_exit(self) -> None:
        self._links.wait()
        self.runs.hand_over()


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


@contextlib.contextmanager
def _quick() -> Iterator[None]:
    """Have MLflow give up within seconds what would hold up a write; otherwise a server that hangs costs minutes."""
    names = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
    added = [name for name in names if name not in os.environ]
    os.environ.update({name: names[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _let_artifacts_find_the_server() -> None:
    """`mlflow-artifacts:` lies at the tracking server, whose URI must be http; here it is the one behind `nbtrack+`."""
    from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    if _artifact_repository_registry._registry.get("mlflow-artifacts") is MlflowArtifactsRepository:
        make = _artifacts_at_server(MlflowArtifactsRepository)
        _artifact_repository_registry.register("mlflow-artifacts", make)  # type: ignore[no-untyped-call] # MLflow's are not typed


def _artifacts_at_server(original: Callable[..., Any]) -> Callable[..., Any]:
    def make(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> Any:
        from mlflow import get_tracking_uri

        return original(artifact_uri, (tracking_uri or get_tracking_uri()).removeprefix(courier.uris.PREFIX), registry_uri)

    return make
