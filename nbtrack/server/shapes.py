"""Shapes of what the routes answer, beside those of `charts/shapes.py`."""

from __future__ import annotations

from typing import TypedDict


class About(TypedDict):
    """Of the server."""

    version: str
    root: str
    """Folder that notebooks' paths are relative to."""
