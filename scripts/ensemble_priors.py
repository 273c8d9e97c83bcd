"""How far the ensemble rests on what is assumed: change one range at a time, and draw again.

A range is widened by drawing anew.  It is narrowed to its middle half (on the log scale where the
prior is even on that) by leaving cohorts out: under an even prior those within the narrower range
are draws from it.  Also drawn anew: Weibull instead of exponential times to relapse.  Every variant
is written to ``_build`` as soon as it is done, so that an interrupted run goes on where it was.
Writes ``ensemble-priors.csv`` and, of the unchanged ranges, ``ensemble-sampler.csv`` into
``cartanalysis/study/data``, in ten minutes on a quiet machine:

    python scripts/ensemble_priors.py
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats

from cartanalysis.study.ensemble.abstract import COMPARISONS
from cartanalysis.study.ensemble.draw import draw
from cartanalysis.study.ensemble.evidence import effective
from cartanalysis.study.ensemble.model import Model
from cartanalysis.study.ensemble.prior import Prior
from cartanalysis.study.published import DATA, load

SIZE, BASE_SIZE, SEED, ISLAND, SWEEPS, JOBS = 250, 1000, 7, 500, 400, 1
PARTS = Path("_build")
MEDIAN = float(np.sqrt(np.pi / 2))
"""Standard error of a median by that of the mean, in a normal distribution."""

MAIN = [
    *(f"hr_{exposure}_{end}" for exposure, end in COMPARISONS),
    "adjusted_emd_os", "adjusted_treg_rfs", "os_2y", "rfs_2y", "remission_without_emd",
]  # fmt: skip

UNCHANGED = "as assumed"
WIDER = {
    "hazard ratio of EMD": ("hr", {"emd": (0.5, 16.0)}),
    "hazard ratio of Tregs": ("hr", {"treg": (0.5, 16.0)}),
    "hazard ratio of genetics": ("hr", {"genetics": (0.5, 16.0)}),
    "relapse without risk factors": ("baseline", (175.0, 2800.0)),
    "survival after relapse": ("after_relapse", (15.0, 720.0)),
    "deaths in remission": ("death_in_remission", (0.0, 0.6)),
    "share with high-risk genetics": ("high_risk", (0.1, 0.7)),
    "patients with CNS disease": ("cns", (1, 15)),
    "day of remission": ("remission_day", (7, 56)),
    "median of Tregs": ("treg_median", (1.5, 20.0)),
}
"""Field of the prior, and the wider range, by what is assumed."""

TIMES = {
    "hazard of relapse that falls": ("shape", 0.7),
    "hazard of relapse that rises": ("shape", 1.5),
}
"""Field of the prior, and its value instead of 1 (exponential times)."""

DRAWN = {
    "hazard ratio of EMD": ("drawn_hr_emd", True),
    "hazard ratio of Tregs": ("drawn_hr_treg", True),
    "hazard ratio of genetics": ("drawn_hr_genetics", True),
    "relapse without risk factors": ("drawn_baseline", True),
    "survival after relapse": ("drawn_after_relapse", True),
    "deaths in remission": ("drawn_death_in_remission", False),
    "share with high-risk genetics": ("drawn_high_risk", False),
    "patients with CNS disease": ("cns", False),
    "day of remission": ("drawn_remission_day", False),
    "median of Tregs": ("drawn_treg_median", True),
    "end of follow-up": ("drawn_longest", False),
}
"""Column of the effects, and whether it is even on the log scale."""


def variants(prior: Prior) -> Iterator[tuple[str, Prior]]:
    """Name the priors to draw from."""
    yield UNCHANGED, prior
    for what, (field, span) in WIDER.items():
        value = {**prior.hr, **span} if isinstance(span, dict) else span
        yield f"wider: {what}", replace(prior, **{field: value})
    for what, (field, one) in TIMES.items():
        yield what, replace(prior, **{field: one})


def part_of(name: str) -> Path:
    """Name the file of one variant."""
    return PARTS / f"ensemble-prior-{''.join(c if c.isalnum() else '-' for c in name)}.csv"


def keep(name: str, prior: Prior) -> None:
    """Draw from one prior and write the effects."""
    if part_of(name).exists():
        return
    known = load()
    model = replace(Model.of(known), prior=prior)
    size = BASE_SIZE if name == UNCHANGED else SIZE
    drawn = draw(known, size, SEED, model=model, island=ISLAND, sweeps=SWEEPS)
    table = drawn.effects.merge(
        drawn.islands.rename(columns={"ancestors": "of_island"}), left_on="island", right_index=True
    )
    table.to_csv(part_of(name), index=False, float_format="%.8g")


def spans(prior: Prior) -> dict[str, tuple[float, float]]:
    """Give the assumed range of what may be narrowed."""
    longest = [last for _, last in prior.follow_up]
    known = {f"hazard ratio of {n}": prior.hr[e] for n, e in
             (("EMD", "emd"), ("Tregs", "treg"), ("genetics", "genetics"))}  # fmt: skip
    known |= {what: getattr(prior, field) for what, (field, _) in WIDER.items() if field != "hr"}
    return known | {"end of follow-up": (min(longest), max(longest))}


def summarised(name: str, table: pd.DataFrame, text: str) -> Iterator[dict[str, object]]:
    """Give the middle and the range of the main quantities."""
    lineage = table["island"].astype(str) + "/" + table["ancestor"].astype(str)
    for quantity in MAIN:
        values = table[quantity].dropna()
        low, middle, high = values.quantile([0.025, 0.5, 0.975])
        spread = float(stats.iqr(values, scale="normal"))
        yield {
            "prior": name, "range": text, "quantity": quantity, "cohorts": len(values),
            "effective": effective(table[quantity], lineage),
            "lower": low, "middle": middle, "upper": high,
            "error": MEDIAN * spread / np.sqrt(effective(table[quantity], lineage)),
        }  # fmt: skip


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """Say by how many Monte Carlo errors the middle is away from that of the assumed ranges."""
    usual = table[table["prior"] == UNCHANGED].set_index("quantity")
    there = usual.loc[table["quantity"]]
    apart = table["middle"].to_numpy() - there["middle"].to_numpy()
    error = np.hypot(table["error"].to_numpy(), there["error"].to_numpy())
    return table.assign(distance=apart / error)


def as_text(span: object) -> str:
    """Write a range down."""
    low, high = span if not isinstance(span, dict) else next(iter(span.values()))
    return " to ".join(f"{x:.3g}" if x < 1000 else f"{x:.0f}" for x in (low, high))


def main() -> None:
    """Draw what is missing, and write the tables."""
    prior = Prior.of(load())
    PARTS.mkdir(exist_ok=True)
    Parallel(n_jobs=JOBS, verbose=5)(delayed(keep)(*variant) for variant in variants(prior))
    base = pd.read_csv(part_of(UNCHANGED))
    rows = list(summarised(UNCHANGED, base, ""))
    for what, (column, is_log) in DRAWN.items():
        low, high = spans(prior)[what]
        a, b = (np.log(low), np.log(high)) if is_log else (low, high)
        inner = np.array([a + (b - a) / 4, b - (b - a) / 4])
        inner = np.exp(inner) if is_log else inner
        part = base[base[column].between(*inner)]
        rows += summarised(f"narrower: {what}", part, as_text(tuple(inner)))
        if what in WIDER:
            drawn = pd.read_csv(part_of(f"wider: {what}"))
            rows += summarised(f"wider: {what}", drawn, as_text(WIDER[what][1]))
    for what, (field, value) in TIMES.items():
        drawn = pd.read_csv(part_of(what))
        rows += summarised(what, drawn, f"{field.replace('_', ' ')} {value:g}")
    target = Path(str(DATA))
    compared(pd.DataFrame(rows)).to_csv(
        target / "ensemble-priors.csv", index=False, float_format="%.4g", lineterminator="\n"
    )
    base["table"] = base["cns"] + base["remission_cns"]  # size, and share of responders
    islands = base.groupby("island").agg(
        cohorts=("cohort", "size"), log10_share=("log10_share", "first"),
        ancestors=("of_island", "first"), ancestors_left=("ancestor", "nunique"),
        tables=("table", "nunique"), moved=("moved", "first"), met=("met", "first"),
    )  # fmt: skip
    islands.to_csv(target / "ensemble-sampler.csv", float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
