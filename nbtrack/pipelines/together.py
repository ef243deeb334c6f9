"""A run of a pipeline beside others in the same folder, which may make other things of the same stages: with other params, or in another environment.

While a stage runs, nobody else writes what it writes or reads. Where another run put its own result in the place of what a stage of this run
made, that is brought back before a stage reads it: out of the cache, or out of what this run holds, as long as it goes on, of results that are
not kept there.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from nbtrack.errors import CacheError
from nbtrack.pipelines.cache import Cache, Entry
from nbtrack.pipelines.graph import Graph, Node
from nbtrack.pipelines.locks import StageLock
from nbtrack.pipelines.outcome import Outcome

_HELD = "held"
_MOST = 100
"""Outputs of others that a stage keeps from being written: each is an open file, of which a process has few."""


class Together:
    """Of one run.

    Args:
        state: folder that runs in the pipeline's folder share.
        own: folder of this run.
    """

    def __init__(self, graph: Graph, state: Path, cache: Cache, outcome: Outcome, own: Path) -> None:
        self._graph, self._state, self._cache, self._outcome = graph, state, cache, outcome
        self._held = Cache(own / _HELD)
        self._in_hand: set[str] = set()
        """Nodes whose results are held, and not in the cache."""
        self._read = {need for node in graph.nodes.values() for need in node.needs}
        self._lost: set[str] = set()

    def to_run(self, node: Node) -> StageLock | None:
        """What a node needs while it runs; None where another run has it in hand."""
        read = chain.from_iterable(_paths(self._graph.nodes[it]) for it in node.needs)
        return StageLock.take(self._state, self._own(node), islice(read, _MOST))

    def hold(self, node: Node, entry: Entry) -> None:
        """Hold what a node made and the cache does not keep, where another node reads it."""
        if node.id in self._read and node.files:
            self._held.hold(entry, self._graph.loaded.folder)
            self._in_hand.add(node.id)

    def close(self) -> list[str]:
        """Let go of what is held; what went wrong with it."""
        let_go(self._held.root.parent)
        return self._held.problems

    def replaced(self, node: Node, made: Mapping[str, Entry]) -> str:
        """A need of a node whose files were taken away by another run, or replaced; empty where there is none.

        Args:
            made: results of the nodes that are done.
        """
        return next((it for it in node.needs if it in made and it not in self._lost and self._outcome.is_replaced(self._graph.nodes[it], made[it])), "")

    def restore(self, node: Node, entry: Entry, held: StageLock | None = None) -> list[Path] | None:
        """Put a result where it belongs; returns files of the user's that were moved aside, None where another run has the node in hand.

        Args:
            held: what `to_run` gave for the node.

        Raises:
            CacheError: the cache no longer has it; nothing was changed.
            OSError: it cannot be written.
        """
        if self._is_there(node, entry):
            return []
        lock = held or StageLock.take(self._state, self._own(node))
        if lock is None:
            return None
        try:
            cache = self._held if node.id in self._in_hand else self._cache
            aside = cache.restore(entry, self._graph.loaded.folder, self._outcome.in_the_way(node, entry))
            self._outcome.settle(node, entry)
        finally:
            if held is None:
                lock.release()
        return aside

    def bring_back(self, node: Node, entry: Entry) -> list[Path] | None:
        """`restore` a result that another run replaced; where it is lost, whoever reads it says what is missing."""
        try:
            return self.restore(node, entry)
        except CacheError:
            self._lost.add(node.id)
            return []

    def _is_there(self, node: Node, entry: Entry) -> bool:
        """Whether nothing must be written; others may read it meanwhile."""
        held = StageLock.take(self._state, (), _paths(node))
        try:
            return held is not None and self._outcome.is_there(node, entry)
        finally:
            if held is not None:
                held.release()

    @staticmethod
    def _own(node: Node) -> Iterator[str]:
        yield node.id
        yield from _paths(node)


def holds(own: Path) -> bool:
    """Whether a run holds results, or did when it was killed.

    Args:
        own: its folder.
    """
    return (own / _HELD).exists()


def let_go(own: Path) -> None:
    """Remove what a run holds."""
    with contextlib.suppress(OSError):
        shutil.rmtree(own / _HELD)


def _paths(node: Node) -> Iterator[str]:
    """Names of the locks of its outputs: pipelines of several files may write the same."""
    return (f"path:{it}" for it in node.files.values())
