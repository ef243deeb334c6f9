"""JupyterLab where it may not do what it likes: settings that the server fixes, a store that is away, a notebook that is only read, an address below another one."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from live_lab import Server, badge, command, open_in, run_all

from nbtrack import courier
from nbtrack.journal import Home
from nbtrack.reads import all_runs

FRONT = "window.jupyterapp.shell.currentWidget"


@pytest.fixture(scope="module")
def bounded(tmp_path_factory):
    """Below `/user/ana%40example.org/`, with a setting of the environment's, with delivery to where nobody listens, and with documents that are only read."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"http://ana:sesame@127.0.0.1:{probe.getsockname()[1]}"
    server = Server(
        tmp_path_factory.mktemp("bounded"), "lab", base="/user/ana%40example.org/",
        options=("--ServerApp.contents_manager_class=fixed_contents.FixedContents",),
        variables={
            "PYTHONPATH": str(Path(__file__).parent), "NBTRACK_CAPTURE": "-metrics", "NBTRACK_DELIVERY": "1", "MLFLOW_TRACKING_URI": away,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "NBTRACK_RETRY_S": "0.5", "NBTRACK_POLL_S": "0.2",
        },
    )  # fmt: skip
    with server:
        yield server
    home = Home(Path(server.env["NBTRACK_HOME"]))
    for store in courier.known_stores(home):
        courier.stop(home, store)


def of(server, name):
    return all_runs(Home(Path(server.env["NBTRACK_HOME"])), f"name:{name}")


@pytest.mark.browser
def test_what_the_server_fixes_the_user_sees_and_cannot_change(bounded, page):
    bounded.choose(capture="metrics", badges=True)  # as it was before an administrator fixed it
    bounded.notebook("locked.ipynb", "%load_ext nbtrack", "%%track locked\nlr = 0.5\nloss = sum([lr])")
    open_in(page, bounded, "locked.ipynb")
    run_all(page)
    badge(page, "locked")
    [run] = of(bounded, "locked")
    assert (run.params, run.metrics) == ({"lr": "0.5"}, {})
    command(page, "settingeditor:open", "{query: 'nbtrack'}")
    field = page.locator("input[id='jp-SettingsEditor-nbtrack:settings_capture']")
    field.wait_for()
    assert (field.input_value(), field.is_editable()) == ("-metrics", False)
    page.get_by_text("The server's environment fixes it: NBTRACK_CAPTURE.").first.wait_for()


@pytest.mark.browser
def test_a_store_that_is_away_is_told_and_the_journal_shown(bounded, page):
    bounded.notebook("away.ipynb", "%load_ext nbtrack", "%%track away\nlr = 0.5")
    open_in(page, bounded, "away.ipynb")
    run_all(page)
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side [role=option]", has_text="away").wait_for()
    page.locator(".nbt-side .nbt-problem", has_text="could not be read").wait_for()
    status = page.locator(".nbt-status.nbt-status-bad", has_text="MLflow unreachable")
    status.wait_for()
    status.click()
    told = page.locator(".jp-Dialog", has_text="Delivery to MLflow")
    told.wait_for()
    assert "waiting" in told.inner_text()
    # Whatever is said of the store is said without its password
    assert "sesame" not in page.content()
    answer = page.request.get(f"{bounded.url}nbtrack/api/health")
    assert "sesame" not in answer.text()
    assert answer.json()["waiting_runs"] >= 1


@pytest.mark.browser
def test_a_notebook_that_is_only_read_is_tracked(bounded, page):
    (bounded.root / "fixed").mkdir()
    path = bounded.notebook("fixed/only.ipynb", "%load_ext nbtrack", "%%track only-read\nlr = 0.5")
    bounded.choose(badges_kept=True)
    before = path.read_bytes()
    open_in(page, bounded, "fixed/only.ipynb")
    assert page.evaluate(f"{FRONT}.context.contentsModel.writable") is False
    run_all(page)
    badge(page, "only-read")
    [run] = of(bounded, "only-read")
    assert run.tags["nbtrack.notebook"] == str(path)
    page.locator(".nbt-badge button").click()
    view = page.locator(".nbt-main:visible")
    view.get_by_role("button", name="Diff with the open notebook").click()
    page.locator(".nbt-diff .jp-Notebook-diff").wait_for()
    assert path.read_bytes() == before
    assert page.locator(".jp-Dialog").count() == 0
    bounded.choose()
