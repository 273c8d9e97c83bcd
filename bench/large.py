"""How long large cohorts take to check, to replicate and to publish, and in how much memory.

    python bench/large.py             # all of it: `make bench`
    python bench/large.py 5000 FILE   # write such a cohort

Each command is run as a user runs it, on a cohort with every column of the contract.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import page
import pandas as pd

COMMAND = [sys.executable, "-c", "import sys; from cartanalysis.cli import main; sys.exit(main())"]
GOALS = {"validate": 2_000, "replicate": 2_000, "publish": None}  # MB
RUNS = [("validate", 1_000_000), ("replicate", 1_000_000), ("publish", 100_000)]


def cohort(n: int) -> pd.DataFrame:
    """Draw a cohort that obeys every rule of the contract."""
    rng = np.random.default_rng(1)

    def pick(*shares: tuple[str, float]) -> np.ndarray:
        return rng.choice([name for name, _ in shares], n, p=[share for _, share in shares])

    emd = pick(("none", 0.85), ("cns", 0.07), ("other", 0.08))
    risk = pick(("standard", 0.7), ("high", 0.3))
    treg, blasts = rng.gamma(4, 2, n).clip(0.1, 60), rng.uniform(0, 98, n)
    worse = np.exp(0.6 * (emd != "none") + 0.4 * (risk == "high") + 0.03 * (treg - 8))
    death, end = np.ceil(rng.exponential(900, n) / worse) + 30, rng.integers(200, 1400, n)
    response = pick(("CR", 0.6), ("CRi", 0.22), ("NR", 0.18))
    in_remission = response != "NR"
    lasts = np.ceil(rng.exponential(700, n) / worse) + 1
    days, died = np.minimum(death, end), death <= end
    until = days - 28  # from remission
    relapsed = lasts < until
    transplant = (rng.random(n) < 0.3) & in_remission & (days > 60)
    grades = {f"{name}_grade": rng.choice(5, n, p=shares)
              for name, shares in (("crs", [0.1, 0.4, 0.25, 0.15, 0.1]),
                                   ("icans", [0.7, 0.12, 0.1, 0.05, 0.03]))}  # fmt: skip
    empty = np.full(n, "", dtype=object)

    def where(is_there: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.where(is_there, values, empty)

    return pd.DataFrame({
        "patient_id": [f"P{i:07d}" for i in range(n)],
        "age_years": rng.integers(2, 80, n),
        "sex": pick(("female", 0.45), ("male", 0.55)),
        "emd": emd, "treg_pct": treg.round(1), "genetic_risk": risk,
        "bm_blasts_pct": blasts.round(1), "prior_hsct": pick(("no", 0.85), ("yes", 0.15)),
        "response": response,
        "mrd": where(in_remission, pick(("negative", 0.85), ("positive", 0.15))),
        **grades, "ae_grade_max": np.maximum(grades["crs_grade"], grades["icans_grade"]),
        "os_days": days.astype(int), "os_event": died.astype(int),
        "rfs_days": where(in_remission, np.where(relapsed, lasts, until).astype(int)),
        "rfs_event": where(in_remission, (relapsed | died).astype(int)),
        "rfs_cause": where(
            in_remission & (relapsed | died), np.where(relapsed, "relapse", "death")
        ),
        "hsct_day": where(transplant, rng.integers(40, 60, n)),
    })  # fmt: skip


def run(*arguments: str) -> tuple[float, float]:
    """Give seconds and peak memory, in MB, of the largest process of a command."""
    started = time.monotonic()
    process = os.spawnv(os.P_NOWAIT, COMMAND[0], [*COMMAND, *arguments])
    _, status, used = os.wait4(process, 0)
    if status:
        sys.exit(f"{' '.join(arguments)} failed")
    most = max(used.ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return time.monotonic() - started, most / 1000


def main() -> None:
    """Measure, and write a table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for command, n in RUNS:
            path = Path(folder) / f"patients-{n}.csv"
            if not path.exists():
                cohort(n).to_csv(path, index=False)
            options = ["--out", f"{folder}/site", "--cache", f"{folder}/cache"]
            seconds, most = run(command, str(path), *(options if command == "publish" else []))
            site = [p.stat().st_size for p in Path(folder, "site").rglob("*.html")]
            largest = f"{max(site) / 1000:.0f}" if site else "–"
            goal = page.verdict(most, GOALS[command]) if GOALS[command] else "none"
            rows.append((command, f"{n:,}", f"{seconds:.0f}", f"{most:,.0f}", goal, largest))
    head = ("command", "patients", "seconds", "memory, MB", "2 GB", "largest page, kB")
    page.write("large", head, rows, {})


if __name__ == "__main__":
    if len(sys.argv) == 3:
        cohort(int(sys.argv[1])).to_csv(sys.argv[2], index=False)
    else:
        main()
