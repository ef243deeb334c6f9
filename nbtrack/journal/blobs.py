"""Bytes by their content: the same bytes lie once, compressed, whoever stores them."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

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
    fd, temporary = tempfile.mkstemp(dir=home.folder("blobs"))
    try:
        with os.fdopen(fd, "wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as packed:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                packed.write(chunk)
        name = digest.hexdigest()
        target = _path(home, name)
        if target.exists():
            os.utime(target)  # so that pruning sees it in use
            os.unlink(temporary)
        else:
            home.folder(f"blobs/{name[:2]}")
            os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return name


def copy_to(home: Home, name: str, target: Path) -> None:
    """Write the bytes called `name` to a file.

    Raises:
        FileNotFoundError: no such bytes here.
    """
    import zstandard

    with _path(home, name).open("rb") as packed, target.open("wb") as file:
        zstandard.ZstdDecompressor().copy_stream(packed, file)


def get_bytes(home: Home, name: str) -> bytes:
    """The bytes called `name`.

    Raises:
        FileNotFoundError: no such bytes here.
    """
    import zstandard

    with _path(home, name).open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as plain:
        data: bytes = plain.read()
    return data


def _path(home: Home, name: str) -> Path:
    return home.root / "blobs" / name[:2] / f"{name}.zst"
