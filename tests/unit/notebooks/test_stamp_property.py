"""For any program, executed in any order, edited and repeated: where the stamp says yes, the document from top to bottom gives what the run's cell gave."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from nbtrack.notebooks.document import Document, DocumentCell
from nbtrack.notebooks.reasons import Answer
from nbtrack.notebooks.recipe import recipe_of
from nbtrack.notebooks.stamp import Surroundings, stamp_of
from tests.unit.notebooks.test_recipe_property import FIRST, cell, outcome, program


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=program, data=st.data())
def test_a_yes_is_true(make_notebook, cells, data):
    notebook, cells = make_notebook(), list(cells)
    state = random.getstate()
    try:
        for number, first in enumerate(FIRST):
            notebook.run(first, f"first{number}")
        order = data.draw(st.one_of(st.just(list(range(len(cells)))), st.lists(st.integers(0, len(cells) - 1), min_size=2, max_size=9)))
        for index in order:
            if data.draw(st.integers(0, 5)) == 0:
                changed = data.draw(st.integers(0, len(cells) - 1))
                cells[changed] = data.draw(cell)
            last = notebook.run(cells[index], f"c{index}")
        touched = notebook.history.steps[-1].needs | notebook.bound
        expected = outcome(notebook.namespace, touched)
        document = Document(
            tuple(DocumentCell(f"first{number}", it) for number, it in enumerate(FIRST))
            + tuple(DocumentCell(f"c{number}", it) for number, it in enumerate(cells)),
            1,
        )
        steps, targets = notebook.history.steps, {last.number}
        stamp = stamp_of(steps, targets, recipe_of(steps, targets), document, Surroundings(names=frozenset(notebook.namespace)), str)
        event(str(stamp.answer))
        if stamp.answer is not Answer.YES:
            return
        again = make_notebook(is_seen=False)
        for it in document.cells[: len(FIRST) + order[-1] + 1]:
            entry = again.run(it.source)
        assert entry.status == last.status
        assert outcome(again.namespace, touched) == expected, (order, [(it.entry.cell_id, it.entry.source) for it in steps], cells)
    finally:
        random.setstate(state)
