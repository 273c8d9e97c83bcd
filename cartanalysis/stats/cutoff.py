"""Where a measurement is cut in two by looking at survival: the best cut-off, and what it is worth.

Each possible cut-off has a log-rank statistic; the largest is *maximally selected*, and its p-value
has to count the search.  The standardised statistics are linear in the patients' log-rank scores,
so that under the hypothesis of no effect they are those of scores dealt out at random [1]_.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats.batch import RiskSets
from cartanalysis.stats.survival import endpoint_of, with_endpoint

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

SEARCHED = (0.2, 0.8)
"""Shares of patients between whom a cut-off is looked for."""

DRAWS = 10_000
SEED = 2020

MOST_STATES = 2**20
"""So many sums of scores are followed one by one; where there are more, orders are drawn."""

MOST_PATIENTS = 1000
"""In larger cohorts the approximations serve: they are good, and the others slow."""

STATISTIC = "maximally selected log-rank statistic"
METHODS = {
    "naive": "not corrected: as if the best cut-off had been fixed beforehand",
    "lausen_1992": "approximation of Lausen and Schumacher (1992)",
    "lausen_1994": "approximation of Lausen and others (1994)",
    "gauss": "joint normal distribution of the statistics of all cut-offs",
    "conditional": "outcomes dealt out to the patients at random (all orders, or 10,000 drawn)",
}
"""How a p-value was found, by its name; the last is the most faithful."""

_ROUNDING = 1e-9


def search(
    patients: pd.DataFrame,
    endpoint: str,
    column: str,
    searched: tuple[float, float] = SEARCHED,
) -> pd.DataFrame:
    """Find the cut-off with the largest log-rank statistic, and correct its p-value.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    column : str
        The measurement; patients above a cut-off are compared with the others.
    searched : tuple of float
        Smallest and largest share of patients at or below a cut-off.

    Returns
    -------
    pandas.DataFrame
        One row per way to find the p-value, a key of `METHODS`: approach, n, events, cutoffs (how
        many were tried), cutoff (the best), estimate (its standardised statistic, without a sign),
        p, method.  Of more than `MOST_PATIENTS` patients without the last two ways.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there is no event, or no cut-off between the shares.

    References
    ----------
    .. [1] Lausen B, Schumacher M. Biometrics 48, 73–85 (1992).
    .. [2] Lausen B, Sauerbrei W, Schumacher M. In: Computational Statistics, 483–496 (1994).
    .. [3] Hothorn T, Lausen B. Comput Stat Data Anal 43, 121–137 (2003); R ``maxstat``.
    """
    data = with_endpoint(patients, endpoint, column).sort_values(column, kind="stable")
    if not data["event"].any():
        raise CannotCompute(f"no event of {endpoint_of(endpoint).name} occurred")
    values = data[column].to_numpy(float)
    below = _sizes(values, searched)
    if not len(below):
        raise CannotCompute(f"no value of `{column}` divides the patients within the search")
    score = scores(data["time"].to_numpy()[None], data["event"].to_numpy()[None])[0]
    found = _standardised(score[None], below)[0]
    if np.isnan(found).any():
        raise CannotCompute("all patients have the same log-rank score")
    best = float(found.max())
    p = _p_values(best, score, below, searched)
    table = pd.DataFrame({"approach": list(p), "p": list(p.values())})
    return table.assign(
        n=len(data),
        events=int(data["event"].sum()),
        cutoffs=len(below),
        cutoff=values[below[found.argmax()] - 1],
        estimate=best,
        method=[f"{STATISTIC}; {METHODS[name]}" for name in p],
    )


def scores(time: Floats, event: npt.NDArray[np.bool_]) -> Floats:
    """Give each patient's log-rank score: the event less the Nelson–Aalen hazard until the end.

    Parameters
    ----------
    time : numpy.ndarray of shape (n_cohorts, n_patients)
        Days.
    event : numpy.ndarray of shape (n_cohorts, n_patients)
        Whether they end with the event.

    Returns
    -------
    numpy.ndarray of shape (n_cohorts, n_patients)
        Scores; of tied events as in the log-rank test (R ``coin``: mid-ranks).
    """
    sets = RiskSets(time, event)
    # all who are at risk at a time see all of its events, those whose event is one of them, too
    hazard = sets.count / sets.at_risk[sets.heads]
    ordered = sets.event - sets.passed(hazard, np.zeros(len(sets.several)))
    made = np.empty(sets.shape)
    np.put_along_axis(made, sets.order, ordered, axis=1)
    return made


def _sizes(values: Floats, searched: tuple[float, float]) -> Ints:
    """List how many patients lie at or below each possible cut-off, by the rule of ``maxstat``."""
    n = len(values)
    below = np.flatnonzero(np.diff(values) > 0) + 1
    low, high = max(1, int(n * searched[0])), int(n * searched[1])
    return below[(below >= low) & (below <= high)]


def _standardised(score: Floats, below: Ints) -> Floats:
    """Give the statistics of all cut-offs, (n_cohorts, n_cutoffs); patients in order."""
    n = score.shape[1]
    centred = score - score.mean(axis=1, keepdims=True)
    variance = (centred**2).sum(axis=1, keepdims=True) / (n * (n - 1)) * below * (n - below)
    sums = np.cumsum(centred, axis=1)[:, below - 1]
    spread = np.where(variance > _ROUNDING**2, np.sqrt(variance), np.nan)
    return np.asarray(np.abs(sums) / spread)


# --- p-values ----------------------------------------------------------------------------------


def _p_values(
    best: float, score: Floats, below: Ints, searched: tuple[float, float]
) -> dict[str, float]:
    n = len(score)
    found = {
        "naive": 2 * float(stats.norm.sf(best)),
        "lausen_1992": lausen_1992(best, searched),
        "lausen_1994": float(lausen_1994(best, n, below)),
    }
    if n <= MOST_PATIENTS:
        found |= {"gauss": gauss(best, n, below), "conditional": _conditional(best, score, below)}
    return found


def lausen_1992(best: float, searched: tuple[float, float]) -> float:
    """Approximate the p-value as if cut-offs lay densely.

    Parameters
    ----------
    best : float
        Largest standardised statistic.
    searched : tuple of float
        Shares of patients between whom cut-offs lie.

    Returns
    -------
    float
        The p-value.
    """
    if best < 1:
        return 1.0
    low, high = searched
    density = float(stats.norm.pdf(best))
    span = np.log(high * (1 - low) / ((1 - high) * low))
    return min(1.0, max(0.0, 4 * density / best + density * (best - 1 / best) * float(span)))


def lausen_1994(best: float | Floats, n: int, below: Ints) -> Floats:
    """Bound the p-value by an improved Bonferroni inequality.

    Parameters
    ----------
    best : float or numpy.ndarray of shape (n_cohorts,)
        Largest standardised statistic.
    n : int
        Patients.
    below : numpy.ndarray of shape (n_cutoffs,)
        Patients at or below each cut-off.

    Returns
    -------
    numpy.ndarray of shape (n_cohorts,)
        The p-value.
    """
    b = np.asarray(best, dtype=float)[..., None]
    one, two = below[:-1], below[1:]
    t = np.sqrt(1 - one * (n - two) / ((n - one) * two))
    further = np.exp(-(b**2) / 2) / np.pi * (t - (b**2 / 4 - 1) * t**3 / 6)
    return np.clip(2 * stats.norm.sf(b[..., 0]) + further.sum(axis=-1), 0.0, 1.0)


def gauss(best: float, n: int, below: Ints) -> float:
    """Integrate the joint normal distribution of the statistics of all cut-offs.

    From cut-off to cut-off they form a Markov chain, so that one integral follows the other and
    none is drawn at random, as in R's ``pmvnorm``.

    Parameters
    ----------
    best : float
        Largest standardised statistic.
    n : int
        Patients.
    below : numpy.ndarray of shape (n_cutoffs,)
        Patients at or below each cut-off.

    Returns
    -------
    float
        The p-value.
    """
    place = np.log(below / (n - below)) / 2
    correlation = np.exp(-np.diff(place))
    spread = np.sqrt(1 - correlation**2)
    narrow = float(spread.min(initial=1.0))
    x, weight = np.polynomial.legendre.leggauss(40 + int(8 * best / narrow))
    x, weight = best * x, best * weight
    inside = weight * stats.norm.pdf(x)
    for r, s in zip(correlation, spread, strict=True):
        step = np.exp(-(((x[:, None] - r * x) / s) ** 2) / 2) / (s * np.sqrt(2 * np.pi))
        inside = weight * (step @ inside)
    return min(1.0, max(2 * float(stats.norm.sf(best)), 1 - float(inside.sum())))


def _conditional(best: float, score: Floats, below: Ints) -> float:
    _, counts = np.unique(score.round(12), return_counts=True)
    if np.log2(counts + 1).sum() <= np.log2(MOST_STATES):
        return _of_all_orders(best, score, below)
    rng = np.random.default_rng(SEED)
    part = max(1, 2_000_000 // len(score))
    as_far = 0
    for start in range(0, DRAWS, part):
        drawn = rng.permuted(np.tile(score, (min(part, DRAWS - start), 1)), axis=1)
        as_far += int((_standardised(drawn, below).max(axis=1) >= best - _ROUNDING).sum())
    return (as_far + 1) / (DRAWS + 1)


def _of_all_orders(best: float, score: Floats, below: Ints) -> float:
    """Count all orders of the scores in which no cut-off reaches the best statistic.

    An order is a path that takes one score after the other; paths that meet hold the same scores,
    and are counted together.
    """
    values, counts = np.unique(score.round(12), return_counts=True)
    values = values - score.mean()
    n, width = len(score), counts + 1
    stride = np.concatenate([[1], np.cumprod(width[:-1])])
    state = np.arange(int(np.prod(width)))
    taken = [(state // s) % w for s, w in zip(stride, width, strict=True)]
    size = np.sum(taken, axis=0)
    total = np.sum([v * t for v, t in zip(values, taken, strict=True)], axis=0)
    variance = (values**2 * counts).sum() / (n * (n - 1)) * size * (n - size)
    reached = np.isin(size, below) & (np.abs(total) >= (best - _ROUNDING) * np.sqrt(variance))
    paths = np.zeros((2, len(state)))  # all, and those that never reach it
    paths[:, 0] = 1
    for one in range(1, n + 1):
        here = state[size == one]
        for s, t in zip(stride, taken, strict=True):
            can = here[t[here] > 0]
            paths[:, can] += paths[:, can - s]
        paths[1, here[reached[here]]] = 0
    return float(1 - paths[1, -1] / paths[0, -1])


# --- false alarms ------------------------------------------------------------------------------

SIZES = (50, 100, 200)
RANGES = ((0.1, 0.9), (0.2, 0.8), (0.4, 0.6))
LEVEL = 0.05
"""A p-value below it counts as found."""


def false_alarms(cohorts: int = 2000) -> pd.DataFrame:
    """Search for a cut-off in simulated cohorts in which the measurement means nothing.

    Times to the event are exponential with a median of 415 days; follow-up ends between day 180
    and day 1,500, evenly.

    Parameters
    ----------
    cohorts : int
        Cohorts of each size.

    Returns
    -------
    pandas.DataFrame
        One row per size and range of the search: n, low and high (shares), cohorts, fixed (share
        of cohorts in which the median, fixed beforehand, is found to matter), naive (the best
        cut-off, p not corrected), corrected (p by `lausen_1994`), method.
    """
    rng = np.random.default_rng(SEED)
    rows = []
    for n in SIZES:
        death = rng.exponential(415 / np.log(2), (cohorts, n))
        end = rng.uniform(180, 1500, (cohorts, n))
        # patients are drawn alike, so any order is that of a measurement without meaning
        score = scores(np.minimum(death, end), death <= end)
        critical = float(stats.norm.isf(LEVEL / 2))
        at_median = _standardised(score, np.array([n // 2]))[:, 0]
        for low, high in RANGES:
            below = np.arange(int(n * low), int(n * high) + 1)
            best = _standardised(score, below).max(axis=1)
            found = (at_median > critical, best > critical, lausen_1994(best, n, below) < LEVEL)
            rows.append((n, low, high, cohorts, *(float(f.mean()) for f in found), FALSE_ALARMS))
    columns = ["n", "low", "high", "cohorts", "fixed", "naive", "corrected", "method"]
    return pd.DataFrame(rows, columns=columns)


FALSE_ALARMS = "simulated cohorts, exponential times, no effect; log-rank scores"
