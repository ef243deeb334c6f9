"""Metrics from the printed table of `classification_report`."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from nbtrack.capture.calls import argument, value_of
from nbtrack.capture.handed import Handed
from nbtrack.capture.measures import Measured, metrics, told
from nbtrack.capture.program import program_of
from nbtrack.capture.schemas import is_array, is_frame, is_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.kinds import path_of
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

_HEAD = regex(r"^.*\sprecision\s+recall\s+f1-score\s+support\s*$", re.M)
_ROW = regex(r"^\s*(\S.*?)\s{2,}(\d\.\d+)\s+(\d\.\d+)\s+(\d\.\d+)\s+(\d+)\s*$")
_ACCURACY = regex(r"^\s*accuracy\s+(\d\.\d+)\s+\d+\s*$")
_LAST = regex(r"^\s*(weighted|samples) avg\s")
_ACCURACIES = regex(r"(^|[_.])acc(uracy)?", re.I)
_TITLE = regex(r"(?:[^\w\n]|_)*(?:\d+[.)]\s*)?(?:[^:\uff1a\n]{1,30}[:\uff1a]\s*)?([^\W\d_](?:(?!\d\.\d\d)[^:\uff1a\n]){0,38}?)[\s=*#_:\uff1a+~\]-]*")
"""A short line of words, without what frames it."""
_NO_TITLE = regex(r"warning|confusion|report|precision|accuracy", re.I)
_MARK = "f1-score"
_ROWS, _GAPS, _REPORTS, _LINES, _ABOVE = 40, 3, 12, 12, 2000
_MEASURES, _ACCURATE = ("precision", "recall", "f1-score"), "accuracy"
_DATA = ("y_true", "y_pred")
_OTHER = frozenset(("labels", "sample_weight"))
"""Arguments by which a report has other rows, or other numbers."""
_CASES = 20_000
"""For so many it takes some ten milliseconds."""
_CALL, _RULE = "classification_report", "in the classification report"


class Reports(Source):
    """The table as scikit-learn prints it: precision, recall and f1-score of each class and of the averages.

    In full where what the report was made of is known and gives what it says, else to the printed digits.

    Of several that a loop or a function prints, each goes by what stands before it, `RandomForest.accuracy`; where nothing does, the first alone is kept.
    """

    name = "classification reports"
    kind = "metrics"

    def __init__(self) -> None:
        self._handed = Handed(_CALL, *_DATA)
        self._taken: Mapping[tuple[int, int], Any] = MappingProxyType({})
        """What the cell that ended last handed over, until it was asked about or the next one ended."""

    def start(self, shell: Any) -> None:
        self._handed.start(shell)

    def stop(self) -> None:
        self._handed.stop()

    def before(self, cell: Cell) -> Iterable[Finding]:
        self._handed.enter(cell.entry)
        return ()

    def leave(self, entry: Entry) -> None:
        self._taken = self._handed.take()

    def after(self, cell: Cell) -> Iterable[Finding]:
        handed, self._taken = self._taken, {}
        streams = [output for output in cell.entry.outputs if output.get("output_type") == "stream" and output.get("name") != "stderr"]
        texts = ["".join(it) if isinstance(it := output.get("text", ""), list) else str(it) for output in streams]
        if not any(_MARK in it for it in texts):
            return  # of almost all cells, whose outputs may be long, nothing is put together
        text = "\n".join(texts)
        calls = [it for part in program_of(cell).own for it in walk(part.node) if isinstance(it, ast.Call) and path_of(it.func)[-1:] == [_CALL]]
        calls.sort(key=lambda it: it.lineno)
        if len(calls) != len(_HEAD.findall(text)):
            calls = []  # a loop or a function prints them
        yield from metrics(cell, _rows(cell, text, calls, handed))


def _rows(cell: Cell, text: str, calls: list[ast.Call], handed: Mapping[tuple[int, int], Any] = MappingProxyType({})) -> Iterator[Measured]:
    """Rows of the reports in a text.

    Args:
        calls: those that gave the reports, in order, each taken off when its report is reached; empty where that is not known.
        handed: what they were handed and no name holds, see `Handed.take`.
    """
    heads = list(_HEAD.finditer(text))
    titles = _titles(text, heads) if len(heads) > 1 else []
    for number, head in enumerate(heads if titles or calls else heads[:1]):
        call = calls.pop(0) if calls else None
        line = call.lineno if call is not None else 0
        title = f"{titles[number]}." if titles else ""
        report = f"{_CALL} in line {line}"
        table = _RULE if titles else report  # two models may have one value
        rows = _below(text, head)
        whole = _whole(cell, call, rows, handed) if call is not None else {}
        for row in rows:
            if found := _ROW.match(row):
                for measure, printed in zip(_MEASURES, found.groups()[1:4], strict=True):
                    name = f"{title}{found[1]}.{measure}"
                    value = whole.get(row, {}).get(measure, float(printed))
                    yield Measured(name, value, _RULE, f"{name} of the {report}", table=table, node=call, line=line)
            elif (found := _ACCURACY.match(row)) and not _is_known(cell, found[1]):
                value = whole.get(row, {}).get(_ACCURATE, float(found[1]))
                yield Measured(f"{title}{_ACCURATE}", value, _RULE, f"{title}{_ACCURATE} of the {report}", table=table, node=call, line=line)


def _below(text: str, head: re.Match[str]) -> list[str]:
    """The rows of a report."""
    found: list[str] = []
    gap = 0
    for line in text[head.end() :].split("\n", _ROWS + 1)[1 : _ROWS + 1]:
        is_row = _ROW.match(line) or _ACCURACY.match(line)
        gap = 0 if is_row else gap + 1
        if (line.strip() and not is_row) or gap > _GAPS or (found and _LAST.match(found[-1]) and not _LAST.match(line)):
            break
        found += [line] if is_row else []
    return found


def _whole(cell: Cell, call: ast.Call, rows: list[str], handed: Mapping[tuple[int, int], Any]) -> dict[str, dict[str, float]]:
    """By each row the numbers in full that it shows to some digits, where what the report was made of is still there; else nothing."""
    given = [handed[key] if (key := (id(call), at)) in handed else value_of(argument(call, at, name), cell.namespace) for at, name in enumerate(_DATA)]
    if any(it.arg in _OTHER for it in call.keywords) or not all(_is_plain(it) and 0 < len(it) <= _CASES for it in given):
        return {}
    report = getattr(sys.modules.get("sklearn.metrics"), _CALL, None)
    if report is None:
        return {}
    try:
        told = list(report(*given, output_dict=True, zero_division=0).values())
    except Exception:  # noqa: BLE001 - they were changed since
        return {}
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        if match := (_ROW.match(row) or _ACCURACY.match(row)):
            numbers = told.pop(0) if told else {}
            named = {_ACCURATE: numbers} if isinstance(numbers, float) else {name: numbers.get(name, -1.0) for name in _MEASURES}
            printed = [it for it in match.groups() if "." in it][-len(named) :]
            if [f"{value:.{len(it.partition('.')[2])}f}" for it, value in zip(printed, named.values(), strict=False)] != printed:
                return {}
            found[row] = {name: float(value) for name, value in named.items()}
    return found


def _is_plain(value: Any) -> bool:
    return is_array(value) or is_of(value, "pandas", "Series") or (is_frame(value) and value.shape[1] == 1) or type(value) is list


def _titles(text: str, heads: list[re.Match[str]]) -> list[str]:
    """What stands as many lines before each report, the nearest such lines: `SVM` or `Model: SVM`; empty where that is nothing, or the same for two of them."""
    if len(heads) > _REPORTS:
        return []
    above = [text[max(0, head.start() - _ABOVE) : head.start()].split("\n") for head in heads]
    lines = [[it for it in reversed(each) if it.strip()] for each in above]
    for them in zip(*(each[:_LINES] for each in lines), strict=False):
        found = [_TITLE.fullmatch(it) if not (_ROW.match(it) or _NO_TITLE.search(it)) else None for it in them]
        titles = [it[1] for it in found if it is not None]
        if len(titles) == len(set(titles)) == len(heads):
            return _without_common(titles)
    return []


def _without_common(titles: list[str]) -> list[str]:
    """`LR` and `SVM` of `Training LR` and `Training SVM`."""
    words = [it.split() for it in titles]
    while all(len(it) > 1 and it[1][0].isalpha() for it in words) and len({it[0] for it in words}) == 1:
        words = [it[1:] for it in words]
    return [" ".join(it) for it in words]


def _is_known(cell: Cell, text: str) -> bool:
    """Whether the run has this accuracy by all its digits."""
    digits = len(text.partition(".")[2])
    return any(
        round(value, digits) == float(text) and (_ACCURACIES.search(name) or (name.endswith("score") and not name.endswith(_MARK))) and f"{value}" != text
        for name, value in told(cell).items()
    )
