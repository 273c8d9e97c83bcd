"""The flow of patients through the trial, or through a cohort."""

from __future__ import annotations

import pandas as pd

from cartanalysis.claims.registry import Registry
from cartanalysis.contract import require
from cartanalysis.text import each_row

STEPS = {
    "screened": ("screened", ""),
    "enrolled": ("enrolled", "not enrolled"),
    "infused": ("infused", "not infused"),
    "responders": ("in remission", "no remission"),
}
"""The trial's steps by the id of their count: name, and why the others left."""

UNKNOWN = "response unknown"
"""Why patients leave the flow who are not counted by their response."""


def steps(patients: pd.DataFrame, registry: Registry, is_reconstruction: bool) -> pd.DataFrame:
    """Count patients from step to step.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table with ``responder``.
    registry : Registry
        The published and derived counts.
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
        for key, (step, leave) in STEPS.items():
            rows.append((step, int(registry[key].value), registry[key].evidence, leave))
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
