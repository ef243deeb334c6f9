"""The delivery process's work: look for runs, end those of dead owners, deliver what is new, wait where the store fails."""

from __future__ import annotations

import contextlib
import gc
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nbtrack.delivery.backlog import Backlog
from nbtrack.delivery.backoff import Backoff
from nbtrack.delivery.deliver import Delivery
from nbtrack.delivery.register import Register
from nbtrack.errors import DeliveryError, FormatError, LoginError, NbtrackError, SecretError, StoreError
from nbtrack.journal import cursor as cursors
from nbtrack.journal.location import Home
from nbtrack.settings import Settings
from nbtrack.store.client import StoreClient

_log = logging.getLogger("nbtrack.delivery")
_REAP_S = 2.0
_SWEEP_S = 5.0
_BUDGET_S = 1.0
_REFUSED_TIMES = 20.0
"""A refused login is tried that much more rarely than a store that does not answer: a wrong password tried for ever locks accounts."""


@dataclass
class Flush:
    """Somebody waits for a run to be in MLflow."""

    run_id: str
    deadline: float
    done: threading.Event = field(default_factory=threading.Event)
    mlflow_run_id: str = ""
    error: NbtrackError | None = None


class Loop:
    """Delivers the runs of one store, round by round; one thread turns it, others may ask."""

    def __init__(self, home: Home, store: str, settings: Settings, connect: Callable[[], StoreClient]) -> None:
        """
        Args:
            store: masked absolute URI.
            connect: makes a client; raises LoginError while the login is not known.
        """
        self.home, self.store, self.settings = home, store, settings
        self.register = Register(home, store, settings.long_param)
        self.problem: NbtrackError | None = None
        self.busy_at = time.monotonic()
        self.wake = threading.Event()
        self.is_stopping = False
        self._connect = connect
        self._delivery: Delivery | None = None
        self._has_new_login = False
        self._backoff = Backoff(cap_s=settings.retry_s)
        self._login_backoff = Backoff(cap_s=settings.retry_s * _REFUSED_TIMES)
        self._try_at = 0.0
        self._run_backoffs: dict[str, Backoff] = {}
        self._run_try_at: dict[str, float] = {}
        self._reap_at = self._sweep_at = 0.0
        self._has_reaped_elsewhere = self._is_released = False
        self._flushes: queue.SimpleQueue[Flush] = queue.SimpleQueue()

    def flush(self, run_id: str, wait_s: float) -> str:
        """Have a run delivered by the thread that turns the loop; returns its MLflow run id.

        Raises:
            StoreUnreachableError, LoginError, DeliveryError: it could not be, or not in time.
        """
        request = Flush(run_id, time.monotonic() + wait_s)
        self._flushes.put(request)
        self.wake.set()
        if not request.done.wait(wait_s):
            raise DeliveryError(f"Run {run_id} was not delivered within {wait_s:g} s.", mend="Delivery goes on; ask again, or run nbtrack doctor.")
        if request.error is not None:
            raise request.error
        return request.mlflow_run_id

    def look_again(self, *, reconnect: bool = False) -> None:
        """Look at everything in the next round; for other threads."""
        if reconnect:
            self._has_new_login = True
        self._sweep_at = self._try_at = 0.0
        self._run_try_at.clear()
        self._is_released = True
        self.busy_at = time.monotonic()
        self.wake.set()

    def status(self) -> dict[str, Any]:
        """What `courier.status` shows."""
        active = list(self.register.active.values())
        problem = self.problem
        state = "delivering" if problem is None else "login missing" if isinstance(problem, LoginError) else "store unreachable"
        return {
            "store": self.store,
            "state": "idle" if problem is None and not active else state,
            "problem": problem.message if problem else "",
            "mend": problem.mend if problem else "",
            "live_runs": sum(not backlog.is_ended for backlog in active),
            "backlog_runs": sum(backlog.is_ended or not backlog.cursor.mlflow_run_id for backlog in active),
            "delivered_runs": self.register.delivered,
            "unreadable_runs": dict(self.register.unreadable),
            "held_runs": {run_id: why for run_id, (_, why) in self.register.held.items()},
            "next_try_s": round(max(0.0, self._try_at - time.monotonic()), 1),
        }

    def is_idle(self) -> bool:
        """Whether there is nothing to do but wait for new runs, or for a login that only a new visitor can bring; for the thread that turns the loop."""
        if not self._flushes.empty():
            return False
        return not self.register.active or (isinstance(self.problem, LoginError) and all(map(_has_ended, list(self.register.active.values()))))

    def turn(self) -> bool:
        """One round; says whether more is waiting to be sent at once."""
        now = time.monotonic()
        self.register.look()
        if now >= self._reap_at:
            self._reap_at = now + _REAP_S
            self._reap()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_S
            self.register.sweep()
        if self._is_released:
            self._is_released = False
            for run_id in list(self.register.held):
                self.register.release(run_id)
        self._serve()
        is_more = False
        if self._may_try():
            for backlog in list(self.register.active.values()):
                is_more |= self._attempt(backlog, _BUDGET_S)
                self._serve()
                if self.is_stopping or not self._may_try():
                    break
        return is_more

    def _may_try(self) -> bool:
        return time.monotonic() >= self._try_at

    def _reap(self) -> None:
        for run_id in self.register.reap():
            _log.info("run %s: its owner is gone, ended as KILLED", run_id)
        if not self._has_reaped_elsewhere:
            self._has_reaped_elsewhere = True
            self.register.reap_elsewhere()

    def _attempt(self, backlog: Backlog, budget_s: float) -> bool:
        """Deliver a run if it has news; a failure is remembered and not raised."""
        run_id = backlog.run_id
        if run_id not in self.register.active or time.monotonic() < self._run_try_at.get(run_id, 0.0):
            return False
        try:
            if not backlog.has_news():
                self._settle(backlog)
                return False
            if not isinstance(self.problem, LoginError):
                self.busy_at = time.monotonic()
            return self._deliver(backlog, budget_s)
        except SecretError as error:
            _log.warning("%s", error)
        except FormatError as error:
            self.register.drop(run_id, str(error))
        except StoreError as error:
            self._failed(run_id, error)
        except Exception as error:  # noqa: BLE001 - one run must not keep others from being delivered
            if not backlog.folder.exists():  # pruned or removed by hand
                self.register.active.pop(run_id, None)
                return False
            _log.exception("run %s could not be delivered", run_id)
            self._failed(run_id, DeliveryError(f"Run {run_id} could not be delivered: {error}.", mend="Nothing is lost; it is tried again."), is_ours=True)
        return False

    def _deliver(self, backlog: Backlog, budget_s: float) -> bool:
        if self._has_new_login:
            self._has_new_login, self._delivery = False, None
            self._backoff.reset()
            self._login_backoff.reset()
        if self._delivery is None:
            self._delivery = Delivery(self._connect(), self._mlflow_id_of)
            gc.collect()
            gc.freeze()  # MLflow's objects stay; having the collector pass over them cost a fifth of the CPU of delivering 100,000 points
        try:
            is_more = self._delivery.deliver(backlog, budget_s)
        except SecretError as error:
            self.register.hold(backlog.run_id, str(error))
            raise
        self.problem = None
        self._backoff.reset()
        self._login_backoff.reset()
        self._run_backoffs.pop(backlog.run_id, None)
        self._settle(backlog)
        return is_more

    def _settle(self, backlog: Backlog) -> None:
        if backlog.cursor.is_done and not backlog.has_events and not backlog.has_holes and backlog.run_id in self.register.active:
            self.register.settle(backlog.run_id)

    def _failed(self, run_id: str, error: NbtrackError, *, is_ours: bool = False) -> None:
        """One run failed. If the store answers otherwise, only this run waits; else all do."""
        if not is_ours and not self._answers(run_id):
            if self.problem is None or self.problem.message != error.message:
                _log.warning("%s", error)
            self.problem = error
            wait_s = (self._login_backoff if isinstance(error, LoginError) else self._backoff).next_s()
            self._try_at = 0.0 if self._has_new_login else time.monotonic() + wait_s  # told while the old one was tried
            return
        self.problem = error
        backoff = self._run_backoffs.setdefault(run_id, Backoff(cap_s=self.settings.retry_s))
        self._run_try_at[run_id] = time.monotonic() + backoff.next_s()
        _log.warning("run %s: %s", run_id, error)

    def _answers(self, run_id: str) -> bool:
        """Whether the store answers a small question; not asked where no other run would gain by it."""
        if self._delivery is None or not any(other != run_id for other in self.register.active):
            return False
        try:
            self._delivery.ping()
        except StoreError:
            return False
        return True

    def _mlflow_id_of(self, run_id: str) -> str:
        """MLflow's id of a run, which is created first if need be; empty where it is not this store's."""
        known = cursors.load(self.home, run_id).mlflow_run_id
        if known:
            return known
        backlog = self.register.backlog(run_id)
        if backlog is None or self._delivery is None:
            return ""
        return self._delivery.ensure_run(backlog)

    def _serve(self) -> None:
        """Deliver the runs somebody waits for."""
        while True:
            try:
                request = self._flushes.get_nowait()
            except queue.Empty:
                return
            try:
                request.mlflow_run_id = self._flushed(request)
            except NbtrackError as error:
                request.error = error
            except Exception as error:  # noqa: BLE001 - the one who waits is told, the loop goes on
                _log.exception("a flush failed")
                request.error = DeliveryError(f"Run {request.run_id} could not be delivered: {error}.", mend="Nothing is lost; run nbtrack doctor.")
            request.done.set()

    def _flushed(self, request: Flush) -> str:
        try:
            return self.deliver_here(request.run_id, request.deadline)
        except StoreError as error:
            self._failed(request.run_id, error)
            raise

    def deliver_here(self, run_id: str, deadline: float = float("inf")) -> str:
        """Deliver one run in the calling thread, which must be the one that turns the loop; returns its MLflow run id.

        Raises:
            StoreUnreachableError, LoginError, FormatError, SecretError: it could not be delivered.
            DeliveryError: it is not a run of this store, or there was no time to send all.
        """
        backlog = self.register.backlog(run_id)
        if backlog is None:
            if run_id in self.register.unreadable:
                raise DeliveryError(self.register.unreadable[run_id], mend="Update nbtrack where delivery runs.")
            raise DeliveryError(f"Run {run_id} is not a run of {self.store}.", mend="Ask the process of its own store.")
        while self._deliver(backlog, min(_BUDGET_S * 5, max(0.0, deadline - time.monotonic()))):
            if time.monotonic() > deadline:
                raise DeliveryError(f"Run {run_id} has more points than could be sent in time.", mend="Delivery goes on; ask again.")
        return backlog.cursor.mlflow_run_id


def _has_ended(backlog: Backlog) -> bool:
    with contextlib.suppress(NbtrackError):  # of a later release: it will be said when it is tried
        backlog.read()
    return backlog.is_ended
