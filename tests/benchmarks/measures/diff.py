"""How long it takes to compare two notebooks of 300 cells, and to look through a megabyte for secrets."""

from __future__ import annotations

import json
import random
import time
from statistics import median

from plan import Plan
from report import Row
from rounds import say

CELLS = 300
AIM_S = 1.0
_EPOCHS, _LINES = 20, 10


def measure(plan: Plan) -> list[Row]:
    from nbtrack.reads.notebook_diff import diff_notebooks
    from nbtrack.secrets.scanner import Scanner

    dice = random.Random(7)
    first = _book(dice)
    pairs = {
        "30 edited, all outputs differ": (first, _edited(first, dice, 0.1)),
        "all edited, all outputs differ": (first, _edited(first, dice, 1.0)),
        "two that have nothing in common": (first, _book(random.Random(8), ids="z")),
    }
    content = {name: tuple(json.dumps({"cells": book}) for book in pair) for name, pair in pairs.items()}
    diff_notebooks("", *content["two that have nothing in common"])  # nbdime is imported once
    rows = []
    for title, pair in content.items():
        say(f"comparing notebooks: {title}")
        taken = [_taken(lambda pair=pair: diff_notebooks("", *pair)) for _ in range(min(plan.rounds, 3))]
        rows.append(Row(f"Diff of two notebooks of {CELLS} cells, {title}", f"{median(taken):.2f} s", f"<= {AIM_S:g} s", "", median(taken) <= AIM_S))
    scanner, text = Scanner(), "\n".join(cell["source"] + _printed(cell) for cell in first) * 4
    scanner.find(text[:1000])
    taken = [_taken(lambda: scanner.find(text)) for _ in range(min(plan.rounds, 3))]
    rows.append(Row("Looking for secrets in delivery, a megabyte of source and output", f"{median(taken) / len(text) * 1e9:.0f} ms"))
    return rows


def _taken(act) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _book(dice: random.Random, ids: str = "c") -> list[dict]:
    return [
        {"id": f"{ids}{at}", "cell_type": "code", "source": _source(dice, at), "outputs": [_losses(dice)], "metadata": {}, "execution_count": at}
        for at in range(CELLS)
    ]


def _source(dice: random.Random, at: int) -> str:
    return "\n".join(f"x{at}_{line} = step{dice.randrange(100)}(batch[{line}], {dice.random():.6f})" for line in range(_LINES))


def _losses(dice: random.Random) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": "".join(f"epoch {epoch} loss {dice.random():.4f}\n" for epoch in range(_EPOCHS))}


def _printed(cell: dict) -> str:
    return "\n" + cell["outputs"][0]["text"]


def _edited(book: list[dict], dice: random.Random, share: float) -> list[dict]:
    found = [{**cell, "outputs": [_losses(dice)], "source": cell["source"] + ("\nmore = 1" if dice.random() < share else "")} for cell in book]
    return [*found[:5], *found[6:100], {**found[0], "id": "new", "source": "fresh()"}, *found[100:]]
