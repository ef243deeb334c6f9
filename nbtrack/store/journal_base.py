"""What the parts of the plugin's store share: the real store, the journal's runs, writing to one of them, and how one looks to MLflow."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from mlflow.entities import Run
from mlflow.store.tracking.abstract_store import AbstractStore

from nbtrack import courier, settings
from nbtrack.capture.run import TrackedRun
from nbtrack.courier.uris import sqlite_file
from nbtrack.errors import StoreUnreachableError
from nbtrack.journal import Home, fold
from nbtrack.store.faults import translate
from nbtrack.store.journal_entities import JournalRun, run_entity
from nbtrack.store.journal_experiments import Experiments
from nbtrack.store.journal_faults import as_mlflow, is_away, mlflow_errors
from nbtrack.store.journal_runs import JournalRuns, absolute
from nbtrack.store.journal_uris import artifacts_uri
from nbtrack.store.kept_models import KeptModels
from nbtrack.store.links import Links
from nbtrack.store.reach import Reach
from nbtrack.store.translate import Translation


class JournalBase(AbstractStore):
    """The real store behind a `nbtrack+…` URI, and the journal's runs of it."""

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
        _let_artifacts_find_the_server()
        atexit.register(self._at_exit)

    # The real store.

    def real(self) -> Any:
        """The real store, made on first use.

        Raises:
            MlflowException: it does not answer; said within seconds.
        """
        if not self._reach.answers() and (problem := self._reach.problem) is not None:
            raise as_mlflow(problem)
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
            with quick():
                self.real().get_run(run_id)
        except Exception as error:
            if not is_away(error):
                raise

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


@contextlib.contextmanager
def quick() -> Iterator[None]:
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
