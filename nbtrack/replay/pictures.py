"""Pictures held against each other by what they show, not by their bytes."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

from nbtrack.records import dataclass

_VISIBLE = 0.02
"""Of the whole range of a colour: less is nothing one sees."""
_MOST = 0.001
"""Share of the pixels that may visibly differ, as edges drawn by another version do."""
_MOST_PIXELS = 64_000_000
_IDS = re.compile(r"""(\bid=["']|url\(#|href=["']#)[^"')]+""")
_ABOUT = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Distance:
    """How far two pictures of one size are apart."""

    size: tuple[int, int]
    """Width and height in pixels."""
    share: float
    """Share of the pixels that visibly differ."""
    most: float
    """Largest difference of one colour of one pixel; 1 is from black to white."""

    @property
    def is_within(self) -> bool:
        return self.share <= _MOST

    def __str__(self) -> str:
        return f"{self.size[0]}x{self.size[1]} pixels, {self.share:.2%} visibly other, by up to {self.most:.1%} of a colour"


def distance(one: str, other: str) -> Distance | None:
    """How far apart two pictures are, each as base64; None where they have different sizes, or where nothing here can read them."""
    left, right = _pixels(one), _pixels(other)
    if left is None or right is None or left.shape != right.shape:
        return None
    apart = abs(left - right).max(axis=2)
    return Distance((left.shape[1], left.shape[0]), float((apart > _VISIBLE).mean()), float(apart.max()))


def still(svg: str) -> str:
    """A drawing without what is made anew each time it is drawn: ids, date, comments."""
    return _IDS.sub(r"\1…", _ABOUT.sub("", svg))


def _pixels(content: str) -> Any:
    """Colours from 0 to 1, shape (height, width, 4)."""
    try:
        import numpy as np
        from PIL import Image

        with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            return np.asarray(picture.convert("RGBA"), dtype="float32") / 255
    except Exception:  # noqa: BLE001 - no reader is installed, or the bytes are no picture
        return None
