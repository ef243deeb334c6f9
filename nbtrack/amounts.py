"""A number with its noun: `1 run`, `2 runs`, `1,000 points`."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """The count in words for the reader.

    Args:
        noun: of one.
        plural: where an `s` more does not make it.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
