"""A state directory, a run in it, and Python processes beside ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter, new_id

STARTED_NS = 1_700_000_000_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "state")


@pytest.fixture
def begin(home: Home) -> Callable[..., RunWriter]:
    """Begins a run; takes what RunStart takes."""

    def begin(**facts: object) -> RunWriter:
        known = {"run_id": new_id(), "name": "bold-otter", "experiment": "wine", "store": "sqlite:///x.db", "owner": "", "started_ns": STARTED_NS}
        return RunWriter.create(home, RunStart(**{**known, **facts}))

    return begin


@pytest.fixture
def writer(begin: Callable[..., RunWriter]) -> RunWriter:
    return begin()


@pytest.fixture
def python() -> Callable[..., subprocess.Popen[str]]:
    """Starts a Python process that runs a script with arguments."""

    def python(script: str, *args: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", script, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return python


def finish(process: subprocess.Popen[str]) -> str:
    """What the process printed; fails if it did not end well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, f"exit {process.returncode}\n{out}\n{err}"
    return out.strip()
