"""Beginning attempts: where there is room, as one notebook or as a sweep, with kernels ahead for those that come next."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nbtrack.pipelines import memory
from nbtrack.pipelines.check import Books
from nbtrack.pipelines.code import Sources
from nbtrack.pipelines.decide import Decision
from nbtrack.pipelines.executor import Executor
from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.listener import Listener, Stop
from nbtrack.pipelines.resume import Before
from nbtrack.pipelines.runs import Where
from nbtrack.pipelines.stage import DEFAULT_KERNEL, Job, Result
from nbtrack.pipelines.sweeps.stage import StageSweeps, plan_of

if TYPE_CHECKING:
    from nbtrack.pipelines.kernels import Kind

_FAR = 8
"""Stages that are looked at beyond those that begin next, to tell which modules are worth loading ahead."""

_SEVERAL = 2
"""Stages after the first from which on it is worth it to begin a template at once."""


class Starter:
    """Of one run of a pipeline.

    Args:
        folder: the pipeline's.
    """

    def __init__(self, folder: Path, books: Books, executor: Executor, where: Where, stop: Stop, before: Before | None) -> None:
        self._folder, self._books, self._executor, self._stop, self._before = folder, books, executor, stop, before
        self._sweeps = StageSweeps(executor, where.state)
        self._sources = Sources()
        self._kinds: dict[str, Kind] = {}

    def has_room(self, node: Node, running: Iterable[Node]) -> bool:
        """Whether a node may begin beside those that run."""
        others = [it.spec.resources for it in running]
        if not others:
            return True
        if len(others) >= self._executor.jobs:
            return False
        wants = node.spec.resources
        return memory.available() >= (wants.memory or memory.TYPICAL) and sum(it.memory or 0 for it in (*others, wants)) <= memory.total()

    def begin(self, node: Node, decision: Decision, job: Job, listener: Listener, next_: Iterable[Node]) -> Future[Result]:
        """Begin an attempt.

        Args:
            next_: nodes that begin after it, as far as can be told; their kernels are started meanwhile.
        """
        coming = list(islice(next_, self._executor.jobs + _FAR))
        if not self._kinds and len(coming) >= _SEVERAL:
            self._executor.warm()
        kind = self._kind(node)
        job = replace(job, kernel=kind.name, modules=kind.modules)
        if node.spec.sweep is None:
            self._executor.expect([kind] * (not job.env) + [self._kind(it) for it in coming if not it.spec.environment.variables])
            return self._executor.submit(job, self._stop, listener)
        resumes = self._before.sweep_of(node, decision) if self._before is not None and job.attempt == 1 else ""
        plan = plan_of(node, *self._books.get(node.notebook))
        files = {name: self._folder / path for name, path in node.files.items()}
        return self._sweeps.submit(job, plan, node.spec.sweep.jobs, self._stop, listener, self._sweeps.resumable(resumes), files)

    def _kind(self, node: Node) -> Kind:
        """The kernel that a node wants."""
        if node.stage not in self._kinds:
            from nbtrack.pipelines.kernels import Kind
            from nbtrack.pipelines.warm.ahead import loaded_ahead

            book, _ = self._books.get(node.notebook)
            folders = tuple(dict.fromkeys((node.cwd, node.notebook.parent)))
            self._kinds[node.stage] = Kind(node.spec.environment.kernel or book.kernel or DEFAULT_KERNEL, loaded_ahead(book, folders, self._sources))
        return self._kinds[node.stage]

    def close(self) -> None:
        """Wait for what runs."""
        self._sweeps.close()
        self._executor.close()
