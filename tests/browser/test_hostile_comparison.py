"""Names and values that mean harm, on the whole way: tracked in a kernel, compared, saved, opened by a stranger, made a page."""

from __future__ import annotations

import subprocess

import nbformat
import pytest
from comparison import HOSTILE
from live_lab import command, open_in, run_all, save
from nbconvert import HTMLExporter

pytestmark = pytest.mark.browser
MAKE = """
import nbtrack
hostile = {hostile!r}
for number, text in enumerate(hostile):
    with nbtrack.track(text, params={{text: text, "lr": number / 10}}, tags={{text: text, "of": "{word}"}}):
        for step in range(5):
            nbtrack.log({{text: step * number, "acc": number / 10 + step}}, step=step)
"""
SIGNS = {
    "Curves": "canvas",
    "Parallel coordinates": "canvas",
    "Scatter": "canvas",
    "Importance": ".nbt-share",
    "What changed": ".nbt-difference",
    "Statistics": "table",
}


def harmless(page):
    assert page.evaluate("window.hacked") is None


def through(page, view):
    """Every tab and the details of a run: what the names say is read, and never done."""
    for name, sign in SIGNS.items():
        view.get_by_role("tab", name=name, exact=True).click()
        view.locator(sign).first.wait_for()
        harmless(page)
    view.get_by_role("tab", name="Table", exact=True).click()
    view.locator(".nbt-row:not(.nbt-head)").nth(1).dblclick()
    view.locator(".nbt-details table").first.wait_for()
    assert view.locator("script, iframe, object, a, [onerror], [onload]").count() == 0
    harmless(page)


def test_they_are_text_in_every_tab_in_the_file_and_in_the_pages_made_of_it(lab, page, word):
    making = MAKE.format(hostile=HOSTILE, word=word)
    path = lab.notebook(f"harm-{word}.ipynb", "%load_ext nbtrack", making, f"%track compare tag:{word}", "%track show", f"%track runs tag:{word}")
    open_in(page, lab, path.name)
    run_all(page)
    view = page.locator(".nbtrack-still.nbt-live")
    view.get_by_text(f"{len(HOSTILE)} runs", exact=True).wait_for()
    view.locator(".nbt-row", has_text="<img src=").first.wait_for()
    through(page, view)
    page.locator("img[src^='data:image/png']").first.wait_for(state="attached")
    save(page)
    # A stranger's notebook, without a kernel
    page.evaluate("void window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    strange = path.with_name(f"strange-{word}.ipynb")
    notebook = nbformat.read(path, as_version=4)
    nbformat.write(notebook, strange)
    open_in(page, lab, strange.name)
    command(page, "kernelmenu:shutdown")
    kept = page.locator(".nbtrack-still:not(.nbt-live)")
    kept.get_by_text("Kept in this notebook").wait_for()
    through(page, kept)
    # The page that nbconvert makes of it, and our own
    made, own = path.with_suffix(".html"), path.with_name(f"own-{word}.html")
    made.write_text(HTMLExporter().from_notebook_node(notebook)[0], "utf-8")
    done = subprocess.run(
        [lab.python, "-m", "nbtrack", "compare", f"tag:{word}", "--html", str(own)], env=lab.env, cwd=lab.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith(("file:", "data:")) else route.abort())
    page.goto(made.as_uri())
    page.locator("table caption").first.wait_for()
    page.locator("img[src^='data:image/png']").first.wait_for()
    page.get_by_text("<img src=").first.wait_for()
    harmless(page)
    page.goto(own.as_uri())
    through(page, page.locator("#nbtrack"))
