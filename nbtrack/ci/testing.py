"""The `tests:` section of `nbtrack.yaml`: how notebooks are run as tests."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nbtrack import specs
from nbtrack.entities import Metric
from nbtrack.errors import SpecError

RECORDED = "nbtrack-metrics.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NotebookTest(_Part):
    """How one notebook, or all that match a pattern, are tested."""

    params: dict[str, Any] = Field(default_factory=dict)
    """Values that make it quick, such as `epochs: 1`."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """Metrics it must end with."""
    tolerance: float | dict[str, float] | None = None
    """How far metrics may be off: a part of the value for large ones, absolute for small ones; for all, or by name."""
    timeout_s: float | None = Field(default=None, gt=0)
    """Seconds it may take."""
    markers: tuple[str, ...] = ()
    """Of pytest, such as `slow`."""
    skip: str = ""
    """Why it is not run."""


class TestsSpec(_Part):
    """The whole section."""

    params: dict[str, Any] = Field(default_factory=dict)
    """For every notebook that declares a parameter of that name."""
    tolerance: float | dict[str, float] = 0.01
    """Where a notebook says nothing else."""
    timeout_s: float | None = Field(default=None, gt=0)
    """Where a notebook says nothing else."""
    recorded: str = RECORDED
    """File of metrics that `--nbtrack-record` writes, and that later runs must meet."""
    exclude: tuple[str, ...] = ()
    """Patterns of notebooks that are no tests."""
    notebooks: dict[str, NotebookTest] = Field(default_factory=dict)
    """By path from the folder of `nbtrack.yaml`, or pattern; of several that match, later ones come on top."""

    def of(self, path: str) -> NotebookTest:
        """What holds for one notebook; `params` are those of its own, not of all."""
        found = NotebookTest(tolerance=self.tolerance, timeout_s=self.timeout_s)
        for pattern, it in self.notebooks.items():
            if fnmatchcase(path, pattern):
                given = {name: getattr(it, name) for name in it.model_fields_set}
                for name in ("params", "metrics"):
                    given[name] = {**getattr(found, name), **given.get(name, {})}
                given["markers"] = (*found.markers, *given.get("markers", ()))
                found = found.model_copy(update=given)
        return found

    def is_excluded(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self.exclude)


TestsSpec.__test__ = False  # type: ignore[attr-defined] # pytest takes a class of such a name for tests


def load(folder: Path) -> tuple[TestsSpec, Path]:
    """The section that holds in a folder, and the folder of its file; where there is none, what holds by itself.

    Raises:
        SpecError: it says what cannot be meant.
    """
    path = specs.find(folder)
    if path is None:
        return TestsSpec(), folder
    located = specs.read(path)
    found: TestsSpec = located.check(TestsSpec, ("tests",)) if located.at(("tests",)) is not None else TestsSpec()
    return found, path.parent


def deviations(wanted: Mapping[str, float], found: Mapping[str, Metric], tolerance: float | Mapping[str, float] | None) -> list[str]:
    """What is not as wanted, a line a metric."""
    lines = []
    for name, value in wanted.items():
        allowed = tolerance.get(name, 0.01) if isinstance(tolerance, Mapping) else 0.01 if tolerance is None else tolerance
        if name not in found:
            lines.append(f"{name} should be {value:g} and is missing; there are {', '.join(sorted(found)) or 'no metrics'}")
        elif not _is_near(found[name].last, value, allowed):
            lines.append(f"{name} should be {value:.6g} and is {found[name].last:.6g}: off by {abs(found[name].last - value):.3g}, tolerance {allowed:g}")
    return lines


def read_recorded(path: Path) -> dict[str, dict[str, float]]:
    """Metrics by notebook, as recorded; none where there is no such file.

    Raises:
        SpecError: it is damaged.
    """
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        return {str(name): {str(key): float(value) for key, value in it.items()} for name, it in found.items()}
    except (OSError, ValueError, AttributeError, TypeError) as cause:
        raise SpecError(path, [(0, "", f"it is no record of metrics: {cause}")]) from cause


def write_recorded(path: Path, metrics: Mapping[str, Mapping[str, float]]) -> None:
    """Add to a record; notebooks that were not run stay as they were."""
    found = {**read_recorded(path), **{name: dict(it) for name, it in metrics.items()}}
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")


def _is_near(value: float, wanted: float, tolerance: float) -> bool:
    if math.isnan(wanted) or math.isnan(value):
        return math.isnan(wanted) and math.isnan(value)
    return value == wanted or abs(value - wanted) <= tolerance * max(1.0, abs(wanted))
