"""Running the base of a change where no run of it is known: its commit beside the user's files, in a process of its own, with the same profile.

A process of its own, for settings, git's commit and paths follow the working directory, and that of this one is the change's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.ci.worktree import bring, checked_out
from nbtrack.cli.run import interruptible
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home
from nbtrack.pipelines.cache import Cache, Entry
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.load import find_file, load
from nbtrack.pipelines.open import Opened, Wanted, open_pipeline
from nbtrack.pipelines.plan import select

_LOOK_S, _END_S = 0.1, 30.0


@dataclass(frozen=True)
class BaseRun:
    """What came of it."""

    problem: str = ""
    """Why it could not be run at all."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a stage has no result, by node."""
    brought: Sequence[str] = ()
    """Inputs that git does not have, as they are now."""


def run_base(opened: Opened, profile: str, nodes: Sequence[str], commit: str, home: Home, uri: str, jobs: int, stop: Stop) -> BaseRun:
    """Run nodes as they were at a commit, and what they need; the runs are in the journal afterwards."""
    loaded = opened.graph.loaded
    asked = {
        "file": loaded.file.name, "profile": profile, "nodes": list(nodes), "cache": str(opened.cache.root), "uri": uri, "jobs": jobs,
        "from": str(loaded.folder), "commit": commit,
    }  # fmt: skip
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {"NBTRACK_HOME": str(home.root), "NBTRACK_TRACKING_URI": uri}
    try:
        with checked_out(loaded.folder, commit) as folder:
            return _run_there(folder, asked, env, stop)
    except NbtrackError as cause:
        return BaseRun(f"{cause.message} {cause.mend}")


def _run_there(folder: Path, asked: Mapping[str, object], env: Mapping[str, str], stop: Stop) -> BaseRun:
    # Its own session: Ctrl-C comes to it once, from here
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "nbtrack.cli.base_run"], cwd=folder, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    text: bytes | None = json.dumps(asked).encode()
    is_asked = False
    while True:
        try:
            said, _ = process.communicate(text, timeout=_END_S if is_asked else _LOOK_S)
            break
        except subprocess.TimeoutExpired:
            text = None
            if is_asked:
                process.kill()
            elif stop.reason is not None:
                is_asked = True
                process.terminate()
    try:
        return BaseRun(**json.loads(said.splitlines()[-1].replace(f"{folder}{os.sep}".encode(), b"")))
    except (IndexError, ValueError, TypeError):
        return BaseRun("it was interrupted." if is_asked else f"its process ended with {process.returncode}.")


class _SharedCache(Cache):
    """The change's own cache: what both have in common is run once. What came last is the change's to say."""

    def note_last(self, stage: str, entry: Entry) -> None:
        pass

    def last(self, stage: str) -> Entry | None:
        return None


def main() -> None:
    """The process: what is asked for as JSON comes in, what came of it goes out."""
    asked = json.load(sys.stdin)
    try:
        found = _work(asked)
    except NbtrackError as cause:
        found = BaseRun(f"{cause.message} {cause.mend}")
    print(json.dumps(found.__dict__))


def _work(asked: Mapping[str, Any]) -> BaseRun:
    from nbtrack.pipelines.executor import LocalExecutor
    from nbtrack.pipelines.pipeline import PipelineRun
    from nbtrack.pipelines.progress import PipelineShows, Terminal
    from nbtrack.pipelines.runs import Where

    file, profile, nodes, here = Path(asked["file"]), asked["profile"], asked["nodes"], Path(asked["from"])
    loaded = load(find_file(file, Path.cwd()), profile)
    paths = [path for stage in loaded.pipeline.stages.values() for path in stage.inputs.values() if "${" not in path]
    brought = bring([it for it in paths if _is_the_same(Path(f"{it}.dvc"), here)], here, Path.cwd())
    opened = open_pipeline(Wanted(file, profile=profile))
    wanted = [it for it in nodes if it in opened.graph.nodes]
    unknown = {it: "there was no such stage" for it in nodes if it not in wanted}
    if not wanted:
        return BaseRun(reasons=unknown)
    opened = replace(opened, selection=select(opened.graph, wanted))
    home, stop = Home(settings.home(settings.load())), Stop()
    run = PipelineRun(
        opened.graph, opened.books, opened.decider, _SharedCache(Path(asked["cache"])), opened.selection,
        Where(home, asked["uri"], opened.state), LocalExecutor(asked["jobs"]),
        PipelineShows(Terminal(sys.stderr, is_live=False), home), stop, keep_going=True,
        facts={"profile": profile, "stages": wanted, "params": {}, "typed": [], "downstream": False, "force": False, "start": "", "base": asked["commit"]},
    )  # fmt: skip
    result = interruptible(run.run, stop)
    reasons = {it: result.reasons.get(it) or str(phase) for it, phase in result.phases.items() if not phase.is_good}
    return BaseRun(reasons=unknown | reasons, brought=brought)


def _is_the_same(path: Path, here: Path) -> bool:
    """Whether both have the same file, or none; that of DVC says which data are meant."""
    texts = [it.read_bytes() if it.is_file() else b"" for it in (path, here / path)]
    return texts[0] == texts[1]


if __name__ == "__main__":
    main()
