"""nbtrack: a notebook, as it is, as tracked, reproducible experiments on MLflow."""

from __future__ import annotations

from typing import Any

from nbtrack.api import (
    artifact,
    bundle,
    compare,
    diff,
    figure,
    flush,
    gate,
    import_bundle,
    log,
    output,
    param,
    reproduce,
    restore,
    run,
    run_notebook,
    runs,
    sweep,
    tag,
    track,
)
from nbtrack.errors import NbtrackError

__all__ = [
    "NbtrackError",
    "artifact",
    "bundle",
    "compare",
    "diff",
    "figure",
    "flush",
    "gate",
    "import_bundle",
    "log",
    "output",
    "param",
    "reproduce",
    "restore",
    "run",
    "run_notebook",
    "runs",
    "sweep",
    "tag",
    "track",
]
__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext nbtrack`."""
    from nbtrack.capture import autolog
    from nbtrack.magics.load import load
    from nbtrack.store.autologged import Autologging
    from nbtrack.store.joined import enter

    autolog.door = Autologging()
    load(shell, enter)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext nbtrack`."""
    from nbtrack.magics.load import unload

    unload(shell)
