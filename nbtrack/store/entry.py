"""What MLflow loads from our entry points. It imports next to nothing: MLflow is only half imported when it loads this."""

from __future__ import annotations

from typing import Any


def tracking_store(store_uri: str, artifact_uri: str | None = None) -> Any:
    """The tracking store of an `nbtrack+…` URI."""
    from nbtrack.store.journal_store import JournalStore

    return JournalStore(store_uri, artifact_uri)  # type: ignore[abstract] # delegates() makes them


def registry_store(store_uri: str, tracking_uri: str | None = None) -> Any:
    """The model registry of an `nbtrack+…` URI."""
    from nbtrack.store.journal_registry import JournalRegistry

    return JournalRegistry(store_uri, tracking_uri)  # type: ignore[abstract] # delegates() makes them


def artifact_repository(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> Any:
    """The artifacts of an `nbtrack-journal:` URI."""
    from nbtrack.store.journal_artifacts import JournalArtifactRepository

    return JournalArtifactRepository(artifact_uri, tracking_uri, registry_uri)
