"""The process in which a model is loaded and asked; started by the `latency` gate, so that memory is the model's and not the caller's."""

from __future__ import annotations

import gc
import itertools
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_SAMPLE_S = 0.005


def main(facts: dict[str, Any]) -> dict[str, Any]:
    """Measure; milliseconds and megabytes."""
    import numpy as np

    from nbtrack.store.models import input_example, load

    folder = Path(facts["model"])
    table = _table(facts["data"]) if facts["data"] else input_example(folder)
    if table is None:
        return {"error": "No rows were kept with the model to ask it with.", "mend": "Name some: data: FILE."}
    before = _resident()
    model = load(folder)
    gc.collect()
    loaded = _resident() - before
    rows = _requests(_inputs(model, table, facts["features"]), facts["rows"])
    peak = _Peak()
    try:
        for request in itertools.islice(rows, facts["warmup"]):
            model.predict(request)
        requests = list(itertools.islice(rows, facts["requests"]))
        took = _timed(model, requests, facts["clients"])
    except Exception as cause:  # noqa: BLE001 - the user's model runs
        return {"error": f"The model does not answer: {type(cause).__name__}: {cause}", "mend": "Name its columns: features: [...], or other data."}
    finally:
        highest = peak.stop()
    p50, p95 = (float(it) for it in np.quantile(took, [0.5, 0.95]))
    return {
        "p50_ms": p50, "p95_ms": p95, "slowest_ms": max(took), "loaded_mb": max(0.0, loaded / 1e6), "peak_mb": max(0.0, (highest - before) / 1e6),
    }  # fmt: skip


def _timed(model: Any, requests: list[Any], clients: int) -> list[float]:
    """Milliseconds of each request."""

    def ask(request: Any) -> float:
        began = time.perf_counter()
        model.predict(request)
        return (time.perf_counter() - began) * 1000

    if clients == 1:
        return [ask(request) for request in requests]
    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(ask, requests))


def _requests(table: Any, rows: int) -> Any:
    """Requests of so many rows each, round and round through the table."""
    import numpy as np

    count = len(table)
    for start in itertools.count(0, rows):
        at = np.arange(start, start + rows) % count
        yield table.iloc[at] if hasattr(table, "iloc") else np.asarray(table)[at]


def _inputs(model: Any, table: Any, features: list[str]) -> Any:
    from nbtrack.gates.fairness import inputs_of

    names = features or (inputs_of(model) if hasattr(table, "columns") else [])
    return table[names] if names and all(it in table.columns for it in names) else table


def _table(path: str) -> Any:
    import pandas

    return pandas.read_pickle(path)


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


class _Peak:
    """The most memory this process has while it lives, seen every few milliseconds."""

    def __init__(self) -> None:
        self._highest = _resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLE_S):
            self._highest = max(self._highest, _resident())

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return max(self._highest, _resident())


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    Path(asked["answer"]).write_text(json.dumps(main(asked)))
