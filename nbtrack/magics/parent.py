"""The run that a tracked cell belongs to, by the word the line has for it."""

from __future__ import annotations

from dataclasses import replace

from nbtrack.entities import Request
from nbtrack.journal import Home


def resolve_parent(request: Request, home: Home) -> Request:
    """The request with its parent's id in place of its name.

    Raises:
        UnknownRunError: no such run.
    """
    if not request.parent:
        return request
    from nbtrack.reads import find  # loaded where it is needed: %load_ext is felt

    return replace(request, parent=find(home, request.parent).run_id)
