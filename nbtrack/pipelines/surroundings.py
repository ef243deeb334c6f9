"""The environment that a stage is executed in, as the cache's key has it: a lock file, else what is installed beside the kernel's Python."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbtrack.pipelines.digests import digest_file

LOCKS = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "conda-lock.yml", "pixi.lock", "Pipfile.lock")
"""Lock files that are looked for beside `nbtrack.yaml`."""
_OURS = "nbtrack"


def environment_of(kernel: str, lock: str, folder: Path) -> Mapping[str, Any]:
    """What identifies an environment: a lock file's digest, or every package's version; and Python's.

    Args:
        lock: a file; `none` for nothing; empty for the first lock file that lies in the folder.
    """
    python = _python_of(kernel)
    facts: dict[str, Any] = {"kernel": kernel, "python": _version(python)}
    if lock == "none":
        return facts
    for name in (lock,) if lock else LOCKS:
        path = folder / name
        if path.is_file():
            return facts | {"lock": {name: digest_file(path)}}
    return facts | {"packages": dict(_packages(python))}


@functools.lru_cache(maxsize=64)
def _python_of(kernel: str) -> str:
    """The interpreter of a kernel; this one's where its spec does not tell."""
    if kernel in ("", "python3"):
        return sys.executable
    for place in _kernel_folders():
        try:
            argv = json.loads((place / kernel / "kernel.json").read_bytes())["argv"]
        except (OSError, ValueError, KeyError):
            continue
        return str(argv[0])
    return sys.executable


def has_kernel(name: str) -> bool:
    """Whether a kernel is installed, as far as folders tell; ipykernel of this interpreter needs none."""
    return name in ("", "python3") or any((place / it / "kernel.json").is_file() for place in _kernel_folders() for it in (name, name.lower()))


def _kernel_folders() -> list[Path]:
    from jupyter_core.paths import jupyter_path

    return [Path(it) for it in jupyter_path("kernels")]


def _version(python: str) -> str:
    if python == sys.executable or "python" not in Path(python).name:
        return ".".join(map(str, sys.version_info[:3]))
    try:  # what a virtual environment says of itself
        lines = (Path(python).parent.parent / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition("=")[2].strip() for line in lines if line.startswith(("version ", "version_info "))), "")


@functools.lru_cache(maxsize=64)
def _packages(python: str) -> tuple[tuple[str, str], ...]:
    """Name and version of all that is installed, told by the names of folders: asking each would take a hundred times as long."""
    if python == sys.executable:
        places = [it for it in sys.path if it.rstrip("/\\").endswith(("site-packages", "dist-packages"))]
    else:
        root = Path(python).parent.parent
        places = [str(it) for it in (*root.glob("lib/python*/site-packages"), root / "Lib" / "site-packages")]
    found: dict[str, str] = {}
    for place in places:
        try:
            names = os.listdir(place)  # noqa: PTH208 - names alone are wanted
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info"):
                package, _, version = name.removesuffix(".dist-info").rpartition("-")
                if package.lower() != _OURS:
                    found.setdefault(package.lower().replace("_", "-"), version)
    return tuple(sorted(found.items()))
