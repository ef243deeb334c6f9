"""The prebuilt extension, as an installed nbtrack brings it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from live_lab import command, open_in

import nbtrack

SCHEMA = Path(__file__).resolve().parents[2] / "labextension" / "schema" / "tracking.json"


@pytest.mark.browser
@pytest.mark.parametrize("app", ["lab", "notebook7"])
def test_the_extension_loads_and_knows_its_version(app, page, request):
    server = request.getfixturevalue(app)
    server.notebook("empty.ipynb", "1")
    open_in(page, server, "empty.ipynb")
    named = set(re.findall(r'"command": "(nbtrack:[^"]+)"', SCHEMA.read_text()))  # in menus, in context menus, and by shortcuts
    assert len(named) > 15
    assert page.evaluate("named => named.filter(it => !window.jupyterapp.commands.hasCommand(it))", sorted(named)) == []
    command(page, "nbtrack:about")
    page.locator(".jp-Dialog").get_by_text(f"Version {nbtrack.__version__}").wait_for()


def test_no_shortcut_of_ours_is_another_ones():
    """JupyterLab's, Notebook's, and those of the extensions that come with what nbtrack depends on."""
    share = Path(sys.prefix) / "share" / "jupyter"
    found: dict[str, set[str]] = {}
    for path in [*share.glob("lab/schemas/**/*.json"), *share.glob("labextensions/**/schemas/**/*.json")]:
        schema = json.loads(path.read_text())
        for it in schema.get("jupyter.lab.shortcuts", []) if isinstance(schema, dict) else []:
            for first in it["keys"][:1]:  # some have none until the user chooses
                keys = " ".join(sorted(first.replace("Accel", "Ctrl").lower().split()))
                found.setdefault(keys, set()).add(it["command"])
    ours = {keys: commands for keys, commands in found.items() if any(it.startswith("nbtrack:") for it in commands)}
    assert len(ours) >= 3
    assert {keys: commands for keys, commands in ours.items() if len(commands) > 1} == {}
