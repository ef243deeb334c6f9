"""The notebook of a run: what 50 snapshots cost in the foreground and on disk, beside MLflow logging the same file; and how long a recipe takes."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from statistics import median

from environments import new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import say

AIM_SNAPSHOT_MS, AIM_DISK, AIM_SLICE_MS = 30, 1.15, 200
_RUNS, _CELLS, _HISTORY = 50, 20, 2000
_OUTPUT = "from IPython.display import display; import base64, os; display({{'image/png': base64.b64encode(os.urandom({size})).decode()}}, raw=True)"
_SLICE = """
import json, time
from nbtrack.entities.ledger import Ledger, Status
from nbtrack.notebooks.history import History
from nbtrack.notebooks.recipe import recipe_of
from nbtrack.notebooks.scopes import parse, scope_of
_ledger, _history = Ledger(), History()
for _number in range({cells}):
    _code = f"x{{_number % 200}} = x{{(_number * 7) % 200}} + 1\\nframe{{_number % 50}}['c'] = f{{_number % 20}}(x{{_number % 200}})\\ndef f{{_number % 20}}(a): return a + x{{_number % 200}}"
    _tree = parse(_code)
    _history.add(_ledger.add(_code, _code, _tree, scope_of(_tree), status=Status.OK))
_begin = time.perf_counter()
_found = recipe_of(_history.steps, {{{cells}}})
print(json.dumps({{"ms": (time.perf_counter() - _begin) * 1e3, "cells": len(_found)}}))
"""
_MLFLOW = """
import json, time, mlflow, pathlib
mlflow.set_experiment(experiment_id=mlflow.create_experiment("peer", artifact_location=pathlib.Path("peer").absolute().as_uri()))
_times = []
for _number in range({runs}):
    with mlflow.start_run():
        _begin = time.perf_counter()
        mlflow.log_artifact("notebook.ipynb")
        _times.append((time.perf_counter() - _begin) * 1e3)
_size = sum(path.stat().st_size for path in pathlib.Path("peer").rglob("*") if path.is_file())
print(json.dumps({{"ms": sorted(_times)[len(_times) // 2], "bytes": _size}}))
"""


def measure(plan: Plan) -> list[Row]:
    rows = []
    runs = max(5, int(_RUNS * min(1.0, plan.scale * 10)))
    for megabytes in (1, 20):
        say(f"{runs} snapshots of a {megabytes} MB notebook")
        rows += _snapshots(megabytes, runs)
    say(f"recipe in a history of {_HISTORY} cells")
    with new_folder() as folder, Kernel(folder) as kernel:
        found = kernel.ask(_SLICE.format(cells=_HISTORY))
    rows.append(Row(f"Recipe of a cell after {_HISTORY:,} others", f"{found['ms']:.1f} ms", f"<= {AIM_SLICE_MS} ms", "", found["ms"] <= AIM_SLICE_MS))
    return rows


def _snapshots(megabytes: int, runs: int) -> list[Row]:
    """A notebook whose outputs are that large, of which each run changes, saves and executes one small cell."""
    size = int(megabytes * 1e6 / _CELLS * 3 / 4)
    with new_folder() as folder, Kernel(folder) as kernel:
        kernel.run("import os; os.environ |= {'NBTRACK_NOTEBOOK': os.path.abspath('notebook.ipynb'), 'NBTRACK_DELIVERY': '0'}")
        kernel.run("%load_ext nbtrack")
        for _ in range(_CELLS):
            kernel.run(_OUTPUT.format(size=size))
        outputs = [base64.b64encode(os.urandom(size)).decode() for _ in range(_CELLS)]
        plain = median(kernel.run(_cell(-number))[1] for number in range(1, 6))
        more, sizes = [], []
        for number in range(runs):
            _save(folder / "notebook.ipynb", outputs, _cell(number))
            more.append((kernel.run(f"%%track --capture notebook\n{_cell(number)}")[1] - plain) * 1e3)
            time.sleep(0.3)  # the recorder's thread catches up, as between the cells of people
            if number == 0:
                time.sleep(4)
                sizes.append(_size(folder))
        time.sleep(2)
        sizes.append(_size(folder))
        theirs = kernel.ask(_MLFLOW.format(runs=runs))
    ms, ratio = median(more), sizes[-1] / sizes[0]
    is_large = megabytes >= 20  # of a small notebook, what each run holds beside it weighs too
    return [
        Row(f"Snapshot of a {megabytes} MB notebook, saved anew: foreground of a run", f"{ms:.1f} ms", f"<= {AIM_SNAPSHOT_MS} ms", "", ms <= AIM_SNAPSHOT_MS),
        Row("… `mlflow.log_artifact` of the file", f"{theirs['ms']:.1f} ms", "", f"{theirs['ms'] / ms:.1f}x"),
        Row(
            f"… {runs} runs on disk, snapshot and document",
            f"{sizes[-1] / 1e6:,.1f} MB, {ratio:.2f}x of one",
            f"<= {AIM_DISK}x" if is_large else "",
            "",
            ratio <= AIM_DISK if is_large else None,
        ),
        Row("… MLflow's artifacts", f"{theirs['bytes'] / 1e6:,.1f} MB", "", f"{theirs['bytes'] / sizes[-1]:.0f}x"),
    ]


def _cell(number: int) -> str:
    return f"lr = {number}\nprint('run', lr)"


def _save(path: Path, outputs: list[str], last: str) -> None:
    cells = [
        _json_cell(f"c{number}", "show()", [{"output_type": "display_data", "data": {"image/png": it}, "metadata": {}}]) for number, it in enumerate(outputs)
    ]
    path.write_text(json.dumps({"cells": [*cells, _json_cell("run", last, [])], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1))


def _json_cell(cell_id: str, source: str, outputs: list[dict]) -> dict:
    return {"cell_type": "code", "execution_count": None, "id": cell_id, "metadata": {}, "outputs": outputs, "source": source}


def _size(folder: Path) -> int:
    """Bytes of the journal."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and {"blobs", "runs", "executed"} & set(path.parts))
