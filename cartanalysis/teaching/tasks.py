"""The tasks of the answer sheet: what is asked of a student's cohort, and how it is computed.

All are about what differs from cohort to cohort; what the paper published is the same in each.
Beside the right answer stand the usual slips, so that a wrong one can be told what went wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from cartanalysis.contract import treg_cutoff_of
from cartanalysis.stats import permutation, survival
from cartanalysis.stats.cox import cox
from cartanalysis.stats.safety import at_least
from cartanalysis.study.published import load

DAY = 540
"""By then a tenth to a third of each cohort is censored, so that it matters how they count."""

LANDMARK = 28
SEVERE = 3
SMALLEST_P = 0.001

Compute = Callable[[pd.DataFrame], float]


@dataclass(frozen=True)
class Slip:
    """A usual wrong way to an answer.

    Attributes
    ----------
    value : callable
        Computes what it leads to.
    feedback : str
        What went wrong.
    """

    value: Compute
    feedback: str


@dataclass(frozen=True)
class Task:
    """A question to a cohort.

    Attributes
    ----------
    id : str
        Its id on the answer sheet.
    chapter : str
        The chapter it belongs to, as its notebook is named.
    question : str
        What is asked, with the convention to use.
    unit : str
        Unit of the answer; empty for a ratio or a p-value.
    tolerance : float
        How far from the right answer counts as right, in the same unit.
    answer : callable
        Computes the right answer from a cohort's table.
    slips : tuple of Slip
        Usual wrong answers.
    smallest : float
        An answer "< x" is right if x is not above this; 0 where it never is.
    """

    id: str
    chapter: str
    question: str
    unit: str
    tolerance: float
    answer: Compute
    slips: tuple[Slip, ...] = ()
    smallest: float = 0.0


def _survival(patients: pd.DataFrame) -> pd.Series:
    return survival.survival_at(patients, "os", [DAY]).iloc[0]


def _censored(patients: pd.DataFrame) -> pd.Series:
    return patients["os_event"] == 0


def _without(patients: pd.DataFrame, left_out: pd.Series) -> float:
    """Give the share alive at the day among those not left out."""
    dead = ~_censored(patients) & (patients["os_days"] <= DAY)
    return float(1 - dead.sum() / (~left_out).sum())


def _left(patients: pd.DataFrame) -> pd.DataFrame:
    return survival.landmark(patients, "os", LANDMARK)


def _p(patients: pd.DataFrame, endpoint: str, by: str) -> float:
    """Give the p that the chapters show: by permutation where groups are small."""
    return float(permutation.compare(patients, endpoint, by)["p"].iloc[0])


def _ratio(patients: pd.DataFrame, endpoint: str, factors: list[str]) -> float:
    return float(cox(patients, endpoint, factors).terms["estimate"].iloc[0])


def _factors() -> list[str]:
    """Give the covariates of the multivariable models."""
    return load()["emd_independent"].covariates


_SWAPPED = "It is the inverse: the two groups are the other way round."

TASKS = (
    Task(
        "severe_crs",
        "safety",
        f"How many patients had CRS of grade {SEVERE} or higher?",
        "patients",
        0,
        lambda p: float(at_least(p, "crs_grade", SEVERE)["events"].iloc[0]),
        (
            Slip(
                lambda p: float((p["crs_grade"] == SEVERE).sum()),
                f"These are the patients with grade {SEVERE} only; higher grades count as well.",
            ),
        ),
    ),
    Task(
        "os_540",
        "survival",
        f"Kaplan–Meier estimate of overall survival at {DAY} days",
        "%",
        0.1,
        lambda p: 100 * float(_survival(p)["estimate"]),
        (
            Slip(
                lambda p: 100 * float(1 - _survival(p)["events"] / _survival(p)["n"]),
                "This is the share without a known death; it takes patients censored earlier for "
                "alive.",
            ),
            Slip(
                lambda p: 100 * float((p["os_days"] > DAY).mean()),
                "This is the share observed for longer; it takes patients censored earlier for "
                "dead.",
            ),
            Slip(
                lambda p: 100 * _without(p, _censored(p) & (p["os_days"] < DAY)),
                "Patients censored earlier were left out of the denominator; they count as at risk "
                "until they were last seen.",
            ),
            Slip(
                lambda p: 100 * _without(p, _censored(p)),
                "All censored patients were left out, even those seen alive later; they count as "
                "at risk until they were last seen.",
            ),
        ),
    ),
    Task(
        "at_risk_540",
        "survival",
        f"How many patients are at risk of death just before day {DAY}?",
        "patients",
        0,
        lambda p: float(_survival(p)["at_risk"]),
        (
            Slip(
                lambda p: float(_survival(p)["n"] - _survival(p)["events"]),
                "Patients censored earlier are no longer at risk.",
            ),
        ),
    ),
    Task(
        "os_follow_up",
        "survival",
        "Median follow-up for overall survival, by the reverse Kaplan–Meier method",
        "days",
        1,
        lambda p: float(survival.follow_up(p, "os")["estimate"].iloc[0]),
        (
            Slip(
                lambda p: float(p["os_days"].median()),
                "This is the median of all times; a death cuts a time short that would have gone "
                "on. In the reverse method being censored is the event.",
            ),
            Slip(
                lambda p: float(survival.median(p, "os")["estimate"].iloc[0]),
                "This is the median survival, not the median follow-up.",
            ),
        ),
    ),
    Task(
        "treg_cutoff",
        "regulatory-t-cells",
        "Median of regulatory T cells over all patients",
        "% of CD4⁺ T cells",
        0.05,
        lambda p: float(treg_cutoff_of(p)["estimate"].iloc[0]),
        (Slip(lambda p: float(p["treg_pct"].mean()), "This is the mean, not the median."),),
    ),
    Task(
        "emd_os_hr",
        "independent-factors",
        "Hazard ratio of death, any EMD against none (Cox model, Efron ties)",
        "",
        0.02,
        lambda p: _ratio(p, "os", ["emd_any"]),
        (
            Slip(lambda p: 1 / _ratio(p, "os", ["emd_any"]), _SWAPPED),
            Slip(
                lambda p: _ratio(p, "os", _factors()),
                "This is the hazard ratio adjusted for the other factors.",
            ),
        ),
    ),
    Task(
        "emd_os_adjusted_hr",
        "independent-factors",
        "The same, adjusted for high Tregs and genetic risk",
        "",
        0.02,
        lambda p: _ratio(p, "os", _factors()),
        (
            Slip(lambda p: 1 / _ratio(p, "os", _factors()), _SWAPPED),
            Slip(
                lambda p: _ratio(p, "os", ["emd_any"]),
                "This is the hazard ratio of a model with EMD alone.",
            ),
        ),
    ),
    Task(
        "treg_rfs_p",
        "regulatory-t-cells",
        "Log-rank test of relapse-free survival, Tregs above their median against the others: p",
        "",
        0.0005,
        lambda p: _p(p, "rfs", "treg_group"),
        (
            Slip(
                lambda p: _p(p, "os", "treg_group"),
                "This is the test of overall survival.",
            ),
        ),
        SMALLEST_P,
    ),
    Task(
        "landmark_no_response",
        "remission",
        f"How many patients without remission are still under observation after day {LANDMARK}?",
        "patients",
        0,
        lambda p: float((_left(p)["responder"] == "no").sum()),
        (
            Slip(
                lambda p: float((p["responder"] == "no").sum()),
                "These are all patients without remission. Who died or was last seen before the "
                "landmark is not compared: only those who lived until then could respond.",
            ),
        ),
    ),
    Task(
        "landmark_p",
        "remission",
        f"Log-rank test of overall survival from day {LANDMARK} on, responders against the others: "
        "p",
        "",
        0.0005,
        lambda p: _p(_left(p), "os", "responder"),
        (
            Slip(
                lambda p: _p(p, "os", "responder"),
                "This test starts at infusion: the time that responders had to live until their "
                "response counts in their favour (immortal-time bias).",
            ),
            Slip(
                lambda p: float(survival.log_rank(_left(p), "os", "responder")["p"].iloc[0]),
                "This is the χ² approximation. So few patients are without remission that the "
                "chapter compares by permutation.",
            ),
        ),
        SMALLEST_P,
    ),
    Task(
        "os_events_per_term",
        "independent-factors",
        "Deaths per coefficient in the model of overall survival with the three factors",
        "",
        0.05,
        lambda p: cox(p, "os", _factors()).events_per_term,
        (
            Slip(
                lambda p: len(p) / len(_factors()),
                "Count the deaths, not the patients: only events tell a hazard.",
            ),
        ),
    ),
)
"""The answer sheet, from easy to hard."""
