"""A schedule runs its pipeline, and what did not change comes from the cache."""

from __future__ import annotations

import json
import subprocess
import sys

import nbtrack

COMMAND = [sys.executable, "-m", "nbtrack"]


def test_a_scheduled_run_trains_where_data_changed_and_else_is_all_hits(tmp_path, notebook, home):
    notebook("train.ipynb", "rows = len(open('data.csv').readlines()) - 1", "import nbtrack\nnbtrack.log(rows=rows)", parameters="scale = 1")
    (tmp_path / "data.csv").write_text("a\n1\n2\n")
    text = "schedules:\n  retrain: {when: weekly, params: {scale: 2}}\nparams: {scale: 1}\nstages:\n  train:\n    notebook: train.ipynb\n"
    (tmp_path / "nbtrack.yaml").write_text(text + '    params: {scale: "${params.scale}"}\n    inputs: [data.csv]\n')

    def run(*words):
        done = subprocess.run([*COMMAND, "schedule", "run", "retrain", *words], cwd=tmp_path, capture_output=True, text=True, timeout=250)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = json.loads(run("--json"))
    assert first["stages"]["train"]["phase"] == "done"
    assert nbtrack.run(first["run_id"]).tags["nbtrack.schedule"] == "retrain"
    child = nbtrack.run(first["stages"]["train"]["run_id"])
    assert (child.params["scale"], child.metrics["rows"].last) == ("2", 2.0)
    assert child.metrics["system/stage_seconds"].last > 0 and child.metrics["system/stage_cpu_seconds"].last > 0
    assert "nothing changed, 1 cached" in run()
    saved = nbtrack.run("last") if nbtrack.run("last").tags.get("nbtrack.schedule") else nbtrack.run(nbtrack.run("last").start.parent)
    assert saved.metrics["system/saved_seconds"].last > 0
    (tmp_path / "data.csv").write_text("a\n1\n2\n3\n")
    assert json.loads(run("--json"))["stages"]["train"]["phase"] == "done"
