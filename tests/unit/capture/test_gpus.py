"""GPUs, by a driver that is made up: hardware is what tests may replace."""

import sys
from types import SimpleNamespace

import pytest

from nbtrack.capture import gpus


class NVMLError(Exception):
    pass


def refuse(device):
    raise NVMLError("not supported")


@pytest.fixture
def driver(monkeypatch):
    nvml = SimpleNamespace(
        NVMLError=NVMLError, nvmlInit=lambda: None, nvmlDeviceGetCount=lambda: 1, nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda it: b"Card 9000", nvmlSystemGetDriverVersion=lambda: "580.1",
        nvmlDeviceGetMemoryInfo=lambda it: SimpleNamespace(total=80_000_000_000, used=20_000_000_000),
        nvmlDeviceGetUtilizationRates=lambda it: SimpleNamespace(gpu=75), nvmlDeviceGetPowerUsage=refuse, nvmlDeviceGetEnforcedPowerLimit=refuse,
    )  # fmt: skip
    monkeypatch.setattr(gpus, "_DEVICES", ("/dev/null",))
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    gpus._driver.cache_clear()
    yield nvml
    gpus._driver.cache_clear()


def test_a_gpu_is_described(driver):
    assert gpus.described() == [{"name": "Card 9000", "driver": "580.1", "memory_bytes": 80_000_000_000}]


def test_what_a_device_does_not_tell_is_left_out(driver):
    assert gpus.sample() == {"gpu_0_memory_usage_percentage": 25.0, "gpu_0_memory_usage_megabytes": 20_000.0, "gpu_0_utilization_percentage": 75.0}


def test_without_a_driver_there_are_none(driver):
    def fail():
        raise NVMLError("Driver Not Loaded")

    driver.nvmlInit = fail
    assert gpus.described() == []
    assert gpus.sample() == {}
