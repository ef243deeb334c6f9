"""What a replay prepares in the kernel that executes it: its runs are told apart, and files outside the working folder stay as they are."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtrack.entities import Request
from nbtrack.reads.runs import REPRODUCES_TAG
from nbtrack.settings import Settings

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SYSTEM = ("/dev/", "/proc/", "/sys/")


class WriteRefusedError(PermissionError):
    """The code would have changed a file that lies outside the working folder."""


def prepare(shell: Any, facts: str) -> None:
    """Load nbtrack and set up one reproduction.

    Args:
        facts: JSON: `run_id` and `name` of the original, its `block` where it is one's, `outer`: the run around it, `folders` that may
            be written, `aside`: where runs are recorded that nobody asked for.
    """
    told: dict[str, Any] = json.loads(facts)
    shell.run_line_magic("load_ext", "nbtrack")
    session = shell._nbtrack_session
    block: dict[str, Any] | None = told["block"]
    run_id, name = told["run_id"], told["name"]
    session.amend = lambda request: amended(request, run_id, name) if block is None else amended(request, told["outer"] or run_id, request.name or "outer")
    session.blocks.ask = Blocks(run_id, name, block, told["aside"])
    sys.addaudithook(Guard(told["folders"]))


def amended(request: Request, run_id: str, name: str) -> Request:
    """The request of the original's cell as that of its reproduction: a child, in the same experiment."""
    tags = {**request.tags, REPRODUCES_TAG: run_id}
    return replace(request, name=f"{name}-reproduced", parent=run_id, experiment="", tags=tags, is_update=False, is_dry=False, is_quiet=True)


class Blocks:
    """Which block's run is the reproduction: the one with the original's name and place in its cell. All others are recorded aside, for nobody.

    Args:
        block: `name`, and `nth` among those of that name; None where the original is a cell's.
        aside: folder for the journal of the others.
    """

    def __init__(self, run_id: str, name: str, block: dict[str, Any] | None, aside: str) -> None:
        self._run_id, self._name, self._block, self._aside = run_id, name, block, aside
        self._counts: dict[str, int] | None = None

    def begin(self) -> None:
        """The original's cell comes next."""
        self._counts = {}

    def __call__(self, request: Request, chosen: Settings) -> tuple[Request, Settings]:
        if self._counts is not None:
            nth = self._counts[request.name] = self._counts.get(request.name, 0) + 1
            if self._block is not None and (request.name, nth) == (self._block["name"], self._block["nth"]):
                return amended(request, self._run_id, self._name), chosen
        return replace(request, parent="", is_update=False), replace(chosen, home=self._aside, delivery=False)


class Guard:
    """An audit hook: what exists outside the folders is not opened for writing, removed or renamed by Python.

    Hidden files and folders are caches and settings, which libraries keep up themselves. What this process made, it may write again.
    Other processes, and libraries that open files without Python, are not seen.

    Args:
        folders: absolute paths; everything below them may be written.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        self._free = (*(f"{os.path.realpath(it)}{os.sep}" for it in folders), *_SYSTEM)
        self._made: set[str] = set()

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(args[2], int) and args[2] & _WRITES:
                self._check(args[0])
        elif event in ("os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"):
            self._check(args[0])
        elif event == "os.rename":
            self._check(args[0])
            self._check(args[1])

    def _check(self, path: Any) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, (str, os.PathLike)):  # a descriptor
            return
        full = os.path.realpath(path)
        if full.startswith(self._free) or full in self._made or any(part.startswith(".") or part == "__pycache__" for part in Path(full).parts):
            return
        if not os.path.lexists(full):
            self._made.add(full)
            return
        raise WriteRefusedError(f"{full} lies outside the working folder of the reproduction and is left as it is")
