"""The folder a reproduction works in: a copy of the notebook's project, so that nothing of the user's is overwritten."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MOST_FILES, MOST_BYTES, LARGE_BYTES = 10_000, 1 << 30, 64 << 20
"""What is copied without being named in the recipe: at most so many files, so many bytes in all, and files no larger than the last."""
_SKIPPED = frozenset({"venv", "env", "node_modules", "__pycache__", "mlruns", "mlartifacts", "site-packages"})
_STORES = ("mlflow.db",)
_QUOTED = re.compile(r"""["']([^"'\n]{1,300})["']|(?<=\s)([\w.~/\\-]*\w\.\w{1,8})(?=\s|$)""")
MAKES = re.compile(
    r"to_\w+\(|\bopen\([^)\n]*['\"][wax]|\bsave|\bdump|write|savetxt|mkdir|makedirs|>|-O|--output|urlretrieve|download|\bconnect\(|memmap\(|shelve"
)
"""What stands on a line that makes a file or folder."""
_UP = 5


@dataclass
class Workplace:
    """A copy of the project."""

    root: Path
    """Folder that is removed afterwards."""
    cwd: Path
    """Where the notebook's folder lies in it."""
    origin: Path
    """The notebook's folder."""
    left_out: list[str] = field(default_factory=list)
    """Files that were not copied since they are large or many."""


def furnish(folder: Path, root: Path, texts: Sequence[str], since_ns: int) -> Workplace:
    """Copy the project around the notebook's folder into `root`.

    The project is the git repository, else the folder itself. Files that the recipe names by a relative path are copied whatever their
    size, also where the path leads out of the project.

    Args:
        folder: the notebook's folder.
        root: an empty folder.
        texts: sources of the recipe, and paths of its data as the notebook wrote them.
        since_ns: when the recipe's first cell began. What was written since, and is named on a line of the recipe that writes or makes
            something, is what the recipe itself makes: it was not there then, and is not copied.
    """
    folder = folder.resolve()
    project = _project(folder)
    making = _making(texts)
    named = {path for text in texts for path in _named(text, folder) if not _is_made(path, folder, making, since_ns)}
    above = Path(os.path.commonpath([project, *(path.parent for path in named)])) if named else project
    place = Workplace(root, root / folder.relative_to(above), folder)
    place.cwd.mkdir(parents=True, exist_ok=True)
    count, size, left_out = 0, 0, []
    for path in _files(project):
        if _is_made(path, folder, making, since_ns):
            continue
        try:
            bytes_ = path.stat().st_size
        except OSError:
            continue
        count, size = count + 1, size + bytes_
        if bytes_ > LARGE_BYTES or count > MOST_FILES or size > MOST_BYTES:
            size -= bytes_ if bytes_ > LARGE_BYTES else 0
            left_out.append(path)
            if count > 2 * MOST_FILES:
                break
            continue
        _copy(path, root / path.relative_to(above))
    for path in named:
        target = root / path.relative_to(above)
        if path.is_dir():
            for inner in _files(path):
                _copy(inner, target / inner.relative_to(path))
        elif not target.exists():
            _copy(path, target)
    place.left_out += [os.path.relpath(path, folder) for path in left_out if not (root / path.relative_to(above)).exists()]
    return place


def lay_out_code(place: Workplace, code: dict[str, bytes], texts: Sequence[str]) -> list[str]:
    """Put the user's own modules into the copy as the run used them; returns which are others here, or are missing.

    Args:
        code: by the path below a folder that one can import from, such as `helpers/text.py`.
        texts: sources of the recipe. A module that is not in the copy, and that a line of them writes, is left to the recipe.
    """
    others = []
    making = _making(texts)
    for path, data in code.items():
        at = [place.cwd / path] if (place.cwd / path).exists() else [it for it in place.root.rglob(Path(path).name) if it.as_posix().endswith(f"/{path}")]
        if not at and _is_named([Path(path).name], making):
            continue
        if not at and (package := place.cwd / path).is_relative_to(place.root):
            at = [package]
            package.parent.mkdir(parents=True, exist_ok=True)
        if any(not it.exists() or it.read_bytes() != data for it in at):
            others.append(path)
        for it in at:
            it.write_bytes(data)
    return others


def _is_made(path: Path, folder: Path, making: Sequence[str], since_ns: int) -> bool:
    with contextlib.suppress(OSError):
        if path.stat().st_mtime_ns > since_ns:
            parts = [part for part in Path(os.path.relpath(path, folder)).parts if part != ".."]
            return _is_named(parts, making)
    return False


def _making(texts: Sequence[str]) -> list[str]:
    """Lines that make a file or folder."""
    return [line for text in texts for line in text.splitlines() if MAKES.search(line)]


def _is_named(parts: Sequence[str], lines: Sequence[str]) -> bool:
    return any(re.search(rf"(?<![\w.]){re.escape(part)}(?![\w.])", line) for line in lines for part in parts)


def _project(folder: Path) -> Path:
    """The repository the folder is in, unless that is somebody's home."""
    for parent in (folder, *folder.parents[:_UP]):
        if parent == Path.home() or parent == parent.parent:
            break
        if (parent / ".git").exists():
            return parent
    return folder


def _files(folder: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(folder):
        here = Path(name)
        folders[:] = sorted(it for it in folders if not it.startswith(".") and it not in _SKIPPED and not (here / it / "pyvenv.cfg").exists())
        yield from (here / it for it in sorted(files) if not it.startswith(_STORES) and (here / it).is_file())


def _named(text: str, folder: Path) -> Iterator[Path]:
    """Files and folders that a source names by a relative path."""
    for match in _QUOTED.finditer(text):
        word = match.group(1) or match.group(2)
        if Path(word).is_absolute() or word.startswith("~") or word in (".", "..", "/", "./", "../"):
            continue
        with contextlib.suppress(OSError, ValueError):
            path = Path(os.path.normpath(folder / word))
            if path.exists() and path != folder and path not in folder.parents:
                yield path


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # a socket, or nobody may read it: the recipe says if it needs it
        shutil.copy2(source, target)
        target.chmod(target.stat().st_mode | 0o600)
