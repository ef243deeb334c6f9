"""A comparison in an output cell: live in a front end, and a picture in what is saved."""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import publish_display_data

from nbtrack.errors import NbtrackError
from nbtrack.widgets import wire
from nbtrack.widgets.source import Comparison

BUNDLE = Path(__file__).parent / "static" / "compare.js"
VIEW = "application/vnd.jupyter.widget-view+json"


class Compare(anywidget.AnyWidget):
    """Runs compared; what is chosen in the browser is at once the value of a trait here, and the other way round.

    `selected` has the ids of the selected runs, `baseline` the pinned one's, `metric` and `filter` are what their names say; `observe` tells of changes.
    """

    _esm = BUNDLE
    _id = traitlets.Unicode().tag(sync=True)
    _runs = traitlets.Bytes(b"").tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    baseline = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    metric = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    filter = traitlets.Unicode("").tag(sync=True)

    def __init__(self, comparison: Comparison, *, selected: Sequence[str] = ()) -> None:
        self._comparison, self._lock = comparison, threading.RLock()
        self._place = ""  # display id of the output it was shown in
        runs = comparison.table()
        super().__init__(_id=uuid.uuid4().hex, _runs=wire.as_bytes(runs), selected=list(selected), baseline=runs.get("baseline"), metric=runs.get("metric"))
        self.on_msg(self._hear)

    def open(self) -> None:
        """Meet the front end, if there is one; else executed notebooks would keep the widget's whole state, and pages made of them would show that."""
        if has_front_end():
            super().open()

    def refresh(self) -> None:
        """Read the runs again."""
        with self._lock:
            self._runs = wire.as_bytes(self._comparison.table())

    def to_pandas(self) -> Any:
        """The compared runs as a pandas data frame."""
        return self._comparison.to_pandas()

    def figure(self, name: str) -> Any:
        """A chart as a picture: `curves`, `parallel`, `scatter`, `importance`."""
        return self._comparison.figure(name)

    def still(self) -> dict[str, Any]:
        """What stays of it in a saved notebook, by MIME type."""
        return dict(self._comparison.still())

    def __repr__(self) -> str:
        return str(self.still().get("text/plain", super().__repr__()))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, with the still beside it for front ends that have no widgets."""
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        return {**self.still(), **{kind: value for kind, value in data.items() if kind == VIEW}}, metadata

    def _ipython_display_(self) -> None:
        """Show it: as a widget where somebody looks, else as the still alone, so that executed notebooks show it too."""
        if not has_front_end():
            _publish(self.still())
            return
        self._place = uuid.uuid4().hex
        data, metadata = self._repr_mimebundle_()
        _publish(data, metadata, self._place)

    def _hear(self, _: object, ask: Mapping[str, Any], __: object) -> None:
        """Answer a view. This runs in a front end's turn, so what goes wrong is told there."""
        with self._lock:
            match ask.get("ask"):
                case "settle":
                    self._settle()
                case "refresh":
                    with contextlib.suppress(NbtrackError):  # the view goes on with what it has, and says how old it is
                        self.refresh()
                case _:
                    answer, buffers = wire.with_buffers(self._answer(ask))
                    self.send(answer, buffers)
                    if ask.get("ask") == "act" and "error" not in answer:
                        self.refresh()

    def _answer(self, ask: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._comparison.answer(ask)
        except Exception as error:  # noqa: BLE001 - it has to reach the one who asked; raised here it would end in the server's log
            mend = error.mend if isinstance(error, NbtrackError) else "nbtrack doctor says what is wrong between here and the runs."
            return {"answer": ask.get("ask"), "id": ask.get("id"), "error": {"text": f"{type(error).__name__}: {error}", "mend": mend}}

    def _settle(self) -> None:
        """Put the still in the widget's place in the document; the view moves on top of it.

        A saved widget is a model that a reopened notebook does not find, and JupyterLab then shows no other form of the output
        but "model not found". So the document holds the still as soon as the view stands.
        """
        if self._place:
            still = self.still()
            still["text/html"] = f'<div class="nbtrack-still" data-nbtrack-view="{self._id}">{still.get("text/html", "")}</div>'
            _publish(still, {}, self._place, update=True)


def _publish(data: dict[str, Any], metadata: Mapping[str, Any] | None = None, place: str = "", *, update: bool = False) -> None:
    publish_display_data(data, dict(metadata or {}), transient={"display_id": place} if place else {}, update=update)  # type: ignore[no-untyped-call]


def has_front_end() -> bool:
    """Whether a person looks: JupyterLab, Notebook and VS Code say which cell they execute, nbclient and papermill do not; Colab has its mark."""
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return False
    parent = shell.kernel.get_parent() if hasattr(shell.kernel, "get_parent") else {}
    return bool(parent.get("metadata", {}).get("cellId")) or "__vsc_ipynb_file__" in shell.user_ns or "COLAB_RELEASE_TAG" in os.environ
