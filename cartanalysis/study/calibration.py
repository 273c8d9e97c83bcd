"""Whether the verdicts keep their promise: what ``scripts/calibration.py`` found by simulation.

A paper and a cohort are drawn from known truths.  Values are compared by the score test that gives
every value its p, directions by the whole judge.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import pandas as pd

from cartanalysis.claims import verdicts
from cartanalysis.study.published import load
from cartanalysis.text import each_row, rounded

SIZES = (12, 47, 200, 1000)
"""Patients of the simulated cohorts."""

SAME, EDGE = "same truth", "truth on the edge of the margin"
NONE, MODERATE = "no effect", "moderate effect"
"""What values and directions are drawn from."""

CONFIDENCE = 0.95
PROMISED_WRONG = verdicts.ALPHA / 2
"""Share of directions without any effect that a two-sided test puts on either side."""


def known() -> pd.DataFrame:
    """Read the committed result of the simulation, which takes an hour.

    Returns
    -------
    pandas.DataFrame
        One row per claim, follow_up (complete: nobody is censored; staggered: paper and cohort are
        both followed for as long as the accrual allows, evenly spread; with hazards that are
        constant, fall or rise), truth (of a value: the same, or the cohort's on the edge of the
        margin; of a direction: no effect, or a moderate one), size and outcome (inside: the range
        predicted; consistent, supports, contradicts: the verdict; interval holds it: the true
        ratio); judged (patients who enter), draws (that could be assessed), share (with that
        outcome), error (Monte Carlo standard error), promised (NaN if nothing is; of support where
        there is an effect, the power printed).
    """
    path = resources.files("cartanalysis.study") / "data" / "calibration.csv"
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file).fillna({"follow_up": ""})


def as_text(table: pd.DataFrame, *outcomes: str, truth: str = "") -> pd.DataFrame:
    """Arrange shares for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        From `known`.
    *outcomes : str
        Which outcomes.
    truth : str
        Under which truth; any if empty.

    Returns
    -------
    pandas.DataFrame
        One row per claim, follow-up, truth and outcome: what, and a text for each size, the power
        promised in brackets.
    """
    registry = load()
    chosen = table[table["outcome"].isin(outcomes)]
    if truth:
        chosen = chosen[chosen["truth"] == truth]
    rows = []
    for about, part in chosen.groupby(["claim", "follow_up", "truth", "outcome"], sort=False):
        claim, follow_up, under, outcome = (str(word) for word in about)
        what = verdicts.short_name(registry[claim])
        if follow_up:
            followed, _, hazard = follow_up.partition(", ")
            what += f", {followed} follow-up" + (f", {hazard}" if hazard else "")
        told = ([] if truth else [under]) + ([outcome] if len(outcomes) > 1 else [])
        what = ": ".join([what, *filter(None, [", ".join(told)])])
        is_power = outcome == "supports" and under == MODERATE
        rows.append({"what": what} | {str(r.size): _share(r, is_power) for r in each_row(part)})
    return pd.DataFrame(rows)


def _share(row: Any, is_power: bool) -> str:
    share = f"{rounded(100 * row.share, 1, 0, 100)} %"
    return f"{share} ({rounded(100 * row.promised, 0, 0, 100)} %)" if is_power else share
