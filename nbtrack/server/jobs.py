"""Commands of ours that the server runs for a page: each a group of processes, its output kept and told, its end known."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from enum import StrEnum
from typing import IO, Any

from nbtrack.errors import UsageError
from nbtrack.journal import Home, new_id
from nbtrack.reads import words
from nbtrack.server.commands import Command
from nbtrack.server.limits import Bucket, TooManyError
from nbtrack.server.shapes import Job, JobNews, Output
from nbtrack.system import end_group, interrupt_group, own_group

MOST_AT_ONCE, MOST_A_MINUTE = 4, 30
"""Jobs of one user."""
KEPT_CHARACTERS = 1_000_000
"""Of the output; what was said before is forgotten."""
_KEPT_JOBS = 50
_PAUSE_S = 0.1
_LONGEST_LINE = 16_384
_LARGEST_RESULT = 20_000_000
_LEFT_OUT = ("NBTRACK_OWNER", "NBTRACK_NOTEBOOK", "JPY_SESSION_NAME", "JPY_API_TOKEN", "JUPYTER_TOKEN", "MLFLOW_RUN_ID")
"""Variables that tell of the server, or let into it."""
# A server that was started in the background ignores interrupts, and so would its children
_MAIN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    from nbtrack.cli import main
    main()
except KeyboardInterrupt:  # while it loads, which takes long enough to be cancelled in
    sys.exit(130)
"""
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    ENDED = "ended"


_MOVES = {JobState.RUNNING: (JobState.CANCELLING, JobState.ENDED), JobState.CANCELLING: (JobState.CANCELLED,)}


class UnknownJobError(UsageError):
    """There is no such job, or it is another user's."""


class Jobs:
    """The jobs of one server.

    Args:
        tell: gets a user and the news of one of the user's jobs, at most ten times a second a job; from any thread.
        grace_s: seconds an interrupted job has to tidy up, and then a terminated one.
    """

    def __init__(self, home: Home, tell: Callable[[str, JobNews], None], *, grace_s: tuple[float, float] = (10.0, 5.0)) -> None:
        self._home, self._tell, self._grace_s = home, tell, grace_s
        self._lock = threading.Lock()
        self._jobs: dict[str, _Running] = {}
        self._buckets: dict[str, Bucket] = {}
        _ended_with_process.add(self)

    def start(self, command: Command, user: str) -> Job:
        """Begin a command.

        Raises:
            TooManyError: the user has too many jobs, or begins them too fast.
            UsageError: the command cannot be started.
        """
        with self._lock:
            if sum(it.user == user and it.ended_ns is None for it in self._jobs.values()) >= MOST_AT_ONCE:
                raise TooManyError(f"{MOST_AT_ONCE} jobs run already.", mend="Wait until one has ended, or cancel one.")
            self._buckets.setdefault(user, Bucket(MOST_A_MINUTE, MOST_A_MINUTE / 60)).take("jobs")
            job = _Running(self._home, command, user, self._tell)
            self._jobs[job.id] = job
            ended = [it for it in self._jobs.values() if it.ended_ns is not None]
            for it in ended[: max(0, len(ended) - _KEPT_JOBS)]:
                del self._jobs[it.id]
        return job.facts()

    def all(self, user: str) -> list[Job]:
        """The user's jobs, newest first."""
        with self._lock:
            return [it.facts() for it in reversed(self._jobs.values()) if it.user == user]

    def output(self, job_id: str, user: str, start: int = 0) -> Output:
        """What a job said from a character on.

        Raises:
            UnknownJobError: the user has no such job.
        """
        return self._job(job_id, user).output(start)

    def cancel(self, job_id: str, user: str) -> Job:
        """Ask a job to end, and see to it that it does; nothing happens to one that ended.

        Raises:
            UnknownJobError: the user has no such job.
        """
        job = self._job(job_id, user)
        job.cancel(self._grace_s)
        return job.facts()

    def close(self) -> None:
        """End all that still runs, at once."""
        with self._lock:
            running = [it for it in self._jobs.values() if it.ended_ns is None]
        for job in running:
            job.end_now()

    def _job(self, job_id: str, user: str) -> _Running:
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.user != user:
            raise UnknownJobError(f"There is no job {job_id[:40]!r}.", mend="Begin it again; a server forgets its jobs when it ends.")
        return job


class _Running:
    """One job, from its beginning on."""

    def __init__(self, home: Home, command: Command, user: str, tell: Callable[[str, JobNews], None]) -> None:
        self.id, self.user, self._command, self._tell = new_id(), user, command, tell
        self.started_ns, self.state = time.time_ns(), JobState.RUNNING
        self.ended_ns: int | None = None
        self._code: int | None = None
        self._result: Any = None
        self._text, self._forgotten = "", 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._said: IO[bytes] | None = tempfile.TemporaryFile() if command.has_result else None  # noqa: SIM115 - it lives as long as the process
        env = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        env |= {"NBTRACK_HOME": str(home.root), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _MAIN, *command.words], cwd=command.cwd, env=env, stdin=subprocess.DEVNULL,
                stdout=self._said or subprocess.PIPE, stderr=subprocess.PIPE if self._said else subprocess.STDOUT, **own_group(),
            )  # fmt: skip
        except (OSError, ValueError) as cause:
            raise UsageError(f"The job cannot be started: {cause}", mend="See that the folder exists and processes can be started.") from cause
        threading.Thread(target=self._watch, name="nbtrack-job", daemon=True).start()

    def facts(self) -> Job:
        with self._lock:
            ended = self.ended_ns
            return Job(
                id=self.id, kind=self._command.kind, title=self._command.title, subject=self._command.subject, state=self.state.value, code=self._code,
                started_ms=self.started_ns // 1_000_000, ended_ms=None if ended is None else ended // 1_000_000, size=self._size, result=self._result,
            )  # fmt: skip

    def output(self, start: int) -> Output:
        job = self.facts()
        with self._lock:
            first = min(max(start, self._forgotten), self._size)
            return Output(job=job, start=first, next=self._size, text=self._text[first - self._forgotten :])

    def cancel(self, grace_s: tuple[float, float]) -> None:
        if self._move(JobState.CANCELLING):
            self._news()
            threading.Thread(target=self._end, args=(grace_s,), name="nbtrack-cancel", daemon=True).start()

    def end_now(self) -> None:
        self._move(JobState.CANCELLING)
        end_group(self._process, is_now=True)

    @property
    def _size(self) -> int:
        return self._forgotten + len(self._text)

    def _move(self, to: JobState) -> bool:
        with self._lock:
            if to not in _MOVES.get(self.state, ()):
                return False
            self.state = to
            return True

    def _end(self, grace_s: tuple[float, float]) -> None:
        interrupt_group(self._process)
        for wait_s, is_now in zip(grace_s, (False, True), strict=True):
            if self._ended.wait(wait_s):
                return
            end_group(self._process, is_now=is_now)

    def _watch(self) -> None:
        pipe = self._process.stderr or self._process.stdout
        assert pipe is not None
        reader = threading.Thread(target=self._read, args=(pipe,), name="nbtrack-job-output", daemon=True)
        reader.start()
        code = self._process.wait()
        reader.join(2)  # a process that the job left behind may hold the pipe
        result = self._parsed()
        end_group(self._process, is_now=True)  # what it left of its group
        with self._lock:
            self._code, self._result, self.ended_ns = code, result, time.time_ns()
        if not self._move(JobState.ENDED):
            self._move(JobState.CANCELLED)
        self._ended.set()
        self._news()

    def _read(self, pipe: IO[bytes]) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        waiting = ""
        with pipe, contextlib.suppress(OSError, ValueError):
            while found := os.read(pipe.fileno(), 1 << 16):
                waiting += decoder.decode(found)
                whole = max(waiting.rfind("\n"), waiting.rfind("\r")) + 1
                if not whole and len(waiting) > _LONGEST_LINE:
                    whole = len(waiting)
                if whole:
                    self._add(waiting[:whole])
                    waiting = waiting[whole:]
                    time.sleep(_PAUSE_S)  # what comes meanwhile is told together
        if waiting:
            self._add(waiting)

    def _add(self, text: str) -> None:
        shown = words.clean(_ESCAPES.sub("", text))
        with self._lock:
            self._text += shown
            if len(self._text) > KEPT_CHARACTERS:
                gone = len(self._text) - KEPT_CHARACTERS
                self._text, self._forgotten = self._text[gone:], self._forgotten + gone
        self._news()

    def _parsed(self) -> Any:
        """What was written to stdout, where that is JSON."""
        if self._said is None:
            return None
        with self._said as file:
            file.seek(0)
            found = file.read(_LARGEST_RESULT + 1)
        if len(found) > _LARGEST_RESULT:
            return None
        with contextlib.suppress(ValueError):
            return json.loads(found, parse_constant=str)
        return None

    def _news(self) -> None:
        news = JobNews(id=self.id, kind=self._command.kind, subject=self._command.subject, state=self.state.value, size=self._size)
        self._tell(self.user, news)


_ended_with_process: weakref.WeakSet[Jobs] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    for jobs in list(_ended_with_process):
        jobs.close()
