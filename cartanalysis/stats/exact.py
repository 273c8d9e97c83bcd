"""Exact methods for counts: binomial intervals and Fisher's test of any size.

``scipy.stats.fisher_exact`` turns to unseeded simulation for tables larger than 2×2, so those are
enumerated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats
from scipy.special import gammaln

from cartanalysis.errors import CannotCompute

MAX_STEPS = 2_000_000
"""Most steps of the enumeration (a few seconds); beyond it the exact test is refused."""

TOO_MANY = "the table has too many arrangements for Fisher's exact test"

RELATIVE_TOLERANCE = 1e-7
"""Tables this close to the observed probability count as equally likely, as in R."""


def binomial_interval(events: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the exact (Clopper–Pearson) interval of a proportion.

    Parameters
    ----------
    events : int
        Number with the event.
    n : int
        Number at risk, at least 1.
    confidence : float
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of float
        Lower and upper bound as fractions; R: ``binom.test(events, n)$conf.int``.

    Raises
    ------
    CannotCompute
        If there is nobody at risk.
    """
    if n == 0:
        raise CannotCompute("a proportion needs at least one patient")
    interval = stats.binomtest(events, n).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class FisherResult:
    """Result of Fisher's exact test.

    Attributes
    ----------
    p : float
        Two-sided p-value: the total probability of all tables with the same margins that are no
        more likely than the one observed.
    odds_ratio, lower, upper : float or None
        Conditional maximum-likelihood odds ratio with its exact interval; 2×2 tables only.
    """

    p: float
    odds_ratio: float | None = None
    lower: float | None = None
    upper: float | None = None


def fisher(table: npt.ArrayLike, confidence: float = 0.95) -> FisherResult:
    """Test the independence of two classifications exactly.

    Parameters
    ----------
    table : array-like of shape (r, c)
        Counts.
    confidence : float
        Coverage of the odds ratio's interval.

    Returns
    -------
    FisherResult
        R: ``fisher.test(table, workspace = 2e8)``.

    Raises
    ------
    CannotCompute
        If fewer than two rows or columns hold patients, or the table has too many arrangements to
        enumerate.
    """
    counts = np.asarray(table, dtype=int)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape, default=0) < 2:
        raise CannotCompute("a comparison needs at least two groups and two outcomes with patients")
    if counts.shape == (2, 2):
        return FisherResult(float(stats.fisher_exact(counts).pvalue), *_odds(counts, confidence))
    return FisherResult(_enumerate_p(counts))


def _odds(counts: npt.NDArray[np.int_], confidence: float) -> tuple[float, float, float]:
    """Give the conditional odds ratio with its interval.

    As SciPy's, which needs minutes for a million patients: it makes each probability anew.
    """
    (n, m), drawn, x = counts.sum(axis=1), counts[:, 0].sum(), counts[0, 0]
    cells = np.arange(max(0, drawn - m), min(n, drawn) + 1)
    log = -sum(gammaln(k + 1.0) for k in (cells, n - cells, drawn - cells, m - drawn + cells))

    def solve(part: npt.NDArray[np.float64], value: float, at_end: float, is_end: bool) -> float:
        """Find the odds ratio at which the expectation of ``part`` has a value."""

        def away(log_odds: float) -> float:
            weight = log + log_odds * cells
            weight = np.exp(weight - weight.max())
            return float(weight @ part / weight.sum()) - value

        if is_end:
            return at_end
        far = 1.0
        while away(-far) * away(far) > 0:
            far *= 2
        return float(np.exp(optimize.brentq(away, -far, far, xtol=1e-13, rtol=1e-13)))

    tail, is_least, is_most = (1 - confidence) / 2, x == cells[0], x == cells[-1]
    middle = 0.0 if is_least else np.inf
    return (
        solve(cells.astype(float), float(x), middle, is_least or is_most),
        solve((cells >= x).astype(float), tail, 0.0, is_least),
        solve((cells <= x).astype(float), tail, np.inf, is_most),
    )


def _enumerate_p(counts: npt.NDArray[np.int_]) -> float:
    """Add up the probabilities of the tables no more likely than the observed one.

    Columns are filled one after another.  What matters of the columns already filled is how many
    patients each row has left and how likely the filling was, so equal states are merged.
    """
    if counts.shape[0] > counts.shape[1]:
        rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    else:
        rows, columns = counts.sum(axis=0), counts.sum(axis=1)
    constant = gammaln(rows + 1).sum() + gammaln(columns + 1).sum() - gammaln(counts.sum() + 1)
    observed = constant - gammaln(counts + 1).sum()

    # state: patients left per row; log weight so far, rounded for merging -> number of ways
    states: dict[tuple[int, ...], dict[float, float]] = {tuple(rows): {0.0: 1.0}}
    steps = 0
    for place, total in enumerate(columns[:-1]):
        following: dict[tuple[int, ...], dict[float, float]] = {}
        for left, ways in states.items():
            fillings = _fillings(np.array(left), int(total))
            steps += len(fillings) * len(ways)
            if steps > MAX_STEPS:
                raise CannotCompute(TOO_MANY)
            weights = -gammaln(fillings + 1).sum(axis=1)
            rests = np.array(left) - fillings
            if place < len(columns) - 2 and _are_too_many(rests, int(columns[place + 1])):
                raise CannotCompute(TOO_MANY)
            for rest, weight in zip(rests.tolist(), weights.tolist(), strict=True):
                target = following.setdefault(tuple(rest), {})
                for past, number in ways.items():
                    key = round(past + weight, 9)
                    target[key] = target.get(key, 0.0) + number
        states = following
    logs, numbers = [], []
    for left, ways in states.items():
        last = constant - gammaln(np.array(left) + 1).sum()
        logs += [last + past for past in ways]
        numbers += list(ways.values())
    log_p, number_of = np.array(logs), np.array(numbers)
    as_likely = log_p <= observed + RELATIVE_TOLERANCE
    return float(min(1.0, (np.exp(log_p[as_likely]) * number_of[as_likely]).sum()))


def _fillings(left: npt.NDArray[np.int_], total: int) -> npt.NDArray[np.int_]:
    """Give every way to take ``total`` patients from rows that have ``left`` patients."""
    size = float(np.prod(np.minimum(left[:-1], total) + 1.0))
    # counted before they are written down: those of thousands of patients would fill the memory
    if size > 10 * MAX_STEPS or _number_of_fillings(left, total) > MAX_STEPS:
        raise CannotCompute(TOO_MANY)
    axes = [np.arange(min(n, total) + 1) for n in left[:-1]]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    rest = total - grid.sum(axis=1)
    keep = (rest >= 0) & (rest <= left[-1])
    return np.column_stack([grid[keep], rest[keep]])


def _are_too_many(rests: npt.NDArray[np.int_], total: int) -> bool:
    """Tell early, from some of the states to come, that the next column takes too many steps."""
    some = rests[:: max(1, len(rests) // 100)]
    return sum(_number_of_fillings(left, total) for left in some) > MAX_STEPS


def _number_of_fillings(left: npt.NDArray[np.int_], total: int) -> float:
    """Count the ways to take ``total`` patients from rows, one row after another."""
    ways = np.zeros(total + 1)
    ways[0] = 1
    for patients in left:
        upto = np.cumsum(ways)
        before = np.concatenate([np.zeros(patients + 1), upto])[: total + 1]
        ways = upto - before
    return float(ways[total])


@lru_cache(1024)
def poisson_interval(events: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the mid-p interval of the mean of a Poisson count.

    Parameters
    ----------
    events : int
        The count.
    confidence : float
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of float
        The means at which so many events or fewer, or so many or more, have half of the remaining
        probability, the count itself weighed by one half; the lower one is 0 for no events.

    References
    ----------
    .. [1] Berry G, Armitage P. The Statistician 44, 417–423 (1995).
    """
    tail, most = (1 - confidence) / 2, 2.0 * events + 50
    lower, upper = (
        optimize.brentq(lambda mean, at=at: _more_than(events, mean) - at, 0, most, xtol=1e-12)
        if at > tail or events
        else 0.0
        for at in (tail, 1 - tail)
    )
    return float(lower), float(upper)


def _more_than(events: int, mean: float) -> float:
    """Give the probability of a larger Poisson count, and half of that of the same."""
    return float(stats.poisson.sf(events, mean) + stats.poisson.pmf(events, mean) / 2)


def poisson_ratio(
    events: float, exposure: float, others: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Give the exact interval of the ratio of a rate to one that is itself estimated.

    Parameters
    ----------
    events : float
        The count.
    exposure : float
        The events that the other rate lets expect.
    others : float
        The (effective) number of events from which that rate was estimated; need not be whole.
    confidence : float
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of float
        Clopper–Pearson limits of the share of all events, as a ratio of rates; R:
        ``poisson.test(c(events, others), c(exposure, others))$conf.int``.
    """
    tail, scale = (1 - confidence) / 2, others / exposure
    low = float(stats.beta.ppf(tail, events, others + 1)) if events else 0.0
    high = float(stats.beta.ppf(1 - tail, events + 1, others))
    return scale * low / (1 - low), scale * high / (1 - high)
