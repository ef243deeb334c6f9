"""Secrets of a notebook: found in the texts of its cells and outputs, not in its lines of JSON, so that pictures are not looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nbtrack.secrets.scanner import Repeats, Scanner

_TEXTS = ("text/", "application/json", "application/javascript", "application/vnd.")
_PICTURES = ("image/svg+xml",)
_OUTPUT = ("text", "ename", "evalue", "traceback", "metadata", "html", "latex", "json", "javascript", "svg")
"""Texts of an output; the last five are nbformat 3's."""
_BARE = frozenset({"id", "cell_type", "execution_count", "prompt_number", "outputs", "attachments"})
"""Keys of a cell that hold no text of the user's, or texts that are looked at otherwise."""
_NO_TEXT = ("application/vnd.plotly", "application/vnd.bokeh", "application/vnd.vega", "application/vnd.jupyter.widget")


@dataclass(frozen=True)
class Place:
    """A secret of a notebook and where it lies."""

    kind: str
    cell: int
    """From 1; 0 is the notebook's own metadata."""
    cell_id: str
    part: str
    """`source`, `output`, `metadata`."""
    line: int
    value: str
    """The secret itself, for a baseline's digest; not to be shown."""

    def __str__(self) -> str:
        return f"{f'cell {self.cell}' if self.cell else 'notebook'} {self.part} line {self.line}"


def scan_notebook(scanner: Scanner, content: bytes) -> tuple[bytes, list[Place]] | None:
    """The notebook without its secrets, and these; the very bytes where there are none. None where this is no notebook.

    Args:
        content: a notebook of any version that is JSON.
    """
    try:
        notebook = _read(content)
        if not isinstance(notebook, dict) or not isinstance(notebook.get("cells", notebook.get("worksheets")), list):
            return None
        found, repeats = _scanned(scanner, notebook), Repeats()
        for it in found:
            repeats.know(it.value)
        if repeats.known:
            found += _scanned(repeats, notebook)
    except (ValueError, RecursionError):
        return None
    if not found:
        return content, []
    return (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass"), found


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except UnicodeDecodeError:  # damaged, or of an editor with an encoding of its own: its texts may hold secrets all the same
        return json.loads(content.decode("utf-8", "surrogateescape"))


def _scanned(scanner: Scanner | Repeats, notebook: dict[str, Any]) -> list[Place]:
    """Mask the notebook's texts, in place; whatever other keys somebody put there count as metadata."""
    found: list[Place] = []
    for key in [key for key in notebook if key not in ("cells", "worksheets")]:
        _Walk(scanner, found, 0, "", "metadata").object(notebook, key)
    for number, cell in enumerate(_cells(notebook), 1):
        cell_id = str(cell.get("id", ""))
        for key in [key for key in cell if key not in _BARE]:
            _Walk(scanner, found, number, cell_id, "source" if key in ("source", "input") else "metadata").object(cell, key)
        walk = _Walk(scanner, found, number, cell_id, "output")
        outputs, attachments = cell.get("outputs"), cell.get("attachments")
        for output in outputs if isinstance(outputs, list) else []:
            walk.output(output)
        for data in attachments.values() if isinstance(attachments, dict) else ():
            walk.data(data)
    return found


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = [notebook, *(sheet for sheet in notebook.get("worksheets", []) if isinstance(sheet, dict))]
    for sheet in sheets:
        cells = sheet.get("cells")
        yield from (cell for cell in cells if isinstance(cell, dict)) if isinstance(cells, list) else ()


class _Walk:
    """Masks the texts of one part of one cell, in place."""

    def __init__(self, scanner: Scanner | Repeats, found: list[Place], cell: int, cell_id: str, part: str) -> None:
        self._scanner, self._found = scanner, found
        self._cell, self._cell_id, self._part = cell, cell_id, part

    def output(self, output: Any) -> None:
        """A stream, an error, or the data of a display; of data only what is text."""
        if not isinstance(output, dict):
            return
        for key in _OUTPUT:
            self.object(output, key)
        self.data(output.get("data"))

    def data(self, data: Any) -> None:
        """What lies there by mime type."""
        for mime in list(data) if isinstance(data, dict) else []:
            if mime.startswith((*_TEXTS, *_PICTURES)) and not mime.startswith(_NO_TEXT):
                self.object(data, mime)

    def object(self, holder: Any, key: Any) -> None:
        """Whatever lies under a key: texts, lists of lines, and what these are nested in."""
        value = holder.get(key) if isinstance(holder, dict) else holder[key]
        if isinstance(value, str):
            holder[key] = self._masked(str(key) if isinstance(holder, dict) and self._part == "metadata" else "", value)
        elif isinstance(value, list) and value and all(isinstance(line, str) for line in value):
            text = "".join(value)
            masked = self._masked("", text)
            if masked != text:
                holder[key] = masked.splitlines(keepends=True)
        elif isinstance(value, list):
            for at in range(len(value)):
                self.object(value, at)
        elif isinstance(value, dict):
            for name in list(value):
                self.object(value, name)

    def _masked(self, name: str, text: str) -> str:
        masked, secrets = self._scanner.mask_value(name, text) if name else self._scanner.mask(text)
        self._found += [Place(it.kind, self._cell, self._cell_id, self._part, it.line, text[it.start : it.end]) for it in secrets]
        return masked
