"""Runs as a kernel records them: executed once a session by tracked cells on sklearn's data, and looked at by many tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack import specs
from nbtrack.gates.check import check
from nbtrack.gates.spec import read_gates
from nbtrack.journal import Home
from nbtrack.reads import find

CELLS = [
    """import nbtrack
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler""",
    "%load_ext nbtrack",
    "data = pd.read_csv('cancer.csv')\nfeatures = [it for it in data.columns if it not in ('benign', 'clinic')]",
    """%%track base --goal max:accuracy
C, seed = 0.001, 0
train, test = train_test_split(data, random_state=seed)
clf = LogisticRegression(C=C, max_iter=500).fit(train[features], train['benign'])
accuracy = clf.score(test[features], test['benign'])""",
    """%%track better --goal max:accuracy
C, seed = 1.0, 0
train, test = train_test_split(data, random_state=seed)
model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=500)).fit(train[features], train['benign'])
accuracy = model.score(test[features], test['benign'])
nbtrack.log(missing=float('nan'), loss=0.08)""",
]


def execute(folder: Path, cells: list[str], home: Path) -> None:
    """Execute a notebook of these cells where a front end would."""
    import nbformat

    path = folder / "train.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(it) for it in cells])
    nbformat.write(notebook, path)
    code = "import sys, nbformat; from nbclient import NotebookClient; NotebookClient(nbformat.read(sys.argv[1], 4), kernel_name='python3').execute()"
    env = {
        **os.environ,
        "NBTRACK_HOME": str(home),
        "NBTRACK_DELIVERY": "0",
        "NBTRACK_NOTEBOOK": str(path),
        "NBTRACK_SYSTEM_S": "0",
        "NBTRACK_BUDGET_MS": "10000",
    }
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(path)], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A project folder whose notebook was executed, and its state directory."""
    from sklearn.datasets import load_breast_cancer

    folder = tmp_path_factory.mktemp("project")
    frame = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "benign"})
    frame.columns = [it.replace(" ", "_") for it in frame.columns]
    frame["clinic"] = ["north" if it % 2 else "south" for it in range(len(frame))]
    frame.to_csv(folder / "cancer.csv", index=False)
    execute(folder, CELLS, folder / "home")
    return folder


@pytest.fixture
def project(trained, tmp_path, monkeypatch):
    """A copy that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(trained, folder)
    monkeypatch.setenv("NBTRACK_HOME", str(folder / "home"))
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def execute_again(project):
    """Executes the project's notebook once more."""
    return lambda: execute(project, CELLS, project / "home")


@pytest.fixture
def judge(project):
    """Holds a run against gates: `judge("better", "acc: {kind: metric, ...}")` gives the one verdict."""

    def judge(run: str, gate: str | dict, **facts):
        path = project / "nbtrack.yaml"
        path.write_text(json.dumps({"gates": {"it": gate}}) if isinstance(gate, dict) else f"gates:\n  {gate}\n")
        home = Home(project / "home")
        (verdict,) = check(home, find(home, run), read_gates(specs.read(path)), project, **facts).verdicts
        return verdict

    return judge
