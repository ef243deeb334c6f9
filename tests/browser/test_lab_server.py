"""A server that goes and comes back under an open JupyterLab, with and without a login that holds, and one behind a proxy that keeps events back."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from live_lab import command, open_in
from playwright.sync_api import Error

from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter, new_id


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_a_server_that_was_gone_and_a_login_that_expired(own_lab, page):
    path, token = own_lab.notebook("gone.ipynb", "1"), own_lab.token
    open_in(page, own_lab, "gone.ipynb")
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side .nbt-empty", has_text="%load_ext nbtrack").wait_for()
    page.locator(".nbt-status:not(.nbt-status-bad)").wait_for()

    own_lab.stop()
    page.locator(".nbt-status.nbt-status-bad").wait_for()
    # Who the page says it is, the server does not know any more
    (own_lab.root / ".jupyter-test" / "runtime" / "jupyter_cookie_secret").unlink(missing_ok=True)
    own_lab.token = "another"
    own_lab.start()
    with page.expect_response(lambda it: "/nbtrack/api/events" in it.url and it.status == 403):
        pass
    own_lab.stop()
    own_lab.token = token
    own_lab.start()
    page.locator(".nbt-status:not(.nbt-status-bad)").wait_for()

    # And the page is told of what happens again
    ended(own_lab, path, "came-after")
    page.locator(".nbt-side [role=option]", has_text="came-after").wait_for()


@pytest.mark.browser
def test_a_proxy_that_keeps_answers_back_until_they_are_whole(lab, page):
    def keep_back(route):
        with contextlib.suppress(Error):  # a stream does not end
            route.fulfill(response=route.fetch(timeout=60_000))

    path = lab.notebook("kept_back.ipynb", "1")
    page.route("**/nbtrack/api/events*", keep_back)
    try:
        with page.expect_request(lambda it: "/nbtrack/api/events?once=1" in it.url, timeout=120_000):
            open_in(page, lab, "kept_back.ipynb")
            command(page, "nbtrack:show-runs")
        page.locator(".nbt-side .nbt-empty", has_text="%load_ext nbtrack").wait_for()
        for name in ("first-of-kept-back", "second-of-kept-back"):
            ended(lab, path, name)
            page.locator(".nbt-side [role=option]", has_text=name).wait_for()
    finally:
        page.unroute_all(behavior="ignoreErrors")


def ended(server, notebook, name):
    """A run of the notebook in the server's journal."""
    start = RunStart(new_id(), name, "0", "sqlite:////nowhere.db", "nobody", 10**18, tags={"nbtrack.notebook": str(notebook)})
    writer = RunWriter.create(Home(Path(server.env["NBTRACK_HOME"])), start)
    writer.event("end", state="FINISHED", reason="", traceback="")
    writer.close()
