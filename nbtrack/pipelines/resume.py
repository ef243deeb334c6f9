"""Going on with a run of a pipeline whose runner was stopped or killed: what it left is ended, and what it had done stays done."""

from __future__ import annotations

from dataclasses import dataclass

from nbtrack.entities import State
from nbtrack.errors import StageError
from nbtrack.journal import Home, fold
from nbtrack.journal.reaper import reap
from nbtrack.pipelines.cache import Entry
from nbtrack.pipelines.decide import Decision
from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.history import Phase, RunHistory
from nbtrack.pipelines.outcome import Outcome
from nbtrack.pipelines.outputs import outputs_of
from nbtrack.pipelines.processes import sweep
from nbtrack.pipelines.runs import Runs


@dataclass(frozen=True)
class Done:
    """A result of the run that is resumed."""

    entry: Entry
    run_id: str
    is_noted: bool
    """Gates and cache have seen it; else the runner was killed between the notebook's end and that."""


class Before:
    """What became of the run that is resumed."""

    def __init__(self, history: RunHistory, home: Home, outcome: Outcome, runs: Runs) -> None:
        self._history, self._home, self._outcome, self._runs = history, home, outcome, runs

    def adopt(self) -> None:
        """End the kernels that are left, and the runs they had."""
        for node in self._history.nodes.values():
            if node.token:
                sweep(node.token, node.pid)
            if node.run_id:
                reap(self._home, node.run_id)

    def sweep_of(self, node: Node, decision: Decision) -> str:
        """Run of a sweep that was stopped in it; empty where there was none."""
        known = self._history.nodes.get(node.id)
        return known.run_id if known is not None and known.key == decision.key and known.phase in (Phase.RUNNING, Phase.KILLED) else ""

    def result(self, node: Node, decision: Decision) -> Done | None:
        """What it made of a node, where that still holds."""
        known = self._history.nodes.get(node.id)
        if known is None or known.key != decision.key:
            return None
        if known.phase.is_good and known.entry:
            entry = Entry.from_json(known.entry.encode())
            now = self._outcome.now(node)
            if entry is not None and all(it.fact is None or now.get(name) == it.fact for name, it in entry.outputs.items()):
                return Done(entry, known.run_id, True)
            return None
        view = fold(self._home, known.run_id, metrics=False) if known.phase is Phase.RUNNING and known.run_id else None
        if view is None or view.state is not State.FINISHED:
            return None
        try:
            outputs = self._outcome.collect(node, outputs_of(self._home, known.run_id))
        except StageError:
            return None
        return Done(self._runs.entry(node, decision, known.run_id, outputs, view.duration_s or 0.0), known.run_id, False)
