"""Whether the ensemble samples what it claims: what the scripts ``ensemble_*.py`` found.

Tables, by name:

``validation``
    Abstracts of simulated cohorts, by ``scripts/ensemble_validation.py``.  One row per group of
    hidden cohorts and quantity: hidden (cohorts), out_of_reach (no ensemble was found), too_few
    (fewer than 20 draws), judged, in_50, in_80, in_95 (share of the truths within the central
    band), error_50, … (Monte Carlo standard error if the band holds what it promises), off (bands
    that hold more or fewer than promised by over two such errors), mean_rank (of the truth among
    the draws; 0.5 if neither too high nor too low), uniform_p (Kolmogorov and Smirnov's, of even
    ranks).
``public``
    Abstracts of real patients, by ``scripts/ensemble_public.py``.  One row per data set, factor and
    quantity (hr, hr_lower and hr_upper of a factor, survival_2 at twice the landmark): patients,
    events, landmark, significant (as its abstract says), truth, lower, middle and upper (2.5, 50
    and 97.5 % of the draws), inside (whether they hold the truth; empty with fewer than 20 draws),
    draws, ancestors; or does_not_fit, why a data set could not be used.
``priors``
    Other ranges of what is assumed, by ``scripts/ensemble_priors.py``.  One row per prior and
    quantity: range (instead of the assumed one), cohorts, effective (number), lower, middle and
    upper (2.5, 50 and 97.5 % of the cohorts), error (Monte Carlo standard error of the middle),
    distance (of the middle from that of the assumed ranges, by the errors of both).
``sampler``
    The islands of the unchanged prior, by the same script: cohorts, log10_share (of the prior that
    meets the conditions on ranks and days, estimated), ancestors (different first draws that are
    left), ancestors_left (of those cohorts that meet the conditions on days, too), tables
    (different counts of CNS disease and remission among them), moved (share of the steps taken),
    met (share of the points that meet the conditions on days).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.study.published import DATA


def table(name: str) -> pd.DataFrame:
    """Read what was found.

    Parameters
    ----------
    name : {"validation", "public", "priors", "sampler"}
        Which table.

    Returns
    -------
    pandas.DataFrame
        With the columns described above.
    """
    with (DATA / f"ensemble-{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype={"off": str})


def effective(values: pd.Series, lineage: pd.Series) -> float:
    """Estimate how many independent draws would know the mean as well.

    Cohorts that descend from one first draw are alike, so the variance of the mean is estimated
    from lineages (Lee and Whiteley, Biometrika 2018;105:609).

    Parameters
    ----------
    values : pandas.Series
        One quantity, by cohort.
    lineage : pandas.Series
        Island and ancestor of each.

    Returns
    -------
    float
        Effective number of cohorts, at most their number; NaN with fewer than two lineages.
    """
    known = values.notna()
    of, x = lineage[known], values[known] - values[known].mean()
    parts: npt.NDArray[np.float64] = x.groupby(of).sum().to_numpy()
    if len(parts) < 2 or not x.any():
        return float("nan")
    spread = (parts**2).sum() * len(parts) / (len(parts) - 1)
    return float(min(len(x), len(x) * (x**2).sum() / spread))
