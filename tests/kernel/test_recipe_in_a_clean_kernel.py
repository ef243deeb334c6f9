"""For generated programs, executed in random orders in a real kernel: the recipe in a clean kernel gives the same, or the stamp names the reason."""

from __future__ import annotations

import inspect
import json
import re
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nbtrack import settings as nbtrack_settings
from nbtrack.replay.reproduce import reproduce
from tests.kernel.conftest import Kernel
from tests.unit.notebooks.test_recipe_property import FIRST, NAMES, cell, program, shown

_SHOW = "try:\n    print('{0}', shown({0}))\nexcept NameError:\n    print('no {0}')\n"


@pytest.fixture(autouse=True)
def undelivered(monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(cells=program, data=st.data())
def test_the_recipe_in_a_clean_kernel_gives_the_same_or_the_stamp_says_why_not(kernel_env, until, cells, data):
    order = data.draw(st.lists(st.integers(0, len(cells) - 1), min_size=2, max_size=9))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        kernel = Kernel(Path(folder), kernel_env | {"NBTRACK_HOME": str(home), "NBTRACK_NOTEBOOK": str(Path(folder) / "nb.ipynb")})
        try:
            for at, source in enumerate(["%load_ext nbtrack", *FIRST, inspect.getsource(shown)]):
                kernel.run(source, f"first{at}")
            for index in order[:-1]:
                if data.draw(st.integers(0, 5)) == 0:
                    cells = [*cells]
                    cells[index] = data.draw(cell)
                kernel.run(cells[index], f"c{index}")
            last = kernel.run(_tracked(cells[order[-1]]), f"c{order[-1]}")
            assert last.status == "ok", last.traceback
            view = until(lambda: next((it for it in kernel.runs() if any(file.path == "notebook/executed.ipynb" for file in it.artifacts)), None))
        finally:
            kernel.stop()
        found = reproduce(kernel.home, view, nbtrack_settings.load(), timeout_s=240)
        if str(found.answer) != "identical":
            told = {it["rule"] for it in json.loads(view.tags["nbtrack.stamp.reasons"])}
            assert not told <= {"dirty git", "no document"}, (found.why, order, cells)


def _tracked(source: str) -> str:
    """The cell as a run that tells what it left in the names that stand in it, whatever it raises."""
    shows = "".join(_SHOW.format(name) for name in NAMES if re.search(rf"\b{name}\b", source))
    return f"%%track run\ntry:\n{textwrap.indent(source, '    ')}\nexcept Exception as e:\n    print(type(e).__name__)\n{shows}"
