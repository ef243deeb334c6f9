"""What the front end says with an execution: the notebook's path as it is now, and its cells as they stand, unsaved edits included.

JupyterLab's extension puts it into the metadata of the execute request, under `nbtrack`:

    {"path": "work/train.ipynb", "root": "/home/ana", "is_dirty": true, "version": 7, "cells": [["id", "code", "lr = 0.1", ["parameters"]], …],
     "settings": {"capture": "params,metrics"}}

`path` is relative to the server's `root`. Cells come only when they changed since this kernel was last told; `version` says which ones hold.
`settings` are those that the user changed in the front end.
"""

from __future__ import annotations

import functools
import os
import time
import weakref
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.notebooks.document import Document, DocumentCell, OpenCell
from nbtrack.records import dataclass

_LARGEST = 50_000_000


@dataclass(frozen=True)
class Told:
    """What the front end said last."""

    notebook: str
    """Absolute path; empty where it cannot be known."""
    is_dirty: bool
    cells: tuple[OpenCell, ...] | None
    """Every cell in the notebook's order; None where they were not told."""
    told_ns: int

    @functools.cached_property
    def document(self) -> Document | None:
        """The code cells, as a document that was looked at when it was told."""
        if self.cells is None:
            return None
        return Document(tuple(DocumentCell(it.cell_id, it.source, "raises-exception" in it.tags) for it in self.cells if it.kind == "code"), self.told_ns)


_last: weakref.WeakKeyDictionary[Any, tuple[Told, Any]] = weakref.WeakKeyDictionary()


def told(shell: Any) -> Told | None:
    """What holds for the cell that executes, or executed last; None where no front end says anything."""
    found = _last.get(shell)
    return found[0] if found is not None else None


def hear(shell: Any) -> None:
    """A cell begins: take what came with its request. Whatever else came there is left alone."""
    metadata = _metadata(shell)
    said = metadata.get("nbtrack") if isinstance(metadata, dict) else None
    if not isinstance(said, dict):
        _last.pop(shell, None)
        return
    chosen = said.get("settings")
    settings.hear(chosen if isinstance(chosen, dict) else {})
    version, cells = said.get("version"), _cells(said.get("cells"))
    before = _last.get(shell)
    if cells is None and before is not None and version is not None and before[1] == version:
        cells = before[0].cells
    _last[shell] = (Told(_path(said), bool(said.get("is_dirty")), cells, time.time_ns()), version)


def _metadata(shell: Any) -> Any:
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None
    try:
        return kernel.get_parent().get("metadata")
    except (AttributeError, LookupError, TypeError):
        return None


def _path(said: dict[str, Any]) -> str:
    path, root = said.get("path"), said.get("root")
    if not isinstance(path, str) or not path.endswith(".ipynb"):
        return ""
    if isinstance(root, str) and root and (found := Path(os.path.normpath(Path(root).expanduser() / path))).is_absolute():
        return str(found)
    started = os.environ.get("JPY_SESSION_NAME", "")
    return started if Path(started).is_absolute() and Path(started).as_posix().endswith(f"/{path}") else ""


def _cells(said: Any) -> tuple[OpenCell, ...] | None:
    if not isinstance(said, list):
        return None
    found, size = [], 0
    for it in said:
        if not (isinstance(it, list) and len(it) >= 3 and all(isinstance(part, str) for part in it[:3])):
            return None
        size += len(it[2])
        tags = it[3] if len(it) > 3 and isinstance(it[3], list) else ()
        found.append(OpenCell(it[0], it[1], it[2], tuple(tag for tag in tags if isinstance(tag, str))))
    return tuple(found) if size <= _LARGEST else None
