"""Events: what a run's journal holds beside its points."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import Any

from nbtrack.records import dataclass


class Kind(StrEnum):
    """What an event says. A kind this release does not know is kept and passed over."""

    START = "start"  # the fields of RunStart
    SERIES = "series"  # key, name: the points with this key belong to this metric
    EXACT = "exact"  # name, step, value: an integer that a float cannot hold, as int(value, 0) reads it
    PARAM = "param"  # name, value; value is a text, or blob names one that is long
    TAG = "tag"  # name, value; value None takes the tag off
    ARTIFACT = "artifact"  # path, blob, size_bytes
    MODEL = "model"  # name, flavor, class_name, params, files ({path in the model's folder: [blob, size_bytes]}), size_bytes: a model in MLflow's format
    INPUT = "input"  # dataset: JSON of an MLflow dataset input
    NOTE = "note"  # text
    END = "end"  # state, reason, traceback; owner, where another process ends the run of one that is gone
    RESUME = "resume"  # owner: an ended run goes on
    TRASH = "trash"  # on: True moves the run to the trash, False takes it out
    NOTICE = "notice"  # text: something the user should know about this run


@dataclass(frozen=True)
class Event:
    """One event of a run."""

    kind: str
    timestamp_ns: int
    data: dict[str, Any] = field(default_factory=dict)
