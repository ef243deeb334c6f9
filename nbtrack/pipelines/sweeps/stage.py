"""A sweep as a stage of a pipeline: its trials run on the pipeline's executor."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from nbtrack.pipelines.executor import Executor
from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.listener import Deaf, Listener, Stop
from nbtrack.pipelines.notebook import Notebook
from nbtrack.pipelines.parameters import Declared
from nbtrack.pipelines.stage import Job, Result
from nbtrack.pipelines.sweeps.plan import Plan, planned
from nbtrack.pipelines.sweeps.space import split
from nbtrack.pipelines.sweeps.study import Trial
from nbtrack.pipelines.sweeps.sweep import Sweep


def plan_of(node: Node, notebook: Notebook, declared: tuple[Declared, ...]) -> Plan:
    """What a node with a sweep is to try.

    Raises:
        UsageError: it cannot be done as the file says.
    """
    spec = node.spec.sweep
    assert spec is not None
    space, _ = split(notebook, declared, spec.params)
    return planned(space, node.spec.goal, spec.trials, spec.sampler, spec.prune, spec.seed)


class StageSweeps:
    """The sweeps of one run of a pipeline.

    Args:
        state: folder of the pipeline's cache and history.
    """

    def __init__(self, executor: Executor, state: Path) -> None:
        self._executor, self._state = executor, state
        self._threads: ThreadPoolExecutor | None = None

    def submit(
        self, job: Job, plan: Plan, jobs: int | None, stop: Stop, listener: Listener, resumes: str, files: Mapping[str, Path]
    ) -> Future[Result]:  # fmt: skip
        """Begin a sweep, or go on with one; it takes one thread, beside those of its trials.

        Args:
            files: what the best trial hands on, by name: where it belongs.
        """
        self._threads = self._threads or ThreadPoolExecutor(32, thread_name_prefix="nbtrack-sweep")
        return self._threads.submit(self._run, job, plan, min(jobs or self._executor.jobs, self._executor.jobs), stop, listener, resumes, files)

    def resumable(self, run_id: str) -> str:
        """The id of a sweep that can go on, else nothing."""
        return run_id if run_id and (self._state / "sweeps" / run_id / "study.log").exists() else ""

    def _run(self, job: Job, plan: Plan, jobs: int, stop: Stop, listener: Listener, resumes: str, files: Mapping[str, Path]) -> Result:
        began = time.monotonic()
        found = Sweep(job, plan, self._state, jobs, self._executor, stop, _InLogs(), listener, resumes, files).run()
        failure = found.failure.failure if found.failure is not None else None
        return Result(found.run_id, found.state, found.reason, time.monotonic() - began, found.outputs, failure, stop.reason, cpu_s=found.cpu_s)

    def close(self) -> None:
        """Wait for what runs."""
        if self._threads is not None:
            self._threads.shutdown(wait=True)


class _InLogs:
    """Shows nothing of its own: what becomes of trials stands in the stage's log."""

    def listener(self, name: str) -> Listener:
        return Deaf()

    def trial(self, trial: Trial, name: str, plan: Plan) -> None:
        pass

    def failed(self, job: Job, result: Result) -> None:
        pass
