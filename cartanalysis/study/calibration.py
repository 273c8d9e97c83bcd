"""Whether the verdicts keep their promise: what ``scripts/calibration.py`` found by simulation.

A paper and a cohort are drawn from one and the same truth.  Values are compared by the score test
that gives every value its p, directions by the whole judge.  A prediction interval of 95 % should
then keep 95 % of the cohorts inside; a direction without any effect should be called supported, or
contradicted, in 2.5 % each.
"""

from __future__ import annotations

from importlib import resources

import pandas as pd

from cartanalysis.claims import verdicts
from cartanalysis.study.published import load
from cartanalysis.text import rounded

SIZES = (12, 47, 200, 1000)
"""Patients of the simulated cohorts."""

JUDGED_SIZES = (12, 25, 47, 100, 300)
"""Patients of the cohorts that were asked whether they could be judged."""

JUDGED = ("emd_os", "genetics_os", "emd_independent", "orr_emd_lowest")
"""One claim for each test, as in the calibration."""

EFFECTS = ("none", "moderate", "very large")

CONFIDENCE = 0.95
PROMISED_WRONG = verdicts.ALPHA / 2
"""Share of directions without any effect that a two-sided test puts on either side."""


def known() -> pd.DataFrame:
    """Read the committed result of the simulation, which takes an hour.

    Returns
    -------
    pandas.DataFrame
        One row per claim, follow_up (complete: nobody is censored; staggered: paper and cohort are
        both followed for as long as the accrual allows, evenly spread), size and outcome: judged
        (patients who enter), draws (that could be assessed), share (with that outcome), error
        (Monte Carlo standard error), promised.
    """
    path = resources.files("cartanalysis.study") / "data" / "calibration.csv"
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False)


def interpretable() -> pd.DataFrame:
    """Read how often simulated cohorts were not interpretable, or gave a false alarm.

    Returns
    -------
    pandas.DataFrame
        One row per what (a claim, or "expected": observed against expected deaths), true effect,
        size and outcome: draws, share (with that outcome), error (Monte Carlo standard error).
    """
    path = resources.files("cartanalysis.study") / "data" / "interpretable.csv"
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False)


def interpretable_as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Arrange how often cohorts were not interpretable for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        From `interpretable`.

    Returns
    -------
    pandas.DataFrame
        One row per claim and effect: what, and a text for each size: the share not interpretable,
        and in brackets the share in which the test would have supported the claim all the same.
    """
    registry, rows = load(), []
    for about, part in table[table["what"] != "expected"].groupby(["what", "effect"], sort=False):
        claim, effect = (str(word) for word in about)
        wide = part.pivot(index="size", columns="outcome", values="share")
        cells = zip(wide["not interpretable"], wide["though supported"], strict=True)
        texts = [f"{_percent(called)} ({_percent(lost)})" for called, lost in cells]
        sizes = map(str, wide.index)
        what = f"{verdicts.short_name(registry[claim])}: {effect}"
        rows.append({"what": what} | dict(zip(sizes, texts, strict=True)))
    return pd.DataFrame(rows)


def alarms_as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Arrange the false alarms of observed against expected deaths for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        From `interpretable`.

    Returns
    -------
    pandas.DataFrame
        One row per way to take the study: what, and a text for each size.
    """
    mine = table[table["what"] == "expected"]
    wide = mine.pivot(index="outcome", columns="size", values="share").map(_percent)
    in_order = wide.loc[mine["outcome"].unique()].rename(columns=str)
    return in_order.rename_axis(index="what", columns=None).reset_index()


def _percent(share: float) -> str:
    return f"{rounded(100 * share, 1, 0, 100)} %"


def as_text(table: pd.DataFrame, family: str) -> pd.DataFrame:
    """Arrange the shares of one family of claims for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        From `known`.
    family : {"value", "direction"}
        Which claims.

    Returns
    -------
    pandas.DataFrame
        One row per claim, follow-up and outcome: what, and a text for each size.
    """
    registry = load()
    rows = []
    for about, part in table.groupby(["claim", "follow_up", "outcome"], sort=False):
        claim, follow_up, outcome = (str(word) for word in about)
        if verdicts.FAMILIES[registry[claim].kind] != family:
            continue
        what = verdicts.short_name(registry[claim])
        if family == verdicts.DIRECTIONS:
            what = f"{what}: {outcome}"
        elif follow_up:
            what = f"{what}, {follow_up} follow-up"
        shares = {str(s): _percent(v) for s, v in zip(part["size"], part["share"], strict=True)}
        rows.append({"what": what} | shares)
    return pd.DataFrame(rows)
