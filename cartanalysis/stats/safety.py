"""Adverse events by highest grade."""

from __future__ import annotations

import pandas as pd

from cartanalysis.contract import FIELDS, require
from cartanalysis.stats.exact import binomial_interval
from cartanalysis.stats.response import INTERVAL
from cartanalysis.text import each_row

SEVERE = 3
"""An event of this grade or a higher one is severe."""

SCALES = {
    "ae_grade_max": "any adverse event (CTCAE)",
    "crs_grade": "CRS (ASTCT)",
    "icans_grade": "ICANS (ASTCT)",
}


def by_grade(patients: pd.DataFrame, column: str, confidence: float = 0.95) -> pd.DataFrame:
    """Count patients by their highest grade.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    column : {"ae_grade_max", "crs_grade", "icans_grade"}
        Which events.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per grade 0–5: group (the scale's name), grade, n (with a known grade), events,
        estimate, lower, upper (fractions), method.

    Raises
    ------
    MissingColumns
        If nobody has a grade.
    """
    require(patients, column)
    grades = patients[column].dropna().astype(int)
    rows = []
    for grade in range(int(FIELDS[column].high) + 1):
        rows.append((SCALES[column], grade, *_proportion(grades == grade, confidence)))
    columns = ["group", "grade", "n", "events", "estimate", "lower", "upper", "method"]
    return pd.DataFrame(rows, columns=columns)


def all_scales(patients: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Count patients by highest grade on every scale that the cohort has.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        As from `by_grade`, one scale below the other.

    Raises
    ------
    MissingColumns
        If the cohort has none of them.
    """
    return pd.concat(
        [by_grade(patients, c, confidence) for c in _present(patients)], ignore_index=True
    )


def severe(patients: pd.DataFrame, grade: int, confidence: float = 0.95) -> pd.DataFrame:
    """Count severe events on every scale that the cohort has.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    grade : int
        Lowest grade that counts.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        As from `at_least`, one row per scale.

    Raises
    ------
    MissingColumns
        If the cohort has none of them.
    """
    rows = [at_least(patients, c, grade, confidence) for c in _present(patients)]
    return pd.concat(rows, ignore_index=True)


def describe(grades: pd.DataFrame) -> str:
    """Put counts by grade into a sentence, for who cannot see the picture.

    Parameters
    ----------
    grades : pandas.DataFrame
        From `all_scales`.

    Returns
    -------
    str
        A sentence.
    """
    parts = []
    for scale, part in grades.groupby("group", sort=False):
        counts = ", ".join(f"grade {r.grade}: {r.events}" for r in each_row(part) if r.events > 0)
        parts.append(f"{scale}: {counts}")
    return "Stacked bars of patients by highest grade. " + "; ".join(parts) + "."


def _present(patients: pd.DataFrame) -> list[str]:
    present = [c for c in SCALES if c in patients and patients[c].notna().any()]
    if not present:
        require(patients, *SCALES)
    return present


def at_least(
    patients: pd.DataFrame, column: str, grade: int, confidence: float = 0.95
) -> pd.DataFrame:
    """Count patients whose highest grade is at least a given one.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    column : {"ae_grade_max", "crs_grade", "icans_grade"}
        Which events.
    grade : int
        Lowest grade that counts, 0–5.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: group (the scale's name), grade, n, events, estimate, lower, upper, method, cells
        (patients by grade).

    Raises
    ------
    MissingColumns
        If nobody has a grade.
    ValueError
        If the grade does not exist.
    """
    require(patients, column)
    if not 0 <= grade <= FIELDS[column].high:
        raise ValueError(f"grade {grade} does not exist; give {FIELDS[column].allowed}")
    grades = patients[column].dropna()
    cells = tuple(int((grades == g).sum()) for g in range(int(FIELDS[column].high) + 1))
    row = (SCALES[column], grade, *_proportion(grades >= grade, confidence), cells)
    columns = ["group", "grade", "n", "events", "estimate", "lower", "upper", "method", "cells"]
    return pd.DataFrame([row], columns=columns)


def _proportion(chosen: pd.Series, confidence: float) -> tuple[int, int, float, float, float, str]:
    n, events = len(chosen), int(chosen.sum())
    lower, upper = binomial_interval(events, n, confidence)
    return n, events, events / n, lower, upper, INTERVAL
