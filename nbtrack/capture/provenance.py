"""Where a computed number comes from, as far as the code tells: a result, or a size, a constant, a statistic of data, an intermediate step."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from nbtrack.capture.literals import evaluate
from nbtrack.capture.program import Definition, Part, Program
from nbtrack.capture.weave.kinds import NUMERIC, Kind, kind_of, path_of
from nbtrack.capture.weave.words import is_history, is_measure
from nbtrack.notebooks.nodes import children, walk, walked
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_STATISTICS = frozenset(
    ("mean", "std", "var", "min", "max", "sum", "median", "quantile", "percentile", "average", "nanmean", "nanstd", "nanmin", "nanmax", "nansum", "ptp",
     "amin", "amax", "mode", "skew", "kurtosis", "count", "prod", "fmean")
)  # fmt: skip
_THROUGH = frozenset(
    ("item", "float", "int", "round", "abs", "tolist", "numpy", "detach", "cpu", "squeeze", "float64", "float32", "asarray", "array", "to_numpy")
)  # fmt: skip
_ARITHMETIC = frozenset(
    ("sqrt", "exp", "log", "log2", "log10", "int", "float", "abs", "round", "pow", "float64", "float32", "array", "ceil", "floor", "min", "max",
     "Timedelta", "timedelta")
)  # fmt: skip
_MACHINE = frozenset(("finfo", "iinfo", "float_info"))
"""Where languages and libraries tell what numbers they have."""
_CONSTANTS = frozenset(("pi", "e", "inf", "nan", "eps", "tau", "Inf", "NaN", "NAN", "infty", "PINF", "NINF"))
_PLACES = frozenset(("argmax", "argmin", "nanargmax", "nanargmin"))
_STEPS_PER = regex(r"(^|_)(it|iters?|iterations?|steps?|batch(es)?|samples?|updates?)_per_(epoch|batch|step|iteration)s?$")
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


@dataclass
class Origins:
    """What names stand for at the end of a cell."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    constants: set[str] = field(default_factory=set)
    """Names bound to literals, or computed from nothing but literals."""
    matched: set[str] = field(default_factory=set)
    """Names bound to a comparison of two things that are computed: the mean of one is a share."""
    modules: set[str] = field(default_factory=set)
    looped: set[str] = field(default_factory=set)
    """Names that loops of the cell bind."""
    targets: set[str] = field(default_factory=set)
    """Of these, what goes through given values: settings, items of data, counters; and the sums of one step, and what goes into them."""
    bests: set[str] = field(default_factory=set)
    """Names in which loops keep the best of what they compute: `if loss < best: best = loss`."""
    filled: set[str] = field(default_factory=set)
    """Lists and arrays in which loops keep what they compute or count, such as the samples of a chain."""
    switched: set[str] = field(default_factory=set)
    """Names that loops bind to nothing but one of several literals: settings by step, such as `0.1 if i < 100 else 0.01`."""
    held: set[str] = field(default_factory=set)
    """Names of lists and arrays of constants that nothing changes."""
    chosen: set[str] = field(default_factory=set)
    """Names to which loops bind, under a condition, the item they are at."""
    summaries: set[str] = field(default_factory=set)
    """Names of statistics of data, `low = df.min()`."""
    consumed: set[str] = field(default_factory=set)
    """Names from which the cell computes something else."""

    def why_not(self, node: ast.expr, name: str) -> str:
        """Why the value of an expression is no result; empty where it is one.

        Args:
            name: what it is bound to, or called where it is shown.
        """
        named = is_measure(name)
        kind = kind_of(node, self.kinds)
        if not named and _STEPS_PER.search(name):
            return str(Kind.COUNT.value)
        if kind in (Kind.CONST, Kind.TIME, Kind.TEXT) or (kind is Kind.COUNT and not named):
            return str(kind.value)
        if kind is Kind.TRUTH and not (isinstance(node, ast.Call) or self.compares(node)):  # a mean of comparisons is a share
            return str(kind.value)
        if kind is Kind.OTHER and not named and not self._reads_measure(node):
            return str(kind.value)
        if kind is Kind.RANDOM and not named:
            return str(kind.value)
        if kind not in NUMERIC and kind is not Kind.GIVEN and not named and not self._reads_measure(node) and not self.compares(node):
            return str(kind.value)
        if is_best_setting(node) and not named:
            return "the setting that was best"
        if self.is_constant(node) or _MACHINE.intersection(path_of(through(node))):
            return "computed from constants alone"
        if not named and self.is_statistic(node):
            return "a statistic of data"
        return ""

    def is_statistic(self, node: ast.expr) -> bool:
        """Whether this is a mean, a maximum or the like of something that is not a measure itself, and is not compared or subtracted."""
        node = through(node)
        if isinstance(node, ast.BinOp):
            parts = [part for part in (node.left, node.right) if not self.is_constant(part) and kind_of(part, self.kinds) is not Kind.COUNT]
            return bool(parts) and all(self.is_statistic(part) for part in parts)
        if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.value, ast.Name):
            return node.value.id in self.summaries
        if not isinstance(node, ast.Call):
            return False
        path = path_of(node.func)
        if not path or path[-1] not in _STATISTICS:
            return False
        about = [*node.args] if self._is_library(node.func) else [node.func.value if isinstance(node.func, ast.Attribute) else node.func]
        held = about[0].value if about and isinstance(about[0], ast.Subscript) and isinstance(about[0].slice, ast.Slice) else about[0] if about else None
        if isinstance(held, ast.Name) and held.id in self.filled | self.matched:
            return False
        return bool(about) and self._is_plain(about[0]) and not self.compares(about[0]) and not self._reads_measure(node)

    def _is_plain(self, node: ast.expr) -> bool:
        """A name, a column or a slice of it: nothing is computed."""
        while isinstance(node, (ast.Attribute, ast.Subscript)) or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            node = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else node.value  # type: ignore[union-attr]
        return isinstance(node, ast.Name)

    def compares(self, node: ast.expr) -> bool:
        """Whether two things that are no constants are set against each other: a difference, a quotient, a comparison."""
        for it in walk(node):
            sides = [it.left, it.right] if isinstance(it, ast.BinOp) else [it.left, *it.comparators] if isinstance(it, ast.Compare) else []
            if len(sides) > 1 and sum(not self.is_constant(side) for side in sides) > 1:
                return True
        return False

    def _reads_measure(self, node: ast.expr) -> bool:
        for it in walk(node):
            word = it.id if isinstance(it, ast.Name) else it.attr if isinstance(it, ast.Attribute) else ""
            if isinstance(it, ast.Constant) and isinstance(it.value, str):
                word = it.value
            if word and (is_measure(word) or is_history(word)):
                return True
        return False

    def _is_library(self, func: ast.expr) -> bool:
        """`np.mean`, `statistics.mean`, `max`: a function, not a method of the data."""
        if isinstance(func, ast.Name):
            return True
        while isinstance(func, ast.Attribute):
            func = func.value
        return isinstance(func, ast.Name) and func.id in self.modules

    def is_constant(self, node: ast.expr) -> bool:
        """Whether a value is arithmetic of literals and of names that are such themselves."""
        if isinstance(node, ast.Name):
            return node.id in self.constants or (node.id in _CONSTANTS and node.id in self.modules)  # from math import inf
        if isinstance(node, ast.Attribute):
            return node.attr in _CONSTANTS and self._is_library(node)
        if isinstance(node, ast.Call):
            path = path_of(node.func)
            is_function = isinstance(node.func, ast.Name) or self._is_library(node.func)
            given = [*node.args, *(it.value for it in node.keywords)]
            return bool(path) and path[-1] in _ARITHMETIC and is_function and bool(given) and all(self.is_constant(it) for it in given)
        if isinstance(node, ast.Subscript):
            return isinstance(node.value, ast.Name) and node.value.id in self.held and not any(isinstance(it, ast.Name) for it in walk(node.slice))
        if isinstance(node, (ast.Constant, ast.BinOp, ast.UnaryOp)):
            return all(self.is_constant(it) for it in children(node) if isinstance(it, ast.expr))
        return False


def is_best_setting(node: ast.expr) -> bool:
    """`alphas[np.argmin(errors)]` and `best.get_params()["C"]`: an item that was given, chosen by a result."""
    if path_of(node := through(node))[-1:] == ["get_params"]:
        return True
    calls = [it for it in walk(node.slice) if isinstance(it, ast.Call)] if isinstance(node, ast.Subscript) else []
    found = next((it for it in calls if _PLACES.intersection(path_of(it.func)[-1:])), None)
    return found is not None and isinstance(node, ast.Subscript) and ast.unparse(node.value) not in [ast.unparse(it) for it in found.args]


def through(node: ast.expr) -> ast.expr:
    """The expression below `.item()`, `float()`, `round()` and the like, and below a change to percent."""
    while True:
        if isinstance(node, ast.Call):
            path = path_of(node.func)
            if not path or path[-1] not in _THROUGH:
                return node
            if node.args:
                node = node.args[0]
            elif isinstance(node.func, ast.Attribute):
                node = node.func.value
            else:
                return node
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)) and (side := _other_than_100(node)) is not None:
            node = side
        elif isinstance(node, ast.Await):
            node = node.value
        else:
            return node


def _other_than_100(node: ast.BinOp) -> ast.expr | None:
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, ast.Constant) and other.value in (100, 100.0):
            return side
    return None


def origins_of(program: Program) -> Origins:
    """Origins of the names of a cell; made once."""
    kept = program.entry.facts.get("origins")
    if isinstance(kept, Origins):
        return kept
    made = Origins(modules={*program.imports})
    for part in program.parts:
        for statement in flat_statements([part.node]):
            _learn(made, statement)
    made.held -= _given_on(program) if made.held else set()
    for part in program.own:
        for loop in walked(part.node):
            if isinstance(loop, _LOOPS):
                made.switched |= _switched(loop, made)
                made.looped |= {it.id for it in walk(loop) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)}
                made.chosen |= set(_chosen(loop))
                made.bests |= {name for it in walk(loop) if isinstance(it, ast.If) for name in _kept_best(it)}
                made.targets |= _sums(loop) | set(_summands(loop)) | set(_sides(loop))
                made.targets |= {it.id for it in walk(loop.target) if isinstance(it, ast.Name)} if not isinstance(loop, ast.While) else set()
    for part in program.parts:
        made.filled |= {name for loop in walked(part.node) if isinstance(loop, _LOOPS) for name in _filled(loop, made.kinds)}
    made.consumed = _consumed(program.own)
    program.entry.facts["origins"] = made
    return made


def _filled(loop: ast.AST, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """Names of lists to which a loop appends a computed number, or how far one of its counters went, and of arrays whose next item it computes from others."""
    counters = {it.target.id for it in walk(loop) if isinstance(it, (ast.For, ast.AsyncFor)) and isinstance(it.target, ast.Name) and _counts(it.iter)}
    for it in walk(loop):
        if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute) and it.func.attr == "append" and isinstance(it.func.value, ast.Name) and it.args:
            value = it.args[0]
            if (isinstance(value, ast.Name) and value.id in counters) or (not isinstance(value, ast.Name) and kind_of(value, kinds) in NUMERIC):
                yield it.func.value.id
        if isinstance(it, (ast.For, ast.AsyncFor, ast.While)):
            yield from _chained(it)


def _chained(loop: ast.For | ast.AsyncFor | ast.While) -> Iterator[str]:
    """Names of arrays of which a loop reads one item, and writes another: `x[i + 1] = f(x[i])`."""
    items = [it for it in walk(loop) if isinstance(it, ast.Subscript) and isinstance(it.value, ast.Name)]
    read = {(it.value.id, ast.unparse(it.slice)) for it in items if isinstance(it.ctx, ast.Load) and isinstance(it.value, ast.Name)}
    for it in items:
        if isinstance(it.ctx, ast.Store) and isinstance(it.slice, ast.BinOp) and isinstance(it.value, ast.Name):
            yield from {name for name, place in read if name == it.value.id and place != ast.unparse(it.slice)}


def _counts(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and path_of(node.func)[-1:] in (["range"], ["count"])


def _sums(loop: ast.AST) -> set[str]:
    """Names that a loop sets to a constant again and again and adds to, such as the loss of all batches of an epoch."""
    reset: set[str] = set()
    added: set[str] = set()
    other: set[str] = set()
    for it in walk(loop):
        if isinstance(it, ast.AugAssign) and isinstance(it.target, ast.Name):
            (added if isinstance(it.op, ast.Add) else other).add(it.target.id)
        elif isinstance(it, ast.Assign):
            for name, value in bindings(it):
                (reset if isinstance(value, ast.Constant) else other).add(name)
    return (reset & added) - other


def _summands(loop: ast.AST) -> Iterator[str]:
    """`reward` of `total += reward`: the last of many says nothing beside their sum."""
    for it in walk(loop):
        if isinstance(it, ast.AugAssign) and isinstance(it.op, ast.Add) and isinstance(it.target, ast.Name) and isinstance(it.value, ast.Name):
            yield it.value.id


def _sides(loop: ast.AST) -> Iterator[str]:
    """Both costs of `(cost_plus - cost_minus) / (2 * eps)`, that one function gives: a gradient is checked by them."""
    called = {name: path_of(value.func) for it in walk(loop) if isinstance(it, ast.stmt) for name, value in bindings(it) if isinstance(value, ast.Call)}
    for it in walk(loop):
        match it:
            case ast.BinOp(left=ast.BinOp(left=ast.Name(id=one), op=ast.Sub(), right=ast.Name(id=other)), op=ast.Div(), right=divisor):
                divides = {name.id for name in walk(divisor) if isinstance(name, ast.Name)}
                if called.get(one) and called[one] == called.get(other) and not divides & {one, other}:
                    yield from (one, other)


def _chosen(loop: ast.AST) -> Iterator[str]:
    """`best_lr` of `if acc > best: best, best_lr = acc, lr`, where the loop goes through values of `lr`."""
    loops = [it for it in walk(loop) if isinstance(it, (ast.For, ast.AsyncFor)) and not _counts(it.iter)]
    targets = {name.id for it in loops for name in walk(it.target) if isinstance(name, ast.Name)}
    for test in (it for it in walk(loop) if isinstance(it, ast.If) and isinstance(it.test, ast.Compare)):
        if any(_kept_best(test)):
            yield from (name for it in test.body for name, value in bindings(it) if isinstance(value, ast.Name) and value.id in targets)


def _kept_best(node: ast.If) -> Iterator[str]:
    compared = {name.id for it in walk(node.test) if isinstance(it, ast.Compare) for name in (it.left, *it.comparators) if isinstance(name, ast.Name)}
    for statement in node.body:
        yield from (name for name, value in bindings(statement) if name in compared and isinstance(value, ast.Name) and value.id in compared)


def flat_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements in order, those inside `if`, `with`, `try` and `match` too; loops and definitions stay whole."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.If, ast.With, ast.AsyncWith, ast.Try)):
            for name in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(statement, name, ()):
                    yield from flat_statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])
        elif isinstance(statement, ast.Match):
            for case in statement.cases:
                yield from flat_statements(case.body)


def bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Names a plain statement binds, each with the expression it comes from; an unpacked name comes from the whole."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, ast.BinOp(ast.Name(statement.target.id, ast.Load()), statement.op, statement.value)
    if isinstance(statement, ast.AnnAssign) and statement.value is not None and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.value
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _unpacked(target, statement.value)


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Starred):
        return
    elif isinstance(target, (ast.Tuple, ast.List)):
        is_paired = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        for number, inner in enumerate(target.elts):
            yield from _unpacked(inner, value.elts[number] if is_paired and isinstance(value, (ast.Tuple, ast.List)) else value)


def _learn(made: Origins, statement: ast.stmt) -> None:
    if isinstance(statement, Definition):
        made.kinds[statement.name] = Kind.OTHER
        return
    if isinstance(statement, _LOOPS):
        for it in walk(statement):
            if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store):
                made.kinds.pop(it.id, None)
                made.constants.discard(it.id)
                made.held.discard(it.id)
        return
    for name, node in bindings(statement):
        kind = kind_of(node, made.kinds)
        made.kinds[name] = Kind.DATA if kind is Kind.RANDOM or is_best_setting(node) else kind  # what is computed from drawn data is a result
        (made.matched.add if isinstance(node, ast.Compare) and made.compares(node) else made.matched.discard)(name)
        (made.summaries.add if made.is_statistic(node) else made.summaries.discard)(name)
        (made.held.add if _is_written(node, made) else made.held.discard)(name)
        (made.constants.add if _is_scalar(node) or made.is_constant(node) else made.constants.discard)(name)


def _is_written(node: ast.expr, made: Origins) -> bool:
    """Whether this is a list or an array that is written out with constants alone."""
    if isinstance(node, ast.Call) and path_of(node.func)[-1:] in (["array"], ["matrix"], ["asarray"]) and node.args:
        return _is_written(node.args[0], made)
    return isinstance(node, (ast.List, ast.Tuple)) and bool(node.elts) and all(made.is_constant(it) or _is_written(it, made) for it in node.elts)


def _given_on(program: Program) -> set[str]:
    """Names that are changed in place, or that functions get or read, which may change what they hold."""
    found = {name for part in program.parts for name in part.scope.mutates}
    for node in program.reached:
        found |= {it.id for it in walk(node) if isinstance(it, ast.Name)}
    for call in (it for part in program.parts for it in walk(part.node) if isinstance(it, ast.Call)):
        if path_of(call.func) != ["print"]:
            found |= {it.id for it in (*call.args, *(keyword.value for keyword in call.keywords)) if isinstance(it, ast.Name)}
    return found


def _switched(loop: ast.AST, made: Origins) -> set[str]:
    """Names that a loop binds to a choice of constants, and to nothing else."""
    choices: set[str] = set()
    others: set[str] = set()
    for it in walk(loop):
        if isinstance(it, ast.stmt):
            for name, node in bindings(it):
                is_choice = isinstance(node, ast.IfExp) and made.is_constant(node.body) and made.is_constant(node.orelse)
                (choices if is_choice else others).add(name)
    return choices - others


def _is_scalar(node: ast.expr) -> bool:
    """A literal number or word; a literal list may be filled later."""
    try:
        return isinstance(evaluate(node), (bool, int, float, str))
    except ValueError:
        return False


def _consumed(parts: Iterable[Part]) -> set[str]:
    """Names read where something else is computed: not shown, not compared, not kept in a container."""
    found: set[str] = set()
    for part in parts:
        for statement in flat_statements([part.node]):
            values = [it.value for it in [statement] if isinstance(it, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and it.value is not None]
            if isinstance(statement, _LOOPS):
                values = [it.value for it in walk(statement) if isinstance(it, (ast.Assign, ast.AugAssign))]
            targets = {name for name, _ in bindings(statement)}
            for value in values:
                if not isinstance(value, (ast.Dict, ast.List, ast.Tuple, ast.JoinedStr)):
                    found |= {it.id for it in walk(value) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Load)} - targets
    return found
