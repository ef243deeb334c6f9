"""Which runs a comparison is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.entities import RunView
from nbtrack.errors import UnknownRunError
from nbtrack.journal import Home
from nbtrack.reads import all_runs, find
from nbtrack.reads.runs import REPRODUCES_TAG


@dataclass(frozen=True)
class Selection:
    """Runs by their ids, or all that a filter means."""

    ids: tuple[str, ...] | None = None
    query: str = ""

    def read(self, home: Home) -> tuple[list[RunView], list[str]]:
        """The runs as they are now, newest first, and the ids of those that are gone. What is in the trash counts as gone."""
        if self.ids is None:
            return [view for view in all_runs(home, self.query) if self.query or REPRODUCES_TAG not in view.tags], []
        known: dict[str, RunView] = {}
        for run_id in self.ids:
            try:
                view = find(home, run_id)
            except UnknownRunError:
                continue
            if not view.is_trashed:
                known[run_id] = view
        return sorted(known.values(), key=lambda view: view.start.started_ns, reverse=True), [it for it in self.ids if it not in known]


def select(home: Home, runs: Any = None) -> Selection:
    """What the user said: None (all runs but reproductions), a filter, or runs as `nbtrack.run` takes them or as objects.

    Raises:
        UnknownRunError: one of several runs does not exist.
        QueryError: a filter cannot be read.
    """
    if runs is None:
        return Selection()
    if isinstance(runs, str):
        return of_words(home, [runs], runs)
    one = [runs] if hasattr(runs, "run_id") else list(runs)
    return Selection(tuple(dict.fromkeys(it.run_id if hasattr(it, "run_id") else find(home, str(it)).run_id for it in one)))


def of_words(home: Home, said: Sequence[str], text: str) -> Selection:
    """What the words of a command mean: runs, where there are several and each is one, or `name#2` or `last`; else a filter.

    Args:
        said: words without their quotes.
        text: the same as typed.
    """
    if len(said) > 1 or (said and ("#" in said[0] or said[0] == "last")):
        ids = _ids(home, said)
        if ids is not None:
            return Selection(tuple(dict.fromkeys(ids)))
    from nbtrack.reads.query import parse

    parse(text)  # say now what is wrong with it
    return Selection(query=text)


def _ids(home: Home, said: Iterable[str]) -> list[str] | None:
    try:
        return [find(home, word).run_id for word in said]
    except UnknownRunError:
        return None
