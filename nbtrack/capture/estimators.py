"""Params of fitted estimators, searches, studies and optimizers: what differs from the defaults, and all of it as one artifact each."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable, Iterator
from typing import Any

from nbtrack.amounts import counted
from nbtrack.capture.kinds import is_param_keyword, is_param_value
from nbtrack.capture.known import class_names, module_of, name_of, own_values, plain
from nbtrack.capture.naming import Candidate, params, taken
from nbtrack.capture.program import Program, program_of
from nbtrack.capture.run import TrackedRun, as_text
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.histories import rounds_of_search
from nbtrack.notebooks.nodes import walk, walked

_SKLEARN = "sklearn.base.BaseEstimator"
_OBJECTS = 40
_DEPTH = 12
_MODULES = 5000


class Estimators(Source):
    """Objects of known libraries that the cell binds, or calls a method of."""

    name = "estimators"
    kind = "params"

    def after(self, cell: Cell) -> Iterable[Finding]:
        program = program_of(cell)
        names = [name for name in sorted(cell.entry.scope.writes | cell.entry.scope.mutates) if not name.startswith("_") and name in cell.namespace]
        swept = _bound_in_loops(program)
        for name in names[:_OBJECTS]:
            if cell.is_spent:
                cell.cut.append(self.name)
                return
            value = cell.namespace[name]
            kinds = class_names(value)
            if (chosen := chosen_by_search(value)) is not None:
                yield from params(cell, _best(chosen, name, "best params of the search"))
            elif _SKLEARN in kinds and type(value).__module__ != "__main__":
                yield from _estimator(cell, name, value, is_swept=name in swept)
            elif "optuna.study.study.Study" in kinds:
                yield from params(cell, _best(_study_params(value), name, "best params of the study"))
            elif "torch.optim.optimizer.Optimizer" in kinds:
                yield from params(cell, [Candidate("optimizer", type(value).__name__, "class of the optimizer", (name,))])
                if name not in swept:
                    yield from params(cell, _untold(cell, value, name))
                yield _detail(name, {"class": type(value).__name__, **_plain(own_values(value).get("defaults"))})
            elif any(it.startswith("keras.") and it.endswith(".Model") for it in kinds) and own_values(value).get("optimizer") is not None:
                yield from params(cell, [Candidate("optimizer", type(own_values(value)["optimizer"]).__name__, "class of the optimizer", (name,))])
            elif "torch.nn.modules.module.Module" in kinds and "torch.nn.modules.loss._Loss" not in kinds:
                yield _detail(name, {"class": type(value).__name__, **_sizes(value)})


def _estimator(cell: Cell, name: str, value: Any, *, is_swept: bool) -> Iterator[Finding]:
    own = own_values(value)
    if type(own.get("best_params_")) is dict:
        yield from params(cell, _best(own["best_params_"], name, "best params of the search"))
    if not is_swept:
        yield from params(cell, (Candidate(f"best.{key}", it, "setting chosen by cross-validation", (name,)) for key, it in settings_chosen(value).items()))
    everything = value.get_params(deep=_is_theirs(value))
    yield _detail(name, {"class": type(value).__name__, **_plain(everything)})
    if not is_swept and "best_params_" not in own:
        yield from params(cell, _unsaid(cell, value, name))
        steps = own.get("steps")
        for step in steps if type(steps) is list else ():
            if type(step) is tuple and len(step) == 2 and _SKLEARN in class_names(step[1]) and type(step[1]).__module__ != "__main__":
                yield from params(cell, _unsaid(cell, step[1], type(step[1]).__name__))


def settings_chosen(value: Any) -> dict[str, Any]:
    """Settings that an estimator chose by cross-validation when it was fitted: `alpha` of a `RidgeCV`, which tried its `alphas`."""
    if not name_of(type(value)).endswith("CV") or _SKLEARN not in class_names(value):
        return {}
    own = own_values(value)
    found = {key[:-1]: plain(it) for key, it in own.items() if key.endswith("_") and (key[:-1] in own or f"{key[:-1]}s" in own)}
    return {key: it for key, it in found.items() if type(it) in (int, float, str) and is_param_value(it, key)}


def _is_theirs(value: Any, depth: int = 0) -> bool:
    """Whether an estimator and all that it holds are of libraries: the notebook's own classes may do anything where they are asked for their params."""
    if module_of(type(value)) == "__main__" or depth > _DEPTH:
        return False
    if _SKLEARN in class_names(value):
        value = list(value.get_params(deep=False).values())
    return type(value) not in (list, tuple) or all(_is_theirs(it, depth + 1) for it in value[:_OBJECTS])


def _changed(value: Any, name: str) -> Iterator[Candidate]:
    """Params of an estimator that differ from the defaults of its class."""
    try:
        defaults = inspect.signature(type(value)).parameters
    except (TypeError, ValueError):
        return
    for key, it in value.get_params(deep=False).items():
        if key not in defaults or not is_param_keyword(key) or not is_param_value(found := plain(it), key):
            continue
        if type(defaults[key].default) is not type(found) or defaults[key].default != found:
            yield Candidate(key, found, f"param of {type(value).__name__}, not its default", (type(value).__name__, name))


def _unsaid(cell: Cell, value: Any, name: str) -> Iterator[Candidate]:
    """Of them those that the code does not give as a name, by which they have been recorded: `Forest(n_estimators=n_trees)`."""
    given: dict[str, set[str]] = {}
    for part in program_of(cell).parts:
        for call in (it for it in walk(part.node) if isinstance(it, ast.Call)):
            called = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
            if called == type(value).__name__:
                for keyword in call.keywords:
                    if keyword.arg and isinstance(keyword.value, ast.Name):
                        given.setdefault(keyword.arg, set()).add(keyword.value.id)
    known = taken(cell)
    for it in _changed(value, name):
        if as_text(it.value) not in {known.get(each) for each in given.get(it.name, ())}:
            yield it


def _untold(cell: Cell, optimizer: Any, name: str) -> Iterator[Candidate]:
    """What an optimizer was given other than its class's defaults, and no code of the notebook says: a script, a module or arithmetic did."""
    known = set(taken(cell).values())
    try:
        signature = inspect.signature(type(optimizer)).parameters
    except (TypeError, ValueError):
        return
    for key, it in (own_values(optimizer).get("defaults") or {}).items():
        value = plain(it)
        is_default = key in signature and type(signature[key].default) is type(value) and signature[key].default == value
        if key in signature and not is_default and is_param_value(value, key) and as_text(value) not in known:
            yield Candidate(key, value, f"param of {type(optimizer).__name__}, not its default", (type(optimizer).__name__, name))


def _best(values: dict[str, Any], name: str, rule: str) -> Iterator[Candidate]:
    for key, value in values.items():
        if is_param_value(found := plain(value), str(key)):
            yield Candidate(f"best.{key}", found, rule, (name,))


def chosen_by_search(value: Any) -> dict[str, Any] | None:
    """The best params of what a search of CatBoost gives, `{"params": ..., "cv_results": ...}`; else None."""
    return value["params"] if rounds_of_search(value) and type(value["params"]) is dict else None


def _study_params(study: Any) -> dict[str, Any]:
    try:
        found = study.best_params
    except Exception:  # noqa: BLE001 - a study without finished trials, or with several objectives, has none
        return {}
    return dict(found)


def _plain(values: Any) -> dict[str, Any]:
    """Values that JSON holds; other objects by the name of their class."""
    if type(values) is not dict:
        return {}
    found = {}
    for key, value in values.items():
        it = plain(value)
        is_plain = it is None or type(it) in (bool, int, float, str) or (type(it) in (list, tuple) and is_param_value(it, "sizes"))
        found[str(key)] = it if is_plain else type(it).__name__
    return found


def _detail(name: str, values: dict[str, Any]) -> Finding:
    """All params of one object, as an artifact."""

    def keep(run: TrackedRun) -> None:
        run.artifact_bytes(f"params/{name}.json", json.dumps(values, ensure_ascii=False, indent=1, default=as_text).encode())

    return Finding("fact", f"params/{name}.json", counted(len(values), "param"), "all params of the object", keep)


def _sizes(module: Any) -> dict[str, int]:
    """Number of parameters of a torch module, read from its own dictionaries."""
    total = trainable = 0
    waiting = [module]
    seen: set[int] = set()
    while waiting and len(seen) < _MODULES:
        own = own_values(waiting.pop())
        for it in (own.get("_parameters") or {}).values():
            if it is not None and id(it) not in seen:
                seen.add(id(it))
                total += int(it.numel())
                trainable += int(it.numel()) if it.requires_grad else 0
        waiting.extend(it for it in (own.get("_modules") or {}).values() if it is not None)
    return {"parameters": total, "trainable_parameters": trainable}


def _bound_in_loops(program: Program) -> set[str]:
    """Names that loops bind: what they hold in the end is the last of a sweep."""
    return {
        node.id for part in program.parts for loop in walked(part.node) if isinstance(loop, (ast.For, ast.While))
        for node in walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }  # fmt: skip
