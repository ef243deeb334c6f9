"""What ties metrics and inputs to logged models: only the real store keeps it, so it is sent in the background while the caller goes on."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from nbtrack.system import after_fork_in_child

_WAIT_S = 10.0
_MOST = 10_000
_log = logging.getLogger("nbtrack")


class Links:
    """Does small jobs in their order, in a thread of its own. The points themselves are in the journal whatever becomes of them."""

    def __init__(self) -> None:
        self._renew()
        after_fork_in_child(self._renew)

    def _renew(self) -> None:
        self._jobs: queue.Queue[Callable[[], object]] = queue.Queue(_MOST)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._has_told = False

    def add(self, job: Callable[[], object]) -> None:
        """Do a job soon; one that fails, or comes while thousands wait, is left out with one warning."""
        with self._lock:
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                self._tell("too many wait")
                return
            self._idle.clear()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="nbtrack-links", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the process is ending
                    self._idle.set()

    def wait(self) -> None:
        """Wait, some seconds at most, until all is done."""
        self._idle.wait(_WAIT_S)

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=5)
            except queue.Empty:
                with self._lock:
                    if self._jobs.empty():
                        self._thread = None
                        return
                continue
            try:
                job()
            except Exception as error:  # noqa: BLE001 - MLflow and its store may raise anything
                self._tell(str(error))
            with self._lock:
                if self._jobs.empty():
                    self._idle.set()

    def _tell(self, why: str) -> None:
        if not self._has_told:
            self._has_told = True
            _log.warning("nbtrack: metrics are kept, but could not be tied to their logged model: %s", why)
