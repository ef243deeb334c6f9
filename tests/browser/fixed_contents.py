"""How a Jupyter server keeps documents of which some are read-only: the superuser, who runs tests in containers, may write any file there is."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError


class FixedContents(AsyncLargeFileManager):
    """Documents in folders named `fixed` are only read."""

    async def get(self, path: str, *words: Any, **facts: Any) -> dict[str, Any]:
        found: dict[str, Any] = await super().get(path, *words, **facts)
        return {**found, "writable": found["writable"] and not _is_fixed(path)}

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        if _is_fixed(path):
            raise HTTPError(403, f"{path} is read-only.")
        return await super().save(model, path)


def _is_fixed(path: str) -> bool:
    return "fixed" in path.split("/")[:-1]
