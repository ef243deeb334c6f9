"""Observes what every executed cell outputs, in the order a front end gets it, into `entry.outputs`."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from nbtrack.capture.output_list import OutputList
from nbtrack.capture.source import Source
from nbtrack.capture.wrap import observed, without_this_frame, wrap
from nbtrack.entities.ledger import Entry

KERNEL_CAP = 256 << 20
"""Bytes of outputs that a kernel holds for its snapshots; beyond it, all but the small outputs of the oldest cells are let go."""
OURS = "nbtrack"
"""Output metadata that marks what nbtrack itself shows below a cell; it is no output of the user's code."""
_KINDS = frozenset(("stream", "display_data", "execute_result", "error", "update_display_data", "clear_output"))

Observe = Callable[[str, dict[str, Any], str], None]
"""Gets kind and content of a message, and the key of the cell it belongs to."""


class Door(Protocol):
    """Where a shell's outputs pass.

    `enter` is called before a cell and returns the key under which its outputs come; `flush` within it, and everything the cell has written
    by then is observed before it returns; `leave` after it, which need not wait for what child processes wrote. `close` leaves nothing behind.
    """

    def enter(self) -> str: ...

    def flush(self) -> None: ...

    def leave(self) -> None: ...

    def close(self) -> None: ...


class Outputs(Source):
    """Keeps the outputs of cells, tracked or not. It finds nothing: other sources and the snapshot read what it keeps."""

    name = "outputs"
    kind = "notebook"

    def __init__(self) -> None:
        self._door: Door | None = None
        self._lists: dict[str, OutputList] = {}
        self._displayed: dict[str, list[dict[str, Any]]] = {}
        self._old: deque[OutputList] = deque()
        self._size_bytes = 0
        self._lock = threading.RLock()  # a signal handler may output while its own thread does
        self._pid = os.getpid()

    def start(self, shell: Any) -> None:
        is_kernel = hasattr(getattr(shell.display_pub, "session", None), "send")
        self._door = KernelDoor(shell, self._observe) if is_kernel else TerminalDoor(shell, self._observe)

    def stop(self) -> None:
        if self._door is not None:
            self._door.close()

    def enter(self, entry: Entry) -> None:
        if self._door is None:
            return
        outputs = OutputList(entry.outputs, self._displayed, is_tracked=bool(entry.run_id))
        entry.facts[self.name] = outputs
        with self._lock:
            self._lists[self._door.enter()] = outputs

    def leave(self, entry: Entry) -> None:
        outputs = entry.facts.get(self.name)
        if self._door is None or not isinstance(outputs, OutputList):
            return
        if entry.run_id:
            self._door.flush()  # of other cells what child processes wrote may come a moment later: to ask lets another thread run first
        self._door.leave()
        with self._lock:
            outputs.settle()
            self._count(outputs, outputs.size_bytes)

    def _count(self, outputs: OutputList, grown_bytes: int) -> None:
        """Outputs of a cell that ended came to be so much more."""
        if grown_bytes <= 0:
            return
        if outputs.size_bytes == grown_bytes:
            self._old.append(outputs)
        self._size_bytes += grown_bytes
        while self._size_bytes > KERNEL_CAP and len(self._old) > 1:
            oldest = self._old.popleft()
            before = oldest.size_bytes
            oldest.shed()
            self._size_bytes -= before - oldest.size_bytes

    def flush(self) -> None:
        """Observe what the running cell has written so far."""
        if self._door is not None:
            self._door.flush()

    def _observe(self, kind: str, content: dict[str, Any], key: str) -> None:
        if kind not in _KINDS or os.getpid() != self._pid:  # a forked child has its parent's lock, held or not
            return
        if OURS in (content.get("metadata") or ()):
            return
        with self._lock:
            outputs = self._lists.get(key)
            if outputs is not None:
                before_bytes = outputs.size_bytes
                outputs.apply(kind, content, time.time_ns())
                if outputs.is_settled:
                    self._count(outputs, outputs.size_bytes - before_bytes)


class KernelDoor:
    """ipykernel: all that is output, by whatever thread, passes `send` of one session, streams in pieces of a fifth of a second.

    Forked children hand their messages over as bytes, which pass `send_multipart` of the thread that owns the socket.
    """

    def __init__(self, shell: Any, observe: Observe) -> None:
        self._shell, self._observe = shell, observe
        self._session = shell.display_pub.session
        self._streams: list[Any] = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "_buffers")]
        self._pipes = _watch([fd for stream in self._streams if (fd := getattr(stream, "_fid", None)) is not None])
        self._sending = threading.local()
        self._undo = [wrap(self._session, "send", self._around_send)]
        thread = getattr(shell.display_pub.pub_socket, "io_thread", None)
        if thread is not None:
            self._undo.append(wrap(thread, "send_multipart", self._around_bytes))

    def enter(self) -> str:
        return str(self._shell.parent_header.get("header", {}).get("msg_id", ""))

    def flush(self) -> None:
        if self._pipes is not None:
            _wait_until_read(self._pipes)
        self.leave()

    def leave(self) -> None:
        for stream in self._streams:
            if stream._buffers:  # flushing takes the time of a switch to another thread
                stream.flush()

    def close(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._observe = lambda kind, content, key: None

    def _around_send(self, send: Callable[..., Any]) -> Callable[..., Any]:
        def observed_send(*args: Any, **kwargs: Any) -> Any:
            self._sending.is_on = True
            try:
                sent = send(*args, **kwargs)
            except BaseException as error:
                without_this_frame(error)
                raise
            finally:
                self._sending.is_on = False
            if sent is not None:
                with contextlib.suppress(Exception):
                    self._observe(sent["msg_type"], sent["content"], (sent.get("parent_header") or {}).get("msg_id", ""))
            return sent

        return observed_send

    def _around_bytes(self, send_multipart: Callable[..., Any]) -> Callable[..., Any]:
        def observed_send_multipart(frames: Any, *args: Any, **kwargs: Any) -> Any:
            if not getattr(self._sending, "is_on", False):
                with contextlib.suppress(Exception):
                    _, parts = self._session.feed_identities(frames, copy=True)
                    header, parent, _, content = (json.loads(part) for part in parts[1:5])
                    self._observe(header["msg_type"], content, parent.get("msg_id", ""))
            return send_multipart(frames, *args, **kwargs)

        return observed_send_multipart


class TerminalDoor:
    """IPython without a kernel: display publisher, display hook and traceback tell what they show; all else that is written is a stream."""

    def __init__(self, shell: Any, observe: Observe) -> None:
        self._shell, self._observe = shell, observe
        self._showing = threading.local()
        self._streams: list[Callable[[], None]] = []
        self._undo = [
            wrap(shell.display_pub, "publish", self._around_publish),
            wrap(shell.display_pub, "clear_output", self._around_clear),
            wrap(shell.displayhook, "start_displayhook", self._around_start),
            wrap(shell.displayhook, "write_format_data", self._around_result),
            wrap(shell.displayhook, "finish_displayhook", self._around_finish),
            wrap(shell, "_showtraceback", self._around_traceback),
        ]

    def enter(self) -> str:
        self._showing.depth = 0
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            with contextlib.suppress(AttributeError, TypeError):  # a stream that takes no attributes is not observed
                self._streams.append(wrap(stream, "write", self._around_write(name)))
        return ""

    def flush(self) -> None:
        return

    def leave(self) -> None:
        self._showing.depth = 0  # a display hook that failed halfway
        for undo in self._streams:
            undo()
        self._streams.clear()

    def close(self) -> None:
        self.leave()
        for undo in reversed(self._undo):
            undo()
        self._observe = lambda kind, content, key: None

    def _deeper(self, by: int) -> None:
        self._showing.depth = max(0, getattr(self._showing, "depth", 0) + by)

    def _around_write(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def see(_: Any, text: str) -> None:
            if text and not getattr(self._showing, "depth", 0):
                self._observe("stream", {"name": name, "text": text}, "")

        return lambda write: observed(write, see)

    def _around_publish(self, publish: Callable[..., Any]) -> Callable[..., Any]:
        def see(_: Any, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **more: Any) -> None:
            kind = "update_display_data" if update else "display_data"
            self._observe(kind, {"data": _as_text(data), "metadata": metadata, "transient": transient}, "")

        return observed(self._quietly(publish), see)

    def _around_clear(self, clear: Callable[..., Any]) -> Callable[..., Any]:
        return observed(self._quietly(clear), lambda _, wait=False: self._observe("clear_output", {"wait": wait}, ""))

    def _around_start(self, start: Callable[..., Any]) -> Callable[..., Any]:
        return observed(start, lambda _: self._deeper(1))

    def _around_result(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def see(_: Any, format_dict: Any, md_dict: Any = None) -> None:
            content = {"data": _as_text(format_dict), "metadata": md_dict, "execution_count": self._shell.displayhook.prompt_count}
            self._observe("execute_result", content, "")

        return observed(write, see)

    def _around_finish(self, finish: Callable[..., Any]) -> Callable[..., Any]:
        return observed(finish, lambda _: self._deeper(-1))

    def _around_traceback(self, show: Callable[..., Any]) -> Callable[..., Any]:
        def see(_: Any, etype: Any, evalue: Any, stb: Any) -> None:
            self._observe("error", {"ename": etype.__name__, "evalue": str(evalue), "traceback": stb if isinstance(stb, list) else [stb]}, "")

        return observed(self._quietly(show), see)

    def _quietly(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, whose own writing to the terminal is no stream of the user's."""

        def quiet_call(*args: Any, **kwargs: Any) -> Any:
            self._deeper(1)
            try:
                return call(*args, **kwargs)
            except BaseException as error:
                without_this_frame(error)
                raise
            finally:
                self._deeper(-1)

        return quiet_call


def _watch(pipes: list[int]) -> Any:
    """Tells whether there is something to read in ipykernel's pipes; None where it has none."""
    if not pipes:
        return None
    watch = select.poll()
    for pipe in pipes:
        watch.register(pipe, select.POLLIN)
    return watch


def _wait_until_read(pipes: Any) -> None:
    """What a child process wrote is on its way through ipykernel's pipes: let their readers take it, for at most 50 ms."""
    deadline = time.monotonic() + 0.05
    while pipes.poll(0) and time.monotonic() < deadline:
        time.sleep(0.001)


def _as_text(data: dict[str, Any]) -> dict[str, Any]:
    return {mime: base64.b64encode(value).decode() if isinstance(value, bytes) else value for mime, value in data.items()}
