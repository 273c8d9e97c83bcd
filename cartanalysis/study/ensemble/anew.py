"""New cohorts of patients like those behind a drawn one, and what of the paper they would show.

What was drawn for the whole cohort (hazard ratios, shares, days) stays; patients are drawn anew.
Frequencies of EMD and of remission come from the cohort's counts with Jeffreys' prior, so that
what 47 patients leave open about them is in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.claims.registry import Registry
from cartanalysis.study.ensemble.abstract import LEVEL, name_of
from cartanalysis.study.ensemble.observed import Observed, written
from cartanalysis.study.ensemble.prior import MOST_TREGS, SPREAD_OF_TREGS, Courses, Disease

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SIZES = (12, 25, 47, 100, 200, 300, 1000)
"""Patients of the new cohorts."""

JEFFREYS = 0.5


def patients_like(
    disease: Disease, effects: pd.DataFrame, n: int, rng: np.random.Generator
) -> Courses:
    """Draw one new cohort for each that was drawn.

    Parameters
    ----------
    disease : Disease
        The study's.
    effects : pandas.DataFrame
        One row per cohort, as of `Ensemble`.
    n : int
        Patients of each new cohort.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    Courses
        One row per cohort.
    """
    shared = {
        str(name).removeprefix("drawn_"): effects[name].to_numpy(dtype=float)[:, None]
        for name in effects.filter(like="drawn_")
    }
    size = (len(effects), n)
    mine = {name: rng.random(size) for name in ("relapse", "lag", "in_remission", "end")}
    treg = shared["treg_median"] * np.exp(SPREAD_OF_TREGS * rng.standard_normal(size))
    treg = np.minimum(treg, MOST_TREGS).round(2)
    groups = _sites(disease, effects, rng, size) | {
        "treg": treg,
        "treg_high": treg > np.median(treg, axis=1, keepdims=True),
        "high_risk": rng.random(size) < shared["high_risk"],
    }
    return disease.courses(shared, groups, mine)


def _sites(
    disease: Disease, effects: pd.DataFrame, rng: np.random.Generator, size: tuple[int, int]
) -> dict[str, Bools]:
    """Draw who has EMD where, and who responds."""
    known = disease.abstract
    cns = effects["cns"].to_numpy()
    of_cns = np.rint(effects["remission_cns"].to_numpy() * cns)
    n = np.stack([np.full(len(cns), known.other), cns, known.n - known.other - cns], axis=1)
    yes = np.stack([np.full(len(cns), known.other_responders), of_cns,
                    known.responders - known.other_responders - of_cns], axis=1)  # fmt: skip
    share = rng.gamma(n + JEFFREYS)
    share = (share / share.sum(axis=1, keepdims=True)).cumsum(axis=1)
    rate = rng.beta(yes + JEFFREYS, n - yes + JEFFREYS)
    group = (rng.random(size)[..., None] > share[:, None, :2]).sum(axis=2)
    responds = rng.random(size) < np.take_along_axis(rate, group, axis=1)
    return {"other": group == 0, "cns": group == 1, "responds": responds}


def outcomes(
    known: Registry, effects: pd.DataFrame, n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Tell how often new cohorts would show what the paper claims of survival and remission.

    Parameters
    ----------
    known : Registry
        With the claims.
    effects : pandas.DataFrame
        One row per cohort, as of `Ensemble`.
    n : int
        Patients of each new cohort.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    pandas.DataFrame
        One row per claim: claim, n, supports and contradicts (shares of the new cohorts in which
        the difference has p < 0.05 in the claimed and in the opposite direction), estimate (their
        median hazard ratio).
    """
    courses = patients_like(Disease.of(known), effects, n, rng)
    seen = written(courses, np.rint)
    rows = []
    for claim in known.claims:
        if claim.how in ("direction", "adjusted"):
            name = name_of(claim)
            exposure, end = name.split("_")[1:]
            beta, p, sign = _tested(seen, claim.how, exposure, end)
            row = {"estimate": float(np.exp(np.nanmedian(beta)))}
        elif claim.how == "ordering":
            p, sign = _fisher(courses.other, courses.responds)
            row = {}
        else:
            continue
        shares = {
            "supports": float(np.mean((p < LEVEL) & (sign > 0))),
            "contradicts": float(np.mean((p < LEVEL) & (sign < 0))),
        }
        rows.append({"claim": claim.id, "n": n} | shares | row)
    return pd.DataFrame(rows)


def _tested(seen: Observed, how: str, exposure: str, end: str) -> tuple[Floats, Floats, Floats]:
    """Give log hazard ratio, p, and the sign of the difference in each cohort."""
    if how == "adjusted":
        beta, _, p = seen.adjusted(exposure, end)
        return beta, p, np.sign(beta)
    p, _, excess = seen.compare(exposure, end)
    return seen.alone(exposure, end)[0], p, np.sign(excess)


def _fisher(exposed: Bools, responds: Bools) -> tuple[Floats, Floats]:
    """Compare remission of the exposed with that of the others: p, and 1 where it is rarer."""
    tables = np.stack(
        [(exposed & responds).sum(1), (exposed & ~responds).sum(1),
         (~exposed & responds).sum(1), (~exposed & ~responds).sum(1)], axis=1,
    )  # fmt: skip
    found: Mapping[tuple[int, ...], float] = {
        tuple(t): float(stats.fisher_exact(t.reshape(2, 2)).pvalue)
        for t in np.unique(tables, axis=0)
    }
    p = np.array([found[tuple(t)] for t in tables])
    a, b, c, d = tables.T
    return p, np.sign(c * b - a * d).astype(float)
