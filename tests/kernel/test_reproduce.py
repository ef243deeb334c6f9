"""Runs reproduced for real: each in a kernel of its own, each with the verdict it must have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack import settings
from nbtrack.capture.current import attach
from nbtrack.errors import UsageError
from nbtrack.journal import Home, fold
from nbtrack.replay import files
from nbtrack.replay.bundle import pack
from nbtrack.replay.reproduce import reproduce
from nbtrack.replay.restore import restore
from nbtrack.replay.unpack import unpack


@pytest.fixture(autouse=True)
def undelivered(monkeypatch, tmp_path):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture
def kernel_env(kernel_env, tmp_path):
    return kernel_env | {"NBTRACK_NOTEBOOK": str(tmp_path / "work" / "nb.ipynb")}


@pytest.fixture
def ran(kernel, until):
    """Executes cells and gives the last run once its snapshot is there."""

    def ran(*cells):
        for cell in cells:
            kernel.run(cell)
        return until(lambda: next((it for it in kernel.runs()[:1] if any(file.path == "notebook/executed.ipynb" for file in it.artifacts)), None))

    return ran


def again(kernel, view, **options):
    return reproduce(kernel.home, view, settings.load(), **options)


def test_a_run_that_is_as_it_was_is_identical_and_says_so_on_both_runs(kernel, ran):
    view = ran(
        "base = 2",
        "noise = 'unused'",
        "%%track fit -m score\nlr = 0.5\nlosses = []\nfor step in range(4):\n    loss = base / (step + 1)\n    losses.append(loss)\nscore = loss * lr\nprint(score)",
    )
    found = again(kernel, view)
    assert (str(found.answer), found.why) == ("identical", "")
    first, second = fold(kernel.home, view.run_id), fold(kernel.home, found.run_id)
    assert (first.tags["nbtrack.verdict"], first.tags["nbtrack.verdict.run"]) == ("identical", second.run_id)
    assert "nbtrack.verdict.why" not in first.tags
    assert (second.start.parent, second.tags["nbtrack.reproduces"], second.name) == (first.run_id, first.run_id, "fit-reproduced")
    assert (second.params, second.metrics["score"], second.start.experiment) == (first.params, first.metrics["score"], first.start.experiment)
    assert second.metrics["score"].last == 0.25


def test_the_first_diverging_cell_and_its_values_are_told_and_tolerance_forgives(kernel, ran):
    view = ran("import os", "x = 1.01 if 'NBTRACK_TRACKING_URI' in os.environ else 1.0\nprint('x is', x)", "%%track run -m z\nz = x * 2")
    found = again(kernel, view)
    assert (str(found.answer), found.cell) == ("different", 2)
    assert found.why == "cell 2 (x = 1.01 if 'NBTRACK_TRACKING_URI' in o…): output 1 was x is 1.0, is x is 1.01 (and 1 more)"
    assert str(again(kernel, view, tolerance=["z=0.05"]).answer) == "within tolerance"


def test_local_modules_are_those_of_the_run_also_where_a_bundle_brought_them(kernel, ran, tmp_path):
    (kernel.folder / "tools").mkdir()
    (kernel.folder / "tools" / "__init__.py").write_text("from .text import f\n")
    (kernel.folder / "tools" / "text.py").write_text("def f(): return 1.0\n")
    view = ran("%load_ext nbtrack\nimport tools", "%%track run -m z\nz = tools.f()\nprint(z)")
    assert sorted(it.path for it in view.artifacts if it.path.startswith("code/")) == ["code/tools/__init__.py", "code/tools/text.py"]
    (kernel.folder / "tools" / "text.py").write_text("def f(): return 2.0\n")
    found = again(kernel, view)
    assert (str(found.answer), found.packages) == ("identical", ("tools/text.py (the run's own was taken)",)), found.why
    made = pack(kernel.home, view, tmp_path / "run.zip")
    assert made.children == 1
    there = Home(tmp_path / "there")
    arrived = unpack(there, made.path, view.start.store)
    assert [it.view.run_id for it in arrived.children] == [found.run_id]
    for file in (kernel.folder / "tools").glob("*.py"):
        file.unlink()
    assert str(reproduce(there, arrived.view, settings.load()).answer) == "identical"


def test_what_the_recipe_writes_overwrites_nothing(kernel, ran):
    (kernel.folder / "n.txt").write_text("5")
    view = ran("n = int(open('n.txt').read())", "%%track run -m n2\nn2 = n + 1\nopen('out.txt', 'w').write(str(n2))")
    (kernel.folder / "out.txt").write_text("mine")
    assert str(again(kernel, view).answer) == "identical"
    assert (kernel.folder / "out.txt").read_text() == "mine"
    view = ran(f"%%track absolute\nopen({str(kernel.folder / 'out.txt')!r}, 'w').write('theirs')")
    (kernel.folder / "out.txt").write_text("mine")
    found = again(kernel, view)
    assert str(found.answer) == "not runnable" and "lies outside the working folder" in found.why
    assert (kernel.folder / "out.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("import os\nif not os.path.exists(os.environ['HERE']): os._exit(3)\nz = 1", "the kernel died"),
        ("import os, time\nif not os.path.exists(os.environ['HERE']): time.sleep(600)\nz = 1", "it took longer than 30 s"),
        (
            "import os\nif not os.path.exists(os.environ['HERE']): import no_such_package\nz = 1",
            "a package is missing: No module named 'no_such_package'. --env fresh",
        ),
        ("import os\nif not os.path.exists(os.environ['HERE']): input()\nz = 1", "it asks for input"),
        ("import os\nif not os.path.exists(os.environ['HERE']): raise ValueError('no luck')\nz = 1", "it raises ValueError: no luck"),
        ("import os\nif not os.path.exists(os.environ['HERE']): open('gone.csv')\nz = 1", "a file is missing: [Errno 2] No such file or directory: 'gone.csv'"),
    ],
    ids=["death", "timeout", "package", "input", "error", "file"],
)
def test_each_reason_not_to_run_is_readable(kernel, ran, monkeypatch, tmp_path, cell, told):
    (tmp_path / "here").touch()
    kernel.run(f"import os; os.environ['HERE'] = {str(tmp_path / 'here')!r}")
    view = ran(f"%%track run\n{cell}")
    (tmp_path / "here").unlink()
    found = again(kernel, view, timeout_s=30 if "longer" in told else 240)
    assert str(found.answer) == "not runnable"
    assert told in found.why and found.why.startswith(f"cell {found.cell} (import os")
    assert fold(kernel.home, view.run_id).tags["nbtrack.verdict.why"] == found.why


def test_data_is_checked_before_anything_runs_and_a_bundle_brings_it(kernel, ran, tmp_path):
    (kernel.folder / "d.csv").write_text("v\n1\n2\n")
    view = ran("import csv", "import numpy as np\nrows = np.loadtxt('d.csv', skiprows=1)", "%%track run -m total\ntotal = rows.sum()")
    made = pack(kernel.home, view, tmp_path / "run.zip", with_data=True)
    (kernel.folder / "d.csv").write_text("v\n1\n3\n")
    found = again(kernel, view)
    assert str(found.answer) == "not runnable" and "d.csv changed since the run" in found.why and found.run_id == ""
    (kernel.folder / "d.csv").unlink()
    assert "d.csv is not here" in again(kernel, view).why
    arrived = unpack(Home(tmp_path / "there"), made.path, view.start.store).view
    assert str(reproduce(Home(tmp_path / "there"), arrived, settings.load()).answer) == "identical"


def test_several_cells_under_track_on_are_one_run_again(kernel, ran):
    for cell in ("a = 1", "%track on whole", "b = a + 1", "import nbtrack\nnbtrack.log(b=b)", "%track off"):
        kernel.run(cell)
    found = again(kernel, ran())
    assert (str(found.answer), found.why) == ("identical", "")
    assert fold(kernel.home, found.run_id).metrics["b"].last == 2


def test_a_run_of_a_script_says_that_there_is_no_notebook(kernel, tmp_path):
    (tmp_path / "fit.py").write_text("import nbtrack\nwith nbtrack.track('plain'):\n    pass\n")
    subprocess.run([sys.executable, str(tmp_path / "fit.py")], check=True, env={**os.environ, "NBTRACK_HOME": str(kernel.home.root)})
    view = kernel.runs()[0]
    found = again(kernel, view)
    assert str(found.answer) == "not runnable" and "made by a script, fit.py, so there is no notebook" in found.why
    with pytest.raises(UsageError, match="no notebook") as told:
        restore(kernel.home, view, "recipe")
    assert "made by a script, fit.py" in told.value.mend


def test_the_magic_and_the_command_give_the_verdict_and_its_exit_code(kernel, ran):
    ran("%%track run -m z\nz = 4.5")
    reply = kernel.run("%track reproduce run --tolerance 1e-3 --tolerance z=0.1 --timeout 240")
    assert reply.status == "ok" and "reproduced: identical" in reply.result
    words = [sys.executable, "-c", "from nbtrack.cli import main; main()", "reproduce", "run", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=kernel.folder, check=False, env={**os.environ, "NBTRACK_HOME": str(kernel.home.root)})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "identical"
    wrong = kernel.run("%track reproduce run --env other")
    assert "It is one of current, same, fresh" in wrong.stderr


def test_the_magics_restore_bundle_and_import(kernel, ran):
    ran("a = 1", "%%track run\nz = a + 1")
    link = kernel.run("%track restore run --recipe")
    assert link.status == "ok" and "nb-run-recipe.ipynb" in link.result
    assert (kernel.folder / "nb-run-recipe.ipynb").exists()
    assert "cell 2" in kernel.run("%track restore run --cell 2").result
    assert "run.zip: " in kernel.run("%track bundle run run.zip").result
    assert "was here already" in kernel.run("%track import run.zip").result
    for line, told in (
        ("restore run --cell two", "which is no number"),
        ("restore", "needs one run"),
        ("bundle run", "needs a run and a file"),
        ("restore run --recipy", "Did you mean --recipe"),
    ):
        assert told in kernel.run(f"%track {line}").stderr


def test_an_interrupt_ends_the_reproduction_and_its_kernel(kernel, ran, tmp_path, until):
    beat = tmp_path / "home" / "beat"
    ran(f"%%track run\nimport os, time\nwhile 'NBTRACK_TRACKING_URI' in os.environ:\n    open({str(beat)!r}, 'w').write(str(os.getpid()))\n    time.sleep(0.1)")
    sent = kernel.send("%track reproduce run")
    pid = int(until(lambda: beat.exists() and beat.read_text()))
    kernel.manager.interrupt_kernel()
    assert kernel.answer(sent).ename == "KeyboardInterrupt"
    until(lambda: not Path(f"/proc/{pid}").exists() if Path("/proc").exists() else True)


@pytest.mark.network
def test_a_fresh_environment_has_the_recorded_versions(kernel, ran, until):
    view = ran("import packaging", "%%track run -m n\nn = len(packaging.__name__)\nprint(packaging.__version__)")
    wanted = {"environment/environment.json", "environment/requirements.txt"}
    until(lambda: wanted <= {it.path for it in kernel.runs()[0].artifacts})
    view = fold(kernel.home, view.run_id)
    facts = json.loads(files.read(kernel.home, view, files.ENVIRONMENT))
    assert facts["imported"]["packaging"] != "24.1"
    lines = files.read(kernel.home, view, files.REQUIREMENTS).decode().replace(f"packaging=={facts['imported']['packaging']}\n", "packaging==24.1\n")
    facts["imported"]["packaging"] = "24.1"  # as if the run had had another version than what is here
    run = attach(kernel.home, view.run_id)
    run.artifact_bytes(files.ENVIRONMENT, json.dumps(facts).encode())
    run.artifact_bytes(files.REQUIREMENTS, lines.encode())
    run.writer.close()
    view = fold(kernel.home, view.run_id)
    assert "packaging 24.1, here" in again(kernel, view, env="same").why
    found = again(kernel, view, env="fresh")
    assert str(found.answer) == "different", found.why
    assert found.why.endswith("is 24.1")
