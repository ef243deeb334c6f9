"""A run as one file: a zip that is a Research Object Crate, and from which the same run is made elsewhere.

`nbtrack-bundle.json` lists every other file with its digest. `events.jsonl` and `curves.csv` are the run's journal in plain text, `artifacts/`
holds its files as MLflow has them. Secrets are struck out of everything that is text.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from nbtrack.amounts import counted
from nbtrack.delivery.mask import Mask, model_folders
from nbtrack.entities import Event, Kind, RunView
from nbtrack.errors import SecretError, UsageError
from nbtrack.journal import Home, blobs, events_of, fold, points_of
from nbtrack.reads.copied import copied
from nbtrack.replay import files
from nbtrack.replay.crate import CRATE, describe
from nbtrack.replay.data import DataReference, Standing, references_of

FORMAT = 1
MANIFEST, EVENTS, CURVES, PARAMS, DATA = "nbtrack-bundle.json", "events.jsonl", "curves.csv", "params.json", "data.json"
ARTIFACTS, RUNS = "artifacts", "runs"
"""Folders of the run's files, and of the bundles of its children."""
START_FIELDS = ("run_id", "name", "experiment", "started_ns", "attempt", "cell_key", "parent", "goal", "tags")
_WITH_BLOB = (Kind.ARTIFACT, Kind.PARAM)
_LEFT_OUT = (Kind.START, Kind.SERIES, Kind.RESUME, Kind.END)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written."""

    path: Path
    run_id: str
    files: int
    size_bytes: int
    masked: tuple[tuple[str, str], ...]
    """Kind and place of each secret that was struck out."""
    left_out: tuple[str, ...]
    """Data that was asked for and is not in it, and children that go on, and why."""
    children: int = 0
    """Runs below it that are in it, too."""

    def __repr__(self) -> str:
        more = f", with {self.children} child run{'s' if self.children > 1 else ''}" if self.children else ""
        lines = [f"{self.path}: {counted(self.files, 'file')}, {self.size_bytes} bytes{more}"]
        if self.masked:
            lines.append(f"struck out: {', '.join(f'{kind} ({place})' for kind, place in self.masked)}")
        return "\n".join([*lines, *(f"left out: {it}" for it in self.left_out)])


def pack(home: Home, view: RunView, path: Path, *, with_data: bool = False, above: frozenset[str] = frozenset()) -> Bundle:
    """Write the run and its children to a new zip.

    Args:
        with_data: put the files the run read in, as far as they are what they were.
        above: ids of the runs whose bundle this one goes into.

    Raises:
        UsageError: the run goes on; the file exists, or cannot be written.
        SecretError: the run's setting `secrets` is strict, and it holds some.
    """
    view = files.settled(home, view)
    if not view.state.is_end:
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) still goes on.", mend="Bundle it when it has ended.")
    if path.exists():
        raise UsageError(f"{path} exists.", mend="Give another name: nothing is overwritten.")
    with copied(home, view, with_points=True) as (there, (run,)):
        return _pack(there, run, path, above, with_data=with_data)


def _pack(home: Home, view: RunView, path: Path, above: frozenset[str], *, with_data: bool) -> Bundle:
    references = references_of(home, view.run_id, files.folder_of(view) or Path.cwd())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as name:
            folder = Path(name)
            left_out = _add_data(references, folder) if with_data else []
            children, struck = _add_children(home, view, folder, left_out, above, with_data=with_data)
            mask = _gather(home, view, references, folder)
            head = _head(view, mask)
            if mask.is_strict and mask.found:
                told = ", ".join(f"{kind} ({place})" for kind, place in mask.found)
                mend = "Run it again without them, or: %track tag nbtrack.secrets=mask --run RUN."
                raise SecretError(f"Run {view.name} ({view.run_id[:8]}) holds secrets and is not bundled: {told}.", mend=mend)
            count = _zip(folder, view, head, mask, folder / "bundle.zip")
            path.open("xb").close()  # the name is ours now
            (folder / "bundle.zip").replace(path)
    except FileExistsError as cause:
        raise UsageError(f"{path} exists.", mend="Give another name: nothing is overwritten.") from cause
    except OSError as cause:
        raise UsageError(f"{path} cannot be written: {cause.strerror or cause}.", mend="Make room there, or give another path.") from cause
    return Bundle(path, view.run_id, count, path.stat().st_size, (*mask.found, *struck), tuple(left_out), children)


def data_path(digest: str, source: str) -> str:
    """Artifact path under which a bundle keeps a file the run read."""
    return f"data/{digest or 'unknown'}/{PurePosixPath(source.replace(os.sep, '/')).name}"


def _gather(home: Home, view: RunView, references: list[DataReference], folder: Path) -> Mask:
    """Everything but list and description of the bundle, as plain files below `folder`."""
    mask = Mask()
    for name, value in view.tags.items():
        mask.hear(name, value)
    models = model_folders(it.path for it in view.artifacts)
    for it in view.artifacts:
        target = _inside(folder / ARTIFACTS, it.path)
        files.copy(home, it, target)
        mask.file(target, it.path, models)
    params = {name: mask.text(value, f"param {name}", name) for name, value in view.params.items()}
    _write_json(folder / PARAMS, params)
    _write_json(folder / DATA, mask.data([asdict(it) for it in references], "data references"))
    kept = list(_events(home, view, mask))
    for it in view.artifacts:  # again: a secret found later is struck out wherever else it stands
        mask.file(_inside(folder / ARTIFACTS, it.path), it.path, models)
    added = [_artifact(path.relative_to(folder / ARTIFACTS), path) for path in sorted((folder / ARTIFACTS / "data").rglob("*")) if path.is_file()]
    known = {it.path for it in view.artifacts}
    kept += [Event(Kind.ARTIFACT, view.ended_ns or 0, it) for it in added if it["path"] not in known]
    with (folder / EVENTS).open("w", encoding="utf-8", newline="\n") as file:
        for event in kept:
            data = event.data
            if event.kind == Kind.ARTIFACT:
                data = {**data, "size_bytes": _inside(folder / ARTIFACTS, data["path"]).stat().st_size}
            file.write(json.dumps({"kind": event.kind, "timestamp_ns": event.timestamp_ns, "data": data}) + "\n")
    with (folder / CURVES).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("name", "step", "timestamp_ns", "value"))
        rows.writerows((name, step, time_ns, repr(value)) for name, step, time_ns, value in points_of(home, view.run_id))
    return mask


def _events(home: Home, view: RunView, mask: Mask) -> Iterator[Event]:
    """The run's events as they may leave: without what only its own journal can read."""
    last = {it.path: it.blob for it in view.artifacts}
    for event in events_of(home, view.run_id):
        data = dict(event.data)
        if event.kind in _LEFT_OUT or (event.kind not in _WITH_BLOB and "blob" in data):  # of a later release: it could not be read elsewhere
            continue
        if event.kind == Kind.ARTIFACT:
            if last.get(data["path"]) == data.pop("blob"):
                yield Event(event.kind, event.timestamp_ns, data)
            continue
        if event.kind == Kind.MODEL:
            data["files"] = {path: size for path, (_, size) in data["files"].items()}
        if event.kind == Kind.PARAM:
            value = data["value"] if "value" in data else blobs.get_bytes(home, data.pop("blob")).decode("utf-8", "surrogatepass")
            data["value"] = mask.text(value, f"param {data['name']}", data["name"])
        elif event.kind == Kind.TAG:
            data["value"] = None if data["value"] is None else mask.text(data["value"], f"tag {data['name']}", data["name"])
        else:
            data = mask.data(data, event.kind)
        yield Event(event.kind, event.timestamp_ns, data)
    yield Event(
        Kind.END, view.ended_ns or view.start.started_ns,
        {"state": view.state.value, "reason": mask.text(view.reason, "reason"), "traceback": mask.text(view.traceback, "traceback")},
    )  # fmt: skip


def _add_data(references: list[DataReference], folder: Path) -> list[str]:
    """Copy the files the run read; returns what is left out, and why."""
    left_out = []
    for it in references:
        source = Path(it.path)
        if not it.path or not source.exists():
            left_out.append(f"{it.source or it.name}: it is {'no file' if not it.path else 'not here'}")
            continue
        if it.standing is Standing.CHANGED:
            left_out.append(f"{it.path}: it changed since the run")
            continue
        target = _inside(folder / ARTIFACTS, data_path(it.digest, it.source))
        for file in [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file()):
            copy = target / file.relative_to(source) if file != source else target
            copy.parent.mkdir(parents=True, exist_ok=True)
            with file.open("rb") as content, copy.open("wb") as written:
                while chunk := content.read(_CHUNK):
                    written.write(chunk)
    return left_out


def _add_children(home: Home, view: RunView, folder: Path, left_out: list[str], above: frozenset[str], *, with_data: bool) -> tuple[int, list[tuple[str, str]]]:
    """Pack the runs below this one, each as a bundle of its own; how many they are, and what was struck out of them."""
    count, struck = 0, []
    above |= {view.run_id}
    for run_id in sorted(home.run_ids()):
        found = fold(home, run_id, metrics=False)
        if found is None or found.start.parent != view.run_id or run_id in above:
            continue
        child = files.settled(home, found)
        if not child.state.is_end:
            left_out.append(f"child run {child.name} ({child.run_id[:8]}): it goes on")
            continue
        (folder / RUNS).mkdir(exist_ok=True)
        made = pack(home, child, folder / RUNS / f"{child.run_id}.zip", with_data=with_data, above=above)
        count += 1 + made.children
        struck += [(kind, f"{child.name}: {place}") for kind, place in made.masked]
        left_out += made.left_out
    return count, struck


def _head(view: RunView, mask: Mask) -> dict[str, Any]:
    """The run's start as it may leave."""
    start = asdict(view.start)
    return {name: start[name] for name in START_FIELDS} | {
        "name": mask.text(view.start.name, "the run's name"),
        "experiment": mask.text(view.start.experiment, "the experiment's name"),
        "tags": {name: mask.text(str(value), f"tag {name}", name) for name, value in view.start.tags.items()},
    }


def _zip(folder: Path, view: RunView, head: dict[str, Any], mask: Mask, target: Path) -> int:
    """Pack all files below the folder with their list and description; how many there are."""
    content = sorted(path for path in folder.rglob("*") if path.is_file())
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in content}
    _write_json(folder / CRATE, describe(view, head, sizes, json.loads((folder / PARAMS).read_bytes())))
    listed = {name: {"sha256": _sha256(folder / name), "size_bytes": (folder / name).stat().st_size} for name in [CRATE, *sizes]}
    manifest = {
        "format": FORMAT,
        "made_by": f"nbtrack {metadata.version('nbtrack')}",
        "start": head,
        "files": listed,
        "masked": [list(it) for it in mask.found],
    }
    _write_json(folder / MANIFEST, manifest)
    when = datetime.fromtimestamp(max(view.start.started_ns / 1e9, 315_619_200), UTC)  # zip knows no time before 1980
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, allowZip64=True) as packed:
        for path in [folder / MANIFEST, folder / CRATE, *content]:
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), when.timetuple()[:6])
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with path.open("rb") as file, packed.open(info, "w", force_zip64=True) as written:
                while chunk := file.read(_CHUNK):
                    written.write(chunk)
    return len(content) + 2


def _inside(folder: Path, path: str) -> Path:
    """A path below the folder, whatever the artifact is called."""
    parts = [part if part not in ("..", ".") else "_" for part in PurePosixPath(path.replace("\\", "/")).parts if part != "/"]
    return folder.joinpath(*parts)


def _artifact(inside: Path, path: Path) -> dict[str, Any]:
    return {"path": inside.as_posix(), "size_bytes": path.stat().st_size}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
