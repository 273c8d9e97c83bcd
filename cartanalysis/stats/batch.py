"""Survival statistics of many small cohorts at once: Kaplan–Meier, log-rank and Cox regression.

Everything rests on risk sets.  Each cohort is a row, its patients sorted by time, the latest first;
who is at risk at an event are then the patients up to the last with that time, so that sums over
risk sets are cumulative sums.  The information of Cox regression needs no sums of products over
risk sets: patient by patient, it is the covariates' spread weighted by the hazard that the patient
has passed, less the spread of the risk sets' means.

A single cohort is a batch of one: `cartanalysis.stats.cox` fits by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import combinations_with_replacement, permutations
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

LRT_METHOD = "likelihood-ratio test"

SAME_TIME = float(np.sqrt(np.finfo(float).eps))
"""Times this close, in days or relative to their mean, differ by rounding alone."""

SETTLED = 1e-8
"""A step that moves nobody's log hazard by more is the last."""

RISES = 1e-10
"""A step that raises the log-likelihood by less, relatively, and still moves somebody's log hazard
by `MOVES`, leads to infinity."""

MOVES = 0.01
MOST_STEPS = 100

ALIKE = 1e-14
"""Relative spread that is rounding alone."""

VANISHED = 1e-200
"""Sum of weights of a risk set, where the largest of all is 1, that is nothing but rounding."""

AT_ONCE = 30_000
"""Patients whose numbers fit the processor's cache together."""


class State(IntEnum):
    """What became of a fit."""

    FITTED = 0
    NO_EVENT = 1
    CONSTANT = 2  # a covariate is the same in all patients at risk when events occurred
    WITHOUT_EVENT = 3  # one of the two values of a covariate
    COLLINEAR = 4
    INFINITE = 5  # some combination of the covariates orders the event times perfectly


class RiskSets:
    """Who is at risk at each event; of d tied events the k-th sees them with weight 1 − k/d.

    Parameters
    ----------
    time : array-like of shape (n_cohorts, n_patients)
        Days; NaN where a smaller cohort has nobody.
    event : array-like of shape (n_cohorts, n_patients)
        Whether the time ends with the event.
    """

    def __init__(self, time: npt.ArrayLike, event: npt.ArrayLike) -> None:
        given = np.atleast_2d(np.asarray(time, dtype=float))
        self.shape = given.shape
        self.order = _latest_first(given)
        self.time: Floats = self.sorted(given)
        self.known = ~np.isnan(self.time)
        self.event = self.sorted(np.atleast_2d(np.asarray(event)) == 1) & self.known
        starts = self._starts().ravel()
        begins = np.flatnonzero(starts)
        sizes = np.diff(begins, append=len(starts))
        ends = begins + sizes - 1
        self.time = np.repeat(self.time.ravel()[ends], sizes).reshape(self.shape)
        self._list_events(np.repeat(np.arange(len(begins)), sizes), ends)

    def _starts(self) -> Bools:
        """Find where a time differs from the one before, by more than rounding (R's timefix)."""
        gaps = self.time[:, :-1] - self.time[:, 1:]
        distinct = np.concatenate([self.known[:, :1], gaps > 0], axis=1)
        count = np.maximum(distinct.sum(axis=1), 1)
        mean = np.where(distinct, np.abs(self.time), 0).sum(axis=1) / count
        same = gaps <= SAME_TIME * np.maximum(1.0, mean)[:, None]
        return np.concatenate([np.ones((len(gaps), 1), dtype=bool), ~same], axis=1)

    def _list_events(self, run: Ints, ends: Ints) -> None:
        """List all events of all cohorts in one row, and the times at which there are any."""
        width = self.shape[1]
        self.at = np.flatnonzero(self.event)
        """Place of each event among all patients of all cohorts."""
        of = run[self.at]
        self.heads = np.flatnonzero(np.diff(of, prepend=-1))
        """First event of each time that has any."""
        self.count = np.diff(self.heads, append=len(of))
        """How many events there are at each such time."""
        self._end = ends[of[self.heads]]
        self._gaps = np.diff(self._end, prepend=-1)
        self.cohort = self.at // width
        self.at_risk = np.repeat(self._end, self.count) - self.cohort * width + 1
        self.deaths = np.repeat(self.count, self.count)
        self.several = np.flatnonzero(self.count > 1)
        """Which of these times have several events."""
        self.tied = np.flatnonzero(self.deaths > 1)
        """Which events these are; of d at a time the k-th has the part k/d, from 0."""
        counts = self.count[self.several]
        self._tied_heads = np.cumsum(counts) - counts
        of_first = np.repeat(self._tied_heads, counts)
        self.part = (np.arange(len(self.tied)) - of_first) / self.deaths[self.tied]

    def sorted(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Bring patients into the order of the risk sets; (..., n_cohorts, n_patients)."""
        if len(self.order) != 1:
            return np.take_along_axis(values, np.broadcast_to(self.order, values.shape), axis=-1)
        rows = [row[self.order[0]] for row in values.reshape(-1, self.shape[1])]
        return np.array(rows).reshape(values.shape)

    def of_tied(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give tied events what holds at their time; (..., n_several)."""
        return np.repeat(values, self.count[self.several], axis=-1)

    def ties(self, values: Floats) -> Floats:
        """Add values of tied events up over those of the same time; (..., n_tied)."""
        if not len(self.tied):
            return values
        return np.add.reduceat(values, self._tied_heads, axis=-1)

    def sums(self, values: npt.NDArray[Any]) -> Floats:
        """Add values up over the patients at risk, for each time with events."""
        if len(values) > 1 or not len(self._end):
            return np.asarray(np.cumsum(values, axis=1).ravel()[self._end])
        between = values[0, : self._end[-1] + 1]
        return np.cumsum(np.add.reduceat(between, self._end - self._gaps + 1))

    def passed(self, values: Floats, of_tied: Floats) -> Floats:
        """Add values of times up over those at which a patient was at risk, for each patient.

        Whose event is tied is at risk at its own time for less by ``of_tied``.
        """
        if self.shape[0] > 1 or not len(self._end):
            spread = np.zeros(self.shape[0] * self.shape[1])
            spread[self._end] = values
            total = np.cumsum(spread.reshape(self.shape)[:, ::-1], axis=1)[:, ::-1].copy()
        else:
            total = np.zeros(self.shape)
            of_gap = np.cumsum(values[::-1])[::-1]
            total[0, : self._end[-1] + 1] = np.repeat(of_gap, self._gaps)
        total.reshape(-1)[self.at[self.tied]] -= self.of_tied(of_tied)
        return np.asarray(total)

    def per_cohort(self, values: npt.NDArray[Any]) -> Floats:
        """Add values of events, or of times with events, up for each cohort."""
        of = self.cohort if len(values) == len(self.at) else self.cohort[self.heads]
        if self.shape[0] == 1:
            return np.array([values.sum()], dtype=float)
        return np.asarray(np.bincount(of, values, self.shape[0]), dtype=float)


LONG = 1_000  # patients from whom on sorting by digits pays
LAST = 2**16 - 1


def _latest_first(time: Floats) -> Ints:
    """Sort times, the latest first and unknown ones last; many whole days by their digits."""
    if time.shape[1] >= LONG:
        days = np.where((time >= 0) & (time < LAST), time, LAST)
        whole = days.astype(np.uint16)
        if (((whole == time) & (whole < LAST)) | np.isnan(time)).all():
            return np.argsort(np.where(whole < LAST, LAST - 1 - whole, LAST), axis=1, kind="stable")
    return np.argsort(-time, axis=1, kind="stable")  # NaN comes last


def parts(n_cohorts: int, n_patients: int) -> list[slice]:
    """Split cohorts into parts that are quick to work on.

    Parameters
    ----------
    n_cohorts, n_patients : int
        Cohorts, and patients in the largest of them.

    Returns
    -------
    list of slice
        Parts of the cohorts, in order; results do not depend on how they are split.
    """
    size = max(1, AT_ONCE // max(1, n_patients))
    return [slice(at, min(at + size, n_cohorts)) for at in range(0, n_cohorts, size)]


# --- Kaplan–Meier ------------------------------------------------------------------------------


def kaplan_meier(sets: RiskSets) -> Floats:
    """Estimate survival curves.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.

    Returns
    -------
    numpy.ndarray of shape (n_cohorts, n_patients)
        Survival at each patient's own time, in the order of the risk sets: latest first.
    """
    factor = np.ones(sets.shape[0] * sets.shape[1])
    factor[sets._end] = 1 - sets.count / sets.at_risk[sets.heads]
    return np.asarray(np.cumprod(factor.reshape(sets.shape)[:, ::-1], axis=1)[:, ::-1])


def just_before(sets: RiskSets) -> Floats:
    """Give survival just before each event.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.

    Returns
    -------
    numpy.ndarray of shape (n_events,)
        Survival of the event's cohort, before any event of the same time.
    """
    # the next patient in the order left earlier, if there is one
    curve = np.append(np.where(sets.known, kaplan_meier(sets), 1.0), np.ones((sets.shape[0], 1)), 1)
    return np.asarray(curve[sets.cohort, sets.at_risk])


def survival_at(sets: RiskSets, curve: Floats, day: float) -> Floats:
    """Read survival off curves.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.
    curve : numpy.ndarray of shape (n_cohorts, n_patients)
        From `kaplan_meier`.
    day : float
        Days.

    Returns
    -------
    numpy.ndarray of shape (n_cohorts,)
        Survival; NaN beyond the last observation of a cohort still alive.
    """
    passed = sets.time <= day + SAME_TIME * max(1.0, abs(day))
    place = np.argmax(passed, axis=1)
    read = np.where(passed.any(axis=1), np.take_along_axis(curve, place[:, None], 1)[:, 0], 1.0)
    is_over = passed[:, 0] & (sets.time[:, 0] < day - SAME_TIME * max(1.0, abs(day)))
    return np.where(~sets.known[:, 0] | (is_over & (read > 0)), np.nan, read)


def median(sets: RiskSets, curve: Floats) -> Floats:
    """Give median survival times, by the rule of R's ``print.survfit``.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.
    curve : numpy.ndarray of shape (n_cohorts, n_patients)
        From `kaplan_meier`.

    Returns
    -------
    numpy.ndarray of shape (n_cohorts,)
        Days; NaN where the curve stays above one half.
    """
    reached = sets.known & (curve < 0.5 + SAME_TIME)
    place = reached.sum(axis=1) - 1
    rows = np.arange(len(curve))
    height = curve[rows, place]
    below = sets.known & (curve < height[:, None])
    time, later = sets.time[rows, place], sets.time[rows, below.sum(axis=1) - 1]
    is_flat = (np.abs(height - 0.5) < SAME_TIME) & below.any(axis=1)
    return np.where(reached.any(axis=1), np.where(is_flat, (time + later) / 2, time), np.nan)


# --- log-rank ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LogRank:
    """Log-rank tests.

    Attributes
    ----------
    statistic : numpy.ndarray of shape (n_cohorts,)
        χ².
    df : numpy.ndarray of shape (n_cohorts,)
        Degrees of freedom; 0 where nothing can be compared.
    excess : numpy.ndarray of shape (n_groups, n_cohorts)
        Events observed less those expected if all groups had the same hazard.
    """

    statistic: Floats
    df: Ints
    excess: Floats


def log_rank(sets: RiskSets, group: npt.NDArray[np.integer], groups: int = 2) -> LogRank:
    """Compare survival between groups.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.
    group : numpy.ndarray of shape (n_cohorts, n_patients)
        Number of each patient's group, from 0, in the order in which the patients were given.
    groups : int
        How many groups there are.

    Returns
    -------
    LogRank
        As R's ``survdiff``; groups that are never at risk beside others do not count.
    """
    of = sets.sorted(group)
    at_event = of.ravel()[sets.at]
    at_risk, deaths = sets.at_risk[sets.heads], sets.count
    shares = np.empty((groups, len(deaths)))
    excess = np.empty((groups, sets.shape[0]))
    for k in range(groups):
        shares[k] = sets.sums(((of == k) & sets.known).astype(np.intp)) / at_risk
        excess[k] = sets.per_cohort(at_event == k) - sets.per_cohort(deaths * shares[k])
    # of d tied events each has this part of the variance of one alone
    alone = deaths * (at_risk - deaths) / np.maximum(at_risk - 1, 1)
    if groups == 2:
        variance = sets.per_cohort(alone * shares[0] * shares[1])
        some = variance > ALIKE
        statistic = np.divide(excess[1] ** 2, variance, out=np.zeros(len(variance)), where=some)
        return LogRank(statistic, some.astype(np.intp), excess)
    spread = np.empty((sets.shape[0], groups, groups))
    for j in range(groups):
        for k in range(j + 1):
            of_pair = shares[j] * ((j == k) - shares[k])
            spread[:, j, k] = spread[:, k, j] = sets.per_cohort(alone * of_pair)
    rank = np.linalg.matrix_rank(spread, hermitian=True)
    inverse = np.linalg.pinv(spread, rcond=1e-10, hermitian=True)
    return LogRank(np.einsum("jb,bjk,kb->b", excess, inverse, excess), rank, excess)


# --- Cox regression ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Likelihood:
    """Partial likelihood of Cox regression with Efron's ties, at some coefficients.

    Attributes
    ----------
    sets : RiskSets
        The cohorts.
    x : numpy.ndarray of shape (n_terms, n_cohorts, n_patients)
        Covariates, in the order of the risk sets.
    beta : numpy.ndarray of shape (n_terms, n_cohorts)
        Coefficients.
    log_hazard : numpy.ndarray of shape (n_cohorts, n_patients)
        Each patient's, up to a constant.
    value : numpy.ndarray of shape (n_cohorts,)
        Logarithm of the likelihood.
    weight : numpy.ndarray of shape (n_cohorts, n_patients)
        Each patient's hazard, up to a factor.
    at_risk : numpy.ndarray of shape (n_times,)
        Sum of the weights at risk at each time with events.
    total : numpy.ndarray of shape (n_events,)
        The same as each of tied events sees it.
    """

    sets: RiskSets
    x: Floats
    beta: Floats
    log_hazard: Floats
    value: Floats
    weight: Floats
    at_risk: Floats
    total: Floats

    @classmethod
    def at(
        cls, sets: RiskSets, x: Floats, beta: Floats, log_hazard: Floats | None = None
    ) -> Likelihood:
        """Evaluate it at coefficients.

        Parameters
        ----------
        sets : RiskSets
            The cohorts.
        x : numpy.ndarray of shape (n_terms, n_cohorts, n_patients)
            Covariates, in the order of the risk sets.
        beta : numpy.ndarray of shape (n_terms, n_cohorts)
            Coefficients.
        log_hazard : numpy.ndarray of shape (n_cohorts, n_patients), optional
            What follows from both, where it is known.

        Returns
        -------
        Likelihood
            The likelihood there.
        """
        if log_hazard is None:
            log_hazard = _weighed(beta, x)
        log_hazard = log_hazard - log_hazard.max(axis=1, keepdims=True)
        weight = np.exp(log_hazard)
        at_risk = sets.sums(weight)
        total = np.repeat(at_risk, sets.count)
        of_tied = sets.of_tied(sets.ties(weight.ravel()[sets.at[sets.tied]]))
        total[sets.tied] -= sets.part * of_tied
        # a step so long that weights vanish is no step
        vanished = total < VANISHED
        total = np.where(vanished, 1.0, total)
        value = sets.per_cohort(log_hazard.ravel()[sets.at] - np.log(total))
        value[sets.per_cohort(vanished) > 0] = -np.inf
        return cls(sets, x, beta, log_hazard, value, weight, at_risk, total)

    @cached_property
    def _means(self) -> tuple[Floats, Floats]:
        """Covariates' sums over who is at risk, and over the tied, by the weight at risk.

        (n_terms, n_times) and (n_terms, n_several).
        """
        sets, tied = self.sets, self.sets.at[self.sets.tied]
        at_risk = np.empty((len(self.x), len(sets.count)))
        of_tied = np.empty((len(self.x), len(sets.several)))
        for j, of in enumerate(self.x):
            weighted = self.weight * of
            at_risk[j] = sets.sums(weighted)
            of_tied[j] = sets.ties(weighted.ravel()[tied])
        return at_risk / self.at_risk, of_tied / self.at_risk[sets.several]

    @cached_property
    def _share(self) -> Floats:
        """Part of the weight at risk that each of the tied events still sees, inverted."""
        of_tied = self.sets.of_tied(self.at_risk[self.sets.several])
        return np.asarray(of_tied / self.total[self.sets.tied])

    @property
    def mean(self) -> Floats:
        """Mean of the covariates at each event, (n_terms, n_events)."""
        sets, (at_risk, of_tied) = self.sets, self._means
        mean = np.repeat(at_risk, sets.count, axis=1)
        mean[:, sets.tied] -= sets.part * sets.of_tied(of_tied)
        mean[:, sets.tied] *= self._share
        return mean

    @property
    def residuals(self) -> Floats:
        """What each event's patient had beyond what was expected: Schoenfeld's residuals."""
        return np.asarray(self.x.reshape(len(self.x), -1)[:, self.sets.at] - self.mean)

    @property
    def score(self) -> Floats:
        """Slope of the likelihood, (n_terms, n_cohorts)."""
        sets, (at_risk, of_tied), share = self.sets, self._means, self._share
        expected = at_risk.copy()
        expected[:, sets.several] *= sets.ties(share)
        expected[:, sets.several] -= of_tied * sets.ties(sets.part * share)
        happened = [of.ravel()[sets.at] for of in self.x]
        pairs = zip(happened, expected, strict=True)
        return np.array([sets.per_cohort(o) - sets.per_cohort(e) for o, e in pairs])

    def information(self, g: Floats | float = 1.0) -> Floats:
        """Give its curvature, each event weighted by g, (n_cohorts, n_terms, n_terms)."""
        sets, (at_risk, of_tied), several = self.sets, self._means, self.sets.several
        g = np.broadcast_to(g, len(sets.at))
        made = _products(self.weight * self._passed(g), self.x)
        once = g[sets.tied] * self._share**2
        per_time = g[sets.heads].copy()
        per_time[several] = sets.ties(once)
        less, least = sets.ties(sets.part * once), sets.ties(sets.part**2 * once)
        for i in range(len(self.x)):
            for j in range(i + 1):
                of_pair = per_time * at_risk[i] * at_risk[j]
                crossed = at_risk[i, several] * of_tied[j] + of_tied[i] * at_risk[j, several]
                of_pair[several] += least * of_tied[i] * of_tied[j] - less * crossed
                made[:, i, j] -= sets.per_cohort(of_pair)
                made[:, j, i] = made[:, i, j]
        return made

    def _passed(self, g: Floats) -> Floats:
        """Add g over the weight at risk up over the events that each patient saw."""
        sets, several = self.sets, self.sets.several
        once = g[sets.tied] * self._share
        per_time = g[sets.heads].copy()
        per_time[several] = sets.ties(once)
        of_tied = sets.ties(sets.part * once) / self.at_risk[several]
        return sets.passed(per_time / self.at_risk, of_tied)

    def _expected(self, values: Floats) -> Floats:
        """Give the mean of patients' values at each event, (n_events,)."""
        sets, weighted = self.sets, self.weight * values
        made = np.repeat(sets.sums(weighted), sets.count)
        made[sets.tied] -= sets.part * sets.of_tied(sets.ties(weighted.ravel()[sets.at[sets.tied]]))
        return np.asarray(made / self.total)

    def third(self) -> Floats:
        """Give the slope of the curvature, (n_cohorts, n_terms, n_terms, n_terms)."""
        hazard = self.weight * self._passed(np.ones(len(self.sets.at)))
        width, m = len(self.x), self.mean
        pairs = {
            (j, k): self._expected(self.x[j] * self.x[k])
            for j in range(width)
            for k in range(j, width)
        }
        made = np.empty((self.sets.shape[0], width, width, width))
        for i, j, k in combinations_with_replacement(range(width), 3):
            around = np.einsum("bn,bn->b", hazard * self.x[i] * self.x[j], self.x[k])
            less = m[i] * pairs[j, k] + m[j] * pairs[i, k] + m[k] * pairs[i, j]
            third = around - self.sets.per_cohort(less - 2 * m[i] * m[j] * m[k])
            for a, b, c in permutations((i, j, k)):
                made[:, a, b, c] = third
        return made


def _weighed(weights: Floats, x: Floats) -> Floats:
    """Add covariates up, each times its weight, (n_cohorts, n_patients)."""
    total = weights[0][:, None] * x[0]
    for weight, of in zip(weights[1:], x[1:], strict=True):
        total += weight[:, None] * of
    return total


def _products(weight: Floats | float, x: Floats) -> Floats:
    """Add products of covariates up over patients, (n_cohorts, n_terms, n_terms)."""
    made = np.empty((x.shape[1], len(x), len(x)))
    for i in range(len(x)):
        of_i = weight * x[i]
        for j in range(i + 1):
            made[:, i, j] = made[:, j, i] = np.einsum("bn,bn->b", of_i, x[j])
    return made


@dataclass(frozen=True)
class Fits:
    """Fitted Cox models.

    Attributes
    ----------
    state : numpy.ndarray of shape (n_cohorts,)
        What became of each, a `State`; where it is not fitted, all else is NaN.
    beta : numpy.ndarray of shape (n_terms, n_cohorts)
        Log hazard ratios per unit.
    error : numpy.ndarray of shape (n_terms, n_cohorts)
        Their standard errors.
    value : numpy.ndarray of shape (n_cohorts,)
        Logarithm of the partial likelihood at the estimate.
    null : numpy.ndarray of shape (n_cohorts,)
        The same without covariates.
    """

    state: npt.NDArray[np.intp]
    beta: Floats
    error: Floats
    value: Floats
    null: Floats


def cox(sets: RiskSets, covariates: npt.NDArray[Any]) -> Fits:
    """Fit the same Cox model in every cohort.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.
    covariates : numpy.ndarray of shape (n_terms, n_cohorts, n_patients)
        Numbers, in the order in which the patients were given.

    Returns
    -------
    Fits
        The models.
    """
    x, scale, state = standardised(sets, sets.sorted(np.asarray(covariates, dtype=float)))
    fit, state = climb(sets, x, state)
    fitted = state == State.FITTED
    spread = fit.information()
    spread[~fitted] = np.eye(len(x))
    error = np.sqrt(np.diagonal(np.linalg.inv(spread), axis1=1, axis2=2).T)
    null = Likelihood.at(sets, x, np.zeros_like(fit.beta)).value
    kept = [np.where(fitted, v, np.nan) for v in (fit.beta / scale, error / scale, fit.value, null)]
    return Fits(state, *kept)


def standardised(sets: RiskSets, x: Floats) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    """Centre and scale covariates, so that neither their units nor their origins matter.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.
    x : numpy.ndarray of shape (n_terms, n_cohorts, n_patients)
        Covariates, in the order of the risk sets.

    Returns
    -------
    x : numpy.ndarray of shape (n_terms, n_cohorts, n_patients)
        With mean 0 and standard deviation 1 in those who are at risk at an event.
    scale : numpy.ndarray of shape (n_terms, n_cohorts)
        The standard deviations, by which estimates are brought back to the own units.
    state : numpy.ndarray of shape (n_cohorts,)
        Which models have no estimate, as far as the covariates tell.
    """
    n_cohorts, n_patients = sets.shape
    # who leaves before the first event is compared with nobody
    compared = np.zeros(n_cohorts, dtype=np.intp)
    np.maximum.at(compared, sets.cohort, sets.at_risk)
    inside = np.arange(n_patients) < compared[:, None]
    count = np.maximum(compared, 1)
    x = x if inside.all() else np.where(inside, x, 0.0)
    mean = x.sum(axis=2) / count
    standard = x - mean[..., None]
    standard *= inside
    scale = np.sqrt(np.einsum("pbn,pbn->pb", standard, standard) / count)
    constant = scale <= ALIKE * np.abs(mean)
    state = np.select(
        [compared == 0, constant.any(axis=0), _without_event(sets, x, inside).any(axis=0)],
        [State.NO_EVENT, State.CONSTANT, State.WITHOUT_EVENT], State.FITTED,
    ).astype(np.intp)  # fmt: skip
    scale = np.where(constant, 1.0, scale)
    standard /= scale[..., None]
    if len(x) > 1:
        state[(state == State.FITTED) & ~_independent(standard, count)] = State.COLLINEAR
    return standard, scale, state


def _without_event(sets: RiskSets, x: Floats, inside: Bools) -> Bools:
    """Find covariates of two values, in one of which nobody has the event."""
    outside = None if inside.all() else ~inside
    found = np.zeros(x.shape[:2], dtype=bool)
    for place, of in enumerate(x):
        low, high = (
            pick(of if outside is None else np.where(outside, empty, of), axis=1, keepdims=True)
            for pick, empty in ((np.min, np.inf), (np.max, -np.inf))
        )
        is_low = of == low
        two = is_low | (of == high)
        two = (two if outside is None else two | outside).all(axis=1)
        if two.any():
            lows = sets.per_cohort(is_low.ravel()[sets.at])
            found[place] = two & ((lows == 0) | (lows == sets.per_cohort(np.ones(len(sets.at)))))
    return found


def _independent(standard: Floats, count: Ints) -> Bools:
    """Tell whether no covariate follows from the others."""
    products = _products(1.0, standard) / count[:, None, None]
    clearly = np.linalg.eigvalsh(products)[:, 0] > SAME_TIME
    for b in np.flatnonzero(~clearly):
        clearly[b] = np.linalg.matrix_rank(standard[:, b].T) == len(standard)
    return np.asarray(clearly)


def climb(
    sets: RiskSets, x: Floats, state: npt.NDArray[np.intp], start: Floats | None = None
) -> tuple[Likelihood, npt.NDArray[np.intp]]:
    """Climb to the maximum by Newton's steps, each halved until it does not lead down.

    Parameters
    ----------
    sets : RiskSets
        The cohorts.
    x : numpy.ndarray of shape (n_terms, n_cohorts, n_patients)
        From `standardised`.
    state : numpy.ndarray of shape (n_cohorts,)
        From `standardised`; only those that can be fitted are.
    start : numpy.ndarray of shape (n_terms, n_cohorts), optional
        Coefficients near the maximum, if any are known.

    Returns
    -------
    fit : Likelihood
        At the estimates.
    state : numpy.ndarray of shape (n_cohorts,)
        What became of the fits.
    """
    state = state.copy()
    fit = Likelihood.at(sets, x, np.zeros(x.shape[:2]) if start is None else start)
    moving = state == State.FITTED
    for _ in range(MOST_STEPS):
        if not moving.any():
            return fit, state
        score = fit.score
        step = np.where(moving, _solved(fit.information(), score, moving), 0.0)
        by = _weighed(step, x)
        moved = np.maximum(by.max(axis=1), -by.min(axis=1))
        slack = RISES * (1 + np.abs(fit.value))
        rise = (score * step).sum(axis=0)
        lost = moving & (~np.isfinite(moved) | ((moved > MOVES) & (rise < slack)))
        state[lost] = State.INFINITE
        step[:, lost], by[lost] = 0.0, 0.0
        moving &= ~lost
        trial = Likelihood.at(sets, x, fit.beta + step, fit.log_hazard + by)
        settled = moved < SETTLED
        while (down := moving & ~settled & ~(trial.value >= fit.value - slack)).any():
            step[:, down] /= 2
            by[down] /= 2
            trial = Likelihood.at(sets, x, fit.beta + step, fit.log_hazard + by)
        fit = trial
        moving &= ~settled
    state[moving] = State.INFINITE
    return fit, state


def _solved(information: Floats, score: Floats, moving: Bools) -> Floats:
    """Give Newton's steps, (n_terms, n_cohorts); infinite where the likelihood is flat."""
    information[~moving] = np.eye(len(score))
    flat = np.linalg.det(information) == 0
    information[flat] = np.eye(len(score))
    step = np.linalg.solve(information, score.T[..., None])[..., 0].T
    step[:, flat & moving] = np.inf
    return np.asarray(step)
