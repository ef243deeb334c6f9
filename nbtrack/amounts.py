"""A number in words: `1 run`, `2 runs`, `1,000 points`, `2nd`."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """The count in words for the reader.

    Args:
        noun: of one.
        plural: where an `s` more does not make it.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
