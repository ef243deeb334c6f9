"""Notebooks that runs of a local store have alike: their bytes lie there once.

Only files that nbtrack alone writes are shared, and only where MLflow's artifacts lie on a disk this process reaches. Of another file
system, or one without links, nothing is shared and nothing fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from nbtrack.courier.channel import Place
from nbtrack.system import WINDOWS, cloned

_FOLDER = "notebook/"
_LEAST_BYTES, _KEPT = 4 << 10, 400
"""A smaller file takes one block of a disk, as a link does nearly."""


class Twins:
    """The large notebooks of one store that were uploaded last, by their digest."""

    def __init__(self, place: Place, artifact_uri: str) -> None:
        """
        Args:
            artifact_uri: where MLflow keeps the artifacts of the run that files are about to go to.
        """
        self._list, self._root = place.folder / "notebooks.json", _local_path(artifact_uri)

    def take(self, folder: Path, paths: Iterable[str]) -> list[str]:
        """Give the run those of the files laid out in a folder that another run has already; these are taken out of the folder.

        What the run shares with others and is to be written anew is parted from them first.
        """
        if self._root is None:
            return []
        known, taken = self._known(), []
        for path in (it for it in paths if it.startswith(_FOLDER)):
            target = self._root / path
            other = Path(known.get(_digest(folder / path), ""))
            with contextlib.suppress(OSError):
                if known and _is_alike(folder / path, other) and _share(other, target):
                    (folder / path).unlink()
                    taken.append(path)
                    continue
            with contextlib.suppress(OSError):
                if target.stat().st_nlink > 1:
                    target.unlink()
        return taken

    def note(self, folder: Path, paths: Iterable[str]) -> None:
        """Files laid out in a folder were uploaded: others may be given them."""
        if self._root is None:
            return
        fresh = {digest: str(self._root / path) for path in paths if path.startswith(_FOLDER) and (digest := _digest(folder / path))}
        if fresh:
            kept = dict(list(({name: it for name, it in self._known().items() if name not in fresh} | fresh).items())[-_KEPT:])
            temporary = self._list.with_suffix(".new")
            with contextlib.suppress(OSError):  # then the next run has its own
                temporary.write_text(json.dumps(kept), encoding="utf-8")
                temporary.replace(self._list)

    def _known(self) -> dict[str, str]:
        try:
            found = json.loads(self._list.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _local_path(artifact_uri: str) -> Path | None:
    if WINDOWS:
        return None  # where files that nobody may write to cannot be removed either
    if artifact_uri.startswith("file:"):
        found = urlparse(artifact_uri)
        return Path(url2pathname(found.path)) if found.netloc in ("", "localhost") else None
    path = Path(artifact_uri)
    return path if path.is_absolute() else None


def _digest(path: Path) -> str:
    """Digest of a file's bytes; empty where it is small or not there."""
    try:
        if path.stat().st_size < _LEAST_BYTES:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()
    except OSError:
        return ""


def _is_alike(one: Path, other: Path) -> bool:
    """Whether the other still holds what it held when it was uploaded."""
    return other.is_absolute() and not other.is_symlink() and other.is_file() and _digest(other) == _digest(one)


def _share(source: Path, target: Path) -> bool:
    """Make the target a twin of the source; says whether the file system can."""
    if target.exists() and target.samefile(source):
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.nbtrack")
    try:
        if not cloned(source, temporary):
            os.link(source, temporary)
            temporary.chmod(0o444)  # whoever wrote into it would write into those of other runs
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return True
