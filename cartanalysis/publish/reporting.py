"""What a report of a run needs: its results as analysis results data, and how they were computed.

Analysis results data (ARD) hold one row per statistic, in the columns and names of R's `cards`.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

import cartanalysis
from cartanalysis.chapter.handover import csv_of
from cartanalysis.claims.registry import LETTERS, YOUR_DATA
from cartanalysis.errors import counted
from cartanalysis.stats.response import ALL

ARD, METHODS = "results-ard", "methods.txt"

COLUMNS = (
    "group1",
    "group1_level",
    "group2",
    "group2_level",
    "variable",
    "context",
    "stat_name",
    "stat_label",
    "stat",
    "stat_fmt",
    "fmt_fun",
    "warning",
    "error",
)
"""Columns of `cards`, in its order."""

NAMES = {
    "count": ("n", "Count"),
    "days": ("estimate", "Time in days"),
    "fraction": ("estimate", "Proportion"),
    "p": ("p.value", "p-value"),
    "points": ("estimate", "Difference of proportions"),
    "ratio": ("estimate", "Ratio"),
}
"""Name and label of a number by its unit; any other is an estimate in that unit."""

COMPUTING = ("lifelines", "statsmodels", "scipy", "numpy", "pandas", "matplotlib")
"""Packages that a methods section names."""

Values = Sequence[Mapping[str, Any]]
"""Entries of ``results.json``."""


def ard(values: Values, texts: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Lay numbers out as analysis results data; one that is not there says why."""
    return [row for value in values for row in _statistics(value, texts[value["id"]])]


def _statistics(value: Mapping[str, Any], parts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    name, label = NAMES.get(value["unit"], ("estimate", f"Estimate ({value['unit']})"))
    told: list[tuple[str, str, Any, str | None]] = [(name, label, value["value"], parts["text"])]
    if value["lower"] is not None or value["upper"] is not None:
        told += [
            ("conf.low", "CI lower bound", value["lower"], parts["lower"]),
            ("conf.high", "CI upper bound", value["upper"], parts["upper"]),
            ("conf.level", "CI confidence level", float(parts["level"]), None),
        ]
    told += [
        ("method", "method", value["method"] or None, None),
        ("evidence", "Evidence letter", value["evidence"], None),
    ]
    groups: dict[str, str] = {}
    for place, role in (("group1", "group"), ("group2", "reference")):
        if parts[role] not in ("", ALL):
            groups |= {place: role, f"{place}_level": parts[role]}
    for stat_name, stat_label, stat, shown in told:
        if stat is None and stat_name == "method":
            continue
        row = {
            "variable": value["id"],
            "context": value["chapter"],
            "stat_name": stat_name,
            "stat_label": stat_label,
            "stat": stat,
            "stat_fmt": shown,
            "error": parts["reason"] or None if stat_name == name else None,
        }
        yield dict.fromkeys(COLUMNS) | groups | row


def paragraph(
    values: Values, texts: Mapping[str, Mapping[str, str]], cohort: Mapping[str, Any]
) -> str:
    """Write how the numbers of a run were computed, for a methods section."""
    # neither what other trials published nor what was simulated is of this cohort
    letters = (*LETTERS,) if cohort["is_reconstruction"] else (YOUR_DATA,)
    values = [v for v in values if v["evidence"] in letters]
    given = [v for v in values if v["value"] is not None]
    # several cohorts together have no table of their own
    of = f" ({counted(cohort['patients'], 'patient')})" if cohort["patients"] else ""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in COMPUTING)
    told = [
        f"Analyses were run with cartanalysis {cartanalysis.__version__} in Python "
        f"{platform.python_version()} ({versions}) on “{cohort['name']}”{of}."
    ]
    if cohort["is_reconstruction"]:
        assumed = sum(v["evidence"] == "A" for v in given)
        told.append(
            "This cohort is a reconstruction from published figures, not patient data: "
            f"{assumed} of the {len(given)} numbers rest on assumed values (evidence letter A) and "
            "are not results of the study."
        )
    methods = {v["method"].replace("; ", ", "): None for v in given if v["unit"] != "count"}
    methods = {method: None for method in methods if method not in ("", "count")}
    if methods:
        told.append(f"Methods, as recorded with each result: {'; '.join(methods)}.")
    levels = sorted({float(t["level"]) for t in texts.values()})
    if levels:
        cover = " or ".join(f"{100 * level:g} %" for level in levels)
        told.append(
            f"Confidence intervals cover {cover}. P-values are two-sided and, unless said "
            "otherwise, not adjusted for multiple comparisons."
        )
    told.append(
        "Each analysis used the patients for whom all its variables were known; no value was "
        "imputed."
    )
    if cohort["min_cell"] > 1:
        told.append(
            f"Counts of fewer than {cohort['min_cell']} patients, and results that would reveal "
            "them, were withheld; times are told by the month."
        )
    if missing := len(values) - len(given):
        told.append(f"{missing} of {len(values)} numbers could not be given; the book says why.")
    return " ".join(told)


def write(folder: Path, rows: Sequence[Mapping[str, Any]], methods: str) -> None:
    """Write analysis results data as JSON and CSV, and the paragraph."""
    # R reads cells of one entry as a list, which may hold numbers beside texts
    listed = [{**row, "stat": [] if row["stat"] is None else [row["stat"]]} for row in rows]
    text = json.dumps(listed, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / f"{ARD}.json").write_text(text + "\n", encoding="utf-8")
    table = csv_of(pd.DataFrame(rows, columns=list(COLUMNS), dtype=object))
    (folder / f"{ARD}.csv").write_text(table, encoding="utf-8")
    (folder / METHODS).write_text(methods + "\n", encoding="utf-8")
