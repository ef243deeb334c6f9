"""Gate `data`: a table keeps its schema, meets a Great Expectations suite, and has not drifted from a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from nbtrack.amounts import counted
from nbtrack.gates import frames
from nbtrack.gates.drift import drift
from nbtrack.gates.expectations import unmet
from nbtrack.gates.gate import CannotTellError, Found, GateSpec, Strict, Subject, Text
from nbtrack.gates.schema import violations

if TYPE_CHECKING:
    from pandas import DataFrame

_SHOWN = 5


class DriftSpec(Strict):
    """How far columns may move from a reference."""

    reference: Text
    """The table of before, as `data` takes it."""
    columns: tuple[Text, ...] = ()
    """Which; none means all of the reference."""
    psi: float = Field(0.2, gt=0)
    """Population stability index above which a column has moved."""
    alpha: float = Field(0.01, gt=0, lt=1)
    """P-value, shared among the columns, below which that is not chance."""
    bins: int = Field(10, ge=2, le=1000)
    """Of numeric columns."""
    missing: float = Field(0.05, ge=0, le=1)
    """How much the share of missing values may grow or shrink."""
    min_rows: int = Field(50, ge=2)
    """Values below which nothing can be said; then the gate has not passed."""


class DataGate(GateSpec):
    """A table must be what it should be."""

    kind: Literal["data"]
    data: Text
    """A file beside `nbtrack.yaml`, a dataset of the run by its name, or a function: `FILE.py:NAME`."""
    schema_: Text = Field("", alias="schema")
    """A pandera schema: a YAML file as pandera writes it, or `FILE.py:NAME` of a schema or model."""
    suite: Text = ""
    """A Great Expectations suite: a JSON file as it writes it."""
    drift: DriftSpec | None = None
    """How far columns may move from a reference."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.schema_ or self.suite or self.drift):
            raise ValueError("a data gate needs a schema, a suite or drift to look at")
        return self

    def check(self, subject: Subject) -> Found:
        table = frames.frame(self.data, subject)
        details: list[tuple[str, str]] = [("data", f"{self.data}: {frames.profile(table)}")]
        failures: list[str] = []
        wanted: list[str] = []
        if self.schema_:
            wanted.append(f"schema {self.schema_}")
            failures += _told(details, "schema", violations(self.schema_, table, subject.folder))
        if self.suite:
            wanted.append(f"suite {self.suite}")
            failures += _told(details, "suite", unmet(self.suite, table, subject))
        worst: float | None = None
        if self.drift is not None:
            wanted.append(f"PSI ≤ {self.drift.psi:g}")
            worst, moved = self._drift(self.drift, table, subject, details)
            failures += moved
        why = "; ".join(failures[:_SHOWN]) + (f"; and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else "")
        measured: float | str = worst if worst is not None and len(wanted) == 1 else counted(len(failures), "failure")
        held = f"all holds of {frames.profile(table)}" + (f", highest PSI {worst:.3f}" if worst is not None else "")
        return Found(
            not failures, measured, ", ".join(wanted), why or held,
            "Look at the data before the model: what changed at their source? If they are right, renew schema, suite or reference." if failures else "",
            tuple(details),
        )  # fmt: skip

    def _drift(self, spec: DriftSpec, table: DataFrame, subject: Subject, details: list[tuple[str, str]]) -> tuple[float, list[str]]:
        """The highest PSI, and what moved."""
        reference = frames.frame(spec.reference, subject)
        columns = list(spec.columns) or [str(it) for it in reference.columns]
        by_name = [{str(it): it for it in frame.columns} for frame in (reference, table)]
        failures: list[str] = []
        highest = 0.0
        for column in columns:
            lacking = [what for what, names in zip(("the reference", "the data"), by_name, strict=True) if column not in names]
            if lacking:
                failures.append(f"{column} is missing from {' and '.join(lacking)}")
                continue
            found = drift(column, _column(reference, by_name[0][column]), _column(table, by_name[1][column]), spec.bins)
            details.append((f"drift of {column}", str(found)))
            highest = max(highest, found.psi)
            if min(found.sizes) < spec.min_rows and not found.has_more_missing(spec.missing):
                failures.append(f"{column}: {counted(min(found.sizes), 'value is', 'values are')} too few to say (min_rows: {spec.min_rows})")
            elif why := found.moved(psi=spec.psi, alpha=spec.alpha / len(columns), missing=spec.missing):
                failures.append(why)
        if not columns:
            raise CannotTellError(f"{spec.reference} has no columns.", mend="Name another reference.")
        return highest, failures


def _told(details: list[tuple[str, str]], what: str, found: list[str]) -> list[str]:
    details.append((what, "holds" if not found else f"{len(found)} do not hold"))
    return found


def _column(frame: DataFrame, name: Any) -> Any:
    """One column; of several with the same name the first."""
    found = frame[name]
    return found.iloc[:, 0] if found.ndim > 1 else found
