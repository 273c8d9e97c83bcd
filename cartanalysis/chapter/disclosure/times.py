"""Times told by the month: on which days a protected curve may be read.

A Kaplan–Meier curve falls on the very days on which patients died, and a median or a bound of its
interval is one of these days.  On a protected cohort all of them are told on one grid: ends of
months, chosen so that at least as many events as the smallest count shown happened since the one
before.  The curve is the Kaplan–Meier estimate at these days and nothing in between; a median, or
a bound, is told as the stretch between two of them.  OpenSAFELY instead delays the steps of its
curves and rounds their counts [1]_; DataSHIELD adds noise to the times or smooths the curve [2]_.
Both draw a curve that is not the estimate on the day at which it is read.

References
----------
.. [1] Hulme WJ. osutils, an R package for OpenSAFELY: ``round_km`` delays events until at least a
   threshold of them have happened. github.com/wjchulme/osutils
.. [2] Banerjee S, Bishop TRP. dsSurvival 2.0: privacy enhancing survival curves for survival models
   in the federated DataSHIELD analysis system. BMC Res Notes 16, 98 (2023).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from cartanalysis.stats.survival import still_observed

MONTH = 365 / 12
ONE_YEAR = 365.0


def month_end(day: float) -> float:
    """Give the end of a month nearest to a day: 30, 61, 91 and so on, with 365 among them."""
    return float(round(round(day / MONTH) * MONTH))


def points(curve: pd.DataFrame, min_cell: int, landmark: float = 0.0) -> list[float]:
    """Choose the days at which a protected curve is read; none if there are too few.

    Each closes a stretch with at least ``min_cell`` events, or with none at the end of a year or of
    the curve, and as many patients are still at risk on it.  A landmark, from which the curve
    counts, is itself the end of a month.
    """
    last = math.ceil((float(curve["time"].max()) + landmark) / MONTH)
    ends = [month_end(m * MONTH) - landmark for m in range(1, last + 1)]
    ends = [e for e in ends if e > 0 and still_observed(curve, e) >= min_cell]
    if ONE_YEAR in ends:  # where one can be told, it is one of the days
        year = ends.index(ONE_YEAR) + 1
        first = _closing(curve, 0.0, ends[:year], min_cell)
        if first:
            return first + _closing(curve, ONE_YEAR, ends[year:], min_cell)
    return _closing(curve, 0.0, ends, min_cell)


def _closing(
    curve: pd.DataFrame, start: float, ends: Sequence[float], min_cell: int
) -> list[float]:
    """Pick ends that close enough events; the last takes along what is left after it."""
    chosen: list[float] = []
    for end in ends:
        if _events(curve, chosen[-1] if chosen else start, end) >= min_cell:
            chosen.append(end)
    if not ends:
        return []
    left = _events(curve, chosen[-1] if chosen else start, ends[-1])
    if left:
        return [*chosen[:-1], ends[-1]] if chosen else []
    return [*chosen, ends[-1]] if ends[-1] not in chosen else chosen


def _events(curve: pd.DataFrame, after: float, until: float) -> int:
    inside = (curve["time"] > after) & (curve["time"] <= until)
    if after == 0:
        inside |= curve["time"] == 0
    return int(curve.loc[inside, "events"].sum())


def read_at(
    curve: pd.DataFrame, days: Sequence[float], min_cell: int, start: float = 1.0
) -> pd.DataFrame:
    """Read a curve on day 0 and on some days: group, time, at_risk, estimate, lower, upper.

    It begins at ``start``.  The last three have two digits: more would tell the numbers at risk, as
    each step is (n - 1)/n.
    """
    rows = [curve.iloc[0].to_dict() | {"estimate": start, "lower": math.nan, "upper": math.nan}]
    rows += [curve[curve["time"] <= day].iloc[-1].to_dict() for day in days]
    table = pd.DataFrame(rows).assign(time=[0.0, *days])
    table["at_risk"] = [rounded_down(still_observed(curve, d), min_cell) for d in table["time"]]
    values = table[["estimate", "lower", "upper"]].astype(float).round(2)
    return table.assign(**values)[["group", "time", "at_risk", *values]]


def rounded_down(count: float, min_cell: int) -> int:
    """Round a number at risk down, so that differences between neighbours tell of no patient."""
    return min_cell * math.floor(count / min_cell)


def stretch(day: float, days: Sequence[float]) -> tuple[float, float] | None:
    """Find the two days between which a patient's own day lies; none beyond the last."""
    for start, end in zip([0.0, *days], days, strict=False):
        if day <= end:
            return start, end
    return None
