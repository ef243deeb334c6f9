"""What a terminal shows while stages run: a line for each event, and where it can be redrawn, one line of what runs now."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from typing import TextIO

from nbtrack.entities import State
from nbtrack.journal import Home, points_of
from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.history import Phase
from nbtrack.pipelines.parameters import Secret
from nbtrack.pipelines.stage import Job, Result
from nbtrack.pipelines.stream import without_colours
from nbtrack.pipelines.sweeps.plan import Plan
from nbtrack.pipelines.sweeps.study import Ended, Trial
from nbtrack.reads import words

_BARS = "▁▂▃▄▅▆▇█"
_MARKS = {
    Phase.WAITING: "…", Phase.RUNNING: "▶", Phase.DONE: "✓", Phase.CACHED: "✓", Phase.FAILED: "✗", Phase.GATED: "✗", Phase.SKIPPED: "-", Phase.KILLED: "■",
}  # fmt: skip
_REDRAW_S, _CURVE_S, _WIDTH = 0.2, 1.0, 24


class Terminal:
    """One terminal, which threads share.

    Args:
        out: where it is written.
        is_live: a line can be redrawn.
    """

    def __init__(self, out: TextIO, *, is_live: bool) -> None:
        self._out, self.is_live = out, is_live
        self._lock = threading.RLock()
        self._running: dict[str, str] = {}
        self._drawn = 0.0

    def say(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._wipe()
            self._out.write(f"{text}\n")
            self._out.flush()
            self._drawn = 0.0

    def show(self, name: str, text: str | None) -> None:
        """What runs now under a name; None takes it away."""
        with self._lock:
            if text is None:
                self._running.pop(name, None)
            else:
                self._running[name] = text
            if not self.is_live or (text is not None and time.monotonic() - self._drawn < _REDRAW_S):
                return
            self._drawn = time.monotonic()
            self._wipe()
            width = shutil.get_terminal_size((100, 24)).columns - 1
            self._out.write("  |  ".join(self._running.values())[:width])
            self._out.flush()

    def _wipe(self) -> None:
        if self.is_live:
            self._out.write("\r\x1b[K")


class Watch:
    """Listens to one stage and shows it."""

    def __init__(self, terminal: Terminal, name: str, home: Home, *, is_quiet: bool = False) -> None:
        """
        Args:
            is_quiet: no line of its own for each cell.
        """
        self._terminal, self._name, self._home, self._is_quiet = terminal, name, home, is_quiet
        self._run_id, self._cell, self._tail, self._curve = "", "", "", ""
        self._looked = time.monotonic()

    def began(self, run_id: str, attempt: int) -> None:
        self._run_id = run_id
        self._terminal.show(self._name, f"{self._name}: starting a kernel")

    def kernel(self, token: str, pid: int) -> None:
        pass

    def cell(self, number: int, count: int) -> None:
        self._cell, self._tail = f"cell {number} of {count}", ""
        if not self._terminal.is_live and not self._is_quiet:
            self._terminal.say(f"{self._name}: {self._cell}")
        self._show()

    def text(self, stream: str, text: str) -> None:
        lines = [line for line in without_colours(text[-2000:]).replace("\r", "\n").splitlines() if line.strip()]
        if lines:
            self._tail = lines[-1].strip()[:80]
        self._show()

    def done(self) -> None:
        """It no longer runs."""
        self._terminal.show(self._name, None)

    def _show(self) -> None:
        if not self._terminal.is_live:
            return
        if time.monotonic() - self._looked > _CURVE_S:
            self._looked = time.monotonic()
            self._curve = curve(self._home, self._run_id)
        self._terminal.show(self._name, "  ".join(it for it in (f"{self._name}: {self._cell}", self._curve, self._tail) if it))


def curve(home: Home, run_id: str) -> str:
    """The longest curve of a run so far, as name, bars and last value; empty where there is none."""
    points = [(name, value) for name, _, _, value in points_of(home, run_id) if not name.startswith("system/")]
    counts = Counter(name for name, _ in points)
    if not counts or counts.most_common(1)[0][1] < 3:
        return ""
    name = counts.most_common(1)[0][0]
    values = [value for it, value in points if it == name]
    return f"{name} {bars(values)} {values[-1]:.4g}"


def bars(values: list[float]) -> str:
    """A sparkline of at most 24 characters: of each piece the last value."""
    import math

    step = max(1, len(values) // _WIDTH)
    chosen = [it for it in values[::-1][::step][::-1] if math.isfinite(it)][-_WIDTH:]
    if not chosen:
        return ""
    low, high = min(chosen), max(chosen)
    return "".join(_BARS[0 if high == low else round((it - low) / (high - low) * (len(_BARS) - 1))] for it in chosen)


def failure_text(result: Result, job: Job) -> str:
    """A failed stage in full: the cell, its params, the traceback."""
    lines = [f"{job.name} {'was interrupted' if result.state is State.KILLED else 'failed'}: {words.clean(result.reason)}"]
    if job.recorded:
        lines.append(
            "params: " + ", ".join(f"{name}={value if isinstance(value, Secret) else words.told(name, str(value))}" for name, value in job.recorded.items())
        )
    failure = result.failure
    if failure is not None:
        lines += [f"in {failure.where} of {job.notebook.name}:", *(f"    {line}" for line in words.clean(failure.source).splitlines())]
        lines += [words.clean(failure.traceback)] if failure.traceback else []
    lines.append(f"run: {result.run_id[:8]} (nbtrack show {result.run_id[:8]})")
    return "\n".join(lines)


class PipelineShows:
    """Shows a pipeline in a terminal."""

    def __init__(self, terminal: Terminal, home: Home) -> None:
        self._terminal, self._home = terminal, home
        self._watches: dict[str, Watch] = {}

    def listener(self, node: str) -> Watch:
        self._watches[node] = Watch(self._terminal, node, self._home, is_quiet=True)
        return self._watches[node]

    def phase(self, node: Node, phase: Phase, reason: str, seconds: float) -> None:
        if phase is not Phase.RUNNING and (watch := self._watches.pop(node.id, None)) is not None:
            watch.done()
        took = f" in {seconds:.1f} s" if phase is Phase.DONE and seconds else ""
        self._terminal.say(f"{_MARKS[phase]} {node.id}: {phase}{took}" + (f" ({words.short(words.clean(reason), 200)})" if reason else ""))

    def failed(self, job: Job, result: Result) -> None:
        self._terminal.say(failure_text(result, job))

    def note(self, text: str) -> None:
        self._terminal.say(f"  note: {text}")


class SweepInTerminal:
    """Shows a sweep in a terminal."""

    def __init__(self, terminal: Terminal, home: Home) -> None:
        self._terminal, self._home = terminal, home
        self._watches: dict[str, Watch] = {}

    def listener(self, name: str) -> Watch:
        self._watches[name] = Watch(self._terminal, name, self._home, is_quiet=True)
        return self._watches[name]

    def trial(self, trial: Trial, name: str, plan: Plan) -> None:
        if (watch := self._watches.pop(name, None)) is not None:
            watch.done()
        mark = {Ended.COMPLETE: "✓", Ended.PRUNED: "-"}.get(trial.ended, "✗")
        value = f"{plan.metric} {trial.value:.6g}" if trial.value is not None else words.short(words.clean(str(trial.facts.get("reason", ""))), 120)
        params = ", ".join(f"{key}={it:.4g}" if isinstance(it, float) else f"{key}={it}" for key, it in trial.params.items())
        self._terminal.say(f"{mark} trial {trial.number} of {plan.trials}: {trial.ended}: {value}  ({params})")

    def failed(self, job: Job, result: Result) -> None:
        self._terminal.say(failure_text(result, job))
