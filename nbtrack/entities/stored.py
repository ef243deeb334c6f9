"""A run as a store has it: what the local index keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from nbtrack.entities.run import State


@dataclass(frozen=True)
class StoredMetric:
    """One metric of a stored run. Where the store tells the last point alone, `count` is -1 and nothing is known of the others."""

    last: float
    step: int
    lowest: float = float("nan")
    lowest_step: int = 0
    highest: float = float("nan")
    highest_step: int = 0
    count: int = -1


@dataclass(frozen=True)
class StoredRun:
    """One run of the store, by MLflow's id."""

    mlflow_run_id: str
    name: str
    experiment: str
    state: State
    started_ms: int
    ended_ms: int | None
    is_trashed: bool
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, StoredMetric] = field(default_factory=dict)
