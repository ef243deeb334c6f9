"""The comparison as a saved page, which needs no server: its table and its other tabs, in light, dark and narrow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import seeded
from comparison import HOSTILE, page_answers
from live_lab import two_frames
from playwright.sync_api import expect

from nbtrack.widgets.page import page as write_page

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
EMPTY = ("Table", "Curves", "Parallel coordinates", "Scatter", "Importance", "What changed", "Figures", "Statistics")
WORDS = {"name", "before", "after", "title", "blocks", "notes", "says", "label", "labels", "sentences", "method", "warning", "rows", "path"}
"""Of answers, what people read."""


def names(page):
    page.locator('[role="rowheader"] .nbt-title').first.wait_for()
    return [cell.inner_text().strip() for cell in page.locator('[role="rowheader"] .nbt-title').all()]


def violations(page):
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run('#nbtrack', {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")["violations"]
    return [(rule["id"], node["html"][:200], node["failureSummary"]) for rule in found for node in rule["nodes"]]


def test_a_click_on_a_head_sorts_and_missing_values_come_last(shown):
    page = shown(seeded.runs(30))
    head = page.get_by_role("columnheader", name="acc")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    page.locator(".nbt-grid").focus()
    page.keyboard.press("End")
    last = page.locator(".nbt-row.nbt-active")
    expect(last.locator(".nbt-number").nth(2)).to_have_text(re.compile("^(NaN)?$"))
    page.keyboard.press("Home")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")


def test_the_filter_speaks_the_query_language_and_says_what_is_wrong(shown):
    page = shown(seeded.runs(30))
    box = page.get_by_label("Filter")
    box.fill("lr=0.1 and owner:ana")
    expected = seeded.matching(seeded.runs(30), {"param/lr": "0.1", "tag/owner": "ana"})
    page.get_by_text(f"{expected} of 30 runs").wait_for()
    box.fill("lr<small")
    expect(page.get_by_role("alert")).to_contain_text("is not a number")
    box.fill("")
    page.get_by_text("30 runs", exact=True).wait_for()


def test_keys_select_pin_and_open(shown):
    page = shown(seeded.runs(30))
    page.locator(".nbt-grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.get_by_text("1 selected").wait_for()
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_text("2 selected").wait_for()
    page.keyboard.press("b")
    page.locator(".nbt-base").wait_for()
    page.locator(".nbt-delta").nth(3).wait_for()
    page.keyboard.press("Enter")
    page.locator(".nbt-details").wait_for()
    page.keyboard.press("Escape")
    page.locator(".nbt-details").wait_for(state="detached")
    page.get_by_role("tab", name="Table").focus()
    for key, name in {"ArrowRight": "Curves", "End": "Statistics", "ArrowLeft": "Figures", "Home": "Table"}.items():
        page.keyboard.press(key)
        expect(page.get_by_role("tab", name=name)).to_be_focused()
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def test_groups_show_mean_spread_and_number(shown):
    page = shown(seeded.runs(30))
    page.get_by_label("Group by").select_option("lr")
    expect(page.locator(".nbt-group", has_text="±")).to_have_count(3)
    assert {name.partition("=")[0] for name in names(page)} == {"lr"}
    page.locator(".nbt-grid").focus()
    page.keyboard.press("Enter")
    page.locator(".nbt-row:not(.nbt-group, .nbt-head)").nth(3).wait_for()


def test_columns_are_chosen_and_those_that_do_not_differ_go(shown):
    page = shown(seeded.runs(30))
    expect(page.get_by_role("columnheader", name="p0")).to_have_count(1)
    page.get_by_label("Only what differs").check()
    expect(page.get_by_role("columnheader", name="p0")).to_have_count(0)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Find a column").fill("acc best")
    page.get_by_label("acc best").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="acc best")).to_have_count(1)


def test_ten_thousand_runs_are_sorted_and_filtered_at_once(shown, record_property):
    page = shown(seeded.runs(10_000))
    page.get_by_text("10,000 runs").wait_for()
    assert page.locator(".nbt-row").count() < 60
    took = {}
    for what, act in {
        "sort": "document.querySelectorAll('.nbt-head button')[5].click()",
        "sort texts": "document.querySelectorAll('.nbt-head button')[1].click()",
        "filter": "{const box = document.querySelector('.nbt-filter'); box.value = 'lr<0.1 and acc>.9 owner:ana'; box.dispatchEvent(new Event('input', {bubbles: true}))}",
        "find": "{const box = document.querySelector('.nbt-filter'); box.value = 'calm'; box.dispatchEvent(new Event('input', {bubbles: true}))}",
    }.items():
        # Until what changed was painted: two frames after the rows changed
        took[what] = page.evaluate(
            f"""() => new Promise((done, fail) => {{
                setTimeout(() => fail(new Error('no row changed')), 60000);
                const began = performance.now();
                const watch = new MutationObserver(() => {{ watch.disconnect(); requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))); }});
                watch.observe(document.querySelector('.nbt-canvas'), {{childList: true, subtree: true, characterData: true}});
                {act};
            }})"""
        )
    print("\nmilliseconds with 10,000 runs:", {what: round(ms) for what, ms in took.items()})
    record_property("took_ms", json.dumps(took))
    expect(page.locator('[role="rowheader"] .nbt-title').first).to_contain_text(re.compile("^calm"))


def test_hostile_names_and_values_are_shown_as_text(shown):
    runs = seeded.runs(len(HOSTILE))
    for column in runs["columns"]:
        if column["key"] in ("info/name", "param/optimizer", "tag/owner", "info/note"):
            column["values"] = list(HOSTILE)
    for number, name in enumerate(HOSTILE[:6]):
        runs["columns"].append(
            {"key": f"param/{name}", "kind": "param", "name": name, "type": "text", "better": "", "values": [HOSTILE[number]] * len(HOSTILE)}
        )
        metric = next(column for column in runs["columns"] if column["key"] == "metric/acc")
        runs["columns"].append({**metric, "key": f"metric/{name}", "name": name})
    told = iter(HOSTILE * 1000)

    def hostile(value, key=""):
        """The same with other words in place of all that a tab shows."""
        if isinstance(value, dict):
            return {key: hostile(it, key) for key, it in value.items()}
        if isinstance(value, (list, tuple)):
            return [hostile(it, key) for it in value]
        return next(told) if isinstance(value, str) and key in WORDS else value

    given = [(ask, answer if ask["ask"] == "curves" else hostile(answer)) for ask, answer in page_answers(runs)]
    page = shown(runs, given=given)
    assert names(page)[:2] == HOSTILE[:2]
    signs = {
        "Curves": ".nbt-plot canvas",
        "Parallel coordinates": "canvas",
        "Scatter": "canvas",
        "Importance": ".nbt-share",
        "What changed": ".nbt-difference",
        "Figures": ".nbt-figures figure",
        "Statistics": ".nbt-interval",
        "Table": ".nbt-row",
    }
    for name, sign in signs.items():
        page.get_by_role("tab", name=name, exact=True).click()
        page.locator(sign).first.wait_for()
        assert page.evaluate("window.hacked") is None, name
        assert page.locator("#nbtrack script, #nbtrack iframe, #nbtrack [onerror], #nbtrack [onload], #nbtrack a").count() == 0, name
    page.locator(".nbt-row:not(.nbt-head)").nth(1).dblclick()
    page.locator(".nbt-details td").first.wait_for()
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"count": 0}, dict.fromkeys(EMPTY, "No runs yet.")),
        ({"count": 1}, {"What changed": "There is one run"}),
        ({"count": 3, "metrics": 0}, {"Curves": "nbtrack.log(loss=loss", "Importance": "nbtrack.log(acc=0.9)", "Statistics": "nbtrack.log(acc=0.9)"}),
        ({"count": 6, "params": 500}, {}),
    ],
    ids=["none", "one", "no metrics", "500 params"],
)
def test_few_and_odd_runs_break_nothing_and_each_tab_says_what_it_lacks(shown, facts, told):
    page = shown(seeded.runs(**facts))
    said = set()
    for name in EMPTY:
        page.get_by_role("tab", name=name, exact=True).click()
        if name in told:
            empty = page.locator("[role=tabpanel] .nbt-empty")
            expect(empty).to_contain_text(told[name])
            said.add(empty.inner_text())
        page.wait_for_function("() => document.querySelector('[role=tabpanel]').innerText !== '' || document.querySelector('.nbt canvas')")
    assert len(said) == len(told), "no tab says what another says"
    if facts["count"] > 1:
        page.get_by_role("tab", name="Scatter").click()
        x, y = page.locator("[role=tabpanel] select").nth(0), page.locator("[role=tabpanel] select").nth(1)
        assert x.input_value() != y.input_value()


def test_values_and_curves_beyond_what_axes_can_count_are_shown(shown):
    runs = seeded.runs(2)
    ends = {"huge": [1e16, 1e16 + 2], "far": [-1e308, 1e308], "time": [1.79e18, 1.79e18 + 256], "ill": ["NaN", "-Infinity"], "point": [1.0, 1.0]}
    for name, last in ends.items():
        parts = dict.fromkeys(("last", "best", "lowest", "highest"), last)
        runs["columns"].append(
            {"key": f"metric/{name}", "kind": "metric", "name": name, "type": "number", "better": "lower", **parts, "step": [1, 1], "count": [2, 2]}
        )
    given = page_answers(runs)
    for ask, answer in given:
        for it in answer["series"] if ask["ask"] == "curves" else ():
            if last := ends.get(it["metric"]):
                it |= {"x": [0.0, 1.0], "y": last[:1] if it["metric"] == "point" else last}
                it["x"] = it["x"][: len(it["y"])]
    page = shown(runs, "Curves", given=given)
    page.get_by_role("button", name="Metrics").click()
    for name in ends:
        page.get_by_label(name, exact=True).check()
    page.keyboard.press("Escape")
    expect(page.locator(".nbt-plot .u-over")).to_have_count(10)
    for box in ("Log y", "Log x"):
        page.get_by_label(box).check()
        two_frames(page)
    page.get_by_role("tab", name="Scatter").click()
    for name in ends:
        page.locator("[role=tabpanel] select").nth(1).select_option(f"metric/{name}")
        two_frames(page)
    page.get_by_role("tab", name="Parallel coordinates").click()
    page.locator("canvas").first.wait_for()


def test_a_filter_that_leaves_nothing_is_told_in_each_tab(shown):
    page = shown(seeded.runs(6))
    page.get_by_label("Filter").fill("lr>100")
    for name in EMPTY:
        page.get_by_role("tab", name=name, exact=True).click()
        expect(page.locator("[role=tabpanel] .nbt-empty")).to_have_text("No run matches the filter.")


def test_figures_are_images_and_run_nothing(shown):
    page = shown(seeded.runs(12), "Figures")
    page.locator(".nbt-figures img").nth(3).wait_for()
    page.get_by_label("Show").select_option("swipe")
    page.locator(".nbt-edge").wait_for()
    page.get_by_label("Show").select_option("overlay")
    page.locator(".nbt-tabpanel select").first.select_option("2. big")
    page.get_by_text("Not shown here").first.wait_for()
    assert page.evaluate("window.hacked") is None


def test_confusion_matrices_are_numbers_on_one_scale(shown):
    page = shown(seeded.runs(12), "Figures")
    page.locator(".nbt-tabpanel select").first.select_option("Confusion matrix: cm")
    page.get_by_text("One scale for all runs: 0 to 90.").wait_for()
    colours = page.locator(".nbt-matrix td.nbt-number").evaluate_all("them => them.map(it => [it.innerText, getComputedStyle(it).backgroundColor])")
    assert len(colours) == 8
    assert len({colour for text, colour in colours if text == "45"}) == 1, "one number has one colour, whichever run it is in"
    page.get_by_label("As shares of the true class").check()
    page.get_by_text("One scale for all runs: 0 to 0.96.").wait_for()


def test_importance_differences_and_statistics_are_tables(shown):
    page = shown(seeded.runs(12), "Importance")
    expect(page.locator(".nbt-share")).to_have_count(16)
    page.get_by_role("tab", name="What changed").click()
    page.locator(".nbt-added", has_text="lr = 0.01").wait_for()
    page.get_by_role("tab", name="Statistics").click()
    page.get_by_text("beats").wait_for()
    page.get_by_role("button", name="lr=0.1", exact=True).click()
    page.get_by_text("4 selected").wait_for()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 400)])
def test_everybody_can_use_it(chromium, tmp_path, scheme, width):
    runs = seeded.runs(30)
    runs["baseline"] = runs["columns"][0]["values"][2]
    path = tmp_path / "page.html"
    path.write_text(write_page(runs, page_answers(runs), "Comparison"), "utf-8")
    # The page's own policy lets no other script in, the examiner neither
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(path.as_uri())
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(300)
        assert violations(page) == [], tab.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab.inner_text()
    context.close()
