"""Which calls read data, and what they say of it: found in the code of executed cells, resolved by the namespace, never called."""

from __future__ import annotations

import ast
import contextlib
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from nbtrack.capture.calls import MISSING, argument, value_of
from nbtrack.capture.known import module_of
from nbtrack.capture.program import Program
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import children, walk
from nbtrack.patterns import regex
from nbtrack.records import dataclass
from nbtrack.system import working_folder

WORDS = regex(
    r"\b(read_\w+|scan_\w+|load\w*|fetch_\w+|make_\w+|loadtxt|genfromtxt|fromfile|open|get_rdataset|datasets?|Dataset\w*|DataLoader|File|\w*DMatrix|Pool)\b"
)
"""Code without any of these reads no data."""
_USUAL = {"pd": "pandas", "np": "numpy", "pl": "polars", "sns": "seaborn", "pq": "pyarrow.parquet", "sm": "statsmodels.api", "plt": "matplotlib.pyplot"}
_PATH_READERS = (
    (regex(r"pandas\.(.*\.)?read_(?!sql|clipboard|gbq)\w+"), ("filepath_or_buffer", "path", "io", "path_or_buf")),
    (regex(r"polars\.(.*\.)?(read|scan)_(?!database)\w+"), ("source",)),
    (regex(r"numpy\.(.*\.)?(load|loadtxt|genfromtxt|fromfile)"), ("file", "fname")),
    (regex(r"pyarrow\..*\.?read_\w+"), ("source", "input_file")),
    (regex(r"scipy\.io\..*loadmat"), ("file_name",)),
    (regex(r"h5py\..*File"), ("name",)),
)
_BOOSTED = regex(r"(xgboost\.(.*\.)?(Quantile)?DMatrix|lightgbm\.(.*\.)?Dataset|catboost\.(.*\.)?Pool)")
"""Where boosting libraries take the path of a file, or data that something else read."""
_CALL_READERS = regex(
    r"sklearn\.datasets\..*\.?(load|fetch|make)_\w+|seaborn\..*\.?load_dataset|statsmodels\.(api\.)?datasets\..+|keras\.(.*\.)?datasets\..+\.load_data"
    r"|(datasets|torchvision\.datasets|torchaudio\.datasets|torchtext\.datasets)\..+|tensorflow_datasets\..*load|vega_datasets\..+|scipy\.datasets\.\w+"
)
_DATA = regex(
    r"\.(csv|tsv|txt|dat|data|json|jsonl|ndjson|npy|npz|parquet|feather|arrow|h5|hdf5|mat|xml|xlsx?|ya?ml|arff|libsvm|svm|pkl|pickle)(\.(gz|bz2|xz|zip|zst))?$",
    re.IGNORECASE,
)
_READS = regex(
    r"_*(read\w*|open|imopen|imread|load(?!_state_dict|_ext|_model)\w*|fetch\w*|download\w*|urlopen|urlretrieve|listdir|scandir|walk|i?r?glob|iterdir|parse|from_file"
    r"|from_pretrained|connect)"
)
"""Functions and methods that may get data from somewhere else, whoever wrote them."""
_WEB = frozenset(("requests", "httpx", "urllib"))
_DEPTH = 3


@dataclass(frozen=True)
class Reading:
    """One call that reads data."""

    call: str
    """The function's full name, or `open`."""
    label: str
    """What the data is called where it is no file: `load_iris`."""
    path: str = ""
    """As the code gives it: a path or a URL."""
    node: ast.Call | None = field(default=None, compare=False, repr=False)
    """Where it stands."""

    @property
    def file(self) -> Path:
        """Where its path leads; as it is written where no user has the name, as in `~noone/x.csv`."""
        path = Path(self.path)
        with contextlib.suppress(RuntimeError):
            path = path.expanduser()
        return working_folder() / path

    @property
    def is_missing(self) -> bool:
        """Whether its path is that of no file: what nobody saw to be read was then not read, whatever the names hold that were bound."""
        if not self.path or "://" in self.path or any(it in self.path for it in "*?["):
            return False
        try:
            return not self.file.exists()
        except (OSError, ValueError):  # who may not look there cannot say
            return False


def readings_in(node: ast.AST, names: Mapping[str, Any], functions: Mapping[str, ast.AST], depth: int = 0) -> Iterator[Reading]:
    """Calls of a statement that read data, those in functions of the notebook that it calls included.

    Args:
        names: the namespace; within a function its arguments stand before it.
        functions: definitions of the notebook.
    """
    inside = {id(child) for it in walk(node) if isinstance(it, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and it is not node for child in walk(it)}
    for call in (it for it in walk(node) if isinstance(it, ast.Call) and id(it) not in inside):
        if isinstance(call.func, ast.Name) and call.func.id in functions and depth < _DEPTH:
            body = functions[call.func.id]
            is_class = isinstance(body, ast.ClassDef)
            if is_class:
                body = next((it for it in children(body) if isinstance(it, ast.FunctionDef) and it.name == "__init__"), body)
            if isinstance(body, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from readings_in(body, {**names, **_bound(body, call, names, skip=int(is_class))}, functions, depth + 1)
            continue
        found = reading_of(call, names)
        if found is not None:
            yield replace(found, node=call)


def reads_any(program: Program) -> bool:
    """Whether some code that a cell stands on may get data from elsewhere, known reader or not: else all data is made in the notebook."""
    nodes = (node for part in (*(it.node for it in program.parts), *program.reached) for node in walk(part))
    paths = (path_of(node.func) for node in nodes if isinstance(node, ast.Call))
    return any(path and (_READS.fullmatch(path[-1]) is not None or path[0] in _WEB) for path in paths)


def reading_of(call: ast.Call, names: Mapping[str, Any]) -> Reading | None:
    """What a call reads; None where it is of no reader."""
    name = full_name(call.func, names)
    if not name:
        return _of_path_object(call, names)
    for pattern, arguments in _PATH_READERS:
        if pattern.fullmatch(name):
            given = value_of(argument(call, 0, *arguments), names)
            if isinstance(given, (str, Path)) or given is MISSING:
                return Reading(name, name.rpartition(".")[2], str(given) if given is not MISSING else "")
            return None  # a buffer, which something else read
    if _BOOSTED.fullmatch(name):
        given = value_of(argument(call, 0, "data"), names)
        return Reading(name, name.rpartition(".")[2], str(given).partition("?format=")[0]) if isinstance(given, (str, Path)) else None
    if _CALL_READERS.fullmatch(name) and name.rpartition(".")[2] not in ("Dataset", "DataLoader", "concatenate_datasets"):
        last = name.rpartition(".")[2]
        if last in ("load", "load_pandas", "load_data"):
            return Reading(name, name.split(".")[-2])
        first = value_of(argument(call, 0, "dataname", "name", "path"), names)
        is_named = last in ("get_rdataset", "load_dataset", "fetch_openml") and isinstance(first, str)
        return Reading(name, str(first) if is_named else last)
    if name in ("open", "io.open", "gzip.open", "bz2.open", "lzma.open"):
        mode, given = value_of(argument(call, 1, "mode"), names), value_of(argument(call, 0, "file", "filename"), names)
        is_read = (mode is MISSING and argument(call, 1, "mode") is None) or (isinstance(mode, str) and "r" in mode and "+" not in mode)
        if is_read and isinstance(given, (str, Path)) and _DATA.search(str(given)):
            return Reading("open", "open", str(given))
    return None


def _of_path_object(call: ast.Call, names: Mapping[str, Any]) -> Reading | None:
    """`Path("x.txt").read_text()` and its like."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("read_text", "read_bytes", "open"):
        given = value_of(call.func.value, names)
        if isinstance(given, Path) and _DATA.search(str(given)) and (call.func.attr != "open" or not call.args):
            return Reading("open", "open", str(given))
    return None


def full_name(node: ast.expr, names: Mapping[str, Any]) -> str:
    """`pandas.read_csv` for `pd.read_csv`; empty for methods of values and for what is not known."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    root = names.get(node.id)
    if issubclass(type(root), types.ModuleType):
        head = str(getattr(root, "__name__", ""))
    elif root is None:
        head = _USUAL.get(node.id, node.id if node.id == "open" or parts else "")
    elif callable(root) and module_of(type(root)) != "__main__":  # numpy's functions are objects of a class of its own
        if parts or type(root) is types.MethodType:
            return ""
        module, name = getattr(root, "__module__", None), getattr(root, "__name__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            return ""
        head = "open" if (module, name) in (("io", "open"), ("_io", "open")) else f"{module}.{name}"
    else:
        return ""
    return ".".join([head, *reversed(parts)])


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, names: Mapping[str, Any], skip: int) -> dict[str, Any]:
    """What a function's arguments and its first local names mean in one call."""
    arguments = [*function.args.posonlyargs, *function.args.args][skip:]
    bound: dict[str, Any] = {it.arg: MISSING for it in (*arguments, *function.args.kwonlyargs)}
    for it, default in zip(reversed(arguments), reversed(function.args.defaults), strict=False):
        bound[it.arg] = value_of(default, names)
    for it, known in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        bound[it.arg] = value_of(known, names)
    for it, given in zip(arguments, call.args, strict=False):
        bound[it.arg] = value_of(given, names)
    for keyword in call.keywords:
        if keyword.arg:
            bound[keyword.arg] = value_of(keyword.value, names)
    for statement in function.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            bound[statement.targets[0].id] = value_of(statement.value, {**names, **bound})
    return bound
