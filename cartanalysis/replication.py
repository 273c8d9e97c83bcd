"""The paper's claims, each beside what a cohort shows, with a verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cartanalysis import response, safety, survival
from cartanalysis.cox import cox
from cartanalysis.errors import CannotCompute
from cartanalysis.published import Entry, Registry
from cartanalysis.tables import each_row
from cartanalysis.text import format_interval, format_value, is_missing

MULTIVARIABLE = ["emd_any", "treg_group", "genetic_risk"]
"""Covariates of the multivariable models (assumed: the paper's model is not in hand)."""

ONE_YEAR = 365
"""Day at which "at 1 year" is read off the curve."""

EXACT = "equal at the paper's rounding"
COMPATIBLE = "compatible: the paper's value lies in this cohort's interval"
DIFFERS = "differs: the paper's value lies outside this cohort's interval"
SUPPORTS = "supports"
SAME = "same direction, inconclusive"
OPPOSITE = "opposite direction, inconclusive"
CONTRADICTS = "contradicts"
NOT_ASSESSED = "cannot be assessed"

COLUMNS = [
    "id",
    "claim",
    "short",
    "place",
    "published",
    "n",
    "events",
    "estimate",
    "lower",
    "upper",
    "p",
    "unit",
    "verdict",
    "why",
    "method",
]


def claims(patients: pd.DataFrame, registry: Registry, confidence: float = 0.95) -> pd.DataFrame:
    """Judge every published claim on a cohort.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table with the derived columns.
    registry : Registry
        The published values.
    confidence : float
        Coverage of the cohort's intervals.

    Returns
    -------
    pandas.DataFrame
        One row per claim: id, claim, short (label for figures), place (in the paper), published
        (as printed), n, events, estimate, lower, upper (fraction, days, odds or hazard ratio), p,
        unit, verdict, why (a sentence where the verdict needs one), method.
    """
    rows = []
    for entry in registry.select(evidence="P"):
        if entry.kind not in ("rate", "time", "ordering", "direction"):
            continue
        try:
            row = _judge(entry, patients, confidence)
        except CannotCompute as error:
            row = {"verdict": NOT_ASSESSED, "why": str(error)}
        rows.append(
            {
                "id": entry.id,
                "claim": entry.label,
                "short": entry.details.get("short", entry.label),
                "place": entry.place,
                "published": entry.printed,
            }
            | row
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _judge(entry: Entry, patients: pd.DataFrame, confidence: float) -> dict[str, object]:
    if entry.kind == "ordering":
        return _ordering(entry, patients, confidence)
    if entry.kind == "direction":
        return _direction(entry, patients, confidence)
    return _value(entry, _estimate(entry.id, patients, confidence))


def _estimate(claim: str, patients: pd.DataFrame, confidence: float) -> pd.Series:
    """Compute the cohort's counterpart of a published number."""
    if claim == "orr":
        return response.remission(patients, confidence=confidence).iloc[0]
    if claim == "orr_emd_other":
        table = response.remission(patients, "emd", confidence).set_index("group")
        if "other" not in table.index:
            raise CannotCompute("no patient has EMD other than CNS and a known response")
        return pd.Series(table.loc["other"])
    if claim == "ae_grade4":
        table = safety.by_grade(patients, "ae_grade_max", confidence)
        return table[table["grade"] == 4].iloc[0]
    endpoint, what = claim.split("_")
    if what == "median":
        return survival.median(patients, endpoint, confidence=confidence).iloc[0]
    return survival.survival_at(patients, endpoint, [ONE_YEAR], confidence=confidence).iloc[0]


def _value(entry: Entry, found: pd.Series) -> dict[str, object]:
    """Compare a published number with the cohort's, at the paper's rounding."""
    if np.isnan(found["estimate"]) and (entry.kind != "time" or np.isnan(found["lower"])):
        reached = "is not reached" if entry.kind == "time" else "lies beyond the last follow-up"
        raise CannotCompute(f"{entry.label} {reached} in this cohort")
    scale = 100 if entry.unit == "percent" else 1
    printed = f"{found['estimate'] * scale:.{entry.rounding}f}"
    if printed == f"{entry.value:.{entry.rounding}f}":
        verdict = EXACT
    else:
        # an open upper bound of a median (not reached) excludes nothing above
        upper = np.inf if np.isnan(found["upper"]) and entry.kind == "time" else found["upper"]
        lower = 0.0 if np.isnan(found["lower"]) and entry.kind == "time" else found["lower"]
        if np.isnan(lower) or np.isnan(upper):
            raise CannotCompute(f"{entry.label} has no interval in this cohort")
        verdict = COMPATIBLE if lower <= entry.fraction <= upper else DIFFERS
    unit = "fraction" if entry.unit == "percent" else entry.unit
    keys = ["n", "events", "estimate", "lower", "upper", "method"]
    return {**{k: found[k] for k in keys}, "unit": unit, "verdict": verdict}


def _ordering(entry: Entry, patients: pd.DataFrame, confidence: float) -> dict[str, object]:
    """Compare a group's remission with everybody else's (odds ratio of remission below 1)."""
    exposure = entry.details["exposure"]
    found = response.association(patients, exposure, confidence=confidence).iloc[0]
    rates = response.remission(patients, "emd").set_index("group")["estimate"]
    lowest = rates.idxmin() == "other" and (rates == rates.min()).sum() == 1
    significant, why = found["p"] < 0.05, ""
    if found["estimate"] >= 1:
        verdict = CONTRADICTS if significant else OPPOSITE
    elif lowest:
        verdict = SUPPORTS if significant else SAME
    else:  # fewer remissions than in all others together, but some group has as few or fewer
        verdict, why = SAME, "another group has as few remissions or fewer"
    keys = ["n", "estimate", "lower", "upper", "p", "method"]
    return {**{k: found[k] for k in keys}, "unit": "odds ratio", "verdict": verdict, "why": why}


def _direction(entry: Entry, patients: pd.DataFrame, confidence: float) -> dict[str, object]:
    """Judge a direction by the hazard ratio, and by the log-rank or (adjusted) Wald test."""
    exposure, endpoint = entry.details["exposure"], entry.details["endpoint"]
    adjusted = entry.details["model"] == "multivariable"
    if adjusted:
        model = cox(patients, endpoint, MULTIVARIABLE, confidence)
    else:
        test = survival.log_rank(patients, endpoint, exposure).iloc[0]
        try:
            model = cox(patients, endpoint, [exposure], confidence)
        except CannotCompute as error:  # the log-rank test still knows direction and p
            return _without_ratio(entry, test, str(error))
    term = model.terms.set_index(["covariate", "group"]).loc[(exposure, entry.details["worse"])]
    p = term["p"] if adjusted else test["p"]
    method = f"{term['method']}; " + (
        "adjusted for " + ", ".join(c for c in MULTIVARIABLE if c != exposure)
        if adjusted
        else "p: log-rank"
    )
    significant = p < entry.details["alpha"]
    if term["estimate"] > 1:
        verdict = SUPPORTS if significant else SAME
    else:
        verdict = CONTRADICTS if significant else OPPOSITE
    return {
        "n": model.n,
        "events": model.events,
        **{k: term[k] for k in ("estimate", "lower", "upper")},
        "p": p,
        "unit": "hazard ratio",
        "verdict": verdict,
        "method": method,
    }


def _without_ratio(entry: Entry, test: pd.Series, why: str) -> dict[str, object]:
    """Judge a direction where the hazard ratio is 0 or infinite: by observed less expected."""
    significant = test["p"] < entry.details["alpha"]
    if test["excess"] > 0:
        verdict = SUPPORTS if significant else SAME
    else:
        verdict = CONTRADICTS if significant else OPPOSITE
    found = {k: test[k] for k in ("n", "events", "p", "method")}
    return {**found, "unit": "no ratio", "verdict": verdict, "why": why}


TALLIED = {
    "upheld": (EXACT, COMPATIBLE, SUPPORTS),
    "inconclusive": (SAME, OPPOSITE),
    "opposed": (DIFFERS, CONTRADICTS),
    "not_assessed": (NOT_ASSESSED,),
}


def tally(table: pd.DataFrame) -> pd.DataFrame:
    """Count the verdicts.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        One row per kind of verdict: verdict, n, method.
    """
    rows = [(k, int(table["verdict"].isin(v).sum()), "count") for k, v in TALLIED.items()]
    return pd.DataFrame(rows, columns=["verdict", "n", "method"])


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Write each claim's result as one text.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        The same with a column ``shown``, and the reason behind the verdict where there is one.
    """
    units = {"odds ratio": "ratio", "hazard ratio": "ratio"}
    shown, verdicts = [], []
    for _, row in table.iterrows():
        if row["verdict"] == NOT_ASSESSED:
            shown.append("–")
            verdicts.append(f"{NOT_ASSESSED}: {row['why'].replace('`', '')}")
            continue
        why = "" if is_missing(row["why"]) else str(row["why"]).replace("`", "")
        verdicts.append(f"{row['verdict']} ({why})" if why else row["verdict"])
        if row["unit"] == "no ratio":
            shown.append("no finite hazard ratio")
            continue
        unit = units.get(row["unit"], row["unit"])
        text = format_value(row["estimate"], unit)
        if not (is_missing(row["lower"]) and is_missing(row["upper"])):
            text += f" ({format_interval(row['lower'], row['upper'], unit)})"
        shown.append(f"{row['unit']} {text}" if unit == "ratio" else text)
    return table.assign(shown=shown, verdict=verdicts)


def hazard_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Take the directional claims that could be assessed, for a forest plot.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        Columns label, n, events, estimate, lower, upper, p, verdict, method.

    Raises
    ------
    CannotCompute
        If none could be assessed.
    """
    kept = table[table["unit"] == "hazard ratio"]
    if kept.empty:
        raise CannotCompute("none of the paper's directional claims can be assessed")
    columns = ["label", "n", "events", "estimate", "lower", "upper", "p", "verdict", "method"]
    return kept.rename(columns={"short": "label"})[columns]


def describe(directions: pd.DataFrame) -> str:
    """Put the directional claims into a sentence, for who cannot see the picture.

    Parameters
    ----------
    directions : pandas.DataFrame
        From `hazard_ratios`.

    Returns
    -------
    str
        A sentence.
    """
    parts = [f"{r.label} {r.estimate:.2f}, {r.verdict}" for r in each_row(directions)]
    return "Forest plot of hazard ratios: " + "; ".join(parts) + "."


def published_points(registry: Registry, endpoint: str) -> pd.DataFrame:
    """Give the points that the paper's values put on a survival curve.

    Parameters
    ----------
    registry : Registry
        The published values.
    endpoint : {"os", "rfs"}
        Which curve.

    Returns
    -------
    pandas.DataFrame
        Columns time (days), estimate, label: survival at 1 year, and the median.
    """
    year, median = registry[f"{endpoint}_1y"], registry[f"{endpoint}_median"]
    rows = [(ONE_YEAR, year.fraction, year.text), (median.value, 0.5, median.text)]
    return pd.DataFrame(rows, columns=["time", "estimate", "label"])
