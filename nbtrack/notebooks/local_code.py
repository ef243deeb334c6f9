"""What functions of the user's own modules do beside their result, from the modules' source: files, randomness, the clock, the network."""

from __future__ import annotations

import ast
import contextlib
import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbtrack.notebooks.body import Body
from nbtrack.notebooks.effects import body_of, effects_of
from nbtrack.notebooks.nodes import walk
from nbtrack.notebooks.scopes import parse
from nbtrack.records import dataclass

_MOST = 200
"""Functions that are followed from one call."""


@dataclass(frozen=True)
class Module:
    """The code of one module."""

    name: str
    body: Body
    """What its top level does, when it is imported."""
    functions: dict[str, list[Body]]
    """By name, methods among them."""
    imports: dict[str, str]
    """Bound name to dotted name, also of imports inside functions."""
    texts: dict[str, str]
    """Names bound to literal texts at top level."""
    has_classes: bool
    literals: dict[str, Any]
    """Names that the code binds once, at top level, to a value that stands in it, and changes nowhere."""


def reached(files: Mapping[str, str], dotted: str) -> Iterator[tuple[Module, Body]]:
    """Bodies that may run when what this full name means is called; of a module, its top level.

    Args:
        files: file by full name of the user's own modules.
        dotted: such as `helper.load`, or `helper.*.fit` for a method of one of its classes.
    """
    waiting, seen = [dotted], set[str]()
    while waiting and len(seen) < _MOST:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        holder = name
        while holder and holder not in files:
            holder = holder.rpartition(".")[0]
        module = load(holder, files[holder]) if holder else None
        if module is None:
            continue
        last = name.rpartition(".")[2]
        if holder == name:
            found = [module.body]
        elif last in module.functions:
            found = module.functions[last]
        elif last in module.imports:  # it is passed on from another module
            waiting.append(module.imports[last])
            continue
        else:
            continue
        for body in found:
            yield module, body
            waiting += [each[1:] if each[:1] == "@" else module.imports.get(each, f"{holder}.{each}") for each in {*body.mentions, *body.reads}]
            for call in body.calls:
                base = call.root[1:] if call.root[:1] == "@" else module.imports.get(call.root, "")
                waiting.append(".".join((base, *call.path)) if base else f"{holder}.*.{call.method}")


def load(name: str, file: str) -> Module | None:
    """The module's code; None where it cannot be read."""
    try:
        return _load(name, file, Path(file).stat().st_mtime_ns)
    except (OSError, ValueError):
        return None


@functools.lru_cache(maxsize=256)
def _load(name: str, file: str, _: int) -> Module | None:
    tree = parse(Path(file).read_text("utf-8"))
    if tree is None:
        return None
    package = name if Path(file).name == "__init__.py" else name.rpartition(".")[0]
    functions: dict[str, list[Body]] = {}
    imports: dict[str, str] = {}
    texts: dict[str, str] = {}
    try:
        for node in walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                functions.setdefault(node.name, []).append(body_of(node))
            elif isinstance(node, ast.ClassDef):
                makers = [it for it in node.body if isinstance(it, ast.FunctionDef) and it.name in ("__init__", "__new__", "__post_init__")]
                functions.setdefault(node.name, []).extend(body_of(it) for it in makers)
            elif isinstance(node, ast.Import):
                imports |= {alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(it for it in (_above(package, node.level), node.module or "") if it)
                imports |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str):
                texts |= {target.id: statement.value.value for target in statement.targets if isinstance(target, ast.Name)}
        return Module(name, effects_of("", "", tree), functions, imports, texts, any(isinstance(it, ast.ClassDef) for it in walk(tree)), _literals(tree))
    except RecursionError:
        return None


def _literals(tree: ast.Module) -> dict[str, Any]:
    names = [it for it in walk(tree) if isinstance(it, ast.Name)]
    counts, stores = Counter(it.id for it in names), Counter(it.id for it in names if not isinstance(it.ctx, ast.Load))
    shared = {name for it in walk(tree) if isinstance(it, ast.Global) for name in it.names}
    found: dict[str, Any] = {}
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or not isinstance(target := statement.targets[0], ast.Name) or target.id in shared:
            continue
        if (stores if isinstance(statement.value, ast.Constant) else counts)[target.id] == 1:
            with contextlib.suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                found[target.id] = ast.literal_eval(statement.value)
    return found


def _above(package: str, level: int) -> str:
    """The package that a relative import of this level begins at."""
    parts = package.split(".") if package else []
    return ".".join(parts[: len(parts) - level + 1]) if level else ""
