"""The runner is killed wherever it changes something on the disk, and the run is gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter

import pytest

from nbtrack.entities import State
from nbtrack.journal import fold
from nbtrack.pipelines.cache import Cache
from nbtrack.reads import all_runs

pytestmark = pytest.mark.usefixtures("end_what_a_kill_left")
POINTS = int(os.environ.get("KILL_POINTS", "8"))
"""Of the steps so many, spread over the run; 1000 for all."""
RUNNER = """
import os, signal, sys
from nbtrack.journal import lines
from nbtrack.pipelines import executor, pipeline, stage

at, root, seen = int(sys.argv[1]), sys.argv[2], 0
changes = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}

def step():
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), signal.SIGKILL)

def look(event, args):
    is_change = event in changes or (event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if is_change and str(args[0]).startswith(root):
        step()

append = lines.LineWriter.append
lines.LineWriter.append = lambda self, event: (step(), append(self, event))[1]
sys.addaudithook(look)
sys.argv[1:] = ["run", "--json"]
try:
    from nbtrack.cli import main
    main()
finally:
    print("steps", seen, file=sys.stderr)
"""
SPEC = """
    stages:
      a: {notebook: step.ipynb, params: {word: a}, outputs: {file: a.txt, n: {value: int}}}
      b: {notebook: step.ipynb, cache: false, params: {word: b, n: "${a.outputs.n}"}, inputs: [a.txt], outputs: {file: b.txt, n: {value: int}}}
"""


def run(folder, at):
    return subprocess.run([sys.executable, "-c", RUNNER, str(at), str(folder)], cwd=folder, capture_output=True, text=True, check=False, timeout=250)


def project(folder, notebook):
    notebook(
        f"{folder.name}/step.ipynb",
        "import nbtrack\nopen(f'{word}.txt', 'w').write(word * (n + 1))\nnbtrack.output('n', n + 1)",
        parameters="word = ''\nn = 0",
    )
    (folder / "nbtrack.yaml").write_text(textwrap.dedent(SPEC))


@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL here")
def test_wherever_the_runner_is_killed_no_stage_is_lost_and_none_is_done_twice(notebook, home, tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    project(whole, notebook)
    done = run(whole, 0)
    assert done.returncode == 0, done.stderr
    count = int(done.stderr.rpartition("steps ")[2])
    wanted = min(count, POINTS)
    print(f"{count} steps")
    assert count > 30
    for number in range(wanted):
        at = 1 + number * count // wanted
        folder = tmp_path / f"at{at}"
        folder.mkdir()
        project(folder, notebook)
        before = set(home.run_ids())
        killed = run(folder, at)
        # what is not on the disk yet cannot be gone on with, nor is anything lost
        assert killed.returncode in (-signal.SIGKILL, 0), (at, killed.stderr)
        is_begun = any(it.stat().st_size for it in (folder / ".nbtrack" / "runs").glob("*/log"))
        finished = [it for run_id in home.run_ids() if run_id not in before and (it := fold(home, run_id)) is not None]
        finished = {it.run_id for it in finished if it.tags.get("nbtrack.stage") and it.state is State.FINISHED}
        words = ["--resume", "last"] if is_begun and killed.returncode else []
        again = subprocess.run([sys.executable, "-m", "nbtrack", "run", "--json", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=250)
        assert again.returncode == 0, (at, again.stderr)
        found = json.loads(again.stdout)
        assert {row["phase"] for row in found["stages"].values()} <= {"done", "cached"}, (at, found)
        assert ((folder / "a.txt").read_text(), (folder / "b.txt").read_text()) == ("a", "bb"), at
        views = [it for it in all_runs(home) if it.run_id not in before]
        assert all(it.state.is_end for it in views), (at, [(it.name, it.state) for it in views])
        ran = [it for it in views if it.tags.get("nbtrack.stage") and not it.tags.get("nbtrack.cached_from") and it.state is State.FINISHED]
        assert Counter(it.tags["nbtrack.stage"] for it in ran) == {"a": 1, "b": 1} or not words, (at, ran)
        assert finished <= {it.run_id for it in ran}, at
        assert not list(folder.glob("*.mine-*")) and {it.name for it in folder.glob(".*")} == {".nbtrack"}, (at, list(folder.iterdir()))
        assert Cache(folder / ".nbtrack" / "cache").verify().damaged == (), at
