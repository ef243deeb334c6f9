"""Models that were fitted or trained in the cell, kept in MLflow's format."""

from __future__ import annotations

import ast
import re
import threading
import time
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from nbtrack.capture.calls import MISSING, argument, calls_in, root_of, value_of
from nbtrack.capture.fits import Fits, Seen
from nbtrack.capture.flavors import Flavor, flavor_of, is_preprocessor, own_facts, parameters_of, unwrapped
from nbtrack.capture.known import home_of, module_of
from nbtrack.capture.mlmodel import ModelFolder, TooLargeError, TooSlowError, write_model
from nbtrack.capture.quiet import quiet
from nbtrack.capture.run import TrackedRun, as_text
from nbtrack.capture.schemas import Sample, is_frame, is_of, named_columns, output_of, sample_of, shape_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities.ledger import Entry, Ledger, reads_for
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_LEAST_S = 0.1
_PATIENCE_S = 10.0
_ITEMS = 50
_KEYS = (str, int, float, bool)
"""Classes of keys that are asked for their text; others would answer with code of the user's."""
_LOADED = regex(r"(^|_)(load|loads|read|from_pretrained)(_|$)")
_BEST = regex(r"(^|_)(best|final)(_|$)", re.IGNORECASE)
_METHODS = frozenset({"fit", "partial_fit", "fit_predict", "fit_transform", "train_on_batch"})


@dataclass
class _Found:
    """A model of the cell."""

    name: str
    model: Any
    flavor: Flavor
    order: tuple[int, int]
    rule: str
    holder: Any
    """What the name is bound to: the search whose best estimator the model is."""


class _Pending:
    """A model that is written in the background; the next cell waits for it, as it may fit the model again."""

    def __init__(self, folder: ModelFolder) -> None:
        self.folder, self.done = folder, threading.Event()


class Models(Source):
    """Fitted models among the names a cell binds, changes or calls functions with, and those its functions keep to themselves."""

    name = "models"
    kind = "models"

    def __init__(self) -> None:
        self._fits: dict[int, Fits] = {}
        self._marks: dict[int, dict[int, Any]] = {}
        self._pending: list[_Pending] = []

    def enter(self, entry: Entry) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        for pending in self._pending:
            pending.folder.is_given_up = not pending.done.wait(max(0.0, deadline - time.monotonic()))
        self._pending.clear()

    def leave(self, entry: Entry) -> None:
        fits = self._fits.get(entry.number)
        if fits is not None:
            fits.stop()

    def stop(self) -> None:
        for fits in self._fits.values():
            fits.stop()
        for pending in self._pending:
            pending.folder.is_given_up = True

    def before(self, cell: Cell) -> Iterable[Finding]:
        if _wanted(cell) == "none":
            return ()
        if cell.run is not None:
            cell.run.has_users_model = False
        marks: dict[int, Any] = {}
        for _, value, _ in _reachable(cell):
            flavor = flavor_of(value)
            if flavor is not None:
                marks[id(value)] = flavor.mark(value)
        self._marks[cell.entry.number] = marks
        fits = self._fits[cell.entry.number] = Fits(lambda name: _inputs_of(cell, name))
        fits.start()
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        wanted = _wanted(cell)
        fits, marks = self._fits.pop(cell.entry.number, Fits()), self._marks.pop(cell.entry.number, None)
        if wanted == "none" or (cell.run is not None and cell.run.has_users_model):
            return
        found = _without_parts(list(_trained(cell, marks, fits)))
        for it in _told_apart(found if wanted == "all" else _final(found)):
            yield Finding("model", it.name, type(it.model).__name__, it.rule, self._keep(cell, it, fits.of(it.holder)))

    def _keep(self, cell: Cell, it: _Found, seen: Seen | None) -> Any:
        def keep(run: TrackedRun) -> None:
            sample, outputs = _sample_of(cell, it, seen)
            most_bytes = cell.chosen.model_mb * (1 << 20)

            def write(folder: ModelFolder) -> None:
                try:
                    with quiet():
                        write_model(it.model, it.flavor, folder, sample, outputs)
                        params = _params_of(it.model)
                    run.model(it.name, folder.files(), flavor=it.flavor.name, class_name=type(it.model).__name__, params=params)
                except TooLargeError as cause:
                    run.notice(f"model {it.name!r} was not kept, it has {cause}: the setting model_mb allows more")
                except TooSlowError:
                    raise
                except Exception as cause:  # noqa: BLE001 - writing a model runs foreign code
                    run.notice(f"model {it.name!r} ({type(it.model).__name__}) was not kept, it cannot be written: {cause}")
                finally:
                    folder.close()

            try:
                write(ModelFolder(most_bytes, max(cell.deadline, time.monotonic() + _LEAST_S)))
            except TooSlowError:
                pending = _Pending(ModelFolder(most_bytes, float("inf")))
                self._pending.append(pending)
                cell.later(lambda: _finish(pending, run, it.name, write))

        return keep


def _finish(pending: _Pending, run: TrackedRun, name: str, write: Any) -> None:
    try:
        write(pending.folder)
    except TooSlowError:
        run.notice(f"model {name!r} was not kept: the next cell began before it was written")
    finally:
        pending.done.set()


def _wanted(cell: Cell) -> str:
    return cell.request.models or cell.chosen.models


def reachable_names(entry: Entry, ledger: Ledger, namespace: Mapping[str, Any]) -> set[str]:
    """Names the cell binds, changes or reads, and those that the functions it reads take from around them."""
    names = set(entry.scope.reads | entry.scope.writes | entry.scope.mutates)
    waiting = list(entry.scope.reads)
    while waiting:
        name = waiting.pop()
        value = namespace.get(name)
        if not callable(value) or (issubclass(type(value), (types.FunctionType, type)) and home_of(value) != "__main__"):
            continue  # no function or class of the notebook: the ledger need not be searched
        for earlier in ledger.before(entry):
            if name in earlier.scope.writes:
                if name in earlier.scope.functions:
                    new = reads_for(earlier, [name]) - names
                    names |= new
                    waiting += new
                break
    return names


def _reachable(cell: Cell) -> Iterator[tuple[str, Any, bool]]:
    """Name, value and whether it is an item of a container, for what the cell's names hold; containers first, for their names tell more."""
    names = [name for name in sorted(reachable_names(cell.entry, cell.ledger, cell.namespace)) if not name.startswith("_") and name in cell.namespace]
    for name in names:
        value = cell.namespace[name]
        if type(value) is dict and len(value) <= _ITEMS:
            yield from ((str(key) if type(key) in _KEYS else f"{name}-{at}", item, True) for at, (key, item) in enumerate(list(value.items())))
        elif type(value) in (list, tuple) and len(value) <= _ITEMS:
            yield from ((f"{name}-{at}", item, True) for at, item in enumerate(value))
            yield from ((key, item, True) for pair in value if type(pair) is tuple and len(pair) == 2 for key, item in [pair] if type(key) is str)
        elif module_of(type(value)) == "__main__" and flavor_of(value) is None:
            yield from ((f"{name}-{key}", item, True) for key, item in own_facts(value).items())
    for name in names:
        yield name, cell.namespace[name], False


def _trained(cell: Cell, marks: Mapping[int, Any] | None, fits: Fits) -> Iterator[_Found]:
    lines, fitted, loaded = _mentions(cell.entry.tree)
    done: set[int] = set()
    for name, value, is_item in _reachable(cell):
        flavor = flavor_of(value)
        if flavor is None or id(value) in done:
            continue
        mark, seen = flavor.mark(value), fits.of(value)
        if mark is None or not (fits.is_seen(value) or _is_new(cell, name, value, flavor, mark, marks, is_item, fitted, loaded)):
            continue
        done.add(id(value))
        order = (seen.line, seen.order) if seen is not None and seen.line else (lines.get(name, 0), seen.order if seen is not None else 0)
        yield _Found(_clean(name), unwrapped(value), flavor_of(unwrapped(value)) or flavor, order, "fitted in the cell", value)
    for seen in fits.seen.values():
        flavor = flavor_of(seen.model)
        if flavor is not None and id(seen.model) not in done and flavor.mark(seen.model) is not None:
            model = unwrapped(seen.model)
            name = seen.name or _snake(type(seen.model).__name__)
            yield _Found(_clean(name), model, flavor_of(model) or flavor, (seen.line, seen.order), "fitted in a function of the cell", seen.model)


def _is_new(
    cell: Cell, name: str, value: Any, flavor: Flavor, mark: Any, marks: Mapping[int, Any] | None, is_item: bool, fitted: set[str], loaded: set[str]
) -> bool:  # fmt: skip
    """Whether the cell, and no earlier one, trained the model."""
    if name in fitted:
        return True
    if marks is None:  # a preview: what the code says is all there is
        return name in cell.entry.scope.writes and name not in loaded and flavor.name != "pytorch"
    if id(value) in marks:
        return bool(marks[id(value)] != mark)
    if name in loaded or not (is_item or name in cell.entry.scope.writes):
        return False
    if flavor.name == "pytorch":
        return any(parameter.grad is not None for parameter in parameters_of(value))
    return True


def _mentions(tree: ast.Module | None) -> tuple[dict[str, int], set[str], set[str]]:
    """The last line that binds or fits each name, names on which a fit is called, and names bound to something loaded from a file."""
    lines: dict[str, int] = {}
    fitted: set[str] = set()
    loaded: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            lines[node.id] = max(lines.get(node.id, 0), node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and isinstance(node.func.value, ast.Name):
            fitted.add(node.func.value.id)
            lines[node.func.value.id] = max(lines.get(node.func.value.id, 0), node.lineno)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            function = node.value.func
            called = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
            if _LOADED.search(called):
                loaded |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return lines, fitted, loaded


def _without_parts(found: list[_Found]) -> list[_Found]:
    """Without what is a part of another: a pipeline's step, a network's layer, a search beside its best estimator."""
    parts: set[int] = set()
    kept: dict[int, _Found] = {}
    for it in found:
        parts |= _parts_of(it.model) | (_parts_of(it.holder) - {id(it.model)} if it.holder is not it.model else set())
        known = kept.get(id(it.model))
        if known is None or _BEST.search(it.name):
            kept[id(it.model)] = it
    return [it for it in kept.values() if id(it.model) not in parts]


def _parts_of(model: Any) -> set[int]:
    if is_of(model, "torch.nn", "Module"):
        found: set[int] = set()
        waiting = [model]
        while waiting:
            for inner in own_facts(waiting.pop()).get("_modules", {}).values():
                if inner is not None and id(inner) not in found:
                    found.add(id(inner))
                    waiting.append(inner)
        return found
    inside: list[Any] = []
    for value in own_facts(model).values():
        if type(value) in (list, tuple):
            inside += [item[1] if type(item) is tuple and len(item) >= 2 else item for item in value[:_ITEMS]]
        else:
            inside.append(value)
    models = [value for value in inside if hasattr(type(value), "fit")]
    return {id(value) for value in models} | {part for value in models if "steps" in own_facts(value) for part in _parts_of(value)}


def _final(found: list[_Found]) -> list[_Found]:
    """The last of each class, one that is called best or final before all; preprocessors only where there is nothing else."""
    chosen: dict[tuple[str, str], _Found] = {}
    for it in sorted((it for it in found if not is_preprocessor(it.model)), key=lambda it: (bool(_BEST.search(it.name)), it.order)):
        chosen[it.flavor.name, type(it.model).__qualname__] = it
    return sorted(chosen.values(), key=lambda it: it.order)


def _told_apart(found: list[_Found]) -> list[_Found]:
    """Where a function fits models of several classes under one variable, its name and the class's; then a number, where both are alike."""
    names = Counter(it.name for it in found)
    named = [it if names[it.name] == 1 else replace(it, name=f"{it.name}_{_snake(type(it.model).__name__)}") for it in found]
    count: Counter[str] = Counter()
    for at, it in enumerate(named):
        count[it.name] += 1
        if count[it.name] > 1:
            named[at] = replace(it, name=f"{it.name}_{count[it.name]}")
    return named


def _sample_of(cell: Cell, it: _Found, seen: Seen | None) -> tuple[Sample | None, list[dict[str, Any]] | None]:
    """The first rows the model was fitted on, and what it predicts: as its fit was seen, else from the call in the code, else its columns alone."""
    if seen is not None and seen.sample is not None:
        return seen.sample, output_of(it.model, seen.target_shape) if it.flavor.name == "sklearn" else None
    sample, target = _from_code(cell, it)
    if sample is None and it.flavor.name == "statsmodels":
        sample = _statsmodels_sample(it.model)
    if sample is None:
        sample = _columns_alone(it.model)
    return sample, output_of(it.model, target) if sample is not None and it.flavor.name in ("sklearn", "xgboost", "lightgbm") else None


def _from_code(cell: Cell, it: _Found) -> tuple[Sample | None, tuple[int, int | None] | None]:
    if it.flavor.name == "pytorch":
        values = [cell.namespace.get(name) for name in _inputs_of(cell, it.name)]
        return next((sample_of(value) for value in values if is_of(value, "torch", "Tensor")), None), None
    columns = own_facts(it.model).get("n_features_in_")
    for call in reversed([call for call in calls_in(cell.entry.tree) if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS]):
        given = value_of(argument(call, 0, "X", "x"), cell.namespace)
        if given is MISSING:
            continue
        sample = sample_of(given)
        is_of_this = root_of(call.func) == it.name or (columns is not None and sample is not None and sample.columns == columns)
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


def _inputs_of(cell: Cell, name: str) -> list[str]:
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


def _params_of(model: Any) -> dict[str, str]:
    """Plain values an estimator was made with."""
    if not is_of(model, "sklearn.base", "BaseEstimator"):
        return {}
    try:
        found = model.get_params(deep=False)
    except Exception:  # noqa: BLE001 - an estimator that breaks scikit-learn's rules
        return {}
    return {name: as_text(value)[:250] for name, value in found.items() if value is not None and isinstance(value, (str, int, float, bool))}


def _clean(name: str) -> str:
    """A name as MLflow takes it for a model."""
    return re.sub(r"[^\w-]+", "_", name).strip("_")[:100] or "model"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", name).lower()
