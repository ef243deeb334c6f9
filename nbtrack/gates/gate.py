"""What a gate is: the Protocol, what all gates' specs have in common, and what they look at."""

from __future__ import annotations

import importlib
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Annotated, Any, Protocol, runtime_checkable

from pydantic import BaseModel, BeforeValidator, ConfigDict

from nbtrack.entities import RunView
from nbtrack.entities.verdict import Severity
from nbtrack.errors import MissingPackageError, NbtrackError
from nbtrack.journal import Home
from nbtrack.replay import files

GATES_TAG = "nbtrack.gates"
"""On a run: `passed` or `failed`, as its gates said last."""


@dataclass(frozen=True)
class Found:
    """What a gate found; the caller makes a verdict of it."""

    passed: bool
    measured: float | str | None
    wanted: str
    why: str
    mend: str = ""
    details: tuple[tuple[str, str], ...] = ()


class CannotTellError(NbtrackError):
    """A gate has nothing to go by; it has not passed."""

    def __init__(self, message: str, *, mend: str, wanted: str = "") -> None:
        super().__init__(message, mend=mend)
        self.wanted = wanted


@dataclass(frozen=True)
class Subject:
    """The run a gate looks at, and where."""

    home: Home
    view: RunView
    folder: Path
    """Where relative paths of the spec begin: the folder of its file."""
    against: RunView | None = None
    """The run to compare with, where the caller knows it: in CI that of the base branch."""
    uri: str = ""
    """Full URI of the MLflow store, where registered models are looked up."""
    tell: Callable[[str], None] = field(default=lambda _: None)
    """Gets a line on what takes long."""
    is_alone: bool = False
    """Whether the attempt before is no baseline, as in CI: there it may be the same change, tried again."""

    @contextmanager
    def model(self, name: str = "") -> Iterator[Path]:
        """A model of the run as a folder in MLflow's format, which is gone afterwards.

        Args:
            name: empty means the only one.

        Raises:
            CannotTellError: there is none, or not one.
        """
        names = sorted({PurePosixPath(it.path).parts[1] for it in self.view.artifacts if it.path.startswith("models/") and it.path.count("/") > 1})
        chosen = name or (names[0] if len(names) == 1 else "")
        if chosen not in names:
            told = f"The run kept {'the models ' + ', '.join(names) if names else 'no model'}" + (f", none called {name!r}." if name else ".")
            mend = f"Write model: {names[0]}." if names else "Fitted models of the known frameworks are kept in tracked cells, see docs/capture.md."
            raise CannotTellError(told, mend=mend)
        with tempfile.TemporaryDirectory(prefix="nbtrack-model-") as place:
            folder = Path(place).resolve() / "model"
            for it in self.view.artifacts:
                if it.path.startswith(f"models/{chosen}/") and ".." not in it.path.split("/"):
                    files.copy(self.home, it, folder / it.path.removeprefix(f"models/{chosen}/"))
            yield folder


@runtime_checkable
class Gate(Protocol):
    """One check of a run, made from what stands in `nbtrack.yaml`.

    A gate is a pydantic model derived from `GateSpec`, whose `kind` is a `Literal` of its name. `check` is called once a verdict, in the caller's
    thread and in no promised order; it may take minutes. It reads through `subject` and writes nothing to the run. What cannot be measured has not
    passed: it raises `CannotTellError`, or any other error, which is told as the reason.
    """

    kind: str
    severity: Severity
    waiver: WaiverSpec | None

    def check(self, subject: Subject) -> Found:
        """Measure, and say whether that is good enough."""
        ...


class Strict(BaseModel):
    """A part of the file; an unknown name in it is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _text(value: Any) -> Any:
    """YAML makes a number of `1` and a date of `2026-12-31`; where a text is wanted, its text is."""
    return str(value) if isinstance(value, (int, float, date)) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]


class WaiverSpec(Strict):
    """Lets a gate's no pass until a day, and says who answers for it."""

    who: Text
    """Who answers for it."""
    why: Text
    """Why it may pass."""
    until: date
    """Last day it holds, as 2026-12-31."""


class GateSpec(Strict):
    """What every gate may say of itself."""

    severity: Severity = Severity.ERROR
    """`error`, or `warning`: told, and not counted."""
    waiver: WaiverSpec | None = None
    """Lets a no of this gate pass for a while."""


def need(module: str, package: str, what: str, *, extra: str = "gates") -> ModuleType:
    """A heavy library, on first use.

    Raises:
        MissingPackageError: it is not installed; names the command that installs it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library says of its own imports is not the user's to mend
            return importlib.import_module(module)
    except ModuleNotFoundError as cause:
        if (cause.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingPackageError(package, what, extra=extra) from cause
