"""Notebooks that are run whole."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.api.stored import state_home
from nbtrack.capture.current import current

if TYPE_CHECKING:
    from nbtrack.pipelines.single import NotebookRun
    from nbtrack.pipelines.sweeps.notebook import Swept


def run_notebook(
    path: str | Path, params: Mapping[str, Any] | None = None, *, out: str | Path | None = None, kernel: str = "", name: str = "",
    experiment: str = "", timeout_s: float | None = None,
) -> NotebookRun:  # fmt: skip
    """Run a notebook in a kernel of its own, as one run; `.outputs` holds what it recorded with `nbtrack.output`.

    Args:
        params: values of the parameters that it declares.
        out: folder that gets the executed notebook and its report.
        kernel, name, experiment: instead of the notebook's own kernel and name, and the setting's experiment.
        timeout_s: seconds it may take.

    Raises:
        UsageError: there is no such notebook, parameter or kernel, or a value has the wrong type.
        StageError: it failed; `run_id` tells the run.
    """
    from nbtrack.pipelines.single import run_or_raise

    above = current()
    parent = above.run_id if above is not None and not above.is_ended else ""
    return run_or_raise(
        Path(path), params or {}, out=None if out is None else Path(out), kernel=kernel, name=name, experiment=experiment, timeout_s=timeout_s, parent=parent
    )


def sweep(
    path: str | Path, params: Mapping[str, Any] | None = None, *, goal: str = "", trials: int | None = None, jobs: int = 1, sampler: str = "tpe",
    prune: str = "none", seed: int | None = None, name: str = "", kernel: str = "", experiment: str = "", timeout_s: float | None = None,
    best: str | Path | None = None, resume: str = "", texts: frozenset[str] = frozenset(),
) -> Swept:  # fmt: skip
    """Run a notebook again and again with other params, in search of the best; `.best_params`, `.best`, `.comparison` tell what came of it.

    Args:
        params: what is searched, such as `{"lr": "log(1e-4, 1e-1)", "depth": [2, 4, 8]}`, and values of other parameters.
        goal: `max:METRIC` or `min:METRIC`.
        trials: how many; 20, or all of a grid.
        jobs: trials at once.
        sampler, prune: `tpe`, `random` or `grid`; `hyperband`, `median` or `none`.
        timeout_s: seconds that a trial may take.
        best: file to write the best params to.
        resume: a sweep of this notebook that was stopped: the first letters of its run's id, or `last`.
        texts: names of params whose values were typed.

    Raises:
        UsageError: it cannot be done as it is asked for.
        StageError: no trial came to its end.
    """
    from nbtrack.pipelines.progress import SweepInTerminal, Terminal
    from nbtrack.pipelines.single import aside
    from nbtrack.pipelines.sweeps.notebook import sweep_or_raise
    from nbtrack.pipelines.sweeps.plan import Asked

    above = current()
    asked = Asked(Path(path), params or {}, goal, trials, sampler, prune, seed, texts, name, kernel, experiment, timeout_s)
    shows = SweepInTerminal(Terminal(sys.stdout, is_live=False), state_home())
    parent = above.run_id if above is not None and not above.is_ended else ""
    file = None if best is None else Path(best).expanduser()
    return aside(lambda stop: sweep_or_raise(asked, jobs=jobs, stop=stop, shows=shows, file=file, resume=resume, trials=trials, parent=parent))
