"""What a reader of a chapter plays with: reconstructions, never a user's patients.

The package computes and words every step of a slider; the page draws the curves of the one chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import yaml

from cartanalysis import intake
from cartanalysis.contract import DEFAULT_COHORT, derive, treg_cutoff_of
from cartanalysis.errors import counted
from cartanalysis.stats import cutoff, permutation, survival
from cartanalysis.study import consistent
from cartanalysis.text import format_value, is_missing

_FILE = resources.files("cartanalysis.publish") / "play.yml"
IDEAS: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text("utf-8"))

OPEN = "emd_os"
"""The claim whose hazard ratio the reader follows through the consistent cohorts."""

STEPS = 40
"""So many of them are handed to the page."""

SMALLEST_SIDE = cutoff.SEARCHED[0]
"""Share of the patients that a cut-off leaves on either side, as in the chapter's own search."""

WEEK, LAST_LANDMARK = 7, 182
"""Days between landmarks, and the last of them, after half a year."""

YEAR = 365

Step = tuple[pd.DataFrame, str, str]
"""The patients drawn, where the slider is in words, and what is told."""


def ideas() -> dict[str, Any]:
    """Collect what the controls read: their words, the patients drawn, where they start."""
    table = intake.read(DEFAULT_COHORT).table
    moved = {"columns": as_lists(table[["patient_id", "os_days", "os_event"]])}
    return {
        "censored": IDEAS["censored"] | moved,
        "cut-off": _stepped("cut-off", *_cut_offs(table)),
        "landmark": _stepped("landmark", 0, _landmarks(derive(table))),
        "cohorts": _cohorts(),
    }


def as_lists(patients: pd.DataFrame) -> dict[str, list[Any]]:
    """Give columns as lists, whole numbers as such; what is not known is null."""
    return {n: [_plain(v) for v in patients[n].tolist()] for n in map(str, patients)}


def _plain(value: Any) -> Any:
    if is_missing(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _stepped(name: str, start: int, steps: list[Step]) -> dict[str, Any]:
    """Give an idea whose every step is computed, with the patients of each in their groups."""
    idea = IDEAS[name]
    made = []
    for patients, value, told in steps:
        group = patients[idea["by"]].astype(object).map(idea["groups"])
        columns = as_lists(patients[["os_days", "os_event"]].assign(group=group))
        made.append({"value": value, "told": told, "columns": columns})
    return idea | {"groups": [*idea["groups"].values()], "start": start, "steps": made}


def _compared(patients: pd.DataFrame, by: str) -> tuple[str, float]:
    """Name the test that suits the groups, and give its p-value."""
    found = permutation.compare(patients, "os", by).iloc[0]
    return f"Log-rank test{found['test'].removeprefix('log-rank')}", float(found["p"])


def _sizes(patients: pd.DataFrame, by: str) -> Mapping[Any, int]:
    return survival.with_endpoint(patients, "os", by)[by].value_counts().to_dict()


def _cut_offs(table: pd.DataFrame) -> tuple[int, list[Step]]:
    """Try every cut-off, beginning with the median."""
    below = table["treg_pct"].rank(method="max", pct=True)
    cuts = sorted({*table.loc[below.between(SMALLEST_SIDE, 1 - SMALLEST_SIDE), "treg_pct"]})
    steps = []
    for cut in cuts:
        patients = derive(table, cut)
        sizes, (test, p) = _sizes(patients, "treg_group"), _compared(patients, "treg_group")
        told = (
            f"{counted(sizes['high'], 'patient')} above {cut:g} %, {sizes['low']} not above. "
            f"{test}: {format_value(p, 'p')}; corrected for a search among {len(cuts)} cut-offs: "
            f"{format_value(min(1, p * len(cuts)), 'p')}."
        )
        steps.append((patients, f"{cut:g} % of CD4⁺ T cells", told))
    median = treg_cutoff_of(table)["estimate"].iloc[0]
    return sum(bool(cut <= median) for cut in cuts) - 1, steps


def _landmarks(whole: pd.DataFrame) -> list[Step]:
    """Compare responders with the others from later and later days on."""
    steps = []
    for day in range(0, LAST_LANDMARK + 1, WEEK):
        patients = survival.landmark(whole, "os", day)
        sizes, (test, p) = _sizes(patients, "responder"), _compared(patients, "responder")
        left = sum(_sizes(whole, "responder").values()) - sum(sizes.values())
        told = (
            f"From day {day}: {counted(sizes['yes'], 'patient')} in remission, {sizes['no']} "
            f"without; {left} left out. {test}: {format_value(p, 'p')}."
        )
        steps.append((patients, f"day {day}", told))
    return steps


def _cohorts() -> dict[str, Any]:
    """Step through some of the consistent cohorts, beginning with the default cohort."""
    chosen, cohorts, default = stepped_through(), consistent.cohorts(), consistent.most_central()
    steps = []
    for place, (seed, ratio) in enumerate(chosen.items(), start=1):
        patients = derive(cohorts[cohorts["seed"] == seed])
        rows = survival.survival_at(patients, "os", [YEAR], "emd_any")
        without, emd = (format_value(estimate, "fraction") for estimate in rows["estimate"])
        told = (
            f"Cohort {place} of {len(chosen)}: hazard ratio {format_value(ratio, 'ratio')}, "
            f"patients with EMD against those without. Alive at 1 year: {emd} with EMD, {without} "
            "without."
        )
        told += " The book computes on this cohort." if seed == default else ""
        steps.append((patients, f"cohort {place}", told))
    idea = _stepped("cohorts", [*chosen.index].index(default), steps)
    note = idea["note"].format(range=consistent.range_text(OPEN))
    return idea | {"note": note, "values": chosen.tolist()}


def stepped_through() -> pd.Series:
    """Give the ratio that the paper left open by cohort, of some that agree with it, in order.

    They lie evenly among all by rank; the nearest to the default cohort gives its place to it.
    """
    effects = consistent.effects()
    ratios = effects[effects["claim"] == OPEN].set_index("seed")["estimate"].sort_values()
    places = np.linspace(0, len(ratios) - 1, STEPS).round().astype(int)
    its_place = ratios.index.get_loc(consistent.most_central())
    places[np.abs(places - its_place).argmin()] = its_place
    return ratios.iloc[places]
