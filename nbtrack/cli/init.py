"""What `nbtrack init` does and prints."""

from __future__ import annotations

import json
import os
from pathlib import Path

from nbtrack.ci.starters import files_of, files_of_ci, write


def init(folder: Path, ci: str, template: str, as_json: bool) -> None:
    """Write a project to begin with; where one is there already and a CI is named, what runs it there alone."""
    is_there = bool(ci) and (folder / "nbtrack.yaml").exists()
    written = write(folder, files_of_ci(ci) if is_there else files_of(template, ci, folder.absolute().name))
    shown = [os.path.relpath(path).replace(os.sep, "/") for path in written]
    if as_json:
        print(json.dumps({"folder": str(folder.absolute()), "files": shown}, indent=2))
        return
    print("\n".join(f"wrote {it}" for it in shown))
    if is_there:
        lacks = "" if (folder / "requirements.txt").exists() else "write requirements.txt, which the jobs install, and "
        print(f"\nNext: {lacks}commit {'it' if len(shown) == 1 else 'them'}")
        return
    near = os.path.relpath(folder)
    print(f"\nNext: {'' if near == '.' else f'cd {near} && '}pip install -r requirements.txt && nbtrack run")
