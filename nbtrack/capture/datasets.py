"""Data that was read in the notebook and that the cell uses."""

from __future__ import annotations

import ast
import contextlib
import json
import math
import sys
import time
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from nbtrack import settings
from nbtrack.amounts import counted
from nbtrack.capture.data import Data, context_of
from nbtrack.capture.digests import dvc_md5, of_file, of_value
from nbtrack.capture.given import Given
from nbtrack.capture.known import module_of
from nbtrack.capture.program import program_of
from nbtrack.capture.readers import WORDS, Reading, reading_of, readings_in, reads_any
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.schemas import is_of, sample_of, shape_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities.ledger import Entry, Scope
from nbtrack.errors import SettingError
from nbtrack.notebooks.nodes import walk
from nbtrack.notebooks.scopes import scope_of
from nbtrack.records import dataclass

_NAME = "datasets"
_MANY = 500
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BINDINGS = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, *_DEFINITIONS)


class Datasets(Source):
    """Calls that read data, in any executed cell, by the cell's code and what the names mean once it ran; for a tracked cell those it uses."""

    name = _NAME
    kind = _NAME

    def __init__(self) -> None:
        self._shell: Any = None
        self._functions: dict[str, ast.AST] = {}
        self._loading = frozenset[str]()  # those in which one of the words stands
        self._has_any = False
        self._told: dict[str, set[tuple[str, str]]] = {}
        self._reader = _Reader()
        self._given = Given(self._reader.look)

    def start(self, shell: Any) -> None:
        self._shell = shell
        self._given.start(shell)
        with contextlib.suppress(SettingError):  # whoever begins a run says what is wrong
            self._reader.budget_s = settings.load().budget_ms / 1000

    def stop(self) -> None:
        self._given.stop()

    def enter(self, entry: Entry) -> None:
        self._given.enter(entry)
        self._reader.spent_s = 0.0

    def leave(self, entry: Entry) -> None:
        given = self._given.leave()
        if entry.tree is None:
            return
        has_word, functions = WORDS.search(entry.code) is not None, {node.name: node for node in entry.tree.body if isinstance(node, _DEFINITIONS)}
        self._functions.update(functions)
        self._loading = self._loading.difference(functions).union(name for name, it in functions.items() if has_word and WORDS.search(ast.dump(it)))
        if not (given or has_word or (self._loading and not self._loading.isdisjoint(entry.scope.reads))):
            return
        found = list(self._read_by(entry, self._shell.user_ns, given))
        if found:
            self._has_any = True
            entry.facts[_NAME] = found

    def after(self, cell: Cell) -> Iterable[Finding]:
        self._reader.budget_s = cell.chosen.budget_ms / 1000
        if not self._has_any:
            return
        told = self._told.setdefault(cell.run.run_id if cell.run is not None else "", set())
        if cell.is_own:
            self._told = {}
        for data in _used(cell):
            if (data.name, data.digest) in told:
                continue
            told.add((data.name, data.digest))
            if data.is_brief:
                cell.cut.append("contents of the data it uses")
            yield Finding("dataset", data.name, _size(data), data.rule, _keeper(data))

    def inputs_of(self, cell: Cell) -> list[dict[str, Any]]:
        """Data that a cell which has run uses, as `input` events hold it."""
        return [it.as_input() for it in _used(cell)] if self._has_any else []

    def _read_by(self, entry: Entry, names: Mapping[str, Any], given: dict[int, tuple[ast.Call, list[_Look]]]) -> Iterator[Data]:
        assert entry.tree is not None
        known: set[int] = set()
        seen: set[tuple[str, str]] = set()
        torch_seen: set[int] = set()
        for at, statement in enumerate(entry.tree.body):
            if isinstance(statement, _DEFINITIONS):
                continue
            readings = list(dict.fromkeys(readings_in(statement, names, self._functions)))
            bound = [name for name in _bound(statement) if name in names]
            values = [names[name] for name in bound]
            for reading in readings:
                if id(reading.node) not in given and reading.is_missing:
                    continue
                values = values if len(readings) == 1 else _matching(statement, reading, names)
                data = self._reader.data(reading, at, _seen(given, reading, known) or self._reader.look(values), bound)
                if (data.name, data.digest) not in seen:
                    seen.add((data.name, data.digest))
                    yield data
            if not readings:
                for name in bound:
                    value = _dataset_of(names[name])
                    if value is not None and id(value) not in torch_seen:
                        torch_seen.add(id(value))
                        yield _torch_data(name, value, at)
        for call, looks in given.values():
            called = reading_of(call, {**_imported(entry, self._functions), **names}) if id(call) not in known else None
            if called is not None:
                data = self._reader.data(called, -1, looks[-1], [])
                if (data.name, data.digest) not in seen:
                    seen.add((data.name, data.digest))
                    yield data


def _keeper(data: Data) -> Any:
    def keep(run: TrackedRun) -> None:
        run.input(data.as_input())

    return keep


def _bound(statement: ast.stmt) -> list[str]:
    """Names a statement binds, in the order they stand."""
    return list(dict.fromkeys(node.id for node in walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)))


def _matching(statement: ast.stmt, reading: Reading, names: Mapping[str, Any]) -> list[Any]:
    """Values of the assignment, below the statement, that holds the call: in a `with` or a function's block there are several."""
    for node in walk(statement):
        if isinstance(node, ast.Assign) and any(reading in readings_in(part, names, {}) for part in [node.value]):
            return [names[name] for name in _bound(node) if name in names]
    return []


@dataclass(frozen=True)
class _Look:
    """What is kept of a table: nothing of it can change later."""

    rows: int | None
    columns: int | None
    schema: dict[str, Any] | None
    digest: str


class _Reader:
    """Looks at what one cell reads, within a budget. An object of its own: the taps hold it, and nothing of the source."""

    def __init__(self) -> None:
        self.budget_s = math.inf
        self.spent_s = 0.0
        """Of the processor's time."""

    def look(self, value: Any) -> _Look:
        """What is kept of a table; once the budget has been used, no more than its size."""
        began_s = time.thread_time()
        look = _look(value, is_brief=self._is_spent)
        self.spent_s += time.thread_time() - began_s
        return look

    def data(self, reading: Reading, at: int, look: _Look, bound: list[str]) -> Data:
        began_s, is_brief = time.thread_time(), self._is_spent
        data = replace(_data(reading, at, look, bound, is_brief=is_brief), is_brief=is_brief)
        self.spent_s += time.thread_time() - began_s
        return data

    @property
    def _is_spent(self) -> bool:
        return self.spent_s > self.budget_s


def _look(value: Any, *, is_brief: bool = False) -> _Look:
    """A reader's result, or a list of what a statement bound; briefly is its size alone."""
    values = list(value) if type(value) in (list, tuple) else [value]
    tables = [table for value in values if (table := _table(value)) is not None]
    shaped = next((table for table in tables if (shape := shape_of(table)) is not None and shape[1] is not None), tables[0] if tables else None)
    rows, columns = (shape_of(shaped) if shaped is not None else _archive_shape(values)) or (None, None)
    if is_brief:
        return _Look(rows, columns, None, "")
    sample = sample_of(shaped) if shaped is not None else None
    schema = None if sample is None else {"mlflow_colspec": sample.schema} if sample.is_table else _tensors(sample.schema)
    return _Look(rows, columns, schema, of_value(shaped if shaped is not None else values))


def _seen(given: dict[int, tuple[ast.Call, list[_Look]]], reading: Reading, known: set[int]) -> _Look | None:
    """What a reading gave: None where that was not seen, or several calls at one place gave tables of several sizes."""
    if id(reading.node) not in given:
        return None
    known.add(id(reading.node))
    looks = given[id(reading.node)][1]
    sized = [look for look in looks if look.rows is not None]
    return sized[-1] if len({(it.rows, it.columns) for it in sized}) == 1 else None


def _imported(entry: Entry, functions: Mapping[str, ast.AST]) -> dict[str, Any]:
    """What imports within functions bind, as the loaded modules have it."""
    found: dict[str, Any] = {}
    for tree in (entry.tree, *functions.values()):
        for node in walk(tree) if tree is not None else ():
            if isinstance(node, ast.ImportFrom) and not node.level and node.module in sys.modules:
                found |= {it.asname or it.name: vars(sys.modules[node.module]).get(it.name) for it in node.names}
    return found


def _data(reading: Reading, at: int, look: _Look, bound: list[str], *, is_brief: bool = False) -> Data:
    rows, columns, schema = look.rows, look.columns, look.schema
    if _is_transposed(reading.node):
        rows, columns = (columns, rows) if columns is not None else (rows, len(bound) if len(bound) > 1 else None)
    rule = f"read by {reading.call}"
    told = " ".join([reading.path or reading.label, *bound])
    facts = Data(reading.label, rule, "", "code", {"tags": {"nbtrack.call": reading.call}}, at, rows, columns, schema, context_of(told))
    if "://" in reading.path:
        kind = "http" if reading.path.startswith("http") else reading.path.partition("://")[0]
        source = {"url": reading.path} if kind == "http" else {"uri": reading.path}
        return replace(
            facts,
            name=reading.path.rstrip("/").rpartition("/")[2].partition("?")[0] or reading.label,
            digest=_digest(look, reading),
            source_type=kind,
            source=source,
        )
    if reading.path:
        from nbtrack.capture.text_files import shape_of_file  # loads modules that few notebooks need

        path = reading.file
        try:
            md5 = dvc_md5(path)
            digest = md5 or (of_file(path, is_brief=is_brief) if path.is_file() else _digest(look, reading))
            shape = shape_of_file(path) if rows is None and not is_brief and path.is_file() else None
        except OSError:  # it is gone, or a name such as *.csv
            md5, digest, shape = "", _digest(look, reading), None
        facts = replace(facts, rows=shape[0], columns=shape[1]) if shape is not None else facts
        return replace(facts, name=path.name, digest=digest, source_type="local", source={"uri": reading.path, **({"dvc": md5} if md5 else {})})
    return replace(facts, digest=_digest(look, reading))


def _is_transposed(call: ast.Call | None) -> bool:
    """Whether NumPy gives the columns of a file as rows: `x, y = np.loadtxt(file, unpack=True)`."""
    return call is not None and any(it.arg == "unpack" and isinstance(it.value, ast.Constant) and it.value.value is True for it in call.keywords)


def _digest(look: _Look, reading: Reading) -> str:
    """Of what was read; where nothing of it can be digested, of the call alone."""
    if look.digest:
        return look.digest
    import hashlib

    return hashlib.blake2b(f"{reading.call} {reading.label} {reading.path}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_OF_MATLAB = {"__header__", "__version__", "__globals__"}
"""Keys of what `scipy.io.loadmat` gives, beside its arrays."""


def _table(value: Any) -> Any:
    """The table or array in what a reader gave, of several arrays of one file the largest."""
    if is_of(value, "sklearn.utils", "Bunch") or (module_of(type(value)).startswith("statsmodels.") and issubclass(type(value), dict)):
        frame = dict.get(value, "frame")
        return frame if frame is not None else dict.get(value, "data")
    if type(value) is dict and value.keys() >= _OF_MATLAB:
        return max((it for it in value.values() if is_of(it, "numpy", "ndarray")), key=lambda it: it.size, default=None)
    if type(value) in (list, tuple) and value and len(value) <= 8:
        return next((table for item in value if (table := _table(item)) is not None), None)
    if is_of(value, "polars", "LazyFrame"):
        return None
    return value if shape_of(value) is not None else None


def _archive_shape(values: list[Any]) -> tuple[int, int | None] | None:
    """Rows of the first array in a numpy archive, from its header."""
    numpy = sys.modules.get("numpy")
    for value in values:
        if numpy is not None and type(value).__name__ == "NpzFile" and getattr(value, "zip", None) is not None:
            try:
                with value.zip.open(value.zip.namelist()[0]) as file:
                    version = numpy.lib.format.read_magic(file)
                    read = numpy.lib.format.read_array_header_1_0 if version == (1, 0) else numpy.lib.format.read_array_header_2_0
                    shape = read(file)[0]
                return (int(shape[0]), None) if shape else None
            except Exception:  # noqa: BLE001 - closed, empty or foreign
                return None
    return None


def _tensors(schema: list[dict[str, Any]]) -> dict[str, Any]:
    return {"mlflow_tensorspec": {"features": json.dumps(schema), "targets": None}}


def _dataset_of(value: Any) -> Any:
    """The torch Dataset that a name means, or the one of its DataLoader; None for all else."""
    value = vars(value).get("dataset", value) if is_of(value, "torch.utils.data", "DataLoader") else value
    return value if is_of(value, "torch.utils.data", "Dataset") and not is_of(value, "torch.utils.data", "Subset") else None


def _torch_data(name: str, value: Any, at: int) -> Data:
    """A torch Dataset; of classes of the notebook no length is asked, as that runs its code."""
    tensors = vars(value).get("tensors")
    rows = None
    if tensors or module_of(type(value)) != "__main__":
        try:
            rows = len(value)
        except Exception:  # noqa: BLE001 - an iterable dataset has no length
            rows = None
    kind = type(value).__name__
    reading = Reading(kind, name if kind == "TensorDataset" else kind)
    shape = shape_of(tensors[0]) if tensors else None
    data = Data(
        reading.label, f"a torch {kind}", _digest(_look(tensors), reading), "code", {"tags": {"nbtrack.call": kind}}, at, rows, shape[1] if shape else None
    )
    is_made = module_of(type(value)).startswith(("__main__", "torch.utils.data"))
    return replace(data, context=context_of(name), is_made=is_made)


def _size(data: Data) -> str:
    if data.rows is None:
        return "?"
    return counted(data.rows, "row") if data.columns is None else f"{data.rows} x {data.columns}"


def _used(cell: Cell) -> list[Data]:
    """What the cell read, and what earlier statements read that its names come from."""
    found: list[Data] = list(cell.entry.facts.get(_NAME, ()))
    modules = {name for name, value in cell.namespace.items() if issubclass(type(value), types.ModuleType)}  # a call of pd.read_csv changes no pd
    wanted = set(cell.entry.scope.reads) - modules
    looked = 0
    for entry in cell.ledger.before(cell.entry):
        if entry.tree is None or not (wanted & (entry.scope.writes | entry.scope.mutates)):
            continue
        looked += 1
        if looked > _MANY:
            break
        read: list[Data] = entry.facts.get(_NAME, [])
        for at in range(len(entry.tree.body) - 1, -1, -1):
            statement, scope = entry.tree.body[at], _scopes(entry)[at]
            if not wanted & (scope.writes | scope.mutates):
                continue
            found += [data for data in read if data.at in (at, -1)]
            if isinstance(statement, _BINDINGS):
                wanted -= scope.writes
            wanted |= scope.reads - modules
    files = [data for data in found if data.source_type != "code" or not data.rule.startswith("a torch")]
    if not files and not reads_any(program_of(cell)):
        found = [data for data in found if not data.is_made]
    unique: dict[tuple[str, str], Data] = {}
    for data in files or found:  # a torch Dataset made of what was read is the same data once more, and so is one of a DataLoader
        unique.setdefault((data.name if files else "", data.digest), data)
    return list(unique.values())


def _scopes(entry: Entry) -> list[Scope]:
    """Scope of each statement; worked out once, where a tracked cell asks."""
    assert entry.tree is not None
    key = f"{_NAME}.scopes"
    if key not in entry.facts:
        entry.facts[key] = [scope_of(ast.Module([statement], [])) for statement in entry.tree.body]
    found: list[Scope] = entry.facts[key]
    return found
