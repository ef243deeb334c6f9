"""The live view below a cell that takes long, and `%track live`.

A thread reads the run's journal and replaces one output of the cell, so that the user's thread does nothing for it. When the run ends,
the picture of its curves stays there.
"""

from __future__ import annotations

import ast
import contextvars
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nbtrack import settings
from nbtrack.capture import background
from nbtrack.capture.outputs import OURS
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities import RunStart, RunView
from nbtrack.entities.ledger import Entry
from nbtrack.journal import Home, fold, new_id

if TYPE_CHECKING:
    from nbtrack.charts.live import LiveRun

_EVERY_S = 0.4
"""Seconds between two updates, at least a fifth of one."""
_SHARE = 20
"""The view waits so many times longer than it worked: it takes no more than a twentieth of a processor."""
_WAIT_S = 2.0
"""Most seconds a cell's end waits for a view that is just being drawn."""

Publish = Callable[[dict[str, Any], dict[str, Any], bool], None]
"""Shows data with its metadata; the flag says whether it replaces what was shown before."""


class LiveView:
    """Follows a run below a cell until `end`, or until the run ends.

    Args:
        after_s: seconds until it appears.
        publish: shows it.
        tell: says once what went wrong.
        tree, namespace: of the cell, for the lengths of its loops.
        note: keeps on the run how often its loop will be gone through, for those who see the journal alone: a page that was loaded again.
    """

    def __init__(
        self, home: Home, start: RunStart, after_s: float, publish: Publish, tell: Callable[[str], None], tree: ast.Module | None = None,
        namespace: Mapping[str, Any] | None = None, note: Callable[[str, int], None] | None = None,
    ) -> None:  # fmt: skip
        self._home, self._start, self._after_s, self._publish, self._tell = home, start, after_s, publish, tell
        self._tree, self._namespace, self._note, self._noted = tree, namespace, note, 0
        self._ended = threading.Event()
        self._drawing = threading.Lock()
        self._is_shown = False
        self._context = contextvars.copy_context()  # it says to which cell an output belongs
        if after_s > 0:
            background.soon("live", self._begin)  # a quick cell has no thread of its own, and does not wait for the start of one
        else:
            self._begin()

    def end(self) -> None:
        """The cell ended: nothing is shown any more but the still, soon."""
        self._ended.set()
        if self._drawing.acquire(timeout=_WAIT_S):  # an update that is under way comes before what is shown below the cell
            self._drawing.release()

    def _begin(self) -> None:
        if not self._ended.wait(self._after_s):
            threading.Thread(target=self._context.run, args=(self._follow,), name="nbtrack-live", daemon=True).start()

    def _follow(self) -> None:
        try:
            from nbtrack.charts.live import LiveRun
            from nbtrack.charts.progress import STEPS_TAG

            run = LiveRun(self._home, self._start, self._tree, self._namespace)
            wait_s = 0.0
            while not self._ended.wait(wait_s):
                began = time.thread_time()
                with self._drawing:
                    if self._ended.is_set():
                        break
                    run.look()
                    self._show(run)
                    if self._note is not None and (progress := run.progress) is not None and progress.total != self._noted:
                        self._noted = progress.total
                        self._note(STEPS_TAG, progress.total)
                if run.state.is_end:
                    break
                wait_s = max(_EVERY_S, _SHARE * (time.thread_time() - began))
            if self._is_shown:
                self._leave(run)
        except Exception as cause:  # noqa: BLE001 - the cell and its recording go on
            self._tell(f"the live view stopped: {cause!r}")

    def _show(self, run: LiveRun) -> None:
        from nbtrack.charts.live import html, text

        now_ns = time.time_ns()
        self._publish({"text/html": html(run, now_ns), "text/plain": text(run, now_ns)}, {}, self._is_shown)
        self._is_shown = True

    def _leave(self, run: LiveRun) -> None:
        """Put the still where the view was."""
        for _ in range(50):  # the run's end is written right after the cell's
            run.look()
            if run.state.is_end:
                break
            time.sleep(0.02)
        found = still_of(self._home, self._start.run_id)
        if found is None:
            self._show(run)
        else:
            self._publish(*found, True)


class Live(Source):
    """Shows a live view of tracked cells that take long, where somebody is looking."""

    name = "live view"
    kind = "live"

    def __init__(self) -> None:
        self._shell: Any = None
        self._views: dict[int, LiveView] = {}
        self._followed: dict[str, LiveView] = {}
        self._cell_id = ""

    def start(self, shell: Any) -> None:
        self._shell = shell

    def enter(self, entry: Entry) -> None:
        self._cell_id = entry.cell_id

    def before(self, cell: Cell) -> Iterable[Finding]:
        chosen = cell.chosen
        if cell.run is not None and chosen.live_s > 0 and not (chosen.quiet or cell.request.is_quiet) and is_watched(self._shell, cell.entry.cell_id):
            publish = publisher(self._shell, {"run_id": cell.run.run_id})
            run = cell.run
            self._views[cell.entry.number] = LiveView(run.home, run.start, chosen.live_s, publish, run.notice, cell.entry.tree, cell.namespace, run.tag)
        return ()

    def leave(self, entry: Entry) -> None:
        view = self._views.pop(entry.number, None)
        if view is not None:
            view.end()

    def follow(self, home: Home, view: RunView) -> None:
        """Show a run below this cell, from now until it ends; at once where nobody looks."""
        publish = publisher(self._shell, {"run_id": view.run_id})
        if view.state.is_end or not is_watched(self._shell, self._cell_id):
            found = still_of(home, view.run_id)
            if found is None:
                from nbtrack.charts.live import LiveRun, text

                run = LiveRun(home, view.start)
                run.look()
                found = {"text/plain": text(run, time.time_ns())}, {}
            publish(*found, False)
            return
        self._followed[view.run_id] = LiveView(home, view.start, 0.0, publish, lambda text: None)

    def stop(self) -> None:
        for view in self._followed.values():
            view.end()
        self._followed.clear()
        for view in self._views.values():
            view.end()
        self._views.clear()


def show_still(view: RunView) -> None:
    """Show the picture of a long run's curves below its cell, where no live view did."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
    if (
        shell is None
        or not _has_curves(view)
        or not _is_kernel(shell)
        or is_watched(shell, view.tags.get("nbtrack.cell_id", ""))
        or not 0 < settings.load().live_s <= (view.duration_s or 0)
    ):
        return
    found = still_of(Home(settings.home(settings.load())), view.run_id)
    if found is not None:
        publisher(shell, {"run_id": view.run_id})(*found, False)


def is_watched(shell: Any, cell_id: str) -> bool:
    """Whether a front end shows outputs while the cell runs: notebooks tell the id of their cells, headless execution does not, nor does a terminal."""
    tells = bool(cell_id) or "__vsc_ipynb_file__" in shell.user_ns or "COLAB_RELEASE_TAG" in os.environ
    return _is_kernel(shell) and tells and not os.environ.get("NBTRACK_NOTEBOOK")


def _is_kernel(shell: Any) -> bool:
    return hasattr(getattr(shell.display_pub, "session", None), "send")


def publisher(shell: Any, facts: dict[str, Any]) -> Publish:
    """Shows bundles as one output of the cell that executes now. It is held on to here, since `%%capture` puts another one in its place."""
    pub, display_id = shell.display_pub, new_id()

    def publish(data: dict[str, Any], metadata: dict[str, Any], is_update: bool) -> None:
        pub.publish(data, {**metadata, OURS: facts}, transient={"display_id": display_id}, update=is_update)

    return publish


def _has_curves(view: RunView) -> bool:
    return any(it.count > 1 and not name.startswith("system/") for name, it in view.metrics.items())


def still_of(home: Home, run_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The picture of a run's curves, as a bundle; None where it has none."""
    from nbtrack.charts.compare import Comparison
    from nbtrack.charts.select import Selection

    view = fold(home, run_id)
    if view is None or not _has_curves(view):
        return None
    return Comparison(home, Selection((run_id,))).figure("curves")._repr_mimebundle_()
