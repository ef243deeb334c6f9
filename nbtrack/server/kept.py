"""What a run kept, for a page: the list, the bytes, its notebook beside another one, and where MLflow shows the run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from nbtrack import settings
from nbtrack.charts.frame import sendable
from nbtrack.courier.uris import MASK, PREFIX
from nbtrack.delivery.mask import Mask
from nbtrack.entities import RunView
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import find
from nbtrack.reads.copied import copied
from nbtrack.reads.notebook_patch import patch_notebooks
from nbtrack.replay import files
from nbtrack.server.shapes import Kept, KeptFile, MlflowPlace, NotebookPatch

LARGEST = 64 << 20
"""Bytes of an artifact that is sent."""
_SMALL = ("notebook", "figures", "matrices", "streams", "environment", "git", "data")
"""Folders that are fetched to list what a run kept that the store alone has: not its models."""
_PLAIN = re.compile(r"[\w./:+=@%~-]+")


def listed(home: Home, run: str) -> Kept:
    """Artifacts of a run, by path; of one that the store alone has, those that nbtrack writes.

    Raises:
        UnknownRunError: there is no such run.
        StoreUnreachableError, LoginError, RefusedError, DeliveryError: the store does not give them.
    """
    with _opened(home, run, _SMALL) as (_, view):
        found = {it.path: it.size_bytes for it in view.artifacts}
    return Kept(files=[KeptFile(path=sendable(path), size_bytes=size) for path, size in sorted(found.items())])


def content(home: Home, run: str, path: str) -> bytes:
    """Bytes of an artifact as they may be shown: without secrets.

    Raises:
        UnknownRunError, UsageError: there is no such run, or no such artifact, or it is too large.
        JournalError: its bytes are gone.
    """
    with _opened(home, run, [path.partition("/")[0]]) as (there, view):
        found = next((it for it in reversed(view.artifacts) if it.path == path), None)
        if found is None:
            raise UsageError(f"The run has no artifact {path[:200]!r}.", mend="Look at the list in the view of the run.")
        if found.size_bytes > LARGEST:
            raise UsageError(f"{path} has {found.size_bytes:,} bytes, too many to show.", mend="MLflow has it, if the run was delivered.")
        return _mask(view).content(files.read(there, view, path) or b"", path)


def patch(home: Home, run: str, question: Mapping[str, Any]) -> NotebookPatch:
    """How the run's notebook becomes another one: that of the run `other`, or the `document` that a page has open.

    Raises:
        UnknownRunError, UsageError: there is no such run, or no notebook to compare.
    """
    is_whole = bool(question.get("outputs"))
    base = _notebook(home, run, is_whole)
    if other := question.get("other"):
        remote = _notebook(home, str(other), is_whole)
    elif isinstance(question.get("document"), dict):
        remote = question["document"]
    else:
        raise UsageError("There is nothing to compare the notebook with.", mend="Name another run, or send a notebook.")
    try:
        before, entries = patch_notebooks(base, remote, with_outputs=is_whole)
    except (ValueError, TypeError, KeyError, AttributeError) as cause:
        raise UsageError(f"What was sent is no notebook of nbformat 4: {cause}", mend="Save the notebook, and try again.") from cause
    return NotebookPatch(base=before, diff=entries)


def place(home: Home, run: str, ui: str = "") -> MlflowPlace:
    """Where MLflow shows a run, or the command that opens its pages.

    Args:
        ui: address of MLflow's pages that a page's reader set; the server's own setting goes before.

    Raises:
        UnknownRunError: there is no such run.
    """
    view = find(home, run)
    store = view.start.store.removeprefix(PREFIX)
    address = settings.load().mlflow_ui or ui or (store if store.startswith(("http://", "https://")) else "")
    url = _page(address, view.mlflow_run_id)
    # A password is not for the browser: what has one is named as kernels have it
    told = '"$MLFLOW_TRACKING_URI"' if MASK in store else store if _PLAIN.fullmatch(store) else f"'{store}'"
    command = "" if url or "://" not in store else f"mlflow ui --backend-store-uri {told}"
    return MlflowPlace(url=sendable(url), command=sendable(command), store=sendable(store), is_delivered=bool(view.mlflow_run_id))


def _page(address: str, run: str) -> str:
    """Address of a run's page without what a URI may hold of credentials; empty where there is none."""
    try:
        parts = urlsplit(address)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}" if ":" not in (parts.hostname or "") else parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    return urlunsplit((parts.scheme, host, f"{parts.path.rstrip('/')}/", "", f"/runs/{quote(run)}" if run else ""))


@contextmanager
def _opened(home: Home, run: str, folders: Sequence[str]) -> Iterator[tuple[Home, RunView]]:
    with copied(home, find(home, run), folders=folders) as (there, (view,)):
        yield there, view


def _mask(view: RunView) -> Mask:
    """Strikes out what the run's policy says."""
    mask = Mask()
    for name, value in view.tags.items():
        mask.hear(name, value)
    return mask


def _notebook(home: Home, run: str, with_outputs: bool) -> dict[str, Any]:
    """The notebook as it stood, its cells with what their last execution put out; of a run without a document, what was executed."""
    with _opened(home, run, ["notebook"]) as (there, view):
        mask = _mask(view)
        kept = [_parsed(mask.content(data, path)) if (data := files.read(there, view, path)) else None for path in (files.DOCUMENT, files.EXECUTED)]
    document, executed = kept
    if document is None or executed is None:
        found = document or executed
        if found is None:
            raise UsageError(f"Run {view.name} ({view.run_id[:8]}) kept no notebook.", mend="Runs of %%track cells and of %track on have one.")
        return found
    if with_outputs:
        last = {str(((it.get("metadata") or {}).get("nbtrack") or {}).get("cell_id") or it.get("id")): it for it in executed["cells"]}
        document["cells"] = [{**it, "outputs": found["outputs"]} if (found := last.get(str(it.get("id")))) else it for it in document["cells"]]
    return document


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("cells"), list) else None
