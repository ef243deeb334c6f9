"""The HTML report of a job, looked at in Chromium; the picture in the README is taken here (NBTRACK_SHOTS=docs/img takes it anew)."""

import os
import re
from pathlib import Path

import pytest

import nbtrack
from nbtrack.ci import draw_html, draw_markdown, draw_mermaid
from nbtrack.ci.blocks import Chart
from nbtrack.ci.report import Report, part_of
from nbtrack.gates.run import gate_run
from nbtrack.journal import Home
from nbtrack.settings import load

SHOTS = Path(os.environ["NBTRACK_SHOTS"]).absolute() if os.environ.get("NBTRACK_SHOTS") else None
MERMAID = Path(__file__).parents[2] / "labextension" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
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
    (tmp_path / "report.md").write_text(draw_markdown.draw(made.title, made.blocks()))
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
    page.wait_for_function("document.images.length === 2 && [...document.images].every(it => it.complete && it.naturalWidth > 50)")
    assert [it for it in asked if not it.startswith(("file:", "data:"))] == [] and said == []
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 420, "height": 800})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 900, "height": 1150})
    if SHOTS:
        page.screenshot(path=SHOTS / "ci-report.png")


@pytest.mark.browser
def test_the_curves_of_a_comment_are_drawn_by_mermaid(written, page):
    """As GitHub and GitLab draw them: what they show in place of the code."""
    codes = re.findall(r"```mermaid\n(.*?)\n```", written.with_name("report.md").read_text(), re.DOTALL)
    assert len(codes) == 1
    for chart in (
        Chart("t", ((1e-9, -2e-9, 3e-12), (0.0, 1e-9, 1e-9)), (0, 10**12), -2e-9, 1e-9),
        Chart("t", ((-1e300, 1e300),), (-5, 5), -1e300, 1e300),
        Chart("t", ((7.0, 7.0, 7.0),), (1, 3), 7.0, 7.0),
        Chart("t", ((1000.0001, 1000.0002),), (1, 3), 1000.0001, 1000.0002),
    ):
        codes.append("\n".join(draw_mermaid.lines(chart)))
    page.goto("about:blank")
    page.add_script_tag(path=MERMAID)
    page.evaluate("mermaid.initialize({startOnLoad: false})")
    for number, code in enumerate(codes):
        page.evaluate("async ([id, code]) => { document.body.insertAdjacentHTML('beforeend', (await mermaid.render(id, code)).svg) }", [f"chart{number}", code])
        drawn = page.locator(f"#chart{number}")
        lines = drawn.locator("g[class^=line-plot] path")
        assert lines.count() == code.count("\nline ")
        assert all("NaN" not in lines.nth(at).get_attribute("d") for at in range(lines.count()))
    colours = page.locator("#chart0 g[class^=line-plot] path").evaluate_all("found => found.map(it => it.getAttribute('stroke'))")
    assert colours == [draw_mermaid.BASE, draw_mermaid.HEAD]
