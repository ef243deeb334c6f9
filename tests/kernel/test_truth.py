"""Hidden state is told: each scenario's run has the stamp and the recipe it must have, and what its reproduction comes to is so."""

from __future__ import annotations

import json
import time

import pytest

from nbtrack import settings
from nbtrack.journal import blobs
from nbtrack.replay.reproduce import reproduce
from tests.kernel.scenarios import SCENARIOS, VERDICTS


class Notebook:
    """A notebook file, and the kernel its cells are executed in."""

    def __init__(self, kernel, cells):
        self.kernel, self.cells = kernel, dict(cells)
        self.saved = dict(cells)
        self.path = kernel.folder / "nb.ipynb"
        self.save()

    def save(self):
        self.saved = dict(self.cells)
        self._write()
        time.sleep(0.02)  # the file is older than what runs next

    def _write(self):
        cells = [
            {"cell_type": "code", "execution_count": None, "id": name, "metadata": {}, "outputs": [], "source": source.splitlines(keepends=True)}
            for name, source in self.saved.items()
        ]
        self.path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1))

    def do(self, scenario):
        edits, files, reply = list(scenario.edits), list(scenario.files), None
        steps = [step.strip().split() for step in scenario.steps.split(";")]
        if ["load"] not in steps:
            self.kernel.run("%load_ext nbtrack")
        for verb, *what in steps:
            name = what[0] if what else ""
            if verb == "load":
                self.kernel.run("%load_ext nbtrack")
            elif verb == "run":
                reply = self.kernel.run(self.cells[name], name)
            elif verb == "interrupt":
                sent = self.kernel.send(self.cells[name], name)
                self._until_it_prints(sent)
                self.kernel.manager.interrupt_kernel()
                assert self.kernel.answer(sent).ename == "KeyboardInterrupt"
            elif verb == "write":
                time.sleep(0.02)
                (self.kernel.folder / name).write_text(files.pop(0))
            elif verb == "delete":
                del self.cells[name]
                self.save()
            else:
                self.cells[name] = edits.pop(0)
                if verb == "edit":
                    self.save()
        return reply

    def _until_it_prints(self, sent):
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=60)
            if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == sent:
                return


@pytest.fixture
def kernel_env(kernel_env, tmp_path):
    return kernel_env | {"NBTRACK_NOTEBOOK": str(tmp_path / "work" / "nb.ipynb")}


@pytest.fixture(autouse=True)
def undelivered(monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda it: it.name)
def test_hidden_state_has_its_stamp_and_recipe_and_reproduces_or_says_why_not(bare_kernel, scenario, until):
    if scenario.needs:
        pytest.importorskip(scenario.needs)
    cells = dict(scenario.cells)
    if not scenario.fails:
        cells["r"] += "\nprint(z)"  # something to compare
    reply = Notebook(bare_kernel, cells).do(scenario)
    assert reply.status == ("error" if scenario.fails else "ok"), reply.traceback + reply.stderr
    run = bare_kernel.runs()[0]
    reasons = json.loads(run.tags["nbtrack.stamp.reasons"])
    assert run.tags["nbtrack.stamp"] == scenario.answer, reasons
    assert sorted({it["rule"] for it in reasons} - {"dirty git"}) == sorted(scenario.rules), reasons
    assert all(set(it) == {"rule", "cells", "text"} and it["text"] for it in reasons)
    if scenario.answer != "yes":
        assert f"reproducible: {scenario.answer}" in reply.shown[-1]
    view = until(lambda: next((it for it in bare_kernel.runs()[:1] if any(file.path == "notebook/executed.ipynb" for file in it.artifacts)), None))
    recipe = json.loads(artifact(bare_kernel, view, "notebook/recipe.ipynb"))
    assert numbers(recipe, scenario) == scenario.recipe
    found = reproduce(bare_kernel.home, view, settings.load(), timeout_s=240)
    assert str(found.answer) == VERDICTS.get(scenario.name, "identical"), found.why


def test_every_verdict_is_that_of_a_scenario():
    assert VERDICTS.keys() <= {it.name for it in SCENARIOS}


def artifact(kernel, run, path):
    return blobs.get_bytes(kernel.home, {it.path: it.blob for it in run.artifacts}[path])


def numbers(recipe, scenario):
    """The recipe's cells as the scenario counts: the cell that loads the extension is not one of its own."""
    steps = [step.split() for step in scenario.steps.split(";")]
    loaded = 1 + sum(step[0] in ("run", "interrupt") for step in (steps[: steps.index(["load"])] if ["load"] in steps else []))
    found = [number for cell in recipe["cells"] for number in cell["metadata"]["nbtrack"]["numbers"]]
    is_in_order = found == sorted(found) or recipe["cells"][0]["metadata"].get("tags") == ["parameters"]
    return " ".join(str(number - (number > loaded)) for number in (sorted(set(found)) if is_in_order else found))
