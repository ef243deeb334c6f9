"""A server that goes and comes back under an open JupyterLab, with and without a login that holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_lab import command, open_in

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
    tags = {"nbtrack.notebook": str(path)}
    writer = RunWriter.create(
        Home(Path(own_lab.env["NBTRACK_HOME"])), RunStart(new_id(), "came-after", "0", "sqlite:////nowhere.db", "nobody", 10**18, tags=tags)
    )
    writer.event("end", state="FINISHED", reason="", traceback="")
    writer.close()
    page.locator(".nbt-side [role=option]", has_text="came-after").wait_for()
