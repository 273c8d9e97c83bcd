"""Whether the verdicts keep their promise: draw papers and cohorts from one truth, and judge.

Writes ``cartanalysis/study/data/calibration.csv``, which takes an hour; every row has its own
stream of random numbers, so that a part reproduces the whole, whoever works (``--jobs``,
``--scheduler``):

    python scripts/calibration.py > cartanalysis/study/data/calibration.csv
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import repeat

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.claims import consistency, diagnostics, verdicts
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import survival
from cartanalysis.study.calibration import CONFIDENCE, PROMISED_WRONG, SIZES
from cartanalysis.study.published import load
from cartanalysis.study.reconstruct import follow_up_range
from cartanalysis.workers import working

COMPLETE, STAGGERED = "complete", "staggered"
DRAWN_DIRECTIONS = ("emd_os", "genetics_os", "emd_independent", "orr_emd_lowest")
"""One claim for each test: log-rank with few and with many exposed, likelihood ratio, Fisher."""

CNS, UNTIL = 4, "2019-09"
"""Patients with isolated CNS disease, and the end of follow-up, in the simulated trials."""

COLUMNS = ["claim", "follow_up", "size", "judged", "outcome", "draws", "share", "error", "promised"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def simulate(
    draws: int = 2000,
    directions: int = 1000,
    sizes: Sequence[int] = SIZES,
    claims: Sequence[str] | None = None,
    seed: int = 2020,
    jobs: int = 1,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Count verdicts in pairs of paper and cohort, or in cohorts for a direction (slower).

    Remission with EMD, and RFS, are judged in the paper's share of the cohort's patients.
    """
    registry = load()
    values = [e for e in registry.select(evidence="P") if e.kind in ("rate", "time")]
    entries = [*values, *(registry[c] for c in DRAWN_DIRECTIONS)]
    cases = [
        (place, entry, follow_up, size)
        for place, entry in enumerate(entries)
        if claims is None or entry.id in claims
        for follow_up in _follow_ups(entry)
        for size in sizes
    ]
    of = (repeat(registry), repeat((draws, directions)), repeat(seed))
    with working(jobs, scheduler) as workers:
        rows = [row for found in workers.each(_rows, cases, *of) for row in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    case: tuple[int, Entry, str, int], registry: Registry, counts: tuple[int, int], seed: int
) -> list[tuple[object, ...]]:
    """Count the verdicts on one claim."""
    (place, entry, follow_up, size), (draws, directions) = case, counts
    rng = np.random.default_rng([seed, place, follow_up == STAGGERED, size])
    if entry.kind in ("rate", "time"):
        judged, found = _values(entry, registry, follow_up, size, draws, rng)
        outcomes = {"consistent": (found, CONFIDENCE)}
    else:
        judged, outcomes = _no_effect(entry, registry, size, directions, rng)
    rows: list[tuple[object, ...]] = []
    for outcome, (found, promised) in outcomes.items():
        share = float(found.mean()) if len(found) else np.nan
        error = np.sqrt(share * (1 - share) / max(len(found), 1))
        about = (entry.id, follow_up, size, judged, outcome, len(found))
        rows.append((*about, round(share, 6), round(float(error), 6), promised))
    return rows


def _follow_ups(entry: Entry) -> tuple[str, ...]:
    return (COMPLETE, STAGGERED) if entry.how in ("survival", "median") else ("",)


# --- values ------------------------------------------------------------------------------------


def _values(
    entry: Entry,
    registry: Registry,
    follow_up: str,
    size: int,
    draws: int,
    rng: np.random.Generator,
) -> tuple[int, Bools]:
    """Tell how many patients are judged, and for each draw whether it is called consistent."""
    truth, paper_size = verdicts.in_paper(entry, registry)
    paper_n = int(paper_size)
    n = max(1, round(size * paper_n / registry["infused"].value))
    if follow_up:
        found = _survivals(entry, registry, follow_up, (paper_n, n, draws), rng)
    else:
        found = (
            rng.binomial(n, truth, draws) / n,
            np.full(draws, n),
            rng.binomial(paper_n, truth, draws) / paper_n,
            np.full(draws, paper_n),
        )
    return n, consistency.p_value(*found) >= 1 - CONFIDENCE


def _survivals(
    entry: Entry,
    registry: Registry,
    follow_up: str,
    sizes: tuple[int, int, int],
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Draw exponential times; give what is compared, of the draws that can be assessed."""
    paper_n, n, draws = sizes
    if entry.kind == "time":
        rate = np.log(2) / entry.value
    else:
        rate = -np.log(entry.fraction) / verdicts.day_of(entry)
    ends = follow_up_range(registry, UNTIL) if follow_up == STAGGERED else (np.inf, np.inf)
    paper_time, paper_event = _times(rng, rate, ends, (draws, paper_n))
    time, event = _times(rng, rate, ends, (draws, n))
    if entry.kind == "time":
        day = _median(paper_time, paper_event)
        paper = np.full(draws, 0.5)
    else:
        day = np.full(draws, verdicts.day_of(entry))
        paper = consistency.survival_with_size(paper_time, paper_event, day)[0]
    found, size = consistency.survival_with_size(time, event, day)
    # as everywhere: nothing is known beyond the last follow-up of a curve above 0
    known = np.isfinite(day) & ((time.max(axis=-1) >= day) | (found == 0))
    known &= (found == 0) | ~diagnostics.too_few_followed(time, event, day)
    return found[known], size[known], paper[known], np.full(int(known.sum()), float(paper_n))


def _times(
    rng: np.random.Generator, rate: float, ends: tuple[float, float], shape: tuple[int, int]
) -> tuple[Floats, Bools]:
    event_time = rng.exponential(1 / rate, shape)
    low, high = ends
    end = rng.uniform(low, high, shape) if np.isfinite(high) else np.full(shape, np.inf)
    return np.minimum(event_time, end), event_time <= end


def _median(time: Floats, event: Bools) -> Floats:
    """Give the first time at which each curve is at or below one half; infinite if never."""
    days = np.sort(time, axis=-1)
    curve = consistency.survival_with_size(time[:, None, :], event[:, None, :], days)[0]
    reached = curve <= 0.5 + np.sqrt(np.finfo(float).eps)
    first = np.take_along_axis(days, reached.argmax(axis=-1)[:, None], axis=-1)[:, 0]
    return np.where(reached.any(axis=-1), first, np.inf)


# --- directions --------------------------------------------------------------------------------


def _no_effect(
    entry: Entry, registry: Registry, size: int, draws: int, rng: np.random.Generator
) -> tuple[int, dict[str, tuple[Bools, float]]]:
    """Judge a direction on cohorts in which nothing depends on anything."""
    called = []
    for _ in range(draws):
        patients = _patients(registry, size, rng)
        with suppress(CannotCompute):  # a cohort without an answer counts on neither side
            called.append(verdicts.tested(entry, patients, registry, CONFIDENCE)["verdict"])
    assessed = np.array(called, dtype=object)
    named = {"supports": Verdict.SUPPORTS, "contradicts": Verdict.CONTRADICTS}
    return size, {k: ((assessed == v).astype(bool), PROMISED_WRONG) for k, v in named.items()}


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

    def two(marked: Bools, low: str, high: str) -> pd.Categorical:
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


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=2, help="Processes that work.")
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster that works instead.")
def main(jobs: int, scheduler: str | None) -> None:
    """Write the table."""
    made = simulate(jobs=jobs, scheduler=scheduler)
    made.to_csv(sys.stdout, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
