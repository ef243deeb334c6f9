"""First rows and columns of what a kept model was fitted on: its signature and input example."""

from __future__ import annotations

import ast
import re
from typing import Any

from nbtrack.capture.calls import MISSING, argument, calls_in, root_of, value_of
from nbtrack.capture.fits import Seen
from nbtrack.capture.flavors import FITTING, own_facts
from nbtrack.capture.schemas import Sample, is_frame, is_of, named_columns, output_of, sample_of, shape_of
from nbtrack.capture.source import Cell


def example_of(cell: Cell, name: str, model: Any, flavor: str, seen: Seen | None) -> tuple[Sample | None, list[dict[str, Any]] | None]:
    """The first rows the model was fitted on, and what it predicts: as its fit was seen, else from the call in the code, else its columns alone."""
    if seen is not None and seen.sample is not None:
        return seen.sample, output_of(model, seen.target_shape) if flavor == "sklearn" else None
    sample, target = _from_code(cell, name, model, flavor)
    if sample is None and flavor == "statsmodels":
        sample = _statsmodels_sample(model)
    if sample is None:
        sample = _columns_alone(model)
    return sample, output_of(model, target) if sample is not None and flavor in ("sklearn", "xgboost", "lightgbm") else None


def _from_code(cell: Cell, name: str, model: Any, flavor: str) -> tuple[Sample | None, tuple[int, int | None] | None]:
    if flavor == "pytorch":
        values = [cell.namespace.get(name) for name in inputs_of(cell, name)]
        return next((sample_of(value) for value in values if is_of(value, "torch", "Tensor")), None), None
    columns = own_facts(model).get("n_features_in_")
    for call in reversed([call for call in calls_in(cell.entry.tree) if isinstance(call.func, ast.Attribute) and call.func.attr in FITTING]):
        given = value_of(argument(call, 0, "X", "x"), cell.namespace)
        if given is MISSING:
            continue
        sample = sample_of(given)
        is_of_this = root_of(call.func) == name or (columns is not None and sample is not None and sample.columns == columns)
        if sample is not None and is_of_this:
            target = value_of(argument(call, 1, "y"), cell.namespace)
            return sample, None if target is MISSING else shape_of(target)
    return None, None


def _statsmodels_sample(results: Any) -> Sample | None:
    """What the model was given: the frame of a formula, else the regressors."""
    facts = own_facts(results)
    facts = own_facts(facts["_results"]) if "_results" in facts else facts
    data = own_facts(own_facts(facts.get("model")).get("data"))
    frame: Any = data.get("frame")
    if is_frame(frame) and (asked := own_facts(facts.get("model")).get("exog_names") or data.get("xnames")):
        named = " ".join(map(str, asked)) if isinstance(asked, (list, tuple)) else ""
        used = [name for name in frame.columns if isinstance(name, str) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", named)]
        return sample_of(frame[used]) if used else None
    return sample_of(data.get("orig_exog", data.get("exog")))


def _columns_alone(model: Any) -> Sample | None:
    facts = own_facts(model)
    names, count = facts.get("feature_names_in_"), facts.get("n_features_in_", facts.get("_n_features"))
    if is_of(model, "xgboost", "Booster"):
        names, count = model.feature_names, model.num_features()
    elif is_of(model, "lightgbm", "Booster"):
        names = None
        count = model.num_feature()
    if names is not None and len(names):
        return Sample(named_columns(names), None, True, len(names))
    if isinstance(count, int) and count > 0:
        return Sample([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, count]}}], None, False, count)
    return None


def inputs_of(cell: Cell, name: str) -> list[str]:
    """Names that some call in the notebook's code gives to the model of this name, the tracked cell's first."""
    found: dict[str, None] = {}
    for entry in (cell.entry, *cell.ledger.before(cell.entry)):
        if f"{name}(" in entry.code:
            for call in calls_in(entry.tree):
                function, given = call.func, argument(call, 0)
                called = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
                if called == name and isinstance(given, ast.Name):
                    found[given.id] = None
    return list(found)
