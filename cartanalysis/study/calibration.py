"""Whether the verdicts keep their promise: what ``scripts/calibration.py`` found by simulation.

A paper and a cohort are drawn from known truths.  Values are compared by the score test that gives
every value its p, directions by the whole judge.  Further cohorts were asked whether they could be
judged at all, and how often observed against expected deaths give a false alarm.
"""

from __future__ import annotations

import pandas as pd

from cartanalysis.claims import verdicts
from cartanalysis.study.published import DATA, load
from cartanalysis.text import rounded

SIZES, JUDGED_SIZES = (12, 47, 200, 1000), (12, 25, 47, 100, 300)
"""Patients of the simulated cohorts, and of those that were asked whether they could be judged."""

SAME, EDGE = "same truth", "truth on the edge of the margin"
NONE, MODERATE = "no effect", "moderate effect"
"""What values and directions are drawn from."""

EFFECTS = ("none", "moderate", "very large")
"""What directions are drawn from in cohorts that were asked whether they could be judged."""

DIRECTIONS = ("emd_os", "genetics_os", "emd_independent", "orr_emd_lowest")
"""One claim for each test: log-rank with few and with many exposed, likelihood ratio, Fisher."""

CONFIDENCE = 0.95
PROMISED_WRONG = verdicts.ALPHA / 2
"""Share of directions without any effect that a two-sided test puts on either side."""


def known(name: str = "calibration") -> pd.DataFrame:
    """Read a committed result of the simulations.

    Parameters
    ----------
    name : {"calibration", "interpretable"}
        What was asked: which verdicts are given, or how often none is.

    Returns
    -------
    pandas.DataFrame
        One row per claim, follow_up (complete: nobody is censored; staggered: paper and cohort are
        both followed for as long as the accrual allows, evenly spread; with hazards that are
        constant, fall or rise), truth (of a value: the same, or the cohort's on the edge of the
        margin; of a direction: no effect, a moderate, or a very large one), size and outcome
        (inside: the range predicted; consistent, supports, contradicts: the verdict; interval holds
        it: the true ratio; not interpretable; though supported: not interpretable, but the test
        would have supported the claim); judged (patients who enter), draws (that could be
        assessed), share (with that outcome), error (Monte Carlo standard error), promised (NaN if
        nothing is; of support where there is an effect, the power printed).  Rows without a claim
        are alarms of observed against expected deaths, by how the study is taken.
    """
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        found = pd.read_csv(file)
    return found.assign(follow_up=found.get("follow_up", "")).fillna({"claim": "", "follow_up": ""})


def as_text(table: pd.DataFrame, *outcomes: str, truth: str = "", beside: str = "") -> pd.DataFrame:
    """Arrange shares for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        From `known`.
    *outcomes : str
        Which outcomes.
    truth : str
        Under which truth; any if empty.
    beside : str
        Outcome whose share stands in brackets beside it; none if empty.

    Returns
    -------
    pandas.DataFrame
        One row per claim, follow-up, truth and outcome: what, and a text for each size, the power
        promised in brackets.
    """
    registry, keys = load(), ["claim", "follow_up", "truth"]
    chosen = table[table["outcome"].isin(outcomes)]
    others = table[table["outcome"] == beside].set_index([*keys, "size"])["share"].sort_index()
    if truth:
        chosen = chosen[chosen["truth"] == truth]
    rows = []
    for about, part in chosen.groupby([*keys, "outcome"], sort=False):
        claim, follow_up, under, outcome = (str(word) for word in about)
        what = verdicts.short_name(registry[claim]) if claim else ""
        if follow_up:
            followed, _, hazard = follow_up.partition(", ")
            what += f", {followed} follow-up" + (f", {hazard}" if hazard else "")
        told = ([] if truth else [under]) + ([outcome] if len(outcomes) > 1 else [])
        cells = part["share"].map(_percent)
        if outcome == "supports" and under == MODERATE:
            cells += [f" ({rounded(100 * power, 0, 0, 100)} %)" for power in part["promised"]]
        if beside:
            cells += [f" ({_percent(share)})" for share in others[claim, follow_up, under]]
        row = {"what": ": ".join(filter(None, [what, ", ".join(told)]))}
        rows.append(row | dict(zip(part["size"].map(str), cells, strict=True)))
    return pd.DataFrame(rows)


def _percent(share: float) -> str:
    return f"{rounded(100 * share, 1, 0, 100)} %"
