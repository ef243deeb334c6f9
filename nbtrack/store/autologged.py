"""MLflow's autologging in a tracked cell: on for the cell alone, into the cell's run, and only what nobody else recorded."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import logging
import posixpath
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nbtrack.capture.autolog import is_same_text
from nbtrack.capture.kinds import is_param_keyword
from nbtrack.capture.run import TrackedRun
from nbtrack.courier.uris import PREFIX
from nbtrack.patterns import regex
from nbtrack.store.idle_import import IdleImport
from nbtrack.store.patches import hide_frames, show_nothing_empty, watched_searches

if TYPE_CHECKING:
    from mlflow.entities import Metric

INTEGRATIONS = {
    "sklearn": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm", "lightning": "pytorch", "pytorch_lightning": "pytorch", "keras": "keras",
    "tensorflow": "tensorflow", "statsmodels": "statsmodels", "transformers": "transformers",
}  # fmt: skip
"""MLflow's integration for each framework's module."""
_OPTIONS = {
    "log_models": False, "log_input_examples": False, "log_model_signatures": False, "log_datasets": False, "log_post_training_metrics": False,
    "checkpoint": False, "silent": True, "disable": False, "exclusive": False, "disable_for_unsupported_versions": True,
}  # fmt: skip
_NOISE = ("training_", "estimator.html", "restored_", "stopped_iteration")
"""What careful people do not keep: the training set predicted once more, and pictures of it."""
_BEST = "best_cv_score"
_NOISE_OF_SEARCH = regex(r"(mean|std)_(fit|score)_time$|rank_")
"""Of one candidate of a search."""
_AFTER_TRAINING = regex(r"_score_\w+$")
"""MLflow's name for what `model.score(X_test, y_test)` gave, which our own sources have under its own name."""
_OF_SKLEARN = frozenset({"sklearn", "xgboost", "lightgbm"})
"""Integrations that call what a function of `sklearn.metrics` gave by that function and the data, `mean_squared_error_X_test`,
and at the next call `mean_squared_error-2_X_test`."""
_STATSMODELS = frozenset({"aic", "bic", "llf", "rsquared", "rsquared_adj", "fvalue", "f_pvalue", "prsquared", "llr_pvalue", "mse_resid", "deviance"})
_KERAS = frozenset({"keras", "tensorflow"})
_DEFAULTS_OF = (
    ("lightgbm", "LGBMModel"), ("lightgbm", "train"), ("xgboost", "train"), ("xgboost", "XGBModel"), ("keras", "Model.fit"),
    ("torch", "optim.SGD"), ("torch", "optim.Adam"),
)  # fmt: skip
_OPTIMIZER = "optimizer_name"
_NUMBERED = regex(r"_\d+$")
_FRAMES = 60
_BETWEEN = frozenset({"mlflow", "nbtrack", "contextlib", "statsmodels", "functools", "xgboost", "lightgbm", "sklearn"})
_BOOSTERS = frozenset({"xgboost", "lightgbm"})
Held = tuple[dict[str, str], dict[str, float]]
"""Params and metrics for which our own sources go first."""
_active: dict[str, _Writes] = {}


class Autologging:
    """The door through which capture switches it on; loads MLflow in the background."""

    def __init__(self) -> None:
        self._import = IdleImport("mlflow", lambda: [f"mlflow.{INTEGRATIONS[name]}" for name in list(sys.modules) if name in INTEGRATIONS])

    def load(self) -> None:
        """Begin to import MLflow, unless that was begun or it is there."""
        if not self.is_loaded(0):
            self._import.start()

    def pause(self) -> None:
        """A cell begins: the import stands still."""
        self._import.pause()

    def resume(self) -> None:
        """The cell ended."""
        self._import.resume()

    def is_loaded(self, wait_s: float) -> bool:
        """Whether MLflow can be used now, or once its import went on for some seconds."""
        if wait_s and not self._import.is_done.is_set():
            self._import.resume()
            self._import.is_done.wait(wait_s)
            self._import.pause()
        module = sys.modules.get("mlflow")
        return module is not None and not getattr(module.__spec__, "_initializing", False) and hasattr(module, "autolog")

    def enter(self, run: TrackedRun, frameworks: Iterable[str], wants: Callable[[str], bool]) -> Callable[[], Held]:
        """Switch the frameworks' autologging on, into a run; returns what switches it off, leaves MLflow as it was and gives what was held back.

        What the user's code configured is left alone.
        """
        import mlflow
        from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS
        from mlflow.utils.autologging_utils.safety import revert_patches

        if not mlflow.get_tracking_uri().startswith(PREFIX):  # MLflow's calls do not join this run: they would begin runs elsewhere
            return lambda: ({}, {})
        switched: dict[str, tuple[Any, Any]] = {}
        writes = _Writes(run, wants)
        for name in dict.fromkeys(INTEGRATIONS[framework] for framework in frameworks):
            module = importlib.import_module(f"mlflow.{name}")
            before = AUTOLOGGING_INTEGRATIONS.get(name) or {}
            if before and not before.get("disable", True):
                continue
            known = inspect.signature(module.autolog).parameters
            with _undisturbed(), watched_searches(writes.searched) if name == "sklearn" else contextlib.nullcontext():
                options = {option: value for option, value in _OPTIONS.items() if option in known}
                if name == "pytorch":  # MLflow would look at torch's release, where it is Lightning's trainer that it logs
                    options["disable_for_unsupported_versions"] = False
                module.autolog(**options)
            hide_frames(name)
            ours = AUTOLOGGING_INTEGRATIONS[name]
            ours["globally_configured"] = True  # so that mlflow.autolog() of the user's takes precedence
            switched[name] = (before, ours)
        _active[run.run_id] = writes
        show_again = show_nothing_empty() if _KERAS & switched.keys() else None

        def undo() -> Held:
            _active.pop(run.run_id, None)
            if show_again is not None:
                show_again()
            for name, (before, ours) in switched.items():
                if AUTOLOGGING_INTEGRATIONS.get(name) is ours:
                    revert_patches(name)  # type: ignore[no-untyped-call] # MLflow's are not typed
                    AUTOLOGGING_INTEGRATIONS[name] = before
            writes.log_statistics()
            return writes.params(), writes.held

        return undo


class _Writes:
    """What autologging writes to one run."""

    def __init__(self, run: TrackedRun, wants: Callable[[str], bool]) -> None:
        self.run, self._wants = run, wants
        self._params: dict[str, str] = {}
        self._varied: set[str] = set()
        """Of these, what one place in the code, such as a trial, trains with again and again, each time otherwise."""
        self._trained: dict[tuple[Any, str], list[str]] = {}
        """Their values by place in the code and name."""
        self.held: dict[str, float] = {}
        """Metrics that our own sources may have under another name."""
        self.searched: set[str] = set()
        """Params that searches varied; empty where that is not known."""
        self._statistics: dict[tuple[Any, int], dict[Any, dict[str, Metric]]] = {}
        """Of fits with statsmodels, by the place in the user's code and the training."""
        self._places: dict[Any, tuple[Any, int]] = {}
        """Where boosters were trained."""

    def is_searched(self, name: str) -> bool:
        """Whether a param of a search's candidate tells it from the others."""
        return not self.searched or name in self.searched

    def param(self, name: str, value: str) -> None:
        """Held back until the cell ends: what our own sources find by then goes first. Of statsmodels only defaults are news."""
        if (session := _session()) is None or session[0] != "statsmodels":
            self._params.setdefault(name, value)
            if session is not None and session[0] in _KERAS:
                trained = self._trained.setdefault((_place(), name), [])
                trained.append(_NUMBERED.sub("", value) if name == _OPTIMIZER else value)  # the second `SGD` of a process is called `sgd_1`
                self._varied |= {name} if trained[-1] != trained[0] else set()

    def metric(self, metric: Metric) -> str:
        """The name under which a metric goes on; empty for what is not kept, or held back. A name that another training wrote gets a number."""
        name = metric.key
        integration = _session()
        if integration is not None and integration[0] in _KERAS and name.startswith("validation_"):
            return ""  # the same numbers as `val_...`, as Keras itself calls them
        if (
            name.startswith(_NOISE)
            or _AFTER_TRAINING.search(name)
            or ((integration is None or integration[0] in _OF_SKLEARN) and _is_of_function(name))
            or not self._wants(name)
            or (self.run.writer.has_series(name) and name not in self.run.autologged)
        ):
            return ""
        if integration is not None and integration[0] == "statsmodels":
            if name in _STATSMODELS and not _is_inner_fit():
                self._statistics.setdefault(_place(), {}).setdefault(integration[1], {})[name] = metric
            return ""
        if name == _BEST:
            self.held[name] = metric.value
            return ""
        sessions = self.run.trainings.setdefault(name, [])
        session = integration[1] if integration is not None else None
        if integration is not None and integration[0] in _BOOSTERS and self._is_made_again(session):
            return ""
        if session not in sessions:
            sessions.append(session)
        at = sessions.index(session) + 1
        name = name if at == 1 else f"{name}-{at}"
        self.run.autologged.add(name)
        return name

    def _is_made_again(self, session: Any) -> bool:
        """Whether a booster is trained where another one was before in this cell, such as folds: the first stands for all."""
        if session not in self._places:
            self._places[session] = _place()
        first = next(it for it, place in self._places.items() if place == self._places[session])
        return bool(first != session)

    def log_statistics(self) -> None:
        """Those of the last fit, as the cell ends; what a loop or a function fitted several times is not the run's."""
        last = {name: it for fits in self._statistics.values() if len(fits) == 1 for found in fits.values() for name, it in found.items()}
        for name, it in last.items():
            if not self.run.writer.has_series(name):
                self.run.autologged.add(name)
                self.run.log(name, it.value, it.step, it.timestamp * 1_000_000)

    def params(self) -> dict[str, str]:
        """The params that are not what they are without being set."""
        defaults = _defaults()
        for kind in {kind for (_, name), kinds in self._trained.items() if name == _OPTIMIZER for kind in kinds}:
            defaults |= _defaults_of_optimizer(kind)
        varied = {*self._varied, *(name for name in self._params if name.startswith("optimizer_") and _OPTIMIZER in self._varied)}
        return {
            name: value for name, value in self._params.items()
            if value not in ("None", "", "{}", "[]", "()", "warn") and not (name in defaults and is_same_text(value, str(defaults[name])))
            and not value.startswith("<") and is_param_keyword(name) and name != "estimator" and name not in varied
        }  # fmt: skip


def _is_of_function(name: str) -> bool:
    """Whether a metric is what a function of `sklearn.metrics` gave after the training."""
    return any(name.startswith((f"{it}_", f"{it}-")) for it in getattr(sys.modules.get("sklearn.metrics"), "__all__", ()))


def writes_of(run: TrackedRun) -> _Writes | None:
    """The filter for a call of MLflow's autologging, on for this run by us; None for all other calls."""
    writes = _active.get(run.run_id) if _active else None
    return writes if writes is not None and is_autologged() else None


def is_on(run: TrackedRun) -> bool:
    return run.run_id in _active


def is_noise(path: str) -> bool:
    """Whether an artifact of autologging's is one that nobody keeps."""
    return posixpath.basename(path).startswith(_NOISE)


def is_autologged() -> bool:
    """Whether the code that runs here was called by MLflow's autologging, with none of the user's in between."""
    frame = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame.f_back is None:
            return False
        frame = frame.f_back
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("mlflow.utils.autologging_utils"):
            return True
        if not module.startswith(("mlflow", "nbtrack", "contextlib", "concurrent", "threading")):
            return False
    return False


def split(run: TrackedRun, metrics: Sequence[Any], params: Sequence[Any]) -> tuple[list[tuple[str, Any]], list[Any]]:
    """Metrics with the names they get, and params that are written now; those of autologging are filtered and held back."""
    writes = writes_of(run)
    if writes is None:
        if (above := _search_above(run)) is not None:
            return [(it.key, it) for it in metrics if not _NOISE_OF_SEARCH.match(it.key)], [it for it in params if above.is_searched(it.key)]
        return [(metric.key, metric) for metric in metrics], list(params)
    for param in params:
        writes.param(param.key, str(param.value))
    stopped = next((metric.value for metric in metrics if metric.key == "stopped_iteration"), None)
    if stopped is not None:  # with it MLflow logs what the best iteration gave once more, after the last one
        metrics = [metric for metric in metrics if metric.key in ("stopped_iteration", "best_iteration") or (metric.step or 0) < stopped]
    return [(name, metric) for metric in metrics if (name := writes.metric(metric))], []


def is_candidate(run: TrackedRun) -> bool:
    """Whether autologging writes to a run of a search's candidate."""
    return _search_above(run) is not None


def _search_above(run: TrackedRun) -> _Writes | None:
    above = _active.get(run.start.parent) if _active else None
    return above if above is not None and is_autologged() else None


def _place() -> tuple[Any, int]:
    """Where in the user's code a fit was called that is being logged."""
    frame, _ = _caller()
    return frame.f_code, frame.f_lasti


def _is_inner_fit() -> bool:
    """Whether statsmodels itself called the fit that is being logged, such as the auxiliary regression of a test of residuals."""
    return _caller()[1] == "statsmodels"


def _caller() -> tuple[Any, str]:
    """The frame of the user's code that led here, and the package that it called."""
    frame: Any = sys._getframe(1)
    called = ""
    while frame.f_back is not None and (package := str(frame.f_globals.get("__name__")).partition(".")[0]) in _BETWEEN:
        called, frame = package, frame.f_back
    return frame, called


def _session() -> tuple[str, Any] | None:
    from mlflow.utils.autologging_utils.safety import _AutologgingSessionManager

    session = _AutologgingSessionManager.active_session()  # type: ignore[no-untyped-call] # MLflow's are not typed
    return None if session is None else (session.integration, session.id)


def _defaults() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module, path in _DEFAULTS_OF:
        target: Any = sys.modules.get(module)
        for part in path.split("."):
            target = getattr(target, part, None)
        if target is not None:
            with contextlib.suppress(TypeError, ValueError):
                found |= {name: it.default for name, it in inspect.signature(target).parameters.items() if it.default is not inspect.Parameter.empty}
    return found


def _defaults_of_optimizer(name: str) -> dict[str, Any]:
    """What a Keras optimizer of this name has without being told, as MLflow calls it: `optimizer_beta_1`."""
    optimizers = vars(sys.modules["keras.optimizers"]) if name and "keras.optimizers" in sys.modules else {}
    bare = name.replace("_", "").lower()
    kind = next((it for title, it in optimizers.items() if title.lower() == bare and isinstance(it, type)), None)
    if kind is None:
        return {}
    return {f"optimizer_{key}": it.default for key, it in inspect.signature(kind).parameters.items() if it.default is not inspect.Parameter.empty}


@contextlib.contextmanager
def _undisturbed() -> Any:
    """Without what MLflow says on the way."""
    log = logging.getLogger("mlflow")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
