"""The run a change is held against."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbtrack import settings
from nbtrack.amounts import counted
from nbtrack.entities import RunView, State
from nbtrack.errors import UnknownRunError, UsageError
from nbtrack.journal import Home
from nbtrack.reads import all_runs, find, words
from nbtrack.reads.cached import source_of
from nbtrack.reads.changed import BASELINE_TAG, baseline
from nbtrack.reads.fresh import refresh_first
from nbtrack.reads.runs import REPRODUCES_TAG

COMMIT_TAG = "mlflow.source.git.commit"
_GIT_S = 20
_HASH = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_FEWEST = 200
"""Commits before the base's that are looked through for a run."""


@dataclass(frozen=True)
class Base:
    """The run to compare with, or why there is none."""

    view: RunView | None
    way: str
    """How it was found: `made at commit 1a2b3c4d, where main stands`; without a run, a sentence that says why."""
    is_failed: bool = False
    """There was a run, and it did not finish."""

    @property
    def how(self) -> str:
        """One sentence."""
        return f"There is nothing to compare with: {self.way}" if self.view is None else f"Compared with {_named(self.view)}, {self.way}."


@dataclass(frozen=True)
class Like:
    """What a run must be like to be compared with."""

    name: str
    experiment: str
    profile: str = ""
    """Of the pipeline; results of another one mean something else."""


def base_of(home: Home, head: RunView, against: str, folder: Path) -> Base:
    """The run to compare with.

    Args:
        against: a run by name or id; `ref:NAME` for a branch, tag or commit of git; empty means the pinned run, else the last attempt before that finished.

    Raises:
        UnknownRunError: a run is named that nobody knows.
        UsageError: git knows no such commit; says how to fetch it.
    """
    if against.startswith("ref:"):
        refresh_first(home, settings.load())
        ref = against.removeprefix("ref:")
        commits, runs = history(folder, ref), all_runs(home, metrics=False)
        like = Like(head.name, head.start.experiment, profiles(runs).get(head.run_id, ""))
        return run_at(home, like, commits, ref, [it for it in runs if it.run_id != head.run_id])
    if against:
        return Base(find(home, against), "which was named")
    try:
        found = baseline(home, head, lambda it: it.state is State.FINISHED)
    except UnknownRunError as cause:
        return Base(None, cause.message)
    return Base(found, "the pinned run" if BASELINE_TAG in found.tags else "the last attempt before that finished")


def run_at(home: Home, like: Like, commits: Sequence[str], ref: str, runs: Sequence[RunView]) -> Base:
    """The last finished run of its kind that was made at a commit, or at the nearest one before it.

    Args:
        commits: that of the ref, and those before it, newest first.
        runs: those that come into question, in any order.
    """
    order = {commit: at for at, commit in enumerate(commits)}
    profile = profiles(runs)
    alike = [
        it for it in runs
        if it.name == like.name and it.start.experiment == like.experiment and REPRODUCES_TAG not in it.tags and profile[it.run_id] == like.profile
    ]  # fmt: skip
    there = [it for it in alike if it.tags.get(COMMIT_TAG) in order]
    good = [it for it in there if it.state is State.FINISHED]
    shown = words.short(words.clean(ref), 80)
    if good:
        found = min(good, key=lambda it: (order[it.tags[COMMIT_TAG]], -it.start.started_ns))
        at = order[found.tags[COMMIT_TAG]]
        where = f"commit {commits[at][:8]}, where {shown} stands" if not at else f"commit {commits[at][:8]}, {at} before {shown}"
        full = source_of(home, find(home, found.run_id))
        return Base(full, f"made at {where}" if full.run_id == found.run_id else f"whose result was still in force at {where}")
    if there:
        return Base(None, f"{_named(there[0])} of {shown} did not finish.", is_failed=True)
    made = counted(len(alike), "run of this name was made", "runs of this name were made")
    known = f"{made} at other commits" if alike else "no run of this name and experiment is known"
    return Base(None, f"{known}, none at {shown} or before.")


def profiles(runs: Sequence[RunView]) -> dict[str, str]:
    """The profile of the pipeline that each run belongs to, by run id; empty where there is none."""
    own = {it.run_id: it.tags.get("nbtrack.profile", "") for it in runs}
    return {it.run_id: own[it.run_id] or own.get(it.start.parent, "") for it in runs}


def history(folder: Path, ref: str) -> list[str]:
    """The commit a ref stands for, and those before it, newest first.

    Raises:
        UsageError: this is no git repository, or it has no such commit.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").strip()
    if not _HASH.fullmatch(commit):
        if not _git(folder, "rev-parse", "--git-dir").strip():
            raise UsageError(f"{folder} is in no git repository, so {ref!r} means nothing here.", mend="Compare with a run: nbtrack report RUN --against RUN.")
        is_shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"
        why = "; the clone is shallow" if is_shallow else ""
        mend = (
            "Fetch it: git fetch --depth=200 origin BRANCH, or fetch-depth: 0 in actions/checkout."
            if is_shallow
            else "git branch --all lists what there is; a branch of the server comes with git fetch origin BRANCH."
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
