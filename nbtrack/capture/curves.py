"""Curves: numbers that loops compute, keep or show, step by step, by taps woven into executed cells."""

from __future__ import annotations

import ast
import contextlib
import math
import time
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType
from typing import Any

from nbtrack import settings
from nbtrack.capture.following import HEADS, Drainer, Following, alike, earlier_heads, names_of
from nbtrack.capture.measures import TOLD_APART, Measured, metrics
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import bindings
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.sites import of_trials
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave import taps
from nbtrack.capture.weave.expressions import reads
from nbtrack.capture.weave.functions import generators_of, returns_of
from nbtrack.capture.weave.histories import LISTS, histories, rounds_of, sizes_of
from nbtrack.capture.weave.insert import Transformer, insert, magic_of
from nbtrack.capture.weave.loops import TooLongError
from nbtrack.capture.weave.modules import ModuleWeaver
from nbtrack.capture.weave.plan import plan
from nbtrack.capture.weave.series import Series
from nbtrack.capture.weave.spot import Spot
from nbtrack.capture.weave.taps import Shape, Tap
from nbtrack.capture.weave.values import is_number, loaded
from nbtrack.entities.ledger import Entry
from nbtrack.errors import SettingError
from nbtrack.journal.fold import points_of
from nbtrack.records import dataclass

_SINGLES = "curves: numbers of several things"
_SIZES, _KEPT_IN = "curves: sizes of dicts", "curves: lists that are tapped"
_FEW = 3
"""Values, no two alike, from which on those of a curve now and then are known to be its."""
_FIRST = 2
"""Values of an earlier cell that belong to the curve of this one."""
_TRAININGS = 10
"""Of one run, whose rounds are told apart by a number."""
_HEAD = 1000
"""Values by which two curves are told apart."""
_WORDS = "for", "while", "return", "yield"
"""One of them stands in the code of a cell that is of interest here."""


class Curves(Source):
    """Weaves taps into every executed cell, and takes values out of them while a tracked cell runs."""

    name = "curves"
    kind = "curves"

    def __init__(self) -> None:
        self._shell: Any = None
        self.transformer = Transformer(self._weave_cell)
        self._woven: dict[str, list[tuple[Spot, Tap]]] = {}
        self._spots: list[tuple[Spot, Tap]] = []
        self._active: Following | None = None
        self._calls: list[_Call] = []
        """Calls that are runs of their own, the innermost last."""
        self._drainer = Drainer()
        self._modules: ModuleWeaver | None = None
        self._unsaid: list[str] = []
        self._returns: dict[str, tuple[str, ...]] = {}
        """What functions of the notebook return, see `returns_of`."""
        self._generators: set[str] = set()
        self._budget_s = math.inf
        self._of_trials: set[str] = set()
        """Functions whose steps are those of the trials of a study."""

    def start(self, shell: Any) -> None:
        self._shell = shell
        self.transformer.start(shell)
        with contextlib.suppress(SettingError):  # whoever begins a run says what is wrong
            chosen = settings.load()
            self._budget_s = chosen.budget_ms / 1000
            if chosen.capture_modules:
                self._modules = ModuleWeaver(Path.cwd(), self._weave_module)
                self._modules.start()

    def stop(self) -> None:
        if self._active is not None:
            self._active.end()
            self._active = None
        for _, tap in self._spots:
            tap.off()
        if self._modules is not None:
            self._modules.stop()
        self._drainer.stop()
        self.transformer.stop()

    def enter(self, entry: Entry) -> None:
        self._calls.clear()
        taps.install(self._shell.user_ns, self._shell.user_ns_hidden)  # after %reset it is gone
        if any(word in entry.code for word in _WORDS):
            self.transformer.arm(entry)

    def leave(self, entry: Entry) -> None:
        self.transformer.disarm()
        active = self._active
        if active is not None and active.cell.entry is entry:
            self._active = None
            for _, tap in self._spots:
                tap.off()
            entry.facts[self.name] = active.end()
            entry.facts[_SINGLES] = active.singles
            entry.facts[TOLD_APART] = {spot.variable for _, _, spot in active.singles} | active.parts

    def before(self, cell: Cell) -> Iterable[Finding]:
        self._budget_s = cell.chosen.budget_ms / 1000
        self._say_all(cell)
        if self._active is None:
            self._active = Following(cell, self._drainer)
            self._of_trials = of_trials(program_of(cell)) if loaded("optuna") is not None or "optuna" in cell.code else set()
            for spot, tap in self._spots:
                self._add(self._active, spot, tap)
        cell.entry.facts[_SIZES] = sizes_of(cell)
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        kept: list[Series] = cell.entry.facts.get(self.name, [])
        yield from self._whole(cell)
        for series in kept:
            about = f"{series.seen:,} points" if not series.is_about else f"more than {series.seen:,} points"
            yield Finding("curve", series.name, f"{about}, last {series.last:.6g}", series.spot.rule, keep=_is_kept)

    def begin_call(self, cell: Cell) -> None:
        """A call that is a run of its own begins: what loops of functions compute is its until `end_call`, which comes in the same thread."""
        spots = [(spot, tap) for spot, tap in self._spots if spot.place]
        if not spots:
            return
        around = self._calls[-1].following if self._calls else self._active
        lent = around.lend({id(tap) for _, tap in spots}) if around is not None else {}
        drainer = Drainer()  # the cell's own is busy with the cell
        following = Following(cell, drainer)
        self._calls.append(_Call(following, drainer, [tap for _, tap in spots], around, lent))
        for spot, tap in spots:
            following.add(spot, tap)

    def end_call(self, run: TrackedRun) -> None:
        """Its last values are in the journal when this returns."""
        if not self._calls or self._calls[-1].following.cell.run is not run:
            return
        call = self._calls.pop()
        for tap in call.taps:
            tap.off()
        call.following.end()
        call.drainer.stop()
        if call.around is not None:
            call.around.take_back(call.lent)

    @staticmethod
    def _whole(cell: Cell) -> Iterable[Finding]:
        """Curves the cell leaves behind, but for those that were seen while it ran."""
        kept = Kept(cell)
        for it in histories(cell, cell.entry.facts.get(_SIZES, {}), cell.entry.facts.get(_KEPT_IN, set())):
            yield from kept.take(it[0], it[1], it[2], *it[3:])
        for it in rounds_of(cell):
            name, values, rule = it[:3]
            yield from kept.take(name, values, rule, *(f"{name}-{number}" for number in range(2, _TRAININGS)))  # as MLflow's autologging is made to call them

    def _weave_cell(self, tree: ast.Module, entry: Entry) -> bool:
        if magic_of(entry) and entry.tree is not None and ast.dump(tree) != ast.dump(entry.tree):
            return False
        if "return" in entry.code:
            self._returns.update(returns_of(tree))
        if "yield" in entry.code:
            self._generators.update(generators_of(tree))
        if ("for" in entry.code or "while" in entry.code) and taps.NAME not in entry.code:
            self._weave(tree, entry.code, entry)
        return True

    def _weave_module(self, tree: ast.Module, source: str) -> None:
        """Weave taps into a module of the notebook's folder."""
        if "numba" not in source and taps.NAME not in source:
            self._weave(tree, source, None)

    def _weave(self, tree: ast.Module, source: str, entry: Entry | None) -> None:
        try:
            found = plan(tree, with_functions=not self._may_be_compiled(), budget_s=self._budget_s, returns=self._returns, generators=self._generators)
        except TooLongError:
            self._say(entry, "reading the loops of {cell} took longer than budget_ms allows, so they leave no curves")
            return
        if found.left_out:
            self._say(entry, f"of the loops of {{cell}} {found.left_out:,} values more than those kept could have been curves")
        if entry is not None:
            entry.facts[_KEPT_IN] = found.kept_in
        for spot in found.spots:
            spot.cell = entry.number if entry is not None else 0
        if not found.spots:
            return
        known = self._woven.get(source, [])
        fresh: list[tuple[Spot, Tap]] = []

        def tap_for(spot: Spot, shape: Shape, has_outer: bool) -> Tap:
            at = len(fresh)
            tap = known[at][1] if at < len(known) and known[at][1].shape is shape else Tap(shape, spot.is_reused)
            if has_outer and shape is Shape.CALL:
                tap.add_boundary()
            fresh.append((spot, tap))
            return tap

        insert(tree, found.spots, tap_for)
        old = {id(tap) for _, tap in known}
        self._woven[source] = fresh
        self._spots = [*((spot, tap) for spot, tap in self._spots if id(tap) not in old), *fresh]
        active = self._active
        bound = entry.scope.writes if entry is not None else frozenset()
        if active is not None and (entry is None or active.cell.entry is entry):
            active.forget(old)
            for spot, tap in fresh:
                self._add(active, spot, tap)
                if not spot.place and spot.node is not None and spot.label not in bound:
                    tap.record.extend(_first(self._shell.user_ns.get(spot.label)))

    def _add(self, following: Following, spot: Spot, tap: Tap) -> None:
        if self._of_trials.isdisjoint(spot.place.split(".")):
            following.add(spot, tap)

    def _say(self, entry: Entry | None, text: str) -> None:
        """Put a notice on the run of the cell, or where that is not tracked, on the next run."""
        active = self._active
        is_own = active is not None and active.cell.entry is entry
        self._unsaid.append(text.format(cell="this cell" if is_own else f"cell {entry.number}" if entry is not None else "a module of this folder"))
        if active is not None and is_own:
            self._say_all(active.cell)

    def _say_all(self, cell: Cell) -> None:
        if cell.run is not None:
            for text in self._unsaid:
                cell.run.notice(text)
            self._unsaid.clear()

    def _may_be_compiled(self) -> bool:
        """Whether the notebook has numba: it compiles functions from all that is in them, and refuses what it does not know."""
        numba = loaded("numba")
        return numba is not None and any(
            value is numba or str(type(value).__module__).startswith("numba.") or (type(value) is FunctionType and str(value.__module__).startswith("numba."))
            for value in list(self._shell.user_ns.values())
        )


@dataclass(frozen=True)
class _Call:
    following: Following
    drainer: Drainer
    taps: list[Tap]
    around: Following | None
    """What has the taps when the call has ended."""
    lent: dict[int, Series]


def _first(value: Any) -> list[Any]:
    """What an earlier cell put into a list before this one goes on with it: a value or two, such as the cost before the first step."""
    return [it for it in value if is_number(it)] if type(value) is list and 0 < len(value) <= _FIRST else []


class Singles(Source):
    """Numbers that a loop through several things computed once for each; what the cell keeps of them in dicts and tables has its names from there."""

    name = "numbers of several things"
    kind = "metrics"

    def after(self, cell: Cell) -> Iterable[Finding]:
        singles = cell.entry.facts.get(_SINGLES, [])
        rule = "computed for each of several things"
        return metrics(cell, (Measured(name, value, rule, f"{name}:{spot.name}", table=f"each {spot.place}:{spot.name}") for name, value, spot in singles))


class Kept:
    """The curves a cell has, when it has ended; takes those that are found whole."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        kept: list[Series] = cell.entry.facts.get(Curves.name, [])
        self._names = {it.name for it in kept}
        self._heads: list[list[float]] = cell.entry.facts.setdefault(HEADS, [*earlier_heads(cell), *(it.head for it in kept)])
        self._taken: set[str] | None = None

    def take(self, name: str, values: list[float], rule: str, *other_names: str) -> Iterable[Finding]:
        """Record a curve, unless its values are those of one that is there, or its name is taken, and so are the other ones."""
        cell, taken = self._cell, self._look()
        is_other = bool(name) and name not in self._names and name in taken and not self._goes_on(values) and not self._is_made_of(name, values)
        numbered = (f"{name}_{number}" for number in range(2, _TRAININGS)) if is_other else ()
        name = next((it for it in (name, *other_names, *numbered) if it and it not in self._names and it not in taken), "")
        is_telling = len(set(values)) > _FEW or ("-" in name and len(values) > 1)
        parts_of = (head for head in self._heads if is_telling and len(values) < len(head) and set(values) <= set(head))
        is_part = any(not (rule.startswith(LISTS) and _is_sample(values, head)) for head in parts_of)
        if not name or is_part or not cell.choice.wants(name) or any(alike(values[:_HEAD], head[: len(values)]) for head in self._heads):
            return
        self._names.add(name)
        self._heads.append(values[:_HEAD])
        if cell.run is not None:
            now = time.time_ns()
            cell.run.log_many(name, list(range(len(values))), [now] * len(values), values)
            cell.run.curve_ends[name] = values[-1]
            cell.run.curve_heads.append(values[:_HEAD])
        yield Finding("curve", name, f"{len(values):,} points, last {values[-1]:.6g}", rule, keep=_is_kept)

    def _goes_on(self, values: list[float]) -> bool:
        """Whether a curve has the first of these values, as of a list that a later cell has made longer."""
        return any(len(head) < len(values) and alike(values[: len(head)], head) for head in self._heads)

    def _is_made_of(self, name: str, values: list[float]) -> bool:
        """Whether the cell makes a list of what the name held, `losses = [math.log(it) for it in losses]`, or it is a curve in percent."""
        tree = self._cell.entry.tree
        made = [value for statement in (tree.body if tree is not None else ()) for it, value in bindings(statement) if it == name]
        shares = [[it * factor for it in values[:_HEAD]] for factor in (100, 0.01)]
        return any(reads(it, name) for it in made) or any(alike(share, head[: len(values)]) for head in self._heads for share in shares)

    def has(self, values: list[float], within: list[float]) -> bool:
        """Whether a curve runs through these values in their order, each known to within so much; also in percent."""
        self._look()
        return any(_runs_through(head, values, within, factor) for head in self._heads for factor in (1, 100, 0.01))

    def has_whole(self, values: list[float]) -> bool:
        """Whether these are all the values of a curve, cut off above or below: `plt.plot(np.clip(losses, 0, 10))`."""
        self._look()
        return any(_is_cut(values, head) for head in self._heads)

    def _look(self) -> set[str]:
        """Names that are taken in the run; curves of MLflow's autologging are known from then on."""
        if self._taken is None:
            run = self._cell.run
            self._taken = names_of(run)
            if run is not None and run.autologged:
                self._heads.extend(_heads_of(run, run.autologged))
        return self._taken


def _is_sample(values: list[float], head: list[float]) -> bool:
    """Whether a list has every so-manieth value of a curve, `if i % 100 == 0: costs.append(cost)`: that is how the code keeps it."""
    first = head.index(values[0])
    step = head.index(values[1], first) - first if values[1] in head[first:] else 0
    them = head[first::step] if step > 1 else []
    return len(them) >= _FEW and alike(values[: len(them)], them[: len(values)])


def _runs_through(head: list[float], values: list[float], within: list[float], factor: float) -> bool:
    """Whether the first values of a curve pass these ones, or as many of them as they are enough for."""
    them = iter(head)
    for met, (value, error) in enumerate(zip(values, within, strict=True)):
        if value == value and not any(abs(it * factor - value) <= error for it in them):  # noqa: PLR0124 - NaN is not itself
            return met >= _FEW and len(head) == _HEAD
    return True


def _is_cut(values: list[float], head: list[float]) -> bool:
    """Whether some values are those of a curve, but for the ones that lie beyond their own ends."""
    if len(values) != len(head) and not (len(head) == _HEAD and len(values) > _HEAD):
        return False
    top, bottom = max(values), min(values)
    pairs = [
        (ours, theirs) for ours, theirs in zip(values, head, strict=False) if not (ours == top and theirs > top) and not (ours == bottom and theirs < bottom)
    ]
    return len(pairs) > _FEW and alike([ours for ours, _ in pairs], [theirs for _, theirs in pairs])


def _heads_of(run: TrackedRun, names: set[str]) -> list[list[float]]:
    """The first values of some metrics of a run."""
    found: dict[str, list[float]] = {}
    for name, _, _, value in points_of(run.home, run.run_id):
        if name in names and len(them := found.setdefault(name, [])) < _HEAD:
            them.append(value)
    return [them for them in found.values() if len(them) > 1]


def _is_kept(_: TrackedRun) -> None:
    """The points are in the journal already."""
