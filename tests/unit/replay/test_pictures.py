"""Pictures are compared by what they show."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from nbtrack.replay.compare import compare_outputs
from nbtrack.replay.pictures import distance, still


def png(pixels, **told):
    about = PngImagePlugin.PngInfo()
    for name, value in told.items():
        about.add_text(name, value)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", pnginfo=about)
    return base64.b64encode(buffer.getvalue()).decode()


def shown(content):
    return [{"output_type": "display_data", "metadata": {}, "data": {"image/png": content, "text/plain": "<Figure>"}}]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 255, (100, 120, 3), dtype=np.uint8)


def test_the_same_pixels_in_other_bytes_are_identical(pixels):
    one, other = png(pixels, Software="1"), png(pixels, Software="2")
    assert one != other
    assert compare_outputs(shown(one), shown(other), 1e-6) == []


def test_a_few_pixels_are_within_tolerance_and_it_says_how_far(pixels):
    changed = pixels.copy()
    changed[3, :5] ^= 0x80
    (found,) = compare_outputs(shown(png(pixels)), shown(png(changed)), 1e-6)
    assert found.is_within and "120x100 pixels, 0.04% visibly other, by up to 50.2% of a colour" in found.now


def test_another_picture_differs(pixels):
    (found,) = compare_outputs(shown(png(pixels)), shown(png(255 - pixels)), 1e-6)
    assert not found.is_within and "visibly other" in found.now


def test_another_size_and_what_is_no_picture_are_told_by_their_bytes(pixels):
    assert distance(png(pixels), png(pixels[:50])) is None
    assert distance("bm9uZQ==", png(pixels)) is None
    (found,) = compare_outputs(shown("bm9uZQ=="), shown(png(pixels)), 1e-6)
    assert not found.is_within and found.before.startswith("image/png ")


def test_ids_and_dates_of_drawings_are_not_told_apart():
    drawn = '<svg><metadata><date>2026-01-01</date></metadata><path id="m{0}"/><use href="#m{0}" clip-path="url(#p{0})" y="4.5"/></svg>'
    assert still(drawn.format("1a")) == still(drawn.format("2b"))
    assert "4.5" in still(drawn.format("1a"))
