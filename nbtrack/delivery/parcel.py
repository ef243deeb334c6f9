"""From events to what MLflow is sent: params, tags, artifacts, inputs and the run's state."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from nbtrack.delivery.mask import Mask
from nbtrack.entities import Event, Kind, State
from nbtrack.secrets.policy import TAGS
from nbtrack.store.names import LONGEST_PARAM, LONGEST_TAG, fit_name, fit_text, is_fit, without_case

NOTE_TAG = "mlflow.note.content"
RENAMED_TAG = "nbtrack.renamed"
REFUSED_TAG = "nbtrack.refused"
REASON_TAG = "nbtrack.reason"
_EXACT_KEPT = 200


class Names:
    """What each metric, param and tag of one run is called in MLflow; the same events in the same order give the same names."""

    def __init__(self, renamed: dict[str, str], *, ignores_case: bool = False) -> None:
        """
        Args:
            ignores_case: to the store, names are alike that differ in case, accents or spaces at their end alone.
        """
        self.renamed = dict(renamed)
        self._key = without_case if ignores_case else str
        self._given = {self._key(target): source for source, target in renamed.items()}

    def __contains__(self, target: object) -> bool:
        """Whether a name in MLflow is given."""
        return self._key(str(target)) in self._given

    def of(self, name: str) -> str:
        """The name in MLflow."""
        known = self.renamed.get(name)
        if known is not None:
            return known
        if is_fit(name) and self._given.setdefault(self._key(name), name) == name:
            return name
        target = fit_name(name, self)
        self._given[self._key(target)] = name
        self.renamed[name] = target
        return target


@dataclass
class Parcel:
    """What a stretch of events comes to; where a name occurs twice, the later value stands."""

    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str | None] = field(default_factory=dict)
    """None takes the tag off."""
    blobs: dict[str, str] = field(default_factory=dict)
    """Artifact path to blob."""
    texts: dict[str, str] = field(default_factory=dict)
    """Artifact path to content."""
    inputs: list[Any] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    """Data of their events."""
    state: State | None = None
    ended_ns: int = 0
    trash: bool | None = None

    @property
    def is_closing(self) -> bool:
        """Whether points must be sent before it."""
        return self.trash is not None or (self.state is not None and self.state.is_end)


class Translator:
    """Folds the events of one run, from its first one on, into parcels."""

    def __init__(self, names: Names, long_param: int, text_of: Callable[[str], str], mask: Mask) -> None:
        """
        Args:
            long_param: characters of a param that MLflow gets.
            text_of: content of a blob.
            mask: what strikes secrets out, before anything is cut.
        """
        self.names = names
        self._text_of, self._mask = text_of, mask
        self._long_param = min(long_param, LONGEST_PARAM)
        self._params: dict[str, list[str]] = {}
        self._exact: dict[str, dict[str, str]] = {}
        self._notes: list[str] = []
        self._notebooks: dict[str, str] = {}
        self._is_guest = False

    def parcel(self, events: Iterable[Event]) -> Parcel:
        """What comes of these events, which follow those of the last call."""
        parcel = Parcel()
        for event in events:
            with contextlib.suppress(KeyError, ValueError):  # written by a later release
                self.take(event, parcel)
        return parcel

    def take(self, event: Event, parcel: Parcel) -> None:
        """Add one event to a parcel; a kind of a later release is passed over."""
        data = event.data
        match event.kind:
            case Kind.START:
                self._is_guest = bool(data.get("mlflow_run_id"))
            case Kind.PARAM:
                self._param(parcel, str(data["name"]), data.get("value"), data.get("blob"))
            case Kind.TAG:
                self.tag(parcel, str(data["name"]), None if data["value"] is None else str(data["value"]))
            case Kind.ARTIFACT:
                path, before = str(data["path"]), self._notebooks.get(str(data["path"]))
                if path.startswith("notebook/"):  # large, and the same again where a run is continued; what the user logs again is sent again
                    self._notebooks[path] = data["blob"]
                if before != data["blob"]:
                    parcel.blobs[path] = data["blob"]
            case Kind.MODEL:
                params = self._mask.data(data.get("params") or {}, f"model {data['name']}")
                parcel.models.append({**data, "params": params, "files": {str(path): str(blob) for path, (blob, _) in data["files"].items()}})
            case Kind.SERIES:
                self.names.of(str(data["name"]))
            case Kind.EXACT:
                values = self._exact.setdefault(str(data["name"]), {})
                values[str(data["step"])] = str(data["value"])
                if len(values) > _EXACT_KEPT:
                    del values[next(iter(values))]
                self.tag(parcel, f"nbtrack.exact.{data['name']}", json.dumps(values), is_number=True)
            case Kind.NOTE:
                self._notes.append(self._mask.text(str(data["text"]), "note"))
                self.tag(parcel, NOTE_TAG, "\n\n".join(self._notes))
            case Kind.INPUT:
                parcel.inputs.append(self._mask.data(data.get("dataset", data), "a dataset input"))
            case Kind.TRASH:
                parcel.trash = bool(data["on"])
            case Kind.RESUME:
                self._is_guest = False
                parcel.state = State.RUNNING
                parcel.tags[REASON_TAG] = None
            case Kind.END if self._is_guest and "owner" in data:
                pass  # a process that only wrote to a run of others is gone; that ends nothing
            case Kind.END:
                parcel.state, parcel.ended_ns = State(data["state"]), event.timestamp_ns
                if data.get("reason"):
                    self.tag(parcel, REASON_TAG, str(data["reason"]))
                if data.get("traceback"):
                    parcel.texts["traceback.txt"] = self._mask.text(str(data["traceback"]), "traceback")

    def tag(self, parcel: Parcel, name: str, value: str | None, *, is_number: bool = False) -> None:
        """Add a tag; a value MLflow would cut goes whole into an artifact beside.

        Args:
            is_number: the value holds numbers only, and as many come as there are points: no secrets are looked for.
        """
        target = self.names.of(name)
        if value is not None and not is_number and name not in TAGS:
            value = self._mask.text(value, f"tag {name}", name)
        if value is not None and len(value) > LONGEST_TAG:
            parcel.texts[f"nbtrack/tags/{_file_name(target)}.txt"] = value
        parcel.tags[target] = None if value is None else fit_text(value, LONGEST_TAG)

    def _param(self, parcel: Parcel, name: str, value: str | None, blob: str | None) -> None:
        """The first value is MLflow's param; each one that differs from the one before becomes a tag `nbtrack.param.<name>.<n>`, n from 2."""
        values = self._params.setdefault(name, [])
        target = self.names.of(name)
        text = str(value) if value is not None else self._text_of(blob or "")
        if values and text == values[-1]:
            return
        values.append(text)
        masked = self._mask.text(text, f"param {name}", name)
        if masked != text:
            text, blob = masked, None
        file = f"nbtrack/params/{_file_name(target)}" + (f".{len(values)}.txt" if len(values) > 1 else ".txt")
        if len(values) == 1:
            parcel.params[target] = fit_text(text, self._long_param)
        else:
            parcel.tags[self.names.of(f"nbtrack.param.{name}.{len(values)}")] = fit_text(text, LONGEST_TAG)
        if blob:
            parcel.blobs[file] = blob
        elif len(text) > (self._long_param if len(values) == 1 else LONGEST_TAG):
            parcel.texts[file] = text


def _file_name(name: str) -> str:
    """A metric's or param's MLflow name as a file name."""
    return fit_name(name.replace("/", "_").replace(":", "_"))[:200]
