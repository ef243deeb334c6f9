"""System metrics: how much of the machine a cell uses, sampled while it runs."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from nbtrack.capture import gpus
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities.ledger import Entry

FIRST_S = 1.0
"""Seconds after which the first sample is taken: shorter cells have none."""
_LOOK_S = 0.25


class Machine(Source):
    """`system/...` metrics under MLflow's names, and the kernel's own memory and processor time."""

    name = "system metrics"
    kind = "system"

    def __init__(self) -> None:
        self._samplers: dict[int, Sampler] = {}
        self._begun = threading.Event()
        self._is_over = False
        self._thread: threading.Thread | None = None

    def before(self, cell: Cell) -> Iterable[Finding]:
        if cell.run is not None and cell.chosen.system_s > 0:
            self._samplers[cell.entry.number] = Sampler(cell.run, cell.chosen.system_s, cell.choice.wants)
            self._begun.set()
            if self._thread is None:  # one for all cells: each would wait for the start of its own
                self._thread = threading.Thread(target=self._work, name="nbtrack-system", daemon=True)
                self._thread.start()
        return ()

    def leave(self, entry: Entry) -> None:
        sampler = self._samplers.pop(entry.number, None)
        if sampler is not None:
            sampler.stop()

    def stop(self) -> None:
        for number in list(self._samplers):
            self._samplers.pop(number).stop()
        self._is_over = True
        self._begun.set()

    def _work(self) -> None:
        while not self._is_over:
            self._begun.wait()
            self._begun.clear()
            while them := list(self._samplers.values()):
                time.sleep(min(_LOOK_S, *(sampler.every_s for sampler in them)))
                for sampler in list(self._samplers.values()):
                    sampler.look(time.monotonic())


class Sampler:
    """Samples for one cell; after `stop` it writes nothing more."""

    def __init__(self, run: TrackedRun, every_s: float, wants: Callable[[str], bool]) -> None:
        self._run, self.every_s, self._wants = run, every_s, wants
        self._began = time.monotonic()
        self._due = self._began + FIRST_S / 2
        self._probe: Probe | None = None
        self._writing = threading.Lock()
        self._is_over = False

    def stop(self) -> None:
        with self._writing:
            self._is_over = True

    def look(self, now: float) -> None:
        """Sample if it is time."""
        if now < self._due:
            return
        try:
            if self._probe is None:
                self._probe, self._due = Probe(), self._began + FIRST_S
                return
            self._due = now + self.every_s
            found = {f"system/{name}": value for name, value in self._probe.sample().items() if self._wants(f"system/{name}")}
            with self._writing:
                if self._is_over:
                    return
                for name, value in found.items():
                    self._run.log(name, value)
        except Exception as cause:  # noqa: BLE001 - a machine that does not tell is no fault of the cell
            self._due = float("inf")
            self._run.notice(f"system metrics could not be sampled: {cause!r}")


class Probe:
    """Reads the machine; use of processors is that since the sample before, network traffic that since the beginning."""

    def __init__(self) -> None:
        import psutil

        self._psutil: Any = psutil
        self._process = psutil.Process()
        self._network = self._traffic()
        self._busy = self._processors()
        self._process.cpu_percent()

    def sample(self) -> dict[str, float]:
        memory, disk = self._psutil.virtual_memory(), self._psutil.disk_usage(os.getcwd())  # noqa: PTH109 - psutil wants a text
        found = {
            "system_memory_usage_megabytes": memory.used / 1e6, "system_memory_usage_percentage": memory.used / memory.total * 100,
            "disk_usage_percentage": disk.percent, "disk_usage_megabytes": disk.used / 1e6, "disk_available_megabytes": disk.free / 1e6,
            "process_memory_megabytes": self._process.memory_info().rss / 1e6, "process_cpu_percentage": self._process.cpu_percent(),
        }  # fmt: skip
        busy, before = self._processors(), self._busy
        self._busy = busy
        if busy[1] > before[1]:
            found["cpu_utilization_percentage"] = max(0.0, (busy[0] - before[0]) / (busy[1] - before[1]) * 100)
        traffic = self._traffic()
        if traffic is not None and self._network is not None:
            found |= {"network_receive_megabytes": (traffic[0] - self._network[0]) / 1e6, "network_transmit_megabytes": (traffic[1] - self._network[1]) / 1e6}
        return found | gpus.sample()

    def _processors(self) -> tuple[float, float]:
        """Busy and all seconds of all processors; psutil's own percentage is shared by everybody in the process who asks for it."""
        times = self._psutil.cpu_times()
        whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)  # guests are in user and nice already
        return whole - times.idle - getattr(times, "iowait", 0.0), whole

    def _traffic(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError, RuntimeError):
            counters = self._psutil.net_io_counters()
            return None if counters is None else (counters.bytes_recv, counters.bytes_sent)
        return None
