"""The runs of the base branch that a job's stages are held against: known ones, else made now."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence

from nbtrack import settings
from nbtrack.ci.base import Base, Like, history, run_at
from nbtrack.cli.base_run import BaseRun, run_base
from nbtrack.cli.run import interruptible
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.open import Opened
from nbtrack.reads import all_runs, words
from nbtrack.reads.fresh import refresh_first


class Bases:
    """One job's. Runs that begin later than the last look are the change's own, and no base."""

    def __init__(self, home: Home, ref: str, opened: Opened, profile: str) -> None:
        self._home, self._ref, self._opened, self._profile = home, ref, opened, profile
        self._found: dict[str, Base] = {}
        self._commits: list[str] = []
        self.notes: list[str] = []
        """What may keep a run of the base from being found."""
        self._problem = "" if ref else "no base is known; name one with --base REF."

    def look(self, nodes: Sequence[str]) -> None:
        """Look for the runs of nodes, in the journal and in the store."""
        if not self._problem and not self._commits:
            try:
                self._commits = history(self._opened.graph.loaded.folder, self._ref)
            except UsageError as cause:  # a shallow clone must not fail the job: the gates still decide
                self._problem = str(cause)
            else:
                known = refresh_first(self._home, settings.load())  # the base's runs were made by other jobs, and are in the store alone
                self.notes += [f"Runs of the base were looked for on this machine alone: {known.stale}"] if known.stale else []
        if self._problem:
            self._found |= {it: Base(None, self._problem) for it in nodes}
            return
        before_ns = time.time_ns()
        runs = [it for it in all_runs(self._home, metrics=False) if it.start.started_ns < before_ns]
        loaded = self._opened.graph.loaded
        experiment = loaded.pipeline.experiment or loaded.name
        for it in nodes:
            self._found[it] = run_at(self._home, Like(it, experiment, self._profile), self._commits, self._ref, runs)

    def make(self, nodes: Sequence[str], uri: str, jobs: int) -> None:
        """Run the base for those of the nodes of which no run is known at all."""
        of = self._opened.graph.nodes
        missing = [it for it in nodes if self._found[it].view is None and not self._found[it].is_failed and of[it].spec.when is not False]
        if self._problem or not missing:
            return
        commit, shown = self._commits[0], words.short(words.clean(self._ref), 80)
        print(f"nbtrack: no run of {shown} ({commit[:8]}) is known for {few(missing)}: it is run first, in a folder of its own", file=sys.stderr)
        stop = Stop()
        made: BaseRun = interruptible(lambda: run_base(self._opened, self._profile, missing, commit, self._home, uri, jobs, stop), stop)
        if stop.reason is not None:
            raise KeyboardInterrupt
        self.look(missing)
        for it in missing:
            found = self._found[it]
            if found.view is not None:
                data = f" with {few(made.brought)} of now, which git does not have" if made.brought else ""
                profile = f" with the profile {self._profile}" if self._profile else ""
                self._found[it] = Base(found.view, f"{found.way}, which was run for this comparison{profile}{data}")
            else:
                why = made.problem or made.reasons.get(it) or "it has no result."
                self._found[it] = Base(None, f"{shown} at commit {commit[:8]} was run for this comparison, without a result: {words.clean(why)}")

    def of(self, node: str) -> Base:
        """What a node is held against."""
        return self._found.get(node) or Base(None, "it was not looked for.")


def told(bases: Mapping[str, Base]) -> str:
    """How the bases of several stages were found, in sentences."""
    if len(bases) == 1:
        return next(iter(bases.values())).how
    ways: dict[tuple[bool, str], list[str]] = {}
    for node, base in bases.items():
        ways.setdefault((base.view is not None, base.way), []).append(node)
    every = len(ways) == 1
    return " ".join(
        f"{'Compared with runs' if found else 'There is nothing to compare with'}{'' if every else f' for {few(nodes)}'}"
        + (f" {way.rstrip('.')}." if found else f": {way.rstrip('.')}.")
        for (found, way), nodes in ways.items()
    )


def few(names: Sequence[str]) -> str:
    """Names in words."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
