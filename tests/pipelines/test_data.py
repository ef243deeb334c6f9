"""A pipeline whose data DVC keeps: pulled where they are missing, with their revision on the run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import nbtrack
from nbtrack.pipelines.data.sources import inputs_of

COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]


@pytest.fixture(scope="session")
def dvc(tmp_path_factory):
    """DVC itself, as a program beside this environment: its requirements are many."""
    if (found := shutil.which("dvc")) is not None:
        return Path(found)
    folder = tmp_path_factory.mktemp("dvc")
    uv = Path(sys.executable).with_name("uv")
    venv.create(folder / "venv", with_pip=not uv.exists())
    python = str(folder / "venv" / "bin" / "python")
    install = [str(uv), "pip", "install", "--python", python] if uv.exists() else [python, "-m", "pip", "install"]
    done = subprocess.run([*install, "--quiet", "dvc>=3.60"], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return folder / "venv" / "bin" / "dvc"


def git(folder, *words):
    done = subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.network
@pytest.mark.timeout(600)
def test_inputs_under_dvc_are_pulled_and_their_revision_is_on_the_run(dvc, tmp_path, notebook, home, monkeypatch):
    monkeypatch.setenv("PATH", f"{dvc.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    work = tmp_path / "work"
    notebook(
        "work/read.ipynb",
        "import pandas as pd\nsales = pd.read_csv('data/sales.csv')\nrows = len(sales)",
        "import nbtrack\nnbtrack.log(rows=rows)\nsales.to_csv('data/copy.csv')",
    )
    (work / "data").mkdir()
    (work / "data" / "sales.csv").write_text("price\n" + "\n".join(str(it % 50) for it in range(200)))
    (work / "data" / "raw.bin").write_bytes(b"read by nothing that is captured")
    (work / "nbtrack.yaml").write_text("stages:\n  read: {notebook: read.ipynb, inputs: [data/sales.csv, data/raw.bin], outputs: [data/copy.csv]}\n")
    git(work, "init", "-q")

    def call(*words):
        done = subprocess.run([str(dvc), *words], cwd=work, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    call("init", "-q")
    call("remote", "add", "-d", "kept", str(tmp_path / "remote"))
    (work / "data" / "copy.csv").write_text("an older one")
    call("add", "-q", "data/sales.csv", "data/raw.bin", "data/copy.csv")
    call("push", "-q")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "first")
    older = md5_in(work / "data" / "copy.csv.dvc")
    first = run(work)
    assert md5_in(work / "data" / "copy.csv.dvc") != older  # what DVC keeps is what the stage made
    assert "up to date" in subprocess.run([str(dvc), "status", "data/copy.csv.dvc"], cwd=work, capture_output=True, text=True).stdout
    (work / "data" / "sales.csv").write_text("price\n" + "\n".join(str(it % 80 + 40) for it in range(300)))
    call("add", "-q", "data/sales.csv")
    call("push", "-q")
    git(work, "commit", "-qam", "second")
    for path in ("data/sales.csv", "data/raw.bin", ".dvc/cache"):
        shutil.rmtree(work / path) if (work / path).is_dir() else (work / path).unlink()
    second = run(work)
    assert (work / "data" / "sales.csv").exists()
    view = nbtrack.run(second["stages"]["read"]["run_id"])
    assert view.metrics["rows"].last == 300
    inputs = inputs_of(home, view, work)
    assert {it.md5 for it in inputs.values()} == {md5_in(work / "data" / f"{name}.dvc") for name in ("sales.csv", "raw.bin")}
    assert inputs["raw.bin"].revision == git(work, "rev-parse", "HEAD")
    call("pull", "-q", "--all-commits")
    pair = [it["stages"]["read"]["run_id"] for it in (first, second)]
    said = subprocess.run([*COMMAND, "data", "diff", *pair, "--json"], cwd=work, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    changed = {it["name"]: it for it in json.loads(said.stdout)["inputs"]}
    assert changed["raw.bin"]["same"] and changed["sales.csv"]["rows"] == [200, 300] and changed["sales.csv"]["drift"][0]["moved"]

    shutil.rmtree(tmp_path / "remote")
    shutil.rmtree(work / ".dvc" / "cache")
    (work / "data" / "sales.csv").unlink()
    failed = subprocess.run([*COMMAND, "run"], cwd=work, capture_output=True, text=True)
    assert failed.returncode == 1 and "DVC cannot pull data/sales.csv" in failed.stderr and "is not there" in failed.stderr


def md5_in(pointer):
    return next(line.split()[-1] for line in pointer.read_text().splitlines() if "md5:" in line)


def run(work):
    done = subprocess.run([*COMMAND, "run", "--json"], cwd=work, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
