"""Writes schema/settings.json: nbtrack's settings as JupyterLab shows them, under the names they have in Python. A test holds the two together."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from nbtrack.settings import ELSEWHERE, FIELDS, Settings

TARGET = Path(__file__).parent / "schema" / "settings.json"
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
OWN: dict[str, Any] = {
    "badges": {"type": "boolean", "default": True, "title": "badges", "description": "Show the last run under each tracked cell."},
    "badges_kept": {
        "type": "boolean", "default": False, "title": "badges_kept",
        "description": "Write the last run of each tracked cell into the notebook, as metadata of the cell: whoever opens it elsewhere sees the badge, too.",
    },
    "notifications": {
        "type": "string", "enum": ["hidden and failed", "failed", "never"], "default": "hidden and failed", "title": "notifications",
        "description": "Tell that a run ended: while the page is hidden and whenever one failed, only when one failed, or never.",
    },
}  # fmt: skip


def text() -> str:
    """The whole file."""
    found = {
        "title": "nbtrack",
        "description": "Tracked runs of notebooks. The server's environment, such as NBTRACK_CAPTURE, and a project's nbtrack.toml go before.",
        "jupyter.lab.setting-icon": "nbtrack:runs",
        "jupyter.lab.setting-icon-label": "nbtrack",
        "jupyter.lab.transform": True,  # what the server's environment fixes is put in by the plugin
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **OWN,
            **{name: _property(name, told) for name, told in _texts().items() if name not in ELSEWHERE},
        },
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _texts() -> dict[str, str]:
    """What stands below each field."""
    [told] = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(told, ast.ClassDef)
    return {
        field.target.id: " ".join(after.value.value.split())
        for field, after in zip(told.body, told.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    }  # fmt: skip


def _property(name: str, told: str) -> dict[str, Any]:
    field = FIELDS[name]
    choices = field.metadata.get("choices")
    return {"type": TYPES[type(field.default)], "default": field.default, "title": name, "description": told, **({"enum": list(choices)} if choices else {})}


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}", file=sys.stderr)  # noqa: T201
