"""What JupyterLab's extension tells with an execution: where the notebook is now, and how it stands."""

from __future__ import annotations

import json

import nbformat
import pytest

from nbtrack.journal import blobs


def saved(kernel, name, *sources):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id=f"c{at}") for at, source in enumerate(sources)])
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="kept\n")]
    nbformat.write(notebook, kernel.folder / name)


def say(kernel, path, *cells, version=1, **more):
    return {"path": path, "root": str(kernel.folder), "is_dirty": True, "version": version, "cells": [list(it) for it in cells], **more}


def document_of(kernel, run):
    [found] = [it for it in run.artifacts if it.path == "notebook/document.ipynb"]
    return nbformat.reads(blobs.get_bytes(kernel.home, found.blob).decode(), as_version=4)


def test_the_document_of_a_run_has_the_edits_that_are_not_saved(kernel):
    saved(kernel, "train.ipynb", "print('kept')", "lr = 0.1", "loss = lr * 2")
    cells = [("c0", "code", "print('kept')"), ("c1", "code", "lr = 0.3"), ("new", "markdown", "# why"), ("c2", "code", "%%track\nloss = lr * 2")]
    kernel.run("lr = 0.3", "c1", say(kernel, "train.ipynb", *cells))
    kernel.run("%%track\nloss = lr * 2", "c2", say(kernel, "train.ipynb", version=1) | {"cells": None})
    kernel.run("1")  # what is written in the background is written by the next cell's end, or soon after
    kernel.run("from nbtrack import flush; flush()")
    [run] = kernel.runs()
    assert run.tags["nbtrack.document"] == "unsaved edits"
    assert run.tags["nbtrack.stamp"] == "yes", run.tags["nbtrack.stamp.reasons"]
    assert run.start.tags["nbtrack.notebook"] == str(kernel.folder / "train.ipynb")
    document = document_of(kernel, run)
    nbformat.validate(document)
    assert [cell.source for cell in document.cells] == [source for _, _, source in cells]
    assert document.cells[0].outputs[0].text == "kept\n"


def test_a_cell_edited_after_it_ran_is_seen_before_anything_is_saved(kernel):
    kernel.run("lr = 0.1", "c1", say(kernel, "a.ipynb", ("c1", "code", "lr = 0.1"), ("c2", "code", "")))
    kernel.run("%%track\nloss = lr * 2", "c2", say(kernel, "a.ipynb", ("c1", "code", "lr = 0.5"), ("c2", "code", "%%track\nloss = lr * 2"), version=2))
    [run] = kernel.runs()
    assert run.tags["nbtrack.stamp"] == "no"
    assert [it["rule"] for it in json.loads(run.tags["nbtrack.stamp.reasons"])] == ["edited"]


def test_a_deleted_cell_is_seen_before_anything_is_saved(kernel):
    kernel.run("lr = 0.1", "c1", say(kernel, "a.ipynb", ("c1", "code", "lr = 0.1")))
    kernel.run("%%track\nloss = lr * 2", "c2", say(kernel, "a.ipynb", ("c2", "code", "%%track\nloss = lr * 2"), version=2))
    [run] = kernel.runs()
    assert [it["rule"] for it in json.loads(run.tags["nbtrack.stamp.reasons"])] == ["deleted"]


def test_a_renamed_notebook_is_known_by_its_new_name(kernel):
    for name in ("old.ipynb", "sub dir/new é.ipynb"):
        kernel.run("%%track\nloss = 0.5", "c1", say(kernel, name, ("c1", "code", "%%track\nloss = 0.5")))
    assert {run.start.tags["nbtrack.notebook"] for run in kernel.runs()} == {str(kernel.folder / "old.ipynb"), str(kernel.folder / "sub dir/new é.ipynb")}


def test_the_tag_of_a_parameters_cell_is_told(kernel):
    kernel.run("depth = 3", "c1", say(kernel, "a.ipynb", ("c1", "code", "depth = 3", ["parameters"])))
    kernel.run("%%track\nloss = 0.5", "c2", say(kernel, "a.ipynb", version=1) | {"cells": None})
    [run] = kernel.runs()
    assert run.params["depth"] == "3"


@pytest.mark.parametrize(
    "said",
    [
        {}, {"path": 3, "cells": 4}, {"path": "../../x.ipynb", "cells": [["a"]]}, {"path": "a.ipynb", "root": "\0", "cells": [[1, 2, 3]]},
        {"path": "a.ipynb", "cells": [["a", "code", "x = 1", "no tags"]]}, {"path": None, "version": [], "cells": [["a", "code", {}]]},
    ],
)  # fmt: skip
def test_whatever_else_comes_there_does_no_harm(kernel, said):
    reply = kernel.run("%%track\nloss = sum([0.25, 0.25])\nloss", "c1", said)
    assert (reply.status, reply.result, reply.stderr) == ("ok", "0.5", "")
    [run] = kernel.runs()
    assert run.metrics["loss"].last == 0.5


def test_another_front_end_that_tells_nothing_takes_nothing_over(kernel):
    kernel.run("1", "c1", say(kernel, "a.ipynb", ("c1", "code", "1")))
    kernel.run("%%track\nloss = 0.5", "c2")
    [run] = kernel.runs()
    assert "nbtrack.notebook" not in run.start.tags
