"""Gate `fairness`: fairlearn's metrics of the run's model, by group."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nbtrack.amounts import counted
from nbtrack.gates import frames
from nbtrack.gates.gate import CannotTellError, Found, GateSpec, Subject, Text, need
from nbtrack.reads import words

if TYPE_CHECKING:
    from pandas import DataFrame

_READY = (
    "demographic_parity_difference", "demographic_parity_ratio", "equalized_odds_difference", "equalized_odds_ratio", "equal_opportunity_difference",
    "equal_opportunity_ratio",
)  # fmt: skip
_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "true_negative_rate", "false_negative_rate", "mean_prediction", "count")


class FairnessGate(GateSpec):
    """A model must treat groups alike."""

    kind: Literal["fairness"]
    data: Text
    """The table it is judged on, as a `data` gate takes it."""
    target: Text
    """Column of what is true."""
    sensitive: tuple[Text, ...] = Field(min_length=1)
    """Columns that tell the groups."""
    metric: Text = "demographic_parity_difference"
    """One of fairlearn's, or a metric of scikit-learn such as `accuracy_score`, which `compare` then turns into one number."""
    compare: Literal["difference", "ratio", "group_min", "group_max"] = "difference"
    """Of a metric by group: greatest difference, smallest ratio, the worst or best group's value."""
    threshold: float
    """At most for differences and `group_max`, at least for ratios and `group_min`."""
    model: Text = ""
    """Name of the run's model; empty means the only one."""
    predictions: Text = ""
    """Column that holds predictions already; then no model is asked."""
    features: tuple[Text, ...] = ()
    """Columns the model gets; none means all but target and predictions, and as the model's signature says."""
    positive: Any = None
    """Which value of the target is the good one; without it the greater of the two, as fairlearn has it."""
    min_group: int = Field(30, ge=1)
    """Rows of a group below which nothing can be said; then the gate has not passed."""

    def check(self, subject: Subject) -> Found:
        metrics = need("fairlearn.metrics", "fairlearn", "A fairness gate")
        table = frames.frame(self.data, subject)
        lacking = [it for it in (self.target, *self.sensitive, self.predictions) if it and it not in table.columns]
        if lacking:
            raise CannotTellError(f"{self.data} has no column {', '.join(lacking)}.", mend=f"It has {', '.join(map(str, table.columns))}.")
        groups = table[list(self.sensitive)]
        if groups.isna().to_numpy().any():
            raise CannotTellError(
                f"{', '.join(self.sensitive)} has missing values: rows of no known group.", mend="Give those rows a group, or leave them out."
            )
        predicted, true = self._predictions(table, subject), table[self.target].to_numpy()
        if self.positive is not None:
            if self.positive not in set(true):
                raise CannotTellError(f"{self.target} never is {self.positive!r}.", mend=f"It is one of {', '.join(map(str, sorted(set(true), key=str)[:5]))}.")
            true, predicted = (true == self.positive).astype(int), (predicted == self.positive).astype(int)
        sizes = groups.value_counts()
        small = sizes[sizes < self.min_group]
        if len(small):
            told = ", ".join(f"{_group(key)} has {count}" for key, count in small.items())
            raise CannotTellError(f"Groups are too small to say: {told} of min_group {self.min_group}.", mend="Judge on more rows, or join groups.")
        try:
            number, by_group = self._measure(metrics, true, predicted, groups)
        except (ValueError, TypeError) as cause:
            raise CannotTellError(f"{self.metric} cannot be computed: {cause}", mend="Name the good outcome, positive: VALUE, or another metric.") from cause
        ratio = self.metric.endswith("_ratio") if self.metric in _READY else self.compare in ("ratio", "group_min")
        wanted = f"{self._name()} {'≥' if ratio else '≤'} {words.number(self.threshold)}"
        if math.isnan(number):
            raise CannotTellError(f"{self._name()} is NaN: a group has no rows that decide it.", mend="Judge on more rows.", wanted=wanted)
        passed = number >= self.threshold if ratio else number <= self.threshold
        rows = tuple((f"{_group(key)} (n = {sizes.get(key, 0):,})", f"{value:.4g}") for key, value in by_group.items())
        return Found(
            passed, number, wanted,
            f"by {', '.join(self.sensitive)} on {counted(len(table), 'row')}: " + ", ".join(f"{name} {value}" for name, value in rows[:6]),
            "" if passed else "Look at the groups' data first; fairlearn's reductions and postprocessing trade accuracy for parity.", rows,
        )  # fmt: skip

    def _name(self) -> str:
        if self.metric in _READY:
            return self.metric
        way = {"group_min": "lowest", "group_max": "highest"}.get(self.compare, f"{self.compare} of")
        return f"{way} {self.metric}"

    def _measure(self, metrics: Any, true: Any, predicted: Any, groups: DataFrame) -> tuple[float, dict[Any, float]]:
        """The number, and what stands behind it by group."""
        if self.metric in _READY:
            number = float(getattr(metrics, self.metric)(true, predicted, sensitive_features=groups))
            shown = "selection_rate" if self.metric.startswith("demographic") else "true_positive_rate"
            return number, _by_group(metrics.MetricFrame(metrics=getattr(metrics, shown), y_true=true, y_pred=predicted, sensitive_features=groups))
        function = (
            getattr(metrics, self.metric, None)
            if self.metric in _RATES
            else getattr(need("sklearn.metrics", "scikit-learn", "A fairness gate"), self.metric, None)
        )
        if not callable(function):
            raise CannotTellError(f"There is no metric {self.metric!r}.", mend=f"Name one of {', '.join(_READY + _RATES)}, or of sklearn.metrics.")
        frame = metrics.MetricFrame(metrics=function, y_true=true, y_pred=predicted, sensitive_features=groups)
        return float(getattr(frame, self.compare)()), _by_group(frame)

    def _predictions(self, table: DataFrame, subject: Subject) -> Any:
        import numpy as np

        if self.predictions:
            return table[self.predictions].to_numpy()
        from nbtrack.store.models import load

        with subject.model(self.model) as folder:
            model = load(folder)
            names = list(self.features) or inputs_of(model) or [it for it in table.columns if it != self.target]
            lacking = [it for it in names if it not in table.columns]
            if lacking:
                raise CannotTellError(f"{self.data} lacks what the model takes: {', '.join(map(str, lacking))}.", mend="Name the columns: features: [...].")
            rows = table[names]
            try:
                found = model.predict(rows)
            except Exception as cause:  # the user's model runs
                raise CannotTellError(
                    f"The model does not predict from {self.data}: {type(cause).__name__}: {cause}", mend="Name its columns: features: [...]."
                ) from cause
        found = np.asarray(found)
        return found.argmax(axis=1) if found.ndim == 2 and found.shape[1] > 1 else found.reshape(len(table), -1)[:, 0]


def inputs_of(model: Any) -> list[Any]:
    """Names of the columns the model's signature asks for, if it names them; else what the estimator itself remembers."""
    schema = model.metadata.get_input_schema()
    if schema is not None and schema.has_input_names():
        return list(schema.input_names())
    try:
        return list(model.get_raw_model().feature_names_in_)
    except Exception:  # noqa: BLE001 - flavors differ in whether they have one
        return []


def _by_group(frame: Any) -> dict[Any, float]:
    return {key: float(value) for key, value in frame.by_group.items()}


def _group(key: Any) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
