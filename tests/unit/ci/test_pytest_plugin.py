"""`pytest --nbtrack`, in a pytest of its own on a project of notebooks."""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import nbformat
import pytest

GOOD = ["# parameters\nepochs = 50\nlr = 0.1", "import nbtrack\nfor epoch in range(epochs):\n    nbtrack.log(loss=1 / (epoch + 1))", "print('epochs', epochs)"]
BAD = ["x = 1", "def half(n):\n    return n / 0\n\nhalf(x)", "y = 2"]


@pytest.fixture
def project(tmp_path):
    class Project:
        folder = tmp_path / "project"

        def write(self, name, cells):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(it) for it in cells]), self.folder / name)

        def spec(self, **tests):
            (self.folder / "nbtrack.yaml").write_text(json.dumps({"tests": tests}))

        def pytest(self, *words):
            env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NBTRACK_"))}
            command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", ".", *words]
            done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    made = Project()
    made.write("good.ipynb", GOOD)
    return made


def test_without_the_option_notebooks_are_no_tests(project):
    code, said = project.pytest()
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED, said


def test_each_notebook_is_one_test_and_its_cells_are_in_the_report(project):
    project.write("bad.ipynb", BAD)
    project.write(".ipynb_checkpoints/good-checkpoint.ipynb", GOOD)
    project.spec(params={"epochs": 1, "unknown": 3})
    code, said = project.pytest("--nbtrack", "--junitxml=report.xml", "--nbtrack-out=out")
    assert code == pytest.ExitCode.TESTS_FAILED and "1 failed, 1 passed" in said
    assert "in cell 2 of bad.ipynb" in said and "return n / 0" in said and "ZeroDivisionError: division by zero" in said
    cases = ElementTree.parse(project.folder / "report.xml").iter("testcase")
    told = {case.get("name"): {it.get("name"): it.get("value") for it in case.iter("property")} for case in cases}
    assert told["bad.ipynb"]["cell 1"].startswith("passed in ") and told["bad.ipynb"]["cell 2"].startswith("failed in ")
    assert "cell 3" not in told["bad.ipynb"]
    assert "epochs 1" in (project.folder / "out" / "good.ipynb").read_text()  # the smoke override, not 50
    assert "epochs = 50" in json.dumps(json.loads((project.folder / "good.ipynb").read_text()))
    assert not (project.folder / "mlflow.db").exists()


def test_metrics_are_recorded_and_later_runs_must_meet_them_also_with_workers(project):
    project.write("deep/other.ipynb", ["score = sum([0.25, 0.25])", "import nbtrack\nnbtrack.log(score=score)"])
    project.spec(params={"epochs": 4})
    code, said = project.pytest("--nbtrack", "--nbtrack-record", "-n", "2")
    assert code == 0 and "2 passed" in said, said
    recorded = json.loads((project.folder / "nbtrack-metrics.json").read_text())
    assert recorded["good.ipynb"]["loss"] == 0.25 and recorded["deep/other.ipynb"]["score"] == 0.5
    project.spec(params={"epochs": 5})
    code, said = project.pytest("--nbtrack", "-n", "2")
    assert code == 1 and "loss should be 0.25 and is 0.2: off by 0.05, tolerance 0.01" in said
    project.spec(params={"epochs": 5}, notebooks={"good.ipynb": {"tolerance": {"loss": 0.06}}})
    assert project.pytest("--nbtrack", "good.ipynb")[0] == 0


def test_markers_skips_exclusions_and_expected_metrics(project):
    project.write("slow.ipynb", BAD)
    project.write("broken.ipynb", BAD)
    project.write("draft.ipynb", BAD)
    project.spec(
        exclude=["draft*"],
        notebooks={"slow.ipynb": {"markers": ["slow"]}, "broken.ipynb": {"skip": "waits for data"}, "*good*": {"metrics": {"loss": 1.0, "nothing": 2}}},
    )
    (project.folder / "conftest.py").write_text(
        "import pytest\ndef pytest_configure(config):\n    config.addinivalue_line('markers', 'slow: takes long')\n"
        "def pytest_collection_modifyitems(items):\n    for item in items:\n        item.add_marker(pytest.mark.nbtrack(params={'epochs': 1}))\n"
    )
    code, said = project.pytest("--nbtrack", "-m", "not slow", "-rs", "--strict-markers")
    assert code == 1 and "1 failed, 1 skipped, 1 deselected" in said and "waits for data" in said, said
    assert "nothing should be 2 and is missing; there are loss" in said and "loss should be" not in said


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ({"notebook": {}}, "there is no 'notebook' here; did you mean 'notebooks'?"),
        ({"notebooks": {"good.ipynb": {"params": {"epoch": 1}}}}, "epochs"),
    ],
)
def test_a_mistake_is_told_in_words(project, tests, told):
    project.spec(**tests)
    code, said = project.pytest("--nbtrack")
    assert code != 0 and told in said and "INTERNALERROR" not in said, said
