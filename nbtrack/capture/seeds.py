"""Seeds of random number generators, as the executed code sets them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from nbtrack.notebooks.nodes import children, walk
from nbtrack.patterns import regex
from nbtrack.records import dataclass

NOT_SEEDED = "not seeded"
UNKNOWN = "seeded"
"""The code sets a seed whose value it does not tell."""
_TORCH_DEFAULT = 67280421310721  # c10/core/GeneratorImpl.h: default_rng_seed_val
_WRITES = regex(
    r"to_(csv|json|parquet|excel|pickle|feather|hdf|sql|stata|html)|write(_(csv|parquet|json|ipc|excel)|rows?|lines)?|save(txt|z|z_compressed|mat)?|dump"
)
"""Methods and functions that write files."""
_ALL = ("random", "numpy", "torch", "tensorflow")
_CALLS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("random", "seed"): ("random",), ("np", "random", "seed"): ("numpy",), ("numpy", "random", "seed"): ("numpy",), ("torch", "manual_seed"): ("torch",),
    ("tf", "random", "set_seed"): ("tensorflow",), ("tensorflow", "random", "set_seed"): ("tensorflow",), ("set_random_seed",): _ALL,
    ("seed_everything",): ("random", "numpy", "torch"), ("set_seed",): _ALL, ("default_rng",): ("default_rng",), ("RandomState",): ("default_rng",),
}  # fmt: skip
"""The last words of a call, and what it seeds; the longest match holds."""


@dataclass(frozen=True)
class Seeding:
    """One call that sets seeds."""

    libraries: tuple[str, ...]
    argument: ast.expr | None


class Seeds:
    """Follows the executed cells in order."""

    def __init__(self) -> None:
        self.values: dict[str, int | str] = {}
        """By library, the last one set; `default_rng` is a numpy generator of its own, `random_state` an argument of that name."""
        self._functions: dict[str, tuple[ast.FunctionDef | ast.AsyncFunctionDef, list[Seeding]]] = {}

    def copy(self) -> Seeds:
        """What is known so far, for another thread to go on from."""
        made = Seeds()
        made.values, made._functions = dict(self.values), dict(self._functions)
        return made

    def follow(self, tree: ast.Module, namespace: dict[str, Any]) -> None:
        """Take what a cell seeds; names stand for the values they have now."""
        for node in _executed(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = [seeding for it in walk(node) if isinstance(it, ast.Call) and (seeding := _seeding(it)) is not None]
                self._functions[node.name] = (node, inner)
            elif isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name) and node.func.id in self._functions:
                    function, inner = self._functions[node.func.id]
                    given = _bound(function, node)
                    for seeding in inner:
                        argument = seeding.argument
                        if isinstance(argument, ast.Name):
                            argument = given.get(argument.id, argument)
                        self._set(Seeding(seeding.libraries, argument), namespace)
                elif (seeding := _seeding(node, _full_name(node.func, namespace))) is not None:
                    self._set(seeding, namespace)
                for keyword in node.keywords:
                    if keyword.arg == "random_state":
                        self._set(Seeding(("random_state",), keyword.value), namespace)

    def facts(self, modules: dict[str, Any]) -> dict[str, int | str]:
        """What is known of each library that is loaded; torch tells its seed itself, whoever set it."""
        found: dict[str, int | str] = {name: self.values.get(name, NOT_SEEDED) for name in ("random", "numpy", "tensorflow") if name in modules}
        torch = modules.get("torch")
        if torch is not None and hasattr(torch, "initial_seed"):
            seed = int(torch.initial_seed())
            found["torch"] = NOT_SEEDED if seed == _TORCH_DEFAULT else seed
        return found | {name: self.values[name] for name in ("default_rng", "random_state") if name in self.values}

    def _set(self, seeding: Seeding, namespace: dict[str, Any]) -> None:
        value = _value(seeding.argument, namespace)
        for name in seeding.libraries:
            if name in ("default_rng", "random_state") and value == NOT_SEEDED:
                continue
            self.values[name] = value


def seeded_with(statement: ast.stmt, dotted: Callable[[ast.expr], str]) -> Iterator[int]:
    """Whole numbers written out where a statement sets a seed.

    Args:
        dotted: gives the full name of what is called, `numpy.random.seed` of `rnd.seed`; empty where it is no chain of names.
    """
    for node in _executed(ast.Module([statement], [])):
        seeding = _seeding(node, dotted(node.func)) if isinstance(node, ast.Call) else None
        if seeding is not None and isinstance(seeding.argument, ast.Constant) and type(seeding.argument.value) is int:
            yield seeding.argument.value


def makes_files(statement: ast.stmt, body: list[ast.stmt]) -> bool:
    """Whether a statement makes a generator of its own, of whose draws the cell makes a file: what that holds is told by its digest."""
    call = statement.value if isinstance(statement, ast.Assign) else None
    words = _words(call.func)[-1:] if isinstance(call, ast.Call) else ()
    if not isinstance(statement, ast.Assign) or words not in (("default_rng",), ("RandomState",)):
        return False
    drawn = {it.id for it in statement.targets if isinstance(it, ast.Name)}
    for each in body:
        if isinstance(each, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and each.value is not None and _reads(each.value, drawn):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            drawn |= {it.id for target in targets for it in walk(target) if isinstance(it, ast.Name)}
    calls = (it for each in body for it in walk(each) if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute))
    return any(isinstance(it.func, ast.Attribute) and _WRITES.fullmatch(it.func.attr) and _reads(it, drawn) for it in calls)


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(it, ast.Name) and it.id in names for it in walk(node))


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes in the order of the source; bodies of functions are left out, they execute when called."""
    for node in children(tree):
        if not isinstance(node, ast.Lambda):
            yield node
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from _executed(node)


def _seeding(call: ast.Call, dotted: str = "") -> Seeding | None:
    words = tuple(dotted.split(".")) if dotted else _words(call.func)
    for length in range(len(words), 0, -1):
        libraries = _CALLS.get(words[-length:])
        if libraries is not None and (length == len(words) or length == 1):  # my.random.seed is not Python's
            return Seeding(libraries, call.args[0] if call.args else next((it.value for it in call.keywords if it.arg in ("seed", "a")), None))
    return None


def _full_name(node: ast.expr, namespace: dict[str, Any]) -> str:
    """`numpy.random.seed` of `rnd.seed`, where `rnd` is that module; empty where the first name is no module."""
    first, *others = _words(node) or ("",)
    module = namespace.get(first)
    return ".".join((module.__name__, *others)) if type(module) is ModuleType else ""


def _words(node: ast.expr) -> tuple[str, ...]:
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return (node.id, *words[::-1]) if isinstance(node, ast.Name) else tuple(words[::-1])


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> dict[str, ast.expr]:
    """Arguments of a call by the names of the function's parameters, defaults included."""
    names = [it.arg for it in (*function.args.posonlyargs, *function.args.args)]
    found: dict[str, ast.expr] = dict(zip(names[len(names) - len(function.args.defaults) :], function.args.defaults, strict=True))
    found |= {it.arg: default for it, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if default is not None}
    found |= dict(zip(names, call.args, strict=False))
    return found | {it.arg: it.value for it in call.keywords if it.arg is not None}


def _value(node: ast.expr | None, namespace: dict[str, Any]) -> int | str:
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return NOT_SEEDED
    value: Any = None
    if isinstance(node, ast.Name):
        value = namespace.get(node.id)
    else:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return UNKNOWN
    return value if type(value) is int else UNKNOWN
