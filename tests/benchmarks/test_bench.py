"""The benchmarks run: their cheapest measurement with tiny sizes. What they measure is for `make bench` on a quiet machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run.py")


def test_the_bench_measures_and_prints_its_table():
    sizes = ["--rounds", "1", "--scale", "0.001", "--here", "--no-peers"]
    done = subprocess.run([sys.executable, str(RUN), "--only", "load", "--only", "memory", *sizes], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "%load_ext nbtrack" in done.stdout
    assert "Memory of the kernel" in done.stdout
    assert "could not be measured" not in done.stdout, done.stdout
