"""What ran, and what came of it: sees every cell, and gives each run its snapshot, recipe and stamp."""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtrack.capture import link, loaded, seen, states
from nbtrack.capture.git import root
from nbtrack.capture.identity import Identity, of_cell
from nbtrack.capture.modules import LocalModules, changed_modules
from nbtrack.capture.objects import State
from nbtrack.capture.recorder import Recorder
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.shared import Rest, Shared, own_of_cell, told
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.worktree import WAIT_S, changed_files
from nbtrack.entities import Kind
from nbtrack.entities.ledger import LATE, Entry, Seen, Status
from nbtrack.journal import RunWriter
from nbtrack.notebooks import snapshot
from nbtrack.notebooks.ahead import Ahead
from nbtrack.notebooks.document import Document
from nbtrack.notebooks.files_read import since_read
from nbtrack.notebooks.history import History
from nbtrack.notebooks.reasons import DOCUMENT_TAG, REASONS_TAG, STAMP_TAG, Stamp
from nbtrack.notebooks.recipe import cells_of, recipe_of
from nbtrack.notebooks.stamp import Surroundings, stamp_of, with_uncommitted
from nbtrack.notebooks.step import Fact, Step
from nbtrack.records import dataclass
from nbtrack.system import working_folder

RECIPE, CODE = "notebook/recipe.ipynb", "code"
_EXIT_WAIT_S = 10.0
_IDLE_S, _AT_ONCE_S, _MOST = 0.2, 0.005, 500
"""Where no cell has begun for so long, what waits is thought about, for so long at once; and at once where so many cells wait."""


@dataclass
class _Before:
    """What was there before a cell."""

    ahead: Ahead
    touched: set[str]
    names: dict[str, int]
    kinds: dict[str, str]
    modules: frozenset[str]
    tasks: frozenset[int]
    states: dict[str, State]
    specs: dict[str, int]
    shared: Shared


@dataclass
class Judged:
    """What is known of cells of a run."""

    steps: list[Step]
    recipe: list[Step]
    stamp: Stamp
    document: str
    """Where the document comes from."""


class Truth(Source):
    """The kernel's history, and the snapshot, recipe and stamp of its runs."""

    name = "what ran"
    kind = "notebook"

    def __init__(self) -> None:
        self._history = History()
        self._waiting: deque[Ahead] = deque()
        """Cells that ended and are not in the history yet, in order; cells after them are looked at alike, with or without them there."""
        self._untold: tuple[Entry, Callable[[Shared], Seen]] | None = None
        """The cell that ended last, and what tells the rest of what it did, where nobody has asked yet."""
        self._after: dict[str, int] = {}
        """What the notebook's names meant when it had ended."""
        self._left_s = 0.0
        self._is_timed = False
        self._lock = threading.RLock()
        self._before: dict[int, _Before] = {}
        self._targets: dict[str, set[int]] = {}
        self._entries: list[Entry] = []
        self._recorder = Recorder(functools.lru_cache(maxsize=64)(_tell))
        self._shell: Any = None
        self._recipes: dict[str, list[tuple[object, ...]]] = {}
        self.told = ""
        """Path of the document, where a runner executes another one than the saved notebook; empty where it does not."""
        self._specs: dict[str, int] = {}
        self._modules = LocalModules()
        self._rest = Rest()

    def start(self, shell: Any) -> None:
        self._shell = shell
        self._rest.start(shell)

    def stop(self) -> None:
        self._rest.stop()
        self._recorder.close()

    @property
    def history(self) -> History:
        """All cells that ended so far."""
        self._take_in()
        return self._history

    def catch_up(self) -> None:
        """A tracked cell is about to begin: to think about earlier ones is none of its run's time."""
        self._take_in()

    def _take_in(self, until_s: float = math.inf) -> None:
        """What waits, as much as there is time for."""
        with self._lock:
            self._tell_rest()
            while self._waiting and time.monotonic() < until_s:
                ahead = self._waiting.popleft()
                self._history.add(ahead.entry, ahead.body)

    def _tell_rest(self) -> None:
        if self._untold is not None:
            (entry, tell), self._untold = self._untold, None
            entry.seen = tell(self._keep())

    def _keep(self) -> Shared:
        return self._rest.keep(self._after, self._history.local_modules)

    def _go_on_soon(self) -> None:
        """Once the kernel has said that the cell is over: nobody waits then. Where no loop goes on, at once."""
        try:
            asyncio.get_running_loop().call_soon(self._go_on)
        except RuntimeError:
            self._take_in()

    def _go_on(self) -> None:
        try:
            with self._lock:
                self._tell_rest()
            if not self._before and not self._rest.is_kept:
                self._keep()
            if not self._is_timed:
                self._time(_IDLE_S)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the loop
            _tell(f"{self.name} could not be captured: {cause!r}")

    def _time(self, wait_s: float) -> None:
        self._is_timed = bool(self._waiting)
        if self._is_timed:
            asyncio.get_running_loop().call_later(wait_s, self._take_in_idle)

    def _take_in_idle(self) -> None:
        try:
            now_s = time.monotonic()
            wait_s = _IDLE_S if self._before else max(0.0, self._left_s + _IDLE_S - now_s)
            if not wait_s:
                self._take_in(now_s + _AT_ONCE_S)
            self._time(wait_s)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the loop
            self._is_timed = False
            _tell(f"{self.name} could not be captured: {cause!r}")

    def recall(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.history.add(entry)

    def enter(self, entry: Entry) -> None:
        namespace = self._shell.user_ns
        ahead = Ahead(entry)
        with self._lock:
            self._tell_rest()
            touched, local = self._history.touched(ahead), self._history.local_modules
        names, modules = seen.names_of(namespace), loaded.module_names()
        tasks = frozenset(map(id, _tasks()))
        self._before[entry.number] = _Before(
            ahead, touched, names, seen.kinds_of(namespace, touched), modules, tasks, states.states_of(namespace, touched, local, names),
            self._specs, self._rest.take(names, modules, local, has_tasks=bool(tasks)),
        )  # fmt: skip
        self._entries.append(entry)
        self._recorder.enter(entry)

    def leave(self, entry: Entry) -> None:
        before = self._before.pop(entry.number, None)
        if before is None:
            return
        try:
            tell = self._look(entry, before)
        except Exception:  # the user's objects may raise anything; the cell is told of below all the same, and who asked is told why
            entry.seen = None
            self.history.add(entry, before.ahead.body).facts.append(Fact("unseen", "could not be looked at when it had run: only its code is known"))
            self._recorder.leave(entry)
            raise
        if LATE in entry.facts:
            entry.seen = tell = None  # it is not what the whole cell did
        with self._lock:
            self._tell_rest()
            self._waiting.append(before.ahead)
            self._untold = (entry, tell) if tell is not None else None
        if entry.seen is None or entry.seen.modules or entry.seen.runs or before.ahead.functions or len(self._waiting) >= _MOST:
            self._take_in()  # what cells after it touch depends on it
        self._specs = loaded.specs_of(self._history.local_modules)  # not taken before a cell: autoreload may have loaded some again by then
        self._recorder.leave(entry)
        self._left_s = time.monotonic()
        self._go_on_soon()

    def _look(self, entry: Entry, before: _Before) -> Callable[[Shared], Seen] | None:
        """See what the cell did; what of it can wait, the function gives that is returned."""
        tasks, self._after = _tasks(), seen.names_of(self._shell.user_ns)
        found = entry.seen = seen.look(
            self._shell.user_ns, before.names, self._after, before.kinds, before.touched, before.modules,
            tasks=sum(id(task) not in before.tasks for task in tasks), states_before=before.states, specs_before=before.specs,
        )  # fmt: skip
        self._modules.take(found.modules)
        if tasks or self._before or found.has_imported or entry.source.lstrip().startswith("%%track") or not self._rest.can_wait(before.shared):
            entry.seen = told(found, before.shared, self._rest.look(self._after, self._history.local_modules), before.modules)
            return None
        own = own_of_cell()
        return lambda after: told(found, before.shared, own(after), before.modules)

    def before(self, cell: Cell) -> Iterable[Finding]:
        run = cell.run
        if run is None:
            return ()
        is_first = run.run_id not in self._targets
        targets = self._targets.setdefault(run.run_id, set())
        targets.add(cell.entry.number)
        if is_first:
            self._recorder.begin(run, cell.entry, self._entries, self._where(cell.entry.cell_id), link.told(self._shell))
            if cell.is_own and (before := self._before.get(cell.entry.number)) is not None:
                # now, too, or a run whose kernel dies would have none
                self.keep_recipe(run, recipe_of([*self.history.steps, self.history.ahead(cell.entry, before.ahead.body)], targets), targets, run.params_seen)
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        if cell.run is not None and cell.is_own:
            self.end(cell.run)
        return ()

    def end(self, run: TrackedRun) -> None:
        """The run is about to end."""
        targets = self._targets.pop(run.run_id, None)
        if not targets:
            return
        judged = self.judged(targets)
        run.tag(STAMP_TAG, str(judged.stamp.answer))
        run.tag(REASONS_TAG, judged.stamp.as_json())
        run.tag(DOCUMENT_TAG, judged.document)
        self.keep_recipe(run, judged.recipe, targets, run.params_seen)
        self.keep_code(run, judged)
        self.note_uncommitted([(run, judged.stamp)], judged)
        self._recorder.end(run, max(targets))

    def judged(self, targets: set[int]) -> Judged:
        """Recipe and stamp of these cells; of one that runs, as far as its code tells."""
        begun = [self.history.ahead(it, self._before[it.number].ahead.body) for it in self._entries if it.number in targets and it.number in self._before]
        steps = [*self.history.steps, *begun]  # a cell still runs where the kernel is shut down
        recipe = recipe_of(steps, targets)
        document = self.document()
        stamp = self._stamp(steps, recipe, targets, document)
        return Judged(steps, recipe, stamp, "none" if document is None else "unsaved edits" if self._has_edits(document) else "saved file")

    def keep_code(self, run: TrackedRun, judged: Judged) -> None:
        """The user's own modules, as the run used them."""
        self._recipes.pop(run.run_id, None)
        for name, it in self._modules.used_by(judged.recipe, judged.steps).items():
            self._recorder.keep(run, f"{CODE}/{name}", it.as_bytes)

    def note_uncommitted(self, stamped: Sequence[tuple[TrackedRun, Stamp]], judged: Judged) -> None:
        """Say soon which of the user's own modules git does not have as they are."""
        files = {file for step in judged.recipe for file in local_files(step)}
        if files:
            self._recorder.later(lambda: _note_uncommitted(stamped, files))

    def record_block(self, run: TrackedRun, entry: Entry) -> None:
        """The run of a block begins in this cell."""
        self._recorder.begin(run, entry, self._entries, self._where(entry.cell_id), link.told(self._shell), is_block=True)

    def record_block_end(self, run: TrackedRun, entry: Entry) -> None:
        """The run of a block ends, with its last cell as it is now."""
        self._recorder.end_block(run, entry)

    def keep(self, run: TrackedRun, path: str, make: Callable[[], bytes]) -> None:
        """An artifact of a run that may have ended, made and written soon."""
        self._recorder.keep(run, path, make)

    def later(self, act: Callable[[], None]) -> None:
        """Do this once all before it is written."""
        self._recorder.later(act)

    def document(self) -> Document | None:
        """The notebook as the front end tells it, else as saved now; None where neither is known."""
        return self._recorder.document(self._where(None).notebook, link.told(self._shell))

    def _where(self, cell_id: str | None) -> Identity:
        where = of_cell(self._shell, cell_id)
        return replace(where, notebook=self.told) if self.told else where

    def _has_edits(self, document: Document) -> bool:
        """Whether this is the front end's word, and it said that not all is saved."""
        said = link.told(self._shell)
        return said is not None and said.is_dirty and document is said.document

    def settle(self, wait_s: float = _EXIT_WAIT_S) -> None:
        """Wait until everything is written."""
        self._recorder.flush(wait_s)

    def at_exit(self) -> None:
        self.settle()

    def _stamp(self, steps: list[Step], recipe: list[Step], targets: set[int], document: Document | None) -> Stamp:
        modules, packages = changed_modules(recipe, steps), changed_packages(recipe, steps)
        own = frozenset(loaded.local_modules()) if any(it.entry.status is Status.UNKNOWN for it in recipe) else frozenset[str]()
        facts = Surroundings(str(root(working_folder())), modules, packages, frozenset(self._shell.user_ns), since_read(recipe, steps), own)
        return stamp_of(steps, targets, recipe, document, facts, self._as_python)

    def keep_recipe(self, run: TrackedRun, recipe: list[Step], targets: set[int], params: Mapping[str, str]) -> None:
        """The recipe as a notebook, unless it is the one that was kept last.

        Args:
            params: by name; literals that may stand in the cell of parameters.
        """
        cells = cells_of(recipe, params, targets)
        facts: list[tuple[object, ...]] = [(it.source, it.entry.cell_id if it.entry is not None else None, it.tags, it.origins) for it in cells]
        if self._recipes.get(run.run_id) != facts:
            self._recipes[run.run_id] = facts
            self._recorder.keep(run, RECIPE, lambda: snapshot.recipe_notebook(cells))

    @functools.cached_property
    def _as_python(self) -> Any:
        def as_python(source: str) -> str:
            if source.startswith("%%"):
                return ""
            try:
                return str(self._shell.input_transformer_manager.transform_cell(source))
            except Exception:  # noqa: BLE001 - a cell nobody executed may hold anything
                return ""

        return functools.lru_cache(maxsize=4096)(as_python)


def local_files(step: Step) -> list[str]:
    """Files of local modules the cell imported."""
    return [fact.rpartition(" ")[0] for fact in (step.entry.seen.modules if step.entry.seen is not None else {}).values()]


def _note_uncommitted(stamped: Sequence[tuple[TrackedRun, Stamp]], files: set[str]) -> None:
    """Which of these files git does not have as they are; git takes too long to be asked while a cell is waited for."""
    if not any("mlflow.source.git.commit" in run.start.tags for run, _ in stamped):
        return
    changed = changed_files(working_folder(), time.monotonic() + WAIT_S)
    found = sorted(Path(file).name for file in files if Path(file).resolve() in changed)
    for run, stamp in stamped if found else ():
        writer = RunWriter(run.home, run.run_id)
        try:
            writer.event(Kind.TAG, name=REASONS_TAG, value=with_uncommitted(stamp, found).as_json())
        finally:
            writer.close()


def changed_packages(recipe: list[Step], steps: list[Step]) -> dict[str, str]:
    """Packages whose installed version is not the imported one; looked at only where this kernel has installed something."""
    if not any(fact.rule == "install" for step in steps for fact in step.facts):
        return {}
    found = {}
    for name in {name for step in recipe for name in step.modules}:
        imported = getattr(sys.modules.get(name), "__version__", None)
        try:
            installed = importlib.metadata.version(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            continue
        if isinstance(imported, str) and imported != installed:
            found[name] = f"{imported} imported, {installed} installed"
    return found


def _tasks() -> list[Any]:
    """The user's asyncio tasks that go on in this thread's loop: those whose code stands in a cell."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return []
    return [task for task in tasks if _is_of_a_cell(getattr(getattr(task.get_coro(), "cr_code", None), "co_filename", ""))]


def _is_of_a_cell(file: str) -> bool:
    return "ipykernel_" in file or file.startswith("<ipython-input")


def _tell(text: str) -> None:
    print(f"nbtrack: {text}\n", end="", file=sys.stderr)  # noqa: T201 - the one quiet notice, in one piece, for other threads write too
