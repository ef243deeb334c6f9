"""Digests of files and folders; of a file that did not change since it was read, without reading it again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20
_RACY_NS = 2_000_000_000
"""A file that was written so shortly before it was read may change again without its time telling."""
_MOST = 50_000
_SKIPPED = frozenset({"__pycache__", ".ipynb_checkpoints", ".git"})


@dataclass(frozen=True)
class FileFact:
    """One file of an input or output."""

    path: str
    """From the folder it lies in; empty for a file that stands alone."""
    digest: str
    size_bytes: int
    is_executable: bool = False


@dataclass(frozen=True)
class PathFact:
    """A file or a folder, by content."""

    digest: str
    is_folder: bool
    files: tuple[FileFact, ...]

    @property
    def size_bytes(self) -> int:
        return sum(it.size_bytes for it in self.files)


class Digests:
    """What files had which digest, kept between runs.

    Args:
        memo: file where it is kept.
    """

    def __init__(self, memo: Path) -> None:
        self._memo = memo
        self._known: dict[str, list[Any]] = {}
        self._is_changed = False
        try:
            known = json.loads(memo.read_bytes())
            self._known = known if isinstance(known, dict) else {}
        except (OSError, ValueError):
            pass

    def of(self, path: Path) -> PathFact | None:
        """A file or a folder with all below; None where there is none.

        Raises:
            OSError: it cannot be read.
        """
        if path.is_dir():
            files = tuple(self._file(it, it.relative_to(path).as_posix()) for it in _files(path))
            return PathFact(digest_of([[it.path, it.digest] for it in files]), True, files)
        if not path.exists():
            return None
        file = self._file(path, "")
        return PathFact(file.digest, False, (file,))

    def _file(self, path: Path, name: str) -> FileFact:
        stat = path.stat()
        key = os.path.abspath(path)  # noqa: PTH100 - symbolic links stay, and pathlib would cost ten times as much
        mark = [stat.st_mtime_ns, stat.st_size, stat.st_ino]
        known = self._known.get(key)
        if known is not None and known[:3] == mark:
            digest = str(known[3])
        else:
            read_ns = time.time_ns()
            digest = digest_file(path)
            if read_ns - stat.st_mtime_ns > _RACY_NS:
                self._known[key] = [*mark, digest]
                self._is_changed = True
        return FileFact(name, digest, stat.st_size, bool(stat.st_mode & 0o100))

    def save(self) -> None:
        """Keep what was learnt; another run at the same time may lose some of it, and reads again."""
        if not self._is_changed:
            return
        if len(self._known) > _MOST:
            self._known = dict(list(self._known.items())[-_MOST // 2 :])
        write_atomically(self._memo, json.dumps(self._known, separators=(",", ":")).encode())
        self._is_changed = False


def digest_file(path: Path) -> str:
    """64 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def digest_of(data: Any) -> str:
    """A digest of what JSON can hold."""
    return hashlib.blake2b(
        json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"), digest_size=32
    ).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:  # also an interrupt leaves no temporary file
        Path(temporary).unlink(missing_ok=True)
        raise


def _files(folder: Path) -> Iterable[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(it for it in folders if it not in _SKIPPED)
        yield from (Path(place, name) for name in sorted(names))
