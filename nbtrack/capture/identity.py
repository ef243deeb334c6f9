"""Which notebook and cell is executing: told by the front end, then by the environment."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from nbtrack.capture import link
from nbtrack.records import dataclass


@dataclass(frozen=True)
class Identity:
    """Where code comes from."""

    notebook: str = ""
    """Absolute path, or empty where nothing tells it."""
    cell_id: str = ""
    source: str = ""
    """Who told the path."""


def of_cell(shell: Any, cell_id: str | None) -> Identity:
    """Identity of the cell that executes in `shell` now."""
    if (said := link.told(shell)) is not None and said.notebook:
        return Identity(said.notebook, cell_id or "", "JupyterLab")
    for name, found in (
        ("NBTRACK_NOTEBOOK", os.environ.get("NBTRACK_NOTEBOOK")),
        ("JPY_SESSION_NAME", os.environ.get("JPY_SESSION_NAME")),
        ("VS Code", shell.user_ns.get("__vsc_ipynb_file__")),
        ("session", shell.user_ns.get("__session__")),
    ):
        if found and str(found).endswith(".ipynb"):
            return Identity(str(Path(str(found)).absolute()), cell_id or "", name)
    return Identity("", cell_id or "", "kernel")


def of_code() -> Identity:
    """Identity of code that runs here and now: the notebook of a kernel, else the main file of the process."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        return of_cell(shell, None)
    main = getattr(sys.modules.get("__main__"), "__file__", "") or ""
    with contextlib.suppress(OSError):
        main = str(Path(main).absolute()) if main else ""
    return Identity(main, "", "script" if main else "")
