"""A real JupyterHub with its proxy: two users of one machine, each with a server and a journal of their own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import psutil
import pytest
from live_lab import COLLABORATION_OFF, IDLE, PATIENCE_MS, badge, command, run_all

from nbtrack.journal import Home
from nbtrack.reads import all_runs
from nbtrack.system import end_group, own_group

BIN = Path(sys.executable).parent
PROXY = BIN.parent / "hub" / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = ["node", {proxy_program!r}]
c.ConfigurableHTTPProxy.debug = False
c.JupyterHub.db_url = "sqlite:///{root}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{root}/secret"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "sesame"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{root}/{{username}}"
c.Spawner.cmd = [{bin!r} + "/jupyterhub-singleuser"]
c.Spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True"]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.env_keep = ["PATH", "LANG"]
c.Spawner.environment = {{"NBTRACK_DELIVERY": "0", "MLFLOW_DISABLE_TELEMETRY": "true", "JUPYTER_CONFIG_DIR": "{root}/config", "JUPYTER_PREFER_ENV_PATH": "1"}}
"""
KEEP = "\nimport nbtrack, pathlib\npathlib.Path('kept.bin').write_bytes(b'of ben')\nnbtrack.artifact('kept.bin')"
# As pages ask; a hub wants the XSRF token of reading requests, too
ASK = "async url => (await fetch(url, { headers: { 'X-XSRFToken': document.cookie.match(/\\b_xsrf=([^;]*)/)?.[1] ?? '' } })).status"


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture
def hub(tmp_path):
    """Address and folder of a hub; homes of its users are folders there."""
    pytest.importorskip("jupyterhub")
    assert PROXY.exists(), "make .venv/.installed-browser installs the proxy of a JupyterHub"
    public, own, proxy = free_ports(3)
    for name, off in COLLABORATION_OFF.items():
        (tmp_path / "config" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "config" / name).write_text(json.dumps(off))
    (tmp_path / "jupyterhub_config.py").write_text(CONFIG.format(public=public, hub=own, proxy=proxy, root=tmp_path, bin=str(BIN), proxy_program=str(PROXY)))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NBTRACK_", "XDG_"))} | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with (tmp_path / "hub.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterhub", "-f", str(tmp_path / "jupyterhub_config.py")]
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **own_group())
    url = f"http://127.0.0.1:{public}"
    try:
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while True:
            try:
                with urllib.request.urlopen(f"{url}/hub/api", timeout=2):
                    break
            except OSError:
                assert process.poll() is None, (tmp_path / "hub.log").read_text()[-4000:]
                assert time.monotonic() < deadline, (tmp_path / "hub.log").read_text()[-4000:]
                time.sleep(0.2)
        yield url, tmp_path
    finally:
        started = psutil.Process(process.pid).children(recursive=True)
        process.terminate()  # a hub then ends its proxy and the servers of its users, which takes its time on a busy machine
        try:
            process.wait(PATIENCE_MS / 1000)
        except subprocess.TimeoutExpired:
            end_group(process, is_now=True)
            process.wait()
        for one in started:  # where `node` is a script that starts the program, the hub ends the script alone
            with contextlib.suppress(psutil.Error):
                one.kill()


def journal_of(root, user):
    """The state directory that a user's home has by default."""
    return Home(next(it for it in (root / user).rglob("nbtrack") if (it / "runs").is_dir()))


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_two_users_of_a_hub_have_their_own_runs(hub, chromium):
    url, root = hub
    contexts = [chromium.new_context(viewport={"width": 1280, "height": 860}) for _ in range(2)]
    pages = []
    for user, context in zip(("ana", "ben"), contexts, strict=True):
        (root / user).mkdir()
        cells = [nbformat.v4.new_code_cell(it) for it in ("%load_ext nbtrack", f"%%track run-of-{user}\nloss = sum([0.5]){KEEP if user == 'ben' else ''}")]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), root / user / "mine.ipynb")
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{url}/hub/login")
        page.get_by_label("Username").fill(user)
        page.get_by_label("Password").fill("sesame")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**/user/{user}/lab**")  # once the server of this user has started
        page.goto(f"{url}/user/{user}/lab/tree/mine.ipynb?reset")
        page.wait_for_function(IDLE)
        run_all(page)
        badge(page, f"run-of-{user}")
        command(page, "nbtrack:show-runs")
        page.locator(".nbt-side").get_by_label("Runs of").select_option("all")
        page.locator(".nbt-side [role=option]", has_text=f"run-of-{user}").wait_for()
        page.locator(".nbt-status:not(.nbt-status-bad)").wait_for()  # the stream of events comes through the proxy
        pages.append(page)
    for user, other, page in zip(("ana", "ben"), ("ben", "ana"), pages, strict=True):
        assert page.locator(".nbt-side [role=option]").count() == 1
        assert [view.name for view in all_runs(journal_of(root, user))] == [f"run-of-{user}"]
        assert page.evaluate(ASK, f"/user/{user}/nbtrack/api/about") == 200
        assert page.request.post(f"{url}/user/{other}/nbtrack/api/runs", data='{"scope": "all"}', max_redirects=0).status in (302, 403)
    # A job of a user's server, with its output through the proxy
    pages[0].locator(".nbt-badge button").click()
    view = pages[0].locator(".nbt-main")
    view.get_by_role("button", name="Reproduce", exact=True).click()
    view.locator(".nbt-verdict").get_by_text("identical").wait_for()
    # And what a run kept, where no viewer shows it
    pages[1].locator(".nbt-badge button").click()
    with pages[1].expect_download() as kept:
        pages[1].locator(".nbt-main .nbt-kept").get_by_role("button", name="kept.bin").click()
    assert Path(kept.value.path()).read_bytes() == b"of ben"
    for context in contexts:
        context.close()
