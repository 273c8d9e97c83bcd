"""Attack: counts below the threshold, from totals, groups and unions of groups.

A cohort is taken for a table of unknown whole numbers: patients by group, response, relapse-free
survival and death.  Whatever a site shows is an equation about it.  A small count is recovered if
its least and its greatest possible value are the same (integer programming).
"""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from attacks import cohorts, shown

LEVELS = {
    "emd": ("none", "cns", "other"),
    "sex": ("female", "male"),
    "prior_hsct": ("no", "yes"),
    "genetic_risk": ("standard", "high"),
    "treg_group": ("low", "high"),
}
CHAPTERS = tuple(c for c in shown.COHORT if c != "independent-factors")

OUTCOMES = ("NR", "remission without RFS", "censored", "relapsed")
VITAL = ("alive", "dead", "unknown")
NAMES = {
    "no EMD": "none", "any EMD": "any", "isolated CNS": "cns", "EMD other than CNS": "other",
    "standard risk": "standard", "high risk": "high", "low Tregs": "low", "high Tregs": "high",
}  # fmt: skip
UNIONS = {"any": ("cns", "other")}


@dataclass(frozen=True)
class Count:
    """Patients of some levels with some outcomes: one left side of an equation."""

    levels: tuple[str, ...]
    outcomes: tuple[str, ...] = OUTCOMES
    vital: tuple[str, ...] = VITAL

    def __str__(self) -> str:
        """Name it."""
        parts = ["+".join(self.levels)]
        parts += ["+".join(self.outcomes)] if self.outcomes != OUTCOMES else []
        parts += ["+".join(self.vital)] if self.vital != VITAL else []
        return " & ".join(parts)


RESPONDERS = OUTCOMES[1:]


@dataclass
class Facts:
    """What is known of one grouping."""

    by: str
    equal: dict[Count, tuple[int, str]] = field(default_factory=dict)

    def tell(self, count: Count, value: object, source: str) -> None:
        """Take in an equation, unless the value is hidden."""
        try:
            number = int(float(str(value)))
        except ValueError:
            return
        self.equal.setdefault(count, (number, source))

    def bounds(self, wanted: Count) -> tuple[int, int] | None:
        """Give the least and the greatest possible value of a count; none if contradictory."""
        cells = list(itertools.product(LEVELS[self.by], OUTCOMES, VITAL))
        rows = [self._row(c, cells) for c in self.equal]
        values = [v for v, _ in self.equal.values()]
        # a death is an RFS event
        upper = np.array([0.0 if c[1:] == ("censored", "dead") else np.inf for c in cells])
        known = LinearConstraint(np.array(rows), values, values)
        goal = self._row(wanted, cells)
        found = []
        for sign in (1, -1):
            best = milp(
                sign * goal,
                constraints=known,
                integrality=np.ones(len(cells)),
                bounds=Bounds(0, upper),
            )
            if best.status == 3:  # unbounded
                found.append(10**6)
                continue
            if best.x is None:
                return None
            found.append(round(sign * best.fun))
        return found[0], found[1]

    @staticmethod
    def _row(count: Count, cells: list[tuple[str, str, str]]) -> np.ndarray:
        return np.array(
            [float(a in count.levels and b in count.outcomes and c in count.vital)
             for a, b, c in cells]
        )  # fmt: skip


OS, RFS = {"n": VITAL[:2], "events": ("dead",)}, {"n": OUTCOMES[2:], "events": ("relapsed",)}


def _count(levels: tuple[str, ...], endpoint: str, part: str) -> Count:
    if endpoint == "os":
        return Count(levels, vital=OS[part])
    if endpoint == "rfs":
        return Count(levels, outcomes=RFS[part])
    return Count(levels, outcomes=OUTCOMES if part == "n" else RESPONDERS)


def gather(sites: Sequence[shown.Shown], by: str) -> Facts:
    """Collect every equation that sites about one cohort give about one grouping."""
    facts = Facts(by)
    for what in sites:
        for count, value, source in itertools.chain(_totals(what, by), _groups(what, by)):
            facts.tell(count, value, source)
    return facts


_OF = re.compile(r"(\d+|hidden) of (\d+|hidden)")


def _totals(what: shown.Shown, by: str) -> Iterator[tuple[Count, object, str]]:
    everybody = LEVELS[by]

    def both(endpoint: str, text: str, source: str) -> Iterator[tuple[Count, object, str]]:
        if found := _OF.fullmatch(text):
            yield _count(everybody, endpoint, "events"), found[1], source
            yield _count(everybody, endpoint, "n"), found[2], source

    def of(key: str) -> str:
        return what.numbers.get(key, {}).get("parts", {}).get("of", "")

    if "patients" in what.numbers:
        yield Count(everybody), what.numbers["patients"]["value"], "patients"
    yield from both("orr", of("orr"), "orr")
    for endpoint in ("os", "rfs"):
        keys = [f"{endpoint}_median"]
        keys += [f"{k}_{endpoint}_p" for k in ("emd", "treg", "genetics", "stratum_1", "stratum_2")]
        for key in keys:  # nobody lacks these columns, as Table 1 tells
            yield from both(endpoint, of(key), f"{key} (notebook)")
        if found := _OF.fullmatch(of(f"{endpoint}_follow_up")):
            only = ("alive",) if endpoint == "os" else ("censored",)
            count = Count(everybody, vital=only) if endpoint == "os" else Count(everybody, only)
            yield count, found[1], f"{endpoint}_follow_up (notebook)"
            yield _count(everybody, endpoint, "n"), found[2], f"{endpoint}_follow_up (notebook)"
    for name, endpoint in (("os", "os"), ("rfs", "rfs")):
        for found in re.finditer(r": (\S+ of \S+) with the event", _alt(what, name)):
            yield from both(endpoint, found[1], f"figure {name}")
    flow = what.csv("flow")
    for _, row in (pd.DataFrame() if flow is None else flow).iterrows():
        if row["step"] == "in remission":
            yield _count(everybody, "orr", "events"), row["n"], "flow"
    claims = what.csv("claims-summary")
    for _, row in (pd.DataFrame() if claims is None else claims).iterrows():
        if row["id"] == "orr":
            yield _count(everybody, "orr", "n"), row["n"], "claims"
            yield _count(everybody, "orr", "events"), row["events"], "claims"
        for endpoint in ("os", "rfs"):
            start = row["id"].endswith(f"_{endpoint}") and row["family"] == "direction"
            if start:
                yield _count(everybody, endpoint, "n"), row["n"], f"claim {row['id']}"
                yield _count(everybody, endpoint, "events"), row["events"], f"claim {row['id']}"


def _alt(what: shown.Shown, name: str) -> str:
    return str(what.figures.get(name, {}).get("alt", ""))


def _levels(by: str, name: str) -> tuple[str, ...] | None:
    name = NAMES.get(name, name)
    levels = UNIONS.get(name, (name,))
    return levels if set(levels) <= set(LEVELS[by]) else None


TITLES = {
    "emd": ("kind of EMD", "extramedullary disease"),
    "sex": ("sex",),
    "prior_hsct": ("earlier transplant", "earlier stem-cell transplant"),
    "genetic_risk": ("genetic risk",),
    "treg_group": ("regulatory T cells",),
}
KEYS = {"emd": "emd", "genetic_risk": "genetics", "treg_group": "treg"}
SECOND = {"emd": "any", "genetic_risk": "high", "treg_group": "high"}


def _groups(what: shown.Shown, by: str) -> Iterator[tuple[Count, object, str]]:
    for table in what.tables:
        head = table.caption.partition(".")[0]
        if not any(head.endswith(title) for title in TITLES[by]):
            continue
        endpoint = {"Overall": "os", "Relapse": "rfs", "Remissio": "orr"}.get(
            next((w for w in ("Overall", "Relapse", "Remissio") if head.startswith(w)), "")
        )
        for row in table.rows:
            levels = _levels(by, next(iter(row.values())))
            if endpoint and levels:
                yield _count(levels, endpoint, "n"), row.get("Patients"), head
                events = row.get("Events", row.get("In remission"))
                yield _count(levels, endpoint, "events"), events, head
    for name, figure in what.figures.items():
        alt, caption = _alt(what, name), str(figure.get("caption", "")).partition(".")[0]
        if not any(caption.partition(",")[0].endswith(title) for title in TITLES[by]):
            continue
        endpoint = "rfs" if "relapse-free" in alt else "os" if "overall" in alt else "orr"
        for found in re.finditer(r"(?:^|[:;.] )([^:;.]+?):? (\d+|hidden) of (\d+|hidden)\b", alt):
            if levels := _levels(by, found[1]):
                yield _count(levels, endpoint, "events"), found[2], f"figure {name}"
                yield _count(levels, endpoint, "n"), found[3], f"figure {name}"
    for endpoint in ("os", "rfs"):  # a hazard ratio's record counts the second group
        key = f"{KEYS.get(by)}_{endpoint}_hr"
        of = what.numbers.get(key, {}).get("parts", {}).get("of", "")
        if (found := _OF.fullmatch(of)) and (levels := _levels(by, SECOND[by])):
            yield _count(levels, endpoint, "events"), found[1], f"{key} (notebook)"
            yield _count(levels, endpoint, "n"), found[2], f"{key} (notebook)"
    if (one := what.table("Characteristics")) is not None:
        words = {"isolated CNS": "cns", "other than CNS": "other"}
        for row in one.rows:
            first, level, summary = list(row.values())[:3]
            column = {"sex": "Sex", "emd": "Extramedullary", "genetic_risk": "Genetic",
                      "prior_hsct": "Stem-cell"}.get(by, "?")  # fmt: skip
            if first.startswith(column) and (levels := _levels(by, words.get(level, level))):
                yield Count(levels), summary.partition(" ")[0], "Table 1"
    hist = what.csv("treg-distribution") if by == "treg_group" else None
    if hist is not None:
        for group, n in hist.groupby("group")["n"].sum().items():
            yield Count((str(group),)), n, "histogram"


def targets(by: str) -> list[Count]:
    """Name the counts that a reader might want to know."""
    levels = LEVELS[by]
    unions = [u for size in range(1, len(levels) + 1) for u in itertools.combinations(levels, size)]
    found = []
    for union in unions:
        found += [
            Count(union),
            Count(union, ("NR",)),
            Count(union, RESPONDERS),
            Count(union, ("censored",)),
            Count(union, ("relapsed",)),
            Count(union, vital=("dead",)),
            Count(union, vital=("alive",)),
        ]
    return found


def true_value(count: Count, truth: pd.DataFrame, by: str) -> int:
    """Count in the cohort itself."""
    group = truth[by].astype(str)
    outcome = np.select(
        [truth["response"] == "NR", truth["rfs_event"].astype(str) == "1",
         truth["rfs_event"].astype(str) == "0"],
        ["NR", "relapsed", "censored"], "remission without RFS",
    )  # fmt: skip
    vital = np.where(truth["os_event"] == 1, "dead", "alive")
    keep = (
        group.isin(count.levels)
        & np.isin(outcome, count.outcomes)
        & np.isin(vital, count.vital)
    )  # fmt: skip
    return int(keep.sum())


@dataclass
class Outcome:
    """Hidden counts of one cohort: those recovered, and how many there are."""

    recovered: list[str] = field(default_factory=list)
    of: int = 0
    wrong: list[str] = field(default_factory=list)


def attack(sites: Sequence[shown.Shown], truth: pd.DataFrame, min_cell: int = 5) -> Outcome:
    """Recover counts from 1 to the threshold; what is found is compared with the truth."""
    outcome = Outcome()
    with_group = truth.assign(
        treg_group=np.where(truth["treg_pct"] > truth["treg_pct"].median(), "high", "low")
    )
    for by in LEVELS:
        facts = gather(sites, by)
        for wanted in targets(by):
            value = true_value(wanted, with_group, by)
            if not 0 < value < min_cell:
                continue
            if wanted.levels == LEVELS[by] and by != "emd":
                continue  # the same for every grouping
            outcome.of += 1
            found = facts.bounds(wanted)
            if found is None or not found[0] <= value <= found[1]:
                outcome.wrong.append(f"{by}: {wanted} = {value}, thought {found}")
            elif found[0] == found[1]:
                outcome.recovered.append(f"{by}: {wanted} = {value}")
    return outcome


def main(seeds: int = 20) -> None:
    """Print what is recovered of cohorts of several sizes."""
    print(f"{'':4}{'n':>4}{'min':>4}{'recovered':>11}{'of':>6}{'cohorts':>9}{'of':>5}")
    with tempfile.TemporaryDirectory() as folder:
        for n in cohorts.SIZES:
            for min_cell in (5, 10):
                outcomes = []
                for seed in range(seeds):
                    truth = cohorts.draw(seed, n)
                    path = cohorts.write(truth, Path(folder) / "cohort.csv")
                    what = shown.run(path, min_cell=min_cell)
                    outcomes.append(attack([what], truth, min_cell))
                hit = sum(bool(o.recovered) for o in outcomes)
                got, of = (sum(len(o.recovered) for o in outcomes), sum(o.of for o in outcomes))
                print(f"{'':4}{n:4}{min_cell:4}{got:11}{of:6}{hit:9}{seeds:5}", flush=True)
                tally: dict[str, int] = {}
                for o in outcomes:
                    for text in o.recovered:
                        name = text.rpartition(" = ")[0]
                        tally[name] = tally.get(name, 0) + 1
                for name, times in sorted(tally.items(), key=lambda kv: -kv[1])[:15]:
                    print(f"      {times:3} × {name}")
                for o in outcomes:
                    for text in o.wrong[:2]:
                        print("      WRONG", text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
