"""Whatever the notebook's file holds and whatever ids its cells have, the run is as any other: snapshot, recipe and stamp, and no complaint."""

from __future__ import annotations

import json

import nbformat
import pytest

from nbtrack.delivery.mask import Mask
from nbtrack.journal import blobs
from tests.kernel.conftest import Kernel

RUN = "%%track run\nz = x + 1"


def code(source, cell_id=None, **facts):
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source} | ({"id": cell_id} if cell_id else {}) | facts


def notebook(*cells, **facts):
    return {"cells": [*cells, code("x = 1", "a"), code(RUN, "r")], "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | facts


def nbformat_3():
    cells = [{"cell_type": "code", "input": it, "language": "python", "metadata": {}, "outputs": [], "prompt_number": 1} for it in ("x = 1", RUN)]
    cells[0]["outputs"] = [{"output_type": "pyout", "prompt_number": 1, "text": ["1"], "html": "<b>1</b>", "metadata": {}}]
    return {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells, "metadata": {}}]}


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


DOCUMENTS = {
    "nbformat 3": lambda: json.dumps(nbformat_3()).encode(),
    "ids that several cells have": lambda: json.dumps(notebook(code("y = 1", "a"), code("y = 2", "r")), indent=1).encode(),
    "ids that are none": lambda: json.dumps(notebook(code("y = 1", id=3), code("y = 2", id=None), code("y", "\u00e9 /" * 40)), indent=1).encode(),
    "no ids": lambda: json.dumps(notebook() | {"cells": [code("x = 1"), code(RUN)], "nbformat_minor": 4}, indent=1).encode(),
    "5,000 cells": lambda: json.dumps(notebook(*(code(f"y{number} = {number}", f"c{number}") for number in range(5000))), indent=1).encode(),
    "50 MB of outputs": lambda: json.dumps(
        notebook(code("y = 1", "big", outputs=[{"output_type": "display_data", "data": {"image/png": "A" * 50_000_000}, "metadata": {}}])), indent=1
    ).encode(),
    "attachments": lambda: json.dumps(
        notebook(
            {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "![](attachment:a.png)", "attachments": {"a.png": {"image/png": "QUJD"}, "b": 3}}
        )
    ).encode(),
    "half a surrogate pair": lambda: json.dumps(notebook(code("y = '\ud800'", "s"), metadata={"\udfff": "\ud800"}), indent=1).encode(),
    "bytes that are no UTF-8": lambda: json.dumps(notebook(code("y = 'QQ'", "s")), indent=1).encode().replace(b"QQ", b"\xff\xfe\xed\xa0\x80"),
    "UTF-16": lambda: json.dumps(notebook(), indent=1).encode("utf-16"),
    "a byte order mark": lambda: b"\xef\xbb\xbf" + json.dumps(notebook(), indent=1).encode(),
    "junk in the metadata": lambda: json.dumps(
        notebook(code("y = 1", "j", metadata=[1], outputs=7), code("y = 2", "k", metadata={"tags": 3, "nbtrack": []}), {"cell_type": 9}, metadata="none", x=[1])
    ).encode(),
    "cells that are none": lambda: json.dumps(notebook(None, 3, "code", [], {}, code(None, "n"), code(4, "o"), code([1, None], "p"))).encode(),
    "metadata nested 900 deep": lambda: json.dumps(notebook(code("y = 1", "d", metadata={"deep": "DEEP"}))).replace('"DEEP"', nested(900)).encode(),
    "metadata nested 100,000 deep": lambda: json.dumps(notebook(code("y = 1", "d", metadata={"deep": "DEEP"}))).replace('"DEEP"', nested(100_000)).encode(),
    "numbers JSON does not have": lambda: json.dumps(notebook(code("y = 1", "n", metadata={"a": float("nan"), "b": float("inf"), "c": 10**400}))).encode(),
    "no notebook": lambda: b"\x00\x01\x02",
    "nothing": lambda: b"",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One kernel for all of them, whose notebook's file is written anew for each."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "work").mkdir()
    env = {
        "NBTRACK_HOME": str(folder / "home"),
        "NBTRACK_DELIVERY": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "NBTRACK_NOTEBOOK": str(folder / "work" / "nb.ipynb"),
    }
    kernel = Kernel(folder / "work", env)
    assert kernel.run("%load_ext nbtrack").status == "ok"
    yield kernel
    kernel.stop()


@pytest.mark.parametrize("is_told", [False, True], ids=["saved", "with edits that are not saved"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_notebook_breaks_no_run(running, until, name, is_told):
    data = DOCUMENTS[name]()
    (running.folder / "nb.ipynb").write_bytes(data)
    ids = ["a", "a", "m", "j", "s", "k", "r"]
    cells = [[it, "markdown" if it == "m" else "code", {"a": "x = 1", "r": RUN}.get(it, f"y = '{it}'")] for it in ids]
    said = {"path": "nb.ipynb", "root": str(running.folder), "is_dirty": True, "version": f"{name}{is_told}", "cells": cells} if is_told else None
    first, reply = running.run("x = 1", "a", said), running.run(RUN, "r", said)
    assert (first.status, first.stderr, reply.status, reply.stderr) == ("ok", "", "ok", ""), reply.traceback
    files = finished(running, until)
    for path in {"notebook/executed.ipynb", "notebook/recipe.ipynb"}:
        nbformat.validate(nbformat.from_dict(json.loads(files[path])))
    if is_told:
        document = json.loads(files["notebook/document.ipynb"])
        assert [(it["id"], it["source"]) for it in document["cells"]] == [(it, source) for it, _, source in cells]
    elif "notebook/document.ipynb" in files:
        assert files["notebook/document.ipynb"] == data
    else:
        assert name in ("metadata nested 100,000 deep", "no notebook", "nothing")
    Mask().content(data, "notebook/document.ipynb")


def finished(kernel, until):
    """Files of the last run, once its snapshot is written."""
    until(lambda: any(it.path == "notebook/executed.ipynb" for it in kernel.runs()[0].artifacts))
    run = kernel.runs()[0]
    assert run.state == "FINISHED"
    assert run.tags["nbtrack.stamp"] in ("yes", "no", "unknown")
    return {it.path: blobs.get_bytes(kernel.home, it.blob) for it in run.artifacts if it.path.startswith("notebook/")}


@pytest.mark.parametrize("cell_id", ["", "same", "same", "\u00e9 /\\\"'", "x" * 500, "../../up", None], ids=range(7))
def test_a_cell_of_any_id_is_in_the_snapshot(running, until, cell_id):
    reply = running.run("%%track run\nz = 1\nprint('it ran')", cell_id)
    assert (reply.status, reply.stderr, reply.stdout) == ("ok", "", "it ran\n")
    executed = json.loads(finished(running, until)["notebook/executed.ipynb"])
    nbformat.validate(nbformat.from_dict(executed))
    assert executed["cells"][-1]["outputs"][0]["text"] == "it ran\n"
    ids = [it["id"] for it in executed["cells"]]
    assert len(set(ids)) == len(ids)
