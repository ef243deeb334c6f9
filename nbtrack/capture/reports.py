"""Metrics from the printed table of `classification_report`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from nbtrack.capture.measures import Measured, metrics, told
from nbtrack.capture.program import program_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

_HEAD = regex(r"^\s+precision\s+recall\s+f1-score\s+support\s*$", re.M)
_ROW = regex(r"^\s*(\S.*?)\s{2,}(\d\.\d+)\s+(\d\.\d+)\s+(\d\.\d+)\s+(\d+)\s*$")
_ACCURACY = regex(r"^\s*accuracy\s+(\d\.\d+)\s+\d+\s*$")
_ACCURACIES = regex(r"(^|[_.])acc(uracy)?", re.I)
_ROWS = 40
_CALL, _RULE = "classification_report", "in the classification report"


class Reports(Source):
    """The table as scikit-learn prints it: precision, recall and f1-score of each class and of the averages, to the printed digits."""

    name = "classification reports"
    kind = "metrics"

    def after(self, cell: Cell) -> Iterable[Finding]:
        if "classification_report" not in cell.code:
            return
        streams = [output.get("text", "") for output in cell.entry.outputs if output.get("output_type") == "stream"]
        texts = ["".join(text) if isinstance(text, list) else str(text) for text in streams]
        calls = [it for part in program_of(cell).own for it in walk(part.node) if isinstance(it, ast.Call) and path_of(it.func)[-1:] == [_CALL]]
        calls.sort(key=lambda it: it.lineno)
        if len(calls) != sum(len(_HEAD.findall(text)) for text in texts):
            calls = []  # a loop or a function prints them
        for text in texts:
            yield from metrics(cell, _rows(cell, text, calls))


def _rows(cell: Cell, text: str, calls: list[ast.Call]) -> Iterator[Measured]:
    """Rows of the reports in a text.

    Args:
        calls: those that gave the reports, in order, each taken off when its report is reached; empty where that is not known.
    """
    for head in _HEAD.finditer(text):
        gap = 0
        call = calls.pop(0) if calls else None
        line = call.lineno if call is not None else 0
        report = f"{_CALL} in line {line}"
        for row in text[head.end() :].split("\n")[1 : _ROWS + 1]:
            if found := _ROW.match(row):
                for measure, value in zip(("precision", "recall", "f1-score"), found.groups()[1:4], strict=True):
                    key = f"{found[1]}.{measure} of the {report}"
                    yield Measured(f"{found[1]}.{measure}", float(value), _RULE, key, table=report, node=call, line=line)
            elif found := _ACCURACY.match(row):
                if not _is_known(cell, found[1]):
                    yield Measured("accuracy", float(found[1]), _RULE, f"accuracy of the {report}", node=call, line=line)
            elif row.strip():
                break
            else:
                gap += 1
                if gap > 3:
                    break


def _is_known(cell: Cell, text: str) -> bool:
    """Whether the run has this accuracy by all its digits."""
    digits = len(text.partition(".")[2])
    return any(
        round(value, digits) == float(text) and (_ACCURACIES.search(name) or name.endswith("score")) and f"{value}" != text
        for name, value in told(cell).items()
    )
