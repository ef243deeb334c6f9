"""Reports as they are drawn, in Markdown and HTML: a change in `tests/golden` is a change that people see. WRITE_GOLDEN=1 writes them anew."""

import os
import re
from pathlib import Path

import pytest

import nbtrack
from nbtrack.ci import draw_html, draw_markdown
from nbtrack.ci.report import Missing, Report, part_of
from nbtrack.gates.run import gate_run
from nbtrack.settings import load

GOLDEN = Path(__file__).parents[2] / "golden"
GATES = """
gates:
  good: {kind: metric, metric: accuracy, threshold: 0.85}
  quick: {kind: metric, metric: seconds, threshold: 10, severity: warning}
  no worse: {kind: baseline, metric: accuracy}
  small: {kind: size, of: "*", max_mb: 0.000001, waiver: {who: Ann, why: the disk is new, until: 2099-12-31}}
"""
CELLS = (["import wine", "forest = fit(trees=100)", "print(forest)"], ["import wine", "forest = fit(trees=10)  # quicker", "print(forest)"])


@pytest.fixture
def report(home, fit, tmp_path):
    """A pipeline of three stages: one got worse, one is as it was, one did not run."""
    (tmp_path / "nbtrack.yaml").write_text(GATES)
    base = fit("train", {"accuracy": 0.91, "loss": [0.9, 0.4, 0.2], "seconds": 12.0, "gone": 1.0}, {"trees": 100, "seed": 0}, CELLS[0])
    head = fit("train", {"accuracy": 0.875, "loss": [0.8, 0.3, 0.1], "seconds": 12.0, "f1 | new": 0.8}, {"trees": 10, "seed": 0}, CELLS[1])
    gate_run(home, head.run_id, load(), tmp_path, against=base.run_id)
    head = nbtrack.run(head.run_id)
    same = fit("prepare", {"rows": 10.0}, {}, ["load()"])
    parts = (
        part_of(home, head, base, tmp_path, title="train", with_pictures=True),
        part_of(home, same, same, tmp_path, title="prepare", with_pictures=True, is_cached=True),
    )
    how = f"Compared with runs made at commit 1a2b3c4d, where origin/main stands: {base.run_id[:8]}."
    return Report("wine: what this change did", parts, how, (Missing("publish", "waiting", "train did not pass its gates"),))


def masked(text):
    """Without what differs from run to run: ids, times, the bytes of pictures."""
    text = re.sub(r"data:([\w/+]+);base64,[\w+/=]+", r"data:\1;base64,PICTURE", text)
    text = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b(?!-)", lambda it: it[0] if it[0] == "1a2b3c4d" else "RUN", text)
    return re.sub(r"(?<![\w.])\d+(\.\d+)? m?s\b|\b< ?\d+ m?s\b", "TIME", text)


@pytest.mark.parametrize(("name", "draw"), [("report.md", draw_markdown.draw), ("report.html", draw_html.draw)])
def test_a_report_is_drawn_as_it_was(report, name, draw):
    text = masked(draw(report.title, report.blocks()))
    if os.environ.get("WRITE_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text()
