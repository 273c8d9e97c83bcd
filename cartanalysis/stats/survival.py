"""Kaplan–Meier estimates, medians, follow-up and the log-rank test.

All as R's ``survival`` has it, from which lifelines departs in the median where S(t) is exactly 0.5
and in when it counts who is at risk, and which cannot compare groups of which one is never at risk
beside another.  Times are counted, not patients: `make bench` compares how long that takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.contract import MAX_DAYS, require
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import batch
from cartanalysis.stats.batch import SAME_TIME, RiskSets
from cartanalysis.stats.response import groups, levels

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Endpoint:
    """A time-to-event endpoint of the contract.

    Attributes
    ----------
    key : {"os", "rfs"}
        Short name.
    name : str
        Name in full.
    origin : str
        What time counts from.
    state : str
        What patients without the event are.
    whom : str
        Who is at risk of the event.
    """

    key: str
    name: str
    origin: str
    state: str
    whom: str

    @property
    def days(self) -> str:
        """Column with the time."""
        return f"{self.key}_days"

    @property
    def event(self) -> str:
        """Column with the event."""
        return f"{self.key}_event"


ENDPOINTS = {
    "os": Endpoint("os", "overall survival", "infusion", "alive", "patients"),
    "rfs": Endpoint(
        "rfs", "relapse-free survival", "remission", "alive without relapse", "responders"
    ),
}

KM_METHOD = "Kaplan–Meier; log-log interval"
MEDIAN_METHOD = "Kaplan–Meier median by R's survfit rule; log-log interval"
FOLLOW_UP_METHOD = "reverse Kaplan–Meier (censoring as the event); log-log interval"
LOG_RANK_METHOD = "log-rank test, two-sided"


def endpoint_of(key: str) -> Endpoint:
    """Look an endpoint up.

    Parameters
    ----------
    key : str
        ``"os"`` or ``"rfs"``.

    Returns
    -------
    Endpoint
        The endpoint.

    Raises
    ------
    ValueError
        If there is no such endpoint.
    """
    if key not in ENDPOINTS:
        raise ValueError(f"endpoint is {key!r}; choose one of {', '.join(ENDPOINTS)}")
    return ENDPOINTS[key]


def with_endpoint(patients: pd.DataFrame, endpoint: str, *columns: str) -> pd.DataFrame:
    """Select the patients for whom the endpoint and some columns are known.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    *columns : str
        Other columns that must be known.

    Returns
    -------
    pandas.DataFrame of shape (n_complete, 2 + len(columns))
        Columns ``time``, ``event`` (bool) and the others.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If no patient is complete, or every time is 0.
    """
    end = endpoint_of(endpoint)
    if end.key == "rfs" and "responder" in patients and (patients["responder"] == "no").all():
        raise CannotCompute("no patient of this cohort reached remission")
    require(patients, end.days, end.event, *columns)
    complete = patients[[end.days, end.event, *columns]].dropna()
    if complete.empty:
        needed = " and ".join([end.name, *(f"`{c}`" for c in columns)])
        raise CannotCompute(f"no patient has {needed} on record")
    if (complete[end.days] == 0).all():
        raise CannotCompute(f"every time in `{end.days}` is 0")
    out = complete.rename(columns={end.days: "time", end.event: "event"})
    out["event"] = out["event"] == 1
    out["time"] = one_time(out["time"].to_numpy(float))
    return out


def one_time(times: Floats) -> Floats:
    """Make times that differ by rounding alone one time.

    Parameters
    ----------
    times : numpy.ndarray of shape (n_patients,)
        Days.

    Returns
    -------
    numpy.ndarray of shape (n_patients,)
        The same, each run of all but equal times replaced by its first.

    References
    ----------
    .. [1] R ``survival::aeqSurv``, the ``timefix`` of ``survfit``, ``survdiff`` and ``coxph``.
    """
    if (times == np.rint(times)).all():
        return times
    distinct = np.sort(times)
    distinct = distinct[np.diff(distinct, prepend=-np.inf) > 0]
    gaps = np.diff(distinct)
    same = gaps <= SAME_TIME * max(1.0, float(np.abs(distinct).mean()))
    if not same.any():
        return times
    first, rest = distinct[np.concatenate([[True], ~same])], distinct[1:][same]
    instead = first[np.searchsorted(first, rest, side="right") - 1]
    place = np.minimum(np.searchsorted(rest, times), len(rest) - 1)
    return np.where(rest[place] == times, instead[place], times)


def _counted_by_time(time: Floats, event: Bools) -> tuple[Floats, Ints, Ints]:
    """Give the different times, in order, and who has the event and who leaves at each."""
    day = time.astype(np.intp)
    if (day == time).all() and day.min() >= 0 and day.max() <= MAX_DAYS:
        leaving = np.bincount(day)
        times = np.flatnonzero(leaving)
        return (
            times.astype(float),
            np.bincount(day[event], minlength=len(leaving))[times],
            leaving[times],
        )
    order = np.argsort(time)
    ends = np.flatnonzero(np.diff(time[order], append=np.inf) > 0)
    events = np.diff(np.cumsum(event[order])[ends], prepend=0)
    return time[order[ends]], events, np.diff(ends, prepend=-1)


def observed_time(times: npt.ArrayLike, day: float) -> float:
    """Give the observed time that a day differs from by rounding alone, if there is one.

    Parameters
    ----------
    times : array-like of shape (n_patients,)
        Days, at least one.
    day : float
        A day.

    Returns
    -------
    float
        That time; the day itself if there is none.
    """
    times = np.asarray(times, dtype=float)
    nearest = float(times[np.abs(times - day).argmin()])
    return nearest if abs(nearest - day) <= SAME_TIME * max(1.0, abs(day)) else day


# --- Kaplan–Meier ------------------------------------------------------------------------------


def kaplan_meier(
    patients: pd.DataFrame, endpoint: str, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate survival curves.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Pointwise coverage of the log-log intervals.

    Returns
    -------
    pandas.DataFrame
        One row per group and time, from time 0: group, time (days), at_risk (just before),
        events, censored, estimate, lower, upper.  The interval is empty where S is 0 or 1, as in R.

    Raises
    ------
    MissingColumns, CannotCompute
        See `with_endpoint`.

    References
    ----------
    .. [1] Kaplan EL, Meier P. J Am Stat Assoc 53, 457–481 (1958).
    .. [2] R ``survival::survfit(..., conf.type = "log-log")``.
    """
    data = with_endpoint(patients, endpoint, *([by] if by else []))
    curves = [
        _curve(members["time"].to_numpy(), members["event"].to_numpy(), confidence).assign(
            group=group
        )
        for group, members in groups(data, by)
    ]
    columns = ["group", "time", "at_risk", "events", "censored", "estimate", "lower", "upper"]
    return pd.concat(curves, ignore_index=True)[columns]


def _curve(time: Floats, event: Bools, confidence: float) -> pd.DataFrame:
    """Estimate one curve, from time 0."""
    times, events, leaving = _counted_by_time(time, event)
    if times[0] > 0:
        times, events, leaving = (np.concatenate([[0], v]) for v in (times, events, leaving))
    at_risk = len(time) - np.cumsum(leaving) + leaving
    survival = np.cumprod(1 - events / at_risk)
    left = np.where(survival > 0, at_risk - events, np.nan)
    error = np.sqrt(np.cumsum(events / (at_risk * left)))  # Greenwood, of the logarithm
    log = np.log(np.where((survival > 0) & (survival < 1), survival, np.nan))
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * error / log
    lower, upper = (np.exp(-np.exp(np.log(-log) + away)) for away in (-half, half))
    return pd.DataFrame(
        {
            "time": times,
            "at_risk": at_risk,
            "events": events,
            "censored": leaving - events,
            "estimate": survival,
            "lower": lower,
            "upper": upper,
        }
    )


GRID = {True: 30.0, False: 7.0}
"""Days between the rows of a thinned curve: months, or weeks if the curve is short."""


def is_curve(table: pd.DataFrame) -> bool:
    """Tell whether a table holds survival curves.

    Parameters
    ----------
    table : pandas.DataFrame
        Any result.

    Returns
    -------
    bool
        Whether it comes from `kaplan_meier`, or is like it.
    """
    return {"group", "time", "at_risk", "censored", "estimate"} <= set(table.columns)


def on_grid(curves: pd.DataFrame) -> pd.DataFrame:
    """Read curves off at regular times, so that no patient's own day of event or censoring shows.

    Parameters
    ----------
    curves : pandas.DataFrame
        From `kaplan_meier`, or like it.

    Returns
    -------
    pandas.DataFrame
        One row per curve and time, every 30 days (7 if the longest curve ends before a year) up
        to the end of the curve: group (and cause, if there are several), time, at_risk, estimate,
        and its interval.
    """
    step = GRID[bool(curves["time"].max() >= 365)]
    names = [c for c in ("group", "cause") if c in curves]
    values = [c for c in ("estimate", "lower", "upper") if c in curves]
    rows = []
    for name, curve in curves.groupby(names, sort=False):
        for time in np.arange(0, curve["time"].max() + 1e-9, step):
            last = curve[curve["time"] <= time].iloc[-1]
            rows.append((*name, time, still_observed(curve, time), *last[values]))
    return pd.DataFrame(rows, columns=[*names, "time", "at_risk", *values])


def survival_at(
    patients: pd.DataFrame,
    endpoint: str,
    times: list[float],
    by: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Read survival off the curve at given times.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    times : list of float
        Days.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Pointwise coverage.

    Returns
    -------
    pandas.DataFrame
        One row per group and time: group, time, n, events (up to and including the time), at_risk
        (just before), estimate, lower, upper, method, why (there is no estimate).  Beyond the
        last observation of a group
        still alive the estimate is empty, as in R's ``summary(survfit, times = ...)``.

    Raises
    ------
    MissingColumns, CannotCompute
        See `with_endpoint`.
    """
    return at_times(kaplan_meier(patients, endpoint, by, confidence), times, KM_METHOD)


def at_times(curves: pd.DataFrame, times: list[float], method: str) -> pd.DataFrame:
    """Read curves at given times.

    Parameters
    ----------
    curves : pandas.DataFrame
        From `kaplan_meier`, or like it.
    times : list of float
        Days.
    method : str
        How they were estimated.

    Returns
    -------
    pandas.DataFrame
        One row per curve and time, see `survival_at`; with the cause, if there are several.
    """
    names = [c for c in ("group", "cause") if c in curves]
    # once everybody has had the event, or one of the events, nothing can change
    is_last = curves["time"] == curves.groupby("group")["time"].transform("max")
    last = curves[is_last].groupby("group")
    ended = dict((last["events"].sum() == last["at_risk"].first()).items())
    rows = []
    for name, curve in curves.groupby(names, sort=False):
        end = float(curve["time"].iloc[-1])
        for time in times:
            day = observed_time(curve["time"], time)
            before = curve[curve["time"] <= day]
            known = day <= end or ended[name[0]]
            values = before.iloc[-1][["estimate", "lower", "upper"]] if known else [np.nan] * 3
            counts = int(curve["at_risk"].iloc[0]), int(before["events"].sum())
            why = "" if known else f"follow-up ends at day {end:g}, before day {time:g}"
            at_risk = still_observed(curve, day)
            rows.append((*name, time, *counts, at_risk, *values, method, why))
    columns = [*names, "time", "n", "events", "at_risk", "estimate", "lower", "upper"]
    return pd.DataFrame(rows, columns=[*columns, "method", "why"])


def at_risk_table(
    patients: pd.DataFrame, endpoint: str, times: list[float], by: str | None = None
) -> pd.DataFrame:
    """Count who is at risk, and what has happened, at given times.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    times : list of float
        Days.
    by : str, optional
        Column that groups the patients.

    Returns
    -------
    pandas.DataFrame
        One row per group and time: group, time, at_risk (observed up to the time or longer),
        events and censored (before the time).

    Raises
    ------
    MissingColumns, CannotCompute
        See `with_endpoint`.
    """
    curves = kaplan_meier(patients, endpoint, by)
    rows = []
    for group, curve in curves.groupby("group", sort=False):
        for time in times:
            day = observed_time(curve["time"], time)
            before = curve[curve["time"] < day]
            counts = int(before["events"].sum()), int(before["censored"].sum())
            rows.append((group, time, still_observed(curve, day), *counts))
    return pd.DataFrame(rows, columns=["group", "time", "at_risk", "events", "censored"])


def still_observed(curve: pd.DataFrame, time: float) -> int:
    """Count who is observed up to a time or longer.

    Parameters
    ----------
    curve : pandas.DataFrame
        One group of `kaplan_meier`.
    time : float
        A time, in days.

    Returns
    -------
    int
        Patients at risk just before the time.
    """
    later = curve[curve["time"] >= time]
    return int(later["at_risk"].iloc[0]) if len(later) else 0


# --- medians -----------------------------------------------------------------------------------


def median(
    patients: pd.DataFrame, endpoint: str, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Give the median survival time.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Coverage of the interval, from the log-log intervals of the curve.

    Returns
    -------
    pandas.DataFrame
        One row per group: group, n, events, estimate, lower, upper (days; empty where not
        reached), method.

    Raises
    ------
    MissingColumns, CannotCompute
        See `with_endpoint`.

    References
    ----------
    .. [1] R ``survival:::print.survfit``: where S(t) is exactly 0.5, the median is the midpoint
       of that stretch.
    """
    return _medians(kaplan_meier(patients, endpoint, by, confidence), MEDIAN_METHOD)


def follow_up(
    patients: pd.DataFrame, endpoint: str, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Give the median follow-up by the reverse Kaplan–Meier method.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        Columns as of `median`, and why (there is no estimate); ``events`` counts the censored
        patients.

    Raises
    ------
    MissingColumns, CannotCompute
        See `with_endpoint`.

    References
    ----------
    .. [1] Schemper M, Smith TL. Control Clin Trials 17, 343–346 (1996).
    """
    end = endpoint_of(endpoint)
    require(patients, end.days, end.event)
    flipped = patients.assign(**{end.event: 1 - patients[end.event]})
    table = _medians(kaplan_meier(flipped, endpoint, by, confidence), FOLLOW_UP_METHOD)
    why = "too few patients are censored for a median follow-up by the reverse Kaplan–Meier method"
    return table.assign(why=["" if known else why for known in table["estimate"].notna()])


def _medians(curves: pd.DataFrame, method: str) -> pd.DataFrame:
    rows = []
    for group, curve in curves.groupby("group", sort=False):
        # R's curve has a point at time 0 only if somebody's time is 0
        points = curve[(curve["events"] > 0) | (curve["censored"] > 0)]
        time = points["time"].to_numpy()
        values = [_crossing(time, points[c].to_numpy()) for c in ("estimate", "lower", "upper")]
        n, events = int(curve["at_risk"].iloc[0]), int(curve["events"].sum())
        rows.append((group, n, events, *values, method))
    columns = ["group", "n", "events", "estimate", "lower", "upper", "method"]
    return pd.DataFrame(rows, columns=columns)


def _crossing(time: Floats, curve: Floats) -> float:
    """Find where a step curve reaches one half, by the rule of R's ``print.survfit``."""
    tolerance = np.sqrt(np.finfo(float).eps)
    reached = curve < 0.5 + tolerance  # NaN compares as False, so open bounds drop out
    if not reached.any():
        return np.nan
    time, curve = time[reached], curve[reached]
    below = curve < curve[0]
    if abs(curve[0] - 0.5) < tolerance and below.any():
        return float((time[0] + time[below][0]) / 2)
    return float(time[0])


# --- log-rank ----------------------------------------------------------------------------------


def log_rank(patients: pd.DataFrame, endpoint: str, by: str) -> pd.DataFrame:
    """Compare survival between groups.

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
        One row: group (the comparison), n, events, estimate (χ²), df, p, excess (events observed
        less expected in the last group), method.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If fewer than two groups have patients, or nobody had the event.

    References
    ----------
    .. [1] R ``survival::survdiff(..., rho = 0)``.
    """
    data = with_endpoint(patients, endpoint, by)
    end = endpoint_of(endpoint)
    names = levels(data[by])
    if len(names) < 2:
        raise CannotCompute(f"all patients with {end.name} are in one group of `{by}`")
    if not data["event"].any():
        raise CannotCompute(f"no event of {end.name} occurred, so groups cannot be compared")
    codes = pd.Categorical(data[by], names).codes.astype(int)
    test = batch.log_rank(RiskSets(data["time"], data["event"]), codes[None, :], len(names))
    df = int(test.df[0])
    if df < 1:
        raise CannotCompute(
            f"the groups of `{by}` cannot be compared for {end.name}: at every event time only one "
            "of them is at risk, or everybody has the event"
        )
    statistic, excess = float(test.statistic[0]), float(test.excess[-1, 0])
    p = float(stats.chi2.sf(statistic, df))
    group = " vs ".join(str(n) for n in names)
    row = (group, len(data), int(data["event"].sum()), statistic, df, p, excess, LOG_RANK_METHOD)
    columns = ["group", "n", "events", "estimate", "df", "p", "excess", "method"]
    return pd.DataFrame([row], columns=columns)


def landmark(patients: pd.DataFrame, endpoint: str, day: float) -> pd.DataFrame:
    """Restart the clock at a landmark, with those still observed and free of the event then.

    Groups that are formed by something that takes time to happen (a response) may only be
    compared from a day by which it has happened; otherwise the responders' waiting time counts
    as survival (immortal-time bias).

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    day : float
        The landmark, in days.

    Returns
    -------
    pandas.DataFrame of shape (n_observed, n_columns)
        Patients observed beyond the landmark, their times counted from it.

    Raises
    ------
    MissingColumns
        If the endpoint is not there.
    CannotCompute
        If nobody is observed beyond the landmark.
    ValueError
        If the landmark is negative.

    References
    ----------
    .. [1] Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1, 710–719 (1983).
    """
    if day < 0:
        raise ValueError(f"landmark_day is {day}; give 0 or more days")
    end = endpoint_of(endpoint)
    require(patients, end.days, end.event)
    observed = patients[patients[end.days] - day > SAME_TIME * max(1.0, day)]
    if observed.empty:
        raise CannotCompute(f"no patient is observed beyond day {day:g}")
    return observed.assign(**{end.days: observed[end.days] - day})
