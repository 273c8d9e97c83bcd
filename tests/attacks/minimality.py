"""Attack: what the hiding rule itself tells.  The package is public, so whoever knows the totals
can hide the counts of every possible cohort and keep those that would look as the site does.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pandas as pd

from attacks import cohorts, hidden_counts, shown
from attacks.hidden_counts import OUTCOMES, RESPONDERS, Count, Outcome
from cartanalysis.chapter.disclosure.rules import protect
from cartanalysis.claims import flow
from cartanalysis.contract import FIELDS, derive
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import baseline, response
from cartanalysis.study.published import load

LEVELS = FIELDS["emd"].levels
MOST = 400
"""Possible cohorts that are tried; with more, nothing is claimed."""

Table = tuple[tuple[int, int], ...]
"""Patients by EMD: without and with remission."""


def possible(what: shown.Shown) -> Iterator[Table] | None:
    """List the tables of EMD and remission that agree with every number shown; none if many."""
    facts = hidden_counts.gather([what], "emd")
    ranges = []
    for level, outcomes in itertools.product(LEVELS, (("NR",), RESPONDERS)):
        found = facts.bounds(Count((level,), outcomes))
        if found is None or found[1] - found[0] > 60:
            return None
        ranges.append(range(found[0], found[1] + 1))
    about = {
        c: v for c, (v, _) in facts.equal.items()
        if c.outcomes in (OUTCOMES, ("NR",), RESPONDERS, OUTCOMES[2:])
        and len(c.vital) > 1
    }  # fmt: skip
    sizes = 1
    for r in ranges:
        sizes *= len(r)
    if sizes > 2_000_000:
        return None

    def agree(cells: tuple[int, ...]) -> bool:
        table = dict(zip(LEVELS, zip(cells[::2], cells[1::2], strict=True), strict=True))
        for count, value in about.items():
            total = 0
            for level in count.levels:
                total += table[level][0] if "NR" in count.outcomes else 0
                total += table[level][1] if "censored" in count.outcomes else 0
            if total != value:
                return False
        return True

    def pairs() -> Iterator[Table]:
        for cells in itertools.product(*ranges):
            if agree(cells):
                yield tuple(zip(cells[::2], cells[1::2], strict=True))

    return pairs()


@lru_cache(maxsize=100_000)
def look(table: Table, min_cell: int) -> str:
    """Give what a site shows of a cohort with these counts."""
    rows = []
    for level, (without, remission) in zip(LEVELS, table, strict=True):
        rows += [(level, "NR")] * without + [(level, "CR")] * remission
    patients = pd.DataFrame(rows, columns=["emd", "response"])
    patients["emd"] = patients["emd"].astype(pd.CategoricalDtype(LEVELS))
    patients["os_days"] = range(10, 10 + len(rows))
    patients["os_event"] = 1
    patients["rfs_days"] = patients["os_days"].where(patients["response"] != "NR")
    patients["rfs_event"] = patients["os_event"].where(patients["response"] != "NR")
    patients = derive(patients)
    seen = []
    for function, arguments, columns in (
        (response.remission, (), ["group", "n", "events"]),
        (response.remission, ("emd",), ["group", "n", "events"]),
        (response.association, ("emd",), ["p"]),
        (baseline.table_one, (), ["level", "summary"]),
        (flow.steps, (load(), False), ["step", "n"]),
    ):
        try:
            result = protect(function, min_cell, patients, *arguments).result
            seen.append(result[columns].to_csv(index=False))
        except CannotCompute as error:
            seen.append(str(error))
    return "\n".join(seen)


def attack(what: shown.Shown, truth: pd.DataFrame, min_cell: int = 5) -> Outcome:
    """Recover counts of EMD and remission with the knowledge of the rule."""
    outcome = Outcome()
    own = tuple(
        (int(((truth["emd"] == g) & (truth["response"] == "NR")).sum()),
         int(((truth["emd"] == g) & (truth["response"] != "NR")).sum()))
        for g in LEVELS
    )  # fmt: skip
    unions = [u for size in (1, 2) for u in itertools.combinations(range(3), size)]
    wanted = [(u, part) for u in unions for part in ((0,), (1,), (0, 1))]

    def value(table: Table, union: tuple[int, ...], parts: tuple[int, ...]) -> int:
        return sum(table[i][p] for i in union for p in parts)

    small = [w for w in wanted if 0 < value(own, *w) < min_cell]
    outcome.of = len(small)
    tables = possible(what)
    listed = [] if tables is None else list(itertools.islice(tables, MOST + 1))
    if not listed or len(listed) > MOST:
        return outcome
    if own not in listed:
        outcome.wrong.append(f"{own} is not among {len(listed)}")
        return outcome
    alike = [t for t in listed if look(t, min_cell) == look(own, min_cell)]
    for union, parts in small:
        if len({value(t, union, parts) for t in alike}) == 1:
            group = "+".join(LEVELS[i] for i in union)
            name = "+".join(("NR", "remission")[p] for p in parts)
            outcome.recovered.append(f"emd: {group} & {name} = {value(own, union, parts)}")
    return outcome


CHAPTERS = ("trial-and-patients", "remission", "survival", "extramedullary-disease", "claims")


def main(seeds: int = 10) -> None:
    """Print what is recovered of cohorts of several sizes."""
    with tempfile.TemporaryDirectory() as folder:
        for n, min_cell in itertools.product(cohorts.SIZES, (5, 10)):
            outcomes = []
            for seed in range(seeds):
                truth = cohorts.draw(seed, n)
                path = cohorts.write(truth, Path(folder) / "cohort.csv")
                what = shown.run(path, CHAPTERS, min_cell=min_cell)
                outcomes.append(attack(what, truth, min_cell))
            got, of = sum(len(o.recovered) for o in outcomes), sum(o.of for o in outcomes)
            hit = sum(bool(o.recovered) for o in outcomes)
            print(
                f"n={n} min_cell={min_cell}: {got} of {of}, in {hit} of {seeds} cohorts", flush=True
            )
            for o in outcomes:
                for text in (*o.recovered, *o.wrong):
                    print("    ", text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
