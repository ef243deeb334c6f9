"""Where things lie under the state directory."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from nbtrack.errors import JournalError
from nbtrack.system import make_private_folder


class Home:
    """The state directory: `runs/`, `blobs/`, `owners/`, `cells/`, `executed/`, `delivery/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, name: str) -> Path:
        """A folder of the state directory, made if missing.

        Raises:
            JournalError: it cannot be made.
        """
        try:
            make_private_folder(self.root)
            return make_private_folder(self.root / name)
        except OSError as cause:
            raise self._unusable(cause.strerror or str(cause)) from cause

    def problem(self) -> JournalError | None:
        """Why nothing can be written here, as far as can be told without writing."""
        place = next(it for it in (self.root, *self.root.absolute().parents) if os.path.lexists(it))
        if not place.is_dir():
            return self._unusable(os.strerror(errno.ENOTDIR))
        return None if os.access(place, os.W_OK | os.X_OK) else self._unusable(os.strerror(errno.EACCES))

    def _unusable(self, why: str) -> JournalError:
        return JournalError(f"The journal's folder {self.root} cannot be written: {why}.", mend="Make it writable, or point NBTRACK_HOME to a folder that is.")

    def run(self, run_id: str) -> Path:
        return self.root / "runs" / run_id

    def owner(self, owner: str) -> Path:
        return self.root / "owners" / owner

    def run_ids(self) -> Iterator[str]:
        """Ids of all runs in the journal, in no order."""
        try:
            with os.scandir(self.root / "runs") as entries:
                yield from (entry.name for entry in entries if len(entry.name) == 32)
        except OSError:
            return


def new_id() -> str:
    """32 hexadecimal digits nobody else has."""
    return uuid.uuid4().hex
