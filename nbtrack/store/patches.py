"""The functions that MLflow's autologging patches, as they are without it where they fail."""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from nbtrack.capture.wrap import wrap

_TOPS = ("mlflow", "nbtrack")
_SUMMARY = ("rich", "keras", "nbtrack")
"""What stands between MLflow and what is shown when it takes the summary of a Keras model as text."""


def hide_frames(integration: str) -> None:
    """Take MLflow's frames, and ours, out of the traceback of what an integration's patched functions raise.

    The traceback is mended where the error leaves the patch, so the user's own `except` sees it as IPython does. MLflow sets the
    original back when it reverts its patch, and does not look at what stands there.
    """
    from mlflow.utils.autologging_utils.safety import _AUTOLOGGING_PATCHES

    for patch in _AUTOLOGGING_PATCHES.get(integration, ()):
        if type(patch.obj) is types.FunctionType and vars(patch.destination).get(patch.name) is patch.obj:
            setattr(patch.destination, patch.name, _unseen(patch.obj))


def show_nothing_empty() -> Callable[[], None]:
    """Keep an empty output away from the cell that MLflow makes at each fit of a Keras model; returns what undoes it.

    MLflow takes the model's summary as text, which rich, in a notebook, displays all the same: as nothing, in an output of its own.
    """
    if "rich" not in sys.modules:
        return lambda: None
    return wrap(importlib.import_module("rich.jupyter"), "display", _shown_by_others)


def _shown_by_others(display: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(display)
    def call(segments: Any, text: str) -> None:
        if text or not _is_called_by_mlflow():
            display(segments, text)

    return call


def _is_called_by_mlflow() -> bool:
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _SUMMARY:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "mlflow"


@contextlib.contextmanager
def watched_searches(searched: set[str]) -> Iterator[None]:
    """What is switched on in it adds the params that a search of scikit-learn's varied, before MLflow logs its candidates with all params they have.

    Nor does it predict the training set once more and draw that: nobody keeps it, it takes a second, and matplotlib, where that is what loads
    it, would show none of the notebook's figures from then on. MLflow has no option for either; a release that names these functions otherwise
    does both.
    """
    from mlflow.sklearn import utils

    def watch(log: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(log)
        def call(*args: Any, **kwargs: Any) -> Any:
            search = kwargs.get("cv_estimator") or next((it for it in args if hasattr(it, "cv_results_")), None)
            searched.update(key for candidate in getattr(search, "cv_results_", {}).get("params", ()) for key in candidate)
            return log(*args, **kwargs)

        return call

    replaced: dict[str, Callable[[Any], Callable[..., Any]]] = {
        "_create_child_runs_for_parameter_search": watch,
        "_log_estimator_content": lambda _: lambda *args, **kwargs: {},
    }
    originals = {name: getattr(utils, name) for name in replaced if hasattr(utils, name)}
    for name, original in originals.items():
        setattr(utils, name, replaced[name](original))  # the patch takes it from there when it is made
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(utils, name, original)


def _unseen(patched: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(patched)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return patched(*args, **kwargs)
        except BaseException as error:
            part = error.__traceback__
            while part is not None and str(part.tb_frame.f_globals.get("__name__")).partition(".")[0] in _TOPS:
                part = part.tb_next
            error.__traceback__ = part
            raise  # adds no frame of this function

    return call
