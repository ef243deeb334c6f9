"""Runs with all that a bundle or a restored notebook can hold, written as capture writes them."""

from __future__ import annotations

import io
import json
import time

import pytest

from nbtrack.capture.digests import of_file
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import RunStart, State
from nbtrack.journal import RunWriter, fold, new_id


def notebook(*cells, **metadata):
    """A notebook's bytes from (source, execution count, outputs, facts of nbtrack)."""
    content = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {"nbtrack": facts}, "execution_count": count, "source": source, "outputs": list(outputs)}
        for number, (source, count, outputs, facts) in enumerate(cells, 1)
    ]
    return json.dumps({"cells": content, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The notebook's folder, which is the working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def finished(home, owner, folder):
    """Makes an ended run: `finished(state=..., secret=...)`."""

    def finished(name="fit one", *, tags=None, note="", state=State.FINISHED, fill=None, ends=True):
        (folder / "numbers.csv").write_text("a,b\n1,2\n")
        tags = {"nbtrack.notebook": str(folder / "nb.ipynb"), "mlflow.user": "ada", **(tags or {})}
        start = RunStart(new_id(), name, "Trials", "sqlite:///elsewhere.db", owner.name, time.time_ns(), 2, "key", tags=tags, goal="max:acc")
        run = TrackedRun(home, start, RunWriter.create(home, start))
        run.param("lr", 0.1)
        run.param("text", "x" * 30_000)
        for step in range(5):
            run.log("loss", 1 / (step + 3), step)
        run.log("acc", 0.9375)
        run.log("huge", 2**70 + 1)
        run.tag("team", "vision")
        run.note(note or "a first try")
        run.input({
            "dataset": {"name": "numbers.csv", "digest": of_file(folder / "numbers.csv"), "source_type": "local", "source": json.dumps({"uri": "numbers.csv"})}, "tags": {},
        })  # fmt: skip
        run.artifact_bytes("notebook/document.ipynb", notebook(("x = 1", None, [], {}), ("y = x", None, [], {})))
        run.artifact_bytes("notebook/executed.ipynb", notebook(("x = 1", 1, [], {"number": 1}), ("y = x\ny", 3, [], {"number": 2, "run_id": start.run_id})))
        run.artifact_bytes("notebook/recipe.ipynb", notebook(("x = 1", None, [], {"number": 1}), ("y = x\ny", None, [], {"number": 2})))
        run.artifact_bytes("environment/requirements.txt", b"numpy==2.4.6\n")
        run.artifact_bytes("environment/environment.json", b'{"python": "3.11.9", "imported": {"numpy": "2.4.6"}}')
        run.artifact_bytes("figures/fig ä.png", b"\x89PNG\0\1")
        run.model(
            "forest", {"MLmodel": io.BytesIO(b"flavors: {}\n"), "data/model.bin": io.BytesIO(bytes(range(256)))}, flavor="sklearn", class_name="F", params={}
        )
        if fill is not None:
            fill(run)
        if ends:
            run.end(state, "" if state is State.FINISHED else "ValueError: no")
        return fold(home, run.run_id)

    return finished
