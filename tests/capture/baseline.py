"""What autologging kept of a notebook, kept in `.capture/`: it does not change with our code, and takes three times as long as all the rest.

A notebook, a label's source, MLflow or a scorer that is another one is executed anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from execute import Execution
from found import Data, Found, Model, Series
from labels import Labels

FOLDER = Path(__file__).resolve().parents[2] / ".capture"
_HERE = Path(__file__).parent


def kept(labels: Labels) -> Execution | None:
    """The execution of an earlier time; None where there is none that still holds."""
    try:
        data = json.loads(_path(labels).read_text("utf-8"))
    except FileNotFoundError:
        return None
    found = Found(
        params=[(name, value) for name, value in data["found"]["params"]],
        child_params=[(name, value) for name, value in data["found"]["child_params"]],
        series=[Series(**it) for it in data["found"]["series"]],
        models=[Model(**it) for it in data["found"]["models"]],
        figures=data["found"]["figures"],
        datasets=[Data(**it) for it in data["found"]["datasets"]],
    )
    return Execution(labels.with_values(data["values"]), found, frozenset(data["detail"]), data["wall_s"], "", data["values"])


def keep(execution: Execution) -> None:
    """Keep it for the next time."""
    FOLDER.mkdir(exist_ok=True)
    data = {"found": asdict(execution.found), "detail": sorted(execution.detail), "wall_s": execution.wall_s, "values": execution.values}
    _path(execution.labels).write_text(json.dumps(data), "utf-8")


def _path(labels: Labels) -> Path:
    seen = hashlib.sha256(version("mlflow").encode())
    for part in (
        labels.notebook.read_bytes(),
        json.dumps(labels.sources).encode(),
        *((_HERE / name).read_bytes() for name in ("execute.py", "found.py", "probe.py")),
    ):
        seen.update(part)
    return FOLDER / f"{labels.name}-{seen.hexdigest()[:16]}.json"
