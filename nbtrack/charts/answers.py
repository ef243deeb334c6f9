"""What a front end asks beside its curves: one function a question."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

from nbtrack.amounts import counted
from nbtrack.charts.frame import sendable, shown, title_among
from nbtrack.charts.shapes import Difference, DifferenceRow, DifferenceSection, Figure, Figures, Matrix
from nbtrack.delivery.mask import Mask
from nbtrack.entities import Artifact, RunView
from nbtrack.entities.difference import Change, RunDiff
from nbtrack.errors import JournalError
from nbtrack.journal import Home, blobs
from nbtrack.reads import words
from nbtrack.reads.diff import diff_runs, parsed

_PICTURES = {"png": "image/png", "svg": "image/svg+xml", "html": "text/html", "json": "application/json"}
_LARGEST = 4 << 20
_MOST_FIGURES, _MOST_CLASSES = 60, 100


def difference(home: Home, a: RunView, b: RunView) -> Difference:
    """What changed from one run to another, section by section."""
    found = diff_runs(home, a, b, Path.cwd())
    sections = [section for section in _sections(found) if section["rows"] or section["blocks"] or section["notes"]]
    count = sum(len(section["rows"]) + len(section["blocks"]) for section in sections)
    where = ", ".join(section["title"] for section in sections if section["rows"] or section["blocks"])
    says = (
        f"{counted(count, 'thing')} changed from {title_among(a, (a, b))} to {title_among(b, (a, b))}: in {where}."
        if count
        else f"Nothing changed from {title_among(a, (a, b))} to {title_among(b, (a, b))}."
    )
    return Difference(answer="difference", id=0, a=a.run_id, b=b.run_id, sections=sections, says=sendable(says))


def figures(home: Home, views: Sequence[RunView]) -> Figures:
    """The pictures of runs, in the order they were shown; those of one place in the code stand at the same number."""
    found: list[Figure] = []
    for view in views:
        mask = Mask()
        for name, value in view.tags.items():
            mask.hear(name, value)
        known = {str(it.get("path")): it for it in _index(home, view)}
        for number, it in enumerate(it for it in view.artifacts if it.path.startswith("figures/") and it.path != "figures/index.json"):
            kind = _PICTURES.get(it.path.rpartition(".")[2])
            if kind is not None and len(found) < _MOST_FIGURES:
                facts = known.get(it.path, {})
                title = mask.text(str(facts.get("title") or Path(it.path).stem), it.path)
                at = facts.get("number")
                found.append(
                    Figure(
                        run=view.run_id,
                        path=shown("path", it.path),
                        title=shown("title", title),
                        number=at if isinstance(at, int) else number,
                        mime=kind,
                        data=_data(home, it, kind, mask),
                        size_bytes=it.size_bytes,
                    )
                )
    matrices = [it for view in views for it in _matrices(home, view)][:_MOST_FIGURES]
    runs = {it["run"] for it in found} | {it["run"] for it in matrices}
    what = [
        *([counted(len(found), "figure")] if found else []),
        *([counted(len(matrices), "confusion matrix", "confusion matrices")] if matrices else []),
    ]
    says = f"{' and '.join(what)} of {counted(len(runs), 'run')}." if what else "These runs have no figures."
    return Figures(answer="figures", id=0, figures=found, matrices=matrices, says=says)


def _matrices(home: Home, view: RunView) -> list[Matrix]:
    """Confusion matrices that the run kept as numbers; what is none is left out."""
    found: dict[str, Matrix] = {}
    for it in view.artifacts:
        if it.path.startswith("matrices/") and it.path.endswith(".json"):
            held = parsed(content(home, it).decode("utf-8", "replace"))
            values = held.get("values") if isinstance(held, dict) else None
            if isinstance(held, dict) and _is_square(values):
                name = it.path.removeprefix("matrices/").removesuffix(".json")
                labels = [shown("label", str(label)) for label in held.get("labels") or ()]
                found[it.path] = Matrix(run=view.run_id, name=shown("name", name), labels=labels if len(labels) == len(values) else [], values=values)
    return list(found.values())


def _is_square(values: object) -> TypeGuard[list[list[float]]]:
    if not isinstance(values, list) or not 2 <= len(values) <= _MOST_CLASSES:
        return False
    return all(isinstance(row, list) and len(row) == len(values) and all(isinstance(it, (int, float)) and math.isfinite(it) for it in row) for row in values)


def content(home: Home, it: Artifact, limit: int = _LARGEST) -> bytes:
    """Bytes of an artifact; none where they are too many, or no longer here."""
    if it.size_bytes > limit:
        return b""
    try:
        return blobs.get_bytes(home, it.blob)
    except (OSError, JournalError):
        return b""


def _data(home: Home, it: Artifact, kind: str, mask: Mask) -> str:
    """A picture as it is sent. HTML never is: it would run in the notebook's page."""
    if kind == "image/png":
        return base64.b64encode(content(home, it)).decode()
    return sendable(mask.content(content(home, it), it.path).decode("utf-8", "replace")) if kind == "image/svg+xml" else ""


def _index(home: Home, view: RunView) -> list[dict[str, object]]:
    index = next((it for it in view.artifacts if it.path == "figures/index.json"), None)
    try:
        found = json.loads(content(home, index)) if index is not None else []
    except ValueError:
        return []
    return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []


def _sections(diff: RunDiff) -> list[DifferenceSection]:
    environment, git, notebook = diff.environment, diff.git, diff.notebook
    data = [Change(f"{it.name}: {change.name}", change.a, change.b) for it in diff.data for change in (it.digest, it.rows, *it.schema) if change.a != change.b]
    metrics = [Change(it.name, _number(it.a), _number(it.b)) for it in diff.metrics]
    curves = [Change(it.name, *map(_curve, it.points, it.bests, it.lasts)) for it in diff.curves]
    cells = [(f"cell {it.number_b or it.number_a} {it.how}", [*it.source, *it.outputs]) for it in notebook.cells]
    commits = [(title, list(lines)) for title, lines in (("commits", git.commits), ("files", git.files), ("not committed", git.patch)) if lines]
    return [
        _section("run", diff.facts),
        _section("params", diff.params),
        _section("metrics", metrics),
        _section("curves", curves),
        _section("data", data),
        _section("environment", (*environment.facts, *environment.distributions, *environment.variables), note=environment.missing),
        _section("git", git.facts, commits, git.missing),
        _section("notebook", (), cells, notebook.missing),
        _section("stamp", diff.stamp),
    ]


def _section(title: str, changes: Sequence[Change], blocks: Sequence[tuple[str, list[str]]] = (), note: str = "") -> DifferenceSection:
    return DifferenceSection(title=title, rows=[_row(it) for it in changes], blocks=list(blocks), notes=[note] if note else [])


def _row(it: Change) -> DifferenceRow:
    kind = "added" if it.a is None else "removed" if it.b is None else "changed"
    before, after = ("" if value is None else shown(it.name, value) for value in (it.a, it.b))
    return DifferenceRow(name=shown("name", it.name), before=before, after=after, kind=kind)  # type: ignore[typeddict-item] # one of the three


def _curve(count: int, best: float, last: float) -> str:
    return f"{counted(count, 'point')}, best {words.number(best)}, last {words.number(last)}"


def _number(value: float | None) -> str | None:
    return None if value is None else words.number(value)
