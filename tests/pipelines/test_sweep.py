"""Sweeps with real kernels: the best is found, what is hopeless ends early, and what was killed goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import nbtrack
from nbtrack.entities import State
from nbtrack.errors import StageError, UsageError

pytestmark = pytest.mark.usefixtures("end_what_a_kill_left")
COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]


@pytest.fixture
def folder(tmp_path, notebook, home, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook("train.ipynb", "import nbtrack\nscore = 10 - (x - 3) ** 2 * scale", "nbtrack.log(score=score)", parameters="x = 0.0\nscale = 1.0\nkind = 'a'")
    return tmp_path


def trials_of(run_id, name="score"):
    return nbtrack.runs(f"parent:{run_id}").views


def test_a_grid_finds_the_best_and_says_so_in_every_way(folder, capsys):
    found = nbtrack.sweep("train.ipynb", {"x": [1, 3, 5], "kind": "choice(a, b)", "scale": 2.0}, goal="max:score", sampler="grid", jobs=2, best="best.yaml")
    assert found.best_params["x"] == 3.0 and found.best.metrics["score"].last == 10.0
    assert yaml.safe_load((folder / "best.yaml").read_text()) == {"scale": 2.0, **found.best_params}
    children = trials_of(found.run_id)
    assert sorted((view.params["x"], view.params["kind"]) for view in children) == [(x, kind) for x in ("1.0", "3.0", "5.0") for kind in ("a", "b")]
    assert {(view.params["scale"], view.start.goal, view.state) for view in children} == {("2.0", "max:score", State.FINISHED)}
    run = nbtrack.run(found.run_id)
    assert run.params["x"] == "choice(1.0, 3.0, 5.0)" and run.tags["nbtrack.best"] == found.best.start.run_id and run.metrics["score"].last == 10.0
    assert {"sweep/best.yaml", "sweep/trials.json", "sweep/parallel.svg", "sweep/importance.svg"} <= {it.path for it in run.artifacts}
    assert "x matters most for score" in repr(found) and "6 complete" in repr(found)
    assert "trial 5 of 6: complete: score" in capsys.readouterr().out
    assert len(found.comparison) == 6 and "<svg" in found.comparison.figure("parallel").svg


def test_what_is_wrong_is_refused_before_anything_runs(folder):
    for params, goal, told in (
        ({"x": "log(0, 1)"}, "max:score", "logarithms above 0"),
        ({"y": "log(1, 2)"}, "max:score", "no parameter 'y'"),
        ({"x": 1.0}, "max:score", "No parameter is searched"),
        ({"x": [1, 2]}, "", "A sweep needs a goal"),
    ):
        with pytest.raises(UsageError, match=told):
            nbtrack.sweep("train.ipynb", params, goal=goal)
    assert not (folder / ".nbtrack").exists() and not nbtrack.runs().views


def test_a_notebook_that_is_broken_ends_the_sweep_and_a_metric_that_is_missing_is_named(folder, notebook):
    notebook("bad.ipynb", "1 / x", parameters="x = 0")
    with pytest.raises(StageError, match="no trial came to its end: ZeroDivisionError"):
        nbtrack.sweep("bad.ipynb", {"x": "choice(0)"}, goal="max:score", trials=9)
    assert len(nbtrack.runs("state:failed").views) == 4  # three trials, and the sweep
    with pytest.raises(StageError, match="it has no metric 'scroe'; there are score"):
        nbtrack.sweep("train.ipynb", {"x": "uniform(0, 1)"}, goal="max:scroe", trials=1)


def test_a_trial_whose_curve_falls_behind_is_ended_early(folder, notebook):
    lines = "import nbtrack, time\nfor step in range(1, 61):\n    nbtrack.log(acc=good * step, step=step)\n    time.sleep(0 if good > 1 else 0.2)"
    notebook("curve.ipynb", lines, parameters="good = 0.0")
    found = nbtrack.sweep("curve.ipynb", {"good": [9.0, 8.0, 7.0, 6.0, 5.0, 0.5]}, goal="max:acc", sampler="grid", prune="median")
    assert [it.ended for it in found.result.trials] == ["complete"] * 5 + ["pruned"]
    last = nbtrack.run(found.result.trials[-1].facts["run_id"])
    assert (last.state, last.reason) == (State.KILLED, "pruned") and 0 < last.metrics["acc"].count < 60
    assert found.best_params == {"good": 9.0}


def test_a_sweep_that_is_killed_goes_on_and_does_no_trial_twice(folder, notebook, tmp_path):
    notebook(
        "slow.ipynb", "import nbtrack, time, pathlib\nopen('begun.txt', 'a').write(f'{x}\\n')", "time.sleep(0.5)\nnbtrack.log(score=x)", parameters="x = 0"
    )
    words = ["sweep", "slow.ipynb", "--goal", "max:score", "--jobs", "2", "--json"]
    process = subprocess.Popen([*COMMAND, *words, "--sampler", "grid", "-p", "x=choice(1,2,3,4,5,6)"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    begun = folder / "begun.txt"
    wait_for(lambda: begun.exists() and len(begun.read_text().split()) >= 4, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = subprocess.run([*COMMAND, *words, "--resume", "last"], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(it["params"]["x"], it["ended"], it["value"]) for it in found["trials"]] == [(x, "complete", float(x)) for x in range(1, 7)]
    assert found["best_params"] == {"x": 6}
    ends = [view.params["x"] for view in trials_of(found["run_id"]) if view.state is State.FINISHED]
    assert sorted(ends) == list("123456")
    assert nbtrack.run(found["run_id"]).state is State.FINISHED
    refused = subprocess.run([*COMMAND, "sweep", "slow.ipynb", "--resume", "x"], capture_output=True, text=True)
    assert refused.returncode == 3 and "answers to 'x'" in refused.stderr


def test_a_magic_sweeps_and_shows_what_came_of_it(folder, notebook, home):
    sweep = "%load_ext nbtrack\nfound = %track sweep train.ipynb x=choice(2, 3) kind=b --goal max:score --trials 2 --sampler grid\nfound"
    outer = nbtrack.run_notebook(notebook("outer.ipynb", sweep, "import nbtrack\nnbtrack.output('best', [found.best_params, found.best.params['kind']])"))
    assert outer.outputs["best"] == [{"x": 3.0}, "b"]
    assert "trial 1  score 10  x=3" in outer.result.notebook.decode()


PIPELINE = """
stages:
  tune:
    notebook: train.ipynb
    goal: max:score
    sweep: {params: {x: "uniform(0, 6, 1)"}, trials: TRIALS, sampler: grid}
    outputs: {x: {value: float}, best_params: {value: dict}, score: {value: float}}
  fit:
    notebook: train.ipynb
    params: {x: "${tune.outputs.x}"}
"""


def test_a_stage_sweeps_hands_on_the_best_and_is_cached(folder):
    Path("nbtrack.yaml").write_text(PIPELINE.replace("TRIALS", "4"))
    first = run("--jobs", "2")
    assert {row["phase"] for row in first["stages"].values()} == {"done"}
    tune = nbtrack.run(first["stages"]["tune"]["run_id"])
    assert tune.start.parent == first["run_id"] and len(trials_of(tune.start.run_id)) == 4
    assert nbtrack.run(first["stages"]["fit"]["run_id"]).params["x"] == "3.0"
    assert {row["phase"] for row in run()["stages"].values()} == {"cached"}
    Path("nbtrack.yaml").write_text(PIPELINE.replace("TRIALS", "3"))
    plan = subprocess.run([*COMMAND, "plan", "--json"], capture_output=True, text=True)
    assert [(it["action"], it["reasons"][0]) for it in json.loads(plan.stdout)] == [("run", "sweep trials 4 -> 3"), ("perhaps", "tune runs first")]


FILES = """
stages:
  tune:
    notebook: train.ipynb
    goal: max:score
    params: {model_file: "${trial.model}", folder: "${trial.parts}"}
    sweep: {params: {x: [0, 1, 2, 3, 4]}, sampler: grid, jobs: 2}
    outputs: {model: build/model.txt, parts: build/parts, x: {value: float}}
  use:
    notebook: use.ipynb
    params: {model_file: "${tune.outputs.model}", x: "${tune.outputs.x}"}
    outputs: {text: {value: str}}
"""


def test_the_best_trials_files_are_handed_on_and_the_others_are_gone(folder, notebook):
    notebook(
        "train.ipynb", "import nbtrack, os\nopen(model_file, 'w').write(str(x))\nos.mkdir(folder)\nopen(f'{folder}/part', 'w').write('of ' + str(x))",
        "nbtrack.log(score=10 - (x - 3) ** 2)", parameters="x = 0.0\nmodel_file = 'model.txt'\nfolder = ''",
    )  # fmt: skip
    notebook(
        "use.ipynb",
        "import nbtrack\nassert float(open(model_file).read()) == x\nnbtrack.output('text', open(model_file).read())",
        parameters="model_file = ''\nx = 0.0",
    )
    Path("nbtrack.yaml").write_text(FILES)
    assert {row["phase"] for row in run("--jobs", "2")["stages"].values()} == {"done"}
    assert (Path("build/model.txt").read_text(), Path("build/parts/part").read_text()) == ("3.0", "of 3.0")
    assert len(list(Path(".nbtrack/sweeps").glob("*/files/*"))) == 1
    shutil.rmtree("build")
    assert {row["phase"] for row in run()["stages"].values()} == {"cached"} and Path("build/model.txt").read_text() == "3.0"
    Path("nbtrack.yaml").write_text(FILES.replace('model_file: "${trial.model}", ', ""))
    told = subprocess.run([*COMMAND, "check"], capture_output=True, text=True)
    assert told.returncode == 3 and "Every trial of tune would write 'build/model.txt'" in told.stderr and "${trial.model}" in told.stderr
    Path("nbtrack.yaml").write_text(FILES.replace("${trial.model}", "${trial.modle}"))
    told = subprocess.run([*COMMAND, "check"], capture_output=True, text=True)
    assert told.returncode == 3 and "Did you mean 'model'" in told.stderr


def test_a_pipeline_that_is_killed_in_a_sweep_goes_on_with_its_trials(folder, notebook):
    notebook("train.ipynb", "import nbtrack, time\nopen('begun.txt', 'a').write('x\\n')", "time.sleep(0.3)\nnbtrack.log(score=x)", parameters="x = 0.0")
    Path("nbtrack.yaml").write_text(PIPELINE.replace("TRIALS", "5"))
    process = subprocess.Popen([*COMMAND, "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: Path("begun.txt").exists() and len(Path("begun.txt").read_text().split()) >= 3, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    found = run("--resume", "last")
    tune = nbtrack.run(found["stages"]["tune"]["run_id"])
    assert sorted(view.params["x"] for view in trials_of(tune.start.run_id) if view.state is State.FINISHED) == ["0.0", "1.0", "2.0", "3.0", "4.0"]
    assert found["state"] == "FINISHED" and nbtrack.run(found["stages"]["fit"]["run_id"]).params["x"] == "4.0"


def run(*words):
    done = subprocess.run([*COMMAND, "run", "--json", *words], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_for(is_so, process):
    deadline = time.monotonic() + 200
    while not is_so():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
