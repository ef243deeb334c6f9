"""How delivery to MLflow stands, in the few words that fit a status bar."""

from __future__ import annotations

import os

from nbtrack import courier, settings
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home, cursor
from nbtrack.journal.writer import EVENTS
from nbtrack.reads import fresh, words
from nbtrack.reads.local import give_way, local_run
from nbtrack.server.shapes import Health


class Examiner:
    """Looks again and again; runs that were delivered whole are looked at once, as long as nothing is added to them."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._done: dict[str, int] = {}
        """Bytes of a run's events when all of them were delivered."""
        self._going: dict[str, tuple[int, str]] = {}
        """Bytes of the events of an ended run that waits, and where it goes: thousands may wait where delivery is off."""
        self._live: set[str] = set()
        """Runs that went on when they were looked at last."""

    def look(self) -> Health:
        """Runs that wait for delivery, and what keeps them; of the stores that one cannot deliver to, the first."""
        chosen = settings.load()
        waiting, held = self._waiting()
        problem = mend = ""
        is_alive = False
        try:
            here = fresh.in_force(chosen)
            for store in dict.fromkeys([here, *waiting]):
                state = courier.status(self._home, store)
                last = state or courier.last_status(self._home, store) or {}
                is_alive = is_alive or state is not None
                if not problem and (store in waiting or store == here) and last.get("problem"):
                    problem, mend = str(last["problem"]), str(last.get("mend") or "")
            stale = fresh.told(fresh.freshness(self._home, here))
        except NbtrackError as error:
            problem, mend, stale = error.message, error.mend, ""
        return Health(
            waiting_runs=sum(waiting.values()), held_runs=held, is_alive=is_alive, is_off=not chosen.delivery,
            problem=words.clean(problem), mend=words.clean(mend), stale=words.clean(stale),
        )  # fmt: skip

    def _waiting(self) -> tuple[dict[str, int], int]:
        """Ended runs by store that are not wholly in it, and how many are kept here for their secrets."""
        found: dict[str, int] = {}
        held = 0
        for run in self._home.run_ids():
            give_way()
            try:
                size = os.stat(f"{self._home.root}/runs/{run}/{EVENTS}").st_size  # noqa: PTH116 - of ten thousand runs
            except OSError:
                continue
            if self._done.get(run) == size:
                continue
            known = cursor.load(self._home, run)
            if known.held:
                held += 1
            elif known.is_done and known.events_bytes >= size:
                self._done[run] = size
                self._going.pop(run, None)
            elif store := self._store(run, size):
                found[store] = found.get(store, 0) + 1
        return found, held

    def _store(self, run: str, size: int) -> str:
        """Where an ended run goes; empty for one that goes on."""
        known = self._going.get(run)
        if known is not None and known[0] == size:
            return known[1]
        # With its points, as the list of runs needs it too and then has it; those of one that goes on would be read with each look
        view = local_run(self._home, run, metrics=run not in self._live, is_listed=True)
        if view is not None and view.state.is_end:
            self._live.discard(run)
            self._going[run] = size, view.start.store
            return view.start.store
        self._live.add(run)
        return ""
