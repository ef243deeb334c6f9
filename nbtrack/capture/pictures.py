"""What of an output is a figure or another rich output worth a file."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Any

from nbtrack.patterns import regex
from nbtrack.records import dataclass

RASTERS = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}
"""Forms of one picture; the first there is is kept."""
VECTORS = {"image/svg+xml": ".svg", "application/pdf": ".pdf"}
_PLOTLY = "application/vnd.plotly.v1+json"
_VEGA = regex(r"application/vnd\.vega(lite)?\.v\d+\+json")
_NO_PICTURE = ("application/vnd.jupyter.widget-view+json", "application/vnd.bokehjs_load.v0+json", "application/javascript")
_DRAWS = regex(r"<(svg|canvas|img|iframe)\b|vegaEmbed|Plotly\.newPlot|Bokeh", re.IGNORECASE)
_TITLE = regex(r"<(?:title|caption)[^>]*>([^<]{1,200})</", re.IGNORECASE)


@dataclass(frozen=True)
class File:
    """One form of a rich output."""

    suffix: str
    mime: str
    data: bytes
    path: Path | None = None
    """Where the bytes are still to be read from; `data` then tells which state of that file is meant."""


@dataclass
class Picture:
    """A figure, table or sound of one cell."""

    kind: str
    """`figure`, `table`, or another word for what is no figure."""
    files: list[File] = field(default_factory=list)
    title: str = ""
    stem: str = ""
    """Name of the file the user saved it as, or empty."""
    key: Any = None
    """Equal for what was shown and what was saved of one figure; None where that is unknown."""
    rule: str = "displayed"


def of_output(output: dict[str, Any]) -> Picture | None:
    """The picture of an nbformat output; None where it holds none."""
    data = output.get("data")
    if output["output_type"] not in ("display_data", "execute_result") or not data or any(mime in data for mime in _NO_PICTURE):
        return None
    images = _images(data)
    for mime, value in data.items():
        if mime == _PLOTLY or _VEGA.fullmatch(mime):
            file = File(".json", mime, json.dumps(value).encode())
            return Picture("figure", [file, *images], _chart_title(mime, value), key=plotly_key(value) if mime == _PLOTLY else None)
    if images:
        return Picture("figure", images)
    html = data.get("text/html")
    kind = _html_kind(html) if isinstance(html, str) else ""
    if not kind:
        return None
    title = _TITLE.search(html)
    return Picture(kind, [File(".html", "text/html", html.encode("utf-8", "replace"))], title.group(1).strip() if title else _spec_title(html))


def plotly_key(figure: Any) -> Any:
    """What tells one plotly figure from another, cheaply: its title and traces."""
    return ("plotly", _chart_title(_PLOTLY, figure), tuple(str(trace.get("type")) for trace in figure.get("data", ())))


def _images(data: dict[str, Any]) -> list[File]:
    found = []
    for mime, suffix in [*[(mime, suffix) for mime, suffix in RASTERS.items() if mime in data][:1], *VECTORS.items()]:
        if mime not in data:
            continue
        text = _text(data[mime])
        try:
            found.append(File(suffix, mime, text.encode("utf-8", "replace") if suffix == ".svg" else base64.b64decode(text)))
        except (binascii.Error, ValueError):  # not what its name says
            continue
    return found


def _html_kind(html: str) -> str:
    """`figure` for what draws, `table`, `audio`, `video`; empty for the rest: notices, progress bars, diagrams of estimators."""
    if "sk-container-id" in html or "<progress" in html:
        return ""
    for kind in ("audio", "video"):
        if f"<{kind}" in html:
            return kind
    if "<table" in html:
        return "table"
    return "figure" if _DRAWS.search(html) and "PlotlyConfig" not in html[:2000] else ""


def _chart_title(mime: str, value: Any) -> str:
    holder = value.get("layout", {}) if mime == _PLOTLY else value
    title = holder.get("title") if isinstance(holder, dict) else None
    if isinstance(title, dict):
        title = title.get("text")
    return _text(title) if isinstance(title, (str, list)) else ""


def _spec_title(html: str) -> str:
    """Title of a Vega chart that comes as HTML: its specification is the argument of a call."""
    at = html.rfind("})({")
    if at < 0:
        return ""
    try:
        spec, _ = json.JSONDecoder().raw_decode(html[at + 3 :])
    except ValueError:
        return ""
    return _chart_title("", spec)


def _text(value: Iterable[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
