"""Two notebooks, cell by cell: nbdime says which cells belong together, and each pair is compared line by line.

nbdime's own comparison of outputs letter by letter takes 6 s for two notebooks of 300 cells that print different losses, and its alignment of
as many cells without common ids 16 s; so it gets the cells without outputs, and ids for those whose source is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from itertools import islice
from typing import Any

from nbtrack.entities.difference import CellChange, NotebookChange
from nbtrack.reads import words
from nbtrack.secrets.scanner import Repeats, Scanner

_LINES = 200
"""Lines of a cell's source, and of its outputs, that are compared."""
_GAP = 20
"""Cells that have no counterpart, in a row, up to which nbdime looks for similar ones."""


def diff_notebooks(path: str, a: str, b: str) -> NotebookChange:
    """Cells that differ between two notebooks of nbformat 4, given as JSON."""
    try:
        one, other = _cells(a), _cells(b)
    except (ValueError, TypeError, KeyError, AttributeError) as cause:
        return NotebookChange(path, missing=f"{path} cannot be read: {cause}")
    repeats = _secrets(*one, *other)
    changes = [change for left, right in pairs(one, other) if (change := _change(one, other, left, right, repeats)) is not None]
    return NotebookChange(path, tuple(changes), (len(one), len(other)))


def _secrets(*cells: dict[str, Any]) -> Repeats:
    """Secrets of the cells' code, which an output may show without saying what it is."""
    found, scanner = Repeats(), Scanner(with_plugins=False)
    for source in {cell["source"] for cell in cells}:
        for it in scanner.find(source):
            found.know(source[it.start : it.end])
    return found


def last_executions(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a cell that was executed several times only the last one, under its id in the document: else each attempt would count as a new cell."""
    found: dict[str, dict[str, Any]] = {}
    for at, cell in enumerate(cells):
        facts = (cell.get("metadata") or {}).get("nbtrack") or {}
        cell_id = str(facts.get("cell_id") or "")
        key = f"id:{cell_id}" if cell_id else f"at:{at}"
        found.pop(key, None)
        found[key] = {**cell, "id": cell_id} if cell_id else cell
    return list(found.values())


def _cells(content: str) -> list[dict[str, Any]]:
    return [{**cell, "source": text_of(cell["source"])} for cell in last_executions(json.loads(content)["cells"])]


def pairs(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> Iterator[tuple[int | None, int | None]]:
    """Places of cells that belong together, in order; None where a cell has no counterpart."""
    ids = _ids(a, b)
    if ids[0] == ids[1]:
        yield from enumerate(range(len(b)))
        return
    from nbdime.diffing.config import DiffConfig
    from nbdime.diffing.generic import diff_sequence_multilevel
    from nbdime.diffing.notebooks import notebook_predicates

    config = DiffConfig(predicates=notebook_predicates, differs={"/cells": diff_sequence_multilevel, "/cells/*": lambda *_, **__: []})
    slim = [[_slim(cell, id_) for cell, id_ in zip(cells, found, strict=True)] for cells, found in zip((a, b), ids, strict=True)]
    left = right = 0
    for entry in diff_sequence_multilevel(*slim, path="/cells", config=config):
        while left < entry.key:
            yield left, right
            left, right = left + 1, right + 1
        if entry.op == "addrange":
            for _ in entry.valuelist:
                yield None, right
                right += 1
        elif entry.op == "removerange":
            for _ in range(entry.length):
                yield left, None
                left += 1
    while left < len(a):
        yield left, right
        left, right = left + 1, right + 1


def _slim(cell: dict[str, Any], cell_id: str) -> Any:
    from nbformat import from_dict

    return from_dict(  # type: ignore[no-untyped-call]
        {"id": cell_id, "cell_type": str(cell.get("cell_type", "code")), "source": cell["source"], "outputs": [], "metadata": {}}
    )


def _ids(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """An id for each cell: its own, unless cells with the same source, or far from all counterparts, are given a common one."""
    ids = [str(cell.get("id") or f"a{at}") for at, cell in enumerate(a)], [str(cell.get("id") or f"b{at}") for at, cell in enumerate(b)]
    shared = set(ids[0]) & set(ids[1])
    keys = [
        [f"id:{id_}" if id_ in shared else f"source:{cell['source']}" for id_, cell in zip(found, cells, strict=True)]
        for found, cells in zip(ids, (a, b), strict=True)
    ]
    for how, first, last, start, end in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if how == "equal" or (how == "replace" and max(last - first, end - start) > _GAP):
            for left, right in zip(range(first, last), range(start, end), strict=False):
                if how == "equal" or a[left].get("cell_type") == b[right].get("cell_type"):
                    ids[0][left] = ids[1][right] = f"pair{left}"
    return ids


def _change(a: list[dict[str, Any]], b: list[dict[str, Any]], left: int | None, right: int | None, repeats: Repeats) -> CellChange | None:
    one, other = None if left is None else a[left], None if right is None else b[right]
    known = other or one
    assert known is not None
    sources = [[] if cell is None else cell["source"].splitlines() for cell in (one, other)]
    outputs = [[] if cell is None else _output_lines(cell) for cell in (one, other)]
    if one is not None and other is not None and sources[0] == sources[1] and outputs[0] == outputs[1]:
        return None
    how = "added" if one is None else "removed" if other is None else "edited" if sources[0] != sources[1] else "output"
    numbers = (None if left is None else left + 1, None if right is None else right + 1)
    return CellChange(
        how,
        *numbers,
        str(known.get("id", "")),
        str(known.get("cell_type", "")),
        _lines(sources[0], sources[1], repeats),
        _lines(outputs[0], outputs[1], repeats),
    )


def _lines(a: Sequence[str], b: Sequence[str], repeats: Repeats) -> tuple[str, ...]:
    """How one text becomes the other, without secrets."""
    if a == b:
        return ()
    cut = max(len(a), len(b)) > _LINES
    found = ["…" if line.startswith("@@") else line for line in islice(unified_diff(a[:_LINES], b[:_LINES], lineterm="", n=2), 3, None)]  # lines left out
    return (*repeats.mask(words.clean("\n".join(found)))[0].splitlines(), *(["… only the first lines are compared"] if cut else []))


def _output_lines(cell: dict[str, Any]) -> list[str]:
    """A cell's outputs as text; a picture by its digest."""
    found: list[str] = []
    for output in cell.get("outputs") or []:
        kind = output.get("output_type")
        if kind == "stream":
            found += text_of(output.get("text", "")).splitlines()
        elif kind == "error":
            found.append(f"{output.get('ename')}: {output.get('evalue')}")
        else:
            data = output.get("data") or {}
            if "text/plain" in data:
                found += text_of(data["text/plain"]).splitlines()
            found += [
                f"<{mime} {hashlib.blake2b(json.dumps(content).encode(), digest_size=4).hexdigest()}>"
                for mime, content in sorted(data.items())
                if mime != "text/plain"
            ]
    return found


def text_of(found: Any) -> str:
    return "".join(found) if isinstance(found, list) else str(found)
