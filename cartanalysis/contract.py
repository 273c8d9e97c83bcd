"""The cohort contract: one row per patient, days since infusion, events 0/1.

``contract.yml`` is the one place where columns, levels, spellings and ranges are written down;
reading, checks, mappings and the documentation are made from it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
import pandas as pd
import yaml

from cartanalysis.errors import MissingColumns

DEFAULT_COHORT = "an2020"
"""The reconstruction that ships with the package."""

MISSING = frozenset({"", "na", "n/a", "nan", "."})
"""What counts as an empty cell, in any case; ``none`` is a level of ``emd`` and does not."""

MAX_GROUPS = 6
"""A column of groups with more levels than this is taken for a mistake."""

MAX_STRATA = 3
"""So many columns of their own may users compare groups by."""


@dataclass(frozen=True)
class Field:
    """A column of the contract; ``contract.yml`` explains what belongs to it."""

    name: str
    meaning: str
    kind: str = "number"
    levels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = math.inf
    unit: str = ""
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def allowed(self) -> str:
        """What the column may hold, as words."""
        if self.kind == "level":
            return "one of " + ", ".join(self.levels)
        if self.kind == "event":
            return "0 (no event so far) or 1 (event)"
        if self.kind == "grade":
            return f"a whole number from {self.low:g} to {self.high:g}"
        if self.kind == "number":
            top = f" to {self.high:g}" if math.isfinite(self.high) else " or more"
            return f"a number, {self.low:g}{top}" + (f" {self.unit}" if self.unit else "")
        return "text"

    @property
    def values(self) -> tuple[str, ...]:
        """Every value that a column of levels, grades or events may hold."""
        if self.kind == "grade":
            return tuple(str(grade) for grade in range(int(self.low), int(self.high) + 1))
        return ("0", "1") if self.kind == "event" else self.levels

    @property
    def unfit(self) -> tuple[str, str]:
        """What is said of a value that the column may not hold, and the remedy."""
        if self.kind == "level":
            remedy = f"Use {self.allowed}, or translate it in a mapping file (levels:)"
            return "not a level of this column", remedy
        if self.kind == "event":
            remedy = f"Write {self.allowed}: {self.meaning}; in a file coded 1/2, 1 becomes 0"
            remedy += "; a third code, such as a competing event, has to become 0, 1 or empty"
            return "not an event code", remedy
        if self.kind == "grade":
            return "not a grade", f"Write {self.allowed}"
        return "out of range", f"Write {self.allowed}; leave the cell empty if unknown"

    def holds(self, value: str) -> bool:
        """Tell whether the column may hold a level, or a number in plain notation."""
        if self.kind == "level":
            return value in self.levels
        return self.low <= float(value) <= self.high and (
            self.kind == "number" or float(value) in map(float, self.values)
        )


_FILE = resources.files("cartanalysis") / "contract.yml"
FIELDS = {
    name: Field(name, **said | {"levels": tuple(said.get("levels", ()))})
    for name, said in yaml.safe_load(_FILE.read_text("utf-8")).items()
}
MAX_DAYS = FIELDS["os_days"].high

DERIVED = {
    "responder": ("response",),
    "mrd_negative_cr": ("response", "mrd"),
    "emd_any": ("emd",),
    "emd_other": ("emd",),
    "treg_group": ("treg_pct",),
}
"""Columns that `derive` adds, and the columns of the file each is made from."""

PAIRS = (("os_days", "os_event"), ("rfs_days", "rfs_event"))
REQUIRED = ("patient_id",)


@dataclass(frozen=True)
class Cohort:
    """A checked cohort."""

    name: str  # short name shown on the pages
    table: pd.DataFrame  # the contract's columns that the file has, in its order; then the strata
    notes: tuple[str, ...] = ()  # what was handled rather than refused while reading; sentences
    is_reconstruction: bool = False  # drawn by the generator, so that it is not patient data
    strata: tuple[str, ...] = ()  # columns by which the user wants groups compared
    left_out: int = 0  # patients of the file who do not count, such as those never infused

    @property
    def is_default(self) -> bool:
        """Whether this is the reconstruction that ships with the package."""
        return self.is_reconstruction and self.name == DEFAULT_COHORT

    def to_csv(self) -> str:
        """Write the cohort as a file of the contract; the same cohort gives the same text."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.table.columns)
        columns = [[_plain(v) for v in self.table[c]] for c in self.table]
        writer.writerows(zip(*columns, strict=True))
        return text.getvalue()

    @property
    def sha256(self) -> str:
        """Give the hash of the cohort, whatever file format it came in."""
        return hashlib.sha256(self.to_csv().encode()).hexdigest()


def _plain(value: object) -> str:
    """Write a cell so that reading it again gives the same value."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def require(patients: pd.DataFrame, *columns: str) -> None:
    """Make sure that columns are there and hold at least one value."""
    absent = [c for c in columns if c not in patients or patients[c].isna().all()]
    if absent:
        named = {source for c in absent for source in DERIVED.get(c, (c,))}
        named -= {c for c in named if c in patients and patients[c].notna().any()}
        raise MissingColumns([c for c in FIELDS if c in named] + sorted(named - set(FIELDS)))


def column_of(patients: pd.DataFrame, name: str) -> pd.Series:
    """Take a column that must be there."""
    require(patients, name)
    return patients[name]


# --- derived columns ---------------------------------------------------------------------------


def derive(patients: pd.DataFrame, treg_cutoff: float | None = None) -> pd.DataFrame:
    """Add the columns that follow from others: remissions, EMD of any or other kind, Treg group."""
    if treg_cutoff is not None and not 0 <= treg_cutoff <= 100:
        raise ValueError(f"treg_cutoff is {treg_cutoff}; give a percentage from 0 to 100")
    out = patients.copy()
    if "response" in out:
        out["responder"] = _two_levels(out["response"], out["response"] != "NR", "no", "yes")
    if "response" in out and "mrd" in out:
        # without remission the residual disease need not have been measured
        known = out["mrd"].astype(object).where(out["response"] != "NR", "none")
        known[out["response"].isna()] = None
        out["mrd_negative_cr"] = _two_levels(known, known == "negative", "no", "yes")
    if "emd" in out:
        out["emd_any"] = _two_levels(out["emd"], out["emd"] != "none", "none", "any")
        out["emd_other"] = _two_levels(out["emd"], out["emd"] == "other", "no", "yes")
    if "treg_pct" in out:
        known = out["treg_pct"].dropna()
        cutoff = treg_cutoff
        if treg_cutoff is None and len(known):
            cutoff = float(known.median())
        is_high = out["treg_pct"] > (math.inf if cutoff is None else cutoff)
        out["treg_group"] = _two_levels(out["treg_pct"], is_high, "low", "high")
    return out


def treg_cutoff_of(patients: pd.DataFrame, treg_cutoff: float | None = None) -> pd.DataFrame:
    """Give the cut-off above which regulatory T cells count as high."""
    require(patients, "treg_pct")
    known = patients["treg_pct"].dropna()
    cutoff, method = (
        (float(known.median()), "median of the cohort")
        if treg_cutoff is None
        else (treg_cutoff, "chosen by the user")
    )
    columns = ["group", "n", "estimate", "method"]
    return pd.DataFrame([("cut-off", len(known), cutoff, method)], columns=columns)


def _two_levels(source: pd.Series, is_second: pd.Series, first: str, second: str) -> pd.Series:
    values = pd.Series(np.where(is_second, second, first), index=source.index, dtype=object)
    values[source.isna()] = None
    return values.astype(pd.CategoricalDtype([first, second]))
