"""Competing risks: relapse, and death in remission, after which no relapse can be seen.

Cumulative incidence by Aalen and Johansen, Gray's test between groups, and hazard ratios of two
kinds: of the cause-specific hazard (among those still free of both) and of the subdistribution
hazard of Fine and Gray (which translates into the cumulative incidence).  lifelines moves tied
times apart at random before it estimates, and no package that was tried gives the standard errors
of R's ``cmprsk::crr``; so these few estimators are here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.contract import require
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import cox
from cartanalysis.stats.response import ALL, groups, levels
from cartanalysis.stats.survival import at_times, endpoint_of, with_endpoint
from cartanalysis.text import each_row, format_value

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

CAUSES = {"relapse": "relapse", "death": "death in remission"}
"""Level of ``rfs_cause`` and what it is called in results."""

UNKNOWN = "cause not recorded"
"""Events of which it is not known whether they were relapse or death: a cause of their own."""

INCIDENCE_METHOD = "Aalen–Johansen; log-log interval from the variance of R's cmprsk"
GRAY_METHOD = "Gray's test, two-sided"
CAUSE_SPECIFIC, SUBDISTRIBUTION = "cause-specific", "subdistribution"
FINE_GRAY_METHOD = "Fine–Gray regression, Breslow ties, robust Wald interval"

SETTLED = 1e-10
"""A Newton step that moves no standardised coefficient by more is the last."""
MOST_STEPS = 50
TOO_FAR = 20.0
"""A standardised coefficient beyond this is on its way to infinity."""


def with_cause(patients: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Select the responders whose relapse-free survival and some columns are known.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    *columns : str
        Other columns that must be known.

    Returns
    -------
    pandas.DataFrame of shape (n_complete, 2 + len(columns))
        Columns ``time`` (days since remission), ``cause`` (empty if censored) and the others.

    Raises
    ------
    MissingColumns
        If a column is not there, or no cause is on record.
    CannotCompute
        If no patient is complete, or neither a relapse nor a death in remission occurred.
    """
    try:
        data = with_endpoint(patients, "rfs", *columns)
    except MissingColumns:  # tell at once all that lack
        rfs = endpoint_of("rfs")
        require(patients, rfs.days, rfs.event, "rfs_cause", *columns)
        raise
    if not data["event"].any():
        raise CannotCompute("neither a relapse nor a death in remission occurred")
    require(patients, "rfs_cause")
    told = patients.loc[data.index, "rfs_cause"].astype(object).map(CAUSES)
    cause = told.where(told.notna(), UNKNOWN).where(data["event"], "")
    return data.drop(columns="event").assign(cause=cause)[["time", "cause", *columns]]


def _causes_of(data: pd.DataFrame) -> list[str]:
    """Name the causes of an event: both of the contract, and the unknown if there is one."""
    return [*CAUSES.values(), *([UNKNOWN] if (data["cause"] == UNKNOWN).any() else [])]


# --- cumulative incidence ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Steps:
    """What happens at each distinct time; arrays of shape (n_times,), or one row per cause."""

    time: Floats
    at_risk: Floats
    events: Floats
    free: Floats  # Kaplan–Meier estimate of being free of all causes, from this time on

    @classmethod
    def of(cls, time: Floats, cause: Ints, count: int) -> _Steps:
        """Count events by cause, numbered from 1; 0 is censored."""
        distinct, place = np.unique(time, return_inverse=True)
        table = np.zeros((count + 1, len(distinct)))
        np.add.at(table, (cause, place), 1)
        leave = table.sum(axis=0)
        at_risk = leave[::-1].cumsum()[::-1]
        free = np.cumprod(1 - table[1:].sum(axis=0) / at_risk)
        return cls(distinct, at_risk, table[1:], free)

    @property
    def before(self) -> Floats:
        """Being free of all causes just before each time."""
        return np.concatenate([[1.0], self.free[:-1]])

    def incidence(self, cause: int) -> tuple[Floats, Floats]:
        """Estimate the cumulative incidence of a cause, from 0, and its variance.

        The variance sums, over times u, the squared influence of an event at u on the estimate at
        t; events at one time are drawn without replacement.
        """
        before, mine = self.before, self.events[cause]
        other = self.events.sum(axis=0) - mine
        value = np.cumsum(before * mine / self.at_risk)
        later = np.divide(1.0, self.free, out=np.zeros_like(self.free), where=self.free > 0)
        sums = np.zeros((3, len(value)))
        for count, own in ((other, 0.0), (mine, 1.0)):
            drawn = (np.maximum(count, 1) - 1) / np.maximum(self.at_risk - 1, 1)
            spread = before**2 * (1 - drawn) * count / self.at_risk**2
            at = own + value * later
            sums += np.cumsum([at**2 * spread, at * later * spread, later**2 * spread], axis=1)
        variance = sums[0] - 2 * value * sums[1] + value**2 * sums[2]
        return value, np.maximum(variance, 0.0)


def log_log_interval(value: Floats, error: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Give the log-log interval of probabilities; empty where one is 0 or 1.

    Parameters
    ----------
    value : numpy.ndarray of shape (n,)
        Probabilities.
    error : numpy.ndarray of shape (n,)
        Their standard errors.
    confidence : float
        Coverage.

    Returns
    -------
    lower : numpy.ndarray of shape (n,)
        Lower bounds.
    upper : numpy.ndarray of shape (n,)
        Upper bounds.

    References
    ----------
    .. [1] R ``survival::survfit(..., conf.type = "log-log")``.
    """
    inside = (value > 0) & (value < 1) & (error > 0)
    p = np.where(inside, value, 0.5)
    half = stats.norm.ppf(0.5 + confidence / 2) * error / (p * -np.log(p))
    bounds = (np.where(inside, p ** np.exp(sign * half), np.nan) for sign in (1, -1))
    return next(bounds), next(bounds)


def cumulative_incidence(
    patients: pd.DataFrame, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate the cumulative incidence of relapse and of death in remission.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Pointwise coverage of the log-log intervals.

    Returns
    -------
    pandas.DataFrame
        One row per group, cause and time, from time 0: group, cause, time (days since remission),
        at_risk (free of both just before), events (of this cause), censored, estimate, lower,
        upper.

    Raises
    ------
    MissingColumns, CannotCompute
        See `with_cause`.

    References
    ----------
    .. [1] Aalen OO, Johansen S. Scand J Stat 5, 141–150 (1978).
    .. [2] R ``cmprsk::cuminc``.
    """
    data = with_cause(patients, *([by] if by else []))
    names = _causes_of(data)
    curves = []
    for group, members in groups(data, by):
        codes = _codes(members["cause"], names)
        steps = _Steps.of(members["time"].to_numpy(), codes, len(names))
        left = np.diff(-np.append(steps.at_risk, 0)) - steps.events.sum(axis=0)
        for place, cause in enumerate(names):
            value, variance = steps.incidence(place)
            lower, upper = log_log_interval(value, np.sqrt(variance), confidence)
            curve = pd.DataFrame(
                {
                    "time": steps.time,
                    "at_risk": steps.at_risk.astype(int),
                    "events": steps.events[place].astype(int),
                    "censored": left.astype(int),
                    "estimate": value,
                    "lower": lower,
                    "upper": upper,
                }
            )
            start = pd.DataFrame(
                [(0.0, len(members), 0, 0, 0.0, np.nan, np.nan)], columns=[*curve.columns]
            )
            parts = [start, curve] if steps.time[0] > 0 else [curve]
            curves.append(pd.concat(parts).assign(group=group, cause=cause))
    columns = ["group", "cause", "time", "at_risk", "events", "censored"]
    return pd.concat(curves, ignore_index=True)[[*columns, "estimate", "lower", "upper"]]


def _codes(cause: pd.Series, names: list[str]) -> Ints:
    """Number the causes from 1; 0 is censored."""
    return np.asarray(pd.Categorical(cause, ["", *names]).codes, dtype=np.intp)


def incidence_at(
    patients: pd.DataFrame, times: list[float], by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Read the cumulative incidences at given times.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    times : list of float
        Days since remission.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Pointwise coverage.

    Returns
    -------
    pandas.DataFrame
        One row per group, cause and time: group, cause, time, n, events (of this cause, up to and
        including the time), at_risk (just before), estimate, lower, upper, method, why (there is
        no estimate).  Beyond the last observation of a group of whom some are free of both causes
        the estimate is empty.

    Raises
    ------
    MissingColumns, CannotCompute
        See `with_cause`.
    """
    return at_times(cumulative_incidence(patients, by, confidence), times, INCIDENCE_METHOD)


# --- Gray's test -------------------------------------------------------------------------------


def gray(patients: pd.DataFrame, by: str) -> pd.DataFrame:
    """Compare cumulative incidences between groups by Gray's test.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    by : str
        Column that groups the patients.

    Returns
    -------
    pandas.DataFrame
        One row per cause: group ("a vs b"), cause, n, events, estimate (χ²), df, p, method; χ² and
        p are empty where the cause did not occur or the groups cannot be compared.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If all responders are in one group, or as `with_cause`.

    References
    ----------
    .. [1] Gray RJ. Ann Stat 16, 1141–1154 (1988).
    .. [2] R ``cmprsk::cuminc``.
    """
    data = with_cause(patients, by)
    names = levels(data[by])
    if len(names) < 2:
        raise CannotCompute(f"all responders are in one group of `{by}`")
    group = np.asarray(pd.Categorical(data[by], names).codes, dtype=np.intp)
    title = " vs ".join(map(str, names))
    rows = []
    for cause in _causes_of(data):
        mine = (data["cause"] == cause).to_numpy()
        state = np.where(mine, 1, np.where(data["cause"] == "", 0, 2))
        score, spread = _gray_score(data["time"].to_numpy(), state, group, len(names))
        df = len(names) - 1
        value = np.nan
        if np.linalg.matrix_rank(spread[:df, :df]) == df:
            value = float(score[:df] @ np.linalg.solve(spread[:df, :df], score[:df]))
        p = float(stats.chi2.sf(value, df))
        rows.append((title, cause, len(data), int(mine.sum()), value, df, p, GRAY_METHOD))
    columns = ["group", "cause", "n", "events", "estimate", "df", "p", "method"]
    return pd.DataFrame(rows, columns=columns)


def _gray_score(time: Floats, state: Ints, group: Ints, count: int) -> tuple[Floats, Floats]:
    """Give Gray's score of each group and its covariance, in the notation of his paper (ρ = 0)."""
    distinct, place = np.unique(time, return_inverse=True)
    table = np.zeros((len(distinct), 3, count))
    np.add.at(table, (place, state, group), 1)
    n = table.sum(axis=(0, 1))
    score, spread = np.zeros(count), np.zeros((count, count))
    c, cross, own = np.zeros((count, count)), np.zeros((count, count)), np.zeros(count)
    km, incidence, pooled = np.ones(count), np.zeros(count), 0.0  # just before the time
    for left, mine, other in table:
        if (mine + other).any():
            at = n > 0
            safe = np.where(at, n, 1.0)
            after = np.where(at, km * (1 - (mine + other) / safe), km)
            r = np.where(at, n / np.where(at, km, 1.0), 0.0)
            total, d = r.sum(), mine.sum()
            score += mine - d * r * (1 - incidence) / (r * (1 - incidence)).sum()
            a = np.diag(r) - np.outer(r, r) / total
            c += a * d / (total * (1 - pooled))
            pooled += d / total
            ratio = np.divide(1 - pooled, after, out=np.zeros(count), where=after > 0)
            drawn = (d - 1) / np.where(at, total * km - 1, 1.0) if d > 1 else np.zeros(count)
            weight = np.where(at, (1 - drawn) * km * d / (total * safe), 0.0)
            influence = a - (1 - ratio) * c
            spread += (influence * weight) @ influence.T
            cross += influence * (1 - ratio) * weight
            own += (1 - ratio) ** 2 * weight
            drawn = (np.maximum(other, 1) - 1) / np.maximum(n - 1, 1)
            weight = np.where(after > 0, (1 - drawn) * km**2 * other / safe**2, 0.0)
            spread += (c * ratio**2 * weight) @ c.T
            cross -= c * ratio**2 * weight
            own += ratio**2 * weight
            incidence = np.where(at, incidence + km * mine / safe, incidence)
            km = after
        n = n - left - mine - other
    return score, spread + (c * own) @ c.T + c @ cross.T + cross @ c.T


# --- hazard ratios -----------------------------------------------------------------------------


def hazards(
    patients: pd.DataFrame, covariates: list[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Fit both kinds of regression to both causes.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    covariates : list of str
        Columns; categories are compared with their first level, numbers count per unit.
    confidence : float
        Coverage of the Wald intervals.

    Returns
    -------
    pandas.DataFrame
        One row per cause, kind and term: cause, kind ("cause-specific" or "subdistribution"),
        covariate, group, reference, n, events (of the cause), estimate (hazard ratio), lower,
        upper, p, method, why (there is no estimate).

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If no model has an estimate, or as `with_cause`.

    References
    ----------
    .. [1] Fine JP, Gray RJ. J Am Stat Assoc 94, 496–509 (1999).
    .. [2] R ``cmprsk::crr``; ``survival::coxph`` with other causes as censoring.
    """
    data = with_cause(patients, *covariates)
    columns = ["covariate", "group", "reference", "n", "events", "estimate", "lower", "upper"]
    columns += ["p", "method"]
    rows, why = [], ""
    for cause in _causes_of(data):
        for kind, fit in ((CAUSE_SPECIFIC, _cause_specific), (SUBDISTRIBUTION, fine_gray)):
            try:
                found = fit(data, cause, covariates, confidence)[columns].assign(why="")
            except CannotCompute as error:
                why = str(error)
                found = pd.DataFrame({"covariate": covariates, "why": why})
            rows.append(found.assign(cause=cause, kind=kind))
    table = pd.concat(rows, ignore_index=True).reindex(columns=["cause", "kind", *columns, "why"])
    if table["estimate"].isna().all():
        raise CannotCompute(why)
    return table


def _cause_specific(
    data: pd.DataFrame, cause: str, covariates: list[str], confidence: float
) -> pd.DataFrame:
    """Fit a Cox model in which the other causes end the observation."""
    happened = data["cause"] == cause
    cox.design(data.assign(event=happened), covariates, cause)  # says what is wrong in its words
    cohort = data.assign(rfs_days=data["time"], rfs_event=happened.astype(float))
    return cox.cox(cohort, "rfs", covariates, confidence).terms


def fine_gray(
    data: pd.DataFrame, cause: str, covariates: list[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Fit the regression of Fine and Gray: hazard ratios of the subdistribution.

    Who has had another event stays in the risk sets, with a weight that falls as he or she would
    have been censored.

    Parameters
    ----------
    data : pandas.DataFrame
        Columns time, cause (empty if censored) and the covariates, complete.
    cause : str
        The cause of interest.
    covariates : list of str
        Columns; categories are compared with their first level, numbers count per unit.
    confidence : float
        Coverage of the Wald intervals.

    Returns
    -------
    pandas.DataFrame
        One row per term: covariate, group, reference, n, events, estimate, lower, upper, statistic
        (z), p, method.

    Raises
    ------
    CannotCompute
        If there is no event, or no finite estimate.

    References
    ----------
    .. [1] Fine JP, Gray RJ. J Am Stat Assoc 94, 496–509 (1999).
    """
    state = np.where(data["cause"] == cause, 1, np.where(data["cause"] == "", 0, 2))
    design, terms = cox.design(data.assign(event=state == 1), covariates, cause)
    order = np.argsort(data["time"].to_numpy(), kind="stable")
    x = design.to_numpy(float)[order]
    centre, scale = x.mean(axis=0), x.std(axis=0)
    sets = _Subdistribution.of(data["time"].to_numpy()[order], state[order])
    beta, spread = sets.fit((x - centre) / scale)
    beta, error = beta / scale, np.sqrt(np.diag(spread)) / scale
    half = stats.norm.ppf(0.5 + confidence / 2) * error
    return terms.assign(
        estimate=np.exp(beta),
        lower=np.exp(beta - half),
        upper=np.exp(beta + half),
        statistic=beta / error,
        p=2 * stats.norm.sf(np.abs(beta / error)),
        method=FINE_GRAY_METHOD,
    )


@dataclass(frozen=True)
class _Subdistribution:
    """Risk sets of Fine and Gray; patients are sorted by time, the earliest first."""

    time: Floats
    state: Ints  # 0 censored, 1 the cause of interest, 2 another
    uncensored: Floats  # Kaplan–Meier estimate of not being censored, just before each time
    at: Ints  # first patient of each distinct event time
    count: Floats  # events at it

    @classmethod
    def of(cls, time: Floats, state: Ints) -> _Subdistribution:
        steps = _Steps.of(time, (state == 0).astype(np.intp), 1)
        uncensored = steps.before[np.searchsorted(steps.time, time)]
        events, count = np.unique(time[state == 1], return_counts=True)
        return cls(time, state, uncensored, np.searchsorted(time, events), count.astype(float))

    def sums(self, values: Floats) -> Floats:
        """Add values up over the weighted risk set of each event time."""
        later = values[::-1].cumsum(axis=0)[::-1][self.at]
        return later + self._kept(values)[self.at] * self._column(self.uncensored[self.at], values)

    def _kept(self, values: Floats) -> Floats:
        """Add up, over those with another event before each patient, what they would weigh."""
        other = self._column((self.state == 2) / self.uncensored, values) * values
        total = np.concatenate([np.zeros_like(other[:1]), other.cumsum(axis=0)])
        return np.asarray(total[np.searchsorted(self.time, self.time)])

    @staticmethod
    def _column(weights: Floats, values: Floats) -> Floats:
        return weights.reshape(-1, *[1] * (values.ndim - 1))

    def fit(self, x: Floats) -> tuple[Floats, Floats]:
        """Maximise the weighted likelihood; give coefficients and their robust covariance."""
        beta = np.zeros(x.shape[1])
        value, score, information = self._likelihood(x, beta)
        for _ in range(MOST_STEPS):
            if np.linalg.matrix_rank(information) < len(beta):
                raise CannotCompute("the covariates cannot be told apart in the risk sets")
            step = np.linalg.solve(information, score)
            for _ in range(MOST_STEPS):
                tried = self._likelihood(x, beta + step)
                if tried[0] >= value - 1e-12 * abs(value):
                    break
                step = step / 2
            beta = beta + step
            value, score, information = tried
            if np.abs(beta).max() > TOO_FAR:
                break
            if np.abs(step).max() < SETTLED:
                inverse = np.linalg.inv(information)
                influence = self._influence(x, beta)
                return beta, inverse @ (influence.T @ influence) @ inverse
        raise CannotCompute(
            "the Fine–Gray model does not converge: its hazard ratio has no finite estimate"
        )

    def _means(self, x: Floats, beta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        weight = np.exp(x @ beta - (x @ beta).max())
        total = self.sums(weight)
        return weight, total, self.sums(weight[:, None] * x) / total[:, None], x @ beta

    def _likelihood(self, x: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
        weight, total, mean, log_hazard = self._means(x, beta)
        is_event = self.state == 1
        value = log_hazard[is_event].sum() - self.count @ (np.log(total) + log_hazard.max())
        score = x[is_event].sum(axis=0) - self.count @ mean
        square = self.sums(weight[:, None, None] * x[:, :, None] * x[:, None, :])
        around = square / total[:, None, None] - mean[:, :, None] * mean[:, None, :]
        return float(value), score, np.tensordot(self.count, around, axes=1)

    def _influence(self, x: Floats, beta: Floats) -> Floats:
        """Give each patient's influence on the score, through events and through censoring."""
        weight, total, mean, _ = self._means(x, beta)
        rate = self.count / total
        thinned = rate * self.uncensored[self.at]
        # up to each patient's own time, and from then on with a falling weight if another event
        upto = np.searchsorted(self.time[self.at], self.time, side="right")

        def passed(values: Floats) -> tuple[Floats, Floats]:
            total = np.concatenate([np.zeros_like(values[:1]), values.cumsum(axis=0)])
            return total[upto], total[-1] - total[upto]

        other = (self.state == 2) / self.uncensored
        (hazard, _), (moved, _) = passed(rate), passed(rate[:, None] * mean)
        (_, later), (_, later_mean) = passed(thinned), passed(thinned[:, None] * mean)
        hazard = hazard + other * later
        moved = moved + other[:, None] * later_mean
        influence = -weight[:, None] * (x * hazard[:, None] - moved)
        is_event = self.state == 1
        own = np.searchsorted(self.time[self.at], self.time[is_event])
        influence[is_event] += x[is_event] - mean[own]
        return influence + self._through_censoring(x, weight, thinned, mean)

    def _through_censoring(
        self, x: Floats, weight: Floats, thinned: Floats, mean: Floats
    ) -> Floats:
        """Give the influence through the estimate of not being censored."""
        start = np.searchsorted(self.time[self.at], self.time, side="left")

        def ahead(values: Floats) -> Floats:
            total = np.concatenate([values[::-1].cumsum(axis=0)[::-1], np.zeros_like(values[:1])])
            return np.asarray(total[start])

        kept, kept_x = self._kept(weight), self._kept(weight[:, None] * x)
        q = kept_x * ahead(thinned)[:, None] - kept[:, None] * ahead(thinned[:, None] * mean)
        first = np.searchsorted(self.time, self.time, side="left")
        last = np.searchsorted(self.time, self.time, side="right")
        at_risk = (len(self.time) - first).astype(float)
        censored = (self.state == 0).astype(float)
        share = (censored / at_risk)[:, None] * q
        total = np.concatenate([np.zeros((1, x.shape[1])), (share / at_risk[:, None]).cumsum(0)])
        return np.asarray(share - total[last])


def describe(year: pd.DataFrame) -> str:
    """Put cumulative incidences into a sentence, for who cannot see the picture.

    Parameters
    ----------
    year : pandas.DataFrame
        From `incidence_at`, at one time.

    Returns
    -------
    str
        A sentence.
    """
    parts = []
    for row in each_row(year):
        who = "" if row.group == ALL else f"{row.group}: "
        parts.append(f"{who}{row.cause} {format_value(row.estimate, 'fraction')}")
    causes = " and ".join(dict.fromkeys(year["cause"]))
    return f"Cumulative incidence of {causes} since remission. At 1 year: {'; '.join(parts)}."
