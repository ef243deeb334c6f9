"""Whether another program holds the file of a sqlite store: asked with a short patience, since MLflow waits and asks again for ten seconds."""

from __future__ import annotations

import contextlib
import sqlite3

from nbtrack.courier.uris import sqlite_file

PATIENCE_S = 2.0
LOCKED_MEND = "End what holds it, such as an open transaction in a browser of databases; nothing is lost meanwhile."


def is_locked(uri: str, *, writing: bool = False, patience_s: float = PATIENCE_S) -> bool:
    """Whether a sqlite store can be read (or written) by nobody else now; False for other stores and for a file that is not there.

    Args:
        writing: ask for the lock of those who write; nothing is written.
        patience_s: how long another one may hold it, as those who write do for a moment.
    """
    database = sqlite_file(uri)
    if database is None or not database.is_file():
        return False
    mode = "rw" if writing else "ro"
    try:
        with contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode={mode}", uri=True, timeout=patience_s)) as connection:
            connection.isolation_level = None
            connection.execute("begin immediate" if writing else "begin")
            connection.execute("select 1 from sqlite_master limit 1").fetchone()
            connection.execute("rollback")
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.Error:
        return False  # no database at all, or a broken one: who opens it tells better
    return False
