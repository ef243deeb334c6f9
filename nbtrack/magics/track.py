"""`%track` and `%%track`."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from IPython.core.error import UsageError as ShellUsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from nbtrack import settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.capture.current import current
from nbtrack.capture.outputs import OURS
from nbtrack.capture.preview import cell_above, preview
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.session import Session
from nbtrack.capture.source import Finding
from nbtrack.courier import absolute_uri, mask_uri
from nbtrack.entities import Request, RunView, State
from nbtrack.errors import NbtrackError, UsageError
from nbtrack.journal import Home, excluded, fold
from nbtrack.magics import grammar
from nbtrack.magics.gate import GateCommands
from nbtrack.magics.line import DryLine, RunLine, left_out
from nbtrack.magics.live import show_still
from nbtrack.magics.replay import ReplayCommands
from nbtrack.magics.stages import StageCommands
from nbtrack.magics.table import RunTable
from nbtrack.reads import act, all_runs, find

if TYPE_CHECKING:  # loaded by the commands that need them: %load_ext is felt
    from nbtrack.charts.compare import Comparison
    from nbtrack.charts.run_page import RunPage
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.magics.history import HistoryTable
    from nbtrack.widgets.compare import Compare

COMMANDS = {
    "on": "%track on [NAME] [options of %%track]: all cells until %track off are one run",
    "off": "%track off: end that run",
    "runs": "%track runs [FILTER]: runs as a table; FILTER such as `lr<0.1 acc>=.9 state:FAILED`",
    "show": "%track show [RUN]: one run in full; RUN is a name, name#attempt, the first letters of an id, or last",
    "compare": "%track compare [RUN...|FILTER] [--metric METRIC] [--group PARAM]... [--baseline RUN]: runs side by side, as table and picture",
    "live": "%track live [RUN]: follow a run while it goes on, also one of another kernel",
    "diff": "%track diff A B: what changed from one run to another",
    "changed": "%track changed [RUN]: what changed from the attempt before, or from the pinned baseline, to this run",
    "log": "%track log NAME=VALUE... [--run RUN] [--step N]: add metrics, also after the run ended",
    "param": "%track param NAME=VALUE... [--run RUN]: add params",
    "tag": "%track tag KEY=VALUE... [--run RUN]: set tags",
    "untag": "%track untag KEY... [--run RUN]: take tags off",
    "rename": "%track rename NAME [--run RUN]: give the run another name",
    "note": "%track note TEXT... [--run RUN]: write the run's description",
    "preview": "%track preview [N|CELL]: what would be recorded of the cell above, or of a given one, and by which rule",
    "exclude": "%track exclude [NAME]...: never record these names in this notebook; patterns with * name several",
    "include": "%track include NAME...: record them again",
    "rm": "%track rm RUN: move a run to the trash",
    "unrm": "%track unrm RUN: take it out again",
    "restore": "%track restore RUN [--cell N|--recipe|--executed|--document|--env|--model|--data] [--to PATH]: write what the run kept, beside what is there",
    "reproduce": "%track reproduce RUN [--env current|same|fresh] [--tolerance 1e-6|METRIC=0.01]... [--timeout SECONDS]: execute its recipe again",
    "bundle": "%track bundle RUN FILE.zip [--data]: the run as one file",
    "import": "%track import FILE.zip: take in a run from such a file",
    "run": "%track run NOTEBOOK [NAME=VALUE]... [--out FOLDER] [--kernel NAME] [--timeout SECONDS]: run a notebook in a kernel of its own, as one run",
    "sweep": "%track sweep NOTEBOOK NAME=log(LOW,HIGH)|choice(A,B)|VALUE... --goal max:METRIC [--trials N] [--jobs N] [--sampler tpe|random|grid] "
    "[--prune hyperband|median|none] [--seed N] [--name NAME] [--kernel NAME] [--timeout SECONDS] [--best FILE] [--resume RUN]: search for the best params",
    "output": "%track output NAME[=VALUE]...: hand values on from a stage; without VALUE the one the name has",
    "gate": "%track gate [RUN] [--gates FILE] [--against RUN]: hold a run against the gates of nbtrack.yaml",
    "history": "%track history: what this kernel executed, in true order; stale cells are marked",
    "recipe": "%track recipe [RUN] [--open]: write the shortest notebook that gives this run beside this one; --open shows a link",
}


@magics_class
class TrackMagics(GateCommands, ReplayCommands, StageCommands, Magics):
    """The magics of one shell; `session` does the work."""

    session: Session

    @line_cell_magic
    def track(self, line: str, cell: str | None = None) -> object:
        """Track cells as runs.

        %%track [NAME] [-e EXPERIMENT] [-p NAME|NAME=VALUE]... [-m NAME]... [-t KEY=VALUE]...
                [--goal max:NAME|min:NAME] [--no NAME]... [--capture KINDS] [--models final|all|none]
                [--parent RUN] [--allow-secret VALUE|KIND]... [--update] [--dry] [--scratch] [--quiet]

        This cell is one run. $name and {expression} are replaced by their values.

        OPTIONS

        %track                        status
        %track on [NAME] [options]    all cells until %track off are one run
        %track off                    end that run
        %track runs [FILTER]          runs as a table, such as: %track runs lr<0.1 acc>=.9 state:FINISHED
        %track show [RUN]             one run in full
        %track compare [RUN...|FILTER] [--metric METRIC] [--group PARAM]... [--baseline RUN]
                                      runs side by side: what differs, curves, groups with their statistics
        %track live [RUN]             follow a run while it goes on, also one of another kernel or a script
        %track diff A B               what changed from one run to another
        %track changed [RUN]          what changed since the attempt before, or since the run tagged nbtrack.baseline
        %track log NAME=VALUE...      add metrics, also after the run ended
        %track param NAME=VALUE...    add params
        %track tag KEY=VALUE...       set tags
        %track untag KEY...           take tags off
        %track rename NAME            give the run another name
        %track note TEXT              write the run's description
        %track preview [N|CELL]       what would be recorded of the cell above, or of execution N, and by which rule
        %track exclude [NAME]...      never record these names in this notebook
        %track include NAME...        record them again
        %track rm RUN, %track unrm RUN    to the trash and back
        %track restore RUN [--cell N|--recipe|--executed|--document|--env|--model|--data] [--to PATH]
                                      write what the run kept, beside what is there
        %track reproduce RUN [--env current|same|fresh] [--tolerance 1e-6|METRIC=0.01]... [--timeout SECONDS]
                                      execute its recipe in a clean kernel, and say whether the same comes of it
        %track bundle RUN FILE.zip [--data], %track import FILE.zip
                                      the run as one file, and back
        %track run NOTEBOOK [NAME=VALUE]... [--out FOLDER] [--kernel NAME] [--timeout SECONDS]
                                      run a notebook in a kernel of its own, as one run
        %track sweep NOTEBOOK NAME=log(LOW,HIGH)|uniform(LOW,HIGH)|int(LOW,HIGH)|choice(A,B)|VALUE... --goal max:NAME
                     [--trials N] [--jobs N] [--sampler tpe|random|grid] [--prune hyperband|median|none] [--seed N]
                     [--name NAME] [--kernel NAME] [--timeout SECONDS] [--best FILE] [--resume RUN]
                                      run a notebook again and again, in search of its best params
        %track output NAME[=VALUE]... hand values on from a stage of a pipeline
        %track gate [RUN] [--gates FILE] [--against RUN]
                                      hold a run against the gates of nbtrack.yaml
        %track history                what this kernel executed, stale cells marked
        %track recipe [RUN] [--open]  the shortest notebook that gives a run, written beside this one

        RUN is a name, name#attempt, the first letters of an id, or last.
        """
        try:
            if cell is not None:
                self._refuse(line)
            return self._command(line)
        except NbtrackError as error:
            raise ShellUsageError(str(error)) from None

    def _refuse(self, line: str) -> NoReturn:
        """IPython calls the cell magic itself only where the line could not be taken off."""
        resolve_parent(grammar.parse(grammar.split(line)), self._home())
        raise UsageError("%%track tracks a whole cell.", mend="Put it on the first line of the cell, above other magics.")

    def _command(self, line: str) -> object:
        words = grammar.split(line)  # IPython has expanded the line already
        if not words:
            return Status(self.session, self._home())
        command, rest = words[0], words[1:]
        self.session.truth.settle()
        if command not in COMMANDS:
            raise UsageError(f"%track has no command {command!r}.", mend=grammar.nearest(command, COMMANDS))
        if command == "compare":
            return self._compare(line.strip().partition(command)[2])
        return getattr(self, f"_{command}")(rest)

    def _on(self, words: list[str]) -> None:
        request = self._with_parent(grammar.parse(words))
        run = self.session.switch_on(request)
        if run is not None and not request.is_quiet:
            self._say(f"tracking as {run.name}; %track off ends it")

    def _off(self, words: list[str]) -> object:
        run = self.session.switch_off()
        if run is None:
            raise UsageError("No %track on is open.", mend="Begin one with %track on [NAME].")
        self.session.last = run
        return self._line(run)

    def _runs(self, words: list[str]) -> RunTable:
        from nbtrack.reads.fresh import refresh_first, told

        fresh = refresh_first(self._home(), settings.load())
        return RunTable(all_runs(self._home(), " ".join(words)), told(fresh))

    def _show(self, words: list[str]) -> RunPage:
        from nbtrack.charts.run_page import RunPage

        home = self._home()
        return RunPage(home, act.look_for(home, words[0] if words else "last"))

    def _compare(self, text: str) -> Comparison | Compare:
        from nbtrack.magics.compared import compared, shown

        return shown(compared(self._home(), text))

    def _live(self, words: list[str]) -> None:
        from nbtrack.magics.live import Live

        live = next(it for it in self.session.collector.sources if isinstance(it, Live))
        live.follow(self._home(), find(self._home(), words[0]) if words else self._going_on())

    def _going_on(self) -> RunView:
        """The run that goes on: this kernel's, else the newest one anywhere; else the last one."""
        run = current()
        if run is not None:
            return find(self._home(), run.run_id)
        return next((view for view in all_runs(self._home(), "state:running", metrics=False)), None) or find(self._home(), "last")

    def _diff(self, words: list[str]) -> DiffPage:
        from nbtrack.magics.diff_page import DiffPage
        from nbtrack.reads.diff import diff_runs

        if len(words) != 2:
            raise UsageError(f"%track diff compares two runs; it got {len(words)}.", mend="Write %track diff A B; %track runs lists them.")
        a, b = (act.look_for_made(self._home(), word) for word in words)
        return DiffPage(diff_runs(self._home(), a, b, Path.cwd()))

    def _changed(self, words: list[str]) -> DiffPage:
        from nbtrack.magics.diff_page import DiffPage
        from nbtrack.reads.changed import baseline
        from nbtrack.reads.diff import diff_runs

        view = find(self._home(), words[0] if words else self.session.last.run_id if self.session.last is not None else "last")
        return DiffPage(diff_runs(self._home(), baseline(self._home(), view), view, Path.cwd()))

    def _log(self, words: list[str]) -> None:
        words, step = _option(words, "--step")
        run, pairs = self._chosen(words)
        for name, value in pairs:
            try:
                number = float(value)
            except ValueError as cause:
                raise UsageError(f"Metric {name!r} got {value!r}, which is not a number.", mend=f"Write %track log {name}=0.5.") from cause
            run.log(name, number, None if step is None else int(step))
        self._say(f"logged {', '.join(name for name, _ in pairs)} to {run.name} ({run.run_id[:8]})")

    def _param(self, words: list[str]) -> None:
        run, pairs = self._chosen(words)
        for name, value in pairs:
            run.param(name, value)
        self._say(f"param {', '.join(name for name, _ in pairs)} on {run.name} ({run.run_id[:8]})")

    def _tag(self, words: list[str]) -> None:
        words, named = _option(words, "--run")
        view = act.tag(self._home(), self._run_id(named), dict(_pairs(words)))
        self._say(f"tagged {view.name} ({view.run_id[:8]})")

    def _untag(self, words: list[str]) -> None:
        words, named = _option(words, "--run")
        if not words:
            raise UsageError("%track untag needs the key of a tag.", mend="Write %track untag KEY; %track show lists them.")
        view = act.untag(self._home(), self._run_id(named), words)
        self._say(f"took {', '.join(words)} off {view.name} ({view.run_id[:8]})")

    def _rename(self, words: list[str]) -> None:
        words, named = _option(words, "--run")
        view = act.rename(self._home(), self._run_id(named), " ".join(words))
        if (run := self.session.last) is not None and run.run_id == view.run_id:
            run.name = view.name
        self._say(f"{view.run_id[:8]} is called {view.name} now")

    def _note(self, words: list[str]) -> None:
        words, named = _option(words, "--run")
        view = act.note(self._home(), self._run_id(named), " ".join(words))
        self._say(f"noted on {view.name} ({view.run_id[:8]})")

    def _preview(self, words: list[str]) -> DryLine:
        if len(words) > 1:
            raise UsageError(f"%track preview got {' '.join(words)!r}.", mend="Write %track preview, or %track preview N with the number of an execution.")
        entry = cell_above(self.session.ledger, words[0] if words else "")
        if entry is None:
            what = f"called {words[0]!r} was executed" if words else "was executed yet"
            raise UsageError(f"No cell {what}.", mend="Run it first; N is the number in its brackets. %%track --dry runs a cell and keeps nothing.")
        choice = self.session.choice(Request())
        found, out = preview(entry, self.session.ledger, self.session.shell.user_ns, self.session.collector.sources, choice)
        return DryLine(found, f"preview of [{entry.execution_count or entry.number}]: %%track would record of params, metrics and curves", out)

    def _exclude(self, words: list[str]) -> None:
        home, notebook = self._home(), self.session.notebook()
        names = tuple(dict.fromkeys([*excluded.of(home, notebook), *words]))
        if words:
            excluded.keep(home, notebook, names)
        self._say(f"left out in this notebook: {', '.join(names) or 'nothing'}")

    def _include(self, words: list[str]) -> None:
        home, notebook = self._home(), self.session.notebook()
        before = excluded.of(home, notebook)
        if not words or not set(words) <= set(before):
            unknown = [word for word in words if word not in before]
            what = f"{', '.join(map(repr, unknown))} is not left out here" if unknown else "%track include needs a name"
            raise UsageError(f"{what}.", mend=f"Left out are: {', '.join(before) or 'none'}.")
        names = tuple(name for name in before if name not in words)
        excluded.keep(home, notebook, names)
        self._say(f"left out in this notebook: {', '.join(names) or 'nothing'}")

    def _rm(self, words: list[str]) -> None:
        for word in words or [""]:
            view = act.trash(self._home(), _named(word, "rm"))
            self._say(f"{view.name} ({view.run_id[:8]}) is in the trash; %track unrm {view.run_id[:8]} takes it out")

    def _unrm(self, words: list[str]) -> None:
        for word in words or [""]:
            view = act.restore(self._home(), _named(word, "unrm"))
            self._say(f"{view.name} ({view.run_id[:8]}) is back")

    def _history(self, words: list[str]) -> HistoryTable:
        from nbtrack.magics.history import HistoryTable
        from nbtrack.notebooks.stale import stale_cells

        truth = self.session.truth
        stale = stale_cells(truth.history.steps, truth.document())
        return HistoryTable(self.session.ledger.entries, stale, {run_id: view.name for run_id, view in self._views().items()})

    def _views(self) -> dict[str, RunView]:
        ids = {entry.run_id for entry in self.session.ledger.entries if entry.run_id}
        return {run_id: view for run_id in ids if (view := fold(self._home(), run_id, metrics=False)) is not None}

    def _recipe(self, words: list[str]) -> object:
        named = [word for word in words if word != "--open"]
        home = self._home()
        from nbtrack.replay.restore import notebook

        written = notebook(home, find(home, named[0] if named else "last"), "recipe")
        if "--open" in words:
            return written
        self._say(f"wrote {written.path}")
        return None

    def _chosen(self, words: list[str]) -> tuple[TrackedRun, list[tuple[str, str]]]:
        words, named = _option(words, "--run")
        pairs = _pairs(words)
        return self._run_of(named), pairs

    def _run_id(self, named: str | None) -> str:
        """What finds the run that a command means."""
        run = (current() or self.session.last) if named is None else None
        return run.run_id if run is not None else named or "last"

    def _run_of(self, named: str | None) -> TrackedRun:
        """The run a command means: the named one, else the one that goes on, else this kernel's last."""
        if named is None and (run := current() or self.session.last) is not None:
            return run
        home = self._home()
        view = act.look_for(home, named or "last")
        if (run := self.session.last) is not None and run.run_id == view.run_id:
            return run
        return act.writing(home, view)

    def _with_parent(self, request: Request) -> Request:
        return resolve_parent(request, self._home())

    def _home(self) -> Home:
        return Home(settings.home(settings.load()))

    def _line(self, run: TrackedRun) -> RunLine | None:
        view = fold(run.home, run.run_id)
        return None if view is None else RunLine(view, run.notices)

    def _say(self, text: str) -> None:
        print(f"nbtrack: {text}")  # noqa: T201 - the answer to a command


TrackMagics.track.__doc__ = (TrackMagics.track.__doc__ or "").replace("OPTIONS", grammar.options_help().replace("\n", "\n        "))


class Status:
    """`%track` alone: what is tracked now, and short help."""

    def __init__(self, session: Session, home: Home) -> None:
        run = current() or session.last
        chosen = settings.load()
        self._lines = [
            f"tracking now: {session.open[0].name}" if session.open else "tracking now: nothing but %%track cells",
            f"last run: {run.name} ({run.run_id[:8]})" if run is not None else "last run: none in this kernel",
            f"store: {mask_uri(absolute_uri(tracking_uri(chosen), Path.cwd()))}",
            f"journal: {home.root}",
            "%%track [NAME] on a cell makes it a run; %track? shows all options",
        ]

    def __repr__(self) -> str:
        return "\n".join(self._lines)


def resolve_parent(request: Request, home: Home) -> Request:
    """The request with its parent's id in place of its name.

    Raises:
        UnknownRunError: no such run.
    """
    return replace(request, parent=find(home, request.parent).run_id) if request.parent else request


def show_after_cell(run: TrackedRun | None, found: list[Finding], request: Request) -> None:
    """Display the line of a run that just ended."""
    if run is None:
        _display(DryLine(found), {})
        return
    view = fold(run.home, run.run_id)
    if view is not None:
        if view.state is State.RUNNING and run.ended_by is not None:  # the disk is full: that it ended is known here alone
            view = replace(view, state=run.ended_by, ended_ns=time.time_ns())
        out = [left_out(run.left_out)] if run.left_out else []
        _display(RunLine(view, [*run.notices, *out], _since_before(run.home, view)), {"run_id": run.run_id})
        show_still(view)


def _display(line: RunLine | DryLine, facts: dict[str, str]) -> None:
    """Show it as it is: asking each of IPython's formatters would take as long as the line itself."""
    from IPython.display import display

    display({"text/plain": repr(line), "text/html": line._repr_html_()}, raw=True, metadata={OURS: facts})  # type: ignore[no-untyped-call]


def _since_before(home: Home, view: RunView) -> str:
    """What changed since the attempt before, for the line; it is a courtesy, and fails without a word."""
    if view.start.attempt == 1:
        return ""
    with contextlib.suppress(Exception):
        from nbtrack.reads.changed import changed_line, previous

        before = previous(home, view, is_quick=True)
        return "" if before is None else changed_line(home, before, view)
    return ""


def _named(word: str, command: str) -> str:
    if not word:
        raise UsageError(f"%track {command} needs a run.", mend=f"Write %track {command} RUN; %track runs lists them.")
    return word


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{word!r} has no value.", mend=f"Write {word}=VALUE.")
        pairs.append((name, value))
    if not pairs:
        raise UsageError("Nothing was given.", mend="Write NAME=VALUE.")
    return pairs


def _option(words: list[str], option: str) -> tuple[list[str], str | None]:
    if option not in words:
        return words, None
    at = words.index(option)
    if at + 1 >= len(words):
        raise UsageError(f"{option} needs a value.", mend=f"Write {option} VALUE.")
    return [*words[:at], *words[at + 2 :]], words[at + 1]
