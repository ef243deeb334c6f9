"""The notebook's document as it lies on disk: its cells without their outputs, read fast however large the outputs are, and never refused."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtrack.patterns import regex
from nbtrack.records import dataclass

_OPEN = b"\n  {\n"
_CELL = regex(re.escape(_OPEN))
"""How nbformat's writers begin a cell: indented by two."""
_SMALL = 1 << 16
_MANY_LINES = 20_000
_SOURCE = b'\n   "source": '
_ID = regex(rb'\n   "id": "([^"\\]*)"')
_MAY_RAISE = b'"raises-exception"'
_TYPE = regex(rb'\n   "cell_type": "(\w+)"')


@dataclass(frozen=True)
class DocumentCell:
    """A code cell of the document."""

    cell_id: str
    """Empty where the document gives none, or gives it to several cells."""
    source: str
    may_raise: bool = False
    """It has the tag that lets a run go on when it raises."""


@dataclass(frozen=True)
class OpenCell:
    """A cell as it stands in a front end."""

    cell_id: str
    kind: str
    """`code`, `markdown` or `raw`."""
    source: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """Code cells in the order of the document."""

    cells: tuple[DocumentCell, ...]
    saved_ns: int
    """When the file was last written."""

    @functools.cached_property
    def _by_id(self) -> dict[str, int]:
        return {cell.cell_id: index for index, cell in enumerate(self.cells) if cell.cell_id}

    @functools.cached_property
    def _by_source(self) -> dict[str, int]:
        return {cell.source.strip(): index for index, cell in reversed(list(enumerate(self.cells)))}

    def index_of(self, cell_id: str, source: str) -> int | None:
        """Position of a cell, by id, else by its source where no id is known."""
        if cell_id and self._by_id:
            return self._by_id.get(cell_id)
        return self._by_source.get(source.strip())


def load(path: Path) -> tuple[Document, bytes] | None:
    """The document and its bytes; None where it cannot be read as a notebook."""
    try:
        saved_ns = path.stat().st_mtime_ns
        data = path.read_bytes()
    except OSError:
        return None
    cells = cells_of(data)
    return None if cells is None else (Document(tuple(cells), saved_ns), data)


def tagged_cells(path: Path, tag: str) -> frozenset[str]:
    """Sources of the code cells with a tag; none where the file cannot be read as a notebook."""
    try:
        data = path.read_bytes()
        if f'"{tag}"'.encode() not in data:  # the usual case, a hundred times faster than reading JSON
            return frozenset()
        cells = json.loads(data)["cells"]
        return frozenset(
            _text(cell.get("source")).strip() for cell in cells if cell.get("cell_type") == "code" and tag in cell.get("metadata", {}).get("tags", ())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()


def cells_of(data: bytes) -> list[DocumentCell] | None:
    """Code cells of a document's bytes, of nbformat 3 and later; None where that is no notebook."""
    found = _fast(data)
    if found is None:
        try:
            notebook = json.loads(data)
            raw = notebook["cells"] if "cells" in notebook else [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
            found = [_cell(cell) for cell in raw if isinstance(cell, dict) and cell.get("cell_type") == "code"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
    counts = Counter(cell.cell_id for cell in found)
    return [cell if counts[cell.cell_id] == 1 else replace(cell, cell_id="") for cell in found]


def with_cells(data: bytes, cells: Sequence[OpenCell]) -> bytes:
    """A document with these cells in place of its own; outputs, metadata and attachments stay with the cells that have them, as saved last."""
    try:
        notebook = json.loads(data)
        saved = {cell["id"]: cell for cell in notebook["cells"] if isinstance(cell.get("id"), str)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        notebook, saved = {}, {}
    placed = []
    for it in cells:
        cell = saved.get(it.cell_id, {})
        if cell.get("cell_type") != it.kind:
            cell = {"cell_type": it.kind, "id": it.cell_id} | ({"execution_count": None, "outputs": []} if it.kind == "code" else {})
        metadata = _dict(cell.get("metadata"))
        tags = metadata.get("tags")
        if (tuple(tags) if isinstance(tags, list) else ()) != it.tags:
            metadata = {**metadata, "tags": list(it.tags)}
        placed.append({**cell, "metadata": metadata, "source": it.source})
    minor = notebook.get("nbformat_minor")
    minor = max(5, minor) if notebook.get("nbformat") == 4 and isinstance(minor, int) else 5
    written = {"cells": placed, "metadata": _dict(notebook.get("metadata")), "nbformat": 4, "nbformat_minor": minor}
    return (json.dumps(written, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8", "replace")


def pieces_of(data: bytes) -> list[bytes]:
    """The bytes cut before each cell, small cells together; joined they are the same again."""
    cuts = _starts(data)
    pieces, begin = [], 0
    for cut in [*cuts, len(data)]:
        if cut - begin >= _SMALL // 4 or cut == len(data):
            pieces.append(data[begin:cut])
            begin = cut
    return [piece for piece in pieces if piece]


def _fast(data: bytes) -> list[DocumentCell] | None:
    """Cells of a document as nbformat's writers lay it out; None for any other."""
    starts = _starts(data)
    if not starts or not data.startswith(b'{\n "cells": ['):
        return None
    found = []
    for begin, end in zip(starts, [*starts[1:], len(data)], strict=True):
        kind = _TYPE.search(data, begin, min(end, begin + 2000))
        at = data.rfind(_SOURCE, begin, end)
        if kind is None or at < 0:
            return None
        if kind.group(1) != b"code":
            continue
        name = _ID.search(data, begin, min(end, begin + 2000))
        try:
            source, _ = json.JSONDecoder().raw_decode(data[at + len(_SOURCE) : end].decode("utf-8", "replace"))
        except ValueError:
            return None
        may_raise = data.find(_MAY_RAISE, begin, min(end, begin + 2000)) >= 0
        found.append(DocumentCell(name.group(1).decode("utf-8", "replace") if name else "", _text(source), may_raise))
    return found


def _starts(data: bytes) -> list[int]:
    """Where cells begin.

    Of 20 MB in long lines, as pictures are, going from line to line takes 1.5 ms and the pattern 10; of short lines it is the other way.
    """
    if data.count(b"\n") > _MANY_LINES:
        return [match.start() for match in _CELL.finditer(data)]
    found = []
    at = data.find(b"\n")
    while at >= 0:
        if data.startswith(_OPEN, at):
            found.append(at)
        at = data.find(b"\n", at + 1)
    return found


def _cell(cell: dict[str, Any]) -> DocumentCell:
    cell_id = cell.get("id")
    may_raise = _MAY_RAISE.decode().strip('"') in str(cell.get("metadata"))
    return DocumentCell(cell_id if isinstance(cell_id, str) else "", _text(cell.get("source", cell.get("input", ""))), may_raise)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(source: Any) -> str:
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source or "")
