"""Draw forty cohorts that agree with everything known of the study, and measure their effects.

Writes ``consistent-cohorts.csv``, ``consistent-effects.csv`` and, of the most central of them,
``an2020.csv`` into ``cartanalysis/study/data``, in a few minutes:

    python scripts/consistent_cohorts.py
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cartanalysis.claims import replication
from cartanalysis.contract import DEFAULT_COHORT, derive
from cartanalysis.intake import parse
from cartanalysis.study import consistent, reconstruct
from cartanalysis.study.published import load

SEEDS = range(1, 41)
DATA = Path(consistent.__file__).parent / "data"
KEPT = ["seed", "emd", "treg_pct", "genetic_risk", "response",
        "os_days", "os_event", "rfs_days", "rfs_event"]  # fmt: skip


def draw(seeds: Sequence[int] = SEEDS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the cohorts, and seed, claim, estimate, p and ph_p of each directional claim."""
    cohorts, effects = [], []
    for seed in seeds:
        text = reconstruct.reconstruct(seed)
        patients = derive(parse(text.encode(), "reconstruction.csv", settled=True).table)
        cohorts.append(patients.assign(seed=seed)[KEPT])
        found = replication.claims(patients, load())
        found = found[found["unit"] == "hazard ratio"].assign(seed=seed, claim=found["id"])
        effects.append(found[["seed", "claim", "estimate", "p", "ph_p"]])
    return pd.concat(cohorts, ignore_index=True), pd.concat(effects, ignore_index=True)


def main() -> None:
    """Write the three files."""
    cohorts, effects = draw()
    for name, table in ((consistent.COHORTS, cohorts), (consistent.EFFECTS, effects)):
        table.to_csv(DATA / name, index=False, float_format="%.6g", lineterminator="\n")
    central = consistent.most_central(effects)
    if central != reconstruct.DEFAULT_SEED:
        raise SystemExit(f"the most central cohort has seed {central}: set DEFAULT_SEED to it")
    (DATA / f"{DEFAULT_COHORT}.csv").write_text(reconstruct.reconstruct(), encoding="utf-8")


if __name__ == "__main__":
    main()
