"""Whether a hazard ratio is the same at all times: score tests and smoothed residuals, as in R.

lifelines' test differs from that of R's ``cox.zph`` since survival 3.0, which is the score test of
a coefficient that changes with time.  Here it comes from the likelihood of
`cartanalysis.stats.batch`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.stats import batch
from cartanalysis.stats.batch import Likelihood, RiskSets
from cartanalysis.stats.spline import basis

Floats = npt.NDArray[np.float64]

SCALES = {
    "km": "one less the Kaplan–Meier estimate",
    "rank": "rank of the time",
    "identity": "days",
    "log": "logarithm of the days",
}
"""Scales of time on which a coefficient may change, by R's names."""

METHOD = "score test of proportional hazards (cox.zph), scale of time: {}"
KNOTS, POINTS, ERRORS = 2, 40, 2.0
"""Of the smooth line, as ``plot.cox.zph``: inner knots (4 degrees of freedom), places, width."""


def _on_scale(sets: RiskSets, scale: str) -> Floats:
    """Give the place of each event on a scale of time."""
    if scale == "km":
        return np.asarray(1 - batch.just_before(sets))
    time = stats.rankdata(sets.time[0]) if scale == "rank" else sets.time[0]
    with np.errstate(divide="ignore"):  # an event at infusion has no logarithm: no test
        return np.asarray((np.log(time) if scale == "log" else time)[sets.at])


TOO_FEW_TIMES = "events lie on too few days to see a change with time"
NO_LOGARITHM = "an event on day 0 has no place on a logarithmic scale"


def score_tests(fit: Likelihood, terms: pd.DataFrame, scale: str = "km") -> pd.DataFrame:
    """Test whether coefficients change with time.

    Each covariate x is joined by x·g(t), with g the centred scale of time.

    Parameters
    ----------
    fit : Likelihood
        Of one cohort, at the estimate.
    terms : pandas.DataFrame
        One row per coefficient, with its covariate.
    scale : {"km", "rank", "identity", "log"}
        Scale of time.

    Returns
    -------
    pandas.DataFrame
        One row per covariate, and one for all (global): covariate, scale, estimate (χ²), df, p,
        method, why.  Where there are too few event times to see a change the test is empty, and
        why says so.

    References
    ----------
    .. [1] Grambsch PM, Therneau TM. Biometrika 81, 515–526 (1994).
    .. [2] R ``survival::cox.zph``.
    """
    width, g = len(terms), _on_scale(fit.sets, scale)
    g = np.where(np.isfinite(g).all(), g, np.nan)
    g = g - g.mean()
    spread = float(np.sqrt(np.mean(g**2))) or 1.0  # χ² does not depend on the unit of time
    g = g / spread
    score = fit.residuals @ g  # of the x·g(t) half; the half of x is 0 at the estimate
    zero, one, two = (fit.information(g**power)[0] for power in range(3))

    def _test(name: str, chosen: npt.NDArray[np.bool_]) -> tuple[str, float, int]:
        block = np.block([[zero, one[:, chosen]], [one[chosen], two[np.ix_(chosen, chosen)]]])
        u = np.concatenate([np.zeros(width), score[chosen]])
        # too few event times to see a change over time: singular, by the rule of R's solve()
        if np.isnan(block).any() or not 1 / np.linalg.cond(block, 1) > np.finfo(float).eps:
            return name, np.nan, int(chosen.sum())
        return name, float(u @ np.linalg.solve(block, u)), int(chosen.sum())

    covariates = terms["covariate"].unique()
    rows = [_test(name, (terms["covariate"] == name).to_numpy()) for name in covariates]
    rows.append(_test("global", np.ones(width, dtype=bool)))
    table = pd.DataFrame(rows, columns=["covariate", "estimate", "df"])
    p = stats.chi2.sf(table["estimate"], table["df"])
    why = np.where(np.isnan(p), NO_LOGARITHM if np.isnan(g).any() else TOO_FEW_TIMES, "")
    return table.assign(scale=scale, p=p, method=METHOD.format(SCALES[scale]), why=why)


def smoothed_residuals(fit: Likelihood, unit: Floats, scale: str) -> pd.DataFrame:
    """Estimate how coefficients change with time: scaled Schoenfeld residuals, smoothed.

    Parameters
    ----------
    fit : Likelihood
        Of one cohort, at the estimate.
    unit : numpy.ndarray of shape (n_terms,)
        By what the covariates were divided before the fit.
    scale : {"km", "rank", "identity", "log"}
        Scale of time on which the line is smooth.

    Returns
    -------
    pandas.DataFrame
        For each coefficient one row per event (residual: the coefficient that this event alone
        speaks for) and 40 of the smooth line: term, x (on the scale), time (days; interpolated for
        the line), residual, estimate, lower, upper (log hazard ratios).  The line is a natural
        spline with 4 degrees of freedom, its band two standard errors on either side, as R's
        ``plot.cox.zph`` draws them; of too few different times it is left out.
    """
    sets = fit.sets
    x, time = _on_scale(sets, scale), sets.time[0][sets.at]
    order = np.argsort(time, kind="stable")
    x, time = x[order], time[order]
    spread = len(x) * np.linalg.inv(fit.information()[0])
    residuals = (spread @ _of_ties(fit)[:, order] + fit.beta) / unit[:, None]
    errors = np.sqrt(np.diag(spread)) / unit
    places = np.linspace(x.min(), x.max(), POINTS)
    basis = _natural_spline(np.concatenate([places, x]))
    line, at_events = basis[:POINTS], basis[POINTS:]
    has_line = np.linalg.matrix_rank(at_events) == basis.shape[1]
    parts = []
    for term, (residual, error) in enumerate(zip(residuals, errors, strict=True)):
        parts.append(pd.DataFrame({"term": term, "x": x, "time": time, "residual": residual}))
        if has_line:
            solve = np.linalg.pinv(at_events)
            smooth = line @ solve @ residual
            half = ERRORS * error * np.linalg.norm(line @ solve, axis=1)
            days = np.interp(places, x, time)
            bounds = {"estimate": smooth, "lower": smooth - half, "upper": smooth + half}
            parts.append(pd.DataFrame({"term": term, "x": places, "time": days, **bounds}))
    columns = ["term", "x", "time", "residual", "estimate", "lower", "upper"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def _of_ties(fit: Likelihood) -> Floats:
    """Give Schoenfeld's residuals; those of tied events are from the mean of their expectations."""
    sets = fit.sets
    _, tie, count = np.unique(sets.at_risk, return_inverse=True, return_counts=True)
    mean = np.array([np.bincount(tie, of) / count for of in fit.mean])[:, tie]
    return np.asarray(fit.x.reshape(len(fit.x), -1)[:, sets.at] - mean)


def _natural_spline(x: Floats) -> Floats:
    """Give a natural spline's terms, by R's knots: at both ends, and at quantiles in between."""
    x = (x - x.min()) / (np.ptp(x) or 1.0)
    inner = np.quantile(x, np.arange(1, KNOTS + 1) / (KNOTS + 1))
    with np.errstate(invalid="ignore", divide="ignore"):  # knots that coincide
        terms = basis(x, (0.0, *map(float, inner), 1.0))
    return np.column_stack([np.ones_like(x), *np.nan_to_num(terms)])
