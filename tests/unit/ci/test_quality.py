"""Annotations as GitLab's Code Quality report."""

import json

from jsonschema import Draft202012Validator

from nbtrack.ci.provider import Annotation
from nbtrack.ci.quality import quality_text

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)."},
                    "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                },
            },
        },
    },
}
"""What https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format asks for; GitLab's own file of it asks for less, and no check_name."""


def told(*annotations):
    found = json.loads(quality_text(annotations))
    Draft202012Validator(SCHEMA).validate(found)
    return found


def test_a_cell_that_failed_is_told_at_its_line():
    (it,) = told(Annotation("error", "nb/train.ipynb", "train, cell 2: 1 / 0", "ZeroDivisionError: division by zero", 31))
    assert it["location"] == {"path": "nb/train.ipynb", "lines": {"begin": 31}} and it["severity"] == "major" and it["check_name"] == "nbtrack/cell"
    assert it["description"] == "train, cell 2: 1 / 0: ZeroDivisionError: division by zero"


def test_what_is_the_same_in_two_jobs_has_the_same_fingerprint_and_others_have_others():
    def marks(*annotations):
        return [it["fingerprint"] for it in told(*annotations)]

    first = Annotation("error", "a.ipynb", "train, gate accurate", "0.7 is below", 1, "gate")
    later = Annotation("error", "a.ipynb", "train, gate accurate", "0.6 is below", 9, "gate")
    assert marks(first) == marks(later)
    several = marks(
        first, first, Annotation("error", "b.ipynb", first.title, "x", 1, "gate"), Annotation("warning", "a.ipynb", "train, gate fair", "x", 1, "gate")
    )
    assert len(set(several)) == 4


def test_what_is_about_no_file_of_the_repository_has_no_place_and_strange_names_are_text():
    assert told(Annotation("error", "", "t", "x")) == []
    (it,) = told(Annotation("warning", "a\ud800.ipynb", "<b>\n::error::", "x"))
    assert it["severity"] == "minor" and it["description"] == "<b>\n::error::: x"
