"""DVC's door: what is under it, in which revision, and pulling what is not here. DVC runs as a program of its own; loading it takes seconds."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import MissingPackageError, SpecError, StageError
from nbtrack.pipelines.graph import Graph
from nbtrack.pipelines.listener import Stop
from nbtrack.specs import read

_LOOK_S = 0.1
_GIT_S = 20


@dataclass(frozen=True)
class Tracked:
    """A path under DVC."""

    root: Path
    """Of DVC's repository."""
    target: Path
    """What `dvc pull` is given: the path itself, or the file that stands for it."""
    md5: str
    """Of the file; of a folder it ends with `.dir`. Empty for a path within a folder that is under DVC as a whole."""


def tracked(path: Path) -> Tracked | None:
    """How DVC knows a path; None where it does not."""
    root = next((it for it in path.parents if (it / ".dvc").is_dir()), None)
    if root is None:
        return None
    for place in (path, *path.parents):
        if place == root:
            break
        pointer = place.with_name(place.name + ".dvc")
        if pointer.is_file() and (out := _out(pointer, place.name)) is not None:
            return Tracked(root, path, str(out.get("md5", "")) if place == path else "")
    for folder in path.parents:
        lock = folder / "dvc.lock"
        if lock.is_file() and (out := _locked(lock, path.relative_to(folder).as_posix())) is not None:
            return Tracked(root, path, str(out.get("md5", "")))
        if folder == root:
            break
    return None


def missing(graph: Graph, chosen: Iterable[str]) -> list[Path]:
    """Inputs of nodes that are under DVC and not here, and that no stage makes."""
    made = {path for node in graph.nodes.values() for path in node.files.values()}
    folder = graph.loaded.folder
    found: dict[Path, None] = {}
    for it in chosen:
        for path in graph.nodes[it].inputs.values():
            if "${" not in path and path not in made and not (folder / path).exists() and tracked(folder / path) is not None:
                found[folder / path] = None
    return list(found)


def revision(it: Tracked) -> str:
    """The commit of git at which DVC's repository stands; empty without git."""
    try:
        done = subprocess.run(["git", "-C", str(it.root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def pull(paths: Sequence[Path], stop: Stop) -> None:
    """Fetch what is not here, one call of DVC for all of a repository.

    Raises:
        MissingPackageError: DVC is not installed.
        StageError: DVC cannot; says what it says.
    """
    by_root: dict[Path, list[Path]] = {}
    for path in paths:
        if (it := tracked(path)) is not None:
            by_root.setdefault(it.root, []).append(it.target)
    for root, targets in by_root.items():
        command = program()
        if not command:
            raise MissingPackageError("dvc", f"Pulling {targets[0].name}", extra="dvc")
        names = [str(it.relative_to(root)) for it in targets]
        code, told = _run([*command, "pull", "--quiet", *names], root, stop)
        if stop.reason is None and (code or not all(it.exists() for it in targets)):
            raise StageError(f"DVC cannot pull {', '.join(names)}: {told or f'it ended with {code}'}.", mend=f"Try it: dvc pull {' '.join(names)}.")


def is_stale(path: Path) -> bool:
    """Whether a file `PATH.dvc` stands for a path and says something else than what lies there; of a folder that cannot be told, so it is."""
    pointer = path.with_name(path.name + ".dvc")
    if not path.exists() or not pointer.is_file() or (out := _out(pointer, path.name)) is None:
        return False
    if path.is_dir():
        return True
    with path.open("rb") as file:
        return out.get("md5") != hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def add(paths: Sequence[Path], stop: Stop) -> None:
    """Have DVC take what lies there now, so that its files stand for it.

    Raises:
        MissingPackageError: DVC is not installed.
        StageError: DVC cannot; says what it says.
    """
    for path in paths:
        root = next((it for it in path.parents if (it / ".dvc").is_dir()), path.parent)
        command = program()
        if not command:
            raise MissingPackageError("dvc", f"Adding {path.name}", extra="dvc")
        name = str(path.relative_to(root))
        code, told = _run([*command, "add", "--quiet", name], root, stop)
        if code and stop.reason is None:
            raise StageError(f"DVC cannot add {name}: {told or f'it ended with {code}'}.", mend=f"Try it: dvc add {name}.")


def program() -> list[str]:
    """The command that runs DVC: that of this environment, else the one on the path; empty where there is none."""
    if importlib.util.find_spec("dvc") is not None:
        return [sys.executable, "-m", "dvc"]
    found = shutil.which("dvc")
    return [found] if found else []


def cached(path: Path, md5: str) -> Path | None:
    """A file by its MD5 in DVC's own cache; None where it is not there."""
    root = next((it for it in path.parents if (it / ".dvc").is_dir()), None)
    if root is None or len(md5) < 3:
        return None
    for place in (root / ".dvc" / "cache" / "files" / "md5", root / ".dvc" / "cache"):
        if (found := place / md5[:2] / md5[2:]).is_file():
            return found
    return None


def _run(command: Sequence[str], root: Path, stop: Stop) -> tuple[int, str]:
    """The exit code, and the end of what it said."""
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = _wait(process, stop)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode, " ".join(line.strip() for line in said.splitlines() if line.strip())[-400:]


def _wait(process: Any, stop: Stop) -> str:
    """What it wrote, when it has ended; at a request to stop it is ended."""
    while True:
        try:
            said, _ = process.communicate(timeout=_LOOK_S)
            return str(said)
        except subprocess.TimeoutExpired:
            if stop.reason is not None:
                process.terminate()
                time.sleep(_LOOK_S)


def _out(pointer: Path, name: str) -> dict[str, Any] | None:
    """The output of that name in a file such as `data.csv.dvc`."""
    return next((it for it in _list(_read(pointer).get("outs")) if it.get("path") == name), None)


def _locked(lock: Path, path: str) -> dict[str, Any] | None:
    """The output of that path in a `dvc.lock`."""
    stages = _read(lock).get("stages")
    for stage in stages.values() if isinstance(stages, dict) else ():
        for it in _list(stage.get("outs") if isinstance(stage, dict) else None):
            if it.get("path") == path:
                return it
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read(path).data
    except SpecError:
        return {}
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [it for it in value if isinstance(it, dict)] if isinstance(value, list) else []
