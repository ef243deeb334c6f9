"""The baseline file: digests of what was looked at and is no secret, in the format of detect-secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.system import upwards

NAMES = (".nbtrack-secrets", ".secrets.baseline")
_VERSION = "1.5.0"


def find_baseline(folder: Path) -> Path | None:
    """The nearest baseline file from `folder` upwards."""
    found = [path for name in NAMES if (path := next((it for it in upwards(folder, name) if it.is_file()), None)) is not None]
    return max(found, key=lambda path: len(path.parts), default=None)


def read_hashes(path: Path) -> frozenset[str]:
    """The digests of a baseline.

    Raises:
        UsageError: it cannot be read, or is no baseline.
    """
    found = _read(path)
    return frozenset(str(it["hashed_secret"]) for entries in found["results"].values() for it in entries if it.get("is_secret") is not True)


def write_baseline(path: Path, found: Iterable[tuple[str, str, str, int]], at: str) -> None:
    """Replace the entries of the files named, keep all others and what an audit said of an entry.

    Args:
        found: file, kind, digest, line; a file without any has one with an empty digest.
        at: time in ISO 8601, UTC.

    Raises:
        UsageError: the old one is no baseline.
    """
    old: dict[str, Any] = _read(path) if path.exists() else {"version": _VERSION, "plugins_used": [], "filters_used": [], "results": {}}
    results: dict[str, list[dict[str, Any]]] = dict(old["results"])
    fresh: dict[str, list[dict[str, Any]]] = {}
    for file, kind, digest, line in found:
        entries = fresh.setdefault(file, [])
        known: dict[str, Any] = next((it for it in old["results"].get(file, []) if it.get("hashed_secret") == digest and it.get("type") == kind), {})
        if digest and not any((it["hashed_secret"], it["type"]) == (digest, kind) for it in entries):
            entries.append({**known, "type": kind, "filename": file, "hashed_secret": digest, "is_verified": False, "line_number": line})
    results = {file: entries for file, entries in sorted({**results, **fresh}.items()) if entries}
    path.write_text(json.dumps({**old, "results": results, "generated_at": at}, indent=2) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(path.read_bytes())
        if all(isinstance(it["hashed_secret"], str) for entries in found["results"].values() for it in entries):
            return dict(found)
        cause: Exception = ValueError("no digest")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        cause = error
    raise UsageError(f"{path} is no baseline of secrets: {cause!r}.", mend="Write one with nbtrack scan FILES --baseline FILE --update-baseline.") from cause
