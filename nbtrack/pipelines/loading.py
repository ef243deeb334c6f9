"""What executing notebooks needs in this process, loaded while the first kernel begins, and without what takes long and is of no use."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading

_ENGINE = "nbtrack.pipelines.engine"
_GRAMMARS = "rfc3987_syntax"
"""jsonschema, which nbformat uses, loads it where it is there, and that compiles grammars of addresses for more than a second."""
_own: list[bool] = []
_begun = threading.Lock()


def this_process_is_ours() -> None:
    """No code of a user's runs here, which might want addresses checked by jsonschema."""
    _own.append(True)


def load_ahead() -> None:
    """Begin, once, and return at once."""
    if not _begun.acquire(blocking=False):
        return
    if _own and "jsonschema" not in sys.modules:
        sys.modules.setdefault(_GRAMMARS, None)  # type: ignore[arg-type]  # so Python notes that a module cannot be loaded
    threading.Thread(target=_load, name="nbtrack-load", daemon=True).start()


def _load() -> None:
    with contextlib.suppress(Exception):  # whoever needs it meets the same, and says so
        importlib.import_module(_ENGINE)
    if sys.modules.get(_GRAMMARS, _ENGINE) is None:
        del sys.modules[_GRAMMARS]
