"""The HTML report of a job, looked at in Chromium; the picture in the README is taken here (NBTRACK_SHOTS=docs/img takes it anew)."""

import os
from pathlib import Path

import pytest

import nbtrack
from nbtrack.ci import draw_html
from nbtrack.ci.report import Report, part_of
from nbtrack.gates.run import gate_run
from nbtrack.journal import Home
from nbtrack.settings import load

SHOTS = os.environ.get("NBTRACK_SHOTS", "")
GATES = """
gates:
  accurate: {kind: metric, metric: accuracy, threshold: 0.85}
  no worse than before: {kind: baseline, metric: accuracy}
  no secrets: {kind: secrets}
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A report on disk: a model that got worse."""
    import matplotlib.figure

    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    home, runs = Home(tmp_path / "home"), []
    (tmp_path / "nbtrack.yaml").write_text(GATES)
    for trees, accuracy, losses in ((100, 0.9556, (1.1, 0.7, 0.5, 0.38, 0.31, 0.27)), (10, 0.9111, (1.2, 0.9, 0.66, 0.52, 0.45, 0.41))):
        with nbtrack.track("train", params={"trees": trees, "seed": 0}) as run:
            for loss in losses:
                nbtrack.log(loss=loss)
            nbtrack.log({"accuracy": accuracy, "f1": accuracy - 0.01, "<img src=x onerror=document.title='owned'>": 1.0})
            figure = matplotlib.figure.Figure(figsize=(4, 2.5))
            figure.subplots().bar(["barolo", "grignolino", "barbera"], [accuracy, accuracy - 0.05, accuracy + 0.02])
            nbtrack.figure(figure, "recall by wine")
        runs.append(nbtrack.run(run.run_id))
    base, head = runs
    gate_run(home, head.run_id, load(), tmp_path, against=base.run_id)
    part = part_of(home, nbtrack.run(head.run_id), base, tmp_path, title="train", with_pictures=True)
    made = Report("wine: what this change did", (part,), "Compared with train, made at commit 5d2a91f0, where origin/main stands.")
    path = tmp_path / "report.html"
    path.write_text(draw_html.draw(made.title, made.blocks()))
    return path


@pytest.mark.browser
def test_the_page_shows_gates_metrics_and_pictures_and_runs_nothing(written, page):
    said, asked = [], []
    page.on("console", lambda it: said.append(it.text))
    page.on("request", lambda it: asked.append(it.url))
    page.goto(written.as_uri())
    assert page.locator("h1").inner_text() == "wine: what this change did"
    assert page.title() == "wine: what this change did"
    row = page.locator("td.bad", has_text="failed").locator("xpath=..")
    assert "no worse than before" in row.inner_text() and "0.0445 worse" in row.inner_text()
    assert page.evaluate("[...document.images].every(it => it.complete && it.naturalWidth > 50)") and page.locator("img").count() == 2
    assert [it for it in asked if not it.startswith(("file:", "data:"))] == [] and said == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 900, "height": 1130})
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / "ci-report.png")
