"""Holding gates against a run: one verdict each, whatever happens on the way."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from nbtrack.capture.current import attach
from nbtrack.entities import RunView
from nbtrack.entities.verdict import Severity, Standing, Verdict, Waiver
from nbtrack.errors import JournalError, MissingPackageError, NbtrackError, StoreError
from nbtrack.exits import Exit
from nbtrack.gates.gate import GATES_TAG, Gate, Subject
from nbtrack.journal import Home
from nbtrack.reads import words
from nbtrack.replay import files

STANDINGS_TAG, WAIVED_TAG = "nbtrack.gates.verdicts", "nbtrack.gates.waived"
ARTIFACT = "gates/verdicts.json"


@dataclass(frozen=True)
class Verdicts:
    """What all gates say of one run."""

    run_id: str
    title: str
    file: str
    """Where the gates stand."""
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether none says no that counts: warnings and waivers in force do not."""
        return not any(it.standing is Standing.FAILED for it in self.verdicts)

    @property
    def exit_code(self) -> Exit:
        return Exit.OK if self.passed else Exit.GATE

    def count(self, standing: Standing) -> int:
        return sum(it.standing is standing for it in self.verdicts)

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "run_id": self.run_id, "run": self.title, "file": self.file, "passed": self.passed, "exit_code": int(self.exit_code),
            "verdicts": [verdict_data(it) for it in self.verdicts],
        }  # fmt: skip


def check(
    home: Home, view: RunView, gates: Mapping[str, Gate], folder: Path, *, against: RunView | None = None, uri: str = "", file: str = "",
    tell: Callable[[str], None] = lambda _: None, today: date | None = None, is_alone: bool = False,
) -> Verdicts:  # fmt: skip
    """Ask every gate; one that fails does not keep the others from being asked.

    Args:
        folder: where the gates' relative paths begin.
        against: the run to compare with, where the caller knows it.
        uri: full URI of the MLflow store.
        today: the day by which waivers end; None means now, in UTC.
        is_alone: the attempt before is no baseline; without `against` and without a pinned run there is none.

    Raises:
        MissingPackageError, StoreError: the machine is not ready to judge; that says nothing of the run.
    """
    subject = Subject(home, view, folder, against, uri, tell, is_alone)
    day = today or datetime.now(UTC).date()
    return Verdicts(view.run_id, words.title(view), file, tuple(_verdict(name, gate, subject, day) for name, gate in gates.items()))


def record(home: Home, found: Verdicts) -> None:
    """Keep the verdicts on the run: tags to search by, warnings and waivers told in words, and all of it as an artifact."""
    run = attach(home, found.run_id)
    if run is None:
        return
    run.tag(GATES_TAG, "passed" if found.passed else "failed")
    run.tag(STANDINGS_TAG, json.dumps({it.gate: str(it.standing) for it in found.verdicts}, ensure_ascii=False))
    waived = {it.gate: str(it.waiver) for it in found.verdicts if it.standing is Standing.WAIVED}
    run.tag(WAIVED_TAG, json.dumps(waived, ensure_ascii=False) if waived else None)
    run.artifact_bytes(ARTIFACT, json.dumps(found.as_data(), indent=1, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace") + b"\n")


def kept(home: Home, view: RunView) -> tuple[Verdict, ...]:
    """The verdicts that a run was given last; none where no gates were asked, or where they cannot be read."""
    try:
        found = json.loads(files.read(home, view, ARTIFACT) or b"{}").get("verdicts", [])
        return tuple(_read(it) for it in found)
    except (ValueError, TypeError, KeyError, AttributeError, JournalError):
        return ()


def verdict_data(it: Verdict) -> dict[str, Any]:
    """A verdict as JSON can hold it."""
    return {**asdict(it), "measured": _plain(it.measured), "standing": str(it.standing), "details": dict(it.details)}


def _read(facts: dict[str, Any]) -> Verdict:
    waiver = None if facts.get("waiver") is None else Waiver(**facts["waiver"])
    details = tuple((str(name), str(text)) for name, text in (facts.get("details") or {}).items())
    wanted, why, mend = (str(facts[name]) for name in ("wanted", "why", "mend"))
    passed = facts["passed"] is True
    return Verdict(str(facts["gate"]), str(facts["kind"]), passed, facts["measured"], wanted, why, mend, Severity(facts["severity"]), waiver, details)


def _verdict(name: str, gate: Gate, subject: Subject, today: date) -> Verdict:
    waiver = None
    if (it := gate.waiver) is not None:
        waiver = Waiver(it.who, it.why, it.until.isoformat(), is_over=today > it.until)
    try:
        found = gate.check(subject)
        facts = (found.passed, found.measured, found.wanted, found.why, found.mend, gate.severity, waiver, found.details)
        if isinstance(found.measured, float) and math.isnan(found.measured):
            facts = (
                False,
                None,
                found.wanted,
                f"{found.why}; NaN passes no gate",
                found.mend or "See where the NaN comes from.",
                gate.severity,
                waiver,
                found.details,
            )
    except (MissingPackageError, StoreError):
        raise
    except NbtrackError as error:
        facts = (False, None, getattr(error, "wanted", ""), error.message, error.mend, gate.severity, waiver, ())
    except Exception as error:  # noqa: BLE001 - a stranger's gate, or a library, may raise anything; that is no yes
        why = f"the gate itself failed: {type(error).__name__}: {words.clean(words.short(str(error), 300))}"
        facts = (False, None, "", why, f"Report it to who wrote the gate of kind {gate.kind}.", gate.severity, waiver, ())
    if waiver is not None and waiver.is_over and not facts[0]:
        facts = (*facts[:3], f"{facts[3]} (the waiver of {waiver.who} ended on {waiver.until})", *facts[4:])
    return Verdict(name, gate.kind, *facts)


def _plain(value: float | str | None) -> float | str | None:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
