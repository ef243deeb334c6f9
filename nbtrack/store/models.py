"""Loading a model in MLflow's format from a folder."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError


def load(folder: Path) -> Any:
    """What predicts: `.predict(data)` takes a pandas frame and gives an array, a frame or a list.

    It executes what is pickled in the folder.

    Raises:
        UsageError: it cannot be loaded here; says why.
    """
    logging.getLogger("mlflow.utils.requirements_utils").setLevel(logging.ERROR)  # other versions than at the time are no news on another machine
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow.pyfunc

            return mlflow.pyfunc.load_model(str(folder))
    except Exception as cause:  # foreign code is unpickled
        raise UsageError(
            f"The model cannot be loaded: {type(cause).__name__}: {cause}", mend="Install what it was made with: nbtrack restore RUN --env."
        ) from cause


def input_example(folder: Path) -> Any:
    """The rows that were kept with the model, as a frame or array; None where there are none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.models import Model

    return Model.load(str(folder)).load_input_example(str(folder))
