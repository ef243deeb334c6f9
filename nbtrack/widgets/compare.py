"""A comparison in an output cell: live in a front end, and pictures in what is saved."""

from __future__ import annotations

import contextlib
import contextvars
import html
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
from nbtrack.widgets import kept, wire
from nbtrack.widgets.source import Comparison

BUNDLE = Path(__file__).parent / "static" / "compare.js"
VIEW = "application/vnd.jupyter.widget-view+json"
_PATIENCE_S = 4.0
"""Seconds of the processor after which the output gets no more answers to keep."""
Still = tuple[Mapping[str, Any], Mapping[str, Any]]


class Compare(anywidget.AnyWidget):
    """Runs compared; what is chosen in the browser is at once the value of a trait here, and the other way round.

    `selected` has the ids of the selected runs, `baseline` the pinned one's, `metric` and `filter` are what their names say; `observe` tells of changes.
    """

    _esm = BUNDLE
    _id = traitlets.Unicode().tag(sync=True)
    _acts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _runs = traitlets.Bytes(b"").tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    baseline = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    metric = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    filter = traitlets.Unicode("").tag(sync=True)

    def __init__(self, comparison: Comparison, *, acts: Sequence[str] = ()) -> None:
        """Make it; it shows itself as the value of a cell.

        Args:
            acts: what it can do to runs when asked to `act`.
        """
        self.comparison, self._lock = comparison, threading.RLock()
        self._places: list[str] = []  # display ids of the outputs it was shown in
        self._pictures = 0
        self._table = comparison.table()
        runs = self._table
        super().__init__(_id=uuid.uuid4().hex, _acts=list(acts), _runs=wire.as_bytes(runs), baseline=runs.get("baseline"), metric=runs.get("metric"))
        self.on_msg(self._hear)

    def open(self) -> None:
        """Meet the front end, if there is one; else executed notebooks would keep the widget's whole state, and pages made of them would show that."""
        if has_front_end():
            super().open()

    def refresh(self) -> None:
        """Read the runs again."""
        with self._lock:
            table = self.comparison.table()
            if {**table, "as_of_ms": 0} != {**self._table, "as_of_ms": 0}:
                self._runs = wire.as_bytes(table)
            self._table = table

    def to_pandas(self) -> Any:
        """The compared runs as a pandas data frame."""
        return self.comparison.to_pandas()

    def figure(self, name: str = "curves", **options: Any) -> Any:
        """A chart as a picture with `.svg` and `.png`; the names are those of a comparison's."""
        return self.comparison.figure(name, **options)

    def __getattr__(self, name: str) -> Any:
        """What a comparison can do beside that: `markdown()`, `csv()`, ..."""
        if name.startswith("_") or "comparison" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.comparison, name)

    def __len__(self) -> int:
        return len(self.comparison)  # type: ignore[arg-type]  # a real comparison has a length; the protocol asks for no more than is needed

    def __repr__(self) -> str:
        return repr(self.comparison)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, with the still beside it for front ends that have no widgets."""
        data, metadata = self._view()
        return {**self.comparison.still(), **data}, metadata

    def _ipython_display_(self) -> None:
        """Show it: as a widget where somebody looks, else as the stills with what is kept beside them, so that executed notebooks show them too."""
        if not has_front_end():
            self._pictures = self.comparison.picture_count()
            (first, metadata), *rest = self.comparison.stills()
            for still, facts in [(self._with_kept(first) if is_executed() else first, metadata), *rest]:
                _publish(still, facts)
            return
        # A place for each still: the widget stands in the first, the others wait empty until the document shall hold pictures
        self._pictures = self.comparison.picture_count()
        self._places = [uuid.uuid4().hex for _ in range(1 + self._pictures)]
        data, metadata = self._view()
        if _is_jupyter():  # the stills can wait until the view stands
            told = str(self._table.get("says", ""))
            shown = {"text/plain": told, "text/html": self._marked(f"<p>{html.escape(told)}</p>"), kept.KIND: kept.nothing(self._id, self._pictures)}
        else:
            shown = dict(self.comparison.still())
        _publish({**shown, **data}, metadata, self._places[0])
        for place in self._places[1:]:
            _publish({"text/plain": ""}, {}, place)

    def _view(self) -> Still:
        """What makes a front end draw the widget. Colab needs metadata beside it, which anywidget knows; its text of the widget is work for nothing."""
        if "COLAB_RELEASE_TAG" in os.environ and isinstance(shown := super()._repr_mimebundle_(), tuple):
            return {VIEW: shown[0][VIEW]}, shown[1]
        return {VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}}, {}

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
            return self.comparison.answer(ask)
        except Exception as error:  # noqa: BLE001 - it has to reach the one who asked; raised here it would end in the server's log
            text, mend = (error.message, error.mend) if isinstance(error, NbtrackError) else (f"That failed: {error!r}.", "The other tabs still work.")
            return {"answer": ask.get("ask"), "id": ask.get("id"), "error": {"text": text, "mend": mend}}

    def _settle(self) -> None:
        """Put the stills in the widget's place in the document; the view moves on top of them.

        A saved widget is a model that a reopened notebook does not find, and JupyterLab then shows no other form of the output
        but "model not found". So the document holds the stills as soon as the view stands.
        """
        places, self._places = self._places, []  # every view asks, the first is enough
        if places:
            # The kernel goes on meanwhile; the context says to which cell the outputs belong
            threading.Thread(target=contextvars.copy_context().run, args=(self._leave, places), name="nbtrack-settle", daemon=True).start()

    def _leave(self, places: Sequence[str]) -> None:
        try:
            with self._lock:
                stills = self.comparison.stills()
        except Exception as error:  # noqa: BLE001 - a still that says so is better than a widget that nobody finds
            stills = [({"text/plain": f"The runs could not be drawn: {error!r}."}, {})]
        first, metadata = stills[0]
        first = {**first, "text/html": self._marked(str(first.get("text/html", f"<p>{html.escape(str(first['text/plain']))}</p>")))}
        first = self._with_kept(first)
        for place, (data, facts) in zip(places, [(first, metadata), *stills[1:]], strict=False):
            _publish(data, facts, place, update=True)

    def _with_kept(self, still: Mapping[str, Any]) -> Mapping[str, Any]:
        """A still, and beside it what the extension draws the same view from."""
        with contextlib.suppress(Exception):  # then the still alone is kept, which is what there is without the extension
            return {**still, kept.KIND: kept.kept(self._table, self._asked, view=self._id, pictures=self._pictures, patience_s=_PATIENCE_S)}
        return still

    def _marked(self, text: str) -> str:
        """HTML in which a live view finds its place, where the extension is not."""
        return f'<div class="nbtrack-still" data-nbtrack-view="{self._id}" data-nbtrack-pictures="{self._pictures}">{text}</div>'

    def _asked(self, ask: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            return self._answer(ask)


def _publish(data: Mapping[str, Any], metadata: Mapping[str, Any], place: str = "", *, update: bool = False) -> None:
    publish_display_data(dict(data), dict(metadata), transient={"display_id": place} if place else {}, update=update)  # type: ignore[no-untyped-call]


def _is_jupyter() -> bool:
    """Whether the front end asks for the stills once its view stands."""
    shell = get_ipython()
    return "__vsc_ipynb_file__" not in getattr(shell, "user_ns", {}) and "COLAB_RELEASE_TAG" not in os.environ


def is_executed() -> bool:
    """Whether a program executes the notebook: nbclient and papermill let nobody type into a cell; consoles and editors do.

    Only there may an output take the seconds that the answers of all tabs need: nobody waits for it, and it shows what was kept.
    """
    message = _message()
    return message is not None and message.get("content", {}).get("allow_stdin") is False


def has_front_end() -> bool:
    """Whether a person looks: JupyterLab, Notebook and VS Code say which cell they execute, nbclient and papermill do not; Colab has its mark."""
    message, shell = _message(), get_ipython()
    if message is None or shell is None:
        return False
    return bool(message.get("metadata", {}).get("cellId")) or "__vsc_ipynb_file__" in shell.user_ns or "COLAB_RELEASE_TAG" in os.environ


def _message() -> Mapping[str, Any] | None:
    """What the kernel was sent to execute; None where there is no kernel."""
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return None
    return dict(kernel.get_parent()) if hasattr(kernel, "get_parent") else {}
