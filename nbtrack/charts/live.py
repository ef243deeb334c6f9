"""A run while it goes on: what its journal tells, look by look, and how that is drawn."""

from __future__ import annotations

import ast
import math
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from nbtrack.amounts import counted
from nbtrack.charts.frame import sendable, shown
from nbtrack.charts.picture import PALETTE
from nbtrack.charts.progress import Loop, length_of, loops_of
from nbtrack.charts.scale import Scale
from nbtrack.charts.spark import spark
from nbtrack.entities import Kind, RunStart, State, direction_of
from nbtrack.journal import Home
from nbtrack.journal.lines import read_events
from nbtrack.journal.points import RECORD, read_bytes, segments, writer_of
from nbtrack.journal.writer import EVENTS
from nbtrack.reads import words

_HELD = 200
"""Points of a curve that are held for drawing."""
_AT_ONCE = 20_000
"""Points of one look that are read one by one; of more, only so many evenly spread ones, unless numpy is loaded anyway."""
_MOST_CURVES = 6
_RATE_S = 10.0


@dataclass
class LiveCurve:
    """A metric so far."""

    name: str
    count: int = 0
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    last: float = math.nan
    last_step: int = 0
    best: float = math.nan
    first_ns: int = 0
    last_ns: int = 0
    recent: list[tuple[float, int]] = field(default_factory=list)
    """Time (s) and count of the last looks, for the rate."""

    @property
    def rate_per_s(self) -> float | None:
        """Points a second, over the last seconds."""
        if len(self.recent) < 2 or self.recent[-1][0] <= self.recent[0][0]:
            return None
        return (self.recent[-1][1] - self.recent[0][1]) / (self.recent[-1][0] - self.recent[0][0])


@dataclass(frozen=True)
class Progress:
    """How far the loop is."""

    done: int
    total: int
    left_s: float | None


class LiveRun:
    """Follows one run through its journal; each `look` reads only what is new.

    Args:
        tree: code of the cell, whose loops tell how far it is.
        namespace: where the lengths of those loops are looked up.
    """

    def __init__(self, home: Home, start: RunStart, tree: ast.Module | None = None, namespace: Mapping[str, Any] | None = None) -> None:
        self.start, self.state = start, State.RUNNING
        self.curves: dict[str, LiveCurve] = {}
        self.ended_ns: int | None = None
        self._folder: Path = home.run(start.run_id)
        self._names: dict[tuple[str, int], str] = {}
        self._offset = 0
        self._slots: dict[str, int] = {}
        self._loops: list[Loop] = loops_of(tree)
        self._namespace = namespace or {}

    def look(self) -> None:
        """Read what came since the last look."""
        for event, offset in read_events(self._folder / EVENTS, self._offset):
            self._offset = offset
            if event.kind == Kind.SERIES:
                self._names[event.data["writer"], event.data["key"]] = event.data["name"]
            elif event.kind == Kind.END:
                self.state, self.ended_ns = State(event.data["state"]), event.timestamp_ns
            elif event.kind == Kind.RESUME:
                self.state, self.ended_ns = State.RUNNING, None
        for segment in segments(self._folder):
            first = self._slots.get(segment.name, 1)
            data = read_bytes(segment, first)
            if data:
                self._slots[segment.name] = first + len(data) // RECORD.size
                self._take(data, writer_of(segment))
        now = time.monotonic()
        for curve in self.curves.values():
            curve.recent.append((now, curve.count))
            while len(curve.recent) > 2 and now - curve.recent[0][0] > _RATE_S:
                curve.recent.pop(0)

    @property
    def shown(self) -> list[LiveCurve]:
        """Curves of the user's code, the goal's first."""
        goal = self.start.goal.partition(":")[2]
        return sorted((it for it in self.curves.values() if not it.name.startswith("system/")), key=lambda it: it.name != goal)

    @property
    def progress(self) -> Progress | None:
        """Of the loop that goes on: the last one of known length that has a curve."""
        for loop in reversed(self._loops):
            counts = [self.curves[name] for name in loop.names if name in self.curves]
            total = length_of(loop.iterated, self._namespace)
            if total and counts and (done := max(it.count for it in counts)) <= total:
                it = next(curve for curve in counts if curve.count == done)
                seconds = (it.last_ns - it.first_ns) / 1e9
                return Progress(done, total, seconds / (done - 1) * (total - done) if done > 1 and seconds > 0 else None)
        return None

    @property
    def machine(self) -> str:
        """What the kernel uses, in words; empty before the first sample."""
        found = {name: self.curves[f"system/{name}"].last for name in ("process_cpu_percentage", "process_memory_megabytes") if f"system/{name}" in self.curves}
        texts = [f"processor {found['process_cpu_percentage']:.0f}%"] if "process_cpu_percentage" in found else []
        texts += [f"memory {found['process_memory_megabytes']:,.0f} MB"] if "process_memory_megabytes" in found else []
        texts += [
            f"{name.removeprefix('system/').replace('_', ' ')} {it.last:.0f}"
            for name, it in self.curves.items()
            if "gpu" in name and name.endswith("percentage")
        ]
        return ", ".join(texts)

    def _take(self, data: bytes, writer: str) -> None:
        count = len(data) // RECORD.size
        if count > _AT_ONCE and (numpy := sys.modules.get("numpy")) is not None:
            table = numpy.frombuffer(data, dtype=[("step", "<i8"), ("time", "<i8"), ("value", "<f8"), ("flags", "<u4"), ("key", "<u4")])
            for key in numpy.unique(table["key"]).tolist():
                rows = table[table["key"] == key]
                every = max(1, len(rows) // _AT_ONCE)
                self._add(
                    writer, key, len(rows), zip(rows["step"][::every].tolist(), rows["time"][::every].tolist(), rows["value"][::every].tolist(), strict=True)
                )
            return
        found: dict[int, list[tuple[int, int, float]]] = {}
        counts: dict[int, int] = {}
        every = max(1, count // _AT_ONCE)
        for number, (step, time_ns, value, _, key) in enumerate(RECORD.iter_unpack(data)):
            counts[key] = counts.get(key, 0) + 1
            if number % every == 0:
                found.setdefault(key, []).append((step, time_ns, value))
        for key, them in found.items():
            self._add(writer, key, counts[key], them)

    def _add(self, writer: str, key: int, count: int, them: Iterable[tuple[int, int, float]]) -> None:
        name = self._names.get((writer, key))
        if not key or name is None:
            return
        it = self.curves.setdefault(name, LiveCurve(name))
        it.count += count
        is_low = direction_of(name, self.start.goal) == "min"
        for step, time_ns, value in them:
            it.steps.append(step)
            it.values.append(value)
            it.first_ns, it.last_ns = it.first_ns or time_ns, time_ns
            it.last, it.last_step = value, step
            if not math.isnan(value) and (math.isnan(it.best) or (value < it.best if is_low else value > it.best)):
                it.best = value
        if len(it.values) > 2 * _HELD:
            it.steps, it.values = _thinned(it.steps, it.values)


def html(run: LiveRun, now_ns: int) -> str:
    """The compact view: how long and how far, then each curve with its last value."""
    head = [f"<b>{escape(shown('name', run.start.name))}</b>", *(escape(text) for text in _facts(run, now_ns))]
    curves = run.shown
    drawn = [_curve(it, number) for number, it in enumerate(it for it in curves if it.count > 1)][:_MOST_CURVES]
    rest = [f"{escape(shown('name', it.name))} {words.number(it.last)}" for it in curves if it.count == 1][:_MOST_CURVES]
    bar = ""
    if (progress := run.progress) is not None:
        says = f"{progress.done} of {progress.total} steps"
        bar = f'<progress max="{progress.total}" value="{progress.done}" aria-label="{says}" style="width:100%;height:6px"></progress>'
    body = f'<div style="display:flex;flex-wrap:wrap;gap:4px 16px">{"".join(drawn)}</div>' if drawn else ""
    tail = f'<div style="opacity:.75">{" · ".join(rest)}</div>' if rest else ""
    label = escape(f"live view of {shown('name', run.start.name)}", quote=True)  # a group, no live region: a screen reader would never be silent
    style = "font-size:12px;border-left:3px solid #1565c0;padding:2px 8px"
    return sendable(f'<div class="nbtrack-live" role="group" aria-label="{label}" style="{style}">{" · ".join(head)}{bar}{body}{tail}</div>')


def text(run: LiveRun, now_ns: int) -> str:
    """The same in one line a curve."""
    lines = [" · ".join([shown("name", run.start.name), *_facts(run, now_ns)])]
    for it in run.shown[:_MOST_CURVES]:
        best = f" (best {words.number(it.best)})" if it.count > 1 and it.best != it.last else ""
        lines.append(f"  {shown('name', it.name)} {words.number(it.last)}{best} {spark(it.values, 20)}".rstrip())
    return sendable("\n".join(lines))


def _facts(run: LiveRun, now_ns: int) -> list[str]:
    elapsed_s = ((run.ended_ns or now_ns) - run.start.started_ns) / 1e9
    facts = [f"{run.state.value.lower()} {words.duration(max(0.0, elapsed_s))}"]
    progress = run.progress
    if progress is not None:
        left = f", about {words.duration(progress.left_s)} left" if progress.left_s is not None and progress.done < progress.total else ""
        facts.append(f"step {progress.done:,} of {progress.total:,}{left}")
    rates = [rate for it in run.shown if (rate := it.rate_per_s)]
    if rates and run.state is State.RUNNING:
        rate = max(rates)
        facts.append(f"{rate:,.1f} steps/s" if rate >= 1 else f"{1 / rate:,.1f} s a step")
    if run.machine:
        facts.append(run.machine)
    return facts


def _curve(it: LiveCurve, number: int) -> str:
    """One curve, 160 by 40, with its name, last and best value."""
    colour = PALETTE[number % len(PALETTE)]
    finite = [(step, value) for step, value in zip(it.steps, it.values, strict=True) if math.isfinite(value)]
    name = escape(shown("name", words.short(it.name, 28)))
    best = f" (best {words.number(it.best)})" if it.best != it.last and not math.isnan(it.best) else ""
    label = f"{name} <b>{words.number(it.last)}</b>{best}"
    if len(finite) < 2:
        return f"<div>{label}</div>"
    x, y = Scale.around((step for step, _ in finite), 1, 159), Scale.around((value for _, value in finite), 38, 2)
    points = " ".join(f"{x.at(step):.1f},{y.at(value):.1f}" for step, value in finite)
    says = escape(f"{it.name}: {counted(it.count, 'point')}, last {words.number(it.last)}", quote=True)
    line = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    return f'<div>{label}<br><svg width="160" height="40" viewBox="0 0 160 40" role="img" aria-label="{says}">{line}</svg></div>'


def _thinned(steps: list[int], values: list[float]) -> tuple[list[int], list[float]]:
    """At most _HELD points and the last one: the lowest and the highest of each part of the steps, so that what is old stays as fine as what is new."""
    low, width = min(steps), (max(steps) - min(steps) + 1) / (_HELD // 2)
    extremes: dict[int, list[int]] = {}
    for at, (step, value) in enumerate(zip(steps, values, strict=True)):
        part = extremes.setdefault(int((step - low) / width), [at, at])
        if value < values[part[0]] or math.isnan(values[part[0]]):
            part[0] = at
        if value > values[part[1]] or math.isnan(values[part[1]]):
            part[1] = at
    chosen = sorted({at for part in extremes.values() for at in part} | {len(values) - 1})
    return [steps[it] for it in chosen], [values[it] for it in chosen]
