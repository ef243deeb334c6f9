"""Taking turns: on a noisy machine only what is measured side by side can be compared."""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from environments import CannotRunError

T = TypeVar("T")


def take_turns(count: int, contenders: dict[str, Callable[[], T]], refused: dict[str, str]) -> dict[str, list[T]]:
    """Run every contender once a round, every second round in the opposite order.

    Args:
        count: rounds.
        contenders: what to run, by title.
        refused: gets the reason of each that cannot run; it is left out from then on.
    """
    found: dict[str, list[T]] = {title: [] for title in contenders}
    for number in range(count):
        for title in list(contenders) if number % 2 == 0 else list(reversed(contenders)):
            if title in refused:
                continue
            say(f"round {number + 1}/{count}: {title}")
            try:
                found[title].append(contenders[title]())
            except CannotRunError as reason:
                refused[title] = str(reason)
    return {title: values for title, values in found.items() if title not in refused}


def middle(values: list[dict], name: str) -> float:
    """The median of one number over the rounds."""
    return median(value[name] for value in values)


def say(text: str) -> None:
    """Tell on standard error how far it is; standard output is the table's."""
    print(f"  {text}", file=sys.stderr, flush=True)
