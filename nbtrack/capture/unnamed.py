"""What a number without a label is called: by the measure it is, the function that gives it, the scoring that was asked for, or the comment above it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping

from nbtrack.capture.distances import distance_of
from nbtrack.capture.labels import std_of
from nbtrack.capture.own_name import own_name, share_of, snake
from nbtrack.capture.provenance import through
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.words import is_measure
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

_MEANS = frozenset(("mean", "median", "average", "nanmean", "fmean"))
_SQUARED = regex(r"(^|_)(msl?e|mean_squared)(?=$|_)")
_RATES: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {
    ("fn", "fp", "tn", "tp"): {("tn", "tp"): "accuracy", ("fn", "fp"): "error"},
    ("fn", "tp"): {("tp",): "recall", ("fn",): "false_negative_rate"},
    ("fp", "tn"): {("tn",): "specificity", ("fp",): "false_positive_rate"},
    ("fp", "tp"): {("tp",): "precision", ("fp",): "false_discovery_rate"},
    ("fn", "tn"): {("tn",): "negative_predictive_value"},
}
"""Shares of the four counts of a confusion matrix: by what they are divided by, and what is divided."""
_COUNTS = {"tp": "tp", "true_positives": "tp", "true_pos": "tp", "tn": "tn", "true_negatives": "tn", "true_neg": "tn", "fp": "fp", "false_positives": "fp",
           "false_pos": "fp", "fn": "fn", "false_negatives": "fn", "false_neg": "fn"}  # fmt: skip
_SCORES = regex(r"((train|test|valid|val|validation|best|oob|cv|mean|cross_val|balanced)_)*(acc|accuracy|accuracies|accuracy_score|scores?)")
"""What a share of right answers is called, which one less of is the share of wrong ones."""
_DOES = regex(
    r"^((let'?s|now|then|we|can|i|to|also)\s+)*(calculate|calc|compute|print|show|get|find|evaluate|check|display|examine|estimate|report|measure|determine|see)\w*\s+",
    re.I,
)
_ARTICLES = regex(r"^(the|a|an|our|its|out)\s+", re.I)
_WORDS = 5
"""Most words of a comment that is a name."""


def unlabelled(node: ast.expr) -> str:
    """What an expression is called where no text does: itself, the share that it is, or the function that measures it."""
    return scoring_of(node) or own_name(node) or share_of(node) or rate_of(node) or distance_of(node) or std_of(node) or _item_of(node) or _measurer(node)


def name_of(node: ast.expr) -> str:
    """What a last expression is called: itself, or the function or method that gives it; `mse ** 0.5` after `mse`."""
    core = through(node)
    if found := scoring_of(core) or share_of(core) or rate_of(core) or distance_of(core):
        return found
    found = own_name(core)
    if found:
        return found.rstrip("_")
    if isinstance(core, ast.Call):
        path = path_of(core.func)
        if name := std_of(core):
            return name
        if path and path[-1] == "sqrt" and len(core.args) == 1:
            return _root(core)
        if path and path[-1] in ("max", "min", "mean", "median") and len(core.args) == 1 and isinstance(core.args[0], ast.Name):
            return f"{core.args[0].id}.{path[-1]}"
        if path and path[-1] in _MEANS and isinstance(about := _about(core), ast.Call) and (function := path_of(about.func)):
            return _root(about) if function[-1] == "sqrt" and len(about.args) == 1 else snake(function[-1])
        return snake(path[-1]) if path else ""
    if isinstance(core, ast.BinOp):
        left, right = name_of(core.left), name_of(core.right)
        if isinstance(core.op, ast.Pow) and distance_of(core.left) == "sse":
            return ""
        if isinstance(core.op, ast.Pow) and is_measure(left):
            return root_of(left) if isinstance(core.right, ast.Constant) and core.right.value == 0.5 else left
        return left if is_measure(left) else right if is_measure(right) else ""
    if isinstance(core, ast.UnaryOp):
        return name_of(core.operand)
    return ""


def root_of(name: str) -> str:
    """What the root of a measure is called: `rmse` of `mse`, else `root_...`."""
    root = _SQUARED.sub(lambda found: found[1] + ("root_" if "_" in found[2] else "r") + found[2], name)
    return root if root != name else f"root_{name}"


def _root(call: ast.Call) -> str:
    """What `np.sqrt(...)` is called."""
    inner = name_of(call.args[0]) if distance_of(call.args[0]) != "sse" else ""
    return root_of(inner) if inner and (is_measure(inner) or isinstance(through(call.args[0]), ast.Attribute)) else "sqrt"


def with_scores(node: ast.expr, bound: Mapping[str, ast.expr]) -> ast.expr:
    """The expression with what scores come from where their root is taken: `np.sqrt(-scores)` says an error only by the scoring that was asked for.

    Args:
        bound: what names were bound to last.
    """
    if not any(isinstance(it, ast.Call) and path_of(it.func)[-1:] == ["sqrt"] for it in walk(node)):
        return node
    told = {name: ast.unparse(value) for name, value in bound.items() if scoring_of(value)}
    return _Scores(told).visit(ast.parse(ast.unparse(node), mode="eval").body) if told else node


class _Scores(ast.NodeTransformer):
    """Puts the calls that scores come from in the place of their names."""

    def __init__(self, told: Mapping[str, str]) -> None:
        self._told = told

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(self._told[node.id], mode="eval").body if node.id in self._told else node


def rate_of(node: ast.expr) -> str:
    """`specificity` of `TN / (TN + FP)`, and `error` of `1 - accuracy_score(y, p)` and `1 - model.score(X, y)`; else empty."""
    node = through(node)
    if not isinstance(node, ast.BinOp):
        return ""
    if isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant) and node.left.value == 1:
        core = through(node.right)
        name = scoring_of(core) or own_name(core) or share_of(core) or _measurer(core)
        return "error" if _SCORES.fullmatch(snake(name)) else ""
    if not isinstance(node.op, ast.Div):
        return ""
    return _RATES.get(_counts(node.right), {}).get(_counts(node.left), "")


def _counts(node: ast.expr) -> tuple[str, ...]:
    """Which of the four counts a sum adds, in order; empty where it is of anything else."""
    node = through(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _counts(node.left), _counts(node.right)
        return tuple(sorted({*left, *right})) if left and right else ()
    count = _COUNTS.get(node.id.lower(), "") if isinstance(node, ast.Name) else ""
    return (count,) if count else ()


def scoring_of(node: ast.expr) -> str:
    """`roc_auc` of `cross_val_score(m, X, y, scoring="roc_auc").mean()`; without the `neg_` where the sign is turned."""
    core, is_turned = through(node), False
    while True:
        if isinstance(core, ast.UnaryOp) and isinstance(core.op, ast.USub):
            core, is_turned = through(core.operand), True
        elif isinstance(core, ast.BinOp) and isinstance(core.op, ast.Mult) and isinstance(core.left, ast.UnaryOp) and ast.unparse(core.left) in ("-1", "-1.0"):
            core, is_turned = through(core.right), True
        elif isinstance(core, ast.Call) and _MEANS.intersection(path_of(core.func)[-1:]) and (about := _about(core)) is not None:
            core = about
        else:
            break
    if not isinstance(core, ast.Call) or path_of(core.func)[-1:] != ["cross_val_score"]:
        return ""
    scoring = next((it.value.value for it in core.keywords if it.arg == "scoring" and isinstance(it.value, ast.Constant)), None)
    if not isinstance(scoring, str):
        return ""
    return scoring.removeprefix("neg_") if is_turned else scoring


def _about(call: ast.Call) -> ast.expr | None:
    """What a mean is taken of."""
    return call.args[0] if call.args else call.func.value if isinstance(call.func, ast.Attribute) else None


def _measurer(node: ast.expr) -> str:
    """The function or method a call is of, where its name says a measure; also of a mean over what it gave."""
    path = path_of(node.func) if isinstance(node, ast.Call) else []
    if not isinstance(node, ast.Call) or not path:
        return ""
    if is_measure(path[-1]):
        return path[-1]
    about = _about(node)
    return _measurer(about) if path[-1] in _MEANS and about is not None else ""


def _item_of(node: ast.expr) -> str:
    """`test_scores` of `test_scores[best]`, where the name says a measure; which item a number alone says is one of many."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name) or not is_measure(node.value.id):
        return ""
    return node.value.id if isinstance(node.slice, (ast.Name, ast.Call)) else ""


def said_above(entry: Entry, line: int) -> str:
    """What the comment right above a statement, or behind it, calls its number, where that says a measure in a few words; else empty.

    Above imports counts too, where nothing else stands before the statement.
    """
    statement = next((it for it in (entry.tree.body if entry.tree is not None else ()) if it.lineno <= line <= (it.end_lineno or it.lineno)), None)
    if statement is None or entry.tree is None:
        return ""
    comments = _comments(entry)
    before = entry.tree.body[: entry.tree.body.index(statement)]
    first = before[0] if before and all(isinstance(it, (ast.Import, ast.ImportFrom)) for it in before) else statement
    return next((name for at in (statement.end_lineno, statement.lineno - 1, first.lineno - 1) if (name := _as_name(comments.get(at or 0, "")))), "")


def _comments(entry: Entry) -> dict[int, str]:
    """Comments of a cell by line."""
    kept: dict[int, str] | None = entry.facts.get("comments")
    if kept is None:
        kept = {}
        try:
            for token in tokenize.generate_tokens(io.StringIO(entry.code).readline):
                if token.type == tokenize.COMMENT:
                    kept[token.start[0]] = token.string
        except (tokenize.TokenError, SyntaxError):
            kept = {}
        entry.facts["comments"] = kept
    return kept


def _as_name(comment: str) -> str:
    """`null_accuracy` of `# calculate null accuracy (for classes 0 and 1)`; empty where it is a sentence, or says no measure."""
    text = comment.lstrip("#").strip().partition("(")[0].strip(" .:=-")
    text = _ARTICLES.sub("", _DOES.sub("", text))
    name = snake(text)
    return name if name and name.count("_") < _WORDS and is_measure(name) and not any(it in text for it in ",;.?!=#[{'\"`") else ""
