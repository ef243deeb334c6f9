"""Gate `size`: what a run keeps is small enough for where it goes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from nbtrack.gates.gate import CannotTellError, Found, GateSpec, Subject, Text
from nbtrack.reads import words

_MB = 1_000_000


class SizeGate(GateSpec):
    """Files of the run must not be larger than so much, together."""

    kind: Literal["size"]
    of: Text = "models/*"
    """Pattern of artifacts, such as `models/clf/*`, `figures/*` or `*`."""
    max_mb: float = Field(gt=0)
    """Megabytes (millions of bytes)."""

    def check(self, subject: Subject) -> Found:
        found = {it.path: it.size_bytes for it in subject.view.artifacts if fnmatchcase(it.path, self.of)}
        if not found:
            raise CannotTellError(f"The run keeps nothing like {self.of}.", mend="nbtrack show RUN lists its artifacts.", wanted=self._wanted())
        total = sum(found.values()) / _MB
        largest = max(found, key=lambda path: found[path])
        passed = total <= self.max_mb
        why = f"{len(found)} file{'s' if len(found) > 1 else ''}, {total:.3g} MB; the largest is {words.short(largest, 80)} with {found[largest] / _MB:.3g} MB"
        return Found(passed, round(total, 6), self._wanted(), why, "" if passed else "Keep less: --models, a smaller model, compression.")

    def _wanted(self) -> str:
        return f"{self.of} ≤ {self.max_mb:g} MB"
