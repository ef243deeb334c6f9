"""Gate `baseline`: a metric against another run's, on the same data, and no more certain than seeds allow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from pydantic import Field

from nbtrack.entities import RunView, State
from nbtrack.errors import GoneError, UnknownRunError
from nbtrack.gates.gate import GATES_TAG, CannotTellError, Found, GateSpec, Subject, Text
from nbtrack.gates.gate import need as need_library
from nbtrack.gates.metric import metric_of
from nbtrack.gates.repeats import Repeats, repeats_of
from nbtrack.reads import find, words
from nbtrack.reads.cached import source_of
from nbtrack.reads.changed import baseline as pinned
from nbtrack.reads.diff import datasets_of

_PAIRS = 3
"""Repeats both runs must share for a paired test."""
_REGISTERED = re.compile(r"models:/(?P<name>[^@/]+)@(?P<alias>[^@/]+)")


class BaselineGate(GateSpec):
    """A metric must not be worse than that of another run, or better by so much."""

    kind: Literal["baseline"]
    metric: Text
    """Its name in both runs."""
    against: Text = "baseline"
    """`baseline`: the base branch's run in CI, else the pinned run, else the last attempt before that finished and no gate refused; a run by name or id; or
    `models:/NAME@ALIAS`, the run of a registered model."""
    min_absolute_change: float | None = None
    """How much better it must be; below 0, how much worse it may be. Without this and the next: not worse."""
    min_relative_change: float | None = None
    """The same as a part of the other run's value; where both are given, both must hold."""
    greater_is_better: bool | None = None
    """Without it, the run's goal and the metric's name decide."""
    tolerance: float = Field(0.0, ge=0)
    """What counts as no change, where there are no repeats that say it."""
    repeats: Literal["auto", "children", "attempts", "points", "none"] = "auto"
    """Where the same was measured again with other seeds or folds."""
    alpha: float = Field(0.05, gt=0, lt=0.5)
    """How rarely noise alone may decide."""
    proof: Literal["worse", "better"] = "worse"
    """With repeats: fail only what is shown to fall short (`worse`), or pass only what is shown to suffice (`better`)."""
    same_data: bool = True
    """Both runs must have read the same data, wherever both say what they read."""
    missing_baseline: Literal["fail", "pass"] = "fail"
    """What a first run counts as, that has nothing to be compared with."""

    def check(self, subject: Subject) -> Found:
        found = metric_of(subject.view, self.metric)
        greater = found.direction == "max" if self.greater_is_better is None else self.greater_is_better
        sign = 1.0 if greater else -1.0
        try:
            other = self._other(subject)
        except UnknownRunError as cause:
            if self.missing_baseline == "pass":
                return Found(True, found.last, self._wanted(None, greater), f"there is nothing to compare with: {cause.message}")
            raise CannotTellError(cause.message, mend=f"{cause.mend} Or write missing_baseline: pass.", wanted=self._wanted(None, greater)) from cause
        before = metric_of(other, self.metric)
        wanted = self._wanted(before.last, greater)
        if math.isnan(found.last) or math.isnan(before.last):
            whose = "" if math.isnan(found.last) else f" in {words.title(other)}"
            raise CannotTellError(f"{self.metric} is NaN{whose}.", mend="See why: nbtrack show RUN.", wanted=wanted)
        told: tuple[tuple[str, str], ...] = (("compared with", f"{words.title(other)} ({other.run_id[:8]})"), ("data", self._data(subject, other, wanted)))
        gain = sign * (found.last - before.last) if found.last != before.last else 0.0  # of two infinities the difference is none
        mine, theirs = (repeats_of(subject.home, view, self.metric, self.repeats) for view in (subject.view, other))
        noise = judge(mine, theirs, found.last, before.last, sign, self.need, self.alpha, self.proof)
        if noise is None:
            passed = gain >= self.need(before.last) - self.tolerance
            why = f"{words.number(found.last)} against {words.number(before.last)}, {_better(gain)}" + (
                f", tolerance {words.number(self.tolerance)}" if self.tolerance else ""
            )
        else:
            passed, why = noise.passed, noise.why
            told += (("repeats", noise.told),)
        mend = "" if passed else f"See what changed: nbtrack diff {other.run_id[:8]} {subject.view.run_id[:8]}."
        return Found(passed, found.last, wanted, why, mend, told)

    def need(self, before: float) -> float:
        """How much better than a value it must be."""
        relative = None if self.min_relative_change is None else self.min_relative_change * abs(before)
        return max((it for it in (self.min_absolute_change, relative) if it is not None), default=0.0)

    def _wanted(self, before: float | None, greater: bool) -> str:
        base = "the baseline" if before is None else words.number(before)
        changes = [(it, tell) for it, tell in ((self.min_absolute_change, words.number), (self.min_relative_change, _percent)) if it is not None]
        more, less = ([tell(abs(it)) for it, tell in changes if (it > 0) is up] for up in (True, False))
        if more:  # what may be worse by so much holds where it must be better
            return f"{self.metric} better than {base} by {' and by '.join(more)}"
        if not any(it for it, _ in changes):
            return f"{self.metric} not {'lower' if greater else 'higher'} than {base}"
        return f"{self.metric} worse than {base} by no more than {' and no more than '.join(less)}"

    def _other(self, subject: Subject) -> RunView:
        if match := _REGISTERED.fullmatch(self.against):
            return _registered(subject, match["name"], match["alias"])
        if self.against != "baseline":
            return source_of(subject.home, find(subject.home, self.against))
        if subject.against is not None:
            return subject.against
        left_out: list[str] = []

        def fits(view: RunView) -> bool:
            """Whether others may be measured by an attempt: it came to its end, and no gate refused it, or a no would pass on trying again."""
            made = source_of(subject.home, view)
            is_good = not subject.is_alone and made.state is State.FINISHED and all(it.tags.get(GATES_TAG) != "failed" for it in (view, made))
            left_out.extend([] if is_good else [view.run_id])
            return is_good

        try:
            return source_of(subject.home, pinned(subject.home, subject.view, fits))
        except UnknownRunError as cause:
            if not left_out:
                raise
            title = words.title(subject.view)
            why = f"No run of the base is known for {title}" if subject.is_alone else f"No attempt before {title} finished and passed its gates"
            raise UnknownRunError(title, f"{why}, and no run is pinned as baseline.", mend=cause.mend) from cause

    def _data(self, subject: Subject, other: RunView, wanted: str) -> str:
        """What is known of both runs' data, in words."""
        mine, theirs = ({name: it.get("digest") for name, it in datasets_of(subject.home, view).items()} for view in (subject.view, other))
        shared = sorted(set(mine) & set(theirs))
        differ = [name for name in shared if mine[name] != theirs[name]]
        if differ and self.same_data:
            raise CannotTellError(
                f"The two runs read other data: {', '.join(differ)} differ{'s' if len(differ) == 1 else ''}, so their metrics do not compare.",
                mend=f"Run {words.title(other)} again on the data of now, or write same_data: false.", wanted=wanted,
            )  # fmt: skip
        if not shared:
            return "not compared: no dataset is recorded in both runs"
        return f"the same in both: {', '.join(shared)}" if not differ else f"differs: {', '.join(differ)}"


@dataclass(frozen=True)
class Noise:
    """What repeats say."""

    passed: bool
    why: str
    told: str


def judge(
    mine: Repeats, theirs: Repeats, now: float, before: float, sign: float, need: Callable[[float], float], alpha: float, proof: str
) -> Noise | None:  # fmt: skip
    """Whether the change suffices, given how much repeats differ; None where nothing was repeated.

    Args:
        now, before: the runs' own values, for the side without repeats.
        sign: -1 where lower is better.
        need: from the other run's value to how much better one must be.
    """
    a, b = mine.values, theirs.values
    shared = sorted(set(a) & set(b))
    if len(shared) >= _PAIRS:
        base = fmean(b[key] for key in shared)
        gains = [sign * (a[key] - b[key]) for key in shared]
        low, high = _tails([gain - need(base) for gain in gains])
        told, how = f"{len(shared)} pairs ({mine.what})", f"paired t-test over {len(shared)} pairs"
        gain = fmean(gains)
    elif len(a) > 1 or len(b) > 1:
        ours, others = list(a.values()) if len(a) > 1 else [now], list(b.values()) if len(b) > 1 else [before]
        base = fmean(others)
        gain = sign * (fmean(ours) - base)
        low, high = _welch([sign * it - need(base) for it in ours], [sign * it for it in others])
        told = f"{len(ours)} here and {len(others)} there ({mine.what if len(a) > 1 else theirs.what})"
        how = f"Welch's t-test of {len(ours)} and {len(others)} repeats" if min(len(ours), len(others)) > 1 else "one value against the spread of the others"
    else:
        return None
    passed = low >= alpha if proof == "worse" else high < alpha
    p = f"p = {low:.3g} that it only looks short of what is wanted" if proof == "worse" else f"p = {high:.3g} that it only looks sufficient"
    return Noise(passed, f"on average {_better(gain)} than {words.number(base)}; {how}: {p}, alpha = {alpha:g}", told)


def _tails(values: Sequence[float]) -> tuple[float, float]:
    """P-values of a mean below 0 and of one above 0; where all values are the same there is no noise."""
    if len(set(values)) == 1:
        return _certain(values[0])
    stats = need_library("scipy.stats", "scipy", "A paired test")
    return tuple(float(stats.ttest_1samp(values, 0.0, alternative=way).pvalue) for way in ("less", "greater"))  # type: ignore[return-value]


def _welch(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """P-values of a lying below b and above b."""
    if len(set(a)) == 1 and len(set(b)) == 1:
        return _certain(a[0] - b[0])
    stats = need_library("scipy.stats", "scipy", "A test over repeats")
    if min(len(a), len(b)) > 1:
        return tuple(float(stats.ttest_ind(a, b, equal_var=False, alternative=way).pvalue) for way in ("less", "greater"))  # type: ignore[return-value]
    one, many = (a, b) if len(a) == 1 else (b, a)
    t = (one[0] - fmean(many)) / (stdev(many) * math.sqrt(1 + 1 / len(many))) * (1 if one is a else -1)
    below = float(stats.t.cdf(t, len(many) - 1))
    return below, 1 - below


def _certain(difference: float) -> tuple[float, float]:
    return (0.0, 1.0) if difference < 0 else (1.0, 0.0)


def _registered(subject: Subject, name: str, alias: str) -> RunView:
    """The run that made a registered model's version."""
    from nbtrack.store.client import StoreClient, be_quick

    if not subject.uri:
        raise CannotTellError(f"No store is known in which models:/{name}@{alias} could be looked up.", mend="Set tracking_uri, or NBTRACK_TRACKING_URI.")
    try:
        be_quick()
        run_id = StoreClient(subject.uri).registered_run(name, alias)
    except GoneError as cause:
        raise UnknownRunError(f"models:/{name}@{alias}", cause.message, mend="Register a version in MLflow and give it that alias.") from cause
    if not run_id:
        raise CannotTellError(f"models:/{name}@{alias} does not say which run made it.", mend="Name the run itself: against: RUN.")
    return find(subject.home, run_id)


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _better(gain: float) -> str:
    return "the same" if gain == 0 else f"{words.number(abs(gain))} {'better' if gain > 0 else 'worse'}"
