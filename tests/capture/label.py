"""Fills in the values of labels: executes each notebook twice, untracked, and writes what `from` gives into `expected.json`."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from execute import execute
from labels import CORPUS, load_all


def main(words: Sequence[str] | None = None) -> int:
    wanted = _arguments(words)
    is_checked, told = wanted.check, 0
    found = load_all(wanted.corpus, only=wanted.names)
    if not found:
        print(f"No notebook of {wanted.corpus} is called {' or '.join(wanted.names)}.", file=sys.stderr)
        return 2
    for labels in found:
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


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks whose names contain this; all of the corpus without one")
    parser.add_argument("--check", action="store_true", help="write nothing; tell stored values that are not the computed ones to three digits")
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="FOLDER", help="another folder of labelled notebooks")
    return parser.parse_args(words)


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
    sys.exit(main())
