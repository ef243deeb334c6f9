"""Writes src/models/wire.ts, the TypeScript of what goes over the wire, from the Python that says it. A test holds the two together."""

from __future__ import annotations

import ast
import inspect
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, NotRequired, Union

from nbtrack.charts import shapes as charts
from nbtrack.server import shapes as server

MODULES = (charts, server)
TARGET = Path(__file__).parent / "src" / "models" / "wire.ts"
HEAD = "// Written by labextension/wire.py from {}; do not edit.\n"
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null", Any: "unknown"}


def text() -> str:
    """The whole file."""
    names = " and ".join(f"{module.__name__.replace('.', '/')}.py" for module in MODULES)
    return "\n".join([HEAD.format(names), *(_interface(kind, told) for module in MODULES for kind, told in _shapes(module))])


def _shapes(module: ModuleType) -> Iterator[tuple[type, ast.ClassDef]]:
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef) and typing.is_typeddict(kind := getattr(module, node.name)):
            yield kind, node


def _interface(kind: type, told: ast.ClassDef) -> str:
    lines = [*_comment(ast.get_docstring(told), ""), f"export interface I{kind.__name__} {{"]
    comments = _comments(told)
    is_total = getattr(kind, "__total__", True)
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        lines += _comment(comments.get(name), "  ")
        is_optional = not is_total or typing.get_origin(hint) is NotRequired  # __required_keys__ knows nothing of annotations that are texts
        lines.append(f"  {name}{'?' if is_optional else ''}: {_type(hint)};")
    return "\n".join([*lines, "}", ""])


def _comments(told: ast.ClassDef) -> dict[str, str]:
    """The text that stands below a field, by its name."""
    return {
        field.target.id: after.value.value
        for field, after in zip(told.body, told.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    }  # fmt: skip


def _comment(said: str | None, indent: str) -> list[str]:
    return [f"{indent}/** {' '.join(said.split())} */"] if said else []


def _type(hint: Any) -> str:
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is NotRequired:
        return _type(inside[0])
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(_type(it) for it in inside))
    if origin is Literal:
        return " | ".join(f"'{it}'" for it in inside)
    if origin is list:
        item = _type(inside[0])
        return f"({item})[]" if " | " in item else f"{item}[]"
    if origin is tuple:
        return f"[{', '.join(_type(it) for it in inside)}]"
    if origin is dict:
        return f"Record<{_type(inside[0])}, {_type(inside[1])}>"
    if typing.is_typeddict(hint):
        return f"I{hint.__name__}"
    return PLAIN[hint]


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}", file=sys.stderr)  # noqa: T201
