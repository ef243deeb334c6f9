"""The delivery process: single by its lock, reachable by its socket, gone when there is nothing to do."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nbtrack.courier.channel import Place, write_private
from nbtrack.courier.uris import sqlite_file
from nbtrack.delivery.desk import Desk
from nbtrack.delivery.indexer import Indexer
from nbtrack.delivery.login import Login, Scrubbed
from nbtrack.delivery.loop import Loop
from nbtrack.errors import NbtrackError
from nbtrack.journal import retention
from nbtrack.journal.location import Home
from nbtrack.settings import Settings
from nbtrack.store.client import be_quick
from nbtrack.system import WINDOWS, lock, open_private, python

_LOG_BYTES = 1 << 20
_CHECK_S = 5.0
_log = logging.getLogger("nbtrack.delivery")


def run(root: Path, store_hash: str, settings: Settings, told: bytes = b"") -> int:
    """Be the delivery process of one store until idle or told to stop; returns the exit status.

    Args:
        root: the state directory.
        store_hash: name of the store's folder in `delivery/`.
        told: the first hello, as JSON. Whoever starts the process may be gone before its desk is open, and the login would be gone too.
    """
    place = Place(Home(root), store_hash)
    fd = take_lock(place)
    if fd is None:
        return 0
    try:
        store = place.uri.read_bytes().decode("utf-8", "surrogatepass")
    except OSError:
        return 2
    process = Process(place, fd, store, settings)
    if told:
        process.learn(json.loads(told))
    is_again = process.live()
    os.close(fd)
    if is_again and not WINDOWS:
        os.execv(python(), [python(), "-m", "nbtrack.delivery", "--stay", str(root), store_hash])
    return 0


def take_lock(place: Place) -> int | None:
    """Take the store's lock; None if another process has it."""
    place.make()
    fd = open_private(place.lock, os.O_RDWR | os.O_CREAT)
    for _ in range(20):
        if lock(fd):
            return fd
        time.sleep(0.02)  # whoever asks just now whether it is taken holds it for an instant
    os.close(fd)
    return None


class Process:
    """The process between its lock and its end."""

    def __init__(self, place: Place, fd: int, store: str, settings: Settings) -> None:
        """
        Args:
            fd: the open file of the store's lock.
        """
        self._place, self._fd, self._settings = place, fd, settings
        self._login = Login(store, os.environ)
        self._loop = Loop(place.home, store, settings, self._login.connect)
        self._indexer = Indexer(place, store, settings, self._login)
        self._database = sqlite_file(store)
        self._database_id: tuple[int, int] | None = None
        self._guard = threading.Lock()
        self._is_stopping = False
        self._since = time.time()

    def learn(self, hello: Mapping[str, Any]) -> bool:
        """Take a login into memory; says whether it is new."""
        return self._login.learn(str(hello["uri"]), _texts(hello.get("env")))

    def live(self) -> bool:
        """Work until idle or stopped; says whether the process should start afresh."""
        self._prepare()
        desk = Desk(self._place, self._answer)
        self._indexer.start()
        is_again = False
        check_at = 0.0
        try:
            while not self._is_stopping:
                is_more = self._loop.turn()
                if time.monotonic() >= check_at:
                    check_at = time.monotonic() + _CHECK_S
                    self._trim_log()
                    if self._has_lost_its_lock():
                        break
                    is_again = self._is_database_gone()
                    retention.prune_daily(self._place.home, self._settings)
                    if is_again or self._ends_idle():
                        break
                if not is_more:
                    self._loop.wake.wait(min(self._settings.poll_s, 5.0))
                    self._loop.wake.clear()
        finally:
            self._is_stopping = True
            desk.close()
            self._indexer.stop()
            with contextlib.suppress(OSError):  # the state directory was removed
                write_private(self._place.last_status, json.dumps({**self._status(), "ended": time.time()}).encode())
            logging.shutdown()
        return is_again

    def _prepare(self) -> None:
        sys.stderr = sys.stdout = Scrubbed(sys.stderr, self._login)
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
        _log.setLevel(logging.DEBUG if self._settings.debug else logging.INFO)
        be_quick()
        if self._database is not None:
            self._database.parent.mkdir(parents=True, exist_ok=True)
            os.chdir(self._database.parent)  # so that mlruns/ lies beside the database, as with plain MLflow
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGTERM", "SIGINT"):
                signal.signal(getattr(signal, name), lambda *_: self._stop())
            if hasattr(signal, "SIGHUP"):
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _stop(self) -> None:
        self._is_stopping = self._loop.is_stopping = True
        self._loop.wake.set()

    def _ends_idle(self) -> bool:
        with self._guard:  # a visitor is answered before this or not at all, and then starts a new process
            if self._loop.is_idle() and not self._indexer.has_acts and time.monotonic() - self._loop.busy_at > self._settings.idle_s:
                self._is_stopping = True
        return self._is_stopping

    def _answer(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """Answer one visitor; runs in a thread of its own."""
        with self._guard:
            if self._is_stopping:
                return None
            self._loop.busy_at = time.monotonic()
        match question.get("act"):
            case "hello":
                is_new = self.learn(question)
                self._loop.look_again(reconnect=is_new)
                if is_new:
                    self._indexer.renew()
            case "wake":
                self._loop.look_again()
            case "look":
                self._indexer.look(full=bool(question.get("full")), now=bool(question.get("now")))
            case "stop":
                self._stop()
            case "status":
                return self._status()
            case "flush":
                return _told(lambda: {"mlflow_run_id": self._loop.flush(str(question["run"]), float(question["wait_s"]))})
            case "history":
                return _told(lambda: {"points": self._indexer.history(str(question["run"]), [str(it) for it in question["metrics"]])})
            case "files":
                return _told(lambda: self._indexer.files(str(question["run"]), [str(it) for it in question["folders"]]))
            case _:
                return {"error": "DeliveryError", "message": "The delivery process does not know that question.", "mend": "Restart the kernel after an update."}
        return {"ok": True}

    def _status(self) -> dict[str, Any]:
        return {**self._loop.status(), "index": self._indexer.status(), "pid": os.getpid(), "since": self._since}

    def _has_lost_its_lock(self) -> bool:
        """Whether the state directory was removed by hand: another process may have the lock of a new one, and two would deliver the same runs."""
        mine = os.fstat(self._fd)
        try:
            found = self._place.lock.stat()
        except OSError:
            return True
        return (found.st_dev, found.st_ino) != (mine.st_dev, mine.st_ino)

    def _is_database_gone(self) -> bool:
        """Whether the sqlite file was removed or replaced under MLflow's open engine, which would fail for ever."""
        if self._database is None:
            return False
        try:
            facts = self._database.stat()
            found: tuple[int, int] | None = (facts.st_dev, facts.st_ino)
        except OSError:
            found = None
        before, self._database_id = self._database_id, found
        return before is not None and before != found

    def _trim_log(self) -> None:
        try:
            if self._place.log.stat().st_size > _LOG_BYTES:
                os.truncate(self._place.log, 0)
        except OSError:
            return


def _told(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What an act gives, or its error as a visitor reads it."""
    try:
        return act()
    except NbtrackError as error:
        return {"error": type(error).__name__, "message": error.message, "mend": error.mend}


def _texts(found: Any) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
