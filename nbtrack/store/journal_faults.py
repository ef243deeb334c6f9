"""Our errors as MLflow's, which is what callers of MLflow's API expect, and which of MLflow's mean that the store is away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE, PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST, TEMPORARILY_UNAVAILABLE

from nbtrack.errors import DeliveryError, GoneError, LoginError, NbtrackError, RefusedError, StoreUnreachableError
from nbtrack.store.faults import translate

_CODES: tuple[tuple[type[NbtrackError], int], ...] = (
    (GoneError, RESOURCE_DOES_NOT_EXIST),
    (RefusedError, INVALID_PARAMETER_VALUE),
    (LoginError, PERMISSION_DENIED),
    (StoreUnreachableError, TEMPORARILY_UNAVAILABLE),
    (DeliveryError, TEMPORARILY_UNAVAILABLE),
)


def as_mlflow(error: NbtrackError | OSError) -> MlflowException:
    """MLflow's exception for one of ours."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), INTERNAL_ERROR)
    return MlflowException(f"nbtrack: {error}", error_code=code)


@contextlib.contextmanager
def mlflow_errors() -> Iterator[None]:
    """A context in which our errors become MLflow's."""
    try:
        yield
    except NbtrackError as error:
        raise as_mlflow(error) from error


def is_away(error: BaseException) -> bool:
    """Whether the store does not answer or refuses the login: what delivery waits out."""
    return isinstance(translate(error), (StoreUnreachableError, LoginError))
