"""How the views look: pictures of them, small and compared with a tolerance, since letters are drawn a little differently by each Chromium.

`GOLDENS=write` keeps what is drawn now; look at it before it is committed.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import seeded
from live_lab import two_frames
from PIL import Image, ImageChops, ImageStat
from test_compare_page import answers

from nbtrack.widgets.page import page as write_page

pytestmark = pytest.mark.browser
FOLDER = Path(__file__).parents[1] / "golden" / "views"
SIZE = (320, 200)
VIEWS = {"table-light": ("Table", "light"), "curves-dark": ("Curves", "dark"), "statistics-light": ("Statistics", "light")}
MOST = 6.0
"""Of 255: the mean difference of a pixel. Another font takes 1 to 3, a missing curve or column 8 and more, the other theme 200."""


def difference(one, other):
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def drawn(chromium, path, tab, scheme):
    context = chromium.new_context(viewport={"width": 1000, "height": 625}, color_scheme=scheme, timezone_id="UTC", bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(40_000)
    page.goto(path.as_uri())
    page.get_by_role("tab", name=tab, exact=True).click()
    page.locator({"Table": ".nbt-row", "Curves": ".nbt-plot canvas", "Statistics": ".nbt-interval"}[tab]).first.wait_for()

    def shot():
        two_frames(page)
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)

    before, now = shot(), shot()
    while difference(before, now) > 0:  # until nothing moves any longer
        before, now = now, shot()
    context.close()
    return now


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_it_did(chromium, tmp_path, name):
    runs = seeded.runs(24)
    path = tmp_path / "page.html"
    path.write_text(write_page(runs, answers(runs), "Comparison"), "utf-8")
    found = drawn(chromium, path, *VIEWS[name])
    golden = FOLDER / f"{name}.png"
    if os.environ.get("GOLDENS") == "write":
        FOLDER.mkdir(parents=True, exist_ok=True)
        found.quantize(256).save(golden, optimize=True)
    found.save(tmp_path / f"{name}.png")
    assert difference(found, Image.open(golden).convert("RGB")) <= MOST, f"it looks different: {tmp_path / f'{name}.png'} beside {golden}"


def test_the_tolerance_tells_a_missing_row_from_another_font():
    table = Image.open(FOLDER / "table-light.png").convert("RGB")
    emptied = table.copy()
    emptied.paste((255, 255, 255), (0, 60, 320, 180))
    assert difference(table, emptied) > MOST
    curves = Image.open(FOLDER / "curves-dark.png").convert("RGB")
    assert difference(table, curves) > 10 * MOST
