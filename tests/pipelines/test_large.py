"""A thousand stages, of which one has no result yet; five hundred notebooks: what `nbtrack ci` finds of a change among them, and a report of as many runs."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from junitparser import JUnitXml

import nbtrack
from nbtrack.ci import draw_markdown
from nbtrack.ci.junit import suite_of
from nbtrack.ci.report import Report, part_of
from nbtrack.ci.write import write
from nbtrack.journal import Home
from nbtrack.pipelines.cache import Entry
from nbtrack.pipelines.open import Wanted, open_pipeline

COUNT, STAGES = 500, 1000


def git(folder, *words):
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.mark.timeout(600)
def test_of_a_thousand_stages_one_after_the_other_the_one_without_a_result_runs(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("n = 0", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell("print(n)")])
    nbformat.write(book, tmp_path / "a.ipynb")
    stages = {f"s{at}": {"notebook": "a.ipynb", "params": {"n": at}, "needs": [f"s{at - 1}"] if at else []} for at in range(STAGES)}
    (tmp_path / "nbtrack.yaml").write_text(json.dumps({"name": "long", "stages": stages}))
    found, made = open_pipeline(Wanted(tmp_path / "nbtrack.yaml")), {}
    for node in list(found.graph.nodes.values())[:-1]:  # as if all but the last had run
        decision = found.decider.decide(node, made)
        assert found.cache.put(Entry(decision.key, node.id, "0" * 32, f"{node.id}#1", {}, decision.facts, 1, 1.0), tmp_path)
        made[node.id] = {}
    command = [sys.executable, "-m", "nbtrack", "run", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    phases = [row["phase"] for row in json.loads(done.stdout)["stages"].values()]
    assert phases == ["cached"] * (STAGES - 1) + ["done"]


@pytest.mark.timeout(600)
def test_of_five_hundred_notebooks_the_one_that_changed_is_run(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for at in range(COUNT):
        cells = [nbformat.v4.new_code_cell(f"import helper\nx = {at}", id="a"), nbformat.v4.new_code_cell("import nbtrack\nnbtrack.log(x=x)", id="b")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"n{at}.ipynb")
    (folder / "helper.py").write_text("y = 1\n")
    (folder / ".gitignore").write_text(".nbtrack/\nnbtrack-report/\nmlflow.db\nmlruns/\n__pycache__/\n")
    stages = {f"s{at}": {"notebook": f"n{at}.ipynb"} for at in range(COUNT)}
    (folder / "nbtrack.yaml").write_text(json.dumps({"name": "many", "stages": stages}))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")

    def ci():
        command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "ci", "--changed-only", "--base", "main", "--no-run-base"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads((folder / "nbtrack-report" / "report.json").read_text())

    assert ci()["runs"] == []
    git(folder, "checkout", "-qb", "feature")
    text = (folder / "n250.ipynb").read_text()
    (folder / "n250.ipynb").write_text(text.replace("x = 250", "x = 251"))
    git(folder, "commit", "-qam", "one")
    found = ci()
    assert [it["title"] for it in found["runs"]] == ["s250"] and "n250.ipynb changed (s250)" in found["base"]


@pytest.mark.timeout(600)
def test_a_report_of_five_hundred_runs_is_written_whole_and_its_comment_fits(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    home, parts = Home(tmp_path / "home"), []
    monkeypatch.setenv("NBTRACK_HOME", str(home.root))
    with nbtrack.track("base") as base:
        for value in (3.0, 2.0, 1.0):
            nbtrack.log({"loss": value, "acc": 0.5})
    before = nbtrack.run(base.run_id)
    for at in range(COUNT):
        with nbtrack.track(f"stage {at}", params={"lr": at}) as run:
            for value in (3.0, 2.0, at / COUNT):
                nbtrack.log({"loss": value, "acc": at / COUNT})
        parts.append(part_of(home, nbtrack.run(run.run_id), before, tmp_path, title=f"stage {at}", with_pictures=True))
    made = Report("many", tuple(parts), "Compared with base.")
    write(tmp_path / "report", made, [suite_of(home, it.head, it.title) for it in parts], home, "many", [])
    text = draw_markdown.draw(made.title, made.blocks(), draw_markdown.GITHUB_COMMENT)
    assert len(text.encode()) <= draw_markdown.GITHUB_COMMENT and "are left out" in text and "| ✓ | stage 0 |" in text
    page = (tmp_path / "report" / "report.html").read_text()
    assert page.count("<h2>") > COUNT and page.count("data:image/svg+xml") == COUNT
    assert (tmp_path / "report" / "report.md").read_text().count("```mermaid") == 12
    assert sum(1 for _ in JUnitXml.fromfile(str(tmp_path / "report" / "junit.xml"))) == COUNT
    assert len(json.loads((tmp_path / "report" / "report.json").read_text())["runs"]) == COUNT
    assert (Path("report") / "metrics.json").exists()
