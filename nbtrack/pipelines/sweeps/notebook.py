"""Sweeping one notebook: what `nbtrack sweep`, `%track sweep` and `nbtrack.sweep` do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nbtrack import courier, settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.charts.compare import Comparison
from nbtrack.charts.select import Selection
from nbtrack.entities import RunView, State
from nbtrack.errors import StageError, UsageError
from nbtrack.journal import Home, fold
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.code import Sources
from nbtrack.pipelines.executor import LocalExecutor
from nbtrack.pipelines.history import keep_out_of_git
from nbtrack.pipelines.kernels import check_kernel
from nbtrack.pipelines.listener import Deaf, Stop
from nbtrack.pipelines.stage import DEFAULT_KERNEL, Job
from nbtrack.pipelines.sweeps import best
from nbtrack.pipelines.sweeps.plan import Asked, opened, saved
from nbtrack.pipelines.sweeps.study import Ended, Trial, load_optuna
from nbtrack.pipelines.sweeps.sweep import Sweep, SweepResult, SweepShows
from nbtrack.pipelines.warm.ahead import loaded_ahead
from nbtrack.reads import words
from nbtrack.system import working_folder

_SHOWN = 10


@dataclass(frozen=True)
class Swept:
    """A sweep of a notebook; in Jupyter it shows the trials, the runs through their params, and what matters."""

    result: SweepResult
    home: Home
    metric: str
    is_least: bool
    file: Path | None
    """Where the best params were written."""

    @property
    def run_id(self) -> str:
        return self.result.run_id

    @property
    def state(self) -> State:
        return self.result.state

    @property
    def best_params(self) -> dict[str, Any]:
        """Those that were searched, of the best trial; empty where none came to its end."""
        return dict(self.result.best.params) if self.result.best is not None else {}

    @property
    def best(self) -> RunView | None:
        """The best trial's run."""
        found = self.result.best
        return fold(self.home, str(found.facts.get("run_id", ""))) if found is not None else None

    @cached_property
    def comparison(self) -> Comparison:
        """The trials as `nbtrack.compare` shows runs."""
        ids = tuple(str(it.facts["run_id"]) for it in self.result.trials if it.facts.get("run_id"))
        return Comparison(self.home, Selection(ids), self.metric)

    def ranked(self) -> list[Trial]:
        """Trials that came to their end, the best first."""
        there = [it for it in self.result.trials if it.ended is Ended.COMPLETE and it.value is not None]
        return sorted(there, key=lambda it: (it.value or 0.0) * (1 if self.is_least else -1))

    def __repr__(self) -> str:
        counts = {ended: sum(it.ended is ended for it in self.result.trials) for ended in Ended}
        told = ", ".join(f"{count} {ended}" for ended, count in counts.items() if count) or "no trials"
        lines = [f"sweep {self.run_id[:8]} {self.state.value.lower()}: {told}" + (f" ({words.clean(self.result.reason)})" if self.result.reason else "")]
        for it in self.ranked()[:_SHOWN]:
            params = ", ".join(f"{name}={_short(value)}" for name, value in it.params.items())
            lines.append(f"  trial {it.number}  {self.metric} {it.value:.6g}  {params}  run {str(it.facts.get('run_id', ''))[:8]}")
        if (said := self.importance()) is not None:
            lines.append(f"  {said}")
        if self.file is not None:
            lines.append(f"  best params: {self.file}")
        return "\n".join(lines)

    def importance(self) -> str | None:
        """One sentence on which param matters; None where nothing can be said."""
        if self.result.best is None or len(self.ranked()) < 3:
            return None
        from nbtrack.charts.importance import importance

        try:
            found = importance(self.comparison.views, self.metric)
        except UsageError as cause:  # scikit-learn is not there
            return str(cause)
        shares = ", ".join(f"{it['name']} {it['importance']:.0%}" for it in found["params"])
        return found["says"] + (f" ({shares})" if len(found["params"]) > 1 else "")

    def _ipython_display_(self) -> None:
        """What IPython calls to show it."""
        from IPython.display import display

        display({"text/plain": repr(self)}, raw=True)  # type: ignore[no-untyped-call,unused-ignore]
        for name in ("parallel", "importance") if len(self.ranked()) >= 3 else ():
            try:
                data, metadata = self.comparison.figure(name)._repr_mimebundle_()
            except UsageError:  # the text says so
                continue
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call,unused-ignore]


def sweep_notebook(
    asked: Asked, *, jobs: int, stop: Stop, shows: SweepShows, file: Path | None = None, resume: str = "", trials: int | None = None, parent: str = ""
) -> Swept:  # fmt: skip
    """Sweep a notebook; how it ended is told by the state.

    Args:
        file: where the best params are written, too.
        resume: a sweep of this notebook that was stopped: the first letters of its run's id, or `last`. It goes on as it was asked for.
        trials: instead of those that it was asked for.

    Raises:
        UsageError: it cannot be done as it is asked for. Nothing was begun.
    """
    load_optuna()
    path = working_folder() / asked.notebook
    state = path.parent / ".nbtrack"
    run_id = find(state, resume) if resume else ""
    if run_id:
        asked = saved(Sweep.folder(state, run_id))
        asked = asked if trials is None else replace(asked, trials=trials)
    asked = replace(asked, notebook=path)
    plan, fixed, rest = opened(asked)
    if file is not None:
        best.check_target(working_folder() / file)
    book = notebooks.read(path)
    kernel = asked.kernel or book.kernel or DEFAULT_KERNEL
    check_kernel(kernel, path)
    chosen = settings.load()
    home = Home(settings.home(chosen))
    job = Job(
        path, fixed, rest, asked.name or path.stem, home.root, courier.absolute_uri(tracking_uri(chosen), working_folder()), path.parent, kernel,
        timeout_s=asked.timeout_s, experiment=asked.experiment, parent=parent, modules=loaded_ahead(book, (path.parent,), Sources()),
    )  # fmt: skip
    keep_out_of_git(state)
    executor = LocalExecutor(jobs)
    sweep = Sweep(job, plan, state, jobs, executor, stop, shows, _Saving(asked, state), run_id)
    try:
        result = sweep.run()
    finally:
        executor.close()
    written = result.file
    if file is not None and result.file is not None:
        written = working_folder() / file
        best.write(written, result.file.read_text("utf-8"))
    return Swept(result, home, plan.metric, plan.is_least, written)


def sweep_or_raise(asked: Asked, *, stop: Stop, **options: Any) -> Swept:
    """The same, where one that came to nothing is an error.

    Raises:
        StageError: no trial came to its end.
    """
    found = sweep_notebook(asked, stop=stop, **options)
    if found.state is State.FAILED:
        raise StageError(
            f"The sweep of {asked.notebook} failed: {found.result.reason}.", mend=f"Look at its trials: nbtrack show {found.run_id[:8]}.",
            stage=asked.notebook.stem, run_id=found.run_id,
        )  # fmt: skip
    return found


def find(state: Path, word: str) -> str:
    """Id of the sweep that a word means.

    Raises:
        UsageError: there is none, or more than one.
    """
    there = sorted((state / "sweeps").glob("*/sweep.json"), key=lambda it: it.stat().st_mtime_ns, reverse=True)
    ids = [it.parent.name for it in there]
    chosen = ids[:1] if word == "last" else [it for it in ids if it.startswith(word)]
    if len(chosen) != 1:
        told = ", ".join(it[:8] for it in ids[:5])
        count = f"{len(chosen)} sweeps in {state.parent} answer" if chosen else f"No sweep in {state.parent} answers"
        raise UsageError(f"{count} to {word!r}.", mend=f"There are {told}." if ids else "Begin one.")
    return chosen[0]


class _Saving(Deaf):
    """Keeps what a sweep was asked for as soon as it has a run."""

    def __init__(self, asked: Asked, state: Path) -> None:
        self._asked, self._state = asked, state

    def began(self, run_id: str, attempt: int) -> None:
        self._asked.save(Sweep.folder(self._state, run_id))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else words.short(str(value), 40)
