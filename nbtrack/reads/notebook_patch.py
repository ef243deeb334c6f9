"""Two notebooks as nbdime's own views draw them: one, and its difference from the other in nbdime's format."""

from __future__ import annotations

import json
from typing import Any

from nbtrack.reads.notebook_diff import last_executions, pairs, text_of

_LINES = 1000
"""Lines of a text up to which it is compared line by line; of a longer one all is another."""


def patch_notebooks(base: dict[str, Any], remote: dict[str, Any], *, with_outputs: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first notebook as it is shown, and its difference from the second in the format of nbdime: what nbdime's own views draw.

    Counts of executions and metadata are left out of both: they differ with every execution.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: this is no notebook of nbformat 4.
    """
    before, after = (_shown(it, with_outputs) for it in (base, remote))
    entries: list[dict[str, Any]] = []
    at = 0  # cell of the first that is next
    for left, right in pairs(before, after):
        one, other = None if left is None else before[left], None if right is None else after[right]
        if one is not None and other is not None and one["cell_type"] == other["cell_type"]:
            if patch := _cell_patch(one, other):
                entries.append({"op": "patch", "key": left, "diff": patch})
        else:
            if other is not None:
                entries.append({"op": "addrange", "key": at, "valuelist": [other]})
            if one is not None:
                entries.append({"op": "removerange", "key": left, "length": 1})
        at += one is not None
    told = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": _language(base)}, "cells": before}
    return told, [{"op": "patch", "key": "cells", "diff": _joined(entries)}] if entries else []


def _shown(notebook: dict[str, Any], with_outputs: bool) -> list[dict[str, Any]]:
    """Cells with what is compared of them."""
    found = []
    for cell in last_executions(notebook["cells"]):
        kind = str(cell["cell_type"])
        kept: dict[str, Any] = {"cell_type": kind, "id": str(cell.get("id") or ""), "metadata": {}, "source": text_of(cell["source"])}
        if kind == "code":
            kept |= {"execution_count": None, "outputs": [_output(it) for it in cell.get("outputs") or []] if with_outputs else []}
        found.append(kept)
    return found


def _output(output: dict[str, Any]) -> dict[str, Any]:
    kept = {**output, "execution_count": None} if output.get("output_type") == "execute_result" else dict(output)
    return kept | ({"text": text_of(kept.get("text", ""))} if kept.get("output_type") == "stream" else {})


def _language(notebook: dict[str, Any]) -> dict[str, str]:
    facts = (notebook.get("metadata") or {}).get("language_info") or {}
    return {"name": str(facts.get("name") or "python"), "mimetype": str(facts.get("mimetype") or "text/x-python")}


def _cell_patch(a: dict[str, Any], b: dict[str, Any]) -> list[dict[str, Any]]:
    """Entries for the parts of a cell that differ, by name."""
    found = []
    if (one := a.get("outputs", [])) != (other := b.get("outputs", [])):
        found.append({"op": "patch", "key": "outputs", "diff": _outputs_patch(one, other)})
    if a["source"] != b["source"]:
        found.append({"op": "patch", "key": "source", "diff": _text_patch(a["source"], b["source"])})
    return found


def _outputs_patch(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is printed is compared line by line; anything else is another one."""
    found: list[dict[str, Any]] = []
    for at in range(max(len(a), len(b))):
        one, other = a[at] if at < len(a) else None, b[at] if at < len(b) else None
        if one == other:
            continue
        if one and other and one.get("output_type") == other.get("output_type") == "stream" and one.get("name") == other.get("name"):
            found.append({"op": "patch", "key": at, "diff": [{"op": "patch", "key": "text", "diff": _text_patch(one["text"], other["text"])}]})
            continue
        if other is not None:
            found.append({"op": "addrange", "key": min(at, len(a)), "valuelist": [other]})
        if one is not None:
            found.append({"op": "removerange", "key": at, "length": 1})
    return _joined(found)


def _text_patch(a: str, b: str) -> list[dict[str, Any]]:
    """Lines that differ, with the letters that do inside of them; of long texts the whole."""
    one, other = a.splitlines(keepends=True), b.splitlines(keepends=True)
    if max(len(one), len(other)) > _LINES:
        entries: list[dict[str, Any]] = [{"op": "addrange", "key": 0, "valuelist": other}] if other else []
        return entries + ([{"op": "removerange", "key": 0, "length": len(one)}] if one else [])
    from nbdime.diffing.generic import diff_strings_linewise

    found: list[dict[str, Any]] = json.loads(json.dumps(diff_strings_linewise(a, b)))
    return found


def _joined(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ranges that follow each other as one, additions before removals: as nbdime writes them."""
    found: list[dict[str, Any]] = []
    run: list[dict[str, Any]] = []

    def close() -> None:
        if run:
            first = run[0]["key"]
            added = [value for it in run if it["op"] == "addrange" for value in it["valuelist"]]
            gone = sum(it["length"] for it in run if it["op"] == "removerange")
            found.extend([{"op": "addrange", "key": first, "valuelist": added}] if added else [])
            found.extend([{"op": "removerange", "key": first, "length": gone}] if gone else [])
            run.clear()

    for it in entries:
        if it["op"] == "patch" or (run and it["key"] > run[0]["key"] + sum(other.get("length", 0) for other in run)):
            close()
        if it["op"] == "patch":
            found.append(it)
        else:
            run.append(it)
    close()
    return found
