"""Beginning attempts: where there is room, as one notebook or as a sweep, with kernels ahead for those that come next."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future

from nbtrack.pipelines.check import Books
from nbtrack.pipelines.decide import Decision
from nbtrack.pipelines.executor import Executor
from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.listener import Listener, Stop
from nbtrack.pipelines.resume import Before
from nbtrack.pipelines.runs import Where
from nbtrack.pipelines.stage import DEFAULT_KERNEL, Job, Result
from nbtrack.pipelines.sweeps.stage import StageSweeps, plan_of


class Starter:
    """Of one run of a pipeline."""

    def __init__(self, books: Books, executor: Executor, where: Where, stop: Stop, before: Before | None) -> None:
        self._books, self._executor, self._stop, self._before = books, executor, stop, before
        self._sweeps = StageSweeps(executor, where.state)

    def has_room(self, node: Node, running: Iterable[Node]) -> bool:
        """Whether a node may begin beside those that run."""
        others = [it.spec.resources for it in running]
        if not others:
            return True
        if len(others) >= self._executor.jobs:
            return False
        wants = node.spec.resources
        if wants.memory is None and all(it.memory is None for it in others):
            return True
        import psutil

        return bool(sum(it.memory or 0 for it in (*others, wants)) <= psutil.virtual_memory().total)

    def begin(self, node: Node, decision: Decision, job: Job, listener: Listener) -> Future[Result]:
        """Begin an attempt."""
        if node.spec.sweep is None:
            return self._executor.submit(job, self._stop, listener)
        resumes = self._before.sweep_of(node, decision) if self._before is not None and job.attempt == 1 else ""
        plan = plan_of(node, *self._books.get(node.notebook))
        return self._sweeps.submit(job, plan, node.spec.sweep.jobs, self._stop, listener, self._sweeps.resumable(resumes))

    def expect(self, waiting: Iterable[Node]) -> None:
        """Have the kernels started that these will want, as far as can be told."""
        found: list[str] = []
        for node in waiting:
            if len(found) >= self._executor.jobs:
                break
            if not node.spec.environment.variables:
                found.append(node.spec.environment.kernel or self._books.get(node.notebook)[0].kernel or DEFAULT_KERNEL)
        self._executor.expect(found)

    def close(self) -> None:
        """Wait for what runs."""
        self._sweeps.close()
        self._executor.close()
