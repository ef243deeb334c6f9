"""How numbers, times and runs are put into words; one way for magics and command line."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime
from typing import Any

from nbtrack.entities import Metric, RunView


def number(value: float) -> str:
    """Four significant digits; whole numbers whole."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.4g}"


def duration(seconds: float | None) -> str:
    """Such as `0.8 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds is None:
        return "running"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def metric(it: Metric) -> str:
    """The last value; for a curve the best one and its step too."""
    if it.count == 1 or (it.best == it.last and it.best_step == it.last_step):
        return number(it.last)
    return f"{number(it.last)} (best {number(it.best)} at step {it.best_step})"


def when(time_ns: int) -> str:
    """Local date and time to the minute."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def short(text: str, width: int = 40) -> str:
    """One line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def title(view: RunView) -> str:
    """Name, and the attempt from the second on."""
    return view.name if view.start.attempt == 1 else f"{view.name} #{view.start.attempt}"


def as_data(view: RunView) -> dict[str, Any]:
    """The run as JSON can hold it; NaN and infinities become texts."""
    return {
        "run_id": view.run_id, "mlflow_run_id": view.mlflow_run_id, "name": view.name, "attempt": view.start.attempt, "experiment": view.start.experiment,
        "store": view.start.store, "state": view.state.value, "reason": view.reason, "traceback": view.traceback, "started_ns": view.start.started_ns,
        "ended_ns": view.ended_ns, "duration_s": view.duration_s, "parent": view.start.parent, "params": view.params,
        "later_params": {name: list(values) for name, values in view.later_params.items()},
        "metrics": {name: {key: _plain(value) for key, value in dataclasses.asdict(it).items()} for name, it in view.metrics.items()},
        "tags": view.tags, "artifacts": [dataclasses.asdict(it) for it in view.artifacts], "notes": list(view.notes), "notices": list(view.notices),
        "is_trashed": view.is_trashed, "is_delivered": view.is_delivered,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
