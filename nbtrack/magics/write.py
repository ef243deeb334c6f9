"""`%track log`, `param`, `tag`, `untag`, `rename`, `note`, `rm` and `unrm`: what is added to a run, and where it lies."""

from __future__ import annotations

from nbtrack.capture.run import TrackedRun
from nbtrack.errors import UsageError
from nbtrack.magics import typed
from nbtrack.magics.commands import Base
from nbtrack.reads import act


class Commands(Base):
    """The commands that change runs."""

    def _log(self, words: list[str]) -> None:
        words, text = typed.option(words, "--step")
        step = None if text is None else typed.whole("--step", text)
        run, pairs = self._chosen(words)
        for name, value in pairs:
            try:
                number = float(value)
            except ValueError as cause:
                raise UsageError(f"Metric {name!r} got {value!r}, which is not a number.", mend=f"Write %track log {name}=0.5.") from cause
            run.log(name, number, step)
        self._say(f"logged {', '.join(name for name, _ in pairs)} to {run.name} ({run.run_id[:8]})")

    def _param(self, words: list[str]) -> None:
        run, pairs = self._chosen(words)
        for name, value in pairs:
            run.param(name, value)
        self._say(f"param {', '.join(name for name, _ in pairs)} on {run.name} ({run.run_id[:8]})")

    def _tag(self, words: list[str]) -> None:
        words, named = typed.option(words, "--run")
        view = act.tag(self._home(), self._run_id(named), dict(typed.pairs(words)))
        self._say(f"tagged {view.name} ({view.run_id[:8]})")

    def _untag(self, words: list[str]) -> None:
        words, named = typed.option(words, "--run")
        if not words:
            raise UsageError("%track untag needs the key of a tag.", mend="Write %track untag KEY; %track show lists them.")
        view = act.untag(self._home(), self._run_id(named), words)
        self._say(f"took {', '.join(words)} off {view.name} ({view.run_id[:8]})")

    def _rename(self, words: list[str]) -> None:
        words, named = typed.option(words, "--run")
        view = act.rename(self._home(), self._run_id(named), " ".join(words))
        if (run := self.session.last) is not None and run.run_id == view.run_id:
            run.name = view.name
        self._say(f"{view.run_id[:8]} is called {view.name} now")

    def _note(self, words: list[str]) -> None:
        words, named = typed.option(words, "--run")
        view = act.note(self._home(), self._run_id(named), " ".join(words))
        self._say(f"noted on {view.name} ({view.run_id[:8]})")

    def _rm(self, words: list[str]) -> None:
        for word in words or [""]:
            view = act.trash(self._home(), typed.named(word, "rm"))
            self._say(f"{view.name} ({view.run_id[:8]}) is in the trash; %track unrm {view.run_id[:8]} takes it out")

    def _unrm(self, words: list[str]) -> None:
        for word in words or [""]:
            view = act.restore(self._home(), typed.named(word, "unrm"))
            self._say(f"{view.name} ({view.run_id[:8]}) is back")

    def _chosen(self, words: list[str]) -> tuple[TrackedRun, list[tuple[str, str]]]:
        words, named = typed.option(words, "--run")
        pairs = typed.pairs(words)
        return self._run_of(named), pairs
