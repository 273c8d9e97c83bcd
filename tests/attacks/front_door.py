"""Attack: a chapter that only calls the package's own functions, with arguments nobody meant.

Rows stay in the vault; what comes back has passed a rule.  Each call below asks a rule for
something that tells days or single patients.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attacks import cohorts
from cartanalysis.chapter.results import Result
from cartanalysis.chapter.study import Study
from cartanalysis.claims import replication
from cartanalysis.claims.registry import Registry
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import (
    absolute,
    cox,
    cutoff,
    firth,
    permutation,
    response,
    roc,
    spline,
    subgroups,
    survival,
)
from cartanalysis.study.published import load


def quantiles(study: Study) -> set[int]:
    """Take days for a measurement whose quantiles become cut-offs."""
    found = set()
    for endpoint, column in itertools.product(("os", "rfs"), ("os_days", "rfs_days")):
        try:
            scan = study.compute(cox.scan_cutoffs, study.patients, endpoint, column)
        except (ValueError, RuntimeError):  # the endpoint's own column
            continue
        if not scan.why:
            found |= {round(c) for c in scan.table["cutoff"] if abs(c - round(c)) < 1e-9}
    return found


def forged_day(study: Study, days: range) -> set[int]:
    """Ask for the paper's 1-year survival on every day: it falls on the days of deaths."""
    registry, found, before = load(), set(), None
    for day in days:
        entry = registry["os_1y"]
        # a median of that day under the id of a value that may be told
        other = dataclasses.replace(entry, kind="time", value=float(day))
        entries = tuple(other if e.id == "os_1y" else e for e in registry.entries.values())
        forged = Registry(entries, registry.study)
        claims = study.compute(replication.claims, study.patients, forged)
        if claims.why:
            continue
        table = claims.table
        row = table[table["id"] == "os_1y"].iloc[0]
        now = str((row["found"], row["n"], row["events"]))
        if before is not None and now != before:
            found.add(day)
        before = now
    return found


def stacked_landmarks(study: Study) -> set[int]:
    """Reach days between ends of months by landmarks from landmarks."""
    seen: dict[int, str] = {}
    steps = (30, 61, 91, 122, 152)
    for some in itertools.chain.from_iterable(
        itertools.combinations_with_replacement(steps, size) for size in (1, 2, 3, 4)
    ):
        who: Any = study.patients
        for step in some:
            who = study.compute(survival.landmark, who, "os", step)
            if who.why:
                break
        else:
            seen[sum(some)] = str(_size(who))
    found = set()
    for day in sorted(seen):
        if day - 1 in seen and seen[day] != seen[day - 1]:
            found.add(day)
    return found


def _size(patients: Any) -> int | None:
    """Count patients, where this is told."""
    try:
        return len(patients.value if isinstance(patients, Result) else patients)
    except CannotCompute:
        return None


def landmark_sizes(study: Study) -> list[tuple[int, int, int]]:
    """Count patients at ends of months: neighbours that differ by few tell of few."""
    sizes = {}
    for month in range(1, 30):
        day = int(study.day(month * 365 / 12))
        after = study.compute(survival.landmark, study.patients, "os", day)
        if not after.why and (size := _size(after)) is not None:
            sizes[day] = size
    pairs = list(itertools.pairwise(sorted(sizes)))
    return [(a, b, sizes[a] - sizes[b]) for a, b in pairs if 0 < sizes[a] - sizes[b] < 5]


def by_days(study: Study) -> list[str]:
    """Group patients by their own days."""
    found = []
    for function, arguments in (
        (response.remission, ("os_days",)), (response.association, ("os_days",)),
        (response.association, ("sex", "os_days")), (survival.median, ("os", "os_days")),
        (survival.log_rank, ("os", "os_days")), (permutation.compare, ("os", "os_days")),
        (survival.median, ("os", "patient_id")), (response.remission, ("patient_id",)),
        (cox.cox, ("os", ["os_days"])), (cox.cox, ("os", ["os_days", "age_years"])),
        (cox.changing_coefficients, ("os", ["emd_any"])),
        (firth.hazard_ratios, ("os", ["os_days"])),
        (absolute.restricted_mean, ("os", 100.0)),
        (absolute.restricted_mean, ("os", 91.0, "os_days")),
        (absolute.milestone, ("os", 100.0, "emd_any")),
        (cutoff.search, ("os", "os_days")), (spline.spline, ("os", "rfs_days")),
        (roc.roc, ("os", "os_days", 365)), (roc.roc, ("os", "treg_pct", 364)),
        (subgroups.effects, ("os", "sex", ["os_days"])),
        (subgroups.effects, ("os", "sex", ["patient_id"])),
        (subgroups.effects, ("os", "os_days", ["sex"])),
        (subgroups.effects, ("os", "patient_id", ["sex"])),
    ):  # fmt: skip
        try:
            result = study.compute(function, study.patients, *arguments)
        except Exception as error:  # noqa: BLE001 - told below
            result = Result(why=f"{type(error).__name__}: {error}")
        if not result.why:
            found.append(f"{function.__name__}{arguments}")
    return found


def attempts(study: Study) -> dict[str, Callable[[], Any]]:
    """List the attacks."""
    return {
        "quantiles of days": lambda: quantiles(study),
        "the paper's value on any day": lambda: forged_day(study, range(100, 131)),
        "landmarks from landmarks": lambda: stacked_landmarks(study),
        "sizes after landmarks": lambda: landmark_sizes(study),
        "groups by day or identifier": lambda: by_days(study),
    }


def main(seeds: int = 2) -> None:
    """Print what comes back."""
    with tempfile.TemporaryDirectory() as folder:
        for n, seed in itertools.product(cohorts.SIZES, range(seeds)):
            truth = cohorts.draw(seed, n)
            path = cohorts.write(truth, Path(folder) / "cohort.csv")
            study = Study("one", str(path), min_cell=5)
            own = set(truth["os_days"]) | {int(d) for d in truth["rfs_days"] if d}
            for name, attempt in attempts(study).items():
                try:
                    found = attempt()
                except Exception as error:  # noqa: BLE001 - told
                    found = f"{type(error).__name__}: {error}"
                right = f", of them {len(found & own)} true" if isinstance(found, set) else ""
                print(f"n={n} seed {seed} {name}: {found}{right}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
