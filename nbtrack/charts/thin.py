"""Thinning of curves: few points that draw the same line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def thin(x: NDArray[np.float64], y: NDArray[np.float64], buckets: int) -> NDArray[np.int64]:
    """Keep first, last, lowest and highest point of each bucket, and in each that has any the first and last that is no number.

    Args:
        x: shape (n,), ascending.
        y: shape (n,); NaN and infinities are gaps.
        buckets: of equal width in x, at least 1; one per pixel column is plenty.

    Returns:
        Indices, shape (m,), ascending; m <= 6 * buckets, and 4 * buckets without gaps. All n where that are fewer.

    Source:
        Jugel et al., "M4", PVLDB 7(10), 2014.
    """
    import numpy as np

    n = len(y)
    if n <= 4 * buckets:
        return np.arange(n, dtype=np.int64)
    starts = _starts(x, buckets, np)
    ends = np.append(starts[1:], n)
    is_finite = np.isfinite(y)
    chosen = [starts, ends - 1]
    if is_finite.all():
        chosen += [_first(y, np.minimum.reduceat(y, starts), starts, ends, np), _first(y, np.maximum.reduceat(y, starts), starts, ends, np)]
    else:
        for reduce, other in ((np.minimum, np.inf), (np.maximum, -np.inf)):
            clean = np.where(is_finite, y, other)
            chosen.append(_first(clean, reduce.reduceat(clean, starts), starts, ends, np))
        gaps = np.flatnonzero(~is_finite)
        for side in ("left", "right"):
            at = np.searchsorted(gaps, starts if side == "left" else ends) - (side == "right")
            at = at[(at >= 0) & (at < len(gaps))]
            chosen.append(gaps[at])
    return np.unique(np.concatenate(chosen)).astype(np.int64)


def _starts(x: Any, buckets: int, np: Any) -> Any:
    """Index of the first point of each bucket that has any."""
    low, high = float(x[0]), float(x[-1])
    if not high > low:
        return np.arange(0, len(x), -(-len(x) // buckets))
    edges = np.linspace(low, high, buckets + 1)[:-1]
    at = np.searchsorted(x, edges, "left")
    return np.unique(at[at < len(x)])


def _first(y: Any, wanted: Any, starts: Any, ends: Any, np: Any) -> Any:
    """Index of the first point of each bucket that has the bucket's wanted value."""
    found = np.flatnonzero(y == np.repeat(wanted, ends - starts))
    return found[np.searchsorted(found, starts)]
