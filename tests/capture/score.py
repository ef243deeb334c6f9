"""`make capture-score`: executes the labelled notebooks with nbtrack and with `mlflow.autolog()`, and prints recall and precision of what each kept."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from baseline import keep, kept
from execute import Execution, execute, make_template
from labels import CORPUS, KINDS, Labels, load_all
from match import Tally, add, score

AIMS = {"params": 0.90, "metrics": 0.90, "curves": 0.90, "models": 0.95, "figures": 0.95}
"""Least recall over the corpus."""
PRECISION = 0.85
Scores = dict[str, dict[str, Tally]]
"""By notebook, then by kind."""


def measure(corpus: list[Labels], mode: str, *, jobs: int = 1, tell: Callable[[Execution], None] = lambda execution: None) -> tuple[Scores, list[Execution]]:
    """Execute every notebook in one mode."""
    with tempfile.TemporaryDirectory(prefix="nbtrack-capture-") as folder, ThreadPoolExecutor(jobs) as pool:
        template = make_template(Path(folder)) if mode == "autolog" else None

        def one(labels: Labels) -> Execution:
            execution = kept(labels) if mode == "autolog" else None
            if execution is None:
                execution = execute(labels, mode, template=template)
                if mode == "autolog" and not execution.error:
                    keep(execution)
            tell(execution)
            return execution

        executions = list(pool.map(one, corpus))
    return {it.labels.name: score(it) for it in executions}, executions


def total(scores: Scores, kinds: Iterable[str] = KINDS) -> dict[str, Tally]:
    """Tallies over all notebooks."""
    return {kind: add(tallies[kind] for tallies in scores.values()) for kind in kinds}


def main() -> int:
    wanted = _arguments()
    corpus = load_all(wanted.corpus, wanted.only)
    if not corpus:
        print(f"No notebook of {wanted.corpus} is called {' or '.join(wanted.only)}.", file=sys.stderr)
        return 2
    columns = {"nbtrack": "whole", "cell by cell": "cells", "autolog": "autolog"}
    skipped = [name for name, is_off in (("autolog", wanted.no_baseline), ("cell by cell", wanted.no_cells)) if is_off]
    results: dict[str, tuple[Scores, list[Execution]]] = {}
    for title, mode in columns.items():
        if title not in skipped:
            results[title] = measure(corpus, mode, jobs=wanted.jobs, tell=lambda it, title=title: _tell(title, it))
    _show(results, wanted)
    if wanted.json:
        wanted.json.write_text(json.dumps({title: _plain(*result) for title, result in results.items()}, indent=1, ensure_ascii=False), "utf-8")
    return int(wanted.strict and bool(short_of(total(results["nbtrack"][0]))))


def short_of(sums: dict[str, Tally]) -> list[str]:
    """The aims that these totals miss."""
    missed = [f"recall of {kind} {recall:.2f} < {aim}" for kind, aim in AIMS.items() if (recall := sums[kind].recall) is not None and recall < aim]
    return missed + [f"precision of {kind} {value:.2f} < {PRECISION}" for kind in AIMS if (value := sums[kind].precision) is not None and value < PRECISION]


def _tell(title: str, execution: Execution) -> None:
    print(f"{title}: {execution.labels.name} in {execution.wall_s:.1f} s" + (f"; {execution.error}" if execution.error else ""), file=sys.stderr, flush=True)


def _show(results: dict[str, tuple[Scores, list[Execution]]], wanted: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 240)
    if wanted.misses:
        for name, tallies in results["nbtrack"][0].items():
            for kind, tally in tallies.items():
                for what, listed in (("missed", tally.missed), ("noise", tally.noise)):
                    if listed:
                        console.print(f"{name}, {kind}, {what}: {'; '.join(listed)}", markup=False, highlight=False)
    table = Table("notebook", *KINDS, title="recall/precision in percent, " + " | ".join(results), title_justify="left")
    for name in next(iter(results.values()))[0]:
        table.add_row(name, *(" | ".join(_both(scores[name][kind]) for scores, _ in results.values()) for kind in KINDS))
    table.add_section()
    table.add_row("all", *(" | ".join(_both(total(scores)[kind]) for scores, _ in results.values()) for kind in KINDS), style="bold")
    table.add_row("aim", *(f"{100 * AIMS[kind]:.0f}/{100 * PRECISION:.0f}" if kind in AIMS else "" for kind in KINDS))
    console.print(table)
    if wanted.tags:
        for execution in results["nbtrack"][1]:
            console.print(execution.labels.name, execution.found.tags, execution.found.notices, markup=False)
    failed = [f"{title}: {it.labels.name}: {it.error}" for title, (_, executions) in results.items() for it in executions if it.error]
    console.print(*failed, *short_of(total(results["nbtrack"][0])), sep="\n", markup=False)


def _both(tally: Tally) -> str:
    return "/".join("-" if value is None else f"{100 * value:.0f}" for value in (tally.recall, tally.precision))


def _plain(scores: Scores, executions: list[Execution]) -> dict[str, Any]:
    sums = {kind: {"recall": tally.recall, "precision": tally.precision} for kind, tally in total(scores).items()}
    walls = {it.labels.name: it.wall_s for it in executions}
    return {"total": sums, "notebooks": {name: {kind: asdict(tally) for kind, tally in tallies.items()} for name, tallies in scores.items()}, "wall_s": walls}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="notebooks whose names contain this; may be given several times")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="another folder of labelled notebooks")
    parser.add_argument("--no-baseline", action="store_true", help="without mlflow.autolog()")
    parser.add_argument("--no-cells", action="store_true", help="without %%%%track on each cell")
    parser.add_argument("--misses", action="store_true", help="tell what nbtrack missed and what it kept wrongly")
    parser.add_argument("--tags", action="store_true", help="tell tags and notices of nbtrack's runs")
    parser.add_argument("--json", type=Path, help="keep the result in a file")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time (2)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if nbtrack misses an aim")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
