"""Uploading a run's artifacts: blobs and texts are laid out in a temporary folder, which goes up in one call."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from nbtrack.delivery.mask import Mask, model_folders
from nbtrack.delivery.parcel import Parcel
from nbtrack.delivery.twins import Twins
from nbtrack.errors import GoneError, JournalError, RefusedError
from nbtrack.journal import blobs
from nbtrack.journal.location import Home
from nbtrack.store.client import StoreClient
from nbtrack.store.names import fit_text

Item = tuple[str, str, bool]
"""Artifact path, blob or content, whether it is a blob."""
_FILES = 100
_BYTES = 256 << 20


def upload(
    home: Home, client: StoreClient, run_id: str, parcel: Parcel, mask: Mask, refused: Callable[[str, RefusedError], None], twins: Twins | None = None
) -> None:  # fmt: skip
    """Upload all artifacts of a parcel, text without its secrets; what the store refuses is reported, the rest goes up.

    Args:
        twins: notebooks of other runs, which are not written a second time where a local store has them.

    Raises:
        StoreUnreachableError, LoginError: some may be there; uploading all again does no harm.
    """
    items: list[Item] = [(path, blob, True) for path, blob in parcel.blobs.items()]
    items += [(path, text, False) for path, text in parcel.texts.items()]
    models = model_folders(parcel.blobs)
    for group in _groups(home, items):
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            laid = [item for item in group if _lay(home, Path(folder), item, refused)]
            for path, _, is_blob in laid:
                if is_blob:
                    mask.file(Path(folder) / _clean(path), path, models)
            if twins is not None:
                taken = twins.take(Path(folder), [_clean(path) for path, _, _ in laid])
                laid = [item for item in laid if _clean(item[0]) not in taken]
            if not laid:
                continue
            try:
                client.log_artifacts(run_id, Path(folder))
                if twins is not None:
                    twins.note(Path(folder), [_clean(path) for path, _, _ in laid])
            except RefusedError as error:
                if len(laid) == 1:
                    refused(f"artifact {laid[0][0]!r}", error)
                    continue
                for path, _, _ in laid:
                    clean = _clean(path)
                    parent = str(PurePosixPath(clean).parent)
                    try:
                        client.log_artifact(run_id, Path(folder) / clean, "" if parent == "." else parent)
                    except RefusedError as error_of_one:
                        refused(f"artifact {path!r}", error_of_one)


def upload_model(
    home: Home, client: StoreClient, run_id: str, experiment_id: str, model: dict[str, Any], mask: Mask, refused: Callable[[str, RefusedError], None]
) -> None:  # fmt: skip
    """Make a model of the journal one of MLflow's logged models; where the store knows none, artifacts of its run.

    Raises:
        StoreUnreachableError, LoginError: doing all again does no harm.
    """
    name = str(model["name"])
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
        if not all(_lay(home, Path(folder), (path, blob, True), refused) for path, blob in model["files"].items()):
            return
        for path in model["files"]:
            mask.file(Path(folder) / _clean(path), f"models/{name}/{path}", (f"models/{name}/",))
        try:
            client.log_model(run_id, experiment_id, name, Path(folder), params=model.get("params") or {})
            return
        except GoneError:
            raise
        except RefusedError as error:
            reason = error
        try:
            client.log_artifacts(run_id, Path(folder), f"models/{name}")
        except RefusedError:
            refused(f"model {name!r}", reason)


def _groups(home: Home, items: Sequence[Item]) -> Iterator[list[Item]]:
    group: list[Item] = []
    size = 0
    for item in items:
        item_bytes = blobs.packed_bytes(home, item[1]) if item[2] else len(item[1])
        if group and (len(group) == _FILES or size + item_bytes > _BYTES):
            yield group
            group, size = [], 0
        group.append(item)
        size += item_bytes
    if group:
        yield group


def _lay(home: Home, folder: Path, item: Item, refused: Callable[[str, RefusedError], None]) -> bool:
    path, content, is_blob = item
    target = folder / _clean(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_blob:
            blobs.copy_to(home, content, target)
        else:
            target.write_bytes(fit_text(content).encode())
    except FileNotFoundError:
        refused(f"artifact {path!r}", RefusedError("Its bytes are not in the journal any more.", mend="Log it again."))
        return False
    except JournalError as cause:
        refused(f"artifact {path!r}", RefusedError(cause.message, mend=cause.mend))
        return False
    except (NotADirectoryError, IsADirectoryError, FileExistsError, ValueError) as cause:
        refused(f"artifact {path!r}", RefusedError(f"It cannot be a file's path: {cause}.", mend="Log it under another path."))
        return False
    except OSError as cause:
        if cause.errno == errno.ENAMETOOLONG:
            refused(f"artifact {path!r}", RefusedError("Its name is too long for a file.", mend="Log it under a shorter path."))
            return False
        raise
    return True


def _clean(path: str) -> str:
    """An artifact's path as one below the run's folder, whatever was asked for."""
    parts = [part for part in fit_text(path).replace(os.sep, "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "artifact"
