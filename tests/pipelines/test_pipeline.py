"""`nbtrack run`: stages of a pipeline, executed in kernels, or taken from the cache."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import nbtrack
from nbtrack.entities import State
from nbtrack.journal import fold
from nbtrack.reads import all_runs

COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]
PREPARE = "with open(to, 'w') as file:\n    file.write(' '.join(str(i * scale) for i in range(rows)))\nprint('made', rows)"
TRAIN = "import nbtrack\ntotal = sum(float(it) for it in open(data).read().split())\nnbtrack.output('score', total * (2 if model == 'b' else 1))"
EVALUATE = "import nbtrack\nbest = max(scores)\nnbtrack.output('best', best)"
TEXT = """
    params: {rows: 4, scale: 1}
    stages:
      prepare:
        notebook: prepare.ipynb
        params: {rows: "${params.rows}", scale: "${params.scale}", to: "data/clean.txt"}
        outputs: {clean: data/clean.txt}
      train:
        notebook: train.ipynb
        matrix: {model: [a, b]}
        params: {data: "${prepare.outputs.clean}", model: "${matrix.model}"}
        inputs: {data: "${prepare.outputs.clean}"}
        outputs: {score: {value: float}}
      evaluate:
        notebook: evaluate.ipynb
        params: {scores: "${train.outputs.score}"}
        outputs: {best: {value: float}}
      register:
        notebook: register.ipynb
        when: ${evaluate.outputs.best} > 100
        params: {best: "${evaluate.outputs.best}"}
"""


@pytest.fixture
def pipeline(notebook, tmp_path):
    """Writes `nbtrack.yaml`; gives what runs commands beside it: `pipeline(text)("plan")`."""

    def pipeline(text):
        (tmp_path / "nbtrack.yaml").write_text(textwrap.dedent(text))

        def run(*words, code=0, **facts):
            done = subprocess.run([*COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, timeout=280, **facts)
            assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
            return done

        return run

    return pipeline


@pytest.fixture
def demo(notebook, pipeline):
    notebook("prepare.ipynb", PREPARE, parameters="rows = 1\nscale = 1\nto = ''")
    notebook("train.ipynb", TRAIN, parameters="data = ''\nmodel = 'a'")
    notebook("evaluate.ipynb", EVALUATE, parameters="scores: list = []")
    notebook("register.ipynb", "print('registered', best)", parameters="best = 0.0")
    return pipeline(TEXT)


def phases(done):
    return {it: row["phase"] for it, row in json.loads(done.stdout)["stages"].items()}


def test_a_pipeline_runs_once_and_again_only_what_depends_on_a_change(demo, home, tmp_path):
    first = demo("run", "-j", "2", "--json")
    ran = phases(first)
    assert ran == {"prepare": "done", "train[model=a]": "done", "train[model=b]": "done", "evaluate": "done", "register": "skipped"}
    found = json.loads(first.stdout)
    parent = nbtrack.run(found["run_id"])
    assert (parent.state, parent.params, {it.path for it in parent.artifacts}) == (
        State.FINISHED, {"rows": "4", "scale": "1"}, {"pipeline/nbtrack.yaml", "pipeline/graph.mmd"},
    )  # fmt: skip
    child = nbtrack.run(found["stages"]["train[model=b]"]["run_id"])
    assert (child.start.parent, child.params["model"], child.params["data"]) == (parent.run_id, "b", "data/clean.txt")
    assert {"nbtrack.stage": "train", "nbtrack.attempt": "1"}.items() <= child.tags.items()
    assert any(it.path == "notebook/report.html" for it in child.artifacts)
    assert "made 4" in demo("logs", "prepare").stdout

    (tmp_path / "data" / "clean.txt").unlink()
    again = demo("run", "--json")
    assert set(phases(again).values()) == {"cached", "skipped"}
    assert (tmp_path / "data" / "clean.txt").read_text() == "0 1 2 3"
    hit = nbtrack.run(json.loads(again.stdout)["stages"]["evaluate"]["run_id"])
    assert hit.tags["nbtrack.cached_from"] == found["stages"]["evaluate"]["run_id"]

    assert "param scale 1 -> 50" in demo("plan", "-p", "scale", "50").stdout
    third = demo("run", "-p", "scale", "50", "--json")
    assert phases(third) == {"prepare": "done", "train[model=a]": "done", "train[model=b]": "done", "evaluate": "done", "register": "done"}
    assert set(phases(demo("run", "--json")).values()) == {"cached", "skipped"}
    assert "cached" in demo("status").stdout
    assert "train[model=b]" in demo("cache", "ls").stdout


def test_mistakes_are_told_before_anything_runs(demo, home, tmp_path):
    file = tmp_path / "nbtrack.yaml"
    file.write_text(file.read_text().replace("notebook: evaluate.ipynb", "notebook: evaluat.ipynb"))
    done = demo("check", code=3)
    assert "nbtrack.yaml:15" in done.stderr and "Did you mean" in done.stderr
    assert demo("run", code=3).stderr == done.stderr
    assert list(home.run_ids()) == []


def test_a_failure_is_tried_again_and_the_rest_goes_on_where_it_may(notebook, pipeline, home, tmp_path):
    notebook("flaky.ipynb", "open('tried', 'a').write('x')\nassert len(open('tried').read()) > 2, 'not yet'")
    notebook("bad.ipynb", "open('half.txt', 'w').write('half')\nwrong = 1 / 0")
    notebook("good.ipynb", "x = 1")
    run = pipeline("""
        stages:
          flaky: {notebook: flaky.ipynb, retries: {times: 2, wait: 0.1, factor: 3}}
          bad: {notebook: bad.ipynb, outputs: [half.txt]}
          after: {notebook: good.ipynb, needs: [bad]}
          good: {notebook: good.ipynb, needs: [flaky]}
    """)
    done = run("run", "--keep-going", "--json", code=1)
    assert phases(done) == {"flaky": "done", "bad": "failed", "after": "waiting", "good": "done"}
    assert "wrong = 1 / 0" in done.stderr and "ZeroDivisionError" in done.stderr
    assert json.loads(done.stdout)["stages"]["after"]["reason"] == "bad failed"
    attempts = [it for it in all_runs(home) if it.name == "flaky"]
    assert sorted((it.tags["nbtrack.attempt"], it.state) for it in attempts) == [("1", State.FAILED), ("2", State.FAILED), ("3", State.FINISHED)]
    assert "flaky: tried again in 0.1 s (1 of 2)" in done.stderr and "flaky: tried again in 0.3 s (2 of 2)" in done.stderr
    began = sorted(it.start.started_ns for it in attempts)
    assert began[1] - began[0] >= 0.1e9 and began[2] - began[1] >= 0.3e9
    assert not (tmp_path / "half.txt").exists()
    assert phases(run("run", "--json", code=1))["good"] in ("cached", "waiting")


def test_an_output_that_is_not_made_fails_the_stage_and_an_old_one_does_not_pass_for_it(notebook, pipeline, home, tmp_path):
    path = notebook("make.ipynb", "open('made.txt', 'w').write('1')", parameters="word = 'a'")
    run = pipeline("stages: {make: {notebook: make.ipynb, params: {word: a}, outputs: [made.txt]}}")
    (tmp_path / "made.txt").write_text("the user's own")
    assert "made.mine-1.txt" in run("run").stderr
    assert (tmp_path / "made.mine-1.txt").read_text() == "the user's own"
    path.write_text(path.read_text().replace("open('made.txt', 'w').write('1')", "forgotten = 1"))
    done = run("run", "--json", code=1)
    assert "did not make its output 'made.txt'" in json.loads(done.stdout)["stages"]["make"]["reason"]
    assert nbtrack.run(json.loads(done.stdout)["stages"]["make"]["run_id"]).state is State.FAILED
    assert not (tmp_path / "made.txt").exists()


def test_a_secret_reaches_the_notebook_and_is_written_nowhere(notebook, pipeline, home, tmp_path, monkeypatch):
    notebook("use.ipynb", "import nbtrack\nnbtrack.output('length', len(token))\nprint('token is', token)", parameters="token = ''\nplace = ''")
    run = pipeline("""
        env: [PLACE]
        secrets: [API_TOKEN]
        stages: {use: {notebook: use.ipynb, params: {token: "${secrets.API_TOKEN}", place: "${env.PLACE}"}, outputs: {length: {value: int}}}}
    """)
    assert "API_TOKEN of use is not set" in run("run", code=1).stderr
    value = "zq8-" + "k3v9x7" * 4
    monkeypatch.setenv("API_TOKEN", value)
    monkeypatch.setenv("PLACE", "here")
    done = json.loads(run("run", "--json").stdout)
    view = nbtrack.run(done["stages"]["use"]["run_id"])
    assert (view.params["token"], view.params["place"]) == ("${secrets.API_TOKEN}", "here")
    from nbtrack.journal import blobs

    for artifact in view.artifacts:
        assert value.encode() not in blobs.get_bytes(home, artifact.blob), artifact.path
    for path in [*(tmp_path / ".nbtrack").rglob("*"), *(home.root / "runs").rglob("*")]:
        assert not path.is_file() or value.encode() not in path.read_bytes(), path


def test_gates_decide_and_have_their_exit_code(notebook, pipeline, home):
    notebook("train.ipynb", "import nbtrack\nnbtrack.log(accuracy=level)", parameters="level = 0.5")
    run = pipeline("""
        params: {level: 0.5}
        gates: {good: {kind: metric, metric: accuracy, threshold: 0.9}}
        stages:
          train: {notebook: train.ipynb, params: {level: "${params.level}"}, gates: [good]}
          after: {notebook: train.ipynb, needs: [train]}
    """)
    done = run("run", "--json", code=2)
    assert phases(done) == {"train": "gate failed", "after": "waiting"}
    assert phases(run("run", "-p", "level", "0.95", "--json")) == {"train": "done", "after": "done"}
    assert phases(run("run", "-p", "level", "0.95", "--json")) == {"train": "cached", "after": "cached"}


def test_of_two_runs_at_once_one_makes_a_stage_and_the_other_takes_it(notebook, pipeline, home, tmp_path):
    notebook("slow.ipynb", "import time\nwith open('count', 'a') as file:\n    file.write('x')\ntime.sleep(5)\nopen('made.txt', 'w').write('1')")
    pipeline("stages: {slow: {notebook: slow.ipynb, outputs: [made.txt]}}")
    both = [subprocess.Popen([*COMMAND, "run", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [it.communicate(timeout=280) for it in both]
    assert [it.returncode for it in both] == [0, 0], told
    assert sorted(json.loads(out)["stages"]["slow"]["phase"] for out, _ in told) == ["cached", "done"]
    assert (tmp_path / "count").read_text() == "x"


@pytest.mark.parametrize("moment", ["kernel", "cell", "between"])
def test_a_runner_that_is_killed_is_resumed_without_loss_and_without_doing_anything_twice(notebook, pipeline, home, tmp_path, until, moment):
    write = "with open('done', 'a') as file:\n    file.write(word + ' ')"
    notebook(
        "step.ipynb",
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nwhile word == 'b' and os.path.exists('hold'):\n    time.sleep(0.05)",
        write,
        parameters="word = ''",
    )
    run = pipeline("""
        stages:
          a: {notebook: step.ipynb, cache: false, params: {word: a}}
          b: {notebook: step.ipynb, cache: false, params: {word: b}, needs: [a]}
          c: {notebook: step.ipynb, cache: false, params: {word: c}, needs: [b]}
    """)
    (tmp_path / "hold").touch()
    process = subprocess.Popen([*COMMAND, "run"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "a: done" in line if moment == "between" else "b: running" in line:
            break
    if moment == "cell":
        until(lambda: "b" in " ".join(it.name for it in all_runs(home)) and (tmp_path / "pid").exists())
        time.sleep(4)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    (tmp_path / "hold").unlink()
    assert "was stopped" in run("status").stdout
    done = run("run", "--resume", "last", "--json")
    assert set(phases(done).values()) == {"done"}
    assert (tmp_path / "done").read_text() in ("a b c ",)
    parents = [it for it in all_runs(home) if not it.start.parent]
    assert [(it.state, it.run_id) for it in parents] == [(State.FINISHED, json.loads(done.stdout)["run_id"])]
    assert all(fold(home, it).state.is_end for it in home.run_ids())


def test_ctrl_c_interrupts_what_runs_and_ends_with_130(notebook, pipeline, home, tmp_path):
    notebook("slow.ipynb", "import time\nprint('here', flush=True)\ntime.sleep(600)")
    pipeline("stages: {slow: {notebook: slow.ipynb}}")
    process = subprocess.Popen([*COMMAND, "run"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "slow: running" in line:
            break
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130, (out, err)
    assert {it.state for it in all_runs(home)} == {State.KILLED}
    assert "--resume" in err


def test_a_pipeline_that_ran_while_mlflow_was_down_is_delivered_later_as_parent_and_children(
    notebook, pipeline, home, store, mlflow_of, free_port, monkeypatch
):
    notebook("good.ipynb", "import nbtrack\nnbtrack.log(acc=0.5)")
    notebook("bad.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    run = pipeline("""
        name: night
        stages:
          good: {notebook: good.ipynb}
          bad: {notebook: bad.ipynb, needs: [good]}
    """)
    path = Path(store.removeprefix("sqlite:///"))
    away = path.rename(path.with_suffix(".away"))
    done = json.loads(run("run", "--json", code=1).stdout)
    assert "SIGKILL" in done["stages"]["bad"]["reason"]
    path.unlink(missing_ok=True)
    away.rename(path)
    run("sync", "--wait")
    client = mlflow_of(store)
    experiment = client.get_experiment_by_name("night")
    runs = {it.info.run_name: it for it in client.search_runs([experiment.experiment_id])}
    assert {name: it.info.status for name, it in runs.items()} == {"night": "FAILED", "good": "FINISHED", "bad": "FAILED"}
    assert {runs[name].data.tags["mlflow.parentRunId"] for name in ("good", "bad")} == {runs["night"].info.run_id}
    assert {name: value for name, value in runs["good"].data.metrics.items() if not name.startswith("system/")} == {"acc": 0.5}
    assert {it.path for it in client.list_artifacts(runs["night"].info.run_id, "pipeline")} == {"pipeline/nbtrack.yaml", "pipeline/graph.mmd"}


def test_a_terminal_shows_what_runs_now(notebook, pipeline, tmp_path):
    import pty

    notebook("slow.ipynb", "import time\nfor epoch in range(8):\n    loss = 1 / (epoch + 1)\n    print('epoch', epoch, flush=True)\n    time.sleep(0.4)")
    pipeline("stages: {slow: {notebook: slow.ipynb}}")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, "run"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    text = shown.decode()
    assert "slow: cell 1 of 1" in text and "epoch 7" in text
    assert "loss █" in text or "▁" in text, text[-2000:]


def test_the_log_of_a_failed_stage_ends_with_its_traceback_and_counts_cells_as_the_user_does(notebook, pipeline, monkeypatch):
    notebook("bad.ipynb", "x = 1", "raise ValueError(f'no {kind} with {token}')", parameters="kind = ''\ntoken = ''")
    monkeypatch.setenv("API_TOKEN", "zq8-" + "k3v9x7" * 4)
    run = pipeline("""
        secrets: [API_TOKEN]
        stages: {bad: {notebook: bad.ipynb, params: {kind: tree, token: "${secrets.API_TOKEN}"}}}
    """)
    assert "in cell 3 of bad.ipynb" in run("run", code=1).stderr
    log = run("logs", "bad").stdout
    assert "--- cell 3 of 3 ---\n--- failed in cell 3: ValueError: no tree with" in log and "Traceback" in log and "of 4" not in log
    assert log.rstrip().splitlines()[-1].startswith("ValueError: no tree with") and "zq8-" not in log
