"""A report's folder: what a job keeps as its artifacts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from nbtrack.ci import draw_html, draw_markdown
from nbtrack.ci.junit import Suite, junit_xml
from nbtrack.ci.letter import LETTER, letter_text
from nbtrack.ci.provider import Annotation
from nbtrack.ci.quality import QUALITY, quality_text
from nbtrack.ci.report import Report
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.replay import files
from nbtrack.secrets.notebook import scan_notebook
from nbtrack.secrets.scanner import Scanner

METRICS = "metrics.json"
_NOTEBOOKS = ("notebook/output.ipynb", "notebook/executed.ipynb")


def see_that_it_is_ours(folder: Path) -> None:
    """Refuse a folder in which something of the user's lies.

    Raises:
        UsageError: it is no folder, or holds files and no report.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / METRICS).is_file())):
        raise UsageError(f"{folder} holds something that is no report of nbtrack's.", mend="Name a new folder: --report-dir DIR.")


def write(folder: Path, report: Report, suites: Sequence[Suite], home: Home, key: str, annotations: Sequence[Annotation]) -> None:
    """Write `report.md`, `.html` and `.json`, `metrics.json`, `comment.json`, `codequality.json`, `junit.xml`, the figures and the executed notebooks,
    over those of the job before.

    Args:
        key: what the comment is about, by which it is found again.
        annotations: what is told at places in files.

    Raises:
        UsageError: they cannot be written.
    """
    blocks = report.blocks()
    texts = {
        METRICS: json.dumps(report.metrics(), indent=1, ensure_ascii=False) + "\n",
        "report.md": draw_markdown.draw(report.title, blocks, files=quote),
        "report.html": draw_html.draw(report.title, blocks),
        LETTER: letter_text(key, report.title, blocks),
        QUALITY: quality_text(annotations),
        "report.json": json.dumps(report.as_data(), indent=1, ensure_ascii=False, default=str) + "\n",
    }
    try:
        (folder / "notebooks").mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8", "backslashreplace")
        (folder / "junit.xml").write_bytes(junit_xml(suites))
        for picture in (it for part in report.parts for it in part.figures if it.file):
            (folder / picture.file).parent.mkdir(exist_ok=True)
            (folder / picture.file).write_bytes(base64.b64decode(picture.uri.partition(",")[2]))
        for part in report.parts:
            data = next((found for path in _NOTEBOOKS if (found := files.read(home, part.head, path)) is not None), None)
            if data is not None:
                masked = scan_notebook(Scanner(), data)
                slug = re.sub(r"[^\w.=-]+", "-", part.title).strip("-.")[:80] or part.head.run_id[:8]
                (folder / "notebooks" / f"{slug}.ipynb").write_bytes(data if masked is None else masked[0])
    except OSError as cause:
        raise UsageError(f"{folder} cannot be written: {cause.strerror or cause}.", mend="Name another folder: --report-dir DIR.") from cause
