"""The functions that MLflow's autologging patches, as they are without it where they fail."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

_TOPS = ("mlflow", "nbtrack")


def hide_frames(integration: str) -> None:
    """Take MLflow's frames, and ours, out of the traceback of what an integration's patched functions raise.

    The traceback is mended where the error leaves the patch, so the user's own `except` sees it as IPython does. MLflow sets the
    original back when it reverts its patch, and does not look at what stands there.
    """
    from mlflow.utils.autologging_utils.safety import _AUTOLOGGING_PATCHES

    for patch in _AUTOLOGGING_PATCHES.get(integration, ()):
        if type(patch.obj) is types.FunctionType and vars(patch.destination).get(patch.name) is patch.obj:
            setattr(patch.destination, patch.name, _unseen(patch.obj))


@contextlib.contextmanager
def watched_searches(searched: set[str]) -> Iterator[None]:
    """What is switched on in it adds the params that a search of scikit-learn's varied, before MLflow logs its candidates with all params they have.

    MLflow has no option for it; a release that names this function otherwise logs all of them.
    """
    from mlflow.sklearn import utils

    name = "_create_child_runs_for_parameter_search"
    original = getattr(utils, name, None)
    if original is None:
        yield
        return

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        search = kwargs.get("cv_estimator") or next((it for it in args if hasattr(it, "cv_results_")), None)
        searched.update(key for candidate in getattr(search, "cv_results_", {}).get("params", ()) for key in candidate)
        return original(*args, **kwargs)

    setattr(utils, name, call)  # the patch takes it from there when it is made
    try:
        yield
    finally:
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
