"""What the terms of a query mean: the facts of a run that they ask for, and how names, numbers, dates and durations are read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from nbtrack.entities import Metric, RunView
from nbtrack.patterns import regex

PARTS = ("last", "best", "lowest", "highest", "step", "count")
"""Of a metric: `loss.best`; without one it is the last value."""
_NUMBER = regex(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan", re.IGNORECASE)
_DATE = regex(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d))?)?")
_DURATION = regex(r"(\d+\.?\d*|\.\d+)(ms|s|min|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
INTERNAL = ("nbtrack.", "mlflow.")
"""Tags that are not the user's: words are not looked for in them."""
_ID_LETTERS = 4

Holds = Callable[["Facts"], bool]


@dataclass(frozen=True)
class Facts:
    """What a query may ask of a run."""

    texts: Mapping[str, str]
    """By the names of TEXTS, and `state`, `stamp` in small letters."""
    attempt: int
    started_ms: float
    duration_s: float | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, Metric]


def facts_of(view: RunView) -> Facts:
    """A run of the journal as a query sees it."""
    start, tags = view.start, view.tags
    texts = {
        "name": start.name, "experiment": start.experiment, "notebook": tags.get("nbtrack.notebook", ""), "cell": tags.get("nbtrack.cell_id", ""),
        "note": view.notes[-1] if view.notes else "", "id": start.run_id, "parent": start.parent, "state": view.state.value.lower(),
        "stamp": tags.get("nbtrack.stamp", ""),
    }  # fmt: skip
    return Facts(texts, start.attempt, start.started_ns / 1e6, view.duration_s, view.params, tags, view.metrics)


@dataclass(frozen=True)
class Name:
    text: str
    kind: str
    """`metric`, `param`, `tag`, or empty for a bare name."""
    part: str
    """A metric's part that was said beyond doubt."""
    is_plain: bool
    """Nothing of it stood between backticks."""


def has_word(word: str) -> Holds:
    """Part of the name, experiment, a tag's or param's value, or the first letters of the id."""
    wanted = word.lower()
    is_long = len(wanted) >= _ID_LETTERS

    def holds(run: Facts) -> bool:
        texts = run.texts
        if wanted in texts["name"].lower() or wanted in texts["experiment"].lower() or (is_long and texts["id"].startswith(wanted)):
            return True
        if any(wanted in value.lower() for value in run.params.values()):
            return True
        return any(wanted in value.lower() or wanted in key.lower() for key, value in run.tags.items() if not key.startswith(INTERNAL))

    return holds


def name_of(text: str) -> Name:
    is_plain = "`" not in text
    kind = next((it for it in ("metric", "param", "tag") if text.startswith(f"{it}.") and len(text) > len(it) + 1), "")
    if kind:
        text = text[len(kind) + 1 :]
    part = ""
    if "`" in text:
        head, _, tail = text.rpartition(".")
        if tail in PARTS and head.endswith("`"):
            text, part = head, tail
        text, is_plain = text.replace("`", ""), False
    return Name(text, kind, part, is_plain)


def found_in(it: Name, run: Facts) -> str | float | None:
    """What a name means in a run: a metric first, then a param, then a tag."""
    if it.kind in ("", "metric"):
        if it.text in run.metrics:
            return _part(run.metrics[it.text], it.part or "last")
        if it.is_plain:
            head, _, tail = it.text.rpartition(".")
            if tail in PARTS and head in run.metrics:
                return _part(run.metrics[head], tail)
    if it.kind in ("", "param") and it.text in run.params:
        return run.params[it.text]
    return run.tags.get(it.text) if it.kind in ("", "tag") else None


def _part(metric: Metric, part: str) -> float:
    return metric.last_step if part == "step" else float(getattr(metric, part))


def compared(how: str, right: float, left_of: Callable[[Facts], float | None]) -> Holds:
    """A comparison with a number; what a run has not is unlike everything, and neither more nor less."""
    compare: dict[str, Callable[[float], bool]] = {
        "<": lambda left: left < right, "<=": lambda left: left <= right, ">": lambda left: left > right, ">=": lambda left: left >= right,
        "=": lambda left: left == right, ":": lambda left: left == right, "!=": lambda left: left != right,
    }  # fmt: skip
    test, is_unlike = compare[how], how == "!="

    def holds(run: Facts) -> bool:
        left = left_of(run)
        return is_unlike if left is None else test(left)

    return holds


def number_of(text: str) -> float | None:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def as_number(value: str | float | None) -> float | None:
    return number_of(value) if isinstance(value, str) else value


def text_of(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


def is_nan(number: float | None) -> bool:
    return number is not None and math.isnan(number)


def seconds_of(text: str) -> float | None:
    if (number := number_of(text)) is not None:
        return number
    parts = list(_DURATION.finditer(text.lower()))
    if not parts or "".join(it.group() for it in parts) != text.lower():
        return None
    return sum(float(it[1]) * _SECONDS[it[2]] for it in parts)


def span_of(text: str, zone: tzinfo | None) -> tuple[float, float] | None:
    """First and last moment that a date means, in milliseconds since the epoch."""
    if text.lower() == "today":
        now = datetime.now(zone)
        text = f"{now.year:04}-{now.month:02}-{now.day:02}"
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(it) if it else 0 for it in match.groups())
    try:
        low = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        length = timedelta(days=1) if match[4] is None else timedelta(minutes=1) if match[6] is None else timedelta(seconds=1)
        return low.timestamp() * 1000, (low + length).timestamp() * 1000
    except (ValueError, OverflowError, OSError):
        return None


def names_of(views: Iterable[Any]) -> tuple[set[str], set[str]]:
    """Names of all metrics and of all params."""
    metrics: set[str] = set()
    params: set[str] = set()
    for view in views:
        if not view.metrics.keys() <= metrics:
            metrics.update(view.metrics)
        if not view.params.keys() <= params:
            params.update(view.params)
    return metrics, params
