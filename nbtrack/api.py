"""The Python API: the words of the magics, for functions and scripts."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from nbtrack import courier, settings
from nbtrack.capture.begin import begin, tracking_uri
from nbtrack.capture.current import context, current, enter, leave
from nbtrack.capture.identity import of_code
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Request, RunView
from nbtrack.journal import Home
from nbtrack.magics.table import RunTable
from nbtrack.reads import act, all_runs, find

if TYPE_CHECKING:
    from nbtrack.charts.compare import Comparison
    from nbtrack.gates.page import GatesPage
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.pipelines.single import NotebookRun
    from nbtrack.pipelines.sweeps.notebook import Swept
    from nbtrack.replay.bundle import Bundle
    from nbtrack.replay.data import DataList
    from nbtrack.replay.restore import Restored
    from nbtrack.replay.verdict import Reproduction
    from nbtrack.widgets.compare import Compare

_told: set[str] = set()


class track:  # noqa: N801 - used as a function, a context and a decorator
    """A run: `with nbtrack.track("name") as run:`, or `@nbtrack.track` around a function, whose every call is one.

    Args:
        name: name of the run; a memorable one if empty, the function's name as a decorator.
        experiment, goal, tags, params, parent, update: as the options of `%%track`; `parent` is a run id.
        store: MLflow tracking URI, instead of the setting's.
        allow_secret: texts that look like secrets and are none, or kinds that may pass; as `--allow-secret`.

    Nothing of nbtrack's own is raised into the block; where recording fails there is one notice.
    """

    def __init__(
        self, name: str | Callable[..., Any] = "", *, experiment: str = "", goal: str = "", tags: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None, parent: str = "", update: bool = False, store: str = "",
        allow_secret: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._function = name if callable(name) else None
        self._request = Request(
            name=getattr(name, "__name__", "run") if callable(name) else name, experiment=experiment, goal=goal, tags=dict(tags or {}),
            parent=parent, is_update=update, allow_secrets=(allow_secret,) if isinstance(allow_secret, str) else tuple(allow_secret),
        )  # fmt: skip
        self._params, self._store = dict(params or {}), store
        self._entered: list[tuple[TrackedRun | None, Any]] = []
        if self._function is not None:
            functools.update_wrapper(self, self._function)

    def __enter__(self) -> TrackedRun | None:
        above = current()
        try:
            run: TrackedRun | None = begin(
                self._request, of_code(), code=self._request.name, parent=above.run_id if above is not None and not above.is_ended else "",
                chosen=settings.load({"tracking_uri": self._store} if self._store else None),
            )  # fmt: skip
        except Exception as cause:  # noqa: BLE001 - a guest does not break the block
            _tell(f"this block is not tracked: {cause}")
            run = None
        token = None
        if run is not None:
            for name, value in self._params.items():
                run.param(name, value)
            enter(run)
            token = context.set(run)
        self._entered.append((run, token))
        return run

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        run, token = self._entered.pop()
        if run is None:
            return
        leave(run)
        try:
            context.reset(token)
        except ValueError:  # a generator or task left the block in another context
            context.set(None)
        from nbtrack.capture.session import outcome

        run.end(*outcome(error))

    @overload
    def __call__(self, function: Callable[..., Any], /) -> Callable[..., Any]: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._function is not None:
            return self._wrapped(self._function)(*args, **kwargs)
        return self._wrapped(args[0])

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None or self._function is None else functools.partial(self, instance)

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        request = self._request if self._request.name else Request(**{**self._request.__dict__, "name": function.__name__})

        def again() -> track:
            return track(
                request.name, experiment=request.experiment, goal=request.goal, tags=request.tags, params=self._params,
                parent=request.parent, update=request.is_update, store=self._store,
                allow_secret=request.allow_secrets,
            )  # fmt: skip

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def tracked_async(*args: Any, **kwargs: Any) -> Any:
                with again():
                    return await function(*args, **kwargs)

            return tracked_async

        @functools.wraps(function)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return tracked


def log(values: Mapping[str, Any] | None = None, /, *, step: int | None = None, **metrics: Any) -> None:
    """Append a point to each metric of the current run.

    Args:
        values: metrics by name, for names that are no identifiers.
        step: None means one more than the metric's last step, from 0.
        metrics: numbers by name.
    """
    run = current()
    if run is None:
        _no_run("log")
        return
    for name, value in metrics.items():
        run.log(name, value, step)
    if values is not None:
        for name, value in values.items():
            run.log(str(name), value, step)


def param(values: Mapping[str, Any] | None = None, /, **params: Any) -> None:
    """Record params of the current run; a name's first value stays."""
    _each("param", values, params)


def tag(values: Mapping[str, Any] | None = None, /, **tags: Any) -> None:
    """Set tags of the current run; None takes a tag off."""
    _each("tag", values, tags)


def artifact(path: str | Path, artifact_path: str = "") -> None:
    """Keep a file or folder with the current run; its bytes are copied before this returns."""
    run = current()
    if run is None:
        _no_run("artifact")
        return
    run.artifact(path, artifact_path)


def figure(fig: Any, name: str = "") -> None:
    """Keep a matplotlib or plotly figure with the current run, as `figures/NAME`."""
    run = current()
    if run is None:
        _no_run("figure")
        return
    run.figure(fig, name)


def output(name: str, value: Any) -> None:
    """Hand a value on from a stage of a pipeline, or from a notebook that is run; the last value of a name holds.

    Args:
        name: an identifier; other stages write `${stage.outputs.name}`.
        value: what JSON can hold, a number of numpy's, or a path.

    Raises:
        UsageError: it is nothing of these.
    """
    kernel = sys.modules.get("nbtrack.pipelines.kernel")
    run = (kernel.stage_run() if kernel is not None else None) or current()
    if run is None:
        _no_run("output")
        return
    from nbtrack.pipelines.outputs import record

    record(run, name, value)


def run_notebook(
    path: str | Path, params: Mapping[str, Any] | None = None, *, out: str | Path | None = None, kernel: str = "", name: str = "",
    experiment: str = "", timeout_s: float | None = None,
) -> NotebookRun:  # fmt: skip
    """Run a notebook in a kernel of its own, as one run; `.outputs` holds what it recorded with `nbtrack.output`.

    Args:
        params: values of the parameters that it declares.
        out: folder that gets the executed notebook and its report.
        kernel, name, experiment: instead of the notebook's own kernel and name, and the setting's experiment.
        timeout_s: seconds it may take.

    Raises:
        UsageError: there is no such notebook, parameter or kernel, or a value has the wrong type.
        StageError: it failed; `run_id` tells the run.
    """
    from nbtrack.pipelines.single import run_or_raise

    above = current()
    parent = above.run_id if above is not None and not above.is_ended else ""
    return run_or_raise(
        Path(path), params or {}, out=None if out is None else Path(out), kernel=kernel, name=name, experiment=experiment, timeout_s=timeout_s, parent=parent
    )


def sweep(
    path: str | Path, params: Mapping[str, Any] | None = None, *, goal: str = "", trials: int | None = None, jobs: int = 1, sampler: str = "tpe",
    prune: str = "none", seed: int | None = None, name: str = "", kernel: str = "", experiment: str = "", timeout_s: float | None = None,
    best: str | Path | None = None, resume: str = "", texts: frozenset[str] = frozenset(),
) -> Swept:  # fmt: skip
    """Run a notebook again and again with other params, in search of the best; `.best_params`, `.best`, `.comparison` tell what came of it.

    Args:
        params: what is searched, such as `{"lr": "log(1e-4, 1e-1)", "depth": [2, 4, 8]}`, and values of other parameters.
        goal: `max:METRIC` or `min:METRIC`.
        trials: how many; 20, or all of a grid.
        jobs: trials at once.
        sampler, prune: `tpe`, `random` or `grid`; `hyperband`, `median` or `none`.
        timeout_s: seconds that a trial may take.
        best: file to write the best params to.
        resume: a sweep of this notebook that was stopped: the first letters of its run's id, or `last`.
        texts: names of params whose values were typed.

    Raises:
        UsageError: it cannot be done as it is asked for.
        StageError: no trial came to its end.
    """
    from nbtrack.pipelines.progress import SweepInTerminal, Terminal
    from nbtrack.pipelines.single import aside
    from nbtrack.pipelines.sweeps.notebook import sweep_or_raise
    from nbtrack.pipelines.sweeps.plan import Asked

    above = current()
    asked = Asked(Path(path), params or {}, goal, trials, sampler, prune, seed, texts, name, kernel, experiment, timeout_s)
    shows = SweepInTerminal(Terminal(sys.stdout, is_live=False), _home())
    parent = above.run_id if above is not None and not above.is_ended else ""
    file = None if best is None else Path(best).expanduser()
    return aside(lambda stop: sweep_or_raise(asked, jobs=jobs, stop=stop, shows=shows, file=file, resume=resume, trials=trials, parent=parent))


def flush(word: str = "last") -> RunView:
    """Wait until one run is in MLflow as far as it goes; the view that is returned has its `mlflow_run_id`.

    Args:
        word: as for `run`.

    Raises:
        UnknownRunError: there is no such run, or more than one.
        StoreError: the store does not answer or refuses the login.
        DeliveryError: no delivery process can be reached.
    """
    home, chosen = _home(), settings.load()
    view = find(home, word)
    if view.is_delivered:
        return view
    here = courier.absolute_uri(tracking_uri(chosen), Path.cwd())
    store = view.start.store
    courier.announce(home, here if courier.mask_uri(here) == store else store, chosen)
    courier.flush(home, store, view.run_id, chosen.flush_wait_s)
    return find(home, view.run_id)


def runs(query: str = "", *, trash: bool = False) -> RunTable:
    """Runs of this machine and of the store in force, newest first, as a table; `.views` holds them.

    The store's are read from the local index, which is brought up to date before, as far as that takes seconds.

    Raises:
        QueryError: the query cannot be read.
    """
    from nbtrack.reads.fresh import refresh_first, told

    fresh = refresh_first(_home(), settings.load())
    return RunTable(all_runs(_home(), query, with_trash=trash), told(fresh))


def run(word: str = "last") -> RunView:
    """One run: by id, the first letters of it, name, `name#attempt`, or `last`.

    Raises:
        UnknownRunError: there is none, or more than one.
    """
    return act.look_for(_home(), word)


def compare(
    runs: str | Iterable[Any] | None = None, metric: str | None = None, *, group: str | Sequence[str] | None = None, baseline: Any = None
) -> Comparison | Compare:
    """Runs side by side: a widget with table and pictures in Jupyter, text elsewhere; `.figure(name)`, `.to_pandas()`, `.markdown()`, `.csv()` for more.

    In Jupyter `.selected` has the ids of the runs that are selected, `.baseline` the pinned one's; `.observe(f, "selected")` calls f when that changes.

    Args:
        runs: a filter such as `"lr<0.1"`; runs, as `run` takes them or as objects; None for all.
        metric: the one that decides; None finds it: a goal's, else what most runs have.
        group: params that tell configurations apart, whose runs are put together.
        baseline: the run that others are compared with.

    Raises:
        UsageError: the filter cannot be read, or a run, metric or param does not exist.
    """
    from nbtrack.charts.compare import compare as door
    from nbtrack.magics.compared import shown

    return shown(door(_home(), runs, metric, group, baseline))


def diff(a: str, b: str) -> DiffPage:
    """What changed from one run to another, as a page; its `.diff` holds the facts, section by section.

    Args:
        a, b: as `run` takes them.

    Raises:
        UnknownRunError: there is no such run, or more than one.
    """
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.reads.diff import diff_runs

    home = _home()
    return DiffPage(diff_runs(home, act.look_for(home, a), act.look_for(home, b), Path.cwd()))


def restore(word: str = "last", what: str | int = "", *, to: str | Path = "") -> Restored | DataList:
    """Bring back what a run kept, as something new beside what is there.

    Args:
        word: as for `run`.
        what: `document`, `executed`, `recipe`, the number of a cell, `env`, `model` or `data`; empty means the document, else what was executed.
        to: file or folder to write; empty means the notebook's folder, else the working directory.

    Raises:
        UsageError: there is no such run, it has no such thing, or nothing can be written there.
        JournalError: the journal no longer holds it.
    """
    from nbtrack.replay import restore as door

    return door.restore(_home(), run(word), str(what), to=str(to))


def reproduce(
    word: str = "last", *, env: str = "current", tolerance: float | Mapping[str, float] | None = None, timeout_s: float | None = None
) -> Reproduction:
    """Execute a run's recipe again in a clean kernel, as a child of the run; the verdict is kept on the run.

    Args:
        word: as for `run`.
        env: `current`: the packages that are here; `same`: they must be those of the run; `fresh`: those of the run, installed anew.
        tolerance: of every number, or by the metric's name.
        timeout_s: seconds the recipe may take.

    Raises:
        UsageError: there is no such run, it goes on, or an argument cannot be used.
    """
    from nbtrack.replay import reproduce as door

    allowed = [] if tolerance is None else [f"{name}={value}" for name, value in tolerance.items()] if isinstance(tolerance, Mapping) else [tolerance]
    return door.reproduce(_home(), run(word), settings.load(), env=env, tolerance=allowed, timeout_s=timeout_s)


def bundle(word: str, path: str | Path, *, data: bool = False) -> Bundle:
    """Write a run as one zip file, without its secrets.

    Args:
        word: as for `run`.
        path: a file that does not exist.
        data: put the files in that the run read.

    Raises:
        UsageError: there is no such run, it goes on, or the file exists.
        SecretError: it holds secrets, and its setting `secrets` is strict.
    """
    from nbtrack.replay.bundle import pack

    return pack(_home(), run(word), Path(path), with_data=data)


def import_bundle(path: str | Path) -> RunView:
    """Take in a run from a bundle, under its own id; one that is here already is left alone.

    Raises:
        UsageError: it is no bundle, or one that was changed.
        FormatError: a newer release wrote it.
    """
    from nbtrack.replay.unpack import unpack

    home, chosen = _home(), settings.load()
    uri = courier.absolute_uri(tracking_uri(chosen), Path.cwd())
    found = unpack(home, Path(path), courier.mask_uri(uri))
    courier.announce_soon(home, uri, chosen)
    return found.view


def gate(word: str = "last", *, gates: str | Path = "", against: str = "") -> GatesPage:
    """Hold a run against gates; what they say is kept on the run. `.passed` is the answer, `.verdicts` holds the facts.

    Args:
        word: as for `run`.
        gates: file with a section `gates`; empty means the nearest `nbtrack.yaml` upwards.
        against: run that baseline gates compare with, where they name none.

    Raises:
        UsageError: there is no such run, it goes on, or there is no such file.
        SpecError: the file says what cannot be meant.
    """
    from nbtrack.gates.page import GatesPage
    from nbtrack.gates.run import gate_run

    return GatesPage(gate_run(_home(), word, settings.load(), Path.cwd(), file=str(gates), against=against))


def _each(word: str, values: Mapping[str, Any] | None, named: dict[str, Any]) -> None:
    run = current()
    if run is None:
        _no_run(word)
        return
    for name, value in {**(values or {}), **named}.items():
        getattr(run, word)(str(name), value)


def _home() -> Home:
    return Home(settings.home(settings.load()))


def _no_run(word: str) -> None:
    _tell(f"nbtrack.{word}() was called outside a run, so nothing was kept. Put %%track on the cell, or `with nbtrack.track():` around the code.")


def _tell(text: str) -> None:
    if text not in _told:
        _told.add(text)
        print(f"nbtrack: {text}", file=sys.stderr)  # noqa: T201 - the one quiet notice
