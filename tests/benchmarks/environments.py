"""Each peer's own virtual environment, made once under `.bench/venvs` with bytecode compiled, as an installed package has it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / ".bench"
DRIVE = Path(__file__).parent / "peers" / "drive.py"
_MLFLOW = ("mlflow>=3.17,<4",)


class CannotRunError(Exception):
    """The peer cannot be installed or does not run here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """One way of logging points."""

    title: str
    module: str
    venv: str
    packages: tuple[str, ...]
    points: int
    """Enough for a steady number, few enough for the slow ones to come to an end."""


PEERS = (
    Peer("MLflow sync", "mlflow_sync", "mlflow", _MLFLOW, 500),
    Peer("MLflow async", "mlflow_async", "mlflow", _MLFLOW, 2_000),
    Peer("MLflow log_batch of 1,000", "mlflow_batch", "mlflow", _MLFLOW, 100_000),
    Peer("wandb offline", "wandb_offline", "wandb", ("wandb",), 20_000),
    Peer("trackio", "trackio_local", "trackio", ("trackio",), 100_000),
    Peer("aim", "aim_local", "aim", ("aim",), 20_000),
    Peer("sacred's queue", "sacred_queue", "sacred", ("sacred", "setuptools<81"), 100_000),
)
"""Beside them stands `NBTRACK`, the same way of use, installed the same way."""
NBTRACK = Peer("nbtrack", "nbtrack_plain", "nbtrack", (str(ROOT),), 100_000)
VIEWER = Peer("mlflow-widgets", "mlflow_widgets_table", "viewer", (*_MLFLOW, "mlflow-widgets>=0.1"), 0)
"""Shows runs in a notebook, and logs none."""


_instead: dict[str, Path] = {}


def use_this_interpreter() -> str:
    """Measure the nbtrack that this interpreter imports, as it is; returns its version."""
    _instead[NBTRACK.venv] = Path(sys.executable)
    return _version(NBTRACK)


def interpreter_instead(peer: Peer) -> Path | None:
    """The interpreter that is measured instead of one in an environment of its own, if any."""
    return _instead.get(peer.venv)


def prepare(peer: Peer, *, fresh: bool = False) -> str:
    """Make the peer's environment if it is not there; returns the peer's version.

    Args:
        peer: which.
        fresh: install its packages again, for a working tree that changed.

    Raises:
        CannotRunError: with the reason.
    """
    install(peer.venv, peer.packages, fresh=fresh)
    return _version(peer)


def install(name: str, packages: tuple[str, ...], *, fresh: bool = False) -> Path:
    """Make an environment of this name if it is not there; returns its interpreter.

    Args:
        fresh: install nbtrack again, for a working tree that changed.

    Raises:
        CannotRunError: with the reason.
    """
    folder = BENCH / "venvs" / name
    python = _python_in(folder)
    mark = folder / "installed.json"
    if not fresh and mark.exists() and json.loads(mark.read_text()) == list(packages):
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    again = ["--reinstall-package", "nbtrack"] if fresh and uv else ["--force-reinstall", "--no-deps"] if fresh and mark.exists() else []
    if not python.exists():
        venv.create(folder)
    command = [uv, "pip", "install", "--compile-bytecode", "--python", python] if uv else [python, "-m", "pip", "install", "--compile"]
    if not uv:
        subprocess.run([python, "-m", "ensurepip"], capture_output=True, check=False)
    done = subprocess.run([*map(str, command), "--quiet", *again, *packages], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"not installed: {_last_line(done.stderr)}")
    mark.write_text(json.dumps(list(packages)))
    return python


def python_of(peer: Peer) -> Path:
    """The interpreter of the peer's environment."""
    if peer.venv in _instead:
        return _instead[peer.venv]
    return _python_in(BENCH / "venvs" / peer.venv)


def _python_in(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def drive(peer: Peer, task: str, folder: Path, points: int = 0, *, timeout_s: float = 600, dies: bool = False) -> dict:
    """Run a task of `peers/drive.py` in the peer's environment.

    Args:
        peer: which.
        task: a function of `drive.py`.
        folder: the peer's data and working directory.
        points: how many.
        timeout_s: when to give up.
        dies: the task kills itself; there is no answer.

    Raises:
        CannotRunError: with the reason.
    """
    try:
        done = subprocess.run(
            [str(python_of(peer)), str(DRIVE), peer.module, task, str(folder), str(points)],
            env=environment(folder), capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as cause:
        raise CannotRunError(f"{task} of {points:,} points not done after {timeout_s:.0f} s") from cause
    if dies:
        return {}
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not answers:
        raise CannotRunError(f"{task} failed: {_last_line(done.stderr)}")
    return json.loads(answers[-1])


def environment(folder: Path) -> dict[str, str]:
    """This process's variables, with everything nbtrack and MLflow store kept in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NBTRACK_", "MLFLOW_", "WANDB_", "AIM_", "PYTHONPATH"))}
    return kept | {
        "NBTRACK_HOME": str(folder / "nbtrack"), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true", "GIT_PYTHON_REFRESH": "quiet", "PYTHONUNBUFFERED": "1",
        "XDG_CONFIG_HOME": str(folder / "config"),
    }  # fmt: skip


@contextlib.contextmanager
def new_folder() -> Iterator[Path]:
    """A folder with a migrated, empty MLflow database, so that nobody pays for the migrations; gone, with its delivery process, at the end."""
    template = BENCH / "template" / "mlflow.db"
    if not template.exists():
        template.parent.mkdir(parents=True, exist_ok=True)
        code = f"import mlflow; mlflow.set_tracking_uri('sqlite:///{template}.part'); mlflow.search_experiments()"
        subprocess.run([str(python_of(NBTRACK)), "-c", code], env=environment(template.parent), check=True, capture_output=True)
        Path(f"{template}.part").rename(template)
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-bench-"))
    shutil.copy(template, folder / "mlflow.db")
    try:
        yield folder
    finally:
        end_delivery(folder)
        shutil.rmtree(folder, ignore_errors=True)


def end_delivery(folder: Path) -> None:
    """`kill -9` of the delivery process that serves this folder's journals."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"nbtrack.delivery" in words and str(folder / "nbtrack").encode() in words:
                os.kill(int(path.parent.name), signal.SIGKILL)


def _version(peer: Peer) -> str:
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-bench-"))
    try:
        return drive(peer, "version", folder)["version"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _last_line(text: str) -> str:
    """What a person needs of an error's text; this machine's folders are no part of it."""
    line = (text.strip().splitlines() or ["no message"])[-1]
    return line.replace(str(ROOT), ".").replace(tempfile.gettempdir(), "TMP")[:200]
