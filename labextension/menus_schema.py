"""Writes schema/tracking.json: where JupyterLab shows nbtrack's commands, and the keys that call them. The settings have a schema of their own, which
JupyterLab reads only once the plugin has changed it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

TARGET = Path(__file__).parent / "schema" / "tracking.json"
SHORTCUTS = [
    ("nbtrack:track-cell", "Alt Shift T", ".jp-Notebook"),
    ("nbtrack:show-runs", "Alt Shift R", "body"),
    ("nbtrack:compare", "Alt Shift D", "body"),
    ("nbtrack:run-with-parameters", "Alt Shift P", ".jp-NotebookPanel"),
    ("nbtrack:open-pipeline", "Alt Shift G", "body"),
]
MENU = [
    "nbtrack:show-runs", "nbtrack:compare", "nbtrack:diff-notebook", None, "nbtrack:track-cell", "nbtrack:track-on", "nbtrack:track-off", "nbtrack:snapshot",
    None, "nbtrack:run-with-parameters", "nbtrack:run-as-stage", "nbtrack:open-pipeline", None, "nbtrack:about",
]  # fmt: skip
NOTEBOOK_FILE = '.jp-DirListing-item[data-file-type="notebook"]'
FILE_MENU = ["nbtrack:file-runs", "nbtrack:file-compare", "nbtrack:file-track", "nbtrack:file-run-with-parameters", "nbtrack:file-run-as-stage"]
CELL_MENU = ["nbtrack:track-cell", "nbtrack:show-runs", "nbtrack:compare", "nbtrack:leave-out"]


def text() -> str:
    """The whole file."""
    submenu = {"id": "nbtrack-menu", "label": "nbtrack", "items": _items(MENU)}
    found = {
        "title": "Commands of nbtrack",
        "description": "Menus and shortcuts of nbtrack.",
        "jupyter.lab.shortcuts": [{"command": command, "keys": [keys], "selector": selector} for command, keys, selector in SHORTCUTS],
        "jupyter.lab.menus": {
            "main": [{"id": "jp-mainmenu-run", "items": [{"type": "submenu", "rank": 900, "submenu": submenu}]}],
            "context": [
                *({"command": command, "selector": NOTEBOOK_FILE, "rank": 5 + rank / 10} for rank, command in enumerate(FILE_MENU)),
                *({"command": command, "selector": ".jp-Notebook .jp-CodeCell", "rank": 20 + rank} for rank, command in enumerate(CELL_MENU)),
            ],
        },
        "type": "object",
        "additionalProperties": False,
        "properties": {},
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _items(commands: list[str | None]) -> list[dict[str, str]]:
    return [{"type": "separator"} if command is None else {"command": command} for command in commands]


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}", file=sys.stderr)  # noqa: T201
