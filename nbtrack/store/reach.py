"""Whether a store answers, asked with a short patience: MLflow itself waits for a dead one for minutes."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_CONNECT_S = 3.0
_ANSWER_S = 10.0
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
        self._answers = True

    def answers(self) -> bool:
        """Whether the store answers; asks it if the last answer is too old."""
        now = time.monotonic()
        if now >= self._until:
            self._answers = _ask(self._uri)
            took_s = time.monotonic() - now
            self._until = time.monotonic() + (_GOOD_S if self._answers else max(_BAD_S, _BAD_TIMES * took_s))
        return self._answers

    def failed(self) -> None:
        """A call found it unreachable."""
        self._answers, self._until = False, time.monotonic() + _BAD_S


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
