"""A commit checked out beside the user's files, which stay as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nbtrack.errors import UsageError

_GIT_S = 600
"""A large repository takes its time to be written."""


@contextmanager
def checked_out(folder: Path, commit: str) -> Iterator[Path]:
    """The folder as it was at a commit, in a temporary place that is gone afterwards.

    Args:
        folder: in a git repository; the place has the same name, as it may be that of a pipeline.

    Raises:
        UsageError: git cannot do it, or the commit has no such folder.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    inside = Path(os.path.relpath(folder.resolve(), top.resolve()))
    with tempfile.TemporaryDirectory(prefix="nbtrack-base-", ignore_cleanup_errors=True) as made:
        place = Path(made).resolve() / (top.name or "project")
        try:
            # Hooks are the user's, for the user's own checkouts
            _git(top, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--quiet", str(place), commit)
            if not (place / inside).is_dir():
                raise UsageError(f"Commit {commit[:8]} has no folder {inside}.", mend="There is nothing to run there.")
            yield place / inside
        finally:
            subprocess.run(["git", "-C", str(top), "worktree", "remove", "--force", str(place)], capture_output=True, timeout=_GIT_S, check=False)
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run(["git", "-C", str(top), "worktree", "prune"], capture_output=True, timeout=_GIT_S, check=False)


def bring(paths: Iterable[str], here: Path, there: Path) -> list[str]:
    """Copy files and folders that git does not have from one checkout to another; those that were brought.

    Args:
        paths: from the folders; what leads out of them is left alone, and what is there already, too.
    """
    brought = []
    for path in dict.fromkeys(paths):
        source, target = here / path, there / path
        if ".." in Path(path).parts or Path(path).is_absolute() or target.exists() or not source.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
        brought.append(path)
    return brought


def _git(folder: Path, *command: str) -> str:
    """
    Raises:
        UsageError: git cannot do it; says what git says.
    """
    try:
        done = subprocess.run(["git", "-C", str(folder), *command], capture_output=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.SubprocessError) as cause:
        raise UsageError(f"git cannot be run: {cause}", mend="Install git.") from cause
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        what = "worktree add" if "worktree" in command else command[0]
        raise UsageError(f"git {what} failed: {said[-1] if said else f'exit code {done.returncode}'}", mend="Run it by hand to see why.")
    return done.stdout.decode("utf-8", "surrogateescape")
