"""A run's states, what is known when it starts, and which direction of a metric is better."""

from __future__ import annotations

import functools
import re
from dataclasses import field
from enum import StrEnum

from nbtrack.patterns import regex
from nbtrack.records import dataclass


class State(StrEnum):
    """MLflow's words for where a run is."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"

    @property
    def is_end(self) -> bool:
        return self is not State.RUNNING


@dataclass(frozen=True)
class RunStart:
    """What is known when a run starts; the journal's first event."""

    run_id: str
    """32 hexadecimal digits, fixed for ever; MLflow's own id of the run is given at delivery."""
    name: str
    experiment: str
    store: str
    """Tracking URI with the password taken out; the full one is told to the delivery process alone."""
    owner: str
    """Process that writes the run; its lock tells whether it lives."""
    started_ns: int
    """Nanoseconds since the epoch, UTC."""
    attempt: int = 1
    cell_key: str = ""
    """Digest of notebook and cell; attempts of one cell share it."""
    parent: str = ""
    """Run id of the parent run, or empty."""
    goal: str = ""
    """`max:NAME` or `min:NAME`, or empty."""
    tags: dict[str, str] = field(default_factory=dict)
    mlflow_run_id: str = ""
    """Set when the run was created in MLflow by others and is continued through the journal."""


_LOWER = regex(
    r"(^|[_\W])(loss|losses|err|error|errors|cost|mse|rmse|mae|mape|smape|msle|rmsle|nll|perplexity|ppl|logloss|mlogloss|merror|deviance|aic|bic"
    r"|regret|divergence|residual|residuals|rss|brier|hinge|huber|latency|fpr|fnr|wer|cer|eer|ece|fid|kld|l1|l2|inertia|distance|overfit|gap"
    r"|cross_?entropy|grad_norm|impurity|neg(ative)?_log_likelihood)($|[_\W\d])",
    re.IGNORECASE,
)
_NEGATED = regex(r"(^|[_\W])neg_(?!log_likelihood)", re.IGNORECASE)
"""sklearn's scorers: `neg_mean_squared_error` is higher where the model is better."""
_HUMP = regex(r"(?<=[a-z\d])(?=[A-Z])")


@functools.lru_cache(maxsize=4096)
def direction_of(metric: str, goal: str = "") -> str:
    """`min` where lower is better, else `max`; a goal naming the metric decides, then the words of its name."""
    way, _, name = goal.partition(":")
    if name == metric and way in ("min", "max"):
        return way
    words = _HUMP.sub("_", metric)
    return "min" if _LOWER.search(words) and not _NEGATED.search(words) else "max"


def best_of(metric: str, lowest: float, highest: float, goal: str = "") -> float:
    """The better of the lowest and the highest value."""
    return lowest if direction_of(metric, goal) == "min" else highest
