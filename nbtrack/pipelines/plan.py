"""What `nbtrack run` would do, stage by stage, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.pipelines.cache import Cache, Entry
from nbtrack.pipelines.decide import Decider, Made, changes, last_of
from nbtrack.pipelines.graph import Graph, Node


class Action(StrEnum):
    """What would become of a stage."""

    RUN = "run"
    CACHED = "cached"
    PERHAPS = "perhaps"
    """Something before it runs first: what that makes decides."""
    SKIP = "skip"


@dataclass(frozen=True)
class Step:
    """One node of a plan."""

    node: Node
    action: Action
    reasons: tuple[str, ...]
    entry: Entry | None = None

    def as_data(self) -> dict[str, Any]:
        found = {"id": self.node.id, "stage": self.node.stage, "action": str(self.action), "reasons": list(self.reasons), "needs": list(self.node.needs)}
        return found | ({"run_id": self.entry.run_id, "run": self.entry.run_name} if self.entry is not None else {})


@dataclass(frozen=True)
class Selection:
    """Which nodes are wanted, and which of them anew."""

    wanted: frozenset[str]
    forced: frozenset[str] = field(default_factory=frozenset)


def select(graph: Graph, stages: list[str], *, downstream: bool = False, force: bool = False, start: str = "") -> Selection:
    """The nodes a command line means.

    Args:
        stages: names of stages or nodes; none means all.
        downstream: also what needs them.
        force: the named ones anew, whatever the cache has; without names all.
        start: a stage that is executed anew with all that needs it.

    Raises:
        UsageError: there is no such stage.
    """
    everything = set(graph.nodes)
    named = graph.chosen(stages) if stages else everything
    wanted = graph.below(named) if downstream else named
    forced = set(named) if force else set[str]()
    if start:
        begun = graph.below(graph.chosen([start]))
        forced |= begun
        wanted = wanted & begun if stages else begun
    return Selection(frozenset(graph.above(wanted)), frozenset(forced))


def plan(graph: Graph, decider: Decider, cache: Cache, selection: Selection) -> list[Step]:
    """What would become of every wanted node; nothing is changed."""
    made: dict[str, Mapping[str, Any]] = {}
    skipped: set[str] = set()
    open_: set[str] = set()
    steps = []
    for node in graph.nodes.values():
        if node.id not in selection.wanted:
            continue
        step = _step(graph, decider, cache, selection, node, made, skipped, open_)
        steps.append(step)
        if step.action is Action.CACHED and step.entry is not None:
            made[node.id] = step.entry.outputs
        elif step.action is Action.SKIP:
            skipped.add(node.id)
        else:
            open_.add(node.id)
    return steps


def _step(
    graph: Graph, decider: Decider, cache: Cache, selection: Selection, node: Node, made: Made, skipped: Iterable[str], open_: Iterable[str]
) -> Step:  # fmt: skip
    above = [it for it in node.needs if it in skipped]
    if above:
        return Step(node, Action.SKIP, (f"{above[0]} is skipped",))
    waiting = [it for it in node.needs if it in open_]
    if waiting:
        reason = f"{', '.join(waiting[:3])}{f' and {len(waiting) - 3} more' if len(waiting) > 3 else ''} {'runs' if len(waiting) == 1 else 'run'} first"
        return Step(node, Action.RUN if node.id in selection.forced or not node.spec.cache else Action.PERHAPS, (reason,))
    if not decider.is_wanted(node, made):
        return Step(node, Action.SKIP, (f"when: {node.spec.when}",))
    if node.id in selection.forced:
        return Step(node, Action.RUN, ("it is forced",))
    if not node.spec.cache:
        return Step(node, Action.RUN, ("its cache is off",))
    try:
        decision = decider.decide(node, made)
    except UsageError as cause:
        return Step(node, Action.RUN, (cause.message,))
    entry = cache.get(decision.key)
    if entry is not None:
        return Step(node, Action.CACHED, (f"as in run {entry.run_name} ({entry.run_id[:8]})",), entry)
    return Step(node, Action.RUN, tuple(changes(last_of(cache, graph.loaded.name, node), decision.facts)))
