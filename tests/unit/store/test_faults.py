"""Foreign errors become ours at one place, completely."""

from __future__ import annotations

import errno
import json
import sqlite3

import pytest
import requests
from sqlalchemy.exc import OperationalError

from nbtrack.errors import GoneError, LoginError, RefusedError, StoreError, StoreUnreachableError
from nbtrack.store import faults


def test_every_error_code_of_mlflow_is_judged():
    from mlflow.protos.databricks_pb2 import ErrorCode

    assert set(ErrorCode.keys()) == set(faults.CODES) | faults.OTHER_CODES


def mlflow_error(message, code):
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import ErrorCode

    return MlflowException(message, ErrorCode.Value(code))


def with_cause(error, cause):
    error.__cause__ = cause
    return error


def response(status):
    answer = requests.Response()
    answer.status_code = status
    return requests.HTTPError(f"{status} for url", response=answer)


CASES = [
    (lambda: mlflow_error("x", "INTERNAL_ERROR"), StoreUnreachableError),
    (lambda: mlflow_error("x", "TEMPORARILY_UNAVAILABLE"), StoreUnreachableError),
    (lambda: mlflow_error("x", "REQUEST_LIMIT_EXCEEDED"), StoreUnreachableError),
    (lambda: mlflow_error("x", "ENDPOINT_NOT_FOUND"), StoreUnreachableError),
    (lambda: mlflow_error("x", "UNAUTHENTICATED"), LoginError),
    (lambda: mlflow_error("x", "PERMISSION_DENIED"), LoginError),
    (lambda: mlflow_error("x", "INVALID_PARAMETER_VALUE"), RefusedError),
    (lambda: mlflow_error("x", "RESOURCE_DOES_NOT_EXIST"), GoneError),
    (lambda: mlflow_error("FATAL: password authentication failed for user", "TEMPORARILY_UNAVAILABLE"), LoginError),
    (lambda: mlflow_error("(psycopg.InterfaceError) closed https://sqlalche.me/e/20/rvf5", "BAD_REQUEST"), StoreUnreachableError),
    (lambda: mlflow_error("(psycopg.errors.NumericValueOutOfRange) https://sqlalche.me/e", "BAD_REQUEST"), RefusedError),
    (lambda: with_cause(mlflow_error("x", "INTERNAL_ERROR"), OverflowError("int too large")), RefusedError),
    (lambda: mlflow_error("Failed to set tags with given within 3 retries. Keys: ['a', 'A']", "INTERNAL_ERROR"), RefusedError),
    (lambda: requests.ConnectionError("refused"), StoreUnreachableError),
    (lambda: requests.Timeout("slow"), StoreUnreachableError),
    (lambda: response(401), LoginError),
    (lambda: response(403), LoginError),
    (lambda: response(413), RefusedError),
    (lambda: response(429), StoreUnreachableError),
    (lambda: response(500), StoreUnreachableError),
    (lambda: OperationalError("insert", {}, sqlite3.OperationalError("database is locked")), StoreUnreachableError),
    (lambda: json.JSONDecodeError("garbage", "", 0), StoreUnreachableError),
    (lambda: KeyError("run"), StoreUnreachableError),
    (lambda: ModuleNotFoundError("psycopg", name="psycopg"), StoreUnreachableError),
    (lambda: PermissionError(errno.EACCES, "denied"), RefusedError),
    (lambda: OSError(errno.ENOSPC, "full"), StoreUnreachableError),
    (lambda: OSError(errno.ENAMETOOLONG, "long"), RefusedError),
    (lambda: UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), RefusedError),
]


@pytest.mark.parametrize(("make", "kind"), CASES)
def test_each_foreign_error_has_its_kind_and_a_next_step(make, kind):
    error = faults.translate(make())
    assert type(error) is kind
    assert isinstance(error, StoreError)
    assert error.mend


def test_the_door_chains_the_cause_and_lets_ours_through():
    with pytest.raises(StoreUnreachableError) as caught, faults.door(tuple):
        raise requests.ConnectionError("refused")
    assert isinstance(caught.value.__cause__, requests.ConnectionError)
    ours = RefusedError("no", mend="so be it")
    with pytest.raises(RefusedError) as caught_ours, faults.door(tuple):
        raise ours
    assert caught_ours.value is ours


def test_secrets_do_not_stand_in_messages():
    error = faults.translate(requests.ConnectionError("https://ann:hush@host failed"), hide=("hush",))
    assert "hush" not in str(error)
    assert "***" in error.message
