"""Stages on the workers of a Dask cluster: https://distributed.dask.org/.

Workers have nbtrack, and see the project, the state directory and the store's files under the same paths; else what a stage reads and makes goes
through a place that both sides reach. A worker that dies costs its attempt: the scheduler gives the stage to another worker.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.entities import State
from nbtrack.errors import MissingPackageError, UsageError
from nbtrack.journal import Home, new_id
from nbtrack.pipelines.carry import Answer, Parcel, answered, packed, received, unpacked
from nbtrack.pipelines.listener import Listener, Stop, StopReason
from nbtrack.pipelines.processes import sweep
from nbtrack.pipelines.remote import remote_of
from nbtrack.pipelines.stage import Job, Result, attempt, close, lost

if TYPE_CHECKING:
    from nbtrack.pipelines.kernels import Kind

SCHEME = "dask"
_CONNECT_S = 10
_LOOK_S = 0.5


class DaskExecutor:
    """A client of a scheduler; without an address, of a cluster of its own on this machine.

    Args:
        address: HOST:PORT of a scheduler, or empty.
        jobs: attempts at once; with an address, as many as its workers have threads where this is 1.
        place: folder or URL through which files go; empty where workers see them.

    Raises:
        MissingPackageError: Dask is not installed.
        UsageError: the scheduler does not answer, or has no worker.
    """

    def __init__(self, address: str, jobs: int, place: str = "") -> None:
        self._place = place if not place or "://" in place else str(Path(place).expanduser().absolute())
        remote_of(self._place, Path.cwd())
        try:
            from distributed import Client, LocalCluster
        except ImportError as cause:
            raise MissingPackageError("distributed", "Running stages on Dask", extra="dask") from cause
        self._cluster: Any = None
        if not address:
            self._cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs=50)
        try:
            self._client: Any = Client(self._cluster or f"tcp://{address}", timeout=_CONNECT_S)
        except (OSError, ValueError) as cause:
            raise UsageError(f"No Dask scheduler answers at {address}.", mend="Start one: dask scheduler, and dask worker HOST:PORT.") from cause
        threads = sum(self._client.nthreads().values())
        if not threads:
            self.close()
            raise UsageError(f"The Dask scheduler at {address} has no worker.", mend=f"Start one: dask worker {address}.")
        self.jobs = jobs if jobs > 1 or not address else threads
        self._threads = ThreadPoolExecutor(self.jobs, thread_name_prefix="nbtrack-dask")

    def submit(self, job: Job, stop: Stop, listener: Listener) -> Future[Result]:
        return self._threads.submit(self._wait, job, stop, listener)

    def warm(self) -> None:
        """Kernels are started by the workers."""

    def expect(self, kinds: Sequence[Kind]) -> None:
        """As above."""

    def close(self) -> None:
        if hasattr(self, "_threads"):
            self._threads.shutdown(wait=True)
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _wait(self, job: Job, stop: Stop, listener: Listener) -> Result:
        from distributed import Event, KilledWorker, Variable

        topic = f"nbtrack-{new_id()}"
        hears, is_carried = _Hears(listener), bool(self._place) and job.root is not None
        self._client.subscribe_topic(topic, hears)
        wish = Variable(topic, client=self._client)
        task = packed(job, self._place) if is_carried else job
        future = self._client.submit(_attempt, task, topic, key=topic, pure=False)
        asked = None
        try:
            while not future.done():
                if asked is None:
                    stop.wait(_LOOK_S)
                else:
                    time.sleep(_LOOK_S)
                if stop.reason is not None and asked is not stop.is_now:
                    asked = stop.is_now
                    wish.set((str(stop.reason), asked))
                    Event(topic, client=self._client).set()
            found: Result | Answer = future.result()
            result = received(job, found, self._place) if isinstance(found, Answer) else found
        except KilledWorker as cause:
            reason, run_id = f"its worker died, and so did the next ones: {cause}", hears.run_id
            if is_carried:
                run_id = lost(job, State.FAILED, reason)
            elif run_id:
                close(Home(job.home), run_id, State.FAILED, reason)
            result = Result(run_id, State.FAILED, reason, 0.0)
        finally:
            for _ in range(hears.dead * is_carried):  # their journals died with their machines
                lost(job, State.KILLED, "its worker died")
            hears.forget()
            with contextlib.suppress(Exception):
                wish.delete()
                self._client.unsubscribe_topic(topic)
        return result


class _Hears:
    """Hands on what a worker tells; called in the client's event loop."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.run_id = ""
        self.dead = 0
        """Attempts whose worker died, and that another one began anew."""
        self._kernel: tuple[str, str, int] | None = None

    def __call__(self, event: Any) -> None:
        name, args = event[1]
        if name == "began":
            self.forget()
            self.dead += bool(self.run_id)
            self.run_id = args[0]
        if name == "kernel":
            host, token, pid = args
            self._kernel = (host, token, pid)
            args = (token, pid)
        getattr(self._listener, name)(*args)

    def forget(self) -> None:
        """End what a kernel left on this machine, as nobody else may be there to do it."""
        if self._kernel is not None and self._kernel[0] == socket.gethostname():
            threading.Thread(target=sweep, args=self._kernel[1:], daemon=True).start()
        self._kernel = None


class _Tells:
    """The listener on the worker."""

    def __init__(self, worker: Any, topic: str) -> None:
        self._worker, self._topic = worker, topic

    def _tell(self, name: str, *args: Any) -> None:
        self._worker.log_event(self._topic, (name, args))

    def began(self, run_id: str, attempt: int) -> None:
        self._tell("began", run_id, attempt)

    def kernel(self, token: str, pid: int) -> None:
        self._tell("kernel", socket.gethostname(), token, pid)

    def cell(self, number: int, count: int) -> None:
        self._tell("cell", number, count)

    def text(self, stream: str, text: str) -> None:
        self._tell("text", stream, text)


def _attempt(task: Job | Parcel, topic: str) -> Result | Answer:
    """On the worker: one attempt, with a kernel of its own."""
    if isinstance(task, Job):
        return _execute(task, topic)
    os.environ["NBTRACK_DELIVERY"] = "0"  # whoever sent it delivers
    with unpacked(task) as job:
        return answered(job, _execute(job, topic), task.place)


def _execute(job: Job, topic: str) -> Result:
    from distributed import get_client, get_worker

    from nbtrack.pipelines.kernels import Kernels

    stop, done = Stop(), threading.Event()
    watch = threading.Thread(target=_watch, args=(get_client(), topic, stop, done), name="nbtrack-stop", daemon=True)
    kernels = Kernels({})
    watch.start()
    try:
        return attempt(job, kernels, stop, _Tells(get_worker(), topic))
    finally:
        done.set()
        kernels.close()


def _watch(client: Any, topic: str, stop: Stop, done: threading.Event) -> None:
    from distributed import Event, Variable

    is_asked, wish = Event(topic, client=client), Variable(topic, client=client)
    with contextlib.suppress(Exception):  # the scheduler is gone, and nobody asks any more
        while not done.is_set() and not stop.is_now:
            if is_asked.wait(timeout=_LOOK_S):
                reason, is_now = wish.get(timeout=_CONNECT_S)
                stop.ask(StopReason(reason), now=is_now)
                done.wait(_LOOK_S)
