"""What `make lab` opens: the quickstart and a pipeline beside it, in a JupyterLab that has all of nbtrack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from live_lab import CELLS, Server, badge, command, open_in, run_cell

from nbtrack import courier
from nbtrack.journal import Home
from nbtrack.reads import all_runs

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LEFT_OUT = shutil.ignore_patterns("build", ".nbtrack", "mlruns", "mlflow.db", "nbtrack-report", "__pycache__")


@pytest.fixture
def demo(tmp_path):
    """As the Makefile starts it, on a copy: the one of whoever works here stays as it is."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=LEFT_OUT)
    server = Server(tmp_path / ".demo", "lab", program=(str(tmp_path / "examples" / "demo.py"), "--lab"))
    server.root.mkdir()
    home = Home(server.root / "journal")
    with server:
        yield server, home
    for store in courier.known_stores(home):
        courier.stop(home, store)


@pytest.mark.browser
def test_make_lab_opens_the_demo(demo, page, until):
    server, home = demo
    open_in(page, server, "quickstart.ipynb")
    page.wait_for_function(f"() => {CELLS}.length > 10")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    sources = page.evaluate(f"[...{CELLS}].map(cell => cell.type === 'code' ? cell.sharedModel.getSource() : '')")
    tracked = next(at for at, source in enumerate(sources) if source.startswith("%%track"))
    for at in range(tracked + 1):
        if sources[at]:
            run_cell(page, at)
    badge(page, "accuracy")
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side [role=option]").first.wait_for()
    assert [view.tags["nbtrack.notebook"] for view in all_runs(home)] == [str(server.root / "quickstart.ipynb")]
    until(lambda: all_runs(home)[0].is_delivered, 120)
    assert (server.root / "mlflow.db").exists()  # beside the notebook
    page.locator(".nbt-status", has_text="nbtrack: delivered").wait_for()
    command(page, "nbtrack:open-pipeline", "{path: 'housing/nbtrack.yaml'}")
    page.locator(".nbt-box").nth(2).wait_for()
