"""Two runs of one recipe held against each other: what is the same, what is within tolerance, what differs."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.replay import pictures

DEFAULT_TOLERANCE = 1e-6
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w])")
_TIMING_NAME = re.compile(
    r"(^|[_\W])(times?|secs?|seconds?|minutes?|hours?|ms|elapsed|durations?|runtime|walltime|wall|cpu|latency|throughput|eta|fps|speed|timestamp|date)($|[_\W])",
    re.IGNORECASE,
)
_TIMING_LINE = re.compile(
    r"\b(times?|took|elapsed|duration|seconds|ETA|wall|throughput|speed)\b|\d\s*(it|s|step|ms|sample|example)s?/(s|it|step|sample|epoch)\b", re.IGNORECASE
)
_NORMAL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"\b0x[0-9a-fA-F]{6,}\b"), "0x…"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "…"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?"), "…"),
    (re.compile(r"\b\d{1,2}:\d\d(:\d\d)?([.,]\d+)?\b"), "…"),
    (re.compile(r"(?<![\w.])\d+(\.\d+)?(e[-+]?\d+)? ?(ns|µs|μs|us|ms|s|secs?|seconds?|mins?|minutes?|hours?)\b"), "…"),
    (re.compile(r"ipykernel_\d+[/\\]\d+(\.py)?"), "ipykernel"),
    (re.compile(r"<ipython-input-\d+-\w+>"), "ipykernel"),
    (re.compile(r"\bCell In ?\[\d+\]|\b(In|Out) ?\[\d+\]"), "Cell"),
    (re.compile(r"\bsk-container-id-\d+\b|\bsk-estimator-id-\d+\b|\bT_[0-9a-f]{5}\b"), "…"),
    (re.compile(r"\bid=([\"'])[^\"']*\1"), "id"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)
_LOADED = "The nbtrack extension is already loaded. To reload it, use:\n  %reload_ext nbtrack\n"
"""What IPython says where a cell loads the extension once more; a reproduction has it loaded before its first cell."""
_TEXTS = ("text/html", "text/markdown", "text/latex", "image/svg+xml", "text/plain")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "application/pdf")


@dataclass(frozen=True)
class Difference:
    """One thing that is not exactly the same."""

    what: str
    """Such as `metric loss at step 3`, `output 1`."""
    before: str
    now: str
    is_within: bool = False
    """It is within tolerance."""
    cell: int = -1
    """Index of the recipe's cell; -1 where it belongs to the run as a whole."""

    def __str__(self) -> str:
        return f"{self.what} was {self.before}, is {self.now}"


@dataclass(frozen=True)
class Tolerance:
    """How far numbers may lie apart: relatively for large ones, absolutely for small ones."""

    usual: float = DEFAULT_TOLERANCE
    of: Mapping[str, float] = field(default_factory=dict)
    """By the metric's name, or a pattern with `*`."""

    @classmethod
    def parse(cls, words: Iterable[str | float]) -> Tolerance:
        """From `1e-6` and `metric=0.01`.

        Raises:
            UsageError: one is no number of at least 0.
        """
        usual, of = DEFAULT_TOLERANCE, {}
        for word in words:
            name, equals, text = str(word).rpartition("=")
            try:
                value = float(text)
            except ValueError:
                value = -1.0
            if not value >= 0 or (equals and not name):
                raise UsageError(f"Tolerance {str(word)!r} is no number of at least 0.", mend="Write --tolerance 1e-6, or --tolerance METRIC=0.01.")
            if equals:
                of[name] = value
            else:
                usual = value
        return cls(usual, of)

    def of_metric(self, name: str) -> float:
        """A metric's own tolerance, that of the first pattern it fits, or the usual one."""
        found = self.of.get(name)
        return found if found is not None else next((value for pattern, value in self.of.items() if fnmatch.fnmatchcase(name, pattern)), self.usual)

    def is_named(self, name: str) -> bool:
        """Whether somebody gave this metric a tolerance of its own."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.of)

    @property
    def of_outputs(self) -> float:
        """For numbers that are printed: the most generous one, as a printed number has no name."""
        return max([self.usual, *self.of.values()])


Points = Mapping[str, Sequence[tuple[int, float]]]
"""Steps and values of each metric, in order."""


def compare_metrics(
    before: Points, now: Points, tolerance: Tolerance, cell: int = -1, *, sampled: Mapping[str, bool] | None = None
) -> tuple[list[Difference], list[str]]:
    """Differences of metrics and curves, and the names that were not judged since they measure time or the machine.

    Args:
        sampled: curves of which either run has a sample, taken by the clock: these are compared where both have a point, or, where the
            value is True as their steps are not exact, by their last point.
    """
    found, unjudged = [], []
    for name, points in before.items():
        others: Curve
        if name.startswith("system/"):
            continue
        if _TIMING_NAME.search(name) and not tolerance.is_named(name):
            unjudged.append(name)
            continue
        others = now.get(name, ())
        if not others:
            found.append(Difference(f"metric {name}", _number(points[-1][1]), "missing", cell=cell))
        elif sampled is not None and name in sampled:
            both = _last(points, others) if sampled[name] else _shared(points, others)
            found += _compare_curve(name, *both, tolerance.of_metric(name), cell)
        elif [step for step, _ in points] != [step for step, _ in others]:
            found.append(Difference(f"metric {name}", _steps(points), _steps(others), cell=cell))
        else:
            found += _compare_curve(name, points, others, tolerance.of_metric(name), cell)
    return found, unjudged


Curve = Sequence[tuple[int, float]]


def _last(points: Curve, others: Curve) -> tuple[Curve, Curve]:
    return [(0, points[-1][1])], [(0, others[-1][1])]


def _shared(points: Curve, others: Curve) -> tuple[Curve, Curve]:
    left, right = dict(points), dict(others)
    steps = sorted(left.keys() & right.keys())
    return [(step, left[step]) for step in steps], [(step, right[step]) for step in steps]


def _compare_curve(name: str, points: Sequence[tuple[int, float]], others: Sequence[tuple[int, float]], tolerance: float, cell: int) -> list[Difference]:
    """The first point that is beyond the tolerance, else the first that is not exactly the same."""
    first: Difference | None = None
    for (step, left), (_, right) in zip(points, others, strict=True):
        if left == right or (math.isnan(left) and math.isnan(right)):
            continue
        where = f"metric {name} at step {step}" if len(points) > 1 else f"metric {name}"
        is_within = math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
        here = Difference(where, _number(left), _number(right), is_within, cell)
        if not is_within:
            return [here]
        first = first or here
    return [first] if first is not None else []


def compare_params(before: Mapping[str, str], now: Mapping[str, str], given: Collection[str], cell: int = -1) -> list[Difference]:
    """Params that both runs have and whose values differ.

    Args:
        given: names that the recipe's parameters bind: what becomes of their values is no result.
    """
    return [
        Difference(f"param {name}", _short(value), _short(now[name]), cell=cell)
        for name, value in before.items()
        if name in now and name not in given and not _TIMING_NAME.search(name) and normal(value) != normal(now[name])
    ]


def compare_outputs(before: Sequence[Any], now: Sequence[Any], tolerance: float, folders: Sequence[str] = (), cell: int = -1) -> list[Difference]:
    """Differences of one cell's outputs: printed text, results, displays and errors; stderr is not looked at.

    Args:
        before, now: nbformat outputs.
        tolerance: for numbers in texts.
        folders: paths that stand for the same place and are not told apart.
    """
    left, right = list(_items(before, folders)), list(_items(now, folders))
    found = []
    for index, (old, new) in enumerate(zip(left, right, strict=False), 1):
        if old[0] != new[0]:
            found.append(Difference(f"output {index}", f"{old[0]}: {_short(old[1])}", f"{new[0]}: {_short(new[1])}", cell=cell))
        elif old[1] != new[1]:
            here = _compare_texts(f"output {index}", old[1], new[1], tolerance, cell) if old[0] not in _PICTURES else _picture(index, old, new, cell)
            found += [here] if here is not None else []
    if len(left) != len(right):
        more = (left if len(left) > len(right) else right)[min(len(left), len(right))]
        found.append(Difference(f"number of outputs ({more[0]}: {_short(more[1])})", str(len(left)), str(len(right)), cell=cell))
    return found


def up_to(before: Sequence[Any], now: Sequence[Any]) -> list[Any]:
    """Those of a cell's outputs that it had when the other's were taken, in the midst of it: as many lines, and as many of the rest."""
    printed, new = ("".join(_text(it.get("text")) for it in outputs if _is_printed(it)) for outputs in (before, now))
    lines = printed.count("\n")
    pieces = new.split("\n")
    last = pieces[lines][: len(printed) - printed.rfind("\n") - 1] if lines < len(pieces) else ""
    rest = [it for it in now if it.get("output_type") != "stream"][: sum(it.get("output_type") != "stream" for it in before)]
    return [{"output_type": "stream", "name": "stdout", "text": "\n".join([*pieces[:lines], last])}, *rest]


def _is_printed(output: Any) -> bool:
    return bool(output.get("output_type") == "stream" and output.get("name") == "stdout")


def normal(text: str, folders: Sequence[str] = ()) -> str:
    """The text without what differs from one process to the next: colours, addresses, ids, clocks, durations, folders."""
    for folder in folders:
        text = text.replace(folder, "…")
    for pattern, instead in _NORMAL:
        text = pattern.sub(instead, text)
    return "\n".join(_NUMBER.sub("…", line) if _TIMING_LINE.search(line) else line for line in text.split("\n"))


def _items(outputs: Sequence[Any], folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Kind and content of each output that counts; what was printed is one, wherever other outputs stand between."""
    printed = "".join(_text(it.get("text")) for it in outputs if _is_printed(it))
    printed = printed.replace(_LOADED, "")
    if printed.strip():
        yield "printed", normal(printed.replace("\r\n", "\n"), folders)
    for it in outputs:
        kind = it.get("output_type")
        if kind == "error":
            yield "error", f"{it.get('ename')}: {normal(str(it.get('evalue')), folders)}"
        elif kind in ("display_data", "execute_result") and "nbtrack" not in (it.get("metadata") or {}):
            data = it.get("data") or {}
            if "application/vnd.jupyter.widget-view+json" in data:
                continue  # a widget's state lies in the front end
            mime = next((mime for mime in (*_PICTURES, *(mime for mime in data if "json" in mime), *_TEXTS, *data) if mime in data), "")
            if mime in _PICTURES:
                yield mime, re.sub(r"\s+", "", _text(data[mime]))
            elif mime == "image/svg+xml":
                yield mime, normal(pictures.still(_text(data[mime])), folders)
            elif mime:
                yield mime, normal(data[mime] if isinstance(data[mime], str) else _plain(data[mime]), folders)


def _compare_texts(what: str, left: str, right: str, tolerance: float, cell: int) -> Difference:
    """Two texts that are not equal: by their numbers, where nothing else differs."""
    is_within = _NUMBER.sub("…", left) == _NUMBER.sub("…", right) and all(
        math.isclose(float(a), float(b), rel_tol=tolerance, abs_tol=tolerance) for a, b in zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
    )
    lines = zip([*left.split("\n"), ""], [*right.split("\n"), ""], strict=False)
    a, b = next(((a, b) for a, b in lines if a != b), (left, right))
    return Difference(what, _short(a), _short(b), is_within, cell)


def _picture(index: int, old: tuple[str, str], new: tuple[str, str], cell: int) -> Difference | None:
    """Two pictures whose bytes differ; None where they show the same."""
    apart = pictures.distance(old[1], new[1])
    if apart is not None:
        if not apart.most:
            return None
        return Difference(f"output {index}", f"a picture of {old[0]}", f"another ({apart})", apart.is_within, cell)
    sums = [hashlib.blake2b(it[1].encode(), digest_size=4).hexdigest() for it in (old, new)]
    return Difference(f"output {index}", f"{old[0]} {sums[0]}", f"{new[0]} {sums[1]}", cell=cell)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "".join(map(str, value)) if isinstance(value, list) else ""


def _plain(value: Any) -> str:
    return "".join(value) if isinstance(value, list) and all(isinstance(it, str) for it in value) else json.dumps(value, sort_keys=True)


def _number(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else repr(value)


def _steps(points: Sequence[tuple[int, float]]) -> str:
    return f"{len(points)} points up to step {points[-1][0]}" if len(points) != 1 else f"1 point at step {points[0][0]}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
