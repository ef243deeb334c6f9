"""Digests of data: of files by their content or by DVC, of values in memory, each in bounded time.

The rule: of a file up to 4 MB every byte counts; of a larger one its size and 64 pieces of 64 kB at even distances, the first and the last among
them. Of a value its shape and type count, and up to 4,096 rows at even distances, of
which 16 MB of numbers and 64 columns of all else; of one that is mapped from a file, the file.
Where a cell reads so much that this takes longer than `budget_ms`, of the other files size and time of change count.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

from nbtrack.capture.schemas import is_array, is_frame, is_of, is_tensor
from nbtrack.patterns import regex

_PIECES = 64
_PIECE_BYTES = 64 << 10
_ROWS = 4096
_BYTES = 16 << 20
"""Of numbers."""
_COLUMNS = 64
"""From twice as many columns that hold no numbers, as many at even distances count."""
_NUMBER = regex(r"u?int\d+|float\d*|double")
_DVC_OUT = regex(r"^\s*(?:-\s+)?(?P<key>md5|path|size):\s*(?P<value>.+?)\s*$", re.MULTILINE)


def of_file(path: Path, *, is_brief: bool = False) -> str:
    """32 hexadecimal digits; briefly of size and time of change alone.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    size = path.stat().st_size
    if is_brief:
        return hashlib.blake2b(f"{size} {path.stat().st_mtime_ns}".encode(), digest_size=16).hexdigest()
    with path.open("rb") as file:
        if size <= _PIECES * _PIECE_BYTES:
            digest.update(file.read())
        else:
            digest.update(str(size).encode())
            for piece in range(_PIECES):
                file.seek((size - _PIECE_BYTES) * piece // (_PIECES - 1))
                digest.update(file.read(_PIECE_BYTES))
    return digest.hexdigest()


def of_value(value: Any) -> str:
    """32 hexadecimal digits; empty for what cannot be digested without running code of the notebook."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        return digest.hexdigest() if _update(digest, value) else ""
    except Exception:  # noqa: BLE001 - an exotic dtype; the data is told without a digest then
        return ""


def dvc_md5(path: Path) -> str:
    """MD5 by which DVC knows the file, if it is under DVC and has the size DVC says; else empty."""
    pointer = path.with_name(path.name + ".dvc")
    if pointer.is_file():
        return _out_of(pointer.read_text(errors="replace"), path.name, path.stat().st_size)
    for folder in path.parents:
        lock = folder / "dvc.lock"
        if lock.is_file():
            return _out_of(lock.read_text(errors="replace"), path.relative_to(folder).as_posix(), path.stat().st_size)
        if (folder / ".dvc").is_dir():
            return ""
    return ""


def _out_of(text: str, name: str, size: int) -> str:
    """The MD5 of one output in a file of DVC's, whose few keys are read line by line: an item begins with a dash."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _DVC_OUT.match(line)
        if line.lstrip().startswith("- "):
            if found.get("path") == name and "md5" in found:
                break
            found = {}
        if match is not None:
            found[match["key"]] = match["value"].strip("'\"")
    if found.get("path") != name or found.get("size", str(size)) != str(size):
        return ""
    return found.get("md5", "")


def _update(digest: Any, value: Any) -> bool:
    if is_of(value, "sklearn.utils", "Bunch"):
        return _update(digest, dict.get(value, "data")) and (_update(digest, dict.get(value, "target")) or True)
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_update(digest, item) for item in value[:8])
    if is_of(value, "numpy", "memmap"):
        return _update_of_mapped(digest, value)
    if is_tensor(value):
        value = value.detach()[:: max(1, len(value) // _ROWS)].cpu().numpy() if value.dim() else value.detach().cpu().numpy()
    if is_of(value, "polars", "DataFrame") or is_of(value, "pyarrow", "Table"):
        return _update_of_columns(digest, value)
    if is_frame(value) or is_of(value, "pandas", "Series"):
        return _update_of_pandas(digest, value)
    if is_array(value) and not value.dtype.hasobject:
        digest.update(f"{value.shape}{value.dtype}".encode())
        digest.update(_some(value[:: max(1, len(value) // _ROWS)] if value.ndim else value).tobytes())
        return True
    if is_of(value, "scipy.sparse", "spmatrix", "sparray"):
        digest.update(f"{value.shape}{value.nnz}".encode())
        return True
    return False


def _some(array: Any) -> Any:
    """An array, or as much of it at even distances along its longest axes as takes `_BYTES`."""
    while array.nbytes > _BYTES and max(array.shape, default=1) > 1:
        axis = array.shape.index(max(array.shape))
        array = array[(*[slice(None)] * axis, slice(None, None, array.nbytes // _BYTES + 1))]
    return array


def _update_of_pandas(digest: Any, value: Any) -> bool:
    """Numbers as they lie in memory, all else by pandas' own hashes, which take long for each column."""
    pandas: Any = sys.modules["pandas"]
    digest.update(f"{value.shape}{list(value.columns) if is_frame(value) else value.name}".encode("utf-8", "surrogatepass"))
    rows = value.iloc[:: max(1, len(value) // _ROWS)]
    if is_frame(value):
        numbers: dict[str, list[int]] = {}
        others: list[int] = []
        for at, dtype in enumerate(value.dtypes):
            (numbers.setdefault(str(dtype), []) if is_of(dtype, "numpy", "dtype") and dtype.kind in "fiub" else others).append(at)
        for name, columns in numbers.items():
            digest.update(f"{name}{columns}".encode())
            digest.update(_some(rows.iloc[:, columns].to_numpy()).tobytes())
        rows = rows.iloc[:, others[:: max(1, len(others) // _COLUMNS)]]
    digest.update(pandas.util.hash_pandas_object(rows).to_numpy().tobytes())  # and of the index
    return True


def _update_of_columns(digest: Any, value: Any) -> bool:
    """Of polars and pyarrow: numbers as they lie in memory, all else as it is written."""
    is_polars = is_of(value, "polars", "DataFrame")
    digest.update(f"{value.shape}".encode())
    rows = value.gather_every(max(1, value.shape[0] // _ROWS)) if is_polars else value.slice(0, _ROWS)
    others = []
    for name, column in zip(value.columns if is_polars else value.column_names, rows.get_columns() if is_polars else rows.columns, strict=True):
        kind = str(column.dtype if is_polars else column.type).lower()
        digest.update(f"{name}{kind}".encode("utf-8", "surrogatepass"))
        if _NUMBER.fullmatch(kind):
            digest.update(column.to_numpy().tobytes())
        else:
            others.append(column)
    for column in others[:: max(1, len(others) // _COLUMNS)]:
        digest.update(str(column.to_list() if is_polars else column.to_pylist()).encode("utf-8", "surrogatepass"))
    return True


def _update_of_mapped(digest: Any, value: Any) -> bool:
    """An array mapped from a file, by the file: each of its rows would be a page to wait for."""
    file = vars(value).get("filename")
    if not file:  # something that is open and has no name
        return False
    digest.update(f"{value.shape}{value.dtype}{value.strides}{vars(value).get('offset')}{of_file(Path(file))}".encode())
    return True
