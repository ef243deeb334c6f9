"""What a tracked cell stands on: its own statements, those of earlier cells that bound what it needs, and the functions it reaches."""

from __future__ import annotations

import ast
from abc import ABCMeta
from collections.abc import Iterable, Iterator
from dataclasses import field
from types import FunctionType, ModuleType

from nbtrack.capture.calls import root_of
from nbtrack.capture.source import Cell
from nbtrack.entities.ledger import Entry, Scope
from nbtrack.notebooks.nodes import walked
from nbtrack.notebooks.scopes import scope_of
from nbtrack.records import dataclass

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_FACTS = "program"
_PARTS = 400
"""Most statements that are looked at for one cell."""


@dataclass(frozen=True)
class Part:
    """One top-level statement of an executed cell."""

    entry: Entry
    node: ast.stmt
    scope: Scope


@dataclass(frozen=True)
class Program:
    """The statements that matter to one cell, in the order they were executed."""

    entry: Entry
    own: tuple[Part, ...]
    earlier: tuple[Part, ...]
    definitions: dict[str, Definition] = field(default_factory=dict)
    """Functions and classes of the notebook by name; the last definition of a name."""
    imports: dict[str, str] = field(default_factory=dict)
    """Names bound by imports, and what they are: `nn` is `torch.nn`; of called names that nothing else binds, such as by `import *`, too."""
    reached: tuple[Definition, ...] = ()
    """Functions and classes of the notebook that the statements use, also through one another."""

    @property
    def parts(self) -> tuple[Part, ...]:
        return (*self.earlier, *self.own)

    @property
    def executed(self) -> list[ast.stmt]:
        """What the cell executes: its statements but for definitions, and the functions and classes that are used."""
        return [*(part.node for part in self.own if not isinstance(part.node, Definition)), *self.reached]

    def dotted(self, node: ast.expr) -> str:
        """An expression such as `nn.Linear` by its full name, `torch.nn.Linear`; empty where it is no chain of names."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.imports.get(node.id, node.id), *reversed(names)])

    def is_imported(self, node: ast.expr) -> bool:
        """Whether a chain of names begins with something imported."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.imports


def program_of(cell: Cell) -> Program:
    """The program of a tracked cell; made once."""
    kept = cell.entry.facts.get(_FACTS)
    if isinstance(kept, Program):
        return kept
    own = tuple(_parts(cell.entry))
    earlier = tuple(_slice(cell, own))
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    for part in (*earlier, *own):
        for node in [part.node] if isinstance(part.node, Definition) else walked(part.node):
            if isinstance(node, Definition):
                definitions[node.name] = node
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                imports.update(_imported(node))
    reached = tuple(_reached([part.node for part in (*earlier, *own)], definitions))
    for each in reached:
        imports |= {name: what for node in walked(each) if isinstance(node, (ast.Import, ast.ImportFrom)) for name, what in _imported(node)}
    for name in _called((*(part.node for part in (*earlier, *own)), *reached)) - definitions.keys() - imports.keys():
        held = cell.namespace.get(name)
        if type(held) is ModuleType:
            imports[name] = held.__name__
        elif what := _origin(held):
            imports[name] = f"{what}.{name}"
    made = Program(cell.entry, own, earlier, definitions, imports, reached)
    cell.entry.facts[_FACTS] = made
    return made


def _parts(entry: Entry) -> list[Part]:
    """The statements of an entry, each with its names; made once."""
    kept = entry.facts.get("parts")
    if kept is None:
        kept = [Part(entry, node, scope_of(ast.Module([node], []))) for node in (entry.tree.body if entry.tree is not None else ())]
        entry.facts["parts"] = kept
    return list(kept)


def _slice(cell: Cell, own: Iterable[Part]) -> list[Part]:
    """Earlier statements that bound, or changed in place, what the cell needs; the latest binding of a name counts."""
    wanted: set[str] = set(cell.entry.scope.reads)
    chosen: list[Part] = []
    fixed: set[str] = set()
    """Names whose binding is an import: a method called on a module changes nothing."""
    for entry in cell.ledger.before(cell.entry):
        if not wanted or len(chosen) > _PARTS:
            break
        if not (wanted & entry.scope.writes or wanted & entry.scope.mutates):
            continue
        for part in reversed(_parts(entry)):
            found = wanted & part.scope.writes
            is_import = isinstance(part.node, (ast.Import, ast.ImportFrom))
            if not found and (part.scope.mutates & wanted) - fixed - _modules(cell) and isinstance(part.node, (ast.Expr, ast.Assign, ast.AugAssign, ast.For)):
                chosen.append(part)
                wanted |= part.scope.reads
            if not found:
                continue
            chosen.append(part)
            if is_import:
                fixed |= found
            wanted -= found
            wanted |= part.scope.reads
    return chosen[::-1]


def _modules(cell: Cell) -> set[str]:
    """Names that hold a module."""
    kept = cell.entry.facts.get("modules")
    if kept is None:
        kept = {name for name, value in cell.namespace.items() if type(value) is ModuleType}
        cell.entry.facts["modules"] = kept
    return set(kept)


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            first = alias.name.partition(".")[0]
            yield first, first


def _called(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are called, and those with which a chain that is called begins: `optimize` of `optimize.minimize(...)`."""
    return {name for node in nodes for it in walked(node) if isinstance(it, ast.Call) and (name := root_of(it.func))}


def _origin(value: object) -> str:
    """The module of a function or class that a star import, or a line magic, brought; empty where it is none."""
    if type(value) not in (type, ABCMeta, FunctionType):
        return ""
    module = value.__module__
    return module if type(module) is str and module not in ("__main__", "builtins") else ""


def _reached(nodes: Iterable[ast.AST], definitions: dict[str, Definition]) -> Iterator[Definition]:
    waiting = [node for node in nodes if not isinstance(node, Definition)]
    seen: set[str] = set()
    while waiting:
        for inner in walked(waiting.pop()):
            name = inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
            if name in definitions and name not in seen:
                seen.add(name)
                waiting.append(definitions[name])
                yield definitions[name]
