"""What `nbtrack scan` does: secrets of notebooks and text files, for pre-commit and CI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbtrack.errors import UsageError
from nbtrack.secrets.allowed import Allowed, hash_of
from nbtrack.secrets.baseline import NAMES, find_baseline, read_hashes, write_baseline
from nbtrack.secrets.notebook import scan_notebook
from nbtrack.secrets.policy import allowed_of
from nbtrack.secrets.scanner import Scanner

_SUFFIXES = (".cfg", ".env", ".ini", ".ipynb", ".json", ".md", ".py", ".r", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml")


@dataclass(frozen=True)
class Found:
    """One secret of a file."""

    file: str
    place: str
    """`cell 3 source line 2`, or `line 2`."""
    kind: str
    line: int
    digest: str
    cell: int = 0
    cell_id: str = ""


def scan(paths: Sequence[Path], *, baseline: Path | None, is_update: bool, allow: Sequence[str], folder: Path) -> tuple[list[Found], int, Path | None]:
    """Scan files, and all text files below folders; returns what was found, how many files were read, and the baseline written.

    Args:
        baseline: None means the nearest one from `folder` upwards.
        is_update: take all that is found into the baseline, in place of what it said of these files.
        allow: values and kinds that may pass.

    Raises:
        UsageError: a file cannot be read, or the baseline is none.
    """
    chosen = baseline or find_baseline(folder)
    words = allowed_of(allow)
    known = frozenset[str]() if is_update or chosen is None else read_hashes(chosen)
    scanner = Scanner(Allowed(words.kinds, words.hashes | known))
    found: list[Found] = []
    files = [file for path in paths for file in _files(path)]
    for file in files:
        found += _scan_file(scanner, file)
    if not is_update:
        return found, len(files), None
    target = chosen or folder / NAMES[0]
    rows = [(_named(Path(it.file), target.parent), it.kind, it.digest, it.line) for it in found]
    rows += [(_named(file, target.parent), "", "", 0) for file in files]
    write_baseline(target, rows, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return found, len(files), target


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts[:-1])
        if not hidden and file.is_file() and (file.suffix.lower() in _SUFFIXES or file.name == ".env"):
            yield file


def _scan_file(scanner: Scanner, file: Path) -> Iterator[Found]:
    try:
        content = file.read_bytes()
    except OSError as cause:
        raise UsageError(f"{file} cannot be read: {cause.strerror or cause}.", mend="Name notebooks, text files, or folders of them.") from cause
    notebook = scan_notebook(scanner, content) if file.suffix == ".ipynb" else None
    if notebook is not None:
        for it in notebook[1]:
            yield Found(str(file), str(it), it.kind, it.line, hash_of(it.value), it.cell, it.cell_id)
        return
    if b"\0" in content[:8192]:
        return
    text = content.decode("utf-8", "replace")
    for secret in scanner.find(text):
        yield Found(str(file), f"line {secret.line}", secret.kind, secret.line, hash_of(text[secret.start : secret.end]))


def _named(file: Path, folder: Path) -> str:
    """The file as a baseline names it: from the baseline's folder, where it lies below."""
    try:
        return file.absolute().relative_to(folder.absolute()).as_posix()
    except ValueError:
        return file.absolute().as_posix()
