"""The inputs of a run, and their bytes as it read them: in place, in a pipeline's cache, in DVC's, or in git's history."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack import specs
from nbtrack.capture.digests import of_file
from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.pipelines.cache import Cache
from nbtrack.pipelines.data import dvc
from nbtrack.pipelines.decide import folder_of_state
from nbtrack.reads.diff import datasets_of
from nbtrack.replay import files
from nbtrack.replay.data import references_of

_GIT_S = 60


@dataclass(frozen=True)
class Input:
    """One dataset that a run read."""

    name: str
    path: Path | None
    """None where it is no file of this machine."""
    digest: str
    md5: str
    """By which DVC knows it; empty where it does not."""
    revision: str
    """Commit at which DVC had it so; empty where that is not known."""
    facts: dict[str, Any]
    """As MLflow has it: schema, profile."""


def inputs_of(home: Home, view: RunView, folder: Path) -> dict[str, Input]:
    """What a run read, by name.

    Args:
        folder: where relative paths begin, if the run's notebook is no longer there.
    """
    facts = datasets_of(home, view)
    found = {}
    for it in references_of(home, view.run_id, files.folder_of(view) or folder):
        data = facts.get(it.name, {})
        source = _source(data)
        md5 = str(source.get("dvc") or "")
        revision = str(source.get("rev") or (view.tags.get("mlflow.source.git.commit", "") if md5 else ""))
        found[it.name] = Input(it.name, Path(it.path) if it.path else None, it.digest, md5, revision, data)
    return found


@contextmanager
def bytes_of(it: Input, view: RunView) -> Iterator[tuple[Path | None, str]]:
    """A file with the bytes that a run read, for as long as they are looked at, and where they are from; without a file, why there is none."""
    if it.path is None:
        yield None, "it is no file of this machine"
        return
    if it.path.is_file() and _is(it.path, it):
        yield it.path, "in place"
        return
    if (found := _in_caches(it, it.path)) is not None:
        yield found
        return
    data = _in_git(it.path, it.revision or view.tags.get("mlflow.source.git.commit", ""))
    if data is not None:
        with tempfile.TemporaryDirectory(prefix="nbtrack-data-") as place:
            copy = Path(place) / it.path.name
            copy.write_bytes(data)
            yield (copy, "of git's history") if _is(copy, it) else (None, "it changed since, and git's history has it otherwise")
        return
    yield None, "it changed since" if it.path.exists() else "it is no longer there"


def _in_caches(it: Input, path: Path) -> tuple[Path, str] | None:
    if it.md5 and (kept := dvc.cached(path, it.md5)) is not None:
        return kept, "of DVC's cache"
    pipeline = specs.find(path.parent)
    if pipeline is None or not path.is_relative_to(pipeline.parent):
        return None
    cache, place = Cache(folder_of_state(pipeline) / "cache"), path.relative_to(pipeline.parent).as_posix()
    for entry in cache.entries():
        for output in entry.outputs.values():
            if output.path == place and output.fact is not None and not output.fact.is_folder:
                kept = cache.path_of(output.fact.digest)
                if kept.is_file() and _is(kept, it):
                    return kept, f"of the cache, as {entry.node} made it"
    return None


def _in_git(path: Path, commit: str) -> bytes | None:
    if not commit or not path.parent.is_dir():
        return None
    try:
        done = subprocess.run(["git", "-C", str(path.parent), "show", f"{commit}:./{path.name}"], capture_output=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def _is(path: Path, it: Input) -> bool:
    """Whether a file has the bytes that the run read."""
    try:
        if it.md5 and it.md5 == it.digest:
            with path.open("rb") as file:
                return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == it.md5
        return of_file(path) == it.digest
    except OSError:
        return False


def _source(facts: dict[str, Any]) -> dict[str, Any]:
    source = facts.get("source")
    try:
        found = json.loads(source) if isinstance(source, str) else source
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
