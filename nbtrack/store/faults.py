"""The one place where errors of MLflow, requests, SQLAlchemy and artifact stores become ours."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Callable, Iterator

from nbtrack.courier.locked import LOCKED_MEND
from nbtrack.courier.uris import MASK
from nbtrack.errors import GoneError, LoginError, NbtrackError, RefusedError, StoreError, StoreUnreachableError

AGAIN, LOGIN, REFUSED, GONE = StoreUnreachableError, LoginError, RefusedError, GoneError

CODES: dict[str, type[StoreError]] = {
    "INTERNAL_ERROR": AGAIN,
    "TEMPORARILY_UNAVAILABLE": AGAIN,
    "IO_ERROR": AGAIN,
    "BAD_REQUEST": REFUSED,
    "SERVICE_UNDER_MAINTENANCE": AGAIN,
    "WORKSPACE_TEMPORARILY_UNAVAILABLE": AGAIN,
    "DEADLINE_EXCEEDED": AGAIN,
    "CANCELLED": AGAIN,
    "RESOURCE_EXHAUSTED": AGAIN,
    "ABORTED": AGAIN,
    "NOT_FOUND": GONE,
    "ALREADY_EXISTS": REFUSED,
    "UNAUTHENTICATED": LOGIN,
    "INVALID_PARAMETER_VALUE": REFUSED,
    "ENDPOINT_NOT_FOUND": AGAIN,
    "MALFORMED_REQUEST": REFUSED,
    "INVALID_STATE": REFUSED,
    "PERMISSION_DENIED": LOGIN,
    "FEATURE_DISABLED": REFUSED,
    "CUSTOMER_UNAUTHORIZED": LOGIN,
    "REQUEST_LIMIT_EXCEEDED": AGAIN,
    "RESOURCE_CONFLICT": AGAIN,
    "UNPARSEABLE_HTTP_ERROR": AGAIN,
    "NOT_IMPLEMENTED": REFUSED,
    "DATA_LOSS": AGAIN,
    "INVALID_STATE_TRANSITION": REFUSED,
    "COULD_NOT_ACQUIRE_LOCK": AGAIN,
    "RESOURCE_ALREADY_EXISTS": REFUSED,
    "RESOURCE_DOES_NOT_EXIST": GONE,
    "QUOTA_EXCEEDED": AGAIN,
    "MAX_BLOCK_SIZE_EXCEEDED": REFUSED,
    "MAX_READ_SIZE_EXCEEDED": REFUSED,
    "PARTIAL_DELETE": AGAIN,
    "MAX_LIST_SIZE_EXCEEDED": REFUSED,
    "DRY_RUN_FAILED": REFUSED,
    "RESOURCE_LIMIT_EXCEEDED": REFUSED,
    "DIRECTORY_NOT_EMPTY": REFUSED,
    "DIRECTORY_PROTECTED": REFUSED,
    "MAX_NOTEBOOK_SIZE_EXCEEDED": REFUSED,
}
"""What each MLflow error code means to us; a code not listed means: try again."""
OTHER_CODES = frozenset(
    {
        "CATALOG_ALREADY_EXISTS", "CATALOG_DOES_NOT_EXIST", "CATALOG_NOT_EMPTY", "DAC_ALREADY_EXISTS", "DAC_DOES_NOT_EXIST", "DEPLOYMENT_TIMEOUT",
        "EXTERNAL_LOCATION_ALREADY_EXISTS", "EXTERNAL_LOCATION_DOES_NOT_EXIST", "GIT_CONFLICT", "GIT_REMOTE_ERROR", "GIT_SENSITIVE_TOKEN_DETECTED",
        "GIT_UNKNOWN_REF", "GIT_URL_NOT_ON_ALLOW_LIST", "INSECURE_PARTNER_RESPONSE", "IPYNB_FILE_IN_REPO", "MALFORMED_PARTNER_RESPONSE",
        "MANAGED_RESOURCE_GROUP_DOES_NOT_EXIST", "MAX_CHILD_NODE_SIZE_EXCEEDED", "METASTORE_ALREADY_EXISTS", "METASTORE_DOES_NOT_EXIST",
        "METASTORE_NOT_EMPTY", "PERMISSION_NOT_PROPAGATED", "PRINCIPAL_DOES_NOT_EXIST", "PROJECTS_OPERATION_TIMEOUT", "PROVIDER_ALREADY_EXISTS",
        "PROVIDER_DOES_NOT_EXIST", "PROVIDER_SHARE_NOT_ACCESSIBLE", "RECIPIENT_ALREADY_EXISTS", "RECIPIENT_DOES_NOT_EXIST", "SCHEMA_ALREADY_EXISTS",
        "SCHEMA_DOES_NOT_EXIST", "SCHEMA_NOT_EMPTY", "SEARCH_QUERY_TOO_LONG", "SEARCH_QUERY_TOO_SHORT", "SHARE_ALREADY_EXISTS", "SHARE_DOES_NOT_EXIST",
        "STORAGE_CREDENTIAL_ALREADY_EXISTS", "STORAGE_CREDENTIAL_DOES_NOT_EXIST", "TABLE_ALREADY_EXISTS", "TABLE_DOES_NOT_EXIST",
    }
)  # fmt: skip
"""Codes of Databricks' catalogue and repositories, which tracking does not give."""

_LOGIN_TEXT = re.compile(
    r"password authentication failed|no password supplied|access denied|authentication failed|no pg_hba\.conf entry|role \".*\" does not exist"
    r"|unable to locate credentials|invalid_?access_?key|signature_?does_?not_?match|expired_?token|\b40[13] (client error|unauthorized|forbidden)",
    re.IGNORECASE,
)
_DATABASE_TEXT = re.compile(r"sqlalche\.me|sqlalchemy\.exc|psycopg|pymysql|sqlite3", re.IGNORECASE)
_DATABASE_REFUSES = re.compile(r"IntegrityError|DataError|UniqueViolation|NumericValueOutOfRange|StringDataRightTruncation", re.IGNORECASE)
_STATEMENT = re.compile(r" *(\[SQL: |\(Background on this error at).*", re.DOTALL)
"""What SQLAlchemy writes behind an error: the statement, its values and a link, which say nothing to a user of MLflow."""
_LOCKED = "database is locked"
"""SQLite's words."""
_TAGS_OF_ONE_NAME = re.compile(r"Failed to set tags with given within \d+ retries")
"""MLflow's, over a database that ignores case, for two tags in one call whose names differ in case alone; one by one it takes them."""
_LOCAL_REFUSALS = (OverflowError, UnicodeError, FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
_LOGIN_CLASSES = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError", "ClientAuthenticationError")
_MENDS: dict[type[StoreError], str] = {
    StoreUnreachableError: "Nothing is lost: delivery tries again by itself. Check that the store runs and that its URI is right.",
    LoginError: "Set the login (MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN, or your database's or cloud's) "
    "and track a cell again.",
    RefusedError: "It stays in the journal.",
    GoneError: "It stays in the journal.",
}


def translate(error: BaseException, hide: tuple[str, ...] = ()) -> NbtrackError:
    """Our error for a foreign one.

    Args:
        hide: texts that must not stand in the message.
    """
    kind = _kind_of(error)
    message = _STATEMENT.sub("", " ".join(str(error).split())) or type(error).__name__
    for secret in hide:
        message = message.replace(secret, MASK)
    if len(message) > 400:
        message = f"{message[:399]}…"
    if _LOCKED in message:
        return StoreUnreachableError("The store is locked by another program.", mend=LOCKED_MEND)
    if isinstance(error, ModuleNotFoundError):
        return StoreUnreachableError(
            f"A package that this store needs is missing: {error.name}.",
            mend="Install nbtrack[postgresql] for PostgreSQL, nbtrack[mysql] for mysql+pymysql:// URIs, boto3 for S3, or the driver your database needs.",
        )
    opening = {LoginError: "The store refused the login", RefusedError: "The store refused", GoneError: "The store does not have it"}
    return kind(f"{opening.get(kind, 'The store does not answer as it should')}: {message}", mend=_MENDS[kind])


def door(hide: Callable[[], tuple[str, ...]]) -> contextlib.AbstractContextManager[None]:
    """A context in which every foreign error is translated."""

    @contextlib.contextmanager
    def act() -> Iterator[None]:
        try:
            yield
        except NbtrackError:
            raise
        except Exception as error:
            raise translate(error, hide()) from error

    return act()


def _kind_of(error: BaseException) -> type[StoreError]:
    text = str(error)
    code = getattr(error, "error_code", None)
    if isinstance(code, str):
        if _LOGIN_TEXT.search(text) and CODES.get(code) in (AGAIN, REFUSED):
            return LoginError
        inner = error.__cause__ or error.__context__
        if code == "INTERNAL_ERROR" and (isinstance(inner, _LOCAL_REFUSALS) or _TAGS_OF_ONE_NAME.search(text)):
            return RefusedError
        if code == "BAD_REQUEST" and _DATABASE_TEXT.search(text) and not _DATABASE_REFUSES.search(text):
            return StoreUnreachableError  # MLflow gives this code to a lost connection too
        return CODES.get(code, StoreUnreachableError)
    if _LOGIN_TEXT.search(text) or type(error).__name__ in _LOGIN_CLASSES:
        return LoginError
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        return LoginError if status in (401, 403) else RefusedError if 400 <= status < 500 and status not in (408, 409, 425, 429) else StoreUnreachableError
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return StoreUnreachableError
    if isinstance(error, _LOCAL_REFUSALS) or (isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.EROFS, errno.EINVAL)):
        return RefusedError
    return StoreUnreachableError
