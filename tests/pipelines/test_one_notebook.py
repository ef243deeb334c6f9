"""`nbtrack run NOTEBOOK`: a notebook in a kernel of its own, as one run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import nbformat
import pytest

import nbtrack
from nbtrack.entities import State
from nbtrack.errors import StageError, UsageError
from nbtrack.journal import blobs
from nbtrack.pipelines.listener import Deaf, Stop, StopReason
from nbtrack.pipelines.single import run_notebook

TRAIN = "for epoch in range(epochs):\n    loss = lr / (epoch + 1)\n    print('epoch', epoch)"


def artifact(home, view, path):
    return blobs.get_bytes(home, next(it.blob for it in view.artifacts if it.path == path))


def test_a_notebook_is_one_run_with_its_params_curves_outputs_and_files(notebook, home, tmp_path):
    path = notebook(
        "train.ipynb", TRAIN, "import nbtrack\nnbtrack.output('best', {'loss': loss})", "%track output epochs", parameters="lr: float = 0.01\nepochs = 3"
    )
    before = path.read_bytes()
    found = run_notebook(path, {"lr": "0.5"}, texts=frozenset({"lr"}), out=tmp_path / "out")
    assert (found.state, found.run.params, found.run.later_params) == (State.FINISHED, {"lr": "0.5", "epochs": "3"}, {})
    assert (found.run.metrics["loss"].count, found.run.metrics["loss"].last) == (3, 0.5 / 3)
    assert found.outputs == {"best": {"loss": 0.5 / 3}, "epochs": 3}
    assert found.run.tags["nbtrack.stamp"] == "yes", found.run.tags
    assert path.read_bytes() == before
    paths = {it.path for it in found.run.artifacts}
    assert {"notebook/executed.ipynb", "notebook/output.ipynb", "notebook/report.html", "notebook/recipe.ipynb", "streams/stdout.txt"} <= paths
    executed = nbformat.reads(artifact(home, found.run, "notebook/output.ipynb").decode(), as_version=4)
    assert executed.cells[1].source == "# Parameters\nlr = 0.5\n"
    assert executed.cells[2].outputs[0].text == "epoch 0\nepoch 1\nepoch 2\n"
    assert [it.name for it in found.files] == ["train.ipynb", "train.html"]
    assert b"epoch 2" in (tmp_path / "out" / "train.html").read_bytes()
    assert [it.name for it in run_notebook(path, {}, out=tmp_path / "out").files] == ["train-2.ipynb", "train-2.html"]


def test_wrong_parameters_and_kernels_are_refused_before_anything_begins(notebook, home):
    path = notebook("train.ipynb", TRAIN, parameters="lr: float = 0.01\nepochs = 3")
    with pytest.raises(UsageError, match=r"no parameter 'lrate'.*Did you mean 'lr' \(lr: float = 0.01\)\?"):
        run_notebook(path, {"lrate": 1.0})
    with pytest.raises(UsageError, match=r"'epochs'.*'many'.*no int.*Its default is 3"):
        run_notebook(path, {"epochs": "many"}, texts=frozenset({"epochs"}))
    with pytest.raises(UsageError, match=r"'epochs'.*'5', which is str, not int"):
        run_notebook(path, {"epochs": "5"})
    with pytest.raises(UsageError, match="no cell of it is tagged `parameters`"):
        run_notebook(notebook("plain.ipynb", "x = 1"), {"lr": 1})
    with pytest.raises(UsageError, match=r"wants the kernel 'nowhere', which is not installed.*python3.*--kernel python3"):
        run_notebook(notebook("other.ipynb", "x = 1", kernel="nowhere"), {})
    with pytest.raises(UsageError, match=r"Did you mean .*train.ipynb"):
        run_notebook(path.with_name("trian.ipynb"), {})
    assert list(home.run_ids()) == []


def test_a_failing_cell_ends_the_run_failed_and_is_told_whole(notebook, home):
    found = run_notebook(notebook("bad.ipynb", "x = 1", "y = 0\nx / y", "never = 1"), {})
    assert (found.state, found.run.reason) == (State.FAILED, "ZeroDivisionError: division by zero")
    assert "x / y" in found.run.traceback
    assert (found.result.failure.number, found.result.failure.source) == (2, "y = 0\nx / y")
    with pytest.raises(StageError, match=r"bad.ipynb failed in cell 2: ZeroDivisionError.*nbtrack show"):
        nbtrack.run_notebook(home.root.parent / "bad.ipynb")


def test_a_syntax_error_and_an_exit_code_fail_and_a_plain_exit_does_not(notebook):
    assert run_notebook(notebook("syntax.ipynb", "def f(:\n    pass"), {}).run.reason.startswith("SyntaxError")
    assert run_notebook(notebook("exit1.ipynb", "import sys\nsys.exit(3)"), {}).run.reason == "SystemExit: 3"
    found = run_notebook(notebook("exit0.ipynb", "import sys\nsys.exit()", "raise ValueError"), {})
    assert (found.state, found.run.reason) == (State.FINISHED, "")


def test_input_is_refused_and_the_notebook_fails(notebook):
    assert run_notebook(notebook("ask.ipynb", "name = input('who? ')"), {}).run.reason.startswith("StdinNotImplementedError")


def test_a_killed_kernel_ends_the_run_failed_with_the_reason(notebook, home):
    killed = """
import os, pathlib, signal, time
while not any("cell" in it.read_text() for it in pathlib.Path(os.environ["NBTRACK_HOME"], "executed").glob("*")):
    time.sleep(0.05)  # what cells do is written beside them, a moment later
os.kill(os.getpid(), signal.SIGKILL)
"""
    found = run_notebook(notebook("oom.ipynb", "x = 1\nprint('before')", killed, "y = 2"), {})
    assert (found.state, found.run.reason) == (State.FAILED, "the kernel died of SIGKILL, perhaps for want of memory")
    cells = json.loads(artifact(home, found.run, "notebook/output.ipynb"))["cells"]
    assert [output["text"] for cell in cells for output in cell.get("outputs", [])] == [["before\n"]]
    assert any(it.path == "notebook/executed.ipynb" for it in found.run.artifacts)


def test_a_cell_that_never_ends_is_interrupted_at_the_timeout_and_its_kernel_killed_where_it_does_not_listen(notebook):
    found = run_notebook(notebook("slow.ipynb", "import time\ntime.sleep(600)"), {}, timeout_s=12)
    assert (found.state, found.run.reason) == (State.FAILED, "it took longer than 12 s")
    deaf = "import time\nwhile True:\n    try:\n        time.sleep(600)\n    except KeyboardInterrupt:\n        pass"
    found = run_notebook(notebook("deaf.ipynb", deaf), {}, timeout_s=12)
    assert (found.state, found.run.reason) == (State.FAILED, "it took longer than 12 s")


def test_an_interrupt_ends_the_run_killed(notebook):
    stop = Stop()

    class Late(Deaf):
        def text(self, stream, text):
            stop.ask(StopReason.INTERRUPTED)

    found = run_notebook(notebook("slow.ipynb", "import time\nprint('here', flush=True)\ntime.sleep(600)"), {}, stop=stop, listener=Late())
    assert (found.state, found.run.reason) == (State.KILLED, "interrupted")


def test_processes_that_a_notebook_starts_do_not_outlive_it(notebook, tmp_path):
    start = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "free = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "grand = subprocess.run(['sh', '-c', 'sleep 600 >/dev/null 2>&1 &'])\n"
        "import nbtrack\nnbtrack.output('pids', [child.pid, free.pid])"
    )
    found = run_notebook(notebook("parent.ipynb", start), {})
    assert found.state is State.FINISHED
    assert found.result.left
    for pid in found.outputs["pids"]:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_flood_of_output_is_kept_within_bounds(notebook):
    found = run_notebook(notebook("flood.ipynb", "line = 'x' * 999 + '\\n'\nfor _ in range(200_000):\n    print(line, end='')\nprint('last words')"), {})
    assert found.state is State.FINISHED
    assert len(found.result.notebook) < 3_000_000
    assert b"characters left out" in found.result.notebook
    assert b"last words" in found.result.notebook


def test_a_notebook_of_nbformat_3_and_names_with_spaces_and_unicode_run(tmp_path):
    path = tmp_path / "a b" / "größe 数.ipynb"
    path.parent.mkdir()
    cell = {"cell_type": "code", "input": ["size = 3"], "language": "python", "outputs": [], "collapsed": False, "metadata": {"tags": ["parameters"]}}
    use = {"cell_type": "code", "input": ["import os\n", "open('zahl', 'w').write(str(size))"], "language": "python", "outputs": [], "metadata": {}}
    path.write_text(json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [cell, use], "metadata": {}}]}))
    found = run_notebook(path, {"size": 4}, name="größe ✓")
    assert (found.state, found.run.name, found.run.params) == (State.FINISHED, "größe ✓", {"size": "4"})
    assert (path.parent / "zahl").read_text() == "4"


def test_a_tracked_cell_inside_is_a_child_and_the_rest_goes_on_in_the_notebooks_run(notebook, home):
    found = run_notebook(
        notebook(
            "inner.ipynb",
            "%load_ext nbtrack",
            "%%track inside\nseen = 0.25 * 3",
            "%track on second",
            "acc = 1",
            "%track off",
            "import nbtrack\nnbtrack.log(last=7)",
        ),
        {},
    )
    assert found.state is State.FINISHED
    assert found.run.metrics["last"].last == 7
    children = {nbtrack.run(it).name for it in home.run_ids() if nbtrack.run(it).start.parent == found.run_id}
    assert children == {"inside", "second"}


def test_the_command_is_interrupted_by_ctrl_c_and_leaves_no_kernel(notebook, tmp_path):
    path = notebook("slow.ipynb", "import time\nprint('here', flush=True)\ntime.sleep(600)")
    command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "run", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr))
    for line in process.stderr:
        if "cell 1 of 1" in line:
            break
    reader.start()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    reader.join(10)
    assert "was interrupted" in "".join(lines)
    assert nbtrack.run("last").state is State.KILLED
    process.stdout.close()
    process.stderr.close()


def test_the_command_ends_with_1_and_shows_the_failing_cell_with_its_params(notebook, tmp_path):
    path = notebook("bad.ipynb", "depth * unknown_name", parameters="depth = 2  # of the tree")
    command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "run", str(path)]
    done = subprocess.run([*command, "-p", "depth", "7"], capture_output=True, text=True, cwd=tmp_path, timeout=200)
    assert done.returncode == 1, done.stderr
    assert "depth=7" in done.stderr
    assert "in cell 2 of bad.ipynb:\n    depth * unknown_name" in done.stderr
    assert "NameError" in done.stderr
    assert "depth: int = 2  of the tree" in subprocess.run([*command, "--help-notebook"], capture_output=True, text=True, cwd=tmp_path, timeout=200).stdout
    assert subprocess.run([*command, "--nonsense"], capture_output=True, text=True, cwd=tmp_path, timeout=200).returncode == 3


def test_a_notebook_runs_another_one_by_magic_and_by_function(notebook, home):
    notebook("inner.ipynb", "import nbtrack\nnbtrack.output('double', 2 * size)", parameters="size = 1")
    by_magic = "%load_ext nbtrack\nfound = %track run inner.ipynb size=4\nfirst = found.outputs['double']"
    by_function = "import nbtrack\nwith nbtrack.track('around') as around:\n    second = nbtrack.run_notebook('inner.ipynb', {'size': 5})\n"
    told = "nbtrack.output('told', [first, second.outputs['double'], second.run.start.parent == around.run_id])"
    found = run_notebook(notebook("outer.ipynb", by_magic, by_function + told), {})
    assert (found.state, found.run.reason, found.outputs) == (State.FINISHED, "", {"told": [8, 10, True]})


@pytest.fixture
def kernelspec(tmp_path, monkeypatch):
    """Installs a kernel for the test: `kernelspec("name", argv)`."""

    def kernelspec(name, argv, language="python"):
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": language}))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    return kernelspec


def test_a_kernel_without_nbtrack_runs_all_the_same_and_says_what_is_missing(notebook, kernelspec, home):
    hide = "import sys; sys.modules['nbtrack'] = None; from ipykernel.kernelapp import main; main()"
    kernelspec("elsewhere", [sys.executable, "-c", hide, "-f", "{connection_file}"])
    found = run_notebook(notebook("other.ipynb", "print(lr * 2)", parameters="lr = 1.5", kernel="elsewhere"), {"lr": 4.0})
    assert (found.state, found.run.params) == (State.FINISHED, {"lr": "4.0"})
    assert any("not captured" in it for it in found.run.notices)
    assert b"8.0" in artifact(home, found.run, "notebook/output.ipynb")
    bad = run_notebook(notebook("bad.ipynb", "1 / 0", kernel="elsewhere"), {})
    assert (bad.state, bad.run.reason) == (State.FAILED, "ZeroDivisionError: division by zero")
    assert "1 / 0" in bad.run.traceback


def test_a_kernel_that_does_not_start_ends_the_run_failed_with_what_it_wrote(notebook, kernelspec):
    kernelspec("broken", [sys.executable, "-c", "import sys; sys.exit('no licence for this kernel')", "{connection_file}"])
    found = run_notebook(notebook("x.ipynb", "x = 1", kernel="broken"), {})
    assert found.state is State.FAILED
    assert "'broken' does not start" in found.run.reason
    assert "no licence for this kernel" in found.run.reason
