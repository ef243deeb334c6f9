"""Metrics from the printed table of `classification_report`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nbtrack.capture.measures import Measured, known, metrics
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.patterns import regex

_HEAD = regex(r"^\s+precision\s+recall\s+f1-score\s+support\s*$", re.M)
_ROW = regex(r"^\s*(\S.*?)\s{2,}(\d\.\d+)\s+(\d\.\d+)\s+(\d\.\d+)\s+(\d+)\s*$")
_ACCURACY = regex(r"^\s*accuracy\s+(\d\.\d+)\s+\d+\s*$")
_ROWS = 40


class Reports(Source):
    """The table as scikit-learn prints it: precision, recall and f1-score of each class and of the averages, to the printed digits."""

    name = "classification reports"
    kind = "metrics"

    def after(self, cell: Cell) -> Iterable[Finding]:
        if "classification_report" not in cell.code:
            return
        for output in cell.entry.outputs:
            text = output.get("text", "") if output.get("output_type") == "stream" else ""
            yield from metrics(cell, _rows(cell, "".join(text) if isinstance(text, list) else str(text)))


def _rows(cell: Cell, text: str) -> Iterator[Measured]:
    for head in _HEAD.finditer(text):
        gap = 0
        for line in text[head.end() :].split("\n")[1 : _ROWS + 1]:
            if found := _ROW.match(line):
                for measure, value in zip(("precision", "recall", "f1-score"), found.groups()[1:4], strict=True):
                    yield Measured(f"{found[1]}.{measure}", float(value), "in the classification report", f"{found[1]}.{measure}", table="report")
            elif (found := _ACCURACY.match(line)) and not any(name.rpartition(".")[2].startswith("acc") for name in known(cell)):
                yield Measured("accuracy", float(found[1]), "in the classification report", "classification_report.accuracy")
            elif line.strip():
                break
            else:
                gap += 1
                if gap > 3:
                    break
