"""The command lines of ours that a page may have run, by their kind: nothing of what a page says gets there unchecked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import find
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
    return Command("reproduce", f"Reproduce {view.name}", view.run_id, ["reproduce", view.run_id, *options, "--output", "--json"], cwd, has_result=True)


KINDS: dict[str, Make] = {"reproduce": _reproduce}
