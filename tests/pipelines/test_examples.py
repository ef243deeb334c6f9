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


@pytest.mark.timeout(900)
def test_the_housing_pipeline_ends_in_the_registry_and_is_not_done_twice(tmp_path, store, mlflow_of, home):
    folder = tmp_path / "housing"
    shutil.copytree(EXAMPLES / "housing", folder, ignore=shutil.ignore_patterns(".nbtrack", "build", "mlruns", "mlflow.db"))

    def run(*words):
        done = subprocess.run([*COMMAND, *words, "--profile", "quick", "--json"], cwd=folder, capture_output=True, text=True, timeout=800)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first = run("run", "--jobs", "2")
    assert {row["phase"] for row in first["stages"].values()} == {"done"}
    assert [it.version for it in mlflow_of(store).search_model_versions("name='sacramento-prices'")] == [1]
    evaluated = nbtrack.run(first["stages"]["evaluate"]["run_id"])
    assert evaluated.tags["nbtrack.gates"] == "passed"
    assert 20_000 < evaluated.metrics["mae"].last < 80_000
    assert {row["phase"] for row in run("run")["stages"].values()} == {"cached"}
    changed = {row["id"]: row["action"] for row in run("plan", "-p", "size", "30")}
    assert (changed["prepare"], {changed[f"train[model={it}]"] for it in ("ridge", "forest", "boosting")}) == ("cached", {"run"})
