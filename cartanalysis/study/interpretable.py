"""How often a cohort is not interpretable: what ``scripts/interpretable.py`` found by simulation.

Also how often observed against expected deaths give a false alarm.
"""

from __future__ import annotations

from importlib import resources

import pandas as pd

from cartanalysis.claims import verdicts
from cartanalysis.study.published import load
from cartanalysis.text import rounded

JUDGED_SIZES = (12, 25, 47, 100, 300)
"""Patients of the cohorts that were asked whether they could be judged."""

JUDGED = ("emd_os", "genetics_os", "emd_independent", "orr_emd_lowest")
"""One claim for each test: log-rank with few and with many exposed, likelihood ratio, Fisher."""

EFFECTS = ("none", "moderate", "very large")


def known() -> pd.DataFrame:
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


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Arrange how often cohorts were not interpretable for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        From `known`.

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
        From `known`.

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
