"""JUnit XML of executed notebooks: a suite a stage, a case a code cell."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from nbtrack.entities import RunView
from nbtrack.entities.verdict import Standing, Verdict
from nbtrack.gates.page import explained
from nbtrack.journal import Home
from nbtrack.reads import words
from nbtrack.replay import files

_OUTPUT, _EXECUTED = "notebook/output.ipynb", "notebook/executed.ipynb"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST = 20_000
_NAME = 80


@dataclass(frozen=True)
class Case:
    """One cell, one stage, or one gate."""

    name: str
    seconds: float = 0.0
    problem: str = ""
    """What failed, in one line."""
    kind: str = ""
    """Type of the failure: an exception's name, `gate`."""
    text: str = ""
    """Source and traceback."""
    skipped: str = ""
    """Why it was not executed, or does not count."""
    output: str = ""
    cell: int = 0
    """Which code cell of the notebook it is, from 1; 0 where it is none."""


@dataclass(frozen=True)
class Suite:
    """One stage."""

    name: str
    file: str
    began_ns: int
    seconds: float
    cases: tuple[Case, ...]


def suite_of(home: Home, view: RunView, title: str = "", verdicts: Sequence[Verdict] = ()) -> Suite:
    """The cells of a run's notebook, the stage itself, and its gates."""
    name = title or words.title(view)
    cells = _cells(home, view)
    failed = any(it.problem for it in cells)
    why = words.clean(view.reason) or view.state.value.lower()
    whole = Case("the whole notebook" if cells else "the run", view.duration_s or 0.0)
    if view.state.value != "FINISHED" and not failed:  # a kernel that died, a time limit: no cell says it
        whole = Case(whole.name, whole.seconds, why, view.state.value, words.clean(view.traceback))
    gates = [_gate(it) for it in verdicts]
    return Suite(name, view.tags.get("nbtrack.notebook", ""), view.start.started_ns, view.duration_s or 0.0, (*cells, whole, *gates))


def missing_suite(title: str, phase: str, why: str, file: str) -> Suite:
    """A stage that has no run: it was skipped, waited for one that failed, or could not be begun."""
    is_bad = phase in ("failed", "gate failed", "interrupted")
    case = Case("the whole notebook", problem=why or phase, kind=phase) if is_bad else Case("the whole notebook", skipped=why or phase)
    return Suite(title, file, time.time_ns(), 0.0, (case,))


def junit_xml(suites: Iterable[Suite]) -> bytes:
    """The document, as Jenkins, GitLab and GitHub's actions read it."""
    suites = list(suites)
    all_cases = [case for suite in suites for case in suite.cases]
    root = ET.Element("testsuites", {"name": "nbtrack", **_counts(all_cases, sum(it.seconds for it in suites))})
    for suite in suites:
        began = datetime.fromtimestamp(suite.began_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        skipped = str(sum(bool(it.skipped) for it in suite.cases))
        facts = {"name": _text(suite.name), "timestamp": began, **_counts(suite.cases, suite.seconds), "skipped": skipped}
        element = ET.SubElement(root, "testsuite", facts)
        for case in suite.cases:
            _case(element, suite, case)
    ET.indent(root, " ")
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ET.Element, of: Suite, case: Case) -> None:
    element = ET.SubElement(suite, "testcase", classname=_text(of.name), name=_text(case.name), time=f"{case.seconds:.3f}")
    if case.skipped:
        ET.SubElement(element, "skipped", message=_text(case.skipped))
    elif case.problem:
        ET.SubElement(element, "failure", message=_text(case.problem), type=_text(case.kind or "failed")).text = _text(case.text or case.problem)
    if case.output:
        ET.SubElement(element, "system-out").text = _text(case.output)


def _counts(cases: Sequence[Case], seconds: float) -> dict[str, str]:
    failures = sum(bool(it.problem) and not it.skipped for it in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "time": f"{seconds:.3f}"}


def _cells(home: Home, view: RunView) -> list[Case]:
    """Cases of the code cells: of what papermill left, else of the snapshot."""
    for path in (_OUTPUT, _EXECUTED):
        data = files.read(home, view, path)
        if data is None:
            continue
        try:
            cells = json.loads(data)["cells"]
            code = [it for it in cells if it.get("cell_type") == "code" and not _is_injected(it)]
            return [_cell(number, it) for number, it in enumerate(code, 1)]
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return []


def _is_injected(cell: dict[str, Any]) -> bool:
    """The cell that sets given params is none of the user's, and no number is counted for it."""
    tags = (cell.get("metadata") or {}).get("tags") or []
    return "injected-parameters" in tags and not any(it.get("output_type") == "error" for it in cell.get("outputs") or [])


def line_of(notebook: Path, cell: int) -> int:
    """The line of a notebook's file where a code cell begins; 1 where it cannot be told."""
    try:
        lines = notebook.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return 1
    begins = [number for number, line in enumerate(lines, 1) if line.strip().rstrip(",") == '"cell_type": "code"']
    return begins[cell - 1] if 0 < cell <= len(begins) else 1


def _cell(number: int, cell: dict[str, Any]) -> Case:
    source = _joined(cell.get("source"))
    first = next((line.strip() for line in source.splitlines() if line.strip()), "")
    name = words.clean(f"cell {number}: {words.short(first, _NAME)}" if first else f"cell {number}")
    facts = cell.get("metadata") or {}
    papermill, ours = facts.get("papermill") or {}, facts.get("nbtrack") or {}
    seconds = papermill.get("duration") or ((ours.get("ended_ns") or 0) - (ours.get("started_ns") or 0)) / 1e9
    outputs = cell.get("outputs") or []
    said = _cut(words.clean("".join(_joined(it.get("text")) for it in outputs if it.get("output_type") == "stream")))
    error = next((it for it in outputs if it.get("output_type") == "error"), None)
    may_raise = "raises-exception" in (facts.get("tags") or [])
    if error is not None and not may_raise:
        trace = _COLOURS.sub("", "\n".join(error.get("traceback") or []))
        text = _cut(words.clean(f"{source}\n\n{trace}"))
        return Case(
            name, max(0.0, seconds), words.clean(f"{error.get('ename')}: {error.get('evalue')}"), str(error.get("ename")), text, output=said, cell=number
        )
    is_begun = papermill.get("status") not in ("pending", None) or ours or outputs or cell.get("execution_count")
    return Case(name, max(0.0, seconds), output=said, cell=number, skipped="" if is_begun or not source.strip() else "a cell before it failed")


def _gate(it: Verdict) -> Case:
    why = words.clean(explained(it))
    if it.standing is Standing.FAILED:
        return Case(f"gate {it.gate}", 0.0, why, "gate", f"wanted {it.wanted}, measured {it.measured}\n{why}")
    skipped = "" if it.standing is Standing.PASSED else f"{it.standing}: {why}"
    return Case(f"gate {it.gate}", skipped=skipped)


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text or "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}\n[…]\n{text[-_LONGEST // 2 :]}"


def _text(text: str) -> str:
    """What XML can hold."""
    return _NO_XML.sub("\ufffd", _COLOURS.sub("", text))
