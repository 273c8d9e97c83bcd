"""Forty cohorts that agree with everything known of the study, and how much they leave open.

Written by ``scripts/consistent_cohorts.py``.  Where the abstract leaves a quantity open, the book
shows its range over these cohorts, not the one value that the default cohort happens to have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import resources

import pandas as pd

from cartanalysis.text import each_row

COHORTS, EFFECTS = "consistent-cohorts.csv", "consistent-effects.csv"
PROPORTIONAL = 0.05
"""Level of the test of proportional hazards that the most central cohort has to pass."""


def cohorts() -> pd.DataFrame:
    """Read the cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per seed and patient: seed, and the contract's columns that survival rests on.
    """
    return _read(COHORTS)


def effects() -> pd.DataFrame:
    """Read how large the effects are in the cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per seed and directional claim: seed, claim, estimate (hazard ratio), p, ph_p (of
        proportional hazards).
    """
    return _read(EFFECTS)


def _read(name: str) -> pd.DataFrame:
    path = resources.files("cartanalysis.study") / "data" / name
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file)


def ranges(effects: pd.DataFrame) -> pd.DataFrame:
    """Give the range of each effect over the cohorts.

    Parameters
    ----------
    effects : pandas.DataFrame
        From `effects`.

    Returns
    -------
    pandas.DataFrame
        One row per claim: claim, n (cohorts), estimate (median hazard ratio), lower and upper
        (the smallest and the largest), method.
    """
    by_claim = effects.groupby("claim", sort=False)["estimate"]
    table = by_claim.agg(n="size", estimate="median", lower="min", upper="max").reset_index()
    return table.assign(method="median and range over the consistent cohorts")


def range_text(claim: str) -> str:
    """Say how large an effect may have been.

    Parameters
    ----------
    claim : str
        Id of a directional claim.

    Returns
    -------
    str
        The range of its hazard ratio over the cohorts, such as "between 2.5 and 13".
    """
    table = ranges(effects()).set_index("claim")
    low, high = (f"{table.loc[claim, bound]:.2g}" for bound in ("lower", "upper"))
    return f"between {low} and {high}"


def most_central(effects: pd.DataFrame) -> int:
    """Name the cohort whose effects lie nearest to the middle of all.

    Among the cohorts with proportional hazards in every model, it is the one whose largest
    distance from the median log hazard ratio, in standard deviations, is smallest.

    Parameters
    ----------
    effects : pandas.DataFrame
        From `effects`.

    Returns
    -------
    int
        Its seed.
    """
    logs = effects.pivot(index="seed", columns="claim", values="estimate").map(math.log)
    distance = ((logs - logs.median()) / logs.std()).abs().max(axis=1)
    proportional = effects.groupby("seed")["ph_p"].min() >= PROPORTIONAL
    return int(distance[proportional].idxmin())


def describe_effects(effects: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Put a set of consistent effects into a sentence, for who cannot see the picture.

    Parameters
    ----------
    effects : pandas.DataFrame
        From `effects`.
    labels : mapping of str to str
        Names of the claims as shown.

    Returns
    -------
    str
        A sentence.
    """
    span = effects.groupby("claim", sort=False)["estimate"].agg(["min", "max"])
    parts = [f"{labels[r.Index]} {r.min:.1f} to {r.max:.1f}" for r in each_row(span)]
    return "Dots of hazard ratios by claim, with their ranges: " + "; ".join(parts) + "."
