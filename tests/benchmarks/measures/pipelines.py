"""Pipelines beside what else runs the same notebooks: plain papermill, ploomber-engine, and `dvc repro` of papermill's commands."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from environments import NBTRACK, ROOT, CannotRunError, environment, install, interpreter_instead, new_folder
from plan import Plan
from report import Row
from rounds import say, take_turns

SHORT, CACHED, MANY = 10, 20, 1000
NOTHING_S, ONE_JOB, TWO_JOBS, STAGE_MS, PLAN_S = 0.7, 0.5, 0.3, 300, 2.0
_CELLS = ("n = 1", "squares = [number**2 for number in range(200_000 + n)]", "total = sum(squares)\nprint(total)")
_PAPERMILL = "import sys, papermill\nfor name in sys.argv[1:]: papermill.execute_notebook(name, 'out-' + name, parameters={'n': 2}, progress_bar=False)"
_PLOOMBER = (
    "import sys\nfrom ploomber_engine import execute_notebook\n"
    "for name in sys.argv[1:]: execute_notebook(name, 'out-' + name, parameters={'n': 2}, progress_bar=False)"
)
_NBTRACK = "from nbtrack.cli import main; main()"


def measure(plan: Plan) -> list[Row]:
    ours = interpreter_instead(NBTRACK) or install("nbtrack-pipelines", (f"{ROOT}[pipelines]",), fresh=True)
    rounds = min(plan.rounds, 5)
    with new_folder() as folder:
        return [*_short(plan, folder, ours, rounds), *_nothing(plan, folder, ours, rounds), *_planned(plan, folder, ours, rounds)]


def _short(plan: Plan, folder: Path, ours: Path, rounds: int) -> list[Row]:
    """Notebooks that do little, one after the other and two at once."""
    count = max(4, int(SHORT * min(1.0, plan.scale)))
    few, many = _project(folder / "few", count), _project(folder / "many", 2 * count)
    names = [f"n{at}.ipynb" for at in range(count)]
    contenders = {
        "nbtrack, one job": lambda: _nbtrack(few, ours, "run", "--force"),
        "nbtrack, two jobs": lambda: _nbtrack(few, ours, "run", "--force", "--jobs", "2"),
        "nbtrack, one job, twice as many": lambda: _nbtrack(many, ours, "run", "--force"),
    }
    for title, packages, code in (
        ("papermill", ("papermill>=2.7", "ipykernel>=7"), _PAPERMILL),
        ("ploomber-engine", ("ploomber-engine", "ipykernel>=7", "setuptools<81"), _PLOOMBER),
    ):
        if (python := _peer(plan, title, packages)) is not None:
            contenders[title] = lambda python=python, code=code: _taken(few, python, "-c", code, *names)
    found = {title: median(values) for title, values in take_turns(rounds, contenders, plan.refused).items()}
    bare = _bare_s()
    stage_ms = ((found["nbtrack, one job, twice as many"] - found["nbtrack, one job"]) / count - bare) * 1e3
    peer = found.get("papermill")
    rows = []
    for title, jobs, aim in (("nbtrack, one job", 1, ONE_JOB), ("nbtrack, two jobs", 2, TWO_JOBS)):
        ratio = found[title] / peer if peer else None
        rows.append(
            Row(
                f"{count} short notebooks, `nbtrack run --jobs {jobs}`",
                f"{found[title]:.2f} s",
                f"<= {aim:g}x of papermill",
                f"{ratio:.2f}x" if ratio else "",
                ratio <= aim if ratio else None,
            )
        )
    rows += [Row(f"… {title}, one after the other", f"{found[title]:.2f} s") for title in ("papermill", "ploomber-engine") if title in found]
    rows.append(Row("… overhead of one more stage over its bare cells", f"{stage_ms:.0f} ms", f"<= {STAGE_MS} ms", "", stage_ms <= STAGE_MS))
    return rows


def _nothing(plan: Plan, folder: Path, ours: Path, rounds: int) -> list[Row]:
    """Stages, each after the one before, of which nothing changed."""
    count = max(4, int(CACHED * min(1.0, plan.scale)))
    place = _project(folder / "cached", count, is_chain=True)
    _nbtrack(place, ours, "run")
    contenders = {"nbtrack": lambda: _nbtrack(place, ours, "run")}
    dvc = _peer(plan, "dvc", ("dvc>=3.60", "papermill>=2.7", "ipykernel>=7"))
    if dvc is not None:
        stages = {
            f"s{at}": {
                "cmd": f"{dvc} -m papermill n{at}.ipynb out{at}.ipynb -p n 2 --no-progress-bar",
                "deps": [f"n{at}.ipynb", *([f"out{at - 1}.ipynb"] if at else [])],
                "outs": [f"out{at}.ipynb"],
            }
            for at in range(count)
        }
        (place / "dvc.yaml").write_text(json.dumps({"stages": stages}))
        _taken(place, dvc, "-m", "dvc", "init", "--no-scm", "-f")
        say(f"{count} stages for dvc repro to find unchanged")
        _taken(place, dvc, "-m", "dvc", "repro")
        contenders["dvc repro"] = lambda: _taken(place, dvc, "-m", "dvc", "repro")
    found = {title: median(values) for title, values in take_turns(rounds, contenders, plan.refused).items()}
    taken, theirs = found["nbtrack"], found.get("dvc repro")
    aim = f"<= {NOTHING_S:g} s" + (", below dvc repro" if theirs else "")
    rows = [
        Row(
            f"`nbtrack run` of {count} cached stages, with process start",
            f"{taken:.2f} s",
            aim,
            f"{taken / theirs:.2f}x" if theirs else "",
            taken <= NOTHING_S and taken < (theirs or taken + 1),
        )
    ]
    return rows + ([Row("… `dvc repro` of the same notebooks", f"{theirs:.2f} s")] if theirs else [])


def _planned(plan: Plan, folder: Path, ours: Path, rounds: int) -> list[Row]:
    count = max(10, int(MANY * min(1.0, plan.scale)))
    place = _project(folder / "large", count)
    say(f"planning {count:,} stages")
    taken = median(_nbtrack(place, ours, "plan") for _ in range(rounds))
    return [Row(f"`nbtrack plan` of {count:,} stages, with process start", f"{taken:.2f} s", f"<= {PLAN_S:g} s", "", taken <= PLAN_S)]


def _project(folder: Path, count: int, *, is_chain: bool = False) -> Path:
    """Notebooks of three cells, and a pipeline with a stage for each."""
    folder.mkdir()
    stages = {}
    for at in range(count):
        cells = [
            {"cell_type": "code", "id": f"c{number}", "source": source, "metadata": {"tags": ["parameters"]} if not number else {}, "outputs": []}
            for number, source in enumerate(_CELLS)
        ]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = {
            "cells": [{**cell, "execution_count": None} for cell in cells],
            "metadata": {"kernelspec": spec, "language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (folder / f"n{at}.ipynb").write_text(json.dumps(book))
        stages[f"s{at}"] = {"notebook": f"n{at}.ipynb", "params": {"n": 2}, **({"needs": [f"s{at - 1}"]} if is_chain and at else {})}
    (folder / "nbtrack.yaml").write_text(json.dumps({"name": folder.name, "stages": stages}))
    return folder


def _peer(plan: Plan, title: str, packages: tuple[str, ...]) -> Path | None:
    """A peer's interpreter; None where it cannot be had here, or is not wanted."""
    if not plan.has_peers:
        return None
    try:
        say(f"environment of {title}")
        return install(title, packages)
    except CannotRunError as reason:
        plan.refused[title] = str(reason)
        return None


def _nbtrack(folder: Path, python: Path, *words: str) -> float:
    return _taken(folder, python, "-c", _NBTRACK, *words)


def _taken(folder: Path, python: Path, *words: str) -> float:
    """Seconds of a whole process.

    Raises:
        CannotRunError: it failed.
    """
    env = {**environment(folder.parent), "NBTRACK_DELIVERY": "0", "PYTHONWARNINGS": "ignore", "DVC_NO_ANALYTICS": "1"}
    began = time.perf_counter()
    done = subprocess.run([str(python), *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900)
    taken = time.perf_counter() - began
    if done.returncode:
        raise CannotRunError((done.stderr.strip().splitlines() or ["no message"])[-1][:200])
    return taken


def _bare_s() -> float:
    """Seconds that the cells of one notebook take by themselves."""
    code = "import time; began = time.perf_counter()\n" + "\n".join(_CELLS) + "\nprint(time.perf_counter() - began)"
    taken = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()[-1]) for _ in range(3)]
    return median(taken)
