"""The data a run read: where it lies, and whether what lies there now is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from nbtrack.capture.digests import of_file
from nbtrack.entities import Kind
from nbtrack.journal import Home, events_of


class Standing(StrEnum):
    """How a piece of data stands here and now."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"
    UNCHECKED = "not checked"
    """It is no file here: a URL, a function's result."""


@dataclass(frozen=True)
class DataReference:
    """One dataset of a run."""

    name: str
    digest: str
    source: str
    """Path or URL as the notebook wrote it, or what made it."""
    path: str
    """Absolute path of the file, or empty."""
    standing: Standing
    has_shape: bool = False
    """Rows or columns of it were seen, so it surely was read."""


def references_of(home: Home, run_id: str, folder: Path) -> list[DataReference]:
    """The datasets of a run, each once, and how they stand.

    Args:
        folder: where relative paths begin: the notebook's folder.
    """
    found: dict[tuple[str, str], DataReference] = {}
    for event in events_of(home, run_id):
        if event.kind == Kind.INPUT and isinstance(event.data.get("dataset"), dict):
            it = _reference(event.data["dataset"], folder)
            found.setdefault((it.source or it.name, it.digest), it)
    return list(found.values())


def _reference(given: dict[str, Any], folder: Path) -> DataReference:
    facts = given.get("dataset", given)
    facts = facts if isinstance(facts, dict) else {}
    name, digest = str(facts.get("name", "")), str(facts.get("digest", ""))
    source = _json(facts.get("source"))
    place = str(source.get("uri") or source.get("url") or (source.get("tags") or {}).get("nbtrack.call") or facts.get("source_type") or "")
    if facts.get("source_type") != "local" or "://" in place:
        return DataReference(name, digest, place, "", Standing.UNCHECKED)
    has_shape = bool(facts.get("profile") or facts.get("schema"))
    path = folder / Path(place).expanduser()
    return DataReference(name, digest, place, str(path.absolute()), _standing(path, digest, md5=bool(source.get("dvc"))), has_shape)


def _standing(path: Path, digest: str, *, md5: bool) -> Standing:
    """How a file stands; a folder's digest is one of the values read from it, which is not made again."""
    if not path.exists():
        return Standing.UNCHECKED if any(it in path.name for it in "*?[") else Standing.MISSING
    if not path.is_file() or not digest:
        return Standing.UNCHECKED
    try:
        if md5:
            with path.open("rb") as file:
                here = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        else:
            here = of_file(path)
    except OSError:
        return Standing.MISSING
    return Standing.SAME if here == digest else Standing.CHANGED


def _json(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {"uri": text}
    return found if isinstance(found, dict) else {"uri": str(found or "")}


class DataList:
    """Data references as a list, for a notebook and for a terminal."""

    def __init__(self, references: Sequence[DataReference]) -> None:
        self.references = tuple(references)

    def __repr__(self) -> str:
        if not self.references:
            return "The run recorded no data."
        told = {Standing.SAME: "as it was", Standing.CHANGED: "CHANGED since", Standing.MISSING: "MISSING here", Standing.UNCHECKED: "not checked"}
        rows = [(told[it.standing], it.path or it.source or it.name, it.digest) for it in self.references]
        return "\n".join(f"{state:<13} {place}  {digest}" for state, place, digest in rows)
