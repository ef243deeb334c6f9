"""Libraries a chart computes with: loaded on first use, and named with the command that installs them."""

from __future__ import annotations

import importlib
from typing import Any

from nbtrack.errors import UsageError


def need(module: str, distribution: str, what: str) -> Any:
    """The module.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as cause:
        raise UsageError(f"{what} needs {distribution}, which is not installed here.", mend=f"Install it: pip install {distribution}.") from cause
