"""What `nbtrack run NOTEBOOK --grid NAME=VALUE` does and prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.charts.frame import chosen_metric
from nbtrack.cli.run import interruptible
from nbtrack.entities import State
from nbtrack.errors import UsageError
from nbtrack.exits import Exit
from nbtrack.journal import Home, fold
from nbtrack.pipelines.grid import GridResult, Point, run_grid
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.progress import Terminal, Watch, failure_text
from nbtrack.pipelines.stage import Job, Result
from nbtrack.reads import words

_MARKS = {State.FINISHED: "✓", State.KILLED: "■"}


def run(
    path: Path, params: dict[str, Any], typed: frozenset[str], pairs: list[str], *, jobs: int, kernel: str, name: str, timeout_s: float | None, as_json: bool
) -> int:
    """Run a notebook for every combination; the exit code."""
    grid = values(pairs)
    stop = Stop()
    shows = GridInTerminal(Terminal(sys.stderr, is_live=sys.stderr.isatty()), Home(settings.home(settings.load())))

    def act() -> Any:
        return run_grid(path, params, grid, texts=typed | grid.keys(), jobs=jobs, kernel=kernel, name=name, timeout_s=timeout_s, stop=stop, shows=shows)

    found: GridResult = interruptible(act, stop)
    if as_json:
        print(json.dumps(as_data(found), indent=2, ensure_ascii=False, default=str))
    else:
        counts = {state: sum(it.state is state for it in found.points) for state in State}
        told = ", ".join(f"{count} {state.value.lower()}" for state, count in counts.items() if count) or "nothing was run"
        print(f"grid {found.run_id[:8]} {found.state.value.lower()}: {told}")
        print(f"  all runs: nbtrack compare parent:{found.run_id[:8]}")
    return {State.FINISHED: Exit.OK, State.KILLED: Exit.INTERRUPTED}.get(found.state, Exit.FAILED)


def values(pairs: list[str]) -> dict[str, list[str]]:
    """Values by name, in the order in which they were said.

    Raises:
        UsageError: one has no value.
    """
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{pair!r} is no value of a grid.", mend=f"Write --grid {name or 'NAME'}=VALUE, once for each value.")
        found.setdefault(name, []).append(value)
    return found


def as_data(found: GridResult) -> dict[str, Any]:
    """A grid as JSON holds it; each run under the names that a single one has."""
    runs = [
        {
            "run_id": it.run_id, "name": it.name, "state": it.state, "reason": words.clean(it.reason), "duration_s": it.seconds,
            "params": {name: words.told(name, str(value)) for name, value in it.params.items()},
        }
        for it in found.points
    ]  # fmt: skip
    home = Home(settings.home(settings.load()))
    views = [view for it in found.points if it.run_id and (view := fold(home, it.run_id)) is not None]
    metric = chosen_metric(views) or ""
    values = {view.run_id: words.metric(view.metrics[metric]) for view in views if metric in view.metrics}
    return {"run_id": found.run_id, "state": found.state, "metric": metric, "values": values, "runs": runs}


class GridInTerminal:
    """Shows a grid in a terminal."""

    def __init__(self, terminal: Terminal, home: Home) -> None:
        self._terminal, self._home = terminal, home
        self._watches: dict[str, Watch] = {}

    def began(self, run_id: str, count: int) -> None:
        self._terminal.say(f"grid of {count} runs: {run_id[:8]}")

    def listener(self, name: str) -> Watch:
        self._watches[name] = Watch(self._terminal, name, self._home, is_quiet=True)
        return self._watches[name]

    def failed(self, job: Job, result: Result) -> None:
        self._terminal.say(failure_text(result, job))

    def over(self, point: Point, number: int, count: int) -> None:
        if (watch := self._watches.pop(point.name, None)) is not None:
            watch.done()
        params = ", ".join(f"{name}={words.short(words.told(name, str(value)))}" for name, value in point.params.items())
        why = f" ({words.short(words.clean(point.reason), 120)})" if point.reason else ""
        self._terminal.say(f"{_MARKS.get(point.state, '✗')} {number} of {count}: {params}: {point.state.value.lower()} in {point.seconds:.1f} s{why}")
