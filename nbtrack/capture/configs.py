"""Params from configurations: mappings, dataclasses, namespaces, models of pydantic, named tuples, and classes that only hold values."""

from __future__ import annotations

import ast
import dataclasses
import math
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from nbtrack.capture.kinds import WORK, is_param_keyword, is_param_value
from nbtrack.capture.known import class_names, class_values, module_of, own_values, static
from nbtrack.capture.literals import evaluate, pairs
from nbtrack.capture.naming import Candidate, params
from nbtrack.capture.program import Part, Program, program_of
from nbtrack.capture.provenance import bindings, flat_statements
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.uses import ATTRIBUTES, KEYS, OTHER, is_text, uses_in
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

_NAMES = regex(r"(^|_)(config\w*|cfg|conf|params?|parameters|hparams?|hyper\w*|args|opts?|options|settings|hps?|kwargs|flags|defaults)($|_|\d)", re.I)
_CHOSEN = regex(r"(^|_)best_(\w+_)?(params?|parameters|args|kwargs|options|hps?)($|_|\d)|(^|_)(config\w*|cfg|conf|hparams?|hyper\w*|settings)($|_|\d)", re.I)
"""What a dict of settings is called that a function chose; `params` alone may be what was learned."""
_FORMATS = frozenset(("yaml", "json", "toml", "tomllib", "tomli", "omegaconf"))
_LOADERS = frozenset(("load", "loads", "safe_load", "full_load", "unsafe_load", "to_container"))
"""Functions by which these read a file or a text of settings."""
_SECTIONS = frozenset(("train", "training", "data", "dataset", "test", "testing", "val", "valid", "validation", "eval", "evaluation", "model", "models"))
"""What a part of the settings is called that is no name of a param."""
_PRIVATE = regex(
    r"(^|_)(pass|passw\w*|passphrase|pwd|secrets?|api_?key|bearer|credentials?|webhook|conn_str|dsn|auth)($|_)"
    r"|^(pin|token|access|auth\w*|sas|conn|connection|host(name)?|port|user(name)?|db|database|aws|azure|gcp|s3|smtp|mail|email|login|account)$",
    re.I,
)
"""What says where something is, and who may go there: no param, and nothing for a run."""
_MAKERS = frozenset(
    ("range", "list", "tuple", "arange", "linspace", "logspace", "geomspace", "array", "uniform", "loguniform", "reciprocal", "randint", "quniform", "choice",
     "expon", "norm", "poisson", "gamma", "beta")
)  # fmt: skip
"""What gives the values of a grid, or draws them."""
_GRIDS = regex(r"(^|_)(grid|params?|dist\w*|space|search|hyper\w*)($|_|\d)", re.I)
_CLASSES = regex(r"(config|cfg|params?|hparams|hyper\w*|args|arguments|opts?|options|settings|flags|constants?|const)$", re.I)
_OTHER_BASES = frozenset(("BaseModel", "BaseSettings", "NamedTuple", "Enum", "IntEnum", "StrEnum", "Exception"))
"""A class with one of these is looked at through its instances, or holds no params."""
_PLAIN = frozenset((bool, int, float, str, dict, list, type(None), type(re)))
_LEAVES, _HELD = 200, 2_000
"""Items of a mapping that are looked at, and of all that it holds from which on it is data."""
_DEPTH = 5


class Configs(Source):
    """Configurations the cell binds, or needs from earlier cells."""

    name = "configurations"
    kind = "params"

    def before(self, cell: Cell) -> Iterable[Finding]:
        program = program_of(cell)
        given = _given_by_calls(cell, program, program.earlier, but=cell.entry.scope.writes | cell.entry.scope.mutates)
        yield from params(cell, [*_dicts(cell, program), *_classes(program), *_objects(cell, program, program.earlier), *given])

    def after(self, cell: Cell) -> Iterable[Finding]:
        program = program_of(cell)
        yield from params(cell, [*_objects(cell, program, program.own), *_given_by_calls(cell, program, (*program.earlier, *program.own))])


def _dicts(cell: Cell, program: Program) -> Iterator[Candidate]:
    """Items of dicts written as literals; a dict of lists, such as a grid, is one param."""
    bound: dict[str, dict[Any, Any]] = {}
    for part in program.parts:
        for name, node in pairs(part.node):
            if isinstance(node, ast.Dict) or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"):
                items = dict(_items(node, bound))
                if items or _NAMES.search(name):  # what begins empty collects results
                    bound[name] = items
            else:
                bound.pop(name, None)
        for name, key, value in _changes(part):
            if name in bound:
                bound[name][key] = value
    uses = uses_in(program)
    for name, items in bound.items():
        kinds = uses.of.get(name, set())
        is_config = bool(_NAMES.search(name)) and (bool(kinds & {KEYS, WORK, OTHER, ATTRIBUTES}) or (not kinds and cell.is_own))
        if not items or not (is_config or kinds & {KEYS, WORK}):
            continue
        rule = f"item of the configuration {name}"
        told = {key: value for key, value in items.items() if type(value) is not _Written}
        if (told or _GRIDS.search(name)) and all(isinstance(value, (list, tuple)) for value in told.values()) and name in uses.of:
            if WORK in kinds and (grid := {key: value for key, value in items.items() if not (type(key) is str and _PRIVATE.search(key))}):
                yield Candidate(name, grid, "grid of values for a search")
            continue
        for path, value in flat(told):
            yield Candidate(path, value, rule, (name,))


def _items(node: ast.expr, known: dict[str, dict[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Items of a dict literal, those that are no literals left out."""
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg is not None:
                yield from _item(keyword.arg, keyword.value, known)
            elif isinstance(keyword.value, ast.Name):
                yield from known.get(keyword.value.id, {}).items()
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None and isinstance(value, ast.Name):
                yield from known.get(value.id, {}).items()
            elif isinstance(key, ast.Constant):
                yield from _item(key.value, value, known)


def _item(key: Any, value: ast.expr, known: dict[str, dict[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, ast.Dict) or (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict"):
        yield key, {name: it for name, it in _items(value, known) if type(it) is not _Written}
        return
    try:
        yield key, _literal(value)
    except ValueError:
        if _makes_values(value):
            yield key, _Written(ast.unparse(value))


def _makes_values(node: ast.expr) -> bool:
    """`range(1, 10)`, `list(range(n))`, `np.logspace(-3, 3, 7)`, `loguniform(1e-3, 1)`: values to be tried, by numbers and names of numbers."""
    if not isinstance(node, ast.Call) or _MAKERS.isdisjoint(path_of(node.func)[-1:]):
        return False
    given = [*node.args, *(it.value for it in node.keywords if it.arg not in ("dtype", "endpoint"))]
    return all(_makes_values(it) or not any(isinstance(inner, (ast.Call, ast.Starred)) or is_text(inner) for inner in walk(it)) for it in given)


class _Written(str):
    """Values of a grid as the code writes them: `range(1, 10)`, `loguniform(1e-3, 1)`."""

    __slots__ = ()


def _literal(node: ast.expr) -> Any:
    """A literal, or what stands for NaN and infinity: `float("inf")`, `np.nan`; elsewhere these begin a search, or say what is missing.

    Raises:
        ValueError: it is neither.
    """
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))], keywords=[]):
            return float(text)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Attribute(value=ast.Name(), attr="inf") | ast.Name(id="inf")):
            return -math.inf
        case ast.Attribute(value=ast.Name(), attr="inf" | "nan" as word) | ast.Name(id="inf" | "nan" as word):
            return float(word)
    return evaluate(node)


def _changes(part: Part) -> Iterator[tuple[str, Any, Any]]:
    """`config["lr"] = 0.1` at top level."""
    if isinstance(part.node, ast.Assign):
        for target in part.node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and isinstance(target.slice, ast.Constant):
                try:
                    yield target.value.id, target.slice.value, _literal(part.node.value)
                except ValueError:
                    continue


def _classes(program: Program) -> Iterator[Candidate]:
    """Values of classes that hold nothing else, and are read as `Config.lr`."""
    uses = uses_in(program)
    for node in program.reached:
        if not isinstance(node, ast.ClassDef) or ATTRIBUTES not in uses.of.get(node.name, set()) or node.decorator_list:
            continue
        if any(isinstance(it, (ast.FunctionDef, ast.AsyncFunctionDef)) for it in node.body):
            continue
        if {ast.unparse(base).rpartition(".")[2] for base in node.bases} & _OTHER_BASES:
            continue
        for name, value in _class_values(node):
            yield Candidate(name, value, f"value of the class {node.name}", (node.name,))


def _class_values(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    for statement in node.body:
        for name, expression in pairs(statement):
            try:
                value = _literal(expression)
            except ValueError:
                continue
            if is_param_keyword(name) and is_param_value(value, name):
                yield name, value
        if isinstance(statement, ast.ClassDef):
            yield from ((f"{statement.name}.{name}", value) for name, value in _class_values(statement))


def _objects(cell: Cell, program: Program, parts: tuple[Part, ...]) -> Iterator[Candidate]:
    """Fields of configuration objects the statements bind."""
    names = dict.fromkeys(name for part in parts for name in part.scope.writes)
    kinds = uses_in(program).of
    for name in names:
        if name.startswith("_") or name not in cell.namespace or type(cell.namespace[name]) in _PLAIN or issubclass(type(cell.namespace[name]), type):
            continue
        fields = fields_of(cell.namespace[name], name)
        if static(type(cell.namespace[name]), "__dataclass_fields__") is not None and (given := _given(name, parts)):
            fields = {key: value for key, value in fields.items() if key in given or module_of(type(cell.namespace[name])) == "__main__"}
        if not fields or not (kinds.get(name, set()) & {ATTRIBUTES, WORK, OTHER, KEYS} or cell.is_own):
            continue
        for path, value in flat(fields, around=(id(cell.namespace[name]),)):
            yield Candidate(path, value, f"field of the configuration {name}", (name,))


def _given_by_calls(cell: Cell, program: Program, parts: tuple[Part, ...], but: Collection[str] = ()) -> Iterator[Candidate]:
    """Items of a dict of settings that a call gave, such as the best ones of a search by hand, or what a file says.

    Args:
        but: names that are left out: the cell may change what they mean.
    """
    made = {name: node for part in parts for it in flat_statements([part.node]) for name, node in bindings(it)}
    own = {name for part in program.own for name in part.scope.writes | part.scope.mutates}
    for name, node in made.items():
        if name in but or not isinstance(node, (ast.Call, ast.Subscript)):
            continue
        is_read = _reads_settings(node, program)
        value = cell.namespace.get(name)
        if (not is_read and (not isinstance(node, ast.Call) or path_of(node.func) == ["dict"] or name not in own)) or type(value) is not dict:
            continue
        if (_NAMES if is_read else _CHOSEN).search(name) and _is_plain(value, (dict, list) if is_read else (dict,)):
            yield from (Candidate(path, it, f"item of the configuration {name}", (name,)) for path, it in flat(value))


def _reads_settings(node: ast.expr, program: Program) -> bool:
    """`yaml.safe_load(file)`, a section of that, or what a function of the notebook gives that returns it."""
    while isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        node = node.value
    if not isinstance(node, ast.Call):
        return False
    path = path_of(node.func)
    if len(path) == 1 and (function := program.definitions.get(path[0])) is not None:
        given = [it.value for it in walk(function) if isinstance(it, ast.Return) and it.value is not None]
        held = {name: value for it in walk(function) if isinstance(it, ast.Assign) for name, value in bindings(it)}
        made = [held.get(it.id, it) if isinstance(it, ast.Name) else it for it in given]
        return any(isinstance(it, ast.Call) and _is_loader(program.dotted(it.func)) for it in made)
    return _is_loader(program.dotted(node.func))


def _is_loader(dotted: str) -> bool:
    return dotted.partition(".")[0] in _FORMATS and dotted.rpartition(".")[2] in _LOADERS


def _is_plain(value: dict[Any, Any], containers: tuple[type, ...]) -> bool:
    """Whether a mapping holds nothing but what a file of settings can say; where lists are none of these containers, they may be what was learned."""
    waiting: list[Any] = [value]
    for _ in range(_HELD):
        if not waiting:
            return True
        it = waiting.pop()
        if type(it) in containers and len(it) <= _LEAVES:
            waiting += it.values() if type(it) is dict else it
        elif type(it) not in (bool, int, float, str, type(None)) and module_of(type(it)) != "datetime":
            return False
    return False


def _given(name: str, parts: tuple[Part, ...]) -> set[str]:
    """Keywords of the call that a name was bound to: a library's dataclass works out many fields from them by itself."""
    nodes = [node for part in parts for bound, node in pairs(part.node) if bound == name and isinstance(node, ast.Call)]
    return {it.arg for it in nodes[-1].keywords if it.arg} if nodes else set()


def fields_of(value: Any, name: str = "") -> dict[str, Any]:
    """Fields of an object that is a configuration, by its exact kind and without running code of its class; empty for any other.

    Args:
        name: what it is bound to; a class of the notebook counts where its name or this one says that it is a configuration.
    """
    kind = type(value)
    bases, own = class_names(value), own_values(value)
    module, title = bases[0].partition(".")[0], bases[0].rpartition(".")[2]
    if bases[0] in ("argparse.Namespace", "types.SimpleNamespace"):
        return own
    if "pydantic.main.BaseModel" in bases or "easydict.EasyDict" in bases:
        return own
    if "omegaconf.dictconfig.DictConfig" in bases:
        content = own.get("_content")
        return {str(key): own_values(node).get("_val") for key, node in content.items()} if type(content) is dict else {}
    if "ml_collections.config_dict.config_dict.ConfigDict" in bases:
        content = own.get("_fields")
        return dict(content) if type(content) is dict else {}
    is_called_so = bool(_CLASSES.search(title) or _NAMES.search(name))
    fields = static(kind, "__dataclass_fields__")
    if type(fields) is dict:
        is_frameworks = not is_called_so and module != "__main__"
        found = {} if is_frameworks else {str(key): own[key] for key in fields if key in own}
        return found if module == "__main__" else {key: it for key, it in found.items() if not _is_default(fields[key], it)}
    if issubclass(kind, tuple) and type(static(kind, "_fields")) is tuple:
        return dict(zip(static(kind, "_fields"), tuple.__iter__(value), strict=False)) if is_called_so else {}
    if module == "__main__" and _CLASSES.search(title):
        return class_values(kind) | own
    return {}


def _is_default(field: Any, value: Any) -> bool:
    """Whether a library's dataclass has this without being told: it may have hundreds of fields."""
    default = getattr(field, "default", None) if type(field) is dataclasses.Field else None
    return type(value) in (bool, int, float, str, type(None)) and (default is dataclasses.MISSING or (type(default) is type(value) and default == value))


def flat(items: dict[Any, Any], prefix: str = "", around: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Values of a nested mapping that are params, each under its dotted path; recursion ends at a depth, lists of leaves at a number.

    Args:
        around: `id()` of it and of the mappings and objects it lies in; what holds itself is not entered again.
    """
    around = around or (id(items),)
    if len(around) > _DEPTH:
        return
    for number, (key, value) in enumerate(items.items()):
        if number >= _LEAVES:
            return
        if type(key) is not str or id(value) in around or _PRIVATE.search(key):
            continue
        path = f"{prefix}{key}"
        if type(value) is dict and (key.lower() in _SECTIONS or is_param_keyword(key)):
            yield from flat(value, f"{path}.", (*around, id(value)))
        elif not (is_param_keyword(key) or (key == "c" and type(value) in (int, float))):  # a number is no colour
            continue
        elif type(value) in (bool, int, float, str, list, tuple):
            if is_param_value(value, key):
                yield path, value
        elif value is not None and module_of(type(value)) != "builtins" and (inner := fields_of(value)):
            yield from flat(inner, f"{path}.", (*around, id(value)))
