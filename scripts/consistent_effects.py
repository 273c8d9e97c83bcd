"""How large the effects are in cohorts that agree with every published value in hand.

Writes ``cartanalysis/study/data/consistent-effects.csv``, one row per cohort and directional claim:

    python scripts/consistent_effects.py > cartanalysis/study/data/consistent-effects.csv
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pandas as pd

from cartanalysis.claims import replication
from cartanalysis.contract import derive
from cartanalysis.intake import parse
from cartanalysis.study.published import load
from cartanalysis.study.reconstruct import reconstruct

SEEDS = range(1, 41)
"""One cohort each, the generator's hazard ratios drawn from their assumed ranges."""


def effects(seeds: Sequence[int] = SEEDS) -> pd.DataFrame:
    """Give seed, claim, estimate (hazard ratio) and p of each directional claim."""
    frames = []
    for seed in seeds:
        text = reconstruct(seed, vary_effects=True)
        patients = derive(parse(text.encode(), "reconstruction.csv", settled=True).table)
        found = replication.claims(patients, load())
        found = found[found["unit"] == "hazard ratio"]
        frames.append(found[["id", "estimate", "p"]].assign(seed=seed))
    table = pd.concat(frames, ignore_index=True).rename(columns={"id": "claim"})
    return table[["seed", "claim", "estimate", "p"]]


if __name__ == "__main__":
    effects().to_csv(sys.stdout, index=False, float_format="%.6g", lineterminator="\n")
