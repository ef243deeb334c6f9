"""Figures and other rich outputs that a cell displayed or saved, as files of its run."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nbtrack.capture.figure_lines import FACTS
from nbtrack.capture.pictures import File, Picture, of_output
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.saved import Saved, SavedFigures
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities.ledger import Entry
from nbtrack.system import working_folder

MOST = 200
"""Rich outputs of one cell that are kept."""
MOST_IMAGES = 20
"""Pictures that Pillow saved in one cell that are kept: beyond it they are data, not figures."""
FILE_CAP = 64 << 20
"""Bytes of a saved file; a larger one is left where it is."""
_VIEWABLE = (".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".html", ".json")


class Figures(Source):
    """`figures/NAME.png`, as it was displayed, or the file that was saved; `figures/index.json` tells title, cell and order.

    A figure both saved and displayed is kept once, as it was saved; if that was for print alone (PDF, EPS), as displayed too. The same
    bytes are kept once a run.
    """

    name = "figures"
    kind = "figures"

    def __init__(self) -> None:
        self.saved = SavedFigures()
        self._album = Album("")
        self._told: Entry | None = None
        """The last cell whose figures had lines, which are let go when the next cell begins."""

    def start(self, shell: Any) -> None:
        self.saved.start()

    def stop(self) -> None:
        self.saved.stop()

    def enter(self, entry: Entry) -> None:
        self.saved.clear()
        if self._told is not None:
            self._told.facts.pop(FACTS, None)

    def leave(self, entry: Entry) -> None:
        if any(self.saved.lines.values()):
            entry.facts[FACTS] = [lines for lines in self.saved.lines.values() if lines]
            self._told = entry

    def after(self, cell: Cell) -> Iterable[Finding]:
        run_id = cell.run.run_id if cell.run is not None else ""
        if self._album.run_id != run_id or cell.run is None:
            self._album = Album(run_id)
        album = self._album
        for picture in self._pictures(cell):
            added = album.add(picture, cell)
            if added is None:
                continue
            stem, rows = added
            value = ", ".join(path for path, _ in rows)
            yield Finding("figure" if picture.kind == "figure" else "fact", stem, value, picture.rule, self._keep(album, rows, cell))

    @staticmethod
    def _keep(album: Album, files: list[tuple[str, File]], cell: Cell) -> Callable[[TrackedRun], None]:
        return lambda run: cell.later(lambda: album.write(run, files))

    def _pictures(self, cell: Cell) -> list[Picture]:
        return pictures_of(cell.entry.outputs, self.saved.files, self.saved.drawn, cell)


def pictures_of(outputs: Iterable[dict[str, Any]], files: Mapping[str, Saved], drawn: Mapping[int, tuple[Any, str]], cell: Cell) -> list[Picture]:
    """Pictures that were displayed or saved, in order, each once.

    Args:
        outputs: nbformat outputs.
        files: see `SavedFigures.files`.
        drawn: see `SavedFigures.drawn`.
    """
    shown = [picture for output in outputs if (picture := of_output(output)) is not None]
    for picture in shown:
        for file in picture.files:
            if (known := drawn.get(hash(file.data))) is not None:
                picture.key, picture.title = known
    saved = list(_saved(files, cell))
    by_key = {it.key: it for it in saved if it.key is not None}
    pictures: list[Picture] = []
    for picture in shown:
        same = by_key.get(picture.key) if picture.key is not None else None
        if same is None:
            pictures.append(picture)
            continue
        if same in saved:  # it stands where it was first shown
            saved.remove(same)
            pictures.append(same)
        if not any(file.suffix in _VIEWABLE for file in same.files):
            same.files[:0] = picture.files
    pictures += saved
    if len(pictures) > MOST and cell.run is not None:
        cell.run.notice(f"figures left out: {len(pictures) - MOST}; {MOST} of a cell are kept")
    return pictures[:MOST]


def _saved(files: Mapping[str, Saved], cell: Cell) -> Iterator[Picture]:
    """Saved figures; one saved under one name with several endings is one figure."""
    groups: dict[tuple[Any, str], list[Saved]] = {}
    images = 0
    for it in files.values():
        images += it.is_image
        if it.is_image and images > MOST_IMAGES:
            continue
        groups.setdefault((it.key, str(it.path.with_suffix(""))), []).append(it)
    if images > MOST_IMAGES and cell.run is not None:
        cell.run.notice(f"{images - MOST_IMAGES} images saved by Pillow were left out: {MOST_IMAGES} of a cell are kept")
    for (key, _), group in groups.items():
        found = [file for it in group if (file := _read(it.path, cell)) is not None]
        if found:
            yield Picture("figure", found, group[-1].title, group[-1].path.stem, key, "saved to a file")


class Album:
    """The figures of one run: their names, and the index of them."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._rows: list[dict[str, Any]] = []
        self._seen: set[bytes] = set()
        self._names: set[str] = set()
        self._order = 0
        self._lock = threading.Lock()  # the background of one cell may still write while the next cell ends

    def add(self, picture: Picture, cell: Cell) -> tuple[str, list[tuple[str, File]]] | None:
        """Name of a picture, and path and form of its files; None where its bytes are there already, or its name is not wanted."""
        new = [(digest, file) for file in picture.files if (digest := hashlib.blake2b(file.data, digest_size=16).digest()) not in self._seen]
        if not new:
            return None
        stem = self._name(picture, cell)
        if not cell.choice.wants(stem):
            return None
        self._names.add(stem)
        self._order += 1
        files = []
        with self._lock:
            for digest, file in new:
                self._seen.add(digest)
                path = f"figures/{stem}{file.suffix}"
                files.append((path, file))
                self._rows.append(
                    {
                        "path": path, "title": picture.title, "cell_id": cell.entry.cell_id, "number": cell.entry.number,
                        "order": self._order, "mime": file.mime, "kind": picture.kind,
                    }
                )  # fmt: skip
        return stem, files

    def files(self, files: list[tuple[str, File]]) -> dict[str, bytes]:
        """Artifacts by path: what `add` returned, and the index."""
        return {**{path: file.data for path, file in files}, "figures/index.json": json.dumps(self._rows, ensure_ascii=False).encode("utf-8", "replace")}

    def write(self, run: TrackedRun, files: list[tuple[str, File]]) -> None:
        for path, file in files:
            data = file.data if file.path is None else _read_late(file.path, file.data)
            if data is not None:
                run.artifact_bytes(path, data)
                continue
            run.notice(f"{path} was not kept: the file changed before it was read, as looking at the cell took longer than budget_ms allows")
            with self._lock:
                self._rows = [row for row in self._rows if row["path"] != path]
        with self._lock:
            run.artifact_bytes("figures/index.json", self.files([])["figures/index.json"])

    def _name(self, picture: Picture, cell: Cell) -> str:
        wanted = _slug(picture.stem) or _slug(picture.title)
        if wanted and wanted not in self._names:
            return wanted
        base, number = wanted or picture.kind, 2 if wanted else 1
        if not wanted and picture.kind == "figure" and cell.run is not None:
            number = cell.run.next_figure()
        while f"{base}-{number}" in self._names:
            number += 1
        return f"{base}-{number}"


def _read(path: Path, cell: Cell) -> File | None:
    """A saved file, to be read later where the budget has been used; None where it is gone, or too large."""
    try:
        size = path.stat().st_size
        if size > FILE_CAP:
            if cell.run is not None:
                cell.run.notice(f"{path.name} was not kept: {size} bytes are more than {FILE_CAP}")
            return None
        import mimetypes

        suffix, mime = path.suffix.lower(), mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if cell.is_spent:
            place = working_folder() / path  # the next cell may change the folder
            return File(suffix, mime, _state(place), place)
        return File(suffix, mime, path.read_bytes())
    except OSError:
        return None


def _read_late(path: Path, state: bytes) -> bytes | None:
    """The bytes of a file; None where it is no longer what it was."""
    try:
        data = path.read_bytes() if _state(path) == state else None
        return data if _state(path) == state else None
    except OSError:
        return None


def _state(path: Path) -> bytes:
    """What tells whether a file was written again."""
    stat = path.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns} {stat.st_ino}".encode("utf-8", "surrogatepass")


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text.lower()).strip("-.")[:60].strip("-.")
