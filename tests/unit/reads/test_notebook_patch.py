"""What nbdime's views draw: the difference, applied, gives the other notebook."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from nbdime.diff_utils import to_diffentry_dicts
from nbdime.patching import patch

from nbtrack.reads.notebook_patch import patch_notebooks

TEXTS = st.lists(st.sampled_from(["a = 1\n", "b = 2\n", "print(a)\n", "", "é", "\n", "a = 11\n"]), max_size=4).map("".join)
STREAMS = st.builds(lambda name, text: {"output_type": "stream", "name": name, "text": text}, st.sampled_from(["stdout", "stderr"]), TEXTS)
DISPLAYS = st.builds(lambda text: {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": 3}, TEXTS)
CODE = st.builds(
    lambda source, outputs: {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": 7, "metadata": {"a": 1}},
    TEXTS, st.lists(STREAMS | DISPLAYS, max_size=3),
)  # fmt: skip
CELLS = CODE | st.builds(lambda source: {"cell_type": "markdown", "source": source, "metadata": {}}, TEXTS)


@st.composite
def notebooks(draw):
    """Two notebooks that share some of their cells by id, in any order."""
    ids = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)
    return [{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{**draw(CELLS), "id": it} for it in draw(ids)]} for _ in range(2)]


@given(notebooks(), st.booleans())
def test_the_difference_applied_gives_the_other_notebook(pair, with_outputs):
    base, entries = patch_notebooks(*pair, with_outputs=with_outputs)
    wanted, none = patch_notebooks(pair[1], pair[1], with_outputs=with_outputs)
    assert none == []
    found = patch(base, to_diffentry_dicts(entries))
    assert [{**it, "id": ""} for it in found["cells"]] == [{**it, "id": ""} for it in wanted["cells"]]


def test_a_long_text_is_another_one_as_a_whole():
    """Letter by letter, thousands of lines would take minutes."""
    pair = [{"cells": [{"cell_type": "code", "id": "c", "source": "".join(f"x{n} = {value}\n" for n in range(5000))}]} for value in (1, 2)]
    base, entries = patch_notebooks(*pair, with_outputs=True)
    assert patch(base, to_diffentry_dicts(entries))["cells"][0]["source"] == pair[1]["cells"][0]["source"]
    assert [it["op"] for it in entries[0]["diff"][0]["diff"][0]["diff"]] == ["addrange", "removerange"]
