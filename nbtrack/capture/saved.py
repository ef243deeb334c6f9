"""Observes figures being drawn and saved by matplotlib, plotly, altair and Pillow, without importing any of them."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from nbtrack.capture.figure_lines import Line, lines_in
from nbtrack.capture.imports import when_imported
from nbtrack.capture.pictures import plotly_key
from nbtrack.capture.wrap import observed, wrap
from nbtrack.records import dataclass
from nbtrack.system import working_folder

_METHODS = (
    ("matplotlib.backend_bases", "FigureCanvasBase", ("print_figure",)),
    ("plotly.basedatatypes", "BaseFigure", ("write_html", "write_image", "write_json")),
    ("altair.vegalite.v5.api", "TopLevelMixin", ("save",)),
    ("altair.vegalite.v6.api", "TopLevelMixin", ("save",)),
    ("PIL.Image", "Image", ("save",)),
)
_FILE = ("filename", "file", "fp")
_MOST = 1000
_MOST_LINES = 40
"""Figures of a cell whose lines are looked at."""


@dataclass(frozen=True)
class Saved:
    """A file that was written."""

    path: Path
    title: str
    key: Any
    """See `Picture.key`."""
    is_image: bool
    """Pillow wrote it by itself: a picture, but not always a figure."""


class SavedFigures:
    """What was drawn and saved since the last `clear`. Figures may be drawn in any thread."""

    def __init__(self) -> None:
        self.files: dict[str, Saved] = {}
        """By path, in the order of their first writing."""
        self.drawn: dict[int, tuple[Any, str]] = {}
        """Key and title of a matplotlib figure by the hash of the bytes it was drawn as."""
        self.lines: dict[int, list[Line]] = {}
        """What the lines of a matplotlib figure show, by its key."""
        self._serials: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._numbers = itertools.count(1)
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        for module, owner, methods in _METHODS:
            self._undo.append(when_imported(module, lambda module, owner=owner, methods=methods: self._watch(module, owner, methods)))  # type: ignore[misc]

    def stop(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self.clear()

    def clear(self) -> None:
        self.files, self.drawn, self.lines = {}, {}, {}

    def _watch(self, module: ModuleType, owner: str, methods: tuple[str, ...]) -> None:
        see = self._see_drawn if owner == "FigureCanvasBase" else self._see_plotly if owner == "BaseFigure" else self._see_saved
        for method in methods:
            self._undo.append(wrap(getattr(module, owner), method, lambda call: observed(call, see)))

    def _see_drawn(self, _: Any, canvas: Any, *args: Any, **options: Any) -> None:
        figure, target = canvas.figure, _target(args, options)
        with contextlib.suppress(Exception):  # lines of classes of others
            self.lines[self._serial(figure)] = lines_in(figure)
            if len(self.lines) > _MOST_LINES:  # of a plot that is made anew in each step the last ones say all
                del self.lines[next(iter(self.lines))]
        if isinstance(target, io.BytesIO) and len(self.drawn) < _MOST:
            self.drawn[hash(target.getvalue())] = (self._serial(figure), _title(figure))
        elif isinstance(target, (str, os.PathLike)):
            path = Path(target)
            if not path.exists():  # matplotlib adds the ending
                path = path.with_name(f"{path.name.rstrip('.')}.{options.get('format') or 'png'}")
            self._add(path, _title(figure), self._serial(figure))

    def _see_plotly(self, _: Any, figure: Any, *args: Any, **options: Any) -> None:
        target = _target(args, options)
        if isinstance(target, (str, os.PathLike)):
            content = figure.to_dict()
            self._add(Path(target), str((content.get("layout", {}).get("title") or {}).get("text") or ""), plotly_key(content))

    def _see_saved(self, _: Any, it: Any, *args: Any, **options: Any) -> None:
        target = _target(args, options)
        if isinstance(target, (str, os.PathLike)):
            title = getattr(it, "title", "")
            self._add(Path(target), title if isinstance(title, str) else "", None, is_image=hasattr(it, "getpixel"))

    def _add(self, path: Path, title: str, key: Any, *, is_image: bool = False) -> None:
        name = str(working_folder() / path)
        if name in self.files or len(self.files) < _MOST:
            self.files[name] = Saved(Path(name), title, key, is_image)

    def _serial(self, figure: Any) -> int:
        return self._serials.setdefault(figure, next(self._numbers))


def _target(args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    return args[0] if args else next((options[name] for name in _FILE if name in options), None)


def _title(figure: Any) -> str:
    """Title of a matplotlib figure, else those of its axes."""
    with contextlib.suppress(Exception):
        whole = getattr(figure, "_suptitle", None)
        if whole is not None and whole.get_text().strip():
            return str(whole.get_text()).strip()
        titles = [axes.get_title() for axes in figure.axes[:8]]
        return ", ".join(dict.fromkeys(title.strip() for title in titles if title.strip()))[:200]
    return ""
