"""Labels: what a careful colleague would have written down of each notebook of the corpus.

Beside `NAME.ipynb` stands `expected.json`:

    description, license
    params            name: value, the ones that must be found
    metrics           name: value at full precision
    printed           name: text, where the notebook shows a metric rounded and nothing else; a value that rounds to it is right too
    curves            name: number of points, or {"points": number or list of right numbers, "last": value or null}
    models            [{"class": name or list of right ones, "flavor": the same}]
    figures           how many
    datasets          [{"name" or "call": text, "rows": n, "columns": n or list of right ones or null, "optional": true or absent}]
    optional_params, optional_metrics, optional_curves, optional_models: right if found, not missed if not
    aliases           name: other right names, of whatever kind
    from              {"params" | "metrics" | "printed" | "curves": {name: Python}}: what gives the value in the notebook's namespace after its last cell

A value under `from` is computed again wherever the notebook is executed, since the last digits differ from one processor to the next; the stored one is for
readers, and `label.py` keeps it true. Which names are labelled is decided by a person, never by what the code finds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).with_name("corpus")
KINDS = ("params", "metrics", "curves", "models", "figures", "datasets")


@dataclass(frozen=True)
class Curve:
    """A labelled curve."""

    points: tuple[int, ...]
    """Right numbers of points: a loss of each step, or of the steps that are printed."""
    last: float | None


@dataclass(frozen=True)
class Labels:
    """What is expected of one notebook."""

    name: str
    notebook: Path
    params: dict[str, Any]
    metrics: dict[str, float]
    printed: dict[str, str]
    curves: dict[str, Curve]
    models: list[dict[str, Any]]
    figures: int
    datasets: list[dict[str, Any]]
    optional: dict[str, list[str]]
    """Names of params, metrics, curves and models that are right and not demanded."""
    aliases: dict[str, list[str]]
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_values(self, values: dict[str, dict[str, Any]]) -> Labels:
        """The labels with what `sources` gave in this execution; what is only known as it is printed is demanded as that number."""
        printed = {name: str(text) for name, text in (self.printed | values.get("printed", {})).items()}
        return replace(
            self,
            params=self.params | values.get("params", {}),
            metrics={name: float(text.rstrip("%")) for name, text in printed.items()} | self.metrics | values.get("metrics", {}),
            printed=printed,
            curves=self.curves | {name: _curve(value) for name, value in values.get("curves", {}).items()},
        )


def load_all(folder: Path = CORPUS, only: list[str] | None = None) -> list[Labels]:
    """Labels of every notebook in a corpus, by name; with `only`, of those whose names contain one of the words."""
    found = [load(path.parent) for path in sorted(folder.glob("*/expected.json"))]
    return [labels for labels in found if not only or any(word in labels.name for word in only)]


def load(folder: Path) -> Labels:
    """Labels of the notebook in a folder of its own."""
    data = json.loads((folder / "expected.json").read_text("utf-8"))
    return Labels(
        folder.name,
        folder / f"{folder.name}.ipynb",
        data["params"],
        data["metrics"],
        data.get("printed", {}),
        {name: _curve(value) for name, value in data["curves"].items()},
        data["models"],
        data["figures"],
        data["datasets"],
        {kind: data.get(f"optional_{kind}", []) for kind in ("params", "metrics", "curves", "models")},
        data.get("aliases", {}),
        data.get("from", {}),
    )


def _curve(value: Any) -> Curve:
    if not isinstance(value, dict):
        return Curve((value,), None)
    points = value["points"]
    return Curve(tuple(points) if isinstance(points, list) else (points,), value.get("last"))
