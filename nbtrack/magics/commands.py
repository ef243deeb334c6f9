"""The commands of `%track`: what each is for, and which file answers it. That one is loaded when the command is given, as `%load_ext` is felt."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nbtrack import settings
from nbtrack.capture.current import current
from nbtrack.capture.run import TrackedRun
from nbtrack.journal import Home

if TYPE_CHECKING:
    from nbtrack.capture.session import Session

COMMANDS = {
    "on": "%track on [NAME] [options of %%track]: all cells until %track off are one run",
    "off": "%track off: end that run",
    "runs": "%track runs [FILTER] [--columns NAME,NAME] [--all-columns]: runs as a table; FILTER such as `lr<0.1 acc>=.9 state:FAILED`",
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
    "preview": "%track preview [N|CELL|RUN]: what would be recorded of the cell above, or of a given one, and by which rule",
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

_FILES = {
    "look": ("runs", "show", "compare", "live", "diff", "changed"),
    "write": ("log", "param", "tag", "untag", "rename", "note", "rm", "unrm"),
    "cells": ("preview", "exclude", "include", "history", "recipe"),
    "replay": ("restore", "reproduce", "bundle", "import"),
    "stages": ("run", "sweep", "output"),
    "gate": ("gate",),
}
"""Files of this folder, whose class `Commands` has a method for each of its commands."""


class Base:
    """What the commands of a file share.

    Args:
        text: what was typed behind the command.
    """

    def __init__(self, session: Session, text: str) -> None:
        self.session, self.text = session, text

    def _home(self) -> Home:
        return Home(settings.home(settings.load()))

    def _say(self, text: str) -> None:
        print(f"nbtrack: {text}")  # noqa: T201 - the answer to a command

    def _run_id(self, named: str | None) -> str:
        """What finds the run that a command means."""
        run = (current() or self.session.last) if named is None else None
        return run.run_id if run is not None else named or "last"

    def _run_of(self, named: str | None) -> TrackedRun:
        """The run a command means: the named one, else the one that goes on, else this kernel's last."""
        from nbtrack.reads import act

        if named is None and (run := current() or self.session.last) is not None:
            return run
        home = self._home()
        view = act.look_for(home, named or "last")
        if (run := self.session.last) is not None and run.run_id == view.run_id:
            return run
        return act.writing(home, view)


def answer(session: Session, command: str, words: list[str], text: str) -> Any:
    """What a command says; None where it has printed all there is to say.

    Raises:
        NbtrackError: it cannot be done as it is asked for.
    """
    file = next(file for file, commands in _FILES.items() if command in commands)
    commands = importlib.import_module(f"nbtrack.magics.{file}").Commands(session, text)
    return getattr(commands, f"_{command}")(words)
