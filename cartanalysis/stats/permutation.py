"""The log-rank test by permutation, for groups or events too few for the χ² approximation.

`scipy.stats.permutation_test` has the same p where all arrangements are enumerated.  It is not used
because where they are drawn it holds every draw of every patient, too many for a large cohort.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import chain, combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import survival
from cartanalysis.stats.cutoff import scores
from cartanalysis.stats.response import levels
from cartanalysis.stats.survival import endpoint_of, with_endpoint

Floats = npt.NDArray[np.float64]

FEW_PATIENTS = 15
"""With a group smaller than this the χ² approximation is not trusted."""

FEW_EVENTS = 10
"""Nor with fewer events than this."""

MOST_ARRANGEMENTS = 100_000
"""So many arrangements are enumerated; of more, a random part is drawn."""

DRAWS = 20_000
SEED = 2020
METHOD = "log-rank test by permutation (all arrangements, or 20,000 drawn), two-sided"
"""The same words for both: which it was would narrow down the size of a small group."""

METHOD_OF_SEVERAL = (
    "log-rank test by permutation (20,000 arrangements drawn, fewer of more than 10,000 patients)"
)
MOST_SHUFFLED = 10_000 * DRAWS

_ROUNDING = 1e-9


def is_needed(smallest_group: Any, events: Any) -> Any:
    """Tell whether the χ² approximation of the log-rank test is not to be trusted.

    Parameters
    ----------
    smallest_group : int, or an array of them
        Patients in the smallest group.
    events : int, or an array of them
        Events in all groups.

    Returns
    -------
    bool, or an array of them
        Whether either is few.
    """
    return (smallest_group < FEW_PATIENTS) | (events < FEW_EVENTS)


def compare(patients: pd.DataFrame, endpoint: str, by: str) -> pd.DataFrame:
    """Compare survival between groups by the log-rank test that suits their size.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str
        Column that groups the patients.

    Returns
    -------
    pandas.DataFrame
        One row: n, events, excess, p, method, test.  `log_rank` where `is_needed` says so, else
        `cartanalysis.stats.survival.log_rank`; test is its short name.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If the groups cannot be compared.
    """
    table, name = survival.log_rank(patients, endpoint, by), "log-rank"
    sizes = with_endpoint(patients, endpoint, by)[by].value_counts()
    if is_needed(sizes[sizes > 0].min(), table["events"].iloc[0]):
        table, name = log_rank(patients, endpoint, by), "log-rank by permutation"
    return table[["n", "events", "excess", "p", "method"]].assign(test=name)


def log_rank(patients: pd.DataFrame, endpoint: str, by: str) -> pd.DataFrame:
    """Compare survival between groups by permuting who is in which.

    It assumes that, without an effect, follow-up ends alike in all groups.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str
        Column that groups the patients.

    Returns
    -------
    pandas.DataFrame
        One row: n, events, smallest_group, excess (events observed less expected in the last
        group, the statistic of two groups), p, method.  Between two groups p is twice the smaller
        of both tails, so that each direction has half of the level; all arrangements are
        enumerated up to 100,000, else 20,000 are drawn with a fixed seed and the one observed is
        added.  Of more groups the statistic is the sum of each one's excess squared over its size,
        and arrangements are drawn.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If fewer than two groups have patients, or nobody had the event.

    References
    ----------
    .. [1] Mantel N. Cancer Chemother Rep 50, 163–170 (1966).
    .. [2] Phipson B, Smyth GK. Stat Appl Genet Mol Biol 9, 39 (2010), for the one observed.
    .. [3] R: ``coin::logrank_test(..., distribution = "exact")``, one-sided ``alternative``; of
       more than two groups ``coin::logrank_test(..., distribution = approximate())``.
    """
    data = with_endpoint(patients, endpoint, by)
    names = levels(data[by])
    if len(names) < 2:
        raise CannotCompute(f"the permutation test needs two groups of `{by}`")
    if not data["event"].any():
        raise CannotCompute(f"no event of {endpoint_of(endpoint).name} occurred")
    score = scores(data["time"].to_numpy()[None], data["event"].to_numpy()[None])[0]
    group = pd.Categorical(data[by], names).codes
    sizes = np.bincount(group)
    excess = np.bincount(group, weights=score)
    p, method = _p_of_two(score, sizes, excess[1]), METHOD
    if len(names) > 2:
        p, method = _p_of_several(score, group), METHOD_OF_SEVERAL
    row = (len(data), int(data["event"].sum()), int(sizes.min()), float(excess[-1]), p, method)
    columns = ["n", "events", "smallest_group", "excess", "p", "method"]
    return pd.DataFrame([row], columns=columns)


def p_of_two(time: Floats, event: npt.NDArray[np.bool_], group: npt.NDArray[np.int_]) -> float:
    """Give the p-value between two groups alone.

    Parameters
    ----------
    time : numpy.ndarray of shape (n_patients,)
        Days.
    event : numpy.ndarray of shape (n_patients,)
        Whether they end with the event.
    group : numpy.ndarray of shape (n_patients,)
        0 or 1.

    Returns
    -------
    float
        As of `log_rank`.
    """
    score = scores(time[None], event[None])[0]
    return _p_of_two(score, np.bincount(group, minlength=2), float(score[group == 1].sum()))


def not_rejected(
    time: Floats, event: npt.NDArray[np.bool_], group: npt.NDArray[np.int_], alpha: float
) -> tuple[float, float]:
    """Give the range of the excess in which two groups do not differ significantly.

    Parameters
    ----------
    time, event, group : numpy.ndarray of shape (n_patients,)
        As of `p_of_two`.
    alpha : float
        Level.

    Returns
    -------
    least : float
        Smallest excess of group 1 with p of at least the level.
    most : float
        Largest such excess.
    """
    score = scores(time[None], event[None])[0]
    sizes = np.bincount(group, minlength=2)
    sums, _ = _arrangements(score, sizes, float(score[group == 1].sum()))
    tail = math.ceil(len(sums) * alpha / 2 * (1 - _ROUNDING))  # so many are as far out
    least, most = np.partition(sums, (tail - 1, len(sums) - tail))[[tail - 1, len(sums) - tail]]
    if sizes[1] != sizes.min():
        least, most = -most, -least
    return float(least) - _ROUNDING, float(most) + _ROUNDING


def _p_of_two(score: Floats, sizes: npt.NDArray[np.int_], excess: float) -> float:
    sums, observed = _arrangements(score, sizes, excess)
    tails = (sums >= observed - _ROUNDING).mean(), (sums <= observed + _ROUNDING).mean()
    return min(1.0, 2 * float(min(tails)))


def _arrangements(
    score: Floats, sizes: npt.NDArray[np.int_], excess: float
) -> tuple[Floats, float]:
    """Give the smaller group's excess in all arrangements, or in some, and as observed."""
    # the scores add up to 0: one group's sum tells the other's
    smaller = int(sizes.min())
    observed = excess if sizes[1] == smaller else -excess
    if comb(len(score), smaller) <= MOST_ARRANGEMENTS:
        return _enumerated(score, smaller), observed
    return np.append(_drawn(score, smaller), observed), observed


def _p_of_several(score: Floats, group: npt.NDArray[np.int_]) -> float:
    rng = np.random.default_rng(SEED)
    sizes = np.bincount(group)
    order = np.lexsort((group, score))  # p does not depend on the patients' order in the file
    score, group = score[order], group[order]

    def statistic(who: npt.NDArray[np.int_]) -> float:
        return float((np.bincount(who, weights=score) ** 2 / sizes).sum())

    draws = min(DRAWS, MOST_SHUFFLED // len(score))
    drawn = np.array([statistic(rng.permutation(group)) for _ in range(draws)])
    as_far = int((drawn >= statistic(group) - _ROUNDING).sum())
    return (as_far + 1) / (draws + 1)


def _enumerated(score: Floats, size: int) -> Floats:
    """Sum the scores of every possible group of this size."""
    return np.asarray(score[_every_group(len(score), size)].sum(axis=1), dtype=float)


@lru_cache(maxsize=16)
def _every_group(patients: int, size: int) -> npt.NDArray[np.integer]:
    members = chain.from_iterable(combinations(range(patients), size))
    return np.fromiter(members, dtype=np.min_scalar_type(patients)).reshape(-1, size)


def _drawn(score: Floats, size: int) -> Floats:
    """Sum the scores of random groups of this size, without a matrix of all patients."""
    if size >= FEW_PATIENTS:  # so events are few, and few scores differ
        rng = np.random.default_rng(SEED)
        values, counts = np.unique(score.round(12), return_counts=True)
        groups = rng.multivariate_hypergeometric(counts, size, DRAWS, method="marginals")
        return np.asarray(groups @ values, dtype=float)
    # in the order of the scores, so that p does not depend on the patients' order in the file
    ordered = np.sort(score)
    return np.asarray(ordered[_some_groups(len(score), size)].sum(axis=1), dtype=float)


@lru_cache(maxsize=32)
def _some_groups(patients: int, size: int) -> npt.NDArray[np.integer]:
    """Draw groups (Floyd): up to a growing last place, which stands in for one repeated."""
    rng = np.random.default_rng(SEED)
    chosen = np.empty((DRAWS, size), dtype=np.min_scalar_type(patients))
    for i, last in enumerate(range(patients - size, patients)):
        place = rng.integers(0, last, DRAWS, endpoint=True)
        repeated = (chosen[:, :i] == place[:, None]).any(axis=1)
        chosen[:, i] = np.where(repeated, last, place)
    return chosen
