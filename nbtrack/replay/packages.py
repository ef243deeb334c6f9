"""The packages a run used: held against those here, and installed anew in an environment of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlparse

from nbtrack.entities import RunView
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home
from nbtrack.replay import files

OURS = "nbtrack"
_INSTALL_S = 1800


class NoEnvironmentError(Exception):
    """An environment with the recorded versions cannot be made; the text says why."""


@dataclass(frozen=True)
class Packages:
    """What the run recorded."""

    python: str
    imported: Mapping[str, str]
    installed: Mapping[str, str]
    variables: Mapping[str, str]

    def differences(self) -> list[str]:
        """Versions that are others here, such as `numpy 2.1.0, here 2.2.0`."""
        found = []
        here = ".".join(map(str, sys.version_info[:3]))
        if self.python and self.python.split(".")[:2] != here.split(".")[:2]:
            found.append(f"Python {self.python}, here {here}")
        for name, version in self.imported.items():
            if name == OURS:
                continue
            try:
                now = metadata.version(name)
            except metadata.PackageNotFoundError:
                found.append(f"{name} {version}, not here")
                continue
            if now != version:
                found.append(f"{name} {version}, here {now}")
        return found


def recorded(home: Home, view: RunView) -> Packages | None:
    """The run's packages; None where it did not record them."""
    try:
        facts = json.loads(files.read(home, view, files.ENVIRONMENT) or b"null")
        lines = (files.read(home, view, files.REQUIREMENTS) or b"").decode("utf-8", "replace").splitlines()
    except (ValueError, NbtrackError):
        return None
    if not isinstance(facts, dict):
        return None
    installed = dict(line.split("==", 1) for line in lines if "==" in line)
    variables = {str(name): str(value) for name, value in (facts.get("variables") or {}).items()}
    imported = {str(name): str(version) for name, version in (facts.get("imported") or {}).items()}
    return Packages(str(facts.get("python", "")), imported, installed, variables)


def make(packages: Packages, folder: Path) -> Path:
    """Make a virtual environment with what the run imported, at the recorded versions, and nbtrack as it is here; its Python.

    With uv where it is installed, else with venv and pip. What the imported packages need has the recorded versions too.

    Raises:
        NoEnvironmentError: a package or the Python is not to be had.
    """
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    version = ".".join(packages.python.split(".")[:2])
    venv, python = folder / "venv", folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted, limits = folder / "wanted.txt", folder / "limits.txt"
    names = {_plain(name) for name in (OURS,)}
    wanted.write_text("".join(f"{name}=={it}\n" for name, it in packages.imported.items() if _plain(name) not in names) + f"ipykernel\n{_ours()}\n")
    limits.write_text("".join(f"{name}=={it}\n" for name, it in packages.installed.items() if _plain(name) not in names))
    is_this = version in ("", f"{sys.version_info[0]}.{sys.version_info[1]}")
    if uv:
        # uv looks for a Python on PATH, and downloads one, where the right one may be the one that runs this
        _do([uv, "venv", "--quiet", "--python", sys.executable if is_this else version, str(venv)])
        _do([uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(wanted), "--constraint", str(limits)])
        return python
    base = sys.executable if is_this else shutil.which(f"python{version}")
    if base is None:
        raise NoEnvironmentError(f"Python {version} is not installed")
    _do([base, "-m", "venv", str(venv)])
    _do([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(wanted), "--constraint", str(limits)])
    return python


def _ours() -> str:
    """This nbtrack as a requirement: the folder it was installed from, else its version."""
    try:
        told = json.loads(metadata.distribution(OURS).read_text("direct_url.json") or "{}")
    except ValueError:
        told = {}
    url = str(told.get("url", ""))
    folder = unquote(urlparse(url).path) if url.startswith("file:") else ""
    if folder and Path(folder).exists():
        return f"{OURS} @ {url}"
    return f"{OURS}=={metadata.version(OURS)}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _do(words: list[str]) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(words, capture_output=True, text=True, env=env, timeout=_INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise NoEnvironmentError(f"{Path(words[0]).name} failed: {cause}") from cause
    if done.returncode:
        told = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise NoEnvironmentError(" ".join(told[-6:])[-600:] or f"{Path(words[0]).name} ended with {done.returncode}")
