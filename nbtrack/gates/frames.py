"""Tables that gates look at: a file, a dataset the run read, or what a function returns."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.amounts import counted
from nbtrack.errors import MissingPackageError
from nbtrack.gates.gate import CannotTellError, Subject, need
from nbtrack.reads.diff import datasets_of
from nbtrack.replay import files
from nbtrack.replay.data import references_of

if TYPE_CHECKING:
    from pandas import DataFrame

_PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip", ".zst": "zstd"}
_READERS = {
    ".csv": "read_csv", ".tsv": "read_table", ".txt": "read_csv", ".parquet": "read_parquet", ".pq": "read_parquet", ".feather": "read_feather",
    ".json": "read_json", ".jsonl": "read_json", ".xlsx": "read_excel", ".pkl": "",
}  # fmt: skip


def frame(source: str, subject: Subject) -> DataFrame:
    """A table.

    Args:
        source: a file beside `nbtrack.yaml`, the name of a dataset the run read from a file, or `FILE.py:NAME` or `MODULE:NAME`: a function without
            arguments, or a frame.

    Raises:
        CannotTellError: there is no such thing, or it is no table.
    """
    pandas = need("pandas", "pandas", "A gate on data")
    path, module, name = _split(source, subject)
    if name:
        found = attribute(module, name, subject.folder)
        found = found() if callable(found) else found
        return found if isinstance(found, pandas.DataFrame) else pandas.DataFrame(found)
    if path is None:
        known = ", ".join(datasets_of(subject.home, subject.view)) or "none"
        mend = f"Give a path from {subject.folder}, or one of the run's datasets: {known}."
        raise CannotTellError(f"There is no file {source!r}, and the run read no dataset of that name from a file.", mend=mend)
    return table(path)


def table(path: Path, name: str = "") -> DataFrame:
    """The table in a file.

    Args:
        name: what the file is called where its table comes from; its ending tells the kind.

    Raises:
        CannotTellError: it is none.
    """
    pandas = need("pandas", "pandas", "Reading tables")
    called = Path(name or path.name)
    suffixes = [it.lower() for it in called.suffixes if it.lower() not in (".gz", ".bz2", ".xz", ".zip", ".zst")]
    reader = _READERS.get(suffixes[-1] if suffixes else "", "")
    if not reader:
        mend = f"Known are {', '.join(name for name, reader in _READERS.items() if reader)}; or name a function: FILE.py:NAME."
        raise CannotTellError(f"{called.name} is of no known kind of table.", mend=mend)
    try:
        packed = {"compression": _PACKED[called.suffix.lower()]} if name and called.suffix.lower() in _PACKED else {}
        found: DataFrame = getattr(pandas, reader)(path, **({"lines": True} if suffixes[-1] == ".jsonl" else {}), **packed)
    except ImportError as cause:
        raise MissingPackageError(cause.name or "a package", f"Reading {called.name}", extra="gates") from cause
    except Exception as cause:  # parsers raise what they like
        raise CannotTellError(f"{path} cannot be read: {type(cause).__name__}: {cause}", mend="See whether it is the file you mean.") from cause
    return found


def attribute(module: str, name: str, folder: Path) -> Any:
    """What a Python file, or a module that can be imported from the folder, calls by a name.

    Raises:
        CannotTellError: there is none, or importing it fails.
    """
    try:
        if module.endswith(".py"):
            file = folder / module
            spec = importlib.util.spec_from_file_location(f"nbtrack_spec_{file.stem}", file)
            if spec is None or spec.loader is None:
                raise ImportError(f"{file} is no Python file")
            loaded = importlib.util.module_from_spec(spec)
            sys.path.insert(0, str(file.parent))
            try:
                spec.loader.exec_module(loaded)
            finally:
                sys.path.remove(str(file.parent))
        else:
            sys.path.insert(0, str(folder))
            try:
                loaded = importlib.import_module(module)
            finally:
                sys.path.remove(str(folder))
        found: Any = loaded
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as cause:  # the user's module runs
        raise CannotTellError(f"{module}:{name} cannot be had: {type(cause).__name__}: {cause}", mend=f"It is looked for from {folder}.") from cause
    return found


def _split(source: str, subject: Subject) -> tuple[Path | None, str, str]:
    """A file; or module and name."""
    path = subject.folder / Path(source).expanduser()
    if path.is_file():
        return path, "", ""
    beside = files.folder_of(subject.view) or subject.folder
    for it in references_of(subject.home, subject.view.run_id, beside):
        if it.name == source and it.path and Path(it.path).is_file():
            return Path(it.path), "", ""
    module, colon, name = source.rpartition(":")
    if colon and name.replace(".", "").isidentifier() and module and not module.endswith((":", "/")):
        return None, module, name
    return None, "", ""


def profile(data: DataFrame) -> str:
    """Such as `150 rows, 4 columns`."""
    return f"{counted(len(data), 'row')}, {counted(len(data.columns), 'column')}"


def read_json(path: Path) -> Any:
    """JSON of a file.

    Raises:
        CannotTellError: it is none.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as cause:
        raise CannotTellError(f"{path} cannot be read: {cause}", mend="See whether it is the file you mean.") from cause
