"""Runs whose kernel died: ended with stamp and recipe from what the journal holds of the kernel's cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from nbtrack.entities import Kind, RunView
from nbtrack.entities.ledger import Entry, Status
from nbtrack.journal import Home, RunWriter, blobs
from nbtrack.journal.executed import EXECUTED, is_of
from nbtrack.journal.reaper import reap as end_dead
from nbtrack.notebooks import snapshot
from nbtrack.notebooks.document import Document, cells_of
from nbtrack.notebooks.history import History
from nbtrack.notebooks.reasons import DOCUMENT_TAG, REASONS_TAG, STAMP_TAG, Reason, Stamp, by_code, label
from nbtrack.notebooks.recipe import cells_of as recipe_cells
from nbtrack.notebooks.recipe import recipe_of
from nbtrack.notebooks.scopes import parse, scope_of
from nbtrack.notebooks.shell_calls import plain_source
from nbtrack.notebooks.stamp import Surroundings, stamp_of

DOCUMENT, RECIPE = "notebook/document.ipynb", "notebook/recipe.ipynb"
_PYTHON = ("%%time", "%%timeit", "%%prun", "%%capture")


def reap(home: Home, run_id: str) -> bool:
    """End the run as KILLED if its owner no longer lives, with stamp and recipe where its cells are known. Says whether it did."""
    return end_dead(home, run_id, _judge)


def _judge(home: Home, writer: RunWriter, view: RunView, last_ns: int) -> None:
    kept = {it.path: it.blob for it in view.artifacts}
    if STAMP_TAG in view.tags or EXECUTED not in kept:
        return

    def tag(name: str, value: str) -> None:
        writer.event(Kind.TAG, timestamp_ns=last_ns, name=name, value=value)

    history, targets = _history(json.loads(blobs.get_bytes(home, kept[EXECUTED])), view.run_id)
    recipe = recipe_of(history.steps, targets)
    cells = cells_of(blobs.get_bytes(home, kept[DOCUMENT])) if DOCUMENT in kept else None
    document = Document(tuple(cells), view.start.started_ns) if cells is not None else None
    notebook = view.tags.get("nbtrack.notebook", "")
    stamp = stamp_of(history.steps, targets, recipe, document, Surroundings(str(PurePath(notebook).parent) if notebook else ""), _as_python())
    stamp = _with_death(stamp, history, targets)
    tag(STAMP_TAG, str(stamp.answer))
    tag(REASONS_TAG, stamp.as_json())
    tag(DOCUMENT_TAG, "saved file" if document is not None else "none")
    if RECIPE not in kept and [step.entry.number for step in history.steps] == list(range(1, len(history.steps) + 1)):  # else cells before are not known
        data = snapshot.recipe_notebook(recipe_cells(recipe, view.params, targets))
        writer.event(Kind.ARTIFACT, timestamp_ns=last_ns, path=RECIPE, blob=blobs.put_bytes(home, data), size_bytes=len(data))


def _history(notebook: Any, run_id: str) -> tuple[History, set[int]]:
    """The cells of a snapshot, as if nobody had seen them run, and the numbers of the run's own."""
    history, targets = History(), set[int]()
    as_python = _as_python()
    for cell in notebook["cells"]:
        told = cell["metadata"]["nbtrack"]
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        code = as_python(plain_source(source))
        tree = parse(code)
        entry = Entry(
            told["number"], source, code, tree, scope_of(tree), told.get("cell_id", ""), cell.get("execution_count"), told.get("started_ns") or 0,
            told.get("ended_ns"), Status(told["status"]), told.get("run_id", ""), cell.get("outputs", []),
        )  # fmt: skip
        history.add(entry)
        if is_of(told, run_id):
            targets.add(entry.number)
    return history, targets


def _with_death(stamp: Stamp, history: History, targets: set[int]) -> Stamp:
    running = [step.entry for step in history.steps if step.entry.number in targets and step.entry.status is Status.RUNNING]
    while_ = f" while {label(running[-1])} ran" if running else ""
    text = f"the kernel died{while_}, and with it what its cells were seen to share and change: only their code is judged"
    death = Reason("killed", tuple(it.number for it in running), text)
    return by_code(stamp, death)


@lru_cache(maxsize=1)
def _as_python() -> Callable[[str], str]:
    from IPython.core.inputtransformer2 import TransformerManager

    manager = TransformerManager()  # type: ignore[no-untyped-call]

    def as_python(source: str) -> str:
        if source.startswith("%%"):
            magic, _, body = source.partition("\n")
            if not magic.startswith(_PYTHON):
                return ""
            source = body
        try:
            return str(manager.transform_cell(source))
        except Exception:  # noqa: BLE001 - a broken cell is no Python
            return ""

    return as_python
