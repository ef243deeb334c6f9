"""Whether a column of one table is distributed otherwise than in another: how much by PSI, and whether that is chance by scipy's tests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtrack.gates.gate import need

if TYPE_CHECKING:
    from pandas import Series

_FLOOR = 1e-4
"""Share that an empty bin counts as, or one value in a new bin would be infinitely far away."""
_FEWEST = 5.0
"""Expected count below which categories are joined, as the chi-squared test wants it."""


@dataclass(frozen=True)
class Drift:
    """One column."""

    column: str
    psi: float
    p: float
    test: str
    """`KS` or `chi-squared`."""
    sizes: tuple[int, int]
    """Values of the reference and of now, missing ones left out."""
    missing: tuple[float, float]
    """Share of missing values."""

    def has_more_missing(self, share: float) -> bool:
        """Whether the share of missing values grew or shrank by more."""
        return abs(self.missing[1] - self.missing[0]) > share

    def moved(self, *, psi: float, alpha: float, missing: float) -> str:
        """What moved, in words; empty where nothing did.

        Args:
            psi: index above which a column has moved.
            alpha: p-value below which that is not chance.
            missing: how much the share of missing values may grow or shrink.
        """
        if self.has_more_missing(missing):
            return f"{self.column}: missing values went from {self.missing[0]:.1%} to {self.missing[1]:.1%}"
        return f"{self.column} moved: {self}" if math.isnan(self.p) or (self.psi > psi and self.p < alpha) else ""

    def __str__(self) -> str:
        blank = f", missing {self.missing[0]:.1%} → {self.missing[1]:.1%}" if any(self.missing) else ""
        return f"PSI {self.psi:.3f}, {self.test} p = {self.p:.3g}, n = {self.sizes[0]:,} → {self.sizes[1]:,}{blank}"


def drift(column: str, reference: Series[Any], now: Series[Any], bins: int) -> Drift:
    """How far a column moved.

    Args:
        bins: of a numeric column, cut at the reference's quantiles; missing values are a bin of their own.
    """
    kinds = need("pandas.api.types", "pandas", "Drift")
    is_numeric = all(kinds.is_numeric_dtype(it) and not kinds.is_bool_dtype(it) for it in (reference, now))
    blanks = [it.isna().to_numpy(dtype=bool) for it in (reference, now)]
    missing = (float(np.mean(blanks[0])) if len(reference) else 0.0, float(np.mean(blanks[1])) if len(now) else 0.0)
    full = [it[~blank] for it, blank in zip((reference, now), blanks, strict=True)]
    sizes = (len(full[0]), len(full[1]))
    if is_numeric:
        values = [it.to_numpy(dtype=float) for it in full]
        counts = _histograms(values[0], values[1], bins)
        p, test = _ks(values[0], values[1]), "KS"
    else:
        texts = [it.astype(str) for it in full]
        table = {str(key): [0.0, 0.0] for it in texts for key in it.unique()}
        for at, it in enumerate(texts):
            for key, count in it.value_counts().items():
                table[str(key)][at] = float(count)
        counts = np.array(list(table.values()) or [[0.0, 0.0]]).T
        p, test = _chi_squared(counts), "chi-squared"
    lost = [[float(blank.sum())] for blank in blanks]
    if any(missing):
        counts = np.hstack([counts, lost])
    return Drift(column, psi(counts[0], counts[1]), p, test, sizes, missing)


def psi(reference: Any, now: Any) -> float:
    """Population stability index of two rows of counts: below 0.1 nothing to speak of, above 0.2 usually called a shift."""
    shares = [np.maximum(np.asarray(it, dtype=float) / max(1.0, float(np.sum(it))), _FLOOR) for it in (reference, now)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _histograms(reference: Any, now: Any, bins: int) -> Any:
    """Counts of both in bins that hold equal shares of the reference; of a column with few values, one bin a value."""
    finite = reference[np.isfinite(reference)]
    known = np.unique(finite)
    if 0 < len(known) <= bins:
        edges = np.concatenate([[-math.inf], (known[1:] + known[:-1]) / 2, [math.inf]])
        extra = np.array([np.isin(it, known, invert=True).sum() for it in (reference, now)], dtype=float)
        counts = np.array([np.histogram(it[np.isin(it, known)], edges)[0] for it in (reference, now)], dtype=float)
        return np.hstack([counts, extra[:, None]])
    inner = np.unique(np.quantile(finite, np.linspace(0, 1, bins + 1)[1:-1])) if len(finite) else np.array([0.0])
    edges = np.concatenate([[-math.inf], inner, [math.inf]])
    return np.array([np.histogram(it, edges)[0] for it in (reference, now)], dtype=float)


def _ks(reference: Any, now: Any) -> float:
    if not len(reference) or not len(now):
        return math.nan
    return float(need("scipy.stats", "scipy", "Drift").ks_2samp(reference, now).pvalue)


def _chi_squared(counts: Any) -> float:
    """Of a table of two rows; categories too rare for the test are joined."""
    total = counts.sum()
    if not total or not counts.sum(axis=1).all():
        return math.nan
    expected = counts.sum(axis=0) * (counts.sum(axis=1).min() / total)
    rare = expected < _FEWEST
    joined = counts[:, ~rare]
    if rare.any():
        joined = np.hstack([joined, counts[:, rare].sum(axis=1, keepdims=True)])
    joined = joined[:, joined.sum(axis=0) > 0]
    if joined.shape[1] < 2:  # one category, the same in both
        return 1.0
    return float(need("scipy.stats", "scipy", "Drift").chi2_contingency(joined).pvalue)
