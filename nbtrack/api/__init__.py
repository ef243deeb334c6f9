"""The Python API: the words of the magics, for functions and scripts."""

from nbtrack.api.block import track
from nbtrack.api.notebooks import run_notebook, sweep
from nbtrack.api.record import artifact, figure, log, output, param, tag
from nbtrack.api.stored import bundle, compare, diff, flush, gate, import_bundle, reproduce, restore, run, runs

__all__ = [
    "artifact",
    "bundle",
    "compare",
    "diff",
    "figure",
    "flush",
    "gate",
    "import_bundle",
    "log",
    "output",
    "param",
    "reproduce",
    "restore",
    "run",
    "run_notebook",
    "runs",
    "sweep",
    "tag",
    "track",
]
