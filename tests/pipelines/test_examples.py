"""The examples run as their pages say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nbtrack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]


LEFT_OUT = shutil.ignore_patterns(".nbtrack", "build", "mlruns", "mlflow.db")


@pytest.fixture
def example(tmp_path):
    """`example("sweep")`: a clean copy, and what runs a command in it."""

    def example(name):
        folder = tmp_path / name
        shutil.copytree(EXAMPLES / name, folder, ignore=LEFT_OUT)

        def run(*words):
            done = subprocess.run([*COMMAND, *words, "--profile", "quick", "--json"], cwd=folder, capture_output=True, text=True, timeout=800)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        return run

    return example


def phases_of(result):
    return {it: row["phase"] for it, row in result["stages"].items()}


@pytest.mark.timeout(900)
def test_the_housing_pipeline_ends_in_the_registry_and_is_not_done_twice(example, store, mlflow_of, home):
    run = example("housing")
    first = run("run", "--jobs", "2")
    assert set(phases_of(first).values()) == {"done"}
    assert [it.version for it in mlflow_of(store).search_model_versions("name='sacramento-prices'")] == [1]
    evaluated = nbtrack.run(first["stages"]["evaluate"]["run_id"])
    assert evaluated.tags["nbtrack.gates"] == "passed"
    assert 20_000 < evaluated.metrics["mae"].last < 80_000
    assert set(phases_of(run("run")).values()) == {"cached"}
    changed = phases_of(run("run", "evaluate", "-p", "size", "30", "--jobs", "2"))
    models = {it: phase for it, phase in changed.items() if it.startswith("train")}
    assert (changed["prepare"], set(models.values()), changed["evaluate"]) == ("cached", {"done"}, "done")


@pytest.mark.timeout(900)
def test_the_sweep_finds_params_and_trains_the_model_with_them(example, tmp_path, home):
    run = example("sweep")
    first = run("run", "--jobs", "2")
    assert set(phases_of(first).values()) == {"done"}
    tune, fit = (nbtrack.run(first["stages"][it]["run_id"]) for it in ("tune", "fit"))
    trials = nbtrack.runs(f"parent:{tune.start.run_id}").views
    assert len(trials) == 4 and tune.metrics["acc"].last == max(it.metrics["acc"].last for it in trials)
    best = next(it for it in trials if it.start.run_id == tune.tags["nbtrack.best"])
    assert {name: fit.params[name] for name in ("lr", "hidden", "alpha")} == {name: best.params[name] for name in ("lr", "hidden", "alpha")}
    assert (tmp_path / "sweep" / "build" / "digits.joblib").exists()
    assert set(phases_of(run("run")).values()) == {"cached"}
    assert phases_of(run("run", "-p", "epochs=4")) == {"tune": "cached", "fit": "done"}
