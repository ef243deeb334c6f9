"""The command lines of ours that a page may have run, by their kind: nothing of what a page says gets there unchecked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import find, words
from nbtrack.replay.reproduce import ENVIRONMENTS


@dataclass(frozen=True)
class Command:
    """What is run, and what it is about."""

    kind: str
    title: str
    """For people."""
    subject: str
    """Id of the run, or path below the server's root: by it a view finds its job again."""
    words: Sequence[str]
    """What stands after `nbtrack` on a command line."""
    cwd: Path
    has_result: bool = False
    """Whether it prints one JSON value, and says all else on stderr."""


_NAME = re.compile(r"[^\W\d][\w.]*|\.[\w.]+")
"""Of a parameter, also of a notebook in another language."""
_MOST_AT_ONCE = 16
"""Stages or runs of one job."""
Make = Callable[[Home, Path, Mapping[str, Any]], Command]


def command_of(home: Home, root: Path, body: Mapping[str, Any]) -> Command:
    """The command that a request asks for.

    Raises:
        UsageError: there is no such kind, or what it needs is wrong.
        UnknownRunError: there is no such run.
    """
    kind = str(body.get("kind") or "")
    if kind not in KINDS:
        raise UsageError(f"There is no kind of job {kind!r}.", mend=f"It is one of {', '.join(KINDS)}.")
    return KINDS[kind](home, root, body)


def within(root: Path, said: object) -> Path:
    """The path below the server's root that a page means.

    Raises:
        UsageError: it leaves the root.
    """
    path = root / str(said or "").lstrip("/")
    try:
        is_inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        is_inside = False
    if not is_inside:
        raise UsageError(f"{str(said)[:200]!r} is not below the server's root.", mend="Name a path below the folder that the server shows.")
    return path


def _reproduce(home: Home, root: Path, body: Mapping[str, Any]) -> Command:
    view = find(home, str(body.get("run") or ""))
    env = str(body.get("env") or "current")
    if env not in ENVIRONMENTS:
        raise UsageError(f"There is no environment {env!r}.", mend=f"It is one of {', '.join(ENVIRONMENTS)}.")
    tolerance = body.get("tolerance") or []
    if not isinstance(tolerance, list) or not all(isinstance(it, str) for it in tolerance):
        raise UsageError("The tolerance is no list of texts.", mend='Write ["1e-6"] or ["acc=0.01"].')
    beside = Path(view.tags.get("nbtrack.notebook", "")).parent
    cwd = beside if beside.is_absolute() and beside.is_dir() and beside.resolve().is_relative_to(root.resolve()) else root
    options = [f"--env={env}", *(f"--tolerance={it}" for it in tolerance)]
    return Command("reproduce", f"Reproduce {words.title(view)}", view.run_id, ["reproduce", view.run_id, *options, "--output", "--json"], cwd, has_result=True)


def _pipeline(home: Home, root: Path, body: Mapping[str, Any]) -> Command:
    file = within(root, body.get("path"))
    if file.suffix not in (".yaml", ".yml") or not file.is_file():
        raise UsageError(f"There is no pipeline file {file.name}.", mend="Name a YAML file below the folder that the server shows.")
    stages = body.get("stages") or []
    if not isinstance(stages, list):
        raise UsageError("The stages are no list of names.", mend='Write ["train"].')
    told = {"--profile": body.get("profile"), "--from": body.get("start"), "--resume": body.get("resume")}
    options = [word for option, value in told.items() if value for word in (option, _word(value))]
    words = ["run", *(_word(it) for it in stages), "--file", file.name, *options, *_params(body), f"--jobs={_at_once(body)}", "--json"]
    what = f"{', '.join(stages)} of {file.parent.name}" if stages else file.parent.name
    return Command("pipeline", f"Run {what}", file.relative_to(root).as_posix(), words, file.parent, has_result=True)


def _notebook(home: Home, root: Path, body: Mapping[str, Any]) -> Command:
    file = within(root, body.get("path"))
    if file.suffix != ".ipynb" or not file.is_file():
        raise UsageError(f"There is no notebook {file.name}.", mend="Name an .ipynb file below the folder that the server shows.")
    grid = body.get("grid") or {}
    if not isinstance(grid, Mapping) or not all(isinstance(it, list) for it in grid.values()):
        raise UsageError("The grid has no lists of values.", mend='Write {"lr": ["0.1", "0.01"]}.')
    values = [f"--grid={_pair(name, it)}" for name, said in grid.items() for it in said]
    # The dot keeps a name that begins with a dash from being taken for an option
    words = ["run", f"./{file.name}", *_params(body), *values, *([f"--jobs={_at_once(body)}"] if values else []), "--json"]
    return Command("notebook", f"Run {file.name}", file.relative_to(root).as_posix(), words, file.parent, has_result=True)


def _params(body: Mapping[str, Any]) -> list[str]:
    """Values of params, as they were typed."""
    params = body.get("params") or {}
    if not isinstance(params, Mapping):
        raise UsageError("The params are no mapping.", mend='Write {"lr": "0.1"}.')
    return [f"--param={_pair(name, value)}" for name, value in params.items()]


def _pair(name: object, value: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(value, str) or "\0" in value:
        raise UsageError(f"{str(name)[:200]!r} cannot have the value {str(value)[:200]!r}.", mend="Values are texts, by the name of a parameter.")
    return f"{name}={value}"


def _word(said: object) -> str:
    """A name of a page's as one word of a command line.

    Raises:
        UsageError: it would be taken for something else.
    """
    if not isinstance(said, str) or not said or said.startswith("-") or said.endswith((".ipynb", ".yaml", ".yml")) or "\0" in said:
        raise UsageError(f"{str(said)[:200]!r} cannot be a name.", mend="Take the name of a stage, profile or run.")
    return said


def _at_once(body: Mapping[str, Any]) -> int:
    found = body.get("jobs")
    return max(1, min(_MOST_AT_ONCE, found)) if isinstance(found, int) else min(_MOST_AT_ONCE, os.cpu_count() or 1)


KINDS: dict[str, Make] = {"reproduce": _reproduce, "pipeline": _pipeline, "notebook": _notebook}
