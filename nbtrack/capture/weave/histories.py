"""Curves that a cell leaves whole: lists it built step by step, dicts of lists such as Keras's history, results of evaluation sets."""

from __future__ import annotations

import ast
import sys
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any

from nbtrack.capture.known import module_of, own_values, static
from nbtrack.capture.own_name import snake
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import bindings, flat_statements
from nbtrack.capture.seen import names_of
from nbtrack.capture.source import Cell
from nbtrack.capture.weave.data import is_data
from nbtrack.capture.weave.drawn import SWEEPS, drawn, is_sweep, lines_of, mean_of_folds
from nbtrack.capture.weave.expressions import is_score, reads
from nbtrack.capture.weave.filled import Filled, filled_by
from nbtrack.capture.weave.keyed import DICTS, curves_by_setting
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.split import lists_given
from nbtrack.capture.weave.values import as_floats, loaded, take
from nbtrack.capture.weave.words import is_history, is_measure
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

History = tuple[str, list[float], str] | tuple[str, list[float], str, str]
"""Name, values, the rule, and perhaps another name for where that one is taken."""
ROUNDS = "rounds of boosters"
LISTS = "a list"
"""How the rules for lists begin that the code itself fills."""
_MOST = 200
"""Entries of a dict beyond which it is data."""
_OWN = "__main__"
_NESTED = 2
_NOTHING_HELD = frozenset((int, float, str, bool, type(None), types.FunctionType, types.ModuleType))
"""Types of most values, which are told apart from containers first."""
_MEANS = regex(r"mean_(test|train)_")
_COLUMNS, _ROWS, _LINES = 20, 10_000, 40
_ATTRIBUTES = {
    "sklearn": ("loss_curve_", "validation_scores_", "train_score_", "validation_score_"),
    "lightgbm": ("evals_result_", "_evals_result"),
    "xgboost": ("evals_result_",),
    "keras": ("history",),
    "tf_keras": ("history",),
    "tensorflow": ("history",),
}
"""Where fitted estimators of each package keep what they measured while they were fitted."""
_ASKED_FOR = frozenset(("train_score_", "validation_score_"))
"""Those that every boosting of scikit-learn keeps, whoever looks at them: curves where the code names them."""


def sizes_of(cell: Cell) -> dict[str, int]:
    """How much each dict, list and object of the notebook holds before the cell; tells which ones it fills."""
    return {name: size for name in cell.before if (size := _held(cell.namespace.get(name))) >= 0}


def histories(cell: Cell, before: dict[str, int], kept_in: set[str]) -> Iterator[History]:
    """Curves among what the cell bound or filled.

    Args:
        before: `sizes_of` before the cell.
        kept_in: lists whose values were seen while the cell ran.
    """
    given = _given(cell.entry.tree)
    known = set(cell.before.values())
    among = _among_lists(cell)
    filled: Filled | None = None
    for name in names_of(cell.namespace):
        if name[:1] == "_" or name in among or name not in cell.namespace:
            continue
        value = cell.namespace[name]
        if cell.is_spent:
            cell.cut.append("lists that it left behind")
            return
        is_bound = name in cell.entry.scope.writes
        is_new = is_bound and id(value) not in known
        size = _held(value)
        is_touched = size >= 0 and (is_new or before.get(name, size) != size)
        is_array = is_new and _is_array(value)
        if is_touched or is_array or (is_bound and _is_frame(value)) or (is_new and _is_named_tuple(value)):
            filled = filled or _filled(cell)
        if filled is not None and name in filled.frames and _is_frame(value):
            yield from _of_rows(name, value)
        elif is_touched and (rounds := rounds_of_search(value)):
            yield from _of_dict("", rounds, f"means over folds in {name}")
        elif type(value) in DICTS and name not in given and is_touched:
            lists = list(_of_dict("", value, f"lists of the dict {name}"))
            if lists and not is_data(name, value, program_of(cell)):
                yield from ((key, numbers, rule, f"{name}.{key}") for key, numbers, rule in lists)
            for key, items, rule, other in curves_by_setting(name, value, cell):
                if numbers := numbers_of(items):
                    yield key, numbers, rule, other
        elif is_bound and name not in kept_in and (type(value) in (list, tuple) or is_history(name)) and _is_built(name, cell):
            numbers = numbers_of(value)
            if numbers:
                yield name.rstrip("_"), numbers, f"{LISTS} built step by step"
        elif filled is not None and (is_array or (is_touched and type(value) is list)) and _says(name, filled) and (numbers := numbers_of(value)):
            yield name.rstrip("_"), numbers, f"{LISTS} filled step by step"
        elif filled is not None and is_new and _is_named_tuple(value):
            for field, held in zip(static(type(value), "_fields"), tuple.__iter__(value), strict=False):
                if _says(str(field), filled) and (numbers := numbers_of(held)):
                    yield str(field), numbers, f"filled step by step, in {name}"
        elif filled is not None and is_touched and module_of(type(value)) == _OWN:
            yield from _of_own(name, value, filled)
        if is_bound or cell.before.get(name) == id(value):
            yield from _of_object(name, value, cell)
    yield from _of_lines(cell)
    yield from _of_sweeps(cell)
    yield from _of_candidates(cell)


def rounds_of_search(value: Any) -> dict[str, Any]:
    """The means over folds, round by round, of what a search of CatBoost gives; empty for all else."""
    held = value["cv_results"] if type(value) is dict and value.keys() == {"params", "cv_results"} else None
    return {name: it for name, it in held.items() if str(name).endswith("-mean")} if held is not None and type(held) in DICTS else {}


def _among_lists(cell: Cell) -> set[str]:
    """Variables of loops that fill lists side by side: what they hold in the end is the last of several."""
    loops = [it for it in walk(cell.entry.tree) if isinstance(it, ast.For)] if cell.entry.tree is not None and "for" in cell.entry.code else []
    return {variable for loop in loops for variable in lists_given(loop)}


def rounds_of(cell: Cell) -> Iterator[History]:
    """What boosters measured in each round: of each training, but for those that one place in the code makes again and again, such as folds."""
    rounds = cell.entry.facts.get(ROUNDS, ())
    times = Counter(it.place for it in rounds)
    for it in rounds:
        if times[it.place] == 1:
            yield from _of_dict("", dict(it.measured), "measured in each round of a booster")


def _says(name: str, filled: Filled) -> bool:
    """Whether the code fills a list of this name with what it measures."""
    return name in filled.names - filled.emptied and (is_measure(name) or is_history(name) or name in filled.scores)


def _filled(cell: Cell) -> Filled:
    program = program_of(cell)
    kept = cell.entry.facts.get("filled")
    if not isinstance(kept, Filled):
        kept = cell.entry.facts["filled"] = filled_by([*(part.node for part in program.own), *program.reached])
    return kept


def _of_own(name: str, value: Any, filled: Filled, depth: int = 0) -> Iterator[History]:
    """Lists and dicts that an object of the notebook's own classes keeps, and those that it holds."""
    for attribute, held in own_values(value).items():
        if module_of(type(held)) == _OWN and depth < _NESTED:
            yield from _of_own(attribute, held, filled, depth + 1)
        if type(held) in DICTS and (is_history(attribute) or attribute in filled.names):
            yield from _of_dict("", held, f"lists of {name}.{attribute}")
        elif (type(held) is list or _is_array(held)) and _says(attribute, filled) and (numbers := numbers_of(held)):
            yield attribute.strip("_"), numbers, f"{LISTS} that {name} fills", f"{name}.{attribute.strip('_')}"


def _of_rows(name: str, frame: Any) -> Iterator[History]:
    """Columns of a table that got a row in each step; where a column has words, the rows are several things."""
    columns = {str(it): frame[it].tolist() for it in frame.columns} if len(frame.columns) <= _COLUMNS and len(frame) <= _ROWS else {}
    if not any(type(it) is str for values in columns.values() for it in values[:1]):
        for column, values in columns.items():
            if is_measure(snake(column)) and (numbers := numbers_of(values)):
                yield column, numbers, f"column of {name}, which got a row in each step"


def _of_lines(cell: Cell) -> Iterator[History]:
    """Lines the cell draws, and scores of candidates that it prints."""
    tree = cell.entry.tree
    if tree is None or not any(word in cell.entry.code for word in ("plot", "semilog", "errorbar", "cv_results_")):
        return
    program = program_of(cell)
    bound: dict[str, ast.expr] = {}
    for part in program.parts:
        for statement in flat_statements([part.node]):
            bound.update(bindings(statement))
    for node, label in list(lines_of(tree))[:_LINES]:
        name, values = drawn(node, cell.namespace, bound, program.definitions)
        if name and (numbers := numbers_of(values)):
            yield label or name, numbers, "drawn as a line"


def _with_loops(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements in order, those of loops too: of what a loop binds the last is there."""
    for statement in flat_statements(body):
        yield statement
        if isinstance(statement, (ast.For, ast.While)):
            yield from _with_loops(statement.body)


def _of_sweeps(cell: Cell) -> Iterator[History]:
    """What `learning_curve` and `validation_curve` gave, each the mean of its folds, where the cell computes nothing else of it."""
    if cell.entry.tree is None or not any(it in cell.entry.code for it in SWEEPS):
        return
    them = [*_with_loops(cell.entry.tree.body)]
    for statement in them:
        for name, value in bindings(statement):
            is_used = any(reads(other, name) for it in them for bound, other in bindings(it) if bound != name)
            if is_sweep(value) and not is_used and (means := mean_of_folds(cell.namespace.get(name), 1)) is not None and (numbers := numbers_of(means)):
                yield name, numbers, "scores for each of several sizes or settings"


def _of_candidates(cell: Cell) -> Iterator[History]:
    """Scores of all candidates of a search that got a name: `test_score = grid.cv_results_["mean_test_score"]`."""
    for statement in flat_statements(cell.entry.tree.body if cell.entry.tree is not None and "mean_t" in cell.entry.code else []):
        for name, value in bindings(statement):
            key = value.slice.value if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant) else ""
            held: Any = cell.namespace.get(name)
            if isinstance(key, str) and _MEANS.match(key) and (numbers := numbers_of(held.tolist() if type(held).__name__ == "Series" else held)):
                yield name if is_measure(name) else key, numbers, "scores of the candidates of a search"


def _is_array(value: Any) -> bool:
    numpy = loaded("numpy")
    return numpy is not None and type(value) is numpy.ndarray and value.ndim <= 2 and value.size > 1


def _is_named_tuple(value: Any) -> bool:
    return issubclass(type(value), tuple) and type(static(type(value), "_fields")) is tuple


def _is_frame(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and module_of(type(value)).partition(".")[0] == "pandas"


def _held(value: Any, depth: int = 0) -> int:
    """How much a container or an object of the notebook's own classes holds; -1 for anything else."""
    kind = type(value)
    if kind in DICTS:
        return _size(value)
    if kind is list:
        return len(value)
    if kind not in _NOTHING_HELD and module_of(kind) == _OWN:
        held = list(own_values(value).values())
        return sum(max(_held(it, depth + 1), 0) for it in held) if depth < _NESTED else 0
    return -1


def _of_object(name: str, value: Any, cell: Cell) -> Iterator[History]:
    package = module_of(type(value)).partition(".")[0]
    if package == "optuna" and type(value).__name__ == "Study" and name in cell.entry.scope.reads | cell.entry.scope.writes:
        yield from _of_study(value)
    if package == "catboost" and name in cell.entry.scope.reads | cell.entry.scope.writes | cell.entry.scope.mutates:
        yield from _of_catboost(name, value)
    if package == "transformers" and name in cell.entry.scope.reads | cell.entry.scope.writes | cell.entry.scope.mutates:
        yield from _of_trainer(value)
    if package == "pandas" and type(value).__name__ == "DataFrame" and _is_of_cv(name, cell):
        for column in value.columns:
            if str(column).endswith("-mean") and (numbers := numbers_of(value[column].tolist())):
                yield str(column), numbers, f"column of {name}"
    if package in _ATTRIBUTES and name in cell.entry.scope.reads | cell.entry.scope.writes | cell.entry.scope.mutates:
        yield from _of_estimator(name, value, _ATTRIBUTES[package], cell.entry.code)


def _of_estimator(name: str, value: Any, attributes: tuple[str, ...], code: str, depth: int = 0) -> Iterator[History]:
    """What a fitted estimator keeps; of a pipeline its steps, of a search the best it found, where the code names it."""
    kept = own_values(value)
    for attribute in attributes:
        if (depth or attribute in _ASKED_FOR) and attribute not in code:
            continue
        found = kept.get(attribute)
        if module_of(type(found)).partition(".")[0] in _ATTRIBUTES:  # the History of a model of Keras
            found = own_values(found).get(attribute)
        if isinstance(found, dict):
            yield from ((*it, f"{name}.{it[0]}") for it in _of_dict("", found, f"{attribute} of {name}"))
        elif found is not None:
            numbers = numbers_of(found)
            if numbers:
                yield attribute.rstrip("_"), numbers, f"{attribute} of {name}", f"{name}.{attribute.rstrip('_')}"
    steps = kept.get("steps")
    inner = [step for _, step in steps] if type(steps) is list and all(type(it) is tuple and len(it) == 2 for it in steps) else []
    for step in (*inner, kept.get("best_estimator_")):
        if depth < _NESTED and (package := module_of(type(step)).partition(".")[0]) in _ATTRIBUTES:
            yield from _of_estimator(name, step, _ATTRIBUTES[package], code, depth + 1)


def _of_study(study: Any) -> Iterator[History]:
    """Values of a study's completed trials; only of one that lies in memory."""
    if type(getattr(study, "_storage", None)).__name__ != "InMemoryStorage" or len(study.directions) != 1:
        return
    values = [trial.value for trial in study.get_trials(deepcopy=False) if trial.value is not None]
    if len(values) > 1:
        yield "value", [float(it) for it in values], "values of the trials of a study"


def _of_catboost(name: str, model: Any) -> Iterator[History]:
    """What a model of CatBoost measured on its sets; only that library's own classes are asked."""
    if type(model).__name__ in ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker") and model.is_fitted():
        yield from _of_dict("", model.get_evals_result() or {}, f"evaluation of {name}")


def _of_trainer(trainer: Any) -> Iterator[History]:
    """The log of a trainer of Hugging Face: one record each time it logs."""
    log = getattr(vars(trainer).get("state"), "log_history", None)
    kept: dict[str, list[Any]] = {}
    for record in log if type(log) is list else ():
        for key, value in record.items():
            if key not in _NO_CURVES and not key.endswith(("_runtime", "_per_second", "_flos")):
                kept.setdefault(key, []).append(value)
    yield from ((key, numbers, "logged by the trainer") for key, values in kept.items() if (numbers := numbers_of(values)))


_NO_CURVES = frozenset(("epoch", "step", "train_loss"))
"""Of a trainer's record; the last one is a mean over all."""


def _is_of_cv(name: str, cell: Cell) -> bool:
    """Whether a table is what cross-validation of a booster gave: one row an iteration."""
    for node in cell.entry.tree.body if cell.entry.tree is not None else ():
        if isinstance(node, ast.Assign) and any(isinstance(it, ast.Name) and it.id == name for it in node.targets):
            return isinstance(node.value, ast.Call) and path_of(node.value.func)[-1:] == ["cv"]
    return False


def _of_dict(prefix: str, value: dict[Any, Any], rule: str, depth: int = 0) -> Iterator[tuple[str, list[float], str]]:
    if depth > 2 or len(value) > _MOST:
        return
    for key, item in list(value.items()):
        if type(key) is not str:
            return
        name = f"{prefix}-{key}" if prefix else key  # as MLflow's autologging of boosters has it
        if issubclass(type(item), dict) and module_of(type(item)) in ("builtins", "collections"):
            yield from _of_dict(name, item, rule, depth + 1)
        elif type(item) is list:
            numbers = numbers_of(item)
            if numbers:
                yield name, numbers, rule


def numbers_of(value: Any, *, whole: bool = False) -> list[float]:
    """The values as numbers, if they are all numbers, and at least two.

    Args:
        whole: they may be nothing but integers.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None and type(value) is numpy.ndarray:
        if value.dtype.kind != "f" or value.ndim not in (1, 2) or (value.ndim == 2 and 1 not in value.shape):
            return []
        value = value.ravel().tolist()
    if type(value) not in (list, tuple) or len(value) < 2 or any(take(it, True) is None for it in value[:3]):
        return []
    numbers = as_floats(list(value))
    if any(number is None for number in numbers) or (not whole and all(type(number) is int for number in numbers)):
        return []
    return [float(number) for number in numbers if number is not None]


def _size(value: dict[Any, Any], depth: int = 0) -> int:
    if len(value) > _MOST or depth > 2:
        return 0
    return sum(_size(item, depth + 1) if type(item) in DICTS else len(item) if type(item) is list else 1 for item in list(value.values()))


_READS = frozenset(("to_dict", "load", "loads", "safe_load", "full_load", "read"))
"""Functions that give what a file or a table has."""


def _given(tree: ast.Module | None) -> set[str]:
    """Names the cell binds to a dict it writes out with its data, reads from a file, or gets from a table taken apart."""
    found: set[str] = set()
    for node in flat_statements(tree.body if tree is not None else []):
        if isinstance(node, ast.Assign):
            value = node.value
            is_named = isinstance(value, ast.Call) and path_of(value.func)[-1:] in (["dict"], ["OrderedDict"])
            items = value.values if isinstance(value, ast.Dict) else [it.value for it in value.keywords] if isinstance(value, ast.Call) and is_named else []
            is_written = any(isinstance(it, ast.List) and it.elts for it in items)
            if is_written or (isinstance(value, ast.Call) and not _READS.isdisjoint(path_of(value.func)[-1:])):
                found.update(it.id for it in node.targets if isinstance(it, ast.Name))
    return found


def _unwrapped(node: ast.expr) -> ast.expr:
    """What `np.array(...)`, `list(...)` and the like are given."""
    while isinstance(node, ast.Call) and path_of(node.func)[-1:] and path_of(node.func)[-1] in ("array", "asarray", "list", "tuple", "tensor") and node.args:
        node = node.args[0]
    return node


def _is_built(name: str, cell: Cell) -> bool:
    """Whether the cell builds a list by a comprehension that runs something, or gets it from a function of the notebook, and its name says what it is."""
    for node in cell.entry.tree.body if cell.entry.tree is not None else []:
        if not isinstance(node, ast.Assign) or not any(isinstance(it, ast.Name) and it.id == name for target in node.targets for it in walk(target)):
            continue
        value = node.value
        named = is_measure(name) or is_history(name)
        value = _unwrapped(value)
        if isinstance(value, ast.ListComp) and is_score(value.elt):
            return True
        if isinstance(value, ast.ListComp) and any(isinstance(it, ast.Call) for it in walk(value.elt)):
            used = {it.id for it in walk(value.elt) if isinstance(it, ast.Name)}
            measures = isinstance(value.elt, ast.Call) and any(is_measure(it) for it in path_of(value.elt.func))
            return named or measures or not any(isinstance(it, ast.Name) and it.id in used for generator in value.generators for it in walk(generator.target))
        if isinstance(value, ast.Call) and named:
            function = path_of(value.func)[:1]
            if is_history(name) and path_of(value.func)[-1:] not in (["array"], ["list"], ["zeros"]):  # `theta, cost_history = model.train(...)`, of a module
                return True
            return any(set(function) <= entry.scope.functions.keys() for entry in cell.ledger.entries) if function else False
    return False
