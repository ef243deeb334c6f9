"""The widget in a front end that is no Jupyter, as VS Code's and Colab's are: what anywidget promises has to be enough, also under a strict policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import seeded
from comparison import page_answers
from playwright.sync_api import expect

import nbtrack
from nbtrack.widgets import wire

pytestmark = pytest.mark.browser
HOST = "http://widget.test"
BUNDLE = Path(nbtrack.__file__).parent / "widgets" / "static" / "compare.js"
POLICY = f"default-src 'none'; script-src {HOST}; connect-src {HOST}; img-src data:"
PAGE = '<!doctype html><html lang="en"><title>Elsewhere</title><body><div id="place"></div><script type="module" src="/host.js"></script>'
# A model as anywidget's specification has it, with a kernel that answers each kind of question in one way
MODEL = """
import widget from '/compare.js';
const [runs, answers] = await Promise.all(['/runs.json', '/answers.json'].map(async path => (await fetch(path)).arrayBuffer()));
const known = JSON.parse(new TextDecoder().decode(answers)), told = {};
const state = {_id: 'elsewhere', _acts: [], _runs: new DataView(runs), selected: [], baseline: null, metric: 'acc', filter: ''};
window.state = state;
const model = {
  get: name => state[name],
  set: (name, value) => { state[name] = value; for (const hear of told[`change:${name}`] ?? []) hear(); },
  save_changes: () => undefined,
  send: asked => { const found = known.find(it => it.ask === asked.ask); if (found) setTimeout(() => told['msg:custom'].forEach(hear => hear({...found.answer, id: asked.id}, []))); },
  on: (name, hear) => (told[name] ??= new Set()).add(hear),
  off: (name, hear) => told[name]?.delete(hear)
};
const place = document.getElementById('place'), root = PLACE;
const el = document.createElement('div');
root.append(el);
await widget.initialize?.({model});
window.hide = widget.render({model, el});
"""


@pytest.mark.parametrize("place", ["place", "place.attachShadow({mode: 'open'})"], ids=["page", "shadow"])
def test_it_needs_a_model_and_an_element_and_nothing_else(page, place):
    runs = seeded.runs(12)
    kinds = {ask["ask"]: {"ask": ask["ask"], "answer": answer} for ask, answer in reversed(page_answers(runs))}
    files = {
        "/": ("text/html", PAGE),
        "/host.js": ("text/javascript", MODEL.replace("PLACE", place)),
        "/compare.js": ("text/javascript", BUNDLE.read_text("utf-8")),
        "/runs.json": ("application/octet-stream", wire.as_bytes(runs)),
        "/answers.json": ("application/json", json.dumps(list(kinds.values()))),
    }
    problems, asked = [], []

    def serve(route):
        path = route.request.url.removeprefix(HOST)
        asked.append(route.request.url)
        kind, body = files.get(path, ("text/plain", ""))
        route.fulfill(status=200 if path in files else 404, content_type=kind, body=body, headers={"Content-Security-Policy": POLICY})

    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(error.stack))
    page.route("**/*", serve)
    page.goto(f"{HOST}/")
    page.get_by_text("12 runs", exact=True).wait_for()
    page.get_by_role("columnheader", name="acc").get_by_role("button").click()
    page.locator(".nbt-row:not(.nbt-head)").nth(2).click()
    page.wait_for_function("window.state.selected.length === 1")
    page.get_by_label("Filter").fill("lr=0.1")
    page.wait_for_function("window.state.filter === 'lr=0.1'")
    page.get_by_label("Filter").fill("")
    page.get_by_role("button", name="Clear selection").click()
    for tab, sign in {"Curves": ".nbt-plot canvas", "Scatter": "canvas", "Importance": ".nbt-share", "Figures": "img", "Statistics": ".nbt-interval"}.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(sign).first.wait_for()
    # Colours are the front end's: Colab's where it has them, VS Code's before
    ground = page.locator(".nbt")
    for name, colour in {"--colab-primary-surface-color": "rgb(18, 52, 86)", "--vscode-editor-background": "rgb(255, 250, 240)"}.items():
        page.evaluate("([name, colour]) => document.documentElement.style.setProperty(name, colour)", [name, colour])
        expect(ground).to_have_css("background-color", colour)
    page.evaluate("window.hide()")
    page.locator(".nbt-tabs").wait_for(state="detached")
    assert (problems, sorted({url.removeprefix(HOST) for url in asked} - {"/favicon.ico"})) == ([], sorted(files))
