"""Artifacts of journal runs for MLflow: written to the journal, read from the real store."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Any

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from nbtrack import courier, settings
from nbtrack.entities import Artifact, RunView
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home, blobs, fold
from nbtrack.store import autologged
from nbtrack.store.journal_faults import as_mlflow, is_away, mlflow_errors
from nbtrack.store.journal_runs import absolute
from nbtrack.store.journal_store import JournalStore, store_of
from nbtrack.store.journal_uris import read_artifacts_uri


class JournalArtifactRepository(ArtifactRepository):
    """`nbtrack-journal:///RUN/artifacts[/PATH]`: a file is copied before a call returns, and uploaded by delivery.

    Where the store does not answer, what the journal holds is read instead.
    """

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        try:
            self._run_id, self._inside = read_artifacts_uri(artifact_uri)
        except ValueError as cause:
            raise MlflowException.invalid_parameter_value(str(cause)) from cause
        self._found: JournalStore | None = None

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        os.stat(local_file)  # noqa: PTH116 - a file that is not there is the caller's error, as with any repository
        run = self._store().writing(self._run_id)
        if not (autologged.is_noise(local_file) and autologged.writes_of(run) is not None):
            run.artifact(local_file, self._path(artifact_path))

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        run = self._store().writing(self._run_id)
        is_autologged = autologged.writes_of(run) is not None
        root = Path(os.path.abspath(local_dir))  # noqa: PTH100 - links in the path stay
        for folder, _, names in os.walk(root):
            inside = Path(folder).relative_to(root).as_posix()
            for name in sorted(names if not is_autologged else (name for name in names if not autologged.is_noise(name))):
                run.artifact(Path(folder) / name, self._path(artifact_path, "" if inside == "." else inside))

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        try:
            return list(self._real().list_artifacts(path))
        except Exception as error:
            if (view := self._kept(error)) is None:
                raise
            return _listing(view.artifacts, self._inside, path or "")

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> str:
        try:
            real = self._real()
        except Exception as error:
            if self._kept(error) is None:
                raise
            return str(super().download_artifacts(artifact_path, dst_path))  # type: ignore[no-untyped-call] # MLflow's are not typed
        return str(real.download_artifacts(artifact_path, dst_path))

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        try:
            self._real()._download_file(remote_file_path, local_path)
        except Exception as error:
            view = self._kept(error)
            wanted = self._path(remote_file_path)
            found = next((it for it in view.artifacts if it.path == wanted), None) if view is not None else None
            if view is None or found is None:
                raise
            try:
                blobs.copy_to(self._store().runs.home, found.blob, Path(local_path))
            except NbtrackError as cause:
                raise as_mlflow(cause) from cause

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        self._real().delete_artifacts(artifact_path)

    def _store(self) -> JournalStore:
        if self._found is None:
            from mlflow import get_tracking_uri

            with mlflow_errors():
                view = fold(Home(settings.home(settings.load())), self._run_id, metrics=False)
            uri = self.tracking_uri or get_tracking_uri()
            self._found = store_of(uri, view.start.store if view is not None else courier.mask_uri(absolute(uri)))
        return self._found

    def _real(self) -> Any:
        """The repository of the real run, once what was written is delivered."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        store = self._store()
        with mlflow_errors():
            root = store.artifacts_of(self._run_id)
        return get_artifact_repository(posixpath.join(root, self._inside) if self._inside else root, tracking_uri=store.uri)

    def _kept(self, error: BaseException) -> RunView | None:
        """What the journal holds, if the store is away; else None."""
        if not is_away(error):
            return None
        return fold(self._store().runs.home, self._run_id, metrics=False)

    def _path(self, *parts: str | None) -> str:
        return posixpath.normpath(posixpath.join(self._inside, *(part for part in parts if part))) if any((self._inside, *parts)) else ""


def _listing(artifacts: tuple[Artifact, ...], inside: str, path: str) -> list[FileInfo]:
    """Files and folders directly below a path."""
    prefix = "".join(f"{part.strip('/')}/" for part in (inside, path) if part)
    root = f"{inside}/" if inside else ""
    found: dict[str, FileInfo] = {}
    for it in artifacts:
        if not it.path.startswith(prefix):
            continue
        first, slash, _ = it.path[len(prefix) :].partition("/")
        shown = f"{prefix}{first}".removeprefix(root)
        found[shown] = FileInfo(shown, bool(slash), None if slash else it.size_bytes)
    return [found[name] for name in sorted(found)]
