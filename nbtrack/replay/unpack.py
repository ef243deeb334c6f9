"""Taking in a bundle: everything is checked before anything is believed, and the run appears whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from nbtrack.entities import Kind, RunStart, RunView
from nbtrack.errors import FormatError, UsageError
from nbtrack.journal import Home, RunWriter, blobs, fold
from nbtrack.replay.bundle import ARTIFACTS, CURVES, EVENTS, FORMAT, MANIFEST, RUNS, START_FIELDS

MOST_FILES = 100_000
MOST_BYTES = 64 << 30
"""Of all files, unpacked."""
_MOST_RATIO, _SMALL = 200, 16 << 20
"""A file beyond `_SMALL` bytes may be this many times as large as packed; zeros reach a thousand."""
_DEEPEST = 8
"""How far runs below runs are followed."""
_MOST_MANIFEST, _MOST_EVENTS = 64 << 20, 1 << 30
_ID = re.compile(r"[0-9a-f]{32}")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Imported:
    """A run that came from a bundle."""

    view: RunView
    is_new: bool
    """False where the run was here already; then nothing was changed."""
    children: tuple[Imported, ...] = ()
    """Runs below it that came with it."""

    def __repr__(self) -> str:
        told = f"{self.view.name} ({self.view.run_id[:8]}) " + ("is imported" if self.is_new else "was here already; nothing was changed")
        return "\n".join([told, *(f"  {line}" for child in self.children for line in repr(child).split("\n"))])


def unpack(home: Home, path: Path, store: str) -> Imported:
    """Make the run of a bundle, with its id, times and state.

    Args:
        store: MLflow store the run goes to, password masked.

    Raises:
        UsageError: it is no bundle, or one that was changed or made to harm.
        FormatError: a newer release wrote it.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            return _take(home, packed, store)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError) as cause:
        raise UsageError(f"{path} cannot be read as a bundle: {cause}.", mend="Give a file that nbtrack bundle wrote.") from cause
    except OSError as cause:
        raise UsageError(f"{path} cannot be taken in: {cause}.", mend=f"Give a file that can be read, and make room in {home.root}.") from cause


def _take(home: Home, packed: zipfile.ZipFile, store: str, depth: int = 0) -> Imported:
    members = _members(packed)
    manifest = _manifest(packed, members)
    start, listed = manifest["start"], manifest["files"]
    here = fold(home, start["run_id"])
    if here is not None:
        return Imported(here, False, _take_children(home, packed, members, listed, store, depth))
    for name in members.keys() - {MANIFEST}:
        if name not in listed:
            raise _refused(f"It holds {name!r}, which its list does not name")
    for name in listed:
        if name not in members:
            raise _refused(f"It lacks {name!r}")
    home.folder("runs")
    staging = Home(Path(tempfile.mkdtemp(prefix="importing-", dir=home.root)))
    try:
        kept: dict[str, tuple[str, int]] = {}
        for name, fact in listed.items():
            if name.startswith(f"{ARTIFACTS}/"):
                kept[name.removeprefix(f"{ARTIFACTS}/")] = (_verified(packed, members[name], fact, partial(blobs.put, home)), fact["size_bytes"])
            else:
                target = staging.root / (name if name in (EVENTS, CURVES) else "other")
                _verified(packed, members[name], fact, partial(_copy, target))
        _write(staging, RunStart(store=store, owner="", **{name: start[name] for name in START_FIELDS}), kept)
        try:
            staging.run(start["run_id"]).rename(home.run(start["run_id"]))
        except OSError:
            if (here := fold(home, start["run_id"])) is None:  # else somebody imported it at this moment
                raise
            return Imported(here, False)
    finally:
        shutil.rmtree(staging.root, ignore_errors=True)
    view = fold(home, start["run_id"])
    assert view is not None  # it was written just now
    return Imported(view, True, _take_children(home, packed, members, listed, store, depth))


def _take_children(
    home: Home, packed: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], listed: dict[str, Any], store: str, depth: int
) -> tuple[Imported, ...]:
    """The bundles in the bundle; each is checked as if it had come alone."""
    inner = [name for name in listed if name.startswith(f"{RUNS}/") and name.endswith(".zip") and name in members]
    if not inner:
        return ()
    if depth >= _DEEPEST:
        raise _refused(f"Runs lie in it more than {_DEEPEST} deep")
    found = []
    with tempfile.TemporaryDirectory(prefix="importing-", dir=home.root) as folder:
        for name in inner:
            target = Path(folder) / "run.zip"
            _verified(packed, members[name], listed[name], partial(_copy, target))
            with zipfile.ZipFile(target) as child:
                found.append(_take(home, child, store, depth + 1))
    return tuple(found)


def _members(packed: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of the zip by name, none of which may be anything but a file below the folder it is unpacked in."""
    infos = packed.infolist()
    if len(infos) > MOST_FILES:
        raise _refused(f"It holds {len(infos)} files; {MOST_FILES} are the most")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise _refused(f"Unpacked it has more than {MOST_BYTES >> 30} GiB")
    found: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for info in infos:
        name = info.filename
        if info.is_dir():
            continue
        if not _is_safe(name) or name != info.orig_filename:
            raise _refused(f"The name {info.orig_filename!r} leads out of the folder")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise _refused(f"{name!r} is a link or a special file")
        if info.flag_bits & 1:
            raise _refused(f"{name!r} is encrypted")
        if info.file_size > _SMALL and info.file_size > _MOST_RATIO * max(1, info.compress_size):
            raise _refused(f"{name!r} is packed to less than 1/{_MOST_RATIO}, as no honest file is")
        if name.casefold() in folded:
            raise _refused(f"It holds {name!r} twice")
        folded.add(name.casefold())
        found[name] = info
    return found


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or ":" in parts[0]:
        return False
    return not name.startswith("/") and "\\" not in name and "\0" not in name


def _manifest(packed: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> dict[str, Any]:
    info = members.get(MANIFEST)
    if info is None:
        raise _refused(f"It has no {MANIFEST}")
    if info.file_size > _MOST_MANIFEST:
        raise _refused(f"Its {MANIFEST} is too large")
    with packed.open(info) as file:
        text = file.read(_MOST_MANIFEST + 1)
    try:
        found = json.loads(text)
        number, start, listed = found["format"], found["start"], found["files"]
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"format {number!r}")
        if number > FORMAT:
            raise FormatError(f"The bundle has format {number}; this release reads up to {FORMAT}.", mend="Install a newer nbtrack: pip install -U nbtrack.")
        for name in START_FIELDS:
            wanted = {"str": str, "int": int, "dict[str, str]": dict}[RunStart.__annotations__[name]]
            if not isinstance(start[name], wanted):
                raise ValueError(f"{name} {start[name]!r}")
        if not _ID.fullmatch(start["run_id"]) or (start["parent"] and not _ID.fullmatch(start["parent"])):
            raise ValueError(f"run id {start['run_id']!r}")
        start["tags"] = {str(name): str(value) for name, value in start["tags"].items()}
        for fact in listed.values():
            if not re.fullmatch(r"[0-9a-f]{64}", fact["sha256"]) or not isinstance(fact["size_bytes"], int):
                raise ValueError(f"{fact!r}")
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise _refused(f"Its {MANIFEST} cannot be read ({cause})") from cause
    return dict(found)


class _Reader:
    """Reads a member no further than its list says, and digests it."""

    def __init__(self, file: Any, size_bytes: int) -> None:
        self._file, self._left = file, size_bytes
        self.digest = hashlib.sha256()
        self.is_longer = False

    def read(self, size: int = _CHUNK) -> bytes:
        data: bytes = self._file.read(min(size, self._left + 1))
        if len(data) > self._left:
            self.is_longer, data = True, data[: self._left]
        self._left -= len(data)
        self.digest.update(data)
        return data


def _verified(packed: zipfile.ZipFile, info: zipfile.ZipInfo, fact: dict[str, Any], keep: Any) -> str:
    """Hand a member to `keep`, and refuse it where it is not what the list says."""
    with packed.open(info) as file:
        reader = _Reader(file, fact["size_bytes"])
        kept: str = keep(reader)
        if reader.is_longer or reader._left or reader.digest.hexdigest() != fact["sha256"]:
            raise _refused(f"{info.filename!r} is not what the list says: it was changed")
    return kept


def _copy(target: Path, source: BinaryIO) -> str:
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
    return ""


def _write(staging: Home, start: RunStart, kept: dict[str, tuple[str, int]]) -> None:
    """The run's journal, in the staging folder."""
    writer = RunWriter.create(staging, start)
    try:
        for line in _lines(staging.root / EVENTS):
            try:
                kind, time_ns, data = line["kind"], line["timestamp_ns"], dict(line["data"])
                if kind in (Kind.START, Kind.SERIES, Kind.RESUME) or {"kind", "timestamp_ns", "self", "blob", "owner"} & data.keys():
                    raise ValueError(f"event {kind!r}")
                if kind == Kind.ARTIFACT:
                    data["blob"], data["size_bytes"] = kept[_safe(data["path"])]
                elif kind == Kind.MODEL:
                    data["files"] = {_safe(path): list(kept[f"models/{_safe(data['name'])}/{path}"]) for path in data["files"]}
                writer.event(str(kind), timestamp_ns=int(time_ns), **data)
            except (KeyError, TypeError, ValueError, AttributeError) as cause:
                raise _refused(f"Its {EVENTS} cannot be read ({cause})") from cause
        for name, step, time_ns, value in _points(staging.root / CURVES):
            writer.log(name, value, step, time_ns)
    finally:
        writer.close()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.stat().st_size > _MOST_EVENTS:
        raise _refused(f"Its {EVENTS} is too large")
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError as cause:
                raise _refused(f"Its {EVENTS} cannot be read ({cause})") from cause


def _points(path: Path) -> Iterator[tuple[str, int, int, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        try:
            for name, step, time_ns, value in rows:
                yield name, int(step), int(time_ns), float(value)
        except (ValueError, csv.Error, UnicodeDecodeError) as cause:
            raise _refused(f"Its {CURVES} cannot be read ({cause})") from cause


def _safe(path: str) -> str:
    if not _is_safe(path):
        raise _refused(f"The artifact {path!r} leads out of the folder")
    return path


def _refused(why: str) -> UsageError:
    return UsageError(f"The bundle is refused. {why}.", mend="Take one from a source you trust, or bundle the run again.")
