"""A thousand cohorts that agree with everything known of the study, and how much they leave open.

Drawn evenly from all that agree (`cartanalysis.study.ensemble`) by ``scripts/draw_ensemble.py``.
Where the abstract leaves a quantity open, the book shows its range over these cohorts, not the one
value that the default cohort happens to have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib import resources

import pandas as pd

from cartanalysis.study.ensemble.abstract import name_of
from cartanalysis.study.published import DATA, load
from cartanalysis.text import each_row

COHORTS, EFFECTS = "ensemble.parquet", "ensemble-effects.parquet"
OUTCOMES = "ensemble-outcomes.csv"
SHARE = 0.95
"""Share of the cohorts that a range holds, the rest being left out evenly at both ends."""

FRACTIONS = ["os_2y", "rfs_2y", "remission_without_emd"]
"""What else is open and should be central in the default cohort."""

PROPORTIONAL = 0.05
"""Level of the test of proportional hazards that the most central cohort has to pass."""


@cache
def cohorts() -> pd.DataFrame:
    """Read the cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per cohort and patient: seed (number of the cohort, from 1), and the contract's
        columns.
    """
    with resources.as_file(DATA / COHORTS) as path:
        return pd.read_parquet(path)


@cache
def measured() -> pd.DataFrame:
    """Read what was found in the cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per cohort: seed; for each comparison (``hr_emd_os``, …; ``adjusted_emd_os``, …) the
        hazard ratio, its Wald interval (``_lower``, ``_upper``), ``_p`` (log-rank, by permutation
        where groups or events are few; of an adjusted one, of the likelihood-ratio test); of those
        that the paper reports on ``_ph_p`` (of proportional hazards) and ``_fragility`` (events
        that carry the significance); survival at two years (``os_2y``, ``rfs_2y``), remission
        without EMD and with isolated CNS disease, ``cns`` and ``high_risk_n`` (patients), and what
        was drawn for the whole cohort (``drawn_hr_emd``, …).
    """
    with resources.as_file(DATA / EFFECTS) as path:
        return pd.read_parquet(path)


def effects() -> pd.DataFrame:
    """Give how large the effects are in the cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per cohort and directional claim: seed, claim, estimate (hazard ratio), ph_p (of
        proportional hazards).
    """
    wide, parts = measured(), []
    for claim in load().claims:
        if claim.how in ("direction", "adjusted"):
            name = name_of(claim)
            of = {"estimate": wide[name], "ph_p": wide[f"{name}_ph_p"]}
            parts.append(pd.DataFrame({"seed": wide["seed"], "claim": claim.id} | of))
    return pd.concat(parts, ignore_index=True)


@cache
def outcomes() -> pd.DataFrame:
    """Read how often new cohorts would show what is claimed.

    Returns
    -------
    pandas.DataFrame
        As of `cartanalysis.study.ensemble.anew.outcomes`, for several sizes.
    """
    with (DATA / OUTCOMES).open(encoding="utf-8") as file:
        return pd.read_csv(file)


def ranges(effects: pd.DataFrame) -> pd.DataFrame:
    """Give the range of each effect over 95 % of the cohorts, and over half of them.

    Parameters
    ----------
    effects : pandas.DataFrame
        From `effects`.

    Returns
    -------
    pandas.DataFrame
        One row per claim: claim, n (cohorts), estimate (median hazard ratio), lower and upper
        (2.5 % of the cohorts lie below, and as many above), half_lower and half_upper (a quarter
        below, a quarter above), method.
    """
    by_claim = effects.groupby("claim", sort=False)["estimate"]
    table = by_claim.agg(n="size", estimate="median").reset_index()
    for start, share in (("", SHARE), ("half_", 0.5)):
        for end, below in (("lower", (1 - share) / 2), ("upper", (1 + share) / 2)):
            table[start + end] = by_claim.quantile(below).to_numpy()
    return table.assign(method="median and 95 % range over the consistent cohorts")


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


def most_central() -> int:
    """Name the cohort that lies nearest to the middle of all.

    Among the cohorts with proportional hazards in every model, it is the one whose largest
    distance from the median, in standard deviations, is smallest: of the log hazard ratios of the
    directional claims, of survival at two years, and of remission without EMD.

    Returns
    -------
    int
        Its seed.
    """
    logs = effects().pivot(index="seed", columns="claim", values="estimate").map(math.log)
    wide = pd.concat([logs, measured().set_index("seed")[FRACTIONS].astype(float)], axis=1)
    distance = ((wide - wide.median()) / wide.std()).abs().max(axis=1)
    proportional = effects().groupby("seed")["ph_p"].min() >= PROPORTIONAL
    return int(distance[proportional].idxmin())


def describe(ranges: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Put the ranges into a sentence, for who cannot see the picture.

    Parameters
    ----------
    ranges : pandas.DataFrame
        From `ranges`.
    labels : mapping of str to str
        Names of the claims as shown.

    Returns
    -------
    str
        A sentence.
    """
    parts = [f"{labels[r.claim]} {r.lower:.1f} to {r.upper:.1f}" for r in each_row(ranges)]
    return "Hazard ratios by claim, the range of 95 % of the cohorts: " + "; ".join(parts) + "."
