"""Plots of the comparison, as a saved page has them: zoomed, read, brushed and moved by pointer and keys."""

from __future__ import annotations

import pytest
import seeded
from live_lab import box_of, two_frames, until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


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
