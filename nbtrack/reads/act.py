"""Changing runs, wherever they are: through the journal where it has them, else by a queue that delivery works off.

The one place for magics, command line, widgets and the Lab. All return at once; what is read afterwards shows the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbtrack import courier, settings
from nbtrack.capture.current import attach
from nbtrack.capture.run import TrackedRun, as_text
from nbtrack.courier import acts
from nbtrack.entities import RunView
from nbtrack.errors import UnknownRunError, UsageError
from nbtrack.journal import Home
from nbtrack.journal.fold import RENAMED
from nbtrack.reads.cached import source_of
from nbtrack.reads.fresh import refresh, refresh_first
from nbtrack.reads.runs import find
from nbtrack.secrets.policy import OFF

NAME_TAG = "mlflow.runName"
_NAME = 250
"""Characters of a run's name that MLflow keeps."""


def rename(home: Home, run: str, name: str, *, store: str | None = None) -> RunView:
    """Give a run another name.

    Args:
        run: as `find` takes it.
        store: masked URI of the store that the run is looked for in; None means the one in force. So for all below.

    Raises:
        UnknownRunError: there is no such run. So for all below.
        UsageError: the name is empty.
        JournalError: the state directory cannot be written. So for all below.
    """
    name = " ".join(name.split())
    if not name:
        raise UsageError("A run needs a name.", mend="Write nbtrack rename RUN NAME.")
    return _change(home, run, store, {RENAMED: name[:_NAME], NAME_TAG: name[:_NAME]})


def tag(home: Home, run: str, tags: Mapping[str, object], *, store: str | None = None) -> RunView:
    """Set tags."""
    return _change(home, run, store, {str(name): as_text(value) for name, value in tags.items()})


def untag(home: Home, run: str, names: Iterable[str], *, store: str | None = None) -> RunView:
    """Take tags off; one that is not there is fine."""
    return _change(home, run, store, dict.fromkeys(names))


def note(home: Home, run: str, text: str, *, store: str | None = None) -> RunView:
    """Add to a run's description.

    Raises:
        UsageError: the text is empty.
    """
    if not text.strip():
        raise UsageError("A note needs a text.", mend="Write %track note TEXT, or nbtrack note RUN TEXT.")
    view = look_for(home, run, store=store)
    if view.is_local:
        writing(home, view).note(text)
        return _done(home, view)
    return _queue(home, view, {"mlflow.note.content": "\n\n".join([*view.notes, text])})


def trash(home: Home, run: str, *, store: str | None = None) -> RunView:
    """Move a run to the trash, its own and MLflow's."""
    return _trash(home, run, store, is_on=True)


def restore(home: Home, run: str, *, store: str | None = None) -> RunView:
    """Take a run out of the trash."""
    return _trash(home, run, store, is_on=False)


def writing(home: Home, view: RunView) -> TrackedRun:
    """A run of the journal, for writing.

    Raises:
        UsageError: the store alone has it.
    """
    found = attach(home, view.run_id, view.start) if view.is_local else None
    if found is None:
        raise UsageError(
            f"Run {view.name} ({view.run_id[:8]}) is in the store alone, where metrics and params are not added to from here.",
            mend="Log to it with MLflow: mlflow.start_run(run_id=...). Its name, tags and note can be changed, and it can go to the trash and back.",
        )
    return found


def look_for(home: Home, run: str, *, store: str | None = None) -> RunView:
    """`find`; a run that is not known is looked for in the store once more."""
    try:
        return find(home, run, store=store)
    except UnknownRunError:
        refresh_first(home, settings.load())
        return find(home, run, store=store)


def look_for_made(home: Home, run: str) -> RunView:
    """`look_for`; of a run that took its result from a pipeline's cache, the one that made it."""
    return source_of(home, look_for(home, run))


def _trash(home: Home, run: str, store: str | None, *, is_on: bool) -> RunView:
    view = look_for(home, run, store=store)
    if view.is_local:
        writing(home, view).trash(is_on)
        return _done(home, view)
    acts.put(home, view.start.store, acts.Act(view.mlflow_run_id, trash=is_on))
    return _done(home, view)


def _change(home: Home, run: str, store: str | None, tags: Mapping[str, str | None]) -> RunView:
    view = look_for(home, run, store=store)
    if not view.is_local:
        return _queue(home, view, tags)
    target = writing(home, view)
    for name, value in tags.items():
        target.tag(name, value)
    return _done(home, view)


def _queue(home: Home, view: RunView, tags: Mapping[str, str | None]) -> RunView:
    """Leave it to delivery; secrets go no further than here, as they would from the journal."""
    from nbtrack.store.names import LONGEST_TAG, fit_name, fit_text

    others = {name: value for name, value in tags.items() if name not in (RENAMED, NAME_TAG)}
    told = {fit_name(name): None if value is None else fit_text(_masked(name, value), LONGEST_TAG) for name, value in others.items()}
    name = tags.get(NAME_TAG)
    acts.put(home, view.start.store, acts.Act(view.mlflow_run_id, None if name is None else fit_text(_masked("name", name), _NAME), told))
    return _done(home, view)


def _masked(name: str, value: str) -> str:
    if settings.load().secrets == OFF:
        return value
    from nbtrack.secrets.scanner import Scanner

    return Scanner().mask_value(name, value)[0]


def _done(home: Home, view: RunView) -> RunView:
    """Wake delivery, and read the run again."""
    if view.is_local:
        courier.wake(home, view.start.store)
    else:
        refresh(home, settings.load(), store=view.start.store)
    return find(home, view.run_id, store=view.start.store)
