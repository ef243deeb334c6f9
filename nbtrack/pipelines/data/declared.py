"""Inputs that a stage declares, as datasets of its run; those that its cells were seen to read are there already, with their columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nbtrack.capture.current import attach
from nbtrack.capture.digests import dvc_md5, of_file
from nbtrack.journal import Home
from nbtrack.pipelines.data import dvc
from nbtrack.replay.data import references_of


def record(home: Home, run_id: str, paths: Sequence[Path], folder: Path) -> None:
    """Note the files, with the revision in which DVC has them.

    Args:
        folder: the notebook's, where the paths that its cells named begin.
    """
    known = {it.path for it in references_of(home, run_id, folder)} if paths else set()
    facts = [it for path in paths if str(path.absolute()) not in known and (it := facts_of(path)) is not None]
    run = attach(home, run_id) if facts else None
    if run is None:
        return
    try:
        for it in facts:
            run.input({"dataset": it, "tags": {}})
    finally:
        run.writer.close()


def facts_of(path: Path) -> dict[str, str | None] | None:
    """A dataset in MLflow's words; None for a folder that nothing gives a digest."""
    tracked = dvc.tracked(path)
    try:
        md5 = tracked.md5 if tracked is not None and path.is_dir() else dvc_md5(path) if path.is_file() else ""
        digest = md5 or (of_file(path) if path.is_file() else "")
    except OSError:
        return None
    if not digest:
        return None
    source = {"uri": str(path)} | ({"dvc": md5} if md5 else {})
    if tracked is not None and (revision := dvc.revision(tracked)):
        source["rev"] = revision
    return {"name": path.name, "digest": digest[:36], "source_type": "local", "source": json.dumps(source), "schema": None, "profile": None}
