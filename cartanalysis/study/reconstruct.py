"""Cohorts that agree with everything published about the study.

A seeded generator draws patients from a plain model (exponential times, proportional hazards,
administrative censoring; every number it uses is an *assumed* value of the registry) until the
whole registry of published values holds.  Two things make that quick:

- A Kaplan–Meier curve's heights depend on ranks only.  So patients exchange their ends of
  follow-up until both curves have steps of the right height, and then the time axis is stretched
  by one monotone function that puts these steps on the right days.  Log-rank and Cox results do
  not notice.
- The heights are checked with a few lines of arithmetic; the full statistics judge only the
  cohorts that pass.

The last word has `cartanalysis.claims.verdicts`, the same judge that every cohort meets.
"""

from __future__ import annotations

import calendar
import itertools
import math
import random
from dataclasses import asdict, dataclass
from datetime import date

import pandas as pd

from cartanalysis.claims.registry import Registry
from cartanalysis.claims.verdicts import Verdict, judge
from cartanalysis.contract import DEFAULT_COHORT, FIELDS, derive
from cartanalysis.intake import parse
from cartanalysis.stats import response
from cartanalysis.study.published import load

DEFAULT_SEED = 32
"""The most central of forty consistent cohorts (`cartanalysis.study.consistent.most_central`)."""
MAX_ATTEMPTS = 100_000
MAX_EXCHANGES = 200
CLEARLY = 2.1
"""Log-rank z asked for before the ranks are fitted; p < 0.05 is judged afterwards."""


_BASELINE_RELAPSE_MEDIAN = 700.0
"""Days; only the ranks it produces matter, the time axis is stretched afterwards."""


class NoCohortFoundError(RuntimeError):
    """No draw agreed with the registry within the allowed attempts."""


@dataclass
class Course:
    """A patient's latent course; times in days since infusion, before stretching."""

    emd: str
    treg_pct: float
    high_risk: bool
    responds: bool
    relapse: float
    dies_in_remission: bool
    death: float
    end: float


@dataclass(frozen=True)
class Marks:
    """Where the four published moments lie on the axis since infusion, before stretching."""

    rfs_median: float
    os_year: float
    rfs_year: float
    os_median: float


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


def reconstruct(seed: int = DEFAULT_SEED, registry: Registry | None = None) -> str:
    """Draw a cohort that agrees with every published, reported and derived value.

    Parameters
    ----------
    seed : int
        Chooses the cohort; the same seed gives the same bytes everywhere.
    registry : Registry, optional
        The values to agree with; the project's own if not given.

    Returns
    -------
    str
        A CSV file in the cohort's contract.

    Raises
    ------
    NoCohortFoundError
        If no draw agrees; the registry then contradicts itself or its assumptions.
    """
    known = registry or load()
    for attempt in range(MAX_ATTEMPTS):
        rng = random.Random(seed * MAX_ATTEMPTS + attempt)
        courses = _draw_courses(rng, known)
        if not _factors_matter(courses):
            continue
        marks = _fit_ranks(rng, courses, known)
        if marks is None:
            continue
        patients = _stretch(courses, marks, known)
        add_bystanders(rng, patients, known, known["a_remission_day"].value)
        number(patients, "R" if seed == DEFAULT_SEED else f"{DEFAULT_COHORT}-seed{seed}-")
        text = to_table(patients).to_csv(index=False, lineterminator="\n")
        if agrees(text, known):
            return text
    raise NoCohortFoundError(f"no cohort agrees with the registry in {MAX_ATTEMPTS} draws")


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
    upheld = (Verdict.EXACT, Verdict.SUPPORTS)
    return all(judge(claim, patients, registry)["verdict"] in upheld for claim in in_order)


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


# --- the course of disease ---------------------------------------------------------------------


def _draw_courses(rng: random.Random, known: Registry) -> list[Course]:
    """Draw risk factors, responses and latent times since infusion."""
    by_emd, by_treg, by_genetics = (
        math.exp(rng.uniform(*map(math.log, known[key].value)))
        for key in ("a_hr_emd", "a_hr_treg", "a_hr_genetics")
    )
    remission_day, after_relapse = known["a_remission_day"].value, known["a_after_relapse"].value
    dies_in_remission = known["a_death_in_remission"].fraction
    shortest, longest = follow_up_range(known)
    emd, responds = _emd_and_response(known)
    n = len(emd)
    treg = [_treg(rng, known["a_treg_median"].value) for _ in range(n)]
    middle = sorted(treg)[n // 2]
    high_risk = _choose(rng, n, known["a_genetic_high"].fraction)
    courses = []
    for i in range(n):
        hazard = (
            (by_emd if emd[i] != "none" else 1.0)
            * (by_treg if treg[i] > middle else 1.0)
            * (by_genetics if high_risk[i] else 1.0)
        )
        relapse, in_remission = math.inf, False
        if responds[i]:
            relapse = remission_day + _exponential(rng, _BASELINE_RELAPSE_MEDIAN / hazard)
            in_remission = rng.random() < dies_in_remission
        # risk factors act on death, too, though less than on relapse
        lag = _exponential(rng, after_relapse / math.sqrt(hazard))
        death = (relapse if in_remission else relapse + lag) if responds[i] else 14 + lag
        end = rng.uniform(shortest, longest)
        courses.append(
            Course(emd[i], treg[i], high_risk[i], responds[i], relapse, in_remission, death, end)
        )
    return courses


def _factors_matter(courses: list[Course]) -> bool:
    """Tell whether each factor worsens OS and RFS clearly, by a log-rank test by hand."""
    high = sorted(c.treg_pct for c in courses)[len(courses) // 2]
    responders = [c for c in courses if c.responds]
    for group in (
        lambda c: c.high_risk,
        lambda c: c.treg_pct > high,
        lambda c: c.emd != "none",
    ):
        os = [(min(c.death, c.end), c.death < c.end, group(c)) for c in courses]
        rfs = [(min(c.relapse, c.end), c.relapse < c.end, group(c)) for c in responders]
        if min(_log_rank_z(os), _log_rank_z(rfs)) < CLEARLY:
            return False
    return True


def _log_rank_z(data: list[tuple[float, bool, bool]]) -> float:
    """Log-rank z of the marked group, positive if it does worse; times are distinct."""
    excess = variance = 0.0
    ordered = sorted(data, reverse=True)
    at_risk = marked = 0
    for _, event, mark in ordered:
        at_risk, marked = at_risk + 1, marked + mark
        if event:
            share = marked / at_risk
            excess += mark - share
            variance += share * (1 - share)
    return excess / math.sqrt(variance) if variance else 0.0


def _fit_ranks(rng: random.Random, courses: list[Course], known: Registry) -> Marks | None:
    """Exchange ends of follow-up between patients until both curves have the right steps.

    An exchange keeps the distribution of follow-up, so the accrual is respected; it moves
    censored patients along the curve, and with them its heights.
    """
    published = known["os_1y"].value, known["rfs_1y"].value
    misfit, marks = _misfit(courses, *published)
    for _ in range(MAX_EXCHANGES):
        if marks is not None:
            return marks
        a, b = rng.sample(courses, 2)
        if max(a.death, b.death) < min(a.end, b.end):
            a.end, b.end = b.end, a.end
            continue  # both died before either end: the curves stay as they are
        a.end, b.end = b.end, a.end
        new_misfit, marks = _misfit(courses, *published)
        if new_misfit <= misfit:
            misfit = new_misfit
        else:
            a.end, b.end = b.end, a.end
    return None


def _misfit(courses: list[Course], os_1y: float, rfs_1y: float) -> tuple[float, Marks | None]:
    """Tell how far the curves are from the right steps, and where those are if they are there.

    Four moments on the axis since infusion have to come in this order: the RFS median (counted
    from remission), 1 year of OS, 1 year of RFS, the OS median.
    """
    os_median, os_step = _curve([(min(c.death, c.end), c.death < c.end) for c in courses], os_1y)
    if os_median is None:
        return 1.0, None
    responders = [c for c in courses if c.responds]
    times = [(min(c.relapse, c.end), c.relapse < c.end) for c in responders]
    rfs_median, rfs_step = _curve(times, rfs_1y)
    if rfs_median is None or rfs_median >= os_median:
        return 1.0, None
    distance = 0.0
    for (_, _, height), percent in ((os_step, os_1y), (rfs_step, rfs_1y)):
        if f"{height:.1f}" != f"{percent:.1f}":
            distance += abs(height - percent) / 100
    # where the 1-year marks may lie before stretching
    low, high = max(os_step[0], rfs_median), min(os_step[1], rfs_step[1], os_median)
    first = low + (high - low) / 3
    low_2, high_2 = max(rfs_step[0], first), min(rfs_step[1], os_median)
    second = low_2 + 2 * (high_2 - low_2) / 3
    if high <= low or high_2 <= low_2:
        return distance + 0.05, None
    marks = Marks(rfs_median, first, second, os_median)
    return distance, marks if distance == 0 else None


def _curve(
    data: list[tuple[float, bool]], percent: float
) -> tuple[float | None, tuple[float, float, float]]:
    """Follow a Kaplan–Meier curve by hand; times are distinct.

    Gives the first time with survival below one half (none if never, or if it is exactly one half
    before), and the step whose height is nearest to a percentage: from, to, height in percent.
    """
    survival, start, median, is_open = 1.0, 0.0, None, True
    nearest = (0.0, 0.0, math.inf)
    at_risk = len(data)
    for time, event in sorted(data):
        if event:
            height = 100 * survival
            if abs(height - percent) < abs(nearest[2] - percent):
                nearest = (start, time, height)
            survival *= 1 - 1 / at_risk
            start = time
            if is_open and survival < 0.5 + 1e-9:
                is_open = False
                median = time if survival < 0.5 - 1e-9 else None
        at_risk -= 1
    return median, nearest


def _emd_and_response(known: Registry) -> tuple[list[str], list[bool]]:
    """Lay out EMD and response: derived counts where there are any, assumed ones for CNS."""
    n, responders = known["infused"].value, known["responders"].value
    other, other_yes = known["emd_other_n"].value, known["orr_emd_other_n"].value
    cns, cns_yes = known["a_cns_n"].value, known["a_cns_responders"].value
    none = n - other - cns
    none_yes = responders - other_yes - cns_yes
    emd = ["other"] * other + ["cns"] * cns + ["none"] * none
    responds: list[bool] = []
    for size, yes in ((other, other_yes), (cns, cns_yes), (none, none_yes)):
        responds += [True] * yes + [False] * (size - yes)
    return emd, responds


def _treg(rng: random.Random, median: float) -> float:
    return round(min(40.0, median * math.exp(rng.gauss(0, 0.55))), 2)


def _exponential(rng: random.Random, median: float) -> float:
    return rng.expovariate(math.log(2) / median)


def _choose(rng: random.Random, n: int, share: float) -> list[bool]:
    """Mark a fixed number out of n, in random places."""
    marked = set(rng.sample(range(n), round(share * n)))
    return [i in marked for i in range(n)]


# --- the time axis -----------------------------------------------------------------------------


def _stretch(courses: list[Course], marks: Marks, known: Registry) -> list[Patient]:
    """Put the marks on the published days by one monotone function, and observe the patients."""
    day, year = known["a_remission_day"].value, known["os_1y"].details["day"]
    beyond = 1.6 * max(marks.os_median, known["os_median"].value)
    anchors = [
        (0.0, 0.0),
        (float(day), float(day)),
        (marks.rfs_median, known["rfs_median"].value + day),
        (marks.os_year, year + 0.5),
        (marks.rfs_year, year + day + 0.5),
        (marks.os_median, known["os_median"].value),
        (beyond, beyond),
    ]
    patients = []
    for c in courses:
        died, relapsed = c.death < c.end, c.relapse < c.end
        os_days = max(1, round(_interpolate(min(c.death, c.end), anchors)))
        rfs_days = rfs_event = cause = None
        if c.responds:
            rfs_event = int(relapsed)
            cause = ("death" if c.dies_in_remission else "relapse") if relapsed else None
            rfs_days = max(1, round(_interpolate(min(c.relapse, c.end), anchors)) - day)
        patients.append(
            Patient(
                emd=c.emd,
                treg_pct=c.treg_pct,
                genetic_risk="high" if c.high_risk else "standard",
                response="CR" if c.responds else "NR",
                os_days=os_days,
                os_event=int(died),
                rfs_days=rfs_days,
                rfs_event=rfs_event,
                rfs_cause=cause,
            )
        )
    return patients


def _interpolate(x: float, anchors: list[tuple[float, float]]) -> float:
    for (x0, y0), (x1, y1) in itertools.pairwise(anchors):
        if x <= x1:
            return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
    return x


# --- everything no published value depends on --------------------------------------------------


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


def number(patients: list[Patient], start: str) -> None:
    """Number the patients so that the file says what it is, whoever gets it.

    Parameters
    ----------
    patients : list of Patient
        A cohort's; changed in place.
    start : str
        What the identifiers begin with.
    """
    for place, p in enumerate(patients, start=1):
        p.patient_id = f"{start}{place:02d}"


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
