"""The local socket of a delivery process: where it lies, and one question with its answer as JSON.

Nothing is unpickled. The folder is the user's alone, the socket's owner is looked at before anything is said, and both sides prove
that they can read the key lying there (on Windows, where a pipe has no file mode, that is what keeps strangers out).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.errors import DeliveryError
from nbtrack.journal.location import Home
from nbtrack.system import WINDOWS, is_locked, make_private_folder, open_private

if TYPE_CHECKING:  # 3 ms, loaded when something is said: by a thread in a kernel
    from multiprocessing.connection import Connection

_LONGEST = 100  # sun_path holds 104 bytes on macOS, 108 on Linux


class Place:
    """The folder of one store's delivery process."""

    def __init__(self, home: Home, store_hash: str) -> None:
        self.home, self.hash = home, store_hash
        self.folder = home.root / "delivery" / store_hash
        self.lock = self.folder / "lock"
        self.log = self.folder / "delivery.log"
        self.address = self.folder / "address"
        self.key = self.folder / "key"
        self.uri = self.folder / "store"
        self.last_status = self.folder / "status.json"

    @classmethod
    def of(cls, home: Home, store: str) -> Place:
        """The place of a store, named by its masked URI."""
        return cls(home, hashlib.blake2b(store.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest())

    def make(self) -> None:
        """Make the folder."""
        self.home.folder("delivery")
        self.home.folder(f"delivery/{self.hash}")

    def is_alive(self) -> bool:
        """Whether the process lives."""
        return is_locked(self.lock)

    def choose_address(self) -> str:
        """Where the process will listen."""
        if WINDOWS:
            return rf"\\.\pipe\nbtrack-{self._digest()}"
        path = self.folder / "socket"
        if len(os.fsencode(path)) <= _LONGEST:
            return str(path)
        folder = Path(tempfile.gettempdir()) / f"nbtrack-{os.getuid()}"
        if len(os.fsencode(folder)) > _LONGEST - 30:
            folder = Path("/tmp") / folder.name
        make_private_folder(folder)
        _check(folder, stat.S_ISDIR)
        return str(folder / self._digest())

    def _digest(self) -> str:
        return hashlib.blake2b(os.fsencode(self.folder.absolute()), digest_size=10).hexdigest()


def write_private(path: Path, data: bytes) -> None:
    """Replace a file of the user's alone."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")  # threads of one process announce at the same time
    fd = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    temporary.replace(path)


def ask(place: Place, question: dict[str, Any], *, wait_s: float) -> dict[str, Any]:
    """Put one question to the process.

    Raises:
        ConnectionError: nobody listens.
        DeliveryError: the socket is not the user's, or the answer did not come within `wait_s`.
    """
    from multiprocessing import AuthenticationError
    from multiprocessing.connection import Client, answer_challenge, deliver_challenge

    try:
        address, key = place.address.read_text(), place.key.read_bytes()
        if not WINDOWS:
            _check(Path(address), stat.S_ISSOCK)
        connection: Connection = Client(address, family="AF_PIPE" if WINDOWS else "AF_UNIX")
    except (OSError, ValueError) as cause:
        raise ConnectionError("no delivery process listens") from cause
    with contextlib.closing(connection):
        try:
            if not connection.poll(min(wait_s, 5)):
                raise ConnectionError("the delivery process is stuck or ending")
            answer_challenge(connection, key)  # type: ignore[arg-type,unused-ignore]
            deliver_challenge(connection, key)  # type: ignore[arg-type,unused-ignore]
            send(connection, question)
            if not connection.poll(wait_s):
                raise DeliveryError(f"The delivery process did not answer within {wait_s:g} s.", mend=f"Look into {place.log}.")
            return receive(connection)
        except (OSError, EOFError, ValueError, AuthenticationError) as cause:
            raise ConnectionError("the delivery process went away") from cause


def admit(connection: Connection, key: bytes) -> bool:
    """The process's side of the proof; False for a stranger."""
    from multiprocessing import AuthenticationError
    from multiprocessing.connection import answer_challenge, deliver_challenge

    try:
        deliver_challenge(connection, key)  # type: ignore[arg-type,unused-ignore]
        answer_challenge(connection, key)  # type: ignore[arg-type,unused-ignore]
    except (OSError, EOFError, AuthenticationError):
        return False
    return True


def send(connection: Connection, message: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(message).encode())


def receive(connection: Connection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(connection.recv_bytes(16 << 20))
    return message


def _check(path: Path, is_kind: Any) -> None:
    """See that a path is what we made: of that kind, ours, and nobody else's to use."""
    facts = path.lstat()
    if not is_kind(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        owner, mode = facts.st_uid, stat.filemode(facts.st_mode)
        raise DeliveryError(f"{path} is not this user's alone (owner {owner}, mode {mode}).", mend=f"Remove {path} and try again.")
