"""Whether the verdicts keep their promise: draw papers and cohorts from known truths, and judge.

A value is judged where paper and cohort share one truth, and where the cohort's lies on the edge of
the margin within which it would count as practically the same; survival also where the hazard falls
or rises.  A direction is judged where nothing has an effect, and where its factor has a moderate
one.  Further cohorts are asked whether they could be judged at all, and observed against expected
deaths whether they give a false alarm.

Writes ``cartanalysis/study/data/calibration.csv``, which takes an hour, and ``interpretable.csv``,
which takes some minutes; every row has its own stream of random numbers, so that a part reproduces
the whole, whoever works (``--jobs``, ``--scheduler``):

    python scripts/calibration.py > cartanalysis/study/data/calibration.csv
    python scripts/calibration.py --interpretable > cartanalysis/study/data/interpretable.csv
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import product, repeat

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.claims import consistency, diagnostics, expected, power, verdicts
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import ONE_YEAR, Verdict
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import survival
from cartanalysis.study.calibration import (
    CONFIDENCE,
    DIRECTIONS,
    EDGE,
    EFFECTS,
    JUDGED_SIZES,
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

CNS, UNTIL = 4, "2019-09"
"""Patients with isolated CNS disease, and the end of follow-up, in the simulated trials."""

COLUMNS = [
    "claim", "follow_up", "truth", "size", "judged", "outcome", "draws", "share", "error",
    "promised",
]  # fmt: skip

ASKED = ["claim", "truth", "size", "outcome", "draws", "share", "error"]

MODERATE_RATIOS = (power.HAZARD_RATIO, power.ODDS_RATIO)
RATIOS = ((1.0, 1.0), MODERATE_RATIOS, (diagnostics.HAZARD_RATIO, diagnostics.ODDS_RATIO))
"""True hazard and odds ratio of each of the effects, against the exposed."""

ALARMS = 4
"""Number of the alarms' stream of random numbers, beside those of the claims."""

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
    entries = [*values, *(registry[c] for c in DIRECTIONS)]
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
            about = (entry.id, follow_up, truth, size, judged, outcome)
            rows.append((*about, *_counted(found), round(promised, 6)))
    return rows


def _counted(found: npt.ArrayLike) -> tuple[int, float, float]:
    """Give how many there are, the share that is so, and its Monte Carlo error."""
    is_so = np.asarray(found, dtype=bool)
    share = float(is_so.mean()) if len(is_so) else np.nan
    error = float(np.sqrt(share * (1 - share) / max(len(is_so), 1)))
    return len(is_so), round(share, 6), round(error, 6)


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
    known &= (found == 0) | ~diagnostics.too_few_followed(time, event, day)
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
    rows = []
    for _ in range(draws):
        patients = _patients(registry, size, affected, rng)
        with suppress(CannotCompute):  # a cohort without an answer counts on neither side
            # the test itself, whether or not the claim is interpretable
            rows.append(verdicts.tested(entry, patients, registry, CONFIDENCE))
    assessed = pd.DataFrame(rows)
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
    registry: Registry,
    size: int,
    affected: str,
    rng: np.random.Generator,
    ratios: tuple[float, float] = MODERATE_RATIOS,
) -> pd.DataFrame:
    """Draw a cohort with the paper's rates, half of it at high risk, and independent outcomes.

    EMD is as frequent as in the reconstruction, in a fixed number of patients.  One factor may have
    an effect, of these hazard and odds ratios.
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
    scales = np.where(exposed, scale / ratios[0], scale)
    time, event = _times(rng, scales, follow_up_range(registry, UNTIL), (1, size))
    rate = registry["responders"].value / infused
    odds = rate / (1 - rate) / np.where(exposed, ratios[1], 1)
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


# --- whether a cohort can be judged -------------------------------------------------------------


def ask(
    draws: int = 200,
    alarms: int = 2000,
    sizes: Sequence[int] = JUDGED_SIZES,
    claims: Sequence[str] = DIRECTIONS,
    seed: int = 2020,
    jobs: int = 1,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Ask cohorts of each size and effect whether they can be judged; count false alarms."""
    registry = load()
    cases = [*product(claims, range(len(EFFECTS)), sizes), *product([""], [0], sizes)]
    of = (repeat(registry), repeat((draws, alarms)), repeat(seed))
    with working(jobs, scheduler) as workers:
        rows = [row for found in workers.each(_asked, cases, *of) for row in found]
    return pd.DataFrame(rows, columns=ASKED)


def _asked(
    case: tuple[str, int, int], registry: Registry, counts: tuple[int, int], seed: int
) -> list[tuple[object, ...]]:
    """Count the cohorts of one kind that cannot be judged, or without a claim the false alarms."""
    claim, effect, size = case
    if claim:
        rng = np.random.default_rng([seed, DIRECTIONS.index(claim), effect, size])
        outcomes = _not_interpretable(registry[claim], registry, effect, (size, counts[0]), rng)
    else:
        outcomes = _alarms(registry, size, counts[1], np.random.default_rng([seed, ALARMS, size]))
    about = (claim, EFFECTS[effect], size)
    return [(*about, outcome, *_counted(found)) for outcome, found in outcomes.items()]


def _not_interpretable(
    entry: Entry, registry: Registry, effect: int, counts: tuple[int, int], rng: np.random.Generator
) -> dict[str, list[bool]]:
    """Tell which cohorts are not interpretable, and which of them the test would uphold."""
    (size, draws), called, lost = counts, [], []
    for _ in range(draws):
        patients = _patients(registry, size, entry.details["exposure"], rng, RATIOS[effect])
        called.append(bool(verdicts.before(entry, patients, registry)["why"]))
        lost.append(False)
        if called[-1]:
            with suppress(CannotCompute):
                found = verdicts.tested(entry, patients, registry)["verdict"]
                lost[-1] = found == Verdict.SUPPORTS
    return {"not interpretable": called, "though supported": lost}


def _alarms(
    registry: Registry, size: int, draws: int, rng: np.random.Generator
) -> dict[str, list[bool]]:
    """Tell which ratios of observed to expected deaths leave out 1 although nothing differs."""
    truth, paper = registry["os_1y"].fraction, int(registry["infused"].value)
    scale, ends = -ONE_YEAR / np.log(truth), follow_up_range(registry, UNTIL)
    time, event = _times(rng, scale, ends, (draws, size))
    paper_time, paper_event = _times(rng, scale, ends, (draws, paper))
    day = np.full(draws, ONE_YEAR)
    printed = consistency.survival_with_size(paper_time, paper_event, day)[0]
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
    return found


@click.command()
@click.option("--interpretable", is_flag=True, help="Ask whether cohorts can be judged.")
@click.option("--jobs", type=click.IntRange(1), default=2, help="Processes that work.")
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster that works instead.")
def main(interpretable: bool, jobs: int, scheduler: str | None) -> None:
    """Write a table."""
    made = (ask if interpretable else simulate)(jobs=jobs, scheduler=scheduler)
    made.to_csv(sys.stdout, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
