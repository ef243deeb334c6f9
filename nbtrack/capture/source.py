"""What a capture source is: where params and metrics of a cell come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from nbtrack.entities import Request


@dataclass(frozen=True)
class Cell:
    """A tracked cell: what was asked, its Python source, and the namespace it runs in."""

    request: Request
    code: str
    """IPython's syntax is transformed away; the `%%track` line is blank."""
    namespace: dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One param or metric."""

    kind: str
    """`param` or `metric`."""
    name: str
    value: Any
    """A metric's value may be a sequence of numbers: a curve."""
    rule: str
    """Which rule found it, for the user to read."""


class CaptureSource(Protocol):
    """Finds params and metrics of a cell.

    `before` is called once when the cell is about to run, `after` once when it ended, well or not, both in the kernel's main thread.
    Neither may run the user's code beyond reading values, and each should take well under a millisecond. What they raise is kept
    as a notice of the run and does not reach the cell. Where two sources find one name, the earlier in the table decides.
    """

    name: str

    def before(self, cell: Cell) -> Iterable[Finding]: ...

    def after(self, cell: Cell) -> Iterable[Finding]: ...
