"""The tasks of the answer sheet (``tasks.yml``), and what of a student's cohort answers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

import pandas as pd
import yaml

from cartanalysis.contract import treg_cutoff_of
from cartanalysis.stats import permutation, survival
from cartanalysis.stats.cox import cox
from cartanalysis.stats.safety import SEVERE, at_least
from cartanalysis.study.published import load

DAY = 540
"""By then a tenth to a third of each cohort is censored, so that it matters how they count."""

LANDMARK = 28


@dataclass(frozen=True)
class Task:
    """A question to a cohort; ``tasks.yml`` explains what belongs to it."""

    id: str
    chapter: str
    question: str
    unit: str
    tolerance: float
    slips: Mapping[str, str] = field(default_factory=dict)
    smallest: float = 0.0


_SHEET = resources.files("cartanalysis.teaching") / "tasks.yml"
TASKS = tuple(Task(**task) for task in yaml.safe_load(_SHEET.read_text(encoding="utf-8")))


def quantities(patients: pd.DataFrame) -> dict[str, float]:
    """Compute the right answers of a cohort and what the usual slips lead to, by name."""
    alive = survival.survival_at(patients, "os", [DAY]).iloc[0]
    censored, days = patients["os_event"] == 0, patients["os_days"]
    dead = (~censored & (days <= DAY)).sum()
    left = survival.landmark(patients, "os", LANDMARK)
    emd = cox(patients, "os", ["emd_any"]).terms["estimate"].iloc[0]
    factors = load()["emd_independent"].covariates
    model = cox(patients, "os", factors)
    adjusted = model.terms["estimate"].iloc[0]
    found = {
        "severe_ae": at_least(patients, "ae_grade_max", SEVERE)["events"].iloc[0],
        "grade_3_only": (patients["ae_grade_max"] == SEVERE).sum(),
        "os_540": 100 * alive["estimate"],
        "without_known_death": 100 * (1 - alive["events"] / alive["n"]),
        "observed_for_longer": 100 * (days > DAY).mean(),
        "without_censored_earlier": 100 * (1 - dead / (~censored | (days >= DAY)).sum()),
        "without_any_censored": 100 * (1 - dead / (~censored).sum()),
        "at_risk_540": alive["at_risk"],
        "not_known_dead": alive["n"] - alive["events"],
        "os_follow_up": survival.follow_up(patients, "os")["estimate"].iloc[0],
        "median_of_times": days.median(),
        "os_median": survival.median(patients, "os")["estimate"].iloc[0],
        "treg_cutoff": treg_cutoff_of(patients)["estimate"].iloc[0],
        "treg_mean": patients["treg_pct"].mean(),
        "emd_os_hr": emd,
        "emd_os_hr_inverse": 1 / emd,
        "emd_os_adjusted_hr": adjusted,
        "emd_os_adjusted_hr_inverse": 1 / adjusted,
        "treg_rfs_p": _p(patients, "rfs", "treg_group"),
        "treg_os_p": _p(patients, "os", "treg_group"),
        "landmark_no_response": (left["responder"] == "no").sum(),
        "no_response": (patients["responder"] == "no").sum(),
        "landmark_p": _p(left, "os", "responder"),
        "response_p": _p(patients, "os", "responder"),
        "landmark_p_chi_squared": survival.log_rank(left, "os", "responder")["p"].iloc[0],
        "os_events_per_term": model.events_per_term,
        "patients_per_term": len(patients) / len(factors),
    }
    return {name: float(value) for name, value in found.items()}


def _p(patients: pd.DataFrame, endpoint: str, by: str) -> float:
    """Give the p that the chapters show: by permutation where groups are small."""
    return float(permutation.compare(patients, endpoint, by)["p"].iloc[0])
