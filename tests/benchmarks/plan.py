"""How much is measured, and what was found to be impossible on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from environments import Peer


@dataclass(frozen=True)
class Plan:
    """Sizes of one run of the benchmarks."""

    peers: tuple[Peer, ...]
    """Those whose environment stands."""
    rounds: int = 5
    scale: float = 1.0
    """Multiplies the number of points; far below 1 the numbers mean nothing and only the way is tested."""
    kills: int = 30
    cells: int = 25
    """Tracked cells in one kernel; at least 20."""
    has_peers: bool = True
    """Whether peers are measured at all."""
    refused: dict[str, str] = field(default_factory=dict)
    """Reason by peer that cannot be installed or run here."""

    def points(self, wanted: int) -> int:
        return max(10, int(wanted * self.scale))

    def peer(self, module: str) -> Peer | None:
        """The peer, if its environment stands."""
        return next((peer for peer in self.peers if peer.module == module), None)
