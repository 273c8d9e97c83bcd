"""The cohorts that ship with the book, and the checks that every one of them has to pass.

They were drawn by `cartanalysis.study.ensemble` (``scripts/draw_ensemble.py``), evenly from all
cohorts that agree with what is published.  The last word has `cartanalysis.claims.verdicts`, the
same judge that every cohort meets.
"""

from __future__ import annotations

import calendar
from datetime import date

import pandas as pd

from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import Verdict, tested
from cartanalysis.contract import DEFAULT_COHORT, FIELDS, derive
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.intake import parse
from cartanalysis.stats import response
from cartanalysis.study import consistent

DEFAULT_SEED = 344
"""The most central of the cohorts that ship (`cartanalysis.study.consistent.most_central`)."""


def reconstruct(seed: int = DEFAULT_SEED) -> str:
    """Give a cohort that agrees with every published, reported and derived value.

    Parameters
    ----------
    seed : int
        Chooses the cohort: its number among those that ship with the book, which begin anew after
        the last.

    Returns
    -------
    str
        A CSV file in the cohort's contract.
    """
    shipped = consistent.cohorts()
    member = (seed - 1) % int(shipped["seed"].max()) + 1
    table = shipped[shipped["seed"] == member].drop(columns="seed").reset_index(drop=True)
    # the file says what it is, whoever gets it
    start = "R" if seed == DEFAULT_SEED else f"{DEFAULT_COHORT}-seed{seed}-"
    table["patient_id"] = [f"{start}{place:02d}" for place in range(1, len(table) + 1)]
    return table[[c for c in FIELDS if c in table]].to_csv(index=False, lineterminator="\n")


def agrees(text: str, registry: Registry) -> bool:
    """Tell whether a cohort agrees with every published and derived value.

    Parameters
    ----------
    text : str
        CSV file in the cohort's contract.
    registry : Registry
        The values to agree with.

    Returns
    -------
    bool
        Whether all claims hold, the derived counts are met, and the follow-up fits the accrual.
    """
    patients = derive(parse(text.encode(), "reconstruction.csv", settled=True).table)
    counts = {
        "infused": len(patients),
        "infused_reported": len(patients),
        "responders": (patients["responder"] == "yes").sum(),
        "mrd_negative_n": (patients["mrd_negative_cr"] == "yes").sum(),
        "ae_grade4_n": (patients["ae_grade_max"] == 4).sum(),
        "emd_other_n": (patients["emd"] == "other").sum(),
        "orr_emd_other_n": ((patients["emd"] == "other") & (patients["responder"] == "yes")).sum(),
        "age_median": patients["age_years"].median(),
    }
    if any(registry[key].value != count for key, count in counts.items()):
        return False
    earliest, latest = registry["a_cutoff"].details["range"]
    shortest, longest = follow_up_range(registry, earliest)[0], follow_up_range(registry, latest)[1]
    alive = patients.loc[patients["os_event"] == 0, "os_days"]
    if alive.min() < shortest or patients["os_days"].max() > longest:
        return False
    rates = response.remission(patients, "emd").set_index("group")["estimate"]
    if rates.idxmin() != "other":
        return False
    # a verdict takes longer the further down its claim is judged
    costs = ("counted", "ordering", "survival", "median", "direction", "adjusted")
    in_order = sorted(registry.claims, key=lambda claim: costs.index(claim.how))
    return all(_is_upheld(claim, patients, registry) for claim in in_order)


def _is_upheld(claim: Entry, patients: pd.DataFrame, registry: Registry) -> bool:
    """Tell whether a claim holds; the paper printed it, however few patients it is about."""
    try:
        verdict = tested(claim, patients, registry)["verdict"]
    except (MissingColumns, CannotCompute):
        return False
    return verdict in (Verdict.EXACT, Verdict.SUPPORTS)


def follow_up_range(registry: Registry, until: str | None = None) -> tuple[int, int]:
    """Give the shortest and longest possible follow-up of a patient still alive.

    Parameters
    ----------
    registry : Registry
        With the accrual period and the assumed end of follow-up.
    until : str, optional
        Another month in which follow-up may have ended.

    Returns
    -------
    tuple of int
        Days from the last and from the first possible infusion to the end of follow-up.
    """
    first, last = registry["accrual"].value
    (assumed,) = registry["a_cutoff"].value
    end, day_one = _last_day(until or assumed), _last_day(first).replace(day=1)
    return (end - _last_day(last)).days, (end - day_one).days


def _last_day(month: str) -> date:
    year, number = (int(part) for part in month.split("-"))
    return date(year, number, calendar.monthrange(year, number)[1])
