"""What a view does to runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import act as reads

_ACTS: dict[str, tuple[str, Callable[[Home, str, Mapping[str, Any]], object]]] = {
    "rename": ("renamed", lambda home, run, ask: reads.rename(home, run, str(ask.get("name", "")))),
    "tag": ("tagged", lambda home, run, ask: reads.tag(home, run, {str(ask["tag"]): str(ask.get("value", ""))})),
    "untag": ("untagged", lambda home, run, ask: reads.untag(home, run, [str(ask["tag"])])),
    "note": ("noted on", lambda home, run, ask: reads.note(home, run, str(ask.get("note", "")))),
    "trash": ("in the trash", lambda home, run, _: reads.trash(home, run)),
    "restore": ("back", lambda home, run, _: reads.restore(home, run)),
}
NAMES = tuple(_ACTS)


def act(home: Home, ask: Mapping[str, Any]) -> dict[str, Any]:
    """Do it to every run that is named, and say so.

    Raises:
        UsageError: there is no such act, or what it needs is missing.
        UnknownRunError: one of the runs does not exist; the ones before it are done.
    """
    name = str(ask.get("do", ""))
    if name not in _ACTS:
        raise UsageError(f"Nothing is called {name!r} here.", mend=f"Ask for one of {', '.join(NAMES)}.")
    if name in ("tag", "untag") and not ask.get("tag"):
        raise UsageError("A tag needs a name.", mend="Write one, such as owner.")
    said, do = _ACTS[name]
    runs = [str(run) for run in ask.get("runs", ())]
    for run in runs:
        do(home, run, ask)
    return {"answer": "act", "says": f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}: {said}."}
