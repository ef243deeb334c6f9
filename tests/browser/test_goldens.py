"""How the views look: pictures of them, small and compared with a tolerance, since letters are drawn a little differently by each Chromium.

`GOLDENS=write` keeps what is drawn now; look at it before it is committed.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import seeded
from comparison import page_answers
from live_lab import two_frames
from PIL import Image, ImageChops, ImageStat

from nbtrack.widgets.page import page as write_page

pytestmark = pytest.mark.browser
FOLDER = Path(__file__).parents[1] / "golden" / "views"
SIGNS = {
    "Table": ".nbt-row:not(.nbt-head)",
    "Curves": ".nbt-plot canvas",
    "Parallel coordinates": "canvas",
    "Scatter": "canvas",
    "Importance": ".nbt-share",
    "What changed": ".nbt-difference",
    "Figures": ".nbt-figures img",
    "Statistics": ".nbt-interval",
}
HEIGHT, SMALLER = 625, 3.125
MOST = 6.0
"""Of 255: the mean difference of a pixel. Another font takes 1 to 3, a missing curve or column 8 and more, the other theme 200."""


def difference(one, other):
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def shot(page):
    """What is seen, once nothing moves any longer."""

    def taken():
        two_frames(page)
        found = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        return found.resize((round(found.width / SMALLER), round(found.height / SMALLER)), Image.Resampling.LANCZOS)

    before, now = taken(), taken()
    while difference(before, now) > 0:
        before, now = now, taken()
    return now


@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 1000), ("light", 400)])
def test_each_tab_looks_as_it_did(chromium, tmp_path, scheme, width):
    runs = seeded.runs(24)
    path = tmp_path / "page.html"
    path.write_text(write_page(runs, page_answers(runs), "Comparison"), "utf-8")
    context = chromium.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, timezone_id="UTC", bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(40_000)
    page.goto(path.as_uri())
    differ = {}
    for tab, sign in SIGNS.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(sign).first.wait_for()
        page.wait_for_function("[...document.images].every(it => it.complete)")
        page.mouse.move(0, 0)
        name = "-".join([tab.lower().replace(" ", "-"), scheme, *(["narrow"] if width < 500 else [])])
        found, golden = shot(page), FOLDER / f"{name}.png"
        if os.environ.get("GOLDENS") == "write":
            FOLDER.mkdir(parents=True, exist_ok=True)
            found.quantize(256).save(golden, optimize=True)
        found.save(tmp_path / f"{name}.png")
        if (far := difference(found, Image.open(golden).convert("RGB"))) > MOST:
            differ[name] = round(far, 1)
    context.close()
    assert differ == {}, f"these look different in {tmp_path} than in {FOLDER}"


def test_the_tolerance_tells_a_missing_row_from_another_font():
    table = Image.open(FOLDER / "table-light.png").convert("RGB")
    emptied = table.copy()
    emptied.paste((255, 255, 255), (0, 60, 320, 180))
    assert difference(table, emptied) > MOST
    curves = Image.open(FOLDER / "curves-dark.png").convert("RGB")
    assert difference(table, curves) > 10 * MOST
