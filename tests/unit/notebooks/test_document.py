"""A document is read whatever it looks like, and its cells are what nbformat reads."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack.notebooks.document import cells_of, load, pieces_of, tagged_cells


def document(cells, **facts):
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | facts


def code(source, cell_id="a", **facts):
    return {"cell_type": "code", "execution_count": None, "id": cell_id, "metadata": {}, "outputs": [], "source": source} | facts


def found(data):
    return [(cell.cell_id, cell.source) for cell in cells_of(data)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.booleans(), st.text(max_size=30)), max_size=6), st.booleans())
def test_the_fast_way_reads_what_nbformat_wrote(cells, is_split):
    made = []
    for number, (source, is_code, output) in enumerate(cells):
        if is_code:
            made.append(nbformat.v4.new_code_cell(source, id=f"c{number}", outputs=[nbformat.v4.new_output("stream", text=output + '\n   "source": "x"')]))
        else:
            made.append(nbformat.v4.new_markdown_cell(source, id=f"c{number}"))
    notebook = nbformat.v4.new_notebook(cells=made)
    text = nbformat.v4.writes(notebook, split_lines=is_split)
    data = text.encode("utf-8", "replace")
    assert found(data) == [(f"c{number}", source.encode("utf-8", "replace").decode()) for number, (source, is_code, _) in enumerate(cells) if is_code]
    assert b"".join(pieces_of(data)) == data


def test_large_outputs_and_attachments_do_not_matter():
    outputs = [{"output_type": "display_data", "data": {"image/png": "A" * 3_000_000}, "metadata": {}}]
    cells = [
        code("x = 1", outputs=outputs),
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "![](attachment:a.png)", "attachments": {"a.png": {}}},
        code("y", "b"),
    ]
    data = json.dumps(document(cells), indent=1).encode()
    assert found(data) == [("a", "x = 1"), ("b", "y")]
    pieces = pieces_of(data)
    assert len(pieces) > 1
    assert b"".join(pieces) == data


def test_a_document_of_very_many_lines_is_read_alike():
    outputs = [{"output_type": "stream", "name": "stdout", "text": ["line\n"] * 30_000}]
    data = json.dumps(document([code("x = 1", outputs=outputs), code("y", "b")]), indent=1).encode()
    assert found(data) == [("a", "x = 1"), ("b", "y")]
    assert b"".join(pieces_of(data)) == data


def test_ids_that_several_cells_have_count_as_none():
    assert found(json.dumps(document([code("x", "a"), code("y", "a"), code("z", "c")])).encode()) == [("", "x"), ("", "y"), ("c", "z")]


def test_nbformat_3_and_missing_ids():
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y"], "outputs": []}]}]}
    assert found(json.dumps(old).encode()) == [("", "x = 1\ny")]
    cell = code("x")
    del cell["id"]
    assert found(json.dumps(document([cell]), indent=1).encode()) == [("", "x")]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"cells": 3}', b'{"cells": [1, null]}', b"\xff\xfe", b'{"worksheets": [{}]}'])
def test_what_is_no_notebook_is_none_or_empty(data, tmp_path):
    assert not cells_of(data)
    (tmp_path / "nb.ipynb").write_bytes(data)
    assert load(tmp_path / "nb.ipynb") is None or load(tmp_path / "nb.ipynb")[0].cells == ()
    assert load(tmp_path / "none.ipynb") is None


def test_invalid_surrogates_and_junk_in_metadata():
    data = json.dumps(document([code("x = '\ud800'", metadata={"a": [None] * 3, "tags": 3})], metadata={"kernelspec": 7}), indent=1).encode()
    assert found(data) == [("a", "x = '\ud800'")]


def test_cells_with_a_tag_are_found_and_a_broken_file_has_none(tmp_path):
    path = tmp_path / "n.ipynb"
    tagged = code(["lr = 0.1\n", "epochs = 3"], "b", metadata={"tags": ["parameters"]})
    path.write_text(json.dumps(document([code("lr = 9"), tagged, {"cell_type": "markdown", "metadata": {"tags": ["parameters"]}, "source": "x"}])))
    assert tagged_cells(path, "parameters") == {"lr = 0.1\nepochs = 3"}
    for broken in ('{"cells": [{"metadata": "parameters"}]}', '["parameters"]', '"parameters', '{"cells": [1, "parameters"]}'):
        path.write_text(broken)
        assert tagged_cells(path, "parameters") == set()
    assert tagged_cells(tmp_path / "none.ipynb", "parameters") == set()
