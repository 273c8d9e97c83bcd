"""Whether the ensemble keeps its promise: abstract cohorts whose truth is known, and look for it.

A cohort is hidden and abstracted as the study was: the same kinds of values with the same rounding,
and for each comparison whether those exposed do significantly worse.  The ensemble under that
abstract should then hold the hidden effects as often as its bands say.  Four kinds are hidden:

- ``same curves``: cohorts from the ensemble's own prior, with the time axis it assumes, that have
  the study's two curves; what is significant in them varies.  They come from plain rejection
  sampling, so any departure is the sampler's (simulation-based calibration).
- ``own times``: cohorts with the model's exponential times, and whatever values and comparisons
  these bring about.  The ensemble ignores what such times say beyond their ranks; whether its
  bands hold nevertheless shows here.
- ``own times, all``: of these, cohorts in which all six comparisons are significant, as in the
  study.

Cohorts that no abstract of this form describes (a median is not reached, or nobody is followed for
a year) are drawn again.  To save time each ensemble comes from few points, which descend from a
handful of first draws.  Draws that are alike make bands look somewhat too narrow.

Every cohort has its own stream of random numbers and is written to ``_build`` as soon as it is
done, so that an interrupted run goes on where it was.  Writes
``cartanalysis/study/data/ensemble-validation.csv`` of those that are done, in half an hour on two
quiet cores:

    python scripts/ensemble_validation.py [COHORTS]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats

from cartanalysis.stats import rare
from cartanalysis.study.ensemble.abstract import COMPARISONS, Abstract
from cartanalysis.study.ensemble.model import Model
from cartanalysis.study.ensemble.observed import Observed, written
from cartanalysis.study.published import DATA, load

COHORTS, ISLAND, SWEEPS, SEED = 240, 300, 200, 2020
ENOUGH, MOST_ISLANDS, TOO_FEW = 40, 2, 20
"""Cohorts wanted in an ensemble, how often points are moved for them, and what is too few."""

ARMS = ("same curves", "own times", "same curves", "own times, all")
"""Kinds of hidden cohorts, by turns."""

BATCH = 2000
BANDS = (50, 80, 95)
DETAILS = Path("_build/ensemble-hidden.csv")

QUANTITIES = [
    *(f"{how}_{of}_{end}{bound}" for how in ("hr", "adjusted") for bound in ("", "_lower", "_upper")
      for of, end in COMPARISONS),
    "os_2y", "rfs_2y", "remission_without_emd",
    *(f"drawn_{name}" for name in ("hr_emd", "hr_treg", "hr_genetics", "remission_day",
                                   "after_relapse", "death_in_remission")),
]  # fmt: skip


def own_times(model: Model, rng: np.random.Generator) -> Iterator[tuple[Abstract, Observed]]:
    """Draw cohorts whose times are as the model draws them, with their abstracts."""
    while True:
        drawn = written(model.unfold(rng.random((BATCH, model.layout.width))), np.rint)
        fits = np.flatnonzero(drawn.fits_accrual())
        chosen = replace(
            drawn, courses=drawn.courses.take(fits),
            times={end: of[fits] for end, of in drawn.times.items()},
            events={end: of[fits] for end, of in drawn.events.items()},
        )  # fmt: skip
        for place, abstract in enumerate(model.abstract_of(chosen)):
            if abstract is not None:
                yield abstract, one_of(chosen, place)


def one_of(observed: Observed, place: int) -> Observed:
    """Choose one cohort."""
    only = slice(place, place + 1)
    return Observed(
        observed.courses.take(np.array([place])),
        {end: of[only] for end, of in observed.times.items()},
        {end: of[only] for end, of in observed.events.items()},
    )


def free_times(model: Model, rng: np.random.Generator) -> Iterator[tuple[Abstract, Observed]]:
    """Draw cohorts with the study's own two curves on the study's own days, by plain rejection."""
    told = replace(model, abstract=replace(model.abstract, significant={}, independent={}))
    while True:
        points = rng.random((BATCH, model.layout.width))
        points = points[told.shortfall(points) == 0]
        if not len(points):
            continue
        seen = told.observe(told.unfold(points))
        for place in np.flatnonzero(told.met(seen)):
            hidden = one_of(seen, place)
            (abstract,) = model.abstract_of(hidden)
            # on whole days a comparison may have another sign than before they were rounded
            if abstract and not replace(model, abstract=abstract).shortfall(points[[place]])[0]:
                yield abstract, hidden


def one(number: int) -> pd.DataFrame:
    """Hide one cohort, and say where its effects lie among those of its ensemble."""
    rng, arm = np.random.default_rng([SEED, number]), ARMS[number % len(ARMS)]
    model = replace(Model.of(load()), by_permutation=False)  # as most papers test
    source = free_times if arm == "same curves" else own_times
    for abstract, hidden in source(model, rng):  # noqa: B007 -- the first that is wanted
        if "all" not in arm or all(abstract.significant.values()):
            break
    truth = hidden.effects().iloc[0]
    told = replace(model, abstract=abstract)
    found, ancestors, out = [pd.DataFrame(columns=QUANTITIES, dtype=float)], 0, 0
    for _ in range(MOST_ISLANDS):
        try:
            sample = rare.sample(told.shortfall, told.layout, ISLAND, rng, SWEEPS, told.kernels)
        except rare.OutOfReachError:
            out += 1
            continue
        observed = told.observe(told.unfold(sample.points))
        met = told.met(observed)
        ancestors += len(set(sample.ancestor[met]))
        found.append(told.observe(observed.courses.take(met)).effects())
        if sum(map(len, found)) >= ENOUGH:
            break
    drawn = pd.concat(found)
    tie = rng.random()
    rows = []
    for name in QUANTITIES:
        known, true = drawn[name].dropna(), truth[name]
        below, equal = int((known < true).sum()), int((known == true).sum())
        rank = (below + tie * (equal + 1)) / (len(known) + 1)  # even if the truth is one of them
        rows.append((number, arm, sum(abstract.significant.values()), name, true, rank,
                     len(known), ancestors, out))  # fmt: skip
    names = ["cohort", "arm", "significant", "quantity", "truth", "rank", "draws", "ancestors",
             "out_of_reach"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def groups(details: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name the groups of hidden cohorts that are looked at; the last two split the second."""
    own, every = details["arm"].str.startswith("own times"), details["significant"] == 6
    unselected = details["arm"] == "own times"
    yield "same curves", details[details["arm"] == "same curves"]
    yield "own times", details[unselected]
    yield "own times, all six significant", details[own & every]
    yield "own times, not all significant", details[unselected & ~every]


def summary(details: pd.DataFrame) -> pd.DataFrame:
    """Count by group and quantity how often the truth lies in the bands."""
    rows = []
    for group, chosen in groups(details):
        for name, part in chosen.groupby("quantity", sort=False):
            ranks = part.loc[(part["draws"] >= TOO_FEW) & part["truth"].notna(), "rank"]
            row = {
                "group": group, "quantity": name, "hidden": len(part),
                "out_of_reach": int(((part["draws"] == 0) & (part["out_of_reach"] > 0)).sum()),
                "too_few": int((part["draws"] < TOO_FEW).sum()), "judged": len(ranks),
            }  # fmt: skip
            off = []
            for band in BANDS:
                row[f"in_{band}"] = share = float((np.abs(ranks - 0.5) <= band / 200).mean())
                row[f"error_{band}"] = error = float(
                    np.sqrt(band / 100 * (1 - band / 100) / len(ranks))
                )
                if abs(share - band / 100) > 2 * error:
                    off.append(str(band))
            row["off"] = " ".join(off)
            row["mean_rank"] = ranks.mean()
            row["uniform_p"] = stats.kstest(ranks, "uniform").pvalue
            rows.append(row)
    return pd.DataFrame(rows)


def keep(number: int) -> None:
    """Hide one cohort and write what was found."""
    table = one(number)
    path = DETAILS.with_suffix(f".{number}")
    table.to_csv(path, index=False, float_format="%.6g")


def main() -> None:
    """Hide all cohorts that are not done yet, and write the summary."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else COHORTS
    DETAILS.parent.mkdir(exist_ok=True)
    missing = [n for n in range(wanted) if not DETAILS.with_suffix(f".{n}").exists()]
    Parallel(n_jobs=2, verbose=5)(delayed(keep)(number) for number in missing)
    write()


def write() -> None:
    """Write the summary of the cohorts that are done."""
    done = sorted(DETAILS.parent.glob(f"{DETAILS.stem}.*[0-9]"), key=lambda p: int(p.suffix[1:]))
    details = pd.concat(map(pd.read_csv, done))
    table = summary(details)
    target = Path(str(DATA)) / "ensemble-validation.csv"
    table.to_csv(target, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
