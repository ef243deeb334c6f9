"""All that is known of one run, section by section, as it may be shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbtrack.amounts import counted
from nbtrack.charts.answers import content
from nbtrack.charts.curves import CurveReader, is_curve, series
from nbtrack.charts.frame import sendable, shown
from nbtrack.charts.shapes import Details, Section
from nbtrack.charts.spark import spark
from nbtrack.entities import Kind, Metric, RunView
from nbtrack.errors import UnknownRunError
from nbtrack.journal import Home, attempts, events_of
from nbtrack.reads import all_runs, find, words
from nbtrack.reads.diff import datasets_of, parsed

Rows = list[tuple[str, str]]
_LINES, _FILES, _PACKAGES, _RUNS = 20, 60, 40, 12
_GIGABYTE = 1e9


def sections(home: Home, view: RunView) -> list[tuple[str, Rows]]:
    """Title and rows of each part that has any."""
    own = words.metrics_of_code(view)
    later = [(f"{name} (later)", ", ".join(words.told(name, value) for value in values)) for name, values in view.later_params.items()]
    found = [
        (words.title(view), _facts(view)),
        ("params", [(name, words.short(words.told(name, value), 100)) for name, value in view.params.items()] + later),
        ("metrics", _metrics(view, own, _sparks(home, view, own))),
        ("why" if view.tags.get("nbtrack.stamp") != "yes" else "to know", words.reasons(view)),
        ("lineage", _lineage(home, view)),
        ("data", _data(home, view)),
        ("models", _models(home, view)),
        ("environment", _environment(home, view)),
        ("git", _git(home, view)),
        ("machine", _metrics(view, {name: it for name, it in view.metrics.items() if name not in own}, {})),
        ("tags", sorted((name, words.told(name, value)) for name, value in view.tags.items() if name not in ("nbtrack.block", "nbtrack.stamp.reasons"))),
        ("artifacts", _artifacts(view)),
        ("notes", [("", words.clean(text)) for text in (*view.notes, *view.notices)]),
        *((f"{name} (its end)", _stream(home, view, name)) for name in ("stdout", "stderr")),
        ("traceback", [("", line) for line in words.clean(view.traceback).splitlines()]),
    ]
    return [(title, rows) for title, rows in found if rows]


def details(home: Home, view: RunView) -> Details:
    """The same for a front end."""
    told = [Section(title=shown("name", title), rows=[(sendable(name), sendable(value)) for name, value in rows]) for title, rows in sections(home, view)]
    title = shown("name", words.title(view))
    return Details(answer="details", id=0, run=view.run_id, title=title, sections=told, says=f"{title}, {view.state.value.lower()}.")


def _facts(view: RunView) -> Rows:
    facts = [
        ("state", view.state.value + (f": {words.clean(view.reason)}" if view.reason else "")), ("started", words.when(view.start.started_ns)),
        ("duration", words.duration(view.duration_s)), ("attempt", str(view.start.attempt)), ("experiment", view.start.experiment),
        ("store", view.start.store), ("id", view.run_id), ("MLflow id", view.mlflow_run_id or "not delivered yet"),
        ("delivered", "everything" if view.is_delivered else "not yet everything"),
    ]  # fmt: skip
    if stamp := view.tags.get("nbtrack.stamp"):
        facts.insert(1, ("reproducible", stamp))
    return facts


def _sparks(home: Home, view: RunView, metrics: dict[str, Metric]) -> dict[str, str]:
    names = [name for name, it in metrics.items() if is_curve(it)][:_FILES]
    return {it["metric"]: spark(it["y"].tolist(), 16) for it in series(CurveReader(home), [view], names, limit=128)} if names else {}


def _metrics(view: RunView, metrics: dict[str, Metric], sparks: dict[str, str]) -> Rows:
    kept = words.thinned(view)
    rows: Rows = []
    for name, it in metrics.items():
        count = f", {kept.get(name, f'{it.count:,} points')}" if it.count > 1 else ""
        rows.append((name, f"{words.metric(it)}{count}  {sparks.get(name, '')}".rstrip()))
    return rows


def _lineage(home: Home, view: RunView) -> Rows:
    """Runs that this one belongs to, came after, or was reproduced by."""
    rows: Rows = []
    if view.start.parent:
        rows.append(("part of", _named(home, view.start.parent)))
    children = [it for it in all_runs(home, metrics=False) if it.start.parent == view.run_id]
    rows += [("has part", f"{words.title(it)} ({it.run_id[:8]}), {it.state.value.lower()}") for it in children[:_RUNS]]
    others = [it for it in attempts.of(home, view.start.cell_key) if it != view.run_id] if view.start.cell_key else []
    if others:
        rows.append(("attempts of the cell", f"{len(others) + 1}; the others: {', '.join(it[:8] for it in others[-_RUNS:])}"))
    if verdict := view.tags.get("nbtrack.verdict"):
        by = view.tags.get("nbtrack.verdict.run", "")
        rows.append(("reproduced", words.clean(" ".join([verdict, f"by {by[:8]}" if by else "", view.tags.get("nbtrack.verdict.why", "")]))))
    return rows


def _named(home: Home, run_id: str) -> str:
    try:
        return f"{words.title(find(home, run_id))} ({run_id[:8]})"
    except UnknownRunError:
        return f"{run_id[:8]}, which is not here any more"


def _data(home: Home, view: RunView) -> Rows:
    rows: Rows = []
    for name, it in datasets_of(home, view).items():
        profile, source = parsed(it.get("profile")), parsed(it.get("source"))
        count = next((profile[key] for key in ("rows", "num_rows") if key in profile), None) if isinstance(profile, dict) else None
        where = next((str(source[key]) for key in ("uri", "url") if key in source), "") if isinstance(source, dict) else ""
        size = counted(count, "row") if isinstance(count, int) else ""
        rows.append((name, ", ".join(text for text in (size, f"digest {it.get('digest', '')}", words.clean(where)) if text)))
    return rows


def _models(home: Home, view: RunView) -> Rows:
    models = [event.data for event in events_of(home, view.run_id) if event.kind == Kind.MODEL]
    return [(str(it.get("name", "")), ", ".join([*_kind_of(it), _size(int(it.get("size_bytes", 0)))])) for it in models]


def _kind_of(model: dict[str, Any]) -> list[str]:
    """Class and flavor of a model, where its event tells them."""
    return [f"{model['class_name']} ({model['flavor']})"] if "class_name" in model and "flavor" in model else []


def _environment(home: Home, view: RunView) -> Rows:
    it = parsed(_text(home, view, "environment/environment.json"))
    if not isinstance(it, dict):
        return []
    rows = [(name, str(it[name])) for name in ("python", "platform", "cpu", "cpus") if it.get(name)]
    if isinstance(it.get("memory_bytes"), (int, float)):
        rows.append(("memory", f"{it['memory_bytes'] / _GIGABYTE:.1f} GB"))
    rows += [("gpu", str(gpu.get("name", ""))) for gpu in _list(it.get("gpus")) if isinstance(gpu, dict)]
    seeds, imported, variables = (_dict(it.get(name)) for name in ("seeds", "imported", "variables"))
    rows += [("seeds", ", ".join(f"{name} {value}" for name, value in seeds.items()))] if seeds else []
    rows += [("packages", ", ".join(f"{name} {version}" for name, version in list(imported.items())[:_PACKAGES]))] if imported else []
    return rows + [(str(name), words.told(str(name), str(value))) for name, value in variables.items()]


def _git(home: Home, view: RunView) -> Rows:
    it = parsed(_text(home, view, "git/state.json"))
    if not isinstance(it, dict):
        return []
    rows = [(name, words.clean(str(it[name]))) for name in ("commit", "branch", "remote") if it.get(name)]
    dirty = _list(it.get("dirty"))
    rows += [("changed", words.short(", ".join(map(str, dirty)), 200))] if dirty else []
    return rows + ([("not in git", counted(it["untracked"], "file"))] if it.get("untracked") else [])


def _artifacts(view: RunView) -> Rows:
    rows = [(it.path, _size(it.size_bytes)) for it in view.artifacts[:_FILES]]
    return rows + ([("", f"and {len(view.artifacts) - _FILES} more")] if len(view.artifacts) > _FILES else [])


def _stream(home: Home, view: RunView, name: str) -> Rows:
    text = _text(home, view, f"streams/{name}.txt") or ""
    return [("", words.short(line, 200)) for line in words.clean(text).splitlines()[-_LINES:]]


def _text(home: Home, view: RunView, path: str) -> str | None:
    found = next((it for it in reversed(view.artifacts) if it.path == path), None)
    return None if found is None else content(home, found).decode("utf-8", "replace")


def _list(found: Any) -> Iterable[Any]:
    return found if isinstance(found, list) else []


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _size(size_bytes: int) -> str:
    return f"{size_bytes} bytes" if size_bytes < 1000 else f"{size_bytes / 1000:.1f} kB" if size_bytes < 1e6 else f"{size_bytes / 1e6:.1f} MB"
