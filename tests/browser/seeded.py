"""Runs made up from a seed, in the shape that `nbtrack/charts/shapes.py` gives them: as many as a test wants."""

from __future__ import annotations

import math
import random
from typing import Any


def runs(count: int, *, params: int = 10, metrics: int = 5, seed: int = 0) -> dict[str, Any]:
    """Columns of runs, newest first; some failed, some have no value, some have NaN."""
    chance = random.Random(seed)

    def info(name: str, kind: str, values: list[Any]) -> dict[str, Any]:
        return {"key": f"info/{name}", "kind": "info", "name": name, "type": kind, "better": "", "values": values}

    names = [f"{chance.choice(['bold', 'calm', 'keen', 'wise'])}-{chance.choice(['owl', 'fox', 'elk', 'jay'])}" for _ in range(count)]
    columns = [
        info("id", "text", [f"{row:032x}" for row in range(count)]),
        info("name", "text", names),
        info("state", "state", [chance.choice(["FINISHED", "FINISHED", "FINISHED", "FAILED", "KILLED"]) for _ in range(count)]),
        info("started", "time", [1_790_000_000_000 - row * 61_000 for row in range(count)]),
        info("duration", "duration", [round(chance.expovariate(0.01), 2) for _ in range(count)]),
        info("stamp", "stamp", [chance.choice(["yes", "no", "unknown", ""]) for _ in range(count)]),
        info("experiment", "text", ["wine"] * count),
        info("notebook", "text", ["train.ipynb"] * count),
        info("attempt", "number", [1] * count),
        info("note", "text", [""] * count),
    ]
    rates = [chance.choice(["0.1", "0.01", "0.001"]) for _ in range(count)]
    columns.append({"key": "param/lr", "kind": "param", "name": "lr", "type": "number", "better": "", "values": rates})
    columns.append({"key": "param/seed", "kind": "param", "name": "seed", "type": "number", "better": "", "values": [str(row % 5) for row in range(count)]})
    optimizers = [chance.choice(["adam", "sgd"]) for _ in range(count)]
    columns.append({"key": "param/optimizer", "kind": "param", "name": "optimizer", "type": "text", "better": "", "values": optimizers})
    for number in range(params - 3):
        values = [str(chance.randint(1, 512)) if number else "32" for _ in range(count)]
        columns.append({"key": f"param/p{number}", "kind": "param", "name": f"p{number}", "type": "number", "better": "", "values": values})
    for number in range(metrics):
        name, better = [("acc", "higher"), ("loss", "lower")][number] if number < 2 else (f"m{number}", "higher")
        last: list[Any] = [round(chance.random() * 0.2 + (0.75 if rates[row] == "0.01" else 0.6), 4) for row in range(count)]
        if count > 4:
            last[3], last[4] = "NaN", None
        there = [value is not None for value in last]
        columns.append(
            {
                "key": f"metric/{name}", "kind": "metric", "name": name, "type": "number", "better": better, "last": last, "best": last, "lowest": last, "highest": last,
                "step": [49 if it else None for it in there], "count": [50 if it else None for it in there],
            }
        )  # fmt: skip
    columns.append(
        {"key": "tag/owner", "kind": "tag", "name": "owner", "type": "text", "better": "", "values": [chance.choice(["ana", "bo", None]) for _ in range(count)]}
    )
    return {
        "version": 1, "as_of_ms": 1_790_000_000_000, "stale": "", "names": {}, "columns": columns, "baseline": None, "metric": "acc" if metrics else None, "group": None, "says": f"{count} runs.",
    }  # fmt: skip


def curves(ask: Any) -> list[dict[str, Any]]:
    """What is asked of curves that fall or rise, with a gap in the first."""
    found = []
    for run in ask["runs"]:
        for metric in ask["metrics"]:
            count = 50
            low, high = ask["range"] or (0, count)
            y = [math.exp(-step / (10 + int(run, 16) % 7)) if metric == "loss" else 1 - math.exp(-step / (10 + int(run, 16) % 7)) for step in range(count)]
            if int(run, 16) == 0:
                y[20] = math.nan
            points = [(float(step), value) for step, value in enumerate(y) if low <= step <= high]
            found.append(
                {"run": run, "metric": metric, "count": len(points), "is_thinned": False, "x": [x for x, _ in points], "y": [value for _, value in points]}
            )
    return found


def matching(runs: dict[str, Any], wanted: dict[str, str]) -> int:
    """How many runs have these values."""
    columns = [[value == text for value in column["values"]] for column in runs["columns"] for key, text in wanted.items() if column["key"] == key]
    return sum(all(row) for row in zip(*columns, strict=True))


def answers(runs: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Answers to what the tabs ask of these runs."""
    ids = runs["columns"][0]["values"]
    params = [column["name"] for column in runs["columns"] if column["kind"] == "param"]
    details = {"answer": "details", "id": 0, "title": "A run", "sections": [{"title": "Params", "rows": [["lr", "0.1"]]}], "says": "A run."}
    found = [({"ask": "details", "run": run}, {**details, "run": run}) for run in ids[:30]]
    shares = [
        {
            "name": name,
            "importance": 1 / 2 ** (number + 1),
            "fanova": 1 / 2 ** (number + 1),
            "correlation": None if name == "optimizer" else -0.4,
            "count": len(ids),
        }
        for number, name in enumerate(params[:8])
    ]
    importance = {
        "answer": "importance",
        "id": 0,
        "metric": "acc",
        "params": shares,
        "method": "Permutation of a forest.",
        "warning": "Few runs.",
        "says": "lr matters most.",
    }
    found.append(({"ask": "importance", "metric": "acc"}, importance))
    groups = [
        {
            "label": f"lr={rate}", "values": {"lr": rate}, "runs": ids[number::3], "n": len(ids[number::3]), "mean": 0.7 + number / 20, "std": 0.02, "low": 0.68 + number / 20,
            "high": 0.72 + number / 20, "delta": number / 20 if number else None, "p": 0.0004 if number else None, "test": "welch" if number else "", "is_baseline": not number,
        }
        for number, rate in enumerate(["0.1", "0.01", "0.001"])
    ]  # fmt: skip
    statistics = {
        "answer": "statistics",
        "id": 0,
        "metric": "acc",
        "groups": groups,
        "sentences": ["lr=0.01 beats lr=0.1 by 0.05 ± 0.01, p < 0.001, 10 runs."],
        "says": "Three configurations.",
    }
    found.append(({"ask": "statistics", "metric": "acc", "group": [], "baseline": runs["baseline"]}, statistics))
    sections = [
        {"title": "params", "rows": [{"name": "lr", "before": "0.1", "after": "0.01", "kind": "changed"}, {"name": "wd", "before": "", "after": "1e-4", "kind": "added"}], "blocks": [], "notes": []},
        {"title": "notebook", "rows": [], "blocks": [["cell 2", [" for epoch in range(10):", "-    lr = 0.1", "+    lr = 0.01"]]], "notes": ["One cell changed."]},
    ]  # fmt: skip
    for a in ids[:6]:
        found += [
            ({"ask": "difference", "a": a, "b": b}, {"answer": "difference", "id": 0, "a": a, "b": b, "sections": sections, "says": "3 things changed."})
            for b in ids[:6]
            if b != a
        ]
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 120"><script>window.hacked = 1</script><rect width="200" height="120" fill="#eee"/><circle cx="{x}" cy="60" r="40" fill="#0072b2"/></svg>'
    figures = [
        {"run": run, "path": "figures/roc.svg", "title": "ROC", "number": 0, "mime": "image/svg+xml", "data": drawing.replace("{x}", str(60 + 20 * number)), "size_bytes": 200}
        for number, run in enumerate(ids[:4])
    ]  # fmt: skip
    figures += [
        {"run": run, "path": "figures/big.html", "title": "big", "number": 1, "mime": "text/html", "data": "", "size_bytes": 9_000_000} for run in ids[:2]
    ]
    matrices = [
        {"run": run, "name": "cm", "labels": ["cat", "dog"], "values": values}
        for run, values in zip(ids, [[[90, 10], [45, 55]], [[45, 5], [2, 48]]], strict=False)
    ]
    found.append(
        ({"ask": "figures", "runs": ids[:24]}, {"answer": "figures", "id": 0, "figures": figures, "matrices": matrices, "says": f"{len(figures)} figures."})
    )
    return found
