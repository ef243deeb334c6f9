"""A real JupyterLab and Notebook 7, and a real Chromium to look at them."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from comparison import page_answers
from live_lab import PATIENCE_MS, Server

from nbtrack.widgets.page import page as write_page

CHROMIUM = os.environ.get("NBTRACK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("lab"), "lab") as server:
        yield server


@pytest.fixture(scope="session")
def notebook7(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("notebook7"), "notebook") as server:
        yield server


@pytest.fixture
def own_lab(tmp_path_factory):
    """That a test may stop and start."""
    with Server(tmp_path_factory.mktemp("own"), "lab") as server:
        yield server


@pytest.fixture
def shared_lab(tmp_path_factory):
    """With real-time collaboration."""
    pytest.importorskip("jupyter_collaboration")
    with Server(tmp_path_factory.mktemp("shared"), "lab", is_shared=True) as server:
        yield server


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS / 2)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium):
    """Makes pages where an error of ours fails the test; Notebook 7 has some of its own."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    errors = []

    def new_page():
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(error.stack) if re.search("nbtrack|blob:", error.stack or "") else None)
        return page

    yield new_page
    context.close()
    assert errors == []


@pytest.fixture
def word():
    """What no other test has in the names of its runs and notebooks, nor this one when it is tried again."""
    return os.urandom(3).hex()


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def shown(page, tmp_path):
    """Shows runs as a saved page, and fails where the page asks anybody for anything or writes an error."""
    problems = []
    page.on("request", lambda request: problems.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None)
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(error.stack))

    page.set_default_timeout(40_000)  # no server and no kernel to wait for

    def show(runs, tab="Table", given=None):
        path = tmp_path / "page.html"
        path.write_text(write_page(runs, page_answers(runs) if given is None else given, "Comparison", still="<p>still</p>"), "utf-8")
        page.goto(path.as_uri())
        page.get_by_role("tab", name=tab, exact=True).click()
        return page

    yield show
    assert problems == []
