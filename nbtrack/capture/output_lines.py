"""Numbers with a label in what a cell wrote: what code prints that is not woven, such as a module's, or an object whose text only shows when it is printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from itertools import pairwise
from typing import Any

from nbtrack.capture.curves import Curves, Kept
from nbtrack.capture.following import names_of
from nbtrack.capture.labels import SPLITS, labelled, pieces
from nbtrack.capture.measures import Measured, are_alike, measured_here, metrics, told
from nbtrack.capture.naming import taken
from nbtrack.capture.own_name import snake
from nbtrack.capture.printed import SERIES, SHOWS, WHOLE
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.words import is_measure, is_result, is_schedule, is_step
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_LINES, _SHAPES = 10_000, 300
"""Most lines of a cell that are looked at, and most that are read; others are told by their digits alone."""
_LONGEST = 300
_MANY = 20
"""Single numbers of a cell from which on its output is a listing, and no results."""
_CALLS = 5
"""Trainings whose lines are a curve each; of more, as by folds, the first alone is."""
_TELLING = 4
"""Digits of a number by which alone it is known again."""
_BEFORE = "output lines: names before"
_CODE = "output lines: what the code prints"
_RULE, _RULES = "in a line of the output", "in lines of the output"

_MAYBE = regex(r"[^\W\d_]\W{0,30}(?:\d|nan\b|-?inf\b)")
_NUMBER = regex(r"(?<![\w.])(?<!\w-)(?<!\d,)[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)(?!\w|[.,:]\d|-\d)")
_HELD = regex(r"\b(?:np\.\w+|tensor)\(([-+\d.eE]+|nan|-?inf)(?:,[^()]*)?\)")
"""`np.float64(0.9)` and `tensor(0.9)`, as dicts show them."""
_GONE = regex(r"[\s\0#\d]")
_AGAIN = regex(r"[-_]\d+$")
_DIGITS = regex(r"\d+(?:\.\d+)?")
_ALIKE = str.maketrans("123456789", "000000000")
_BARS = regex(r"[━═─╸█▏▎▍▌▋▊▉=>.\-\s]{2,}")
_SIGN = regex(r"[:=≈>→]\s*$")
_VERB = regex(r"\s(?:is|was|of|at|to)\s$")
_BLANK = regex(r"[\w)\]'\"][ \t]$")
_CALLED = regex(r"([\w.]+)\([^()]*$")
_COLUMNS = regex(r"\S {3,}\S.*\S {3,}\S")
"""A table, such as statsmodels' summary."""
_TUNING = regex(r"^\s*\[CV\b")
"""scikit-learn tells of each fold of each candidate."""
_UNIT = regex(r"\s?(?:s|ms|us|µs|ns|secs?|seconds?|mins?|minutes?|h|hours?|[kKMGT]i?B|bytes|it/s)\b")
_ENDS = regex(r"\s*(?:$|%|[,;|)\]}/\t!'\"±+]|\.(?:\s|$)|[-–—•·(\[*<]|→)")  # noqa: RUF001 - dashes as people type them
_SETTINGS = regex(r"(^|_)(thresholds?|tol\w*|targets?|limits?|cutoff|weights?|decay|factor|scale|time|duration|elapsed|secs?|seconds)$|^(target|max_allowed)_")
_WORDS, _FEW_WORDS, _PROSE = 6, 3, 18
"""Words of a label before a sign, of one before a blank, and of a line from which on it is a sentence."""


@dataclass(frozen=True)
class Slot:
    """Where lines of one shape have a labelled number."""

    at: int
    """Which of the numbers of the line."""
    label: str
    context: str
    """What stands before the label, such as a model's name."""
    is_percent: bool
    shape: str
    """The line up to the number, without its numbers."""


@dataclass
class Series:
    """What lines of one shape said, in order."""

    slot: Slot
    texts: list[str] = field(default_factory=list)
    counts: list[int | None] = field(default_factory=list)
    """Epoch or iteration of each line."""


class OutputLines(Source):
    """Gives way to all other sources: to what the notebook's own code prints, to any number of the cell that a line only shows, and to autologging."""

    name = "lines of the output"
    kind = "metrics"

    def before(self, cell: Cell) -> Iterable[Finding]:
        run = cell.run
        if run is not None:
            cell.entry.facts[_BEFORE] = {*run.metrics_named, *run.curve_ends, *run.autologged}
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        text = "".join(_texts(cell))
        if not text or not _MAYBE.search(text):
            return
        found = [it for it in series_of(cell, text) if not _is_of_notebook(cell, it)]
        if not found:
            return
        kept = Kept(cell)
        has = _names(cell)
        if "curves" in cell.choice.kinds:
            for it in found:
                if len(it.texts) >= SERIES and not has(it.slot.label):
                    yield from _curves(kept, it)
        singles = [it for it in found if len(it.texts) < SERIES]
        if sum(len(it.texts) for it in singles) <= _MANY:
            yield from metrics(cell, [one for it in singles if not has(it.slot.label) for one in _singles(cell, kept, it)])


def series_of(cell: Cell, text: str) -> list[Series]:
    """Labelled numbers of a text by the shape of their lines; within the budget."""
    shapes: dict[str, tuple[list[Slot], int | None]] = {}
    found: dict[tuple[str, str], Series] = {}
    for number, written in enumerate(text.split("\n", _LINES)[:_LINES]):
        if number % 200 == 199 and cell.is_spent:
            cell.cut.append(OutputLines.name)
            break
        if len(written) > _LONGEST or not _MAYBE.search(written):
            continue
        line = _HELD.sub(r"\1", written.strip()) if "(" in written else written.strip()
        shape = line.translate(_ALIKE)
        if shape not in shapes and len(shapes) < _SHAPES:
            shapes[shape] = _read(line, list(_NUMBER.finditer(line)))
        slots, counter = shapes.get(shape, ([], None))
        numbers = _NUMBER.findall(line) if slots else []
        for slot in slots:
            series = found.setdefault((slot.shape, slot.label), Series(slot))
            series.texts.append(numbers[slot.at])
            series.counts.append(int(numbers[counter]) if counter is not None else None)
    return list(found.values())


def _texts(cell: Cell) -> Iterator[str]:
    for output in cell.entry.outputs:
        if output.get("output_type") == "stream" and output.get("name") == "stdout":
            text: Any = output.get("text", "")
            yield "".join(text) if isinstance(text, list) else str(text)


def _shape(line: str) -> str:
    return _BARS.sub(" ", _DIGITS.sub("#", _NUMBER.sub("\0", line)))


def _read(line: str, numbers: list[re.Match[str]]) -> tuple[list[Slot], int | None]:
    """Slots of a line, and which of its numbers counts the steps; none where the line is a row of a table, or a sentence."""
    ends = [0, *(it.end() for it in numbers)]
    gaps = [line[end : it.start()] for end, it in zip(ends, numbers, strict=False)]
    if _TUNING.match(line) or any(not gap.strip() for gap in gaps[1:]) or len(line.split()) > _PROSE + 2 * len(numbers):
        return [], None
    rest = [*gaps[1:], line[ends[-1] :]]
    parts: list[ast.expr] = []
    for gap, it in zip(gaps, numbers, strict=True):
        parts += [ast.Constant(gap), ast.FormattedValue(ast.Constant(it.group()), -1)]
    told = labelled(ast.JoinedStr([*parts, ast.Constant(rest[-1])]))
    slots: list[Slot] = []
    counter: int | None = None
    counted = ""
    for at, (it, label) in enumerate(zip(numbers, told, strict=True)):
        name = label.label.rstrip("_")
        if it.group().isdigit() and (counter is None or not is_step(told[counter].label)) and (is_step(name) or (not name and not at)):
            counter = at
        if rest[at].strip() == "/" and at + 1 < len(numbers):  # "accuracy: 9812/10000 (98%)"
            counted = name
            continue
        is_share = label.is_percent and not is_measure(name) and gaps[at].strip() in ("(", "[", "") and bool(counted)
        name = counted if is_share else name
        if is_share or (_is_labelled(name, gaps[at], rest[at], is_last=at + 1 == len(numbers)) and not _is_argument(line[: it.start()])):
            slot = Slot(at, name, label.context, label.is_percent, _shape(line[: it.start()]))
            if is_measure(name):
                slots.append(slot)
    return ([], None) if counter is None and _COLUMNS.search(line) else (slots, counter)


def _is_labelled(name: str, before: str, after: str, *, is_last: bool) -> bool:
    """Whether a label stands right before its number, and what follows is no unit and no sentence."""
    if not is_measure(name) or _SETTINGS.search(name) or _UNIT.match(after) or before.strip() == "/":
        return False
    words = name.count("_") + 1
    if _SIGN.search(before):
        return words <= _WORDS
    if _VERB.search(before):
        return words <= _WORDS and is_last and bool(_ENDS.match(after))
    return words <= _FEW_WORDS and bool(_BLANK.search(before)) and (not is_last or bool(_ENDS.match(after)))


def _is_argument(before: str) -> bool:
    """`Ridge(alpha=1, base_score=`: what an object that is no result was made with."""
    called = _CALLED.search(before)
    return called is not None and not any(rule(snake(called[1])) for rule in (is_result, is_measure))


def _is_of_notebook(cell: Cell, series: Series) -> bool:
    """Whether the notebook's own code prints such lines: other rules have judged the value itself."""
    word, line = series.slot.label.rpartition("_")[2], _squeezed(series.slot.shape)
    entries = (*cell.ledger.before(cell.entry), cell.entry)
    return any(word in literals and _begins(line, parts) for entry in entries for literals, parts in _printed_by(entry))


def _printed_by(entry: Entry) -> list[tuple[str, list[str]]]:
    """Each line that a cell's code prints: its words, and its literal parts in their order, the first empty where something stands before it."""
    kept: list[tuple[str, list[str]]] | None = entry.facts.get(_CODE)
    if kept is None:
        kept = entry.facts[_CODE] = []
        is_joined = "end=" in entry.code or ".write(" in entry.code  # a line may be that of several calls
        for node in walk(entry.tree) if entry.tree is not None and ("print" in entry.code or is_joined) else ():
            shown = _shown(node)
            lines: list[list[str]] = [[""] if is_joined else []]
            for piece in shown:
                if isinstance(piece, str):
                    first, *others = piece.split("\n")
                    lines[-1].append(first)
                    lines.extend([it] for it in others)
                elif not "".join(lines[-1]).strip():
                    lines[-1] = [""]
            for line in lines:
                parts = [it for at, it in enumerate(_squeezed(part) for part in line) if it or not at]
                if any(parts):
                    kept.append((snake("".join(line)), parts))
    return kept


def _shown(node: ast.AST) -> list[str | ast.expr]:
    """What a call prints or writes."""
    if not isinstance(node, ast.Call):
        return []
    if isinstance(node.func, ast.Name) and node.func.id in SHOWS:
        return pieces(node)
    is_write = isinstance(node.func, ast.Attribute) and node.func.attr == "write"
    return [piece for it in node.args for piece in pieces(it)] if is_write else []


def _begins(line: str, parts: list[str]) -> bool:
    """Whether a line up to its number may be the beginning of what these literal parts make."""
    first, *others = parts
    if not line.startswith(first):
        return False
    at = len(first)
    for part in others:
        found = line.find(part, at)
        if found < 0:
            break
        at = found + len(part)
    return at > 0


def _squeezed(text: str) -> str:
    return _GONE.sub("", text).lower()


def _names(cell: Cell) -> Callable[[str], bool]:
    """Tells whether another source has a number or a curve of this name from this cell."""
    has = {*measured_here(cell), *(it.name for it in cell.entry.facts.get(Curves.name, ()))}
    if cell.run is not None:
        has |= names_of(cell.run) - cell.entry.facts.get(_BEFORE, set())
    words = {snake(text) for name in has for text in (name, name.rpartition(".")[2], _AGAIN.sub("", name))}
    return lambda label: label in words


def _curves(kept: Kept, series: Series) -> Iterator[Finding]:
    """A curve of each training."""
    slot = series.slot
    context = slot.context if not re.search(r"\d", slot.context) else ""
    is_split = context in SPLITS and context not in slot.label.split("_")
    name = f"{context}_{slot.label}" if is_split else slot.label
    others = ([f"{context}.{name}"] if context and not is_split else []) + [f"{name}_{at}" for at in range(2, _CALLS + 2)]
    trainings = list(_trainings(series))
    for texts in trainings if len(trainings) <= _CALLS else trainings[:1]:
        values = [float(it) for it in texts]
        is_count = not slot.is_percent and not WHOLE.search(name) and all(it.lstrip("+-").isdigit() for it in texts)
        if len(values) >= SERIES and len(set(values)) > 1 and not is_count and not kept.has(values, [_within(it) for it in texts]):
            yield from kept.take(name, values, _RULES, *others)


def _trainings(series: Series) -> Iterator[list[str]]:
    """What was said in each training: where a line counts less than the one before it, another has begun."""
    starts = [at for at, (one, next_) in enumerate(pairwise(series.counts), 1) if one is not None and next_ is not None and next_ < one]
    yield from (series.texts[start:end] for start, end in pairwise([0, *starts, len(series.texts)]))


def _singles(cell: Cell, kept: Kept, series: Series) -> Iterator[Measured]:
    slot = series.slot
    qualifiers = (slot.context,) if slot.context and not re.search(r"\d", slot.context) else ()
    for number, text in enumerate(series.texts):
        value = int(text) if text.lstrip("+-").isdigit() else float(text)
        is_count = type(value) is int and not slot.is_percent and not WHOLE.search(slot.label)
        if not is_count and not is_schedule(slot.label) and not _is_told(cell, kept, slot.label, text, value):
            yield Measured(slot.label, value, _RULE, f"{_RULE}, {number}: {slot.shape}", qualifiers, may_diverge=True)


def _is_told(cell: Cell, kept: Kept, label: str, text: str, value: float) -> bool:
    """Whether a number, to the digits that are shown, is one that the cell has, one of a curve, or a param."""
    digits, within = len(text.lstrip("+-0.").replace(".", "").partition("e")[0]), _within(text)
    here, is_trivial = measured_here(cell), value in (0, 1)
    ends = cell.run.curve_ends if cell.run is not None else {}
    for name, other in (told(cell) | here | ends).items():
        is_telling = digits >= _TELLING or (name in here and not is_trivial) or are_alike(label, name.replace("-", "."))
        if is_telling and any(abs(other * factor - value) <= within for factor in (1, 100, 0.01)):
            return True
    if digits >= _TELLING:
        return kept.has([value], [within])
    return any(_NUMBER.fullmatch(it) and float(it) == value for it in taken(cell).values())


def _within(text: str) -> float:
    """Half of a number's last digit."""
    mantissa, _, power = text.lower().partition("e")
    return 0.500001 * 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
