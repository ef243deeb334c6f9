"""Holds what was found against the labels: recall and precision of each kind.

Names are alike if they are so without case, separators and forms of one character (`R²` is `R2`), or have the same words in another order, and containers before a name do not count: `config.lr`
is `lr`, `LogisticRegression.C` and `clf__C` are `C`, `train/loss` is `loss` where the value agrees. So does a number at the end of the name of a metric or a curve: `accuracy_2` is
`accuracy` where the (last) value is that of the label, or the label is optional.

Right (good): what is demanded, with its value, and what the labels call optional. Neither right nor wrong (neutral):
- a param that is a true one of a library's estimator, optimizer or training function (`get_params()` and signatures, read in the kernel); metrics called
  `system/...`; the `training_...` scores that MLflow's autologging adds for an estimator;
- what a child run has, such as a candidate of a search: whoever looks at the run does not see it there;
- one number where a curve is labelled, or the reverse with the right last value: recall has counted that already.
Everything else that was found is wrong (bad), and so is what says again, under another name, what a right one has said: one quantity, one name. Precision is good / (good + bad).
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from execute import Execution
from found import Data, Found, Model, Series
from labels import Curve, Labels

_SEPARATORS = re.compile(r"[\W_]+")
_NUMBERED = re.compile(r"[_-]\d+$")
_CONTAINERS = re.compile(r"[./:]+|(?<=[^_])__(?=[^_])")


@dataclass
class Tally:
    """Counts of one kind in one notebook."""

    wanted: int = 0
    got: int = 0
    good: int = 0
    bad: int = 0
    missed: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        return self.got / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        return self.good / (self.good + self.bad) if self.good + self.bad else None

    def want(self, is_found: bool, text: str) -> None:
        self.wanted += 1
        self.got += is_found
        self.missed += [] if is_found else [text]

    def judge(self, verdict: str, text: str) -> None:
        self.good += verdict == "good"
        self.bad += verdict == "bad"
        self.noise += [text] if verdict == "bad" else []


def score(execution: Execution) -> dict[str, Tally]:
    """A tally for each kind."""
    labels, found = execution.labels, execution.found
    return {
        "params": _params(labels, found, execution.detail),
        "metrics": _metrics(labels, found.series),
        "curves": _curves(labels, found.series),
        "models": _models(labels, found.models),
        "figures": _figures(labels.figures, found.figures),
        "datasets": _datasets(labels.datasets, found.datasets),
    }


def add(tallies: Iterable[Tally]) -> Tally:
    """The sum; what was missed and wrong is dropped."""
    total = Tally()
    for tally in tallies:
        total.wanted, total.got, total.good, total.bad = (getattr(total, it) + getattr(tally, it) for it in ("wanted", "got", "good", "bad"))
    return total


def _params(labels: Labels, found: Found, detail: frozenset[str]) -> Tally:
    tally = Tally()
    for name, value in labels.params.items():
        tally.want(any(_is_name(other, name, labels) and is_value(text, value) for other, text in (*found.params, *found.child_params)), f"{name}={value}")
    of_library = {_bare(name) for name in detail}
    for name, text in found.params:  # those of children are neither right nor wrong
        demanded = [value for wanted, value in labels.params.items() if _is_name(name, wanted, labels)]
        if any(is_value(text, value) for value in demanded) or any(_is_name(name, it, labels) for it in labels.optional["params"]):
            verdict = "good"
        elif _last(name) in of_library or _bare(name) in of_library:
            verdict = "neutral"
        else:
            verdict = "bad"
        tally.judge(verdict, f"{name}={text[:40]}")
    return tally


def _metrics(labels: Labels, found: list[Series]) -> Tally:
    tally = Tally()
    for name, value in labels.metrics.items():
        tally.want(any(_is_named(it.name, name, labels) and _is_metric(it, name, labels) for it in found), f"{name}={value}")
    told: set[str] = set()
    for it in sorted(found, key=lambda it: it.is_of_child):
        if it.count > 1:
            continue
        is_optional = any(_is_named(it.name, name, labels) for name in labels.optional["metrics"])
        named = [name for name in labels.metrics if _is_named(it.name, name, labels) and _is_metric(it, name, labels)]
        if named:
            fresh = [name for name in named if name not in told]
            verdict = "good" if fresh or is_optional else "neutral" if it.is_of_child else "bad"
            told |= set(fresh[:1])
        elif is_optional:
            verdict = "good"
        elif (
            it.is_of_child
            or it.name.startswith(("system/", "training_"))
            or any(_is_name(it.name, name, labels) for name in (*labels.curves, *labels.optional["curves"]))
        ):
            verdict = "neutral"
        else:
            verdict = "bad"
        tally.judge(verdict, f"{it.name}={it.last:.6g}")
    return tally


def _curves(labels: Labels, found: list[Series]) -> Tally:
    tally = Tally()
    for name, curve in labels.curves.items():
        right = [it for it in found if _is_curve(it, name, curve, labels)]
        counts = [f"{it.name}: {it.count}" for it in found if _is_name(it.name, name, labels)]
        tally.want(bool(right), f"{name} x{'/'.join(map(str, curve.points))}" + (f" (found {', '.join(counts)})" if counts else ""))
    told: set[tuple[str, int, float]] = set()
    for it in found:
        if it.count < 2:
            continue
        named = {(name, it.count, it.last) for name, curve in labels.curves.items() if _is_curve_named(it, name, curve, labels)}
        if named:
            verdict = "bad" if told.issuperset(named) else "good"
            told |= named
        elif any(_is_named(it.name, name, labels) for name in labels.optional["curves"]):
            verdict = "good"
        elif it.name.startswith("system/") or any(
            _is_name(it.name, name, labels) and (_is_metric(it, name, labels) or name in labels.optional["metrics"])
            for name in (*labels.metrics, *labels.optional["metrics"])
        ):
            verdict = "neutral"
        else:
            verdict = "bad"
        tally.judge(verdict, f"{it.name} x{it.count}")
    return tally


def _is_curve(found: Series, name: str, curve: Curve, labels: Labels) -> bool:
    return _is_curve_named(found, name, curve, labels) and (curve.last is None or _is_close(found.last, curve.last))


def _is_curve_named(found: Series, name: str, curve: Curve, labels: Labels) -> bool:
    """Whether it has a right number of points and the name, or the name with a number and the last value of that label, if it has one."""
    is_alike = curve.last is None or _is_close(found.last, curve.last)
    is_named = _is_name(found.name, name, labels) or (is_alike and _is_named(found.name, name, labels))
    return is_named and found.count in curve.points


def _models(labels: Labels, found: list[Model]) -> Tally:
    tally, left = Tally(), list(found)
    for wanted in labels.models:
        hit = next((it for it in left if _is_model(it, wanted)), None)
        tally.want(hit is not None, "/".join(_listed(wanted["class"])))
        if hit is not None:
            left.remove(hit)
            tally.judge("good", "")
    optional = [name for wanted in labels.models for name in _listed(wanted["class"])] + labels.optional["models"]
    for it in left:
        is_right = it.class_name in optional or (not it.class_name and bool(labels.optional["models"]))
        tally.judge("good" if is_right else "bad", it.class_name or it.flavor)
    return tally


def _figures(wanted: int, found: list[str]) -> Tally:
    tally = Tally(wanted, min(wanted, len(found)), min(wanted, len(found)), max(0, len(found) - wanted))
    tally.missed = [f"{wanted - len(found)} of {wanted}"] if len(found) < wanted else []
    tally.noise = [f"{len(found)} for {wanted}"] if len(found) > wanted else []
    return tally


def _datasets(wanted: list[dict[str, Any]], found: list[Data]) -> Tally:
    tally = Tally()
    for it in wanted:
        if not it.get("optional"):
            tally.want(any(_is_data(data, it) for data in found), str(it.get("name", it.get("call"))))
    for data in found:
        tally.judge("good" if any(_is_data(data, it) for it in wanted) else "bad", f"{data.name} {data.rows}x{data.columns}")
    return tally


def _is_model(found: Model, wanted: dict[str, Any]) -> bool:
    return found.class_name in _listed(wanted["class"]) if found.class_name else found.flavor in _listed(wanted["flavor"])


def _is_data(found: Data, wanted: dict[str, Any]) -> bool:
    told = _bare(found.name) + " " + _bare(found.source)
    columns = wanted.get("columns")
    return (
        any(_bare(wanted[key]) in told for key in ("name", "call") if key in wanted)
        and found.rows == wanted["rows"]
        and (found.columns is None or columns is None or found.columns in _listed(columns))
    )


def _is_metric(found: Series, name: str, labels: Labels) -> bool:
    if _is_close(found.last, labels.metrics.get(name)):
        return True
    printed = labels.printed.get(name)
    if printed is None:
        return False
    text = printed.rstrip("%")
    decimals = len(text.partition(".")[2])
    forms = (found.last, 100 * found.last) if text != printed else (found.last,)
    return math.isfinite(found.last) and any(abs(round(it, decimals) - float(text)) <= 1e-9 * max(1.0, abs(it)) for it in forms)


def _is_close(value: float, wanted: float | None) -> bool:
    if wanted is None:
        return False
    return math.isclose(value, wanted, rel_tol=1e-6, abs_tol=1e-6) or (math.isnan(value) and math.isnan(wanted))


def is_value(text: str, wanted: Any) -> bool:
    """Whether a param's text says the wanted value."""
    if text.strip() == str(wanted):
        return True
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return False
    if isinstance(value, (int, float)) and isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        return _is_close(float(value), float(wanted))
    return bool(value == wanted) or (isinstance(value, tuple) and list(value) == wanted)


def _is_name(found: str, wanted: str, labels: Labels) -> bool:
    """Whether a found name is the wanted one or one of its aliases."""
    forms = _forms(found)
    return any(_bare(name) in forms or _words(name) == _words(found) for name in (wanted, *labels.aliases.get(wanted, ())))


def _is_named(found: str, wanted: str, labels: Labels) -> bool:
    """The same, with or without the number that tells one of several apart."""
    return _is_name(found, wanted, labels) or _is_name(_plain(found), wanted, labels)


def _plain(name: str) -> str:
    return _NUMBERED.sub("", name)


def _forms(name: str) -> set[str]:
    """The name with and without the containers before it."""
    return {_bare(name[match.end() :]) for match in _CONTAINERS.finditer(name)} | {_bare(name)}


def _last(name: str) -> str:
    return _bare(_CONTAINERS.split(name)[-1])


def _words(name: str) -> list[str]:
    return sorted(word for word in _SEPARATORS.split(unicodedata.normalize("NFKC", name).casefold()) if word)


def _bare(name: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).casefold())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
