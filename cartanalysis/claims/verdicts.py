"""One claim of the paper against a cohort: the rules, and the words of the verdict.

A published number predicts a range for a cohort's own, and a margin around it says what is called
the same (`cartanalysis.claims.consistency`); a published direction is tested.  What no test could
show is told from what was not there by the power (`cartanalysis.claims.power`).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from cartanalysis.claims import consistency, diagnostics, power
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.contract import DERIVED, FIELDS, require
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import firth, inversion, permutation, response, survival
from cartanalysis.stats.cox import CoxModel
from cartanalysis.stats.exact import binomial_interval
from cartanalysis.text import format_power, is_missing

ONE_YEAR = 365
"""The day that is called "1 year"."""

ALPHA = 0.05
"""Level of every test, and of what does not survive Holm's correction: the usual convention."""

MIN_RIVAL = 5
"""Fewest patients of a group whose remission rate may contradict the published order."""

VALUES, DIRECTIONS = "value", "direction"
FAMILIES = {"rate": VALUES, "time": VALUES, "ordering": DIRECTIONS, "direction": DIRECTIONS}
"""Kinds of claims, in the two families within which p-values are adjusted."""


class Kind(StrEnum):
    """What a verdict says of the paper's claim."""

    UPHELD = "upheld"
    INCONCLUSIVE = "inconclusive"
    OPPOSED = "opposed"
    NOT_INTERPRETABLE = "not_interpretable"
    NOT_ASSESSED = "not_assessed"

    @property
    def words(self) -> str:
        """The kind as it is read."""
        return str(self).replace("_", " ")


class Verdict(StrEnum):
    """What a cohort says of a claim, in words."""

    EXACT = "equal at the printed rounding"
    CONSISTENT = "consistent: within the margin around the published value"
    WEAK = "consistent, but inconclusive: inside the range that the published value predicts"
    DIFFERS = "differs: outside the range that the published value predicts"
    SUPPORTS = "supports"
    SAME = "same direction, inconclusive"
    OPPOSITE = "opposite direction, inconclusive"
    CONTRADICTS = "contradicts"
    NOT_INTERPRETABLE = "not interpretable"
    NOT_ASSESSED = "cannot be assessed"

    @property
    def kind(self) -> Kind:
        """What it says of the paper's claim."""
        return _KINDS[self][0]

    @property
    def is_answer(self) -> bool:
        """Whether the cohort was asked, and could answer."""
        return self.kind not in (Kind.NOT_INTERPRETABLE, Kind.NOT_ASSESSED)

    @property
    def word(self) -> str:
        """The verdict as short as it can stand beside the mark of its kind."""
        return _KINDS[self][1]

    @property
    def brief(self) -> str:
        """The verdict without what it means."""
        return _BRIEF.get(self, str(self))


_KINDS = {
    Verdict.EXACT: (Kind.UPHELD, "equal"),
    Verdict.CONSISTENT: (Kind.UPHELD, "consistent"),
    Verdict.WEAK: (Kind.INCONCLUSIVE, "consistent, but inconclusive"),
    Verdict.DIFFERS: (Kind.OPPOSED, "differs"),
    Verdict.SUPPORTS: (Kind.UPHELD, "supports"),
    Verdict.SAME: (Kind.INCONCLUSIVE, "same direction"),
    Verdict.OPPOSITE: (Kind.INCONCLUSIVE, "opposite direction"),
    Verdict.CONTRADICTS: (Kind.OPPOSED, "contradicts"),
    Verdict.NOT_INTERPRETABLE: (Kind.NOT_INTERPRETABLE, "not interpretable"),
    Verdict.NOT_ASSESSED: (Kind.NOT_ASSESSED, "cannot be assessed"),
}
_BRIEF = {
    Verdict.CONSISTENT: "consistent",
    Verdict.WEAK: "consistent, but inconclusive",
    Verdict.DIFFERS: "differs",
}

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
        verdict, and why if there is no answer.
    """
    try:
        found = before(entry, patients, registry, confidence)
    except MissingColumns as error:
        lacks = ", ".join(error.columns)
        return {"verdict": Verdict.NOT_ASSESSED, "why": str(error), "lacks": lacks}
    except CannotCompute as error:
        return {"verdict": Verdict.NOT_INTERPRETABLE, "why": str(error)}
    why = found.pop("why")
    try:
        row = tested(entry, patients, registry, confidence)
    except CannotCompute as error:
        return found | {"verdict": Verdict.NOT_INTERPRETABLE, "why": str(error)}
    if why:  # what the cohort shows is told, but nothing is tested
        row = {k: v for k, v in row.items() if k not in TESTED}
        row |= {"verdict": Verdict.NOT_INTERPRETABLE, "why": why}
    return found | row


TESTED = ("p", "ph_p", "test", "side", "proportional")
"""What is told of a test, and of nothing that was not tested."""


def tested(
    entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float = 0.95
) -> Row:
    """Judge one claim on a cohort, whether or not it could have answered.

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
        As `judge`, without the diagnostics.

    Raises
    ------
    MissingColumns, CannotCompute
        If the cohort has nothing to judge.
    """
    judges = {
        "counted": _rate,
        "survival": _survival,
        "median": _survival,
        "ordering": _ordering,
        "direction": _direction,
        "adjusted": _adjusted,
    }
    return judges[entry.how](entry, patients, registry, confidence)


# --- before the verdict ------------------------------------------------------------------------


def before(
    entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float = 0.95
) -> Row:
    """Tell what a cohort could say to a claim, without looking at what it says.

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
        Columns size, followed, completeness, seen_lower and seen_upper, see
        `cartanalysis.claims.replication.claims`; why (it is not interpretable).

    Raises
    ------
    MissingColumns, CannotCompute
        If a column is missing, or there is no patient to look at.
    """
    if entry.how == "counted":
        return _before_value(entry, registry, len(_counted(entry, patients)), confidence)
    if entry.how == "ordering":
        return _before_odds(entry, patients)
    if FAMILIES[entry.kind] == DIRECTIONS:
        return _before_hazard(entry, patients)
    data = survival.with_endpoint(patients, entry.details["endpoint"])
    time, event = data["time"].to_numpy(), data["event"].to_numpy()
    day = survival.observed_time(time, day_of(entry))
    followed, completeness = diagnostics.follow_up(time, event, day)
    found: Row = {"followed": followed, "completeness": completeness}
    estimate, size = (float(x) for x in consistency.survival_with_size(time, event, day))
    if time.max() < day and estimate > 0:
        return found | {"why": ""}  # the curve ends before, as the judge will say
    return found | _before_value(entry, registry, size, confidence)


def _before_value(entry: Entry, registry: Registry, size: float, confidence: float) -> Row:
    paper, paper_size = in_paper(entry, registry)
    low, high = diagnostics.rates_seen(size, paper, paper_size, confidence)
    why = diagnostics.of_rate(size, paper, paper_size, confidence)
    return {"size": float(size), "seen_lower": low, "seen_upper": high, "why": why}


def _before_odds(entry: Entry, patients: pd.DataFrame) -> Row:
    exposure = entry.details["exposure"]
    patients = _worse_last(entry, patients)
    require(patients, exposure, "responder")
    known = patients[[exposure, "responder"]].dropna()
    exposed = int((known[exposure] == entry.details["worse"]).sum())
    others, outcomes = len(known) - exposed, int((known["responder"] == "yes").sum())
    return {
        "size": float(min(exposed, others)),
        "seen_lower": diagnostics.odds_ratio_seen(exposed, others, outcomes, ALPHA),
        "why": diagnostics.of_odds_ratio(exposed, others, outcomes, ALPHA),
    }


def _before_hazard(entry: Entry, patients: pd.DataFrame) -> Row:
    exposure, endpoint = entry.details["exposure"], entry.details["endpoint"]
    columns = entry.covariates if entry.how == "adjusted" else [exposure]
    data = survival.with_endpoint(_worse_last(entry, patients), endpoint, *columns)
    is_exposed = (data[exposure] == entry.details["worse"]).to_numpy()
    events, exposed = int(data["event"].sum()), int(is_exposed.sum())
    others, explained = len(data) - exposed, 0.0
    if len(columns) > 1 and exposed and others:
        rest = pd.get_dummies(data[[c for c in columns if c != exposure]], dtype=float)
        explained = min(power.variance_explained(is_exposed, rest), 1.0)
    return {
        "size": float(min(exposed, others)),
        "seen_upper": diagnostics.hazard_ratio_seen(events, exposed / len(data), explained, ALPHA),
        "why": diagnostics.of_hazard_ratio(events, exposed, others, explained, ALPHA),
    }


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
        "evidence": entry.evidence,
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
        adjusted = ", adjusted" if entry.how == "adjusted" else ""
        return f"hazard ratio{adjusted}", entry.label
    if entry.how in ("counted", "ordering"):
        return entry.details["judged"], entry.details["short"]
    endpoint, day = entry.details["endpoint"], day_of(entry)
    when = "at 1 year" if day == ONE_YEAR else f"on day {day:g}"
    median = " (median)" if entry.how == "median" else ""
    return f"{survival.endpoint_of(endpoint).state} {when}", f"{endpoint.upper()} {when}{median}"


def day_of(entry: Entry) -> float:
    """Give the day on which a claim about survival is judged.

    Parameters
    ----------
    entry : Entry
        A published rate on a curve, or a median.

    Returns
    -------
    float
        The day.
    """
    return float(entry.value if entry.how == "median" else entry.details["day"])


def in_paper(entry: Entry, registry: Registry) -> tuple[float, float]:
    """Give the paper's proportion that a claim about a value is judged by.

    Parameters
    ----------
    entry : Entry
        A published rate or time.
    registry : Registry
        The published and derived values.

    Returns
    -------
    tuple of float
        The proportion, by the counts behind it where they are known, and the patients it is of.

    Raises
    ------
    CannotCompute
        If what is published is no proportion.
    """
    if entry.how == "counted":
        events, n = (float(registry[key].value) for key in entry.details["counts"])
        return events / n, n
    proportion = 0.5 if entry.how == "median" else entry.fraction
    if not 0 <= proportion <= 1:
        raise CannotCompute(f"{entry.printed} is no share of patients")
    return proportion, float(registry[entry.details["size"]].value)


# --- published numbers -------------------------------------------------------------------------


def _rate(entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float) -> Row:
    """Judge a counted proportion by the counts behind the published percentage."""
    column, level = entry.details["column"], entry.details["level"]
    known = _counted(entry, patients)
    higher_too = entry.details.get("or_higher", False)
    n = len(known)
    events = int((known >= level if higher_too else known == level).sum())
    lower, upper = binomial_interval(events, n, confidence)
    found = pd.Series({"n": n, "events": events, "estimate": events / n, "lower": lower,
                       "upper": upper, "method": response.INTERVAL})  # fmt: skip
    judged = _compared(entry, registry, found, float(n), confidence)
    judged["smallest"] = _smallest(events, n - events)
    note = ""
    is_grade = column in FIELDS and FIELDS[column].kind == "grade"
    if is_grade and not higher_too and (known > level).any():
        higher = " or ".join(f"{grade:g}" for grade in sorted(known[known > level].unique()))
        note = f"some patients had grade {higher}, which is not counted here"
    return _value(entry, found, "fraction", judged, note)


def _counted(entry: Entry, patients: pd.DataFrame) -> pd.Series:
    """Give what is known of the patients of whom a rate is counted."""
    column = entry.details["column"]
    by, group = entry.details.get("by"), entry.details.get("group")
    require(patients, column, *([by] if by else []))
    members = patients[patients[by] == group] if by else patients
    known = members[column].dropna()
    if known.empty:
        what = " and ".join(DERIVED.get(column, (column,)))
        raise CannotCompute(f"no patient has {entry.details.get('of', group)} and a known {what}")
    return known


def _survival(entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float) -> Row:
    """Judge survival on a day, or on the day of the published median against one half."""
    endpoint, day = entry.details["endpoint"], day_of(entry)
    found = survival.survival_at(patients, endpoint, [day], confidence=confidence).iloc[0]
    if is_missing(found["estimate"]):
        raise CannotCompute(str(found["why"]))
    data = survival.with_endpoint(patients, endpoint)
    day = survival.observed_time(data["time"], day)
    if found["estimate"] > 0 and diagnostics.too_few_followed(data["time"], data["event"], day):
        raise CannotCompute(
            f"{diagnostics.TOO_FEW} were followed beyond day {day:g}, and more were lost before"
        )
    size = float(consistency.survival_with_size(data["time"], data["event"], day)[1])
    judged = _compared(entry, registry, found, size, confidence)
    judged["smallest"] = _smallest(found["events"], found["at_risk"])
    if entry.how == "survival":
        return _value(entry, found, "fraction", judged)
    median = survival.median(patients, endpoint, confidence=confidence).iloc[0]
    return _value(entry, median, "days", judged)


def _smallest(*counts: float) -> float:
    """Give the smallest count of patients that is not 0: what small-cell rules look at."""
    return min(c for c in counts if c > 0)


def _compared(
    entry: Entry,
    registry: Registry,
    found: pd.Series,
    size: float,
    confidence: float,
) -> Row:
    """Compare a proportion with the paper's, given both sample sizes."""
    paper, paper_size = in_paper(entry, registry)
    higher_is_better = entry.details.get("better", "higher") == "higher"
    estimate = float(found["estimate"])
    p = float(consistency.p_value(estimate, size, paper, paper_size))
    lower, upper = consistency.predicted(size, paper, paper_size, confidence)
    between, least, most = consistency.difference(estimate, size, paper, paper_size, confidence)
    verdict, why, side = Verdict.WEAK, "", ""
    if p < 1 - confidence:
        verdict = Verdict.DIFFERS
        is_lower = estimate < paper
        side = "worse" if is_lower == higher_is_better else "better"
        why = f"{'lower' if is_lower else 'higher'} than predicted, which is {side}"
    elif consistency.is_equivalent(estimate, size, paper, paper_size, 1 - confidence):
        verdict = Verdict.CONSISTENT
    else:
        why = f"the data leave open a difference beyond the margin of {margin_text(paper)}"
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
        "verdict": verdict,
        "side": side,
        "why": why,
    }


def margin_text(paper: float) -> str:
    """Write the range within which a rate counts as practically the same as the paper's.

    Parameters
    ----------
    paper : float
        The paper's proportion, as a fraction.

    Returns
    -------
    str
        Such as "63 % to 94 %".
    """
    low, high = (f"{100 * float(bound):.0f} %" for bound in consistency.margin(paper))
    return f"{low} to {high}"


def _value(entry: Entry, shown: pd.Series, unit: str, judged: Row, note: str = "") -> Row:
    """Put a value beside its judgement; what the paper would print alike is the same."""
    row = {k: shown[k] for k in ("n", "events", "estimate", "lower", "upper")} | judged
    method = _with_assumptions(f"{shown['method']}; {consistency.METHOD}", entry)
    row |= {"unit": unit, "test": "score", "method": method}
    if _printed(entry, row["estimate"]) == _printed(entry, entry.fraction):
        row |= {"verdict": Verdict.EXACT, "side": "", "why": ""}
    return row | {"why": _joined(row["why"], note)}


def _printed(entry: Entry, value: float) -> str:
    """Print a number as the paper would."""
    return f"{value * (100 if entry.unit == 'percent' else 1):.{entry.rounding}f}"


# --- published directions ----------------------------------------------------------------------


def _ordering(entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float) -> Row:
    """Compare a group's remission with everybody else's (odds ratio of remission below 1)."""
    about = entry.details
    exposure, by, group = about["exposure"], about["by"], about["group"]
    patients = _worse_last(entry, patients)
    found = response.association(patients, exposure, confidence=confidence).iloc[0]
    counts = pd.crosstab(patients[exposure], patients["responder"]).to_numpy(int)
    others, exposed = counts.sum(axis=1)
    remissions = int(counts[:, 1].sum())
    moderate = 1 / power.ODDS_RATIO
    strength = power.of_odds_ratio(int(exposed), int(others), remissions, moderate, ALPHA)
    verdict = _verdict(bool(found["estimate"] < 1), found["p"])
    too_small = found["lower"] > moderate
    why = _weighed(verdict, f"an odds ratio of {moderate:.1f}", strength, too_small)
    rate = response.remission(patients, by).set_index("group")
    rivals = rate.drop(index=group)
    rivals = rivals[rivals["estimate"] <= rate.loc[group, "estimate"]]
    if found["estimate"] < 1 and (rivals["n"] >= MIN_RIVAL).any():
        # fewer remissions than in all others together, but some group has as few or fewer
        verdict, why = Verdict.SAME, "another group has as few remissions or fewer"
    elif found["estimate"] < 1 and len(rivals):
        few = f"a group of fewer than {MIN_RIVAL} patients has as few remissions or fewer"
        why = _joined(why, f"{few}, too few to speak against the order")
    absent = [name for level, name in about["others"].items() if level not in rate.index]
    all_groups = len(about["others"]) + 1
    here = f"only {all_groups - len(absent)} of the paper's {all_groups} groups are here"
    why = _joined(why, *(f"no patient {name}: {here}" for name in absent))
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


def _worse_last(entry: Entry, patients: pd.DataFrame) -> pd.DataFrame:
    """Give the exposure two levels, last the one that the paper calls worse."""
    exposure, worse = entry.details["exposure"], entry.details["worse"]
    if exposure not in patients:
        return patients  # the statistic tells all that is missing
    column = patients[exposure]
    if "reference" in entry.details:
        column = column.where(column.isin([worse, entry.details["reference"]]))
    others = [level for level in response.levels(column) if level != worse]
    name = str(others[0]) if len(others) == 1 else "others"
    level = np.where(column == worse, worse, name).astype(object)
    level[column.isna()] = None
    return patients.assign(**{exposure: pd.Categorical(level, [name, worse])})


def _direction(entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float) -> Row:
    """Judge a hazard ratio by the log-rank test."""
    exposure, endpoint = entry.details["exposure"], entry.details["endpoint"]
    patients = _worse_last(entry, patients)
    test = permutation.compare(patients, endpoint, exposure).iloc[0]
    row = _exposure(entry, patients, [exposure]) | {"p": test["p"], "test": test["test"]}
    model = firth.hazard_ratios(patients, endpoint, [exposure], confidence)
    lower, upper = inversion.interval(patients, endpoint, exposure, confidence)
    model = replace(model, terms=model.terms.assign(lower=lower, upper=upper))
    usual, _, _ = model.terms["method"].iloc[0].rpartition(", ")
    method = f"{usual}; {inversion.METHOD}; p: {test['method']}"
    return row | _ratio(entry, model, row, method)


def _adjusted(entry: Entry, patients: pd.DataFrame, registry: Registry, confidence: float) -> Row:
    """Judge a factor given the others, by the likelihood-ratio test."""
    exposure, endpoint = entry.details["exposure"], entry.details["endpoint"]
    patients, covariates = _worse_last(entry, patients), entry.covariates
    model = firth.likelihood_ratio(patients, endpoint, covariates, exposure, confidence)
    test = model.tests.set_index("covariate").loc[exposure]
    row = _exposure(entry, patients, covariates) | {"p": test["p"], "test": "likelihood ratio"}
    others = ", ".join(c for c in covariates if c != exposure)
    method = f"{model.terms['method'].iloc[0]}; adjusted for {others}; p: {test['method']}"
    return row | _ratio(entry, model, row, method)


def _exposure(entry: Entry, patients: pd.DataFrame, covariates: list[str]) -> Row:
    """Count the exposed and the others, and give the power these numbers leave."""
    exposure, worse = entry.details["exposure"], entry.details["worse"]
    data = survival.with_endpoint(patients, entry.details["endpoint"], *covariates)
    exposed, event = (data[exposure] == worse).to_numpy(), data["event"].to_numpy()
    explained = 0.0
    if len(covariates) > 1:
        others = pd.get_dummies(data[[c for c in covariates if c != exposure]], dtype=float)
        explained = power.variance_explained(exposed, others)
    of = {"share": float(exposed.mean()), "explained": explained, "alpha": ALPHA}
    count = int(event.sum())
    cells = [(side & had).sum() for side in (exposed, ~exposed) for had in (event, ~event)]
    return {
        "n": len(data),
        "events": count,
        "smallest": _smallest(*cells, exposed.sum(), (~exposed).sum()),
        "power": power.of_hazard_ratio(count, **of),
        "needed": power.patients_needed(len(data), count, **of),
    }


def _ratio(entry: Entry, model: CoxModel, row: Row, method: str) -> Row:
    """Judge a direction by the hazard ratio and a test's p."""
    term = model.terms.set_index(["covariate", "group"]).loc[
        (entry.details["exposure"], entry.details["worse"])
    ]
    verdict = _verdict(bool(term["estimate"] > 1), row["p"])
    too_small = term["upper"] < power.HAZARD_RATIO
    changes = model.proportional_hazards.set_index("covariate")["p"][entry.details["exposure"]]
    return {
        **{k: term[k] for k in ("estimate", "lower", "upper")},
        "ph_p": changes,
        "proportional": "" if is_missing(changes) else "no" if changes < ALPHA else "yes",
        "unit": "hazard ratio",
        "verdict": verdict,
        "why": _joined(model.note, _weighed(verdict, MODERATE_HAZARD, row["power"], too_small)),
        "method": _with_assumptions(method, entry),
    }


def _verdict(as_claimed: bool, p: float) -> Verdict:
    if as_claimed:
        return Verdict.SUPPORTS if p < ALPHA else Verdict.SAME
    return Verdict.CONTRADICTS if p < ALPHA else Verdict.OPPOSITE


MODERATE_HAZARD = f"a hazard ratio of {power.HAZARD_RATIO:.1f}"


def _weighed(verdict: Verdict, moderate: str, strength: float, too_small: bool = False) -> str:
    """Say what the power, and an interval short of the moderate effect, add to a verdict."""
    if verdict is Verdict.SUPPORTS:
        return f"smaller than moderate: the interval excludes {moderate}" if too_small else ""
    if verdict is Verdict.CONTRADICTS:
        return ""
    ruled_out = f"the interval rules out {moderate}" if too_small else ""
    return _joined(f"power for {moderate} was {format_power(strength)}", ruled_out)


# --- words -------------------------------------------------------------------------------------


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _with_assumptions(method: str, entry: Entry) -> str:
    """Name what had to be assumed about the paper, by the registry's ids."""
    assumed = ", ".join(entry.details.get("assumed", []))
    return f"{method}; assumed [A]: {assumed}" if assumed else method
