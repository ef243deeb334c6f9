"""Sending in full batches, and finding the one item a store refuses among many it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from nbtrack.errors import GoneError, RefusedError
from nbtrack.store.client import PAIRS_PER_BATCH

_BYTES_PER_BATCH = 700_000  # MLflow's server takes requests up to 1,000,000
T = TypeVar("T")


def send_each(items: Sequence[T], send: Callable[[Sequence[T]], None], refused: Callable[[T, RefusedError], None]) -> None:
    """Send items together; where the store refuses, halve until the refused ones stand alone, and report those.

    Raises:
        StoreUnreachableError, LoginError: some items may have been sent; sending all again does no harm.
        GoneError: the run is not there.
    """
    try:
        send(items)
    except GoneError:
        raise
    except RefusedError as error:
        if len(items) <= 1:
            for item in items:
                refused(item, error)
            return
        middle = len(items) // 2
        send_each(items[:middle], send, refused)
        send_each(items[middle:], send, refused)


def batches(pairs: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Names and values in batches as large as one request may be."""
    batch: list[tuple[str, str]] = []
    size = 0
    for name, value in pairs:
        pair_bytes = len(json.dumps([name, value])) + 20
        if batch and (len(batch) == PAIRS_PER_BATCH or size + pair_bytes > _BYTES_PER_BATCH):
            yield batch
            batch, size = [], 0
        batch.append((name, value))
        size += pair_bytes
    if batch:
        yield batch
