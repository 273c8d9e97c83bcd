"""Attack: several sites about one cohort, which differ in a parameter, and what changes."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from attacks import cohorts, exact_days, hidden_counts, shown
from attacks.exact_days import Score


def landmark(path: Path, days: Sequence[int]) -> set[int]:
    """Find days on which somebody leaves: what is shown changes from one landmark to the next."""
    found, before = set(), None
    for day in days:
        what = shown.run(path, ("remission",), landmark_day=day)
        # the number's names hold the day, and the day may be moved to the end of a month
        mine = {
            str((n["value"], n["lower"], n["upper"]))
            for key, n in what.numbers.items()
            if key.startswith("landmark_")
        }
        alt = re.sub(r"median[^;]*", "", str(what.figures.get("landmark", {}).get("alt")))
        now = None if what.failed else (*sorted(mine), alt)
        if before is not None and now is not None and now != before:
            found.add(day)
        before = now
    return found


def cutoff(path: Path, cutoffs: Sequence[float]) -> list[tuple[float, float, int]]:
    """Find how many patients lie between neighbouring cut-offs: lower, upper, patients."""
    found: list[tuple[float, float, int]] = []
    last: tuple[float, int] | None = None
    for value in cutoffs:
        what = shown.run(path, ("regulatory-t-cells",), treg_cutoff=float(value))
        facts = hidden_counts.gather([what], "treg_group").equal
        for count, (n, _) in facts.items():
            if count.levels == ("high",) and count.vital == hidden_counts.OS["n"]:
                if last is not None and last[1] != n:
                    found.append((last[0], float(value), last[1] - n))
                last = (float(value), n)
                break
    return found


def several(path: Path, truth: pd.DataFrame) -> dict[str, hidden_counts.Outcome]:
    """Recover counts below 5 from sites with other thresholds, units and strata together."""
    chapters = hidden_counts.CHAPTERS
    one = shown.run(path, chapters)
    ten, seven = (shown.run(path, chapters, min_cell=k) for k in (10, 7))
    emd = shown.run(path, ("subgroups",), strata="emd,genetic_risk")
    return {
        "one site": hidden_counts.attack([one], truth),
        "min_cell 5, 7 and 10": hidden_counts.attack([one, seven, ten], truth),
        "strata emd, genetic_risk, too": hidden_counts.attack([one, emd], truth),
    }


def exits(truth: pd.DataFrame, days: Sequence[int]) -> list[int]:
    """Give the days of a range on which exactly one patient leaves."""
    counts = truth["os_days"].value_counts()
    return sorted(int(d) for d in counts.index[counts == 1] if d in set(days[1:]))


def main(seeds: int = 2) -> None:
    """Print what is recovered."""
    days = range(60, 181)
    with tempfile.TemporaryDirectory() as folder:
        for n in cohorts.SIZES:
            leavings, chance = Score(0, 0, 0), 0.0
            between: list[tuple[float, float, int]] = []
            for seed in range(seeds):
                truth = cohorts.draw(seed, n)
                path = cohorts.write(truth, Path(folder) / "cohort.csv")
                found, single = landmark(path, days), exits(truth, days)
                chance = len(found) * len(single) / len(days)
                leavings += Score(len(found & set(single)), len(single), chance)
                between += cutoff(path, np.arange(4, 10, 0.25).round(2))
                both = [
                    shown.run(path, exact_days.CHAPTERS, time_unit=u) for u in ("days", "months")
                ]
                for name, sites in (("days", both[:1]), ("months", both[1:]), ("both", both)):
                    got = exact_days.score(exact_days.attack(sites), truth, "os")
                    print(f"n={n} seed {seed} time_unit {name}: deaths {got}")
                for name, outcome in several(path, truth).items():
                    print(
                        f"n={n} seed {seed} {name}: {len(outcome.recovered)} of {outcome.of}",
                        outcome.recovered,
                        outcome.wrong[:2],
                    )
            print(f"n={n} landmark day, single exits on days 60–180: {leavings}")
            small = [b for b in between if 0 < b[2] < 5]
            print(
                f"n={n} treg_cutoff, {seeds} cohorts: {len(small)} counts from 1 to 4", flush=True
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
