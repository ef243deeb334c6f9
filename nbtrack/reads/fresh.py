"""How old what is known of a store's runs is, and having delivery look again."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

from nbtrack import courier, settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.courier.channel import Place
from nbtrack.courier.locked import is_locked
from nbtrack.courier.uris import MASK, sqlite_file
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home
from nbtrack.records import dataclass
from nbtrack.system import working_folder

_PAUSE_S = 0.05
_LOOKS_S = 2.0
_FIRST_LOOK_S, _SECOND_LOOK_S = 10.0, 3.0
_looked: dict[tuple[str, str], float] = {}


@dataclass(frozen=True)
class Freshness:
    """What is known of a store's runs beside the journal, and as of when."""

    store: str
    """Masked URI."""
    as_of_ms: int = 0
    """When the store was last read to the end; 0 where it never was."""
    stale: str = ""
    """A sentence, where the store cannot be read now: why, and since when."""
    is_complete: bool = False
    """Whether all runs of the store were read at least once."""
    seen_runs: int = 0
    requests: int = 0
    """How often the last refresh asked the store."""


def in_force(chosen: settings.Settings | None = None) -> str:
    """The store that a run begun here and now would go to, as its masked absolute URI."""
    return courier.mask_uri(_uri(chosen or settings.load()))


def freshness(home: Home, store: str | None = None) -> Freshness:
    """What is known of a store's runs.

    Args:
        store: masked URI; None means the one in force.
    """
    from nbtrack.delivery.index import reading

    store = in_force() if store is None else store
    with reading(Place.of(home, store)) as index:
        if index is None:
            return Freshness(store)
        facts = dict(index.execute("select key, value from meta").fetchall())
        count = index.execute("select count(*) from runs").fetchone()[0]
    reached_ms, problem = int(facts.get("reached_ms", 0)), str(facts.get("problem", ""))
    return Freshness(
        store, int(facts.get("as_of_ms", 0)), _stale(store, problem, reached_ms), bool(facts.get("is_complete")), int(count), int(facts.get("requests", 0)),
    )  # fmt: skip


def refresh(home: Home, chosen: settings.Settings, *, store: str | None = None, wait_s: float = 0.0, full: bool = False) -> Freshness:
    """Have delivery bring the index of a store up to date; starts it where it does not live.

    Nothing is raised: why the store cannot be read is in the answer. A sqlite store that does not exist is not made.

    Args:
        store: masked URI; None means the one in force. Another one whose password is not known here is not asked.
        wait_s: how long to wait for it; 0 returns at once, as a view that looks again later does.
        full: read all runs of the store again.
    """
    uri = _uri(chosen)
    if store is None or store == courier.mask_uri(uri):
        store = courier.mask_uri(uri)
    else:
        uri = store
    database = sqlite_file(uri)
    if not chosen.delivery or (uri == store and MASK in uri) or (database is not None and not database.exists()):
        return freshness(home, store)
    key = (str(home.root), store)
    now = time.monotonic()
    if wait_s <= 0:
        if full or now - _looked.get(key, -_LOOKS_S) >= _LOOKS_S:
            _looked[key] = now
            env = dict(os.environ)
            threading.Thread(target=_look, args=(home, uri, store, chosen, full, False, env), name="nbtrack-look", daemon=True).start()
        return freshness(home, store)
    asked_ms = time.time_ns() // 1_000_000
    known = freshness(home, store)
    if is_locked(uri):
        return replace(known, stale=f"The store {store} is locked by another program; shown is what this machine's journal knows.")
    if error := _look(home, uri, store, chosen, full, True, None):
        return Freshness(store, known.as_of_ms, error, known.is_complete, known.seen_runs)
    while time.monotonic() < now + wait_s:
        known = freshness(home, store)
        if (known.stale or known.is_complete) and max(known.as_of_ms, _problem_ms(home, store)) >= asked_ms:
            return known
        time.sleep(_PAUSE_S)
    if known.stale or known.as_of_ms or known.seen_runs:
        return known
    return replace(known, stale=f"{store} did not answer within {wait_s:.0f} s")  # as where delivery starts slowly: silence would pass for no runs


def refresh_first(home: Home, chosen: settings.Settings, *, full: bool = False) -> Freshness:
    """`refresh` for who looks once and goes: waits for what can be had in seconds, longer where nothing is known yet."""
    known = freshness(home, in_force(chosen))
    return refresh(home, chosen, wait_s=_SECOND_LOOK_S if known.is_complete and not full else _FIRST_LOOK_S, full=full)


def look(home: Home, chosen: settings.Settings) -> Freshness:
    """`refresh` for who goes on looking: waits only where nothing is known yet."""
    known = freshness(home, in_force(chosen))
    return refresh(home, chosen) if known.as_of_ms or known.seen_runs else refresh(home, chosen, wait_s=_FIRST_LOOK_S)


def told(known: Freshness) -> str:
    """One sentence for people, where what is shown may not be all, or not be new; else empty."""
    if known.stale:
        return known.stale
    if known.as_of_ms and not known.is_complete:
        return f"The runs of {known.store} are still being read: {known.seen_runs:,} so far."
    return ""


def _look(home: Home, uri: str, store: str, chosen: settings.Settings, full: bool, now: bool, env: dict[str, str] | None) -> str:
    """Announce and ask; says what went wrong."""
    try:
        courier.announce(home, uri, chosen, env=env)
        courier.look(home, store, full=full, now=now)
    except NbtrackError as error:
        return str(error)
    return ""


def _uri(chosen: settings.Settings) -> str:
    return courier.absolute_uri(tracking_uri(chosen), working_folder())


def _problem_ms(home: Home, store: str) -> int:
    from nbtrack.delivery.index import reading

    with reading(Place.of(home, store)) as index:
        found = index.execute("select value from meta where key = 'problem_ms'").fetchone() if index is not None else None
    return int(found[0]) if found is not None else 0


def _stale(store: str, problem: str, reached_ms: int) -> str:
    if not problem:
        return ""
    from nbtrack.reads.words import when

    since = f"since {when(reached_ms * 1_000_000)}" if reached_ms else "yet"
    return f"{store} could not be read {since}: {problem}"
