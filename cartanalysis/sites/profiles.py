"""Files by which hospitals pool hazard ratios without sharing patients.

A hospital's file holds, for each direction that the paper claims, the likelihood of the hazard
ratios (`cartanalysis.stats.profile`), after disclosure control: nothing is told where a group, or a
combination of groups, has few patients, few events or few without.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cartanalysis.chapter.disclosure.rules import protect
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import short_name
from cartanalysis.contract import Cohort, derive, treg_cutoff_of
from cartanalysis.errors import CannotCompute, InputError, Problem, counted
from cartanalysis.sites.comparison import DIRECTIONS, RECONSTRUCTION, poolable
from cartanalysis.stats import profile
from cartanalysis.text import each_row, format_interval, format_value, is_missing

FORMAT = "cartanalysis profile 1"

ANEW = "Let the hospital write it anew with “cartanalysis profile”"

FEWEST = 2


def write(
    cohort: Cohort, registry: Registry, min_cell: int, treg_cutoff: float | None = None
) -> dict[str, Any]:
    """Make the file of a hospital."""
    if len(cohort.table) < min_cell:
        what = f"fewer than {min_cell} patients, the smallest count that may be shown"
        raise InputError(cohort.name, [Problem(what, "A smaller one is given by --min-cell")])
    patients = derive(cohort.table, treg_cutoff)
    cut = None
    if "treg_group" in patients and patients["treg_pct"].notna().any():
        cut = float(treg_cutoff_of(patients, treg_cutoff)["estimate"].iloc[0])
    return {
        "format": FORMAT,
        "cohort": cohort.name,
        "is_reconstruction": cohort.is_reconstruction,
        "min_cell": min_cell,
        "patients": len(patients),
        "treg_cutoff": cut,
        "log_hazard_ratios": np.round(profile.LOG_RATIOS, 6).tolist(),
        "claims": {
            e.id: _told(e, registry, patients, min_cell) for e in poolable(registry, DIRECTIONS)
        },
    }


def covariates_of(entry: Entry, registry: Registry) -> dict[str, str]:
    """Name the columns of a claim's model, each with the level that the paper calls worse."""
    directions = poolable(registry, DIRECTIONS)
    worse = {e.details["exposure"]: e.details["worse"] for e in directions}
    return {name: worse[name] for name in entry.covariates}


def _told(
    entry: Entry, registry: Registry, patients: pd.DataFrame, min_cell: int
) -> dict[str, Any]:
    """Give a claim's profile, or say why there is none."""
    covariates = covariates_of(entry, registry)
    asked = (patients, entry.details["endpoint"], covariates)
    try:
        found = protect(profile.profile, min_cell, *asked).result
    except CannotCompute as error:
        return {"why": str(error)}
    return {
        "covariates": covariates,
        "n": found.n,
        "events": found.events,
        "values": found.values.ravel().tolist(),
    }


# --- pooling -----------------------------------------------------------------------------------


def read(paths: Sequence[Path], registry: Registry) -> list[dict[str, Any]]:
    """Read hospitals' files, refusing what could not be pooled."""
    if len(paths) < FEWEST:
        raise InputError("pool", [Problem("one file only", "Give those of two hospitals or more")])
    files = [_checked(path, registry) for path in paths]
    for i, (path, file) in enumerate(zip(paths, files, strict=True)):
        for other, earlier in zip(paths[:i], files, strict=False):
            same = {e: f for e, f in file["claims"].items() if "values" in f}
            if file["cohort"] == earlier["cohort"] or (
                any(any(f["values"]) for f in same.values())
                and all(earlier["claims"][e] == f for e, f in same.items())
            ):
                what = f"the same patients as in {other}, or a hospital of the same name"
                raise InputError(str(path), [Problem(what, "Give each hospital once")])
    return files


def _checked(path: Path, registry: Registry) -> dict[str, Any]:
    try:
        file = json.loads(path.read_text(encoding="utf-8"))
        problem = _wrong(file, registry)
    except OSError as error:
        problem = Problem(f"it cannot be read ({error.strerror})", "Name another file")
    except (ValueError, RecursionError):
        problem = Problem("this is no JSON", ANEW)
    except (KeyError, TypeError, AttributeError):
        problem = Problem("parts of it are missing or of the wrong kind", ANEW)
    if problem:
        raise InputError(str(path), [problem])
    assert isinstance(file, dict)
    return file


def _wrong(file: Any, registry: Registry) -> Problem | None:
    """Find what is wrong with a file."""
    if file["format"] != FORMAT:
        return Problem("it was not written by this version of “cartanalysis profile”", ANEW)
    if file["is_reconstruction"] is not False:
        return Problem(f"a {RECONSTRUCTION}, is never pooled with patients", "Leave it out")
    if not isinstance(file["cohort"], str) or not isinstance(file["patients"], int):
        return Problem("the cohort's name or size is not one", ANEW)
    if file["treg_cutoff"] is not None and not 0 <= file["treg_cutoff"] <= 100:
        return Problem("the cut-off for Tregs is no percentage", ANEW)
    if not np.allclose(file["log_hazard_ratios"], profile.LOG_RATIOS, atol=1e-5):
        return Problem("it looks at other hazard ratios", ANEW)
    for entry in poolable(registry, DIRECTIONS):
        told = file["claims"][entry.id]
        if "values" not in told and isinstance(told["why"], str):
            continue
        covariates = covariates_of(entry, registry)
        values = np.array(told["values"], dtype=float)
        is_sound = values.shape == (profile.POINTS ** len(covariates),)
        is_sound = is_sound and bool(np.isfinite(values).all()) and float(values.max()) == 0
        counts = told["n"], told["events"]
        is_sound = is_sound and all(type(c) is int for c in counts) and 0 <= counts[1] <= counts[0]
        if told["covariates"] != covariates or not is_sound:
            return Problem(f"the likelihood of “{short_name(entry)}” is not one", ANEW)
    return None


def pool(
    files: Sequence[dict[str, Any]], registry: Registry, confidence: float = 0.95
) -> pd.DataFrame:
    """Pool each claim over the hospitals that tell of it."""
    rows = []
    for entry in poolable(registry, DIRECTIONS):
        told = [f["claims"][entry.id] for f in files if "values" in f["claims"][entry.id]]
        row: dict[str, Any] = {
            "id": entry.id,
            "short": short_name(entry),
            "hospitals": len(told),
            "withheld": len(files) - len(told),
            "n": sum(t["n"] for t in told),
            "events": sum(t["events"] for t in told),
        }
        try:
            row |= _pooled(entry, told, confidence)
        except CannotCompute as error:
            row |= dict.fromkeys(("estimate", "lower", "upper", "p"), math.nan)
            row |= {"method": "", "why": str(error)}
        rows.append(row)
    return pd.DataFrame(rows)


def _pooled(entry: Entry, told: Sequence[dict[str, Any]], confidence: float) -> dict[str, Any]:
    if len(told) < FEWEST:
        few = "none" if not told else "one only"
        raise CannotCompute(f"pooling needs at least two hospitals that tell of it; there is {few}")
    shape = (profile.POINTS,) * len(entry.covariates)
    values = [np.array(t["values"], dtype=float).reshape(shape) for t in told]
    term = entry.covariates.index(entry.details["exposure"])
    found = profile.pool(values, term, confidence)
    return {
        "estimate": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "p": found.p,
        "method": profile.METHOD,
        "why": "",
    }


def notes(files: Sequence[dict[str, Any]], pooled: pd.DataFrame) -> list[str]:
    """Say what a reader of the pooled values must know."""
    out = []
    cuts = {f["treg_cutoff"] for f in files} - {None}
    if len(cuts) > 1:
        out.append(
            f"High Tregs mean something else in each hospital: above {min(cuts):g} to "
            f"{max(cuts):g} %. For one cut-off, agree on it and give each --treg-cutoff"
        )
    left = [r.short for r in each_row(pooled) if r.withheld]
    if left:
        out.append(
            f"Not every hospital tells of {'; '.join(left)}. Where a count was too small to be "
            "told, those left are no random choice, and the pooled value may be off for it"
        )
    return out


def records(pooled: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the pooled values for a program; JSON knows no infinity, so that it is null."""
    is_open = pooled.isin([math.nan, math.inf])
    rows = zip(pooled.to_dict("records"), is_open.to_dict("records"), strict=True)
    return [{str(k): None if gone[k] else v for k, v in row.items()} for row, gone in rows]


def report(pooled: pd.DataFrame, files: Sequence[dict[str, Any]], confidence: float) -> str:
    """Write the pooled values for a terminal."""
    patients = sum(f["patients"] for f in files)
    lines = [f"{len(files)} hospitals, {counted(patients, 'patient')}. {profile.METHOD}:", ""]
    for row in each_row(pooled):
        if is_missing(row.estimate):
            lines.append(f"{row.short}: no pooled value: {row.why}")
            continue
        ends = format_interval(row.lower, row.upper, "ratio")
        lines.append(
            f"{row.short}: hazard ratio {format_value(row.estimate, 'ratio')} "
            f"({100 * confidence:g} % interval {ends}), {format_value(row.p, 'p')}; "
            f"{row.hospitals} hospitals, {row.events} events in {row.n} patients"
        )
    return "\n".join(lines)
