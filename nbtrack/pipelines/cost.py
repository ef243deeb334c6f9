"""What a stage costs: seconds, processor time and memory of its kernel with all processes below it, and money where a price is told."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from nbtrack.capture.current import attach
from nbtrack.journal import Home

SECONDS, CPU, MEMORY, MONEY, SAVED = (f"system/{it}" for it in ("stage_seconds", "stage_cpu_seconds", "stage_peak_memory_mb", "stage_cost", "saved_seconds"))
"""Metrics of the machine, which tables of runs leave out."""


@dataclass(frozen=True)
class Spent:
    """Of the processes of a kernel, since they began."""

    cpu_s: float = 0.0
    peak_bytes: int = 0
    """Of the kernel's own process, where the system tells; else what it has now."""


def spent(pid: int, *, is_new: bool = False) -> Spent:
    """What a kernel and all below it, also what has ended, have used so far; nothing where it is gone.

    Args:
        is_new: no cell was executed, so there is nothing below it.
    """
    import psutil

    try:
        top = psutil.Process(pid)
        times = top.cpu_times()
        cpu_s = times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        for child in [] if is_new else top.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                own = child.cpu_times()
                cpu_s += own.user + own.system
        return Spent(cpu_s, _peak(pid) or top.memory_info().rss)
    except psutil.Error:
        return Spent()


def note(home: Home, run_id: str, facts: dict[str, float]) -> None:
    """Keep numbers as metrics of a run, which may be over."""
    run = attach(home, run_id)
    if run is None:
        return
    try:
        for name, value in facts.items():
            run.log(name, value, 0)
    finally:
        run.writer.close()


class Bill:
    """The sums of one run of a pipeline."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        """By name of the metric."""

    def attempt(self, home: Home, run_id: str, seconds: float, cpu_s: float, price: float) -> None:
        """Count an attempt; what it cost in money, by the price of an hour, is noted on its run."""
        money = seconds / 3600 * price
        for name, value in ((SECONDS, seconds), (CPU, cpu_s), (MONEY, money)):
            if value:
                self.sums[name] = self.sums.get(name, 0.0) + value
        if money:
            note(home, run_id, {MONEY: money})

    def saved(self, seconds: float) -> None:
        """Count a result that came from the cache."""
        self.sums[SAVED] = self.sums.get(SAVED, 0.0) + seconds


def _peak(pid: int) -> int:
    """The most memory a process had, as Linux knows it; 0 elsewhere."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
