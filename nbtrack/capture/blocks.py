"""Runs of blocks, `with nbtrack.track()`, that begin while cells execute: each has the snapshot, recipe and stamp of its cell."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nbtrack.capture.choice import Choice
from nbtrack.capture.datasets import Datasets
from nbtrack.capture.environment import JSON, REQUIREMENTS, Environment
from nbtrack.capture.figures import Figures
from nbtrack.capture.output_list import OutputList
from nbtrack.capture.outputs import Outputs
from nbtrack.capture.recorder import BLOCKS, so_far
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell
from nbtrack.capture.spans import Span
from nbtrack.capture.worktree import Git
from nbtrack.entities import Kind, Request
from nbtrack.entities.ledger import BLOCK_RUNS, Entry, Status
from nbtrack.journal import RunWriter
from nbtrack.notebooks.reasons import DOCUMENT_TAG, REASONS_TAG, STAMP_TAG, Answer, Reason, Stamp, by_code, label
from nbtrack.records import dataclass
from nbtrack.settings import Settings

if TYPE_CHECKING:
    from nbtrack.capture.curves import Curves
    from nbtrack.capture.session import Session
    from nbtrack.capture.truth import Judged

BLOCK_TAG = "nbtrack.block"
"""JSON: the name that the block was given, and which of the blocks with this name it is in its cell, from 1."""
_NAMES = "names of blocks"
_number: ContextVar[int] = ContextVar("nbtrack_cell", default=0)
"""The cell whose code this is; asyncio tasks have that of the cell that made them."""


@dataclass
class _Block:
    run: TrackedRun
    first: int
    targets: set[int]
    stray: Reason | None = None
    """Why it is not sure that the cell stands for it."""
    has_environment: bool = True
    has_data: bool = True
    names: dict[str, str] = field(default_factory=dict)
    """Of its params."""
    span: Span | None = None
    choice: Choice = field(default_factory=Choice)


class Blocks:
    """The blocks of one session. Its methods are called in the user's threads; what takes long is left to the recorder."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.ask: Callable[[Request, Settings], tuple[Request, Settings]] = lambda request, chosen: (request, chosen)
        """Changes what is asked before the run of a block begins; a reproduction tells its blocks apart with it."""
        self._open: list[_Block] = []
        self._ended: list[_Block] = []
        self._to_show: list[TrackedRun] = []
        self._ahead: tuple[int, Judged | None] = (0, None)
        self._threads: frozenset[int] = frozenset()
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def entered(self, entry: Entry) -> None:
        """A cell begins."""
        _number.set(entry.number)
        self._threads = frozenset(sys._current_frames()) - {threading.get_ident()}  # takes a tenth of what `threading.enumerate` does
        with self._lock:
            for block in self._open:
                block.targets.add(entry.number)
                if block.span is not None and isinstance(outputs := entry.facts.get(Outputs.name), OutputList):
                    block.span.follow(outputs)
            if self._open:
                entry.facts[BLOCKS] = tuple(it.run.run_id for it in self._open)

    def left(self, entry: Entry) -> None:
        """A cell ended, and all is known of it: so it is of the blocks that ended in it."""
        with self._lock:
            done = [it for it in self._ended if max(it.targets) <= entry.number]
            self._ended = [it for it in self._ended if it not in done]
        if done:
            self._finish(done)

    def begin(self, run: TrackedRun, request: Request, chosen: Settings) -> None:
        """The run of a block has begun."""
        choice = self._session.capture_of(request, chosen)
        kinds = choice.kinds
        if os.getpid() != self._pid or "notebook" not in kinds:
            return
        if "git" in kinds:
            self._session.collector.one(Git).begin(run)
        entry, stray = self._place()
        if entry is None:
            stamp = Stamp(Answer.UNKNOWN, (Reason("background", (), "it began while no cell ran, so nobody knows which cells it needs"),))
            _tag(run, stamp, "none")
            return
        block = _Block(run, entry.number, {entry.number}, stray, "environment" in kinds, "datasets" in kinds, choice=choice)
        with self._lock:
            names = entry.facts.setdefault(_NAMES, {})
            names[request.name] = nth = names.get(request.name, 0) + 1
            self._open.append(block)
            for fact in (BLOCKS, BLOCK_RUNS):
                entry.facts[fact] = (*entry.facts.get(fact, ()), run.run_id)
        run.tag(BLOCK_TAG, json.dumps({"name": request.name, "nth": nth}, ensure_ascii=False))
        truth = self._session.truth
        self._session.last = run
        truth.record_block(run, entry)
        if block.has_environment:
            self._environment().begin(run, self._session.ledger, entry, self._session.shell.user_ns)
        truth.keep_recipe(run, self._judged(block).recipe, block.targets, {})
        outputs, heard = entry.facts.get(Outputs.name), kinds & {"streams", "figures"}
        if heard and isinstance(outputs, OutputList):
            self._session.collector.one(Outputs).flush()  # what was written before is none of the block's
            block.span = Span(outputs, self._session.collector.one(Figures).saved, heard)

    def choice(self, request: Request, chosen: Settings) -> Choice:
        """What is captured of a block."""
        return self._session.capture_of(request, chosen)

    def begin_call(self, run: TrackedRun, request: Request, chosen: Settings) -> None:
        """The block is a call of a function; the curves of the loops it runs are its own, where it runs in the thread of the cell."""
        entry, stray = self._place()
        choice = self.choice(request, chosen)
        if entry is None or stray is not None or os.getpid() != self._pid or "curves" not in choice.kinds or not self._session.is_busy():
            return
        session = self._session
        self._curves().begin_call(Cell(request, entry, session.ledger, session.shell.user_ns, run, choice, chosen))

    def end_call(self, run: TrackedRun) -> None:
        """The call has returned, or raised."""
        if os.getpid() == self._pid and self._session.is_busy():
            self._curves().end_call(run)

    def _curves(self) -> Curves:
        from nbtrack.capture.curves import Curves  # scripts have none

        return self._session.collector.one(Curves)

    def end(self, run: TrackedRun) -> None:
        """The run of a block is about to end."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self._session.running() is not None:
                self._to_show.append(run)
            block = next((it for it in self._open if it.run is run), None)
            if block is None:
                return
            self._open.remove(block)
        truth = self._session.truth
        ledger = self._session.ledger.entries
        entry = ledger[max(block.targets) - 1]
        block.names = dict.fromkeys(run.params_given, "")
        is_running = entry.status is Status.RUNNING
        if is_running:
            self._session.collector.one(Outputs).flush()
        for path, data in (block.span.end(self._cell(entry, block)) if block.span is not None else {}).items():
            truth.keep(run, path, partial(bytes, data))
        as_it_is = replace(entry, outputs=so_far(entry) if is_running else entry.outputs, facts={BLOCKS: entry.facts.get(BLOCKS, ())})
        truth.record_block_end(run, as_it_is)
        with self._lock:
            entry.facts[BLOCKS] = tuple(it for it in entry.facts.get(BLOCKS, ()) if it != run.run_id)
        if not is_running:
            self._finish([block])
            return
        judged = self._judged(block)
        text = f"{label(entry)} still ran when it ended: only the code is judged"
        _tag(run, _with(by_code(judged.stamp, Reason("running", (entry.number,), text)), block.stray), judged.document)
        with self._lock:
            self._ended.append(block)

    def ended_here(self) -> list[TrackedRun]:
        """Runs that ended since this was asked last, while a cell ran; in the order they began."""
        with self._lock:
            runs, self._to_show = self._to_show, []
        return sorted(runs, key=lambda it: it.start.started_ns)

    def _place(self) -> tuple[Entry | None, Reason | None]:
        """The cell that the block which begins here belongs to; why that is not sure, if so."""
        entries = self._session.ledger.entries
        number = _number.get()
        if 0 < number <= len(entries):
            entry = entries[number - 1]
            if entry.status is Status.RUNNING:
                return entry, None
            return entry, Reason("background", (number,), f"a task of {label(entry)} began it, when the cell had ended")
        running = self._session.running()
        if running is None:
            return None, None
        if threading.get_ident() in self._threads:
            return running, Reason("background", (running.number,), f"a thread began it that was there before {label(running)}")
        return running, None

    def _judged(self, block: _Block) -> Judged:
        """What the code of the running cell tells: the same for all blocks that begin in it."""
        if block.targets != {block.first}:
            return self._session.truth.judged(block.targets)
        number, judged = self._ahead
        if judged is None or number != block.first:
            judged = self._session.truth.judged(block.targets)
            self._ahead = (block.first, judged)
        return judged

    def _environment(self) -> Environment:
        return self._session.collector.one(Environment)

    def _finish(self, blocks: list[_Block]) -> None:
        truth = self._session.truth
        known: dict[frozenset[int], Judged] = {}
        if any(it.has_environment for it in blocks):
            files = self._environment().files_now(self._session.ledger, self._session.ledger.entries[-1], self._session.shell.user_ns)
            for block in (it for it in blocks if it.has_environment):
                truth.keep(block.run, JSON, lambda: files()[JSON])
                truth.keep(block.run, REQUIREMENTS, lambda: files()[REQUIREMENTS])
        for block in blocks:
            key = frozenset(block.targets)
            judged = known[key] = known.get(key) or truth.judged(block.targets)
            truth.keep_recipe(block.run, judged.recipe, block.targets, block.names)
            truth.keep_code(block.run, judged)
        told = [(it.run, _with(known[frozenset(it.targets)].stamp, it.stray), known[frozenset(it.targets)]) for it in blocks]
        inputs = {it.run.run_id: self._inputs_of(it) for it in blocks if it.has_data}

        def tell() -> None:
            for run, stamp, judged in told:
                writer = RunWriter(run.home, run.run_id)
                try:
                    for name, value in _tags_of(stamp, judged.document).items():
                        writer.event(Kind.TAG, name=name, value=value)
                    for dataset in inputs.get(run.run_id, ()):
                        writer.event(Kind.INPUT, dataset=dataset)
                finally:
                    writer.close()

        if told:
            truth.later(tell)
            for judged in known.values():
                truth.note_uncommitted([(run, stamp) for run, stamp, it in told if it is judged], judged)

    def _inputs_of(self, block: _Block) -> list[dict[str, Any]]:
        session = self._session
        datasets = session.collector.one(Datasets)
        return datasets.inputs_of(self._cell(session.ledger.entries[max(block.targets) - 1], block))

    def _cell(self, entry: Entry, block: _Block) -> Cell:
        """What sources are told of the cell of a block."""
        return Cell(Request(), entry, self._session.ledger, self._session.shell.user_ns, block.run, block.choice, is_own=False)


def blocks_here() -> Blocks | None:
    """The blocks of the notebook whose kernel this is; None outside IPython, or where nbtrack is not loaded."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(getattr(shell, "_nbtrack_session", None), "blocks", None)


def _with(stamp: Stamp, stray: Reason | None) -> Stamp:
    if stray is None:
        return stamp
    return Stamp(Answer.UNKNOWN if stamp.answer is Answer.YES else stamp.answer, (*stamp.reasons, stray))


def _tags_of(stamp: Stamp, document: str) -> dict[str, str]:
    return {STAMP_TAG: str(stamp.answer), REASONS_TAG: stamp.as_json(), DOCUMENT_TAG: document}


def _tag(run: TrackedRun, stamp: Stamp, document: str) -> None:
    for name, value in _tags_of(stamp, document).items():
        run.tag(name, value)
