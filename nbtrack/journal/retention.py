"""Pruning: delivered journals go when they are old or too large together; what is not delivered stays."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from nbtrack.journal import blobs, executed
from nbtrack.journal import cursor as cursors
from nbtrack.journal.fold import events_of, start_of
from nbtrack.journal.lines import read_events
from nbtrack.journal.location import Home
from nbtrack.journal.owner import is_alive
from nbtrack.journal.writer import EVENTS
from nbtrack.settings import Settings

_BLOB = re.compile(rb"[0-9a-f]{64}")
_DAY_S = 86_400.0


@dataclass(frozen=True)
class _Journal:
    run_id: str
    size_bytes: int
    written_s: float
    may_go: bool
    owner: str
    parent: str
    blobs: frozenset[str]


def prune_daily(home: Home, settings: Settings) -> list[str]:
    """Prune if the last time was a day ago; returns the ids of the runs whose journals went."""
    mark = home.folder("delivery") / "pruned"
    with contextlib.suppress(OSError):
        if time.time() - mark.stat().st_mtime < _DAY_S:
            return []
    mark.touch(mode=0o600)
    return prune(home, settings, now_s=time.time())


def prune(home: Home, settings: Settings, *, now_s: float) -> list[str]:
    """Remove delivered journals older than `keep_days`, then the oldest until all fit `keep_mb`; then blobs and owners nobody names.

    Blobs and owner files younger than a day stay: a run that names them may be being written. Returns the ids of runs that went.
    """
    journals = sorted((_read(home, run_id) for run_id in home.run_ids()), key=lambda journal: journal.written_s)
    needed = {journal.parent for journal in journals if not journal.may_go}
    sizes = _blob_sizes(home)
    uses: dict[str, int] = dict.fromkeys(_prune_executed(home, {journal.owner for journal in journals}, now_s), 1)
    for journal in journals:
        for blob in journal.blobs:
            uses[blob] = uses.get(blob, 0) + 1
    total = sum(journal.size_bytes for journal in journals) + sum(size for blob, (size, _) in sizes.items() if blob in uses)
    gone: list[_Journal] = []
    for journal in journals:
        is_old = now_s - journal.written_s > settings.keep_days * _DAY_S
        if not journal.may_go or journal.run_id in needed or not (is_old or total > settings.keep_mb * 1e6):
            continue
        if not _remove(home, journal):
            continue
        gone.append(journal)
        total -= journal.size_bytes
        for blob in journal.blobs:
            uses[blob] -= 1
            if not uses[blob]:
                total -= sizes.get(blob, (0, 0.0))[0]
    for blob, (_, written_s) in sizes.items():
        if not uses.get(blob) and now_s - written_s > _DAY_S:
            blobs.remove(home, blob)
    _remove_owners(home, {journal.owner for journal in journals} - {journal.owner for journal in gone}, now_s)
    return [journal.run_id for journal in gone]


def _read(home: Home, run_id: str) -> _Journal:
    folder = home.run(run_id)
    files = [entry.stat() for entry in folder.glob("*") if entry.is_file()]
    cursor = cursors.load(home, run_id)
    try:
        facts = (folder / EVENTS).stat()
        text = (folder / EVENTS).read_bytes()
        start = start_of(events_of(home, run_id))
        is_delivered = cursor.is_done and not any(read_events(folder / EVENTS, cursor.events_bytes))
        return _Journal(
            run_id, sum(file.st_size for file in files), facts.st_mtime, is_delivered,
            start.owner if start else "", start.parent if start else "", _named(home, text),
        )  # fmt: skip
    except Exception:  # noqa: BLE001 - a journal that this release cannot read is kept
        return _Journal(run_id, 0, time.time(), False, "", "", frozenset())


def _named(home: Home, text: bytes) -> frozenset[str]:
    """Blobs that a text names, and their parts."""
    names = {name.decode() for name in _BLOB.findall(text)}
    return frozenset(names.union(*(blobs.parts_of(home, name) for name in names)))


def _prune_executed(home: Home, owners: set[str], now_s: float) -> set[str]:
    """Remove what kernels executed whose runs are all gone; returns the blobs that the others name."""
    needed: set[str] = set()
    for owner in executed.owners(home):
        path = executed.path_of(home, owner)
        with contextlib.suppress(OSError):
            if owner in owners or now_s - path.stat().st_mtime <= _DAY_S or is_alive(home, owner):
                needed |= _named(home, path.read_bytes())
            else:
                path.unlink()
    return needed


def _remove(home: Home, journal: _Journal) -> bool:
    """Take a journal out of sight at once, then remove its files; not if it was written to since it was looked at."""
    folder = home.run(journal.run_id)
    aside = folder.with_name(f".{journal.run_id}.pruned")
    try:
        if (folder / EVENTS).stat().st_mtime != journal.written_s:
            return False
        folder.rename(aside)
    except OSError:
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _blob_sizes(home: Home) -> dict[str, tuple[int, float]]:
    sizes = {}
    for path in (path for kind in ("zst", "parts") for path in (home.root / "blobs").glob(f"??/*.{kind}")):
        with contextlib.suppress(OSError):
            facts = path.stat()
            sizes[path.stem] = (facts.st_size, facts.st_mtime)
    return sizes


def _remove_owners(home: Home, named: set[str], now_s: float) -> None:
    try:
        owners = os.listdir(home.root / "owners")  # noqa: PTH208 - names are all that is needed
    except OSError:
        return
    for owner in owners:
        path: Path = home.owner(owner)
        with contextlib.suppress(OSError):
            if owner not in named and now_s - path.stat().st_mtime > _DAY_S and not is_alive(home, owner):
                path.unlink()
