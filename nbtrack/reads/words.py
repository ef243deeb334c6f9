"""How numbers, times and runs are put into words; one way for magics and command line."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbtrack.amounts import counted
from nbtrack.entities import Metric, RunView
from nbtrack.journal.fold import RENAMED
from nbtrack.secrets.values import conceal

BASE_TAG = "nbtrack.base"
"""On a run that `nbtrack ci` made of the base, to compare a change with: the commit."""
_ROUND, _LARGE = 1e4, 1e9
_SHORTEST = 16
"""Characters of the shortest text that a secret can be seen in without its name."""


def number(value: float) -> str:
    """Four significant digits; whole numbers whole, and from ten thousand on all numbers, as the page of JupyterLab tells them."""
    if math.isfinite(value) and abs(value) < _LARGE and (value == int(value) or abs(value) >= _ROUND):
        return f"{value:.0f}"
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
    """The last value; for a curve the best one and its step too, but for what the machine did: no run is better by that."""
    if not it.is_curve or it.name.startswith("system/") or math.isnan(it.best) or (it.best == it.last and it.best_step == it.last_step):
        return number(it.last)
    return f"{number(it.last)} (best {number(it.best)} at step {it.best_step})"


def thinned(view: RunView) -> dict[str, str]:
    """Of curves that are not kept in full, how many points there were: `1,000 of more than 300,000 points`."""
    try:
        told = json.loads(view.tags.get("nbtrack.thinned", "{}"))
        known = {name: it for name, it in told.items() if name in view.metrics}
        return {name: f"{view.metrics[name].count:,} of {'more than ' if it['about'] else ''}{counted(it['points'], 'point')}" for name, it in known.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}  # a tag anybody may set


def metrics_of_code(view: RunView) -> dict[str, Metric]:
    """Metrics but for those of the machine (`system/...`), which would hide the others where there is little room."""
    return {name: it for name, it in view.metrics.items() if not name.startswith("system/")}


def when(time_ns: int) -> str:
    """Local date and time to the minute."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def clock(time_ns: int) -> str:
    """Local time to the second."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone().strftime("%H:%M:%S")


def short(text: str, width: int = 40) -> str:
    """One line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def told(name: str, value: str) -> str:
    """A param's or tag's value as it may be shown; what looks like a secret, or has a secret's name, reads `***`."""
    concealed = conceal(name, value)
    return clean(value) if concealed == value else concealed


def clean(text: str) -> str:
    """A text without its secrets, by our own rules alone; detect-secrets would take longer to load than a table to show."""
    if len(text) < _SHORTEST:
        return text
    return _cleaned(text) if len(text) <= _KEPT else _mask(text)


def clean_all(texts: Collection[str]) -> dict[str, str]:
    """The same of many texts: ten thousand names of runs take as long as a few hundred by themselves."""
    long = [text for text in texts if len(text) >= _SHORTEST]
    found = dict(zip(texts, texts, strict=True))
    if long:
        from nbtrack.secrets.scanner import suspects

        found |= {text: clean(text) for text in suspects(long)}
    return found


def _mask(text: str) -> str:
    from nbtrack.secrets.scanner import Scanner

    return Scanner(with_plugins=False).mask(text)[0]


_KEPT = 500
_cleaned = functools.lru_cache(64)(_mask)
"""Of short texts: the line below a cell has the same reasons three times, and the next cell's again."""


def title(view: RunView) -> str:
    """Name, and the attempt from the second on, unless the name was given to this one alone."""
    return view.name if view.start.attempt == 1 or RENAMED in view.tags else f"{view.name} #{view.start.attempt}"


def role(view: RunView) -> str:
    """What a run is for, where it is not the user's own attempt: ` (base)`; else empty."""
    return " (base)" if BASE_TAG in view.tags else ""


def stamp(view: RunView) -> str:
    """Such as `reproducible: no ([3] was edited after it ran, +1 more)`; empty for a run without stamp."""
    answer = view.tags.get("nbtrack.stamp")
    if not answer:
        return ""
    texts = [text for _, text in reasons(view)] if answer != "yes" else []
    why = f" ({texts[0]}{f', +{len(texts) - 1} more' if len(texts) > 1 else ''})" if texts else ""
    return f"reproducible: {answer}{why}"


def reasons(view: RunView) -> list[tuple[str, str]]:
    """Rule and text of every reason of the run's stamp."""
    try:
        return [(str(it["rule"]), clean(str(it["text"]))) for it in json.loads(view.tags.get("nbtrack.stamp.reasons", "[]"))]
    except (ValueError, TypeError, KeyError):
        return []


def as_data(view: RunView) -> dict[str, Any]:
    """The run as JSON can hold it, without secrets; NaN and infinities become texts."""
    return {
        "run_id": view.run_id, "mlflow_run_id": view.mlflow_run_id, "name": view.name, "attempt": view.start.attempt, "experiment": view.start.experiment,
        "store": view.start.store, "state": view.state.value, "reason": clean(view.reason), "traceback": clean(view.traceback),
        "started_ns": view.start.started_ns, "ended_ns": view.ended_ns, "duration_s": view.duration_s, "parent": view.start.parent,
        "params": {name: told(name, value) for name, value in view.params.items()},
        "later_params": {name: [told(name, value) for value in values] for name, values in view.later_params.items()},
        "metrics": {name: {key: _plain(value) for key, value in dataclasses.asdict(it).items()} for name, it in view.metrics.items()},
        "tags": {name: told(name, value) for name, value in view.tags.items()}, "artifacts": [dataclasses.asdict(it) for it in view.artifacts],
        "notes": [clean(text) for text in view.notes], "notices": list(view.notices), "is_trashed": view.is_trashed, "is_delivered": view.is_delivered,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def why_no_notebook(view: RunView) -> str:
    """Why a run has neither snapshot nor recipe."""
    if view.tags.get("mlflow.source.type") == "LOCAL":
        name = Path(view.tags.get("mlflow.source.name", "")).name
        return f"it was made by a script{f', {name}' if name else ''}, so there is no notebook"
    return "nbtrack did not see its cells, or was asked not to keep the notebook"
