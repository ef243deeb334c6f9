"""What a run ran on: Python, distributions, platform, processors, memory, GPUs, variables and seeds."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nbtrack.capture import gpus
from nbtrack.capture.distributions import Distributions, stamp
from nbtrack.capture.early import Early
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.seeds import Seeds
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities.ledger import Entry, Ledger

JSON, REQUIREMENTS = "environment/environment.json", "environment/requirements.txt"
VARIABLES = (
    "BLIS_NUM_THREADS", "CONDA_DEFAULT_ENV", "CUBLAS_WORKSPACE_CONFIG", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES", "JAX_ENABLE_X64", "JAX_PLATFORMS", "KERAS_BACKEND", "LANG", "LC_ALL", "LOKY_MAX_CPU_COUNT", "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "PYTHONHASHSEED", "PYTHONOPTIMIZE",
    "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ENABLE_MPS_FALLBACK", "ROCR_VISIBLE_DEVICES", "SLURM_ARRAY_TASK_ID", "SLURM_JOB_ID", "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "TF_FORCE_GPU_ALLOW_GROWTH", "TOKENIZERS_PARALLELISM", "TZ", "VECLIB_MAXIMUM_THREADS", "XLA_FLAGS",
)  # fmt: skip
"""Environment variables that are recorded; no other is read."""


class Environment(Source):
    """`environment/environment.json` and `environment/requirements.txt`.

    What the user's code may change is read when the cell ends; the rest, which takes longer, in the background. Of a cell that takes
    its time all of it is written while it runs too, or a run whose kernel is killed would have none.
    """

    name = "environment"
    kind = "environment"

    def __init__(self) -> None:
        self._seeds = Seeds()
        self._followed = 0
        self._written: tuple[str, Any] = ("", None)
        self._reader = Reader()
        self._names: list[str] = []
        self._tops: frozenset[str] = frozenset()
        self._early = Early()

    def stop(self) -> None:
        self._early.close()

    def before(self, cell: Cell) -> Iterable[Finding]:
        if cell.run is not None and cell.run.run_id != self._written[0]:
            self.begin(cell.run, cell.ledger, cell.entry, cell.namespace)
        return ()

    def begin(self, run: TrackedRun, ledger: Ledger, entry: Entry, namespace: dict[str, Any]) -> None:
        """A run begins in this cell: while the cell runs, what can be told so far is written now and then."""
        known: list[Any] = []

        def look() -> bool:
            if entry.ended_ns is not None or run.is_ended:
                return False
            seeds = self._seeds.copy()
            for it in ledger.entries[self._followed : entry.number]:
                if it.tree is not None:
                    seeds.follow(it.tree, namespace)
            modules, facts = frozenset(name.partition(".")[0] for name in list(sys.modules)), _facts(seeds)
            if known != [modules, facts]:
                known[:] = [modules, facts]
                self._reader.write(run, modules, facts, unless=lambda: entry.ended_ns is not None)
            return not run.is_ended

        self._early.look(look)

    def after(self, cell: Cell) -> Iterable[Finding]:
        modules, facts = self._now(cell.ledger, cell.entry, cell.namespace)
        seen = (cell.run.run_id if cell.run is not None else "", (modules, json.dumps(facts)))
        if seen == self._written:  # an earlier cell of this run
            return
        self._written = seen
        text = ", ".join(f"{name} {seed}" for name, seed in facts["seeds"].items())
        yield Finding(
            "fact", "environment", f"Python {platform.python_version()}; seeds: {text}", "loaded when the cell ended", self._keep(cell, modules, facts)
        )

    def files_now(self, ledger: Ledger, entry: Entry, namespace: dict[str, Any]) -> Callable[[], dict[str, bytes]]:
        """What a run has that ends now, in this cell: its artifacts by path, once somebody has the time to make them."""
        modules, facts = self._now(ledger, entry, namespace)
        return functools.cache(lambda: self._reader.files(modules, facts))

    def _now(self, ledger: Ledger, entry: Entry, namespace: dict[str, Any]) -> tuple[frozenset[str], dict[str, Any]]:
        """What the user's code may have changed: modules that are loaded, seeds and variables."""
        for it in ledger.entries[self._followed : entry.number]:
            if it.tree is not None:
                self._seeds.follow(it.tree, namespace)
        self._followed = max(self._followed, entry.number)
        return self._modules(), _facts(self._seeds)

    def _modules(self) -> frozenset[str]:
        """Top-level names of what is loaded."""
        names = list(sys.modules)
        if names != self._names:
            self._names, self._tops = names, frozenset(name.partition(".")[0] for name in names)
        return self._tops

    def _keep(self, cell: Cell, modules: frozenset[str], facts: dict[str, Any]) -> Callable[[TrackedRun], None]:
        return lambda run: cell.later(lambda: self._reader.write(run, modules, facts))


class Reader:
    """Reads what does not change while a kernel lives once, and distributions again where some were installed."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # backgrounds of two cells may overlap
        self._stamp: Any = None
        self._distributions: Distributions | None = None
        self._machine: dict[str, Any] | None = None

    def write(self, run: TrackedRun, modules: Iterable[str], facts: dict[str, Any], *, unless: Callable[[], bool] = lambda: False) -> None:
        """Keep the artifacts; in one piece, so that what is made later is also written later."""
        with self._lock:
            if unless():
                return
            for path, data in self.files(modules, facts).items():
                run.artifact_bytes(path, data)

    def files(self, modules: Iterable[str], facts: dict[str, Any]) -> dict[str, bytes]:
        """The artifacts, by path."""
        with self._lock:
            now = stamp()
            if self._distributions is None or self._stamp != now:
                self._stamp, self._distributions = now, Distributions()
            if self._machine is None:
                self._machine = machine()
            requirements = self._distributions.as_requirements().encode()
            found = self._machine | {
                "imported": self._distributions.of_modules(modules), "distributions_digest": hashlib.blake2b(requirements, digest_size=16).hexdigest(), **facts,
            }  # fmt: skip
        return {JSON: json.dumps(found, indent=1, ensure_ascii=False).encode("utf-8", "replace"), REQUIREMENTS: requirements}


def _facts(seeds: Seeds) -> dict[str, Any]:
    return {"seeds": seeds.facts(sys.modules), "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ}}


def machine() -> dict[str, Any]:
    """Python and what it runs on."""
    return {**_computer(), "gpus": gpus.described()}


@functools.cache
def _computer() -> dict[str, Any]:
    import psutil

    return {
        "python": platform.python_version(), "implementation": platform.python_implementation(), "platform": platform.platform(), "machine": platform.machine(),
        "cpu": _processor(), "cpus": os.cpu_count(), "memory_bytes": psutil.virtual_memory().total,
    }  # fmt: skip


def read_ahead() -> None:
    """Learn what the kernels that are forked from this process would each read again; nothing of it needs a driver."""
    _computer()
    Distributions().of_modules([""])  # what nothing is called: all is read


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor()
