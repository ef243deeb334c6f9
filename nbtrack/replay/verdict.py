"""What a reproduction came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Any

from nbtrack.replay.compare import Difference

VERDICT_TAG, RUN_TAG, WHY_TAG = "nbtrack.verdict", "nbtrack.verdict.run", "nbtrack.verdict.why"


class Answer(StrEnum):
    """The verdicts there are."""

    IDENTICAL = "identical"
    WITHIN = "within tolerance"
    DIFFERENT = "different"
    NOT_RUNNABLE = "not runnable"

    @property
    def exit_code(self) -> int:
        return {Answer.IDENTICAL: 0, Answer.WITHIN: 0, Answer.DIFFERENT: 1, Answer.NOT_RUNNABLE: 2}[self]


_COLOURS = {Answer.IDENTICAL: "#2e7d32", Answer.WITHIN: "#2e7d32", Answer.DIFFERENT: "#c62828", Answer.NOT_RUNNABLE: "#b26a00"}


@dataclass(frozen=True)
class Reproduction:
    """The verdict, and what it rests on."""

    answer: Answer
    why: str
    """For people: what differs first, or why it cannot be executed; empty for identical."""
    of: str
    """Id of the run that was reproduced."""
    name: str
    run_id: str = ""
    """The new run, or empty where none was begun."""
    cell: int = 0
    """First diverging cell of the recipe, from 1; 0 where there is none."""
    differences: tuple[Difference, ...] = ()
    unjudged: tuple[str, ...] = ()
    """Metrics that measure time, which were not judged."""
    packages: tuple[str, ...] = ()
    """Versions, and modules of the user's own, that are others here."""
    compared: str = ""
    """What was held against each other."""

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "verdict": str(self.answer), "why": self.why, "run": self.of, "name": self.name, "new_run": self.run_id, "cell": self.cell,
            "differences": [it.__dict__ for it in self.differences], "not_judged": list(self.unjudged), "packages": list(self.packages),
            "compared": self.compared, "exit_code": self.answer.exit_code,
        }  # fmt: skip

    def _lines(self) -> list[str]:
        return [
            *([self.why] if self.why else []),
            *([f"compared: {self.compared}"] if self.compared else []),
            *([f"not judged, as they measure time: {', '.join(self.unjudged)}"] if self.unjudged else []),
            *([f"other versions: {'; '.join(self.packages)}"] if self.packages else []),
            *([f"new run: {self.run_id[:12]}"] if self.run_id else []),
        ]

    def __repr__(self) -> str:
        return "\n  ".join([f"{self.name} ({self.of[:8]}) reproduced: {self.answer}", *self._lines()])

    def _repr_html_(self) -> str:
        colour = _COLOURS[self.answer]
        rows = "".join(f'<div style="padding-left:1.2em">{escape(line)}</div>' for line in self._lines())
        return (
            f'<div style="font-size:12px;border-left:3px solid {colour};padding:2px 8px">{escape(self.name)} reproduced: '
            f'<b style="color:{colour}">{self.answer}</b>{rows}</div>'
        )
