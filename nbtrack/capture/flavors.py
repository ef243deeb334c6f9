"""Frameworks whose fitted models are known: how one is told, what changes when it is trained, and how MLflow wants it written.

Everything goes by the types of modules that are loaded; nothing here imports a framework.
"""

from __future__ import annotations

import functools
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, BinaryIO

from nbtrack.capture.known import module_of
from nbtrack.capture.schemas import is_of
from nbtrack.records import dataclass

Open = Callable[[str], BinaryIO]
"""Opens a file of the model's folder for writing."""
FITTING = frozenset({"fit", "partial_fit", "fit_predict", "fit_transform", "train_on_batch"})
"""Methods that train what they are called on."""
_PARAMETERS = 20_000
_LOOKED_AT = 16
"""Parameters of a torch module of which two items are read."""
_KERAS_WEIGHTS = 4
"""The same of a Keras model, whose weights are fetched whole."""


@dataclass(frozen=True)
class Written:
    """What a flavor's writer says about what it wrote."""

    flavor: dict[str, Any]
    pyfunc: dict[str, Any] | None
    """What MLflow's `python_function` flavor says beside the environment; None where the model cannot predict."""
    modules: frozenset[str] = frozenset()
    """Top-level modules that loading needs."""


@dataclass(frozen=True)
class Flavor:
    """One framework."""

    name: str
    """MLflow's name for it."""
    module: str
    is_one: Callable[[Any], bool]
    """By type alone."""
    mark: Callable[[Any], Any]
    """Changes when the model is trained; None while it is not fitted."""
    write: Callable[[Any, Open], Written]
    methods: frozenset[str] = field(default=frozenset({"fit", "partial_fit", "fit_predict", "fit_transform", "fit_resample"}))
    """Calls that train."""
    is_trained: Callable[[Any], bool] = lambda _: True
    """Whether one that the cell itself made was trained, where a mark alone does not tell."""


def flavor_of(value: Any) -> Flavor | None:
    """The framework of a model, fitted or not; None for all else."""
    module = module_of(type(value))
    if module in ("builtins", "numpy", "datetime"):
        return None
    return next((it for it in _flavors() if it.module in sys.modules and it.is_one(value)), None)


def unwrapped(model: Any) -> Any:
    """What is worth keeping of a model: the best estimator of a search, the module a compiler or data parallelism wraps."""
    facts = own_facts(model)
    if "best_estimator_" in facts:
        return facts["best_estimator_"]
    if is_of(model, "torch.nn", "Module"):
        inner = facts.get("_modules", {})
        for name in ("_orig_mod", "module"):
            if name in inner and len(inner) == 1:
                return inner[name]
    return model


def is_model(value: Any) -> bool:
    """Whether this is what is trained: an estimator or a module with parameters, and no scaler, loss or layer without any."""
    flavor = flavor_of(value)
    return flavor is not None and not is_preprocessor(value) and (flavor.name != "pytorch" or any(True for _ in parameters_of(value)))


def is_preprocessor(model: Any) -> bool:
    """Scalers, encoders, imputers, selectors and the like, which are part of a model and none themselves."""
    return own_facts(type(model)).get("predict") is None and type(model).__module__.startswith((
        "sklearn.preprocessing", "sklearn.impute", "sklearn.feature_extraction", "sklearn.feature_selection", "sklearn.compose", "sklearn.kernel_approximation",
        "sklearn.random_projection", "sklearn.model_selection._split", "imblearn",
    ))  # fmt: skip


def own_facts(value: Any) -> dict[str, Any]:
    """An object's own attributes, with no property or `__getattr__` of it called."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:  # noqa: BLE001 - slots, proxies
        return {}
    return dict(found) if isinstance(found, Mapping) else {}


# scikit-learn and all that is like it


def _is_sklearn(value: Any) -> bool:
    return is_of(value, "sklearn.base", "BaseEstimator") or (
        not issubclass(type(value), type) and callable(getattr(type(value), "fit", None)) and bool(_fitted(value))
    )


def _fitted(value: Any) -> dict[str, Any]:
    return {name: it for name, it in own_facts(value).items() if name == "_Booster" or (name.endswith("_") and not name.startswith("_"))}


def _sklearn_mark(value: Any) -> Any:
    facts = own_facts(value)
    steps = facts.get("steps")
    if isinstance(steps, list) and is_of(value, "sklearn.pipeline", "Pipeline"):
        last = next((step[1] for step in reversed(steps) if step[1] not in (None, "passthrough")), None)
        return None if last is None else _sklearn_mark(last)
    fitted = _fitted(value)
    return tuple((name, it if isinstance(it, (int, float, str)) else id(it)) for name, it in sorted(fitted.items())) or None


def _pickled(model: Any, file: BinaryIO) -> None:
    """By value what the notebook defines, by reference what is installed, as MLflow does it."""
    import cloudpickle

    cloudpickle.dump(model, file, protocol=pickle.DEFAULT_PROTOCOL)


def _write_sklearn(model: Any, open_: Open) -> Written:
    with_predict = callable(getattr(type(model), "predict", None)) or _has(model, "predict")
    _pickled(model, open_("model.pkl"))
    flavor = {"pickled_model": "model.pkl", "serialization_format": "cloudpickle", "sklearn_version": version_of("sklearn"), "code": None}
    pyfunc = {"loader_module": "mlflow.sklearn", "model_path": "model.pkl", "predict_fn": "predict"} if with_predict else None
    return Written(flavor, pyfunc, _modules_of(model) | {"sklearn", "cloudpickle"})


def _has(model: Any, method: str) -> bool:
    """Methods that scikit-learn gives an estimator only where it can do them; for estimators that are installed, whose code may be asked."""
    try:
        return type(model).__module__ != "__main__" and hasattr(model, method)
    except Exception:  # noqa: BLE001 - a property may raise anything
        return False


def _modules_of(model: Any) -> frozenset[str]:
    """Top-level modules of the model and of what it is made of, such as a pipeline's steps."""
    found = [model]
    if is_of(model, "sklearn.base", "BaseEstimator"):
        try:
            found += list(model.get_params(deep=True).values())
        except Exception:  # noqa: BLE001 - an estimator that breaks scikit-learn's rules
            found = [model]
    return frozenset(module_of(type(value)).partition(".")[0] for value in found) - {"builtins", "__main__"}


# XGBoost


def _is_xgboost(value: Any) -> bool:
    return is_of(value, "xgboost", "Booster", "XGBModel")


def _booster_mark(value: Any) -> Any:
    if is_of(value, "xgboost", "XGBModel") or is_of(value, "lightgbm", "LGBMModel"):
        return _sklearn_mark(value)
    rounds = getattr(value, "num_boosted_rounds", None) or getattr(value, "current_iteration", None)
    return (id(value), rounds() if callable(rounds) else 0)


def _write_xgboost(model: Any, open_: Open) -> Written:
    booster = model if is_of(model, "xgboost", "Booster") else model.get_booster()
    _by_path(open_("model.ubj"), ".ubj", (booster if booster is model else model).save_model)
    flavor = {"data": "model.ubj", "model_class": _full_name(model), "model_format": "ubj", "xgb_version": version_of("xgboost"), "code": None}
    return Written(flavor, {"loader_module": "mlflow.xgboost", "data": "model.ubj"}, frozenset({"xgboost"}))


# LightGBM


def _is_lightgbm(value: Any) -> bool:
    return is_of(value, "lightgbm", "Booster", "LGBMModel")


def _write_lightgbm(model: Any, open_: Open) -> Written:
    flavor = {"model_class": _full_name(model), "lgb_version": version_of("lightgbm"), "code": None}
    if is_of(model, "lightgbm", "Booster"):
        open_("model.lgb").write(model.model_to_string(num_iteration=model.best_iteration if model.best_iteration > 0 else -1).encode())
        return Written({**flavor, "data": "model.lgb"}, {"loader_module": "mlflow.lightgbm", "data": "model.lgb"}, frozenset({"lightgbm"}))
    _pickled(model, open_("model.pkl"))
    flavor |= {"data": "model.pkl", "serialization_format": "cloudpickle"}
    return Written(flavor, {"loader_module": "mlflow.lightgbm", "data": "model.pkl"}, frozenset({"lightgbm", "sklearn", "cloudpickle"}))


# CatBoost


def _is_catboost(value: Any) -> bool:
    return is_of(value, "catboost", "CatBoost")


def _catboost_mark(value: Any) -> Any:
    return id(value._object) if value.is_fitted() else None


def _write_catboost(model: Any, open_: Open) -> Written:
    _by_path(open_("model.cb"), ".cb", model.save_model)
    flavor = {"data": "model.cb", "model_type": type(model).__name__, "save_format": "cbm", "catboost_version": version_of("catboost"), "code": None}
    return Written(flavor, {"loader_module": "mlflow.catboost", "data": "model.cb"}, frozenset({"catboost"}))


# PyTorch


def _is_torch(value: Any) -> bool:
    return is_of(value, "torch.nn", "Module")


def _torch_mark(value: Any) -> Any:
    """Identity and version of every parameter: an optimizer's step raises the version. `parameter.data -= ...` does not, so two items of some are in it."""
    marks: list[Any] = []
    for parameter in parameters_of(value):
        marks.append((id(parameter), parameter._version, *(_ends_of(parameter) if len(marks) < _LOOKED_AT else ())))
        if len(marks) == _PARAMETERS:
            break
    return tuple(marks) or None


def _ends_of(parameter: Any) -> tuple[float, ...]:
    """The first and the last item of a parameter in the computer's own memory; a device is not waited for."""
    if type(parameter).__name__ != "Parameter" or parameter.device.type != "cpu" or not parameter.numel() or not parameter.dtype.is_floating_point:
        return ()
    value = parameter.detach()
    return value[(0,) * value.ndim].item(), value[(-1,) * value.ndim].item()


def _has_gradients(value: Any) -> bool:
    return any(parameter.grad is not None for parameter in parameters_of(value))


def parameters_of(module: Any) -> Iterable[Any]:
    """Parameters of a torch module and of those below it, by torch's own registers; methods a class may have overridden are not called."""
    waiting, seen = [module], set()
    while waiting:
        facts = own_facts(waiting.pop())
        yield from (it for it in facts.get("_parameters", {}).values() if it is not None)
        for inner in facts.get("_modules", {}).values():
            if inner is not None and id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)


def _write_torch(model: Any, open_: Open) -> Written:
    import cloudpickle

    torch = sys.modules["torch"]
    torch.save(model, open_("data/model.pth"), pickle_module=cloudpickle)
    open_("data/pickle_module_info.txt").write(b"mlflow.pytorch.pickle_module")
    flavor = {"model_data": "data", "pytorch_version": str(torch.__version__), "code": None}
    pyfunc = {"loader_module": "mlflow.pytorch", "data": "data", "pickle_module_name": "mlflow.pytorch.pickle_module", "config": {"device": None}}
    modules = {type(it).__module__.partition(".")[0] for it in (model, *own_facts(model).get("_modules", {}).values())} - {"builtins", "__main__", "NoneType"}
    return Written(flavor, pyfunc, frozenset({"torch", "cloudpickle", *modules}))


# Keras


def _is_keras(value: Any) -> bool:
    return is_of(value, "keras", "Model")


def _keras_mark(value: Any) -> Any:
    """The history of its fits, and items of its weights: a loop of one's own leaves no history."""
    history = own_facts(value).get("history")
    try:
        arrays = [it.numpy() for it in value.trainable_variables[-_KERAS_WEIGHTS:]]
        ends = tuple(float(end) for array in arrays if array.size for end in (array.flat[0], array.flat[-1]))
    except Exception:  # noqa: BLE001 - weights that are not made yet, or on a device that is gone
        ends = ()
    return None if history is None and not ends else (id(history), len(getattr(history, "epoch", ())), ends)


def _has_history(value: Any) -> bool:
    return own_facts(value).get("history") is not None


def _write_keras(model: Any, open_: Open) -> Written:
    _by_path(open_("data/model.keras"), ".keras", model.save)
    open_("data/keras_module.txt").write(b"keras")
    backend = sys.modules["keras"].backend.backend()
    flavor = {"data": "data", "keras_backend": backend, "keras_version": version_of("keras"), "save_exported_model": False}
    needed = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}.get(backend, backend)
    return Written(flavor, {"loader_module": "mlflow.keras"}, frozenset({"keras", needed}))


# statsmodels


def _is_statsmodels(value: Any) -> bool:
    if "Prediction" in type(value).__name__ or "Forecast" in type(value).__name__:
        return False  # what a model said, with its intervals
    return is_of(value, "statsmodels.base.wrapper", "ResultsWrapper") or is_of(value, "statsmodels.base.model", "Results")


def _write_statsmodels(model: Any, open_: Open) -> Written:
    pickle.dump(model, open_("model.statsmodels"), protocol=pickle.DEFAULT_PROTOCOL)
    flavor = {"data": "model.statsmodels", "statsmodels_version": version_of("statsmodels"), "code": None}
    return Written(flavor, {"loader_module": "mlflow.statsmodels", "data": "model.statsmodels"}, frozenset({"statsmodels"}))


@functools.cache
def _flavors() -> tuple[Flavor, ...]:
    """All frameworks; made when the first model is looked at.

    The first that knows a model writes it: XGBoost's estimators are scikit-learn's too, and Keras models torch's where that is their backend.
    """
    return (
        Flavor("xgboost", "xgboost", _is_xgboost, _booster_mark, _write_xgboost),
        Flavor("lightgbm", "lightgbm", _is_lightgbm, _booster_mark, _write_lightgbm),
        Flavor("catboost", "catboost", _is_catboost, _catboost_mark, _write_catboost),
        Flavor("keras", "keras", _is_keras, _keras_mark, _write_keras, frozenset({"fit", "train_on_batch"}), _has_history),
        Flavor("pytorch", "torch", _is_torch, _torch_mark, _write_torch, frozenset(), _has_gradients),
        Flavor("statsmodels", "statsmodels", _is_statsmodels, id, _write_statsmodels, frozenset()),
        Flavor("sklearn", "sklearn", _is_sklearn, _sklearn_mark, _write_sklearn),
    )


def version_of(module: str) -> str:
    return str(getattr(sys.modules.get(module), "__version__", ""))


def _full_name(model: Any) -> str:
    return f"{type(model).__module__}.{type(model).__name__}"


def _by_path(target: BinaryIO, suffix: str, save: Callable[[str], Any]) -> None:
    """For frameworks that write to a path alone."""
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
        path = Path(folder) / f"model{suffix}"
        save(str(path))
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                target.write(chunk)
