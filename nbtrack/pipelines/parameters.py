"""The parameters a notebook declares, and the values given for them: strict in name and type, before a kernel starts."""

from __future__ import annotations

import ast
import contextlib
import io
import math
import operator
import tokenize
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack import specs
from nbtrack.errors import UsageError
from nbtrack.pipelines.foreign import lines_of
from nbtrack.pipelines.notebook import Notebook
from nbtrack.yaml_text import read_scalar

_KINDS = {"int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "dict": "dict", "tuple": "tuple", "None": "none"}
_KINDS |= {"List": "list", "Dict": "dict", "Tuple": "tuple", "Sequence": "list", "Mapping": "dict"}
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
_LARGEST, _POWER = 1 << 40, 64
MOST_RUNS = 500
"""Of a grid."""


class _NoDefault:
    def __repr__(self) -> str:
        return "?"


UNKNOWN: Any = _NoDefault()
"""The default of a parameter that is computed."""


@dataclass(frozen=True)
class Declared:
    """One parameter of a notebook."""

    name: str
    kinds: frozenset[str]
    """Which of int, float, str, bool, list, dict, tuple, none it may be; empty means any."""
    default: Any
    """A plain value, or UNKNOWN."""
    text: str
    """The default as it is written."""
    help: str
    choices: tuple[Any, ...] = ()

    @property
    def type(self) -> str:
        """Its type in words, as one would annotate it."""
        if self.choices:
            return " | ".join(map(repr, self.choices))
        names = sorted(kind for kind in self.kinds if kind != "none")
        return " | ".join([*names, *(["None"] if "none" in self.kinds else [])]) or "any"

    def __str__(self) -> str:
        return f"{self.name}: {self.type} = {self.text}"


@dataclass(frozen=True)
class Secret:
    """A value that only its variable of the environment holds; it is written nowhere."""

    variable: str

    def __str__(self) -> str:
        return f"${{secrets.{self.variable}}}"


def declared_in(notebook: Notebook) -> tuple[Declared, ...]:
    """Parameters of a notebook, in the order of its parameters cell."""
    cell = notebook.parameters
    if cell is None:
        return ()
    if notebook.language != "python":
        found = lines_of(cell.source, notebook.language)
        return tuple(Declared(it.name, it.kinds, it.default if it.kinds else UNKNOWN, it.text, it.help) for it in found)
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as cause:
        why = f"line {cause.lineno}: {cause.msg}" if isinstance(cause, SyntaxError) else str(cause)
        raise UsageError(f"The parameters cell of {notebook.path} is no Python: {why}.", mend="Correct it, and keep magics out of that cell.") from cause
    comments = _comments(cell.source)
    found_py: dict[str, Declared] = {}
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else node.target if isinstance(node, ast.AnnAssign) else None
        if not isinstance(target, ast.Name) or not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        default = _value(node.value)
        kinds, choices = _annotated(node.annotation) if isinstance(node, ast.AnnAssign) else (frozenset[str](), ())
        if not kinds and not choices and default is not UNKNOWN and default is not None:
            kinds = frozenset({_kind(default)})
        found_py[target.id] = Declared(target.id, kinds, default, ast.unparse(node.value), comments.get(node.end_lineno or node.lineno, ""), choices)
    return tuple(found_py.values())


def accept(notebook: Notebook, declared: tuple[Declared, ...], given: Mapping[str, Any], *, texts: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The given values, each with the type its parameter has.

    Args:
        texts: names whose value was typed in a terminal, and is read as what the parameter wants.

    Raises:
        UsageError: there is no such parameter, or the value has another type.
    """
    known = {it.name: it for it in declared}
    found = {}
    for name, value in given.items():
        if name not in known:
            raise unknown(notebook, declared, name)
        found[name] = value if isinstance(value, Secret) else _accepted(str(notebook.path), known[name], value, is_text=name in texts)
    return found


def accept_grid(
    notebook: Notebook, declared: tuple[Declared, ...], grid: Mapping[str, Sequence[Any]], *, texts: frozenset[str] = frozenset()
) -> dict[str, list[Any]]:
    """The values of a grid, each of the type its parameter has.

    Args:
        texts: names whose values were typed in a terminal.

    Raises:
        UsageError: there is no such parameter, a value has another type or stands there twice, or there are too many combinations.
    """
    found = {name: [accept(notebook, declared, {name: it}, texts=texts)[name] for it in said] for name, said in grid.items()}
    for name, values in found.items():
        if not values:
            raise UsageError(f"Parameter {name!r} has no values.", mend=f"Write --grid {name}=VALUE for each of them.")
        if len({repr(it) for it in values}) < len(values):
            raise UsageError(f"Parameter {name!r} has a value twice.", mend="Take one away.")
    if (count := math.prod(map(len, found.values()))) > MOST_RUNS:
        raise UsageError(f"The grid has {count} runs.", mend=f"Take values away: it may have {MOST_RUNS}. nbtrack sweep searches larger ones.")
    return found


def as_declared(owner: str, name: str, default: Any, value: Any, *, is_text: bool) -> Any:
    """A value for a name whose default tells its type.

    Raises:
        UsageError: it is of another one.
    """
    return _accepted(owner, undeclared(name, default), value, is_text=is_text)


def undeclared(name: str, default: Any, told: str = "") -> Declared:
    """What a default alone tells of a parameter."""
    kinds = frozenset({_kind(default)}) if default is not None else frozenset[str]()
    return Declared(name, kinds, default, repr(default), told)


def unknown(notebook: Notebook, declared: tuple[Declared, ...], name: str) -> UsageError:
    """There is no such parameter."""
    if notebook.parameters is None:
        return UsageError(
            f"{notebook.path} takes no parameters, but got {name!r}: no cell of it is tagged `parameters`.",
            mend="Tag the cell that sets them with `parameters`, or begin it with `# parameters`.",
        )
    import difflib

    close = difflib.get_close_matches(name, [it.name for it in declared], n=1, cutoff=0.5)
    near = next((it for it in declared if close and it.name == close[0]), None)
    mend = f"Did you mean {near.name!r} ({near})?" if near is not None else f"It declares {', '.join(map(str, declared)) or 'none'}."
    return UsageError(f"{notebook.path} has no parameter {name!r}.", mend=mend)


def recorded(declared: tuple[Declared, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """The params of a run: what was given, and the defaults of the rest that are plain values."""
    return {it.name: given.get(it.name, it.default) for it in declared if it.name in given or it.default is not UNKNOWN} | dict(given)


def plain(value: Any) -> bool:
    """Whether JSON can hold the value as it is."""
    if isinstance(value, (list, tuple)):
        return all(plain(it) for it in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(it) for key, it in value.items())
    return value is None or isinstance(value, (str, bool, int, float))


def _accepted(owner: str, it: Declared, value: Any, *, is_text: bool) -> Any:
    tried = _from_text(it, value) if is_text and isinstance(value, str) else value
    kind = _kind(tried)
    if kind == "int" and "int" not in it.kinds and "float" in it.kinds:
        tried, kind = float(tried), "float"
    if kind == "list" and "tuple" in it.kinds and "list" not in it.kinds:
        tried, kind = tuple(tried), "tuple"
    is_right = (not it.kinds or kind in it.kinds) and (not it.choices or tried in it.choices) and plain(tried)
    if not is_right:
        wanted = "one of " + it.type if it.choices else it.type
        raise UsageError(
            f"Parameter {it.name!r} of {owner} got {value!r}, which is {'no ' if is_text else f'{kind}, not '}{wanted}.",
            mend=f"Its default is {it.text}; give a value of that kind.",
        )
    return tried


def _from_text(it: Declared, text: str) -> Any:
    """What a text of the terminal means for this parameter; the text itself where it means nothing."""
    if it.choices:
        return next((choice for choice in it.choices if str(choice) == text), text)
    if "str" in it.kinds:
        return None if "none" in it.kinds and text in ("None", "null") else text
    if "bool" in it.kinds and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if it.kinds & {"int", "float"}:
        for read in ([int] if "int" in it.kinds else []) + ([float] if "float" in it.kinds else []):
            try:
                return read(text)
            except ValueError:
                continue
    return read_scalar(text)


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    return "bool" if isinstance(value, bool) else next((name for name in ("int", "float", "str", "list", "dict", "tuple") if type(value).__name__ == name), "")


def _annotated(node: ast.expr) -> tuple[frozenset[str], tuple[Any, ...]]:
    """Kinds and choices of an annotation; nothing of one that is not understood."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return frozenset(), ()
    if isinstance(node, ast.Constant) and node.value is None:
        return frozenset({"none"}), ()
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _annotated(node.left), _annotated(node.right)
        return (left[0] | right[0] if left[0] and right[0] else frozenset()), ()
    if isinstance(node, ast.Subscript):
        name = _name(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            return frozenset(), tuple(it.value for it in inner if isinstance(it, ast.Constant))
        if name in ("Optional", "Union"):
            parts = [_annotated(it)[0] for it in inner]
            joined = frozenset[str]().union(*parts) if all(parts) else frozenset[str]()
            return (joined | {"none"} if name == "Optional" and joined else joined), ()
        return _named(name), ()
    return _named(_name(node)), ()


def _named(name: str) -> frozenset[str]:
    return frozenset({_KINDS[name]}) if name in _KINDS else frozenset()


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _value(node: ast.expr) -> Any:
    """The plain value of an expression; UNKNOWN where it is computed."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left), _value(node.right)
        if all(type(it) in (int, float) and abs(it) <= _LARGEST for it in (left, right)) and not (isinstance(node.op, ast.Pow) and abs(right) > _POWER):
            with contextlib.suppress(ArithmeticError, ValueError):
                found = _OPERATORS[type(node.op)](left, right)
                return found if type(found) in (int, float) else UNKNOWN
    return UNKNOWN


def _comments(source: str) -> dict[int, str]:
    """Trailing comments by line."""
    found = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.string.lstrip("# ").strip()
    except (tokenize.TokenError, IndentationError):
        pass
    return found


def read_params(path: Path) -> dict[str, Any]:
    """Values by name from a YAML or JSON file.

    Raises:
        SpecError: it cannot be read, or is no mapping of names.
    """
    located = specs.read(path)
    if not isinstance(located.data, dict) or not all(isinstance(key, str) for key in located.data):
        raise located.error([((), "it holds no mapping of parameters; write lines such as `lr: 0.1`")])
    return located.data
