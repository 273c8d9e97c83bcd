"""Funnel plots of proportions: control limits by size, and how often they are crossed by chance."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

COVERAGES = (0.95, 0.998)
"""Limits of two and of three standard errors, as registries draw them."""

METHOD = "exact binomial limits, interpolated (Spiegelhalter 2005)"


def whole(size: float) -> int:
    """Round an effective sample size to patients.

    Parameters
    ----------
    size : float
        Effective sample size.

    Returns
    -------
    int
        Whole patients, at least one.
    """
    return max(1, math.floor(size + 0.5))


def limits(target: float, sizes: npt.ArrayLike, coverage: float) -> tuple[Floats, Floats]:
    """Give the limits between which proportions of cohorts of a size should lie.

    Parameters
    ----------
    target : float
        The proportion that all share, as a fraction.
    sizes : array-like of shape (n_sizes,)
        Patients, whole numbers.
    coverage : float
        Such as 0.95.

    Returns
    -------
    tuple of numpy.ndarray of shape (n_sizes,)
        Lower and upper limit, as fractions.

    References
    ----------
    .. [1] Spiegelhalter DJ. Stat Med 24, 1185–1202 (2005), appendix A.1.1.
    """
    n, tail = np.asarray(sizes, dtype=float), (1 - coverage) / 2
    return _limit(target, n, tail), _limit(target, n, 1 - tail)


def _limit(target: float, n: Floats, probability: float) -> Floats:
    """Interpolate between the counts whose distribution function encloses a probability."""
    count = stats.binom.ppf(probability, n, target)
    beyond = stats.binom.cdf(count, n, target) - probability
    part = beyond / stats.binom.pmf(count, n, target)
    return np.asarray(np.clip((count - part) / n, 0, 1))


def false_alarm(target: float, size: int, coverage: float) -> float:
    """Give the chance that a cohort like all others lies outside its limits.

    Parameters
    ----------
    target : float
        The proportion that all share, as a fraction.
    size : int
        Patients.
    coverage : float
        Such as 0.95.

    Returns
    -------
    float
        The exact probability; not 1 − coverage, since a count takes whole values only.
    """
    low, high = (float(v[0]) for v in limits(target, [size], coverage))
    counts = np.arange(size + 1)
    outside = (counts / size < low) | (counts / size > high)
    return float(stats.binom.pmf(counts, size, target)[outside].sum())


def overdispersion(estimates: npt.ArrayLike, sizes: npt.ArrayLike, target: float) -> float:
    """Give how much more the proportions vary than chance lets expect.

    Parameters
    ----------
    estimates : array-like of shape (n_cohorts,)
        Proportions, as fractions.
    sizes : array-like of shape (n_cohorts,)
        (Effective) patients.
    target : float
        The proportion that all share.

    Returns
    -------
    float
        Mean squared standardised difference from the target: about 1 if there is only chance.

    References
    ----------
    .. [1] Spiegelhalter DJ. Stat Med 24, 1185–1202 (2005), section 3.
    """
    error = np.sqrt(target * (1 - target) / np.asarray(sizes, dtype=float))
    return float(np.mean(((np.asarray(estimates, dtype=float) - target) / error) ** 2))
