"""Which values of a cell's loops are worth a tap: the rules, from the code alone."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Set
from dataclasses import field
from types import MappingProxyType

from nbtrack.capture.labels import std_of
from nbtrack.capture.own_name import own_name, snake
from nbtrack.capture.weave.averaged import has_other_name, link
from nbtrack.capture.weave.drawn import computed_where_drawn
from nbtrack.capture.weave.expressions import beside, binds_names, counts_steps, innermost, is_call_of_measure, is_scaled, is_score, reads
from nbtrack.capture.weave.filled import columns_of, returned_keys
from nbtrack.capture.weave.kinds import NUMERIC, Kind, join, kind_of, path_of
from nbtrack.capture.weave.loops import scopes_of
from nbtrack.capture.weave.scope import Binding, Loop, Report, Scope, Way
from nbtrack.capture.weave.split import is_among_lists, kept_by_setting, split_of
from nbtrack.capture.weave.spot import Spot
from nbtrack.capture.weave.words import is_history, is_loss, is_measure, is_measured, is_schedule
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_VAGUE = frozenset((Kind.DATA, Kind.RANDOM, Kind.GIVEN))
_MOST = 200
"""Taps of one cell."""
_SHORT = 2
"""Letters of a name that says little."""
_SAID = regex(r"^_*(preds?|predicted|predictions?|forecasts?|y_?hat|y_?pred|outputs?|generated)(_|\d|$)")
"""Names of what a model said."""
_PREDICTED = regex(
    r"(?!(.*_)?(correct|wrong|right|true|false|n|num|total|mean|avg|average)_)(\w*_)?(preds?|predicted|predictions?|forecasts?|y_?hat|y_?pred)\d*"
)
"""Names of one thing that it said."""
_ASKS = regex(r"_*(predict\w*|forward|call|transform|decision_function|distances?|dist|kernel)_*")
"""Functions that ask a model, or measure for it: what they iterate is no training."""


@dataclass
class Plan:
    """All taps of a cell."""

    spots: list[Spot] = field(default_factory=list)
    kept_in: set[str] = field(default_factory=set)
    """Lists whose values the taps see already."""
    left_out: int = 0
    """How many more there would have been."""


def plan(
    tree: ast.Module,
    *,
    with_functions: bool = True,
    budget_s: float = float("inf"),
    returns: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    generators: Set[str] = frozenset(),
) -> Plan:
    """The taps of a cell.

    Args:
        returns: `returns_of` the functions of the notebook.
        generators: those of them that are generators.

    Raises:
        TooLongError: reading the code would take longer than the budget.
    """
    result = Plan()
    columns = columns_of(tree)
    for scope in scopes_of(tree, with_functions=with_functions, budget_s=budget_s, generators=generators):
        for report in (it for loop in scope.loops for it in loop.reports):
            if report.container in columns and report.position < len(columns[report.container]):
                report.label = columns[report.container][report.position]
        _Judge(scope, result, returns).decide()
    for name, node in computed_where_drawn(tree.body):
        first = node.generators[0]
        loop = Loop(ast.For(first.target, first.iter, [ast.Expr(node.elt)], []), None, True)
        result.spots.append(
            Spot(name, "computed where it is drawn as a line", "", loop, node=node.elt, is_printed=True, is_drawn=True, is_reported=True, is_measure=True)
        )
    if len(result.spots) > _MOST:
        result.left_out = len(result.spots) - _MOST
        best = sorted(result.spots, key=lambda it: (not it.is_reported, not it.is_measure))[:_MOST]
        result.spots = [it for it in result.spots if any(it is kept for kept in best)]
    return result


class _Judge:
    """Decides about one scope."""

    def __init__(self, scope: Scope, result: Plan, returns: Mapping[str, tuple[str, ...]]) -> None:
        self._scope, self._result, self._returns = scope, result, returns
        self._keys = returned_keys(scope.body) if scope.place and scope.loops else {}
        self._taken: dict[tuple[str, Loop], Spot] = {}
        self._said: dict[tuple[str, Loop], list[Report]] = {}
        """Reports of a name in the loop that binds it."""
        self._others: list[tuple[Report, Loop, str]] = []
        """Reports of anything else: with their loop, and the name if it is one that an inner loop binds."""

    def decide(self) -> None:
        first = len(self._result.spots)
        for loop in self._scope.loops:
            for report in loop.reports:
                self._sort(report, loop)
        for loop in self._scope.loops:
            for name, bindings in loop.binds.items():
                rule = self._wants(name, bindings, loop)
                if rule:
                    self._take(name, bindings, loop, rule)
        for loop in self._scope.loops:
            self._take_states(loop)
            self._take_attributes(loop)
        for report, loop, name in self._others:
            self._take_report(report, loop, name)
        link(self._result.spots[first:], self._scope)

    def _sort(self, report: Report, loop: Loop) -> None:
        core = innermost(report.node)
        name = core.id if isinstance(core, ast.Name) else ""
        if report.way is Way.PRINTED and self._is_object(name, loop):
            self._others.append((report, loop, ""))
            return
        within = bool(name) and any(name in it.binds and it.inside(loop) for it in self._scope.loops)
        if name and name in loop.binds and not (within and all(it.kind is Kind.CONST for it in loop.binds[name])):
            self._said.setdefault((name, loop), []).append(report)
            return
        inner = name if within else ""
        if name in loop.given and (is_measure(name) or is_measure(snake(report.label))):
            self._others.append((report, loop, ""))
            return
        if name and not inner:
            outer = loop.parent
            while outer is not None and name not in outer.binds:
                outer = outer.parent
            if outer is not None:
                self._said.setdefault((name, outer), []).append(report)
            return
        self._others.append((report, loop, inner))

    def _wants(self, name: str, bindings: list[Binding], loop: Loop) -> str:
        """The rule by which a name that a loop rebinds becomes a curve; empty where none does."""
        if name.startswith("_") or name in self._scope.explicit or has_other_name(name, loop, self._said):
            return ""
        if loop.losses and name in loop.losses:
            return "a gradient is taken of it in a loop"
        reports = self._said.get((name, loop), [])
        if reports and all(it.way is Way.APPENDED and it.label in self._scope.summed_up for it in reports):
            return ""
        if loop.is_iterating and any(it.way is Way.APPENDED for it in reports) and all(isinstance(it.value, ast.Dict) for it in bindings):
            return "a record kept in each step of a loop"
        kind = join(it.kind for it in bindings)
        is_alias = all(isinstance(it.value, ast.Name) for it in bindings)
        named = is_measure(name) or any(is_measure(snake(it.label)) for it in reports) or (bool(reports) and all(is_score(it.value) for it in bindings))
        is_state = (
            bool(reports) and loop.is_iterating and len(self._scope.own.get(name, [])) > len(bindings)
        )  # what a sampler carries on, begun before its loop
        if kind not in NUMERIC and not (kind in _VAGUE and reports and (named or (is_state and kind is Kind.RANDOM))):
            return ""
        if is_alias and not reports:
            return ""
        if any(is_measure(it) for binding in bindings for it in self._returned(binding.value)):
            return "rebound in a loop to several measures"
        if _is_sum(bindings) and not reports:
            return ""
        if reports:
            if named or loop.is_iterating or any(it.way in (Way.PRINTED, Way.POSTFIX) for it in reports):
                way = "shown" if all(it.way in (Way.PRINTED, Way.POSTFIX) for it in reports) else "kept"
                return f"rebound and {way} in a loop"
            return ""
        is_begun = not self._scope.place or len(self._scope.own.get(name, [])) > len(bindings)  # an earlier cell may have begun it
        if is_schedule(name) and loop.is_iterating and loop.parent is None and is_begun:
            return "a setting that a loop changes"
        if self._is_step(name, loop) or self._is_kept_scaled(name, loop):
            return ""
        says = is_measure(name) or is_measure(snake(self._scope.shown.get(name, "")))  # `train_l`, shown as "loss" when all is done
        if says and ((loop.is_iterating and not self._scope.place) or not self._is_consumed(name, loop)):
            return "rebound in a loop, and its name says a measure"
        return ""

    def _take_states(self, loop: Loop) -> None:
        """Where a top-level loop keeps and shows nothing, what it carries on or computes for nothing else is its result."""
        if self._scope.place or loop.parent is not None or not loop.is_iterating or self._said_in(loop) or any(at is loop for _, at in self._taken):
            return
        for name, bindings in loop.binds.items():
            if name.startswith("_") or name in self._scope.explicit or join(it.kind for it in bindings) not in NUMERIC:
                continue
            if _is_sum(bindings) or all(isinstance(it.value, ast.Name) for it in bindings) or self._is_step(name, loop):
                continue
            if any(other != name and self._is_consumed(other, loop) for other in beside(name, (it.statement for it in bindings))):
                continue  # `pair, target, index = draw()`, of which the loop uses something
            carried = any(isinstance(it, ast.Name) and it.id == name for binding in bindings for it in walk(binding.value))
            if carried or not self._is_consumed(name, loop):
                self._take(name, bindings, loop, "rebound in a loop, and its result")

    def _said_in(self, loop: Loop) -> bool:
        return any(at is loop for _, at in self._said) or any(at is loop for _, at, _ in self._others)

    def _is_last_kept(self, node: ast.expr) -> bool:
        """`losses[-1]` of a list that the scope's loops fill: its last point."""
        if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.UnaryOp) and isinstance(node.slice.op, ast.USub)):
            return False
        kept = {report.label for loop in self._scope.loops for report in loop.reports if report.way is Way.APPENDED}
        return isinstance(node.value, ast.Name) and node.value.id in kept

    def _is_object(self, name: str, loop: Loop) -> bool:
        """Whether loops make objects of a class under this name, such as a meter that keeps a mean."""
        bindings = [*loop.binds.get(name, ()), *(loop.parent.binds.get(name, ()) if loop.parent is not None else ())]
        return bool(bindings) and all(isinstance(it.value, ast.Call) and (path_of(it.value.func)[-1:] or [""])[0][:1].isupper() for it in bindings)

    def _is_index(self, name: str, loop: Loop) -> bool:
        """Whether inner loops bind the name to nothing but their counters, as to where the best one was."""
        bindings = [binding for it in self._scope.loops if it.inside(loop) for binding in it.binds.get(name, ())]
        return bool(bindings) and all(isinstance(it.value, ast.Name) for it in bindings)

    def _is_step(self, name: str, loop: Loop) -> bool:
        """Whether an inner loop adds it up for the loop around: then the sum is the quantity. A loss, as that of a batch, is one by itself."""
        if loop.parent is None or is_loss(name) or any(name in it.losses for it in self._scope.loops):
            return False
        return any(
            isinstance(it, ast.AugAssign) and isinstance(it.op, ast.Add) and isinstance(it.value, ast.Name) and it.value.id == name for it in walk(loop.node)
        )

    def _is_kept_scaled(self, name: str, loop: Loop) -> bool:
        """Whether a list gets it in another sign or unit, `mse.append(-score)`: then that is the quantity."""
        for report in (
            it for inner in self._scope.loops if inner is loop or inner.inside(loop) for it in inner.reports if it.way in (Way.APPENDED, Way.STORED)
        ):
            is_named = is_measure(report.label) or is_history(report.label) or is_score(report.node)
            if is_named and isinstance(report.node, (ast.UnaryOp, ast.BinOp)) and is_scaled(report.node, name):
                return True
        return False

    def _is_consumed(self, name: str, loop: Loop) -> bool:
        """Whether the loop computes something else from the name; sums and comparisons do not count."""
        for it in self._scope.loops:
            if it is not loop and not it.inside(loop) and not loop.inside(it):
                continue
            for other, bindings in it.binds.items():
                if other != name and any(
                    not binding.adds_to_itself and not isinstance(binding.value, ast.Name) and reads(binding.value, name) for binding in bindings
                ):
                    return True
        stored = (it for it in walk(loop.node) if isinstance(it, (ast.AugAssign, ast.Assign)) and not binds_names(it))
        return any(reads(it.value, name) or (isinstance(it, ast.AugAssign) and reads(it.target, name)) for it in stored)  # `counts[guess] += 1`

    def _take(self, name: str, bindings: list[Binding], loop: Loop, rule: str) -> None:
        reports = self._said.get((name, loop), [])
        kept = [it.label for it in reports if it.way is Way.APPENDED and it.label]
        if _PREDICTED.fullmatch(name) and not any(is_measure(snake(it)) or is_history(it) for it in (name, *(report.label for report in reports))):
            return
        if len(set(kept)) > 1 and (len(bindings) > 1 or not any(it.statement in loop.node.body for it in reports if it.way is Way.APPENDED)):
            for report in (it for it in reports if it.way is not Way.PRINTED or len(set(kept)) < len(bindings)):  # several things, each with its own list
                self._add(Spot(report.label, rule, self._scope.place, loop, node=report.node, is_reported=True, is_measure=is_measure(report.label)))
            self._taken[name, loop] = self._result.spots[-1]
            return
        self._result.kept_in.update(it.label for it in reports if it.way is Way.APPENDED and it.statement in loop.node.body)
        keys = {it.label for it in reports if it.is_key}
        title = keys.pop() if len(keys) == 1 else _spoken(name, reports, snake(self._scope.shown.get(name, "")))
        each_step = next((it for it in reports if it.way in (Way.APPENDED, Way.STORED) and it.statement in loop.node.body), None)
        branches = [it for it in reports if each_step is not None and it is not each_step and (it.way, it.label) == (each_step.way, each_step.label)]
        begun = each_step is not None and each_step.way is Way.APPENDED and each_step.label in self._scope.begun
        is_record = all(isinstance(it.value, ast.Dict) for it in bindings)  # it may get more before it is kept
        if each_step is not None and (branches or begun or is_record or not any(it.statement in loop.node.body for it in bindings)):
            also = [it.node for it in branches]
            spot = Spot(
                title, rule, self._scope.place, loop, node=each_step.node, also=also, is_reported=True, is_measure=is_measure(title), label=each_step.label
            )
            self._taken[name, loop] = spot
            self._add(spot)
            return
        spot = Spot(
            title, rule, self._scope.place, loop, variable=name, bindings=bindings, is_reused=any(it.is_augmented for it in bindings),
            is_reported=bool(reports) or name in loop.losses, is_measure=is_measure(name) or name in loop.losses,
            label=kept[0] if len(kept) == 1 else "", about=next((it.about for it in reports if it.about), None),
        )  # fmt: skip
        self._taken[name, loop] = spot
        self._add(spot)

    def _take_attributes(self, loop: Loop) -> None:
        for assignment, name in loop.attributes:
            if (
                is_measure(name)
                and not name.startswith("_")
                and kind_of(assignment.value, self._scope.kinds) in NUMERIC
                and not isinstance(assignment.value, ast.Name)
            ):
                rule = "an attribute set in a loop, and its name says a measure"
                self._add(Spot(name, rule, self._scope.place, loop, assignment=assignment, is_measure=True))

    def _take_report(self, report: Report, loop: Loop, inner: str) -> None:
        if report.way is Way.YIELDED:
            return
        label = snake(report.label) if report.way is Way.PRINTED else report.label
        name = (label or own_name(report.node) or std_of(report.node)).rstrip("_")
        if not name:
            called = (path_of(report.node.func)[-1:] or [""])[0] if isinstance(report.node, ast.Call) else ""
            is_ours = isinstance(report.node, ast.Call) and isinstance(report.node.func, ast.Name) and loop.is_iterating and not hasattr(builtins, called)
            name = called if is_measure(called) or is_measured(called) or is_ours else f"{report.container}.{report.position}" if report.container else ""
        core = innermost(report.node)
        if report.way is Way.PRINTED and self._is_last_kept(core):
            return
        if inner:
            is_followed = any(key[0] == inner and key[1].inside(loop) for key in self._taken)
            if is_followed and report.way is Way.PRINTED:
                return
            if not is_followed:
                name = inner
        if not name or name.startswith("_") or name in self._scope.explicit or report.label in self._scope.explicit:
            return
        kind = kind_of(core, self._scope.kinds)
        named = is_measure(name) or is_measure(own_name(report.node)) or is_score(report.node) or is_call_of_measure(core)
        if not named and _is_mean_of_scores(core, loop):
            name, named = name if report.way is Way.APPENDED and report.label else f"{name}.mean", True
        if not named and not is_history(name) and _SAID.search((path_of(core) or [""])[0]):
            return  # what a model says of one case after the other
        if kind is Kind.COUNT and ((inner and not self._is_index(inner, loop)) or counts_steps(core, name)):
            kind = Kind.NUMBER  # counted anew in each step
        if kind in (Kind.COUNT, Kind.TIME, Kind.TEXT, Kind.TRUTH, Kind.OTHER, Kind.CONST) or (kind in _VAGUE and not named):
            return
        is_given = isinstance(core, ast.Name) and core.id in loop.given
        if isinstance(core, ast.Name) and not inner and not is_given and not self._is_object(core.id, loop):
            return
        way = {Way.PRINTED: "shown in a loop", Way.APPENDED: "kept in a list in a loop", Way.STORED: "kept in a loop", Way.POSTFIX: "shown by a progress bar"}[
            report.way
        ]
        if report.way in (Way.APPENDED, Way.STORED) and not named and not (loop.is_iterating or is_history(name)):
            return
        if report.way is Way.STORED and not (named or is_history(name)):
            return
        if report.way is Way.APPENDED and report.label in self._scope.summed_up:
            return
        if report.way is Way.APPENDED and not named and loop.parent is not None and report.label in loop.parent.binds:
            return  # made anew in each step of the loop around
        known = next((it for (it_name, it_loop), it in self._taken.items() if it_name == name and it_loop is loop), None)
        is_mean = known is not None and known.variable == name and isinstance(core, ast.Call) and path_of(core.func)[-1:] == ["mean"]
        if is_mean:
            name = name if loop.is_iterating else f"{name}.mean"  # what is bound is an array, and no curve
        elif known is not None and report.split and known.node is not None and ast.unparse(known.node) != ast.unparse(report.node):
            name = f"{report.split}_{name}"  # "Test: ... accuracy: {a}", where another line told that of the training
        elif known is not None:
            return
        others = [it.loop for it in self._result.spots if it.name == name and it.place == self._scope.place] if not is_mean else []
        clash = any(it is loop or it.inside(loop) or loop.inside(it) for it in others)  # what loops one after the other keep gets a number
        if clash:
            if report.way is Way.PRINTED and any(it.name == name and it.loop is loop for it in self._result.spots):
                return
            plain, name = name, f"{loop.target}_{name}" if loop.target and len(loop.target) > 1 else f"{name}_outer"
        spot = Spot(
            name, way, self._scope.place, loop, node=report.node, is_printed=is_given or report.way in (Way.PRINTED, Way.POSTFIX), is_reported=True,
            is_measure=named, label="" if report.way is not Way.APPENDED else report.container or report.label, position=report.position,
            about=report.about, is_given=is_given, plain=plain if clash else "",
        )  # fmt: skip
        self._taken[name, loop] = spot
        self._add(spot)

    def _add(self, spot: Spot) -> None:
        if not spot.is_measure and _ASKS.fullmatch(spot.place.rpartition(".")[2]):
            return
        if spot.name == spot.label and not is_measure(spot.name) and is_measure(key := self._keys.get(spot.label, "")):
            spot.name, spot.is_measure = key, True
        spot.split = split_of(spot, self._scope)
        if spot.split is None and is_among_lists(spot, self._scope):
            return
        if spot.split is None and (kept := kept_by_setting(spot)) is not None:
            spot.split, spot.name = ast.Tuple(kept.keys, ast.Load()), kept.label
        around = spot.loop.parent
        is_made = around is not None and any(isinstance(it.value, ast.List) and not it.value.elts for it in around.binds.get(spot.label, ()))
        spot.is_anew = is_made and not spot.split and spot.loop.is_iterating and around is not None and not around.is_iterating
        if spot.label in self._scope.begun and spot.node is not None:
            first, statement = self._scope.begun[spot.label]
            them = [it.elts[spot.position] if isinstance(it, (ast.Tuple, ast.List)) and spot.position < len(it.elts) else it for it in first.elts]
            if not any(isinstance(it, (ast.Tuple, ast.List, ast.Dict, ast.Starred)) for it in them):
                spot.also.extend(them)
                spot.begun = statement
        values = [it.value for it in spot.bindings] if spot.bindings else [spot.node] if spot.node is not None else []
        spot.members = tuple(self._scope.unpacked.get(spot.variable, ())) or next((it for value in values if (it := self._returned(value))), ())
        self._result.spots.append(spot)

    def _returned(self, value: ast.expr) -> tuple[str, ...]:
        """What the function of the notebook returns that is called."""
        return self._returns.get(path_of(value.func)[-1], ()) if isinstance(value, ast.Call) and path_of(value.func) else ()


def _spoken(name: str, reports: list[Report], shown: str) -> str:
    """The name in the code, or where that is an abbreviation, the label it is shown with, in the loop or after it."""
    if not reports and not is_measure(name) and is_measure(shown):
        return shown
    labels = {snake(it.label) for it in reports if it.way is Way.PRINTED and is_measure(snake(it.label))}
    return labels.pop() if len(labels) == 1 and len(name) <= _SHORT and not is_measure(name) else name


def _is_mean_of_scores(node: ast.expr, loop: Loop) -> bool:
    """`results.mean()`, where the loop binds `results = cross_val_score(model, X, y)`."""
    about = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("mean", "median") else None
    bindings = loop.binds.get(about.id, []) if isinstance(about, ast.Name) else []
    return bool(bindings) and all(isinstance(it.value, ast.Call) and is_score(it.value.func) for it in bindings)


def _is_sum(bindings: list[Binding]) -> bool:
    """Whether the loop does nothing but add to it, and set it back."""
    return all(it.adds_to_itself or it.kind is Kind.CONST for it in bindings)
