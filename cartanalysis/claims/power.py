"""How likely a cohort was to show an effect, had there been one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import gammaln

from cartanalysis.stats.exact import RELATIVE_TOLERANCE

Floats = npt.NDArray[np.float64]

MODERATE = 0.5
"""Half a standard deviation, Cohen's moderate effect, of what the event or the time stands for."""

HAZARD_RATIO = math.exp(MODERATE * math.pi / math.sqrt(6))
"""Moderate hazard ratio, 1.90: log survival times have the standard deviation π/√6 if
exponential (Azuero A. Cancer 122, 1298–1299, 2016)."""

ODDS_RATIO = math.exp(MODERATE * math.pi / math.sqrt(3))
"""Moderate odds ratio, 2.48: the logistic distribution has the standard deviation π/√3
(Chinn S. Stat Med 19, 3127–3131, 2000)."""

AT_LEVEL = 1 - 1e-9
"""A p that only rounding keeps below the level, such as 1/20, is not below it."""


def of_hazard_ratio(
    events: int,
    share: float,
    hazard_ratio: float = HAZARD_RATIO,
    explained: float = 0.0,
    alpha: float = 0.05,
) -> float:
    """Give the approximate power of the log-rank test, or of a test in a Cox model.

    Parameters
    ----------
    events : int
        Events observed.
    share : float
        Share of patients exposed, as a fraction.
    hazard_ratio : float
        True hazard ratio.
    explained : float
        Share of the exposure's variance that the model's other covariates explain (R²); it
        inflates the variance by 1/(1 − R²).
    alpha : float
        Two-sided level.

    Returns
    -------
    float
        Probability of p < alpha in the direction of the hazard ratio.

    References
    ----------
    .. [1] Schoenfeld D. Biometrika 68, 316–319 (1981).
    .. [2] Hsieh FY, Lavori PW. Control Clin Trials 21, 552–560 (2000).
    """
    information = events * share * (1 - share) * (1 - explained)
    drift = math.sqrt(information) * abs(math.log(hazard_ratio))
    return float(stats.norm.sf(stats.norm.ppf(1 - alpha / 2) - drift))


def patients_needed(
    n: int,
    events: int,
    share: float,
    hazard_ratio: float = HAZARD_RATIO,
    explained: float = 0.0,
    alpha: float = 0.05,
    chance: float = 0.8,
) -> float:
    """Give the size of a next cohort, like this one, that would show an effect.

    Parameters
    ----------
    n, events : int
        Patients of this cohort, and events among them.
    share, hazard_ratio, explained, alpha : float
        As of `of_hazard_ratio`.
    chance : float
        Power that is asked for.

    Returns
    -------
    float
        Patients, rounded up, with as many events in a hundred as here; infinite if the exposure
        does not vary beside the other covariates.

    References
    ----------
    .. [1] Schoenfeld DA. Biometrics 39, 499–503 (1983).
    """
    each = share * (1 - share) * (1 - explained) * math.log(hazard_ratio) ** 2 * events / n
    wanted = (stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(chance)) ** 2
    return math.ceil(wanted / each) if each > 0 else math.inf


def of_odds_ratio(
    exposed: int, others: int, outcomes: int, odds_ratio: float = ODDS_RATIO, alpha: float = 0.05
) -> float:
    """Give the exact power of Fisher's two-sided test, given the margins.

    Parameters
    ----------
    exposed, others : int
        Patients with and without the exposure.
    outcomes : int
        Patients with the outcome.
    odds_ratio : float
        True odds ratio of the outcome, exposed against others.
    alpha : float
        Two-sided level.

    Returns
    -------
    float
        Probability of p < alpha in the direction of the odds ratio: the number of exposed with the
        outcome has Fisher's noncentral hypergeometric distribution.

    References
    ----------
    .. [1] Fisher RA. J R Stat Soc 98, 39–82 (1935).
    """
    counts = np.arange(max(0, outcomes - others), min(exposed, outcomes) + 1)
    cells = np.stack([counts, exposed - counts, outcomes - counts, others - outcomes + counts])
    ways: Floats = -gammaln(cells + 1.0).sum(axis=0)
    central = _normalised(ways)
    # two-sided p of every table: all tables no more likely than it
    ranked = np.sort(central)
    up_to = np.searchsorted(ranked, central * (1 + RELATIVE_TOLERANCE), side="right")
    p = np.cumsum(ranked)[up_to - 1]
    mean = exposed * outcomes / (exposed + others)
    towards = counts > mean if odds_ratio > 1 else counts < mean
    shifted = _normalised(ways + counts * math.log(odds_ratio))
    return float(shifted[(p < alpha * AT_LEVEL) & towards].sum())


def _normalised(logs: Floats) -> Floats:
    weights: Floats = np.exp(logs - logs.max())
    return weights / weights.sum()


def variance_explained(exposure: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Give the share of an exposure's variance that other covariates explain.

    Parameters
    ----------
    exposure : array-like of shape (n_patients,)
        The exposure, as numbers.
    others : array-like of shape (n_patients, n_covariates)
        The other covariates, as numbers.

    Returns
    -------
    float
        R² of the linear regression.

    Raises
    ------
    ValueError
        If the exposure does not vary.
    """
    y = np.asarray(exposure, dtype=float)
    design = np.column_stack([np.ones(len(y)), np.asarray(others, dtype=float)])
    total = ((y - y.mean()) ** 2).sum()
    if total == 0:
        raise ValueError("the exposure is the same in all patients")
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1 - ((y - fitted) ** 2).sum() / total)
