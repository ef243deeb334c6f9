"""Executes a labelled notebook in a kernel of its own: tracked as a whole, tracked cell by cell, or under MLflow's autologging."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from found import Found, of_home, of_mlflow
from labels import Labels
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

MODES = ("whole", "cells", "autolog", "plain")
_PROBE = Path(__file__).with_name("probe.py")
_MARK = "@@probe@@"
_MIGRATE = "import sys, mlflow; mlflow.MlflowClient(sys.argv[1]).search_experiments()"
_AUTOLOG = """
import logging as _logging, mlflow as _mlflow
_logging.getLogger("mlflow").setLevel(_logging.ERROR)
_mlflow.set_tracking_uri({uri!r})
_mlflow.autolog(silent=True)
_mlflow.start_run()
None
"""


@dataclass(frozen=True)
class Execution:
    """What came of executing a notebook once."""

    labels: Labels
    """With this execution's values."""
    found: Found
    detail: frozenset[str]
    """Names of the true params of library objects, for which nothing is counted."""
    wall_s: float
    error: str
    """Of the notebook's first failing cell; empty if all went well."""
    values: dict[str, Any] = field(default_factory=dict)
    """What the sources of labels gave."""


def execute(labels: Labels, mode: str, *, template: Path | None = None, timeout_s: int = 900) -> Execution:
    """Execute in an empty folder and collect.

    Args:
        mode: one of MODES; `plain` tracks nothing.
        template: a migrated sqlite store, for `autolog`.
    """
    with tempfile.TemporaryDirectory(prefix="nbtrack-capture-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        work, home = folder / "work", folder / "home"
        work.mkdir()
        notebook = nbformat.convert(nbformat.read(labels.notebook, as_version=nbformat.NO_CONVERT), 4)
        first, last = "", ""
        if mode == "whole":
            first, last = "%load_ext nbtrack\n%track on", "%track off"
        elif mode == "cells":
            first = "%load_ext nbtrack"
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.source = f"%%track\n{cell.source}"
        elif mode == "autolog":
            assert template is not None
            shutil.copyfile(template, folder / "mlflow.db")
            first, last = _AUTOLOG.format(uri=f"sqlite:///{folder / 'mlflow.db'}"), "_mlflow.end_run()"
        probe = f"__labels__ = {json.dumps(labels.sources)!r}; __mark__ = {_MARK!r}\n{_PROBE.read_text()}"
        own = [nbformat.v4.new_code_cell(code, id=name) for code, name in ((first, "first"), (last, "last"), (probe, "probe"))]
        notebook.cells = [own[0], *notebook.cells, *own[1:]]
        client = NotebookClient(
            notebook, timeout=timeout_s, kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=40"], resources={"metadata": {"path": str(work)}}
        )
        error, start = "", time.perf_counter()
        try:
            asyncio.run(client.async_execute(env=_environment(home)))  # a loop that is closed: nbclient leaves its own to whoever collects garbage
        except CellExecutionError as cause:
            error = f"{cause.ename}: {cause.evalue}"
        except (CellControlSignal, DeadKernelError, TimeoutError) as cause:  # a cell that takes too long, a kernel that died: what is there still counts
            error = str(cause).partition("\n")[0]
        wall_s = time.perf_counter() - start
        told = _told(notebook.cells[-1])
        found = Found()
        if mode in ("whole", "cells"):
            found = of_home(home)
        elif mode == "autolog":
            found = of_mlflow(f"sqlite:///{folder / 'mlflow.db'}")
        return Execution(labels.with_values(told.get("values", {})), found, frozenset(told.get("detail", ())), wall_s, error, told.get("values", {}))


def make_template(folder: Path) -> Path:
    """An empty sqlite store with MLflow's tables."""
    path = folder / "template.db"
    subprocess.run([sys.executable, "-W", "ignore", "-c", _MIGRATE, f"sqlite:///{path}"], check=True, cwd=folder, capture_output=True)
    return path


def _environment(home: Path) -> dict[str, str]:
    """Nothing of whoever runs this. One thread a kernel: two that share two cores with others wait for each other ten times longer than they work."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "NBTRACK_", "MPLBACKEND"))}
    return kept | {
        "NBTRACK_HOME": str(home),
        "NBTRACK_DELIVERY": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "OMP_NUM_THREADS": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


def _told(cell: Any) -> dict[str, Any]:
    text = "".join(output.get("text", "") for output in cell.get("outputs", ()))
    _, mark, told = text.partition(_MARK)
    return json.loads(told.partition("\n")[0]) if mark else {}
