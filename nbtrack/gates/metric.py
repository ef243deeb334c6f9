"""Gate `metric`: a metric of the run beyond a threshold."""

from __future__ import annotations

import math
from typing import Literal

from nbtrack.entities import Metric, RunView
from nbtrack.gates.gate import CannotTellError, Found, GateSpec, Subject, Text
from nbtrack.reads import words


class MetricGate(GateSpec):
    """A metric of the run must reach a threshold."""

    kind: Literal["metric"]
    metric: Text
    """Its name."""
    threshold: float
    """The value it must reach: at least, or at most where lower is better."""
    greater_is_better: bool | None = None
    """Without it, the run's goal and the metric's name decide."""
    value: Literal["last", "best"] = "last"
    """Of a curve: which point counts."""

    def check(self, subject: Subject) -> Found:
        found = metric_of(subject.view, self.metric)
        greater = found.direction == "max" if self.greater_is_better is None else self.greater_is_better
        number, run = self._number(found, greater), subject.view.run_id[:8]
        wanted = f"{self.metric} {'≥' if greater else '≤'} {words.number(self.threshold)}"
        if math.isnan(number):
            raise CannotTellError(f"{self.metric} is NaN.", mend=f"See why training diverged: nbtrack show {run}.", wanted=wanted)
        passed = number >= self.threshold if greater else number <= self.threshold
        near = f"{number:.10g} is {words.number(abs(number - self.threshold))} {'above' if number >= self.threshold else 'below'} the threshold"
        mend = "" if passed else f"See what changed since a run that passed: nbtrack diff RUN {run}; or change the threshold of {self.metric} and say why."
        return Found(passed, number, wanted, near, mend)

    def _number(self, found: Metric, greater: bool) -> float:
        """The point that counts. A NaN among the points of a curve makes its last point NaN, or is no best."""
        if self.value == "last" or found.count == 1:
            return found.last
        return found.highest if greater else found.lowest


def metric_of(view: RunView, name: str) -> Metric:
    """A metric of a run.

    Raises:
        CannotTellError: it has none of that name; names the nearest.
    """
    if (found := view.metrics.get(name)) is not None:
        return found
    import difflib

    known = list(words.metrics_of_code(view))
    near = difflib.get_close_matches(name, known, 1)
    mend = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(known[:8])}." if known else "Log it: nbtrack.log, or -m on the %%track line."
    raise CannotTellError(f"{words.title(view)} has no metric {name!r}.", mend=mend)
