"""What a reader waits for in a real Chromium: sorting and filtering 10,000 runs, drawing many curves, zooming in them; peers' own views beside it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from environments import NBTRACK, CannotRunError, environment, new_folder, python_of
from filled import METRICS, PARAMS, fill
from plan import Plan
from report import Row
from rounds import say

from measures import viewers
from measures.stored import RUNS

SORT_MS, FIRST_S, DRAWN_S, FRAMES = 100, 1.0, 1.0, 30
_CURVES, _POINTS, _SHOWN = 100, 10_000, 1000
_ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"]
_TABLE = """
import json, time
from pathlib import Path
from nbtrack import settings
from nbtrack.charts.compare import compare
from nbtrack.journal import Home
from nbtrack.reads.fresh import refresh
from nbtrack.widgets import page, wire
chosen = settings.load()
home = Home(settings.home(chosen))
refresh(home, chosen, wait_s=120)
began = time.perf_counter()
table = compare(home).table()
wire.as_bytes(table)
told_s = time.perf_counter() - began
Path("page.html").write_text(page.page(table, [], "Runs"), "utf-8")
print(json.dumps({"told_s": told_s, "runs": len(table["columns"][0]["values"])}))
"""
_DRAW = """
import json
from pathlib import Path
import numpy as np
from nbtrack.charts.thin import thin
from nbtrack.widgets import page, wire
dice = np.random.default_rng(1)
ids = [f"{at:032x}" for at in range(RUNS)]
names = [f"metric_{at}" for at in range(3)]
def info(name, values): return {"key": f"info/{name}", "kind": "info", "name": name, "type": "text", "better": "", "values": values}
metrics = [{"key": f"metric/{it}", "kind": "metric", "name": it, "type": "number", "better": "lower", "last": [0.5] * RUNS, "count": [POINTS] * RUNS} for it in names]
table = {"version": 1, "as_of_ms": 0, "stale": "", "names": {}, "columns": [info("id", ids), info("name", ids), *metrics], "baseline": None, "metric": names[0], "group": None, "says": ""}
def curve(run, name):
    x, y = np.arange(POINTS, dtype=float), dice.standard_normal(POINTS).cumsum()
    kept = thin(x, y, SHOWN // 4)  # as the kernel does; each run keeps other steps
    return {"run": run, "metric": name, "count": POINTS, "is_thinned": True, "x": x[kept], "y": y[kept]}
series = [curve(run, name) for run in ids for name in names]
answer = wire.with_lists({"answer": "curves", "id": 0, "series": series, "says": ""})
Path("page.html").write_text(page.page(table, [({"ask": "curves", "metrics": names, "runs": ids, "x": "step", "range": None, "points": SHOWN}, answer)], "Curves"), "utf-8")
print(json.dumps({"series": len(series)}))
"""
_PAINTED = """([act, where]) => new Promise(done => {
  const began = performance.now();
  const watch = new MutationObserver(() => { watch.disconnect(); requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))); });
  watch.observe(document.querySelector(where), {childList: true, subtree: true, characterData: true});
  new Function(act)();
})"""
_ROWS = """window.rowsShown = new Promise(done => {
  const look = () => document.querySelectorAll('.nbt-row').length > 3 ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look);
  requestAnimationFrame(look);
})"""
"""When rows were painted; the page's first paint is its title."""
_ACTS = {
    "sort": "document.querySelectorAll('.nbt-head button')[5].click()",
    "filter": "const box = document.querySelector('.nbt-filter'); box.value = 'param_1<0.5 and metric_0>.5';"
    " box.dispatchEvent(new Event('input', {bubbles: true}))",
}
_GESTURES = """(gesture) => new Promise(done => {
  const over = document.querySelector('.u-over'), box = over.getBoundingClientRect(), spans = [];
  const at = (kind, x, more) => over.dispatchEvent(new (kind === 'wheel' ? WheelEvent : MouseEvent)(kind,
    {bubbles: true, cancelable: true, clientX: box.x + x, clientY: box.y + 40, buttons: kind === 'mouseup' ? 0 : 1, ...more}));
  const wheel = turned => at('wheel', box.width / 3, {ctrlKey: true, deltaY: turned});
  const acts = gesture === 'wheel'
    ? [...Array(30).fill(() => wheel(-60)), ...Array(30).fill(() => wheel(60))]
    : [() => at('mouseenter', 40), () => at('mousedown', 40), ...Array(30).fill(0).map((_, n) => () => at('mousemove', 60 + n * (box.width - 120) / 30)), () => at('mouseup', box.width - 60)];
  const rest = 30; // frames in which what was shown is drawn sharply
  let last = null, turned = 0;
  const turn = now => {
    if (last !== null) spans.push(now - last);
    last = now;
    if (turned === acts.length + rest) { done(spans); return; }
    acts[turned++]?.();
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
})"""


def measure(plan: Plan) -> list[Row]:
    count, shown = plan.points(RUNS), plan.points(_SHOWN)
    with _chromium() as browser, new_folder() as folder:
        say(f"a store of {count:,} runs on the screen")
        fill(folder / "mlflow.db", count)
        told = _made(folder, _TABLE, {})
        sorting = _sorted(browser, folder)
        first = told["told_s"] + sorting["first_ms"] / 1e3
        theirs = viewers.measure(browser, folder, plan, first)
        say(f"curves of {_CURVES} runs drawn")
        _made(folder, _DRAW, {"RUNS": _CURVES, "POINTS": _POINTS, "SHOWN": shown})
        drawn = _drawn(browser, folder)
    what = f"{count:,} runs, {PARAMS} params, {METRICS} metrics in Chromium"
    return [
        Row(f"{what}: first rows after the call", f"{first:.2f} s", f"<= {FIRST_S:g} s", "", first <= FIRST_S),
        *(Row(f"… {act}", f"{sorting[act]:.0f} ms", f"<= {SORT_MS} ms", "", sorting[act] <= SORT_MS) for act in _ACTS),
        *theirs,
        Row(f"{_CURVES} runs x {_POINTS:,} points x 3 metrics: drawn once they are local", f"{drawn['drawn_ms'] / 1e3:.2f} s", f"<= {DRAWN_S:g} s", "", drawn["drawn_ms"] / 1e3 <= DRAWN_S),
        *(_smooth(gesture, spans) for gesture, spans in drawn["frames_ms"].items()),
    ]  # fmt: skip


def _smooth(gesture: str, spans_ms: list[float]) -> Row:
    """Frames of a whole gesture, and of drawing sharply what it came to."""
    frames = 1000 * len(spans_ms) / sum(spans_ms)
    return Row(
        f"… zoomed {gesture}, frames a second (no graphics card); slowest frame {max(spans_ms):.0f} ms", f"{frames:.0f}", f">= {FRAMES}", "", frames >= FRAMES
    )


@contextlib.contextmanager
def _chromium() -> Iterator[Any]:
    path = os.environ.get("NBTRACK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as cause:
        raise CannotRunError("playwright is not installed: make .venv/.installed-browser") from cause
    if path is None:
        raise CannotRunError("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=_ARGS)
        yield browser
        browser.close()


def _made(folder: Path, code: str, sizes: dict[str, int]) -> dict[str, Any]:
    told = "".join(f"{name} = {value}\n" for name, value in sizes.items())
    command = [str(python_of(NBTRACK)), "-W", "ignore", "-c", told + code]
    done = subprocess.run(command, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not answers:
        raise CannotRunError((done.stderr.strip().splitlines() or ["no message"])[-1][:200])
    return json.loads(answers[-1])


def _opened(browser: Any, folder: Path, script: str = "") -> Any:
    page = browser.new_context(viewport={"width": 1280, "height": 860}, bypass_csp=True).new_page()
    page.add_init_script(script)
    page.goto((folder / "page.html").as_uri())
    return page


def _sorted(browser: Any, folder: Path) -> dict[str, float]:
    page = _opened(browser, folder, _ROWS)
    page.locator(".nbt-row").nth(3).wait_for()
    found: dict[str, float] = {"first_ms": page.evaluate("window.rowsShown")}
    for act, code in _ACTS.items():
        found[act] = page.evaluate(_PAINTED, [code, ".nbt-canvas"])
    page.context.close()
    return found


def _drawn(browser: Any, folder: Path) -> dict[str, Any]:
    page = _opened(browser, folder)
    page.locator(".nbt-row").nth(3).wait_for()
    open_curves = "[...document.querySelectorAll('[role=tab]')].find(it => it.textContent === 'Curves').click()"
    drawn_ms = page.evaluate(_PAINTED, [open_curves, ".nbt-tabpanel"])
    began = time.perf_counter()
    page.locator(".u-over").nth(2).wait_for()
    drawn_ms += (time.perf_counter() - began) * 1e3
    frames = {"by the wheel": page.evaluate(_GESTURES, "wheel"), "by dragging": page.evaluate(_GESTURES, "drag")}
    page.context.close()
    return {"drawn_ms": drawn_ms, "frames_ms": frames}
