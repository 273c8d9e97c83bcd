"""One cohort's survival statistics as cohorts grow, beside lifelines and R: `make bench`.

    python bench/scale.py             # or some sizes only: 50 5000 100000

Kaplan–Meier with intervals, a log-rank test of two groups and a Cox model of five covariates, each
by the call that a reader of a manual would write, on the same patients: days whole (tied) or not.
No call makes tests beyond those that the model brings along.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import page
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from cartanalysis.stats.cox import cox
from cartanalysis.stats.survival import kaplan_meier, log_rank

SIZES = (50, 5_000, 100_000, 1_000_000)
COVARIATES = ["emd_any", "genetic_risk", "sex", "age_years", "bm_blasts_pct"]
TASKS = ("Kaplan–Meier", "log-rank", "Cox")
GOAL, FROM = 1.1, 5_000
"""At most so many times as long as the faster of the others, from so many patients on."""

ONE_CORE = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
LONG_ENOUGH, PATIENCE = 0.5, 10
"""Seconds of the processor that a task is repeated for, and from which on it is not; the fastest
run counts."""

R_SCRIPT = """
suppressMessages(library(survival))
read <- function(name, n) readBin(name, "double", n)
n <- as.integer(commandArgs(TRUE)[1])
d <- data.frame(lapply(setNames(nm = c("time", "event", commandArgs(TRUE)[-1])), read, n))
clock <- function() sum(proc.time()[c("user.self", "sys.self")])
fastest <- function(work) {
  taken <- c()
  while (sum(taken) < 0.5 || (length(taken) < 2 && sum(taken) < 10)) {
    started <- clock()
    work()
    taken <- c(taken, clock() - started)
  }
  min(taken)
}
# the clock of R ticks in milliseconds
many <- max(1, 2e4 %/% n)
often <- function(work) fastest(function() for (i in seq_len(many)) work()) / many
model <- as.formula(paste("Surv(time, event) ~", paste(commandArgs(TRUE)[-1], collapse = " + ")))
cat(often(function() survfit(Surv(time, event) ~ 1, d)),
    often(function() survdiff(Surv(time, event) ~ emd_any, d)),
    often(function() coxph(model, d)), as.character(packageVersion("survival")))
"""


def cohort(n: int, tied: bool) -> pd.DataFrame:
    """Draw a cohort as intake gives it."""
    rng = np.random.default_rng(1)
    coded = {name: rng.integers(0, 2, n) for name in COVARIATES[:3]}
    age, blasts = rng.gamma(4, 5, n).clip(1, 90), rng.uniform(0, 95, n)
    hazard = np.exp(0.7 * coded["emd_any"] + 0.5 * coded["genetic_risk"] + 0.01 * age)
    death, end = rng.exponential(900, n) / hazard, rng.uniform(200, 1400, n)
    days = np.minimum(death, end)
    table = {"os_days": np.ceil(days) if tied else days, "os_event": (death <= end).astype(float)}
    table |= {name: pd.Categorical.from_codes(c, ["no", "yes"]) for name, c in coded.items()}
    return pd.DataFrame(table | {"age_years": age.round(1), "bm_blasts_pct": blasts.round(1)})


def in_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Code a cohort for who asks for numbers."""
    plain = {name: table[name].cat.codes.astype(float) for name in COVARIATES[:3]}
    return table.assign(**plain).rename(columns={"os_days": "time", "os_event": "event"})


def by_package(table: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """Give the three tasks as the package does them."""
    return {
        "Kaplan–Meier": lambda: kaplan_meier(table, "os"),
        "log-rank": lambda: log_rank(table, "os", "emd_any"),
        "Cox": lambda: cox(table, "os", COVARIATES, with_tests=False),
    }


def by_lifelines(table: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """Give the three tasks as lifelines does them, unless told otherwise."""
    plain = in_numbers(table)
    none, some = plain[plain["emd_any"] == 0], plain[plain["emd_any"] == 1]
    return {
        "Kaplan–Meier": lambda: KaplanMeierFitter().fit(plain["time"], plain["event"]),
        "log-rank": lambda: logrank_test(none["time"], some["time"], none["event"], some["event"]),
        "Cox": lambda: CoxPHFitter().fit(plain, "time", "event").summary,
    }


def by_r(table: pd.DataFrame) -> tuple[dict[str, float], str]:
    """Give the seconds of the three tasks in R, and the version of survival."""
    plain = in_numbers(table)
    with tempfile.TemporaryDirectory() as name:
        for column in plain:
            plain[column].to_numpy(float).tofile(Path(name) / str(column))
        command = ["Rscript", "-e", R_SCRIPT, str(len(plain)), *COVARIATES]
        done = subprocess.run(command, cwd=name, text=True, check=True, capture_output=True)
    *taken, of = done.stdout.split()
    return dict(zip(TASKS, map(float, taken), strict=True)), of


def fastest(work: Callable[[], object]) -> float:
    """Give the seconds of the fastest of some runs."""
    taken: list[float] = []
    while sum(taken) < LONG_ENOUGH or (len(taken) < 2 and sum(taken) < PATIENCE):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def measured(sizes: Sequence[int]) -> tuple[list[tuple[str, ...]], str]:
    """Measure all: one row per task, size and kind of days; and the version of R's survival."""
    rows, of = [], ""
    for n, tied in product(sizes, (True, False)):
        table = cohort(n, tied)
        ours = {task: fastest(work) for task, work in by_package(table).items()}
        theirs = {task: fastest(work) for task, work in by_lifelines(table).items()}
        r, of = by_r(table) if shutil.which("Rscript") else ({}, "")
        for task in TASKS:
            ratio = ours[task] / min(theirs[task], r.get(task, theirs[task]))
            times = (page.three_digits(1000 * x) for x in (ours[task], theirs[task]))
            goal = page.verdict(ratio, GOAL) if n >= FROM else "none"
            days = "whole" if tied else "with decimals"
            in_r = page.three_digits(1000 * r[task]) if r else "not there"
            rows.append((task, f"{n:,}", days, *times, in_r, f"{ratio:.2f}", goal))
            print(*rows[-1], flush=True)
    return sorted(rows, key=lambda row: TASKS.index(row[0])), of


def main() -> None:
    """Measure, and write a table."""
    rows, of = measured([*map(int, sys.argv[1:])] or SIZES)
    head = ("task", "patients", "days", "package, ms", "lifelines, ms", "R, ms", "ratio", "goal")
    page.write("scale", head, rows, {"lifelines": version("lifelines"), "R survival": of})


if __name__ == "__main__":
    if "OPENBLAS_NUM_THREADS" not in os.environ:  # which is read when NumPy is loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_CORE)
    main()
