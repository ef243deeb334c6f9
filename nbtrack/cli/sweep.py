"""What `nbtrack sweep` does and prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.cli.run import interruptible
from nbtrack.entities import State
from nbtrack.errors import UsageError
from nbtrack.exits import Exit
from nbtrack.journal import Home
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.progress import SweepInTerminal, Terminal
from nbtrack.pipelines.sweeps.notebook import Swept, sweep_notebook
from nbtrack.pipelines.sweeps.plan import Asked


def sweep(asked: Asked, *, jobs: int, best: Path | None, resume: str, as_json: bool) -> int:
    """Sweep a notebook; the exit code."""
    if resume and asked.params:
        raise UsageError("A sweep that is resumed keeps its params.", mend="Leave -p out, or begin a new one without --resume.")
    terminal = Terminal(sys.stderr, is_live=sys.stderr.isatty())
    stop = Stop()
    shows = SweepInTerminal(terminal, Home(settings.home(settings.load())))

    def act() -> Any:
        return sweep_notebook(asked, jobs=jobs, stop=stop, shows=shows, file=best, resume=resume, trials=asked.trials)

    found: Swept = interruptible(act, stop)
    if as_json:
        print(json.dumps(as_data(found), indent=2, ensure_ascii=False, default=str))
    else:
        print(repr(found))
        print(f"  all trials: nbtrack compare parent:{found.run_id[:8]}")
    if found.state is State.KILLED:
        print(f"Go on with it: nbtrack sweep {asked.notebook} --resume {found.run_id[:8]}", file=sys.stderr)
        return Exit.INTERRUPTED
    return Exit.OK if found.state is State.FINISHED else Exit.FAILED


def as_data(found: Swept) -> dict[str, Any]:
    """A sweep as JSON holds it."""
    trials = [{**it.__dict__, "params": dict(it.params), "facts": dict(it.facts)} for it in found.result.trials]
    return {
        "run_id": found.run_id, "state": found.state, "reason": found.result.reason, "metric": found.metric, "best_params": found.best_params,
        "best_value": found.result.best.value if found.result.best is not None else None, "file": found.file, "trials": trials,
    }  # fmt: skip
