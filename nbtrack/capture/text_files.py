"""Rows and columns of text files that code reads line by line: what no table tells."""

from __future__ import annotations

import csv
import gzip
import itertools
import re
import zlib
from pathlib import Path

from nbtrack.patterns import regex

MOST = 4 << 20
"""Bytes up to which a file is counted."""
_TEXT = regex(r"\.(?P<kind>csv|tsv|txt|dat|data|jsonl|ndjson|libsvm|svm|train|test)(?P<packed>\.gz)?$", re.IGNORECASE)


def shape_of_file(path: Path) -> tuple[int, int | None] | None:
    """Lines that are not empty, and the fields of the first one where commas or tabs part them; None for what is large, or no text.

    A first line of names, over lines that have numbers, is no row.

    Raises:
        OSError: it cannot be read.
    """
    match = _TEXT.search(path.name)
    if match is None or path.stat().st_size > MOST:
        return None
    try:
        with gzip.open(path, "rb") if match["packed"] else path.open("rb") as file:
            content = file.read(MOST + 1)
    except (EOFError, zlib.error):  # a packed file that was cut off
        return None
    if len(content) > MOST or b"\0" in content:
        return None
    lines = [line for line in content.splitlines() if line.strip()]
    fields = [_fields(line.decode("utf-8", "replace"), match["kind"].lower()) for line in itertools.islice(lines, 2)]
    is_headed = len(fields) > 1 and len(fields[0]) > 1 and not any(map(_is_number, fields[0])) and any(map(_is_number, fields[1]))
    return len(lines) - is_headed, len(fields[0]) if fields and len(fields[0]) > 1 else None


def _fields(line: str, kind: str) -> list[str]:
    parted = {"csv": ",", "tsv": "\t"}.get(kind) or next((it for it in "\t," if kind in ("data", "dat") and it in line), "")
    try:
        return next(csv.reader([line], delimiter=parted), [line]) if parted else [line]
    except csv.Error:  # a field longer than the library takes
        return [line]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
