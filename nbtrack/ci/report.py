"""What a change did to a model: a run held against that of the base branch."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbtrack.ci.blocks import Block, Chart, Picture
from nbtrack.entities import RunView
from nbtrack.entities.difference import CellChange, RunDiff
from nbtrack.entities.verdict import Standing, Verdict
from nbtrack.gates.check import kept, verdict_data
from nbtrack.gates.page import measured, why
from nbtrack.journal import Home
from nbtrack.pipelines.cost import CPU, MEMORY, MONEY
from nbtrack.reads import words
from nbtrack.reads.diff import diff_runs

_MARKS = {Standing.PASSED: "✓", Standing.FAILED: "✗", Standing.WARNED: "!", Standing.WAIVED: "~"}
_PICTURES, _CHARTS, _ALL_CHARTS = 24, 4, 12
"""Figures of a run; curves of a run and of a whole report that Markdown shows. A platform draws each in a frame of its own."""
_FEWEST = 2
"""Points from which on there is something to see."""
_NONE = "—"
_COSTS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    (CPU, "processor time", words.duration), (MEMORY, "memory at most", lambda value: f"{value:,.0f} MB"), (MONEY, "cost", words.number),
)  # fmt: skip
"""Of a stage: metric, what it is, and how it is told."""


@dataclass(frozen=True)
class MetricRow:
    """A metric now, and before."""

    name: str
    now: float | None
    before: float | None
    direction: str

    @property
    def delta(self) -> float | None:
        return None if self.now is None or self.before is None else self.now - self.before

    @property
    def verdict(self) -> str:
        """`better`, `worse`, `same`, `new`, `gone`; empty where NaN leaves it open."""
        if self.before is None or self.now is None:
            return "new" if self.before is None else "gone"
        if self.now == self.before or (math.isnan(self.now) and math.isnan(self.before)):
            return "same"
        delta = self.now - self.before
        return "" if math.isnan(delta) else "better" if (delta > 0) == (self.direction == "max") else "worse"

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        facts = {"value": _number(self.now), "base": _number(self.before), "delta": _number(self.delta)}
        return {**facts, "better_is": self.direction, "verdict": self.verdict}


@dataclass(frozen=True)
class Part:
    """One run, and what it is compared with."""

    title: str
    head: RunView
    base: RunView | None
    diff: RunDiff | None
    metrics: tuple[MetricRow, ...]
    verdicts: tuple[Verdict, ...]
    curves: tuple[Picture, ...] = ()
    """All of them in one picture."""
    charts: tuple[Chart, ...] = ()
    """The first of them, what moved before what did not."""
    more_curves: int = 0
    """How many have no chart."""
    figures: tuple[Picture, ...] = ()
    is_cached: bool = False
    """Nothing that it depends on changed, so that the result of an earlier run holds."""

    @property
    def failed_gates(self) -> int:
        return sum(it.standing is Standing.FAILED for it in self.verdicts)


@dataclass(frozen=True)
class Missing:
    """A stage that has no run."""

    title: str
    phase: str
    """As the pipeline has it: `skipped`, `waiting`, `failed`."""
    why: str


@dataclass(frozen=True)
class Report:
    """All that is told."""

    title: str
    parts: tuple[Part, ...]
    how: str = ""
    """How the base was found, or why there is none."""
    missing: tuple[Missing, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        missing = [{"title": it.title, "phase": it.phase, "why": it.why} for it in self.missing]
        return {"title": self.title, "base": self.how, "runs": [_data(part) for part in self.parts], "without_run": missing}

    def metrics(self) -> dict[str, Any]:
        """Numbers alone, by run: what a program wants."""
        return {part.title: {it.name: it.as_data() for it in part.metrics} for part in self.parts}

    def blocks(self) -> list[Block]:
        """As it is drawn."""
        found = [
            Block("Summary", _summary(self), ("", "run", "state", "gates", "metrics", "took"), tuple(sorted(map(_line, self.parts), key=_is_good)), weight=100)
        ]
        if self.missing:
            rows = tuple((it.title, "not run" if it.phase == "waiting" else it.phase, it.why) for it in self.missing)
            found.append(Block("Stages without a run", (), ("stage", "", "why"), rows, weight=92))
        room = _ALL_CHARTS
        for part in self.parts:
            found += _blocks(part, part.charts[:room], is_only=len(self.parts) == 1)
            room = max(0, room - len(part.charts))
        return found


def part_of(home: Home, head: RunView, base: RunView | None, folder: Path, *, title: str = "", with_pictures: bool = False, is_cached: bool = False) -> Part:
    """A run against another one.

    Args:
        folder: where git is asked for the commits between.
        with_pictures: curves of both, and the figures of the run.
    """
    diff = None if base is None else diff_runs(home, base, head, folder)
    title, metrics = title or words.clean(words.title(head)), tuple(_metrics(head, base))
    part = Part(title, head, base, diff, metrics, kept(home, head), is_cached=is_cached)
    return replace(part, **_pictures(home, part)) if with_pictures else part


def _metrics(head: RunView, base: RunView | None) -> list[MetricRow]:
    now, before = words.metrics_of_code(head), {} if base is None else words.metrics_of_code(base)
    rows = []
    for name in {**now, **before}:
        one, other = now.get(name), before.get(name)
        known = one or other
        assert known is not None
        values = [None if it is None else it.last for it in (one, other)]
        rows.append(MetricRow(name, values[0], values[1] if base is not None else None, known.direction))
    return rows


def _pictures(home: Home, part: Part) -> dict[str, Any]:
    """Curves of both runs, in one picture and as charts, and the figures of the run."""
    from nbtrack.charts.curves import CurveReader, series
    from nbtrack.charts.draw import curves
    from nbtrack.ci.curves import charts

    head, base = part.head, part.base
    views = [head] if base is None else [base, head]
    names = [name for name, it in words.metrics_of_code(head).items() if it.is_curve and it.count > _FEWEST]
    found: dict[str, Any] = {"figures": tuple(_figures(home, part))}
    if names:
        labels = {view.run_id: "this change" if view is head else "base" for view in views}
        says = f"Curves of {', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}"
        reader = CurveReader(home)
        picture = curves(series(reader, views, names), labels, words.clean(says))
        found["curves"] = (Picture(picture.says, _uri("image/svg+xml", picture.svg.encode("utf-8", "backslashreplace"))),)
        same = {it.name for it in part.metrics if it.verdict == "same"}
        names.sort(key=lambda name: name in same)
        found["charts"], found["more_curves"] = charts(reader, head, base, names[:_CHARTS]), len(names[_CHARTS:])
    return found


def _figures(home: Home, part: Part) -> Iterator[Picture]:
    from nbtrack.charts.answers import figures

    slug = re.sub(r"[^\w.=-]+", "-", part.title).strip("-.")[:80] or part.head.run_id[:8]
    for number, it in enumerate(figures(home, [part.head])["figures"][:_PICTURES], 1):
        data = it["data"]
        if data and it["mime"] == "image/png":
            yield Picture(it["title"], f"data:image/png;base64,{data}", f"figures/{slug}-{number}.png")
        elif data and it["mime"] == "image/svg+xml":
            yield Picture(it["title"], _uri("image/svg+xml", data.encode("utf-8", "backslashreplace")), f"figures/{slug}-{number}.svg")


def _uri(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _summary(report: Report) -> tuple[str, ...]:
    failed = sum(it.failed_gates for it in report.parts)
    gates = sum(len(it.verdicts) for it in report.parts)
    bad = [it.title for it in report.parts if it.head.state.value != "FINISHED"] + [it.title for it in report.missing if it.phase in ("failed", "interrupted")]
    lines = [f"{', '.join(bad[:5])} did not finish."] if bad else []
    passed = f"All {gates} gates let it pass." if gates > 1 else "The gate let it pass." if gates else "No gates were asked."
    lines += [f"{failed} of {gates} gates failed." if failed else passed]
    return (*lines, *([report.how] if report.how else []))


def _line(part: Part) -> tuple[str, ...]:
    counts = {it: sum(row.verdict == it for row in part.metrics) for it in ("better", "worse", "same", "new", "gone")}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count and not (part.base is None and name == "new"))
    told = told or (f"{len(part.metrics)}, nothing to compare with" if part.metrics else "none")
    standings = {it: sum(verdict.standing is it for verdict in part.verdicts) for it in (Standing.PASSED, Standing.WARNED, Standing.WAIVED)}
    gates = ", ".join(f"{count} {it}" for it, count in standings.items() if count) or _NONE
    gates = f"{part.failed_gates} of {len(part.verdicts)} failed" if part.failed_gates else gates
    good = part.head.state.value == "FINISHED" and not part.failed_gates
    state = "cached" if part.is_cached and part.head.state.value == "FINISHED" else part.head.state.value.lower()
    return ("✓" if good else "✗", part.title, state, gates, told, words.duration(part.head.duration_s))


def _is_good(line: tuple[str, ...]) -> bool:
    return line[0] == "✓"


def _blocks(part: Part, charts: Sequence[Chart], is_only: bool) -> list[Block]:
    level = 3 if is_only else 4
    head, diff = part.head, part.diff
    reason = ((words.clean(head.reason),) if head.reason else ()) if head.state.value != "FINISHED" else ()
    trace = tuple(words.clean(head.traceback).splitlines()) if head.traceback else ()
    stamp = words.stamp(head)
    found = [
        *([] if is_only else [Block(part.title, (f"run {head.run_id[:8]}",), weight=90)]),
        Block("What failed", reason, code=(("traceback", trace),) if trace else (), level=level, weight=95),
        Block("Gates", (), ("", "gate", "measured", "wanted", "why"), tuple(_gate(it) for it in part.verdicts), level=level, weight=80),
        *_metric_blocks(part, level),
    ]
    if diff is not None:
        data = tuple(
            (it.name, change.name, change.a or _NONE, change.b or _NONE)
            for it in diff.data
            for change in (it.digest, it.rows, *it.schema)
            if change.a != change.b
        )
        cells = diff.notebook.cells
        notebook = f"Notebook: {_count(len(cells), 'cell differs', 'cells differ')}" if cells else "Notebook"
        environment = (*diff.environment.facts, *diff.environment.distributions, *diff.environment.variables)
        found += [
            Block("Params", (), ("param", "base", "this change"), _changes(diff.params), level=level, weight=60),
            Block("Data", (), ("dataset", "", "base", "this change"), data, level=level, weight=55),
            Block(
                notebook, (diff.notebook.missing,) if diff.notebook.missing else (), (), (),
                tuple((_cell_title(it), (*it.source, *(("… output:", *it.outputs) if it.outputs else ()))) for it in cells), is_folded=True, weight=20,
            ),
            Block("Environment", (), ("", "base", "this change"), _changes(environment), is_folded=True, weight=10),
        ]  # fmt: skip
    more = part.more_curves + len(part.charts) - len(charts) if charts else 0
    found += [
        Block("Curves", pictures=part.curves, charts=tuple(charts), level=level, weight=40, left_out=more),
        Block("Figures", pictures=part.figures, level=level, weight=5),
    ]
    about = (f"run {head.run_id[:8]} against {part.base.run_id[:8]}" if part.base is not None else f"run {head.run_id[:8]}", *([stamp] if stamp else []))
    cached = ("Nothing it depends on changed since that run, so its result was taken from the cache.",) if part.is_cached else ()
    found.append(Block("About", ("; ".join((*about, *_spent(part))), *cached), level=level, weight=70))
    return found


def _metric_blocks(part: Part, level: int) -> list[Block]:
    """Metrics that moved, and folded those that did not."""
    header = ("metric", "base", "this change", "change", "", "better is")
    moved = sorted((it for it in part.metrics if it.verdict != "same"), key=lambda it: ("worse", "", "gone", "better", "new").index(it.verdict))
    same = [it for it in part.metrics if it.verdict == "same"]
    return [
        Block("Metrics", () if part.metrics else ("The run has no metrics.",), header, tuple(_metric(it) for it in moved), level=level, weight=75),
        Block(_count(len(same), "metric is the same", "metrics are the same"), (), header, tuple(_metric(it) for it in same), is_folded=True, weight=30),
    ]


def _metric(it: MetricRow) -> tuple[str, ...]:
    change = "" if it.delta is None else f"{'+' if it.delta > 0 else ''}{words.number(it.delta)}"
    if it.delta and it.before and math.isfinite(it.delta / it.before):
        change += f" ({it.delta / abs(it.before):+.1%})"
    values = [_NONE if it is None else words.number(it) for it in (it.before, it.now)]
    return (words.short(words.clean(it.name), 80), *values, change, "" if it.verdict == "same" else it.verdict, "higher" if it.direction == "max" else "lower")


def _gate(it: Verdict) -> tuple[str, ...]:
    mend = it.mend if it.standing in (Standing.FAILED, Standing.WARNED) else ""
    told = f"{why(it).rstrip('.')}. {mend}" if mend else why(it)
    return tuple(words.clean(cell) for cell in (f"{_MARKS[it.standing]} {it.standing}", it.gate, measured(it), it.wanted, told))


def _changes(changes: Sequence[Any]) -> tuple[tuple[str, ...], ...]:
    return tuple((it.name, *(_NONE if value is None else words.short(value, 60) or '""' for value in (it.a, it.b))) for it in changes)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _cell_title(it: CellChange) -> str:
    at = f"cell {it.number_b}" if it.number_b is not None else f"cell {it.number_a} of the base"
    return f"{at} {'output differs' if it.how == 'output' else it.how}"


def _spent(part: Part) -> Iterator[str]:
    """What the run cost, each beside what its base did."""

    def beside(now: str, before: str) -> str:
        return f"{now}, {before} before" if before else now

    def of(view: RunView | None, name: str, tell: Callable[[float], str]) -> str:
        it = view.metrics.get(name) if view is not None else None
        return "" if it is None else tell(it.last)

    base = part.base
    is_known = base is not None and base.duration_s is not None and part.head.duration_s is not None
    yield f"took {beside(words.duration(part.head.duration_s), words.duration(base.duration_s) if base is not None and is_known else '')}"
    for name, what, tell in _COSTS:
        if now := of(part.head, name, tell):
            yield f"{what} {beside(now, of(base, name, tell))}"


def _data(part: Part) -> dict[str, Any]:
    head, base, diff = part.head, part.base, part.diff
    return {
        "title": part.title, "run_id": head.run_id, "mlflow_run_id": head.mlflow_run_id, "state": head.state.value, "reason": words.clean(head.reason),
        "duration_s": head.duration_s, "base_run_id": None if base is None else base.run_id, "stamp": head.tags.get("nbtrack.stamp", ""),
        "metrics": [{"name": it.name, **it.as_data()} for it in part.metrics],
        "cost": {name: _number(it.last) for name, _, _ in _COSTS if (it := head.metrics.get(name)) is not None},
        "gates": [verdict_data(it) for it in part.verdicts],
        "params": [] if diff is None else [it.__dict__ for it in diff.params],
        "data": [] if diff is None else [{"name": it.name, "digest": [it.digest.a, it.digest.b], "rows": [it.rows.a, it.rows.b]} for it in diff.data],
        "cells": [] if diff is None else [{"how": it.how, "base": it.number_a, "head": it.number_b} for it in diff.notebook.cells],
    }  # fmt: skip


def _number(value: float | None) -> float | str | None:
    return str(value) if value is not None and not math.isfinite(value) else value
