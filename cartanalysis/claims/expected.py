"""Events observed in one cohort against those expected from the published survival at one year.

As transplant registries report their centres: every patient adds to the expected number for as long
as he or she was followed in the first year, so that censoring needs no further assumption but that
it tells nothing of the patient.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import ONE_YEAR, day_of, in_paper, short_name
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import exact, survival
from cartanalysis.text import each_row, format_value

METHOD = (
    "one-sample log-rank, constant hazard [A] to the published survival; mid-p Poisson interval"
)

EVENTS = {"os": "deaths", "rfs": "relapses or deaths"}
"""What is counted of each endpoint."""

COLUMNS = [
    "id", "endpoint", "n", "observed", "expected", "estimate", "lower", "upper", "wide_lower",
    "wide_upper", "method", "why",
]  # fmt: skip


def against(patients: pd.DataFrame, registry: Registry, confidence: float = 0.95) -> pd.DataFrame:
    """Compare the events of the first year with those expected of the same follow-up.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    registry : Registry
        The published values.
    confidence : float
        Coverage.

    Returns
    -------
    pandas.DataFrame
        One row per published survival at one year whose columns are there: id, endpoint, n,
        observed (events by then), expected, estimate (their ratio), lower, upper (mid-p, the
        published value taken as exact), wide_lower, wide_upper (exact, with the paper's own
        sampling error), method.

    Raises
    ------
    MissingColumns, CannotCompute
        If there is no endpoint to count.

    References
    ----------
    .. [1] Breslow NE. Int Stat Rev 43, 45–57 (1975).
    .. [2] Dickinson DM, Shearon TH, O'Keefe J, et al. Am J Transplant 6, 1198–1211 (2006).
    """
    rows: list[dict[str, Any]] = []
    missing: list[CannotCompute] = []
    for entry in registry.claims:
        if entry.how != "survival" or day_of(entry) != ONE_YEAR:
            continue
        endpoint = entry.details["endpoint"]
        try:
            data = survival.with_endpoint(patients, endpoint)
        except CannotCompute as error:
            missing.append(error)
            rows.append({"id": entry.id, "endpoint": endpoint, "why": str(error)})
            continue
        day = survival.observed_time(data["time"], ONE_YEAR)
        observed = int((data["event"] & (data["time"] <= day)).sum())
        old, old_size = in_paper(entry, registry)
        expected = -math.log(old) / ONE_YEAR * float(data["time"].clip(upper=ONE_YEAR).sum())
        about = {"id": entry.id, "endpoint": endpoint, "n": len(data)}
        rows.append(about | compared(observed, expected, old, old_size, confidence))
    if len(missing) == len(rows):
        raise next((e for e in missing if not isinstance(e, MissingColumns)), missing[0])
    return pd.DataFrame(rows, columns=COLUMNS)


def compared(
    observed: int, expected: float, old: float, old_size: float, confidence: float = 0.95
) -> dict[str, Any]:
    """Compare one count with what is expected.

    Parameters
    ----------
    observed : int
        Events.
    expected : float
        Events expected.
    old : float
        The published survival, as a fraction.
    old_size : float
        Patients it is of; without censoring before that day, which is not published.
    confidence : float
        Coverage.

    Returns
    -------
    dict
        Columns observed to method, see `against`.
    """
    lower, upper = (mean / expected for mean in exact.poisson_interval(observed, confidence))
    # the events that would give the published cumulative hazard its standard error (Greenwood)
    behind = old_size * old * math.log(old) ** 2 / (1 - old)
    wide = exact.poisson_ratio(observed, expected, behind, confidence)
    return {
        "observed": observed,
        "expected": expected,
        "estimate": observed / expected,
        "lower": lower,
        "upper": upper,
        "wide_lower": wide[0],
        "wide_upper": wide[1],
        "method": METHOD,
        "why": "",
    }


def as_text(table: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Write the comparison for readers.

    Parameters
    ----------
    table : pandas.DataFrame
        From `against`.
    registry : Registry
        The published values.

    Returns
    -------
    pandas.DataFrame
        One row per endpoint: what, published, observed, expected, ratio, wide, says.
    """
    return pd.DataFrame([_told(row, registry[row.id]) for row in each_row(table)])


def _told(row: Any, entry: Entry) -> dict[str, str]:
    """Write one endpoint; of one without an answer, what is published and why."""
    endpoint = {
        "what": f"{short_name(entry)}: {EVENTS[row.endpoint]}",
        "published": entry.printed,
    }
    if row.why:
        unknown = dict.fromkeys(("observed", "expected", "ratio", "wide"), "–")
        return endpoint | unknown | {"says": f"not available: {row.why}".replace("`", "")}
    return endpoint | {
        "observed": row.observed if isinstance(row.observed, str) else f"{row.observed:.0f}",
        "expected": row.expected if isinstance(row.expected, str) else f"{row.expected:.1f}",
        "ratio": f"{format_value(row.estimate, 'ratio')} ({_ends(row.lower, row.upper)})",
        "wide": _ends(row.wide_lower, row.wide_upper),
        "says": _says(row),
    }


def _ends(lower: float, upper: float) -> str:
    return f"{format_value(lower, 'ratio')} to {format_value(upper, 'ratio')}"


def _says(row: Any) -> str:
    """Say whether there were more or fewer, beyond what chance in both studies explains."""
    if row.wide_lower > 1:
        return "more than expected"
    if row.wide_upper < 1:
        return "fewer than expected"
    if row.lower > 1 or row.upper < 1:
        return "within the chance of both studies, though not of this cohort alone"
    return "within chance"
