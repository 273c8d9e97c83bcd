"""The interval of a hazard ratio that the log-rank test does not reject.

A test that asks whether a hazard ratio is 1 asks as well whether it is any other number.  Those not
rejected make an interval that holds 1 if, and only if, p is not below the level [1]_: test and
interval cannot disagree, as the log-rank test and Wald's interval can.  It exists where a group has
no event, too, with an end at 0 or at infinity.

References
----------
.. [1] Cox DR, Hinkley DV. Theoretical Statistics, ch. 7 (1974).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import permutation
from cartanalysis.stats.response import levels
from cartanalysis.stats.survival import with_endpoint

Floats = npt.NDArray[np.float64]

METHOD = "interval: hazard ratios that the log-rank test does not reject"

WIDEST = 25.0
"""A log hazard ratio further out is infinite."""


def interval(
    patients: pd.DataFrame, endpoint: str, by: str, confidence: float = 0.95
) -> tuple[float, float]:
    """Give the hazard ratios that `cartanalysis.stats.permutation.compare` would not reject.

    Of a hazard ratio θ the statistic compares the events of the last group with those expected if
    each of its patients at risk counted θ-fold.  It is read against χ², or where groups or events
    are few against its distribution over the arrangements of the patients, brought to the spread
    that it has at θ = 1.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str
        Column that divides the patients into two groups.
    confidence : float
        Coverage; ratios are rejected at p < 1 − confidence.

    Returns
    -------
    lower : float
        Of the last group against the first; 0 where no ratio is too small.
    upper : float
        Infinite where none is too large.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there are not two groups that can be compared.

    References
    ----------
    .. [1] R: where ``coxph(..., init = log(θ), control = coxph.control(iter.max = 0))$score``
       equals the χ² quantile; without ties the same.
    """
    data = with_endpoint(patients, endpoint, by)
    names = levels(data[by])
    if len(names) != 2:
        raise CannotCompute(f"a hazard ratio compares two groups of `{by}`")
    group = pd.Categorical(data[by], names).codes.astype(int)
    time, event = data["time"].to_numpy(float), data["event"].to_numpy(bool)
    at = _Statistic.of(time, event, group)
    spread = at.spread(0.0)
    if spread <= 0:
        raise CannotCompute(f"the groups of `{by}` cannot be compared")
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * spread
    least, most = -half, half
    if permutation.is_needed(np.bincount(group).min(), event.sum()):
        least, most = permutation.not_rejected(time, event, group, 1 - confidence)

    def excess(beta: float) -> float:
        """Give the excess, with the spread that it has at a hazard ratio of 1."""
        here = at.spread(beta)
        return at.excess(beta) * spread / here if here > 0 else math.nan

    best = at.best()
    return math.exp(_end(excess, most, best, -1)), math.exp(_end(excess, least, best, 1))


def _end(excess: Callable[[float], float], limit: float, best: float, side: int) -> float:
    """Find where a falling statistic passes a limit, going out from where it is 0."""
    if math.isinf(best):
        if best == side * math.inf:
            return best  # nothing speaks against a ratio more extreme
        inner, outer = -side * WIDEST, side * WIDEST
        return float(brentq(lambda b: excess(b) - limit, inner, outer, xtol=1e-10))
    step, inner = 0.25, best
    while abs(outer := inner + side * step) < WIDEST:
        if (excess(outer) - limit) * side <= 0:
            return float(brentq(lambda b: excess(b) - limit, inner, outer, xtol=1e-10))
        inner, step = outer, 2 * step
    return side * math.inf


@dataclass(frozen=True)
class _Statistic:
    """Events of one group beyond those expected under a log hazard ratio, at times with events."""

    events: Floats
    """In the group."""
    deaths: Floats
    """In both."""
    inside: Floats
    """At risk in the group."""
    outside: Floats
    """At risk in the other."""

    @classmethod
    def of(
        cls, time: Floats, event: npt.NDArray[np.bool_], group: npt.NDArray[np.int_]
    ) -> _Statistic:
        """Count, at each time at which both groups are at risk."""
        ends, place = np.unique(time, return_inverse=True)

        def at_each(what: npt.NDArray[np.bool_]) -> Floats:
            return np.bincount(place, what, len(ends)).astype(float)

        mine = group == 1
        inside, outside = (at_each(who)[::-1].cumsum()[::-1] for who in (mine, ~mine))
        deaths = at_each(event)
        told = (deaths > 0) & (inside > 0) & (outside > 0)
        return cls(*(of[told] for of in (at_each(event & mine), deaths, inside, outside)))

    def best(self) -> float:
        """Give the log hazard ratio at which there is no excess."""
        if not self.events.any():
            return -math.inf
        if (self.events == self.deaths).all():
            return math.inf
        return float(brentq(self.excess, -WIDEST, WIDEST, xtol=1e-10))

    def excess(self, beta: float) -> float:
        """Give the events beyond those expected."""
        return float((self.events - self.deaths * self._share(beta)).sum())

    def spread(self, beta: float) -> float:
        """Give the standard deviation of the excess; of d tied events the hypergeometric one."""
        share, at_risk = self._share(beta), self.inside + self.outside
        tied = (at_risk - self.deaths) / np.maximum(at_risk - 1, 1)
        return math.sqrt(float((self.deaths * tied * share * (1 - share)).sum()))

    def _share(self, beta: float) -> Floats:
        weighted = self.inside * math.exp(beta)
        return np.asarray(weighted / (weighted + self.outside))
