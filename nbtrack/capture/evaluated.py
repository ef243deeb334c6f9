"""What a compiled Keras model calls the numbers of the list that it evaluates to."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from nbtrack.capture.known import bases_of, class_names, module_of, namespace_of, own_values
from nbtrack.capture.weave.kinds import path_of

_OWN = ("evaluate", "test_step", "metrics", "compile", "get_metrics_result")
"""What a class of the notebook may define, whose names are then not known."""


def evaluated(node: ast.expr | None, value: Any, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers by their names of `model.evaluate(X, y)`: the loss, then the metrics it was compiled with, in Keras's order.

    Empty where the model has several outputs, or a class of the notebook evaluates. Nothing of the model is called.

    Args:
        value: what the call gave.
        namespace: where the model is.
    """
    path = path_of(node.func) if isinstance(node, ast.Call) else []
    if type(value) is not list or len(path) != 2 or path[1] != "evaluate":
        return {}
    model = namespace.get(path[0])
    if "keras.src.models.model.Model" not in class_names(model):
        return {}
    own_bases = takewhile(lambda kind: not module_of(kind).startswith("keras."), bases_of(type(model)))
    if any(not namespace_of(kind).keys().isdisjoint(_OWN) for kind in own_bases):
        return {}
    own = own_values(model)
    held = own_values(own.get("_compile_metrics"))
    lists = [own_values(it) for kept in ("_flat_metrics", "_flat_weighted_metrics") for it in _items(held.get(kept)) if it is not None]
    if any(it.get("output_name") is not None for it in lists):
        return {}
    them = [own.get("_loss_tracker"), *(metric for it in lists for metric in _items(it.get("metrics")))]
    them += [*_items(own_values(own.get("_compile_loss")).get("_metrics")), *_items(own.get("_metrics"))]
    names = [name for it in them if type(name := own_values(it).get("name")) is str]
    return dict(zip(names, value, strict=True)) if len(set(names)) == len(names) == len(value) else {}


def _items(value: Any) -> list[Any]:
    return list.copy(value) if issubclass(type(value), list) else []
