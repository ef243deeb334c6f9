"""What an expression is by where it comes from, as far as its text tells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from enum import Enum

from nbtrack.notebooks.nodes import walk


class Kind(Enum):
    """Where the value of an expression comes from."""

    CONST = "a constant"
    COUNT = "a counter, size or index"
    DATA = "an item of data"
    TIME = "the clock"
    RANDOM = "a random draw"
    TEXT = "a text"
    TRUTH = "a truth value"
    OTHER = "a container, function or object"
    GIVEN = "bound elsewhere"
    NUMBER = "computed"
    CALL = "what a call returned"


NUMERIC = frozenset((Kind.NUMBER, Kind.CALL))
"""Kinds that may be a result."""
Env = Mapping[str, Kind]

_CLOCKS = frozenset(
    ("time", "perf_counter", "perf_counter_ns", "monotonic", "process_time", "time_ns", "default_timer", "now", "utcnow", "today", "clock",
     "elapsed_time", "timer", "total_seconds")
)  # fmt: skip
_RANDOM = frozenset(
    ("random", "rng", "rand", "randn", "randint", "randrange", "choice", "choices", "uniform", "normal", "shuffle", "sample", "permutation",
     "integers", "default_rng", "standard_normal", "binomial", "poisson", "gauss", "random_sample", "randperm", "multivariate_normal", "rand_like",
     "randn_like", "multinomial", "bernoulli")
)  # fmt: skip
_SIZES = frozenset(
    ("len", "size", "numel", "dim", "count", "index", "ord", "id", "hash", "argmax", "argmin", "searchsorted", "bit_length", "qsize", "nunique")
)  # fmt: skip
_SIZE_ATTRIBUTES = frozenset(
    ("shape", "size", "ndim", "nbytes", "itemsize")
)  # fmt: skip
_TEXTS = frozenset(
    ("str", "repr", "format", "join", "upper", "lower", "strip", "replace", "split", "chr", "hex", "strftime", "isoformat", "input", "read",
     "decode")
)  # fmt: skip
_TRUTHS = frozenset(
    ("isinstance", "any", "all", "bool", "callable", "issubclass", "hasattr", "startswith", "endswith", "isdigit", "isnan", "allclose",
     "is_available", "isclose")
)  # fmt: skip
_OTHERS = frozenset(
    ("list", "dict", "set", "tuple", "frozenset", "range", "enumerate", "zip", "map", "filter", "sorted", "reversed", "iter", "open", "print",
     "array", "zeros", "ones", "empty", "full", "linspace", "arange", "zeros_like", "ones_like", "DataFrame", "Series", "DataLoader", "copy",
     "deepcopy", "super", "type", "object", "subplots", "figure", "tqdm", "trange", "append", "concatenate", "vstack", "hstack", "reshape", "items",
     "keys", "backward", "zero_grad")
)  # fmt: skip
_THROUGH = frozenset(
    ("float", "int", "round", "abs", "min", "max", "item", "tolist", "numpy", "detach", "cpu", "squeeze", "floor", "ceil", "fabs", "mean", "sum",
     "double", "clone", "timedelta")
)  # fmt: skip
_WHOLE_OPS = (ast.Add, ast.Sub, ast.Mult, ast.Mod, ast.FloorDiv, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor, ast.Pow)


def kind_of(node: ast.expr, env: Env) -> Kind:
    """Kind of an expression, where `env` gives the kinds of names."""
    if isinstance(node, ast.Constant):
        return (
            Kind.CONST
            if isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
            else Kind.TEXT
            if isinstance(node.value, str)
            else Kind.TRUTH
        )
    if isinstance(node, ast.Name):
        return env.get(node.id, Kind.GIVEN)
    if isinstance(node, ast.UnaryOp):
        return Kind.TRUTH if isinstance(node.op, ast.Not) else kind_of(node.operand, env)
    if isinstance(node, ast.Compare):
        return Kind.TRUTH
    if isinstance(node, ast.BoolOp):
        return join(kind_of(value, env) for value in node.values)
    if isinstance(node, ast.JoinedStr):
        return Kind.TEXT
    if isinstance(node, ast.BinOp):
        return _binary(node, env)
    if isinstance(node, ast.IfExp):
        return join((kind_of(node.body, env), kind_of(node.orelse, env)))
    if isinstance(node, (ast.NamedExpr, ast.Await)):
        return kind_of(node.value, env)
    if isinstance(node, ast.Subscript):
        return _item(node, env)
    if isinstance(node, ast.Attribute):
        if node.attr in _SIZE_ATTRIBUTES:
            return Kind.COUNT
        if node.attr == "elapsed":
            return Kind.TIME
        base = kind_of(node.value, env)
        return base if base in (Kind.CALL, Kind.DATA, Kind.TIME) else Kind.GIVEN
    if isinstance(node, ast.Call):
        return _call(node, env)
    return Kind.OTHER


def join(kinds: Iterable[Kind]) -> Kind:
    """Kind of what may be one or the other."""
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    for kind in (Kind.TIME, Kind.TEXT, Kind.NUMBER, Kind.CALL, Kind.RANDOM, Kind.DATA, Kind.OTHER, Kind.GIVEN, Kind.COUNT, Kind.TRUTH):
        if kind in found:
            return kind
    return Kind.GIVEN


def path_of(node: ast.expr) -> list[str]:
    """The names in `a.b(c).d[0]`, from the first to the last; calls and items between them are passed over."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            break
    if isinstance(node, ast.Name):
        names.append(node.id)
    return names[::-1]


def _binary(node: ast.BinOp, env: Env) -> Kind:
    left, right = kind_of(node.left, env), kind_of(node.right, env)
    kinds = {left, right}
    if Kind.TIME in kinds or Kind.TEXT in kinds:
        return Kind.TIME if Kind.TIME in kinds else Kind.TEXT
    if kinds == {Kind.CONST}:
        return Kind.CONST
    if kinds <= {Kind.CONST, Kind.COUNT, Kind.TRUTH}:
        whole = isinstance(node.op, _WHOLE_OPS) and not any(isinstance(it, ast.Constant) and isinstance(it.value, float) for it in walk(node))
        return Kind.COUNT if whole else Kind.NUMBER
    if kinds <= {Kind.CONST, Kind.COUNT, Kind.RANDOM, Kind.DATA}:
        return Kind.RANDOM if Kind.RANDOM in kinds else Kind.DATA
    return Kind.NUMBER


def _item(node: ast.Subscript, env: Env) -> Kind:
    if isinstance(node.value, ast.Attribute) and node.value.attr in _SIZE_ATTRIBUTES:
        return Kind.COUNT
    base = kind_of(node.value, env)
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return Kind.DATA if base is Kind.DATA else Kind.CALL
    return base if base in (Kind.CALL, Kind.TIME, Kind.RANDOM) else Kind.DATA


def _call(node: ast.Call, env: Env) -> Kind:
    path = path_of(node.func)
    last = path[-1] if path else ""
    arguments = [kind_of(it.value if isinstance(it, ast.Starred) else it, env) for it in node.args]
    if last in _CLOCKS or (len(path) > 1 and path[0] in ("time", "timeit")):
        return Kind.TIME
    if Kind.TIME in arguments and (last in _THROUGH or last in _TEXTS):
        return Kind.TIME
    if _RANDOM.intersection(path):
        return Kind.RANDOM
    for names, kind in ((_SIZES, Kind.COUNT), (_TEXTS, Kind.TEXT), (_TRUTHS, Kind.TRUTH), (_OTHERS, Kind.OTHER)):
        if last in names:
            return kind
    if last in _THROUGH:
        if isinstance(node.func, ast.Name) or (arguments and last not in ("item", "numpy", "squeeze")):
            inner = join(arguments) if arguments else Kind.GIVEN
        else:
            inner = kind_of(node.func.value, env) if isinstance(node.func, ast.Attribute) else Kind.GIVEN
        if last in ("min", "max") and Kind.GIVEN not in arguments and inner is not Kind.OTHER:  # of a list it is what the list was computed to
            return inner
        is_summary = last in ("mean", "sum") and inner in (Kind.DATA, Kind.TRUTH)
        return Kind.CALL if inner in (Kind.GIVEN, Kind.OTHER, Kind.CONST) or is_summary else inner
    return Kind.CALL
