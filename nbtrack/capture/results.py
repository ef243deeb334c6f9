"""Metrics from what holds several numbers: dicts, small tables and arrays of scores, tuples with names, results of tests, searches, studies and models."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import Any

from nbtrack.capture.evaluated import evaluated
from nbtrack.capture.known import class_names, own_values, plain, static
from nbtrack.capture.literals import evaluate
from nbtrack.capture.measures import OF_SEARCH, Measured, is_said_elsewhere, key_of, metrics, number, told
from nbtrack.capture.naming import taken
from nbtrack.capture.own_name import own_name, snake
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import bindings, flat_statements, origins_of
from nbtrack.capture.run import as_text
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.tables import of_table
from nbtrack.capture.unnamed import unlabelled
from nbtrack.capture.weave.keyed import CLASSES, ITEMS
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.words import is_history, is_measure, is_result
from nbtrack.notebooks.nodes import walk, walked
from nbtrack.patterns import regex

_SETTINGS = regex(r"(^|_)(params?|parameters|config|conf|cfg|settings?|args|kwargs|options|opts|hparams?|hyper\w*|grid|space|defaults)($|_|\d)", re.I)
_NO_ITEMS = regex(r"^(support|params|lr|learning_rate|epochs?|steps?)$|(^|_)(time|runtime|per_second|seconds|secs|minutes|duration|elapsed|flos)$")
"""Keys of what stands beside results: sizes, settings, the clock."""
_ITEMS, _ROWS = 60, 30
_GATHERED = 3
"""So many numbers that other cells told make a dict one that gathers them."""
_UNNAMED = frozenset(("DataFrame", "Series", "dict", "list", "zip", "lzip"))
"""Functions that put together what a cell shows, and say nothing of it."""
_LOOKS = frozenset(("head", "tail", "describe", "sample", "groupby", "corr", "info", "value_counts", "isnull", "isna", "nunique", "cov"))
_MODELS = ("rsquared", "rsquared_adj", "prsquared", "aic", "bic", "llf", "fvalue", "f_pvalue", "llr_pvalue")
"""What a results object of statsmodels tells in one number each."""

_OF_TERMS = frozenset(("params", "pvalues", "tvalues", "bse"))
"""What it tells of each term."""
_TESTED = regex(r"\b(p|f|t|z|lm|chi\W?(2|squared?)|stat|statistic|test|value|prob|p-?val(ue)?s?|jarque|skew\w*|kurtosis|multiplier|durbin|critical)\b")
"""Words for what a statistical test gives."""
_LEARNED = regex(r"coef|intercept|importance|predict|transform|weight")
"""What a model has learned, or says of cases, by the words of the code that asks for it."""
_LEVEL = "[T."
"""In the name of a term that stands for one of the levels of a factor."""


class Results(Source):
    """Objects that hold results, where the cell binds them, changes them or ends with them."""

    name = "results"
    kind = "metrics"

    def after(self, cell: Cell) -> Iterable[Finding]:
        program = program_of(cell)
        nodes: dict[str, ast.expr] = {}
        for part in program.own:
            for statement in flat_statements([part.node]):
                nodes.update(bindings(statement))
        last = cell.entry.tree.body[-1] if cell.entry.tree is not None and cell.entry.tree.body else None
        shown = last.value.id if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name) else ""
        touched = [name for name in sorted(cell.entry.scope.writes | cell.entry.scope.mutates) if name[:1] != "_" and name in cell.namespace]
        refitted = origins_of(program).looped - nodes.keys()
        passing = _made_in_loops([part.node for part in program.own])
        for name in touched:
            if cell.is_spent:
                cell.cut.append(self.name)
                return
            if name in refitted and name in passing:
                continue
            is_new = cell.before.get(name) != id(cell.namespace[name]) and name not in refitted
            is_told = name == shown and _is_of_results(cell, name, nodes.get(name))
            yield from metrics(cell, _of(cell, name, cell.namespace[name], nodes.get(name), is_new=is_new, is_told=is_told))
        if isinstance(last, ast.Expr) and (terms := _terms_shown(last.value)) is not None and isinstance(terms.value, ast.Name) and _is_of_fit(terms, cell):
            yield from metrics(cell, _of(cell, terms.attr, _guarded(cell.namespace.get(terms.value.id), terms.attr), terms))
            return
        result = cell.result
        if type(result) in (list, tuple) and len(result) == 1 and type(result[0]) is dict:
            result = result[0]  # what Lightning gives of one loader
        if isinstance(last, ast.Expr) and result is not None and not (isinstance(last.value, ast.Name) and last.value.id in touched):
            yield from metrics(cell, _of(cell, _name_of(last.value), result, last.value, is_told=_is_named_by_hand(cell, last.value, result)))


def _made_in_loops(nodes: list[ast.stmt]) -> set[str]:
    """Names that a loop binds to a dict of the candidates of each of its steps, and those it goes through, which have their names elsewhere."""
    loops = [it for node in nodes for it in walked(node) if isinstance(it, (ast.For, ast.AsyncFor, ast.While))]
    made = {name for loop in loops for it in walk(loop) if isinstance(it, ast.Assign) for name, value in bindings(it) if isinstance(value, ast.DictComp)}
    return made | {it.id for loop in loops if not isinstance(loop, ast.While) for it in walk(loop.target) if isinstance(it, ast.Name)}


def _is_of_results(cell: Cell, name: str, node: ast.expr | None) -> bool:
    """Whether a dict was given a number that the cell computed for each of several things, by a comprehension or a loop."""
    program = program_of(cell)
    values: list[ast.expr] = []
    if isinstance(node, ast.DictComp):
        values.append(node.value)
    elif isinstance(node, ast.Call) and path_of(node.func) == ["dict"] and node.args and isinstance(node.args[0], ast.GeneratorExp):
        pair = node.args[0].elt
        values += pair.elts[1:] if isinstance(pair, ast.Tuple) else []
    else:
        loops = [it for part in program.own for it in walk(part.node) if isinstance(it, (ast.For, ast.While))]
        for it in (it for loop in loops for it in walk(loop) if isinstance(it, ast.Assign)):
            if any(isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name for target in it.targets):
                values.append(it.value)
    origins = origins_of(program)
    return bool(values) and not any(origins.why_not(it, name) for it in values)


def _is_named_by_hand(cell: Cell, node: ast.expr, shown: Any) -> bool:
    """Whether a cell ends with words that are put beside the numbers of a result: `dict(zip(["f", "p"], test(residuals)))`, `lzip(names, found)`."""
    if isinstance(node, ast.DictComp):
        pairs = node.generators[0].iter
    elif isinstance(node, ast.Call) and path_of(node.func) in (["dict"], ["list"]) and len(node.args) == 1:
        pairs = node.args[0]
    else:
        pairs = node
    if not isinstance(pairs, ast.Call) or path_of(pairs.func)[-1:] not in (["zip"], ["lzip"]) or len(pairs.args) != 2:
        return False
    words = list(shown) if type(shown) is dict else [it[0] for it in shown if type(it) is tuple and it] if type(shown) is list else []
    if len(words) > _ROWS or not any(type(it) is str and (is_measure(snake(it)) or _TESTED.search(it.lower())) for it in words):
        return False
    program, about = program_of(cell), pairs.args[1]
    made = {name: value for part in program.parts for name, value in bindings(part.node)}.get(about.id) if isinstance(about, ast.Name) else about
    if not isinstance(made, ast.Call) or _LEARNED.search(ast.unparse(made)):
        return False
    return not origins_of(program).why_not(about, "")


def _of(cell: Cell, name: str, value: Any, node: ast.expr | None, *, is_new: bool = True, is_told: bool = False) -> Iterator[Measured]:
    """Numbers of one object; `is_new` if the cell bound it, rather than calling a method of it, `is_told` if it is a dict of what the cell shows as results."""
    kinds = class_names(value)
    if type(value) is dict or kinds[0] in ("collections.OrderedDict", "collections.defaultdict"):
        if not (node is not None and (_is_literal(node) or _is_settings(node))):
            settings = taken(cell)
            is_told = is_told and all(type(plain(it)) is str for it in value)
            is_by_class = name in cell.entry.facts.get(CLASSES, ())
            points = cell.entry.facts.get(ITEMS, ())
            found = list(_of_dict(name, value, is_told=is_told, points=points, is_by_class=is_by_class, measured=_measured(node)))
            written = _written(cell) if found else set()
            again = [it for it in found if is_said_elsewhere(cell, it.name, it.value)]
            for it in found:
                key = it.name.rpartition(".")[2]
                is_setting = any(text == as_text(it.value) for param, text in settings.items() if param.rpartition(".")[2] == key)
                if not is_setting and (key, it.value) not in written and not (len(again) >= _GATHERED and it in again):
                    yield it
    elif node is not None and (them := evaluated(node, value, cell.namespace)):
        yield from _of_evaluation(name or key_of(node), them, node)
    elif type(value) is list and 1 < len(value) <= _ROWS and all(type(it) is tuple and len(it) == 2 and type(it[0]) is str for it in value):
        yield from _of_dict(name, dict(value), is_told=is_told)
    elif kinds[0] in ("pandas.core.frame.DataFrame", "pandas.DataFrame"):
        if not _is_look(node):
            yield from of_table(cell, name, value, node)
    elif kinds[0] in ("pandas.core.series.Series", "pandas.Series"):
        if not _is_look(node) and len(value) <= _ROWS and type(value.index).__name__ != "RangeIndex":  # what is counted is a column, or a curve
            items = {str(key): it for key, it in zip(value.index.tolist(), value.tolist(), strict=True)}
            if _is_of_fit(node, cell):
                levels = Counter(key.partition(_LEVEL)[0] for key in items if _LEVEL in key)
                fit = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
                yield from (
                    Measured(f"{name}.{key}", it, "of a fitted model of statsmodels", f"{fit}.{name}[{key}]", (fit,), name)
                    for key, it in items.items()
                    if number(it) is not None and levels[key.partition(_LEVEL)[0]] <= 1
                )
            elif is_result(name):
                yield from _of_dict(name, items)
            elif all(is_measure(snake(key)) for key in items):
                others = set(told(cell).values())  # shown once more
                yield from _of_dict(name, {key: it for key, it in items.items() if it not in others})
    elif kinds[0] == "numpy.ndarray":
        yield from _of_array(name, value, node)
    elif issubclass(type(value), tuple):
        yield from _of_tuple(name, value, kinds)
    else:
        yield from _of_object(name, value, kinds, is_new=is_new)


def _written(cell: Cell) -> set[tuple[str, float | int]]:
    """Keys whose number is written out beside them wherever the code gives them one: `{"test_mse": 0.0}`, which nobody computed."""
    found: set[tuple[str, float | int]] = set()
    nodes = [it for node in program_of(cell).executed for it in walked(node)]
    stored = (it.slice for it in nodes if isinstance(it, ast.Subscript) and isinstance(it.ctx, ast.Store))
    computed = {it.value for it in stored if isinstance(it, ast.Constant)}
    for key, value in (pair for it in nodes if isinstance(it, ast.Dict) for pair in zip(it.keys, it.values, strict=True)):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                found.add((key.value, value.value))
            else:
                computed.add(key.value)
    counts = Counter(key for key, _ in found)
    return {(key, value) for key, value in found if key not in computed and counts[key] == 1}


def _measured(node: ast.expr | None) -> frozenset[str]:
    """Keys of a dict that a function gives whose name says a measure: `{"Ex. Var": explained_variance_score(y, p)}`."""
    if not isinstance(node, ast.Dict):
        return frozenset()
    return frozenset(
        key.value for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and type(key.value) is str and is_measure(unlabelled(value))
    )  # fmt: skip


def _of_dict(
    name: str, items: dict[Any, Any], *, is_told: bool = False, points: Container[str] = (), is_by_class: bool = False, measured: Container[str] = ()
) -> Iterator[Measured]:
    """Numbers of a dict of results, and of the dicts it holds.

    Args:
        points: items that are points of a curve, see `keyed.ITEMS`.
        is_by_class: numbers that are keys are classes, see `keyed.CLASSES`.
        measured: keys of what is a measure whatever they say.
    """
    if len(items) > _ITEMS:
        return
    is_report = _is_report(items)
    named = is_told or is_report or is_result(name) or is_measure(name)
    if is_history(name) or _SETTINGS.search(name):
        return
    if len(items) > 1 and not is_by_class and all(type(plain(it)) in (int, float) for it in items):
        return  # one value for each of several numbers is a curve
    for path, value in _leaves(items, ""):
        if f"{name}[{path}]" in points:
            continue
        found = number(value)
        words = path.split(".")
        if found is None or _NO_ITEMS.search(words[-1]) or not (named or path in measured or any(is_measure(snake(it)) for it in words)):
            continue
        if type(found) is int and not any(is_measure(snake(it)) for it in words):
            continue
        full = f"{name}.{path}" if name and not is_report else path
        where = f"{name}{{}}"
        is_own = not is_report and is_measure(snake(words[-1]))
        yield Measured(full, found, "item of a dict of results", f"{name}[{path}]", (name,) if name and is_report else (), where, may_diverge=is_own)


def _of_evaluation(name: str, them: dict[str, Any], node: ast.expr) -> Iterator[Measured]:
    """Numbers of the list that a Keras model evaluates to."""
    for at, (field, it) in enumerate(them.items()):
        found = number(it)
        if found is not None:
            yield Measured(field, found, "what a model evaluated to", f"{name}[{at}]", (path_of(node)[0],), node=node, line=node.lineno, may_diverge=True)


def _leaves(items: dict[Any, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in list(items.items())[:_ITEMS]:
        if type(plain(key)) not in (str, int, float) or depth > 3:
            continue
        path = f"{prefix}{plain(key)}"
        if type(value) is dict:
            yield from _leaves(value, f"{path}.", depth + 1)
        elif class_names(value)[0] == "numpy.ndarray" and path.startswith(("test_", "train_")) and value.ndim == 1 and 1 < value.size <= _ROWS:
            yield f"{path}.mean", value.mean()
        else:
            yield path, value


def _is_report(items: dict[Any, Any]) -> bool:
    """Whether this is what `classification_report(output_dict=True)` gives."""
    return any(type(it) is dict and {"precision", "recall", "f1-score"} <= it.keys() for it in list(items.values())[:_ITEMS])


def _of_array(name: str, value: Any, node: ast.expr | None) -> Iterator[Measured]:
    """Mean of a few scores, such as those of `cross_val_score`."""
    path = path_of(node.func) if isinstance(node, ast.Call) else []
    is_scores = bool(path) and (path[-1].startswith("cross_val_score") or path[-1] in ("permutation_test_score",))
    if not is_scores or value.ndim != 1 or not 1 < value.size <= _ROWS or value.dtype.kind != "f":
        return
    sign = "mean of the scores of cross-validation"
    yield Measured(f"{name}.mean", float(value.mean()), sign, f"{name}.mean()")


def _of_tuple(name: str, value: Any, kinds: list[str]) -> Iterator[Measured]:
    """Fields of a named tuple: results of scipy's tests, and the user's own where a field is a measure."""
    fields = static(type(value), "_fields")
    if type(fields) is not tuple:
        return
    is_test = kinds[0].startswith("scipy.stats")
    for field, it in zip(fields, tuple.__iter__(value), strict=False):
        found = number(it)
        if isinstance(found, float) and (is_test or is_measure(str(field))):
            yield Measured(f"{name}.{field}" if name else str(field), found, "field of a result", f"{name}.{field}")


def _of_object(name: str, value: Any, kinds: list[str], *, is_new: bool) -> Iterator[Measured]:
    """What searches, studies and fitted models of known libraries tell of themselves."""
    if is_new and kinds[0].startswith("statsmodels.") and kinds[0].rpartition(".")[2].endswith(("Wrapper", "Results")):
        for field in _MODELS:
            found = _attribute(value, field)
            if isinstance(found, float):
                yield Measured(field, found, "of a fitted model of statsmodels", f"{name}.{field}", (name,) if name else (), is_of_fit=True)
    elif "optuna.study.study.Study" in kinds:
        found = _attribute(value, "best_value")
        if found is not None:
            yield Measured("best_value", found, "best value of the study", f"{name}.best_value", (name,), is_latest=True)
    elif "sklearn.base.BaseEstimator" in kinds:
        own = own_values(value)
        for field, rule in (("best_score_", OF_SEARCH), ("oob_score_", "score out of the bag")):
            found = number(own.get(field))
            if isinstance(found, float) and (field != "best_score_" or "cv_results_" in own):
                yield Measured(field.rstrip("_"), found, rule, f"{name}.{field}", (name,))


def _attribute(value: Any, field: str) -> float | int | None:
    return number(_guarded(value, field))


def _guarded(value: Any, field: str) -> Any:
    try:
        return getattr(value, field, None)
    except Exception:  # noqa: BLE001 - a library's property that cannot be computed for this model
        return None


def _is_literal(node: ast.expr) -> bool:
    try:
        return bool(evaluate(node))
    except ValueError:
        return False


def _is_settings(node: ast.expr) -> bool:
    """`asdict(config)` and the like: settings, no results."""
    return isinstance(node, ast.Call) and path_of(node.func)[-1:] in (["asdict"], ["vars"], ["get_params"], ["model_dump"], ["_asdict"])


def _terms_shown(node: ast.expr) -> ast.Attribute | None:
    """`fit.params` where a cell ends with its table of terms, `fit.summary().tables[1]`; else None."""
    match node:
        case ast.Subscript(
            value=ast.Attribute(value=ast.Call(func=ast.Attribute(value=ast.Name() as fit, attr="summary")), attr="tables"), slice=ast.Constant(value=1)
        ):
            return ast.Attribute(fit, "params", ast.Load())
    return None


def _is_of_fit(node: ast.expr | None, cell: Cell) -> bool:
    """Whether a cell ends with `results.params` or `results.pvalues` of a fitted model of statsmodels."""
    if not isinstance(node, ast.Attribute) or node.attr not in _OF_TERMS or not isinstance(node.value, ast.Name):
        return False
    return class_names(cell.namespace.get(node.value.id))[0].startswith("statsmodels.")


def _is_look(node: ast.expr | None) -> bool:
    """Whether a table is only a look at data."""
    return isinstance(node, ast.Call) and any(it in _LOOKS or it.startswith("read_") for it in path_of(node.func))


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        path = path_of(node.func)
        return "" if not path or path[-1] in _UNNAMED else snake(path[-1])
    return own_name(node)
