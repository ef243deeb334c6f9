"""Fills in the values of labels: executes each notebook twice, untracked, and writes what `from` gives into `expected.json`.

    python tests/capture/label.py [--check] [--corpus=FOLDER] [NAME...]

With `--check` nothing is written, and a stored value that is not the computed one to three digits is told.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from execute import execute
from labels import CORPUS, load_all


def main(words: list[str]) -> int:
    is_checked = "--check" in words
    told = 0
    corpus = next((Path(word.partition("=")[2]) for word in words if word.startswith("--corpus=")), CORPUS)
    for labels in load_all(corpus, only=[word for word in words if not word.startswith("-")]):
        first, second = (execute(labels, "plain") for _ in range(2))
        path = labels.notebook.with_name("expected.json")
        data = json.loads(path.read_text("utf-8"))
        problems = [first.error] if first.error else []
        for kind, sources in labels.sources.items():
            for name in sources:
                values = [_plain(getattr(it.labels, kind)[name], sources[name]) for it in (first, second)]
                if not _is_alike(*values, digits=9):
                    problems.append(f"{kind} {name} is not the same twice: {values[0]}, {values[1]}")
                if is_checked and not _is_alike(data[kind].get(name), values[0], digits=3):
                    problems.append(f"{kind} {name} is stored as {data[kind].get(name)} and computed as {values[0]}")
                data[kind][name] = values[0]
        print(f"{labels.name}: {first.wall_s:.1f} s, {second.wall_s:.1f} s", *problems, sep="\n    ", flush=True)
        told += len(problems)
        if not is_checked:
            path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return int(told > 0)


def _plain(value: Any, source: Any) -> Any:
    if not hasattr(value, "points"):
        return value
    points = source["points"] if isinstance(source, dict) and isinstance(source["points"], list) else value.points[0]
    return {"points": points, "last": value.last}


def _is_alike(left: Any, right: Any, *, digits: int) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return all(_is_alike(left[key], right.get(key), digits=digits) for key in left)
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=10**-digits, abs_tol=10**-digits)
    return bool(left == right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
