"""nbtrack: a notebook, as it is, as tracked, reproducible experiments on MLflow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    """The public names, loaded with the first that is asked for: every pytest run and every command imports this package for other things."""
    if name not in __all__:
        raise AttributeError(f"module 'nbtrack' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    from nbtrack import api, errors

    globals().update({it: getattr(errors if it == "NbtrackError" else api, it) for it in __all__})
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext nbtrack`."""
    import gc

    was_collecting = gc.isenabled()
    gc.disable()  # all that is made now stays: going through the kernel's objects for it would be a tenth of the time
    try:
        from nbtrack.capture import autolog
        from nbtrack.magics.load import load
        from nbtrack.store.autologged import Autologging
        from nbtrack.store.joined import enter

        autolog.door = Autologging()
        load(shell, enter)
    finally:
        if was_collecting:
            gc.enable()


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext nbtrack`."""
    from nbtrack.magics.load import unload

    unload(shell)
