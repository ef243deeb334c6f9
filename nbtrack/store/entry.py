"""MLflow's entry points: tiny, because MLflow loads them while it is half imported itself."""

from __future__ import annotations

from typing import Any


def tracking_store(store_uri: str | None = None, artifact_uri: str | None = None, **_: Any) -> Any:
    """The store of `nbtrack+…` URIs: writes to the journal, reads from the real store."""
    from nbtrack.store.journal_store import JournalStore

    return JournalStore(store_uri or "", artifact_uri)


def registry_store(store_uri: str | None = None, **_: Any) -> Any:
    """The real model registry behind an `nbtrack+…` URI."""
    from mlflow.tracking._model_registry import utils

    get_store: Any = utils._get_store
    return get_store(store_uri=(store_uri or "").removeprefix("nbtrack+"))


def artifact_repository(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> Any:
    """Artifacts of runs that were begun through an `nbtrack+…` URI."""
    from nbtrack.store.journal_artifacts import JournalArtifacts

    return JournalArtifacts(artifact_uri, tracking_uri)
