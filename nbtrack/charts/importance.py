"""Which params matter for a metric: a forest is fitted to the runs, and asked how much worse it gets without each param."""

from __future__ import annotations

import importlib
import logging
import math
from collections.abc import Sequence
from typing import Any

from nbtrack.amounts import counted
from nbtrack.charts.frame import number, shown, value_of
from nbtrack.charts.needs import need
from nbtrack.charts.rows import differing
from nbtrack.charts.shapes import Importance, ParamImportance
from nbtrack.entities import RunView

FEW = 20
"""Runs below which the answer is little more than a guess."""
_MANY = 1000
_FANOVA_RUNS, _FANOVA_TREES = 300, 32
_MOST_PARAMS = 50
_LEAST_EXPLAINED = 0.3


def importance(views: Sequence[RunView], metric: str) -> Importance:
    """Importance of every param that differs, the largest first; it sums up to 1.

    Raises:
        UsageError: scikit-learn is not installed.
    """
    having = [view for view in views if (value := value_of(view, metric)) is not None and math.isfinite(value)]
    names = differing(having)[0][:_MOST_PARAMS]
    answer = Importance(answer="importance", id=0, metric=metric, params=[], method="permutation in a random forest", warning="", says="")
    if len(having) < 3 or not names:
        answer["says"] = (
            f"Importance needs at least 3 runs with a finite {metric}; there are {len(having)}." if len(having) < 3 else "No param differs between the runs."
        )
        return answer
    import numpy as np

    random = np.random.default_rng(0)
    if len(having) > _MANY:
        having = [having[at] for at in sorted(random.choice(len(having), _MANY, replace=False))]
    y = np.array([value_of(view, metric) for view in having], float)
    table = np.column_stack([_feature([view.params.get(name) for view in having]) for name in names])
    shares, explained = _shares(table, y, np)
    fanova = fanova_shares(table, y)
    if fanova is not None:
        answer["method"] += "; beside it fANOVA, by optuna"
    order = np.argsort(-shares, kind="stable")
    answer["params"] = [
        _param(names[at], float(shares[at]), None if fanova is None else fanova[at], [view.params.get(names[at]) for view in having], y, np) for at in order
    ]
    if len(having) < FEW:
        answer["warning"] = f"{len(having)} runs are few: below {FEW}, importance is little more than a guess."
    elif explained < _LEAST_EXPLAINED:
        answer["warning"] = f"The params explain little of {metric} (R² {max(explained, 0):.2f} on runs the forest did not see)."
    if not shares.any():
        answer["says"] = f"No param explains {metric} in {counted(len(having), 'run')}."
    else:
        first = answer["params"][0]
        answer["says"] = f"{first['name']} matters most for {metric}: {shares[order[0]]:.0%} of what the params explain, in {len(having)} runs." + (
            f" {answer['warning']}" if answer["warning"] else ""
        )
    return answer


def _shares(table: Any, y: Any, np: Any) -> tuple[Any, float]:
    """Importance of each column, and how much of y the forest explains for runs it did not see."""
    forests = need("sklearn.ensemble", "scikit-learn", "Importance of params")
    inspection = need("sklearn.inspection", "scikit-learn", "Importance of params")
    if np.ptp(y) == 0:
        return np.zeros(table.shape[1]), 0.0
    has_votes = len(y) >= 8
    forest = forests.RandomForestRegressor(60, min_samples_leaf=1 if len(y) < 50 else 3, oob_score=has_votes, bootstrap=True, random_state=0)
    forest.fit(table, y)
    found = inspection.permutation_importance(forest, table, y, n_repeats=3, random_state=0)
    shares = np.maximum(found.importances_mean, 0)
    return shares / shares.sum() if shares.sum() > 0 else shares, float(forest.oob_score_) if has_votes else 1.0


def fanova_shares(table: Any, y: Any) -> list[float] | None:
    """How much of the variation each column explains alone, in the sense of functional ANOVA; None where optuna is not installed.

    Source:
        Hutter, Hoos, Leyton-Brown, "An efficient approach for assessing hyperparameter importance", ICML 2014.
    """
    import numpy as np

    try:
        optuna: Any = importlib.import_module("optuna")
    except ImportError:
        return None
    varying = [at for at in range(table.shape[1]) if np.ptp(table[:, at]) > 0]
    if not varying or np.ptp(y) == 0:
        return [0.0] * table.shape[1]
    if len(y) > _FANOVA_RUNS:
        chosen = np.sort(np.random.default_rng(0).choice(len(y), _FANOVA_RUNS, replace=False))
        table, y = table[chosen], y[chosen]
        varying = [at for at in varying if np.ptp(table[:, at]) > 0]
    spaces = {str(at): optuna.distributions.FloatDistribution(float(table[:, at].min()), float(table[:, at].max())) for at in varying}
    telling = logging.getLogger("optuna.storages._in_memory")  # it would print that a study was made
    level = telling.level
    telling.setLevel(logging.WARNING)
    try:
        study = optuna.create_study()
    finally:
        telling.setLevel(level)
    study.add_trials(
        [
            optuna.trial.create_trial(params={str(at): float(row[at]) for at in varying}, distributions=spaces, value=float(value))
            for row, value in zip(table, y, strict=True)
        ]
    )
    found = optuna.importance.get_param_importances(study, evaluator=optuna.importance.FanovaImportanceEvaluator(n_trees=_FANOVA_TREES, seed=0))
    return [float(found.get(str(at), 0.0)) for at in range(table.shape[1])]


def _feature(texts: Sequence[str | None]) -> Any:
    """A column of numbers: numbers as they are, texts by their order, what is missing below all."""
    import numpy as np

    numbers = [number(text) for text in texts]
    if all(value is not None for value, text in zip(numbers, texts, strict=True) if text is not None):
        known = [value for value in numbers if value is not None and math.isfinite(value)]
        low, high = (min(known), max(known)) if known else (0.0, 0.0)
        missing = low - (high - low or 1.0)
        return np.array([missing if value is None or math.isnan(value) else min(max(value, missing), high + (high - low or 1.0)) for value in numbers], float)
    kinds = {kind: at for at, kind in enumerate(sorted({text for text in texts if text is not None}))}
    return np.array([-1 if text is None else kinds[text] for text in texts], float)


def _param(name: str, share: float, fanova: float | None, texts: Sequence[str | None], y: Any, np: Any) -> ParamImportance:
    numbers = [number(text) for text in texts]
    correlation: float | None = None
    if all(value is not None for value, text in zip(numbers, texts, strict=True) if text is not None):
        has = np.array([value is not None and math.isfinite(value) for value in numbers])
        x = np.array([value if value is not None else math.nan for value in numbers])[has]
        correlation = spearman(x, y[has])
    return ParamImportance(name=shown("name", name), importance=share, fanova=fanova, correlation=correlation, count=sum(text is not None for text in texts))


def spearman(x: Any, y: Any) -> float | None:
    """Spearman's correlation of ranks; None where one side does not vary."""
    import numpy as np

    if len(x) < 3:
        return None
    first, second = (_ranks(it) for it in (x, y))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Any) -> Any:
    """Ranks from 0; equals share the middle one."""
    import numpy as np

    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts + 1) / 2)[of]
