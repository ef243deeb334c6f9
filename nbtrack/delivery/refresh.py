"""Bringing the index up to date with its store, in few requests.

No store says when a run's params or tags were last changed. So each refresh looks at what a store can say cheaply (which runs began,
go on, or ended since), and besides at one page more of all runs, going round: whatever was changed, deleted, restored or removed for
good anywhere is seen within one round.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from nbtrack.delivery.index import Index
from nbtrack.entities.stored import StoredRun
from nbtrack.store.stored import StoredRuns

_log = logging.getLogger("nbtrack.delivery")
_OVERLAP_MS = 60_000
"""Clocks of machines differ: a run may be told to have begun or ended a little before others that were seen."""
_PAGES = 20
"""Pages that one refresh reads at most of runs that began, or that ended; the rest is seen on the round."""


class Refresh:
    """Keeps one index like its store. One thread at a time."""

    def __init__(self, index: Index, source: StoredRuns) -> None:
        self.index, self.source = index, source
        self.changed = self.read = 0
        self._round = int(index.get("round", 0))
        self._token = ""
        self._mark: object = None
        self._round_mark: object = None
        self._settled_mark: object = None
        self._begin_round()

    def whole(self) -> Iterator[None]:
        """Read all runs, or the rest of them where that failed before; a step a page."""
        self._count()
        while True:
            is_end = self._go_round()
            yield
            if is_end:
                break
        self.index.note(is_complete=1)
        self._tell("all runs")

    def news(self) -> Iterator[None]:
        """Read what changed since, as far as the store can say so, and one page of the round; a step a request."""
        self._count()
        mark = self.source.mark()
        if mark is not None and mark == self._settled_mark:
            return  # nothing was written to the store since a whole round began
        if mark is None or mark != self._mark:
            rows = self.source.rows()
            yield from self._by_times() if rows is None else self._by_rows(rows)
        self._mark = mark
        self._go_round()
        self._tell("news")

    def again(self) -> None:
        """Read all from the first page on."""
        self._begin_round()
        self.index.note(is_complete=0)

    def _by_rows(self, rows: dict[str, tuple[str, int, int | None, bool, str]]) -> Iterator[None]:
        known = self.index.rows()
        changed = [id_ for id_, row in rows.items() if known.get(id_) != row or row[0] == "RUNNING"]
        for at in range(0, len(changed), self.source.page_runs):
            self._put(self.source.of_ids(changed[at : at + self.source.page_runs]))
            yield
        self.index.drop([id_ for id_ in known if id_ not in rows])

    def _by_times(self) -> Iterator[None]:
        began_ms, ended_ms = self.index.extremes()
        before = set(self.index.going_on())
        token = ""
        for _ in range(_PAGES):
            runs, token = self.source.page(token)
            self._put(runs)
            yield
            if not token or not runs or runs[-1].started_ms < began_ms - _OVERLAP_MS:
                break
        seen: set[str] = set()
        for where in ("attributes.status = 'RUNNING'", f"attributes.end_time >= {max(0, ended_ms - _OVERLAP_MS)}"):
            token = ""
            for _ in range(_PAGES):
                runs, token = self.source.page(token, where=where)
                self._put(runs)
                seen |= {run.mlflow_run_id for run in runs}
                yield
                if not token:
                    break
        left = sorted(before - seen)[: self.source.page_runs]
        if left:
            self._look_for(left)
            yield

    def _begin_round(self) -> None:
        self._round += 1
        self._token = ""
        self.index.note(round=self._round)

    def _go_round(self) -> bool:
        """One page of all runs; says whether it was the last of the round. What a round did not come upon is asked for by id, and forgotten if gone."""
        if not self._token:
            self._round_mark = self.source.mark()
        runs, token = self.source.page(self._token)
        self._put(runs)
        if token:
            self._token = token
            return False
        if unseen := self.index.not_seen_in(self._round)[: self.source.page_runs]:
            self._look_for(unseen)
        self._settled_mark = self._round_mark
        self._begin_round()
        return True

    def _look_for(self, ids: list[str]) -> None:
        found = self.source.of_ids(ids)
        self._put(found)
        self.index.drop(sorted(set(ids) - {run.mlflow_run_id for run in found}))

    def _put(self, runs: list[StoredRun]) -> None:
        self.read += len(runs)
        self.changed += self.index.put(runs, self._round)

    def _count(self) -> None:
        self._since, self._requests = time.monotonic(), self.source.requests
        self.changed = self.read = 0

    def _tell(self, what: str) -> None:
        requests, took_s = self.source.requests - self._requests, time.monotonic() - self._since
        self.index.note(requests=requests)
        _log.debug("index, %s: %d requests, %d runs read, %d changed, %.2f s", what, requests, self.read, self.changed, took_s)
