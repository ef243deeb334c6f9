"""Names that a notebook's runs leave out for good: one small file a notebook in the state folder."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

from nbtrack.journal.attempts import cell_key
from nbtrack.journal.location import Home
from nbtrack.system import open_private

_FOLDER = "excluded"


def of(home: Home, notebook: str) -> tuple[str, ...]:
    """Names, or patterns with `*`, in the order they were given; none where the file cannot be read."""
    path = os.path.join(home.root, _FOLDER, _name(notebook))  # noqa: PTH118 - asked with every tracked cell, and almost no notebook has one
    if not os.path.exists(path):  # noqa: PTH110 - as above
        return ()
    try:
        found = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return ()
    names = found.get("names") if isinstance(found, dict) else None
    return tuple(it for it in names if isinstance(it, str)) if isinstance(names, list) else ()


def keep(home: Home, notebook: str, names: tuple[str, ...]) -> None:
    """Write the names of a notebook.

    Raises:
        JournalError, OSError: the folder cannot be written.
    """
    path = home.folder(_FOLDER) / _name(notebook)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as stream:
        stream.write(json.dumps({"notebook": notebook, "names": list(names)}, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    temporary.replace(path)


@functools.lru_cache(maxsize=64)
def _name(notebook: str) -> str:
    return f"{cell_key(notebook, '')}.json"
