"""Runs that took their result from a pipeline's cache: what is known of it stands with the run that made it."""

from __future__ import annotations

from nbtrack.entities import RunView
from nbtrack.errors import UnknownRunError
from nbtrack.journal import Home
from nbtrack.reads.runs import find

CACHED_TAG = "nbtrack.cached_from"
_HOPS = 8


def source_of(home: Home, view: RunView) -> RunView:
    """The run that made a result, for one that took it from the cache of a pipeline; the run itself where it is not known."""
    found = view
    for _ in range(_HOPS):
        origin = found.tags.get(CACHED_TAG)
        if not origin:
            return found
        try:
            found = find(home, origin)
        except UnknownRunError:
            return view
    return view
