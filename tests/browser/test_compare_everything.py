"""Every tab of a comparison in JupyterLab: of the demo's runs, and of ten thousand that a store alone has."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import pytest
from live_lab import open_in, run_all

from nbtrack import courier
from nbtrack.journal import Home
from tests.benchmarks.filled import fill

pytestmark = pytest.mark.browser
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.ipynb"
RUNS = 10_000
SIGNS = {
    "Curves": ".nbt-plot canvas",
    "Parallel coordinates": "canvas",
    "Scatter": "canvas",
    "Importance": ".nbt-share",
    "What changed": ".nbt-difference",
    "Figures": ".nbt-figures img, .nbt-empty",
    "Statistics": ".nbt-interval",
    "Table": ".nbt-row:not(.nbt-head)",
}


def through(view, **signs):
    """Each tab shows what it is for, and none of it is an error."""
    for name, sign in (SIGNS | signs).items():
        view.get_by_role("tab", name=name, exact=True).click()
        view.locator(sign).first.wait_for()
        assert view.get_by_role("alert").count() == 0, f"{name}: {view.get_by_role('alert').first.inner_text()}"


def test_every_tab_shows_the_demos_runs(lab, page, word):
    quickstart = json.loads(QUICKSTART.read_text("utf-8"))
    name = f"quickstart-{word}.ipynb"
    for number, cell in enumerate(quickstart["cells"]):
        cell["id"] = f"cell-{number}"
    last = {
        "cell_type": "code",
        "id": "compared",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": f"%track compare notebook:quickstart-{word}",
    }
    quickstart["cells"].append(last)
    (lab.root / name).write_text(json.dumps(quickstart), "utf-8")
    open_in(page, lab, name)
    run_all(page)
    view = page.locator(".nbtrack-still.nbt-live").last
    view.locator(".nbt-row", has_text="softmax").first.wait_for()
    view.locator(".nbt-row", has_text="C=0.01").first.wait_for()
    through(view)


@pytest.mark.timeout(1200)  # MLflow's store is asked for 500 curves, which takes a busy machine minutes
def test_every_tab_works_with_ten_thousand_runs_of_a_store(lab, page, word, migrated_database, tmp_path):
    store = tmp_path / "many.db"
    shutil.copyfile(migrated_database, store)
    fill(store, RUNS)
    home = Home(tmp_path / "many")
    settle = "\n".join(
        [
            "import os",
            f"os.environ.update({{'NBTRACK_HOME': {str(home.root)!r}, 'NBTRACK_DELIVERY': '1', 'MLFLOW_TRACKING_URI': 'sqlite:///{store}'}})",
            "%load_ext nbtrack",
        ]
    )
    name = f"many-{word}-{uuid.uuid4().hex[:4]}.ipynb"
    lab.notebook(name, settle, "import nbtrack; view = nbtrack.compare(metric='metric_0'); view")
    try:
        open_in(page, lab, name)
        run_all(page)
        view = page.locator(".nbtrack-still.nbt-live")
        view.get_by_text(f"{RUNS:,} runs", exact=True).wait_for()
        through(view)
        view.get_by_label("Filter").fill("param_1<0.01 and metric_0>.5")
        view.get_by_text(f"of {RUNS:,} runs").wait_for()
        view.locator(".nbt-row:not(.nbt-head)").first.wait_for()
    finally:
        for known in courier.known_stores(home):
            courier.stop(home, known)
