"""An et al. among other trials of CD19 CAR T cells in B-ALL: nothing here is reconstructed.

``data/peer-trials.csv`` holds one row per published trial, with its citation and how it was read
(`trials`); an empty cell was not verified, and is not zero.  ``data/other-findings.csv`` holds
what others found about the paper's questions (`findings`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import meta
from cartanalysis.stats.exact import binomial_interval
from cartanalysis.stats.percentages import counts_behind, rounds_to
from cartanalysis.stats.response import INTERVAL
from cartanalysis.study.published import DATA, load
from cartanalysis.text import each_row, format_interval, format_value, is_missing, rounded

TRIALS, FINDINGS = "peer-trials.csv", "other-findings.csv"
NAME = "An et al. 2020"
TRIAL, POOLED, STUDY, COHORT = "trial", "pooled", "study", "cohort"
"""Kinds of rows: another trial, their pooled value, An et al., and the cohort of the book."""

TEXTS = ("study", "citation", "population", "cr_definition", "efs_kind", "source_kind", "note")
SOURCES = ("primary abstract", "secondary table")
NOT_PRINTED = "as published; the interval cannot be computed without numbers at risk"
NO_SCATTER = (
    "τ² is estimated as 0 here, so this prediction interval holds only the uncertainty of the "
    "mean; with few trials the true scatter may be larger"
)


@dataclass(frozen=True)
class Outcome:
    """What trials are compared by.

    Attributes
    ----------
    words : str
        What the patients counted are, in words.
    count : str
        Column with their number; empty if only a percentage is published.
    percent : str
        Column with the percentage; empty if only a count is published.
    size : str
        Column with the number of patients who count.
    claim : str
        The study's own percentage in the registry; empty if none is published.
    """

    words: str
    count: str
    percent: str
    size: str
    claim: str = ""


SURVIVAL = "survival"
OUTCOMES = {
    "remission": Outcome("in remission", "cr_n", "cr_pct", "n", "orr"),
    SURVIVAL: Outcome("alive at 1 year", "", "os_1y_pct", "n", "os_1y"),
    "severe CRS": Outcome("with CRS of grade 3 or higher", "", "crs_ge3_pct", "infused", "crs_ge3"),
    "severe neurotoxicity": Outcome(
        "with neurotoxicity of grade 3 or higher", "", "neurotox_ge3_pct", "infused", "icans_ge3"
    ),
    "CRS": Outcome("with CRS of any grade", "", "crs_any_pct", "infused", "crs_any"),
    "neurotoxicity": Outcome(
        "with neurotoxicity of any grade", "", "neurotox_any_pct", "infused", "icans_any"
    ),
    "relapse": Outcome("with a relapse, of those in remission", "relapse_n", "", "cr_n"),
}
"""By name; survival is a Kaplan–Meier estimate, which has no count."""


# --- the table ---------------------------------------------------------------------------------


@cache
def _as_printed(name: str) -> pd.DataFrame:
    with (DATA / name).open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)


def trials() -> pd.DataFrame:
    """Read the other trials.

    Returns
    -------
    pandas.DataFrame
        One row per trial: study, citation, population; n (patients evaluable for response),
        infused (patients whom toxicity counts; n where the file is empty); cr_n, cr_pct and
        cr_definition (remission, as published or the only count that gives the percentage);
        os_1y_pct, efs_1y_pct and efs_kind (survival at 1 year); crs_ge3_pct, neurotox_ge3_pct,
        crs_any_pct, neurotox_any_pct; emd_pct, age_median; relapse_n (of those in remission),
        hsct_after_n (transplants after CAR T cells); source_kind (what was read), note.

    Raises
    ------
    ValueError
        If the file contradicts itself.
    """
    printed = _as_printed(TRIALS)
    if wrong := problems(printed):
        raise ValueError(f"{TRIALS}: {'; '.join(wrong)}")
    numbers = {str(c): pd.to_numeric(printed[c]) for c in printed if c not in TEXTS}
    counts = {c: numbers[c].astype("Int64") for c in ("infused", "relapse_n", "hsct_after_n")}
    table = printed.assign(**(numbers | counts))
    return table.assign(infused=table["infused"].fillna(table["n"]).astype(int))


def characteristics() -> pd.DataFrame:
    """Say who was treated in each trial, An et al. first.

    Returns
    -------
    pandas.DataFrame of str
        One row per trial: study, population, n, cr_definition, emd_pct, age_median, hsct_after_n;
        a dash for what is not known.  Values of An et al. carry the letters of the registry.
    """
    known = load()
    age, infused = known["age_median"], known["infused"]
    product, domain = known["product"].evidence, known["costimulation"].evidence
    mine = {
        "study": NAME,
        "population": f"paediatric and adult [{product}], 4-1BB [{domain}]",
        "n": f"{infused.value} [{infused.evidence}]",
        "cr_definition": f"CR/CRi [{known['orr'].evidence}]",
        "age_median": f"{age.value} [{age.evidence}]",
    }
    columns = ["study", "population", "n", "cr_definition", "emd_pct", "age_median", "hsct_after_n"]
    table = pd.concat([pd.DataFrame([mine]), _as_printed(TRIALS)])[columns]
    return table.replace("", math.nan).fillna("–").reset_index(drop=True)


def problems(printed: pd.DataFrame) -> list[str]:
    """Find what cannot be true in a table of trials.

    Parameters
    ----------
    printed : pandas.DataFrame of str
        Its cells as they stand in the file.

    Returns
    -------
    list of str
        One sentence each; empty if there is nothing.
    """
    found = [f"{name} is there twice" for name in printed["study"][printed["study"].duplicated()]]
    for row in each_row(printed):
        n, responders = int(row.n), int(row.cr_n)
        allowed: dict[str, tuple[float, float]] = {
            "infused": (n, math.inf),
            "cr_n": (0, n),
            "relapse_n": (0, responders),
            "hsct_after_n": (0, int(row.infused or n)),
        }
        allowed |= {str(c): (0, 100) for c in printed if str(c).endswith("_pct")}
        for column, (low, high) in allowed.items():
            value = getattr(row, column)
            if value and not low <= float(value) <= high:
                found.append(f"{row.study}: {column} is {value}")
        if not rounds_to(responders, n, float(row.cr_pct), _decimals(row.cr_pct)):
            found.append(f"{row.study}: {row.cr_pct} % is not {responders} of {n}")
        if row.source_kind not in SOURCES or not row.citation:
            found.append(f"{row.study}: the source is not told")
    return found


def _decimals(percent: str) -> int:
    return len(percent.partition(".")[2])


def findings(question: str) -> pd.DataFrame:
    """Read what others found about one of the paper's questions.

    Parameters
    ----------
    question : str
        The question, as in the file.

    Returns
    -------
    pandas.DataFrame
        One row per finding: question, direction (against, mixed or none, same as in the paper, or
        beyond it), who, finding, source; those against the paper first.

    Raises
    ------
    ValueError
        If nothing is known of the question.
    """
    known = _as_printed(FINDINGS)
    found = known[known["question"] == question].reset_index(drop=True)
    if found.empty:
        raise ValueError(f"no findings on {question!r}; there are {set(known['question'])}")
    return found


# --- one outcome -------------------------------------------------------------------------------


def rates(outcome: str, confidence: float = 0.95) -> pd.DataFrame:
    """Give one outcome of every other trial that reports it.

    Parameters
    ----------
    outcome : str
        One of `OUTCOMES`.
    confidence : float
        Coverage of the exact intervals.

    Returns
    -------
    pandas.DataFrame
        One row per trial, the largest share first: label, events, n, estimate, lower, upper, why
        (why there is no count), method.  Counts are those published, or the only ones that give
        the published percentage.
    """
    about = OUTCOMES[outcome]
    wanted = about.percent or about.count
    table = trials()
    printed = _as_printed(TRIALS)[wanted]
    rows = []
    for row, text in zip(each_row(table[printed != ""]), printed[printed != ""], strict=True):
        n = int(getattr(row, about.size))
        if outcome == SURVIVAL:
            rows.append(_uncounted(row.study, n, float(text)))
            continue
        counts = [int(text)] if not about.percent else _counts(row, about, text, n)
        if len(counts) != 1:
            why = f"{text} % is no whole number of {n} patients"
            rows.append({"label": row.study, "n": n, "why": why})
            continue
        rows.append(_counted(row.study, counts[0], n, confidence))
    columns = ["label", "events", "n", "estimate", "lower", "upper", "why", "method"]
    found = pd.DataFrame(rows, columns=columns)
    found["why"] = found["why"].fillna("")
    return found.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)


def _counts(row: Any, about: Outcome, percent: str, n: int) -> list[int]:
    if about.count:
        return [int(getattr(row, about.count))]
    return counts_behind(float(percent), _decimals(percent), n)


def _counted(label: str, events: int, n: int, confidence: float) -> dict[str, Any]:
    lower, upper = binomial_interval(events, n, confidence)
    shares = {"estimate": events / n, "lower": lower, "upper": upper}
    return {"label": label, "events": events, "n": n, **shares, "method": INTERVAL}


def _uncounted(label: str, n: int, percent: float) -> dict[str, Any]:
    return {"label": label, "n": n, "estimate": percent / 100, "method": NOT_PRINTED}


def _of_study(outcome: str, confidence: float) -> pd.DataFrame:
    """Give the same outcome of An et al., labelled with its letter; no row if none is published."""
    known, about = load(), OUTCOMES[outcome]
    if not about.claim:
        return pd.DataFrame()
    claim = known[about.claim]
    label = f"{NAME} [{claim.evidence}]"
    if outcome == SURVIVAL:
        n = int(known[claim.details["size"]].value)
        return pd.DataFrame([_uncounted(label, n, float(claim.value))])
    events, n = (int(known[key].value) for key in claim.details["counts"])
    return pd.DataFrame([_counted(label, events, n, confidence)])


def pool(found: pd.DataFrame, confidence: float = 0.95) -> meta.Pooled:
    """Pool the trials of which a count is known.

    Parameters
    ----------
    found : pandas.DataFrame
        From `rates`.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    Pooled
        Random effects, as log odds.
    """
    counted = found.dropna(subset=["events"])
    effects = [meta.of_counts(row.events, row.n) for row in each_row(counted)]
    return meta.pool([e for e, _ in effects], [v for _, v in effects], confidence)


def forest(
    outcome: str,
    confidence: float = 0.95,
    without: Sequence[str] = (),
    own: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set An et al. beside the other trials, and beside what a further trial would show.

    The study itself is not pooled: the others say where it should be expected.

    Parameters
    ----------
    outcome : str
        One of `OUTCOMES`.
    confidence : float
        Coverage of the intervals.
    without : sequence of str
        Trials left out.
    own : pandas.DataFrame, optional
        The same outcome of a cohort, one row: events, n, estimate, lower, upper.

    Returns
    -------
    pandas.DataFrame
        Rows of `rates`, then the pooled value (not of survival, which has no standard error
        without numbers at risk), the study and the cohort; further columns kind, weight, k,
        predicted_lower, predicted_upper, tau2, i2, q, q_p.

    Raises
    ------
    ValueError
        If a trial to leave out is not among them.
    """
    found = rates(outcome, confidence)
    if lacking := set(without) - set(found["label"]):
        raise ValueError(f"no trial of {outcome} is called {', '.join(sorted(lacking))}")
    found = found[~found["label"].isin(without)].reset_index(drop=True)
    parts = [found.assign(kind=TRIAL)]
    if outcome != SURVIVAL:
        pooled = pool(found, confidence)
        counted = found["events"].notna()
        parts[0].loc[counted, "weight"] = pooled.weights
        numbers = {name: getattr(pooled, name) for name in ("k", "tau2", "i2", "q", "q_p")}
        row = {"label": f"{pooled.k} trials, pooled", "kind": POOLED, **numbers}
        row |= {"method": f"{meta.METHOD}, {meta.LOGIT.name}", **pooled.back(meta.LOGIT)}
        parts.append(pd.DataFrame([row]).drop(columns=["common", "common_lower", "common_upper"]))
    parts.append(_of_study(outcome, confidence).assign(kind=STUDY))
    if own is not None:
        parts.append(own.assign(kind=COHORT, label="this cohort"))
    columns = [
        "label", "kind", "events", "n", "estimate", "lower", "upper", "predicted_lower",
        "predicted_upper", "weight", "k", "tau2", "i2", "q", "q_p", "why", "method",
    ]  # fmt: skip
    rows = [record for part in parts for record in part.to_dict("records")]
    out = pd.DataFrame(rows, columns=columns)
    out["why"] = out["why"].fillna("")
    return out.astype(dict.fromkeys(out.columns.drop(["label", "kind", "why", "method"]), float))


# --- in words ----------------------------------------------------------------------------------


def only(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Take the rows of one kind.

    Parameters
    ----------
    table : pandas.DataFrame
        From `forest`.
    kind : {"trial", "pooled", "study", "cohort"}
        Which.

    Returns
    -------
    pandas.DataFrame
        They alone.
    """
    return table[table["kind"] == kind].reset_index(drop=True)


def describe(table: pd.DataFrame, outcome: str) -> str:
    """Put the picture into a sentence, for who cannot see it.

    Parameters
    ----------
    table : pandas.DataFrame
        From `forest`.
    outcome : str
        One of `OUTCOMES`.

    Returns
    -------
    str
        A sentence.
    """
    others = only(table, TRIAL).dropna(subset=["estimate"])
    below = [
        f"{row.label} {format_value(row.estimate, 'fraction')}{_interval(row)}"
        for row in each_row(table[table["kind"] != TRIAL])
    ]
    told = "; ".join([f"{len(others)} other trials from {span(table)}", *below])
    return f"Forest plot of the share of patients {OUTCOMES[outcome].words}: {told}."


def _interval(row: Any) -> str:
    if is_missing(row.lower):
        return ""
    return f" ({format_interval(row.lower, row.upper, 'fraction')})"


def place(table: pd.DataFrame) -> str:
    """Say where An et al. sits among the others.

    Parameters
    ----------
    table : pandas.DataFrame
        From `forest`.

    Returns
    -------
    str
        A part of a sentence: how many trials report a higher share; empty if the study reports
        none.
    """
    study = only(table, STUDY)
    if study.empty:
        return ""
    mine = study.iloc[0]
    others = only(table, TRIAL).dropna(subset=["estimate"])["estimate"]
    higher, lower = int((others > mine["estimate"]).sum()), int((others < mine["estimate"]).sum())
    return f"{higher} of the {len(others)} other trials report a higher share, {lower} a lower one"


def in_range(table: pd.DataFrame) -> str:
    """Say where An et al. lies in what is expected of a further trial.

    Parameters
    ----------
    table : pandas.DataFrame
        From `forest`, pooled.

    Returns
    -------
    str
        Inside, below or above the prediction interval; where outside, the study's own interval
        and whether it reaches into the other; empty if the study reports no share.
    """
    study = only(table, STUDY)
    if study.empty:
        return ""
    mine, pooled = study.iloc[0], only(table, POOLED).iloc[0]
    low, high = pooled["predicted_lower"], pooled["predicted_upper"]
    if low <= mine["estimate"] <= high:
        return "inside"
    side = "below" if mine["estimate"] < low else "above"
    own = f"its own interval{_interval(mine)}"
    if mine["upper"] >= low and mine["lower"] <= high:
        return f"{side}, though {own} reaches into it"
    return f"{side}, with the whole of {own}"


def span(table: pd.DataFrame) -> str:
    """Say from where to where the other trials' shares reach.

    Parameters
    ----------
    table : pandas.DataFrame
        From `forest`.

    Returns
    -------
    str
        Such as "43 % to 77 %", at the precision of the page.
    """
    others = only(table, TRIAL)["estimate"]
    return format_interval(others.min(), others.max(), "fraction")


def predicted(table: pd.DataFrame) -> str:
    """Say where the true share of a further trial is expected.

    Parameters
    ----------
    table : pandas.DataFrame
        From `forest`, pooled.

    Returns
    -------
    str
        The prediction interval.
    """
    row = only(table, POOLED).iloc[0]
    return format_interval(row["predicted_lower"], row["predicted_upper"], "fraction")


def alike(table: pd.DataFrame) -> str:
    """Say how much the pooled trials differ.

    Parameters
    ----------
    table : pandas.DataFrame
        From `forest`.

    Returns
    -------
    str
        A sentence with I² and the test of heterogeneity, and what a τ² of 0 leaves out.

    Raises
    ------
    CannotCompute
        If nothing was pooled.
    """
    pooled = only(table, POOLED)
    if pooled.empty:
        raise CannotCompute("these trials were not pooled")
    row = pooled.iloc[0]
    share = rounded(100 * row["i2"], 0, 0, 100)
    text = f"I² {share} %; Cochran's Q: {format_value(row['q_p'], 'p')}"
    return text if row["tau2"] > 0 else f"{text}; {NO_SCATTER}"
