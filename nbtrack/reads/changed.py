"""What changed since the previous attempt, cheap enough to be told after every cell; and which run others are compared with."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbtrack.entities import RunView
from nbtrack.errors import FormatError, JournalError, UnknownRunError
from nbtrack.journal import Home, attempts, blobs, fold
from nbtrack.journal.points import segments
from nbtrack.journal.writer import EVENTS
from nbtrack.reads import words
from nbtrack.reads.diff import diff_metrics, diff_texts
from nbtrack.reads.notebook_diff import last_executions
from nbtrack.reads.runs import all_runs
from nbtrack.secrets.values import conceal

BASELINE_TAG = "nbtrack.baseline"
_LOOKED_AT = 20
"""Attempts among which a pinned one is looked for after a cell."""
_SHOWN = 4
_NOTEBOOK_BYTES = 128 << 10
_POINT_BYTES = 2 << 20
_pinned: dict[str, tuple[int, bool]] = {}
"""Whether a run carries the tag, and the size of its event file when that was read."""


def previous(home: Home, view: RunView, *, is_quick: bool = False, fits: Callable[[RunView], bool] = lambda _: True) -> RunView | None:
    """The run to compare a fresh attempt with: the pinned one of the cell's attempts, else the one before; None where there is none.

    Args:
        is_quick: leave out the metrics of a run with so many points that reading them would be felt.
        fits: which attempt counts as the one before; a pinned one always counts.
    """
    before = [run_id for run_id in attempts.of(home, view.start.cell_key) if run_id != view.run_id] if view.start.cell_key else []

    @functools.cache
    def folded(run_id: str) -> RunView | None:
        return _folded(home, run_id, metrics=not is_quick or _is_small(home, run_id))

    for run_id in reversed(before[-_LOOKED_AT:]):
        if _is_pinned(home, run_id, folded if run_id == before[-1] else None):
            return folded(run_id)
    for run_id in reversed(before):
        found = folded(run_id)
        if found is not None and not found.is_trashed and found.start.started_ns < view.start.started_ns and fits(found):
            return found
    return None


def baseline(home: Home, view: RunView, fits: Callable[[RunView], bool] = lambda _: True) -> RunView:
    """The run that `%track changed` compares with: the pinned attempt of the cell, else of the experiment, else the attempt before.

    Args:
        fits: which attempt counts as the one before.

    Raises:
        UnknownRunError: there is none.
    """
    found = previous(home, view, fits=fits)
    if found is None or not has_baseline_tag(found):
        pinned = [it for it in all_runs(home) if it.start.experiment == view.start.experiment and it.run_id != view.run_id and has_baseline_tag(it)]
        found = pinned[0] if pinned else found
    if found is None:
        raise UnknownRunError(
            words.title(view), f"{words.title(view)} is the first attempt of its cell, and no run of {view.start.experiment!r} is pinned as baseline.",
            mend=f"Pin one with %track tag {BASELINE_TAG}=yes --run RUN, or name both: %track diff A B.",
        )  # fmt: skip
    return found


def changed_line(home: Home, a: RunView, b: RunView) -> str:
    """What changed from one run to another, in one line; empty where nothing did. What the first run has no metrics of is left out."""
    params = [f"{it.name} {_value(it.name, it.a)} → {_value(it.name, it.b)}" for it in diff_texts(a.params, b.params)]
    metrics = [
        f"{it.name} {_number(it.a)} → {_number(it.b)}" + (f" ({it.verdict})" if it.verdict else "")
        for it in diff_metrics(a.metrics, b.metrics if a.metrics else {})
    ]
    parts = [*_few(params), *_few(metrics)]
    if edited := _edited(home, a, b):
        parts.append(f"{edited} cell{'s' if edited > 1 else ''} edited")
    if a.state is not b.state:
        parts.insert(0, f"{a.state.value} → {b.state.value}")
    return "; ".join(parts)


def _edited(home: Home, a: RunView, b: RunView) -> int:
    """Cells of both executed notebooks whose source differs; 0 where a notebook is missing or too large to be read in passing."""
    found = [next((it for it in view.artifacts if it.path == "notebook/executed.ipynb"), None) for view in (a, b)]
    if found[0] is None or found[1] is None or found[0].blob == found[1].blob or max(found[0].size_bytes, found[1].size_bytes) > _NOTEBOOK_BYTES:
        return 0
    try:
        one, other = (_sources(home, it.blob) for it in found if it is not None)
    except (OSError, JournalError, ValueError, KeyError, TypeError, AttributeError):
        return 0
    return sum(other[id_] != source for id_, source in one.items() if id_ in other)


def _sources(home: Home, blob: str) -> dict[str, str]:
    """Source of each cell's last execution, by its id."""
    parts = blobs.parts_of(home, blob)
    cells = [cell for part in parts if (cell := _cell(home.root, part)) is not None] if parts else json.loads(blobs.get_bytes(home, blob))["cells"]
    return {str(cell.get("id")): cell["source"] for cell in last_executions(cells)}


@functools.lru_cache(maxsize=4096)
def _cell(root: Path, part: str) -> dict[str, Any] | None:
    """A cell that is a part of a notebook, without its outputs; None for what is around the cells. The next run's notebook has most of them again."""
    try:
        found = json.loads(blobs.get_bytes(Home(root), part).lstrip(b",\n"))
    except ValueError:
        return None
    return {name: found.get(name) for name in ("id", "source", "metadata")}


def _is_small(home: Home, run_id: str) -> bool:
    return sum(path.stat().st_size for path in segments(home.run(run_id))) <= _POINT_BYTES


def _few(items: list[str]) -> list[str]:
    return [*items[:_SHOWN], *([f"+{len(items) - _SHOWN} more"] if len(items) > _SHOWN else [])]


def _value(name: str, value: str | None) -> str:
    return "—" if value is None else words.short(conceal(name, value), 24)


def _number(value: float | None) -> str:
    return "—" if value is None else words.number(value)


def has_baseline_tag(view: RunView) -> bool:
    return view.tags.get(BASELINE_TAG, "").lower() not in ("", "no", "false", "off", "0")


def _is_pinned(home: Home, run_id: str, folded: Callable[[str], RunView | None] | None = None) -> bool:
    """Whether the run carries the tag; `folded` where the run will be read whole anyway."""
    try:
        size = os.stat(f"{home.root}/runs/{run_id}/{EVENTS}").st_size  # noqa: PTH116 - of many attempts; pathlib would cost more than the rest together
    except OSError:
        return False
    known = _pinned.get(run_id)
    if known is None or known[0] != size:
        view = folded(run_id) if folded is not None else _folded(home, run_id, metrics=False)
        known = _pinned[run_id] = size, view is not None and has_baseline_tag(view) and not view.is_trashed
    return known[1]


def _folded(home: Home, run_id: str, *, metrics: bool = True) -> RunView | None:
    try:
        return fold(home, run_id, metrics=metrics)
    except FormatError:
        return None  # written by a newer release
