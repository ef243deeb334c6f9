"""Where attempts at stages are executed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from nbtrack.errors import UsageError
from nbtrack.pipelines import memory
from nbtrack.pipelines.listener import Listener, Stop
from nbtrack.pipelines.stage import Job, Result, attempt
from nbtrack.pipelines.warm.early import Begun, begin, variables

if TYPE_CHECKING:
    from nbtrack.pipelines.kernels import Kernels, Kind


class Executor(Protocol):
    """Executes attempts somewhere.

    `submit` is called from one thread and returns at once. The future gives the result of an attempt whatever became of the notebook; it
    raises only where the attempt could not be made at all. An attempt must leave no process behind, and end soon once `stop` is asked for.
    What a stage reads lies below `job.cwd` and the pipeline's folder when it is submitted, and what it makes must lie there when the
    future is done.
    """

    jobs: int
    """How many attempts may run at once."""

    def submit(self, job: Job, stop: Stop, listener: Listener) -> Future[Result]:
        """Begin an attempt."""
        ...

    def warm(self) -> None:
        """Several attempts will follow: what takes long may begin."""
        ...

    def expect(self, kinds: Sequence[Kind]) -> None:
        """Kernels of these kinds will be wanted, in this order."""
        ...

    def close(self) -> None:
        """Let go of everything; nothing is submitted any more."""
        ...


def executor_of(word: str, jobs: int, begun: Begun | None = None) -> Executor:
    """`local`; `dask`, a cluster of its own; or `dask://HOST:PORT`, with `?files=URL` where its workers do not see this machine's files.

    Args:
        begun: a template that is on its way, which `local` may use.

    Raises:
        UsageError: there is no such executor, or it cannot be reached.
    """
    if word == "local":
        return LocalExecutor(jobs, begun)
    scheme, colon, address = word.partition("://")
    if scheme == "dask" and bool(colon) == bool(address):
        from nbtrack.pipelines.dask import DaskExecutor

        where, asked, place = address.partition("?")
        if asked and not place.startswith("files="):
            raise UsageError(f"The executor {word!r} cannot be read.", mend="Write dask://HOST:PORT?files=URL, such as s3://bucket/folder.")
        return DaskExecutor(where, jobs, place.removeprefix("files="))
    raise UsageError(f"There is no executor {word!r}.", mend="There are local, dask, and dask://HOST:PORT.")


class LocalExecutor:
    """Threads of this process, each with a kernel; the kernels are started ahead, forked from one that is warm where that is safe."""

    def __init__(self, jobs: int, begun: Begun | None = None) -> None:
        """
        Args:
            begun: a template that is on its way.
        """
        self.jobs = jobs
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="nbtrack-stage")
        self._kernels: Kernels | None = None
        self._begun = begun

    def warm(self) -> None:
        if self._kernels is None and self._begun is None and sys.platform == "linux" and memory.available() > memory.TYPICAL:
            self._begun = begin(variables())

    def submit(self, job: Job, stop: Stop, listener: Listener) -> Future[Result]:
        return self._threads.submit(attempt, job, self._ready(), stop, listener)

    def expect(self, kinds: Sequence[Kind]) -> None:
        self._ready().expect(kinds, self.jobs + 1)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        if self._kernels is not None:
            self._kernels.close()
        if self._begun is not None:
            self._begun.end()

    def _ready(self) -> Kernels:
        from nbtrack.pipelines.kernels import Kernels

        if self._kernels is None:
            self._kernels, self._begun = Kernels({}, self._begun), None
        return self._kernels
