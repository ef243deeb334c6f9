"""What a front end does to runs; all of it can be undone but a note."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbtrack.charts.shapes import Act
from nbtrack.entities import RunView
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import act as acts

_Do = Callable[[Home, str, Mapping[str, Any]], RunView]
_ACTS: dict[str, tuple[str, _Do]] = {
    "rename": ("renamed", lambda home, run, ask: acts.rename(home, run, _given(ask, "name"))),
    "tag": ("tagged", lambda home, run, ask: acts.tag(home, run, {_given(ask, "tag"): str(ask.get("value", ""))})),
    "untag": ("untagged", lambda home, run, ask: acts.untag(home, run, [_given(ask, "tag")])),
    "note": ("noted", lambda home, run, ask: acts.note(home, run, _given(ask, "note"))),
    "trash": ("in the trash", lambda home, run, _: acts.trash(home, run)),
    "restore": ("back from the trash", lambda home, run, _: acts.restore(home, run)),
}
NAMES = tuple(_ACTS)


def act(home: Home, ask: Mapping[str, Any]) -> Act:
    """Do it to every run that is named, and say so.

    Raises:
        UsageError: there is no such act, or what it needs is missing.
        UnknownRunError: one of the runs does not exist; those before it are done.
    """
    name = str(ask.get("do", ""))
    if name not in _ACTS:
        raise UsageError(f"Nothing is called {name!r} here.", mend=f"Ask for one of {', '.join(NAMES)}.")
    said, do = _ACTS[name]
    runs = [str(run) for run in ask.get("runs") or ()]
    for run in runs:
        do(home, run, ask)
    return Act(answer="act", id=0, says=f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}: {said}.")


def _given(ask: Mapping[str, Any], name: str) -> str:
    text = str(ask.get(name) or "")
    if not text.strip():
        raise UsageError(f"A {name} was expected.", mend="Write one.")
    return text
