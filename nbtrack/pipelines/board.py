"""Which nodes of a pipeline wait, may begin, are on their way or are through: the order of one run, without doing anything about it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from nbtrack.pipelines.graph import Graph
from nbtrack.pipelines.history import Phase


class Board:
    """Of one run of a pipeline.

    A node is `ready` once all it needs is done, and then looked at; it is `queued` where it must be executed, and waits for room. Both may
    have to come back at a later time.

    Args:
        wanted: ids of nodes.
    """

    def __init__(self, graph: Graph, wanted: frozenset[str]) -> None:
        self.phases: dict[str, Phase] = {it: Phase.WAITING for it in graph.nodes if it in wanted}
        self.reasons: dict[str, str] = {}
        self._rank = {it: number for number, it in enumerate(graph.nodes)}
        self._missing = {it: len(graph.nodes[it].needs) for it in self.phases}
        self._below: dict[str, list[str]] = {}
        for it in self.phases:
            for need in graph.nodes[it].needs:
                self._below.setdefault(need, []).append(it)
        self._ready = [(self._rank[it], it) for it, count in self._missing.items() if not count]
        self._queue: list[tuple[int, str]] = []
        self._looked_at_later: list[tuple[float, str]] = []
        self._queued_later: list[tuple[float, str]] = []
        heapq.heapify(self._ready)

    def come(self, now: float) -> None:
        """Take up what was put off until now."""
        for at, it in [entry for entry in self._looked_at_later if entry[0] <= now]:
            self._looked_at_later.remove((at, it))
            heapq.heappush(self._ready, (self._rank[it], it))
        for at, it in [entry for entry in self._queued_later if entry[0] <= now]:
            self._queued_later.remove((at, it))
            self.queue(it)

    def next_ready(self) -> str:
        """Take the first node that may be looked at; nothing where there is none."""
        return heapq.heappop(self._ready)[1] if self._ready else ""

    def look_again(self, it: str, at: float) -> None:
        """A node is ready again at a time of `time.monotonic`."""
        self._looked_at_later.append((at, it))

    def queue(self, it: str, at: float | None = None) -> None:
        """A node must be executed, from a time of `time.monotonic` on."""
        if at is not None:
            self._queued_later.append((at, it))
        else:
            heapq.heappush(self._queue, (self._rank[it], it))

    def first_queued(self) -> str:
        """The first node that must be executed; nothing where there is none."""
        return self._queue[0][1] if self._queue else ""

    def unqueue(self) -> None:
        """Take that one from the queue."""
        heapq.heappop(self._queue)

    def coming(self) -> Iterator[str]:
        """Nodes that are not on their way yet, those first that begin first."""
        queued = [it for _, it in sorted(self._queue)]
        yield from queued
        known = set(queued)
        yield from (it for it, phase in self.phases.items() if phase is Phase.WAITING and it not in known)

    @property
    def is_put_off(self) -> bool:
        """Whether some come back later."""
        return bool(self._looked_at_later or self._queued_later)

    @property
    def is_open(self) -> bool:
        """Whether something is left to be begun."""
        return bool(self._ready or self._queue or self.is_put_off)

    def settle(self, it: str, phase: Phase, reason: str) -> None:
        """A node is through; what waits for it is ready, or never will be."""
        self.phases[it], self.reasons[it] = phase, reason
        if phase.is_good or phase is Phase.SKIPPED:
            for other in self._below.get(it, ()):
                self._missing[other] -= 1
                if not self._missing[other]:
                    heapq.heappush(self._ready, (self._rank[other], other))
        elif phase in (Phase.FAILED, Phase.GATED):
            self._block(it)

    def _block(self, it: str) -> None:
        waiting = list(self._below.get(it, ()))
        while waiting:
            other = waiting.pop()
            if self.phases[other] is Phase.WAITING and not self.reasons.get(other):
                self.reasons[other] = f"{it} {'failed' if self.phases[it] is Phase.FAILED else 'did not pass its gates'}"
                waiting += self._below.get(other, ())

    def clear(self) -> list[str]:
        """Begin nothing any more; gives the nodes that were to be executed, again or for the first time."""
        waiting = [it for _, it in [*self._queued_later, *self._queue]]
        for entries in (self._ready, self._queue, self._looked_at_later, self._queued_later):
            entries.clear()
        return waiting
