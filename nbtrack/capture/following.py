"""The taps of one tracked cell while it runs: the thread that empties them, and what their curves are called."""

from __future__ import annotations

import ast
import json
import math
import queue
import threading
from collections.abc import Iterator

from nbtrack.capture.flavors import is_model
from nbtrack.capture.known import module_of, own_values
from nbtrack.capture.measures import providers
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import bindings
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.sites import is_repeated, kept_under, named_at, ran_alone, uses_result
from nbtrack.capture.source import Cell
from nbtrack.capture.weave.averaged import is_mean_of_calls
from nbtrack.capture.weave.histories import numbers_of
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.points import Points
from nbtrack.capture.weave.scope import Loop
from nbtrack.capture.weave.series import Series
from nbtrack.capture.weave.spot import Spot
from nbtrack.capture.weave.taps import Tap
from nbtrack.capture.weave.words import is_history, is_measure, is_result
from nbtrack.journal.fold import events_of, series_names
from nbtrack.notebooks.nodes import walk

HEADS = "curves: first values"
_SLOWEST_S, _FASTEST_S, _FIRST_S = 0.25, 0.005, 0.02
_MOMENT_S = 0.001
_FULL = 50_000
"""Values in one look from which the next one comes sooner: what waits is bounded."""
_FEW = 2
"""Values by which a member of a dict is told from a curve that may be a step ahead."""


class Drainer:
    """The thread that empties taps; started with the first tracked cell that has any, since starting one would cost every cell."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Following | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def watch(self, active: Following) -> None:
        """Empty the taps of a cell until it ends."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="nbtrack-curves", daemon=True)
            self._thread.start()
        self._queue.put(active)

    def stop(self) -> None:
        """End the thread."""
        if self._thread is not None and self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while (active := self._queue.get()) is not None:
            active.drain()


class Following:
    """The taps of one tracked cell while it runs."""

    def __init__(self, cell: Cell, drainer: Drainer) -> None:
        self.cell, self._drainer = cell, drainer
        self._budget = cell.chosen.curve_points
        self._series: dict[int, Series] = {}
        self._names: dict[str, Series] = {}
        self._models: dict[str, Loop] = {}
        """The loops that have to do with one model each."""
        self._taken: set[str] | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._is_watched = False
        self.parts: set[str] = set()
        """Names whose values are parts of a mean that is a curve."""
        self.singles: list[tuple[str, float, Spot]] = []
        """Numbers that a loop computed once for each of several things."""

    def add(self, spot: Spot, tap: Tap) -> None:
        """Switch a tap on."""
        with self._lock:
            self._series[id(tap)] = Series(spot, tap, self._budget, self._claim, self._write, self._has_twin, is_told=self._is_told)
            tap.on()
        if not self._is_watched:
            self._is_watched = True
            self._drainer.watch(self)

    def forget(self, them: set[int]) -> None:
        """Let go of taps whose code is woven anew."""
        with self._lock:
            for key in them:
                self._series.pop(key, None)

    def lend(self, them: set[int]) -> dict[int, Series]:
        """Let another run have some taps until `take_back`; what they gave so far is ours."""
        with self._lock:
            lent = {key: series for key in them if (series := self._series.pop(key, None)) is not None}
            for series in lent.values():
                series.drain()
        return lent

    def take_back(self, lent: dict[int, Series]) -> None:
        """Go on with taps that were lent."""
        with self._lock:
            for series in lent.values():
                series.resume()
            self._series.update(lent)

    def end(self) -> list[Series]:
        """Take the last values; returns the curves."""
        self._ended.set()
        with self._lock:
            them = list(self._series.values())
            for series in them:
                series.drain()
                if series.is_sampled and not series.spot.place and series.spot.bindings:
                    series.add_last(self.cell.namespace.get(series.spot.variable))
            for series in sorted(them, key=lambda it: (it.spot.is_part, it.spot.is_printed)):
                series.finish()
            for series in them:
                series.decide_members(at_end=True)
        self.singles = [(name, value, series.spot) for first in them for series in (first, *first.later) for name, value in series.single()]
        self.parts = {series.spot.variable for series in them if series.is_part and not series.spot.place}
        kept = [series for first in them for series in first.all() if series.name]
        if self.cell.run is not None:
            self.cell.run.curve_models.update(self._models)
            self.cell.run.curve_parts.update((series.spot.place, series.spot.name) for series in them if series.is_part)
        if kept and self.cell.run is not None:
            self._tell(self.cell.run, kept)
        return kept

    def drain(self) -> None:
        """Take values out until the cell ends."""
        wait_s = _FIRST_S
        while not self._ended.wait(wait_s):
            try:
                with self._lock:
                    if self._ended.is_set():
                        return
                    them = list(self._series.values())
                    most = max((series.drain() for series in them if not series.is_sampled), default=0)
                    for series in them:
                        series.give_way()
                        series.decide_members()
                self._sample([series for series in them if series.is_sampled])
            except Exception as cause:  # noqa: BLE001 - the user's loop goes on without curves
                for series in list(self._series.values()):
                    series.tap.off()
                if self.cell.run is not None:
                    self.cell.run.notice(f"curves could not be captured any more: {cause!r}")
                return
            wait_s = max(_FASTEST_S, wait_s / 2) if most > _FULL else min(_SLOWEST_S, wait_s * 2)

    def _sample(self, them: list[Series]) -> None:
        """Look for a moment at loops that are too fast to be followed."""
        if not them:
            return
        for series in them:
            series.open()
        self._ended.wait(_MOMENT_S)
        with self._lock:
            for series in them:
                series.close()

    def _claim(self, series: Series) -> str:
        """A name that no other series of the run has; empty where the user does not want it."""
        spot = series.spot
        if not self.cell.choice.wants(spot.name) or self._is_aside(spot):
            return ""
        if self._taken is None:
            self._taken = names_of(self.cell.run)
        function = spot.place.rpartition(".")[2]
        is_ours = bool(function) and any(
            not it.spot.place and not it.spot.is_given and it.spot.name == spot.name for it in self._series.values() if it.spot.cell == self.cell.entry.number
        )
        model = self._model_of(spot)
        is_again = not function or (self.cell.run is not None and self.cell.run.curve_places.get(spot.name) == spot.place)
        owners = [it for it in (model if is_again else "", self._holder(function), function) if it]  # what only looks at a model is called by what it does
        is_later = any(_comes_before(it, series) for it in self._series.values())
        wanted = [*([] if is_ours or is_later else [spot.name]), *(f"{it}.{spot.name}" for it in owners)]
        kept = self._kept_under(series)
        if kept:
            spot_name, wanted = kept, [kept]
        elif series.first is not None and series.first.name:
            spot_name, wanted = series.first.name, list(self._holders(series))
        else:
            spot_name = spot.name
        if not spot.place and self._is_of_others(spot_name) and spot.loop.target.strip("_"):
            wanted.append(f"{spot.loop.target}.{spot_name}")
        if not spot.place and spot.label and self._taken.isdisjoint((spot.label,)) and series.first is None and not is_later:
            wanted.append(spot.label)  # `svm_err`, where an earlier cell kept its `err` in `knn_err`
        wanted += [f"{spot_name}_{number}" for number in range(2, 1000)]
        name = next((it for it in wanted if it not in self._taken), "")
        self._taken.add(name)
        self._names[name] = series
        return name

    def _model_of(self, spot: Spot) -> str:
        """The one model that the loop, or the cell's one call of the function, has to do with; empty where other loops of the run have left curves of it."""
        run, tree, root = self.cell.run, self.cell.entry.tree, spot.loop.root
        function = spot.place.rpartition(".")[2]
        if run is None or tree is None:
            return ""
        names = named_at(tree, function) if function else {it.id for it in walk(root.node) if isinstance(it, ast.Name)}
        them = [it for it in names if is_model(self.cell.namespace.get(it))]
        if len(them) != 1 or them[0] in run.curve_models:
            return ""
        return them[0] if self._models.setdefault(them[0], root) is root else ""

    def _holder(self, function: str) -> str:
        """What the cell binds the history to that its one call of a function gives: `hist_adam`; empty where that is nothing."""
        tree = self.cell.entry.tree
        pairs = [it for statement in (tree.body if tree is not None and function else ()) for it in bindings(statement)]
        them = [name for name, value in pairs if isinstance(value, ast.Call) and path_of(value.func)[-1:] == [function]]
        return them[0] if len(them) == 1 and (is_history(them[0]) or (is_result(them[0]) and not is_measure(them[0]))) else ""

    def _kept_under(self, series: Series) -> str:
        """Where the cell keeps what this call of the function gives, see `kept_under`."""
        spot = series.spot
        if not spot.place or "." in spot.place or "]" not in self.cell.entry.code:
            return ""
        them = kept_under(program_of(self.cell), spot.place, {spot.label, spot.variable} - {""})
        call = series.first.later.index(series) + 1 if series.first is not None else 0
        return them[call] if call < len(them) else ""

    def _holders(self, series: Series) -> Iterator[str]:
        """What the curve of a later call may be called by what keeps it: `losses_sgd`, or `second.loss` of an object of the notebook."""
        if not self._ended.is_set() or series.count > len(series.head):
            return
        tree = self.cell.entry.tree
        bound = dict.fromkeys(name for statement in (tree.body if tree is not None else ()) for name, _ in bindings(statement))  # once, not in a loop
        for name in bound:
            value = self.cell.namespace.get(name)
            if module_of(type(value)) == "__main__":
                if any(alike(numbers_of(held), series.head) for held in own_values(value).values()):
                    yield f"{name}.{series.spot.name}"
            elif (is_measure(name) or is_history(name)) and alike(numbers_of(value), series.head):
                yield name

    def _is_aside(self, spot: Spot) -> bool:
        """Whether a function that earlier cells have trained with runs here for something else: a sweep of settings, or one more look at data."""
        run, function = self.cell.run, spot.place.rpartition(".")[2]
        if not function:
            return False
        if spot.begins_anew:
            earlier = (it.tree.body for it in self.cell.ledger.before(self.cell.entry) if it.tree is not None)
            owners = {name for name, value in self.cell.namespace.items() if module_of(type(value)) == "__main__"} if "." in spot.place else set()
            return is_repeated(program_of(self.cell), function) and any(ran_alone(body, function, owners) for body in earlier)
        is_known = (
            run is not None and spot.name not in self._names and (run.curve_places.get(spot.name) == spot.place or (spot.place, spot.name) in run.curve_parts)
        )
        return is_known and not is_repeated(program_of(self.cell), function)

    def _is_of_others(self, name: str) -> bool:
        """Whether the run has a single number of this name, which an earlier cell computed, or a curve that grew in a function."""
        run = self.cell.run
        if run is None or name in self._names:
            return False
        return bool(run.curve_places.get(name)) or (name in run.metric_values and name not in run.curve_ends)

    def _write(self, name: str, points: Points) -> None:
        if self.cell.run is not None:
            self.cell.run.log_many(name, points.steps, points.times_ns, points.values)

    def _has_twin(self, series: Series) -> bool:
        """Whether a curve has the same values: as many, and alike at both ends and between."""
        if series.is_member:  # others may be a step ahead, and not be decided yet
            return any(not it.is_member and len(it.head) >= _FEW and _begin_alike(it.head, series.head) for it in self._series.values())
        if series.spot.is_drawn and any(alike(series.head, head[: len(series.head)]) for head in earlier_heads(self.cell)):
            return True
        others = [it for first in self._series.values() for it in first.all() if it is not series and it.name]
        return any(it.count == series.count and alike(it.head, series.head) and alike([it.last or 0.0], [series.last or 0.0]) for it in others) or (
            series.spot.is_printed and any(_is_now_and_then(series, it) for it in others)
        )

    def _is_told(self, spot: Spot) -> bool:
        """Whether a mean that a spot's values go into has points of its own, in the function or where it is called.

        Of a function that takes no gradient of them the mean says enough, however often it is called: it measures a model, or some data.
        """
        if spot.variable and spot.variable in self.cell.request.measured:
            return False
        function = spot.place.rpartition(".")[2]
        is_looked = spot.is_returned and spot.variable not in spot.loop.losses and not spot.begins_anew
        if is_looked and uses_result(program_of(self.cell), function):
            return True
        if any(self._is_left(name) for name in spot.summed_in):
            return True
        for first in self._series.values():
            if any(len(it.head) >= _FEW for it in first.all()) and (
                any(first.spot is it for it in spot.means) or (spot.is_returned and first.spot is not spot and is_mean_of_calls(first.spot, function))
            ):
                return True
        return False

    def _is_left(self, name: str) -> bool:
        """Whether a list that the cell makes and fills will be a curve when it ends."""
        return (
            name in self.cell.entry.scope.writes
            and (is_measure(name) or is_history(name))
            and len(numbers_of(self.cell.namespace.get(name), whole=True)) >= _FEW
        )

    @staticmethod
    def _tell(run: TrackedRun, kept: list[Series]) -> None:
        run.curve_ends.update({series.name: series.last for series in kept if series.last is not None})
        run.curve_heads.extend(series.head for series in kept)
        run.curve_places.update({series.name: series.spot.place for series in kept})
        thinned = {series.name: {"points": series.seen, "about": series.is_about} for series in kept if series.is_thinned}
        if thinned:
            run.tag("nbtrack.thinned", json.dumps(thinned))
        outer = {
            series.name: {"outer": series.spot.loop.parent.target if series.spot.loop.parent else "", "ends": series.ends} for series in kept if series.ends
        }
        if outer:
            run.artifact_bytes("curves/outer-steps.json", json.dumps(outer).encode())


def _comes_before(some: Series, other: Series) -> bool:
    """Whether one is that of the first of two loops that fill a list of the same name, and has none yet."""
    first, then = some.spot, other.spot
    is_one = first is not then and (first.name, first.place, first.cell) == (then.name, then.place, then.cell)
    return is_one and not some.name and some.is_curve() and first.loop.node.lineno < then.loop.node.lineno


def earlier_heads(cell: Cell) -> list[list[float]]:
    """The first values of curves that the cell's run has, and those of the cells that it comes from."""
    own = cell.run.curve_heads if cell.run is not None else ()
    return [*own, *(head for entry in providers(cell) for head in entry.facts.get(HEADS, ()))]


def names_of(run: TrackedRun | None) -> set[str]:
    """Metrics the run has already."""
    return set() if run is None else set(series_names(events_of(run.home, run.run_id)).values())


def _is_now_and_then(some: Series, other: Series) -> bool:
    """Whether one curve has some of another's values; of that only the first are at hand."""
    least = len(some.head) if other.count <= len(other.head) else max(2, int(len(some.head) * len(other.head) / other.count) - 1)
    return set(some.head[:least]) <= set(other.head)


def _begin_alike(some: list[float], others: list[float]) -> bool:
    least = min(len(some), len(others))
    return alike(some[:least], others[:least])


def alike(some: list[float], others: list[float]) -> bool:
    return len(some) == len(others) and all(
        a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b)) or (math.isnan(a) and math.isnan(b)) for a, b in zip(some, others, strict=True)
    )
