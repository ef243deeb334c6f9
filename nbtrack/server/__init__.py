"""Jupyter Server's door: authenticated routes over what nbtrack reads, under `/nbtrack/api`."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nbtrack.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from nbtrack.server.routes import add_to

    add_to(server)
