"""Annotations as GitLab reads them: a Code Quality report.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format: a list of objects with `description`, `check_name`, `fingerprint` (what is the
same in two jobs has the same one, and what has the same one in a report is told once), `severity` (`info`, `minor`, `major`, `critical`, `blocker`),
`location.path` (from the top of the repository, not beginning with `./`) and `location.lines.begin`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from nbtrack.ci.provider import Annotation

QUALITY = "codequality.json"
_SEVERITIES = {"error": "major", "warning": "minor"}


def quality_text(annotations: Sequence[Annotation]) -> str:
    """The file `codequality.json`. What is about no file of the repository has no place in it."""
    found, known = [], dict[str, int]()
    for it in annotations:
        if not it.file:
            continue
        what = f"{it.file}\0{it.check}\0{it.title}"  # neither line nor numbers: a cell that moved down is the same cell
        known[what] = number = known.get(what, 0) + 1
        fingerprint = hashlib.sha256(f"{what}\0{number}".encode("utf-8", "backslashreplace")).hexdigest()
        found.append(
            {
                "description": f"{it.title}: {it.text}", "check_name": f"nbtrack/{it.check}", "fingerprint": fingerprint,
                "severity": _SEVERITIES.get(it.level, "info"), "location": {"path": it.file, "lines": {"begin": it.line}},
            }
        )  # fmt: skip
    return json.dumps(found, indent=1) + "\n"
