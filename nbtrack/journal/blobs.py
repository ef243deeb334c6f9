"""Bytes by their content: the same bytes lie once, compressed, whoever stores them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from nbtrack.errors import JournalError
from nbtrack.journal.location import Home

_CHUNK = 1 << 20


def put_bytes(home: Home, data: bytes) -> str:
    """Store bytes; returns their name, 64 hexadecimal digits of BLAKE2b."""
    return put(home, io.BytesIO(data))


def put(home: Home, source: BinaryIO) -> str:
    """Store what `source` yields until its end, in constant memory; returns its name.

    Raises:
        OSError: the disk is full.
    """
    import zstandard

    digest = hashlib.blake2b(digest_size=32)
    fd, temporary = _temporary(home)
    try:
        with os.fdopen(fd, "wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as packed:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                packed.write(chunk)
        name = digest.hexdigest()
        target = _path(home, name)
        try:
            try:
                os.replace(temporary, target)  # noqa: PTH105 - also over the same bytes: it heals a damaged file, and pruning sees it in use
            except FileNotFoundError:
                home.folder(f"blobs/{name[:2]}")
                os.replace(temporary, target)  # noqa: PTH105
        except PermissionError:
            if not target.exists():
                raise
            Path(temporary).unlink()  # Windows: somebody is reading it
    except BaseException:  # even an interrupt leaves nothing half-made behind
        Path(temporary).unlink(missing_ok=True)
        raise
    return name


def _temporary(home: Home) -> tuple[int, str]:
    """A new file beside the others. Their folder is made where it is missing: to ask each time takes as long as all the rest."""
    try:
        return tempfile.mkstemp(dir=home.root / "blobs")
    except FileNotFoundError:
        return tempfile.mkstemp(dir=home.folder("blobs"))


def keep(home: Home, data: bytes) -> str:
    """Store bytes as `put_bytes` does, but for what is there already only note that it is in use, which costs a hundredth."""
    name = hashlib.blake2b(data, digest_size=32).hexdigest()
    try:
        os.utime(_path(home, name))
    except OSError:
        return put_bytes(home, data)
    return name


def put_joined(home: Home, parts: Sequence[str]) -> str:
    """Store bytes that are others joined, by their names, at 32 bytes a part; returns their name, which reads like any other.

    The name is a digest of the parts' names: bytes that are cut otherwise have another one.

    Raises:
        OSError: the disk is full.
    """
    listed = b"".join(bytes.fromhex(part) for part in parts)
    name = hashlib.blake2b(listed, digest_size=32, person=b"nbtrack parts").hexdigest()
    fd, temporary = tempfile.mkstemp(dir=home.folder(f"blobs/{name[:2]}"))
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(listed)
        with contextlib.suppress(PermissionError):  # Windows: somebody is reading it
            Path(temporary).replace(_path(home, name, "parts"))
    finally:
        Path(temporary).unlink(missing_ok=True)
    return name


def parts_of(home: Home, name: str) -> list[str]:
    """Names of the parts of joined bytes; empty for others."""
    try:
        listed = _path(home, name, "parts").read_bytes()
    except OSError:
        return []
    return [listed[at : at + 32].hex() for at in range(0, len(listed), 32)]


def packed_bytes(home: Home, name: str) -> int:
    """Bytes on disk; 0 where there are none of that name."""
    size = 0
    for part in parts_of(home, name) or [name]:
        with contextlib.suppress(OSError):
            size += _path(home, part).stat().st_size
    return size


def remove(home: Home, name: str) -> None:
    """Let go of bytes nobody names."""
    for kind in ("zst", "parts"):
        _path(home, name, kind).unlink(missing_ok=True)


def copy_to(home: Home, name: str, target: Path) -> None:
    """Write the bytes called `name` to a file, in constant memory.

    Raises:
        FileNotFoundError: no such bytes here.
        JournalError: they are damaged; no file is left.
    """
    chunks = _chunks(home, name)
    first = next(chunks, b"")
    try:
        with target.open("wb") as file:
            file.write(first)
            file.writelines(chunks)
    except (JournalError, FileNotFoundError):
        target.unlink(missing_ok=True)
        raise


def get_bytes(home: Home, name: str) -> bytes:
    """The bytes called `name`.

    Raises:
        FileNotFoundError: no such bytes here.
        JournalError: they are damaged.
    """
    return b"".join(_chunks(home, name))


def _chunks(home: Home, name: str) -> Iterator[bytes]:
    import zstandard

    parts = parts_of(home, name)
    if parts:
        for part in parts:
            yield from _chunks(home, part)
        return
    digest = hashlib.blake2b(digest_size=32)
    with _path(home, name).open("rb") as packed:
        try:
            with zstandard.ZstdDecompressor().stream_reader(packed) as plain:
                while chunk := plain.read(_CHUNK):
                    digest.update(chunk)
                    yield chunk
            cause = None
        except zstandard.ZstdError as error:
            cause = error
    if cause is not None or digest.hexdigest() != name:
        raise JournalError(f"The journal's blob {name} is damaged.", mend="Log the file again; what is delivered already is not touched.") from cause


def _path(home: Home, name: str, kind: str = "zst") -> Path:
    return home.root / "blobs" / name[:2] / f"{name}.{kind}"
