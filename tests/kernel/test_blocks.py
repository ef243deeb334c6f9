"""Runs of `with nbtrack.track()` within cells have what a cell's run has: snapshot, recipe, stamp, and a verdict."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from nbtrack import settings
from nbtrack.journal import blobs, fold
from nbtrack.journal.executed import join_of
from nbtrack.notebooks.dead import reap
from nbtrack.reads.diff import datasets_of, diff_runs
from nbtrack.replay.reproduce import reproduce

LOOP = "print('begin')\nfor c in (0.1, 1.0, 10.0):\n    with nbtrack.track(f'C={c}', params={'C': c}):\n        print('with', c)\n        nbtrack.log(score=base * c)\nprint('end')"


@pytest.fixture(autouse=True)
def undelivered(monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture
def kernel_env(kernel_env, tmp_path):
    return kernel_env | {"NBTRACK_NOTEBOOK": str(tmp_path / "work" / "nb.ipynb")}


@pytest.fixture
def blocks(kernel, until):
    """Executes cells and gives the runs by name once all have their snapshot and their final stamp."""

    def blocks(*cells):
        for cell in cells:
            kernel.run(cell)

        def whole(view):
            kept = {it.path for it in view.artifacts}
            return {"notebook/executed.ipynb", "notebook/recipe.ipynb", "environment/environment.json"} <= kept and '"running"' not in view.tags.get(
                "nbtrack.stamp.reasons", '"running"'
            )

        return until(lambda: (found := {it.name: it for it in kernel.runs()}) and all(whole(it) for it in found.values()) and found)

    return blocks


def notebook(kernel, view, kind):
    content = json.loads(blobs.get_bytes(kernel.home, next(it.blob for it in reversed(view.artifacts) if it.path == f"notebook/{kind}.ipynb")))
    return [("".join(cell["source"]), cell) for cell in content["cells"]]


def again(kernel, view):
    return reproduce(kernel.home, fold(kernel.home, view.run_id), settings.load())


def test_a_cell_shows_the_runs_of_its_blocks_in_one_line(kernel):
    one = kernel.run("import nbtrack\nwith nbtrack.track('alone', params={'lr': 0.1}):\n    nbtrack.log(acc=0.5)\nprint('after')\n3")
    assert len(one.shown) == 1 and one.shown[0].startswith("✓ alone  finished") and "lr=0.1" in one.shown[0] and "acc 0.5" in one.shown[0]
    assert (one.stdout, one.result) == ("after\n", "3")
    assert kernel.run(f"base = 2\n{LOOP}").shown == ["✓ 3 runs: C=0.1, C=1.0, C=10.0"]
    failed = kernel.run("for n in range(12):\n    with nbtrack.track(f'try {n}'):\n        1 / (3 - n)")
    assert failed.shown == ["✗ 4 runs: try 0, try 1, try 2, try 3 ✗ failed"] and failed.ename == "ZeroDivisionError"
    many = kernel.run("%%track around\nfor n in range(12):\n    with nbtrack.track(f'n{n}'):\n        pass").shown
    assert many[0].startswith("✓ around") and many[-1] == "✓ 12 runs: n0, n1, n2, n3, n4, n5, n6, n7, +4 more"
    assert kernel.run("%%track --quiet\nwith nbtrack.track('hushed'):\n    pass").shown == []
    assert kernel.run("4").shown == []


def test_each_run_of_a_loop_has_the_cells_up_to_its_own_end(kernel, blocks):
    views = blocks("import nbtrack", "noise = 1", "base = 2", LOOP)
    assert {it.tags["nbtrack.stamp"] for it in views.values()} == {"yes"}, views["C=1.0"].tags["nbtrack.stamp.reasons"]
    for view in views.values():
        assert [source for source, _ in notebook(kernel, view, "recipe")] == ["import nbtrack", "base = 2", LOOP]
    executed = notebook(kernel, views["C=1.0"], "executed")
    assert [source for source, _ in executed][1:] == ["import nbtrack", "noise = 1", "base = 2", LOOP]
    cell = executed[-1][1]
    assert "".join(it["text"] for it in cell["outputs"]) == "begin\nwith 0.1\nwith 1.0\n"
    assert cell["metadata"]["nbtrack"]["blocks"] == [views["C=1.0"].run_id] and cell["metadata"]["nbtrack"]["status"] == "running"
    found = diff_runs(kernel.home, views["C=0.1"], views["C=10.0"], kernel.folder).notebook
    assert not found.missing and [(it.how, it.outputs) for it in found.cells] == [("output", (" begin", " with 0.1", "+with 1.0", "+with 10.0"))]


def test_the_run_at_its_place_in_the_cell_is_verified_and_the_others_are_not_recorded_again(kernel, blocks):
    views = blocks("import nbtrack", "base = 2", LOOP)
    found = again(kernel, views["C=10.0"])
    assert (str(found.answer), found.why) == ("identical", "")
    once_more = fold(kernel.home, found.run_id)
    assert (once_more.name, once_more.start.parent, once_more.metrics["score"].last) == ("C=10.0-reproduced", views["C=10.0"].run_id, 20)
    assert len(kernel.runs()) == 4


def test_blocks_without_names_are_told_apart_by_their_order(kernel, blocks):
    views = blocks("import nbtrack\nfor n in range(3):\n    with nbtrack.track() as run:\n        run.log('n', n)")
    view = next(it for it in views.values() if it.metrics["n"].last == 1)
    found = again(kernel, view)
    assert (str(found.answer), fold(kernel.home, found.run_id).metrics["n"].last) == ("identical", 1)


@pytest.mark.parametrize("around", ["%%track outer\n", "%track on outer\n"])
def test_a_block_within_another_run_has_its_own(kernel, blocks, around):
    cell = "nbtrack.log(before=1)\nwith nbtrack.track('inner'):\n    nbtrack.log(score=base)"
    is_own = around.startswith("%%")
    views = blocks("import nbtrack\nbase = 2", *([around + cell] if is_own else [around, cell, "%track off"]))
    assert views["inner"].tags["nbtrack.stamp"] == "yes"
    cells = notebook(kernel, views["inner"], "executed")
    assert cells[-1][1]["metadata"]["nbtrack"] | {"blocks": [views["inner"].run_id], "run_id": views["outer"].run_id} == cells[-1][1]["metadata"]["nbtrack"]
    found = again(kernel, views["inner"])
    assert (str(found.answer), found.why) == ("identical", "")
    assert set(fold(kernel.home, found.run_id).metrics) == {"score"}


def test_what_only_the_whole_cell_tells_counts_in_the_stamp(kernel, blocks):
    cell = "import nbtrack\nwith nbtrack.track('drawn'):\n    x = draw()\n    nbtrack.log(x=x)"
    views = blocks("import random\ndraw = getattr(random, 'ran' + 'dom')", cell)
    assert views["drawn"].tags["nbtrack.stamp"] == "unknown" and "draws random numbers" in views["drawn"].tags["nbtrack.stamp.reasons"], views["drawn"].tags[
        "nbtrack.stamp.reasons"
    ]


def test_a_killed_kernel_leaves_everything_up_to_then(kernel, until):
    kernel.run("import nbtrack\nbase = 2")
    kernel.send(
        "import time\nwith nbtrack.track('first'):\n    print('one', flush=True)\nwith nbtrack.track('second'):\n    print('two', flush=True)\n    time.sleep(600)"
    )
    until(lambda: len(kernel.runs()) == 2 and any(it.path.endswith("executed.ipynb") for view in kernel.runs() for it in view.artifacts))
    until(lambda: _has_logged(kernel, "two"))
    os.kill(kernel.manager.provisioner.process.pid, signal.SIGKILL)  # shutdown_kernel would interrupt the cell before
    until(lambda: reap(kernel.home, next(it.run_id for it in kernel.runs() if it.name == "second")) or kernel.runs()[0].state.is_end)
    views = {it.name: it for it in kernel.runs()}
    assert views["first"].tags["nbtrack.stamp"] == "unknown" and "still ran when it ended" in views["first"].tags["nbtrack.stamp.reasons"]
    assert views["second"].tags["nbtrack.stamp"] == "unknown" and "the kernel died" in views["second"].tags["nbtrack.stamp.reasons"]
    for view in views.values():
        assert "import nbtrack\nbase = 2" in [source for source, _ in notebook(kernel, view, "executed")]
        assert notebook(kernel, view, "recipe")[0][0] == "import nbtrack\nbase = 2"
    assert "two" in "".join(it["text"] for it in notebook(kernel, views["second"], "executed")[-1][1]["outputs"])


def _has_logged(kernel, word):
    """Whether the log of the kernel's cells has the word by now."""
    view = next(it for it in kernel.runs() if it.name == "second")
    found = join_of(kernel.home, view.start.owner, view.run_id)
    return found is not None and f'"text":"one\\n{word}' in blobs.get_bytes(kernel.home, found[0]).decode()


def test_a_notebook_that_only_imports_nbtrack_is_loaded_with_its_first_block(bare_kernel, until):
    bare_kernel.run("base = 2")
    bare_kernel.run("import nbtrack\nwith nbtrack.track('alone'):\n    nbtrack.log(score=base)\n    print(base)")
    bare_kernel.run("%load_ext nbtrack")
    bare_kernel.run("import random\nx = random.random()\nwith nbtrack.track('late'):\n    nbtrack.log(x=x)")
    final = until(lambda: (view := bare_kernel.runs()[-1]).tags.get("nbtrack.stamp") and '"running"' not in view.tags["nbtrack.stamp.reasons"] and view)
    assert final.tags["nbtrack.stamp"] == "unknown" and "ran before %load_ext nbtrack" in final.tags["nbtrack.stamp.reasons"]
    assert [source.split("\n")[0] for source, _ in notebook(bare_kernel, final, "recipe")] == ["base = 2", "import nbtrack"]
    assert str(again(bare_kernel, final).answer) == "identical"


def test_a_block_begun_by_an_older_thread_or_task_is_not_sure_of_its_cell(kernel, blocks):
    pool = "import nbtrack\nfrom concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\npool.submit(int).result()"
    work = "def work():\n    with nbtrack.track('in a thread'):\n        nbtrack.log(x=1)\npool.submit(work).result()"
    views = blocks(pool, work)
    assert views["in a thread"].tags["nbtrack.stamp"] != "yes" and "a thread began it" in views["in a thread"].tags["nbtrack.stamp.reasons"]


def test_a_block_knows_the_data_of_its_cell(kernel, blocks):
    (kernel.folder / "blocks.csv").write_text("a,b\n1,2\n3,4\n")
    views = blocks("import nbtrack, pandas as pd\ndf = pd.read_csv('blocks.csv')", "with nbtrack.track('reads'):\n    nbtrack.log(total=float(df.a.sum()))")
    assert list(datasets_of(kernel.home, views["reads"])) == ["blocks.csv"]
    (kernel.folder / "blocks.csv").write_text("a,b\n9,9\n")
    assert "blocks.csv changed since the run" in again(kernel, views["reads"]).why


def test_each_block_has_the_streams_and_figures_of_its_own_and_the_state_of_git(kernel, blocks, until):
    subprocess.run(["git", "init", "--quiet", str(kernel.folder)], check=True)
    (kernel.folder / "code.py").write_text("x = 1\n")
    git = ["git", "-C", str(kernel.folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "add", "code.py"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "one"], check=True)
    (kernel.folder / "code.py").write_text("x = 2\n")
    cell = "print('before')\nfor n in (1, 2):\n    with nbtrack.track(f'n{n}'):\n        print('within', n)\n        plt.figure()\n        plt.plot([0, n])\n        plt.savefig('curve.png')\n        plt.close()\n        display(HTML(f'<table><tr><td>{n}</td></tr></table>'))\nprint('after')"
    views = blocks("import nbtrack\nimport matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfrom IPython.display import HTML, display", cell)
    wanted = {"streams/stdout.txt", "figures/curve.png", "figures/table-1.html", "git/state.json", "git/diff.patch"}
    found = {}
    for name in views:
        view = until(lambda name=name: next((it for it in kernel.runs() if it.name == name and wanted <= {file.path for file in it.artifacts}), None))
        found[name] = {it.path: blobs.get_bytes(kernel.home, it.blob) for it in view.artifacts}
    assert [found[name]["streams/stdout.txt"] for name in ("n1", "n2")] == [b"within 1\n", b"within 2\n"]
    assert found["n1"]["figures/curve.png"] != found["n2"]["figures/curve.png"]
    assert b"<td>1</td>" in found["n1"]["figures/table-1.html"] and b"<td>2</td>" in found["n2"]["figures/table-1.html"]
    assert b"+x = 2" in found["n2"]["git/diff.patch"] and json.loads(found["n2"]["git/state.json"])["dirty"] == ["code.py"]
