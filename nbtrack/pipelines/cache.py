"""What stages made, by what they depend on: bytes by their digest, entries by their key."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import CacheError
from nbtrack.pipelines.digests import FileFact, PathFact, digest_file, digest_of, write_atomically
from nbtrack.pipelines.remote import Remote

FORMAT = 1
"""Part of every key: a result of another format is not used."""
_ABOUT_S = 3600
"""Seconds that bytes without a result are left alone: a pipeline may be about to name them."""


@dataclass(frozen=True)
class Kept:
    """One output."""

    path: str = ""
    """From the pipeline's folder; empty for a value."""
    fact: PathFact | None = None
    value: Any = None

    @property
    def digest(self) -> str:
        return self.fact.digest if self.fact is not None else digest_of(self.value)


@dataclass(frozen=True)
class Entry:
    """What one execution of a stage made."""

    key: str
    node: str
    run_id: str
    run_name: str
    outputs: Mapping[str, Kept]
    facts: Mapping[str, Any]
    """What the key was made of."""
    made_ns: int
    seconds: float

    @property
    def digest(self) -> str:
        """Of all outputs."""
        return digest_of({name: it.digest for name, it in self.outputs.items()})

    @property
    def size_bytes(self) -> int:
        return sum(it.fact.size_bytes for it in self.outputs.values() if it.fact is not None)

    def as_json(self) -> bytes:
        return json.dumps({"format": FORMAT, **vars(self)}, default=vars, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    @classmethod
    def from_json(cls, data: bytes) -> Entry | None:
        """None where it is damaged, or of another format."""
        try:
            found = json.loads(data)
            if found.pop("format") != FORMAT:
                return None
            outputs = {name: _kept(it) for name, it in found.pop("outputs").items()}
            return cls(outputs=outputs, **found)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


@dataclass(frozen=True)
class Checked:
    """What `verify` found."""

    entries: int
    objects: int
    damaged: tuple[str, ...]
    """Entries and objects that were damaged, and are taken away."""


class Cache:
    """One folder; any number of processes may use it at once.

    Args:
        root: the folder; `objects/` holds bytes, `entries/` results, `last/` the last result of each stage.
        remote: a cache that others share, asked where this one has nothing.
    """

    def __init__(self, root: Path, remote: Remote | None = None) -> None:
        self.root, self._remote = root, remote
        self.problems: list[str] = []
        """What could not be kept or fetched; the pipeline goes on without."""
        self._damaged: set[str] = set()
        """Digests of bytes that the remote has damaged."""

    def get(self, key: str) -> Entry | None:
        """The result for a key, from here or from the remote."""
        path = self._entry(key)
        with contextlib.suppress(OSError):
            entry = Entry.from_json(path.read_bytes())
            if entry is not None and entry.key == key:
                with contextlib.suppress(OSError):
                    os.utime(path)  # gc keeps what is used
                return entry
        data = self._asked(f"entries/{key}.json")
        entry = None if data is None else Entry.from_json(data)
        return entry if entry is not None and entry.key == key else None

    def put(self, entry: Entry, folder: Path) -> bool:
        """Keep a result and its files; says whether that could be done.

        Args:
            folder: the pipeline's, where the outputs lie.
        """
        try:
            for source, digest in _files(entry, folder):
                self._keep(source, digest)
            write_atomically(self._entry(entry.key), entry.as_json())
        except OSError as cause:
            self._note(f"{entry.node} is not kept in {self.root}: {cause.strerror or cause}")
            return False
        except CacheError as cause:
            self._note(f"{entry.node} is not kept: {cause.message}")
            return False
        self._send(entry)
        return True

    def hold(self, entry: Entry, folder: Path) -> None:
        """Keep the files of what is no result for others, by a second name each: that costs nothing, and stays where the first one is taken away.

        Args:
            folder: the pipeline's, where the outputs lie.
        """
        try:
            for source, digest in _files(entry, folder):
                target = self.path_of(digest)
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(source.resolve(), target)
                except FileExistsError:
                    continue
                except OSError:  # a file system without second names, or another one
                    self._keep(source, digest)
        except (OSError, CacheError) as cause:
            self._note(f"{entry.node}: another run that replaces what it made cannot be undone ({cause})")

    def note_last(self, stage: str, entry: Entry) -> None:
        """Remember the last result of a stage, against which a miss is explained."""
        with contextlib.suppress(OSError):  # an explanation less
            write_atomically(self._last(stage), entry.as_json())

    def last(self, stage: str) -> Entry | None:
        """The last result of a stage."""
        try:
            return Entry.from_json(self._last(stage).read_bytes())
        except OSError:
            return None

    def restore(self, entry: Entry, folder: Path, now: Mapping[str, PathFact | None]) -> list[Path]:
        """Put the outputs where they belong; returns files of the user's that stood there and were moved aside.

        Args:
            now: what lies there now, by output; the same content is left as it is.

        Raises:
            CacheError: bytes are missing or damaged; nothing was changed.
            OSError: an output cannot be written.
        """
        wanted = [(name, kept) for name, kept in entry.outputs.items() if kept.fact is not None and (now[name] is None or now[name] != kept.fact)]
        for _, kept in wanted:
            self._fetch(kept)
        staged: list[tuple[Path, Path, str]] = []
        try:
            for name, kept in wanted:
                target = folder / kept.path
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.append((self._staged(kept, target), target, name))
            aside = []
            for temporary, target, name in staged:
                fact = now[name]
                if fact is not None and not self.has(fact):
                    aside.append(self.move_aside(target))
                _replace(temporary, target)
            return aside
        finally:
            for temporary, _, _ in staged:
                _remove(temporary)

    def has(self, fact: PathFact) -> bool:
        """Whether all bytes of a file or folder are kept here."""
        return all(self.path_of(file.digest).exists() for file in fact.files)

    @staticmethod
    def move_aside(target: Path) -> Path:
        """What the user put there, under a name that nothing has."""
        number = 1
        while (found := target.with_name(f"{target.stem}.mine-{number}{target.suffix}")).exists():
            number += 1
        target.rename(found)
        return found

    def forget(self, entry: Entry) -> None:
        """Take a damaged result away, so that it is made again."""
        _take_away(self._entry(entry.key))

    def entries(self) -> Iterator[Entry]:
        """All results kept here."""
        for path in self._entry_files():
            with contextlib.suppress(OSError):
                entry = Entry.from_json(path.read_bytes())
                if entry is not None:
                    yield entry

    def verify(self) -> Checked:
        """Read all bytes again; what is damaged is taken away, and made again when it is wanted."""
        damaged: list[str] = []
        objects = 0
        for path in (self.root / "objects").glob("*/*"):
            if path.name.startswith("."):  # it is being written
                continue
            objects += 1
            if path.name != digest_file(path):
                damaged.append(f"object {path.name[:12]}")
                path.unlink(missing_ok=True)
        count = 0
        for path in self._entry_files():
            entry = Entry.from_json(path.read_bytes())
            count += 1
            if entry is None or entry.key != path.stem or not all(self.has(it.fact) for it in entry.outputs.values() if it.fact is not None):
                damaged.append(f"result {path.stem[:12]}" + (f" of {entry.node}" if entry is not None else ""))
                path.unlink(missing_ok=True)
        return Checked(count, objects, tuple(damaged))

    def gc(self, days: float, now_s: float) -> tuple[int, int]:
        """Take away results that nobody used for so many days, and bytes that no result names; how many results, how many bytes."""
        named: set[str] = set()
        gone = 0
        for path in self._entry_files():
            entry = Entry.from_json(path.read_bytes())
            if entry is None or now_s - path.stat().st_mtime > days * 86400:
                path.unlink(missing_ok=True)
                gone += 1
            else:
                named |= {file.digest for it in entry.outputs.values() if it.fact is not None for file in it.fact.files}
        freed = 0
        for path in (self.root / "objects").glob("*/*"):
            stat = path.stat()
            if path.name not in named and now_s - stat.st_mtime > _ABOUT_S:
                path.unlink(missing_ok=True)
                freed += stat.st_size
        return gone, freed

    def _entry_files(self) -> list[Path]:
        return sorted(it for it in (self.root / "entries").glob("*/*.json") if not it.name.startswith("."))

    def _keep(self, source: Path, digest: str) -> None:
        target = self.path_of(digest)
        if target.exists():
            os.utime(target)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        fd, temporary = tempfile.mkstemp(dir=target.parent, prefix=".tmp-")
        os.close(fd)
        try:
            shutil.copyfile(source, temporary)
            if digest_file(Path(temporary)) != digest:
                raise CacheError(f"{source} changes while it is kept.", mend="Let nothing else write to the outputs of a stage.")
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def _fetch(self, kept: Kept) -> None:
        """See to it that all bytes of an output are here."""
        for file in kept.fact.files if kept.fact is not None else ():
            target = self.path_of(file.digest)
            if target.exists():
                continue
            try:
                is_there = self._remote is not None and self._remote.fetch(f"objects/{file.digest[:2]}/{file.digest}", target)
            except Exception as cause:  # file systems of all kinds raise errors of all kinds
                raise CacheError(f"{kept.path} cannot be fetched from the remote cache: {cause}.", mend="The stage is executed again.") from cause
            if not is_there:
                raise CacheError(f"The cache no longer has {kept.path}.", mend="The stage is executed again.")
            if digest_file(target) != file.digest:
                _take_away(target)
                self._damaged.add(file.digest)
                raise CacheError(f"The remote cache has {kept.path} damaged.", mend="The stage is executed again.")

    def _staged(self, kept: Kept, target: Path) -> Path:
        """A copy of an output beside its place, whose digests were checked."""
        assert kept.fact is not None
        if not kept.fact.is_folder:
            fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.nbtrack-")
            os.close(fd)
            self._copy(kept.fact.files[0], Path(name), kept)
            return Path(name)
        place = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name[:40]}.nbtrack-"))
        place.chmod(0o755)
        try:
            for file in kept.fact.files:
                (place / file.path).parent.mkdir(parents=True, exist_ok=True)
                self._copy(file, place / file.path, kept)
        except BaseException:  # also an interrupt leaves nothing half copied
            _remove(place)
            raise
        return place

    def _copy(self, file: FileFact, to: Path, kept: Kept) -> None:
        source = self.path_of(file.digest)
        shutil.copyfile(source, to)
        if digest_file(to) != file.digest:
            _remove(to)
            _take_away(source)
            raise CacheError(f"The cache has {kept.path} damaged.", mend="The stage is executed again.")
        to.chmod(0o755 if file.is_executable else 0o644)

    def _asked(self, name: str) -> bytes | None:
        if self._remote is None:
            return None
        try:
            return self._remote.read(name)
        except Exception as cause:  # noqa: BLE001 - file systems of all kinds raise errors of all kinds
            self._note(f"the remote cache does not answer: {cause}")
            self._remote = None
            return None

    def _send(self, entry: Entry) -> None:
        if self._remote is None:
            return
        try:
            for kept in entry.outputs.values():
                for file in kept.fact.files if kept.fact is not None else ():
                    self._remote.send(self.path_of(file.digest), f"objects/{file.digest[:2]}/{file.digest}", is_anew=file.digest in self._damaged)
            self._remote.write(f"entries/{entry.key}.json", entry.as_json())
        except Exception as cause:  # noqa: BLE001 - as above
            self._note(f"{entry.node} is not kept in the remote cache: {cause}")

    def _note(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    def _entry(self, key: str) -> Path:
        return self.root / "entries" / key[:2] / f"{key}.json"

    def path_of(self, digest: str) -> Path:
        """Where bytes lie, if they are here."""
        return self.root / "objects" / digest[:2] / digest

    def _last(self, stage: str) -> Path:
        return self.root / "last" / f"{digest_of(stage)[:32]}.json"


def _files(entry: Entry, folder: Path) -> Iterator[tuple[Path, str]]:
    """Where each file of a result lies, and its digest."""
    for kept in entry.outputs.values():
        for file in kept.fact.files if kept.fact is not None else ():
            yield (folder / kept.path / file.path if file.path else folder / kept.path), file.digest


def _kept(data: dict[str, Any]) -> Kept:
    fact = data.get("fact")
    found = None if fact is None else PathFact(fact["digest"], fact["is_folder"], tuple(FileFact(**it) for it in fact["files"]))
    return Kept(data["path"], found, data["value"])


def _replace(temporary: Path, target: Path) -> None:
    """Put a file or folder where another one may be; a folder is gone for an instant only."""
    if not temporary.is_dir():
        if target.is_dir():
            _remove(target)
        temporary.replace(target)
        return
    old = target.with_name(f".{target.name}.nbtrack-old-{time.time_ns()}")
    if target.exists():
        target.rename(old)
    temporary.rename(target)
    _remove(old)


def _take_away(path: Path) -> None:
    """Remove what is damaged from the cache, where that can be written."""
    with contextlib.suppress(OSError):  # else it is found damaged again
        path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
