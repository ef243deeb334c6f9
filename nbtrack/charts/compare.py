"""Runs compared: one object that a notebook shows, a widget asks, a terminal prints and a program reads."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from nbtrack import settings
from nbtrack.amounts import counted
from nbtrack.charts import answers, curves, draw, still
from nbtrack.charts.acts import act
from nbtrack.charts.details import details
from nbtrack.charts.frame import chosen_metric, frame, number, sendable, shown, title_among
from nbtrack.charts.importance import importance
from nbtrack.charts.needs import need
from nbtrack.charts.picture import Picture
from nbtrack.charts.relation import is_logarithmic, parallel, scatter
from nbtrack.charts.rows import Rows, differing, is_number, rows
from nbtrack.charts.select import Selection, select
from nbtrack.charts.shapes import Ask, Curves, Failed, Problem, Runs, Series, X
from nbtrack.charts.spark import spark
from nbtrack.charts.spreadsheet import as_csv
from nbtrack.charts.statistics import grouping, statistics
from nbtrack.entities import RunView
from nbtrack.errors import NbtrackError, UnknownRunError, UsageError
from nbtrack.journal import Home
from nbtrack.reads import find, fresh, words
from nbtrack.reads.query import parse
from nbtrack.reads.terms import names_of
from nbtrack.reads.unmatched import unmatched

if TYPE_CHECKING:
    import pandas as pd

FIGURES = ("curves", "bands", "parallel", "scatter", "importance", "statistics")
_MOST_DRAWN, _MOST_ASKED, _MOST_METRICS = 30, 500, 8
_STILL_POINTS, _MOST_POINTS = 240, 100_000


def compare(home: Home, runs: Any = None, metric: str | None = None, group: str | Sequence[str] | None = None, baseline: Any = None) -> Comparison:
    """Compare runs.

    Args:
        runs: a filter, runs, or None for all.
        metric: the one that decides; None finds it.
        group: params that tell configurations apart; None finds them.
        baseline: the run that others are compared with.

    Raises:
        UnknownRunError: one of the runs does not exist.
        QueryError: the filter cannot be read.
        UsageError: no run has that metric or param.
    """
    fresh.look(home, settings.load())
    chosen = runs if isinstance(runs, Selection) else select(home, runs)
    against = None if baseline is None else baseline.run_id if hasattr(baseline, "run_id") else find(home, str(baseline)).run_id
    found = Comparison(home, chosen, metric, [group] if isinstance(group, str) else list(group or ()), against)
    found.check()
    return found


class Comparison:
    """Runs side by side, as they are at each look.

    In Jupyter it is a table and a picture; `.figure(name)` draws each chart, `.to_pandas()` gives the numbers.
    """

    def __init__(self, home: Home, selection: Selection, metric: str | None = None, group: Sequence[str] = (), baseline: str | None = None) -> None:
        self.home, self.selection, self.group, self.baseline = home, selection, list(group), baseline
        self._metric = metric
        self._reader = curves.CurveReader(home)
        self._gone: list[str] = []
        self._last: list[RunView] = []
        """Runs of the last look; the very same list where the very same runs come again."""
        self._seen: dict[str, RunView] = {}
        """The same by their ids."""
        self._choice: tuple[Sequence[RunView], str | None] = ((), self._metric)
        self._table: tuple[list[RunView], Runs | None] = ([], None)
        """The table of the last look, which is that of the next one where the very same runs come again."""

    @property
    def views(self) -> list[RunView]:
        """The runs as they are now, newest first."""
        found, self._gone = self.selection.read(self.home)
        if not _same(found, self._last):
            self._last, self._seen = found, {view.run_id: view for view in found}
        return self._last

    @property
    def metric(self) -> str | None:
        """The metric that decides."""
        return self._chosen(self.views)

    def check(self) -> None:
        """Raise UsageError where the metric or a param is not there, with the nearest that is."""
        if not self._metric and not self.group:
            return
        views = self.views
        metrics, params = names_of(views)
        for what, name, known in (*([("metric", self._metric, metrics)] if self._metric else []), *(("param", name, params) for name in self.group)):
            if views and name not in known:
                import difflib

                near = difflib.get_close_matches(str(name), known, 1)
                mend = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(sorted(known)[:12]) or 'none'}."
                told = f"None of these {len(views)} runs has a {what} {name!r}." if len(views) > 1 else f"This run has no {what} {name!r}."
                raise UsageError(told, mend=mend)

    def table(self) -> Runs:
        """The runs as columns."""
        views = self.views
        before, known = self._table
        if known is None or views is not before:
            metric = self._chosen(views)
            known = frame(views, as_of_ms=0, metric=metric, group=self.group[0] if self.group else None, baseline=self.baseline)
            known["says"] = self._noted(views, known["says"])
            self._table = views, known
        seen = fresh.refresh(self.home, settings.load())  # asks, and does not wait: the next look shows it
        return {**known, "as_of_ms": seen.as_of_ms or time.time_ns() // 1_000_000, "stale": _stale(seen)}

    def answer(self, ask: Mapping[str, object]) -> dict[str, Any]:
        """The answer to a front end's question, or an error that says what is wrong. Never raises."""
        asked = cast(Ask, ask)
        try:
            kind = str(asked.get("ask", ""))
            if kind not in _ANSWERS:
                raise UsageError(f"There is no question {kind!r}.", mend=f"Ask {', '.join(_ANSWERS)}.")
            found: dict[str, Any] = dict(_ANSWERS[kind](self, asked))
        except NbtrackError as error:
            found = dict(Failed(answer=str(ask.get("ask", "")), id=0, error=Problem(text=sendable(error.message), mend=sendable(error.mend))))
        except Exception as error:  # noqa: BLE001 - a question of a browser must not end the kernel's side of it
            mend = "The other charts still work; nbtrack doctor says what is known of this machine."
            found = dict(Failed(answer=str(ask.get("ask", "")), id=0, error=Problem(text=sendable(f"That failed: {error!r}."), mend=mend)))
        return {**found, "id": ask.get("id", 0)}

    def to_pandas(self) -> pd.DataFrame:
        """A row a run, indexed by its id: facts, `params.NAME` (numbers where all are), `metrics.NAME` (last values), `tags.NAME`."""
        pandas = need("pandas", "pandas", "A data frame")
        table = self.table()
        columns: dict[str, Any] = {}
        for it in table["columns"]:
            if it["kind"] == "info":
                values: list[Any] = it["values"]
                columns[it["name"]] = pandas.to_datetime(values, unit="ms", utc=True) if it["type"] == "time" else values
            elif it["kind"] == "metric":
                columns[f"metrics.{it['name']}"] = [None if value is None else float(value) for value in it["last"]]
            else:
                are_numbers = it["kind"] == "param" and it["type"] == "number"
                columns[f"{it['kind']}s.{it['name']}"] = [number(value) for value in it["values"]] if are_numbers else it["values"]
        return cast("pd.DataFrame", pandas.DataFrame(columns).set_index("id"))

    def figure(self, name: str = "curves", **options: Any) -> Picture:
        """One of `curves`, `bands`, `parallel`, `scatter` (`x`, `y`), `importance`, `statistics` as a picture: `.svg`, `.png`, `.says`.

        Raises:
            UsageError: there is no such figure.
        """
        if name not in FIGURES:
            raise UsageError(f"There is no figure {name!r}.", mend=f"Take one of {', '.join(FIGURES)}.")
        found: Picture = getattr(self, f"_{name}")(self.views, **options)
        return found

    def picture(self) -> Picture:
        """The picture below the table; where the runs have nothing to draw there, the runs through their params."""
        views = self.views
        return next(iter(self._pictures(views)), None) or self._parallel(views)

    def still(self) -> dict[str, Any]:
        """One MIME bundle without any widget: the table with the picture in it."""
        views = self.views
        table, caption, pictures = self._rows(views), self._caption(views), self._pictures(views)
        return {"text/html": still.html(table, caption, pictures), "text/plain": still.text(table, caption), "text/markdown": still.markdown(table, caption)}

    def stills(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The same as bundles (data and metadata) of their own, since GitHub shows no picture that stands inside HTML."""
        views = self.views
        table, caption = self._rows(views), self._caption(views)
        first = {"text/html": still.html(table, caption), "text/plain": still.text(table, caption)}
        return [(first, {}), *(picture._repr_mimebundle_() for picture in self._pictures(views))]

    def picture_count(self) -> int:
        """How many pictures `stills` gives, told without drawing them."""
        views = self._last
        return len(self._drawers(views))

    def markdown(self) -> str:
        """The table for a comment or a job's summary."""
        views = self.views
        return still.markdown(self._rows(views), self._caption(views))

    def csv(self) -> str:
        """Every run and every column; texts that a spreadsheet would take for a formula begin with an apostrophe."""
        return as_csv(self.table())

    def rows(self) -> Rows:
        """What is worth showing, cell by cell."""
        return self._rows(self.views)

    def caption(self) -> str:
        """One sentence on what the table shows."""
        return self._caption(self.views)

    def sparks(self, views: Sequence[RunView], width: int = 12) -> tuple[str, dict[str, str]]:
        """Of the first metric that has curves, its name and the curve of each run in a few letters; empty where there is none."""
        metric = next(iter(self._curve_names(views)), "")
        found = curves.series(self._reader, views, [metric], limit=width * 8)
        return metric, {it["run"]: spark(it["y"].tolist(), width) for it in found}

    def _ipython_display_(self) -> None:
        """What IPython calls to show it: each part is an output of its own."""
        from IPython.display import display

        for data, metadata in self.stills():
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call,unused-ignore]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return self.still()

    def __repr__(self) -> str:
        views = self.views
        return still.text(self._rows(views), self._caption(views))

    def __len__(self) -> int:
        return len(self.views)

    def _chosen(self, views: Sequence[RunView]) -> str | None:
        """The metric that decides; found once for one list of runs."""
        of, metric = self._choice
        if of is not views:
            metric = chosen_metric(views, self._metric)
            self._choice = views, metric
        return metric

    def _rows(self, views: Sequence[RunView]) -> Rows:
        return rows(views, self._chosen(views), self._baseline(views))

    def _baseline(self, views: Sequence[RunView]) -> RunView | None:
        if self.baseline is None:
            return None
        try:
            return next((view for view in views if view.run_id == self.baseline), None) or find(self.home, self.baseline)
        except UnknownRunError:
            return None

    def _caption(self, views: Sequence[RunView]) -> str:
        metric = self._chosen(views)
        told: str = frame(views, as_of_ms=0, metric=metric, kinds=())["says"]
        if metric is not None and (self.group or self.baseline):
            told += f" {statistics(views, metric, self.group, self.baseline)['says']}"
        return sendable(" ".join(it for it in (self._noted(views, told), _stale(fresh.freshness(self.home))) if it))

    def _noted(self, views: Sequence[RunView], told: str) -> str:
        """A sentence on the runs, and behind it what the user should know of their selection."""
        why = unmatched(self.home, self.selection.query, views)
        notes = [f" {len(self._gone)} of the runs are gone or in the trash."] if self._gone else []
        if self.selection.query and (names := parse(self.selection.query).clashes(*names_of(views))):
            notes.append(f" {', '.join(names)} could mean two things: a metric comes first, metric.{names[0]} and param.{names[0]} say which.")
        if why and views:
            notes.append(f" {why}")
        return (why if why and not views else told) + "".join(notes)

    def _pictures(self, views: Sequence[RunView]) -> list[Picture]:
        return [draw() for draw in self._drawers(views)]

    def _drawers(self, views: Sequence[RunView]) -> list[Callable[[], Picture]]:
        """What is drawn under the table: curves where there are any, else the scatter of what matters; the groups where they were asked for."""
        found: list[Callable[[], Picture]] = []
        metric = self._chosen(views)
        if self._curve_names(views, 1):
            found.append(lambda: self._bands(views) if self.group else self._curves(views))
        elif metric is not None and len(views) >= 3 and (names := [name for name in differing(views)[0] if is_number(views, name)]):
            found.append(lambda: self._scatter(views, names[0], metric))
        if self.group and metric is not None:
            found.append(lambda: self._statistics(views))
        return found

    def _curve_names(self, views: Sequence[RunView], limit: int = _MOST_METRICS) -> list[str]:
        """Metrics with more than one point, the deciding one first."""
        first = [it] if (it := self._chosen(views)) is not None else []
        names = dict.fromkeys([*first, *(name for view in views for name in words.metrics_of_code(view))])
        are_curves = (name for name in names if any(name in view.metrics and curves.is_curve(view.metrics[name]) for view in views))
        return list(itertools.islice(are_curves, limit))

    def _curves(self, views: Sequence[RunView], metrics: Sequence[str] = (), x: X = "step", smooth: float = 0.0) -> Picture:
        names = list(metrics) or self._curve_names(views)
        drawn = self._drawn(views)
        found = curves.series(self._reader, drawn, names, x, limit=_STILL_POINTS)
        if smooth:
            found = [Series(**{**it, "y": curves.smooth(it["y"], smooth)}) for it in found]
        if x == "wall" and found:  # no clock on the axis: what counts is how long after the first point
            first = min(float(it["x"][0]) for it in found)
            found = [Series(**{**it, "x": it["x"] - first}) for it in found]
        titles = {"step": "step", "epoch": "epoch", "wall": "seconds since the first point", "relative": "seconds since the run's start"}
        labels = {view.run_id: title_among(view, drawn) for view in drawn}
        return draw.curves(found, labels, self._says_curves(views, drawn, names), titles[x], [view.run_id for view in drawn[:6]])

    def _bands(self, views: Sequence[RunView], metrics: Sequence[str] = (), kind: Any = "std", x: X = "step") -> Picture:
        names = list(metrics) or self._curve_names(views)
        drawn = self._drawn(views)
        by = self.group or grouping(drawn)
        groups: dict[str, list[RunView]] = {}
        for view in drawn:
            groups.setdefault(", ".join(f"{name}={words.short(shown(name, view.params.get(name, '')), 20)}" for name in by) or "all runs", []).append(view)
        found: dict[str, dict[str, curves.Band]] = {}
        for name in names:
            of = {label: curves.band(curves.series(self._reader, them, [name], x, limit=_STILL_POINTS), kind) for label, them in groups.items()}
            found[name] = {label: it for label, it in of.items() if len(it.x)}
        spread = "standard deviation" if kind == "std" else "lowest and highest"
        over = f"{counted(len(groups), 'group')} by {', '.join(by) or 'nothing'}, {counted(len(drawn), 'run')}"
        says = f"{', '.join(names) or 'No curve'} as mean and {spread} of {over}."
        return draw.bands(found, says, x)

    def _parallel(self, views: Sequence[RunView]) -> Picture:
        metric = self._chosen(views)
        found = parallel(views, metric)
        axes = [(shown("name", it.name), it.values, it.is_log) for it in found.axes]
        return draw.parallel(axes, found.shades, found.says, metric or "")

    def _scatter(self, views: Sequence[RunView], x: str | None = None, y: str | None = None) -> Picture:
        metric = y or self._chosen(views)
        names = [x] if x else [name for name in differing(views)[0] if is_number(views, name)]
        if metric is None or not names:
            raise UsageError("There is nothing to set against each other.", mend='Name two: .figure("scatter", x="lr", y="acc").')
        found = scatter(views, names[0], metric)
        return draw.scatter(found.x, found.y, names[0], metric, found.says, found.trend if found.slope is not None else None, is_log=is_logarithmic(found.x))

    def _importance(self, views: Sequence[RunView]) -> Picture:
        found = importance(views, self._needed(views))
        return draw.importance(found["params"], found["says"])

    def _statistics(self, views: Sequence[RunView]) -> Picture:
        metric = self._needed(views)
        found = statistics(views, metric, self.group, self.baseline)
        return draw.statistics(found["groups"], metric, found["says"])

    def _needed(self, views: Sequence[RunView], metric: object = None) -> str:
        found = chosen_metric(views, str(metric) if metric else self._metric)
        if found is None:
            raise UsageError("These runs have no metric.", mend="Log one: nbtrack.log(acc=0.9).")
        return found

    def _drawn(self, views: Sequence[RunView]) -> list[RunView]:
        """The newest runs, and the baseline."""
        drawn = list(views[:_MOST_DRAWN])
        return [*drawn, *(view for view in views[_MOST_DRAWN:] if view.run_id == self.baseline)]

    def _says_curves(self, views: Sequence[RunView], drawn: Sequence[RunView], names: Sequence[str]) -> str:
        rest = f" Drawn are the {len(drawn)} newest." if len(drawn) < len(views) else ""
        return curves.says(views, names) + rest + self._problem()

    def _problem(self) -> str:
        return f" Not all curves could be read: {self._reader.problem}" if self._reader.problem else ""

    def _answer_curves(self, ask: Ask) -> Curves:
        views = self._of(ask.get("runs"))[:_MOST_ASKED]
        metrics = [str(it) for it in ask.get("metrics", [])]
        span = None if ask.get("range") is None else [float(it) for it in ask.get("range") or ()][:2]
        found = curves.series(self._reader, views, metrics, ask.get("x", "step"), span, min(max(int(ask.get("points", 1000)), 8), _MOST_POINTS))
        return Curves(answer="curves", id=0, series=found, says=curves.says(views, metrics) + self._problem())

    def _of(self, ids: Sequence[str] | None) -> list[RunView]:
        """The runs that are meant; None means all of them. Those that are gone meanwhile are left out; those that ended are not read again."""
        if ids is not None and all(it in self._seen and self._seen[it].state.is_end for it in ids):
            return [self._seen[it] for it in dict.fromkeys(ids)]
        views, wanted = self.views, set(ids or ())
        return views if ids is None else [view for view in views if view.run_id in wanted]

    def _one(self, run: object) -> RunView:
        return find(self.home, str(run or ""))


_ANSWERS: dict[str, Callable[[Comparison, Ask], Mapping[str, Any]]] = {
    "curves": Comparison._answer_curves,
    "importance": lambda it, ask: importance(it._of(ask.get("runs")), it._needed(it.views, ask.get("metric"))),
    "statistics": lambda it, ask: statistics(
        it._of(ask.get("runs")), it._needed(it.views, ask.get("metric")), ask.get("group") or it.group, ask.get("baseline", it.baseline)
    ),
    "difference": lambda it, ask: answers.difference(it.home, it._one(ask.get("a")), it._one(ask.get("b"))),
    "details": lambda it, ask: details(it.home, it._one(ask.get("run"))),
    "figures": lambda it, ask: answers.figures(it.home, it._of(ask.get("runs"))),
    "act": lambda it, ask: act(it.home, ask),
}


def _stale(seen: fresh.Freshness) -> str:
    return sendable(words.clean(fresh.told(seen)))


def _same(views: Sequence[RunView], others: Sequence[RunView]) -> bool:
    return len(views) == len(others) and all(one is other for one, other in zip(views, others, strict=True))
