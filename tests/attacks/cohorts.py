"""Random cohorts of the contract, realistic and seeded, whose patients an attack tries to find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SIZES = (12, 24, 40)


def sweep(of: int) -> list[object]:
    """Give the sizes for a test: one of them, and all of them in the long tests."""
    return [n if n == of else pytest.param(n, marks=pytest.mark.long) for n in SIZES]


def draw(seed: int, n: int) -> pd.DataFrame:
    """Draw a cohort: days spread over two years, groups as unequal as clinics have them."""
    rng = np.random.default_rng([seed, n])
    emd = rng.choice(["none", "cns", "other"], n, p=rng.dirichlet([6, 1.5, 2.5]))
    remission = rng.random(n) < np.where(emd == "other", 0.6, 0.85)
    response = np.where(remission, rng.choice(["CR", "CRi"], n, p=[0.7, 0.3]), "NR")
    treg = np.round(np.clip(rng.gamma(8, 0.8, n), 0.5, 20), 2)
    rate = np.log(2) / np.where(remission, 500, 200) * np.where(emd == "none", 1, 1.8)
    death, relapse = rng.exponential(1 / rate), rng.exponential(1 / (1.3 * rate))
    last = rng.uniform(120, 900, n)
    os_days = np.maximum(np.ceil(np.minimum(death, last)), 1).astype(int)
    os_event = (death <= last).astype(int)
    start = 28  # remission is seen on day 28
    os_days = np.where(remission, np.maximum(os_days, start + 1), os_days)
    rfs_last = os_days - start
    rfs_days = np.where(relapse < rfs_last, np.ceil(relapse), rfs_last).astype(int)
    relapsed = relapse < rfs_last
    rfs_event = (relapsed | (os_event == 1)).astype(int)
    cause = np.where(relapsed, "relapse", np.where(os_event == 1, "death", ""))
    return pd.DataFrame(
        {
            "patient_id": [f"P{i:03d}" for i in rng.permutation(n) + 1],
            "age_years": rng.integers(4, 70, n),
            "sex": rng.choice(["female", "male"], n, p=[0.42, 0.58]),
            "emd": emd,
            "treg_pct": treg,
            "genetic_risk": rng.choice(["standard", "high"], n, p=[0.65, 0.35]),
            "bm_blasts_pct": rng.integers(1, 97, n),
            "prior_hsct": rng.choice(["no", "yes"], n, p=[0.75, 0.25]),
            "response": response,
            "mrd": np.where(remission, rng.choice(["negative", "positive"], n, p=[0.85, 0.15]), ""),
            "crs_grade": rng.choice(range(5), n, p=[0.1, 0.35, 0.3, 0.2, 0.05]),
            "icans_grade": rng.choice(range(5), n, p=[0.6, 0.2, 0.1, 0.07, 0.03]),
            "ae_grade_max": rng.choice(range(1, 5), n, p=[0.05, 0.15, 0.3, 0.5]),
            "os_days": os_days,
            "os_event": os_event,
            "rfs_days": np.where(remission, rfs_days.astype(str), ""),
            "rfs_event": np.where(remission, rfs_event.astype(str), ""),
            "rfs_cause": np.where(remission, cause, ""),
        }
    )


def write(table: pd.DataFrame, path: Path) -> Path:
    """Write a cohort as its file."""
    table.to_csv(path, index=False)
    return path


def event_days(table: pd.DataFrame, endpoint: str, event: int = 1) -> list[int]:
    """Give the days of an endpoint's events (or of last contacts), one for each patient."""
    mine = table[table[f"{endpoint}_event"].astype(str) == str(event)]
    return sorted(int(float(d)) for d in mine[f"{endpoint}_days"])
