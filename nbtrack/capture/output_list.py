"""The outputs of one cell as a front end would hold them, within stated caps."""

from __future__ import annotations

import base64
import json
import marshal
from dataclasses import field
from typing import Any

from nbtrack.amounts import counted
from nbtrack.capture.stream_text import StreamText
from nbtrack.records import dataclass

OUTPUT_CAP = 16 << 20
"""Bytes of one rich output in all its forms; the largest forms are left out beyond it."""
CELL_CAP = 64 << 20
"""Bytes of all rich outputs of one cell."""
MOST = 10_000
"""Outputs of one cell; an error is kept even beyond it."""
_SMALL = 10_000


@dataclass
class Heard:
    """What a cell outputs from some moment on."""

    streams: dict[str, StreamText] = field(default_factory=dict)
    rich: list[dict[str, Any]] = field(default_factory=list)
    """Displays and results, also those that were cleared away since."""


class OutputList:
    """Applies what a kernel sends to `outputs`, a list of nbformat outputs.

    Streams are brought up to date by `settle`, after which each later piece is applied at once.

    Args:
        outputs: changed in place.
        displayed: outputs of the whole notebook by display id, changed in place: an update reaches every cell.
    """

    def __init__(self, outputs: list[dict[str, Any]], displayed: dict[str, list[dict[str, Any]]], *, is_tracked: bool = False) -> None:
        self.outputs, self._displayed, self._is_tracked = outputs, displayed, is_tracked
        self.streams: list[tuple[dict[str, Any], StreamText]] = []
        """Every stream output and its text, in order."""
        self.whole: dict[str, StreamText] = {}
        """Each stream from beginning to end, over other outputs and over what was cleared; of tracked cells alone."""
        self.size_bytes = 0
        self._display_ids: set[str] = set()
        self.is_settled = False
        self._is_clearing = False
        self._left_out = 0
        self._listening: list[Heard] = []

    def listen(self, heard: Heard) -> None:
        """Tell what is output from now on, until it is forgotten."""
        self._listening = [*self._listening, heard]

    def forget(self, heard: Heard) -> None:
        """Listen no longer."""
        self._listening = [it for it in self._listening if it is not heard]

    def apply(self, kind: str, content: dict[str, Any], time_ns: int) -> None:
        """One message of the kernel: stream, display_data, execute_result, error, update_display_data or clear_output."""
        if kind == "update_display_data":
            self._update(content)
            return
        if kind == "clear_output":
            self._is_clearing = bool(content.get("wait"))
            if not self._is_clearing:
                self._clear()
            return
        if kind == "stream" and self._is_tracked and not self.is_settled:
            self.whole.setdefault(str(content["name"]), StreamText()).write(content["text"], time_ns)
        for heard in self._listening if kind == "stream" else ():
            heard.streams.setdefault(str(content["name"]), StreamText()).write(content["text"], time_ns)
        if self._is_clearing:
            self._clear()
        if kind == "stream":
            self._stream(str(content["name"]), content["text"], time_ns)
        elif kind == "error":
            self.outputs.append({"output_type": "error", **{name: content[name] for name in ("ename", "evalue")}, "traceback": list(content["traceback"])})
        else:
            self._rich(kind, content)

    def settle(self) -> None:
        """The cell ended: every stream has its text from now on."""
        self.is_settled = True
        for output, text in self.streams:
            output["text"] = text.text()
        self.size_bytes = sum(size_of(output) for output in self.outputs)

    def shed(self) -> None:
        """Leave out all that is not small; for cells long past where a kernel holds too much."""
        for output in self.outputs:
            if output["output_type"] == "stream":
                if len(output["text"]) > _SMALL:
                    half = _SMALL // 2
                    output["text"] = f"{output['text'][:half]}\n[{len(output['text']) - _SMALL} characters left out]\n{output['text'][-half:]}"
            elif "data" in output:
                output["data"] = _within(output["data"], _SMALL)
        self.streams.clear()
        self.size_bytes = sum(size_of(output) for output in self.outputs)

    def _stream(self, name: str, text: str, time_ns: int) -> None:
        last = self.outputs[-1] if self.outputs else None
        if last is None or last["output_type"] != "stream" or last["name"] != name or not self.streams or self.streams[-1][0] is not last:
            if self._is_full():
                return
            last = {"output_type": "stream", "name": name, "text": ""}
            self.outputs.append(last)
            self.streams.append((last, StreamText()))
        self.streams[-1][1].write(text, time_ns)
        if self.is_settled:
            before_bytes = size_of(last)
            last["text"] = self.streams[-1][1].text()
            self.size_bytes += size_of(last) - before_bytes

    def _rich(self, kind: str, content: dict[str, Any]) -> None:
        if self._is_full():
            return
        data = _within(_plain(content["data"]), min(OUTPUT_CAP, max(_SMALL, CELL_CAP - self.size_bytes)))
        self.size_bytes += size_of(data)
        output: dict[str, Any] = {"output_type": kind, "data": data, "metadata": _plain(content.get("metadata") or {})}
        if kind == "execute_result":
            output["execution_count"] = content.get("execution_count")
        self.outputs.append(output)
        for heard in self._listening:
            heard.rich.append(output)
        display_id = (content.get("transient") or {}).get("display_id")
        if display_id is not None:
            self._displayed.setdefault(display_id, []).append(output)
            self._display_ids.add(display_id)

    def _update(self, content: dict[str, Any]) -> None:
        found = self._displayed.get((content.get("transient") or {}).get("display_id", ""), ())
        if found:
            data, metadata = _within(_plain(content["data"]), OUTPUT_CAP), _plain(content.get("metadata") or {})
            for output in found:
                output["data"], output["metadata"] = data, metadata

    def _clear(self) -> None:
        self._is_clearing = False
        gone = {id(output) for output in self.outputs}
        for display_id in self._display_ids:
            others = [output for output in self._displayed.pop(display_id, ()) if id(output) not in gone]
            if others:
                self._displayed[display_id] = others
        self._display_ids.clear()
        self.outputs.clear()
        self.streams.clear()
        self.size_bytes = self._left_out = 0

    def _is_full(self) -> bool:
        if len(self.outputs) < MOST:
            return False
        if not self._left_out:
            self.outputs.append({"output_type": "stream", "name": "stderr", "text": ""})
        self._left_out += 1
        self.outputs[MOST]["text"] = f"[{counted(self._left_out, 'more output')} left out]\n"
        return True


def size_of(value: Any) -> int:
    """About how many bytes a value takes as JSON; long lists are judged by their first items."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(name)) + size_of(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        first = value[:100]
        return sum(size_of(item) for item in first) * len(value) // max(1, len(first))
    return 8


def _within(data: dict[str, Any], cap: int) -> dict[str, Any]:
    """A bundle whose largest forms are left out, and named in its text, until it fits."""
    sizes = {mime: size_of(value) for mime, value in data.items()}
    kept, left_out = dict(data), []
    for mime in sorted(sizes, key=lambda mime: -sizes[mime]):
        if sum(sizes[name] for name in kept) <= cap:
            break
        del kept[mime]
        left_out.append(f"[{mime} of {sizes[mime]} bytes left out]")
    if left_out:
        kept["text/plain"] = "\n".join([*([kept["text/plain"]] if "text/plain" in kept else []), *left_out])
    return kept


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """A copy that the user's code cannot change any more, with bytes as nbformat wants them."""
    return {name: base64.b64encode(item).decode() if isinstance(item, bytes) else _copy(item) for name, item in value.items()}


def _copy(value: Any) -> Any:
    if not isinstance(value, (dict, list, tuple)):
        return value
    try:
        return marshal.loads(marshal.dumps(value))  # thirty times as fast as copy.deepcopy
    except ValueError:  # holds what only JSON's own rules turn into plain values
        return json.loads(json.dumps(value, default=str))
