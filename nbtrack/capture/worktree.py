"""The state of the git repository a tracked cell runs in: what git itself says, asked in the background when the run begins."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Any

from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.courier.uris import mask_uri
from nbtrack.patterns import regex
from nbtrack.records import dataclass
from nbtrack.system import working_folder

WAIT_S = 10.0
"""Seconds that all of git's answers for one run may take together."""
DIFF_CAP = 1 << 20
"""Bytes of the diff that are kept."""
MOST = 1000
"""Changed files that are listed."""
# Nothing of the user's runs, nothing is written and nobody is asked: no hooks, monitors, pagers or prompts, and the index is left as it is
_CALL = ("--no-pager", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.quotePath=false", "-c", "diff.external=")
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_EXTERNAL_DIFF": "", "LC_ALL": "C"}
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--ignore-submodules=all")
_LOGIN = regex(r"^(https?://)[^/?#]*@", re.IGNORECASE)


class Git(Source):
    """`git/state.json` and, where tracked files are changed, `git/diff.patch`; once a run."""

    name = "git"
    kind = "git"

    def __init__(self) -> None:
        self._asked = ""
        self._slow: set[Path] = set()
        self._waiting: list[tuple[TrackedRun, Path]] = []
        self._is_working = False
        self._lock = threading.Lock()

    def before(self, cell: Cell) -> Iterable[Finding]:
        if cell.run is not None and cell.run.run_id != self._asked:
            self._asked = cell.run.run_id
            self.begin(cell.run)
        return ()

    def begin(self, run: TrackedRun) -> None:
        """A run begins: git is asked soon."""
        folder = working_folder()
        if folder in self._slow or "mlflow.source.git.commit" not in run.start.tags:
            return
        with self._lock:
            self._waiting.append((run, folder))
            if self._is_working:
                return
            self._is_working = True
        # Not a daemon: the last cell of a notebook that is executed and shut down at once has a state too
        threading.Thread(target=self._work, name="nbtrack-git", daemon=False).start()

    def _work(self) -> None:
        """Answer all runs that wait, those of quick cells with one look."""
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting:
                    self._is_working = False
                    return
            groups: dict[tuple[Path, str], list[TrackedRun]] = {}
            for run, folder in waiting:
                groups.setdefault((folder, run.start.tags.get("nbtrack.notebook", "")), []).append(run)
            for (folder, notebook), runs in groups.items():
                self._look(runs, folder, notebook)

    def _look(self, runs: list[TrackedRun], folder: Path, notebook: str) -> None:
        try:
            found = look(folder, notebook, time.monotonic() + WAIT_S)
        except subprocess.TimeoutExpired:
            self._slow.add(folder)
            runs[0].notice(f"git took more than {WAIT_S:.0f} s to tell the state of {folder}; it is not asked again in this kernel")
            return
        except Exception as cause:  # noqa: BLE001 - git, or the file system, in a state nobody foresaw
            runs[0].notice(f"the state of git could not be read: {cause!r}")
            return
        if found is None:
            return
        state, diff = found
        for run in runs:
            run.artifact_bytes("git/state.json", json.dumps(state, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
            if diff:
                run.artifact_bytes("git/diff.patch", diff)


@dataclass
class Status:
    """What `git status` says."""

    top: Path
    commit: str = ""
    branch: str = ""
    """Empty where no branch is checked out."""
    dirty: list[str] = field(default_factory=list)
    untracked: list[str] = field(default_factory=list)
    """Files and whole folders."""


def look(folder: Path, notebook: str, deadline: float) -> tuple[dict[str, Any], bytes] | None:
    """State and diff of the repository around `folder`; None where there is none, or no git.

    Args:
        notebook: absolute path, or empty; where it lies in another repository, that one's commit, branch and remote stand beside it.
        deadline: of `time.monotonic()`.

    Raises:
        subprocess.TimeoutExpired: git did not answer in time.
    """
    status = _status(folder, deadline)
    if status is None:
        return None
    state = _facts(status, deadline) | {"dirty": status.dirty[:MOST], "untracked": len(status.untracked)}
    if len(status.dirty) > MOST:
        state["dirty_left_out"] = len(status.dirty) - MOST
    if notebook:
        state["notebook"] = _notebook(Path(notebook).resolve(), status, deadline)
    diff = _ask(status.top, (*_DIFF, "HEAD" if status.commit else "--cached", "--"), deadline, cap=DIFF_CAP) if status.dirty else b""
    return state, diff or b""


def changed_files(folder: Path, deadline: float) -> set[Path]:
    """Files of the repository around `folder` that are not as git's commit has them; empty where there is none.

    Raises:
        subprocess.TimeoutExpired: git did not answer in time.
    """
    status = _status(folder, deadline)
    return set() if status is None else {status.top / name for name in (*status.dirty, *status.untracked)}


def _notebook(path: Path, status: Status, deadline: float) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if not path.is_relative_to(status.top):
        other = _status(path.parent, deadline) if path.parent.is_dir() else None
        if other is None:
            return {"path": str(path), "is_dirty": None}
        status, facts = other, _facts(other, deadline)
    name = path.relative_to(status.top).as_posix()
    is_new = any(name == it or (it.endswith("/") and name.startswith(it)) for it in status.untracked)
    return {"path": name, "is_dirty": is_new or name in status.dirty} | facts


def _status(folder: Path, deadline: float) -> Status | None:
    top = _ask(folder, ("rev-parse", "--show-toplevel"), deadline)
    text = _ask(folder, ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--no-renames", "--ignore-submodules=all"), deadline)
    if not top or text is None:
        return None
    status = Status(Path(os.fsdecode(top).rstrip("\r\n")).resolve())
    for line in os.fsdecode(text).split("\0"):
        kind, _, rest = line.partition(" ")
        if line.startswith("# branch.oid "):
            status.commit = "" if line.endswith("(initial)") else line.split(" ", 2)[2]
        elif line.startswith("# branch.head "):
            status.branch = "" if line.endswith("(detached)") else line.split(" ", 2)[2]
        elif kind == "1":
            status.dirty.append(rest.split(" ", 7)[-1])
        elif kind == "u":  # in conflict
            status.dirty.append(rest.split(" ", 9)[-1])
        elif kind == "?":
            status.untracked.append(rest)
    return status


def _facts(status: Status, deadline: float) -> dict[str, Any]:
    return {"commit": status.commit, "branch": status.branch, "remote": _remote(status, deadline)}


def _remote(status: Status, deadline: float) -> str:
    """Address of the branch's remote, else of `origin`, else of the first; without login."""
    text = _ask(status.top, ("config", "-z", "--get-regexp", r"^(branch\..*\.remote|remote\..*\.url)$"), deadline) or b""
    known = dict(item.partition("\n")[::2] for item in os.fsdecode(text).split("\0") if item)
    addresses = {key.removeprefix("remote.").removesuffix(".url"): value for key, value in known.items() if key.startswith("remote.")}
    for name in (known.get(f"branch.{status.branch}.remote", ""), "origin", *addresses):
        if name in addresses:
            return mask_uri(_LOGIN.sub(r"\1", addresses[name]))
    return ""


def _ask(folder: Path, words: tuple[str, ...], deadline: float, cap: int = 64 << 20) -> bytes | None:
    """What git answers, up to `cap` bytes; None where it refuses or is not there."""
    git = shutil.which("git")
    if git is None:
        return None
    process = subprocess.Popen(
        [git, *_CALL, *words], cwd=folder, env={**os.environ, **_QUIET}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip  # of its own session: an interrupt of the cell is not for git
    assert process.stdout is not None  # it is a pipe
    late = threading.Timer(max(0.0, deadline - time.monotonic()), process.kill)
    late.start()
    with process, process.stdout:
        text = process.stdout.read(cap)
        is_cut = bool(process.stdout.read(1))
        if is_cut:
            process.kill()
    late.cancel()
    if time.monotonic() >= deadline:
        raise subprocess.TimeoutExpired(words[0], WAIT_S)
    if is_cut:
        return text + f"\n[more than {cap} bytes: the rest is left out]\n".encode()
    return text if process.returncode == 0 else None
