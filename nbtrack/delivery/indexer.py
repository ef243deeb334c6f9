"""Keeping the local index while delivery lives: in a thread of its own, with a client of its own, so that no delivery waits for it."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbtrack.courier import acts
from nbtrack.courier.channel import Place
from nbtrack.courier.uris import sqlite_file
from nbtrack.delivery.backoff import Backoff
from nbtrack.delivery.index import FILE, Index
from nbtrack.delivery.login import Login
from nbtrack.delivery.refresh import Refresh
from nbtrack.delivery.send import batches
from nbtrack.errors import DeliveryError, GoneError, LoginError, NbtrackError, RefusedError
from nbtrack.journal import blobs
from nbtrack.settings import Settings
from nbtrack.store.client import StoreClient
from nbtrack.store.stored import StoredRuns, stored_runs

_log = logging.getLogger("nbtrack.delivery")
_WATCHED_S = 60.0
"""How long a look at the runs keeps the index close to the store."""
_CLOSE_S = 5.0
_FAR_S = 300.0
_PATIENCE = 10.0
"""A refresh may take this part of the time: one of a second is followed by ten without."""
_TURN_S = 0.2


class Indexer:
    """One store's index and acts. `start` once; the other methods may be called by any thread."""

    def __init__(self, place: Place, store: str, settings: Settings, login: Login) -> None:
        """
        Args:
            store: masked absolute URI.
        """
        self._place, self._settings, self._login = place, settings, login
        self._database = sqlite_file(store)
        self._guard = threading.RLock()
        self._wake = threading.Event()
        self._index: Index | None = None
        self._refresh: Refresh | None = None
        self._client: StoreClient | None = None
        self._backoff = Backoff(cap_s=settings.retry_s)
        self._asked_at = self._next_at = self._close_at = self._try_at = 0.0
        self._is_wanted = self._database is not None or (place.folder / FILE).exists()
        self._is_full_wanted = self._is_stopping = self._has_new_login = False
        self._thread: threading.Thread | None = None
        self.problem: NbtrackError | None = None

    def start(self) -> None:
        """Work from now on, in the background. Of a server that nobody looked at through us nothing is read until somebody does."""
        self._next_at = time.monotonic() + _CLOSE_S
        self._thread = threading.Thread(target=self._work, name="nbtrack-index", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the request that is under way."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)
        if self._guard.acquire(timeout=_TURN_S):  # not while a server that does not answer is waited for
            self._close()
            self._guard.release()

    def look(self, *, full: bool = False, now: bool = False) -> None:
        """Somebody reads the runs, or changes some: bring the index up to date soon.

        Args:
            full: read all runs of the store again.
            now: somebody waits for it; else what took long is not done again soon.
        """
        was_watched = time.monotonic() - self._asked_at < _WATCHED_S if self._asked_at else False
        self._is_full_wanted |= full
        self._is_wanted = True
        self._asked_at = time.monotonic()
        if now or full:
            self._next_at = self._try_at = 0.0
        elif not was_watched:
            self._next_at = min(self._next_at, self._close_at)
        self._wake.set()

    def renew(self) -> None:
        """The login changed, or the database was replaced: connect anew."""
        self._has_new_login = True  # the thread sees to it: who says so does not wait for a request that is under way
        self._try_at = self._next_at = 0.0
        self._wake.set()

    @property
    def has_acts(self) -> bool:
        """Whether something waits that could be done once the store answers."""
        return bool(acts.waiting(self._place)) and not isinstance(self.problem, LoginError)

    def status(self) -> dict[str, Any]:
        """What `courier.status` shows of it."""
        return {
            "problem": self.problem.message if self.problem is not None else "",
            "waiting_acts": len(acts.waiting(self._place)),
            "refused_acts": [f"{act.mlflow_run_id}: {act.why}" for act in acts.refused(self._place)],
        }

    def history(self, mlflow_run_id: str, metrics: Sequence[str]) -> int:
        """Fetch all points of metrics of a run into the index; says how many there are.

        Raises:
            StoreUnreachableError, LoginError, RefusedError: the store does not give them.
            DeliveryError: the index cannot be written.
        """
        count = 0
        for metric in metrics:
            with self._guard, self._translated():
                refresh = self._opened()
                is_final = refresh.index.has_ended(mlflow_run_id)
                points = refresh.source.history(mlflow_run_id, metric)
                refresh.index.keep_history(mlflow_run_id, metric, points, is_final=is_final)
                count += len(points)
        return count

    def files(self, mlflow_run_id: str, folders: Sequence[str]) -> dict[str, Any]:
        """Fetch files of a run into the journal's blobs.

        Args:
            folders: which of the topmost files and folders, `models` for the logged models; empty means all.

        Returns:
            As `courier.Fetched` has it.

        Raises:
            StoreUnreachableError, LoginError, RefusedError: the store does not give them.
            DeliveryError: the state directory cannot be written.
        """
        with self._guard, self._translated(), tempfile.TemporaryDirectory(dir=self._place.folder, prefix="fetched-") as name:
            if self._client is None:
                self._client = self._login.connect()
            client, folder = self._client, Path(name)
            (folder / "run").mkdir()
            client.download(mlflow_run_id, folder / "run", folders)
            models = []
            for number, model in enumerate(client.models(mlflow_run_id) if not folders or "models" in folders else ()):
                client.download_model(model.model_id, folder / str(number))
                models.append({"name": model.name, "params": model.params, "files": self._kept(folder / str(number))})
            return {"files": self._kept(folder / "run"), "models": models, "inputs": client.inputs(mlflow_run_id)}

    def _kept(self, folder: Path) -> list[tuple[str, str, int]]:
        """Path, blob and size of each file below a folder."""
        found = []
        for path in sorted(it for it in folder.rglob("*") if it.is_file()):
            with path.open("rb") as file:
                found.append((path.relative_to(folder).as_posix(), blobs.put(self._place.home, file), path.stat().st_size))
        return found

    def act_here(self) -> None:
        """Do what is asked for in the calling thread, for who has no thread of ours.

        Raises:
            StoreUnreachableError, LoginError: some may be done; the others wait.
            DeliveryError: the state directory cannot be written.
        """
        with self._translated():
            self._act()

    def turn(self) -> None:
        """One round: acts, then the index if it is time. For the thread, or for who has none."""
        now = time.monotonic()
        if now < self._try_at or (self._database is not None and not self._database.exists()):
            return
        if self._has_new_login:
            self._has_new_login = False
            with self._guard:
                self._refresh = self._client = None
        try:
            with self._translated():
                self._act()
                if self._is_due(now):
                    self._bring_up_to_date()
        except NbtrackError as error:
            if self.problem is None or self.problem.message != error.message:
                _log.warning("index: %s", error)
            self.problem = error
            self._try_at = time.monotonic() + self._backoff.next_s()
            self._note(problem=error.message, problem_ms=_now_ms())
            with self._guard:
                self._refresh = self._client = None
        else:
            self.problem = None
            self._backoff.reset()

    def _work(self) -> None:
        while not self._is_stopping:
            try:
                self.turn()
            except Exception:  # noqa: BLE001 - the next round may go well
                _log.exception("the index could not be brought up to date")
                self._try_at = time.monotonic() + self._settings.retry_s
            self._wake.wait(min(_TURN_S * 5, max(_TURN_S, self._settings.poll_s)))
            self._wake.clear()

    def _is_due(self, now: float) -> bool:
        return self._is_wanted and now >= self._next_at

    def _bring_up_to_date(self) -> None:
        began = time.monotonic()
        with self._guard:
            refresh = self._opened()
            if self._is_full_wanted:
                self._is_full_wanted = False
                refresh.again()
            steps = refresh.news() if refresh.index.get("is_complete") else refresh.whole()
        for _ in self._guarded(steps):
            if self._is_stopping:
                return
        with self._guard:
            now = time.monotonic()
            self._note(as_of_ms=_now_ms(), reached_ms=_now_ms(), problem="", problem_ms=0)
        self._close_at = now + max(_CLOSE_S, _PATIENCE * (now - began))
        self._next_at = self._close_at if self._asked_at and now - self._asked_at < _WATCHED_S else now + max(_FAR_S, _PATIENCE * (now - began))

    def _guarded(self, steps: Iterator[None]) -> Iterator[None]:
        """The steps, each with the lock, so that a history or an act comes in between."""
        while True:
            with self._guard:
                try:
                    next(steps)
                except StopIteration:
                    return
            yield

    def _act(self) -> None:
        """Do what is asked for, in order."""
        for path, act in acts.waiting(self._place):
            with self._guard:
                if self._client is None:
                    self._client = self._login.connect()
                try:
                    do(self._client, act)
                except RefusedError as error:
                    _log.warning("run %s could not be changed: %s", act.mlflow_run_id, error)
                    acts.refuse(self._place, path, act, error.message)
                    continue
                if (self._place.folder / FILE).exists():
                    refresh = self._opened()
                    refresh.index.put(refresh.source.of_ids([act.mlflow_run_id]), int(refresh.index.get("round", 0)))
                path.unlink(missing_ok=True)

    def _opened(self) -> Refresh:
        if self._index is None:  # first, as it also keeps why the store cannot be read
            self._place.make()
            self._index = Index(self._place.folder / FILE)
        if self._refresh is None:
            source: StoredRuns = stored_runs(self._login.uri(), self._login.hidden())
            self._refresh = Refresh(self._index, source)
        return self._refresh

    def _note(self, **facts: Any) -> None:
        with self._guard, contextlib.suppress(sqlite3.Error):  # a full disk; the age of what is there says so too
            if self._index is not None:
                self._index.note(**facts)
            elif (self._place.folder / FILE).exists():
                self._index = Index(self._place.folder / FILE)
                self._index.note(**facts)

    def _close(self) -> None:
        if self._index is not None:
            self._index.close()
        self._index = self._refresh = None

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as cause:
            with self._guard, contextlib.suppress(sqlite3.Error):
                self._close()
            raise DeliveryError(
                f"The local index of runs cannot be written: {cause}.", mend=f"Free space in {self._place.folder}; what is there can still be read."
            ) from cause


def do(client: StoreClient, act: acts.Act) -> None:
    """Change a run of the store.

    Raises:
        StoreUnreachableError, LoginError: not now; doing all of it again does no harm.
        RefusedError: the store does not take it, or does not have the run.
    """
    was_trashed = client.get_run(act.mlflow_run_id).is_trashed
    tags = {name: value for name, value in act.tags.items() if value is not None}
    if act.name is not None:
        tags["mlflow.runName"] = act.name
    taken_off = [name for name, value in act.tags.items() if value is None]
    if was_trashed and (tags or taken_off or act.trash is False):
        client.restore_run(act.mlflow_run_id)
    try:
        for batch in batches(list(tags.items())):
            client.log_batch(act.mlflow_run_id, tags=batch)
        for name in taken_off:
            client.delete_tag(act.mlflow_run_id, name)
    finally:
        if act.trash or (was_trashed and act.trash is None):
            with contextlib.suppress(GoneError):
                client.delete_run(act.mlflow_run_id)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
