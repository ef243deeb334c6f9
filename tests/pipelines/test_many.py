"""Many stages, all of them executed: the runner does not grow with them, and killed in the middle it goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

import nbtrack
from nbtrack.pipelines.history import find
from nbtrack.pipelines.outputs import outputs_of

STAGES = int(os.environ.get("MANY_STAGES", "30"))
COMMAND = [sys.executable, "-m", "nbtrack", "run", "--json", "--jobs", "2"]
CELL = """
import os, pathlib, nbtrack
runner = pathlib.Path('/proc') / os.environ['JPY_PARENT_PID']
nbtrack.output('files', len(list((runner / 'fd').iterdir())))
nbtrack.output('threads', len(list((runner / 'task').iterdir())))
nbtrack.output('pages', int((runner / 'statm').read_text().split()[1]))
with open(f'done-{n}', 'a') as file:
    file.write('x')
"""

pytestmark = [pytest.mark.usefixtures("end_what_a_kill_left"), pytest.mark.skipif(sys.platform != "linux", reason="/proc tells of the runner")]


def project(folder, notebook):
    notebook("step.ipynb", CELL, parameters="n = 0")
    outputs = {it: {"value": "int"} for it in ("files", "threads", "pages")}
    stages = {f"s{at}": {"notebook": "step.ipynb", "params": {"n": at}, "outputs": outputs} for at in range(STAGES)}
    (folder / "nbtrack.yaml").write_text(json.dumps({"name": "many", "stages": stages}))


@pytest.mark.timeout(900)
def test_many_stages_are_executed_by_a_runner_that_stays_small_and_is_killed_in_the_middle(notebook, tmp_path, home, until):
    project(tmp_path, notebook)
    with (tmp_path / "log").open("w") as log:
        runner = subprocess.Popen(COMMAND, cwd=tmp_path, stdout=log, stderr=log)
    until(lambda: len(list(tmp_path.glob("done-*"))) >= STAGES // 2 or runner.poll() is not None, 600)
    runner.send_signal(signal.SIGKILL)
    assert runner.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
    before = {it for it, node in find(tmp_path / ".nbtrack", "last").nodes.items() if node.phase.is_good}
    resumed = subprocess.run([*COMMAND, "--resume", "last"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    rows = json.loads(resumed.stdout)["stages"]
    assert {it["phase"] for it in rows.values()} == {"done"} and len(rows) == STAGES
    times = Counter(len((tmp_path / f"done-{at}").read_text()) for at in range(STAGES))
    assert set(times) <= {1, 2} and times[2] <= 2  # those that it was at
    assert all((tmp_path / f"done-{it[1:]}").read_text() == "x" for it in before)
    after = [outputs_of(home, row["run_id"]) for it, row in rows.items() if it not in before]
    for name, slack in (("files", 20), ("threads", 8), ("pages", 4096)):  # a few kernels are started ahead
        early, late = (max(it[name] for it in part) for part in (after[: len(after) // 2], after[len(after) // 2 :]))
        assert late <= early + slack, (name, early, late)
    again = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert {it["phase"] for it in json.loads(again.stdout)["stages"].values()} == {"cached"}
    assert len(nbtrack.runs(f"parent:{json.loads(again.stdout)['run_id']}").views) == STAGES
