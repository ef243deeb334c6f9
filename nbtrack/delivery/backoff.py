"""How long to wait before the next try."""

from __future__ import annotations

import random


class Backoff:
    """Doubling waits with jitter, so that many processes do not come back to a restarted server at the same moment."""

    def __init__(self, first_s: float = 0.5, cap_s: float = 30.0, chance: random.Random | None = None) -> None:
        self._first_s, self._cap_s = min(first_s, cap_s), cap_s
        self._chance = chance or random.Random()
        self._tries = 0

    def next_s(self) -> float:
        """Seconds until the next try: between a half and the whole of a doubling wait."""
        whole = min(self._cap_s, self._first_s * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return whole * (0.5 + self._chance.random() / 2)

    def reset(self) -> None:
        """The last try went well."""
        self._tries = 0

    @property
    def is_waiting(self) -> bool:
        """Whether the last try failed."""
        return self._tries > 0
