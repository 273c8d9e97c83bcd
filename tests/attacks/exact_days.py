"""Attack: exact days of death, relapse and last contact, from the times that a site shows.

A median and the bounds of its interval are days on which a curve steps down, so each is some
patient's own day.  Every time that a page, a data file or ``results.json`` tells is taken for a
guess of such a day.  Chance is what the same guesses would hit if only their month were known.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from attacks import cohorts, shown

CHAPTERS = (
    "remission",
    "survival",
    "competing-risks",
    "extramedullary-disease",
    "regulatory-t-cells",
    "genetic-risk",
    "subgroups",
    "claims",
)
"""Those that show times."""

MONTH = 30
"""Days a guess is compared with: who knows the month hits one in so many."""

UNITS = {"days": 1.0, "day": 1.0, "months": 30.4375, "years": 365.25}
_TIME = re.compile(
    r"(\d+(?:\.\d+)?)(?:\s*(?:to|–|-|and)\s*(\d+(?:\.\d+)?))?\s+(days|months|years)\b"
    r"|\bday (\d+(?:\.\d+)?)"
)


@dataclass(frozen=True)
class Guess:
    """A day on which somebody is thought to have had the event, and what told it."""

    endpoint: str
    event: int
    day: int
    source: str


@dataclass(frozen=True)
class Score:
    """How an attack fared."""

    recovered: int
    of: int
    chance: float

    def __add__(self, other: Score) -> Score:
        """Add up over cohorts."""
        return Score(
            self.recovered + other.recovered, self.of + other.of, self.chance + other.chance
        )


def _times(text: str) -> list[float]:
    found = []
    for low, high, unit, day in _TIME.findall(text):
        found += [float(v) * UNITS[unit or "day"] for v in (low, high, day) if v]
    return found


def _endpoint(text: str) -> str:
    return "rfs" if re.search(r"relapse-free|\brfs", text, flags=re.IGNORECASE) else "os"


def _all(what: shown.Shown, landmark: float) -> Iterator[tuple[str, int, float, str]]:
    for key, number in what.numbers.items():
        if number["unit"] == "days" and "second_time" not in key:
            event = 0 if "follow_up" in key else 1
            kind = "follow-up" if event == 0 else "medians and bounds"
            for bound in ("value", "lower", "upper"):
                if number[bound] is not None:
                    yield _endpoint(key), event, float(number[bound]), kind
    for table in what.tables:
        if "by" in table.caption and "survival" in table.caption:
            for row in table.rows:
                for heading, cell in row.items():
                    if "edian" in heading:
                        unit = next((u for u in UNITS if u in heading), "days")
                        text = cell if any(u in cell for u in UNITS) else f"{cell} {unit}"
                        for time in _times(text):
                            yield _endpoint(table.caption), 1, time, "medians and bounds"
    for name, figure in what.figures.items():
        first = figure.get("alt", "")
        shift = landmark if name == "landmark" else 0.0
        for time in _times(first):
            if "survival" in first and "aper's claims" not in first:
                yield _endpoint(first), 1, time + shift, "alternative texts"
        data = what.csv(name)
        if data is None:
            continue
        if {"time", "estimate"} <= set(data):
            for _, curve in data.groupby("group"):
                drop = curve["estimate"].diff().fillna(0) < 0
                endpoint = _endpoint(f"{first} {name}")
                for time in curve.loc[drop, "time"]:
                    yield endpoint, 1, float(time) + shift, "data of curves"
        elif "unit" in data:
            for _, row in data[data["unit"] == "days"].iterrows():
                for time in row[["estimate", "lower", "upper"]].astype(float).dropna():
                    yield _endpoint(str(row.get("id", ""))), 1, time, "medians and bounds"
    for text in what.texts:
        if re.search("follow-up ends", text):
            for time in _times(text):
                yield _endpoint(text), 0, time, "follow-up"


def attack(sites: Iterable[shown.Shown], landmark: float = 28.0) -> set[Guess]:
    """Guess days from everything that sites about one cohort show."""
    found = set()
    for one in sites:
        for endpoint, event, time, source in _all(one, landmark):
            if abs(time - round(time)) < 1e-6 or source == "alternative texts":
                found.add(Guess(endpoint, event, round(time), source))
    return found


def score(guesses: Iterable[Guess], truth: pd.DataFrame, endpoint: str, event: int = 1) -> Score:
    """Compare guesses with the patients' own days."""
    days = np.array(cohorts.event_days(truth, endpoint, event))
    tried = {g.day for g in guesses if g.endpoint == endpoint and g.event == event}
    hits = sum(int(d) in tried for d in days)
    low = MONTH // 2
    chance = sum(((days >= d - low) & (days < d + MONTH - low)).sum() / MONTH for d in tried)
    return Score(hits, len(days), float(chance))


CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99)


def main(seeds: int = 3) -> None:
    """Print what is recovered of cohorts of several sizes."""
    print(
        f"{'days of':28}{'n':>4}{'min':>4}{'sites':>6}{'recovered':>11}{'of':>6}{'by chance':>11}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for n in cohorts.SIZES:
            for min_cell, levels in ((5, (0.95,)), (10, (0.95,)), (5, CONFIDENCES)):
                total: dict[str, Score] = {}
                for seed in range(seeds):
                    truth = cohorts.draw(seed, n)
                    path = cohorts.write(truth, Path(folder) / "cohort.csv")
                    sites = [
                        shown.run(path, CHAPTERS, min_cell=min_cell, confidence=c) for c in levels
                    ]
                    guesses = attack(sites)
                    for name, endpoint, event in (
                        ("death", "os", 1),
                        ("relapse", "rfs", 1),
                        ("last contact", "os", 0),
                    ):
                        parts = {name: guesses}
                        if len(levels) == 1:
                            for source in sorted({g.source for g in guesses}):
                                mine = {g for g in guesses if g.source == source}
                                parts[f"  {name}, {source}"] = mine
                        for label, mine in parts.items():
                            this = score(mine, truth, endpoint, event)
                            total[label] = total.get(label, Score(0, 0, 0)) + this
                for label, s in total.items():
                    print(
                        f"{label:38.38}{n:4}{min_cell:4}{len(levels):3}"
                        f"{s.recovered:7}{s.of:6}{s.chance:9.1f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
