"""A cache that others share: a folder, or any place that fsspec reaches, such as s3://bucket/cache."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

from nbtrack.errors import UsageError
from nbtrack.pipelines.digests import write_atomically


class Remote(Protocol):
    """Files by name, in folders. What is written is there whole or not at all; writing the same name twice writes the same bytes."""

    def read(self, name: str) -> bytes | None:
        """None where there is none of that name."""
        ...

    def write(self, name: str, data: bytes) -> None: ...

    def fetch(self, name: str, to: Path) -> bool:
        """Copy to a file, which appears whole; False where there is none of that name."""
        ...

    def send(self, source: Path, name: str, *, is_anew: bool = False) -> None:
        """Copy from a file, unless there is one of that name.

        Args:
            is_anew: that one is damaged, and written over.
        """
        ...


def remote_of(address: str, folder: Path) -> Remote | None:
    """The remote cache an address names; None for an empty one.

    Raises:
        UsageError: fsspec, or what it needs for this kind of address, is not installed.
    """
    if not address:
        return None
    scheme, colon, _ = address.partition("://")
    if not colon or scheme == "file":
        return FolderRemote(folder / Path(address.removeprefix("file://")).expanduser())
    try:
        import fsspec

        system, root = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as cause:
        raise UsageError(f"The remote cache {address} cannot be used: {cause}.", mend=f"pip install fsspec, and what it needs for {scheme}://.") from cause
    return FileSystemRemote(system, str(root).rstrip("/"))


class FolderRemote:
    """A folder that machines share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        write_atomically(self._root / name, data)

    def fetch(self, name: str, to: Path) -> bool:
        source = self._root / name
        return source.is_file() and _appear(to, lambda temporary: shutil.copyfile(source, temporary))

    def send(self, source: Path, name: str, *, is_anew: bool = False) -> None:
        if is_anew or not (self._root / name).exists():
            _appear(self._root / name, lambda temporary: shutil.copyfile(source, temporary))


class FileSystemRemote:
    """A place that fsspec reaches.

    Args:
        system: an `fsspec.AbstractFileSystem`.
    """

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._system.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        path = f"{self._root}/{name}"
        self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._system.pipe_file(path, data)

    def fetch(self, name: str, to: Path) -> bool:
        path = f"{self._root}/{name}"
        return bool(self._system.exists(path)) and _appear(to, lambda temporary: self._system.get_file(path, temporary))

    def send(self, source: Path, name: str, *, is_anew: bool = False) -> None:
        path = f"{self._root}/{name}"
        if is_anew or not self._system.exists(path):
            self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(source), path)


def _appear(to: Path, copy: Any) -> bool:
    to.parent.mkdir(parents=True, exist_ok=True)
    fd, temporary = tempfile.mkstemp(dir=to.parent, prefix=".tmp-")
    os.close(fd)
    try:
        copy(temporary)
        Path(temporary).replace(to)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return True
