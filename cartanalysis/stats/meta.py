"""One result pooled over several cohorts, by random effects.

Each kind of result is pooled on the scale on which it is nearly normal: proportions as log odds,
survival at a day as log(−log S), hazard ratios as their logarithm.  Arrays in, numbers out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from statsmodels.stats.meta_analysis import combine_effects

from cartanalysis.errors import CannotCompute

Floats = npt.NDArray[np.float64]

METHOD = (
    "random effects: Paule–Mandel, Hartung–Knapp–Sidik–Jonkman interval with a variance factor of "
    "at least 1"
)

CONTINUITY = 0.5
"""Added to both counts where nobody, or everybody, had the outcome."""

FEWEST = 2
"""So many cohorts are needed to pool at all."""

FEWEST_TO_PREDICT = 3
"""So many are needed for a prediction interval, which has k − 2 degrees of freedom."""

_TOLERANCE = 1e-6
"""Of Paule and Mandel's equation.  statsmodels takes an iterate that rounding puts just beyond the
root for "no heterogeneity"; a much smaller tolerance runs into that, the default is too coarse."""


@dataclass(frozen=True)
class Scale:
    """A scale on which results are pooled.

    Attributes
    ----------
    name : str
        What it is called.
    forward : callable
        From the result to the scale.
    back : callable
        From the scale to the result.
    """

    name: str
    forward: Callable[[float], float]
    back: Callable[[float], float]


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))  # e^710 is beyond a double; NaN stays NaN


LOGIT = Scale("log odds", special.logit, special.expit)
CLOGLOG = Scale("log(−log) of survival", lambda s: math.log(-math.log(s)), lambda x: _exp(-_exp(x)))
LOG = Scale("logarithm", math.log, _exp)


@dataclass(frozen=True)
class Pooled:
    """A pooled result, on the scale on which it was pooled.

    Attributes
    ----------
    k : int
        Cohorts.
    estimate, se : float
        Mean of the cohorts' true values, and its standard error.
    lower, upper : float
        Confidence interval, t with k − 1 degrees of freedom.
    predicted_lower, predicted_upper : float
        Interval for the true value of a further cohort, t with k − 2 degrees of freedom; NaN with
        fewer than three cohorts.
    tau2 : float
        Variance between cohorts.
    q, q_p : float
        Cochran's Q and its p-value (chi-squared, k − 1 degrees of freedom).
    i2 : float
        Share of the variation that is between cohorts, (Q − (k − 1)) / Q, not below 0.
    common, common_lower, common_upper : float
        What the estimate would be if all cohorts had one and the same true value (inverse-variance
        weights, normal interval).
    weights : tuple of float
        Weight of each cohort in the pooled estimate; they sum to 1.
    """

    k: int
    estimate: float
    se: float
    lower: float
    upper: float
    predicted_lower: float
    predicted_upper: float
    tau2: float
    q: float
    q_p: float
    i2: float
    common: float
    common_lower: float
    common_upper: float
    weights: tuple[float, ...]

    def back(self, scale: Scale) -> dict[str, float]:
        """Take the pooled value and its intervals back to the scale that readers know.

        Parameters
        ----------
        scale : Scale
            On which it was pooled.

        Returns
        -------
        dict of str to float
            Keys estimate, lower, upper, predicted_lower, predicted_upper, common, common_lower,
            common_upper; fractions or ratios.
        """
        found = {
            "estimate": float(scale.back(self.estimate)),
            "common": float(scale.back(self.common)),
        }
        for prefix in ("", "predicted_", "common_"):
            ends = [float(scale.back(getattr(self, f"{prefix}{e}"))) for e in ("lower", "upper")]
            found[f"{prefix}lower"], found[f"{prefix}upper"] = min(ends), max(ends)
        return found


def of_counts(events: float, n: float) -> tuple[float, float]:
    """Give a proportion's log odds and their variance.

    Parameters
    ----------
    events : float
        Patients with the outcome.
    n : float
        Patients.

    Returns
    -------
    tuple of float
        Log odds, and 1/events + 1/(n − events).  After Anscombe [1]_, but only where one of the
        counts is 0, 0.5 is added to both; it makes a rare rate lean upwards.

    References
    ----------
    .. [1] Anscombe FJ. Biometrika 43, 461–464 (1956).
    .. [2] R: ``metafor::escalc("PLO", xi, ni, add = 1/2, to = "only0")``.
    """
    without = n - events
    added = CONTINUITY if min(events, without) == 0 else 0.0
    yes, no = events + added, without + added
    return math.log(yes / no), 1 / yes + 1 / no


def of_interval(
    estimate: float, lower: float, upper: float, scale: Scale, confidence: float = 0.95
) -> tuple[float, float]:
    """Give an estimate and its variance on a scale on which its interval is symmetrical.

    Parameters
    ----------
    estimate, lower, upper : float
        The estimate and its interval: a survival probability with a log-log interval, or a hazard
        ratio with the interval of its test, of whose width z standard errors are taken to be half.
    scale : Scale
        Where the interval is nearly estimate ± z standard errors.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    tuple of float
        Estimate and variance on the scale.
    """
    width = abs(scale.forward(upper) - scale.forward(lower))
    error = width / (2 * stats.norm.ppf(0.5 + confidence / 2))
    return float(scale.forward(estimate)), float(error**2)


def pool(effect: npt.ArrayLike, variance: npt.ArrayLike, confidence: float = 0.95) -> Pooled:
    """Pool one result of several cohorts.

    Parameters
    ----------
    effect : array-like of shape (k,)
        The cohorts' estimates on a scale on which they are nearly normal.
    variance : array-like of shape (k,)
        Their variances on this scale.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    Pooled
        The pooled result.  With little heterogeneity the factor of Hartung, Knapp, Sidik and
        Jonkman would make the interval narrower than that of a common effect; it is kept at 1 or
        more [3]_.  With fewer than five cohorts the prediction interval mostly shows how little is
        known of the variance between them [6]_.

    Raises
    ------
    CannotCompute
        If there are fewer than two cohorts.

    References
    ----------
    .. [1] Paule RC, Mandel J. J Res Natl Bur Stand 87, 377–385 (1982).
    .. [2] IntHout J, Ioannidis JPA, Borm GF. BMC Med Res Methodol 14, 25 (2014).
    .. [3] Röver C, Knapp G, Friede T. BMC Med Res Methodol 15, 99 (2015).
    .. [4] Higgins JPT, Thompson SG, Spiegelhalter DJ. J R Stat Soc A 172, 137–159 (2009), with the
       standard error of [2]_.
    .. [5] R: ``metafor::rma(yi, vi, method = "PM", test = "adhoc")`` and
       ``predict(..., pi.type = "riley")``.
    .. [6] Partlett C, Riley RD. Stat Med 36, 301–317 (2017).
    """
    y, v = np.asarray(effect, dtype=float), np.asarray(variance, dtype=float)
    k = len(y)
    if k < FEWEST:
        count = "none" if k == 0 else "one only"
        raise CannotCompute(
            f"pooling needs an estimate from at least two cohorts of patients; there is {count}"
        )
    with np.errstate(divide="ignore"):  # an I² of its own, not used, where all effects are equal
        fit = combine_effects(y, v, method_re="iterated", use_t=True, atol=_TOLERANCE, maxiter=1000)
    factor = max(1.0, float(fit.scale_hksj_re))
    error = math.sqrt(factor * float(fit.var_eff_w_re))
    centre, tau2, q = float(fit.mean_effect_re), float(fit.tau2), float(fit.q)
    half = stats.t.ppf(0.5 + confidence / 2, k - 1) * error
    (common_lower, common_upper), *_ = fit.conf_int(alpha=1 - confidence, use_t=False)
    ahead = math.nan
    if k >= FEWEST_TO_PREDICT:
        ahead = stats.t.ppf(0.5 + confidence / 2, k - 2) * math.hypot(error, math.sqrt(tau2))
    return Pooled(
        k=k,
        estimate=centre,
        se=error,
        lower=float(centre - half),
        upper=float(centre + half),
        predicted_lower=float(centre - ahead),
        predicted_upper=float(centre + ahead),
        tau2=tau2,
        q=q,
        q_p=float(fit.test_homogeneity().pvalue),
        i2=max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0,
        common=float(fit.mean_effect_fe),
        common_lower=float(common_lower),
        common_upper=float(common_upper),
        weights=tuple(float(w) for w in fit.weights_rel_re),
    )
