"""`%track history` and `%track recipe`; what a killed kernel leaves; hostile cells; shared runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import nbformat
import pytest

from nbtrack.entities import State
from nbtrack.journal import blobs
from nbtrack.notebooks.dead import reap

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def read(kernel, run, path):
    notebook = nbformat.from_dict(json.loads(blobs.get_bytes(kernel.home, {it.path: it.blob for it in run.artifacts}[path])))
    nbformat.validate(notebook)
    return notebook


@pytest.fixture
def executed(until):
    """The snapshot of the newest run, once it is written."""

    def executed(kernel, wanted=1):
        def found():
            run = kernel.runs()[0]
            return run if any(it.path == "notebook/executed.ipynb" for it in run.artifacts) else None

        return read(kernel, until(found), "notebook/executed.ipynb")

    return executed


def test_the_snapshot_holds_all_cells_in_true_order_with_their_outputs(kernel, executed):
    kernel.run("x = 1\nprint('one')", "b")
    kernel.run("x", "a")
    kernel.run("%%track fit\nx += 1\n1/0", "b")
    notebook = executed(kernel)
    assert [cell.source for cell in notebook.cells] == ["%load_ext nbtrack", "x = 1\nprint('one')", "x", "%%track fit\nx += 1\n1/0"]
    assert [cell.id for cell in notebook.cells][1:3] == ["b", "a"]
    assert [cell.metadata.nbtrack.status for cell in notebook.cells] == ["ok", "ok", "ok", "error"]
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3, 4]
    assert notebook.cells[1].outputs[0].text == "one\n"
    assert notebook.cells[2].outputs[0].data["text/plain"] == "1"
    assert notebook.cells[3].outputs[-1].ename == "ZeroDivisionError"
    assert notebook.cells[3].metadata.nbtrack.run_id == kernel.runs()[0].run_id


def test_a_killed_kernel_leaves_what_it_had_executed_and_the_recipe(kernel, executed):
    kernel.run("x = 1\nprint('before')", "a")
    kernel.send("%%track long\nimport time\nfor i in range(600):\n    print('step', i, flush=True)\n    time.sleep(0.1)", "r")
    time.sleep(6)  # the second look at a long cell comes after three seconds
    os.kill(kernel.manager.provisioner.process.pid, signal.SIGKILL)
    kernel.manager.provisioner.process.wait()
    run = kernel.runs()[0]
    assert run.state is State.RUNNING
    assert reap(kernel.home, run.run_id)
    notebook = executed(kernel)
    assert kernel.runs()[0].state is State.KILLED
    assert notebook.cells[1].outputs[0].text == "before\n"
    assert notebook.cells[2].source.startswith("%%track long")
    assert "step 3" in notebook.cells[2].outputs[0].text
    assert read(kernel, kernel.runs()[0], "notebook/recipe.ipynb").cells[-1].source[0].startswith("import time")
    tags = kernel.runs()[0].tags
    assert (tags["nbtrack.stamp"], tags["nbtrack.document"]) == ("unknown", "none")
    assert [it["text"] for it in json.loads(tags["nbtrack.stamp.reasons"]) if it["rule"] == "killed"] == [
        "the kernel died while [3] ran, and with it what its cells were seen to share and change: only their code is judged"
    ]


def test_a_killed_run_of_several_cells_gets_a_recipe_and_a_no_that_its_code_makes_sure(kernel):
    kernel.run("import random", "a")
    kernel.run("unused = 1", "b")
    kernel.run("%track on many", "c")
    kernel.run("x = random.random()", "d")
    time.sleep(1)  # what ran before is written a moment after a run's first cell
    kernel.send("print(x, flush=True)\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "e")
    kernel.manager.provisioner.process.wait()
    assert reap(kernel.home, kernel.runs()[0].run_id)
    tags = kernel.runs()[0].tags
    assert (tags["nbtrack.stamp"], [it["rule"] for it in json.loads(tags["nbtrack.stamp.reasons"])]) == ("no", ["randomness", "killed"])
    recipe = read(kernel, kernel.runs()[0], "notebook/recipe.ipynb")
    assert ["".join(it.source) for it in recipe.cells][:2] == ["import random", "x = random.random()"]


def test_a_run_killed_before_the_cells_above_were_written_has_a_notebook_all_the_same(kernel, executed, until):
    kernel.run("import random", "a")
    kernel.run("%track on many", "c")
    kernel.run("x = random.random()", "d")
    until(lambda: any('"cell"' in log.read_text() for log in (kernel.home.root / "executed").glob("*")))
    os.kill(kernel.manager.provisioner.process.pid, signal.SIGKILL)
    kernel.manager.provisioner.process.wait()
    assert reap(kernel.home, kernel.runs()[0].run_id)
    run = kernel.runs()[0]
    notebook = executed(kernel)
    nbformat.validate(notebook)
    assert notebook.cells[-1].source == "x = random.random()"
    assert run.tags["nbtrack.stamp"] != "yes"


def test_the_document_is_kept_byte_for_byte_and_the_run_says_so(kernel, until):
    path = kernel.folder / "nb.ipynb"
    text = json.dumps(NOTEBOOK | {"cells": [{"cell_type": "markdown", "id": "m", "metadata": {"junk": [1]}, "source": "# Ü"}]}, indent=1)
    path.write_text(text)
    kernel.run(f"import os; os.environ['NBTRACK_NOTEBOOK'] = {str(path)!r}")
    kernel.run("%%track one\npass", "a")
    kernel.run("%%track two\npass", "a")
    for run in kernel.runs():
        found = until(
            lambda run=run: next(
                (it for view in kernel.runs() if view.run_id == run.run_id for it in view.artifacts if it.path == "notebook/document.ipynb"), None
            )
        )
        assert blobs.get_bytes(kernel.home, found.blob).decode() == text
        assert run.tags["nbtrack.document"] == "saved file"


@pytest.mark.parametrize(
    "content", ["", "{", '{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}]}', '{"cells": [null, {"id": 3}]}'], ids=range(4)
)
def test_a_document_that_is_none_does_not_break_the_run(kernel, executed, content):
    path = kernel.folder / "nb.ipynb"
    path.write_text(content)
    kernel.run(f"import os; os.environ['NBTRACK_NOTEBOOK'] = {str(path)!r}")
    reply = kernel.run("%%track one\nx = 1\nx", "a")
    assert (reply.status, reply.result, reply.stderr) == ("ok", "1", "")
    assert kernel.runs()[0].state is State.FINISHED
    assert executed(kernel).cells[-1].outputs[-1].data["text/plain"] == "1"


def test_hostile_cells_do_not_break_the_run(kernel, executed):
    kernel.run("x = '\\ud800'\nprint(repr(x))\nx = '\ud800'".encode("utf-8", "replace").decode(), "no valid id! \u00fc")
    kernel.run("from IPython.display import display\ndisplay({'application/json': {'nan': float('nan')}, 'text/plain': 'x'}, raw=True)", "same")
    kernel.run("display({'image/png': 'A' * 5_000_000}, raw=True)", "same")
    reply = kernel.run("%%track fit\ny = 1", "same")
    assert (reply.status, reply.stderr) == ("ok", "")
    notebook = executed(kernel)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells) == 5
    assert len(notebook.cells[3].outputs[0].data["image/png"]) == 5_000_000


def test_a_run_of_many_cells_has_one_snapshot_and_one_stamp_of_all(kernel, until):
    kernel.run("x = 1", "a")
    kernel.run("%track on whole")
    kernel.run("y = x + 1", "b")
    kernel.run("z = 3", "c")
    kernel.run("%track off")
    run = until(lambda: next((run for run in kernel.runs()[:1] if any(it.path == "notebook/executed.ipynb" for it in run.artifacts)), None))
    found = read(kernel, run, "notebook/recipe.ipynb")
    assert "y = x + 1" in ["".join(cell.source) for cell in found.cells]
    assert run.tags["nbtrack.stamp"] == "unknown"  # nothing tells the notebook's path


def test_without_the_notebook_kind_there_is_no_snapshot_and_no_stamp(kernel):
    kernel.run("%%track --capture -notebook\nx = 1")
    time.sleep(1)
    run = kernel.runs()[0]
    assert "nbtrack.stamp" not in run.tags
    assert not any(it.path.startswith("notebook/") for it in run.artifacts)


def test_the_history_marks_stale_cells(kernel):
    path = kernel.folder / "nb.ipynb"
    kernel.run(f"import os; os.environ['NBTRACK_NOTEBOOK'] = {str(path)!r}")
    kernel.run("x = 1", "aaaa")
    kernel.run("y = x", "bbbb")
    kernel.run("x = 2", "cccc")
    kernel.run("%%track fit\n1/0", "dddd")
    kernel.run("gone = 1", "eeee")
    cells = [
        {"cell_type": "code", "id": name, "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for name, source in (("aaaa", "x = 9"), ("bbbb", "y = x"), ("cccc", "x = 2"), ("dddd", "%%track fit\n1/0"))
    ]
    path.write_text(json.dumps(NOTEBOOK | {"cells": cells}, indent=1))
    lines = kernel.run("%track history").result.splitlines()
    row = {words[2]: line for line in lines[1:] if len(words := line.split()) > 2}
    assert row["aaaa"].endswith("edited since")
    assert row["bbbb"].endswith("x was redefined by [5]")
    assert not row["cccc"].rstrip().endswith("since")
    assert "error" in row["dddd"]
    assert "fit" in row["dddd"]
    assert row["eeee"].endswith("deleted since")


def test_a_recipe_is_written_beside_and_never_over(kernel):
    kernel.run("x = 1")
    kernel.run("%%track 'my fit'\ny = x")
    first, second = kernel.run("%track recipe").stdout, kernel.run("%track recipe last --open").result
    paths = sorted(kernel.folder.glob("*recipe*.ipynb"))
    assert len(paths) == 2
    assert sum(path.name in first for path in paths) == sum(path.name in second for path in paths) == 1
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert "y = x" in notebook.cells[-1].source
    kernel.run("%%track bare --capture none\npass")
    assert "recipe" in kernel.run("%track recipe bare").stderr


def test_a_reason_is_on_the_line_and_all_are_shown(kernel):
    kernel.run("import random")
    reply = kernel.run("%%track fit\nx = random.random()\ny = input if False else 1")
    assert "reproducible: no ([3] draws random numbers that nothing seeded (random))" in reply.shown[-1]
    page = kernel.run("%track show fit").shown[0]
    assert "randomness" in page
    assert "fit" in kernel.run("%track runs nbtrack.stamp:no").result


def test_a_local_module_that_is_not_committed_is_noted(kernel, until):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    (kernel.folder / "own_module.py").write_text("def f(): return 1\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], cwd=kernel.folder, check=True)
    kernel.run("%%track clean\nimport own_module\nx = own_module.f()")
    kernel.run("%track show")  # a command waits until all is written
    (kernel.folder / "own_module.py").write_text("def f(): return 2\n")
    kernel.run("%%track dirty\nx = own_module.f()")
    rules = until(lambda: (found := {it["rule"] for it in json.loads(kernel.runs()[0].tags["nbtrack.stamp.reasons"])}) and "dirty git" in found and found)
    assert rules == {"changed module", "dirty git"}
    assert kernel.runs()[1].tags["nbtrack.stamp.reasons"] == "[]"
