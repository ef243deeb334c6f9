"""A still picture: lines, areas, dots and texts, written as SVG and as PNG.

PNG is what GitHub and mail show of a notebook for certain. It is drawn with Pillow, which loads in a twentieth of the time of matplotlib
and needs no cache of fonts.
"""

from __future__ import annotations

import base64
import functools
import io
import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

PALETTE = ("#0072b2", "#c44e00", "#047859", "#a8458a", "#9b7e2a", "#494b4b")
"""Told apart by people who do not see all colours, each with a contrast of 3 and more on white."""
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 3), (2, 2))
"""Of lines from the seventh on, where colours come again."""
INK, FAINT, GRID = "#24292f", "#66707a", "#e4e7eb"
_SCALE = 2
"""Pixels of the PNG to one of the picture."""
_OVER = 2
"""Drawn so much larger, then made smaller, since Pillow draws hard edges."""

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class _Line:
    points: tuple[Point, ...]
    colour: str
    width: float
    opacity: float
    dash: tuple[float, ...]


@dataclass(frozen=True)
class _Area:
    points: tuple[Point, ...]
    colour: str
    opacity: float


@dataclass(frozen=True)
class _Dot:
    at: Point
    radius: float
    colour: str
    opacity: float


@dataclass(frozen=True)
class _Text:
    at: Point
    text: str
    size: float
    anchor: Anchor
    colour: str
    is_bold: bool


class Picture:
    """A picture under way; `svg` and `png` are what it has become.

    Args:
        says: one sentence that says what it shows: title, alternative text, caption.
    """

    def __init__(self, width: int, height: int, says: str) -> None:
        self.width, self.height, self.says = width, height, legible(says)
        self._marks: list[_Line | _Area | _Dot | _Text] = []

    def line(self, points: Sequence[Point], colour: str = INK, width: float = 1.5, opacity: float = 1.0, dash: tuple[float, ...] = ()) -> None:
        """A line through points; one point is drawn as a dot."""
        if len(points) == 1:
            self.dot(*points[0], 2.5, colour, opacity)
        elif points:
            self._marks.append(_Line(tuple(points), colour, width, opacity, dash))

    def area(self, points: Sequence[Point], colour: str, opacity: float = 1.0) -> None:
        """A filled polygon."""
        if len(points) > 2:
            self._marks.append(_Area(tuple(points), colour, opacity))

    def rect(self, x: float, y: float, width: float, height: float, colour: str, opacity: float = 1.0) -> None:
        self.area([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour, opacity)

    def dot(self, x: float, y: float, radius: float = 3.0, colour: str = INK, opacity: float = 1.0) -> None:
        self._marks.append(_Dot((x, y), radius, colour, opacity))

    def text(self, x: float, y: float, text: str, size: float = 11, anchor: Anchor = "start", colour: str = INK, *, bold: bool = False) -> None:
        """A line of text, (x, y) being its beginning, middle or end on the base line."""
        self._marks.append(_Text((x, y), legible(text), size, anchor, colour, bold))

    @functools.cached_property
    def svg(self) -> str:
        """The picture as a standing-alone SVG, without style, script or link."""
        body = "".join(_svg(it) for it in self._marks)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-label="{escape(self.says, quote=True)}" font-family="system-ui, sans-serif"><title>{escape(self.says)}</title>'
            f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>{body}</svg>'
        )

    @functools.cached_property
    def png(self) -> bytes:
        """The picture at twice its size, for sharp screens."""
        from PIL import Image, ImageDraw

        scale = _SCALE * _OVER
        image = Image.new("RGB", (self.width * scale, self.height * scale), "white")
        draw = ImageDraw.Draw(image, "RGBA")
        for it in self._marks:
            _draw(draw, it, scale)
        image = image.resize((self.width * _SCALE, self.height * _SCALE), Image.Resampling.LANCZOS)
        written = io.BytesIO()
        image.quantize(128).save(written, "PNG", optimize=True)
        return written.getvalue()

    @property
    def png_uri(self) -> str:
        """The PNG as an address that holds it."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"image/png": base64.b64encode(self.png).decode(), "text/plain": self.says}
        return data, {"image/png": {"width": self.width, "height": self.height, "alt": self.says}}

    def __repr__(self) -> str:
        return self.says


def colour_of(number: int) -> tuple[str, tuple[float, ...]]:
    """Colour and dash of the nth line."""
    return PALETTE[number % len(PALETTE)], DASHES[number // len(PALETTE) % len(DASHES)]


def legible(text: str) -> str:
    """One line that XML and fonts can hold."""
    return " ".join(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text).split())


def _svg(it: _Line | _Area | _Dot | _Text) -> str:
    if isinstance(it, _Text):
        weight = ' font-weight="600"' if it.is_bold else ""
        anchor = f' text-anchor="{it.anchor}"' if it.anchor != "start" else ""
        return f'<text x="{it.at[0]:.1f}" y="{it.at[1]:.1f}" font-size="{it.size:g}" fill="{it.colour}"{anchor}{weight}>{escape(it.text)}</text>'
    faint = f' opacity="{it.opacity:g}"' if it.opacity < 1 else ""
    if isinstance(it, _Dot):
        return f'<circle cx="{it.at[0]:.1f}" cy="{it.at[1]:.1f}" r="{it.radius:g}" fill="{it.colour}"{faint}/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in it.points)
    if isinstance(it, _Area):
        return f'<polygon points="{points}" fill="{it.colour}"{faint}/>'
    dash = f' stroke-dasharray="{" ".join(f"{length:g}" for length in it.dash)}"' if it.dash else ""
    return f'<polyline points="{points}" fill="none" stroke="{it.colour}" stroke-width="{it.width:g}" stroke-linejoin="round"{dash}{faint}/>'


def _draw(draw: Any, it: _Line | _Area | _Dot | _Text, scale: int) -> None:
    if isinstance(it, _Text):
        anchors = {"start": "ls", "middle": "ms", "end": "rs"}
        font = _font(round(it.size * scale), it.is_bold)
        draw.text((it.at[0] * scale, it.at[1] * scale), it.text, fill=it.colour, font=font, anchor=anchors[it.anchor])
        return
    colour = f"{it.colour}{round(255 * it.opacity):02x}"
    if isinstance(it, _Dot):
        (x, y), radius = it.at, it.radius
        draw.ellipse([(x - radius) * scale, (y - radius) * scale, (x + radius) * scale, (y + radius) * scale], fill=colour)
    elif isinstance(it, _Area):
        draw.polygon([(x * scale, y * scale) for x, y in it.points], fill=colour)
    else:
        for piece in _dashed(it.points, it.dash) if it.dash else [it.points]:
            draw.line([(x * scale, y * scale) for x, y in piece], fill=colour, width=max(1, round(it.width * scale)), joint="curve")


def _dashed(points: Sequence[Point], dash: tuple[float, ...]) -> list[list[Point]]:
    """The pieces of a line that are drawn."""
    pieces: list[list[Point]] = [[points[0]]]
    left, is_on, number = dash[0], True, 0
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        length = math.hypot(to_x - x, to_y - y)
        done = 0.0
        while length - done > left:
            done += left
            at = (x + (to_x - x) * done / length, y + (to_y - y) * done / length)
            if is_on:
                pieces[-1].append(at)
            else:
                pieces.append([at])
            number, is_on = number + 1, not is_on
            left = dash[number % len(dash)]
        left -= length - done
        if is_on:
            pieces[-1].append((to_x, to_y))
    return [piece for piece in pieces if len(piece) > 1]


@functools.lru_cache(maxsize=32)
def _font(size: int, is_bold: bool) -> Any:
    """matplotlib's font, which knows most alphabets, where it is installed; else Pillow's own."""
    from importlib.util import find_spec

    from PIL import ImageFont

    found = find_spec("matplotlib")
    if found is not None and found.origin is not None:
        path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / f"DejaVuSans{'-Bold' if is_bold else ''}.ttf"
        if path.exists():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)
