"""Cox regression over hospitals that do not share patients, by adding their likelihoods.

The partial likelihood of a model stratified by hospital is the product of the hospitals' own.  Each
hands over the logarithm of its own, at a few fixed hazard ratios; the sum is that of the analysis
of all patients together, whatever the hospitals' sizes, and also where one has no event in a group
and thus no estimate [1]_.  Of several covariates the values are given at all combinations, so that
the others' hazard ratios are common to the hospitals, too.

References
----------
.. [1] Schuemie M, Suchard M, Bu F. EvidenceSynthesis, R package version 1.1.0 (2025), which pools
   likelihoods on a grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.polynomial import chebyshev
from scipy import stats
from scipy.optimize import brentq, minimize, minimize_scalar

from cartanalysis.errors import CannotCompute
from cartanalysis.stats.batch import Likelihood, RiskSets
from cartanalysis.stats.survival import with_endpoint

Floats = npt.NDArray[np.float64]

METHOD = "Cox regression stratified by hospital, Efron ties, profile-likelihood interval"

REACH = 4.0
"""Log hazard ratios from −4 to 4 are looked at: hazard ratios of 1/55 to 55."""

POINTS = 15
"""So many of them, Chebyshev's: the polynomial through them is off by less than the rounding."""

DIGITS = 3
"""Decimals of the log-likelihood that are told; fewer would not protect anybody."""

MOST_TERMS = 3
"""Of four covariates there would be 50,625 values."""

_NODES = np.array([-math.cos(math.pi * k / (POINTS - 1)) for k in range(POINTS)])
_TO_COEFFICIENTS: Floats = np.linalg.inv(chebyshev.chebvander(_NODES, POINTS - 1))
_SLOPES: Floats = np.vstack([chebyshev.chebder(np.eye(POINTS)), np.zeros(POINTS)])

LOG_RATIOS = REACH * _NODES
"""Where a likelihood is told, along each covariate."""


@dataclass(frozen=True)
class Profile:
    """What one hospital tells.

    Attributes
    ----------
    values : numpy.ndarray of shape (POINTS,) * n_covariates
        Log partial likelihood at `LOG_RATIOS` of each covariate, less its largest value, rounded.
    n, events : int
        Patients with complete data, and events among them.
    """

    values: Floats
    n: int
    events: int


def profile(patients: pd.DataFrame, endpoint: str, covariates: Mapping[str, str]) -> Profile:
    """Tell a hospital's likelihood of hazard ratios.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : mapping of str to str
        Columns, each with the level that is compared with all others.

    Returns
    -------
    Profile
        Complete cases only.  Flat along a covariate that is the same in all, and everywhere if
        there is no event: such a hospital neither helps nor harms.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If no patient is complete, or there are too many covariates.
    """
    if len(covariates) > MOST_TERMS:
        raise CannotCompute(f"likelihoods of more than {MOST_TERMS} covariates are too large")
    data = with_endpoint(patients, endpoint, *covariates)
    sets = RiskSets(data["time"], data["event"])
    coded = [(data[c] == level).to_numpy(float)[None] for c, level in covariates.items()]
    x = np.asarray(sets.sorted(np.array(coded)), dtype=float)
    grid = np.stack(np.meshgrid(*[LOG_RATIOS] * len(x), indexing="ij")).reshape(len(x), -1)
    found = np.array([Likelihood.at(sets, x, beta[:, None]).value[0] for beta in grid.T])
    values = np.round(found - found.max(), DIGITS) + 0.0  # no −0
    return Profile(values.reshape((POINTS,) * len(x)), len(data), int(data["event"].sum()))


@dataclass(frozen=True)
class Pooled:
    """A hazard ratio pooled over hospitals.

    Attributes
    ----------
    estimate, lower, upper : float
        Hazard ratio and its profile-likelihood interval; an end beyond what was looked at is 0 or
        infinite.
    statistic, p : float
        Likelihood-ratio test of a hazard ratio of 1 (chi-squared, 1 degree of freedom).
    """

    estimate: float
    lower: float
    upper: float
    statistic: float
    p: float


def pool(profiles: Sequence[Floats], term: int = 0, confidence: float = 0.95) -> Pooled:
    """Pool one hazard ratio, the same in all hospitals (fixed effect).

    Parameters
    ----------
    profiles : sequence of numpy.ndarray of shape (POINTS,) * n_covariates
        Values of the hospitals' profiles.
    term : int
        Which covariate's.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    Pooled
        As if all patients were analysed together, stratified by hospital.

    Raises
    ------
    CannotCompute
        If all hospitals together have no finite estimate.
    """
    # the covariate first; the others are maximised over
    total = np.moveaxis(np.sum(profiles, axis=0), term, 0)
    at = _profiled(_coefficients(total))
    heights = np.array([at(b) for b in _NODES])
    unclear = len(profiles) * 10.0**-DIGITS  # as much as rounding may make up
    if np.ptp(heights) <= unclear:
        raise CannotCompute("the hospitals' patients tell nothing of this hazard ratio")
    best = int(heights.argmax())
    around = (_NODES[max(best - 1, 0)], _NODES[min(best + 1, POINTS - 1)])
    found = minimize_scalar(
        lambda b: -at(b), bounds=around, method="bounded", options={"xatol": 1e-10}
    )
    peak, top = float(found.x), -float(found.fun)
    for end, what in ((0, "0"), (-1, "infinite")):
        if top - heights[end] <= unclear:
            raise CannotCompute(
                f"in one group no patient of any hospital had the event when it could be compared "
                f"with the other, or nearly so: the estimate of the hazard ratio would be {what}"
            )
    drop = stats.chi2.ppf(confidence, 1) / 2
    ends = [_crossing(lambda b: at(b) - top + drop, peak, side) for side in (-1.0, 1.0)]
    statistic = max(0.0, 2 * (top - at(0.0)))
    lower, upper = (math.exp(REACH * b) if abs(b) < math.inf else max(0.0, b) for b in ends)
    p = float(stats.chi2.sf(statistic, 1))
    return Pooled(math.exp(REACH * peak), lower, upper, statistic, p)


def _crossing(above: Callable[[float], float], peak: float, end: float) -> float:
    """Find where a profile falls to a height, between its peak and an end; infinite if nowhere."""
    return float(brentq(above, peak, end, xtol=1e-10)) if above(end) < 0 else end * math.inf


def _coefficients(values: Floats) -> Floats:
    """Give the polynomial through the values, in Chebyshev's."""
    for axis in range(values.ndim):
        along = np.tensordot(_TO_COEFFICIENTS, values, axes=(1, axis))
        values = np.moveaxis(along, 0, axis)
    return values


def _profiled(coefficients: Floats) -> Callable[[float], float]:
    """Give the polynomial as a function of the first covariate, highest over the others."""
    box = [(-1.0, 1.0)] * (coefficients.ndim - 1)
    start = np.zeros(len(box))

    def at(b: float) -> float:
        nonlocal start
        rest = np.tensordot(_basis(b), coefficients, axes=1)
        if not box:
            return float(rest)
        found = minimize(
            _falling, start, args=(rest,), jac=True, bounds=box, method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-9},
        )  # fmt: skip
        start = found.x
        return -float(found.fun)

    return at


def _basis(b: float) -> Floats:
    return np.asarray(chebyshev.chebvander(np.array([b]), POINTS - 1)[0])


def _falling(b: Floats, coefficients: Floats) -> tuple[float, Floats]:
    """Give the polynomial and its slope, both negative."""
    bases = [_basis(of) for of in b]
    # the polynomial is linear in each covariate's basis
    slopes = [
        _applied([_SLOPES.T @ basis if i == j else basis for i, basis in enumerate(bases)],
                 coefficients)
        for j in range(len(bases))
    ]  # fmt: skip
    return -_applied(bases, coefficients), -np.array(slopes)


def _applied(bases: Sequence[Floats], coefficients: Floats) -> float:
    return float(reduce(lambda of, basis: np.tensordot(basis, of, axes=1), bases, coefficients))
