"""Patients as drawn, and the columns on which no curve and no comparison rests."""

from __future__ import annotations

import math
import random
from dataclasses import asdict, dataclass

import pandas as pd

from cartanalysis.claims.registry import Registry
from cartanalysis.contract import FIELDS


@dataclass(eq=False)
class Patient:
    """One drawn patient; the fields are the contract's columns."""

    emd: str
    treg_pct: float
    genetic_risk: str
    response: str
    os_days: int
    os_event: int
    rfs_days: int | None
    rfs_event: int | None
    rfs_cause: str | None
    patient_id: str = ""
    age_years: int = 0
    sex: str = ""
    bm_blasts_pct: int = 0
    prior_hsct: str = ""
    mrd: str | None = None
    crs_grade: int = 0
    icans_grade: int = 0
    ae_grade_max: int = 0
    hsct_day: int | None = None


def add_bystanders(
    rng: random.Random, patients: list[Patient], known: Registry, remission_day: int
) -> None:
    """Fill in the columns on which no curve and no comparison rests, then shuffle.

    Parameters
    ----------
    rng : random.Random
        Source of random numbers.
    patients : list of Patient
        A cohort's; changed in place.
    known : Registry
        Reported counts and assumed shares.
    remission_day : int
        Day since infusion from which relapse-free survival counts.
    """
    responders = [p for p in patients if p.response != "NR"]
    others = [p for p in patients if p.response == "NR"]
    earlier = known["a_prior_hsct_responders"].value
    transplanted = rng.sample(responders, earlier)
    transplanted += rng.sample(others, known["a_prior_hsct"].value - earlier)
    men = rng.sample(patients, round(known["a_male"].fraction * len(patients)))
    grade4 = rng.sample(patients, known["ae_grade4_n"].value)
    _grade_toxicity(rng, patients, grade4, known)
    for p, age in zip(patients, _ages(rng, len(patients), known), strict=True):
        p.age_years = age
        p.sex = "male" if p in men else "female"
        p.prior_hsct = "yes" if p in transplanted else "no"
        p.bm_blasts_pct = _marrow(rng, known["a_blasts"].value)
        other = rng.choices((1, 2, 3), (2, 4, 5))[0]
        p.ae_grade_max = 4 if p in grade4 else max(p.crs_grade, p.icans_grade, other)
    incomplete = rng.sample(responders, round(known["a_cri"].fraction * len(responders)))
    negative = rng.sample(responders, known["mrd_negative_n"].value)
    chosen = rng.sample(responders, round(known["a_hsct_after"].fraction * len(responders)))
    for p in responders:
        p.response = "CRi" if p in incomplete else "CR"
        p.mrd = "negative" if p in negative else "positive"
        day = rng.randint(50, 120)
        free = remission_day + (p.rfs_days or 0)
        if p in chosen and day < free:  # transplanted in remission
            p.hsct_day = day
    rng.shuffle(patients)


def _grade_toxicity(
    rng: random.Random, patients: list[Patient], grade4: list[Patient], known: Registry
) -> None:
    """Give grades of CRS and ICANS with the reported counts; grade 4 among `grade4` only."""
    for column, name in (("crs_grade", "crs"), ("icans_grade", "icans")):
        affected = rng.sample(patients, known[f"{name}_any_n"].value)
        severe = affected[: known[f"{name}_ge3_n"].value]
        for p in affected:
            grade = rng.choices((1, 2), (5, 4))[0]
            if p in severe:
                grade = 4 if p in grade4 and rng.random() < 0.67 else 3
            setattr(p, column, grade)


def _ages(rng: random.Random, n: int, known: Registry) -> list[int]:
    """Draw ages with the reported median in the middle, and as many below as above it."""
    youngest, oldest = known["a_age"].value
    middle = int(known["age_median"].value)
    younger = [
        round(middle - (middle - youngest) * rng.betavariate(1.2, 1.8)) for _ in range(n // 2)
    ]
    older = [round(middle + (oldest - middle) * rng.betavariate(1.0, 2.6)) for _ in range(n // 2)]
    ages = [*younger, *[middle] * (n % 2), *older]
    rng.shuffle(ages)
    return ages


def _marrow(rng: random.Random, median: float) -> int:
    """Draw blasts in percent, spread over the whole range with a given median."""
    odds = median / (100 - median) * math.exp(rng.gauss(0, 1.2))
    return round(100 * odds / (1 + odds))


def to_table(patients: list[Patient]) -> pd.DataFrame:
    """Write a cohort in the contract's columns.

    Parameters
    ----------
    patients : list of Patient
        The cohort's.

    Returns
    -------
    pandas.DataFrame of shape (n_patients, n_columns)
        As in a cohort file.
    """
    table = pd.DataFrame([asdict(p) for p in patients], dtype=object)
    return table[[c for c in FIELDS if c in table]]
