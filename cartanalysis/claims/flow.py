"""The flow of patients through the trial, or through a cohort."""

from __future__ import annotations

import pandas as pd

from cartanalysis.claims.registry import Registry
from cartanalysis.contract import require
from cartanalysis.text import each_row

UNKNOWN = "response unknown"
"""Why patients leave the flow who are not counted by their response."""


def steps(patients: pd.DataFrame, registry: Registry, is_reconstruction: bool) -> pd.DataFrame:
    """Count patients from step to step.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table with ``responder``.
    registry : Registry
        Its counts that name a step are the study's own flow.
    is_reconstruction : bool
        Whether the cohort stands for the study's patients; the steps before infusion are the
        study's own and are left out for any other cohort.

    Returns
    -------
    pandas.DataFrame
        One row per step: step, n, evidence, leave (why the others left).

    Raises
    ------
    MissingColumns
        If the response is not there.
    """
    require(patients, "responder")
    rows = []
    if is_reconstruction:
        for entry in registry.entries.values():
            if "step" in entry.details:
                step, leave = entry.details["step"], entry.details.get("leave", "")
                rows.append((step, int(entry.value), entry.evidence, leave))
    else:
        known = patients["responder"].notna()
        rows.append(("in the cohort file", len(patients), "", ""))
        if not known.all():
            rows.append(("response known", int(known.sum()), "", UNKNOWN))
        responders = int((patients["responder"] == "yes").sum())
        rows.append(("in remission", responders, "", "no remission"))
    return pd.DataFrame(rows, columns=["step", "n", "evidence", "leave"])


def describe(table: pd.DataFrame) -> str:
    """Put the flow into a sentence, for who cannot see the picture.

    Parameters
    ----------
    table : pandas.DataFrame
        From `steps`.

    Returns
    -------
    str
        A sentence.
    """
    return "Flow of patients: " + ", ".join(f"{r.step} {r.n}" for r in each_row(table)) + "."
