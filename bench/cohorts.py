"""Survival statistics of many small cohorts, beside lifelines and R's survival: `make bench`.

    python bench/cohorts.py

Each does the same work on cohorts of 47 patients, in whole days, on one core: survival at a year,
the median, a log-rank test, and a Cox model of three covariates with its standard errors.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import page
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from cartanalysis.stats import batch
from cartanalysis.stats.batch import RiskSets

N, MANY, FEW = 47, 20_000, 200
GOALS = {"lifelines": 300, "R survival": 40}
COVARIATES = ("a", "b", "c")

R_SCRIPT = """
suppressMessages(library(survival))
d <- read.csv("cohorts.csv")
cohorts <- split(d, d$cohort)
started <- proc.time()[["elapsed"]]
for (k in cohorts) {
  s <- survfit(Surv(time, event) ~ 1, k)
  summary(s, times = 365, extend = TRUE)$surv
  quantile(s, 0.5)$quantile
  survdiff(Surv(time, event) ~ a, k)
  sqrt(diag(vcov(coxph(Surv(time, event) ~ a + b + c, k))))
}
cat(proc.time()[["elapsed"]] - started, as.character(packageVersion("survival")))
"""


def cohorts(count: int) -> pd.DataFrame:
    """Draw cohorts, one row per patient."""
    rng = np.random.default_rng(1)
    x = {name: rng.integers(0, 2, (count, N)) for name in COVARIATES}
    death = rng.exponential(500, (count, N)) / np.exp(0.7 * (x["a"] + x["b"]))
    end = rng.uniform(200, 1400, (count, N))
    flat = {
        "cohort": np.repeat(np.arange(count), N),
        "time": np.ceil(np.minimum(death, end)).ravel(),
        "event": (death <= end).ravel().astype(int),
    }
    return pd.DataFrame(flat | {name: values.ravel() for name, values in x.items()})


def by_batch(table: pd.DataFrame) -> None:
    """Compute all by the package."""
    shape = (-1, N)
    time_, event = (table[c].to_numpy().reshape(shape) for c in ("time", "event"))
    x = np.array([table[c].to_numpy().reshape(shape) for c in COVARIATES])
    for part in batch.parts(len(time_), N):
        sets = RiskSets(time_[part], event[part])
        curve = batch.kaplan_meier(sets)
        batch.survival_at(sets, curve, 365)
        batch.median(sets, curve)
        batch.log_rank(sets, x[0, part])
        batch.cox(sets, x[:, part])


def by_lifelines(table: pd.DataFrame) -> None:
    """Compute all in a loop of lifelines."""
    for _, cohort in table.groupby("cohort"):
        curve = KaplanMeierFitter().fit(cohort["time"], cohort["event"])
        curve.predict(365)
        _ = curve.median_survival_time_
        a, other = cohort[cohort["a"] == 1], cohort[cohort["a"] == 0]
        logrank_test(a["time"], other["time"], a["event"], other["event"])
        _ = CoxPHFitter().fit(cohort.drop(columns="cohort"), "time", "event").standard_errors_


def per_second(work: Callable[[pd.DataFrame], None], count: int) -> float:
    """Give the cohorts per second."""
    table = cohorts(count)
    started = time.perf_counter()
    work(table)
    return count / (time.perf_counter() - started)


def by_r() -> tuple[float, str]:
    """Give the cohorts per second of a loop in R, and the version of survival."""
    with tempfile.TemporaryDirectory() as folder:
        cohorts(FEW).to_csv(Path(folder) / "cohorts.csv", index=False)
        done = subprocess.run(["Rscript", "-e", R_SCRIPT], cwd=folder, text=True, check=True,
                              capture_output=True)  # fmt: skip
    taken, of = done.stdout.split()
    return FEW / float(taken), of


def main() -> None:
    """Measure, and write a table."""
    per_second(by_batch, 100)  # whatever is loaded at the first call
    found = {"this package": per_second(by_batch, MANY)}
    found["lifelines"] = per_second(by_lifelines, FEW)
    versions = {"lifelines": version("lifelines")}
    if shutil.which("Rscript"):
        found["R survival"], versions["R survival"] = by_r()
    else:
        print("R is not there: not compared with its survival.")
    ours, rows = found["this package"], []
    for name, speed in found.items():
        goal = GOALS.get(name)
        told = f"{page.verdict(goal, ours / speed)} (≥ {goal})" if goal else "none"
        rows.append((name, f"{speed:,.0f}", f"{ours / speed:,.0f}", told))
    page.write("cohorts", ("", "cohorts per second", "ratio", "goal"), rows, versions)


if __name__ == "__main__":
    main()
