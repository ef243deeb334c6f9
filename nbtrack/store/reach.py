"""Whether a store answers, asked with a short patience: MLflow itself waits for a dead one for minutes."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from nbtrack.courier.uris import mask_uri, secrets_of
from nbtrack.errors import NbtrackError, StoreUnreachableError
from nbtrack.store.faults import translate

_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_CONNECT_S = 3.0
_ANSWER_S = 10.0
_PATIENCE: dict[str, dict[str, int]] = {
    "psycopg": {"connect_timeout": 5}, "psycopg2": {"connect_timeout": 5}, "pymysql": {"connect_timeout": 5, "read_timeout": 5},
    "mysqldb": {"connect_timeout": 5, "read_timeout": 5}, "pymssql": {"login_timeout": 5}, "pyodbc": {"timeout": 5},
}  # fmt: skip
"""What tells each driver not to wait for ever for a server that takes the connection and says nothing."""
_GOOD_S = 10.0
_BAD_S = 1.0
_BAD_TIMES = 3.0
"""A refusal is believed for this many times as long as it took to get: asking a server that hangs is dear."""


class Reach:
    """One store's reachability, remembered for some seconds."""

    def __init__(self, uri: str) -> None:
        """
        Args:
            uri: full tracking URI of the real store.
        """
        self._uri = uri
        self._until = 0.0
        self._has_opened = False
        self.problem: NbtrackError | None = None
        """Why it did not answer when it was asked last."""

    def answers(self) -> bool:
        """Whether the store answers; asks it if the last answer is too old."""
        now = time.monotonic()
        if now >= self._until:
            self.problem = self._asked()
            took_s = time.monotonic() - now
            self._until = time.monotonic() + (_GOOD_S if self.problem is None else max(_BAD_S, _BAD_TIMES * took_s))
        return self.problem is None

    def failed(self) -> None:
        """A call found it unreachable."""
        self.problem, self._until = self._away(), time.monotonic() + _BAD_S

    def _asked(self) -> NbtrackError | None:
        if not _ask(self._uri):
            return self._away()
        if not self._has_opened:  # from then on its connections are kept, and one that fails says so
            try:
                connect_once(self._uri)
            except Exception as cause:  # noqa: BLE001 - each driver has errors of its own
                return translate(cause, tuple(secrets_of(self._uri)))
            self._has_opened = True
        return None

    def _away(self) -> NbtrackError:
        return StoreUnreachableError(f"The store {mask_uri(self._uri)} does not answer.", mend="What was logged is kept; read it when the store is back.")


def connect_once(uri: str) -> None:
    """Connect to a database server once: MLflow tries the first connection 15 times, each wait twice as long, and would block for an hour.

    Other stores are left alone. What it raises is foreign.
    """
    scheme = uri.partition("://")[0]
    if scheme.partition("+")[0] not in ("postgres", *_PORTS):
        return
    import sqlalchemy

    patience = _PATIENCE.get(sqlalchemy.make_url(uri).get_dialect().driver, {})
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.pool.NullPool, connect_args=patience)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def _ask(uri: str) -> bool:
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        return _ask_server(uri)
    try:
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme.partition("+")[0])
    except ValueError:
        return True
    if not host or port is None:
        return True
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except OSError:
        return False
    return True


def _ask_server(uri: str) -> bool:
    """Any answer will do; a bad certificate is for the real call to report."""
    import requests

    try:
        requests.get(f"{uri.rstrip('/')}/health", timeout=(_CONNECT_S, _ANSWER_S), allow_redirects=False, stream=True).close()
    except requests.exceptions.SSLError:
        return True
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout):
        return False
    except requests.exceptions.RequestException:
        return True
    return True
