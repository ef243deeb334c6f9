"""Optuna's door: which params to try next, and which trial is not worth going on with. All of it is in one file, from which a killed sweep goes on."""

from __future__ import annotations

import itertools
import math
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from nbtrack.errors import MissingPackageError, UsageError
from nbtrack.pipelines.sweeps.space import Choice, Space

SAMPLERS = ("tpe", "random", "grid")
PRUNERS = ("none", "hyperband", "median")


class Ended(StrEnum):
    """Where a trial is, or how it ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True)
class Trial:
    """One trial, as the file has it."""

    number: int
    params: Mapping[str, Any]
    ended: Ended
    value: float | None
    """Of the goal's metric; of a pruned one the last that was seen."""
    facts: Mapping[str, Any]
    """`run_id`, `reason`; of one that runs also `token` and `pid` of its kernel."""


class Study:
    """The trials of one sweep. Threads may share it; of processes one has it at a time.

    Args:
        file: optuna's journal; made where there is none.
        is_least: the lowest value is the best.
        jobs: trials at once.
        seed: of what is drawn; None draws otherwise every time.
    """

    def __init__(self, file: Path, space: Space, *, is_least: bool, sampler: str, prune: str, jobs: int, seed: int | None) -> None:
        optuna = load_optuna()
        self._space, self._optuna = space, optuna
        self._open: dict[int, Any] = {}
        _mend_tail(file)
        with _silence(optuna):
            storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(file), lock_obj=_Alone()))
            pruners = {"hyperband": optuna.pruners.HyperbandPruner, "median": optuna.pruners.MedianPruner, "none": optuna.pruners.NopPruner}
            self._study = optuna.create_study(
                storage=storage, pruner=pruners[prune](), study_name="sweep", direction="minimize" if is_least else "maximize", load_if_exists=True
            )
            known = self._study.get_trials(deepcopy=False)
            drawn = None if seed is None else seed + len(known)  # the same numbers again would be the same trials again
            kinds = optuna.samplers
            self._study.sampler = kinds.TPESampler(seed=drawn, constant_liar=jobs > 1) if sampler == "tpe" else kinds.RandomSampler(seed=drawn)
            if sampler == "grid" and not known:
                for params in grid(space):
                    self._study.enqueue_trial(params)

    def trials(self) -> list[Trial]:
        """All that were begun."""
        return [self._trial(it) for it in self._study.get_trials(deepcopy=False) if it.state.name != "WAITING"]

    def best(self) -> Trial | None:
        """The best that came to its end; None while none has."""
        there = [it for it in self.trials() if it.ended is Ended.COMPLETE and it.value is not None]
        is_least = self._study.direction.name == "MINIMIZE"
        return min(there, key=lambda it: (it.value if is_least else -it.value, it.number), default=None)  # type: ignore[operator] # as filtered above

    def ask(self) -> Trial:
        """Begin a trial."""
        with _silence(self._optuna):
            return self._begun(self._study.ask())

    def reopen(self, trial: Trial) -> Trial:
        """Begin one that was cut off once more, with the params it had."""
        found = next(it for it in self._study.get_trials(deepcopy=False) if it.number == trial.number)
        with _silence(self._optuna):
            return self._begun(self._optuna.trial.Trial(self._study, found._trial_id))

    def _begun(self, trial: Any) -> Trial:
        for name, it in self._space.items():  # what it was given before stays
            if isinstance(it, Choice):
                trial.suggest_categorical(name, it.values)
            elif it.is_whole:
                trial.suggest_int(name, int(it.low), int(it.high), log=it.is_log, step=int(it.step or 1))
            else:
                trial.suggest_float(name, it.low, it.high, log=it.is_log, step=it.step)
        self._open[trial.number] = trial
        return Trial(trial.number, dict(trial.params), Ended.RUNNING, None, dict(trial.user_attrs))

    def note(self, number: int, **facts: Any) -> None:
        """Keep facts of a trial that runs."""
        for name, value in facts.items():
            self._open[number].set_user_attr(name, value)

    def is_hopeless(self, number: int, points: Mapping[int, float]) -> bool:
        """Take in what a trial that runs has come to, by step; says whether it should be ended."""
        trial = self._open[number]
        with _silence(self._optuna):
            for step, value in points.items():
                trial.report(value, step)
            return bool(trial.should_prune())

    def end(self, number: int, value: float | None, ended: Ended, reason: str = "") -> None:
        """A trial is over."""
        states = {Ended.COMPLETE: "COMPLETE", Ended.PRUNED: "PRUNED", Ended.FAILED: "FAIL"}
        if reason:
            self.note(number, reason=reason)
        with _silence(self._optuna):
            self._study.tell(number, value if ended is Ended.COMPLETE else None, self._optuna.trial.TrialState[states[ended]])
        self._open.pop(number, None)

    @staticmethod
    def _trial(it: Any) -> Trial:
        ended = {"RUNNING": Ended.RUNNING, "COMPLETE": Ended.COMPLETE, "PRUNED": Ended.PRUNED}.get(it.state.name, Ended.FAILED)
        seen = it.intermediate_values[it.last_step] if it.intermediate_values else None
        return Trial(it.number, dict(it.params), ended, it.value if ended is Ended.COMPLETE else seen, dict(it.user_attrs))


def grid(space: Space) -> list[dict[str, Any]]:
    """Every combination.

    Raises:
        UsageError: there is no end to them.
    """
    points = {name: it.points() for name, it in space.items()}
    endless = [name for name, it in points.items() if it is None]
    if endless:
        raise UsageError(f"A grid cannot hold all of {endless[0]} = {space[endless[0]]}.", mend="Write choice(...), or give a step: uniform(LOW, HIGH, STEP).")
    if math.prod(len(it or ()) for it in points.values()) > 100_000:
        raise UsageError("This grid has more than 100,000 points.", mend="Give fewer values, or take --sampler tpe.")
    return [dict(zip(points, it, strict=True)) for it in itertools.product(*(it or () for it in points.values()))]


def load_optuna() -> Any:
    """The library.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        import optuna
        import optuna.storages.journal
    except ModuleNotFoundError as cause:
        raise MissingPackageError("optuna", "A sweep", extra="sweep") from cause
    return optuna


class _Alone:
    """Optuna's lock on its journal where the sweep's own lock keeps other processes out: theirs is a file that outlives a kill."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def acquire(self) -> bool:
        return self._lock.acquire()

    def release(self) -> None:
        self._lock.release()


def _mend_tail(file: Path) -> None:
    """Cut a last line off that a loss of power left half-written; what is appended to it would be lost with it."""
    if not file.exists():
        return
    data = file.read_bytes()
    if data and not data.endswith(b"\n"):
        with file.open("r+b") as stream:
            stream.truncate(data.rfind(b"\n") + 1)


@contextmanager
def _silence(optuna: Any) -> Iterator[None]:
    """Without what optuna says of itself: the user's own studies may go on in this process."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
