"""Seconds until the runs of a store stand in a table in Chromium, where peers show them."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from environments import VIEWER, CannotRunError, environment, prepare, python_of
from filled import METRICS, PARAMS, POINTS
from plan import Plan
from report import Row
from rounds import say

FEW = 1_000
"""Runs of peers that have a store of their own: to make ten thousand takes one of them ten minutes."""
_PATIENCE_S = 60
_WIDGETS = """
import base64, json, time
from pathlib import Path
from mlflow_widgets import MlflowRunTable
began = time.perf_counter()
table = MlflowRunTable(tracking_uri=URI, experiment_id="0")
state = {name: value for name, value in table.get_state().items() if not name.startswith(("_esm", "_css", "_model", "_view", "_dom"))}
told_s = time.perf_counter() - began
state = json.dumps(state, default=str).replace("<", "\\\\u003c")
Path("widget.html").write_text(f'''<!doctype html><div id="place"></div><script type="module">
const state = {state}, model = {{get: name => state[name], set: (name, value) => state[name] = value, save_changes: () => 0, on: () => 0, off: () => 0, send: () => 0}};
const {{default: widget}} = await import("data:text/javascript;base64,{base64.b64encode(table._esm.encode()).decode()}");
(typeof widget === "function" ? await widget() : widget).render({{model, el: document.getElementById("place")}});
</script>''', "utf-8")
print(json.dumps({"told_s": told_s, "runs": len(table._table_data)}))
"""
_TRACKIO_FILL = """
import json, random, sqlite3
from trackio.sqlite_storage import SQLiteStorage
SQLiteStorage.init_db("bench")
dice, when, configs, metrics = random.Random(1), "2026-01-01T00:00:00+00:00", [], []
for number in range(RUNS):
    run, name = f"{dice.getrandbits(128):032x}", f"run-{number}"
    configs.append((run, name, json.dumps({f"param_{at}": dice.random() for at in range(PARAMS)}), when))
    metrics += [(run, when, name, step, json.dumps({f"metric_{at}": dice.random() for at in range(METRICS)})) for step in range(POINTS)]
with sqlite3.connect(SQLiteStorage.get_project_db_path("bench")) as db:
    db.executemany("insert into configs (run_id, run_name, config, created_at) values (?, ?, ?, ?)", configs)
    db.executemany("insert into metrics (run_id, timestamp, run_name, step, metrics) values (?, ?, ?, ?, ?)", metrics)
print("{}")
"""
_TRACKIO_SHOW = 'import trackio; trackio.show(project="bench", open_browser=False, block_thread=True, host="127.0.0.1", server_port={port})'
_AIM_FILL = """
import random, subprocess, sys
from pathlib import Path
import aim
subprocess.run([str(Path(sys.executable).with_name("aim")), "init", "--repo", ".", "-y"], check=True, capture_output=True)
dice = random.Random(1)
for number in range(RUNS):
    run = aim.Run(repo=".", system_tracking_interval=None, log_system_params=False, capture_terminal_logs=False)
    run.name, run["hparams"] = f"run-{number}", {f"param_{at}": dice.random() for at in range(PARAMS)}
    for step in range(POINTS):
        for at in range(METRICS):
            run.track(dice.random(), name=f"metric_{at}", step=step)
    run.close()
print("{}")
"""


def measure(browser: Any, folder: Path, plan: Plan, ours_s: float) -> list[Row]:
    """Rows beside ours: MLflow's own UI and mlflow-widgets with the same store, trackio and aim with fewer runs in their own."""
    few = plan.points(FEW)
    same, own = "of the same store", f"of {few:,} such runs in its own store"
    ways: dict[str, Callable[[], float]] = {f"MLflow's own UI: time to its table {same}, its first page": lambda: _mlflow_s(browser, folder)}
    if plan.peers:
        ways[f"mlflow-widgets' MlflowRunTable {same}, its first thousand"] = lambda: _widgets_s(browser, folder)
    if trackio := plan.peer("trackio_local"):
        ways[f"trackio's dashboard {own}"] = lambda: _trackio_s(browser, folder, python_of(trackio), few)
    if aim := plan.peer("aim_local"):
        ways[f"aim's UI {own}"] = lambda: _aim_s(browser, folder, python_of(aim), few)
    rows = []
    for what, act in ways.items():
        say(what)
        try:
            took = act()
            rows.append(Row(f"… {what}", f"{took:.1f} s", "", f"{took / ours_s:.1f}x"))
        except Exception as cause:  # noqa: BLE001  the rest is still worth having
            plan.refused[what] = " ".join(str(cause).split())[:200]
            rows.append(Row(f"… {what}", "does not run here"))
    return rows


def _mlflow_s(browser: Any, folder: Path) -> float:
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1", "--port", "{port}"]
    with _served(command, folder, {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}) as address:
        return _shown_s(browser, f"{address}/#/experiments/0/runs")


def _widgets_s(browser: Any, folder: Path) -> float:
    prepare(VIEWER)
    told = json.loads(_done(python_of(VIEWER), f"URI = 'sqlite:///{folder}/mlflow.db'\n{_WIDGETS}", folder))
    return told["told_s"] + _shown_s(browser, (folder / "widget.html").as_uri())


def _trackio_s(browser: Any, folder: Path, python: Path, runs: int) -> float:
    more = {"TRACKIO_DIR": str(folder / "trackio"), "HF_HUB_OFFLINE": "1"}
    _done(python, _sized(_TRACKIO_FILL, runs), folder, more)
    with _served([str(python), "-c", _TRACKIO_SHOW], folder, more) as address:
        return _shown_s(browser, f"{address}/runs?project=bench")


def _aim_s(browser: Any, folder: Path, python: Path, runs: int) -> float:
    place = folder / "aim"
    place.mkdir()
    _done(python, _sized(_AIM_FILL, runs), place)
    with _served([str(python.with_name("aim")), "up", "--repo", str(place), "-h", "127.0.0.1", "-p", "{port}", "-y"], place, {}) as address:
        return _shown_s(browser, f"{address}/runs")


def _sized(code: str, runs: int) -> str:
    return f"RUNS, PARAMS, METRICS, POINTS = {runs}, {PARAMS}, {METRICS}, {POINTS}\n{code}"


def _done(python: Path, code: str, folder: Path, more: Mapping[str, str] | None = None) -> str:
    """The line of JSON that code prints."""
    env = {**environment(folder), **(more or {})}
    done = subprocess.run([str(python), "-W", "ignore", "-c", code], env=env, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not answers:
        raise CannotRunError((done.stderr.strip().splitlines() or ["no message"])[-1][:200])
    return answers[-1]


@contextlib.contextmanager
def _served(command: list[str], folder: Path, more: Mapping[str, str]) -> Iterator[str]:
    """The address of a server that answers; `{port}` in the command is its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**environment(folder), **more}
    words = [word.replace("{port}", str(port)) for word in command]
    server = subprocess.Popen(words, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and server.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
                break
            time.sleep(0.2)
        else:
            raise CannotRunError("its server does not answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _shown_s(browser: Any, address: str) -> float:
    """Seconds from asking for a page to the first run's name in it."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    try:
        began = time.perf_counter()
        page.goto(address, timeout=_PATIENCE_S * 1e3)
        page.get_by_text("run-", exact=False).first.wait_for(timeout=_PATIENCE_S * 1e3)
        return time.perf_counter() - began
    finally:
        page.context.close()
