"""The effect of a measurement without a cut-off: a restricted cubic spline in a Cox model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import batch
from cartanalysis.stats.batch import LRT_METHOD, Likelihood, RiskSets, State
from cartanalysis.stats.survival import endpoint_of, with_endpoint
from cartanalysis.text import each_row, format_value

Floats = npt.NDArray[np.float64]

QUANTILES = {
    3: (0.1, 0.5, 0.9),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
}
"""Harrell's places of the knots, by their number."""

FEW = 100
"""With fewer patients the outer knots are the fifth smallest and the fifth largest value."""

SHOWN = (0.1, 0.9)
"""Shares of patients between whom the curve is drawn."""

POINTS = 60
"""About so many points has a curve, all at round values."""

SPLINE_METHOD = "restricted cubic spline in Cox regression, Efron ties; pointwise Wald interval"


@dataclass(frozen=True)
class Spline:
    """A smooth effect of a measurement.

    Attributes
    ----------
    curve : pandas.DataFrame
        One row per value: value, estimate (hazard ratio against the reference), lower, upper,
        method; at round values within `SHOWN`, and none at the patients' own.
    tests : pandas.DataFrame
        Likelihood-ratio tests, one row each: question ("association", "nonlinearity"), n, events,
        estimate (χ²), df, p, method.
    knots : tuple of float
        Where the pieces of the spline meet.
    reference : float
        The value all others are compared with: the median.
    log_likelihood : float
        Partial log-likelihood at the estimate.
    """

    curve: pd.DataFrame
    tests: pd.DataFrame
    knots: tuple[float, ...]
    reference: float
    log_likelihood: float


def spline(
    patients: pd.DataFrame,
    endpoint: str,
    column: str,
    confidence: float = 0.95,
    knots: int | None = None,
    at: tuple[float, ...] = (),
) -> Spline:
    """Fit a restricted cubic spline.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    column : str
        The measurement.
    confidence : float
        Pointwise coverage of the Wald band.
    knots : {3, 4, 5}, optional
        How many; of fewer than 100 events 3, else 4, if not given.
    at : tuple of float
        Values to read the curve at, instead of round ones.

    Returns
    -------
    Spline
        Curve, tests and knots.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there is no event, too few values differ, or the fit does not converge.

    References
    ----------
    .. [1] Harrell FE. Regression Modeling Strategies, 2nd ed., section 2.4.5. Springer (2015);
       R ``rms::rcs``, ``Hmisc::rcspline.eval`` (without its rules for heaped values).
    """
    data = with_endpoint(patients, endpoint, column)
    name = endpoint_of(endpoint).name
    events = int(data["event"].sum())
    if not events:
        raise CannotCompute(f"no event of {name} occurred")
    x = data[column].to_numpy(float)
    places = _knots(x, knots or (3 if events < FEW else 4))
    # as R has it, two values more than knots have to lie between the lowest and the highest
    if len(set(places)) < len(places) or len(set(x)) - 2 <= len(places):
        raise CannotCompute(f"too few values of `{column}` differ for a smooth curve")
    sets = RiskSets(data["time"], data["event"])
    fits = [batch.cox(sets, of[:, None, :]) for of in (basis(x, places), x[None])]
    if any(fit.state[0] != State.FITTED for fit in fits):
        raise CannotCompute(f"the smooth effect of `{column}` on {name} has no finite estimate")
    reference = float(np.median(x))
    values = np.array(at) if at else _round_values(x)
    curve = _curve(sets, x, places, fits[0].beta[:, 0], values, reference, confidence)
    whole, straight, null = (float(v[0]) for v in (fits[0].value, fits[1].value, fits[0].null))
    return Spline(
        curve=curve,
        tests=_tests(whole, straight, null, len(places) - 1, len(data), events),
        knots=places,
        reference=reference,
        log_likelihood=whole,
    )


def basis(x: Floats, knots: tuple[float, ...]) -> Floats:
    """Give the terms of the spline: cubic between the knots, straight beyond the outer ones.

    Parameters
    ----------
    x : numpy.ndarray of shape (n_values,)
        Values of the measurement.
    knots : tuple of float
        Where the pieces meet.

    Returns
    -------
    numpy.ndarray of shape (n_knots - 1, n_values)
        The value itself and the cubic terms, scaled as in R.
    """
    first, before, last = knots[0], knots[-2], knots[-1]
    cubed = np.clip(x - np.array(knots)[:, None], 0, None) ** 3 / (last - first) ** 2
    terms = [
        of + ((before - k) * cubed[-1] - (last - k) * cubed[-2]) / (last - before)
        for k, of in zip(knots[:-2], cubed, strict=False)
    ]
    return np.array([x, *terms])


def _knots(x: Floats, count: int) -> tuple[float, ...]:
    places = np.quantile(x, QUANTILES[count])
    if len(x) < FEW:
        ordered = np.sort(x)
        if len(x) < 2 * 5 + 1:  # the fifth from either end, and one between
            return (0.0, 0.0, 0.0)
        places[0], places[-1] = ordered[4], ordered[-5]
    return tuple(float(p) for p in places)


def _round_values(x: Floats) -> Floats:
    """List round values between the shares of patients in whom the curve is drawn."""
    low, high = np.quantile(x, SHOWN)
    rough = (high - low) / POINTS
    step = 10.0 ** np.floor(np.log10(rough))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= rough * (1 - 1e-9))
    places = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return np.asarray((places * step).round(12))


def _curve(
    sets: RiskSets,
    x: Floats,
    knots: tuple[float, ...],
    beta: Floats,
    values: Floats,
    reference: float,
    confidence: float,
) -> pd.DataFrame:
    # centred, so that the information is as well conditioned as it can be
    ordered = sets.sorted((basis(x, knots) - basis(np.array([reference]), knots))[:, None, :])
    spread = np.linalg.inv(Likelihood.at(sets, ordered, beta[:, None]).information()[0])
    away = basis(values, knots) - basis(np.array([reference]), knots)
    log_ratio = beta @ away
    error = np.sqrt(np.einsum("iv,ij,jv->v", away, spread, away))
    half = stats.norm.ppf(0.5 + confidence / 2) * error
    with np.errstate(over="ignore"):
        ends = np.exp(log_ratio), np.exp(log_ratio - half), np.exp(log_ratio + half)
    named = dict(zip(("estimate", "lower", "upper"), ends, strict=True))
    return pd.DataFrame({"value": values, **named}).assign(method=SPLINE_METHOD)


def _tests(
    whole: float, straight: float, null: float, terms: int, n: int, events: int
) -> pd.DataFrame:
    rows = []
    for question, without, df in (
        ("association", null, terms),
        ("nonlinearity", straight, terms - 1),
    ):
        statistic = max(0.0, 2 * (whole - without))
        p = float(stats.chi2.sf(statistic, df))
        rows.append((question, n, events, statistic, df, p, f"{LRT_METHOD}; {SPLINE_METHOD}"))
    columns = ["question", "n", "events", "estimate", "df", "p", "method"]
    return pd.DataFrame(rows, columns=columns)


def describe(curve: pd.DataFrame, unit: str = "%") -> str:
    """Put a curve into a sentence, for who cannot see the picture.

    Parameters
    ----------
    curve : pandas.DataFrame
        From `spline`.
    unit : str
        Unit of the measurement.

    Returns
    -------
    str
        A sentence with the hazard ratio at the ends, in the middle and between.
    """
    places = np.linspace(0, len(curve) - 1, 5).round().astype(int)
    told = (
        f"at {row.value:g} {unit} {format_value(row.estimate, 'ratio')}"
        for row in each_row(curve.iloc[places])
    )
    return f"Hazard ratio against the median: {', '.join(told)}."
