"""Remission: proportions with exact intervals, and their comparison between groups."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from scipy import stats

from cartanalysis.contract import require
from cartanalysis.errors import CannotCompute
from cartanalysis.stats.exact import binomial_interval, fisher
from cartanalysis.text import each_row, format_value, in_order

INTERVAL = "exact binomial (Clopper–Pearson) interval"
ALL = "all patients"


def remission(
    patients: pd.DataFrame, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Give the remission rate (CR or CRi), overall or by group.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table with ``responder`` (see `cartanalysis.contract.derive`).
    by : str, optional
        Column that groups the patients.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per group: group, n (with known response), events (responders), estimate, lower,
        upper (fractions), method.

    Raises
    ------
    MissingColumns
        If the response or the grouping column is not there.
    """
    return share(patients, "responder", by, confidence)


def share(
    patients: pd.DataFrame, column: str, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Give the share of patients with the answer yes, overall or by group.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    column : str
        Column with the levels no and yes.
    by : str, optional
        Column that groups the patients.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per group: group, n (with a known answer), events (yes), estimate, lower, upper
        (fractions), method.

    Raises
    ------
    MissingColumns
        If the column or the grouping column is not there.
    """
    require(patients, column, *([by] if by else []))
    known = patients[patients[column].notna()]
    rows = []
    for group, members in groups(known, by):
        n, events = len(members), int((members[column] == "yes").sum())
        lower, upper = binomial_interval(events, n, confidence)
        rows.append((group, n, events, events / n, lower, upper, INTERVAL))
    columns = ["group", "n", "events", "estimate", "lower", "upper", "method"]
    return pd.DataFrame(rows, columns=columns)


def describe(rates: pd.DataFrame, labels: Mapping[str, str] | None = None) -> str:
    """Put remission rates into a sentence, for who cannot see the picture.

    Parameters
    ----------
    rates : pandas.DataFrame
        From `remission`.
    labels : mapping of str to str, optional
        Names of the groups as shown.

    Returns
    -------
    str
        A sentence.
    """
    parts = [
        f"{(labels or {}).get(r.group, r.group)} {r.events} of {r.n} "
        f"({format_value(r.estimate, 'fraction')})"
        for r in each_row(rates)
    ]
    return "Bars of remission rates: " + "; ".join(parts) + "."


def association(
    patients: pd.DataFrame, by: str, outcome: str = "responder", confidence: float = 0.95
) -> pd.DataFrame:
    """Test whether an outcome differs between groups.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    by : str
        Column that groups the patients.
    outcome : str
        Column with the outcome's levels.
    confidence : float
        Coverage of the odds ratio's interval.

    Returns
    -------
    pandas.DataFrame
        One row: group (the comparison), n, estimate (odds ratio of the second outcome level in
        the second group; 2×2 only), lower, upper, p, method, smallest (non-empty cell).

    Raises
    ------
    MissingColumns
        If one of the columns is not there.
    CannotCompute
        If only one group or one outcome occurs.
    """
    require(patients, by, outcome)
    table = pd.crosstab(patients[by], patients[outcome])
    table = table.loc[[level for level in levels(patients[by]) if level in table.index]]
    names = [str(g) for g in table.index[table.sum(axis=1) > 0]]
    try:
        result = fisher(table.to_numpy(), confidence)
    except CannotCompute:
        if min(table.shape) < 2 or len(names) < 2 or (table.sum(axis=0) > 0).sum() < 2:
            raise
        # only reached with hundreds of patients in many groups, where the approximation is good
        p = float(stats.chi2_contingency(table.to_numpy(), correction=False)[1])
        estimate = lower = upper = None
        method = "Pearson's χ² test (too many arrangements for Fisher's exact test)"
    else:
        p, estimate, lower, upper = result.p, result.odds_ratio, result.lower, result.upper
        size = " × ".join(str(s) for s in (len(names), int((table.sum(axis=0) > 0).sum())))
        method = f"Fisher's exact test ({size}), two-sided"
    counts = table.to_numpy()
    smallest = int(counts[counts > 0].min())
    row = (" vs ".join(names), int(counts.sum()), estimate, lower, upper, p, method, smallest)
    columns = ["group", "n", "estimate", "lower", "upper", "p", "method", "smallest"]
    return pd.DataFrame([row], columns=columns)


def groups(patients: pd.DataFrame, by: str | None) -> list[tuple[str, pd.DataFrame]]:
    """Split patients by a column, in the order of its levels, leaving out empty groups.

    Parameters
    ----------
    patients : pandas.DataFrame
        A cohort's table.
    by : str, optional
        Grouping column; without it there is one group.

    Returns
    -------
    list of (str, pandas.DataFrame)
        Name and members of each group that has any.
    """
    if by is None:
        return [(ALL, patients)] if len(patients) else []
    return [(str(g), patients[patients[by] == g]) for g in levels(patients[by])]


def levels(column: pd.Series) -> list[object]:
    """Give a column's levels that occur, the reference level first.

    Parameters
    ----------
    column : pandas.Series
        Categorical (its order holds) or text (numbers by number, ordered words by order).

    Returns
    -------
    list
        The levels.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [level for level in column.cat.categories if (column == level).any()]
    named = {str(level): level for level in column.dropna().unique()}
    return [named[text] for text in in_order(named)]
