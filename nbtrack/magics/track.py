"""`%track` and `%%track`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from IPython.core.error import UsageError as ShellUsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from nbtrack import settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.capture.current import current
from nbtrack.capture.session import Session
from nbtrack.courier import absolute_uri, mask_uri
from nbtrack.errors import NbtrackError, UsageError
from nbtrack.journal import Home
from nbtrack.magics import grammar
from nbtrack.magics.after_cell import line_of, show_end
from nbtrack.magics.commands import COMMANDS, answer
from nbtrack.magics.line import RunLine
from nbtrack.magics.parent import resolve_parent


@magics_class
class TrackMagics(Magics):
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
        %track runs [FILTER] [--columns NAME,NAME] [--all-columns]
                                      runs as a table, such as: %track runs lr<0.1 acc>=.9 state:FINISHED
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
        %track preview [N|CELL|RUN]   what would be recorded of the cell above, of execution N or of a run's cell, and by which rule
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

        %track COMMAND --help         what one of these takes

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
        resolve_parent(grammar.parse(grammar.split(line)), _home())
        raise UsageError("%%track tracks a whole cell.", mend="Put it on the first line of the cell, above other magics.")

    def _command(self, line: str) -> Any:
        words = grammar.split(line)  # IPython has expanded the line already
        if not words:
            return Status(self.session, _home())
        command, rest = words[0], words[1:]
        if words == ["--help"] or (rest == ["--help"] and command in COMMANDS):
            return self._help(command)
        self.session.truth.settle()
        match command:
            case "on":
                return self._on(rest)
            case "off":
                return self._off()
        if command not in COMMANDS:
            raise UsageError(f"%track has no command {command!r}.", mend=grammar.nearest(command, COMMANDS))
        return answer(self.session, command, rest, line.strip().partition(command)[2])

    def _help(self, command: str) -> None:
        for text in [COMMANDS[command]] if command in COMMANDS else COMMANDS.values():
            print(text)  # noqa: T201 - the answer to a command

    def _on(self, words: list[str]) -> None:
        request = resolve_parent(grammar.parse(words), _home())
        if (ended := self.session.switch_off()) is not None:
            show_end(ended)
        run = self.session.switch_on(request)
        if run is not None and not request.is_quiet:
            print(f"nbtrack: tracking as {run.name}; %track off ends it")  # noqa: T201 - the answer to a command
            if not self.session.is_busy():  # `ipython FILE.ipy` executes a whole file as one cell, and tells no hook of it
                print("nbtrack: IPython does not tell of the cells of a file it runs; this run has what nbtrack.log and its like are given")  # noqa: T201

    def _off(self) -> RunLine | None:
        run = self.session.switch_off()
        if run is None:
            raise UsageError("No %track on is open.", mend="Begin one with %track on [NAME].")
        self.session.last = run
        return line_of(run)


TrackMagics.track.__doc__ = (TrackMagics.track.__doc__ or "").replace("OPTIONS", grammar.options_help().replace("\n", "\n        "))


class Status:
    """`%track` alone: what is tracked now, and short help."""

    def __init__(self, session: Session, home: Home) -> None:
        run = current() or session.last
        chosen = settings.load()
        refused = session.notices.refused or str(home.problem() or "")
        self._lines = [
            *([f"cells are not tracked: {refused}"] if refused else []),
            f"tracking now: {session.open[0].name}" if session.open else "tracking now: nothing but %%track cells",
            f"last run: {run.name} ({run.run_id[:8]})" if run is not None else "last run: none in this kernel",
            f"store: {mask_uri(absolute_uri(tracking_uri(chosen), Path.cwd()))}",
            f"journal: {home.root}",
            "%%track [NAME] on a cell makes it a run; %track? shows all options",
        ]

    def __repr__(self) -> str:
        return "\n".join(self._lines)


def _home() -> Home:
    return Home(settings.home(settings.load()))
