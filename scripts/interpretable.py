"""How often a cohort is called not interpretable, and observed against expected gives an alarm.

Writes ``cartanalysis/study/data/interpretable.csv``, which takes some minutes; every row has its
own stream of random numbers, so that a part reproduces the whole:

    python scripts/interpretable.py > cartanalysis/study/data/interpretable.csv
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.claims import diagnostics, expected, power, verdicts
from cartanalysis.claims.consistency import survival_with_size
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import ONE_YEAR, Verdict
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import survival
from cartanalysis.study.interpretable import EFFECTS, JUDGED, JUDGED_SIZES
from cartanalysis.study.published import load
from cartanalysis.study.reconstruct import follow_up_range

CNS, UNTIL = 4, "2019-09"
"""Patients with isolated CNS disease, and the end of follow-up, as in `calibration.py`."""

COLUMNS = ["what", "effect", "size", "outcome", "draws", "share", "error"]

RATIOS = {
    "none": (1.0, 1.0),
    "moderate": (power.HAZARD_RATIO, power.ODDS_RATIO),
    "very large": (diagnostics.HAZARD_RATIO, diagnostics.ODDS_RATIO),
}
"""True hazard and odds ratio of each effect, against the exposed."""

ALARMS = 4
"""Number of the alarms' stream of random numbers, beside those of the claims."""

Row = tuple[object, ...]


def simulate(
    draws: int = 200,
    alarms: int = 2000,
    sizes: Sequence[int] = JUDGED_SIZES,
    claims: Sequence[str] = JUDGED,
    seed: int = 2020,
) -> pd.DataFrame:
    """Judge cohorts of each size and effect, and compare others with what is expected of them."""
    registry = load()
    rows: list[Row] = []
    for claim, effect, size in product(claims, EFFECTS, sizes):
        rng = np.random.default_rng([seed, JUDGED.index(claim), EFFECTS.index(effect), size])
        rows += _judged(registry[claim], registry, effect, size, draws, rng)
    for size in sizes:
        rng = np.random.default_rng([seed, ALARMS, size])
        rows += _alarms(registry, size, alarms, rng)
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(what: str, effect: str, size: int, outcome: str, found: Sequence[bool]) -> Row:
    share = float(np.mean(found))
    error = float(np.sqrt(share * (1 - share) / len(found)))
    return what, effect, size, outcome, len(found), round(share, 6), round(error, 6)


def _judged(
    entry: Entry, registry: Registry, effect: str, size: int, draws: int, rng: np.random.Generator
) -> list[Row]:
    """Count the cohorts that are not interpretable, and those that the test would uphold."""
    called, lost = [], []
    for _ in range(draws):
        patients = _with_effect(entry, _patients(registry, size, rng), registry, effect, rng)
        called.append(bool(verdicts.before(entry, patients, registry)["why"]))
        lost.append(False)
        if called[-1]:
            with suppress(CannotCompute):
                found = verdicts.tested(entry, patients, registry)["verdict"]
                lost[-1] = found == Verdict.SUPPORTS
    outcomes = {"not interpretable": called, "though supported": lost}
    return [_row(entry.id, effect, size, outcome, found) for outcome, found in outcomes.items()]


def _patients(registry: Registry, size: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a cohort with the paper's rates, half of it at high risk, and independent outcomes.

    EMD is as frequent as in the reconstruction, in a fixed number of patients.
    """
    infused = registry["infused"].value
    rate = np.log(2) / registry["os_median"].value
    time, event = _times(rng, rate, follow_up_range(registry, UNTIL), (1, size))
    responds = rng.random(size) < registry["responders"].value / infused
    other, cns = (round(size * n / infused) for n in (registry["emd_other_n"].value, CNS))
    kinds = ["other"] * other + ["cns"] * cns + ["none"] * (size - other - cns)
    emd = rng.permutation(np.array(kinds))

    def two(marked: npt.NDArray[np.bool_], low: str, high: str) -> pd.Categorical:
        return pd.Categorical(np.where(marked, high, low), [low, high])

    end = survival.ENDPOINTS["os"]
    return pd.DataFrame(
        {
            end.days: time[0],
            end.event: event[0].astype(float),
            "genetic_risk": two(rng.random(size) < 0.5, "standard", "high"),
            "treg_group": two(rng.random(size) < 0.5, "low", "high"),
            "emd": pd.Categorical(emd, ["none", "cns", "other"]),
            "emd_any": two(emd != "none", "none", "any"),
            "emd_other": two(emd == "other", "no", "yes"),
            "responder": two(responds, "no", "yes"),
        }
    )


def _times(
    rng: np.random.Generator,
    rate: float | npt.NDArray[np.float64],
    ends: tuple[float, float],
    shape: tuple[int, int],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Draw exponential times, followed as long as the accrual allows."""
    event_time = rng.exponential(1 / rate, shape)
    end = rng.uniform(*ends, shape)
    return np.minimum(event_time, end), event_time <= end


def _with_effect(
    entry: Entry,
    patients: pd.DataFrame,
    registry: Registry,
    effect: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Let the outcome that a claim is about depend on its exposure."""
    exposed = (patients[entry.details["exposure"]] == entry.details["worse"]).to_numpy()
    hazard, odds = RATIOS[effect]
    if entry.how == "ordering":
        usual = registry["responders"].value / registry["infused"].value
        its_odds = usual / (1 - usual) / np.where(exposed, odds, 1.0)
        responds = rng.random(len(patients)) < its_odds / (1 + its_odds)
        levels = ["no", "yes"]
        return patients.assign(responder=pd.Categorical.from_codes(responds.astype(int), levels))
    rate = np.log(2) / registry["os_median"].value * np.where(exposed, hazard, 1.0)
    ends = follow_up_range(registry, UNTIL)
    time, event = _times(rng, rate, ends, (1, len(patients)))
    end = survival.ENDPOINTS["os"]
    return patients.assign(**{end.days: time[0], end.event: event[0].astype(float)})


def _alarms(registry: Registry, size: int, draws: int, rng: np.random.Generator) -> list[Row]:
    """Count ratios of observed to expected deaths that leave out 1 although nothing differs."""
    entry = registry["os_1y"]
    truth, paper = entry.fraction, int(registry["infused"].value)
    rate, ends = -np.log(truth) / ONE_YEAR, follow_up_range(registry, UNTIL)
    time, event = _times(rng, rate, ends, (draws, size))
    paper_time, paper_event = _times(rng, rate, ends, (draws, paper))
    printed = survival_with_size(paper_time, paper_event, np.full(draws, ONE_YEAR))[0]
    observed = (event & (time <= ONE_YEAR)).sum(axis=1)
    followed = np.minimum(time, ONE_YEAR).sum(axis=1) / ONE_YEAR
    found: dict[str, list[bool]] = {}
    for o, days, value in zip(observed, followed, printed, strict=True):
        exact = expected.compared(int(o), -np.log(truth) * days, truth, paper)
        drawn = expected.compared(int(o), -np.log(value) * days, value, paper)
        for outcome, made, start in (
            ("study exact", exact, ""),
            ("study a sample, ignored", drawn, ""),
            ("study a sample, allowed for", drawn, "wide_"),
        ):
            is_alarm = made[f"{start}lower"] > 1 or made[f"{start}upper"] < 1
            found.setdefault(outcome, []).append(bool(is_alarm))
    return [_row("expected", "none", size, outcome, alarms) for outcome, alarms in found.items()]


if __name__ == "__main__":
    simulate().to_csv(sys.stdout, index=False, lineterminator="\n")
