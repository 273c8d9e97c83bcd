"""Whether the verdicts keep their promise: draw papers and cohorts from known truths, and judge.

A value is judged where paper and cohort share one truth, and where the cohort's lies on the edge of
the margin within which it would count as practically the same; survival also where the hazard falls
or rises.  A direction is judged where nothing has an effect, and where its factor has a moderate
one.

Writes ``cartanalysis/study/data/calibration.csv``, which takes an hour; every row has its own
stream of random numbers, so that a part reproduces the whole, whoever works (``--jobs``,
``--scheduler``):

    python scripts/calibration.py > cartanalysis/study/data/calibration.csv
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import repeat

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.claims import consistency, power, verdicts
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.stats import survival
from cartanalysis.study.calibration import (
    CONFIDENCE,
    EDGE,
    MODERATE,
    NONE,
    PROMISED_WRONG,
    SAME,
    SIZES,
)
from cartanalysis.study.published import load
from cartanalysis.study.reconstruct import follow_up_range
from cartanalysis.workers import working

COMPLETE, STAGGERED = "complete", "staggered"
FALLING, RISING = "staggered, falling hazard", "staggered, rising hazard"
SHAPES = {COMPLETE: 1.0, STAGGERED: 1.0, FALLING: 0.5, RISING: 2.0}
"""Ways of follow-up, each with the shape of Weibull's distribution of the times."""

DRAWN_DIRECTIONS = ("emd_os", "genetics_os", "emd_independent", "orr_emd_lowest")
"""One claim for each test: log-rank with few and with many exposed, likelihood ratio, Fisher."""

CNS, UNTIL = 4, "2019-09"
"""Patients with isolated CNS disease, and the end of follow-up, in the simulated trials."""

COLUMNS = [
    "claim", "follow_up", "truth", "size", "judged", "outcome", "draws", "share", "error",
    "promised",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def simulate(
    draws: int = 2000,
    directions: int = 600,
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
    rows: list[tuple[object, ...]] = []
    is_value = entry.kind in ("rate", "time")
    for number, truth in enumerate((SAME, EDGE) if is_value else (NONE, MODERATE)):
        rng = np.random.default_rng(
            [seed, place, list(SHAPES).index(follow_up or COMPLETE), size, number]
        )
        if is_value:
            judged, outcomes = _values(entry, registry, (follow_up, truth), (size, draws), rng)
        else:
            judged, outcomes = _directions(entry, registry, truth, (size, directions), rng)
        for outcome, (found, promised) in outcomes.items():
            share = float(found.mean()) if len(found) else np.nan
            error = np.sqrt(share * (1 - share) / max(len(found), 1))
            about = (entry.id, follow_up, truth, size, judged, outcome, len(found))
            rows.append((*about, round(share, 6), round(float(error), 6), round(promised, 6)))
    return rows


def _follow_ups(entry: Entry) -> tuple[str, ...]:
    return tuple(SHAPES) if entry.how in ("survival", "median") else ("",)


# --- values ------------------------------------------------------------------------------------


def _values(
    entry: Entry,
    registry: Registry,
    case: tuple[str, str],
    counts: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[int, dict[str, tuple[Bools, float]]]:
    """Tell how many patients are judged, and what is called of each draw."""
    (follow_up, truth), (size, draws) = case, counts
    paper, paper_size = verdicts.in_paper(entry, registry)
    paper_n = int(paper_size)
    n = max(1, round(size * paper_n / registry["infused"].value))
    low, high = consistency.margin(paper)
    here = paper
    if truth == EDGE:  # the edge that lies nearer, in points
        here = float(low if paper - low < high - paper else high)
    if follow_up:
        asked = (paper, here, SHAPES[follow_up], follow_up != COMPLETE)
        found = _survivals(entry, registry, asked, (paper_n, n, draws), rng)
    else:
        found = (
            rng.binomial(n, here, draws) / n,
            np.full(draws, n),
            rng.binomial(paper_n, paper, draws) / paper_n,
            np.full(draws, paper_n),
        )
    is_inside = consistency.p_value(*found) >= 1 - CONFIDENCE
    is_same = is_inside & consistency.is_equivalent(*found, 1 - CONFIDENCE)
    if truth == EDGE:
        return n, {"consistent": (is_same, 1 - CONFIDENCE)}
    return n, {"inside": (is_inside, CONFIDENCE), "consistent": (is_same, np.nan)}


def _survivals(
    entry: Entry,
    registry: Registry,
    asked: tuple[float, float, float, bool],
    sizes: tuple[int, int, int],
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Draw Weibull times; give what is compared, of the draws that can be assessed."""
    (in_paper, here, shape, is_staggered), (paper_n, n, draws) = asked, sizes
    at = verdicts.day_of(entry)
    ends = follow_up_range(registry, UNTIL) if is_staggered else (np.inf, np.inf)

    def drawn(survival_then: float, patients: int) -> tuple[Floats, Bools]:
        scale = at / (-np.log(survival_then)) ** (1 / shape)
        return _times(rng, scale, ends, (draws, patients), shape)

    paper_time, paper_event = drawn(in_paper, paper_n)
    time, event = drawn(here, n)
    if entry.kind == "time":
        day = _median(paper_time, paper_event)
        paper = np.full(draws, 0.5)
    else:
        day = np.full(draws, at)
        paper = consistency.survival_with_size(paper_time, paper_event, day)[0]
    found, size = consistency.survival_with_size(time, event, day)
    # as everywhere: nothing is known beyond the last follow-up of a curve above 0
    known = np.isfinite(day) & ((time.max(axis=-1) >= day) | (found == 0))
    known &= (found == 0) | ~verdicts.too_few_followed(time, event, day)
    return found[known], size[known], paper[known], np.full(int(known.sum()), float(paper_n))


def _times(
    rng: np.random.Generator,
    scale: npt.ArrayLike,
    ends: tuple[float, float],
    shape: tuple[int, int],
    form: float = 1.0,
) -> tuple[Floats, Bools]:
    """Draw Weibull times, exponential ones unless another form is given, and their ends."""
    event_time = rng.exponential(1.0, shape) ** (1 / form) * np.asarray(scale)
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


def _directions(
    entry: Entry, registry: Registry, truth: str, counts: tuple[int, int], rng: np.random.Generator
) -> tuple[int, dict[str, tuple[Bools, float]]]:
    """Judge a direction on cohorts in which its factor has no effect, or a moderate one."""
    size, draws = counts
    affected = entry.details["exposure"] if truth == MODERATE else ""
    rows = [
        verdicts.judge(entry, _patients(registry, size, affected, rng), registry, CONFIDENCE)
        for _ in range(draws)
    ]
    assessed = pd.DataFrame([r for r in rows if r["verdict"] != Verdict.NOT_ASSESSED])
    called = assessed["verdict"].to_numpy(object)
    supports = called == Verdict.SUPPORTS
    true = 1.0
    if truth == MODERATE:
        true = 1 / power.ODDS_RATIO if entry.how == "ordering" else power.HAZARD_RATIO
    holds = ((assessed["lower"] <= true) & (true <= assessed["upper"])).to_numpy(bool)
    covered = {"interval holds it": (holds, CONFIDENCE)}
    if truth == MODERATE:
        return size, {"supports": (supports, float(assessed["power"].mean()))} | covered
    contradicts = called == Verdict.CONTRADICTS
    named = {"supports": supports, "contradicts": contradicts}
    return size, {k: (found, PROMISED_WRONG) for k, found in named.items()} | covered


def _patients(
    registry: Registry, size: int, affected: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw a cohort with the paper's rates, half of it at high risk, and independent outcomes.

    EMD is as frequent as in the reconstruction, in a fixed number of patients.  One factor may have
    a moderate effect.
    """
    infused = registry["infused"].value
    other, cns = (round(size * n / infused) for n in (registry["emd_other_n"].value, CNS))
    kinds = ["other"] * other + ["cns"] * cns + ["none"] * (size - other - cns)
    emd = rng.permutation(np.array(kinds))

    def two(marked: Bools, low: str, high: str) -> pd.Categorical:
        return pd.Categorical(np.where(marked, high, low), [low, high])

    worse = {
        "genetic_risk": rng.random(size) < 0.5,
        "treg_group": rng.random(size) < 0.5,
        "emd_any": emd != "none",
        "emd_other": emd == "other",
    }
    exposed = worse.get(affected, np.zeros(size, dtype=bool))
    scale = registry["os_median"].value / np.log(2)
    scales = np.where(exposed, scale / power.HAZARD_RATIO, scale)
    time, event = _times(rng, scales, follow_up_range(registry, UNTIL), (1, size))
    rate = registry["responders"].value / infused
    odds = rate / (1 - rate) / np.where(exposed, power.ODDS_RATIO, 1)
    responds = rng.random(size) < odds / (1 + odds)
    end = survival.ENDPOINTS["os"]
    return pd.DataFrame(
        {
            end.days: time[0],
            end.event: event[0].astype(float),
            "genetic_risk": two(worse["genetic_risk"], "standard", "high"),
            "treg_group": two(worse["treg_group"], "low", "high"),
            "emd": pd.Categorical(emd, ["none", "cns", "other"]),
            "emd_any": two(worse["emd_any"], "none", "any"),
            "emd_other": two(worse["emd_other"], "no", "yes"),
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
