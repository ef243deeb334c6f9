"""The runs that a pipeline records: its own, and a child for every stage that was executed or came from the cache."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.capture.begin import begin
from nbtrack.capture.current import owner
from nbtrack.capture.identity import Identity
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Kind, Request, State
from nbtrack.journal import Home, RunWriter, fold
from nbtrack.pipelines.cache import Entry, Kept
from nbtrack.pipelines.check import Books
from nbtrack.pipelines.decide import Decision
from nbtrack.pipelines.draw import mermaid
from nbtrack.pipelines.graph import Graph, Node
from nbtrack.pipelines.history import RunHistory
from nbtrack.pipelines.parameters import recorded
from nbtrack.pipelines.stage import Job
from nbtrack.reads.words import BASE_TAG


@dataclass(frozen=True)
class Where:
    """Where a pipeline keeps things and records its runs."""

    home: Home
    uri: str
    """Full URI of the store."""
    state: Path
    """Folder of its cache and history."""


class Runs:
    """Of one run of a pipeline.

    Args:
        facts: what was asked for on the command line.
    """

    def __init__(self, graph: Graph, books: Books, where: Where, facts: Mapping[str, Any]) -> None:
        self._graph, self._books, self._where, self._facts = graph, books, where, facts
        self._chosen = settings.load({"tracking_uri": where.uri})
        self._parent = ""

    def begin(self, resumed: RunHistory | None) -> TrackedRun:
        """The pipeline's own run; of one that is resumed the same again."""
        loaded, home = self._graph.loaded, self._where.home
        if resumed is not None and (view := fold(home, resumed.run_id, metrics=False)) is not None:
            run = again(home, view.run_id)
        else:
            tags = {"nbtrack.pipeline": loaded.name} | ({"nbtrack.profile": self._facts["profile"]} if self._facts.get("profile") else {})
            tags |= {"nbtrack.schedule": self._facts["schedule"]} if self._facts.get("schedule") else {}
            tags |= self._role
            request = Request(name=loaded.name, experiment=self._experiment, tags=tags)
            run = begin(request, Identity(str(loaded.file), "", "nbtrack run"), code="", chosen=self._chosen)
        for name, value in loaded.pipeline.params.items():
            run.param(name, value)
        run.artifact_bytes(f"pipeline/{loaded.file.name}", loaded.file.read_bytes())
        run.artifact_bytes("pipeline/graph.mmd", mermaid(self._graph).encode())
        self._parent = run.run_id
        return run

    def hit(self, node: Node, decision: Decision, entry: Entry) -> str:
        """A child that says where a cached result comes from; its id."""
        request = Request(
            name=node.id, experiment=self._experiment, goal=node.spec.goal, parent=self._parent, tags=self._tags(node) | {"nbtrack.cached_from": entry.run_id}
        )
        run = begin(request, Identity(str(node.notebook), "", "nbtrack run"), code="", chosen=self._chosen)
        _, declared = self._books.get(node.notebook)
        for name, value in recorded(declared, decision.params).items():
            run.param(name, str(value) if not isinstance(value, (bool, int, float, str, list, dict, type(None))) else value)
        run.end(State.FINISHED)
        return run.run_id

    def job(self, node: Node, decision: Decision, attempt: int) -> Job:
        """An attempt at a node."""
        spec = node.spec
        _, declared = self._books.get(node.notebook)
        made = {path for it in node.needs for path in self._graph.nodes[it].files.values()}  # what a stage made is no data that came from elsewhere
        searched = spec.sweep.params if spec.sweep is not None else {}
        told = {name: value for name, value in recorded(declared, decision.params).items() if name not in searched}
        return Job(
            node.notebook, decision.params, told, node.id, self._where.home.root, self._where.uri, node.cwd,
            spec.environment.kernel, decision.variables, spec.timeout, self._experiment, self._parent, self._tags(node), attempt, spec.goal,
            tuple(self._graph.loaded.folder / path for path, _ in decision.facts["inputs"].values() if path not in made),
            root=self._graph.loaded.folder, reads=tuple(path for path, _ in decision.facts["inputs"].values()), writes=tuple(node.files.values()),
        )  # fmt: skip

    def entry(self, node: Node, decision: Decision, run_id: str, outputs: Mapping[str, Kept], seconds: float) -> Entry:
        """The result of a run, as the cache keeps it."""
        view = fold(self._where.home, run_id, metrics=False)
        name = node.id if view is None else f"{view.name}#{view.start.attempt}"
        return Entry(decision.key, node.id, run_id, name, dict(outputs), decision.facts, time.time_ns(), seconds)

    @property
    def _experiment(self) -> str:
        return self._graph.loaded.pipeline.experiment or self._graph.loaded.name

    @property
    def _role(self) -> dict[str, str]:
        return {BASE_TAG: self._facts["base"]} if self._facts.get("base") else {}

    def _tags(self, node: Node) -> dict[str, str]:
        return {"nbtrack.pipeline": self._graph.loaded.name, "nbtrack.stage": node.stage} | dict(node.spec.tags) | self._role


def again(home: Home, run_id: str) -> TrackedRun:
    """A run that had ended, or whose process died, open again in this process."""
    view = fold(home, run_id, metrics=False)
    assert view is not None  # whoever resumes a run has found it
    writer = RunWriter(home, run_id)
    writer.event(Kind.RESUME, owner=owner(home).name)
    return TrackedRun(home, view.start, writer)
