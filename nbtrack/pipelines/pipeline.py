"""Running a pipeline: stages whose result is there are taken from the cache, the others are executed as soon as what they need is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nbtrack.entities import State
from nbtrack.errors import CacheError, NbtrackError, StageError, StoreError
from nbtrack.journal import fold
from nbtrack.pipelines.board import Board
from nbtrack.pipelines.cache import Cache, Entry, Kept
from nbtrack.pipelines.check import Books
from nbtrack.pipelines.cost import Bill
from nbtrack.pipelines.data import dvc
from nbtrack.pipelines.decide import Decider, Decision
from nbtrack.pipelines.executor import Executor
from nbtrack.pipelines.graph import Graph, Node
from nbtrack.pipelines.history import History, Phase, RunHistory
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.locks import StageLock
from nbtrack.pipelines.outcome import Outcome
from nbtrack.pipelines.plan import Selection
from nbtrack.pipelines.recording import Recording
from nbtrack.pipelines.report import keep_report
from nbtrack.pipelines.resume import Before
from nbtrack.pipelines.runs import Runs, Where
from nbtrack.pipelines.shows import Shows
from nbtrack.pipelines.stage import Job, Result, close, secrets_of
from nbtrack.pipelines.starting import Starter
from nbtrack.pipelines.together import Together
from nbtrack.pipelines.validating import hold_inputs, hold_outputs

_LOOK_S = 0.1
_LOCKED_S = 0.3
_IN_HAND = "another run has it in hand"


@dataclass(frozen=True)
class PipelineResult:
    """What came of a pipeline."""

    run_id: str
    state: State
    phases: Mapping[str, Phase]
    reasons: Mapping[str, str]
    runs: Mapping[str, str]
    """Run id of each node that ran or was cached."""
    seconds: float

    @property
    def has_failed_gate(self) -> bool:
        return Phase.GATED in self.phases.values()


@dataclass
class _Work:
    """A node on its way."""

    node: Node
    decision: Decision
    job: Job | None = None
    attempt: int = 0
    lock: StageLock | None = None
    log: Recording | None = None
    began: float = field(default_factory=time.monotonic)


class PipelineRun:
    """One run of a pipeline.

    Args:
        judge: holds a finished stage's run against its gates; an empty text where they pass, else why not.
        resumed: what became of the run that this one goes on with.
    """

    def __init__(
        self, graph: Graph, books: Books, decider: Decider, cache: Cache, selection: Selection, where: Where, executor: Executor, shows: Shows, stop: Stop,
        *, keep_going: bool = False, facts: Mapping[str, Any] | None = None, judge: Callable[[Node, str], str] | None = None,
        resumed: RunHistory | None = None,
    ) -> None:  # fmt: skip
        self._graph, self._books, self._decider, self._cache, self._selection = graph, books, decider, cache, selection
        self._where, self._shows, self._stop = where, shows, stop
        self._keep_going, self._facts, self._judge, self._resumed = keep_going, dict(facts or {}), judge or (lambda _node, _run: ""), resumed
        self._outcome = Outcome(graph.loaded.folder, where.state, cache, decider.digests)
        self._board = Board(graph, selection.wanted)
        self._runs: dict[str, str] = {}
        self._made: dict[str, Mapping[str, Kept]] = {}
        self._entries: dict[str, Entry] = {}
        """Results of the nodes that are done."""
        self._works: dict[str, _Work] = {}
        self._running: dict[Future[Result], str] = {}
        self._is_halted = False
        self._bill = Bill()
        self._runs_of = Runs(graph, books, where, self._facts)
        self._before = Before(resumed, where.home, self._outcome, self._runs_of) if resumed is not None else None
        self._starter = Starter(graph.loaded.folder, books, executor, where, stop, self._before)
        self._reports = ThreadPoolExecutor(1, thread_name_prefix="nbtrack-report")
        """Pages are made while other stages run."""

    def run(self) -> PipelineResult:
        """Run it to its end, or until it is asked to stop.

        Raises:
            JournalError, OSError: its run could not be begun.
        """
        began = time.monotonic()
        parent = self._runs_of.begin(self._resumed)
        self._history = History(self._where.state, parent.run_id)
        self._together = Together(self._graph, self._where.state, self._cache, self._outcome, self._history.folder)
        state = State.FAILED
        try:
            self._history.begin(self._graph.loaded.file, self._graph.loaded.name, list(self._board.phases), self._facts)
            if self._before is not None:
                self._before.adopt()
            self._pull()
            while self._step():
                pass
            state = self._verdict()
        finally:
            for work in self._works.values():
                if work.lock is not None:
                    work.lock.release()
            self._reports.shutdown(wait=True)
            for name, value in self._bill.sums.items():
                parent.log(name, value, 0)
            parent.end(state, "" if state is State.FINISHED else self._why())
            self._history.end(state)
            self._history.close()
            self._starter.close()
            self._decider.digests.save()
            for text in (*self._cache.problems, *self._together.close()):
                self._shows.note(text)
        return PipelineResult(parent.run_id, state, dict(self._board.phases), dict(self._board.reasons), dict(self._runs), time.monotonic() - began)

    def _pull(self) -> None:
        """Fetch inputs that DVC has and that are not here; where it cannot, the stages that read them fail with their own reason."""
        if not (missing := dvc.missing(self._graph, self._board.phases)):
            return
        self._shows.note(f"DVC pulls {', '.join(it.name for it in missing[:5])}{f' and {len(missing) - 5} more' if len(missing) > 5 else ''}")
        try:
            dvc.pull(missing, self._stop)
        except NbtrackError as cause:
            self._shows.note(f"{cause.message} {cause.mend}")

    def _step(self) -> bool:
        """Do what can be done now; False when nothing is left."""
        board = self._board
        if self._may_begin:
            board.come(time.monotonic())
        else:
            self._give_up()
        while self._may_begin and (it := board.next_ready()):
            self._guarded(it, self._consider)
        while self._may_begin and (it := board.first_queued()) and self._has_room(it):
            board.unqueue()
            self._guarded(it, self._submit)
        if self._running:
            done, _ = wait(self._running, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._guarded(self._running.pop(future), partial(self._end, future))
        elif board.is_put_off:
            self._stop.wait(_LOOK_S)
        return bool(board.is_open or self._running)

    @property
    def _may_begin(self) -> bool:
        return self._stop.reason is None and not self._is_halted

    def _has_room(self, it: str) -> bool:
        return self._starter.has_room(self._graph.nodes[it], [self._graph.nodes[other] for other in self._running.values()])

    def _guarded(self, it: str, act: Callable[[str], None]) -> None:
        """Do something for a node; what cannot be done fails the node alone."""
        try:
            act(it)
        except StoreError:
            raise
        except (NbtrackError, OSError) as cause:
            self._settle(it, Phase.FAILED, cause.message if isinstance(cause, NbtrackError) else str(cause))

    def _consider(self, it: str) -> None:
        """All that a node needs is done: skip it, take its result from the cache, or queue it."""
        node = self._graph.nodes[it]
        skipped = [need for need in node.needs if self._board.phases[need] is Phase.SKIPPED]
        if skipped:
            self._settle(it, Phase.SKIPPED, f"{skipped[0]} is skipped")
            return
        if not self._decider.is_wanted(node, self._made):
            self._settle(it, Phase.SKIPPED, f"when: {node.spec.when}")
            return
        decision = self._decider.decide(node, self._made)
        if self._take_over(node, decision) or (self._may_hit(node) and self._hit(node, decision)):
            return
        if it not in self._works:
            self._works[it] = _Work(node, decision)
            self._board.queue(it)

    def _may_hit(self, node: Node) -> bool:
        return node.spec.cache and node.id not in self._selection.forced

    def _hit(self, node: Node, decision: Decision, lock: StageLock | None = None) -> bool:
        """Take a result from the cache; False where there is none that can be used."""
        entry = self._cache.get(decision.key)
        if entry is None or (node.spec.gates and fold(self._where.home, entry.run_id, metrics=False) is None):
            return False
        began = time.monotonic()
        try:
            aside = self._together.restore(node, entry, lock)
        except CacheError as cause:
            self._cache.forget(entry)
            self._shows.note(f"{node.id}: {cause}")
            return False
        if aside is None:
            self._board.look_again(node.id, time.monotonic() + _LOCKED_S)
            return True
        self._tell_aside(node.id, aside)
        if why := self._judge(node, entry.run_id) if node.spec.gates else "":
            self._runs[node.id] = entry.run_id
            self._settle(node.id, Phase.GATED, why)
            return True
        run_id = self._runs_of.hit(node, decision, entry)
        self._bill.saved(entry.seconds)
        self._cache.note_last(f"{self._graph.loaded.name}/{node.id}", entry)
        self._done(node, entry, Phase.CACHED, f"as in run {entry.run_name} ({entry.run_id[:8]})", run_id, time.monotonic() - began)
        return True

    def _submit(self, it: str) -> None:
        work, node = self._works[it], self._graph.nodes[it]
        if work.lock is None:
            work.lock = self._together.to_run(node)
            if work.lock is None:
                self._put_off(it)
                return
            if self._may_hit(node) and self._hit(node, work.decision, work.lock):  # the other run has made it meanwhile
                return
            if other := self._together.replaced(node, self._entries):
                work.lock.release()
                work.lock = None
                self._bring_back(it, other)
                return
        if changed := self._decider.changed_input(work.decision.facts):
            raise StageError(f"{changed!r}, which {it} reads, is no longer what was made; something else wrote it.", mend="Run it again.", stage=it)
        hold_inputs(node, self._graph.loaded.folder, self._decider.input_paths(node, self._made))
        self._tell_aside(it, self._outcome.clear(node))
        work.attempt += 1
        work.job = self._runs_of.job(node, work.decision, work.attempt)
        self._history.stage(it, Phase.RUNNING, key=work.decision.key, attempt=work.attempt)
        self._board.phases[it] = Phase.RUNNING
        self._shows.phase(node, Phase.RUNNING, "", 0.0)
        work.log = Recording(it, self._history, self._shows.listener(it), secrets_of(work.job.params))
        next_ = (self._graph.nodes[other] for other in self._board.coming())
        self._running[self._starter.begin(node, work.decision, work.job, work.log, next_)] = it

    def _put_off(self, it: str) -> None:
        """Another run has a node in hand, or what it reads."""
        if not self._board.reasons.get(it):
            self._board.reasons[it] = _IN_HAND
            self._shows.phase(self._graph.nodes[it], Phase.WAITING, _IN_HAND, 0.0)
        self._board.queue(it, time.monotonic() + _LOCKED_S)

    def _bring_back(self, it: str, other: str) -> None:
        """Another run put its own result in the place of one that a node reads."""
        aside = self._together.bring_back(self._graph.nodes[other], self._entries[other])
        if aside is None:
            self._put_off(it)
            return
        self._shows.note(f"{other}: another run put its own result there; {it} reads this run's, which is brought back")
        self._tell_aside(other, aside)
        self._board.queue(it, time.monotonic())

    def _tell_aside(self, it: str, paths: Sequence[Path]) -> None:
        for path in paths:
            self._shows.note(f"{it}: what lay in its way is now {path}")

    def _end(self, future: Future[Result], it: str) -> None:
        """An attempt came to its end."""
        work, node = self._works[it], self._graph.nodes[it]
        try:
            result = future.result()
        except (NbtrackError, OSError):
            self._outcome.drop(node)
            raise
        assert work.job is not None and work.log is not None
        work.log.ended(result)
        self._runs[it] = result.run_id
        self._bill.attempt(self._where.home, result.run_id, result.seconds, result.cpu_s, node.spec.resources.price)
        if result.notebook:
            self._reports.submit(keep_report, self._where.home, result.run_id, result.notebook)
        if result.left:
            self._shows.note(f"{it}: it left {', '.join(result.left)} running, which was ended")
        if result.state is State.FINISHED:
            try:
                self._finished(work, result)
            except StageError as cause:
                close(self._where.home, result.run_id, State.FAILED, cause.message)
                self._failed(work, cause.message)
            return
        if result.state is State.KILLED:
            self._outcome.drop(node)
            self._settle(it, Phase.KILLED, result.reason)
            return
        self._shows.failed(work.job, result)
        self._failed(work, result.reason)

    def _finished(self, work: _Work, result: Result) -> None:
        node = work.node
        outputs = self._outcome.collect(node, result.outputs)
        hold_outputs(node, self._graph.loaded.folder)
        is_lasting = not node.spec.cache or self._is_unchanged(node, work.decision)
        if not is_lasting:
            self._shows.note(f"{node.id}: it is not kept in the cache, for what it depends on changed while it ran")
        self._accept(node, self._runs_of.entry(node, work.decision, result.run_id, outputs, result.seconds), "", is_lasting=is_lasting)

    def _accept(self, node: Node, entry: Entry, reason: str, *, is_lasting: bool = True) -> None:
        """A node has a result: hold it against the gates, and keep it."""
        if node.spec.gates and (why := self._judge(node, entry.run_id)):
            self._outcome.settle(node, entry)
            self._settle(node.id, Phase.GATED, why, run_id=entry.run_id)
            return
        if not (node.spec.cache and is_lasting and self._cache.put(entry, self._graph.loaded.folder)):
            self._together.hold(node, entry)
        self._cache.note_last(f"{self._graph.loaded.name}/{node.id}", entry)
        self._outcome.settle(node, entry)
        self._done(node, entry, Phase.DONE, reason, entry.run_id, entry.seconds)

    def _failed(self, work: _Work, reason: str) -> None:
        retries = work.node.spec.retries
        self._outcome.drop(work.node)
        if work.attempt <= retries.times and self._stop.reason is None and not self._is_halted:
            wait_s = retries.wait * retries.factor ** (work.attempt - 1)
            self._shows.note(f"{work.node.id}: tried again in {wait_s:g} s ({work.attempt} of {retries.times})")
            self._board.queue(work.node.id, time.monotonic() + wait_s)
            return
        self._settle(work.node.id, Phase.FAILED, reason)

    def _done(self, node: Node, entry: Entry, phase: Phase, reason: str, run_id: str, seconds: float) -> None:
        self._made[node.id], self._entries[node.id] = entry.outputs, entry
        self._runs[node.id] = run_id
        paths = [self._graph.loaded.folder / path for path in node.files.values()]
        try:
            dvc.add([it for it in paths if dvc.is_stale(it) and (phase is Phase.DONE or it.is_file())], self._stop)
        except NbtrackError as cause:
            self._shows.note(f"{node.id}: {cause.message} {cause.mend}")
        self._settle(node.id, phase, reason, seconds=seconds, run_id=run_id, entry=entry)

    def _settle(self, it: str, phase: Phase, reason: str, *, seconds: float = 0.0, run_id: str = "", entry: Entry | None = None) -> None:
        """A node is through; what waits for it may come next."""
        self._board.settle(it, phase, reason)
        facts = {"reason": reason, "seconds": seconds, "run_id": run_id or self._runs.get(it, "")}
        self._history.stage(it, phase, **facts, **({"entry": entry.as_json().decode(), "key": entry.key} if entry is not None else {}))
        self._shows.phase(self._graph.nodes[it], phase, reason, seconds)
        work = self._works.pop(it, None)
        if work is not None and work.lock is not None:
            work.lock.release()
        if phase in (Phase.FAILED, Phase.GATED):
            self._is_halted = self._is_halted or not self._keep_going

    def _give_up(self) -> None:
        """Begin nothing any more."""
        for it in self._board.clear():
            if it in self._works and self._works[it].attempt and self._board.phases[it] is Phase.RUNNING:
                self._settle(it, Phase.KILLED if self._stop.reason else Phase.FAILED, "not tried again")

    def _is_unchanged(self, node: Node, decision: Decision) -> bool:
        again = Decider(self._graph, Books(), self._decider.digests)
        try:
            return again.decide(node, self._made).key == decision.key and not again.changed_input(decision.facts)
        except (NbtrackError, OSError):
            return False

    def _take_over(self, node: Node, decision: Decision) -> bool:
        """Go on with what the resumed run has done of a node; False where it must be done again."""
        found = self._before.result(node, decision) if self._before is not None and node.id not in self._works else None
        if found is None:
            return False
        if found.is_noted:
            if not node.spec.cache:
                self._together.hold(node, found.entry)
            self._done(node, found.entry, Phase.DONE, "done before the run was resumed", found.run_id, found.entry.seconds)
        else:
            self._accept(node, found.entry, "it was done before the run was resumed")
        return True

    def _verdict(self) -> State:
        phases = self._board.phases.values()
        if self._stop.reason is not None and any(it in (Phase.KILLED, Phase.WAITING) for it in phases):
            return State.KILLED
        return State.FINISHED if all(it.is_good or it is Phase.SKIPPED for it in phases) else State.FAILED

    def _why(self) -> str:
        if self._stop.reason is not None:
            return "interrupted"
        bad = [f"{it}: {self._board.reasons.get(it, '')}" for it, phase in self._board.phases.items() if phase in (Phase.FAILED, Phase.GATED)]
        return "; ".join(bad)[:1000] or "the runner failed"
