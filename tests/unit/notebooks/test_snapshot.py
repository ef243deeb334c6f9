"""A snapshot is a valid notebook, whatever the cells are."""

from __future__ import annotations

import json
import math

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack.entities.ledger import Entry, Scope, Status
from nbtrack.notebooks import snapshot

HOSTILE = [
    None, 3, {}, {"output_type": "strange"}, {"output_type": "stream"}, {"output_type": "stream", "name": "stdout", "text": ["a", "b"]},
    {"output_type": "display_data", "data": {"text/plain": "\ud800 lone", "application/json": {"x": math.nan}}, "metadata": None},
    {"output_type": "execute_result", "data": {"text/plain": b"bytes"}, "metadata": {"a": object()}, "execution_count": 3},
    {"output_type": "error", "ename": ValueError, "evalue": None, "traceback": "no list"}, {"output_type": "display_data", "data": [1]},
]  # fmt: skip


def entry(number, source="x = 1", cell_id="", **facts):
    return Entry(number, source, source, None, Scope(), cell_id, number, 1_700_000_000_000_000_000, 1_700_000_001_000_000_000, Status.OK, **facts)


def joined(entries, document="JPY_SESSION_NAME"):
    ids = snapshot.CellIds()
    cells = [snapshot.cell(it, ids.of(it.cell_id, it.number)) for it in entries]
    return b"".join([snapshot.head(document, True), *cells, snapshot.TAIL])


def valid(data):
    notebook = nbformat.from_dict(json.loads(data))
    nbformat.validate(notebook)
    return notebook


def test_it_holds_what_ran_with_times_counts_and_status():
    notebook = valid(joined([entry(1, "a = 1", "one"), entry(2, "a", "two", run_id="f" * 32)]))
    assert [cell.source for cell in notebook.cells] == ["a = 1", "a"]
    assert [cell.id for cell in notebook.cells] == ["one", "two"]
    facts = notebook.cells[1].metadata.nbtrack
    assert facts == {
        "number": 2,
        "started_ns": 1_700_000_000_000_000_000,
        "ended_ns": 1_700_000_001_000_000_000,
        "status": "ok",
        "cell_id": "two",
        "run_id": "f" * 32,
    }
    assert notebook.metadata.nbtrack == {"source_of_document": "JPY_SESSION_NAME", "recovered": True}


@settings(deadline=None)
@given(st.lists(st.text(max_size=70), max_size=12))
def test_ids_are_valid_and_nobody_elses(ids):
    notebook = valid(joined([entry(number, "x", cell_id) for number, cell_id in enumerate(ids, 1)]))
    assert len({cell.id for cell in notebook.cells}) == len(ids)


@settings(deadline=None)
@given(st.text())
def test_any_source_and_any_text_come_through(text):
    notebook = valid(joined([entry(1, text, outputs=[{"output_type": "stream", "name": "stdout", "text": text}])]))
    assert notebook.cells[0].source == text
    assert notebook.cells[0].outputs[0].text == text


@pytest.mark.parametrize("output", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_outputs_do_not_break_it(output):
    valid(joined([entry(1, "x = '\ud800'", outputs=[output, {"output_type": "stream", "name": "stdout", "text": "kept"}])]))


def test_five_thousand_cells_and_fifty_megabytes():
    big = [{"output_type": "display_data", "data": {"image/png": "A" * 50_000_000}, "metadata": {}}]
    notebook = json.loads(joined([entry(number, "x", "same", outputs=big if number == 1 else []) for number in range(1, 5001)]))
    assert len(notebook["cells"]) == 5000
    assert len(notebook["cells"][0]["outputs"][0]["data"]["image/png"]) == 50_000_000
