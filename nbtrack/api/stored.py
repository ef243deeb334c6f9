"""Runs that are there: found, compared, brought back, held against gates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack import courier, settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.magics.listed import listed
from nbtrack.magics.table import RunTable, names_in
from nbtrack.reads import act, find

if TYPE_CHECKING:
    from nbtrack.charts.compare import Comparison
    from nbtrack.gates.page import GatesPage
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.replay.bundle import Bundle
    from nbtrack.replay.data import DataList
    from nbtrack.replay.restore import Restored
    from nbtrack.replay.verdict import Reproduction
    from nbtrack.widgets.compare import Compare


def flush(word: str = "last") -> RunView:
    """Wait until one run is in MLflow as far as it goes; the view that is returned has its `mlflow_run_id`.

    Args:
        word: as for `run`.

    Raises:
        UnknownRunError: there is no such run, or more than one.
        StoreError: the store does not answer or refuses the login.
        DeliveryError: no delivery process can be reached.
    """
    home, chosen = state_home(), settings.load()
    view = find(home, word)
    if view.is_delivered:
        return view
    here = courier.absolute_uri(tracking_uri(chosen), Path.cwd())
    store = view.start.store
    courier.announce(home, here if courier.mask_uri(here) == store else store, chosen)
    courier.flush(home, store, view.run_id, chosen.flush_wait_s)
    return find(home, view.run_id)


def runs(query: str = "", *, trash: bool = False, columns: Sequence[str] = (), all_columns: bool = False) -> RunTable:
    """Runs of this machine and of the store in force, newest first, as a table; `.views` holds them.

    The store's are read from the local index, which is brought up to date before, as far as that takes seconds.

    Args:
        trash: include runs in the trash.
        columns: params, metrics and tags to show in place of those that are chosen.
        all_columns: show all params and metrics.

    Raises:
        QueryError: the query cannot be read.
        UsageError: no run has what `columns` names.
    """
    names = names_in(columns) if isinstance(columns, str) else columns
    return listed(state_home(), query, names, with_trash=trash, all_columns=all_columns)


def run(word: str = "last") -> RunView:
    """One run: by id, the first letters of it, name, `name#attempt`, or `last`.

    Raises:
        UnknownRunError: there is none, or more than one.
    """
    return act.look_for(state_home(), word)


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

    return shown(door(state_home(), runs, metric, group, baseline))


def diff(a: str, b: str) -> DiffPage:
    """What changed from one run to another, as a page; its `.diff` holds the facts, section by section.

    Args:
        a, b: as `run` takes them.

    Raises:
        UnknownRunError: there is no such run, or more than one.
    """
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.reads.diff import diff_runs

    home = state_home()
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

    return door.restore(state_home(), run(word), str(what), to=str(to))


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
    return door.reproduce(state_home(), run(word), settings.load(), env=env, tolerance=allowed, timeout_s=timeout_s)


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

    return pack(state_home(), run(word), Path(path), with_data=data)


def import_bundle(path: str | Path) -> RunView:
    """Take in a run from a bundle, under its own id; one that is here already is left alone.

    Raises:
        UsageError: it is no bundle, or one that was changed.
        FormatError: a newer release wrote it.
    """
    from nbtrack.replay.unpack import unpack

    home, chosen = state_home(), settings.load()
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

    return GatesPage(gate_run(state_home(), word, settings.load(), Path.cwd(), file=str(gates), against=against))


def state_home() -> Home:
    """The state directory in force."""
    return Home(settings.home(settings.load()))
