"""Writing a fitted model in MLflow's model format without MLflow, whose import and inference of requirements cost seconds."""

from __future__ import annotations

import functools
import importlib.metadata
import io
import json
import platform
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from typing import Any, BinaryIO

from nbtrack.capture.flavors import Flavor, Written
from nbtrack.capture.schemas import Sample

_IN_MEMORY = 16 << 20
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "yaml": "PyYAML",
    "imblearn": "imbalanced-learn",
}
_BESIDE = ("numpy", "pandas", "scipy")
"""Recorded with every model if they are loaded: what they hand to a model matters."""


class TooLargeError(Exception):
    """The model has more bytes than are kept."""


class TooSlowError(Exception):
    """The model was not written in the time there was."""


class _Capped(io.RawIOBase):
    """A file in memory, or on disk once it is large, that refuses to grow beyond a number of bytes or a moment."""

    def __init__(self, folder: ModelFolder) -> None:
        self._folder = folder
        self.file: BinaryIO = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # type: ignore[assignment] # noqa: SIM115 - closed with the folder

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._folder.spend(memoryview(data).nbytes)
        return self.file.write(data)


class ModelFolder:
    """Files of one model while they are written.

    Args:
        most_bytes: TooLargeError beyond.
        deadline: of `time.monotonic()`; TooSlowError after.
    """

    def __init__(self, most_bytes: float, deadline: float) -> None:
        self.most_bytes, self.deadline = most_bytes, deadline
        self.refused: Exception | None = None
        self.is_given_up = False
        """Set from another thread: the next write raises."""
        self._size = 0
        self._files: dict[str, _Capped] = {}

    def open(self, path: str) -> BinaryIO:
        """A file for writing."""
        self._files[path] = _Capped(self)
        return self._files[path]  # type: ignore[return-value] # RawIOBase is what picklers and zip writers need of it

    def text(self, path: str, text: str) -> None:
        self.open(path).write(text.encode())

    def spend(self, size_bytes: int) -> None:
        """Count bytes; frameworks may swallow what this raises, so it is remembered too."""
        self._size += size_bytes
        if self._size > self.most_bytes:
            self.refused = TooLargeError(f"more than {self.most_bytes / (1 << 20):g} MB")
        elif self.is_given_up or time.monotonic() > self.deadline:
            self.refused = TooSlowError()
        if self.refused is not None:
            raise self.refused

    @property
    def size_bytes(self) -> int:
        return self._size

    def files(self) -> dict[str, BinaryIO]:
        """All files, each at its beginning."""
        for file in self._files.values():
            file.file.seek(0)
        return {path: file.file for path, file in self._files.items()}

    def close(self) -> None:
        for file in self._files.values():
            file.file.close()


def write_model(model: Any, flavor: Flavor, folder: ModelFolder, sample: Sample | None, outputs: list[dict[str, Any]] | None) -> None:
    """Write a fitted model into a folder as `mlflow.<flavor>.save_model` would.

    Raises:
        TooLargeError, TooSlowError: nothing of it is to be kept.
    """
    try:
        written = flavor.write(model, folder.open)
    except Exception:  # whatever the framework made of a refused write, the refusal is the reason
        if folder.refused is not None:
            raise folder.refused from None
        raise
    if folder.refused is not None:
        raise folder.refused
    requirements = requirements_of(written.modules)
    facts = _facts(flavor.name, written)
    if sample is not None:
        _write_sample(folder, facts, sample, outputs)
    folder.text("requirements.txt", "".join(f"{line}\n" for line in requirements))
    python = {"python": platform.python_version(), "build_dependencies": ["pip", "setuptools", "wheel"], "dependencies": ["-r requirements.txt"]}
    folder.text("python_env.yaml", json.dumps(python, indent=2))
    conda = {"name": "mlflow-env", "channels": ["conda-forge"], "dependencies": [f"python={platform.python_version()}", "pip", {"pip": requirements}]}
    folder.text("conda.yaml", json.dumps(conda, indent=2))
    facts["model_size_bytes"] = folder.size_bytes
    folder.text("MLmodel", json.dumps(facts, indent=2, ensure_ascii=False))  # JSON is YAML; writing YAML would import a library


def requirements_of(modules: frozenset[str]) -> list[str]:
    """Exact requirements for the modules' distributions as they are loaded, MLflow's and those that come with every model."""
    loaded = [*sorted(modules), *(name for name in _BESIDE if name in sys.modules and name not in modules)]
    return [line for line in (_requirement("mlflow"), *(_requirement(module) for module in loaded)) if line]


@functools.cache
def _requirement(module: str) -> str:
    usual = _DISTRIBUTIONS.get(module, module)
    for name in (usual, f"{usual}-cpu"):
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return f"{name}=={version.partition('+')[0]}"  # a local version such as 2.13.0+cpu cannot be asked of an index
    return ""


def _facts(name: str, written: Written) -> dict[str, Any]:
    environment = {"env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}, "python_version": platform.python_version()}
    flavors = {name: written.flavor} | ({"python_function": {**written.pyfunc, **environment}} if written.pyfunc is not None else {})
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")
    return {"flavors": flavors, "mlflow_version": _requirement("mlflow").partition("==")[2], "model_uuid": uuid.uuid4().hex, "utc_time_created": now}


def _write_sample(folder: ModelFolder, facts: dict[str, Any], sample: Sample, outputs: list[dict[str, Any]] | None) -> None:
    facts["signature"] = {"inputs": json.dumps(sample.schema), "outputs": json.dumps(outputs) if outputs else None, "params": None}
    if sample.example is None:
        return
    about: dict[str, Any] = {"artifact_path": "input_example.json", "serving_input_path": "serving_input_example.json"}
    about |= {"type": "dataframe", "pandas_orient": "split"} if sample.is_table else {"type": "ndarray"}
    facts["saved_input_example_info"] = about
    folder.text("input_example.json", json.dumps(sample.example))
    folder.text("serving_input_example.json", json.dumps({"dataframe_split" if sample.is_table else "inputs": sample.example}))
