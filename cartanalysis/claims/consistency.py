"""Whether a cohort's proportion is one that an earlier study's proportion predicts.

One method serves counted proportions and survival probabilities: the score statistic of the
difference between two samples, with the variance pooled over both.  Read as a statement about the
second sample it is a prediction interval.  A Kaplan–Meier estimate enters with its effective
sample size.  All functions take scalars or arrays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Numbers = float | Floats

METHOD = "score prediction interval from both sample sizes (joint sampling)"


def p_value(new: Numbers, new_size: Numbers, old: Numbers, old_size: Numbers) -> Floats:
    """Give the smallest alpha at which a proportion falls outside its prediction interval.

    Parameters
    ----------
    new : float or array
        Proportion in the new sample, as a fraction.
    new_size : float or array
        Its (effective) sample size.
    old : float or array
        Proportion in the earlier sample, as a fraction.
    old_size : float or array
        Its (effective) sample size.

    Returns
    -------
    numpy.ndarray
        Two-sided p-values; 1 where both samples are all 0 or all 1.

    References
    ----------
    .. [1] Krishnamoorthy K, Peng J. J Stat Plan Inference 141, 1709–1718 (2011).
    .. [2] R: ``prop.test(c(y, x), c(m, n), correct = FALSE)$p.value``.
    """
    pooled = (new * new_size + old * old_size) / (np.asarray(new_size) + old_size)
    variance = pooled * (1 - pooled) * (1 / np.asarray(new_size) + 1 / np.asarray(old_size))
    off = np.abs(np.asarray(new, dtype=float) - old)
    # where nothing varies, both proportions are 0 or both 1: no difference
    z = np.divide(off, np.sqrt(variance), out=np.zeros(np.shape(variance)), where=variance > 0)
    return np.asarray(2 * stats.norm.sf(z))


def predicted(
    new_size: Numbers, old: Numbers, old_size: Numbers, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Give the range in which a new sample's proportion is predicted to lie.

    Parameters
    ----------
    new_size : float or array
        (Effective) size of the new sample.
    old : float or array
        Proportion in the earlier sample, as a fraction.
    old_size : float or array
        Its (effective) sample size.
    confidence : float
        Coverage.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bound, as fractions: every proportion whose `p_value` is at least
        1 − confidence, the roots of a quadratic.

    References
    ----------
    .. [1] Krishnamoorthy K, Peng J. J Stat Plan Inference 141, 1709–1718 (2011).
    """
    new_size, old_size = np.asarray(new_size, dtype=float), np.asarray(old_size, dtype=float)
    spread = stats.norm.ppf(0.5 + confidence / 2) ** 2 * (1 / new_size + 1 / old_size)
    # (u − old)² ≤ spread · (a + b·u) · (1 − a − b·u), with a + b·u the pooled proportion
    b = new_size / (new_size + old_size)
    a = old * (1 - b)
    two = 1 + spread * b**2
    one = -(2 * old + spread * b * (1 - 2 * a))
    root = np.sqrt(np.maximum(one**2 - 4 * two * (old**2 - spread * a * (1 - a)), 0))
    lower, upper = (-one - root) / (2 * two), (-one + root) / (2 * two)
    return np.clip(lower, 0, 1), np.clip(upper, 0, 1)


def difference(
    new: Numbers, new_size: Numbers, old: Numbers, old_size: Numbers, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Give the difference of two proportions, new less old, with its interval.

    Parameters
    ----------
    new : float or array
        Proportion in the new sample, as a fraction.
    new_size : float or array
        Its (effective) sample size.
    old : float or array
        Proportion in the earlier sample, as a fraction.
    old_size : float or array
        Its (effective) sample size.
    confidence : float
        Coverage.

    Returns
    -------
    tuple of numpy.ndarray
        Difference, lower and upper bound, as fractions.

    References
    ----------
    .. [1] Newcombe RG. Stat Med 17, 873–890 (1998), method 10.
    .. [2] Zou GY, Donner A. Stat Med 27, 1693–1702 (2008), for estimates of other kinds.
    """
    between = np.asarray(new, dtype=float) - old
    (new_low, new_high) = wilson(new, new_size, confidence)
    (old_low, old_high) = wilson(old, old_size, confidence)
    lower = between - np.hypot(new - new_low, old_high - old)
    upper = between + np.hypot(new_high - new, old - old_low)
    return between, lower, upper


MARGIN = 0.2
"""Half-width of the margin on the scale of the arcsine of the square root: about 20 percentage
points around one half, fewer around rare and frequent rates.  A convention, Cohen's h of 0.4."""


def margin(old: Numbers) -> tuple[Floats, Floats]:
    """Give the range within which proportions count as practically the same.

    Parameters
    ----------
    old : float or array
        Proportion in the earlier sample, as a fraction.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bound, as fractions.

    References
    ----------
    .. [1] Cohen J. Statistical Power Analysis for the Behavioral Sciences, 2nd ed., chapter 6.
    """
    angle = np.arcsin(np.sqrt(np.asarray(old, dtype=float)))
    low, high = np.maximum(angle - MARGIN, 0), np.minimum(angle + MARGIN, np.pi / 2)
    return np.sin(low) ** 2, np.sin(high) ** 2


def is_equivalent(
    new: Numbers, new_size: Numbers, old: Numbers, old_size: Numbers, alpha: float = 0.05
) -> npt.NDArray[np.bool_]:
    """Tell whether two proportions are practically the same: two one-sided tests.

    Parameters
    ----------
    new : float or array
        Proportion in the new sample, as a fraction.
    new_size : float or array
        Its (effective) sample size.
    old : float or array
        Proportion in the earlier sample, as a fraction.
    old_size : float or array
        Its (effective) sample size.
    alpha : float
        Level of each test.

    Returns
    -------
    numpy.ndarray
        Whether the interval of the difference with coverage 1 − 2·alpha lies inside the margin.

    References
    ----------
    .. [1] Schuirmann DJ. J Pharmacokinet Biopharm 15, 657–680 (1987).
    """
    _, lower, upper = difference(new, new_size, old, old_size, 1 - 2 * alpha)
    low, high = margin(old)
    return np.asarray((old + lower >= low) & (old + upper <= high))


def wilson(estimate: Numbers, size: Numbers, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Give Wilson's score interval of a proportion.

    Parameters
    ----------
    estimate : float or array
        Proportion, as a fraction.
    size : float or array
        Its (effective) sample size; need not be whole.
    confidence : float
        Coverage.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bound, as fractions.

    References
    ----------
    .. [1] Wilson EB. J Am Stat Assoc 22, 209–212 (1927).
    .. [2] Rothman KJ. J Chronic Dis 31, 557–560 (1978), for survival with an effective size.
    """
    z2 = stats.norm.ppf(0.5 + confidence / 2) ** 2 / np.asarray(size, dtype=float)
    estimate = np.asarray(estimate, dtype=float)
    half = np.sqrt(np.maximum(z2 * estimate * (1 - estimate) + z2**2 / 4, 0))
    lower, upper = (estimate + z2 / 2 - half) / (1 + z2), (estimate + z2 / 2 + half) / (1 + z2)
    return np.clip(lower, 0, 1), np.clip(upper, 0, 1)


def survival_with_size(
    time: npt.ArrayLike, event: npt.ArrayLike, day: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Give Kaplan–Meier survival at a day with its effective sample size.

    Parameters
    ----------
    time : array-like of shape (..., n)
        Follow-up, in days; the last axis holds the patients.
    event : array-like of shape (..., n)
        Whether follow-up ended with the event.
    day : array-like of shape (...)
        The day.

    Returns
    -------
    tuple of numpy.ndarray of shape (...)
        Survival, and S(1 − S) over Greenwood's variance: the number of patients without any
        censoring that would give the same standard error.  Where survival is 1 or 0 and the
        variance therefore 0, the number of patients whose state on that day is known.

    References
    ----------
    .. [1] Rothman KJ. J Chronic Dis 31, 557–560 (1978).
    .. [2] Anderson JR, Bernstein L, Pike MC. Biometrics 38, 407–416 (1982).
    .. [3] R: ``summary(survfit(Surv(time, event) ~ 1), times = day)``, ``surv`` and ``std.err``.
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    limit = np.asarray(day, dtype=float)[..., None]
    # one patient at a time, events first: tied events give the same product and the same sum
    order = np.lexsort((~event, time), axis=-1)
    died = np.take_along_axis(event & (time <= limit), order, axis=-1)
    at_risk = np.arange(time.shape[-1], 0, -1, dtype=float)
    survival = np.prod(1 - died / at_risk, axis=-1)
    terms = np.divide(1, at_risk * (at_risk - 1), out=np.zeros_like(at_risk), where=at_risk > 1)
    greenwood = (died * terms).sum(axis=-1)
    size = np.array(((event & (time <= limit)) | (time >= limit)).sum(axis=-1), dtype=float)
    varies = (survival > 0) & (survival < 1)
    np.divide(1 - survival, survival * greenwood, out=size, where=varies)
    whole = np.rint(size)  # as many as there are patients, if none was censored
    return survival, np.where(np.isclose(size, whole, rtol=1e-9, atol=0), whole, size)
