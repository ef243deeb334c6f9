"""What a gate says of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a gate that says no stands for."""

    ERROR = "error"
    WARNING = "warning"


class Standing(StrEnum):
    """What a verdict counts for."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    """It says no, and is a warning alone."""
    WAIVED = "waived"
    """It says no, and somebody answers for letting it pass."""


@dataclass(frozen=True)
class Waiver:
    """Somebody lets a gate's no pass, for a while."""

    who: str
    why: str
    until: str
    """Last day, as 2026-12-31."""
    is_over: bool = False

    def __str__(self) -> str:
        return f"{self.who}, {'ended' if self.is_over else 'until'} {self.until}: {self.why}"


@dataclass(frozen=True)
class Verdict:
    """One gate's answer."""

    gate: str
    """Its name in the file."""
    kind: str
    passed: bool
    measured: float | str | None
    """None where there was nothing to measure; then it has not passed."""
    wanted: str
    why: str
    mend: str = ""
    """The next step; empty where it passed."""
    severity: Severity = Severity.ERROR
    waiver: Waiver | None = None
    details: tuple[tuple[str, str], ...] = ()
    """What else was measured, in words: name and text."""

    @property
    def standing(self) -> Standing:
        if self.passed:
            return Standing.PASSED
        if self.waiver is not None and not self.waiver.is_over:
            return Standing.WAIVED
        return Standing.WARNED if self.severity is Severity.WARNING else Standing.FAILED
