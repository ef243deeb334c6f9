"""Waits between tries."""

from __future__ import annotations

import random

from nbtrack.delivery.backoff import Backoff


def test_waits_double_up_to_the_cap_with_jitter():
    backoff = Backoff(0.5, 30, random.Random(1))
    waits = [backoff.next_s() for _ in range(40)]
    for at, wait in enumerate(waits):
        whole = min(30, 0.5 * 2**at)
        assert whole / 2 <= wait <= whole
    assert backoff.is_waiting


def test_success_begins_anew():
    backoff = Backoff(0.5, 30)
    for _ in range(8):
        backoff.next_s()
    backoff.reset()
    assert not backoff.is_waiting
    assert backoff.next_s() <= 0.5
