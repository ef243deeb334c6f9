"""Gates `reproducible`, `secrets`, `notebook`, and one of a stranger."""

import json
import sys

import nbformat
import pytest

import nbtrack
from nbtrack.gates import kinds


def test_the_stamp_decides_with_its_reasons(judge, project):
    assert judge("better", {"kind": "reproducible"}).passed == (nbtrack.run("better").tags["nbtrack.stamp"] == "yes")
    with nbtrack.track("plain"):
        nbtrack.tag({"nbtrack.stamp": "no", "nbtrack.stamp.reasons": json.dumps([{"rule": "edited", "cells": [4], "text": "[4] was edited after it ran"}])})
    found = judge("plain", {"kind": "reproducible"})
    assert (found.passed, found.measured, found.why) == (False, "no", "[4] was edited after it ran")
    with nbtrack.track("bare"):
        pass
    assert judge("bare", {"kind": "reproducible"}).measured is None


def test_verified_wants_that_somebody_executed_it_again(judge, project):
    found = judge("better", {"kind": "reproducible", "level": "verified"})
    assert not found.passed and "nbtrack reproduce" in found.mend
    nbtrack.reproduce("better")
    assert judge("better", {"kind": "reproducible", "level": "verified"}).passed, nbtrack.run("better").tags


def test_a_secret_anywhere_in_the_run_fails_with_kind_and_place_and_without_its_text(judge, project):
    clean = judge("better", {"kind": "secrets"})
    assert clean.passed and clean.measured == 0, clean.why
    token = "ghp_" + "Zk3v9QpL2mX7rT5wB8nC4dF6gH1jK0sYaUeI"
    (project / "notes.txt").write_text(f"token = {token}\n")
    with nbtrack.track("leaky", params={"password": "hunter2hunter"}):
        nbtrack.artifact(project / "notes.txt")
    found = judge("leaky", {"kind": "secrets"})
    assert not found.passed and "param password" in found.why and "notes.txt line 1" in found.why
    assert token not in repr(found) and "hunter2" not in repr(found)
    assert judge("leaky", {"kind": "secrets", "allow": ["hunter2hunter", token]}).passed


def notebook(path, *cells, tagged=False):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(it) for it in cells])
    if tagged:
        made.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(made, path)


@pytest.mark.parametrize(
    ("last", "facts", "passed"),
    [
        ("metrics['accuracy'] > 0.9", {}, True),
        ("metrics['accuracy'] > 0.9999", {}, False),
        ("import numpy\nnumpy.bool_(True)", {}, True),
        ("import numpy\nnumpy.float64(metrics['accuracy'])", {"threshold": 0.9}, True),
        ("0.3", {"threshold": 0.2, "greater_is_better": False}, False),
        ("{'passed': run_name == 'better', 'measured': 3, 'wanted': 'three', 'why': 'it is so'}", {}, True),
        ("level == 2", {"params": {"level": 2}}, True),
    ],
)
def test_what_the_last_cell_of_a_notebook_gives_decides(judge, project, last, facts, passed):
    notebook(project / "look.ipynb", "level = 1", last, tagged=True)
    assert judge("better", {"kind": "notebook", "path": "look.ipynb", **facts}).passed is passed


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("print(1)", "gives nothing"),
        ("'yes'", "gives 'yes'"),
        ("0.9", "nothing says how much is enough"),
        ("float('nan')", "nothing says"),
        ("1 / 0", "stopped in cell 2: ZeroDivisionError: division by zero"),
        ("import os; os._exit(3)", "the kernel died"),
    ],
)
def test_a_notebook_that_says_nothing_clear_does_not_pass(judge, project, last, why):
    notebook(project / "look.ipynb", "level = 1", last)
    before = (project / "look.ipynb").read_bytes()
    found = judge("better", {"kind": "notebook", "path": "look.ipynb"})
    assert (not found.passed and why in found.why and "by hand" in found.mend) or "dict with passed" in found.mend or "threshold" in found.mend
    assert (project / "look.ipynb").read_bytes() == before


def test_a_notebook_gets_the_model(judge, project):
    notebook(project / "look.ipynb", "import mlflow.sklearn", "type(mlflow.sklearn.load_model(model)).__name__ == 'Pipeline'")
    assert judge("better", {"kind": "notebook", "path": "look.ipynb"}).passed
    gone = judge("better", {"kind": "notebook", "path": "gone.ipynb"})
    assert not gone.passed and "gone.ipynb" in gone.why


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a distribution with gates of a stranger, as pip would leave it."""

    def installed(source: str, **points: str) -> None:
        place = tmp_path / "site"
        info = place / "strange-1.0.dist-info"
        info.mkdir(parents=True)
        (place / "strange_gates.py").write_text(source)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[nbtrack.gates]\n" + "".join(f"{name} = {value}\n" for name, value in points.items()))
        monkeypatch.syspath_prepend(str(place))
        renew()

    yield installed
    sys.modules.pop("strange_gates", None)
    monkeypatch.undo()
    renew()


def renew():
    """What a new process would find."""
    import importlib

    from nbtrack.gates import spec

    kinds.cache_clear()
    importlib.reload(spec)


STRANGE = """
from typing import Literal
from nbtrack.gates import Found, GateSpec, Subject

class Weekday(GateSpec):
    kind: Literal["weekday"]
    day: str

    def check(self, subject: Subject) -> Found:
        if self.day == "never":
            raise KeyError("no such day")
        return Found(self.day == "monday", self.day, "monday", f"{subject.view.name} on {self.day}")

class Bare:
    pass
"""


def test_a_strangers_gate_is_read_checked_and_judged_like_ours(judge, installed, project):
    from nbtrack.errors import SpecError
    from nbtrack.gates import spec

    installed(STRANGE, weekday="strange_gates:Weekday", bare="strange_gates:Bare", gone="strange_gates:Gone", metric="strange_gates:Weekday")

    def verdict(**facts):
        (project / "nbtrack.yaml").write_text(json.dumps({"gates": {"it": facts}}))
        return nbtrack.gate("better").verdicts.verdicts[0]

    assert verdict(kind="weekday", day="monday").passed
    assert verdict(kind="weekday", day="sunday").why == "better on sunday"
    failed = verdict(kind="weekday", day="never")
    assert not failed.passed and "the gate itself failed: KeyError" in failed.why
    for kind, why in (("bare", "no class derived from"), ("gone", "cannot be loaded: AttributeError")):
        with pytest.raises(SpecError, match=why):
            verdict(kind=kind)
    with pytest.raises(SpecError, match="did you mean 'day'"):
        verdict(kind="weekday", dya="monday")
    assert spec.read_gates is not None and kinds()[0]["metric"].__module__ == "nbtrack.gates.metric"
