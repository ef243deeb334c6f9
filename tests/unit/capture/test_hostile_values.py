"""Values whose attributes, length or class run code that raises: sources that look through the names of a cell ask them nothing."""

from __future__ import annotations

import pytest

from nbtrack.capture.autolog import Autolog
from nbtrack.capture.datasets import Datasets
from nbtrack.capture.models import Models

HOSTILE = """
asked = []
class Hostile:
    def __getattribute__(self, name):
        asked.append(name)
        raise RuntimeError(name)
    def __len__(self):
        asked.append("len")
        raise RuntimeError("len")
    __eq__ = __iter__ = __bool__ = __float__ = __array__ = __repr__ = __len__
    __hash__ = None
class Endless(dict):
    def __getitem__(self, key):
        asked.append(key)
        return self
    def items(self):
        asked.append("items")
        return iter(int, 1)
one = Hostile()
many = [one, {"a": one}]
many.append(many)
endless = Endless()
"""


@pytest.mark.parametrize("source", [Models, Datasets, Autolog])
def test_hostile_values_are_asked_nothing(notebook_of, source):
    pytest.importorskip("sklearn")
    notebook = notebook_of(source())
    notebook.run("import sklearn.base, sklearn.model_selection, numpy, pandas\nfrom sklearn.datasets import load_iris")
    notebook.run(HOSTILE)
    notebook.run("read_csv = one\ndef use():\n    return one, many, endless")
    assert notebook.tracked("held = one\nboth = [one, many]\nuse()\nload = endless") == {}
    assert notebook.view().notices == ()
    assert notebook.told == []
    assert notebook.namespace["asked"] == []
