"""What `nbtrack ci` costs beside the notebooks themselves: finding that nothing changed, and writing the report of a large pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from plan import Plan
from report import Row
from rounds import say

NOTEBOOKS, STAGES, METRICS = 50, 50, 200
NOTHING_S, REPORT_S = 2.0, 3.0
_QUIET = {"NBTRACK_DELIVERY": "0"}


def measure(plan: Plan) -> list[Row]:
    rounds = min(plan.rounds, 5)
    with tempfile.TemporaryDirectory(prefix="nbtrack-bench-") as place:
        rows = []
        for count in (NOTEBOOKS, 500):
            say(f"nbtrack ci --changed-only, nothing changed, {count} notebooks")
            taken = nothing_changed(Path(place) / f"repository{count}", count, rounds if count == NOTEBOOKS else 1)
            aim, is_met = (f"<= {NOTHING_S:g} s", taken <= NOTHING_S) if count == NOTEBOOKS else ("", None)
            rows.append(Row(f"`nbtrack ci --changed-only` with nothing changed, {count} notebooks", f"{taken:.2f} s", aim, "", is_met))
        say(f"the report of {STAGES} stages with {METRICS} metrics")
        taken = report(Path(place) / "home", rounds)
        return [
            *rows,
            Row(f"Report of {STAGES} stages with {METRICS} metrics each, against a base", f"{taken:.2f} s", f"<= {REPORT_S:g} s", "", taken <= REPORT_S),
        ]


def nothing_changed(folder: Path, count: int, rounds: int) -> float:
    """Seconds of the whole command, in a git repository of so many notebooks."""
    import nbformat

    folder.mkdir()
    stages = {}
    for at in range(count):
        cells = [
            nbformat.v4.new_code_cell(f"import helper{at % 5}\nx = {at}\n" + "\n".join(f"a{line} = x + {line}" for line in range(30)), id=f"c{cell}")
            for cell in range(10)
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"n{at}.ipynb")
        stages[f"s{at}"] = {"notebook": f"n{at}.ipynb"}
    for at in range(5):
        (folder / f"helper{at}.py").write_text("x = 1\n")
    (folder / ".gitignore").write_text(".nbtrack/\nnbtrack-report/\nmlflow.db\n")
    (folder / "nbtrack.yaml").write_text(json.dumps({"name": "bench", "stages": stages}))
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    env = {**os.environ, **_QUIET, "NBTRACK_HOME": str(folder.parent / f"home{count}")}
    command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "ci", "--changed-only", "--base", "main"]
    found = []
    for _ in range(rounds + 1):  # the first writes bytecode
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
        found.append(time.perf_counter() - began)
    return median(found[1:])


def report(place: Path, rounds: int) -> float:
    """Seconds to compare, draw and write everything."""
    os.environ |= {**_QUIET, "NBTRACK_HOME": str(place)}
    import nbtrack
    from nbtrack.ci.junit import suite_of
    from nbtrack.ci.report import Report, part_of
    from nbtrack.ci.write import write
    from nbtrack.journal import Home

    home, runs = Home(place), []
    for at in range(STAGES):
        pair = []
        for change in (0.0, 0.1):
            with nbtrack.track(f"stage {at}", params={"lr": change}) as run:
                for number in range(METRICS):
                    nbtrack.log({f"metric {number}": number + change * (number % 3)})
            pair.append(run.run_id)
        runs.append(pair)
    found = []
    for number in range(rounds):
        began = time.perf_counter()
        views = [[nbtrack.run(it) for it in pair] for pair in runs]
        parts = tuple(part_of(home, head, base, place, title=f"stage {at}", with_pictures=True) for at, (base, head) in enumerate(views))
        write(
            place.parent / f"report{number}",
            Report("bench", parts, "Compared with the base."),
            [suite_of(home, it.head, it.title) for it in parts],
            home,
            "bench",
            [],
        )
        found.append(time.perf_counter() - began)
    return median(found)
