"""Reports: a run against another one, as Markdown within a size, as a page that runs nothing, and as data."""

import json
import re

import pytest
from markdown_it import MarkdownIt

import nbtrack
from nbtrack.ci import draw_html, draw_markdown
from nbtrack.ci.blocks import Block
from nbtrack.ci.report import MetricRow, Report, part_of
from nbtrack.ci.write import write

GATES = "gates:\n  good: {kind: metric, metric: acc, threshold: 0.95}\n  fine: {kind: metric, metric: acc, threshold: 0.1}\n"


def report(home, head, base, tmp_path, **facts):
    return Report("What changed", (part_of(home, head, base, tmp_path, **facts),), "Compared with base.")


def kinds(text):
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return [it for token in tokens for it in (token, *(token.children or ()))]


def test_an_improvement_a_regression_and_a_failed_gate_are_told(home, fit, tmp_path):
    (tmp_path / "nbtrack.yaml").write_text(GATES)
    base = fit("fit", {"acc": 0.80, "loss": [3.0, 1.0], "same": 1.0, "old": 2.0}, {"lr": 0.1}, ["a = 1", "b = 2"])
    head = fit("fit", {"acc": 0.90, "loss": [3.0, 2.0], "same": 1.0, "new": 3.0}, {"lr": 0.2}, ["a = 1", "b = 3"])
    nbtrack.gate(head.run_id)
    head = nbtrack.run(head.run_id)
    made = report(home, head, base, tmp_path)
    verdicts = {it.name: it.verdict for it in made.parts[0].metrics}
    assert verdicts == {"acc": "better", "loss": "worse", "same": "same", "new": "new", "old": "gone"}
    text = draw_markdown.draw(made.title, made.blocks())
    assert "1 of 2 gates failed." in text and "| acc | 0.8 | 0.9 | +0.1 (+12.5%) | better | higher |" in text.replace("\u200b", "")
    assert "| lr | 0.1 | 0.2 |" in text and "-b = 2" in text and "+b = 3" in text and "1 metric is the same" in text
    assert text.index("loss") < text.index("| acc |")  # what got worse stands first
    data = made.as_data()["runs"][0]
    assert data["base_run_id"] == base.run_id and data["gates"][0]["standing"] == "failed" and data["params"] == [{"name": "lr", "a": "0.1", "b": "0.2"}]
    assert made.metrics()["fit #2"]["acc"] == {"value": 0.9, "base": 0.8, "delta": pytest.approx(0.1), "better_is": "max", "verdict": "better"}
    json.dumps(made.as_data(), allow_nan=False)


def test_a_first_run_and_no_change_say_so(home, fit, tmp_path):
    head = fit("fit", {"acc": 0.9})
    alone = draw_markdown.draw("t", report(home, head, None, tmp_path).blocks())
    assert "nothing to compare with" in alone and "| acc | — | 0.9 |" in alone
    same = draw_markdown.draw("t", report(home, fit("fit", {"acc": 0.9}), head, tmp_path).blocks())
    assert "1 metric is the same" in same and "1 same" in same


def test_a_value_that_was_told_twice_is_no_curve(home, fit, tmp_path):
    made = report(home, fit("fit", {"acc": [0.9, 0.9], "loss": [2.0, 1.0], "dollars": 59353.4}), None, tmp_path, with_pictures=True)
    text = draw_markdown.draw("t", made.blocks())
    assert [it.name for it in made.parts[0].metrics] == ["acc", "loss", "dollars"] and "mermaid" not in text and "| 59353 |" in text


def test_a_notebook_that_failed_is_told_first_with_its_traceback(home, tmp_path):
    with pytest.raises(ZeroDivisionError), nbtrack.track("fit"):
        1 / 0  # noqa: B018
    text = draw_markdown.draw("t", report(home, nbtrack.run("fit"), None, tmp_path).blocks())
    assert "fit did not finish." in text and "ZeroDivisionError: division by zero" in text
    assert text.index("What failed") < text.index("About")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_no_improvement(value):
    assert MetricRow("a", value, 1.0, "max").verdict == ("" if value != value else "better")  # noqa: PLR0124
    assert MetricRow("a", value, value, "max").verdict == "same"
    assert json.dumps(MetricRow("a", value, 1.0, "max").as_data(), allow_nan=False)


HOSTILE = "<img src=x onerror=alert(1)>|`]()[x](javascript:alert(1)) @team #1 https://evil.example\n\n# head\n</details></script><script>alert(1)</script>"


def test_hostile_names_and_values_mean_themselves(home, fit, tmp_path):
    (tmp_path / "nbtrack.yaml").write_text(json.dumps({"gates": {HOSTILE: {"kind": "metric", "metric": HOSTILE, "threshold": 5}}}))
    base = fit("fit", {HOSTILE: [1.0, 1.5, 2.0]}, {HOSTILE: "a"}, ["a"])
    head = fit("fit", {HOSTILE: [1.0, 2.0, 3.0]}, {HOSTILE: HOSTILE}, [f"```\n{HOSTILE}\n````"])
    nbtrack.gate(head.run_id)
    made = report(home, nbtrack.run(head.run_id), base, tmp_path, with_pictures=True)
    text = draw_markdown.draw(HOSTILE, made.blocks())
    found = kinds(text)
    assert not {"link_open", "image"} & {it.type for it in found}
    html = "".join(it.content for it in found if it.type in ("html_inline", "html_block"))
    assert set(re.findall(r"</?[a-z]+", html)) <= {"<details", "</details", "<summary", "</summary"}
    assert sum(it.type == "heading_open" and it.tag == "h2" for it in found) == 1 and not any(it.tag == "h1" for it in found)
    outside = re.sub(r"(`{3,}).*?\1", "", text, flags=re.DOTALL)
    assert "@team" not in outside and "https://" not in outside
    (chart,) = [it.content for it in found if it.type == "fence" and it.info == "mermaid"]
    assert "onerror" not in chart and "evil" not in chart
    page = draw_html.draw(HOSTILE, made.blocks())
    assert "<script" not in page and "<img src=x" not in page and page.count("<h1>") == 1
    assert "default-src 'none'" in page


def test_what_does_not_fit_is_left_out_lightest_first_and_told():
    rows = tuple((f"metric {at}", "1", "2", "+1", "better", "higher") for at in range(5000))
    code = tuple((f"cell {at} edited", ("+x" * 50,) * 20) for at in range(500))
    blocks = [
        Block("Summary", ("It failed.",), weight=100),
        Block("Metrics", (), ("metric", "base", "now", "change", "", "better is"), rows, weight=75),
        Block("Notebook", (), (), (), code, is_folded=True, weight=20),
    ]
    for limit in (draw_markdown.GITHUB_COMMENT, 3000):
        text = draw_markdown.draw("t", blocks, limit)
        assert len(text.encode()) <= limit
        assert "It failed." in text and "more are left out" in text and "metric 0" in text
        assert not {"link_open"} & {it.type for it in kinds(text)}
    assert text.count("<details>") == text.count("</details>")
    assert len(draw_markdown.draw("é" * 5000, blocks, 3000).encode()) <= 3000


def test_five_hundred_stages_fit_into_a_comment_with_the_failed_ones_first_and_nothing_left_open():
    blocks = [Block("Summary", ("1 of 500 gates failed.",), ("", "run"), tuple(("✗" if at == 400 else "✓", f"stage {at}") for at in range(500)), weight=100)]
    for at in range(500):
        blocks += [
            Block(f"stage {at}", (f"run {at:08}",), weight=90),
            Block("What failed", ("it broke",), code=(("traceback", ("line",) * 20),), weight=95) if at == 400 else Block("What failed"),
            Block("Notebook", code=(("cell 1 edited", ("+x" * 50,) * 20),), is_folded=True, weight=20),
            Block("About", (f"took {at} s",), weight=70),
        ]
    for limit in (draw_markdown.GITHUB_COMMENT, 20_000):
        text = draw_markdown.draw("t", blocks, limit, "https://ci.example/job/1")
        assert len(text.encode()) <= limit and text.count("<details>") == text.count("</details>")
        assert "1 of 500 gates failed" in text and "it broke" in text and "more parts are left out" in text
        assert text.endswith("[The job, with the whole report among its files](https://ci.example/job/1)\n")
    assert "](" not in draw_markdown.draw("t", blocks[:1], link="javascript:alert(1)") and "](" not in draw_markdown.draw(
        "t", blocks[:1], link="https://x/) [y](z"
    )


def test_secrets_are_struck_out(home, fit, tmp_path):
    token = "ghp_" + "Zk3v9QpL2mX7rT5wB8nC4dF6gH1jK0sYaUeI"
    base = fit("fit", {"acc": 1.0}, {"password": "hunter2hunter", "note": "x"}, ["a = 1"])
    head = fit("fit", {"acc": 2.0}, {"password": "hunter3hunter", "note": token}, [f"a = '{token}'"])
    made = report(home, head, base, tmp_path)
    for text in (draw_markdown.draw("t", made.blocks()), draw_html.draw("t", made.blocks()), json.dumps(made.as_data())):
        assert token not in text and "hunter3" not in text


def test_the_page_holds_curves_and_figures_itself(home, fit, tmp_path):
    import matplotlib.figure

    base = fit("fit", {"loss": [3.0, 2.0, 1.0]})
    with nbtrack.track("fit"):
        for value in (3.0, 1.5, 0.5):
            nbtrack.log(loss=value)
        figure = matplotlib.figure.Figure()
        figure.subplots().plot([1, 2])
        nbtrack.figure(figure, "scores")
    made = report(home, nbtrack.run("fit"), base, tmp_path, with_pictures=True)
    page = draw_html.draw(made.title, made.blocks())
    assert page.count("data:image/svg+xml;base64,") == 1 and page.count("data:image/png;base64,") == 1
    assert not re.search(r'(src|href)="(?!data:)', page)
    text = draw_markdown.draw("t", made.blocks())
    assert "In the HTML report: scores." in text and "blue: base, orange: this change" in text and text.count("```mermaid") == 1
    assert "line [3, 2, 1]" in text and "line [3, 1.5, 0.5]" in text
    write(tmp_path / "report", made, [], home, "t", [])
    assert (tmp_path / "report" / "figures" / "fit-2-1.png").read_bytes()[:4] == b"\x89PNG"
    assert "![scores](figures/fit-2-1.png)" in (tmp_path / "report" / "report.md").read_text()
    linked = draw_markdown.draw("t", made.blocks(), link="https://ci.example/job/1", files=lambda path: f"https://ci.example/job/1/file/{path}")
    assert "[scores](https://ci.example/job/1/file/figures/fit-2-1.png)" in linked
    assert linked.endswith("[The whole report](https://ci.example/job/1/file/report.html), [The job](https://ci.example/job/1)\n")
