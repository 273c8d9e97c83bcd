"""How the result of each function that counts a cohort's patients is protected.

A count from 1 to k - 1 is hidden, and so is what would give it back: its complement (where a total
is shown), unions of groups, percentages, intervals and models beside it (`cells`), and the days on
which patients died (`times`).  Zeros are shown.  The rules work on results, so that pictures,
tables, sentences, alternative texts and data files are all made from what is left.  A function
without a rule gives nothing.

The threshold and its reasons stand in `cartanalysis.chapter.disclosure`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pandas as pd

from cartanalysis.chapter.disclosure import CONFIDENCES, times
from cartanalysis.chapter.disclosure.cells import shown, small
from cartanalysis.claims import consistency, expected, flow, replication
from cartanalysis.claims.registry import Entry
from cartanalysis.claims.verdicts import ONE_YEAR, Verdict, day_of, in_paper
from cartanalysis.contract import treg_cutoff_of
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import (
    absolute,
    baseline,
    competing,
    cox,
    cutoff,
    firth,
    permutation,
    profile,
    response,
    roc,
    safety,
    spline,
    subgroups,
    survival,
    transitions,
    transplant,
)
from cartanalysis.study.published import load

ESTIMATES = ["estimate", "lower", "upper"]

COMPLEMENT = "hidden"
"""What stands for small counts and those that would give them away: one word, as “<5” beside a
known total would narrow down the others."""

UNSAID = "too few patients, or not followed long enough"
"""A reason that may name a day, or say what all of a few patients share, in general words."""

Given = Mapping[str, Any]
"""Arguments of a call, by name; ``landmark`` is the day from which times count."""


class Hidden(CannotCompute):
    """A result that would show fewer patients than the smallest count allowed."""

    def __init__(self, min_cell: int, what: str) -> None:
        super().__init__(f"{what} fewer than {min_cell} patients")


class Refused(CannotCompute):
    """A call that disclosure control does not know, or not with these arguments."""


@dataclass(frozen=True)
class Told:
    """What disclosure control lets through.

    Attributes
    ----------
    result : object
        The result without small cells.
    hidden : tuple of str
        Groups that were left out altogether.
    """

    result: Any
    hidden: tuple[str, ...] = ()


def protect(
    function: Callable[..., Any], min_cell: int, *args: Any, landmark: float = 0.0, **kwargs: Any
) -> Told:
    """Call a function of the package and hide what is small in its result.

    ``landmark`` is the day from which the patients' times count.  Raises `Refused` where no rule is
    known for the function or its arguments would tell too much, and `Hidden` where nothing may be
    shown; no message names a group of few patients.
    """
    if min_cell <= 1 or function in UNCHANGED:
        return Told(function(*args, **kwargs))
    rule = RULES.get(function)
    if rule is None:
        raise Refused(
            f"disclosure control knows no rule for `{getattr(function, '__name__', 'this')}`; "
            "patients of a protected cohort are counted by the package's own functions only"
        )
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    given = bound.arguments | {"landmark": landmark}
    if given.get("confidence", 0.95) not in CONFIDENCES:
        choices = ", ".join(f"{c:g}" for c in CONFIDENCES)
        raise Refused(f"intervals of a protected cohort cover one of {choices}")
    try:
        result = function(*args, **kwargs)
    except MissingColumns:
        raise
    except CannotCompute:
        if _few_in_a_group(given, min_cell):
            raise Hidden(min_cell, "there would be a group of") from None
        raise
    told = rule(result, min_cell, given)
    return told if isinstance(told, Told) else Told(told)


def _few_in_a_group(given: Given, min_cell: int) -> bool:
    """Tell whether a function was asked to compare groups of few patients or events."""
    patients = given["patients"]
    columns = [
        column
        for column in (given.get("covariates") or [given.get("by") or given.get("exposure")])
        if column in patients and not pd.api.types.is_numeric_dtype(patients[column])
    ]
    counts = [count for column in columns for count in patients[column].value_counts()]
    try:
        data = survival.with_endpoint(patients, given["endpoint"], *columns)
    except (KeyError, CannotCompute):  # no endpoint, or none on record: no events to look at
        return any(small(count, min_cell) for count in counts)
    counts += [n for c in columns for n in data.loc[data["event"], c].value_counts()]
    return any(small(count, min_cell) for count in counts)


def hidden_cells(counts: Sequence[float], min_cell: int) -> list[bool]:
    """Choose the cells to hide in a table whose total is known.

    The small cells, and as many of the next smallest as it takes for what is hidden together to
    hold at least two cells and ``min_cell`` patients.
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


# --- groups ------------------------------------------------------------------------------------


def _without(table: pd.DataFrame, kept: set[str], min_cell: int, what: str) -> Told:
    """Leave groups out, and remember which."""
    names = [str(g) for g in dict.fromkeys(table["group"])]
    gone = tuple(n for n in names if n not in kept)
    if len(gone) == len(names):
        raise Hidden(min_cell, what)
    return Told(table[table["group"].astype(str).isin(kept)].reset_index(drop=True), gone)


def _all_counted(given: Given, by: str | None, outcome: str, min_cell: int) -> bool:
    """Tell whether the counts of all of a column's groups may be told."""
    patients = given["patients"]
    names = [g for g, _ in response.groups(patients, by)]
    return shown(patients, by, outcome, min_cell).counted >= set(names)


def _proportions(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    kept = set(shown(given["patients"], given["by"], "response", min_cell).counted)
    return _without(table, kept, min_cell, "it would show a count of")


def _share(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Show a share whose counts may be told; no other answer is counted anywhere in the book."""
    if given["column"] == "responder":
        return _proportions(table, min_cell, given)
    if given["column"] != "mrd_negative_cr" or given["by"]:
        raise Refused("of a protected cohort, shares of remission and of its depth are told only")
    # the share tells how many are in remission, and how many of them are MRD-negative
    if not all(_all_counted(given, by, "response", min_cell) for by in (None, "mrd")):
        raise Hidden(min_cell, "it would show a count of")
    return Told(table)


def _association(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    known = given["outcome"] == "responder"
    small_cell = small(table["smallest"].iloc[0], min_cell)
    if small_cell or not (known and _all_counted(given, given["by"], "response", min_cell)):
        raise Hidden(min_cell, "the comparison rests on a cell of")
    return table


# --- times -------------------------------------------------------------------------------------


def _read(
    given: Given, min_cell: int, patients: pd.DataFrame | None = None
) -> dict[str, tuple[pd.DataFrame, list[float]]]:
    """Give each group's curve and the days on which it may be read; none of small groups.

    The curve is that of ``given["patients"]`` unless others are given.
    """
    by, end = given.get("by"), given["endpoint"]
    whom = given["patients"] if patients is None else patients
    curves = survival.kaplan_meier(whom, end, by, given.get("confidence", 0.95))
    sizes = shown(given["patients"], by, end, min_cell).sizes
    found = {}
    for group, curve in curves.groupby("group", sort=False):
        days = times.points(curve, min_cell, given["landmark"])
        if group in sizes and curve["at_risk"].iloc[0] >= min_cell and days:
            found[str(group)] = (curve, days)
    return found


def _curves(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Give the Kaplan–Meier estimate where it may be read, and nothing in between."""
    curves = _read(given, min_cell)
    kept = _without(table, set(curves), min_cell, "a curve would show events of")
    read = [times.read_at(*curves[g], min_cell) for g in dict.fromkeys(kept.result["group"])]
    return replace(kept, result=pd.concat(read, ignore_index=True))


def _at_risk(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Count at ends of months, and round down."""
    since = given["landmark"]
    days = dict.fromkeys(max(0.0, times.month_end(t + since) - since) for t in given["times"])
    again = survival.at_risk_table(given["patients"], given["endpoint"], list(days), given["by"])
    kept = _without(again, set(_read(given, min_cell)), min_cell, "there would be a group of")
    coarse = kept.result.assign(at_risk=_coarse(kept.result["at_risk"], min_cell))
    return replace(kept, result=coarse.drop(columns=["events", "censored"]))


def _coarse(counts: pd.Series, min_cell: int) -> list[Any]:
    return [
        f"<{min_cell}" if small(n, min_cell) else times.rounded_down(n, min_cell) for n in counts
    ]


def _medians(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    return _told_by_the_month(table, min_cell, given, _read(given, min_cell))


def _follow_up(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    event = survival.endpoint_of(given["endpoint"]).event
    flipped = given["patients"].assign(**{event: 1 - given["patients"][event]})
    return _told_by_the_month(table, min_cell, given, _read(given, min_cell, flipped))


def _told_by_the_month(
    table: pd.DataFrame,
    min_cell: int,
    given: Given,
    curves: Mapping[str, tuple[pd.DataFrame, list[float]]],
) -> Told:
    """Tell a median as the stretch of its curve in which it lies, and its interval likewise."""
    told_of = shown(given["patients"], given["by"], given["endpoint"], min_cell)
    kept = _without(table, set(told_of.sizes), min_cell, "there would be a group of")
    few = str(Hidden(min_cell, "it would rest on"))
    rows = []
    for _, row in kept.result.iterrows():
        _, days = curves.get(str(row["group"]), (None, []))
        since, day = _stretch(row["estimate"], days)
        lower, upper = _stretch(row["lower"], days)[0], _stretch(row["upper"], days)[1]
        pairs = zip((day, lower, upper), row[ESTIMATES], strict=True)
        lost = [pd.isna(told) and not pd.isna(value) for told, value in pairs]
        if lost[0] or not days:
            since, day, lower, upper = [math.nan] * 4
        elif any(lost):  # a bound beyond what may be read
            lower, upper = math.nan, math.nan
        hidden = {c: COMPLEMENT for c, groups in (("n", told_of.known), ("events", told_of.counted))
                  if given["landmark"] or row["group"] not in groups}  # fmt: skip
        why = few if lost[0] or not days else str(row.get("why", ""))
        told = {"estimate": day, "since": since, "lower": lower, "upper": upper, "why": why}
        rows.append(row.to_dict() | hidden | told)
    return replace(kept, result=pd.DataFrame(rows))


def _stretch(value: float, days: Sequence[float]) -> tuple[float, float]:
    found = None if pd.isna(value) else times.stretch(value, days)
    return found or (math.nan, math.nan)


def _survival_at(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Tell survival on the days on which the curve may be read."""
    told_of = shown(given["patients"], given["by"], given["endpoint"], min_cell)
    kept = _without(table, set(told_of.sizes), min_cell, "there would be a group of")
    curves = _read(given, min_cell)
    few = str(Hidden(min_cell, "it would rest on"))
    rows = []
    for _, row in kept.result.iterrows():
        _, days = curves.get(str(row["group"]), (None, []))
        told = row.to_dict() | {"events": COMPLEMENT, "why": ""}
        told["at_risk"] = _coarse(pd.Series([row["at_risk"]]), min_cell)[0]
        if row["group"] not in told_of.known or given["landmark"]:
            told["n"] = COMPLEMENT
        if row["time"] not in days:
            # the last day of follow-up is one patient's own
            why = f"follow-up ends before day {row['time']:g}" if row["why"] else few
            told |= dict.fromkeys(ESTIMATES, math.nan) | {"why": why}
        rows.append(told)
    return replace(kept, result=pd.DataFrame(rows))


def _landmark(after: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Refuse where few left before the landmark: totals before and after it would tell how few."""
    day = given["day"]
    if day != times.month_end(day):
        raise Refused("on a protected cohort a landmark is the end of a month: day 30, 61, 91, …")
    patients = given["patients"]
    left = patients[~patients.index.isin(after.index)]
    died = int(left[survival.endpoint_of(given["endpoint"]).event].sum())
    counts = [len(left), died, len(left) - died]
    counts += left["responder"].value_counts().tolist() if "responder" in left else []
    if any(small(count, min_cell) for count in counts):
        raise Hidden(min_cell, "before the landmark follow-up ended in")
    return after


# --- causes, transplants and courses ---


def _incidence_days(given: Given, min_cell: int) -> dict[str, list[float]]:
    """Choose the days on which a group's cumulative incidences may be read.

    They are among those of its relapse-free survival, as the two add up to one with it; since the
    day before, each cause has had enough events, or none.
    """
    by = given.get("by")
    told = shown(given["patients"], by, "cause", min_cell).counted
    data = competing.with_cause(given["patients"], *([by] if by else []))
    found = {}
    for group, (_, days) in _read({**given, "endpoint": "rfs"}, min_cell).items():
        members = data if by is None else data[data[by].astype(str) == group]
        chosen = [0.0]
        for day in days:
            if day == times.ONE_YEAR:  # where it can be told, it is
                while len(chosen) > 1 and not _has_enough(members, chosen[-1], day, min_cell):
                    chosen.pop()
            if _has_enough(members, chosen[-1], day, min_cell):
                chosen.append(day)
        if group in told and chosen[1:]:
            found[group] = chosen[1:]
    return found


def _has_enough(members: pd.DataFrame, after: float, until: float, min_cell: int) -> bool:
    """Tell whether each cause has enough events between two days, or none."""
    inside = (members["time"] > after) & (members["time"] <= until)
    if after == 0:
        inside |= members["time"] == 0
    counts = members.loc[inside, "cause"].value_counts().drop("", errors="ignore")
    return not any(small(count, min_cell) for count in counts)


def _incidence(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Give cumulative incidences where they may be read, and nothing in between."""
    days = _incidence_days(given, min_cell)
    kept = _without(table, set(days), min_cell, "a curve would show events of")
    read = [
        times.read_at(curve, days[str(group)], min_cell, start=0.0).assign(cause=cause)
        for (group, cause), curve in kept.result.groupby(["group", "cause"], sort=False)
    ]
    return replace(kept, result=pd.concat(read, ignore_index=True))


def _incidence_at(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Tell cumulative incidences on the days on which the curves may be read, without counts."""
    days = _incidence_days(given, min_cell)
    kept = _without(table, set(days), min_cell, "it would rest on")
    few = str(Hidden(min_cell, "it would rest on"))
    rows = []
    for _, row in kept.result.iterrows():
        told = row.to_dict() | dict.fromkeys(("n", "events", "at_risk"), COMPLEMENT)
        if row["time"] not in days[str(row["group"])]:
            told |= dict.fromkeys(ESTIMATES, math.nan) | {"why": few}
        rows.append(told)
    return replace(kept, result=pd.DataFrame(rows))


def _by_cause(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Show tests and models of causes only if the counts of all groups may be told by cause."""
    patients = given["patients"]
    columns = given.get("covariates") or [given["by"]]
    data = competing.with_cause(patients, *columns)
    for name in columns:
        by = None if pd.api.types.is_numeric_dtype(data[name]) else name
        if not _all_counted(given, by, "cause", min_cell):
            raise Hidden(min_cell, "the estimate rests on a cell of")
        for _, members in response.groups(data, by):
            if any(small(count, min_cell) for count in members["cause"].value_counts()):
                raise Hidden(min_cell, "the estimate rests on a cell of")
    return table.assign(n=COMPLEMENT, events=COMPLEMENT)


def _remission_day(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Tell the day by the week, without how many relapsed."""
    if table["n"].iloc[0] < min_cell:
        raise Hidden(min_cell, "it would rest on")
    return table.assign(estimate=(table["estimate"] / 7).round() * 7, n=COMPLEMENT)


def _transplant(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Tell hazard ratios only if few are in no cell: with and without, at and before the landmark.

    Models of different patients beside one another tell of those in whom they differ.
    """
    day = given["landmark_day"]
    if day != times.month_end(day):
        raise Refused("on a protected cohort a landmark is the end of a month: day 30, 61, 91, …")
    whole = transplant.one_row_each(transplant.in_remission(given["patients"]))
    ever, event = whole["day"].notna(), whole["rfs_event"] == 1
    early, gone = whole["day"] <= day, whole["rfs_days"] <= day
    cells = [ever, ever & event, ~ever & event, ever & ~event, ~ever & ~event]
    cells += [c & side for c in (event, ~event) for side in (gone, ~gone & early, ~gone & ~early)]
    cells += [gone & ever, gone & ~ever, ever & ~early & ~gone]
    if any(small(int(cell.sum()), min_cell) for cell in cells):
        raise Hidden(min_cell, "the comparison rests on a cell of")
    return table.assign(**dict.fromkeys(("n", "events", "transplanted"), COMPLEMENT))


def _courses(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    raise Refused(
        "the courses of patients through several states are not shown of a protected cohort, as "
        "each would tell of few; for use in the house, publish with --min-cell 1"
    )


# --- grades ---


def _grades(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Hide the grades of few patients, scale by scale."""
    hide: list[bool] = []
    for _, scale in table.groupby("group", sort=False):
        hide += hidden_cells(scale["events"].tolist(), min_cell)
    kept = table[[not h for h in hide]].reset_index(drop=True)
    if not (kept["events"] > 0).any():
        raise Hidden(min_cell, "every grade was seen in")
    gone = table[hide]
    return Told(kept, tuple(f"{row['group']} grade {row['grade']}" for _, row in gone.iterrows()))


def _severe(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Show a share of severe grades only if it gives no hidden grade away."""
    keep = [row["grade"] in _told_from(row["cells"], min_cell) for _, row in table.iterrows()]
    if not any(keep):
        raise Hidden(min_cell, "it would show a count of")
    gone = table.loc[[not k for k in keep], "group"]
    return Told(table[keep].reset_index(drop=True), tuple(gone))


def _told_from(cells: Sequence[int], min_cell: int) -> list[int]:
    """Give the grades from which patients may be counted, beside the grades that are shown.

    Two such counts tell the patients in between; so none is told that would leave few hidden ones
    between it and those before it, in one order whatever is asked.
    """
    hidden = [c if h else 0 for c, h in zip(cells, hidden_cells(cells, min_cell), strict=True)]
    told: list[int] = [0]
    for grade in (3, 1, 4, 2, 5):
        cuts = sorted([*told, grade, len(cells)])
        parts = [sum(hidden[start:end]) for start, end in pairwise(cuts)]
        if not any(small(count, min_cell) for count in parts):
            told.append(grade)
    return told


# --- models, descriptions and claims -----------------------------------------------------------


def _log_rank(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide a test of a small group, whose p can tell who is in it, and totals that are small."""
    data = survival.with_endpoint(given["patients"], given["endpoint"], given["by"])
    if any(small(count, min_cell) for count in data[given["by"]].value_counts()):
        raise Hidden(min_cell, "there would be a group of")
    if given["landmark"] or not _all_counted(given, given["by"], given["endpoint"], min_cell):
        return table.assign(n=COMPLEMENT, events=COMPLEMENT)
    return table


def _model(model: cox.CoxModel, min_cell: int, given: Given) -> cox.CoxModel:
    """Show a model only if the counts of all groups in it may be told.

    The standard error of a log hazard ratio is close to the root of 1/events + 1/events of the two
    groups, so that an interval tells how many events a group had.
    """
    _refuse_few_in_cells(min_cell, given)
    if not given["landmark"]:
        return model
    return replace(model, terms=model.terms.assign(n=COMPLEMENT, events=COMPLEMENT))


def _tests(tests: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Show tests of a model where the model itself may be shown."""
    _refuse_few_in_cells(min_cell, given)
    return tests


def _profile(found: profile.Profile, min_cell: int, given: Given) -> profile.Profile:
    """Tell a likelihood only if every combination of its groups may be told.

    Its slopes towards either end are the numbers of events in each combination, and what lies
    between tells how many were at risk at each event.
    """
    _refuse_few_in_cells(min_cell, given)
    names = [*given["covariates"]]
    data = survival.with_endpoint(given["patients"], given["endpoint"], *names)
    for _, members in data.groupby(names, observed=True):
        _refuse_few(members["event"], min_cell)
    return found


def _refuse_few_in_cells(min_cell: int, given: Given) -> None:
    data = survival.with_endpoint(given["patients"], given["endpoint"], *given["covariates"])
    _refuse_cells(data, given["endpoint"], min_cell, given)


def _refuse_cells(data: pd.DataFrame, outcome: str, min_cell: int, given: Given) -> None:
    for name in given["covariates"]:
        by = None if pd.api.types.is_numeric_dtype(data[name]) else name
        if not _all_counted(given, by, outcome, min_cell):
            raise Hidden(min_cell, "the estimate rests on a cell of")
        for _, members in response.groups(data, by):
            _refuse_few(members["event"], min_cell)


def _residuals(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Show none: each is the day of one patient's event, and the line is made of them."""
    raise Refused("each point of this picture is the day on which a patient had the event")


def _odds(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Show a logistic model of remission only if the counts of all groups in it may be told."""
    if given["outcome"] != "responder":
        raise Refused("of a protected cohort, odds of remission are told only")
    data = given["patients"][["responder", *given["covariates"]]].dropna()
    data = data.assign(event=data["responder"] == "yes")
    _refuse_cells(data, "response", min_cell, given)
    return table


def _restricted_mean(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Give an area up to a day on which every group's curve may be read, to a tenth of a month."""
    _refuse_unreadable(table, given["until"], min_cell, given)
    tenth = times.MONTH / 10
    is_ratio = table["measure"] == "ratio"
    told = {
        c: (table[c] / tenth).round().mul(tenth).where(~is_ratio, table[c].round(2))
        for c in ESTIMATES
    }
    return table.assign(**told, n=COMPLEMENT, events=COMPLEMENT)


def _milestone(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Give a difference on a day on which every group's curve may be read, to two digits."""
    _refuse_unreadable(table, given["day"], min_cell, given)
    told = {c: table[c].astype(float).round(2) for c in ESTIMATES}
    return table.assign(**told, n=COMPLEMENT, events=COMPLEMENT)


def _refuse_unreadable(table: pd.DataFrame, day: float, min_cell: int, given: Given) -> None:
    """Refuse a day that is no day of every group's curve: which it is may be one patient's own."""
    curves = _read(given, min_cell)
    groups = [g for g, _ in response.groups(given["patients"], given["by"])]
    counted = shown(given["patients"], given["by"], given["endpoint"], min_cell).counted
    if any(str(g) not in curves or day not in curves[str(g)][1] for g in groups):
        raise Hidden(min_cell, f"to day {day:g} a curve would rest on")
    if not counted >= set(groups):
        raise Hidden(min_cell, "the estimate rests on a cell of")


def _refuse_few(event: pd.Series, min_cell: int) -> None:
    counts = (len(event), int(event.sum()), len(event) - int(event.sum()))
    if any(small(c, min_cell) for c in counts):
        raise Hidden(min_cell, "the estimate rests on a cell of")


def _cutoffs(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Leave cut-offs out that divide off few patients; neighbours differ by few, so hide counts."""
    if given["column"] != "treg_pct":
        raise Refused("cut-offs of a protected cohort are looked at for Tregs only")
    data = survival.with_endpoint(given["patients"], given["endpoint"], given["column"])
    keep = []
    for value in table["cutoff"]:
        above = data[given["column"]] > value
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


def _of_tregs(given: Given) -> pd.DataFrame:
    """Give the patients of whom Tregs and the endpoint are known; those of a landmark never."""
    if given["column"] != "treg_pct" or given["landmark"]:
        raise Refused("a measurement of a protected cohort is looked at for Tregs only")
    return survival.with_endpoint(given["patients"], given["endpoint"], given["column"])


def _search(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Tell the best cut-off, which is a patient's own value, to half a point and without counts."""
    data = _of_tregs(given)
    if given["searched"] != cutoff.SEARCHED:  # another range would tell of those in between
        raise Refused("cut-offs of a protected cohort are looked for in the usual range")
    best = float(table["cutoff"].iloc[0])
    for side in (data["treg_pct"] > best, data["treg_pct"] <= best):
        _refuse_few(data.loc[side, "event"], min_cell)
    counts = dict.fromkeys(("n", "events", "cutoffs"), COMPLEMENT)
    return table.assign(cutoff=round(2 * best) / 2, **counts)


def _spline(found: spline.Spline, min_cell: int, given: Given) -> spline.Spline:
    """Draw a curve only where enough patients lie on either side; knots are patients' own."""
    data = _of_tregs(given)
    if given["knots"] or given["at"]:
        raise Refused("a curve of a protected cohort has the usual knots")
    if not _all_counted(given, None, given["endpoint"], min_cell):
        raise Hidden(min_cell, "the estimate rests on a cell of")
    _refuse_few(data["event"], min_cell)
    enough = [
        min((data["treg_pct"] < v).sum(), (data["treg_pct"] > v).sum()) >= min_cell
        for v in found.curve["value"]
    ]
    if sum(enough) < 2:
        raise Hidden(min_cell, "at either end of the curve there would be")
    return replace(found, curve=found.curve[enough].reset_index(drop=True), knots=())


def _roc(found: roc.Roc, min_cell: int, given: Given) -> roc.Roc:
    """Tell the area alone: each step of the curve is one patient's."""
    _of_tregs(given)
    if given["day"] != ONE_YEAR:
        raise Refused("a ROC curve of a protected cohort is that of one year")
    counts = found.area[["cases", "controls"]].iloc[0]
    told = _all_counted(given, None, given["endpoint"], min_cell)
    if not told or any(small(count, min_cell) for count in counts):
        raise Hidden(min_cell, "the estimate rests on a cell of")
    hidden = dict.fromkeys(("n", "cases", "controls", "censored"), COMPLEMENT)
    return roc.Roc(found.area.drop(columns="error").assign(**hidden), found.curve.iloc[:0])


def _effects(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """Leave out a column if some of its subgroups hold few of either group, or few events."""
    patients, end, exposure = given["patients"], given["endpoint"], given["exposure"]
    if given["landmark"] or pd.api.types.is_numeric_dtype(patients[exposure]):
        raise Refused("subgroups of a protected cohort are compared by groups, and from the start")
    whole = survival.with_endpoint(patients, end, exposure)
    if not _all_counted(given, exposure, end, min_cell):
        raise Hidden(min_cell, "the estimate rests on a cell of")
    for _, members in response.groups(whole, exposure):
        _refuse_few(members["event"], min_cell)
    gone = []
    for column in filter(None, table["subgroup"].unique()):
        cells = survival.with_endpoint(patients, end, exposure, column)
        counts = cells.groupby([exposure, column], observed=True)["event"].agg(["size", "sum"])
        numbers = [*counts["size"], *counts["sum"], *(counts["size"] - counts["sum"])]
        few = any(small(n, min_cell) for n in numbers)
        if few or not _all_counted(given, column, end, min_cell):
            gone.append(column)
    kept = table[~table["subgroup"].isin(gone)].reset_index(drop=True)
    if not kept["subgroup"].any():
        raise Hidden(min_cell, "every comparison within groups rests on a cell of")
    # those of whom both columns are known differ by few from those of whom one is
    return Told(kept.assign(n=COMPLEMENT, events=COMPLEMENT), tuple(gone))


def _table_one(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Hide rare levels with their complements, and the extremes of measurements."""
    out = table.copy()
    for name, rows in table.groupby("column", sort=False):
        if rows["count"].isna().any():
            enough = (rows["n"] >= 2 * min_cell).all()
            out.loc[rows.index, "summary"] = rows["quartiles"] if enough else COMPLEMENT
            out.loc[rows.index, "method"] = "median (quartiles)"
            continue
        patients = given["patients"]
        sizes = shown(patients, str(name), "os", min_cell).sizes
        levels = [g for g, _ in response.groups(patients, str(name))]
        counts = iter(levels)
        for i, count in zip(rows.index, rows["count"], strict=True):
            if count and next(counts) not in sizes:
                out.at[i, "summary"] = COMPLEMENT
    return out.drop(columns="count")


def _flow(table: pd.DataFrame, min_cell: int, given: Given) -> Told:
    """End the flow before a step that few patients reach, or few leave at."""
    counts = table["n"].tolist()
    for i, count in enumerate(counts):
        left = counts[i - 1] - count if i and table["leave"].iloc[i] != flow.UNKNOWN else 0
        if small(count, min_cell) or small(left, min_cell):
            if i == 0:
                raise Hidden(min_cell, "the flow begins with")
            return Told(table.iloc[:i], tuple(table["step"].iloc[i:]))
    return Told(table)


def _histogram(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Widen the ranges until none holds few patients; they meet at the cohort's own cut-off.

    Other cut-offs, each with ranges of its own, would tell the measurements one by one.
    """
    patients, column, cutoff = given["patients"], given["column"], given["cutoff"]
    known = patients[patients[column].notna()]
    is_high = known[column] > cutoff
    if column != "treg_pct" or not (is_high == (known["treg_group"] == "high")).all():
        raise Refused("a histogram of a protected cohort meets at its cut-off for Tregs")
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
    """Keep each verdict, but hide numbers that would show small counts or a patient's day."""
    registry = load()
    if given["registry"].entries != registry.entries:  # any day could be asked about
        raise Refused("a protected cohort is judged by the paper's own claims")
    out = table.astype({"n": object, "events": object})
    numbers = list(replication.NUMBERS)
    for i, row in table.iterrows():
        coarse = 5 * round(20 * row["completeness"]) / 100 if row["completeness"] >= 0 else math.nan
        out.loc[i, ["followed", "completeness"]] = [math.nan, coarse]
        if not row["unit"]:  # no number
            out.loc[i, numbers] = math.nan
            if not row["lacks"]:
                out.at[i, "why"] = UNSAID
            continue
        counts = [c for c in (row["n"], row["events"], row["smallest"]) if not pd.isna(c)]
        few = any(small(c, min_cell) for c in counts)
        entry = registry[row["id"]]
        if not few and _is_told(entry, given, min_cell):
            if entry.how == "survival":  # the chapters do not tell them either
                out.at[i, "events"] = COMPLEMENT
            continue
        out.loc[i, ["n", "events"]] = COMPLEMENT
        out.loc[i, numbers] = math.nan
        out.at[i, "why"] = f"numbers hidden: {Hidden(min_cell, 'they would tell of')}"
        out.loc[i, ["side", "survives"]] = ""
        is_judged = row["verdict"] != Verdict.NOT_INTERPRETABLE
        if is_judged and entry.how == "counted" and _gives_back(entry, row, given, min_cell):
            out.at[i, "verdict"] = Verdict.NOT_ASSESSED
        elif row["verdict"] in (Verdict.EXACT, Verdict.CONSISTENT):  # would give the number back
            out.at[i, "verdict"] = Verdict.WEAK
    return out.drop(columns="smallest")


def _gives_back(entry: Entry, row: pd.Series, given: Given, min_cell: int) -> bool:
    """Tell whether a verdict, or its absence, would be that of one hidden count alone."""
    n, events = int(row["n"]), int(row["events"])
    counts = [x for x in range(n + 1) if small(x, min_cell) or small(n - x, min_cell)]
    if events not in counts:  # it is hidden for the sake of another
        counts = list(range(n + 1))
    counts = [x for x in counts if (2 * x > n) == (2 * events > n)]
    paper, size = in_paper(entry, given["registry"])
    differs = [consistency.p_value(x / n, n, paper, size) < 1 - given["confidence"] for x in counts]
    return 1 in (differs.count(True), differs.count(False))


def _expected(table: pd.DataFrame, min_cell: int, given: Given) -> pd.DataFrame:
    """Tell a ratio of events to one decimal, without the events or the time behind it."""
    registry = load()
    if given["registry"].entries != registry.entries:  # any day could be asked about
        raise Refused("a protected cohort is compared with the paper's own values")
    out = table.assign(n=COMPLEMENT, observed=COMPLEMENT, expected=COMPLEMENT)
    ratios = ["estimate", "lower", "upper", "wide_lower", "wide_upper"]
    out[ratios] = out[ratios].round(1)
    for i, row in table.iterrows():
        if row["why"]:
            if survival.endpoint_of(row["endpoint"]).days in given["patients"]:
                out.at[i, "why"] = UNSAID
            continue
        few = any(small(c, min_cell) for c in (row["observed"], row["n"] - row["observed"]))
        if few or not _is_told(registry[row["id"]], given, min_cell):
            out.loc[i, ratios] = math.nan
            out.at[i, "why"] = str(Hidden(min_cell, "it would tell of"))
    return out


def _is_told(entry: Entry, given: Given, min_cell: int) -> bool:
    """Tell whether the numbers behind a claim stand elsewhere in the book, or could."""
    patients, about = given["patients"], entry.details
    if entry.kind == "direction":
        columns = entry.covariates
        return all(_all_counted(given, c, about["endpoint"], min_cell) for c in columns)
    if entry.how == "ordering":
        return _all_counted(given, about["exposure"], "response", min_cell)
    if entry.how == "counted":
        return _is_count_told(about, patients, min_cell)
    if entry.how == "survival":
        read = _read(
            {"patients": patients, "endpoint": about["endpoint"], "landmark": 0.0}, min_cell
        )
        return any(day_of(entry) in days for _, days in read.values())
    return False  # survival on the day of the paper's median, or what is shown nowhere else


def _is_count_told(about: Mapping[str, Any], patients: pd.DataFrame, min_cell: int) -> bool:
    """Ask the function by which the chapters tell a count."""
    column = about["column"]
    if column == "responder":
        told = shown(patients, about.get("by"), "response", min_cell).counted
        return about.get("group", response.ALL) in told
    try:
        if about.get("or_higher"):
            protect(safety.at_least, min_cell, patients, column, about["level"])
        elif column in safety.SCALES:
            grades = protect(safety.by_grade, min_cell, patients, column).result
            return about["level"] in grades["grade"].tolist()
        else:
            protect(response.share, min_cell, patients, column)
    except (Hidden, Refused):
        return False
    return True


Rule = Callable[[Any, int, Given], Any]

RULES: dict[Callable[..., Any], Rule] = {
    survival.kaplan_meier: _curves,
    survival.at_risk_table: _at_risk,
    survival.median: _medians,
    survival.follow_up: _follow_up,
    survival.survival_at: _survival_at,
    survival.landmark: _landmark,
    survival.log_rank: _log_rank,
    permutation.compare: _log_rank,
    profile.profile: _profile,
    response.remission: _proportions,
    response.share: _share,
    response.association: _association,
    safety.by_grade: _grades,
    safety.all_scales: _grades,
    safety.at_least: _severe,
    safety.severe: _severe,
    baseline.table_one: _table_one,
    flow.steps: _flow,
    baseline.histogram: _histogram,
    cox.cox: _model,
    cox.scan_cutoffs: _cutoffs,
    cox.proportional_hazards: _tests,
    cox.changing_coefficients: _residuals,
    firth.hazard_ratios: _model,
    firth.likelihood_ratio: _model,
    firth.penalised_cox: _model,
    firth.odds_ratios: _odds,
    absolute.restricted_mean: _restricted_mean,
    absolute.milestone: _milestone,
    cutoff.search: _search,
    spline.spline: _spline,
    roc.roc: _roc,
    subgroups.effects: _effects,
    replication.claims: _claims,
    expected.against: _expected,
    competing.cumulative_incidence: _incidence,
    competing.incidence_at: _incidence_at,
    competing.gray: _by_cause,
    competing.hazards: _by_cause,
    transitions.remission_day: _remission_day,
    transitions.occupancy: _courses,
    transitions.occupancy_at: _courses,
    transitions.swimmers: _courses,
    transplant.effects: _transplant,
}
"""How the results of each function that counts a cohort's patients are protected."""

UNCHANGED = frozenset({baseline.size, treg_cutoff_of})
"""Functions that need no rule: the cohort's size (never below the threshold) and the cut-off (a
median)."""
