"""Files of a run: read from the journal, and written where nothing is yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from nbtrack.entities import Artifact, RunView, State
from nbtrack.errors import JournalError, UsageError
from nbtrack.journal import Home, blobs, fold
from nbtrack.notebooks.dead import reap
from nbtrack.reads import words

EXECUTED, DOCUMENT, RECIPE = "notebook/executed.ipynb", "notebook/document.ipynb", "notebook/recipe.ipynb"
REQUIREMENTS, ENVIRONMENT = "environment/requirements.txt", "environment/environment.json"
CODE = "code"
"""Folder of the user's own modules, as the run used them."""
NOTEBOOK_TAG = "nbtrack.notebook"


def settled(home: Home, view: RunView) -> RunView:
    """The run, ended now if the process that would have ended it is gone."""
    return view if view.state.is_end or not view.is_local or not reap(home, view.run_id) else fold(home, view.run_id) or view


def read(home: Home, view: RunView, path: str) -> bytes | None:
    """An artifact's bytes; None where the run has no such artifact.

    Raises:
        JournalError: its bytes are not in the journal any more, or damaged.
    """
    for it in view.artifacts:
        if it.path == path:
            try:
                return blobs.get_bytes(home, it.blob)
            except FileNotFoundError as cause:
                raise _gone(path) from cause
    return None


def copy(home: Home, artifact: Artifact, target: Path) -> None:
    """Write an artifact's bytes to a file, whose folders are made.

    Raises:
        JournalError: its bytes are not in the journal any more, or damaged.
        OSError: the file cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        blobs.copy_to(home, artifact.blob, target)
    except FileNotFoundError as cause:
        raise _gone(artifact.path) from cause


def why_no_environment(view: RunView) -> str:
    """Why a run does not have it, and what to do, in two sentences."""
    if view.state is State.RUNNING:
        why = "It has just begun, or --capture or the setting capture leaves it out"
    elif view.state is State.KILLED:
        why = "Its process ended before it was written, or --capture or the setting capture left it out"
    else:
        why = "--capture or the setting capture left it out, or the run is not of a notebook's cell"
    return f"{why}. `nbtrack reproduce {view.run_id[:8]} --env current` takes the one that is here."


def _gone(path: str) -> JournalError:
    return JournalError(f"The bytes of {path} are not in the journal any more.", mend="If the run was delivered, MLflow has them.")


def folder_of(view: RunView) -> Path | None:
    """Folder of the run's notebook, if that is known and still there; a script's may be one of installed programs."""
    notebook = notebook_of(view)
    return notebook.parent if notebook is not None and notebook.parent.is_dir() else None


def notebook_of(view: RunView) -> Path | None:
    """Path of the run's notebook, if it is told and is one."""
    notebook = view.tags.get(NOTEBOOK_TAG, "")
    return Path(notebook) if notebook.endswith(".ipynb") else None


def slug(view: RunView) -> str:
    """The run's name and attempt as a part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", words.title(view)).strip("-.")[:80] or view.run_id[:8]


def write_new(path: Path, data: bytes) -> Path:
    """Write a file of this name, or of this name with a number where it is taken; returns the path.

    Raises:
        UsageError: it cannot be written.
    """

    def write(candidate: Path) -> None:
        with candidate.open("xb") as file:
            file.write(data)

    return _first_free(path, write, "written")


def new_folder(path: Path) -> Path:
    """Make a folder of this name, or of this name with a number where it is taken.

    Raises:
        UsageError: it cannot be made.
    """
    return _first_free(path, Path.mkdir, "made")


def _first_free(path: Path, make: Callable[[Path], None], done: str) -> Path:
    """The first name that nobody has: whoever is quicker has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for candidate in _numbered(path):
            try:
                make(candidate)
            except FileExistsError:
                continue
            return candidate
    except OSError as cause:
        raise UsageError(f"{path} cannot be {done}: {cause.strerror or cause}.", mend="Say where else, with --to PATH.") from cause
    raise AssertionError  # numbers do not end


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    stem, suffix = (path.name, "") if path.is_dir() else (path.stem, path.suffix)
    yield from (path.with_name(f"{stem}-{number}{suffix}") for number in count(2))
