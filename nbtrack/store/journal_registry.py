"""The model registry of `nbtrack+…` URIs: the real one, told run ids and artifact URIs that it understands."""

from __future__ import annotations

from typing import Any

from mlflow.store.model_registry.abstract_store import AbstractStore

from nbtrack import courier
from nbtrack.store.delegate import delegates
from nbtrack.store.journal_faults import mlflow_errors
from nbtrack.store.journal_runs import absolute


@delegates(AbstractStore)
class JournalRegistry(AbstractStore):
    """The registry of one URI. A model version's run is looked for in the tracking store of the same URI, or of `tracking_uri`."""

    def __init__(self, store_uri: str, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)  # type: ignore[no-untyped-call] # MLflow's are not typed
        self._uri = absolute(store_uri)
        self._tracking_uri = tracking_uri or store_uri
        self._made: Any = None

    def real(self) -> Any:
        """The real registry, made on first use."""
        if self._made is None:
            from mlflow.tracking._model_registry.utils import _get_store

            tracking_uri = self._tracking_uri.removeprefix(courier.uris.PREFIX)
            self._made = _get_store(self._uri, tracking_uri)  # type: ignore[no-untyped-call] # MLflow's are not typed
        return self._made

    def ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a method of the real registry, ids translated there and back."""
        from nbtrack.store.journal_store import store_of

        translation = store_of(self._tracking_uri, courier.mask_uri(absolute(self._tracking_uri))).translation
        with mlflow_errors():
            args, kwargs = translation.call_there(args, kwargs)
        return translation.back(getattr(self.real(), name)(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        """What the real registry has beyond AbstractStore."""
        if name.startswith("__") or name == "_made":
            raise AttributeError(name)
        found = getattr(self.real(), name)
        return (lambda *args, **kwargs: self.ask(name, args, kwargs)) if callable(found) else found
