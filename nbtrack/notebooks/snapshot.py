"""What a kernel executed, as the pieces of a notebook in nbformat 4.5: valid whatever ids, outputs and texts the cells have.

Head, cells and tail joined are the JSON of the notebook.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nbtrack.entities.ledger import LATE, Entry
from nbtrack.notebooks.recipe import RecipeCell
from nbtrack.patterns import regex

BLOCKS = "blocks"
"""Of an entry's facts: the runs of blocks that are open in it."""
_ID = regex(r"[a-zA-Z0-9_-]{1,64}\Z")
_LONE = regex("[\ud800-\udfff]")


class CellIds:
    """Ids for cells that may have none, the same one several times, or one that nbformat refuses."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, cell_id: str, number: int) -> str:
        """An id nobody else has: the cell's own where that will do."""
        own = cell_id if _ID.match(cell_id) else re.sub(r"[^a-zA-Z0-9_-]", "-", cell_id)[:48]
        found = own if own and own not in self._given else f"{own[:48]}-{number}" if own else f"cell-{number}"
        while found in self._given:
            found += "x"
        self._given.add(found)
        return found


def head(document: str, is_recovered: bool) -> bytes:
    """The notebook's beginning.

    Args:
        document: who told where the document lies; empty where nobody did.
        is_recovered: part of the history is from before nbtrack was loaded.
    """
    facts = {"source_of_document": document, "recovered": is_recovered}
    return b'{"nbformat":4,"nbformat_minor":5,"metadata":' + encode({**_LANGUAGE, "nbtrack": facts}) + b',"cells":[\n'


TAIL = b"\n]}\n"
_LANGUAGE = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}


def cell(entry: Entry, cell_id: str, outputs: Sequence[Any] | None = None) -> bytes:
    """One executed cell, with the comma that divides it from the one before.

    Args:
        outputs: those it has so far, where it still runs; else the entry's.
    """
    facts: dict[str, Any] = {
        "number": entry.number, "started_ns": entry.started_ns, "ended_ns": entry.ended_ns, "status": str(entry.status), "cell_id": entry.cell_id,
    }  # fmt: skip
    if entry.run_id:
        facts["run_id"] = entry.run_id
    if blocks := entry.facts.get(BLOCKS):
        facts["blocks"] = list(blocks)
    if LATE in entry.facts:
        facts["late"] = True
    metadata: dict[str, Any] = {"nbtrack": facts}
    if entry.started_ns:
        metadata["execution"] = {"iopub.execute_input": _when(entry.started_ns)} | ({"shell.execute_reply": _when(entry.ended_ns)} if entry.ended_ns else {})
    kept = [it for output in list(entry.outputs if outputs is None else outputs) if (it := _output(output, entry.execution_count)) is not None]
    content = {
        "cell_type": "code", "id": cell_id, "metadata": metadata, "execution_count": entry.execution_count, "source": entry.source, "outputs": kept,
    }  # fmt: skip
    return (b",\n" if entry.number > 1 else b"") + encode(content)


def recipe_notebook(cells: Sequence[RecipeCell]) -> bytes:
    """The recipe as a clean notebook, indented for people and for git."""
    ids = CellIds()
    content = {
        "cells": [
            {
                "cell_type": "code", "execution_count": None, "id": ids.of(it.entry.cell_id if it.entry is not None else "parameters", number),
                "metadata": {"nbtrack": {"numbers": list(it.origins)}} | ({"tags": list(it.tags)} if it.tags else {}),
                "outputs": [], "source": it.source.splitlines(keepends=True),
            }
            for number, it in enumerate(cells, 1)
        ],
        "metadata": _LANGUAGE, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    return encode(content, indent=1) + b"\n"


def encode(value: Any, *, indent: int | None = None) -> bytes:
    """JSON in UTF-8: lone surrogates become question marks, NaN and infinities texts, and what is no JSON its `repr`."""
    separators = (",", ":") if indent is None else (",", ": ")
    try:
        text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        text = json.dumps(_clean(value), ensure_ascii=False, separators=separators, indent=indent)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE.sub("?", text).encode()


def _output(output: Any, count: int | None) -> dict[str, Any] | None:
    """An output as nbformat has it; None for what is none."""
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        return {"output_type": kind, "name": str(output.get("name", "stdout")), "text": _text(output.get("text", ""))}
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": kind, "ename": str(output.get("ename", "")), "evalue": str(output.get("evalue", "")),
            "traceback": [str(line) for line in lines] if isinstance(lines, list) else [],
        }  # fmt: skip
    if kind not in ("display_data", "execute_result"):
        return None
    data, metadata = output.get("data"), output.get("metadata")
    bundle = {str(mime): value if "json" in str(mime) else _text(value) for mime, value in data.items()} if isinstance(data, dict) else {}
    found = {"output_type": kind, "data": bundle, "metadata": metadata if isinstance(metadata, dict) else {}}
    return found | ({"execution_count": output.get("execution_count", count)} if kind == "execute_result" else {})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "".join(str(line) for line in value) if isinstance(value, list) else str(value)


def _clean(value: Any, depth: int = 0) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (str, int, bool, type(None))):
        return value
    if depth < 100 and isinstance(value, dict):
        return {str(key): _clean(item, depth + 1) for key, item in value.items()}
    if depth < 100 and isinstance(value, (list, tuple)):
        return [_clean(item, depth + 1) for item in value]
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a user's __repr__ may raise anything
        return f"<{type(value).__name__}>"


def _when(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat().replace("+00:00", "Z")
