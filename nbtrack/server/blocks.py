"""Runs as the JSON of their columns, made in blocks: where one of ten thousand runs changed, its block is made again, and no other."""

from __future__ import annotations

import json
import operator
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nbtrack.amounts import counted
from nbtrack.capture.begin import SOURCE_TAG
from nbtrack.charts.frame import frame, metric_scores, sendable, shown
from nbtrack.charts.shapes import VERSION
from nbtrack.entities import RunView
from nbtrack.reads import query, terms
from nbtrack.reads.changed import has_baseline_tag

_LISTS = ("values", "last", "best", "lowest", "highest", "step", "count")
"""What of a column has one value a run."""
_KINDS = ("info", "param", "metric", "tag")
_MASK = 0xFF
"""Where a block ends, a run's id says, and so one run in 256: a run that comes or goes changes its own block and shifts no other."""


class Columns:
    """One scope's runs as they were told last. Threads may take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: list[_Block] = []
        self._text = ""

    def told(self, views: Sequence[RunView], *, as_of_ms: int, stale: str, others: int = 0) -> bytes:
        """The JSON of `charts.shapes.Runs`, with the same values as `charts.frame`.

        Args:
            others: runs that are left out.
        """
        with self._lock:
            known = {block.views[0].run_id: block for block in self._blocks if block.views}
            blocks = [_block(known, part) for part in _parts(views)] or [_Block([])]
            if len(blocks) != len(self._blocks) or not all(map(operator.is_, blocks, self._blocks)):
                self._text = _joined(blocks)
                self._blocks = blocks
            text = self._text
        facts = {"as_of_ms": as_of_ms, "stale": stale, **({"others": others} if others else {})}
        return f"{json.dumps(facts)[:-1]}, {text}".encode()


class _Block:
    """Runs that stand beside each other, and the JSON of their columns."""

    def __init__(self, views: list[RunView]) -> None:
        self.views = views
        self.columns: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        """By key: what is said of the column as a whole, and the values of its lists without brackets."""
        columns: list[Any] = [*frame(views, as_of_ms=0)["columns"], _text_of("source", SOURCE_TAG, views), _text_of("pipeline", "nbtrack.pipeline", views)]
        for column in columns:
            facts = {name: value for name, value in column.items() if name not in _LISTS}
            lists = {name: json.dumps(column[name], allow_nan=False)[1:-1] for name in _LISTS if name in column}
            self.columns[column["key"]] = facts, lists
        self.nulls = ", ".join(["null"] * len(views))
        self.scores = metric_scores(views)
        self.metrics, self.params = terms.names_of(views)
        self.baseline = next((view.run_id for view in views if has_baseline_tag(view)), None)


def _text_of(name: str, tag: str, views: Iterable[RunView]) -> dict[str, Any]:
    values = [shown(name, view.tags.get(tag, "")) for view in views]
    return {"key": f"info/{name}", "kind": "info", "name": name, "type": "text", "better": "", "values": values}


def _parts(views: Sequence[RunView]) -> Iterator[Sequence[RunView]]:
    begin = 0
    for end, view in enumerate(views, 1):
        if not hash(view.run_id) & _MASK:
            yield views[begin:end]
            begin = end
    if begin < len(views):
        yield views[begin:]


def _block(known: dict[str, _Block], part: Sequence[RunView]) -> _Block:
    """The one of the last time, where its runs are the very same."""
    before = known.get(part[0].run_id)
    if before is not None and len(before.views) == len(part) and all(map(operator.is_, before.views, part)):
        return before
    return _Block(list(part))


def _joined(blocks: Sequence[_Block]) -> str:
    """All but the opening brace."""
    scores: dict[str, int] = {}
    for block in blocks:
        for name, score in block.scores.items():
            scores[name] = scores.get(name, 0) + score
    metric = max(scores, key=scores.__getitem__, default=None)
    clashing = set[str]().union(*(block.metrics for block in blocks)) & set[str]().union(*(block.params for block in blocks))
    count = sum(len(block.views) for block in blocks)
    facts = {
        "version": VERSION, "names": {"reserved": list(query.RESERVED), "clashing": sorted(map(sendable, clashing))},
        "baseline": next((block.baseline for block in blocks if block.baseline is not None), None), "metric": metric and sendable(metric), "group": None,
        "says": f"{counted(count, 'run')}." if count else "No runs.",
    }  # fmt: skip
    return f'{json.dumps(facts)[1:-1]}, "columns": [{", ".join(_columns(blocks))}]}}'


def _columns(blocks: Sequence[_Block]) -> Iterator[str]:
    keys = dict.fromkeys(key for block in blocks for key in block.columns)
    found = [(key, [block.columns.get(key) for block in blocks]) for key in keys]
    for _, those in sorted(found, key=lambda it: _KINDS.index(next(own for own in it[1] if own)[0]["kind"])):
        there = [own for own in those if own]
        facts, lists = there[0]  # of the newest run that has it, as for which way of a metric is better
        kind = facts["type"] if all(own[0]["type"] == facts["type"] for own in there) else "text"
        told = (f'"{name}": [{", ".join(block.nulls if own is None else own[1][name] for block, own in zip(blocks, those, strict=True))}]' for name in lists)
        yield f"{json.dumps({**facts, 'type': kind})[:-1]}, {', '.join(told)}}}"
