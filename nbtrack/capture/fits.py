"""Seeing, while a tracked cell runs, what is fitted in it: estimators and modules that live in functions alone, and the first rows they see."""

from __future__ import annotations

import contextlib
import dis
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from types import FrameType, MethodType
from typing import Any

from nbtrack.capture.flavors import own_facts, parameters_of
from nbtrack.capture.schemas import Sample, is_of, sample_of, shape_of
from nbtrack.records import dataclass

_SAMPLES = 50
_FRAMES = 40
_VALIDATE = "_validate_params"
_BOOSTERS = (("xgboost.core", "Booster", "update"), ("lightgbm.basic", "Booster", "update"), ("catboost.core", "CatBoost", "_fit"))
"""What each framework asks its models for while it trains them."""
_THEIRS = ("xgboost.", "lightgbm.", "catboost.", "mlflow.", "nbtrack.")
_AFTER_ROUND = "callbacks_after_iter"
"""LightGBM's list of what it calls after each round of a training."""


@dataclass
class Seen:
    """One model that was fitted, as its last fit saw it."""

    model: Any
    name: str
    """The variable that held it where it was fitted; empty where there is none."""
    line: int
    """Of the cell's own code: the statement that was executing."""
    order: int
    sample: Sample | None = None
    target_shape: tuple[int, int | None] | None = None


@dataclass
class Rounds:
    """What a booster measured in each round of one training, whether the code keeps it or not."""

    place: tuple[Any, int]
    """Where in the user's code it was trained."""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """By set of data, then by measure, as the framework has it."""


@dataclass
class Fits:
    """What was fitted between `start` and `stop` in one thread; the last model of each class is kept alive until then, others are not.

    Nothing is wrapped: scikit-learn asks an estimator for `_validate_params` when a fit begins, and is given the method it asked for;
    torch has a hook for optimizers' steps. So signatures, tracebacks and results stay as they are.

    Args:
        inputs_of: names of variables that are given to a torch module of this name somewhere in the notebook's code.
    """

    inputs_of: Callable[[str], list[str]] = lambda _: []
    seen: dict[str, Seen] = field(default_factory=dict)
    """By class; the last one fitted."""
    others: list[weakref.ref[Any]] = field(default_factory=list)
    """All that were fitted."""
    rounds: list[Rounds] = field(default_factory=list)
    _undo: list[Callable[[], None]] = field(default_factory=list)
    _thread: int = 0
    _count: int = 0
    _optimizers: set[int] = field(default_factory=set)
    _booster: Callable[[], Any] = lambda: None
    """That of the last round."""
    _untold: list[tuple[Rounds, weakref.ref[Any]]] = field(default_factory=list)
    """Trainings of CatBoost, whose models tell what was measured when they are fitted."""

    def start(self) -> None:
        """Watch the frameworks that are loaded."""
        self._thread = threading.get_ident()
        base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
        if base is not None and callable(vars(base).get(_VALIDATE)):
            original, asked = vars(base)[_VALIDATE], _Asked(vars(base)[_VALIDATE], self._sklearn)
            setattr(base, _VALIDATE, asked)
            self._undo.append(lambda: setattr(base, _VALIDATE, original) if vars(base).get(_VALIDATE) is asked else None)
        for module, cls, method in _BOOSTERS:
            booster = getattr(sys.modules.get(module), cls, None)
            if booster is not None and callable(vars(booster).get(method)):
                self._undo.append(_listen(booster, method, self._boosted))
        register = getattr(sys.modules.get("torch.optim.optimizer"), "register_optimizer_step_post_hook", None)
        if register is not None:
            self._undo.append(register(self._step).remove)

    def stop(self) -> None:
        """Leave the frameworks as they were."""
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        for rounds, model in self._untold:
            with contextlib.suppress(Exception):  # a training that failed
                rounds.measured = sys.modules["catboost.core"].CatBoost.get_evals_result(model())
        self._untold.clear()

    def is_seen(self, model: Any) -> bool:
        return any(it() is model for it in self.others)

    def of(self, model: Any) -> Seen | None:
        return next((it for it in self.seen.values() if it.model is model), None)

    def _sklearn(self, model: Any, frame: FrameType) -> None:
        """An estimator's fit begins; `frame` is that of scikit-learn's wrapper, whose arguments are the fit's."""
        facts = frame.f_locals
        if threading.get_ident() != self._thread or facts.get("estimator") is not model:
            return
        caller = _caller(frame, model)
        if caller is None:
            return
        self._count += 1
        self.others.append(weakref.ref(model))
        found = Seen(model, _name_in(caller, model), _line(caller), self._count)
        if self._count <= _SAMPLES:
            args, kwargs = facts.get("args", ()), facts.get("kwargs", {})
            given = args[0] if args else kwargs.get("X")
            target = args[1] if len(args) > 1 else kwargs.get("y")
            found.sample = sample_of(given)
            found.target_shape = shape_of(target)
        self.seen[_class(model)] = found

    def _boosted(self, booster: Any, frame: FrameType) -> None:
        """A round of a booster, of which the first counts; where an estimator trains it, that is the model."""
        if self._booster() is booster or threading.get_ident() != self._thread:
            return
        self._booster = weakref.ref(booster)
        model, given = booster, dict[str, Any]()
        at: FrameType | None = frame
        while at is not None and str(at.f_globals.get("__name__", "")).startswith(_THEIRS):
            if at.f_code.co_name == "cv":
                return
            if at.f_code.co_name == "fit" and "self" in at.f_locals:
                model, given = at.f_locals["self"], dict(at.f_locals)
            at = at.f_back
        if at is None or str(at.f_globals.get("__name__", "")).startswith(("sklearn.", "imblearn.", "joblib.")):
            return
        self._follow(booster, frame, Rounds((at.f_code, at.f_lasti)))
        if self.is_seen(model):
            return
        self._count += 1
        self.others.append(weakref.ref(model))
        found = Seen(model, _name_in(at, model) or _bound_by(at), _line(at), self._count)
        if given and self._count <= _SAMPLES:
            found.sample, found.target_shape = sample_of(given.get("X")), shape_of(given.get("y"))
        self.seen[_class(model)] = found

    def _follow(self, booster: Any, frame: FrameType, rounds: Rounds) -> None:
        """Keep what the rounds that begin will measure: XGBoost keeps it itself, LightGBM tells whom it finds in its list, CatBoost when all is done."""
        container, told = frame.f_locals.get("cb_container"), frame.f_locals.get(_AFTER_ROUND)
        if is_of(container, "xgboost.callback", "CallbackContainer"):
            rounds.measured = own_facts(container).get("history", {})
        elif type(told) is list and is_of(booster, "lightgbm.basic", "Booster"):
            kept: dict[str, dict[str, list[Any]]] = {}
            rounds.measured = kept
            told.insert(0, partial(_keep, kept))  # before early stopping, which ends the training by an exception
        elif is_of(booster, "catboost.core", "CatBoost"):
            self._untold.append((rounds, weakref.ref(booster)))
        else:
            return
        self.rounds.append(rounds)

    def _step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        """An optimizer made a step; the module it trains is looked for once."""
        if id(optimizer) in self._optimizers or threading.get_ident() != self._thread:
            return
        self._optimizers.add(id(optimizer))
        try:
            self._find_module(optimizer, sys._getframe(1))
        except Exception:  # noqa: BLE001 - this runs within the user's training step
            return

    def _find_module(self, optimizer: Any, frame: FrameType | None) -> None:
        trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        best: tuple[int, str, Any, Mapping[str, Any], FrameType] | None = None
        for _ in range(_FRAMES):
            if frame is None:
                break
            if not str(frame.f_globals.get("__name__", "")).startswith(("torch.", "nbtrack.")):
                held: Mapping[str, Any] = frame.f_locals
                for name, module in _modules(held):
                    count = len(trained & {id(parameter) for parameter in parameters_of(module)})
                    if count and (best is None or count > best[0]):
                        best = (count, name, module, held, frame)
                if frame.f_code.co_name == "<module>":
                    break
            frame = frame.f_back
        if best is None:
            return
        _, name, module, seen_in, frame = best
        self._count += 1
        self.others.append(weakref.ref(module))
        given = next((seen_in[it] for it in self.inputs_of(name) if is_of(seen_in.get(it), "torch", "Tensor")), None)
        self.seen[_class(module)] = Seen(module, name, _line(frame), self._count, sample_of(given) if given is not None else None)


class _Asked:
    """Stands in a class for a method: tells that it is asked for, and hands out the method itself."""

    def __init__(self, method: Callable[..., Any], tell: Callable[[Any, FrameType], None]) -> None:
        self._method, self._tell = method, tell

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self._method
        try:
            self._tell(instance, sys._getframe(1))
        except Exception:  # noqa: BLE001 - this runs within the user's fit
            return MethodType(self._method, instance)
        return MethodType(self._method, instance)


def _keep(kept: dict[str, dict[str, list[Any]]], told: Any) -> None:
    """What LightGBM measured in one round."""
    with contextlib.suppress(Exception):  # this runs within the user's training
        for data, measure, value, *_ in told.evaluation_result_list or ():
            kept.setdefault(data, {}).setdefault(measure, []).append(value)


def _listen(cls: Any, method: str, tell: Callable[[Any, FrameType], None]) -> Callable[[], None]:
    """Be told when a method of a class is asked for; returns what undoes it."""
    original, asked = vars(cls)[method], _Asked(vars(cls)[method], tell)
    setattr(cls, method, asked)
    return lambda: setattr(cls, method, original) if vars(cls).get(method) is asked else None


def _bound_by(frame: FrameType) -> str:
    """The variable to which the call that a frame executes will be bound."""
    following = next((it for it in dis.get_instructions(frame.f_code) if it.offset > frame.f_lasti and it.opname != "CACHE"), None)
    return str(following.argval) if following is not None and following.opname.startswith("STORE_") and type(following.argval) is str else ""


def _class(model: Any) -> str:
    return f"{type(model).__module__}.{type(model).__qualname__}"


def _caller(frame: FrameType, model: Any) -> FrameType | None:
    """The user's frame that called the fit; None where another estimator or a helper such as cross-validation did."""
    at = frame.f_back
    while at is not None:
        module = str(at.f_globals.get("__name__", ""))
        if module.startswith("mlflow."):
            at = at.f_back
            continue
        if not module.startswith(("sklearn.", "imblearn.", "joblib.")):
            return at
        code = at.f_code
        first = at.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        if first is not model and code.co_name not in ("wrapped", "wrapper", "inner_f"):
            return None
        at = at.f_back
    return None


def _name_in(frame: FrameType, model: Any) -> str:
    return next((name for name, value in frame.f_locals.items() if value is model and not name.startswith("_")), "")


def _line(frame: FrameType | None) -> int:
    """The line of the cell that is executing: of the nearest frame of a module's own code."""
    for _ in range(_FRAMES):
        if frame is None:
            return 0
        if frame.f_code.co_name == "<module>":
            return frame.f_lineno
        frame = frame.f_back
    return 0


def _modules(held: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Torch modules among variables, and among the attributes of an object that is called `self`."""
    found = [(name, value) for name, value in held.items() if is_of(value, "torch.nn", "Module") and not name.startswith("_")]
    if (owner := held.get("self")) is not None and not is_of(owner, "torch.optim.optimizer", "Optimizer"):
        found += [(name, value) for name, value in own_facts(owner).items() if is_of(value, "torch.nn", "Module")]
    return [(name if name != "self" else type(value).__name__.lower(), value) for name, value in found]
