"""A stage carried to a machine that shares no disk with this one, and its run and outputs carried back, through a place that both reach."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nbtrack.errors import StageError
from nbtrack.journal import Home, new_id
from nbtrack.pipelines.digests import digest_file
from nbtrack.pipelines.remote import Remote, remote_of
from nbtrack.pipelines.stage import Job, Result

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})
_JOURNAL = ("runs", "blobs", "executed")
"""Folders of a state directory that hold what runs recorded."""


@dataclass(frozen=True)
class Parcel:
    """What a stage needs, and where its bytes lie."""

    job: Job
    """Its paths begin at `root` of the machine that sends it."""
    place: str
    """Folder or URL that both machines reach."""
    files: tuple[tuple[str, str, int], ...]
    """Path from the root, digest and mode of each file."""


@dataclass(frozen=True)
class Answer:
    """What came of it, and where its bytes lie."""

    result: Result
    files: tuple[tuple[str, str, int], ...]
    """Outputs, as far as they were made."""
    journal: str
    """Name of an archive of what it recorded."""


def packed(job: Job, place: str) -> Parcel:
    """Send what a stage reads: its notebook, the project's modules, and its inputs.

    Raises:
        StageError: an input does not lie in the pipeline's folder.
        OSError: the place cannot be written.
    """
    assert job.root is not None
    remote = _reached(place)
    if not job.notebook.is_relative_to(job.root) or not job.cwd.is_relative_to(job.root):
        raise StageError(
            f"{job.notebook} lies outside {job.root}, so it cannot be carried elsewhere.", mend="Keep notebooks below nbtrack.yaml.", stage=job.name
        )
    found = {job.notebook, *_modules(job.root)}
    for path in job.reads:
        found |= set(_files(job.root / path))
    return Parcel(job, place, _sent(remote, job.root, found))


@contextmanager
def unpacked(parcel: Parcel) -> Iterator[Job]:
    """The stage as it can be executed here, in a folder that is gone afterwards.

    Raises:
        OSError, StageError: a file is not there.
    """
    with tempfile.TemporaryDirectory(prefix="nbtrack-", ignore_cleanup_errors=True) as name:
        root, job = Path(name) / "project", parcel.job
        assert job.root is not None
        _fetched(_reached(parcel.place), root, parcel.files)
        there = root / job.cwd.relative_to(job.root)
        there.mkdir(parents=True, exist_ok=True)
        for path in job.writes:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
        yield replace(
            job, root=root, notebook=root / job.notebook.relative_to(job.root), cwd=there, home=Path(name) / "home", told=job.told or str(job.notebook),
            inputs=tuple(root / it.relative_to(job.root) for it in job.inputs if it.is_relative_to(job.root)), env={**job.env, "NBTRACK_DELIVERY": "0"},
        )  # fmt: skip


def answered(job: Job, result: Result, place: str) -> Answer:
    """Send back what a stage made and recorded."""
    assert job.root is not None
    remote, name = _reached(place), f"journals/{new_id()}.tar"
    made = [it for path in job.writes for it in _files(job.root / path)]
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for folder in _JOURNAL:
                if (job.home / folder).is_dir():
                    archive.add(job.home / folder, arcname=folder)
        file.flush()
        remote.send(Path(file.name), name)
    return Answer(result, _sent(remote, job.root, made), name)


def received(job: Job, answer: Answer, place: str) -> Result:
    """Put what a stage made and recorded where it belongs.

    Raises:
        OSError, StageError: it cannot be fetched or written.
    """
    assert job.root is not None
    remote = _reached(place)
    _fetched(remote, job.root, answer.files)
    with tempfile.TemporaryDirectory(prefix="nbtrack-", ignore_cleanup_errors=True) as name:
        path = Path(name) / "journal.tar"
        if not remote.fetch(answer.journal, path):
            raise StageError(f"What {job.name} recorded is not in {place}.", mend="Look whether something empties that place.", stage=job.name)
        with tarfile.open(path) as archive:
            archive.extractall(Path(name) / "home", filter="data")
        home = Home(job.home)
        for folder in _JOURNAL:
            _joined(Path(name) / "home" / folder, home.folder(folder))
    return answer.result


def _reached(place: str) -> Remote:
    remote = remote_of(place, Path.cwd())
    assert remote is not None  # an empty place carries nothing
    return remote


def _sent(remote: Remote, root: Path, paths: set[Path] | list[Path]) -> tuple[tuple[str, str, int], ...]:
    found = []
    for path in sorted(paths):
        digest = digest_file(path)
        remote.send(path, _name(digest))
        found.append((path.relative_to(root).as_posix(), digest, path.stat().st_mode & 0o777))
    return tuple(found)


def _fetched(remote: Remote, root: Path, files: tuple[tuple[str, str, int], ...]) -> None:
    for path, digest, mode in files:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not remote.fetch(_name(digest), target) or digest_file(target) != digest:
            raise StageError(f"{path} is missing or damaged on its way.", mend="Run it again, and look whether something empties that place.")
        target.chmod(mode)


def _name(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest}"


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (it for it in sorted(path.rglob("*")) if it.is_file() and "__pycache__" not in it.parts)
    elif path.exists():
        yield path


def _modules(root: Path) -> Iterator[Path]:
    """The project's own Python files."""
    for place, folders, names in os.walk(root):
        folders[:] = [it for it in folders if it not in _SKIPPED and not it.startswith(".") and not (Path(place) / it / "pyvenv.cfg").exists()]
        yield from (Path(place, it) for it in names if it.endswith(".py"))


def _joined(source: Path, target: Path) -> None:
    """Move what is new; the same run or bytes may be there already."""
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(mode=0o700, exist_ok=True)
        elif not there.exists():
            shutil.move(path, there)
