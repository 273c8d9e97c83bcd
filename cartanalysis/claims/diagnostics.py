"""What a cohort could tell of a claim, before it is asked: follow-up, size, smallest effect seen.

Nothing here looks at the answer: only at how many patients and events there are, how they divide
into groups, and how long they were followed.  A claim is *not interpretable* in a cohort whose
groups are too small, or which would more often miss than see even a very large effect: whatever its
result, it would then speak of chance.  Where columns are missing it is *not assessed* instead.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from cartanalysis.claims import consistency, power

MIN_GROUP = 5
"""Fewest patients of a group, or of whom a rate is judged; also the fewest followed beyond a day,
where more were lost before it.  A convention, as Cochran's five (Biometrics 10, 417–451, 1954)."""

VERY_LARGE = 1.2
"""A very large effect, in standard deviations (Sawilowsky SS. J Mod Appl Stat Methods 8, 597–599,
2009), of the same quantity as `cartanalysis.claims.power.MODERATE`."""

HAZARD_RATIO = power.HAZARD_RATIO ** (VERY_LARGE / power.MODERATE)
"""Very large hazard ratio, 4.66."""

ODDS_RATIO = power.ODDS_RATIO ** (VERY_LARGE / power.MODERATE)
"""Very large odds ratio, 8.81."""

LEAST = 0.5
"""Smallest chance of seeing a very large effect: below it, it is more often missed than seen."""

SEEN = 0.8
"""Chance with which the smallest effect is seen: the usual convention of planned studies."""

SERIOUS = 0.8
"""Completeness of follow-up below which a result may be badly off: the limit of Sackett's rule
(Schulz KF, Grimes DA. Lancet 359, 781–785, 2002)."""

FAR = 1e-15
"""An odds ratio beyond all that occur; a hazard ratio is told up to its inverse."""


def follow_up(time: npt.ArrayLike, event: npt.ArrayLike, day: float) -> tuple[float, float]:
    """Tell how completely patients were followed to a day.

    Parameters
    ----------
    time : array-like of shape (n_patients,)
        Follow-up, in days.
    event : array-like of shape (n_patients,)
        Whether follow-up ended with the event.
    day : float
        The day.

    Returns
    -------
    tuple of float
        Share of patients whose state on that day is known, and Clark's completeness index: the
        person-time observed up to that day over what there would be had nobody been censored
        before it; both as fractions.  Who had the event is complete.  Lost to follow-up and not
        yet followed so long are not told apart, as no date is on record.

    References
    ----------
    .. [1] Clark TG, Altman DG, De Stavola BL. Lancet 359, 1309–1310 (2002).
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    censored = (time < day) & ~event
    observed = np.minimum(time, day)
    potential = np.where(censored, day, observed).sum()
    return float(1 - censored.mean()), float(observed.sum() / potential) if potential else 1.0


def too_few_followed(
    time: npt.ArrayLike, event: npt.ArrayLike, day: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Tell whether too much of what a curve says of a day rests on too few patients.

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
    numpy.ndarray of shape (...)
        Whether fewer than five are known to have passed the day without the event, and more than
        these were censored before it.  Where few are left because of events, the curve knows.
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    limit = np.asarray(day, dtype=float)[..., None]
    followed = ((time > limit) | ((time == limit) & ~event)).sum(axis=-1)
    lost = ((time < limit) & ~event).sum(axis=-1)
    return np.asarray((followed < MIN_GROUP) & (lost > followed))


# --- the smallest effect -----------------------------------------------------------------------


def rates_seen(
    size: float, old: float, old_size: float, confidence: float = 0.95, chance: float = SEEN
) -> tuple[float, float]:
    """Give the true rates nearest to a published one that would be told from it.

    Parameters
    ----------
    size : float
        (Effective) size of the cohort, rounded to whole patients here.
    old : float
        Published proportion, as a fraction.
    old_size : float
        Its sample size.
    confidence : float
        Coverage of the prediction interval outside which a rate is called different.
    chance : float
        Probability with which it is.

    Returns
    -------
    tuple of float
        A rate below and a rate above; NaN where there is none.  The number of patients is
        binomial, given what was published; R: ``qbeta(1 - chance, k + 1, n - k)``, k the most
        patients that lie below the interval, and likewise above it.
    """
    n = math.floor(size + 0.5)
    low, high = (float(bound) for bound in consistency.predicted(size, old, old_size, confidence))
    below, above = math.ceil(low * n) - 1, math.floor(high * n) + 1
    return (
        float(stats.beta.ppf(1 - chance, below + 1, n - below)) if below >= 0 else math.nan,
        float(stats.beta.ppf(chance, above, n - above + 1)) if above <= n else math.nan,
    )


def very_large(old: float) -> tuple[float, float]:
    """Give the rates that differ from a published one by a very large effect.

    Parameters
    ----------
    old : float
        Published proportion, as a fraction.

    Returns
    -------
    tuple of float
        The rates whose angles, twice the arcsine of the square root, are so far away (Cohen's h);
        NaN where there is no room for it.
    """
    angle = math.asin(math.sqrt(old))
    low, high = angle - VERY_LARGE / 2, angle + VERY_LARGE / 2
    return (
        math.sin(low) ** 2 if low >= 0 else math.nan,
        math.sin(high) ** 2 if high <= math.pi / 2 else math.nan,
    )


def hazard_ratio_seen(
    events: int, share: float, explained: float = 0.0, alpha: float = 0.05, chance: float = SEEN
) -> float:
    """Give the smallest hazard ratio above 1 that would be seen.

    Parameters
    ----------
    events : int
        Events observed.
    share : float
        Share of patients exposed, as a fraction.
    explained : float
        Share of the exposure's variance that the model's other covariates explain.
    alpha : float
        Two-sided level.
    chance : float
        Probability of p < alpha.

    Returns
    -------
    float
        The hazard ratio; NaN without events, or if all or none are exposed.  The inverse of
        `cartanalysis.claims.power.of_hazard_ratio`.
    """
    information = events * share * (1 - share) * (1 - explained)
    if information <= 0:
        return math.nan
    needed = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(chance))
    return min(math.exp(min(needed / math.sqrt(information), 100)), 1 / FAR)


def odds_ratio_seen(exposed: int, others: int, outcomes: int, alpha: float = 0.05) -> float:
    """Give the odds ratio below 1 that is nearest to 1 of those seen with a chance of `SEEN`.

    Parameters
    ----------
    exposed, others : int
        Patients with and without the exposure.
    outcomes : int
        Patients with the outcome.
    alpha : float
        Two-sided level.

    Returns
    -------
    float
        The odds ratio, by Fisher's test given the margins; NaN if none would be.  The inverse of
        `cartanalysis.claims.power.of_odds_ratio`.
    """
    margins = exposed, others, outcomes
    if not (exposed and others) or power.of_odds_ratio(*margins, FAR, alpha) < SEEN:
        return math.nan
    found = optimize.brentq(
        lambda log_ratio: power.of_odds_ratio(*margins, math.exp(log_ratio), alpha) - SEEN,
        math.log(FAR),
        0,
        xtol=1e-10,
    )
    return math.exp(found)


# --- whether there is anything to judge --------------------------------------------------------

TOO_FEW = f"fewer than {MIN_GROUP} patients"
IN_A_GROUP = f"fewer than {MIN_GROUP} patients in a group"
MISSED = "even {}, a very large effect, would more often be missed than seen"


def of_rate(size: float, old: float, old_size: float, confidence: float = 0.95) -> str:
    """Say why a rate cannot be compared with the published one.

    Parameters
    ----------
    size : float
        (Effective) size of the cohort.
    old : float
        Published proportion, as a fraction.
    old_size : float
        Its sample size.
    confidence : float
        Coverage of the prediction interval.

    Returns
    -------
    str
        Why it is not interpretable; empty if it is.
    """
    if size < MIN_GROUP:
        return TOO_FEW
    low, high = rates_seen(size, old, old_size, confidence, LEAST)
    least, most = very_large(old)
    if low >= least or high <= most:
        return ""
    rates = " or ".join(f"{100 * r:.0f} %" for r in (least, most) if not math.isnan(r))
    return MISSED.format(f"a true rate of {rates}")


def of_hazard_ratio(
    events: int, exposed: int, others: int, explained: float = 0.0, alpha: float = 0.05
) -> str:
    """Say why a hazard ratio cannot be judged.

    Parameters
    ----------
    events : int
        Events observed.
    exposed, others : int
        Patients with and without the exposure.
    explained : float
        Share of the exposure's variance that the model's other covariates explain.
    alpha : float
        Two-sided level.

    Returns
    -------
    str
        Why it is not interpretable; empty if it is.
    """
    if min(exposed, others) < MIN_GROUP:
        return IN_A_GROUP
    share = exposed / (exposed + others)
    if hazard_ratio_seen(events, share, explained, alpha, LEAST) <= HAZARD_RATIO:
        return ""
    return MISSED.format(f"a hazard ratio of {HAZARD_RATIO:.1f}")


def of_odds_ratio(exposed: int, others: int, outcomes: int, alpha: float = 0.05) -> str:
    """Say why an odds ratio cannot be judged.

    Parameters
    ----------
    exposed, others : int
        Patients with and without the exposure.
    outcomes : int
        Patients with the outcome.
    alpha : float
        Two-sided level.

    Returns
    -------
    str
        Why it is not interpretable; empty if it is.
    """
    if min(exposed, others) < MIN_GROUP:
        return IN_A_GROUP
    # above 1 as below 1 for those without the outcome
    for counted in (outcomes, exposed + others - outcomes):
        if power.of_odds_ratio(exposed, others, counted, 1 / ODDS_RATIO, alpha) >= LEAST:
            return ""
    return MISSED.format(f"an odds ratio of {1 / ODDS_RATIO:.2f} or {ODDS_RATIO:.1f}")
