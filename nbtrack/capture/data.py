"""Data that a run uses: its name, digest, size and source, and the input event that tells of them."""

from __future__ import annotations

import json
import re
from typing import Any

from nbtrack.patterns import regex
from nbtrack.records import dataclass

_TRAINING = regex(r"(^|[_\W])train(ing)?($|[_\W\d])", re.IGNORECASE)
_EVALUATION = regex(r"(^|[_\W])(test(ing)?|val(id|idation)?|eval(uation)?|holdout)($|[_\W\d])", re.IGNORECASE)


@dataclass(frozen=True)
class Data:
    """What one call read."""

    name: str
    """The file's name, or the function's: `load_iris`."""
    rule: str
    digest: str
    source_type: str
    source: dict[str, Any]
    at: int
    """Number of the statement in its cell; -1 where only its call was seen."""
    rows: int | None = None
    columns: int | None = None
    schema: dict[str, Any] | None = None
    context: str = ""
    is_brief: bool = False
    """The budget had been used: nothing but its size was looked at."""
    is_made: bool = False
    """A torch Dataset of values, or of a class of the notebook: data only where the code it comes from reads some."""

    def as_input(self) -> dict[str, Any]:
        """As an `input` event holds it."""
        profile = {key: value for key, value in (("rows", self.rows), ("columns", self.columns), ("num_rows", self.rows)) if value is not None}
        facts = {
            "name": self.name, "digest": self.digest[:36], "source_type": self.source_type, "source": json.dumps(self.source),
            "schema": None if self.schema is None else json.dumps(self.schema), "profile": json.dumps(profile) if profile else None,
        }  # fmt: skip
        return {"dataset": facts, "tags": {"mlflow.data.context": self.context} if self.context else {}}


def context_of(told: str) -> str:
    """`training` or `evaluation`, where the names of data say one of them; else empty."""
    is_training, is_evaluation = _TRAINING.search(told) is not None, _EVALUATION.search(told) is not None
    return "" if is_training == is_evaluation else "training" if is_training else "evaluation"
