"""One run in full."""

import base64
import json
from html.parser import HTMLParser

import pytest

from nbtrack.charts.compare import compare
from nbtrack.charts.run_page import RunPage
from nbtrack.entities import Kind
from nbtrack.journal import blobs


@pytest.fixture
def page(home, made, views):
    parent = made("sweep")
    writer = made("fit", {"lr": "0.1", "password": "hunter2hunter2"}, {"loss": [3, 2, 1], "system/cpu": [5]}, is_open=True, parent=parent.run_id, cell_key="k")

    def keep(path, data):
        writer.event(Kind.ARTIFACT, path=path, blob=blobs.put_bytes(home, data), size_bytes=len(data))

    environment = {
        "python": "3.11",
        "memory_bytes": 8e9,
        "gpus": [],
        "seeds": {"numpy": 1},
        "imported": {"numpy": "2.1"},
        "variables": {"API_KEY": "a1B2c3D4e5F6g7H8"},
    }
    keep("environment/environment.json", json.dumps(environment).encode())
    keep("git/state.json", json.dumps({"commit": "abc", "branch": "main", "remote": "https://me:hunter2pw@host/x", "dirty": ["a.py"], "untracked": 2}).encode())
    keep("streams/stdout.txt", b"\n".join(b"line <%d>" % number for number in range(100)))
    keep("figures/a.png", b"\x89PNG1")
    dataset = {"name": "rows.csv", "digest": "d1", "profile": json.dumps({"rows": 1500}), "source": json.dumps({"uri": "data/rows.csv"})}
    writer.event(Kind.INPUT, dataset={"dataset": dataset, "tags": {}})
    writer.event(Kind.MODEL, name="clf", flavor="sklearn", class_name="Ridge", files={"MLmodel": ["0" * 64, 10]}, size_bytes=2500)
    writer.event(Kind.END, state="FAILED", reason="it broke", traceback="Traceback\n  <x>")
    return RunPage(home, next(view for view in views() if view.name == "fit"))


def test_every_part_of_a_run_is_told(page):
    text = repr(page)
    for told in (
        "FAILED: it broke", "part of", "sweep", "rows.csv  1,500 rows, digest d1, data/rows.csv", "clf  Ridge (sklearn), 2.5 kB", "memory    8.0 GB",
        "numpy 1", "numpy 2.1", "changed     a.py", "not in git  2 files", "line <99>", "█▅▁", "figures/a.png",
    ):  # fmt: skip
        assert told in text, told
    assert "line <79>" not in text
    assert "hunter2" not in text and "a1B2c3" not in text


def test_in_a_notebook_curves_and_figures_are_outputs_of_their_own(page):
    (facts, _), (curve, _), (figure, metadata) = page.stills()
    assert curve["text/plain"].startswith("loss of fit: lowest 1")
    assert base64.b64decode(figure["image/png"]) == b"\x89PNG1"
    assert metadata["image/png"]["alt"] == "a"
    tags = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.add(tag)
    parser.feed(facts["text/html"])
    assert tags == {"table", "caption", "strong", "tbody", "tr", "th", "td", "details", "summary", "pre"}


def test_a_front_end_gets_the_same_as_an_answer(home, page):
    found = compare(home).answer({"ask": "details", "id": 1, "run": page.view.run_id})
    assert (found["title"], found["says"]) == ("fit", "fit, failed.")
    assert [it["title"] for it in found["sections"]][:4] == ["fit", "params", "metrics", "lineage"]
    assert "error" in compare(home).answer({"ask": "details", "id": 1, "run": "nothing"})


def test_a_run_with_nothing_has_a_page(home, made, views):
    made("bare")
    assert "bare" in repr(RunPage(home, views()[0]))
    assert len(RunPage(home, views()[0]).stills()) == 1


def test_a_run_is_told_with_its_parts(home, page, views):
    sweep = next(view for view in views() if view.name == "sweep")
    assert "has part  fit" in repr(RunPage(home, sweep))
