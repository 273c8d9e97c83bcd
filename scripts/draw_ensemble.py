"""Draw the cohorts that ship with the book: a thousand, evenly from all that agree.

Writes ``ensemble.parquet`` (their patients), ``ensemble-effects.parquet`` (what is found in them),
``ensemble-outcomes.csv`` (what new cohorts would show) and, of the most central, ``an2020.csv``
into ``cartanalysis/study/data``, in some minutes on two cores, and says what of the registry's
assumed values the most central one has:

    python scripts/draw_ensemble.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cartanalysis.claims.registry import Registry
from cartanalysis.contract import DEFAULT_COHORT, derive
from cartanalysis.intake import parse
from cartanalysis.stats.cox import cox
from cartanalysis.stats.fragility import events_to_lose
from cartanalysis.study import consistent
from cartanalysis.study.ensemble import anew
from cartanalysis.study.ensemble.abstract import name_of
from cartanalysis.study.ensemble.draw import draw
from cartanalysis.study.published import DATA, load
from cartanalysis.study.reconstruct import DEFAULT_SEED, reconstruct

SIZE, SEED = 1000, 2020


def one_by_one(cohort: pd.DataFrame, known: Registry) -> dict[str, float]:
    """Give what is found cohort by cohort: p of proportional hazards, and fragility."""
    text = cohort.drop(columns="cohort").to_csv(index=False)
    patients = derive(parse(text.encode(), "cohort.csv", settled=True).table)
    found: dict[str, float] = {}
    for claim in known.claims:
        if claim.how not in ("direction", "adjusted"):
            continue
        exposure, end = claim.details["exposure"], claim.details["endpoint"]
        model = cox(patients, end, claim.covariates)
        zph = model.proportional_hazards.set_index("covariate").loc[exposure]
        name = name_of(claim)
        found[f"{name}_ph_p"] = float(zph["p"])
        if claim.how == "direction":
            days, event = f"{end}_days", f"{end}_event"
            some = patients[[days, event, exposure]].dropna()
            worse = some[exposure] == claim.details["worse"]
            found[f"{name}_fragility"] = events_to_lose(some[days], some[event], worse)
    return found


def main() -> None:
    """Draw, and write the tables."""
    known = load()
    drawn = draw(known, SIZE, SEED, jobs=2)
    patients = drawn.patients.rename(columns={"cohort": "seed"})
    whole = ["rfs_days", "rfs_event", "hsct_day"]
    patients = patients.astype(dict.fromkeys(whole, "Int16")).drop(columns="patient_id")
    patients.to_parquet(DATA / consistent.COHORTS, index=False, compression="zstd")
    more = [one_by_one(cohort, known) for _, cohort in drawn.patients.groupby("cohort")]
    effects = pd.concat([drawn.effects, pd.DataFrame(more)], axis=1)
    effects = effects.rename(columns={"cohort": "seed"})
    fractions = effects.select_dtypes("float").columns
    effects = effects.astype({"seed": "int32"} | dict.fromkeys(fractions, "float32"))
    effects.to_parquet(DATA / consistent.EFFECTS, index=False, compression="zstd")
    outcomes = [anew.outcomes(known, drawn.effects, n, np.random.default_rng([SEED, n]))
                for n in anew.SIZES]  # fmt: skip
    pd.concat(outcomes).to_csv(
        DATA / consistent.OUTCOMES, index=False, float_format="%.4g", lineterminator="\n"
    )
    central = consistent.most_central()
    print(drawn.islands.to_string())
    print(drawn.effects.set_index("cohort").loc[central].filter(like="drawn_").to_string())
    if central != DEFAULT_SEED:
        raise SystemExit(f"the most central cohort has seed {central}: set DEFAULT_SEED to it")
    (DATA / f"{DEFAULT_COHORT}.csv").write_text(reconstruct(), encoding="utf-8")


if __name__ == "__main__":
    main()
