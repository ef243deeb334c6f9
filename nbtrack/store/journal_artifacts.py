"""Artifacts of runs begun through an `nbtrack+…` URI: writing copies into the journal, reading asks the real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from nbtrack import courier, settings
from nbtrack.capture.current import attach, current
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home


class JournalArtifacts(ArtifactRepository):
    """`nbtrack-journal:///RUN/artifacts[/PATH]`."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        chosen = settings.load()
        self._home, self._settings = Home(settings.home(chosen)), chosen
        run_id, _, inside = urlparse(artifact_uri).path.strip("/").partition("/")
        self._run_id, self._inside = run_id, inside.removeprefix("artifacts").strip("/")
        here = current()
        run = here if here is not None and here.run_id == run_id else attach(self._home, run_id)
        if run is None:
            raise MlflowException(f"No run {run_id} in the journal at {self._home.root}.")
        self._run = run

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        if not Path(local_file).exists():
            raise MlflowException(f"No such file: {local_file!r}.")
        self._run.artifact(local_file, self._at(artifact_path))

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        for file in sorted(Path(local_dir).rglob("*")):
            if file.is_file():
                folder = file.parent.relative_to(local_dir).as_posix()
                self._run.artifact(file, self._at("/".join(part for part in (artifact_path or "", folder) if part not in ("", "."))))

    def list_artifacts(self, path: str | None = None) -> Any:
        return self._real().list_artifacts(self._at(path) or None)

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> Any:
        return self._real().download_artifacts(self._at(artifact_path), dst_path)

    def _download_file(self, remote_file_path: str, local_path: str) -> Any:
        return self._real()._download_file(self._at(remote_file_path), local_path)

    def _at(self, path: str | None) -> str:
        return "/".join(part for part in (self._inside, path or "") if part)

    def _real(self) -> Any:
        from mlflow import MlflowClient
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        uri = (self.tracking_uri or self._run.start.store).removeprefix("nbtrack+")
        try:
            courier.announce(self._home, courier.absolute_uri(uri, Path.cwd()), self._settings)
            run_id = courier.flush(self._home, self._run.start.store, self._run_id, self._settings.flush_wait_s)
        except NbtrackError as cause:
            raise MlflowException(str(cause)) from cause
        return get_artifact_repository(MlflowClient(uri).get_run(run_id).info.artifact_uri, tracking_uri=uri)
