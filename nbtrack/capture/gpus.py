"""NVIDIA's GPUs as their driver tells; no process is started, and without a driver there are none."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

_DEVICES = ("/dev/nvidiactl", "/dev/dxg")
"""One of these is there where Linux has NVIDIA's driver, or Windows has it below."""


@functools.cache
def _driver() -> tuple[Any, tuple[Any, ...]]:
    """NVML and the handles of its devices. Takes milliseconds the first time, so it is for the background."""
    if sys.platform == "linux" and not any(Path(it).exists() for it in _DEVICES):
        return None, ()
    try:
        import pynvml

        pynvml.nvmlInit()
        return pynvml, tuple(pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount()))
    except Exception:  # noqa: BLE001 - no driver, an old one, a broken one: each raises something else
        return None, ()


def described() -> list[dict[str, Any]]:
    """Name, driver and memory of each GPU."""
    nvml, devices = _driver()
    driver = _text(nvml.nvmlSystemGetDriverVersion()) if devices else ""
    return [{"name": _text(nvml.nvmlDeviceGetName(it)), "driver": driver, "memory_bytes": int(nvml.nvmlDeviceGetMemoryInfo(it).total)} for it in devices]


def sample() -> dict[str, float]:
    """Use of each GPU under MLflow's names; what a device does not tell is left out."""
    nvml, devices = _driver()
    found: dict[str, float] = {}
    for index, device in enumerate(devices):
        for read in (_memory, _utilization, _power):
            try:
                found |= {f"gpu_{index}_{name}": value for name, value in read(nvml, device).items()}
            except nvml.NVMLError:
                continue
    return found


def _memory(nvml: Any, device: Any) -> dict[str, float]:
    memory = nvml.nvmlDeviceGetMemoryInfo(device)
    return {"memory_usage_percentage": memory.used / memory.total * 100, "memory_usage_megabytes": memory.used / 1e6}


def _utilization(nvml: Any, device: Any) -> dict[str, float]:
    return {"utilization_percentage": float(nvml.nvmlDeviceGetUtilizationRates(device).gpu)}


def _power(nvml: Any, device: Any) -> dict[str, float]:
    power, limit = nvml.nvmlDeviceGetPowerUsage(device), nvml.nvmlDeviceGetEnforcedPowerLimit(device)
    return {"power_usage_watts": power / 1000, "power_usage_percentage": power / limit * 100}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
