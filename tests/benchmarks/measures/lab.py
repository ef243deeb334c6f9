"""What JupyterLab's part costs: how long the server takes for the runs of a notebook among many, and how much the page loads."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

from environments import NBTRACK, CannotRunError, environment, new_folder, python_of
from plan import Plan
from report import Row
from rounds import say

RUNS, NOTEBOOKS, TIMES = 10_000, 100, 40
AIM_MS = 50
_ASK = """
import json, os, time
from pathlib import Path
from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter, new_id
from nbtrack.reads.local import forget
from nbtrack.server import desk
home, long_ago = Home(Path("state")), 10**18
ids = []
for number in range(RUNS):
    path = Path(f"{number % NOTEBOOKS}.ipynb").absolute()
    start = RunStart(new_id(), f"run-{number}", "bench", "sqlite:////nowhere.db", "nobody", long_ago + number, tags={"nbtrack.notebook": str(path)})
    with_end = RunWriter.create(home, start)
    ids.append(start.run_id)
    for name in range(5):
        with_end.event("param", name=f"p{name}", value=str(number * name))
    with_end.log("loss", 1 / (number + 1), 0)
    with_end.event("end", timestamp_ns=long_ago + number, state="FINISHED", reason="", traceback="")
    with_end.close()
def taken_ms(scope):
    began = time.perf_counter()
    desk.runs(home, Path("1.ipynb").absolute(), [], "", scope, is_told=True)  # as with the watch of a running server
    return (time.perf_counter() - began) * 1e3
def changed_ms(number):
    # Of all runs, when one of them was changed a moment ago
    writer = RunWriter(home, ids[number * len(ids) // TIMES])
    writer.event("tag", name="team", value=str(number))
    writer.close()
    forget(home, [writer.run_id])
    return taken_ms("all")
taken_ms("all")
answered = {scope: sorted(taken_ms(scope) for _ in range(TIMES)) for scope in ("notebook", "all")}
answered["changed"] = sorted(changed_ms(number) for number in range(TIMES))
# As they were if all of them had ended within the last minute
from nbtrack.reads import local
for known in local._known.values():
    known.is_watched, known.ended_ns = True, time.time_ns()
answered["just ended"] = sorted(taken_ms("notebook") for _ in range(TIMES))
print(json.dumps(answered))
"""
_FILES = "import json, nbtrack; from pathlib import Path; import sys; print(json.dumps(str(Path(sys.prefix) / 'share/jupyter/labextensions/nbtrack/static')))"


def measure(plan: Plan) -> list[Row]:
    count = plan.points(RUNS)
    with new_folder() as folder:
        say(f"asking the server for runs among {count:,}")
        found = _said(folder, f"RUNS, NOTEBOOKS, TIMES = {count}, {NOTEBOOKS}, {TIMES}\n{_ASK}")
        static = Path(_said(folder, _FILES))
    p95, every, changed, fresh = (found[scope][int(0.95 * TIMES)] for scope in ("notebook", "all", "changed", "just ended"))
    size_kb = sum(len(gzip.compress(file.read_bytes())) for file in static.glob("*.js")) / 1e3
    if not size_kb:
        raise CannotRunError(f"no extension lies in {static}")
    return [
        Row(f"JupyterLab: the server's answer, runs of one notebook among {count:,}, p95", f"{p95:.0f} ms", f"<= {AIM_MS} ms", "", p95 <= AIM_MS),
        Row("… where all of them ended just now, p95", f"{fresh:.0f} ms", f"<= {AIM_MS} ms", "", fresh <= AIM_MS),
        Row(f"… all {count:,} of them, p95", f"{every:.0f} ms", f"<= {AIM_MS} ms", "", every <= AIM_MS),
        Row("… all of them, after one was changed, p95", f"{changed:.0f} ms", f"<= {AIM_MS} ms", "", changed <= AIM_MS),
        Row("… the whole extension, what loads later included, gzipped", f"{size_kb:.0f} KB"),
    ]


def _said(folder: Path, code: str) -> object:
    command = [str(python_of(NBTRACK)), "-W", "ignore", "-c", code]
    done = subprocess.run(command, env={**environment(folder), "NBTRACK_DELIVERY": "0"}, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise CannotRunError((done.stderr.strip().splitlines() or ["no message"])[-1][:200])
    return json.loads(done.stdout.splitlines()[-1])
