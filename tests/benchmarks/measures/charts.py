"""How long it takes until curves of long and of many runs can be drawn: read from the journal, thinned, ready to be sent."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from environments import NBTRACK, CannotRunError, environment, new_folder, python_of
from plan import Plan
from report import Row
from rounds import say

LONG, RUNS, POINTS, METRICS, SHOWN = 10_000_000, 100, 10_000, 3, 1000
AIM_S = 1.0
_FILL = """
import json, time
from pathlib import Path
import numpy as np
from nbtrack.charts.compare import compare
from nbtrack.entities import Kind, RunStart, State
from nbtrack.journal import Home, RunWriter, new_id
def taken(act):
    began = time.perf_counter()
    return act(), time.perf_counter() - began
def fill(home, runs, points, metrics):
    dice = np.random.default_rng(1)
    for number in range(runs):
        start = RunStart(new_id(), f"run-{number}", "bench", "sqlite:////nowhere.db", "nobody", 10**18 + number)
        writer = RunWriter.create(home, start)
        for metric in range(metrics):
            for first in range(0, points, 1_000_000):
                steps = np.arange(first, min(first + 1_000_000, points))
                writer.log_many(f"metric_{metric}", steps, steps * 1000, dice.standard_normal(len(steps)).cumsum())
        writer.event(Kind.END, state=State.FINISHED)
        writer.close()
def asked(home, metrics, **more):
    found = compare(home)
    found.views
    names = [f"metric_{metric}" for metric in range(metrics)]
    return found, taken(lambda: found.answer({"ask": "curves", "id": 1, "metrics": names, "points": SHOWN, "runs": list(found._seen), **more}))
"""
_MANY = """
home = Home(Path("many"))
fill(home, RUNS, POINTS, METRICS)
found, (curves, first_s) = asked(home, METRICS)
assert len(curves["series"]) == RUNS * METRICS, curves
_, zoom_s = taken(lambda: found.answer({"ask": "curves", "id": 2, "metrics": ["metric_0"], "points": SHOWN, "runs": list(found._seen), "range": [1000, 2000]}))
print(json.dumps({"first_s": first_s, "zoom_s": zoom_s}))
"""
_LONG = """
home = Home(Path("long"))
fill(home, 1, LONG, 1)
def opened():
    found = compare(home)
    return found.answer({"ask": "curves", "id": 1, "metrics": ["metric_0"], "points": SHOWN})
curves, first_s = taken(opened)
assert curves["series"][0]["count"] == LONG, curves
print(json.dumps({"first_s": first_s}))
"""


def measure(plan: Plan) -> list[Row]:
    long, points = plan.points(LONG), plan.points(POINTS)
    with new_folder() as folder:
        say(f"curves of {RUNS} runs, and of one with {long:,} points")
        many, one = (_asked(folder, code, long, points) for code in (_MANY, _LONG))
    return [
        Row(f"a run of {long:,} points opened: its metrics, and its curve thinned to {SHOWN:,}", f"{one['first_s']:.2f} s", f"<= {AIM_S:g} s", "", one["first_s"] <= AIM_S),
        Row(
            f"{RUNS} runs x {points:,} points x {METRICS} metrics: curves, thinned to {SHOWN:,} each", f"{many['first_s']:.2f} s", f"<= {AIM_S:g} s", "",
            many["first_s"] <= AIM_S,
        ),
        Row(f"… zoomed into a tenth, one metric of all {RUNS} runs", f"{many['zoom_s'] * 1e3:.0f} ms"),
    ]  # fmt: skip


def _asked(folder: Path, code: str, long: int, points: int) -> dict:
    sizes = f"LONG, RUNS, POINTS, METRICS, SHOWN = {long}, {RUNS}, {points}, {METRICS}, {SHOWN}\n"
    command = [str(python_of(NBTRACK)), "-W", "ignore", "-c", sizes + _FILL + code]
    done = subprocess.run(command, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not answers:
        raise CannotRunError((done.stderr.strip().splitlines() or ["no message"])[-1][:200])
    return json.loads(answers[-1])
