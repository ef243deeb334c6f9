"""The comparison as a saved page, which needs no server: every tab, in light, dark and narrow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import seeded
from live_lab import box_of, two_frames, until
from playwright.sync_api import expect

from nbtrack.widgets import wire
from nbtrack.widgets.page import page as write_page

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    '<img src="x" onerror="window.hacked = 1">',
    '"><svg onload="window.hacked = 1">',
    "javascript:window.hacked=1",
    "{{constructor.constructor('window.hacked=1')()}}",
    "<!--<script>",
    "[a](javascript:window.hacked=1) **bold** `code`",
    "\u202egnitide \u2028 \u0000 line\nbreak",
    "__proto__",
    "constructor",
]
EMPTY = ("Table", "Curves", "Parallel coordinates", "Scatter", "Importance", "What changed", "Figures", "Statistics")
WORDS = {"name", "before", "after", "title", "blocks", "notes", "says", "label", "labels", "sentences", "method", "warning", "rows", "path"}
"""Of answers, what people read."""


def answers(runs):
    """What a page holds: curves over steps."""
    metrics = [column["name"] for column in runs["columns"] if column["kind"] == "metric"]
    ask = {"ask": "curves", "metrics": metrics, "runs": runs["columns"][0]["values"][:100], "x": "step", "range": None, "points": 1000}
    told = {"answer": "curves", "id": 0, "series": seeded.curves(ask), "says": "Curves of all runs."}
    return [(ask, wire.with_lists(told)), ({**ask, "x": "relative"}, wire.with_lists(told)), *seeded.answers(runs)]


@pytest.fixture
def shown(page, tmp_path):
    """Shows runs, and fails where the page asks anybody for anything or writes an error."""
    problems = []
    page.on("request", lambda request: problems.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None)
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(error.stack))

    page.set_default_timeout(40_000)  # no server and no kernel to wait for

    def show(runs, tab="Table", given=None):
        path = tmp_path / "page.html"
        path.write_text(write_page(runs, answers(runs) if given is None else given, "Comparison", still="<p>still</p>"), "utf-8")
        page.goto(path.as_uri())
        page.get_by_role("tab", name=tab, exact=True).click()
        return page

    yield show
    assert problems == []


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

    given = [(ask, answer if ask["ask"] == "curves" else hostile(answer)) for ask, answer in answers(runs)]
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
    given = answers(runs)
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


def test_curves_stand_over_each_kind_of_time(shown):
    page = shown(seeded.runs(6), "Curves")
    for axis in ("epoch", "wall", "relative", "step"):
        page.get_by_label("Horizontal").select_option(axis)
        page.locator(".nbt-plot canvas").first.wait_for()
        assert page.get_by_role("alert").count() == 0, axis
    page.get_by_label("Horizontal").select_option("wall")
    page.locator(".u-over").first.hover(position={"x": 60, "y": 50})
    year = page.evaluate(
        "new Date(JSON.parse(document.querySelector('#nbtrack-data').textContent).runs.columns.find(it => it.key === 'info/started').values[0]).getFullYear()"
    )
    page.locator(".nbt-at", has_text=f"wall time {year}").wait_for()


def test_curves_are_zoomed_by_wheel_drag_and_keys_and_every_plot_follows(shown):
    page = shown(seeded.runs(12), "Curves")
    page.locator(".nbt-plot canvas").first.wait_for()

    def place(number=0):
        return box_of(page, ".u-over", number)

    def under(number):
        """The step at a fifth of a plot's width."""
        box = place(number)
        page.mouse.move(box["x"] + box["width"] / 5, box["y"] + 40)
        page.mouse.move(box["x"] + box["width"] / 5, box["y"] + 50)
        page.locator(".nbt-at", has_text="step").wait_for()
        two_frames(page)
        return float(page.locator(".nbt-at").inner_text().rpartition(" ")[2])

    whole = under(0)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    reset = page.get_by_role("button", name="Reset zoom")
    reset.wait_for()
    until(lambda: under(0) == pytest.approx(whole, abs=0.5), "what is below the pointer stays there")
    until(lambda: under(1) == pytest.approx(whole, abs=0.5), "and in the plot beside it")
    plot = page.locator(".nbt-plot [role=img]").first
    plot.focus()
    page.keyboard.press("0")
    reset.wait_for(state="detached")
    page.keyboard.press("+")
    reset.wait_for()
    until(lambda: under(0) > whole, "keys zoom about the middle")
    before = under(0)
    plot.focus()
    page.keyboard.press("ArrowRight")
    until(lambda: under(0) > before, "an arrow moves what is shown")
    reset.click()
    reset.wait_for(state="detached")

    def is_zoomed_by_dragging():
        box = place()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 50, steps=3)
        page.mouse.up()
        two_frames(page)
        return reset.is_visible()

    until(is_zoomed_by_dragging, "dragging over a part shows it alone")
    until(lambda: under(2) > 2 * whole, "in every plot")
    page.locator(".u-over").first.dblclick(position={"x": 80, "y": 50})
    reset.wait_for(state="detached")


def test_curves_are_smoothed_banded_toggled_and_read_below_the_pointer(shown):
    page = shown(seeded.runs(12), "Curves")
    page.locator(".nbt-plot canvas").first.wait_for()
    expect(page.locator(".nbt-plot")).to_have_count(5)
    page.locator(".u-over").first.hover(position={"x": 100, "y": 50})
    page.locator(".nbt-value").nth(11).wait_for()
    page.locator(".nbt-entry").first.click()
    expect(page.locator(".nbt-entry").first).to_have_attribute("aria-pressed", "false")
    page.get_by_label("Band").select_option("std")
    page.get_by_label("Group by").select_option("lr")
    page.locator(".nbt-entry", has_text="lr=0.1").first.wait_for()
    page.get_by_label("Log y").check()
    page.get_by_label("Smoothing").fill("0.9")


def test_axes_are_brushed_by_pointer_and_keys_and_moved(shown):
    page = shown(seeded.runs(60), "Parallel coordinates")
    page.get_by_label("Lowest acc").fill("0.5")
    page.get_by_text("of 60 runs inside all brushes").wait_for()
    page.get_by_text("60 of 60 runs").wait_for(state="hidden")
    page.get_by_role("button", name="Select these runs").click()
    page.get_by_text("selected").wait_for()
    page.get_by_role("button", name="Clear brushes").click()
    page.get_by_text("60 of 60 runs inside all brushes").wait_for()
    box = box_of(page, ".nbt-canvas-place canvas")
    page.mouse.move(box["x"] + 60, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 330, steps=4)
    page.mouse.up()
    page.get_by_text("60 of 60 runs").wait_for(state="hidden")
    before = [legend.inner_text() for legend in page.locator(".nbt-axes legend").all()]
    page.get_by_role("button", name=f"Move right: {before[0]}").click()
    expect(page.locator(".nbt-axes legend")).to_have_text([before[1], before[0], *before[2:]])
    lowest = page.get_by_label("Lowest lr")
    lowest.fill("0.5")
    straight = float(lowest.get_attribute("aria-valuetext"))
    page.locator(".nbt-axes fieldset", has=lowest).get_by_label("Log").check()
    lowest.fill("0.5")
    assert float(lowest.get_attribute("aria-valuetext")) < straight / 3, "half of the way is a tenth, no longer the middle"
    page.get_by_label("Colour by").select_option("metric/loss")
    page.get_by_role("button", name="Columns").click()
    for name in before[1:]:
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_text("Choose at least two columns.").wait_for()
    page.get_by_label(before[1], exact=True).check()
    page.locator(".nbt-axes legend").nth(1).wait_for()


def test_a_point_of_the_scatter_is_read_and_selected(shown):
    page = shown(seeded.runs(20), "Scatter")
    page.get_by_label("Colour").select_option("metric/loss")
    page.get_by_label("Size").select_option("metric/m2")
    page.get_by_label("Trend line").check()
    box = box_of(page, ".nbt-canvas-place canvas")
    found = False
    for x in (74, box["width"] - 16):  # the lowest and the highest value stand at the ends
        for y in range(12, 350, 8):
            page.mouse.move(box["x"] + x, box["y"] + y)
            two_frames(page)
            if "acc" in page.locator("figcaption").inner_text() and ":" in page.locator("figcaption").inner_text():
                found = True
                page.mouse.down()
                page.mouse.up()
                break
    assert found
    page.get_by_text("1 selected").wait_for()


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
    path.write_text(write_page(runs, answers(runs), "Comparison"), "utf-8")
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
