"""What `nbtrack doctor` examines."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from nbtrack import courier
from nbtrack.amounts import counted
from nbtrack.capture.begin import tracking_uri
from nbtrack.courier import acts
from nbtrack.courier.channel import Place
from nbtrack.courier.locked import LOCKED_MEND, is_locked
from nbtrack.courier.uris import sqlite_file
from nbtrack.delivery.deliver import HELD_MEND
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home, cursor
from nbtrack.journal.owner import OwnerView, is_alive
from nbtrack.reads.local import local_runs
from nbtrack.settings import Settings
from nbtrack.store.client import StoreClient, be_quick


@dataclass(frozen=True)
class Finding:
    """One thing examined."""

    subject: str
    found: str
    is_good: bool = True
    mend: str = ""


def examine(home: Home, settings: Settings) -> list[Finding]:
    """Everything that must be right for a run to reach MLflow."""
    uri = courier.absolute_uri(tracking_uri(settings), Path.cwd())
    store = _store(uri)
    return [*_versions(), _journal(home, settings), store, *_delivery(home, courier.mask_uri(uri), is_told=not store.is_good), _identity(), *_hooks(home)]


def _versions() -> list[Finding]:
    names = ("nbtrack", "mlflow", "ipython", "ipykernel")
    return [Finding("versions", f"Python {platform.python_version()}, " + ", ".join(f"{name} {metadata.version(name)}" for name in names))]


def _journal(home: Home, settings: Settings) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=home.folder("runs")) as file:
            file.write(b"x")
    except NbtrackError as error:
        return Finding("journal", error.message, False, error.mend)
    except OSError as error:
        return Finding("journal", f"{home.root} cannot be written: {error}", False, "Make it writable, or point NBTRACK_HOME to a folder that is.")
    kept = f"delivered ones stay for {settings.keep_days:g} days here, then in MLflow alone"
    return Finding("journal", f"{home.root}, {counted(sum(1 for _ in home.run_ids()), 'run')}; {kept}")


def _store(uri: str) -> Finding:
    database = sqlite_file(uri)
    if database is not None and not database.exists():  # looking must not make it, with MLflow's migrations
        above = next(it for it in database.parents if it.exists())
        if not os.access(above, os.W_OK | os.X_OK):
            return Finding("store", f"{courier.mask_uri(uri)} is not there, and {above} cannot be written", False, "Make it writable, or name another store.")
        return Finding("store", f"{courier.mask_uri(uri)} is not there yet; the first run makes it")
    if is_locked(uri, writing=True):
        return Finding("store", f"{courier.mask_uri(uri)} is locked by another program", False, LOCKED_MEND)
    try:
        be_quick()
        StoreClient(uri).probe_writing()
    except NbtrackError as error:
        return Finding("store", f"{courier.mask_uri(uri)}: {error.message}", False, error.mend)
    return Finding("store", f"{courier.mask_uri(uri)} answers and can be written")


def _delivery(home: Home, store: str, *, is_told: bool) -> list[Finding]:
    """How delivery stands to each store that is known.

    Args:
        is_told: what is wrong with the store in force was said already.
    """
    waiting: dict[str, int] = {}
    found = []
    for view in local_runs(home, metrics=False):
        known = cursor.load(home, view.run_id)
        if known.held:
            found.append(Finding("secrets", f"run {view.name} ({view.run_id[:8]}) is kept in the journal: {known.held}", False, HELD_MEND))
        elif not known.is_done:
            waiting[view.start.store] = waiting.get(view.start.store, 0) + 1
    for name in sorted({store, *courier.known_stores(home), *waiting}):
        state = courier.status(home, name)
        last = state or courier.last_status(home, name) or {}
        backlog = waiting.get(name, 0)
        text = f"{name}: process {'runs' if state else 'does not run'}, {counted(backlog, 'run')} not fully delivered"
        problem, mend = str(last.get("problem") or ""), str(last.get("mend") or "")
        if is_told and backlog and name == store:
            found.append(Finding("delivery", f"{text}; it waits for the store"))
        elif problem and backlog:
            found.append(Finding("delivery", f"{text}; {problem}", False, mend))
        elif backlog and not state:
            found.append(Finding("delivery", text, False, "Run nbtrack sync, or track a cell: that starts the process."))
        else:
            found.append(Finding("delivery", text))
        found += _changes(home, name, is_alive=state is not None)
    return found


def _changes(home: Home, store: str, *, is_alive: bool) -> list[Finding]:
    """What was asked to be done to runs that the store alone has."""
    place = Place.of(home, store)
    asked, refused = acts.waiting(place), acts.refused(place)
    found = []
    if asked:
        mend = "" if is_alive else "Run nbtrack sync, or track a cell: that starts the process."
        found.append(Finding("changes", f"{store}: {counted(len(asked), 'change of its runs waits', 'changes of its runs wait')}", is_alive, mend))
    if refused:
        last = refused[-1]
        count = counted(len(refused), "change of its runs was refused", "changes of its runs were refused")
        text = f"{store}: {count}, the last one of {last.mlflow_run_id[:8]}: {last.why}"
        found.append(Finding("changes", text))
    return found


def _identity() -> Finding:
    for name in ("NBTRACK_NOTEBOOK", "JPY_SESSION_NAME"):
        if os.environ.get(name):
            return Finding("notebook identity", f"{os.environ[name]} (from {name})")
    where = "this is no kernel" if "ipykernel" not in sys.modules else "the front end tells no path"
    return Finding("notebook identity", f"{where}; runs are named by their cell's source")


def _hooks(home: Home) -> list[Finding]:
    """Where nbtrack hangs in other programs, and which processes write runs now."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    is_known = any(it.name == "nbtrack+sqlite" for it in metadata.entry_points(group="mlflow.tracking_store"))
    mlflow = "MLflow takes nbtrack+ URIs" if is_known else "MLflow does not know nbtrack+ URIs, so its calls do not join tracked cells"
    has_panel = any(Path(folder, "nbtrack").is_dir() for folder in jupyter_path("labextensions"))
    has_routes = any(Path(folder, "jupyter_server_config.d", "nbtrack.json").exists() for folder in jupyter_config_path())
    lab = "JupyterLab finds its extension" if has_panel and has_routes else "JupyterLab of this environment does not find its extension"
    folder = home.root / "owners"
    living = sorted(path for path in folder.iterdir() if is_alive(home, path.name)) if folder.is_dir() else []
    tracking = [f"pid {path.name.partition('-')[0]}{_run_of(path)}" for path in living]
    return [
        Finding("hooks", f"{mlflow}; {lab}", is_known, "" if is_known else "Install nbtrack with pip in this environment again."),
        Finding("hooks", f"processes that track here now: {', '.join(tracking) or 'none'}"),
    ]


def _run_of(owner: Path) -> str:
    try:
        run_id = OwnerView(owner).current_run()
    except (OSError, ValueError):  # it ended just now
        return ""
    return f" (run {run_id[:8]})" if run_id else ""
