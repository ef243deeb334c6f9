"""The delivery process's side of its socket: one thread that admits, one a visitor that answers."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from nbtrack.courier.channel import Place, admit, receive, send, write_private
from nbtrack.system import WINDOWS

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Answers a question, in the visitor's thread; None closes without an answer."""
_log = logging.getLogger("nbtrack.delivery")


class Desk:
    """Listens until closed. The caller holds the store's lock, so nobody else listens here."""

    def __init__(self, place: Place, answer: Answer) -> None:
        self._place, self._answer = place, answer
        self._key = secrets.token_bytes(32)
        self._is_closed = False
        address = place.choose_address()
        if not WINDOWS:
            Path(address).unlink(missing_ok=True)
        mask = os.umask(0o177)  # the socket is the user's alone from its first instant; the folders MLflow makes later are as the user wants them
        try:
            self._listener = Listener(address, family="AF_PIPE" if WINDOWS else "AF_UNIX", backlog=16)
        finally:
            os.umask(mask)
        write_private(place.key, self._key)
        write_private(place.address, address.encode())
        threading.Thread(target=self._admit, name="nbtrack-desk", daemon=True).start()

    def close(self) -> None:
        """Stop listening; visitors inside are still answered."""
        self._is_closed = True
        self._place.address.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._listener.close()

    def _admit(self) -> None:
        while not self._is_closed:
            try:
                connection = self._listener.accept()
            except OSError:
                if self._is_closed:
                    return
                continue
            threading.Thread(target=self._serve, args=(connection,), name="nbtrack-visitor", daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with contextlib.closing(connection):
            try:
                if not admit(connection, self._key):
                    return
                answer = self._answer(receive(connection))
                if answer is not None:
                    send(connection, answer)
            except (OSError, EOFError, ValueError):
                return
            except Exception:  # noqa: BLE001 - one bad question must not end the desk
                _log.exception("a question could not be answered")
