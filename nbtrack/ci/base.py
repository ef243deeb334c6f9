"""The run a change is held against."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from nbtrack import settings
from nbtrack.entities import RunView, State
from nbtrack.errors import UnknownRunError, UsageError
from nbtrack.journal import Home
from nbtrack.reads import all_runs, find, words
from nbtrack.reads.changed import baseline
from nbtrack.reads.fresh import refresh_first
from nbtrack.reads.runs import REPRODUCES_TAG

COMMIT_TAG = "mlflow.source.git.commit"
_GIT_S = 20
_HASH = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_FEWEST = 200
"""Commits before the base's that are looked through for a run."""


def base_of(home: Home, head: RunView, against: str, folder: Path) -> tuple[RunView | None, str]:
    """The run to compare with, and how it was found; or none, and why.

    Args:
        against: a run by name or id; `ref:NAME` for a branch, tag or commit of git; empty means the pinned run, else the attempt before.

    Raises:
        UnknownRunError: a run is named that nobody knows.
        UsageError: git knows no such commit; says how to fetch it.
    """
    if against.startswith("ref:"):
        refresh_first(home, settings.load())
        return run_of_ref(home, head, against.removeprefix("ref:"), folder)
    if against:
        found = find(home, against)
        return found, f"Compared with {_named(found)}, which was named."
    try:
        found = baseline(home, head)
    except UnknownRunError as cause:
        return None, f"There is nothing to compare with: {cause.message}"
    return found, f"Compared with {_named(found)}."


def run_of_ref(home: Home, head: RunView, ref: str, folder: Path) -> tuple[RunView | None, str]:
    """The last finished run like this one (of its name and experiment) that was made at a commit, or at the nearest one before it."""
    commits = history(folder, ref)
    order = {commit: at for at, commit in enumerate(commits)}
    like = [
        it for it in all_runs(home)
        if it.run_id != head.run_id and it.start.experiment == head.start.experiment and it.name == head.name and REPRODUCES_TAG not in it.tags
    ]  # fmt: skip
    there = [it for it in like if it.tags.get(COMMIT_TAG) in order]
    good = [it for it in there if it.state is State.FINISHED]
    shown = words.short(words.clean(ref), 80)
    if good:
        found = min(good, key=lambda it: (order[it.tags[COMMIT_TAG]], -it.start.started_ns))
        at = order[found.tags[COMMIT_TAG]]
        where = f"commit {commits[at][:8]}, where {shown} stands" if not at else f"commit {commits[at][:8]}, {at} before {shown}"
        full = find(home, found.run_id)
        return full, f"Compared with {_named(full)}, made at {where}."
    if there:
        return None, f"There is nothing to compare with: {_named(there[0])} of {shown} did not finish."
    known = f"{len(like)} runs of this name were made at other commits" if like else "no run of this name and experiment is known"
    return None, f"There is nothing to compare with: {known}, none at {shown} or before."


def history(folder: Path, ref: str) -> list[str]:
    """The commit a ref stands for, and those before it, newest first.

    Raises:
        UsageError: this is no git repository, or it has no such commit.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").strip()
    if not _HASH.fullmatch(commit):
        if not _git(folder, "rev-parse", "--git-dir").strip():
            raise UsageError(f"{folder} is in no git repository, so {ref!r} means nothing here.", mend="Name the run to compare with: --against RUN.")
        is_shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"
        why = "; the clone is shallow" if is_shallow else ""
        mend = (
            "Fetch it: git fetch --depth=200 origin BRANCH, or fetch-depth: 0 in actions/checkout." if is_shallow else "git branch --all lists what there is."
        )
        raise UsageError(f"Git knows no commit {ref!r} here{why}.", mend=mend)
    return _git(folder, "rev-list", "--first-parent", f"--max-count={_FEWEST}", commit).split() or [commit]


def _git(folder: Path, *command: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *command], capture_output=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _named(view: RunView) -> str:
    return f"{words.clean(words.title(view))} ({view.run_id[:8]})"
