"""Files of trials: each writes its own, and those of the best one are handed on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nbtrack.pipelines.sweeps.study import Trial


class TrialFiles:
    """Of one sweep.

    Args:
        root: folder of what trials write.
        targets: what is handed on, by name: where it belongs.
        cwd: folder in which the notebook is executed.
    """

    def __init__(self, root: Path, targets: Mapping[str, Path], cwd: Path) -> None:
        self._root, self._targets, self._cwd = root, targets, cwd

    def told(self, number: int, params: Mapping[str, Any]) -> dict[str, Any]:
        """Params of a trial, with its own paths in place of `${trial.NAME}`."""
        if not self._targets:
            return dict(params)
        for name in self._targets:
            self._of(number, name).parent.mkdir(parents=True, exist_ok=True)
        paths = {f"${{trial.{name}}}": os.path.relpath(self._of(number, name), self._cwd).replace(os.sep, "/") for name in self._targets}
        return {name: paths.get(value, value) if isinstance(value, str) else value for name, value in params.items()}

    def paths(self, number: int, root: Path | None) -> tuple[str, ...]:
        """What a trial writes, from the root of its job."""
        return () if root is None else tuple(os.path.relpath(self._of(number, name), root).replace(os.sep, "/") for name in self._targets)

    def missing(self, number: int) -> str:
        """Name of one that a trial did not write; empty where all are there."""
        return next((name for name in self._targets if not self._of(number, name).exists()), "")

    def keep_only(self, best: Trial | None, running: Iterable[int]) -> None:
        """Remove what trials wrote that are over and not the best."""
        if not self._targets or not self._root.is_dir():
            return
        kept = {str(it) for it in running} | ({str(best.number)} if best is not None else set())
        for folder in self._root.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def hand_on(self, best: Trial | None) -> None:
        """Put what the best trial wrote where it belongs; it also stays, for a sweep that is resumed.

        Raises:
            OSError: it cannot be written.
        """
        for name, target in self._targets.items() if best is not None else ():
            assert best is not None
            source = self._of(best.number, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True, copy_function=_link)
            else:
                target.unlink(missing_ok=True)
                _link(source, target)

    def _of(self, number: int, name: str) -> Path:
        return self._root / str(number) / name / self._targets[name].name


def _link(source: str | Path, target: str | Path) -> None:
    """The same bytes under a second name where the disk can do that, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
