"""How long it takes to read 10,000 runs that MLflow's store alone has, and how much memory: nbtrack beside `mlflow.search_runs`."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path

from environments import NBTRACK, CannotRunError, environment, new_folder, python_of
from filled import METRICS, PARAMS, fill
from plan import Plan
from report import Row
from rounds import middle, say, take_turns

RUNS = 10_000
AIM_SECOND_MS, AIM_MB = 150, 150
_OURS, _THEIRS = "runs by nbtrack", "runs by mlflow.search_runs"
_SIZE = """
import json, time
def size_mb(what="VmRSS"):
    return int(next(line for line in open("/proc/self/status") if line.startswith(what)).split()[1]) / 1e3
def taken(act):
    began = time.perf_counter()
    return act(), time.perf_counter() - began
"""
_LOOK = """
from nbtrack import settings
from nbtrack.journal import Home
from nbtrack.charts.compare import compare
from nbtrack.reads.fresh import refresh
from nbtrack.widgets import wire
chosen = settings.load()
home = Home(settings.home(chosen))
before = size_mb()
fresh, index_s = taken(lambda: refresh(home, chosen, wait_s=120))
def opened():
    found = compare(home)
    return found, found.table()
(found, table), first_s = taken(opened)
sent, sent_s = taken(lambda: wire.as_bytes(table))
kinds = [it["kind"] for it in table["columns"]]
assert len(found) == RUNS and kinds.count("param") == PARAMS and kinds.count("metric") == METRICS, (len(found), fresh)
again, second_s = taken(found.table)
print(json.dumps({"index_s": index_s, "first_s": first_s + sent_s, "second_s": second_s, "grown_mb": size_mb("VmHWM") - before}))
"""
_SEARCH = """
import mlflow
before = size_mb()
found, first_s = taken(lambda: mlflow.search_runs(search_all_experiments=True, max_results=RUNS))
assert len(found) == RUNS
print(json.dumps({"first_s": first_s, "grown_mb": size_mb("VmHWM") - before}))
"""


def measure(plan: Plan) -> list[Row]:
    count = plan.points(RUNS)
    with new_folder() as folder:
        say(f"making a store of {count:,} runs")
        fill(folder / "mlflow.db", count)
        _asked(folder, _LOOK, count)  # once the index lies there, as it does from the second look on
        contenders = {_OURS: functools.partial(_asked, folder, _LOOK, count), _THEIRS: functools.partial(_asked, folder, _SEARCH, count)}
        found = take_turns(min(plan.rounds, 3), contenders, plan.refused)
    with new_folder() as folder:
        fill(folder / "mlflow.db", count)
        say("the same with no index")
        begun = _asked(folder, _LOOK, count)
    if _OURS not in found:
        raise CannotRunError(plan.refused[_OURS])
    first, second, grown = (middle(found[_OURS], name) for name in ("first_s", "second_s", "grown_mb"))
    what = f"{count:,} runs of the store, {PARAMS} params, {METRICS} metrics"
    theirs = found.get(_THEIRS)
    ratio = f"{middle(theirs, 'first_s') / first:.0f}x" if theirs else ""
    rows = [
        Row(f"{what}: `nbtrack.compare()` and its table as it is sent, first look of a process", f"{first * 1e3:.0f} ms", "", ratio),
        Row("… second look, nothing changed", f"{second * 1e3:.1f} ms", f"<= {AIM_SECOND_MS} ms", "", second * 1e3 <= AIM_SECOND_MS),
        Row("… memory of the process", f"+{grown:.0f} MB", f"<= {AIM_MB} MB", "", grown <= AIM_MB),
        Row("… until the index is there, delivery's start included", f"{begun['index_s']:.1f} s"),
    ]
    if theirs:
        rows.append(Row("… `mlflow.search_runs` of the same store, MLflow imported", f"{middle(theirs, 'first_s'):.1f} s"))
        rows.append(Row("… its memory", f"+{middle(theirs, 'grown_mb'):.0f} MB"))
    return rows


def _asked(folder: Path, code: str, count: int) -> dict:
    sizes = f"RUNS, PARAMS, METRICS = {count}, {PARAMS}, {METRICS}\n"
    done = subprocess.run(
        [str(python_of(NBTRACK)), "-W", "ignore", "-c", sizes + _SIZE + code], env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not answers:
        raise CannotRunError((done.stderr.strip().splitlines() or ["no message"])[-1][:200])
    return json.loads(answers[-1])
