"""Runs of one configuration with several seeds: mean, interval, and whether one configuration beats another."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbtrack.amounts import counted
from nbtrack.charts.frame import better_of, finite, number, shown, value_of
from nbtrack.charts.needs import need
from nbtrack.charts.rows import differing
from nbtrack.charts.shapes import Better, Group, Statistics
from nbtrack.entities import RunView
from nbtrack.reads import words

_SEED = re.compile(r"(^|[._\-\s])(seed|random_?state|rng|fold)s?($|[._\-\s])|_seed$", re.IGNORECASE)
_ALPHA = 0.05
_MOST_SENTENCES = 12


def is_seed(param: str) -> bool:
    """Whether a param says which repetition a run is, rather than what was tried."""
    return _SEED.search(param) is not None


def grouping(views: Sequence[RunView]) -> list[str]:
    """The params that tell configurations apart: all that differ but seeds; where no two runs are alike then, the one that has the fewest values."""
    unlike = [name for name in differing(views)[0] if not is_seed(name)]
    if len({_key(view, unlike) for view in views}) < len(views) or len(unlike) < 2:
        return unlike
    return [min(unlike, key=lambda name: len({view.params.get(name) for view in views}))]


@dataclass(frozen=True)
class _Sample:
    """A group's runs that have a finite value, with these."""

    label: str
    values: dict[str, str]
    views: list[RunView]
    numbers: list[float]
    seeds: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class Tested:
    """Whether two means differ."""

    kind: str
    """`paired`, `welch`, or empty where there are too few runs."""
    delta: float
    half: float
    """Half of the 95% interval of the difference; NaN where it cannot be told."""
    p: float


def statistics(views: Sequence[RunView], metric: str, group: Sequence[str] = (), baseline: str | None = None) -> Statistics:
    """Groups of runs, the best first, each tested against the baseline's group, or the best one's against the others.

    Args:
        group: params that tell groups apart; none means `grouping`.
        baseline: run id; its group is what others are compared with.

    P values are adjusted by Holm's method where there are several.
    """
    better = better_of(views, metric)
    names = list(group) or grouping(views)
    samples = _samples(views, metric, names)
    samples.sort(key=lambda it: _mean(it.numbers), reverse=better == "higher")
    against = next((it for it in samples if any(view.run_id == baseline for view in it.views)), None) if baseline else None
    reference = against or (samples[0] if samples else None)
    tests = {it.label: test(it, reference) for it in samples if reference is not None and it is not reference}
    adjusted = _holm({name: it.p for name, it in tests.items() if it.kind})
    groups = [_group(it, tests.get(it.label), adjusted.get(it.label), is_baseline=it is reference) for it in samples]
    sentences = [
        _sentence(metric, better, it, reference, tests[it.label], adjusted.get(it.label))
        for it in samples[: _MOST_SENTENCES + 1]
        if reference is not None and it.label in tests
    ]
    return Statistics(
        answer="statistics", id=0, metric=metric, groups=groups, sentences=sentences[:_MOST_SENTENCES], says=_says(metric, samples, sentences, len(adjusted))
    )


def test(one: _Sample, other: _Sample) -> Tested:
    """`one` against `other`: paired where both have each seed once and the same ones, else Welch's test."""
    delta = _mean(one.numbers) - _mean(other.numbers)
    if min(len(one.numbers), len(other.numbers)) < 2:
        return Tested("", delta, math.nan, math.nan)
    if _is_paired(one, other):
        before = dict(zip(other.seeds, other.numbers, strict=True))
        deltas = [value - before[seed] for seed, value in zip(one.seeds, one.numbers, strict=True)]
        error, degrees = _std(deltas) / math.sqrt(len(deltas)), len(deltas) - 1.0
        return _tested("paired", delta, error, degrees)
    first, second = (_std(it.numbers) ** 2 / len(it.numbers) for it in (one, other))
    error = math.sqrt(first + second)
    below = first**2 / (len(one.numbers) - 1) + second**2 / (len(other.numbers) - 1)
    return _tested("welch", delta, error, (first + second) ** 2 / below if below else 1.0)


def interval(numbers: Sequence[float]) -> float:
    """Half of the 95% t interval of the mean; NaN for fewer than two values."""
    if len(numbers) < 2:
        return math.nan
    return _quantile(len(numbers) - 1) * _std(numbers) / math.sqrt(len(numbers))


def _samples(views: Sequence[RunView], metric: str, names: Sequence[str]) -> list[_Sample]:
    seeds = [name for name in dict.fromkeys(name for view in views for name in view.params) if is_seed(name)]
    members: dict[tuple[str | None, ...], list[RunView]] = {}
    for view in views:
        value = value_of(view, metric)
        if value is not None and math.isfinite(value):
            members.setdefault(_key(view, names), []).append(view)
    found: list[_Sample] = []
    labels: set[str] = set()
    for them in members.values():
        values = {name: shown(name, them[0].params[name]) if name in them[0].params else "" for name in names}
        label = ", ".join(f"{name}={words.short(value, 24)}" if value else f"no {name}" for name, value in values.items()) or "all runs"
        label = label if label not in labels else f"{label} ({len(found) + 1})"
        labels.add(label)
        numbers = [value for view in them if (value := value_of(view, metric)) is not None]
        found.append(_Sample(label, values, them, numbers, tuple(tuple(view.params.get(name) for name in seeds) for view in them)))
    return found


def _key(view: RunView, names: Sequence[str]) -> tuple[str | None, ...]:
    """The values that tell groups apart; `0.10` and `1e-1` are one."""
    texts = [view.params.get(name) for name in names]
    return tuple(text if (value := number(text)) is None else repr(value) for text in texts)


def _is_paired(one: _Sample, other: _Sample) -> bool:
    if not one.seeds or not one.seeds[0] or any(None in seed for seed in (*one.seeds, *other.seeds)):
        return False
    return len(set(one.seeds)) == len(one.seeds) == len(other.seeds) and set(one.seeds) == set(other.seeds)


def _tested(kind: str, delta: float, error: float, degrees: float) -> Tested:
    if error <= abs(delta) * 1e-12:  # no spread at all
        return Tested(kind, delta, 0.0, 1.0 if delta == 0 else 0.0)
    return Tested(kind, delta, _quantile(degrees) * error, 2 * _tail(abs(delta) / error, degrees))


def _quantile(degrees: float) -> float:
    return float(need("scipy.special", "scipy", "A confidence interval").stdtrit(degrees, 1 - _ALPHA / 2))


def _tail(t: float, degrees: float) -> float:
    return float(need("scipy.special", "scipy", "A test").stdtr(degrees, -t))


def _holm(values: dict[str, float]) -> dict[str, float]:
    """P values as they count where several tests were made."""
    found: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(values, key=values.__getitem__)):
        largest = max(largest, min(1.0, values[name] * (len(values) - rank)))
        found[name] = largest
    return found


def _group(it: _Sample, tested: Tested | None, p: float | None, *, is_baseline: bool) -> Group:
    mean, half = _mean(it.numbers), interval(it.numbers)
    return Group(
        label=it.label, values=it.values, runs=[view.run_id for view in it.views], n=len(it.numbers), mean=finite(mean),
        std=finite(_std(it.numbers)) if len(it.numbers) > 1 else None, low=None if math.isnan(half) else finite(mean - half),
        high=None if math.isnan(half) else finite(mean + half), delta=None if tested is None else finite(tested.delta), p=p,
        test="paired" if tested is not None and tested.kind == "paired" else "welch" if tested is not None and tested.kind else "", is_baseline=is_baseline,
    )  # fmt: skip


def _sentence(metric: str, better: Better, it: _Sample, reference: _Sample, tested: Tested, p: float | None) -> str:
    runs = f"{len(it.numbers)} {'seeds' if tested.kind == 'paired' else f'and {len(reference.numbers)} runs'}"
    if not tested.kind:
        return f"{it.label} and {reference.label} differ by {abs(tested.delta):.3g} in {metric}; with one run of either nothing can be said about chance."
    is_sure = p is not None and p < _ALPHA
    if not is_sure:
        half = f" ± {tested.half:.2g}" if tested.half else ""
        return f"{it.label} and {reference.label} cannot be told apart by {metric}: the difference is {tested.delta:.2g}{half}, p = {_p(p)}, {runs}."
    wins = (tested.delta > 0) == (better == "higher")
    first, second = (it, reference) if wins else (reference, it)
    spread = f" ± {tested.half:.2g}" if tested.half else ", without any spread,"
    runs = runs if tested.kind == "paired" else f"{len(first.numbers)} and {len(second.numbers)} runs"
    return f"{first.label} beats {second.label} by {abs(tested.delta):.3g}{spread} in {metric}, p {_equals(p)}, {runs}."


def _says(metric: str, samples: Sequence[_Sample], sentences: Sequence[str], tests: int) -> str:
    if not samples:
        return f"No run has a finite {metric}."
    if len(samples) == 1:
        it = samples[0]
        half = interval(it.numbers)
        return f"{metric} of {it.label}: mean {words.number(_mean(it.numbers))}{'' if math.isnan(half) else f' ± {half:.2g} (95%)'}, n = {len(it.numbers)}."
    adjusted = f" P values are adjusted for {tests} comparisons (Holm)." if tests > 1 else ""
    return f"{sentences[0]}{adjusted}" if sentences else f"{counted(len(samples), 'group')}."


def _p(p: float | None) -> str:
    return "unknown" if p is None else "<0.001" if p < 0.001 else f"{p:.2g}"


def _equals(p: float | None) -> str:
    return "< 0.001" if p is not None and p < 0.001 else f"= {_p(p)}"


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


def _std(numbers: Sequence[float]) -> float:
    mean = _mean(numbers)
    return math.sqrt(math.fsum((it - mean) ** 2 for it in numbers) / (len(numbers) - 1)) if len(numbers) > 1 else math.nan
