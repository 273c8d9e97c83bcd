"""One claim of the paper against a cohort: the rules, and the words of the verdict.

A published number predicts a range for a cohort's own (`cartanalysis.claims.consistency`); a
published direction is tested.  What no test could show is told from what was not there by the power
(`cartanalysis.claims.power`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.claims import consistency, power
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import permutation, response, safety, survival
from cartanalysis.stats.cox import CoxModel, cox
from cartanalysis.text import format_power, is_missing

MULTIVARIABLE = ["emd_any", "treg_group", "genetic_risk"]
"""Covariates of the multivariable models (assumed: the paper's model is not in hand)."""

ONE_YEAR = 365
"""Day at which "at 1 year" is read off the curve."""

ALPHA = 0.05
"""Level of every test, and of what does not survive Holm's correction: the usual convention."""

EXACT = "equal at the paper's rounding"
CONSISTENT = "consistent: inside the range that the paper's value predicts"
WEAK = "consistent, but inconclusive: inside the range that the paper's value predicts"
DIFFERS = "differs: outside the range that the paper's value predicts"
SUPPORTS = "supports"
SAME = "same direction, inconclusive"
OPPOSITE = "opposite direction, inconclusive"
CONTRADICTS = "contradicts"
NOT_ASSESSED = "cannot be assessed"

MIN_SIZE = 2
"""Fewest patients whose proportion is judged: a single one would too often be called different."""

MIN_FOLLOWED = 5
"""So many patients must be followed beyond a day, where others were lost before it."""

MIN_RIVAL = 5
"""Fewest patients of a group whose remission rate may contradict the published order."""

COULD_DIFFER = 0.5
"""Power from which "consistent" counts as an answer."""

VALUES, DIRECTIONS = "value", "direction"
FAMILIES = {"rate": VALUES, "time": VALUES, "ordering": DIRECTIONS, "direction": DIRECTIONS}
"""Kinds of claims, in the two families within which p-values are adjusted."""

PAPER_COUNTS = {
    "orr": ("responders", "infused"),
    "ae_grade4": ("ae_grade4_n", "infused"),
    "orr_emd_other": ("orr_emd_other_n", "emd_other_n"),
}
"""Registry entries with the counts behind each published rate."""

JUDGED = {
    "orr": ("in remission (CR or CRi)", "remission"),
    "ae_grade4": ("grade 4 as the highest grade", "grade 4 adverse reaction"),
    "orr_emd_other": ("in remission, of EMD other than CNS", "remission, EMD other than CNS"),
    "orr_emd_lowest": (
        "odds ratio of remission, EMD other than CNS against all others",
        "remission, EMD other than CNS vs rest",
    ),
}
"""What is judged where it is not a survival curve, in full and in short."""

ASSUMED = {
    "rfs": "a_endpoints",
    "treg_group": "a_treg_cutoff",
    "multivariable": "a_multivariable",
}
"""Registry entry of what is assumed where a claim has this endpoint, exposure or model."""

PAPER_SIZE = {"os": "infused", "rfs": "responders"}
"""Registry entry with the number of patients behind each published curve."""

Row = dict[str, Any]


def judge(
    entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float = 0.95
) -> Row:
    """Judge one claim on a cohort, before any correction for the number of claims.

    Parameters
    ----------
    entry : Entry
        A published rate, time, ordering or direction.
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table with the derived columns.
    registry : Registry
        The published values.
    confidence : float
        Coverage.

    Returns
    -------
    dict
        The columns of `cartanalysis.claims.replication.claims` that depend on the cohort; at least
        verdict, and why if the claim cannot be assessed.
    """
    try:
        if entry.kind == "ordering":
            return _ordering(entry, patients, confidence)
        if entry.kind == "direction":
            return _direction(entry, patients, confidence)
        if entry.id in PAPER_COUNTS:
            return _rate(entry, patients, registry, confidence)
        return _survival(entry, patients, registry, confidence)
    except CannotCompute as error:
        return {"verdict": NOT_ASSESSED, "why": str(error)}


def about(entry: Entry) -> Row:
    """Say what the claim is and what of a cohort answers it.

    Parameters
    ----------
    entry : Entry
        A published rate, time, ordering or direction.

    Returns
    -------
    dict
        The columns of `cartanalysis.claims.replication.claims` that do not depend on the cohort.
    """
    return {
        "id": entry.id,
        "claim": entry.label,
        "short": short_name(entry),
        "place": entry.place,
        "published": entry.printed,
        "family": FAMILIES[entry.kind],
        "judged": _judged(entry)[0],
    }


def short_name(entry: Entry) -> str:
    """Name a claim in a few words.

    Parameters
    ----------
    entry : Entry
        A published rate, time, ordering or direction.

    Returns
    -------
    str
        Label for figures and narrow tables.
    """
    return str(entry.details.get("short", _judged(entry)[1]))


def _judged(entry: Entry) -> tuple[str, str]:
    """Name what is judged, in full and in short."""
    if entry.kind == "direction":
        adjusted = ", adjusted" if entry.details["model"] == "multivariable" else ""
        return f"hazard ratio{adjusted}", entry.label
    if entry.id in JUDGED:
        return JUDGED[entry.id]
    endpoint, day = _day_of(entry)
    state, name = survival.endpoint_of(endpoint).state, endpoint.upper()
    if entry.kind == "rate":
        return f"{state} at 1 year", f"{name} at 1 year"
    return f"{state} on day {day:g}", f"{name} on day {day:g} (median)"


def _day_of(entry: Entry) -> tuple[str, float]:
    """Give the endpoint and the day on which a survival claim is judged."""
    endpoint = entry.id.split("_")[0]
    return endpoint, ONE_YEAR if entry.kind == "rate" else float(entry.value)


# --- published numbers -------------------------------------------------------------------------


def _rate(entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float) -> Row:
    """Judge a counted proportion by the counts behind the published percentage."""
    found = _counted(entry.id, patients, confidence)
    events, n = (float(registry[key].value) for key in PAPER_COUNTS[entry.id])
    judged = _compared(found, float(found["n"]), events / n, n, confidence)
    judged["smallest"] = _smallest(found["events"], found["n"] - found["events"])
    note = ""
    if entry.id == "ae_grade4" and (patients["ae_grade_max"] == 5).any():
        note = "some patients had grade 5, which is not counted here"
    return _value(entry, found, "fraction", judged, note)


def _counted(claim: str, patients: pd.DataFrame, confidence: float) -> pd.Series:
    if claim == "orr":
        return response.remission(patients, confidence=confidence).iloc[0]
    if claim == "ae_grade4":
        table = safety.by_grade(patients, "ae_grade_max", confidence)
        return table[table["grade"] == 4].iloc[0]
    table = response.remission(patients, "emd", confidence).set_index("group")
    if "other" not in table.index:
        raise CannotCompute("no patient has EMD other than CNS and a known response")
    return pd.Series(table.loc["other"])


def _survival(entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float) -> Row:
    """Judge survival at 1 year, or on the day of the published median against one half."""
    endpoint, day = _day_of(entry)
    found = survival.survival_at(patients, endpoint, [day], confidence=confidence).iloc[0]
    if is_missing(found["estimate"]):
        raise CannotCompute(str(found["why"]))
    data = survival.with_endpoint(patients, endpoint)
    day = survival.observed_time(data["time"], day)
    if found["estimate"] > 0 and too_few_followed(data["time"], data["event"], day):
        raise CannotCompute(
            f"fewer than {MIN_FOLLOWED} patients were followed beyond day {day:g}, and more were "
            "lost before"
        )
    size = float(consistency.survival_with_size(data["time"], data["event"], day)[1])
    paper_size = float(registry[PAPER_SIZE[endpoint]].value)
    is_median = entry.kind == "time"
    paper = 0.5 if is_median else entry.fraction
    judged = _compared(found, size, paper, paper_size, confidence)
    judged["smallest"] = _smallest(found["events"], found["at_risk"])
    if not is_median:
        return _value(entry, found, "fraction", judged)
    median = survival.median(patients, endpoint, confidence=confidence).iloc[0]
    return _value(entry, median, "days", judged)


def too_few_followed(
    time: npt.ArrayLike, event: npt.ArrayLike, day: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Tell whether too much of what a curve says of a day rests on too few patients.

    Parameters
    ----------
    time : array-like of shape (..., n)
        Follow-up, in days; the last axis holds the patients.
    event : array-like of shape (..., n)
        Whether follow-up ended with the event.
    day : array-like of shape (...)
        The day.

    Returns
    -------
    numpy.ndarray of shape (...)
        Whether fewer than five are known to have passed the day without the event, and more than
        these were censored before it.  Where few are left because of events, the curve knows.
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    limit = np.asarray(day, dtype=float)[..., None]
    followed = ((time > limit) | ((time == limit) & ~event)).sum(axis=-1)
    lost = ((time < limit) & ~event).sum(axis=-1)
    return np.asarray((followed < MIN_FOLLOWED) & (lost > followed))


def _smallest(*counts: float) -> float:
    """Give the smallest count of patients that is not 0: what small-cell rules look at."""
    return min(c for c in counts if c > 0)


def _compared(
    found: pd.Series, size: float, paper: float, paper_size: float, confidence: float
) -> Row:
    """Compare a proportion with the paper's, given both sample sizes."""
    if size < MIN_SIZE:
        raise CannotCompute(f"a comparison with the paper needs at least {MIN_SIZE} patients")
    estimate = float(found["estimate"])
    p = float(consistency.p_value(estimate, size, paper, paper_size))
    lower, upper = consistency.predicted(size, paper, paper_size, confidence)
    between, least, most = consistency.difference(estimate, size, paper, paper_size, confidence)
    strength = power.of_difference(size, paper, paper_size, confidence=confidence)
    verdict, why = consistent(strength), ""
    if p < 1 - confidence:
        verdict = DIFFERS
        why = f"{'lower' if estimate < paper else 'higher'} than predicted"
    elif verdict == WEAK:
        why = (
            f"a true difference of {100 * power.GAP:.0f} points would have been missed in "
            f"{100 * (1 - strength):.0f} of 100 such cohorts"
        )
    return {
        "p": p,
        "found": estimate,
        "found_lower": found["lower"],
        "found_upper": found["upper"],
        "expected": paper,
        "expected_lower": float(lower),
        "expected_upper": float(upper),
        "difference": float(between),
        "difference_lower": float(least),
        "difference_upper": float(most),
        "power": strength,
        "verdict": verdict,
        "why": why,
    }


def consistent(strength: float) -> str:
    """Name the verdict on a value that lies inside the range predicted.

    Parameters
    ----------
    strength : float
        Power to notice a difference of 20 percentage points, as a fraction.

    Returns
    -------
    str
        Consistent, with a reservation where the cohort could hardly have differed.
    """
    return CONSISTENT if strength >= COULD_DIFFER else WEAK


def _value(entry: Entry, shown: pd.Series, unit: str, judged: Row, note: str = "") -> Row:
    """Put a value beside its judgement; what the paper would print alike is the same."""
    row = {k: shown[k] for k in ("n", "events", "estimate", "lower", "upper")} | judged
    method = _with_assumptions(f"{shown['method']}; {consistency.METHOD}", entry)
    row |= {"unit": unit, "test": "score", "method": method}
    if _printed(entry, row["estimate"]) == _printed(entry, entry.fraction):
        row |= {"verdict": EXACT, "why": ""}
    return row | {"why": _joined(row["why"], note)}


def _printed(entry: Entry, value: float) -> str:
    """Print a number as the paper would."""
    return f"{value * (100 if entry.unit == 'percent' else 1):.{entry.rounding}f}"


# --- published directions ----------------------------------------------------------------------


def _ordering(entry: Entry, patients: pd.DataFrame, confidence: float) -> Row:
    """Compare a group's remission with everybody else's (odds ratio of remission below 1)."""
    exposure = entry.details["exposure"]
    found = response.association(patients, exposure, confidence=confidence).iloc[0]
    counts = pd.crosstab(patients[exposure], patients["responder"]).to_numpy(int)
    others, exposed = counts.sum(axis=1)
    remissions = int(counts[:, 1].sum())
    moderate = 1 / power.ODDS_RATIO
    strength = power.of_odds_ratio(int(exposed), int(others), remissions, moderate, ALPHA)
    verdict = _verdict(bool(found["estimate"] < 1), found["p"], ALPHA)
    too_small = found["lower"] > moderate
    why = _weighed(verdict, f"an odds ratio of {moderate:.1f}", strength, too_small)
    rate = response.remission(patients, "emd").set_index("group")
    rivals = rate.drop(index="other")
    rivals = rivals[rivals["estimate"] <= rate.loc["other", "estimate"]]
    if found["estimate"] < 1 and (rivals["n"] >= MIN_RIVAL).any():
        # fewer remissions than in all others together, but some group has as few or fewer
        verdict, why = SAME, "another group has as few remissions or fewer"
    elif found["estimate"] < 1 and len(rivals):
        few = f"a group of fewer than {MIN_RIVAL} patients has as few remissions or fewer"
        why = _joined(why, f"{few}, too few to speak against the order")
    for group, name in (("none", "without EMD"), ("cns", "with isolated CNS disease")):
        if group not in rate.index:
            why = _joined(why, f"no patient {name}: only two of the paper's three groups are here")
    return {
        **{k: found[k] for k in ("n", "estimate", "lower", "upper", "p", "method")},
        "events": remissions,
        "smallest": _smallest(*counts.ravel()),
        "unit": "odds ratio",
        "test": "Fisher",
        "power": strength,
        "verdict": verdict,
        "why": why,
    }


def _direction(entry: Entry, patients: pd.DataFrame, confidence: float) -> Row:
    """Judge a hazard ratio by the likelihood-ratio test if adjusted, else by the log-rank test."""
    if entry.details["model"] == "multivariable":
        return _adjusted(entry, patients, confidence)
    exposure, endpoint = entry.details["exposure"], entry.details["endpoint"]
    test = permutation.compare(patients, endpoint, exposure).iloc[0]
    row = _exposure(entry, patients, [exposure]) | {"p": test["p"], "test": test["test"]}
    try:
        model = cox(patients, endpoint, [exposure], confidence)
    except CannotCompute as error:  # the log-rank test still knows direction and p
        verdict = _verdict(bool(test["excess"] > 0), test["p"], ALPHA)
        why = _joined(str(error), _weighed(verdict, MODERATE_HAZARD, row["power"]))
        method = _with_assumptions(test["method"], entry)
        return row | {"unit": "no ratio", "verdict": verdict, "why": why, "method": method}
    return row | _ratio(entry, model, row, f"p: {test['method']}")


def _adjusted(entry: Entry, patients: pd.DataFrame, confidence: float) -> Row:
    """Judge a factor given the others."""
    exposure, endpoint = entry.details["exposure"], entry.details["endpoint"]
    kept, covariates, note = _with_events(entry, patients)
    model = cox(kept, endpoint, covariates, confidence)
    test = model.tests.set_index("covariate").loc[exposure]
    row = _exposure(entry, kept, covariates) | {"p": test["p"], "test": "likelihood ratio"}
    others = ", ".join(c for c in covariates if c != exposure) or "nothing"
    row |= _ratio(entry, model, row, f"adjusted for {others}; p: {test['method']}")
    return row | {"why": _joined(row["why"], note)}


def _with_events(entry: Entry, patients: pd.DataFrame) -> tuple[pd.DataFrame, list[str], str]:
    """Leave out patients in levels of the other covariates in which nobody had the event.

    Such a level's hazard ratio is 0 in the limit, in which its patients weigh nothing in any risk
    set: without them the likelihood of the others is the same.
    """
    data = survival.with_endpoint(patients, entry.details["endpoint"], *MULTIVARIABLE)
    kept = patients.loc[data.index]
    covariates, notes = [], []
    if not data["event"].any():
        return kept, MULTIVARIABLE, ""
    for name in MULTIVARIABLE:
        had = set(data.loc[data["event"], name])
        without = [level for level in response.levels(data[name]) if level not in had]
        if name != entry.details["exposure"] and without:
            kept = kept[~kept[name].isin(without)]
            groups = " and ".join(f"`{level}`" for level in without)
            notes.append(f"in {groups} of `{name}` nobody had the event: left out of the model")
        if name == entry.details["exposure"] or len(had) > 1:
            covariates.append(name)
    return kept, covariates, "; ".join(notes)


def _exposure(entry: Entry, patients: pd.DataFrame, covariates: list[str]) -> Row:
    """Count the exposed and the others, and give the power these numbers leave."""
    exposure, worse = entry.details["exposure"], entry.details["worse"]
    data = survival.with_endpoint(patients, entry.details["endpoint"], *covariates)
    exposed, event = (data[exposure] == worse).to_numpy(), data["event"].to_numpy()
    explained = 0.0
    if len(covariates) > 1:
        others = pd.get_dummies(data[[c for c in covariates if c != exposure]], dtype=float)
        explained = power.variance_explained(exposed, others)
    strength = power.of_hazard_ratio(
        int(event.sum()),
        float(exposed.mean()),
        explained=explained,
        alpha=ALPHA,
    )
    cells = [(side & had).sum() for side in (exposed, ~exposed) for had in (event, ~event)]
    return {
        "n": len(data),
        "events": int(event.sum()),
        "smallest": _smallest(*cells, exposed.sum(), (~exposed).sum()),
        "power": strength,
    }


def _ratio(entry: Entry, model: CoxModel, row: Row, how: str) -> Row:
    """Judge a direction by the hazard ratio and a test's p."""
    term = model.terms.set_index(["covariate", "group"]).loc[
        (entry.details["exposure"], entry.details["worse"])
    ]
    verdict = _verdict(bool(term["estimate"] > 1), row["p"], ALPHA)
    too_small = term["upper"] < power.HAZARD_RATIO
    changes = model.proportional_hazards.set_index("covariate")["p"][entry.details["exposure"]]
    return {
        **{k: term[k] for k in ("estimate", "lower", "upper")},
        "ph_p": changes,
        "proportional": "" if is_missing(changes) else "no" if changes < ALPHA else "yes",
        "unit": "hazard ratio",
        "verdict": verdict,
        "why": _weighed(verdict, MODERATE_HAZARD, row["power"], too_small),
        "method": _with_assumptions(f"{term['method']}; {how}", entry),
    }


def _verdict(as_claimed: bool, p: float, alpha: float) -> str:
    if as_claimed:
        return SUPPORTS if p < alpha else SAME
    return CONTRADICTS if p < alpha else OPPOSITE


MODERATE_HAZARD = f"a hazard ratio of {power.HAZARD_RATIO:.1f}"


def _weighed(verdict: str, moderate: str, strength: float, too_small: bool = False) -> str:
    """Say what the power, and an interval short of the moderate effect, add to a verdict."""
    if verdict == SUPPORTS:
        return f"smaller than moderate: the interval excludes {moderate}" if too_small else ""
    if verdict == CONTRADICTS:
        return ""
    ruled_out = f"the interval rules out {moderate}" if too_small else ""
    return _joined(f"power for {moderate} was {format_power(strength)}", ruled_out)


# --- words -------------------------------------------------------------------------------------


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _with_assumptions(method: str, entry: Entry) -> str:
    """Name what had to be assumed about the paper, by the registry's ids."""
    endpoint = entry.details.get("endpoint", entry.id.split("_")[0])
    keys = (endpoint, entry.details.get("exposure"), entry.details.get("model"))
    assumed = ", ".join(ASSUMED[key] for key in keys if key in ASSUMED)
    return f"{method}; assumed [A]: {assumed}" if assumed else method
