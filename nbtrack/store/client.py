"""Writing runs to one MLflow store, through MLflow's public client."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.courier.uris import mask_uri, secrets_of, sqlite_file
from nbtrack.errors import GoneError, RefusedError, StoreUnreachableError
from nbtrack.store import answers
from nbtrack.store.faults import door
from nbtrack.store.reach import connect_once

MetricPoint = tuple[str, float, int, int]
"""Name, value, timestamp in ms, step."""
RUN_TAG = "nbtrack.run_id"
MODEL_TAG = "nbtrack.model"
METRICS_PER_BATCH = 1000
PAIRS_PER_BATCH = 100
_QUICK = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # we try again ourselves, and MLflow's 7 would block for four minutes
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}


_opening = threading.Lock()
"""MLflow makes a new database's tables when it first opens it, and must not do so in two threads."""


@dataclass(frozen=True)
class FoundRun:
    """A run as the store has it."""

    run_id: str
    experiment_id: str
    artifact_uri: str
    is_trashed: bool


@dataclass(frozen=True)
class StoredModel:
    """A logged model as the store has it."""

    model_id: str
    name: str
    params: dict[str, str]


def be_quick() -> None:
    """Have MLflow give up a dead server in seconds; for processes that try again themselves. What the user set stays."""
    for name, value in _QUICK.items():
        os.environ.setdefault(name, value)


class StoreClient:
    """One store. Every method raises StoreUnreachableError, LoginError or RefusedError, and nothing foreign.

    Not for several threads at once.
    """

    def __init__(self, uri: str, hide: tuple[str, ...] = ()) -> None:
        """
        Args:
            uri: full tracking URI, absolute.
            hide: texts beside the URI's password that no message may show.
        """
        self.uri = uri
        self._hide = (*secrets_of(uri), *hide)
        self._experiments: dict[str, str] = {}
        with self._opening(), self._door():
            self._client = open_client(uri)

    def ping(self) -> None:
        """Ask the store for something small."""
        with self._door():
            self._client.search_experiments(max_results=1)

    def probe_writing(self) -> None:
        """Write something small and harmless: a tag on the default experiment."""
        experiment = self.ensure_experiment("Default")
        with self._door():
            self._client.set_experiment_tag(experiment, "nbtrack.doctor", "wrote this")

    def ensure_experiment(self, name: str) -> str:
        """Id of the experiment of that name, created if missing, taken out of the trash if it lies there."""
        known = self._experiments.get(name)
        if known is not None:
            return known
        with self._door():
            found = self._client.get_experiment_by_name(name)
            if found is None:
                try:
                    found_id = _sensible(str(self._client.create_experiment(name)))
                except Exception:  # translated at the door, unless another process was quicker
                    found = self._client.get_experiment_by_name(name)
                    if found is None:
                        raise
            if found is not None:
                found_id = _sensible(str(found.experiment_id))
                if found.lifecycle_stage == "deleted":
                    try:
                        self._client.restore_experiment(found_id)
                    except Exception as cause:
                        raise RefusedError(
                            f"Experiment {name!r} lies in MLflow's trash and cannot be taken out: {cause}.",
                            mend=f"Run: mlflow experiments restore --experiment-id {found_id}, or choose another experiment.",
                        ) from cause
        self._experiments[name] = found_id
        return found_id

    def find_run(self, nbtrack_id: str, experiment_id: str) -> FoundRun | None:
        """The run of the experiment that carries this nbtrack id, the trash included."""
        from mlflow.entities import ViewType

        with self._door():
            found = self._client.search_runs([experiment_id], f"tags.`{RUN_TAG}` = '{nbtrack_id}'", ViewType.ALL, max_results=1)
            return _found(found[0]) if found else None

    def get_run(self, run_id: str) -> FoundRun:
        """The run of this MLflow id.

        Raises:
            GoneError: the store has no such run.
        """
        with self._door():
            return _found(self._client.get_run(run_id))

    def registered_run(self, model: str, alias: str) -> str:
        """MLflow's id of the run that made the version of a registered model which has this alias; empty where the version names none.

        Raises:
            GoneError: there is no such model or alias.
        """
        with self._door():
            try:
                return str(self._client.get_model_version_by_alias(model, alias).run_id or "")
            except Exception as cause:  # translated at the door, but that an alias is missing is no wrong request
                if "alias" in str(cause).lower() and "not found" in str(cause).lower():
                    raise GoneError(f"models:/{model}@{alias} is not in the store.", mend="Give a version the alias in MLflow.") from cause
                raise

    def create_run(self, experiment_id: str, *, name: str, start_ms: int, tags: Mapping[str, str]) -> FoundRun:
        """Create a run."""
        try:
            with self._door():
                return _found(self._client.create_run(experiment_id, start_time=start_ms, tags=dict(tags), run_name=name or None))
        except (GoneError, RefusedError):
            self._experiments.clear()  # the experiment may have been deleted since
            raise

    def log_batch(self, run_id: str, metrics: Sequence[MetricPoint] = (), params: Sequence[tuple[str, str]] = (), tags: Sequence[tuple[str, str]] = ()) -> None:
        """Write at most 1,000 items, of which 100 params and 100 tags, in one request."""
        from mlflow.entities import Metric, Param, RunTag

        with self._door():
            self._client.log_batch(
                run_id,
                metrics=[Metric(name, value, time_ms, step) for name, value, time_ms, step in metrics],
                params=[Param(name, value) for name, value in params],
                tags=[RunTag(name, value) for name, value in tags],
            )

    def delete_tag(self, run_id: str, name: str) -> None:
        """Take a tag off; one that is not there is fine."""
        with contextlib.suppress(GoneError), self._door():
            self._client.delete_tag(run_id, name)

    def log_artifacts(self, run_id: str, folder: Path, artifact_folder: str = "") -> None:
        """Upload all that lies in a folder."""
        with self._door():
            self._client.log_artifacts(run_id, str(folder), artifact_folder or None)

    def download(self, run_id: str, target: Path, folders: Sequence[str] = ()) -> None:
        """Fetch the run's files into a folder, below their own paths.

        Args:
            folders: which of the topmost files and folders; empty means all.
        """
        with self._door():
            for it in self._client.list_artifacts(run_id):
                if not folders or it.path in folders:
                    self._client.download_artifacts(run_id, it.path, str(target))

    def models(self, run_id: str) -> list[StoredModel]:
        """The logged models of a run that are whole, in the order they were made; none where the store knows no logged models."""
        try:
            with self._door():
                experiment = self._client.get_run(run_id).info.experiment_id
                found, token = [], None
                while True:
                    page = self._client.search_logged_models([experiment], f"source_run_id = '{run_id}'", page_token=token)
                    found += list(page)
                    token = page.token
                    if not token:
                        break
        except StoreUnreachableError as error:
            if getattr(error.__cause__, "error_code", "") == "ENDPOINT_NOT_FOUND":
                return []
            raise
        whole = sorted((it for it in found if str(it.status) == "READY"), key=lambda it: it.creation_timestamp)
        return [StoredModel(str(it.model_id), str((it.tags or {}).get(MODEL_TAG) or it.name), dict(it.params or {})) for it in whole]

    def download_model(self, model_id: str, target: Path) -> None:
        """Fetch the files of a logged model into a folder."""
        with self._door():
            from mlflow.artifacts import download_artifacts

            download_artifacts(f"models:/{model_id}", dst_path=str(target), tracking_uri=self.uri, registry_uri=self.uri)

    def inputs(self, run_id: str) -> list[dict[str, Any]]:
        """The dataset inputs of a run, as `log_input` takes them."""
        with self._door():
            found = self._client.get_run(run_id).inputs
            return [
                {
                    "dataset": {name: getattr(it.dataset, name) for name in ("name", "digest", "source_type", "source", "schema", "profile")},
                    "tags": {tag.key: tag.value for tag in it.tags},
                }
                for it in (found.dataset_inputs if found is not None else ())
            ]

    def log_model(self, run_id: str, experiment_id: str, name: str, folder: Path, *, params: Mapping[str, str]) -> None:
        """Make a folder in MLflow's model format a logged model of the run.

        Done again it goes on with the model it began, which it knows by a tag: a name need not be unique in MLflow.

        Raises:
            RefusedError: also where the store has no logged models.
        """
        from mlflow.entities import LoggedModelOutput

        wanted = f"source_run_id = '{run_id}' AND tags.`{MODEL_TAG}` = '{name}'"
        try:
            with self._door():
                found = list(self._client.search_logged_models([experiment_id], wanted, max_results=1))
                made = found[0] if found else self._client.create_logged_model(experiment_id, name, run_id, {MODEL_TAG: name}, dict(params))
                if str(made.status) != "READY":
                    tell_model(folder, model_id=made.model_id, run_id=run_id)
                    self._client.log_model_artifacts(made.model_id, str(folder))
                    self._client.finalize_logged_model(made.model_id, "READY")
                known = self._client.get_run(run_id).outputs
                if made.model_id not in {it.model_id for it in (known.model_outputs if known is not None else ())}:  # MLflow refuses it a second time
                    self._client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
        except StoreUnreachableError as error:
            if getattr(error.__cause__, "error_code", "") == "ENDPOINT_NOT_FOUND":
                raise RefusedError("The server is too old for logged models.", mend="They are among the run's artifacts.") from error
            raise
        self._see_that_it_was_mlflow(run_id)

    def log_artifact(self, run_id: str, file: Path, artifact_folder: str) -> None:
        """Upload one file."""
        with self._door():
            self._client.log_artifact(run_id, str(file), artifact_folder or None)
        self._see_that_it_was_mlflow(run_id)

    def _see_that_it_was_mlflow(self, run_id: str) -> None:
        """A server acknowledges an upload with nothing, as anything might; so ask for what only MLflow knows."""
        if self.uri.startswith("http"):
            self.get_run(run_id)

    def log_input(self, run_id: str, dataset: Mapping[str, Any] | str) -> None:
        """Write a dataset input: `{"dataset": {name, digest, source_type, source, schema, profile}, "tags": {...}}`, or the dataset alone."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        facts: dict[str, Any] = dict(json.loads(dataset) if isinstance(dataset, str) else dataset)
        tags = facts.get("tags") or {}
        pairs = tags.items() if isinstance(tags, Mapping) else [(tag["key"], tag["value"]) for tag in tags]
        words = facts.get("dataset", facts)
        fields = {name: words.get(name) for name in ("name", "digest", "source_type", "source", "schema", "profile")}
        for name in ("source", "schema", "profile"):
            if fields[name] is not None and not isinstance(fields[name], str):
                fields[name] = json.dumps(fields[name])
        fields["digest"] = str(fields["digest"] or "")[:36]
        try:
            with self._door():
                entity = Dataset(**{name: value if value is not None or name in ("schema", "profile") else "" for name, value in fields.items()})
                self._client.log_inputs(run_id, [DatasetInput(dataset=entity, tags=[InputTag(str(key), str(value)) for key, value in pairs])])
        except StoreUnreachableError as error:
            if getattr(error.__cause__, "error_code", "") == "ENDPOINT_NOT_FOUND":
                raise RefusedError("The server is too old for dataset inputs.", mend="It stays in the journal.") from error
            raise

    def set_terminated(self, run_id: str, status: str, end_ms: int) -> None:
        with self._door():
            self._client.set_terminated(run_id, status=status, end_time=end_ms)

    def set_running(self, run_id: str) -> None:
        with self._door():
            self._client.update_run(run_id, status="RUNNING")

    def delete_run(self, run_id: str) -> None:
        """Move the run to MLflow's trash."""
        with self._door():
            self._client.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        """Take the run out of MLflow's trash."""
        with self._door():
            self._client.restore_run(run_id)

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        """What is refused before any run is named is no run's fault: the URI or the installation is wrong."""
        try:
            yield
        except RefusedError as error:
            raise StoreUnreachableError(error.message, mend="Check the tracking URI.") from error

    @contextlib.contextmanager
    def _door(self) -> Iterator[None]:
        with door(lambda: self._hide):
            yield

    def __repr__(self) -> str:
        return f"StoreClient({mask_uri(self.uri)!r})"


def open_client(uri: str) -> Any:
    """MLflow's own client of a store that answers; its errors are foreign."""
    database = sqlite_file(uri)
    connect_once(uri)
    folder = database.parent if database is not None else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with _opening, contextlib.chdir(folder) if folder is not None else contextlib.nullcontext():  # so that mlruns/ lies beside the database
        from mlflow import MlflowClient

        if uri.startswith("http"):
            answers.watch()
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


def tell_model(folder: Path, *, model_id: str, run_id: str) -> None:
    """Write into a model's folder what only the store can say: whose model it is."""
    from mlflow.models import Model

    file = folder / "MLmodel"
    facts = Model.load(str(file)).to_dict() | {"model_id": model_id, "run_id": run_id, "artifact_path": f"models:/{model_id}"}
    Model.from_dict(facts).save(str(file))


def _found(run: Any) -> FoundRun:
    info = run.info
    return FoundRun(_sensible(str(info.run_id)), str(info.experiment_id), str(info.artifact_uri or ""), info.lifecycle_stage == "deleted")


def _sensible(found_id: str) -> str:
    """The id; what answers `{}` to everything gives an empty one, and is no MLflow."""
    if not found_id:
        raise StoreUnreachableError("What answers at the tracking URI is not MLflow: it gives no ids.", mend="Check the tracking URI.")
    return found_id
