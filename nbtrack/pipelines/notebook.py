"""A notebook as it lies on disk, read without nbformat, whose import alone takes longer than planning a pipeline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError

_COMMENTS = ("# parameters", "#parameters")


@dataclass(frozen=True)
class CodeCell:
    """A code cell."""

    source: str
    tags: frozenset[str]
    index: int
    """Position among all cells."""

    @property
    def is_parameters(self) -> bool:
        """Tagged `parameters`, or with `# parameters` on its first line."""
        return "parameters" in self.tags or self.source.lstrip().partition("\n")[0].strip().lower() in _COMMENTS


@dataclass(frozen=True)
class Notebook:
    """What a notebook says of itself."""

    path: Path
    cells: tuple[CodeCell, ...]
    kernel: str
    """Name of its kernel; empty where it names none."""
    language: str
    """In small letters; `python` where it says nothing."""

    @property
    def parameters(self) -> CodeCell | None:
        """The cell that declares parameters: the first one tagged so, else the first one that says so."""
        tagged = [cell for cell in self.cells if "parameters" in cell.tags]
        return next(iter(tagged or [cell for cell in self.cells if cell.is_parameters]), None)


def read(path: Path) -> Notebook:
    """Read a notebook of nbformat 3 or 4.

    Raises:
        UsageError: it is not there, or no notebook.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as cause:
        raise UsageError(f"There is no notebook {path}.", mend=_near(path)) from cause
    except OSError as cause:
        raise UsageError(f"{path} cannot be read: {cause.strerror or cause}.", mend="Name a notebook that can be read.") from cause
    except (ValueError, RecursionError) as cause:
        raise UsageError(f"{path} is no notebook: {cause}.", mend="Name an .ipynb file; a conflict of git's may stand in it.") from cause
    return of_document(path, content)


def of_document(path: Path, content: Any) -> Notebook:
    """A notebook by what its file says, or would say were it saved.

    Raises:
        UsageError: it is no notebook.
    """
    try:
        return _notebook(path, content)
    except (KeyError, TypeError, AttributeError) as cause:
        raise UsageError(f"{path} is no notebook: it has no cells.", mend="Name an .ipynb file of nbformat 3 or 4.") from cause


def _notebook(path: Path, content: dict[str, Any]) -> Notebook:
    raw = content["cells"] if "cells" in content else [cell for sheet in content["worksheets"] for cell in sheet["cells"]]
    cells = tuple(
        CodeCell(_text(cell.get("source", cell.get("input", ""))), frozenset(cell.get("metadata", {}).get("tags", ())), index)
        for index, cell in enumerate(raw)
        if cell.get("cell_type") == "code"
    )
    metadata = content.get("metadata", {})
    spec, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    language = spec.get("language") or info.get("name") or next((cell["language"] for cell in raw if cell.get("language")), "") or "python"
    return Notebook(path, cells, str(spec.get("name") or ""), str(language).lower())


def _text(source: Any) -> str:
    return "".join(source) if isinstance(source, list) else str(source or "")


def _near(path: Path) -> str:
    import difflib

    there = sorted(it.name for it in path.parent.glob("*.ipynb")) if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, there, n=1, cutoff=0.4)
    if close:
        return f"Did you mean {path.parent / close[0]}?"
    return f"There are {', '.join(there[:8])}." if there else f"{path.parent.absolute()} holds no notebook."
