"""What `nbtrack init` does and prints."""

from __future__ import annotations

import json
import os
from pathlib import Path

from nbtrack.ci.starters import files_of, write


def init(folder: Path, ci: str, template: str, as_json: bool) -> None:
    """Write a project to begin with."""
    written = write(folder, files_of(template, ci, folder.absolute().name))
    shown = [os.path.relpath(path).replace(os.sep, "/") for path in written]
    if as_json:
        print(json.dumps({"folder": str(folder.absolute()), "files": shown}, indent=2))
        return
    print("\n".join(f"wrote {it}" for it in shown))
    near = os.path.relpath(folder)
    print(f"\nNext: {'' if near == '.' else f'cd {near} && '}pip install -r requirements.txt && nbtrack run")
