"""Attempts: which runs are the same cell tracked again."""

from __future__ import annotations

import errno
import hashlib
import os

from nbtrack.journal.location import Home
from nbtrack.system import open_private

_LINE = 33
"""Bytes of a line: a run id and its line break."""


def cell_key(notebook: str, cell: str) -> str:
    """A digest that the attempts of one cell share."""
    return hashlib.blake2b(f"{notebook}\0{cell}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def add(home: Home, key: str, run_id: str) -> int:
    """Note a new attempt; returns its number, from 1, which no other process gets.

    Raises:
        JournalError, OSError: the folder cannot be written, the disk is full.
    """
    home.folder("cells")
    fd = open_private(home.root / "cells" / key, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        if os.write(fd, run_id.encode() + b"\n") < _LINE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.lseek(fd, 0, os.SEEK_CUR) // _LINE  # behind our own line, whoever wrote since
    finally:
        os.close(fd)


def of(home: Home, key: str) -> list[str]:
    """Run ids of a cell's attempts, oldest first."""
    try:
        lines = (home.root / "cells" / key).read_bytes().decode("ascii", "replace").split()
    except OSError:
        return []
    return [line[1 - _LINE :] for line in lines if len(line) >= _LINE - 1]  # a full disk may have left a part of a line before one
