"""Jupyter Server's door: authenticated routes over what nbtrack reads, under `/nbtrack/api`."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nbtrack.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from nbtrack.server import pipeline_routes, routes

    routes.add_to(server)
    pipeline_routes.add_to(server)
