"""What the abstract leaves open, read off the thousand cohorts that agree with it.

Every table here rests on assumptions, the prior of `cartanalysis.study.ensemble` above all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cartanalysis.claims import sceptical
from cartanalysis.claims.registry import Entry
from cartanalysis.errors import CannotCompute
from cartanalysis.study import consistent
from cartanalysis.study.consistent import SHARE
from cartanalysis.study.ensemble import evidence
from cartanalysis.study.ensemble.abstract import LEVEL, name_of
from cartanalysis.study.published import load
from cartanalysis.text import each_row, format_value, is_missing

METHOD = "median and 95 % range over the consistent cohorts"

OPEN = {
    "os_2y": "alive at 2 years",
    "rfs_2y": "responders alive without relapse 2 years after remission",
    "remission_without_emd": "in remission, without EMD",
    "remission_cns": "in remission, isolated CNS disease",
}
"""Fractions that nobody printed."""

DRAWN = {
    "drawn_hr_emd": "hazard ratio of EMD in the model",
    "drawn_hr_treg": "hazard ratio of high Tregs in the model",
    "drawn_hr_genetics": "hazard ratio of high-risk genetics in the model",
    "cns": "patients with isolated CNS disease",
    "drawn_high_risk": "share with high-risk genetics",
    "drawn_remission_day": "day of remission",
    "drawn_baseline": "days to relapse without risk factors",
    "drawn_after_relapse": "survival after relapse",
    "drawn_death_in_remission": "deaths without relapse",
    "drawn_treg_median": "median of Tregs",
    "drawn_longest": "end of follow-up",
}
"""What is assumed of a whole cohort."""

MOVED = {
    "hr_emd_os": "emd",
    "hr_treg_os": "treg",
    "hr_genetics_os": "genetics",
    "os_2y": "late",
}
"""Quantities that the assumptions may move, and what `drivers` calls their columns."""


def _directions() -> Iterator[tuple[Entry, str]]:
    for claim in load().claims:
        if claim.how in ("direction", "adjusted"):
            yield claim, name_of(claim)


def _spread(values: pd.Series) -> dict[str, object]:
    low, middle, high = values.quantile([(1 - SHARE) / 2, 0.5, (1 + SHARE) / 2])
    return {
        "estimate": middle,
        "lower": low,
        "upper": high,
        "n": values.notna().sum(),
        "method": METHOD,
    }


def ratios(claims: pd.DataFrame) -> pd.DataFrame:
    """Set the hazard ratios that a cohort shows beside those of the thousand.

    Parameters
    ----------
    claims : pandas.DataFrame
        Verdicts on a cohort, from `cartanalysis.claims.replication.claims`; or no rows.

    Returns
    -------
    pandas.DataFrame
        As of `cartanalysis.study.consistent.ranges`, and found (the cohort's hazard ratio; NaN
        where it has none).
    """
    table = consistent.ranges(consistent.effects())
    found = {row.id: row.estimate for row in each_row(claims) if row.unit == "hazard ratio"}
    return table.assign(found=table["claim"].map(found).astype(float))


def fractions() -> pd.DataFrame:
    """Give the range of what else is open.

    Returns
    -------
    pandas.DataFrame
        One row per quantity: what, estimate (median), lower and upper (95 % range), n, method.
    """
    wide = consistent.measured()
    return pd.DataFrame([{"what": what} | _spread(wide[name]) for name, what in OPEN.items()])


def p_values() -> pd.DataFrame:
    """Say how far below the level of significance the p-values may have been.

    Returns
    -------
    pandas.DataFrame
        One row per directional claim: what, p (median), and the shares of the cohorts with p below
        0.01 (``below_01``) and below 0.001 (``below_001``).
    """
    wide, rows = consistent.measured(), []
    for claim, name in _directions():
        p = wide[f"{name}_p"]
        shares = {
            "below_01": _percent((p < 0.01).mean()),
            "below_001": _percent((p < 0.001).mean()),
        }
        rows.append({"what": claim.details["short"], "p": p.median()} | shares)
    return pd.DataFrame(rows)


def drivers() -> pd.DataFrame:
    """Tell which assumptions move what is open.

    Returns
    -------
    pandas.DataFrame
        One row per assumption: what, and Spearman's rank correlation with the hazard ratios of
        death (emd, treg, genetics) and with survival at two years (late).
    """
    wide = consistent.measured()
    ranks = wide[[*DRAWN, *MOVED]].rank()
    table = ranks.corr().loc[[*DRAWN], [*MOVED]].rename(columns=MOVED)
    table.insert(0, "what", list(DRAWN.values()))
    table["largest"] = table[[*MOVED.values()]].abs().max(axis=1)
    return table.sort_values("largest", ascending=False).drop(columns="largest")


def readings() -> pd.DataFrame:
    """Count the cohorts in which “respectively” may be read either way.

    The abstract calls EMD and Tregs independent risk factors for survival and relapse-free
    survival, “respectively”.  Read literally, EMD is one for survival and Tregs for relapse-free
    survival; read loosely, both are for both.

    Returns
    -------
    pandas.DataFrame
        One row: estimate (share of the cohorts that fulfil both readings), n, method.
    """
    wide = consistent.measured()
    loose = np.ones(len(wide), dtype=bool)
    for name in ("adjusted_emd_rfs", "adjusted_treg_os"):
        loose &= (wide[f"{name}_p"] < LEVEL) & (wide[name] > 1)
    method = "share of the consistent cohorts in which both are independent for both endpoints"
    return pd.DataFrame([{"estimate": loose.mean(), "n": len(wide), "method": method}])


def outcomes(sizes: Sequence[int] = ()) -> pd.DataFrame:
    """Say how often a new cohort would show what the paper claims.

    Parameters
    ----------
    sizes : sequence of int
        Patients of the new cohorts; all simulated sizes if empty.

    Returns
    -------
    pandas.DataFrame
        One row per claim and size: claim, what, n, estimate (share of new cohorts with p < 0.05 in
        the claimed direction), contradicts (in the opposite one), method.
    """
    table = consistent.outcomes().drop(columns="estimate")
    if sizes:
        table = table[table["n"].isin(sizes)]
    what = [load()[str(claim)].details["short"] for claim in table["claim"]]
    method = "share of cohorts simulated from the thousand, one from each, with p < 0.05"
    table = table.assign(what=what, method=method).rename(columns={"supports": "estimate"})
    return table[["claim", "what", "n", "estimate", "contradicts", "method"]]


def expected(claims: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Say how often a new cohort of a cohort's size would show what the paper claims.

    Parameters
    ----------
    claims : pandas.DataFrame
        Verdicts on the cohort, from `cartanalysis.claims.replication.claims`.
    confidence : float
        Coverage of their intervals.

    Returns
    -------
    pandas.DataFrame
        One row per direction and ordering: what, expected (share of the new cohorts; between the
        sizes that were simulated it lies straight over log n), verdict, sceptical (p of the paper,
        as it is in the median of the thousand cohorts, and the cohort; of hazard ratios).

    Raises
    ------
    CannotCompute
        If none of the claims could be assessed, so that the size is not known.
    """
    sizes = outcomes().pivot(index="claim", columns="n", values="estimate")
    n = pd.to_numeric(claims["n"], errors="coerce").max()  # a hidden count is a text
    if not n > 0:
        raise CannotCompute("of no claim is it known or shown how many patients it rests on")
    at = np.log(sizes.columns.to_numpy(dtype=float))
    rows = [
        {
            "what": row.short,
            "expected": _percent(float(np.interp(np.log(n), at, sizes.loc[row.id]))),
            "verdict": row.verdict,
            "sceptical": _sceptical(row, confidence),
        }
        for row in each_row(claims[claims["id"].isin(sizes.index)])
    ]
    return pd.DataFrame(rows)


def _sceptical(row: Any, confidence: float) -> str:
    """Ask a doubter of the paper whether a cohort's hazard ratio convinces."""
    ends = pd.Series([row.p, row.lower, row.upper], dtype=float)
    if row.unit != "hazard ratio" or not np.isfinite(ends).all() or row.lower <= 0:
        return "–"
    name = name_of(load()[row.id])
    wide = consistent.measured()
    p, lower, upper = (wide[f"{name}{of}"].median() for of in ("_p", "_lower", "_upper"))
    errors = (
        math.log(upper / lower) / _quantile(0.95),
        math.log(row.upper / row.lower) / _quantile(confidence),
    )
    here = stats.norm.isf(row.p / 2) * (1 if row.estimate > 1 else -1)
    found = sceptical.p_value(stats.norm.isf(p / 2), here, (errors[0] / errors[1]) ** 2)
    return format_value(found, "p").removeprefix("p").strip("= ")


def _quantile(confidence: float) -> float:
    return float(stats.norm.ppf(0.5 + confidence / 2))


def describe(table: pd.DataFrame) -> str:
    """Put the outcomes of new cohorts into a sentence, for who cannot see the picture.

    Parameters
    ----------
    table : pandas.DataFrame
        From `outcomes`.

    Returns
    -------
    str
        A sentence.
    """
    parts = [
        f"{what} " + ", ".join(f"{_percent(r.estimate)} of {r.n}" for r in each_row(rows))
        for what, rows in table.groupby("what", sort=False)
    ]
    return "Share of new cohorts that show a claim, by patients: " + "; ".join(parts) + "."


def inflation() -> pd.DataFrame:
    """Set the hazard ratios of the drawn cohorts beside those of new ones.

    The drawn cohorts had to reach significance, new ones need not: the winner's curse.

    Returns
    -------
    pandas.DataFrame
        One row per directional claim: what, reported (median hazard ratio of the drawn cohorts),
        anew (of new cohorts of the largest size), estimate (quotient of both), method.
    """
    new = consistent.outcomes()
    largest = new[new["n"] == new["n"].max()].set_index("claim")["estimate"]
    wide, rows = consistent.measured(), []
    for claim, name in _directions():
        reported, anew = float(wide[name].median()), float(largest[claim.id])
        row = {"what": claim.details["short"], "reported": reported, "anew": anew}
        method = f"medians over the cohorts; new cohorts of {new['n'].max()} patients"
        rows.append(row | {"estimate": reported / anew, "method": method})
    return pd.DataFrame(rows)


def fragility() -> pd.DataFrame:
    """Say how many events carry the significance of each comparison.

    Returns
    -------
    pandas.DataFrame
        One row per univariable directional claim: what, least, median and most (of 95 % of the
        cohorts), one (share of the cohorts in which a single event carries it).
    """
    wide, rows = consistent.measured(), []
    for claim, name in _directions():
        if claim.how == "direction":
            events = wide[f"{name}_fragility"]
            low, middle, high = events.quantile([(1 - SHARE) / 2, 0.5, (1 + SHARE) / 2])
            row = {"what": claim.details["short"], "least": low, "median": middle, "most": high}
            rows.append(row | {"one": _percent((events <= 1).mean())})
    return pd.DataFrame(rows)


MAIN = {
    "hr_emd_os": "hazard ratio, OS, EMD",
    "hr_treg_os": "hazard ratio, OS, Tregs",
    "hr_genetics_os": "hazard ratio, OS, genetics",
    "hr_emd_rfs": "hazard ratio, RFS, EMD",
    "hr_treg_rfs": "hazard ratio, RFS, Tregs",
    "hr_genetics_rfs": "hazard ratio, RFS, genetics",
    "os_2y": "alive at 2 years",
    "rfs_2y": "RFS at 2 years",
    "remission_without_emd": "remission without EMD",
}
"""What the tables about the method look at."""


def validation() -> pd.DataFrame:
    """Lay out how often ranges held a hidden truth.

    Returns
    -------
    pandas.DataFrame
        One row per quantity: what; half, most and nearly (share of the hidden cohorts whose truth
        lay within the range of 50, 80 and 95 %) where the curves are the study's; own_times (of
        95 %, where hidden cohorts have curves of their own).  A share that is more than two Monte
        Carlo errors off what is promised has an asterisk.
    """
    table = evidence.table("validation")
    found = {(row.group, row.quantity): row for row in each_row(table)}
    return pd.DataFrame(
        {
            "what": what,
            "half": _judged(found["same curves", name], 50),
            "most": _judged(found["same curves", name], 80),
            "nearly": _judged(found["same curves", name], 95),
            "own_times": _judged(found["own times", name], 95),
        }
        for name, what in MAIN.items()
    )


def _judged(row: Any, band: int) -> str:
    is_off = str(band) in str(row.off).split()
    return f"{_percent(getattr(row, f'in_{band}'))}{'*' if is_off else ''}"


def hidden() -> pd.DataFrame:
    """Count the hidden cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per group of them: group, estimate (how many could be judged), hidden, method.
    """
    table = evidence.table("validation")
    table = table[table["quantity"] == "hr_emd_os"]
    return pd.DataFrame(
        {
            "group": table["group"],
            "estimate": table["judged"],
            "hidden": table["hidden"],
            "method": "hidden cohorts whose ensemble had enough draws",
        }
    )


def public() -> pd.DataFrame:
    """Lay out what the ranges say of real patients, whose truth is known.

    Returns
    -------
    pandas.DataFrame
        One row per data set and quantity: data, what, truth, range (of 95 % of the draws), inside.
    """
    table = evidence.table("public")
    table = table[table["quantity"].isin(["hr", "survival_2"]) & table["inside"].notna()]
    rows = []
    for row in each_row(table):
        is_ratio = row.quantity == "hr"
        unit = "ratio" if is_ratio else "fraction"
        what = f"hazard ratio, {row.factor}" if is_ratio else "survival at twice the landmark"
        low, high = format_value(row.lower, unit), format_value(row.upper, unit)
        rows.append(
            {
                "data": f"{row.data.split(maxsplit=1)[1].replace('_', ' ')} ({row.patients:.0f})",
                "what": what,
                "truth": format_value(row.truth, unit),
                "range": f"{low} to {high}",
                "inside": "yes" if str(row.inside) == "True" else "no",
            }
        )
    return pd.DataFrame(rows)


def priors() -> pd.DataFrame:
    """Lay out how the ranges move with what is assumed.

    Returns
    -------
    pandas.DataFrame
        One row per prior: prior, range (of what was changed), and the 95 % ranges of three hazard
        ratios of death and of survival at 2 years (columns of `drivers`).
    """
    table = evidence.table("priors").set_index(["prior", "quantity"])
    rows = []
    for prior in table.index.unique("prior"):
        mine = table.loc[prior]
        row = {"what": prior, "range": "–" if is_missing(mine["range"].iloc[0]) else
               mine["range"].iloc[0]}  # fmt: skip
        for name, column in MOVED.items():
            unit = "fraction" if name == "os_2y" else "ratio"
            low, high = (mine.loc[name, bound] for bound in ("lower", "upper"))
            whole = unit == "fraction"
            row[column] = (
                f"{100 * low:.0f} to {100 * high:.0f} %" if whole else f"{low:.1f} to {high:.1f}"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def independent() -> pd.DataFrame:
    """Say how many independent cohorts the thousand are worth.

    Returns
    -------
    pandas.DataFrame
        One row per quantity: quantity, estimate (effective number), n, method.
    """
    wide = consistent.measured()
    lineage = wide["island"].astype(str) + "/" + wide["ancestor"].astype(str)
    method = "effective number by the variance of the mean over lineages (Lee and Whiteley 2018)"
    return pd.DataFrame(
        {
            "quantity": name,
            "estimate": evidence.effective(wide[name].astype(float), lineage),
            "n": len(wide),
            "method": method,
        }
        for name in MAIN
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
