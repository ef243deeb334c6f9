"""`${...}` in a spec: what is named, and its value when it is known."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nbtrack.errors import UsageError

_PATTERN = re.compile(r"\$\{([^{}]*)\}")
_QUOTED = re.compile(r"(['\"]?)\$\{([^{}]*)\}\1")
"""A reference of a condition, which is a value whether quotes stand around it or not."""
_WORD = re.compile(r"[^\W\d][\w-]*\Z")
_COMPARE: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right, ast.NotIn: lambda left, right: left not in right, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.AST], Callable[[Any, Any], Any]] = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_CALLS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "len": len, "abs": abs, "sum": sum, "any": any, "all": all}


@dataclass(frozen=True)
class Reference:
    """One `${...}`."""

    kind: str
    """`params`, `matrix`, `env`, `secrets`, `trial` or `outputs`."""
    name: str
    stage: str = ""
    """Of an output: whose."""

    def __str__(self) -> str:
        return f"${{{self.stage}.outputs.{self.name}}}" if self.kind == "outputs" else f"${{{self.kind}.{self.name}}}"


Look = Callable[[Reference], Any]
"""Gives the value of a reference."""


def references_in(data: Any) -> Iterator[Reference]:
    """Every reference of a value, in nested lists and mappings too.

    Raises:
        UsageError: one cannot be read.
    """
    if isinstance(data, str):
        for match in _PATTERN.finditer(data):
            yield _read(match[1])
    elif isinstance(data, dict):
        for value in data.values():
            yield from references_in(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from references_in(value)


def resolve(data: Any, look: Look) -> Any:
    """The value with every reference replaced. A text that is one reference becomes its value as it is; within a text it becomes text."""
    if isinstance(data, str):
        whole = _PATTERN.fullmatch(data)
        if whole is not None:
            return look(_read(whole[1]))
        return _PATTERN.sub(lambda match: _text(look(_read(match[1]))), data)
    if isinstance(data, dict):
        return {key: resolve(value, look) for key, value in data.items()}
    if isinstance(data, list):
        return [resolve(value, look) for value in data]
    return data


def holds(condition: bool | str, look: Look) -> bool:
    """Whether a `when` holds.

    Raises:
        UsageError: it cannot be read.
    """
    if isinstance(condition, bool):
        return condition
    names: dict[str, Any] = {}
    return bool(_value(_tree(condition, names, look), names, condition))


def check_condition(condition: bool | str) -> None:
    """Refuse a `when` that cannot be read.

    Raises:
        UsageError: says why.
    """
    if isinstance(condition, str):
        _allowed(_tree(condition, {}, lambda _: 0), condition)


def _read(text: str) -> Reference:
    parts = text.strip().split(".")
    if len(parts) == 2 and parts[0] in ("params", "matrix", "env", "secrets", "trial") and _WORD.match(parts[1]):
        return Reference(parts[0], parts[1])
    if len(parts) == 3 and parts[1] == "outputs" and all(_WORD.match(it) for it in (parts[0], parts[2])):
        return Reference("outputs", parts[2], parts[0])
    raise UsageError(
        f"${{{text}}} cannot be read.", mend="Write ${params.NAME}, ${STAGE.outputs.NAME}, ${matrix.NAME}, ${env.NAME}, ${secrets.NAME} or ${trial.NAME}."
    )


def _text(value: Any) -> str:
    return "true" if value is True else "false" if value is False else "" if value is None else str(value)


def _tree(condition: str, names: dict[str, Any], look: Look) -> ast.expr:
    def name_of(match: re.Match[str]) -> str:
        name = f"__{len(names)}"
        names[name] = look(_read(match[2]))
        return name

    text = _QUOTED.sub(name_of, condition)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as cause:
        raise _unreadable(condition, getattr(cause, "msg", str(cause))) from cause


def _unreadable(condition: str, why: str) -> UsageError:
    return UsageError(
        f"The condition {condition!r} cannot be read: {why}.",
        mend="Compare references and values with < <= == != >= > in, and join them with and, or, not; texts stand in quotes.",
    )


_KNOWN = {"true": True, "false": False, "null": None}


def _allowed(node: ast.AST, condition: str) -> None:
    right = (
        ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Constant, ast.Name, ast.Load, ast.List, ast.Tuple, ast.BinOp,
        ast.Call, ast.Subscript, *_COMPARE, *_ARITHMETIC,
    )  # fmt: skip
    for it in ast.walk(node):
        if not isinstance(it, right):
            raise _unreadable(condition, f"{type(it).__name__} is not known here")
        if isinstance(it, ast.Call) and not (isinstance(it.func, ast.Name) and it.func.id in _CALLS and not it.keywords):
            raise _unreadable(condition, f"of functions there are {', '.join(_CALLS)}")
        if isinstance(it, ast.Name) and not it.id.startswith("__") and it.id not in _KNOWN and it.id not in _CALLS:
            raise _unreadable(condition, f"{it.id!r} is neither a reference nor a text in quotes")


def _value(node: ast.expr, names: dict[str, Any], condition: str) -> Any:
    _allowed(node, condition)
    try:
        return _evaluated(node, names)
    except (TypeError, ArithmeticError, ValueError, LookupError) as cause:
        raise _unreadable(condition, str(cause)) from cause


def _evaluated(node: ast.expr, names: dict[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return names[node.id] if node.id in names else _KNOWN[node.id]
        case ast.List() | ast.Tuple():
            return [_evaluated(it, names) for it in node.elts]
        case ast.BoolOp():
            values = (_evaluated(it, names) for it in node.values)
            return all(values) if isinstance(node.op, ast.And) else any(values)
        case ast.UnaryOp():
            value = _evaluated(node.operand, names)
            return not value if isinstance(node.op, ast.Not) else -value
        case ast.BinOp():
            return _ARITHMETIC[type(node.op)](_evaluated(node.left, names), _evaluated(node.right, names))
        case ast.Subscript():
            return _evaluated(node.value, names)[_evaluated(node.slice, names)]
        case ast.Call(func=ast.Name(id=name)):
            return _CALLS[name](*(_evaluated(it, names) for it in node.args))
        case ast.Compare():
            left = _evaluated(node.left, names)
            for how, right_node in zip(node.ops, node.comparators, strict=True):
                right = _evaluated(right_node, names)
                if not _COMPARE[type(how)](left, right):
                    return False
                left = right
            return True
    raise TypeError(f"{type(node).__name__} is not known here")
