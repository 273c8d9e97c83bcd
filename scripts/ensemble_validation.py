"""Whether the ensemble keeps its promise: abstract cohorts whose truth is known, and look for it.

A cohort is drawn from the prior and abstracted as the study was: the same kinds of values with the
same rounding, and for each comparison whether it is significant.  The ensemble under that abstract
should then hold the hidden effects as often as its bands say.  Writes
``cartanalysis/study/data/ensemble-validation.csv``, in an hour on two cores:

    python scripts/ensemble_validation.py
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from cartanalysis.stats import rare
from cartanalysis.study.consistent import DATA
from cartanalysis.study.ensemble.abstract import COMPARISONS
from cartanalysis.study.ensemble.model import Model
from cartanalysis.study.ensemble.observed import as_drawn
from cartanalysis.study.published import load

COHORTS, ISLAND, SWEEPS, SEED = 200, 600, 150, 2020
ENOUGH, MOST_ISLANDS = 100, 6
"""Cohorts wanted in an ensemble, and how often points are moved for them."""

QUANTITIES = [
    *(f"hr_{exposure}_{end}" for exposure, end in COMPARISONS),
    *(f"adjusted_{exposure}_{end}" for exposure, end in COMPARISONS),
    "os_2y", "rfs_2y", "remission_without_emd",
]  # fmt: skip
COLUMNS = ["cohort", "quantity", "truth", "below", "equal", "draws", "significant"]


def one(number: int, seed: int = SEED, island: int = ISLAND, sweeps: int = SWEEPS) -> pd.DataFrame:
    """Hide one cohort, and say where its effects lie among those of its ensemble."""
    rng = np.random.default_rng([seed, number])
    model = replace(Model.of(load()), by_permutation=False)  # as most papers test
    abstract = None
    while abstract is None:
        hidden = as_drawn(model.unfold(rng.random((1, model.layout.width))))
        if hidden.fits_accrual()[0]:
            (abstract,) = model.abstract_of(hidden)
    truth = hidden.effects().iloc[0]
    significant = sum(abstract.significant.values())
    told = replace(model, abstract=abstract)
    found: list[pd.DataFrame] = []
    while sum(map(len, found)) < ENOUGH and len(found) < MOST_ISLANDS:
        try:
            sample = rare.sample(told.shortfall, told.layout, island, rng, sweeps, told.keep_times)
        except rare.OutOfReachError:
            found.append(pd.DataFrame(columns=QUANTITIES, dtype=float))
            continue
        observed = told.observe(told.unfold(sample.points))
        met = told.met(observed)
        found.append(told.observe(observed.courses.take(met)).effects())
    drawn = pd.concat(found)
    rows = []
    for name in QUANTITIES:
        known = drawn[name].dropna()
        below, equal = int((known < truth[name]).sum()), int((known == truth[name]).sum())
        rows.append((number, name, truth[name], below, equal, len(known), significant))
    return pd.DataFrame(rows, columns=COLUMNS)


def main() -> None:
    """Hide all cohorts and write the table."""
    parts = Parallel(n_jobs=2, verbose=5)(delayed(one)(number) for number in range(COHORTS))
    path = Path(str(DATA)) / "ensemble-validation.csv"
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else path
    pd.concat(parts).to_csv(target, index=False, float_format="%.6g", lineterminator="\n")


if __name__ == "__main__":
    main()
