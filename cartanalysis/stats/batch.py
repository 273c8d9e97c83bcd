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
from itertools import combinations_with_replacement, permutations
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

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
        self.order = np.argsort(-given, axis=1, kind="stable")  # NaN comes last
        self.time: Floats = self.sorted(given)
        self.known = ~np.isnan(self.time)
        self.event = self.sorted(np.atleast_2d(np.asarray(event)) == 1) & self.known
        starts = self._starts()
        places = np.arange(self.shape[1])
        self.first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
        ends = np.roll(starts, -1, axis=1)
        ends[:, -1] = True
        backwards = np.where(ends, places, self.shape[1])[:, ::-1]
        self.last = np.minimum.accumulate(backwards, axis=1)[:, ::-1]
        self.time = np.take_along_axis(self.time, self.last, axis=1)
        self._list_events(np.cumsum(starts.ravel()) - 1)

    def _starts(self) -> Bools:
        """Find where a time differs from the one before, by more than rounding (R's timefix)."""
        gaps = self.time[:, :-1] - self.time[:, 1:]
        distinct = np.concatenate([self.known[:, :1], gaps > 0], axis=1)
        count = np.maximum(distinct.sum(axis=1), 1)
        mean = np.where(distinct, np.abs(self.time), 0).sum(axis=1) / count
        same = gaps <= SAME_TIME * np.maximum(1.0, mean)[:, None]
        return np.concatenate([np.ones((len(gaps), 1), dtype=bool), ~same], axis=1)

    def _list_events(self, run: Ints) -> None:
        """List all events of all cohorts in one row: cohort, risk set, and place among ties."""
        width = self.shape[1]
        self.at = np.flatnonzero(self.event)
        """Place of each event among all patients of all cohorts."""
        self.cohort = self.at // width
        self.at_risk = self.last.ravel()[self.at] + 1
        self._risk_set = self.cohort * width + self.at_risk - 1
        deaths = np.bincount(run[self.at], minlength=1)
        self.deaths = deaths[run[self.at]]
        self._tied = np.flatnonzero(self.deaths > 1)
        _, begins, self._tie = np.unique(
            run[self.at[self._tied]], return_index=True, return_inverse=True
        )
        part = np.arange(len(self._tied)) - begins[self._tie]
        self._part = part / self.deaths[self._tied]
        self._passed = (self.first + width * np.arange(self.shape[0])[:, None]).ravel()

    def sorted(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Bring patients into the order of the risk sets; (..., n_cohorts, n_patients)."""
        return np.take_along_axis(values, np.broadcast_to(self.order, values.shape), axis=-1)

    def sums(self, values: Floats) -> Floats:
        """Add values up over the patients at risk, for each event."""
        total = np.cumsum(values, axis=1).ravel()[self._risk_set]
        if len(self._tied):
            of_tie = np.bincount(self._tie, values.ravel()[self.at[self._tied]])
            total[self._tied] -= self._part * of_tie[self._tie]
        return np.asarray(total)

    def passed(self, values: Floats) -> Floats:
        """Add values of events up over those at which a patient was at risk, for each patient."""
        spread = np.zeros(self.shape[0] * self.shape[1])
        spread[self.at] = values
        later = np.cumsum(spread.reshape(self.shape)[:, ::-1], axis=1)[:, ::-1]
        total = later.ravel()[self._passed]
        if len(self._tied):
            of_tie = np.bincount(self._tie, self._part * values[self._tied])
            total[self.at[self._tied]] -= of_tie[self._tie]
        return np.asarray(total.reshape(self.shape))

    def per_cohort(self, values: npt.NDArray[Any]) -> Floats:
        """Add values of events up, for each cohort."""
        return np.asarray(np.bincount(self.cohort, values, self.shape[0]), dtype=float)


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
    # of tied events the k-th leaves 1 − 1/(at risk − k): together 1 − d/(at risk)
    still = sets.at_risk.astype(float)
    still[sets._tied] -= sets._part * sets.deaths[sets._tied]
    factor[sets.at] = 1 - 1 / still
    curve = np.cumprod(factor.reshape(sets.shape)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.take_along_axis(curve, sets.first, axis=1))


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
    shares = np.empty((groups, len(sets.at)))
    excess = np.empty((groups, sets.shape[0]))
    for k in range(groups):
        member = (of == k) & sets.known
        shares[k] = np.cumsum(member, axis=1).ravel()[sets._risk_set] / sets.at_risk
        excess[k] = sets.per_cohort(member.ravel()[sets.at] - shares[k])
    # of d tied events each has this part of the variance of one alone
    alone = (sets.at_risk - sets.deaths) / np.maximum(sets.at_risk - 1, 1)
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
    value : numpy.ndarray of shape (n_cohorts,)
        Logarithm of the likelihood.
    weight : numpy.ndarray of shape (n_cohorts, n_patients)
        Each patient's hazard, up to a factor.
    total : numpy.ndarray of shape (n_events,)
        Sum of the weights at risk.
    mean : numpy.ndarray of shape (n_terms, n_events)
        Covariates expected at each event.
    """

    sets: RiskSets
    x: Floats
    beta: Floats
    value: Floats
    weight: Floats
    total: Floats
    mean: Floats

    @classmethod
    def at(cls, sets: RiskSets, x: Floats, beta: Floats) -> Likelihood:
        """Evaluate it at coefficients.

        Parameters
        ----------
        sets : RiskSets
            The cohorts.
        x : numpy.ndarray of shape (n_terms, n_cohorts, n_patients)
            Covariates, in the order of the risk sets.
        beta : numpy.ndarray of shape (n_terms, n_cohorts)
            Coefficients.

        Returns
        -------
        Likelihood
            The likelihood there.
        """
        log_hazard = beta[0][:, None] * x[0]
        for b, of in zip(beta[1:], x[1:], strict=True):
            log_hazard += b[:, None] * of
        log_hazard -= log_hazard.max(axis=1, keepdims=True)
        weight = np.exp(log_hazard)
        total = sets.sums(weight)
        # a step so long that weights vanish is no step
        vanished = total < VANISHED
        total = np.where(vanished, 1.0, total)
        value = sets.per_cohort(log_hazard.ravel()[sets.at] - np.log(total))
        value[sets.per_cohort(vanished) > 0] = -np.inf
        mean = np.array([sets.sums(weight * of) / total for of in x])
        return cls(sets, x, beta, value, weight, total, mean)

    @property
    def residuals(self) -> Floats:
        """What each event's patient had beyond what was expected: Schoenfeld's residuals."""
        return np.asarray(self.x.reshape(len(self.x), -1)[:, self.sets.at] - self.mean)

    @property
    def score(self) -> Floats:
        """Slope of the likelihood, (n_terms, n_cohorts)."""
        return np.array([self.sets.per_cohort(of) for of in self.residuals])

    def information(self, g: Floats | float = 1.0) -> Floats:
        """Give its curvature, each event weighted by g, (n_cohorts, n_terms, n_terms)."""
        hazard = self.weight * self.sets.passed(g / self.total)
        width = len(self.x)
        made = np.empty((self.sets.shape[0], width, width))
        for i in range(width):
            of_i = hazard * self.x[i]
            for j in range(i + 1):
                around = np.einsum("bn,bn->b", of_i, self.x[j])
                less = self.sets.per_cohort(g * self.mean[i] * self.mean[j])
                made[:, i, j] = made[:, j, i] = around - less
        return made

    def third(self) -> Floats:
        """Give the slope of the curvature, (n_cohorts, n_terms, n_terms, n_terms)."""
        hazard = self.weight * self.sets.passed(1 / self.total)
        width, m = len(self.x), self.mean
        pairs = {
            (j, k): self.sets.sums(self.weight * self.x[j] * self.x[k]) / self.total
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
    x = np.where(inside, x, 0.0)
    mean = x.sum(axis=2) / count
    centred = np.where(inside, x - mean[..., None], 0.0)
    scale = np.sqrt((centred**2).sum(axis=2) / count)
    constant = scale <= ALIKE * np.abs(mean)
    state = np.select(
        [compared == 0, constant.any(axis=0), _without_event(sets, x, inside).any(axis=0)],
        [State.NO_EVENT, State.CONSTANT, State.WITHOUT_EVENT], State.FITTED,
    ).astype(np.intp)  # fmt: skip
    scale = np.where(constant, 1.0, scale)
    standard = centred / scale[..., None]
    if len(x) > 1:
        state[(state == State.FITTED) & ~_independent(standard, count)] = State.COLLINEAR
    return standard, scale, state


def _without_event(sets: RiskSets, x: Floats, inside: Bools) -> Bools:
    """Find covariates of two values, in one of which nobody has the event."""
    low = np.where(inside, x, np.inf).min(axis=2)
    high = np.where(inside, x, -np.inf).max(axis=2)
    two = ((x == low[..., None]) | (x == high[..., None]) | ~inside).all(axis=2)
    at_event = x.reshape(len(x), -1)[:, sets.at]
    both = np.ones_like(two)
    for end in (low, high):
        both &= [sets.per_cohort(of) > 0 for of in at_event == end[:, sets.cohort]]
    return np.asarray(two & ~both)


def _independent(standard: Floats, count: Ints) -> Bools:
    """Tell whether no covariate follows from the others."""
    products = np.einsum("pbn,qbn->bpq", standard, standard) / count[:, None, None]
    clearly = np.linalg.eigvalsh(products)[:, 0] > SAME_TIME
    for b in np.flatnonzero(~clearly):
        clearly[b] = np.linalg.matrix_rank(standard[:, b].T) == len(standard)
    return np.asarray(clearly)


def climb(
    sets: RiskSets, x: Floats, state: npt.NDArray[np.intp]
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

    Returns
    -------
    fit : Likelihood
        At the estimates.
    state : numpy.ndarray of shape (n_cohorts,)
        What became of the fits.
    """
    state = state.copy()
    fit = Likelihood.at(sets, x, np.zeros(x.shape[:2]))
    moving = state == State.FITTED
    for _ in range(MOST_STEPS):
        if not moving.any():
            return fit, state
        score = fit.score
        step = np.where(moving, _solved(fit.information(), score, moving), 0.0)
        moved = np.abs(np.einsum("pb,pbn->bn", step, x)).max(axis=1)
        slack = RISES * (1 + np.abs(fit.value))
        rise = (score * step).sum(axis=0)
        lost = moving & (~np.isfinite(moved) | ((moved > MOVES) & (rise < slack)))
        state[lost] = State.INFINITE
        step[:, lost] = 0.0
        moving &= ~lost
        trial = Likelihood.at(sets, x, fit.beta + step)
        settled = moved < SETTLED
        while (down := moving & ~settled & ~(trial.value >= fit.value - slack)).any():
            step[:, down] /= 2
            trial = Likelihood.at(sets, x, fit.beta + step)
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
