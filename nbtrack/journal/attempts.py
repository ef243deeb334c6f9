"""Attempts: which runs are the same cell tracked again."""

from __future__ import annotations

import hashlib
import os

from nbtrack.journal.location import Home
from nbtrack.system import open_private


def cell_key(notebook: str, cell: str) -> str:
    """A digest that the attempts of one cell share."""
    return hashlib.blake2b(f"{notebook}\0{cell}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def add(home: Home, key: str, run_id: str) -> int:
    """Note a new attempt; returns its number, from 1."""
    home.folder("cells")
    fd = open_private(home.root / "cells" / key, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        os.write(fd, run_id.encode() + b"\n")
        return os.lseek(fd, 0, os.SEEK_END) // 33
    finally:
        os.close(fd)


def of(home: Home, key: str) -> list[str]:
    """Run ids of a cell's attempts, oldest first."""
    try:
        return (home.root / "cells" / key).read_text().split()
    except OSError:
        return []
