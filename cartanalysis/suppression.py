"""Small cells: what a published result must not show of a user's few patients.

A count from 1 to k - 1 is hidden, and so is what would give it back: its complement (where a total
is shown), percentages, intervals and models beside it, and the tail of a curve with fewer than k
patients at risk.  A curve keeps points that stand for at least k events each, at the ends of
months, with even falls between them as in a life table; numbers at risk are rounded down.  Zeros
are shown.  The rules work on results, one for each function of the package, so that pictures,
tables, sentences, alternative texts and data files are all made from what is left.

The threshold and its reasons stand in `DEFAULT_MIN_CELL`.  The method is primary and complementary
cell suppression [1]_.  It protects each table and the totals shown with it; it does not search
every combination of tables in the book.  Whether a value is on record is not protected.

References
----------
.. [1] Hundepool A, Domingo-Ferrer J, Franconi L, et al. Statistical Disclosure Control. Wiley
   (2012), chapter 4.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cartanalysis import (
    baseline,
    cox,
    permutation,
    replication,
    response,
    safety,
    survival,
    verdicts,
)
from cartanalysis.cohort import treg_cutoff_of
from cartanalysis.errors import CannotCompute

DEFAULT_MIN_CELL = 5
"""Smallest count shown of a user's patients.

The Canadian Institute for Health Information and the Australian Institute of Health and Welfare
publish no count from 1 to 4.  Stricter rules exist for data that anybody may download: OpenSAFELY
redacts counts up to 7, the US Centers for Medicare & Medicaid Services do not allow 1 to 10, and
EMA policy 0070 asks for a risk of at most 0.09.  1 switches suppression off, for a site that stays
in the house.
"""

MONTH, WEEK, LONG = 30.0, 7.0, 365.0
"""Days between the steps of a protected curve: months if the longest is over a year, else weeks."""

ESTIMATES = ("estimate", "lower", "upper")

COMPLEMENT = "hidden"
"""What stands for small counts and those that would give them away: one word, as “<5” beside a
known total would narrow down the others."""


Given = Mapping[str, Any]
"""Arguments of a call, by name."""


class Hidden(CannotCompute):
    """A result that would show fewer patients than the smallest count allowed.

    Parameters
    ----------
    min_cell : int
        The smallest count shown.
    what : str
        What would be seen.
    """

    def __init__(self, min_cell: int, what: str) -> None:
        super().__init__(f"{what} fewer than {min_cell} patients")


def protect(function: Callable[..., Any], min_cell: int, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the package and hide what is small in its result.

    Parameters
    ----------
    function : callable
        A function; what no rule is known for is returned as it is.
    min_cell : int
        Smallest count shown; 1 hides nothing.
    *args, **kwargs : object
        The function's arguments.

    Returns
    -------
    object
        The result without small cells; groups that are left out altogether are named in
        ``attrs["hidden"]`` of a table.

    Raises
    ------
    Hidden
        If nothing may be shown.
    CannotCompute
        If the function cannot compute its result; the message names no group of few patients.
    """
    rule = RULES.get(function)
    if min_cell <= 1 or rule is None:
        return function(*args, **kwargs)
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    try:
        result = function(*args, **kwargs)
    except CannotCompute:
        if _few_in_a_group(given, min_cell):
            raise Hidden(min_cell, "there would be a group of") from None
        raise
    return rule(result, min_cell, given)


def _few_in_a_group(given: Given, min_cell: int) -> bool:
    """Tell whether a function was asked to compare groups of few patients or events."""
    patients = given["patients"]
    columns = [
        column
        for column in (given.get("covariates") or [given.get("by")])
        if column in patients and not pd.api.types.is_numeric_dtype(patients[column])
    ]
    counts = [count for column in columns for count in patients[column].value_counts()]
    try:
        data = survival.with_endpoint(patients, given["endpoint"], *columns)
    except (KeyError, CannotCompute):  # no endpoint, or none on record: no events to look at
        return any(small(count, min_cell) for count in counts)
    counts += [n for c in columns for n in data.loc[data["event"], c].value_counts()]
    return any(small(count, min_cell) for count in counts)


def small(count: float, min_cell: int) -> bool:
    """Tell whether a count must not be shown.

    Parameters
    ----------
    count : float
        Patients.
    min_cell : int
        Smallest count shown.

    Returns
    -------
    bool
        Whether it lies between 1 and the count before ``min_cell``.
    """
    return 0 < count < min_cell


def hidden_cells(counts: Sequence[float], min_cell: int) -> list[bool]:
    """Choose the cells to hide in a table whose total is known.

    Parameters
    ----------
    counts : sequence of float
        The cells.
    min_cell : int
        Smallest count shown.

    Returns
    -------
    list of bool
        The small cells, and as many of the next smallest as it takes for what is hidden together
        to hold at least two cells and ``min_cell`` patients.
    """
    hide = [small(c, min_cell) for c in counts]
    order = sorted((i for i, c in enumerate(counts) if c > 0), key=lambda i: counts[i])
    for i in order:
        total = sum(c for c, h in zip(counts, hide, strict=True) if h)
        # as many patients as hidden cells: one in each
        if not any(hide) or (1 < sum(hide) < total and total >= min_cell):
            break
        hide[i] = True
    return hide


def _shown(count: float, min_cell: int) -> Any:
    return f"<{min_cell}" if small(count, min_cell) else count


# --- groups ------------------------------------------------------------------------------------


def _without_groups(
    table: pd.DataFrame, sizes: pd.Series, hide: Sequence[bool], min_cell: int, what: str
) -> pd.DataFrame:
    """Leave groups out, and remember which."""
    gone = [str(g) for g, h in zip(sizes.index, hide, strict=True) if h]
    if len(gone) == len(sizes):
        raise Hidden(min_cell, what)
    kept = table[~table["group"].astype(str).isin(gone)].reset_index(drop=True)
    kept.attrs["hidden"] = tuple(gone)
    return kept


def _large_groups(table: pd.DataFrame, size: str, min_cell: int) -> pd.DataFrame:
    sizes = table.groupby("group", sort=False)[size].max()
    hide = hidden_cells(sizes.tolist(), min_cell)
    return _without_groups(table, sizes, hide, min_cell, "there would be a group of")


def _rounded(count: float, min_cell: int) -> int:
    """Round a number at risk down, so that differences between neighbours tell of no patient."""
    return min_cell * math.floor(count / min_cell)


def _curves(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Leave small groups out, and let each step of a curve stand for enough events."""
    kept = _large_groups(table, "at_risk", min_cell)
    step = MONTH if table["time"].max() >= LONG else WEEK
    names = list(dict.fromkeys(kept["group"]))
    steps = {g: _steps(kept[kept["group"] == g], min_cell, step) for g in names}
    shown = [steps[g] for g in names if steps[g] is not None]
    gone = [str(g) for g in names if steps[g] is None]
    if not shown:
        raise Hidden(min_cell, "a curve would show events of")
    out = pd.concat(shown, ignore_index=True)
    out.attrs["hidden"] = (*kept.attrs["hidden"], *gone)
    return out


def _steps(curve: pd.DataFrame, min_cell: int, step: float) -> pd.DataFrame | None:
    """Join neighbouring events into points at the ends of months; none if there are too few.

    Between two points the curve falls evenly from month to month: a step that waited for the last
    of its events would show everybody alive until then.
    """
    enough = curve[(curve["at_risk"] >= min_cell) | (curve["time"] == 0)]
    total = int(enough["events"].sum())
    if small(total, min_cell):
        return None
    rows = [enough.iloc[0].to_dict() | {"time": 0.0, "estimate": 1.0}]
    waiting = 0
    for _, row in enough.iterrows():
        waiting += int(row["events"])
        total -= int(row["events"])
        # what is left must be enough for a step of its own, or go with this one
        if waiting >= min_cell and (total == 0 or total >= min_cell):
            end = math.ceil(row["time"] / step) * step
            if end == rows[-1]["time"]:
                rows[-1] |= {c: row[c] for c in ("estimate", "lower", "upper")}
            else:
                rows.append(row.to_dict() | {"time": end})
            waiting = 0
    points = pd.DataFrame(rows)
    last = max(math.floor(float(enough["time"].max()) / step) * step, rows[-1]["time"])
    ends = np.arange(0.0, last + step, step)
    # digits that no picture shows would tell the numbers at risk: each step is (n - 1) / n
    between = {
        c: np.interp(ends, points["time"], points[c].astype(float)).round(2) for c in ESTIMATES
    }
    # still under observation at the end of a month, or just before the curve's own last day
    left = [int(enough.loc[enough["time"] <= end, "at_risk"].iloc[-1]) for end in ends]
    out = pd.DataFrame(rows[:1] * len(ends)).assign(time=ends, **between)
    out["at_risk"] = [_rounded(n, min_cell) for n in left]
    return out.assign(events=0, censored=0)[list(curve.columns)]


def _at_risk(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    kept = _large_groups(table, "at_risk", min_cell)
    return kept.assign(at_risk=_coarse(kept["at_risk"], min_cell))


def _coarse(counts: pd.Series, min_cell: int) -> list[Any]:
    return [_shown(n, min_cell) if n < min_cell else _rounded(n, min_cell) for n in counts]


def _events_of_groups(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide small groups, and counts of patients with or without the event that are small."""
    kept = _large_groups(table, "n", min_cell)
    gone = table[table["group"].astype(str).isin(kept.attrs["hidden"])]
    hide = [False] * len(kept)
    for count in (lambda t: t["events"], lambda t: t["n"] - t["events"]):
        cells = count(kept).tolist()
        # a total is shown elsewhere, so the groups left out are a cell, too
        rest = [float(count(gone).sum())] if len(gone) else []
        found = hidden_cells([*cells, *rest], min_cell)
        hide = [a or b for a, b in zip(hide, found, strict=False)]
    few = len(kept) == 1 and not len(gone) and small(kept["events"].iloc[0], min_cell)
    word = f"<{min_cell}" if few else COMPLEMENT
    events = [word if h else e for e, h in zip(kept["events"], hide, strict=True)]
    out = kept.assign(events=events, n=_sizes(kept, min_cell, given))
    # times of a group whose events are few are the days on which these happened
    few_events = [small(e, min_cell) for e in kept["events"]]
    out[list(ESTIMATES)] = out[list(ESTIMATES)].mask(pd.Series(few_events, index=out.index))
    why = str(Hidden(min_cell, "it would rest on"))
    out["why"] = [why if f else "" for f in few_events]
    out.attrs = kept.attrs
    return out


def _sizes(kept: pd.DataFrame, min_cell: int, given: Given) -> list[Any]:
    """Give the groups' sizes; of RFS only where they do not tell how few were not in remission."""
    by, patients = given.get("by"), given["patients"]
    if given.get("endpoint") != "rfs":
        return kept["n"].tolist()
    everybody = patients[by].value_counts() if by else {response.ALL: len(patients)}
    left = [everybody.get(g, n) - n for g, n in zip(kept["group"], kept["n"], strict=True)]
    if any(small(count, min_cell) for count in left):
        return [COMPLEMENT] * len(kept)
    return kept["n"].tolist()


def _survival_at(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide survival where it would count few deaths or rest on few patients still at risk."""
    kept = _large_groups(table, "n", min_cell)
    hide = [
        small(row["events"], min_cell) or small(row["at_risk"], min_cell)
        for _, row in kept.iterrows()
    ]
    why = str(Hidden(min_cell, "it would rest on"))
    out = kept.copy()
    for column in ("estimate", "lower", "upper"):
        out[column] = out[column].mask(pd.Series(hide, index=out.index))
    # the last day of follow-up is one patient's own
    ends = [
        f"follow-up ends before day {time:g}" if w else ""
        for time, w in zip(out["time"], out["why"], strict=True)
    ]
    out["why"] = [why if h else w for h, w in zip(hide, ends, strict=True)]
    out["events"] = [_shown(e, min_cell) for e in out["events"]]
    out["at_risk"] = _coarse(out["at_risk"], min_cell)
    out["n"] = _sizes(kept, min_cell, given)
    out.attrs = kept.attrs
    return out


# --- proportions -------------------------------------------------------------------------------


def _proportions(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide a group's proportion if few patients had the outcome, or few had not."""
    sizes = table.set_index("group")["n"]
    events = table["events"].tolist()
    without = (table["n"] - table["events"]).tolist()
    hide = [
        small(n, min_cell) or small(e, min_cell) or small(w, min_cell)
        for n, e, w in zip(sizes, events, without, strict=True)
    ]
    order = sorted(range(len(table)), key=lambda i: sizes.iloc[i])
    for i in order:
        sums = [sum(c for c, h in zip(column, hide, strict=True) if h)
                for column in (sizes.tolist(), events, without)]  # fmt: skip
        enough = sum(hide) > 1 and not any(small(s, min_cell) for s in sums)
        if len(table) == 1 or not any(hide) or enough:
            break
        hide[i] = True
    return _without_groups(table, sizes, hide, min_cell, "it would show a count of")


def _grades(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide the grades of few patients, scale by scale."""
    hide: list[bool] = []
    for _, scale in table.groupby("group", sort=False):
        hide += hidden_cells(scale["events"].tolist(), min_cell)
    kept = table[[not h for h in hide]].reset_index(drop=True)
    if not (kept["events"] > 0).any():
        raise Hidden(min_cell, "every grade was seen in")
    kept.attrs["hidden"] = tuple(
        f"{row['group']} grade {row['grade']}" for _, row in table[hide].iterrows()
    )
    return kept


def _severe(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Show a share of severe grades only if it gives no hidden grade away."""
    keep = []
    for _, row in table.iterrows():
        hide = hidden_cells(row["cells"], min_cell)
        sides = [
            sum(c for g, (c, h) in enumerate(zip(row["cells"], hide, strict=True)) if h and side(g))
            for side in (row["grade"].__le__, row["grade"].__gt__)
        ]
        counts = (row["events"], row["n"] - row["events"], *sides)
        keep.append(not any(small(c, min_cell) for c in counts))
    if not any(keep):
        raise Hidden(min_cell, "it would show a count of")
    kept = table[keep].reset_index(drop=True)
    kept.attrs["hidden"] = tuple(table.loc[[not k for k in keep], "group"])
    return kept


def _landmark(after: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Refuse where few left before the landmark: totals before and after it would tell how few."""
    patients = given["patients"]
    left = patients[~patients.index.isin(after.index)]
    died = int(left[survival.endpoint_of(given["endpoint"]).event].sum())
    counts = [len(left), died, len(left) - died]
    counts += left["responder"].value_counts().tolist() if "responder" in left else []
    if any(small(count, min_cell) for count in counts):
        raise Hidden(min_cell, "before the landmark follow-up ended in")
    return after


def _association(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    if small(table["smallest"].iloc[0], min_cell):
        raise Hidden(min_cell, "the comparison rests on a cell of")
    return table


# --- models, descriptions and claims -----------------------------------------------------------


def _log_rank(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide a test of a small group, whose p can tell who is in it, and totals that are small."""
    data = survival.with_endpoint(given["patients"], given["endpoint"], given["by"])
    if any(small(count, min_cell) for count in data[given["by"]].value_counts()):
        raise Hidden(min_cell, "there would be a group of")
    return table.assign(**{c: [_shown(n, min_cell) for n in table[c]] for c in ("n", "events")})


def _model(model: cox.CoxModel, min_cell: int, given: Given) -> cox.CoxModel:
    """Show a model only if no group in it is small.

    The standard error of a log hazard ratio is close to the root of 1/events + 1/events of the two
    groups, so that an interval tells how many events a group had.
    """
    data = survival.with_endpoint(given["patients"], given["endpoint"], *given["covariates"])
    for name in given["covariates"]:
        column = data[name]
        groups = [data] if pd.api.types.is_numeric_dtype(column) else [
            data[column == level] for level in response.levels(column)
        ]  # fmt: skip
        for members in groups:
            _refuse_few(members["event"], min_cell)
    return model


def _refuse_few(event: pd.Series, min_cell: int) -> None:
    counts = (len(event), int(event.sum()), len(event) - int(event.sum()))
    if any(small(c, min_cell) for c in counts):
        raise Hidden(min_cell, "the estimate rests on a cell of")


def _cutoffs(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Leave cut-offs out that divide off few patients; neighbours differ by few, so hide counts."""
    data = survival.with_endpoint(given["patients"], given["endpoint"], given["column"])
    keep = []
    for cutoff in table["cutoff"]:
        above = data[given["column"]] > cutoff
        try:
            _refuse_few(data.loc[above, "event"], min_cell)
            _refuse_few(data.loc[~above, "event"], min_cell)
        except Hidden:
            keep.append(False)
        else:
            keep.append(True)
    if not any(keep):
        raise Hidden(min_cell, "every cut-off divides off a cell of")
    return table[keep].reset_index(drop=True).assign(n=COMPLEMENT, events=COMPLEMENT)


def _table_one(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide rare levels with their complements, and the extremes of measurements."""
    out = table.copy()
    for _, rows in table.groupby("column", sort=False):
        if rows["count"].isna().any():
            enough = (rows["n"] >= 2 * min_cell).all()
            out.loc[rows.index, "summary"] = rows["quartiles"] if enough else COMPLEMENT
            out.loc[rows.index, "method"] = "median (quartiles)"
            continue
        for i, hide in zip(rows.index, hidden_cells(rows["count"].tolist(), min_cell),
                           strict=True):  # fmt: skip
            if hide:
                out.at[i, "summary"] = COMPLEMENT
    return out.drop(columns="count")


def _flow(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """End the flow before a step that few patients reach, or few leave at."""
    counts = table["n"].tolist()
    for i, count in enumerate(counts):
        left = counts[i - 1] - count if i and table["leave"].iloc[i] != baseline.UNKNOWN else 0
        if small(count, min_cell) or small(left, min_cell):
            if i == 0:
                raise Hidden(min_cell, "the flow begins with")
            kept = table.iloc[:i].copy()
            kept.attrs["hidden"] = tuple(table["step"].iloc[i:])
            return kept
    return table


def _histogram(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Widen the ranges until none holds few patients."""
    wide, span = table, 1
    while any(small(n, min_cell) for n in wide["n"]):
        if (wide.groupby("group").size() == 1).all():
            raise Hidden(min_cell, "a range of the histogram would hold")
        span += 1
        wide = _widened(table, span)
    return wide


def _widened(table: pd.DataFrame, span: int) -> pd.DataFrame:
    """Join so many neighbouring ranges, from the cut-off outwards."""
    width = float((table["upper"] - table["lower"]).iloc[0]) * span
    rows = []
    for group, side in table.groupby("group", sort=False):
        outwards = side.iloc[::-1] if group == "low" else side
        for start in range(0, len(outwards), span):
            part = outwards.iloc[start : start + span]
            first = part.iloc[0]
            edge = first["upper"] if group == "low" else first["lower"]
            low, high = (edge - width, edge) if group == "low" else (edge, edge + width)
            low = max(low, 0.0)  # no measurement is negative
            rows.append((group, low, high, int(part["n"].sum())))
    wide = pd.DataFrame(rows, columns=["group", "lower", "upper", "n"])
    return wide.sort_values("lower", ignore_index=True)


def _claims(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Keep each verdict, but hide numbers that would show small counts."""
    out = table.astype({"n": object, "events": object})
    numbers = list(replication.NUMBERS)
    why = str(Hidden(min_cell, "it would show a count of"))
    elsewhere = _hidden_elsewhere(given["patients"], min_cell)
    for i, row in table.iterrows():
        if row["verdict"] == replication.NOT_ASSESSED:
            if "the group `" in row["why"]:  # and may say what all of its few patients share
                out.at[i, "why"] = "the groups are too small or too unlike to be compared"
            continue
        counts = [c for c in (row["n"], row["events"], row["smallest"]) if not pd.isna(c)]
        if not any(small(c, min_cell) for c in counts) and row["id"] not in elsewhere:
            continue
        out.loc[i, ["n", "events"]] = COMPLEMENT
        out.loc[i, numbers] = math.nan
        out.at[i, "why"] = f"numbers hidden: {why}"
        if row["verdict"] == replication.EXACT:  # would give the number back
            out.at[i, "verdict"] = verdicts.consistent(row["power"])
    return out.drop(columns="smallest")


def _hidden_elsewhere(patients: pd.DataFrame, min_cell: int) -> set[str]:
    """Name the claims whose numbers a table of the book hides, be it as a complement."""

    def is_shown(function: Callable[..., Any], column: str, wanted: object, *args: Any) -> bool:
        try:
            return wanted in protect(function, min_cell, patients, *args)[column].tolist()
        except CannotCompute:
            return False

    hidden = set()
    if not is_shown(safety.by_grade, "grade", 4, "ae_grade_max"):
        hidden.add("ae_grade4")
    if not is_shown(response.remission, "group", "other", "emd"):
        # who knows the group's rate and all patients' knows the comparison's cells
        hidden |= {"orr_emd_other", "orr_emd_lowest"}
    return hidden


Rule = Callable[[Any, int, Given], Any]

RULES: dict[Callable[..., Any], Rule] = {
    survival.kaplan_meier: _curves,
    survival.at_risk_table: _at_risk,
    survival.median: _events_of_groups,
    survival.follow_up: _events_of_groups,
    survival.survival_at: _survival_at,
    survival.landmark: _landmark,
    survival.log_rank: _log_rank,
    permutation.compare: _log_rank,
    response.remission: _proportions,
    response.association: _association,
    safety.by_grade: _grades,
    safety.all_scales: _grades,
    safety.at_least: _severe,
    safety.severe: _severe,
    baseline.table_one: _table_one,
    baseline.flow: _flow,
    baseline.histogram: _histogram,
    cox.cox: _model,
    cox.scan_cutoffs: _cutoffs,
    replication.claims: _claims,
}
"""How the results of each function that counts a cohort's patients are protected."""

UNCHANGED = frozenset({baseline.size, treg_cutoff_of})
"""Functions that need no rule: the cohort's size (never below the threshold) and the cut-off (a
median)."""
