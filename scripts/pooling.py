"""How far pooled hazard ratios are off where hospitals are small: likelihoods, or estimates.

Hospitals are drawn from one truth; some have no event in a group.  Writes the table of the page on
one's own cohort, which takes some minutes; each row has its own stream of random numbers:

    python scripts/pooling.py > book/data/pooling.md
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize_scalar

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import batch, profile

HOSPITALS, PATIENTS, EXPOSED = 10, 15, 0.25
MEAN, FOLLOW_UP = 1200.0, (200.0, 1000.0)
"""Days: mean survival of who is not exposed, and the range in which follow-up ends."""

RATIOS = (1.0, 2.0, 4.0)
SEED = 2020
HALF = float(stats.norm.ppf(0.975))


def simulate(draws: int = 1000, ratios: Sequence[float] = RATIOS) -> pd.DataFrame:
    """Pool drawn hospitals in three ways: one row per draw and true hazard ratio."""
    rows = []
    for ratio in ratios:
        rng = np.random.default_rng([SEED, round(1000 * ratio)])
        for _ in range(draws):
            exposed = rng.random((HOSPITALS, PATIENTS)) < EXPOSED
            death = rng.exponential(MEAN / np.where(exposed, ratio, 1.0))
            end = rng.uniform(*FOLLOW_UP, exposed.shape)
            time, event = np.ceil(np.minimum(death, end)), death <= end
            rows.append({"truth": ratio} | _pooled(time, event, exposed))
    return pd.DataFrame(rows)


def _pooled(time: np.ndarray, event: np.ndarray, exposed: np.ndarray) -> dict[str, float]:
    """Pool one draw: all patients together, the likelihoods, the estimates and standard errors."""
    sets = batch.RiskSets(time, event)
    x = sets.sorted(exposed[None].astype(float))

    def together(beta: float) -> float:
        return -float(batch.Likelihood.at(sets, x, np.full((1, HOSPITALS), beta)).value.sum())

    patients = minimize_scalar(together, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9})
    fits = batch.cox(sets, exposed[None].astype(float))
    usable = fits.state == batch.State.FITTED
    weight = fits.error[0][usable] ** -2
    centre = float(np.sum(weight * fits.beta[0][usable]) / weight.sum())
    half = HALF / math.sqrt(weight.sum())
    out = {
        "patients": math.exp(patients.x),
        "estimates": math.exp(centre),
        "estimates_lower": math.exp(centre - half),
        "estimates_upper": math.exp(centre + half),
        "without": int((~usable).sum()),
    }
    told = [
        profile.profile(
            pd.DataFrame({"os_days": t, "os_event": e, "x": np.where(x, "yes", "no")}),
            "os",
            {"x": "yes"},
        ).values
        for t, e, x in zip(time, event, exposed, strict=True)
    ]
    try:
        found = profile.pool(told)
    except CannotCompute:  # nobody exposed died in any hospital
        return out
    return out | {
        "likelihoods": found.estimate,
        "likelihoods_lower": found.lower,
        "likelihoods_upper": found.upper,
    }


def summary(drawn: pd.DataFrame) -> pd.DataFrame:
    """Count how far off each way is."""
    rows = []
    for truth, mine in drawn.dropna().groupby("truth"):
        row = {
            "truth": truth,
            "without": mine["without"].mean() / HOSPITALS,
            "furthest": (mine["likelihoods"] / mine["patients"] - 1).abs().max(),
        }
        for way in ("patients", "likelihoods", "estimates"):
            row[way] = math.exp(np.log(mine[way]).mean())
        for way in ("likelihoods", "estimates"):
            covered = (mine[f"{way}_lower"] <= truth) & (mine[f"{way}_upper"] >= truth)
            row[f"{way}_covered"] = covered.mean()
        rows.append(row)
    return pd.DataFrame(rows)


def table(found: pd.DataFrame) -> str:
    """Write the table for the page."""
    lines = [
        "| true hazard ratio | hospitals without an estimate | all patients together "
        "| likelihoods pooled | intervals that hold the truth | estimates pooled "
        "| intervals that hold the truth | likelihoods against all patients, largest difference |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r['truth']:g} | {r['without']:.0%} | {r['patients']:.2f} | {r['likelihoods']:.2f} "
        f"| {r['likelihoods_covered']:.1%} | {r['estimates']:.2f} | {r['estimates_covered']:.1%} "
        f"| {r['furthest']:.2%} |".replace("%", " %")
        for r in found.to_dict("records")
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(summary(simulate())))
