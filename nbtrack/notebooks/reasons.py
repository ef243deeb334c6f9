"""What a stamp is made of: the answer, and the reasons for it."""

from __future__ import annotations

import json
from enum import StrEnum

from nbtrack.entities.ledger import Entry
from nbtrack.records import dataclass

STAMP_TAG, REASONS_TAG, DOCUMENT_TAG = "nbtrack.stamp", "nbtrack.stamp.reasons", "nbtrack.document"
NO, UNKNOWN, NOTE = "no", "unknown", "note"
RULES = {
    "out of order": NO,
    "re-run": NO,
    "edited": NO,
    "deleted": NO,
    "not executed": NO,
    "stops": NO,
    "failed": NO,
    "interrupted": NO,
    "input": NO,
    "randomness": NO,
    "output history": NO,
    "changed module": NO,
    "changed file": NO,
    "changed package": NO,
    "no document": UNKNOWN,
    "not saved": UNKNOWN,
    "recovered": UNKNOWN,
    "hidden randomness": UNKNOWN,
    "killed": UNKNOWN,
    "running": UNKNOWN,
    "unseen": UNKNOWN,
    "background": UNKNOWN,
    "clock": UNKNOWN,
    "network": UNKNOWN,
    "shell": UNKNOWN,
    "environment": UNKNOWN,
    "hash order": UNKNOWN,
    "directory order": UNKNOWN,
    "machine": UNKNOWN,
    "path": UNKNOWN,
    "install": UNKNOWN,
    "dirty git": NOTE,
}
"""What each reason comes to; a note changes nothing."""


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reason:
    """Why, and which executed cells it is about, by number."""

    rule: str
    cells: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Stamp:
    """The answer and its reasons, the heaviest first."""

    answer: Answer
    reasons: tuple[Reason, ...] = ()

    def as_json(self) -> str:
        """The reasons, as the tag `nbtrack.stamp.reasons` holds them."""
        return json.dumps([{"rule": it.rule, "cells": list(it.cells), "text": it.text} for it in self.reasons], ensure_ascii=False)


_BY_CODE = frozenset(
    {
        "edited",
        "deleted",
        "failed",
        "interrupted",
        "input",
        "randomness",
        "changed file",
        "not saved",
        "clock",
        "network",
        "shell",
        "environment",
        "directory order",
        "path",
        "install",
    }
)
"""Rules that stand on the code alone. Those about order stand on what objects share, which nobody has seen while the cell runs."""


def by_code(stamp: Stamp, why: Reason) -> Stamp:
    """The stamp of a cell that nobody has seen to its end: what its code alone tells, and why it is no more."""
    reasons = tuple(it for it in stamp.reasons if it.rule in _BY_CODE)
    is_no = any(RULES[it.rule] == NO for it in reasons)
    return Stamp(Answer.NO if is_no else Answer.UNKNOWN, (*reasons, why) if is_no else (why, *reasons))


def label(entry: Entry) -> str:
    """How a cell is called in texts: `[3]` as `In[3]`, else `#7`, its number in the history."""
    return f"[{entry.execution_count}]" if entry.execution_count is not None else f"#{entry.number}"
