"""Attack: data files with more digits than the page, and what these give away."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from attacks import cohorts, shown

SEEN = {"estimate": 4, "lower": 4, "upper": 4, "p": 4}
"""Significant digits that a page shows at most."""


def significant(text: str) -> int:
    """Count the significant digits of a number as written; none of a text."""
    if not re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text):
        return 0
    mantissa = text.partition("e")[0].lstrip("-").replace(".", "").lstrip("0")
    return len(mantissa.rstrip("0")) if "." in text else 0


def attack(what: shown.Shown, most: int = 4) -> dict[str, list[str]]:
    """Find numbers with more digits than any page shows, by data file."""
    found: dict[str, list[str]] = {}
    for name, figure in what.figures.items():
        for line in io.StringIO(figure["csv"]):
            long = [c for c in line.strip().split(",") if significant(c) > most]
            if long:
                found.setdefault(name, []).extend(long)
    for key, number in what.numbers.items():
        for bound in ("value", "lower", "upper"):
            if number[bound] is not None and significant(str(number[bound])) > most + 1:
                found.setdefault(f"results.json {key}", []).append(str(number[bound]))
    return found


def counts_behind(value: float, most: int) -> list[tuple[int, int]]:
    """Give the fractions of small whole numbers that a value with many digits can be."""
    near = Fraction(value).limit_denominator(most)
    return [(near.numerator, near.denominator)] if abs(float(near) - value) < 1e-8 else []


def main(seeds: int = 3) -> None:
    """Print which files say more than their pages."""
    with tempfile.TemporaryDirectory() as folder:
        for n in cohorts.SIZES:
            files: dict[str, int] = {}
            for seed in range(seeds):
                path = cohorts.write(cohorts.draw(seed, n), Path(folder) / "cohort.csv")
                for name, numbers in attack(shown.run(path)).items():
                    files[name] = files.get(name, 0) + len(numbers)
            print(f"n={n}: {sum(files.values())} numbers in {seeds} cohorts: {files}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
