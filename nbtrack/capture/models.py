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

from nbtrack.capture.calls import calls_in
from nbtrack.capture.fits import Fits, Seen
from nbtrack.capture.fitted_on import example_of, inputs_of
from nbtrack.capture.flavors import FITTING, Flavor, flavor_of, is_preprocessor, own_facts, unwrapped
from nbtrack.capture.known import home_of, module_of
from nbtrack.capture.mlmodel import ModelFolder, TooLargeError, TooSlowError, write_model
from nbtrack.capture.program import program_of
from nbtrack.capture.quiet import quiet
from nbtrack.capture.run import TrackedRun, as_text
from nbtrack.capture.schemas import is_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.histories import ROUNDS
from nbtrack.capture.weave.kinds import path_of
from nbtrack.entities.ledger import Entry, Ledger, reads_for
from nbtrack.notebooks.nodes import walked
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_LEAST_S = 0.1
_PATIENCE_S = 10.0
_ITEMS = 50
_KEYS = (str, int, float, bool)
"""Classes of keys that are asked for their text; others would answer with code of the user's."""
_LOADED = regex(r"(^|_)(load|loads|read|from_pretrained)(_|$)")
_NETWORKS = ("pytorch", "keras")
_GRADIENTS = frozenset({"backward", "grad", "gradient", "value_and_grad"})
_BEST = regex(r"(^|_)(best|final)(_|$)", re.IGNORECASE)


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
            entry.facts[ROUNDS] = fits.rounds

    def stop(self) -> None:
        for fits in self._fits.values():
            fits.stop()
        for pending in self._pending:
            pending.folder.is_given_up = True

    def before(self, cell: Cell) -> Iterable[Finding]:
        if cell.run is not None:
            cell.run.has_users_model = False
        marks: dict[int, Any] = {}
        for _, value, _ in _reachable(cell) if _wanted(cell) != "none" else ():
            flavor = flavor_of(value)
            if flavor is not None:
                marks[id(value)] = flavor.mark(value)
        self._marks[cell.entry.number] = marks
        fits = self._fits[cell.entry.number] = Fits(lambda name: inputs_of(cell, name))
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
            sample, outputs = example_of(cell, it.name, it.model, it.flavor.name, seen)
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
    has_network = False
    for name, value, is_item in _reachable(cell):
        flavor = flavor_of(value)
        if flavor is None or id(value) in done:
            continue
        mark, seen = flavor.mark(value), fits.of(value)
        if mark is None or not (fits.is_seen(value) or _is_new(cell, name, value, flavor, mark, marks, is_item, fitted, loaded)):
            continue
        done.add(id(value))
        has_network = has_network or flavor.name in _NETWORKS
        order = (seen.line, seen.order) if seen is not None and seen.line else (lines.get(name, 0), seen.order if seen is not None else 0)
        yield _Found(_clean(name), unwrapped(value), flavor_of(unwrapped(value)) or flavor, order, "fitted in the cell", value)
    for seen in fits.seen.values():
        flavor = flavor_of(seen.model)
        if flavor is not None and id(seen.model) not in done and flavor.mark(seen.model) is not None:
            model = unwrapped(seen.model)
            name = seen.name or _snake(type(seen.model).__name__)
            has_network = has_network or flavor.name in _NETWORKS
            yield _Found(_clean(name), model, flavor_of(model) or flavor, (seen.line, seen.order), "fitted in a function of the cell", seen.model)
    if marks is not None and not has_network and _takes_gradients(cell):
        for name, value, _ in _reachable(cell):
            flavor = flavor_of(value)
            if flavor is None or flavor.name not in _NETWORKS or id(value) in done or id(value) in marks or name in loaded:
                continue
            if name in cell.entry.scope.writes and flavor.mark(value) is not None:
                done.add(id(value))
                yield _Found(_clean(name), unwrapped(value), flavor, (lines.get(name, 0), 0), "made in a cell that takes gradients", value)


def _takes_gradients(cell: Cell) -> bool:
    """Whether the cell, or a function it reaches, computes gradients: what a network has of them may be gone when the cell ends."""
    program = program_of(cell)
    nodes = [*(part.node for part in program.own), *program.reached]
    return any(_GRADIENTS.intersection(path_of(call.func)[-1:]) for node in nodes for call in calls_in(node))


def _is_new(
    cell: Cell, name: str, value: Any, flavor: Flavor, mark: Any, marks: Mapping[int, Any] | None, is_item: bool, fitted: set[str], loaded: set[str]
) -> bool:  # fmt: skip
    """Whether the cell, and no earlier one, trained the model."""
    if name in fitted:
        return True
    if marks is None:  # a preview: what the code says is all there is
        return name in cell.entry.scope.writes and name not in loaded and flavor.name != "pytorch" and flavor.is_trained(value)
    if id(value) in marks:
        return bool(marks[id(value)] != mark)
    if name in loaded or not (is_item or name in cell.entry.scope.writes):
        return False
    return flavor.is_trained(value)


def _mentions(tree: ast.Module | None) -> tuple[dict[str, int], set[str], set[str]]:
    """The last line that binds or fits each name, names on which a fit is called, and names bound to something loaded from a file."""
    lines: dict[str, int] = {}
    fitted: set[str] = set()
    loaded: set[str] = set()
    for node in walked(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            lines[node.id] = max(lines.get(node.id, 0), node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FITTING and isinstance(node.func.value, ast.Name):
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
    facts = own_facts(model)
    clones = "steps" not in facts and module_of(type(model)).startswith("sklearn.")  # what it was made with it does not fit: a stacking, a search
    for value in (value for name, value in facts.items() if name.endswith("_") or not clones):
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
        chosen[it.flavor.name, _class_of(it.model)] = it
    return sorted(chosen.values(), key=lambda it: it.order)


def _class_of(model: Any) -> str:
    """Its class; of pipelines with that of the last step, and of results of statsmodels, which share one, that of what was fitted."""
    held = own_facts(model)
    inner, steps = own_facts(held.get("_results")).get("model"), held.get("steps")
    if type(steps) is list and steps and type(steps[-1]) is tuple and len(steps[-1]) == 2:
        inner = steps[-1][1]
    return f"{type(model).__qualname__} {type(inner).__qualname__ if inner is not None else ''}"


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
