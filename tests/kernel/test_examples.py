"""What README and examples show works as shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack import courier
from nbtrack.entities import State
from nbtrack.journal import Home

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
SETTING = """
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(scale(X), y, random_state=0)
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""


def test_the_readmes_first_cells_make_a_run(bare_kernel, until):
    load, cell = BLOCKS[:2]
    for code in (load, SETTING, cell, cell):
        assert (reply := bare_kernel.run(code)).status == "ok", reply.traceback
    run = bare_kernel.runs()[0]
    assert run.state is State.FINISHED
    assert (run.params["learning_rate"], run.params["epochs"]) == ("0.5", "60")
    assert run.metrics["loss"].count == 60
    assert 0.9 < run.metrics["accuracy"].last <= 1
    kept = {"notebook/executed.ipynb", "notebook/recipe.ipynb", "environment/requirements.txt"}
    until(lambda: kept <= {it.path for it in bare_kernel.runs()[0].artifacts})  # they are written behind the cell
    assert run.name in reply.shown[-1]


def test_the_readmes_script_makes_its_runs(tmp_path, monkeypatch, home):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    Path("report.html").write_text("<p>fine</p>")
    Path("script.py").write_text(f"{BLOCKS[2]}\ntrain()\nprint(len(nbtrack.runs()), nbtrack.run('forest').artifacts[0].path)\n")
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("2 report.html\n", "")


@pytest.fixture
def demo(tmp_path):
    """Runs a copy of the demo, which works in a folder beside its own."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))

    def demo():
        # The name of a store that must not be touched: the demo is about the defaults
        env = {**os.environ, "COLUMNS": "200", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
        return subprocess.run([sys.executable, tmp_path / "examples" / "demo.py"], capture_output=True, text=True, timeout=240, check=False, env=env)

    yield demo
    home = Home(tmp_path / ".demo" / "journal")
    for store in courier.known_stores(home):
        courier.stop(home, store)


def test_the_demo_shows_the_runs_of_the_quickstart_also_the_second_time(demo, mlflow_of, tmp_path):
    first, second = demo(), demo()
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert re.search(r"softmax +│ FINISHED │ epochs = 300 ", first.stdout)
    assert re.search(r"too-few-columns +│ FAILED ", first.stdout)
    assert "softmax #2" in second.stdout and "softmax #2" not in first.stdout
    assert re.search(r"softmax \(\w+\) reproduced: (identical|within tolerance)\n", first.stdout)
    assert re.search(r"reproduced: (identical|within tolerance)\n", second.stdout)
    assert "system/" not in first.stdout
    for done in (first, second):
        between = done.stdout.partition("What is different between the best two\n")[2].partition("The recipe of softmax")[0]
        assert "accuracy" in between and re.search(r"\bC\b", between), between
    client = mlflow_of(f"sqlite:///{tmp_path / '.demo' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("quickstart")
    runs = client.search_runs([experiment.experiment_id], "attributes.run_name = 'softmax'")
    assert [len(client.get_metric_history(run.info.run_id, "loss")) for run in runs] == [300, 300]
