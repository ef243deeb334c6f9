"""Beginning a run: its name, attempt, experiment, store and first tags."""

from __future__ import annotations

import getpass
import os
import sys
import time
import zlib
from pathlib import Path

from nbtrack import courier, settings
from nbtrack.capture import git
from nbtrack.capture.current import attach, owner
from nbtrack.capture.identity import Identity
from nbtrack.capture.mlflow_here import active_experiment
from nbtrack.capture.names import memorable_name
from nbtrack.capture.run import TrackedRun, write_ends
from nbtrack.entities import Kind, Request, RunStart
from nbtrack.journal import Home, RunWriter, attempts, fold, new_id
from nbtrack.secrets import policy
from nbtrack.system import working_folder

SOURCE_TAG = "nbtrack.source"
"""What tells a front end whether the cell was edited since."""


def source_digest(code: str) -> str:
    """CRC-32 of a cell's code, without its `%%track` line and what surrounds it; labextension/src/models/source.ts has the same."""
    text = code.strip(" \t\r\n")
    return f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"


def begin(request: Request, where: Identity, *, code: str, parent: str = "", chosen: settings.Settings | None = None) -> TrackedRun:
    """Write the start of a run to the journal and tell the delivery process.

    Args:
        request: what the user asked.
        where: notebook and cell.
        code: the source that will run; tells attempts apart where the front end gives no cell id.
        parent: run id of the run around it, unless the request names one.
        chosen: settings in force; those of here and now if None.

    Raises:
        JournalError, OSError: the journal cannot be written.
        SettingError: a setting cannot be used.
    """
    write_ends()
    chosen = chosen or settings.load()
    home = Home(settings.home(chosen))
    uri = courier.absolute_uri(tracking_uri(chosen), working_folder())
    this = owner(home)
    cell = where.cell_id or (f"name:{request.name}" if request.name else f"code:{code}")
    key = attempts.cell_key(where.notebook or str(working_folder()), cell)
    if request.is_update and (run := _continued(home, key, this.name)):
        run.uri = uri
        run.writer.event(Kind.TAG, name=SOURCE_TAG, value=source_digest(code))
        courier.announce_soon(home, uri, chosen)
        return run
    run_id, parent = new_id(), request.parent or parent
    above = fold(home, parent, metrics=False) if parent else None
    start = RunStart(
        run_id=run_id, name=request.name or memorable_name(), store=courier.mask_uri(uri),
        experiment=request.experiment or (above.start.experiment if above is not None else _experiment(chosen, where, uri)),
        owner=this.name, started_ns=time.time_ns(), attempt=attempts.add(home, key, run_id), cell_key=key, parent=parent,
        goal=request.goal, tags=_tags(where, code) | policy.tags_of(chosen.secrets, request.allow_secrets, working_folder()) | request.tags,
    )  # fmt: skip
    run = TrackedRun(home, start, RunWriter.create(home, start))
    run.uri = uri
    courier.announce_soon(home, uri, chosen)
    return run


def tracking_uri(chosen: settings.Settings) -> str:
    """The store: nbtrack's setting, what the user told MLflow in this process, MLflow's environment, MLflow's default."""
    mlflow = sys.modules.get("mlflow")
    if chosen.tracking_uri:
        return chosen.tracking_uri
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return os.environ["MLFLOW_TRACKING_URI"]
    if mlflow is not None and hasattr(mlflow, "get_tracking_uri"):
        return str(mlflow.get_tracking_uri())
    return "sqlite:///mlflow.db"


def _continued(home: Home, key: str, owner_name: str) -> TrackedRun | None:
    for run_id in reversed(attempts.of(home, key)):
        view = fold(home, run_id, metrics=False)
        if view is None:
            continue
        run = attach(home, run_id, view.start)
        if run is not None:
            run.writer.event(Kind.RESUME, owner=owner_name)
            return run
    return None


def _experiment(chosen: settings.Settings, where: Identity, uri: str) -> str:
    named = chosen.experiment or active_experiment(uri) or os.environ.get("MLFLOW_EXPERIMENT_NAME")
    return named or (Path(where.notebook).stem if where.notebook else "") or "Default"


def _tags(where: Identity, code: str) -> dict[str, str]:
    tags = {"mlflow.source.type": "NOTEBOOK" if where.notebook.endswith(".ipynb") or where.source == "kernel" else "LOCAL"}
    if where.notebook:
        tags |= {"mlflow.source.name": where.notebook, "nbtrack.notebook": where.notebook}
    if where.cell_id:
        tags |= {"nbtrack.cell_id": where.cell_id, SOURCE_TAG: source_digest(code)}
    try:
        tags["mlflow.user"] = getpass.getuser()
    except (OSError, KeyError, ImportError):
        tags["mlflow.user"] = "unknown"
    return tags | git.head(working_folder())
