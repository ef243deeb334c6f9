"""Running a sweep: trials are runs of one notebook, each a child of the sweep's run."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from nbtrack import settings
from nbtrack.capture.begin import begin
from nbtrack.capture.identity import Identity
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Request, State
from nbtrack.errors import NbtrackError, UsageError
from nbtrack.journal import Home, fold
from nbtrack.journal.reaper import reap
from nbtrack.pipelines import cost, memory
from nbtrack.pipelines.executor import Executor
from nbtrack.pipelines.listener import Deaf, Listener, Stop, StopReason
from nbtrack.pipelines.locks import StageLock
from nbtrack.pipelines.outputs import outputs_of, record
from nbtrack.pipelines.processes import sweep as end_processes
from nbtrack.pipelines.report import keep_report
from nbtrack.pipelines.runs import again
from nbtrack.pipelines.stage import Job, Result
from nbtrack.pipelines.sweeps import best
from nbtrack.pipelines.sweeps.curve import LiveCurve
from nbtrack.pipelines.sweeps.files import TrialFiles
from nbtrack.pipelines.sweeps.plan import Plan
from nbtrack.pipelines.sweeps.study import Ended, Study, Trial

TAG = "nbtrack.trial"
_LOOK_S = 0.2
_FEWEST_DRAWN = 3
_FAR = 3
"""Trials beyond those that run for which kernels are wanted."""
_HOPELESS = 3
"""Trials that fail, while none has come to its end, after which the notebook is thought to be broken."""


class SweepShows(Protocol):
    """Shows a sweep. Calls come from one thread; those of a listener from that of its trial."""

    def listener(self, name: str) -> Listener:
        """Hears of one trial."""
        ...

    def trial(self, trial: Trial, name: str, plan: Plan) -> None:
        """A trial is over; `name` is its run's."""
        ...

    def failed(self, job: Job, result: Result) -> None:
        """The notebook failed in a trial."""
        ...


@dataclass(frozen=True)
class SweepResult:
    """What came of a sweep."""

    run_id: str
    state: State
    reason: str
    trials: tuple[Trial, ...]
    best: Trial | None
    outputs: Mapping[str, Any]
    """What the best trial recorded, the metric, and its params: each by its name, and all as `best_params`."""
    file: Path | None
    """The best params."""
    failure: Result | None = None
    """The first trial that failed."""
    cpu_s: float = 0.0
    """Processor time of the trials that were run."""


@dataclass
class _Open:
    """A trial that runs."""

    trial: Trial
    job: Job
    stop: Stop
    curve: LiveCurve
    is_pruned: bool = False


@dataclass
class Sweep:
    """One sweep.

    Args:
        job: a trial without what is searched; its name and parent are those of the sweep's run.
        state: folder below which it keeps its trials.
        resumes: id of the sweep's run that goes on.
    """

    job: Job
    plan: Plan
    state: Path
    jobs: int
    executor: Executor
    stop: Stop
    shows: SweepShows
    listener: Listener = field(default_factory=Deaf)
    """Hears of the sweep as of one attempt."""
    resumes: str = ""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files and folders that the best trial hands on, by name: where they belong. Each trial is told by `${trial.NAME}` where to write its own."""

    def run(self) -> SweepResult:
        """Try until all trials are done, or until it is asked to stop.

        Raises:
            UsageError: optuna is not installed, or the sweep goes on in another process.
            JournalError, OSError: its run could not be begun.
        """
        self._home = Home(self.job.home)
        self._running: dict[Future[Result], _Open] = {}
        self._failure: Result | None = None
        self._cpu_s = 0.0
        lock = self._lock(self.resumes) if self.resumes else None
        self._run = self._begin()
        lock = lock or self._lock(self._run.run_id)
        folder = self.folder(self.state, self._run.run_id)
        self._files = TrialFiles(folder / "files", self.files, self.job.cwd)
        state, reason = State.FAILED, "the sweep failed"
        self._reports = ThreadPoolExecutor(1, thread_name_prefix="nbtrack-report")
        try:
            self._study = Study(
                folder / "study.log", self.plan.space, is_least=self.plan.is_least, sampler=self.plan.sampler, prune=self.plan.prune,
                jobs=self.jobs, seed=self.plan.seed,
            )  # fmt: skip
            adopted = [self._adopt(it) for it in self._study.trials() if it.ended is Ended.RUNNING]
            self._cut_off = [it for it in adopted if it is not None]
            while self._step():
                pass
            state, reason = self._verdict()
            if state is State.FINISHED:
                self._files.hand_on(self._study.best())
            return self._result(folder, state, reason)
        finally:
            self._reports.shutdown(wait=True)
            self._run.end(state, reason)
            self._run.writer.close()
            lock.release()

    def _lock(self, run_id: str) -> StageLock:
        """Keep other processes from going on with it; the system gives the lock back, however this one ends."""
        found = StageLock.take(self.state, [f"sweep/{run_id}"])
        if found is None:
            raise UsageError(f"Sweep {run_id[:8]} goes on in another process.", mend="Wait for it, or end that one.")
        return found

    @staticmethod
    def folder(state: Path, run_id: str) -> Path:
        """Where a sweep keeps its trials."""
        found = state / "sweeps" / run_id
        found.mkdir(parents=True, exist_ok=True)
        return found

    def _begin(self) -> TrackedRun:
        if self.resumes:
            run = again(self._home, self.resumes)
        else:
            tags = dict(self.job.tags) | {"nbtrack.sweep": self.plan.goal, "nbtrack.attempt": str(self.job.attempt)}
            request = Request(name=self.job.name, experiment=self.job.experiment, parent=self.job.parent, goal=self.plan.goal, tags=tags)
            run = begin(request, Identity(str(self.job.notebook), "", "nbtrack sweep"), code="", chosen=settings.load({"tracking_uri": self.job.uri}))
        for name, value in {**self.job.recorded, **self.plan.told()}.items():
            run.param(name, str(value) if not isinstance(value, (bool, int, float, str, list, dict, type(None))) else value)
        self.listener.began(run.run_id, self.job.attempt)
        return run

    def _adopt(self, trial: Trial) -> Trial | None:
        """Of a trial that was cut off: end what is left of it; None where it had come to its end already."""
        if trial.facts.get("token"):
            end_processes(str(trial.facts["token"]), int(trial.facts.get("pid", 0)))
        run_id = str(trial.facts.get("run_id", ""))
        if run_id:
            reap(self._home, run_id)
        view = fold(self._home, run_id, metrics=False) if run_id else None
        opened = self._study.reopen(trial)
        if view is None or view.state is not State.FINISHED:
            return opened
        self._close(opened, run_id, outputs_of(self._home, run_id))
        return None

    def _step(self) -> bool:
        """Do what can be done now; False when nothing is left."""
        is_over = self.stop.reason is not None or self._is_broken()
        while not is_over and self._has_room() and (self._cut_off or self._left() > 0):
            trial = self._cut_off.pop(0) if self._cut_off else self._study.ask()
            self._submit(trial)
        if not self._running:
            return False
        done, _ = wait(self._running, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
        for future in done:
            self._end(self._running.pop(future), future)
        for it in self._running.values():
            if self.stop.reason is not None:
                it.stop.ask(self.stop.reason, now=self.stop.is_now)
            elif self._is_broken():
                it.stop.ask(StopReason.INTERRUPTED)
            elif self.plan.prune != "none" and not it.is_pruned and (points := it.curve.look()) and self._study.is_hopeless(it.trial.number, points):
                it.is_pruned = True
                it.stop.ask(StopReason.PRUNED)
        return True

    def _has_room(self) -> bool:
        return not self._running or (len(self._running) < self.jobs and memory.available() > memory.TYPICAL)

    def _left(self) -> int:
        return self.plan.trials - len(self._study.trials())

    def _is_broken(self) -> bool:
        ends = [it.ended for it in self._study.trials() if it.ended is not Ended.RUNNING]
        return len(ends) >= max(_HOPELESS, self.jobs) and set(ends) == {Ended.FAILED}

    def _submit(self, trial: Trial) -> None:
        number, params = trial.number, dict(trial.params)
        tags = dict(self.job.tags) | {TAG: str(number)}
        job = replace(
            self.job, params=self._files.told(number, {**self.job.params, **params}), recorded=self._files.told(number, {**self.job.recorded, **params}),
            name=f"{self.job.name}-{number}",
            parent=self._run.run_id, tags=tags, goal=self.plan.goal, attempt=int(trial.facts.get("attempt", 0)) + 1,
            writes=self._files.paths(number, self.job.root),
        )  # fmt: skip
        listener = _Noting(self._study, number, self.shows.listener(job.name))
        open_ = _Open(trial, job, Stop(), LiveCurve(self._home, self.plan.metric))
        listener.curve = open_.curve
        if not job.env:
            from nbtrack.pipelines.kernels import Kind

            left = 1 + len(self._cut_off) + max(0, self._left())
            self.executor.expect([Kind(job.kernel, job.modules)] * min(left, self.jobs + _FAR))
        self._running[self.executor.submit(job, open_.stop, listener)] = open_

    def _end(self, it: _Open, future: Future[Result]) -> None:
        number = it.trial.number
        try:
            result = future.result()
        except (NbtrackError, OSError) as cause:
            self._over(it.trial, None, Ended.FAILED, cause.message if isinstance(cause, NbtrackError) else str(cause))
            return
        self._cpu_s += result.cpu_s
        if result.notebook:
            self._reports.submit(keep_report, self._home, result.run_id, result.notebook)
        if result.state is State.FINISHED:
            if self.plan.prune != "none" and (points := it.curve.rest(result.run_id)):
                self._study.is_hopeless(number, points)  # later trials are held against all of it, however quick it was
            self._close(it.trial, result.run_id, result.outputs)
        elif it.is_pruned and result.stopped is StopReason.PRUNED:
            self._over(it.trial, None, Ended.PRUNED, "pruned")
        elif self.stop.reason is not None and result.state is State.KILLED:
            self._study.note(number, attempt=it.job.attempt)  # it stays open, and is begun again when the sweep is resumed
        else:
            self._failure = self._failure or result
            self.shows.failed(it.job, result)
            self._over(it.trial, None, Ended.FAILED, result.reason)

    def _close(self, trial: Trial, run_id: str, outputs: Mapping[str, Any]) -> None:
        """A trial's notebook came to its end."""
        value, why = self._value(run_id, outputs)
        if absent := self._files.missing(trial.number):
            value, why = None, f"it did not write {absent}, as ${{trial.{absent}}} told it"
        if value is None:
            self._over(trial, None, Ended.FAILED, why)
        else:
            self._over(trial, value, Ended.COMPLETE, "")

    def _over(self, trial: Trial, value: float | None, ended: Ended, reason: str) -> None:
        self._study.end(trial.number, value, ended, reason)
        self._files.keep_only(self._study.best(), [it.trial.number for it in self._running.values()])
        known = next(it for it in self._study.trials() if it.number == trial.number)
        name = f"{self.job.name}-{trial.number}"
        if ended is Ended.COMPLETE and (top := self._study.best()) is not None and top.value is not None:
            self._run.log(self.plan.metric, top.value, trial.number)
        self.shows.trial(known, name, self.plan)
        told = f"{self.plan.metric} = {known.value:.6g}" if known.value is not None else known.facts.get("reason", "")
        self.listener.text("stdout", f"{name} {ended}: {told} ({', '.join(f'{key}={it}' for key, it in known.params.items())})\n")

    def _value(self, run_id: str, outputs: Mapping[str, Any]) -> tuple[float | None, str]:
        """What a trial came to, by the goal: the value it recorded under that name, else the metric's last one; else why there is none."""
        name = self.plan.metric
        view = fold(self._home, run_id)
        metrics = view.metrics if view is not None else {}
        found = outputs.get(name, metrics[name].last if name in metrics else None)
        if found is None:
            known = ", ".join(sorted({*metrics, *outputs})[:8]) or "none"
            return None, f"it has no metric {name!r}; there are {known}"
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
            return None, f"its {name} is {found!r}, which cannot be compared"
        return float(found), ""

    def _verdict(self) -> tuple[State, str]:
        top = self._study.best()
        if self.stop.reason is not None and (self._left() > 0 or any(it.ended is Ended.RUNNING for it in self._study.trials())):
            return State.KILLED, "interrupted"
        if top is None:
            reasons = [str(it.facts.get("reason", "")) for it in self._study.trials() if it.ended is Ended.FAILED]
            return State.FAILED, f"no trial came to its end: {reasons[0] if reasons else 'none was begun'}"
        return State.FINISHED, ""

    def _result(self, folder: Path, state: State, reason: str) -> SweepResult:
        top, trials = self._study.best(), tuple(self._study.trials())
        rows = [{"number": it.number, "params": dict(it.params), "ended": it.ended, "value": it.value, "run_id": it.facts.get("run_id", "")} for it in trials]
        if self._cpu_s:
            self._run.log(cost.CPU, self._cpu_s, 0)
        self._run.artifact_bytes("sweep/trials.json", json.dumps(rows, indent=1, ensure_ascii=False).encode())
        if top is None:
            return SweepResult(self._run.run_id, state, reason, trials, None, {}, None, self._failure, self._cpu_s)
        self._keep_pictures(trials)
        text = best.text_of(top, self.plan.metric, self._run.run_id, self.job.params)
        best.write(folder / "best.yaml", text)
        self._run.artifact_bytes("sweep/best.yaml", text.encode())
        self._run.tag("nbtrack.best", str(top.facts.get("run_id", "")))
        recorded = outputs_of(self._home, str(top.facts.get("run_id", "")))
        outputs = {**top.params, "best_params": dict(top.params), self.plan.metric: top.value, **recorded}
        for name, value in outputs.items():
            if name.isidentifier():  # a metric may have any name
                record(self._run, name, value)
        return SweepResult(self._run.run_id, state, reason, trials, top, outputs, folder / "best.yaml", self._failure, self._cpu_s)

    def _keep_pictures(self, trials: Sequence[Trial]) -> None:
        """The trials through their params, and which of these matter, as artifacts."""
        ids = tuple(str(it.facts["run_id"]) for it in trials if it.ended is Ended.COMPLETE and it.facts.get("run_id"))
        if len(ids) < _FEWEST_DRAWN:
            return
        from nbtrack.charts.compare import Comparison
        from nbtrack.charts.select import Selection

        shown = Comparison(self._home, Selection(ids), self.plan.metric)
        for name in ("parallel", "importance"):
            try:
                self._run.artifact_bytes(f"sweep/{name}.svg", shown.figure(name).svg.encode())
            except UsageError as cause:
                self._run.notice(f"sweep/{name}.svg was not drawn: {cause.message} {cause.mend}")


class _Noting:
    """Hears of a trial, notes in the study what a resumed sweep must know, and hands on."""

    curve: LiveCurve

    def __init__(self, study: Study, number: int, then: Listener) -> None:
        self._study, self._number, self._then = study, number, then

    def began(self, run_id: str, attempt: int) -> None:
        self._study.note(self._number, run_id=run_id, attempt=attempt, began_ns=time.time_ns())
        self.curve.run_id = run_id
        self._then.began(run_id, attempt)

    def kernel(self, token: str, pid: int) -> None:
        self._study.note(self._number, token=token, pid=pid)
        self._then.kernel(token, pid)

    def cell(self, number: int, count: int) -> None:
        self._then.cell(number, count)

    def text(self, stream: str, text: str) -> None:
        self._then.text(stream, text)
