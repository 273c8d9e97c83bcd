"""Who the patients are: Table 1, and the flow through the trial."""

from __future__ import annotations

import math

import pandas as pd

from cartanalysis.contract import FIELDS, column_of
from cartanalysis.errors import CannotCompute
from cartanalysis.stats.response import levels
from cartanalysis.text import format_value

RANGES = 16
"""How many ranges a histogram has, about."""


LEVEL_NAMES = {
    ("emd", "none"): "no EMD",
    ("emd", "cns"): "isolated CNS",
    ("emd", "other"): "other than CNS",
}
"""Levels whose name in the file would not speak to a reader."""

CHARACTERISTICS = [
    "age_years",
    "sex",
    "arm",
    "emd",
    "treg_pct",
    "genetic_risk",
    "bm_blasts_pct",
    "prior_hsct",
]


def table_one(patients: pd.DataFrame) -> pd.DataFrame:
    """Summarise the patients' characteristics.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.

    Returns
    -------
    pandas.DataFrame
        One row per number or level: column, characteristic, level, n (known), missing, count
        (with the level), summary (median and range, or count and percentage of those known),
        quartiles (the same with quartiles in place of the range), method, group (the level as in
        the column; empty for a number).

    Raises
    ------
    CannotCompute
        If the cohort describes its patients in no column.
    """
    rows: list[tuple[object, ...]] = []
    for name in CHARACTERISTICS:
        if name not in patients or patients[name].isna().all():
            continue
        column, spec = patients[name], FIELDS[name]
        known = column.dropna()
        missing = int(column.isna().sum())
        name_of = spec.meaning.partition(":")[0].partition(",")[0]
        title = name_of[:1].upper() + name_of[1:]
        if spec.kind == "number":
            middle, low, high = known.median(), known.min(), known.max()
            q1, q3 = known.quantile([0.25, 0.75])
            texts = [f"{middle:.3g} ({a:.3g} to {b:.3g})" for a, b in ((low, high), (q1, q3))]
            head = (name, f"{title} ({spec.unit})", "")
            rows.append((*head, len(known), missing, math.nan, *texts, "median (range)", ""))
            continue
        for level in levels(column):
            count = int((known == level).sum())
            text = f"{count} ({format_value(count / len(known), 'fraction')})"
            key = (name, str(level))
            head = (name, title, LEVEL_NAMES.get(key, str(level)))
            row = (*head, len(known), missing, count, text, "", "n (% of known)", str(level))
            rows.append(row)
    if not rows:
        raise CannotCompute("this cohort has no column that describes its patients")
    header = ["column", "characteristic", "level", "n", "missing", "count", "summary", "quartiles"]
    return pd.DataFrame(rows, columns=[*header, "method", "group"])


def size(patients: pd.DataFrame) -> pd.DataFrame:
    """Count the patients.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.

    Returns
    -------
    pandas.DataFrame
        One row: group, n, method.
    """
    row = ("all patients", len(patients), "count")
    return pd.DataFrame([row], columns=["group", "n", "method"])


def histogram(patients: pd.DataFrame, column: str, cutoff: float) -> pd.DataFrame:
    """Count patients by ranges of a measurement, without mixing the two sides of a cut-off.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    column : str
        The measurement.
    cutoff : float
        Values above it are high.

    Returns
    -------
    pandas.DataFrame
        One row per range: group (low or high), lower (not included), upper (included), n.  The
        ranges have one width and meet at the cut-off if it lies among the values.

    Raises
    ------
    MissingColumns
        If nothing was measured.
    """
    values = column_of(patients, column).dropna()
    low, high = float(values.min()), float(values.max())
    width = _round_width((high - low) / RANGES) if high > low else 1.0
    start = cutoff - width * math.ceil((cutoff - low) / width + 1e-9)
    if not low <= cutoff <= high:
        start = width * math.floor(low / width - 1e-9)
    count = math.ceil((high - start) / width - 1e-9) or 1
    rows = []
    for i in range(count):
        lower, upper = start + i * width, start + (i + 1) * width
        inside = (values > lower + 1e-12) & (values <= upper + 1e-12)
        group = "high" if lower >= cutoff - 1e-9 else "low"
        rows.append((group, lower, upper, int(inside.sum())))
    return pd.DataFrame(rows, columns=["group", "lower", "upper", "n"])


def _round_width(width: float) -> float:
    """Give the next of 1, 2, 2.5, 5 and their multiples by ten: edges a reader can name."""
    magnitude = 10.0 ** math.floor(math.log10(width))
    fitting = [m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= width * (1 - 1e-9)]
    return fitting[0]
