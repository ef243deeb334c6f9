"""A run being recorded: the guest's side of the journal. Nothing here raises into the user's code."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from nbtrack.capture import background
from nbtrack.entities import Kind, RunStart, State
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home, RunWriter, blobs
from nbtrack.journal.owner import note_end
from nbtrack.system import after_fork_in_child

_LONG = 20_000
"""Characters of a param from which it lies in a blob beside the event."""


class TrackedRun:
    """One run as user code writes to it. Threads may share it.

    If the journal fails, one notice is kept, recording of this run stops and the user's code goes on.
    """

    def __init__(self, home: Home, start: RunStart, writer: RunWriter) -> None:
        self.home, self.start, self.writer = home, start, writer
        self.run_id, self.name = start.run_id, start.name
        self.notices: list[str] = []
        self.is_ended = False
        self.is_stopped = False
        self.ended_by: State | None = None
        self.uri = start.store
        """The store's URI, in this process with its password."""
        self.params_seen: dict[str, str] = {}
        """Params that capture recorded, as text."""
        self.params_given: set[str] = set()
        """Names of the params it was given."""
        self.autologged: set[str] = set()
        """Metrics that MLflow's autologging writes, which had them first."""
        self.trainings: dict[str, list[Any]] = {}
        """Of each of them, the trainings that wrote it: another one's goes under a name of its own."""
        self.has_users_model = False
        """The user's code logged a model with MLflow: ours would be the same once more."""
        self.left_out: list[str] = []
        """Names that capture found, and that the user excluded."""
        self.metrics_seen: dict[str, str] = {}
        """Metrics that capture recorded, each with what it is."""
        self.metrics_named: dict[str, Any] = {}
        """Where each of them comes from, see `measures.Named`."""
        self.metric_values: dict[str, float | int] = {}
        """Their last values."""
        self.told: dict[str, float | int] = {}
        """Of these, numbers that have one point each: a later cell that logs one by a call means that point."""
        self.curve_ends: dict[str, float] = {}
        """Last value of each curve that capture recorded: a metric of this name and value is that point again."""
        self.curve_places: dict[str, str] = {}
        """The function in which each of them grew; empty at top level."""
        self.curve_models: set[str] = set()
        """Names of the models of which cells have left curves."""
        self.curve_parts: set[tuple[str, str]] = set()
        """Function and name of values that gave way to a curve that is their mean."""
        self.curve_heads: list[list[float]] = []
        """First values of each curve, by which the same curve is known again where a later cell shows it."""
        self._end: dict[str, Any] | None = None
        """The end while it is not in the journal."""
        self._figures = 0
        self._models: dict[str, int] = {}
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<run {self.name!r}, {self.ended_by.value.lower() if self.ended_by is not None else 'running'}, {self.run_id[:8]}>"

    def log(self, name: str, value: Any, step: int | None = None, timestamp_ns: int | None = None) -> None:
        """Append a point to a metric; what is no number is refused with a notice."""
        if self.is_stopped or (self.told and name in self.told and not step and _is_number(value, self.told.pop(name))):
            return
        try:
            self.writer.log(name, value, step, timestamp_ns)
        except (OSError, NbtrackError) as cause:
            self._not_logged(cause, RunWriter.log, name, value, step, timestamp_ns)
        except Exception as cause:  # noqa: BLE001 - the user's object may raise anything on float()
            self.notice(f"metric {name!r} was given {_short(value)} of type {type(value).__name__}, not a number: it was not kept ({cause})")

    def log_many(self, name: str, steps: Sequence[int], times_ns: Sequence[int], values: Sequence[float]) -> None:
        """Append points of a metric; lists or arrays of one length."""
        if self.is_stopped:
            return
        try:
            self.writer.log_many(name, steps, times_ns, values)
        except (OSError, NbtrackError) as cause:
            self._not_logged(cause, RunWriter.log_many, name, steps, times_ns, values)

    def param(self, name: str, value: Any) -> None:
        """Record a param; the first value of a name stays, later ones are kept beside it."""
        self.params_given.add(str(name))
        text = as_text(value)
        if len(text) <= _LONG:
            self._event(Kind.PARAM, name=str(name), value=text)
            return
        blob = self._put(sendable(text).encode())
        if blob:
            self._event(Kind.PARAM, name=str(name), blob=blob)

    def tag(self, name: str, value: Any) -> None:
        """Set a tag; None takes it off."""
        self._event(Kind.TAG, name=str(name), value=None if value is None else as_text(value))

    def note(self, text: str) -> None:
        """Write the run's description."""
        self._event(Kind.NOTE, text=text)

    def input(self, dataset: dict[str, Any]) -> None:
        """Note a dataset input, in MLflow's words."""
        self._event(Kind.INPUT, dataset=dataset)

    def trash(self, is_on: bool) -> None:
        """Move the run to the trash, or take it out again."""
        self._event(Kind.TRASH, on=is_on)

    def artifact(self, path: str | Path, artifact_path: str = "") -> None:
        """Keep a file, or every file below a folder, under `artifact_path`."""
        source = Path(path)
        try:
            files = [file for file in sorted(source.rglob("*")) if file.is_file()] if source.is_dir() else [source]
            for file in files:
                inside = file.relative_to(source.parent).as_posix()
                with file.open("rb") as stream:
                    blob = blobs.put(self.home, stream)
                self._event(Kind.ARTIFACT, path=f"{artifact_path}/{inside}".strip("/"), blob=blob, size_bytes=file.stat().st_size)
        except (OSError, NbtrackError) as cause:
            self.notice(f"artifact {str(path)!r} was not kept: {cause}")

    def artifact_bytes(self, path: str, data: bytes) -> None:
        """Keep bytes as the artifact called `path`."""
        blob = self._put(data)
        if blob:
            self._event(Kind.ARTIFACT, path=path.strip("/"), blob=blob, size_bytes=len(data))

    def model(self, name: str, files: dict[str, BinaryIO], **facts: Any) -> str:
        """Keep a fitted model, a folder in MLflow's format; returns the name it got, which no other model of the run has, or empty.

        Args:
            files: content by path in the model's folder; read from where they stand.
            facts: flavor, class_name, params.
        """
        with self._lock:
            count = self._models[name] = self._models.get(name, 0) + 1
        name = name if count == 1 else f"{name}-{count}"
        try:
            kept = {path: (blobs.put(self.home, file), file.tell()) for path, file in files.items()}
        except (OSError, NbtrackError) as cause:
            self._stop(cause)
            return ""
        self._event(Kind.MODEL, name=name, files=kept, size_bytes=sum(size for _, size in kept.values()), **facts)
        return name

    def figure(self, fig: Any, name: str = "") -> None:
        """Keep a figure (matplotlib's `savefig` or plotly's `to_html`) under `figures/`."""
        try:
            stem = name or f"figure-{self.next_figure()}"
            if hasattr(fig, "savefig"):
                buffer = io.BytesIO()
                fig.savefig(buffer, format="png", bbox_inches="tight")
                self.artifact_bytes(f"figures/{stem}.png", buffer.getvalue())
            elif hasattr(fig, "to_html"):
                self.artifact_bytes(f"figures/{stem}.html", fig.to_html().encode())
            else:
                self.notice(f"figure of type {type(fig).__name__} was not kept: it has neither savefig nor to_html")
        except Exception as cause:  # noqa: BLE001 - drawing runs foreign code
            self.notice(f"a figure was not kept: {cause}")

    def next_figure(self) -> int:
        """Number for a figure without a name."""
        self._figures += 1
        return self._figures

    def notice(self, text: str) -> None:
        """Keep what the user should know about this run; the same words once."""
        if text in self.notices:
            return
        self.notices.append(text)
        if not self.is_stopped:
            self._event(Kind.NOTICE, text=text)

    def end(self, state: State, reason: str = "", traceback: str = "") -> None:
        """End the run; a second end is ignored."""
        with self._lock:
            if self.is_ended:
                return
            self.is_ended, self.ended_by = True, state
            self._end = {"timestamp_ns": time.time_ns(), "state": state, "reason": sendable(reason), "traceback": sendable(traceback)}
        if not self._write_end():
            _unended.append(self)

    def _write_end(self) -> bool:
        """Write how the run ended, whatever stopped its recording before; says whether that is done."""
        with self._lock:
            if self._end is None:
                return True
            try:
                try:
                    self.writer.event(Kind.END, **self._end)
                except NbtrackError:  # closed
                    self.writer = RunWriter(self.home, self.run_id)
                    self.writer.event(Kind.END, **self._end)
            except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
                self._stop(cause)
                note_end(self.home, self.run_id, self._end["state"], self._end["timestamp_ns"])
                return False
            self._end = None
        background.soon("settle", self._settle)
        return True

    def _settle(self) -> None:
        """Off the user's path: make the run outlast a loss of power, and let go of its files."""
        with contextlib.suppress(OSError, NbtrackError, ValueError):
            self.writer.sync()
        self.writer.close()

    def _put(self, data: bytes) -> str:
        try:
            return blobs.put_bytes(self.home, data)
        except (OSError, NbtrackError) as cause:
            self._stop(cause)
            return ""

    def _event(self, kind: str, **data: Any) -> None:
        if self.is_stopped:
            return
        data = {key: sendable(value) if isinstance(value, str) else value for key, value in data.items()}
        try:
            self.writer.event(kind, **data)
        except NbtrackError:
            self._reopened(kind, **data)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self._stop(cause)

    def _not_logged(self, cause: OSError | NbtrackError, log: Callable[..., None], *points: Any) -> None:
        """The disk failed, or the run has ended: then it takes the points all the same."""
        if isinstance(cause, OSError):
            self._stop(cause)
            return
        self._reopened(Kind.NOTICE, text="points were logged after the run ended")
        with contextlib.suppress(Exception):
            log(self.writer, *points)

    def _reopened(self, kind: str, **data: Any) -> None:
        """Write through a new writer where the old one was closed at the run's end."""
        try:
            self.writer = RunWriter(self.home, self.run_id)
            self.writer.event(kind, **data)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the cell
            self._stop(cause)

    def _stop(self, cause: BaseException) -> None:
        if not self.is_stopped:
            self.is_stopped = True
            self.notices.append(f"recording stopped, the cell went on: {cause}. What was recorded before is kept in {self.home.root}; {_mend(cause)}.")


def write_ends() -> None:
    """Write ends that could not be written when their runs ended, as on a full disk; those that still cannot wait on."""
    for run in _unended[:]:
        if run._write_end() and run in _unended:
            _unended.remove(run)


_unended: list[TrackedRun] = []
after_fork_in_child(_unended.clear)  # they are the parent's


def _mend(cause: BaseException | None) -> str:
    """What the user can do about an error of the system, also where it is the cause of one of ours."""
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__
    number = cause.errno if cause is not None else None
    if number in (errno.EMFILE, errno.ENFILE):
        return "close files that the notebook holds open, or allow more (`ulimit -n`)"
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free space there"
    return "free space there or mend its permissions"


def as_text(value: Any) -> str:
    """A param's value as text: a text as it is, lists and dicts as JSON, others, tuples among them, by `str`, or by their type where that raises."""
    try:
        if isinstance(value, str):
            return value
        if isinstance(value, (list, dict)):
            try:
                return json.dumps(value, ensure_ascii=False)
            except (TypeError, ValueError, RecursionError):
                return repr(value)
        return str(value)
    except Exception:  # noqa: BLE001 - a user's __repr__ may raise anything
        return f"<{type(value).__name__}>"


def sendable(text: str) -> str:
    """The text as kernels and stores can send it: halves of a surrogate pair, which a Python text may hold, are escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _is_number(value: Any, known: float | int) -> bool:
    """Whether a value of a plain kind, or one of numpy's, is this number."""
    return (type(value) in (float, int) or (type(value).__module__ == "numpy" and getattr(value, "shape", None) == ())) and bool(value == known)


def _short(value: Any) -> str:
    text = as_text(value)
    return text if len(text) <= 60 else text[:57] + "..."
