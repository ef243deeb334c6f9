"""Notebooks on disk, and what runs them."""

from __future__ import annotations

import os

import nbformat
import psutil
import pytest

from nbtrack.pipelines.processes import TOKEN


def write_notebook(path, *cells, parameters=None, kernel="python3", language="python"):
    """A notebook of these sources; the parameters cell stands first."""
    new = nbformat.v4
    made = [new.new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters is not None else []
    made += [new.new_code_cell(source) for source in cells]
    metadata = {"kernelspec": {"name": kernel, "language": language, "display_name": kernel}} if kernel else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new.new_notebook(cells=made, metadata=metadata), path)
    return path


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook: `notebook("train.ipynb", "x = 1", parameters="lr = 0.1")`."""

    def notebook(name, *cells, **facts):
        return write_notebook(tmp_path / name, *cells, **facts)

    return notebook


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch, store):
    """No kernel of a test outlives it, and none of its processes."""
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("NBTRACK_TRACKING_URI", store)
    before = set(psutil.pids())
    yield
    left = []
    for process in psutil.process_iter():
        if process.pid in before or process.pid == os.getpid():
            continue
        try:
            if process.environ().get(TOKEN) and process.status() != psutil.STATUS_ZOMBIE and str(os.environ["NBTRACK_HOME"]) in str(process.environ()):
                left.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    assert left == []


@pytest.fixture
def end_what_a_kill_left(nothing_left, home):
    """A kernel that was only about to be told of ends by itself soon after its runner was killed; the tests do not wait for that."""
    yield
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN) and process.environ().get("NBTRACK_HOME") == str(home.root):
                process.kill()
                process.wait(10)
        except psutil.Error:
            continue
