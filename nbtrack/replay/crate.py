"""The description of a bundle as an RO-Crate 1.1, by its specification: https://www.researchobject.org/ro-crate/specification/1.1/."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from nbtrack.entities import RunView, State

CRATE = "ro-crate-metadata.json"
_MIME = {".ipynb": "application/x-ipynb+json", ".jsonl": "application/jsonl", ".json": "application/json", ".md": "text/markdown", ".patch": "text/x-diff"}
_TOLD = {
    "nbtrack-bundle.json": "List of all files with their digests", "events.jsonl": "The run's journal", "curves.csv": "Every point of every metric",
    "params.json": "Params of the run", "data.json": "The data the run read", "artifacts/notebook/recipe.ipynb": "The shortest notebook that gives this run",
    "artifacts/notebook/executed.ipynb": "The notebook as executed, with outputs", "artifacts/notebook/document.ipynb": "The notebook as it stood",
    "artifacts/environment/requirements.txt": "Exact versions of all that was installed",
}  # fmt: skip
_STATUS = {State.FINISHED: "CompletedActionStatus", State.FAILED: "FailedActionStatus", State.KILLED: "FailedActionStatus"}
_RECIPE, _EXECUTED = "artifacts/notebook/recipe.ipynb", "artifacts/notebook/executed.ipynb"


def describe(view: RunView, start: Mapping[str, Any], sizes: Mapping[str, int], params: Mapping[str, str]) -> dict[str, Any]:
    """The JSON-LD of a bundle.

    Args:
        start: name, experiment and tags as they may leave.
        sizes: bytes of every file, by path.
        params: as they may leave.
    """
    sizes = {**sizes, "nbtrack-bundle.json": 0}
    ended = _when(view.ended_ns or view.start.started_ns)
    instrument = next((path for path in (_RECIPE, _EXECUTED) if path in sizes), "")
    results = [path for path in sizes if path.startswith(("artifacts/models/", "artifacts/figures/")) or path == "curves.csv"]
    read = [path for path in sizes if path.startswith("artifacts/data/")]
    action: dict[str, Any] = {
        "@id": f"urn:nbtrack:run:{view.run_id}", "@type": "CreateAction", "name": start["name"], "description": f"Run of the experiment {start['experiment']}",
        "startTime": _when(view.start.started_ns), "endTime": ended, "actionStatus": {"@id": f"http://schema.org/{_STATUS[view.state]}"},
        "object": [*_ids(read), *({"@id": _of("param", name)} for name in params)],
        "result": [*_ids(results), *({"@id": _of("metric", name)} for name in view.metrics)],
    }  # fmt: skip
    if instrument:
        action["instrument"] = {"@id": _id(instrument)}
    if view.state is not State.FINISHED and view.reason:
        action["error"] = view.state.value
    user = str(start["tags"].get("mlflow.user", ""))
    if user:
        action["agent"] = {"@id": _of("user", user)}
    graph: list[dict[str, Any]] = [
        {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}, "about": {"@id": "./"}},
        {
            "@id": "./", "@type": "Dataset", "name": f"Run {start['name']}",
            "description": f"Run {start['name']} of the experiment {start['experiment']}: notebook, recipe, environment, params, curves and files.",
            "identifier": view.run_id, "datePublished": ended, "license": "The crate carries no licence of its own; ask whoever made the run.",
            "hasPart": _ids(sizes), "mentions": [{"@id": action["@id"]}],
        },
        action,
        *(_file(path, size) for path, size in sizes.items()),
        *({"@id": _of("param", name), "@type": "PropertyValue", "name": name, "value": value} for name, value in params.items()),
        *({"@id": _of("metric", name), "@type": "PropertyValue", "name": name, "value": repr(it.last)} for name, it in view.metrics.items()),
        *([{"@id": _of("user", user), "@type": "Person", "name": user}] if user else []),
    ]  # fmt: skip
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _file(path: str, size: int) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    suffix = f".{name.rpartition('.')[2]}" if "." in name else ""
    kind: str | list[str] = ["File", "SoftwareSourceCode"] if suffix == ".ipynb" else "File"
    found: dict[str, Any] = {"@id": _id(path), "@type": kind, "name": _TOLD.get(path, path.removeprefix("artifacts/"))}
    if suffix == ".ipynb":
        found["programmingLanguage"] = "Python"
    found["encodingFormat"] = _MIME.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return found | ({"contentSize": str(size)} if size else {})


def _of(kind: str, name: str) -> str:
    return f"#{kind}-{quote(name, safe='')}"


def _id(path: str) -> str:
    return quote(path, safe="/")


def _ids(paths: Any) -> list[dict[str, str]]:
    return [{"@id": _id(path)} for path in paths]


def _when(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat()
