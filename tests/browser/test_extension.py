"""The prebuilt extension, as an installed nbtrack brings it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from live_lab import CELLS, command, open_in

import nbtrack

MENU = (
    "show-runs",
    "compare",
    "diff-notebook",
    "track-cell",
    "track-on",
    "track-off",
    "snapshot",
    "run-with-parameters",
    "run-as-stage",
    "open-pipeline",
    "about",
)
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


@pytest.mark.browser
def test_what_can_be_done_stands_in_palette_and_menus(lab, page):
    lab.notebook("menus.ipynb", "%load_ext nbtrack", "loss = sum([0.5])")
    open_in(page, lab, "menus.ipynb")
    entry = ".lm-Menu-item[data-command='nbtrack:{}']:not(.lm-mod-hidden)"
    page.locator(".jp-CodeCell").nth(1).click()
    page.locator(".jp-CodeCell").nth(1).click(button="right")
    for name in ("track-cell", "show-runs", "compare"):
        page.locator(entry.format(name)).wait_for()
    page.locator(entry.format("track-cell")).click()
    page.wait_for_function(f"() => {CELLS}.get(1).sharedModel.getSource().startsWith('%%track')")
    page.locator(".jp-Toolbar-item[data-jp-item-name=nbtrack-track]").get_by_role("button").click()
    page.wait_for_function(f"() => !{CELLS}.get(1).sharedModel.getSource().startsWith('%%track')")

    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel", has_text="nbtrack").hover()
    for name in MENU:
        page.locator(entry.format(name)).first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    command(page, "apputils:activate-command-palette")
    page.locator(".lm-CommandPalette-input").fill("nbtrack")
    for name in MENU:
        page.locator(f".lm-CommandPalette-item[data-command='nbtrack:{name}']").wait_for()


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
