"""Pipelines on disk, with notebooks that are read and not run."""

from __future__ import annotations

import json
import textwrap

import pytest

from nbtrack.pipelines.cache import Cache
from nbtrack.pipelines.decide import Decider
from nbtrack.pipelines.digests import Digests
from nbtrack.pipelines.open import check_pipeline


@pytest.fixture
def write(tmp_path):
    """Writes a pipeline and its notebooks: `write(yaml, train="lr = 0.1")` gives the file."""

    def write(text, **notebooks):
        for name, parameters in notebooks.items():
            cells = [{"cell_type": "code", "source": parameters, "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None}]
            cells.append({"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None})
            (tmp_path / f"{name}.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
        file = tmp_path / "nbtrack.yaml"
        file.write_text(textwrap.dedent(text))
        return file

    return write


@pytest.fixture
def opened(write, tmp_path):
    """A pipeline that was checked: graph, decider, cache."""

    def opened(text, profile="", params=None, texts=frozenset(), **notebooks):
        found = check_pipeline(write(text, **notebooks), profile, params, texts)
        return found.graph, Decider(found.graph, found.books, Digests(tmp_path / "digests.json")), Cache(tmp_path / "cache")

    return opened
