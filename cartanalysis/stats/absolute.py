"""How far groups lie apart in absolute terms, whatever their hazards: at a milestone, and up to it.

The difference in survival on one day, and the restricted mean survival time, which is the area
under the curve up to a day: the average time lived of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats.survival import endpoint_of, kaplan_meier, observed_time, survival_at
from cartanalysis.text import each_row

MEAN_METHOD = "restricted mean survival time up to day {:g}, Greenwood's variance (R's survRM2)"
MILESTONE_METHOD = (
    "difference of Kaplan–Meier estimates on day {:g}; interval from the log-log intervals of both "
    "(MOVER), p on the log-log scale (Klein)"
)
TOO_SHORT = "follow-up of the group `{}` for {} ends before day {:g}"
ONE_GROUP = "all patients with {} are in one group of `{}`"
COLUMNS = ["measure", "group", "reference", "n", "events", "estimate", "lower", "upper", "p"]


def restricted_mean(
    patients: pd.DataFrame,
    endpoint: str,
    until: float,
    by: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Give the restricted mean survival time, and how it differs between groups.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    until : float
        Day at which the mean is restricted.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Coverage of the normal intervals, which may reach beyond the day as R's do; that of a ratio
        on the logarithmic scale.

    Returns
    -------
    pandas.DataFrame
        Columns measure (mean, difference, ratio), group, reference (of a difference or ratio: the
        first group), n, events (up to the day), estimate (days; a ratio has no unit), lower,
        upper, p (of a difference or ratio), why (there is no estimate: follow-up of a group ends
        before the day), method.  First the means, one row per group.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there are not two groups to compare, and as of
        `cartanalysis.stats.survival.kaplan_meier`.
    ValueError
        If the day is not after the start.

    References
    ----------
    .. [1] Uno H et al. J Clin Oncol 32, 2380–2385 (2014).
    .. [2] R ``survRM2::rmst2``.
    """
    _after_start(until)
    z = stats.norm.ppf(0.5 + confidence / 2)
    curves = kaplan_meier(patients, endpoint, by, confidence)
    means = [_Mean.of(str(g), c, endpoint, until) for g, c in curves.groupby("group", sort=False)]
    base, *others = means
    if by and not others:
        raise CannotCompute(ONE_GROUP.format(endpoint_of(endpoint).name, by))
    rows: list[Row] = [m.row("mean", "", m.value, m.error, z) for m in means]
    for m in others:
        error = float(np.hypot(m.error, base.error))
        rows.append(m.row("difference", base.group, m.value - base.value, error, z, base.why))
    for m in others:
        error = float(np.hypot(m.error / m.value, base.error / base.value))
        row = m.row("ratio", base.group, np.log(m.value / base.value), error, z, base.why)
        rows.append(row | {c: np.exp(row[c]) for c in ("estimate", "lower", "upper")})
    table = pd.DataFrame(rows).assign(method=MEAN_METHOD.format(until))
    return table.assign(p=table["p"].mask(table["measure"] == "mean"))


Row = dict[str, Any]


@dataclass(frozen=True)
class _Mean:
    """The restricted mean of a group; NaN, and why, where it was not followed for so long."""

    group: str
    n: int
    events: int
    value: float
    error: float
    why: str

    @classmethod
    def of(cls, group: str, curve: pd.DataFrame, endpoint: str, until: float) -> _Mean:
        last, name = curve.iloc[-1], endpoint_of(endpoint).name
        value, error, why = np.nan, np.nan, ""
        if observed_time(curve["time"], until) > last["time"] and last["estimate"] > 0:
            why = TOO_SHORT.format(group, name, until)
        else:
            value, error = _area(curve, until)
        events = int(curve.loc[curve["time"] <= until, "events"].sum())
        return cls(group, int(curve["at_risk"].iloc[0]), events, value, error, why)

    def row(
        self, measure: str, reference: str, estimate: float, error: float, z: float, why: str = ""
    ) -> Row:
        about: Row = {"measure": measure, "group": self.group, "reference": reference}
        about |= {"n": self.n, "events": self.events, "estimate": estimate}
        # without events up to the day there is no spread to estimate: no interval, where R has one
        # of no width
        error = error if error > 0 else np.nan
        about |= {"lower": estimate - z * error, "upper": estimate + z * error}
        p = 2 * stats.norm.sf(abs(estimate) / error)
        return about | {"p": p, "why": self.why or why}


def milestone(
    patients: pd.DataFrame, endpoint: str, day: float, by: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Give the difference in survival between groups on one day.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    day : float
        The milestone, in days.
    by : str
        Column that groups the patients.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row per group after the first: measure (milestone), group, reference (the first
        group), n, events (up to the day), estimate (a fraction), lower, upper, p, method, why
        (there is no estimate, or no interval).

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there are not two groups.
    ValueError
        If the day is not after the start.

    References
    ----------
    .. [1] Zou GY, Donner A. Stat Med 27, 1693–1702 (2008), for the interval (MOVER): it lies as
       far from the difference as the intervals of both groups lie from their estimates.
    .. [2] Klein JP et al. Stat Med 26, 4505–4519 (2007), for the test.
    """
    _after_start(day)
    z = stats.norm.ppf(0.5 + confidence / 2)
    read = [*each_row(survival_at(patients, endpoint, [day], by, confidence))]
    if len(read) < 2:
        raise CannotCompute(ONE_GROUP.format(endpoint_of(endpoint).name, by))
    first, rows = read[0], []
    for row in read[1:]:
        name = endpoint_of(endpoint).name
        short = [TOO_SHORT.format(each.group, name, day) for each in (first, row) if each.why]
        why = "; ".join(short)
        gap, lower, upper, p = row.estimate - first.estimate, np.nan, np.nan, np.nan
        lost = [
            f"{'nobody' if each.estimate == 1 else 'everybody'} in the group `{each.group}`"
            for each in (first, row)
            if np.isnan(each.lower)
        ]
        if not why and lost:
            why = f"{' and '.join(lost)} had the event by day {day:g}: no log-log interval"
        elif not why:
            lower = gap - np.hypot(row.estimate - row.lower, first.upper - first.estimate)
            upper = gap + np.hypot(row.upper - row.estimate, first.estimate - first.lower)
            (one, one_error), (two, two_error) = (_log_log(r, z) for r in (first, row))
            p = 2 * stats.norm.sf(abs(two - one) / np.hypot(one_error, two_error))
        about = ("milestone", row.group, first.group, row.n, row.events)
        rows.append((*about, gap, lower, upper, p, MILESTONE_METHOD.format(day), why))
    return pd.DataFrame(rows, columns=[*COLUMNS, "method", "why"])


def _after_start(day: float) -> None:
    if not day > 0:
        raise ValueError(f"the day is {day:g}; give a day after the start")


def _log_log(row: object, z: float) -> tuple[float, float]:
    """Give log(-log S) and its standard error, from the interval that it made."""
    ends = [np.log(-np.log(getattr(row, name))) for name in ("estimate", "lower", "upper")]
    return float(ends[0]), float((ends[1] - ends[2]) / (2 * z))


def _area(curve: pd.DataFrame, until: float) -> tuple[float, float]:
    """Give the area under a curve and its standard error."""
    inside = curve[(curve["time"] <= observed_time(curve["time"], until)) & (curve["time"] > 0)]
    start = float(curve.loc[curve["time"] == 0, "estimate"].iloc[-1])
    times = np.concatenate([[0.0], inside["time"], [until]])
    heights = np.concatenate([[start], inside["estimate"]])
    areas = np.diff(times) * heights
    later = np.cumsum(areas[::-1])[::-1]  # area to the right of each time
    at_risk, events = curve["at_risk"].to_numpy(float), curve["events"].to_numpy(float)
    after = np.where(curve["time"] > 0, 0.0, later[0])
    after[curve["time"].isin(inside["time"])] = later[1:]
    alone = at_risk * (at_risk - events)
    hazard = np.divide(events, alone, out=np.zeros(len(events)), where=alone > 0)
    return float(areas.sum()), float(np.sqrt((after**2 * hazard).sum()))
