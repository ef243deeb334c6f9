"""What executing notebooks needs in this process, loaded while the first kernel begins, and without what takes long and is of no use."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading

_ENGINE = "nbtrack.pipelines.engine"
_FORMATS = ("rfc3987_syntax", "isoduration", "webcolors", "fqdn", "uri_template", "rfc3986_validator", "rfc3987")
"""jsonschema, which nbformat uses, loads what knows addresses, durations and colours where it is there; the first of them alone takes more than a second."""
_STORES = ("papermill.s3", "papermill.adl", "papermill.abs", "gcsfs", "pyarrow.fs", "github")
"""papermill loads what reads notebooks from clouds where it is there, which takes longer than all the rest; it gets its notebooks from us."""
_TURN_S = 0.0005
"""Seconds after which a thread that computes lets others go on: what loads here would else keep waiting, for 5 ms each time, who talks to kernels."""
_own: list[bool] = []
_begun = threading.Lock()
_idle = threading.Event()


def this_process_is_ours() -> None:
    """No code of a user's runs here, which might want what is left out, or threads to take turns as they do elsewhere."""
    _own.append(True)
    sys.setswitchinterval(_TURN_S)


def load_ahead() -> None:
    """Begin, once, and return at once."""
    if not _begun.acquire(blocking=False):
        return
    hidden = [] if not _own else [it for it in (*_STORES, *(() if "jsonschema" in sys.modules else _FORMATS)) if it not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # so Python notes that a module cannot be loaded
    threading.Thread(target=_load, args=(hidden,), name="nbtrack-load", daemon=True).start()


def kernels_are_begun() -> None:
    """Nothing is left to do until one is ready: what reports need may be loaded, too."""
    _idle.set()


def _load(hidden: list[str]) -> None:
    with contextlib.suppress(Exception):  # whoever needs it meets the same, and says so
        importlib.import_module(_ENGINE)
    for name in hidden:
        if sys.modules.get(name, _ENGINE) is None:
            del sys.modules[name]
    if _own:  # it silences warnings, for all threads
        _idle.wait()
        from nbtrack.pipelines.report import load_ahead as load_reports

        load_reports()
