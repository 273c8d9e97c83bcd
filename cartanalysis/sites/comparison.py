"""The paper's claims over several cohorts: side by side, and pooled.

What goes in are tables of `cartanalysis.claims.replication.claims`, one per cohort, in which small
counts are already hidden: what a cohort's own book does not show is not pooled either, since the
pooled value and the other cohorts would give it back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cartanalysis.claims import replication
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import NOT_ASSESSED, PAPER_COUNTS, short_name
from cartanalysis.errors import CannotCompute
from cartanalysis.figures.rows import SYMBOLS, kind_of
from cartanalysis.figures.style import RATIOS
from cartanalysis.stats import meta
from cartanalysis.text import each_row, format_interval, format_value, is_missing, rounded

RECONSTRUCTION = "reconstruction, not patient data"

RATES, SURVIVAL, DIRECTIONS = "rates", "survival", "directions"
SCALES = {RATES: meta.LOGIT, SURVIVAL: meta.CLOGLOG, DIRECTIONS: meta.LOG}
"""Groups of claims that can be pooled, and on which scale."""

FEW_COHORTS = 5
"""With fewer cohorts a prediction interval mostly shows how little is known of τ²."""

NUMBERS_HIDDEN = "numbers hidden"
"""How the reason begins where a cohort's small counts were taken out."""

COHORT, POOLED = "cohort", "pooled"
NOT_POOLED = RECONSTRUCTION
COLUMNS = [
    "label", "kind", "estimate", "lower", "upper", "predicted_lower", "predicted_upper", "common",
    "common_lower", "common_upper", "weight", "k", "tau2", "i2", "q", "q_p", "why", "method",
]  # fmt: skip


def stack(tables: Mapping[str, pd.DataFrame], reconstructions: frozenset[str]) -> pd.DataFrame:
    """Put the claims of several cohorts into one table."""
    parts = [
        table.assign(cohort=name, is_reconstruction=name in reconstructions).astype(object)
        for name, table in tables.items()
    ]
    out = pd.concat(parts, ignore_index=True)
    return out[["cohort", "is_reconstruction", *parts[0].columns[:-2]]]


def shown_name(cohort: str, is_reconstruction: bool) -> str:
    """Name a cohort so that the reconstruction is never taken for patients."""
    return f"{cohort}: {RECONSTRUCTION}" if is_reconstruction else cohort


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the verdicts alone."""
    return table[["cohort", "is_reconstruction", "id", "short", "verdict"]]


def tally(table: pd.DataFrame) -> pd.DataFrame:
    """Count each cohort's verdicts."""
    rows = []
    for cohort, mine in table.groupby("cohort", sort=False):
        counts = replication.tally(mine).set_index("verdict")["n"]
        name = shown_name(str(cohort), bool(mine["is_reconstruction"].iloc[0]))
        rows.append({"label": name, **counts.to_dict()})
    return pd.DataFrame(rows)


def side_by_side(table: pd.DataFrame, family: str) -> pd.DataFrame:
    """Write the verdicts on one family of claims, a column for each cohort."""
    mine = table[table["family"] == family]
    shown = replication.as_text(mine)["shown"]
    cells = mine.assign(
        label=[shown_name(row.cohort, row.is_reconstruction) for row in each_row(mine)],
        cell=[_cell(row, text) for row, text in zip(each_row(mine), shown, strict=True)],
    )
    wide = cells.pivot(index="id", columns="label", values="cell")
    first = cells.drop_duplicates("id").set_index("id")[["short", "published"]]
    return first.join(wide[list(dict.fromkeys(cells["label"]))]).reset_index(drop=True)


def _cell(row: Any, shown: str) -> str:
    """Write a verdict's symbol, the cohort's value and the verdict in few words."""
    symbol = SYMBOLS[kind_of(row.verdict)]
    if row.verdict == NOT_ASSESSED:
        return symbol
    # "same direction, inconclusive": the symbol says the rest; so does the row which ratio it is
    words = re.split(r"[:,]| at ", row.verdict)[0]
    if row.proportional == "no":
        words += " (changes with time)"
    value = re.sub(r"^(hazard|odds) ratio ", "", shown).replace(" % to ", " to ")
    return f"{symbol} {value.replace(' days to ', ' to ')}, {words}"


def describe(table: pd.DataFrame) -> str:
    """Put the verdicts into a sentence, for who cannot see the picture."""
    return " ".join(
        f"{row.label}: {row.upheld} claims upheld, {row.inconclusive} inconclusive, {row.opposed} "
        f"opposed, {row.not_assessed} could not be assessed."
        for row in each_row(tally(table))
    )


# --- pooling -----------------------------------------------------------------------------------


def group_of(entry: Entry) -> str:
    """Tell how a claim is pooled."""
    if entry.kind == "direction":
        return DIRECTIONS
    if entry.kind == "rate":
        return RATES if entry.id in PAPER_COUNTS else SURVIVAL
    return ""


def poolable(registry: Registry, group: str) -> list[Entry]:
    """List the claims of one group."""
    return [e for e in registry.select(evidence="P") if group_of(e) == group]


def forest(table: pd.DataFrame, entry: Entry, confidence: float = 0.95) -> pd.DataFrame:
    """Pool one claim over the cohorts of patients."""
    group = group_of(entry)
    scale = SCALES[group]
    _refuse_hidden(table, entry, group)
    rows, effects = [], []
    for row in each_row(table[table["id"] == entry.id]):
        out: dict[str, Any] = {
            "label": row.cohort,
            "kind": NOT_POOLED if row.is_reconstruction else COHORT,
            **{c: float(getattr(row, c)) for c in ("estimate", "lower", "upper")},
            "why": _why_not(row, group),
            "method": row.method,
        }
        if out["why"]:
            out |= dict.fromkeys(("estimate", "lower", "upper"), math.nan)
        elif not row.is_reconstruction:
            effects.append(_effect(row, group, confidence))
            out["weight"] = len(effects) - 1  # its place, until the weights are known
        rows.append(out)
    try:
        found = meta.pool([e[0] for e in effects], [e[1] for e in effects], confidence)
    except CannotCompute as error:
        raise CannotCompute(f"{short_name(entry)}: {error}") from None
    for out in rows:
        if "weight" in out:
            out["weight"] = found.weights[out["weight"]]
    numbers = {name: getattr(found, name) for name in ("k", "tau2", "i2", "q", "q_p")}
    method = f"{meta.METHOD}, {scale.name}"
    last = {"label": f"pooled, {found.k} cohorts", "kind": POOLED, "why": "", "method": method}
    return pd.DataFrame([*rows, last | found.back(scale) | numbers], columns=COLUMNS)


def _refuse_hidden(table: pd.DataFrame, entry: Entry, group: str) -> None:
    """Refuse to pool the rates that were not small enough, or not rare enough, to be hidden."""
    mine = table[(table["id"] == entry.id) & ~table["is_reconstruction"].astype(bool)]
    if group != DIRECTIONS and mine["why"].str.startswith(NUMBERS_HIDDEN).any():
        raise CannotCompute(
            f"{short_name(entry)}: not pooled: the number of one cohort is hidden, and leaving "
            "it out would bias the result"
        )


def _why_not(row: Any, group: str) -> str:
    """Say why a cohort has no estimate that could be pooled."""
    if row.verdict == NOT_ASSESSED or is_missing(row.estimate):
        return str(row.why).partition("; power for")[0] or NOT_ASSESSED
    if group != RATES and (is_missing(row.lower) or is_missing(row.upper)):
        return "it has no interval"
    return ""


def _effect(row: Any, group: str, confidence: float) -> tuple[float, float]:
    if group == RATES:
        return meta.of_counts(float(row.events), float(row.n))
    return meta.of_interval(row.estimate, row.lower, row.upper, SCALES[group], confidence)


def summary(
    table: pd.DataFrame, registry: Registry, group: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Collect the pooled values of one group of claims."""
    rows = []
    for entry in poolable(registry, group):
        try:
            found = forest(table, entry, confidence).iloc[-1]
        except CannotCompute:
            continue
        about: dict[str, Any] = {
            "short": short_name(entry),
            "published": entry.printed,
            "predicted": predicted(found, group),
            "common": common(found, group),
            "i2": f"{rounded(100 * found['i2'], 0, 0, 100)}\u00a0%",
            "tau2": f"{found['tau2']:.3f}",
            "q": f"{found['q']:.2f}, {format_value(found['q_p'], 'p')}".replace(
                " = ", "\u00a0=\u00a0"
            ),
        }
        rows.append(about | {c: found[c] for c in ("k", "estimate", "lower", "upper", "method")})
    if not rows:
        raise CannotCompute(
            f"none of the {group} has an estimate from at least two cohorts of patients"
        )
    return pd.DataFrame(rows)


def unit_of(group: str) -> str:
    """Give the unit of a group's values."""
    return "ratio" if group == DIRECTIONS else "fraction"


def predicted(found: pd.Series, group: str) -> str:
    """Write a prediction interval."""
    low, high = found["predicted_lower"], found["predicted_upper"]
    if is_missing(low):
        return "needs three cohorts"
    if group != DIRECTIONS:
        return format_interval(low, high, "fraction")
    least = f"below {RATIOS[0]:g}" if low < RATIOS[0] else format_value(low, "ratio")
    most = f"above {RATIOS[1]:g}" if high > RATIOS[1] else format_value(high, "ratio")
    return f"{least} to {most}"


def common(found: pd.Series, group: str) -> str:
    """Write what the value would be if all cohorts had the same one."""
    unit = unit_of(group)
    ends = format_interval(found["common_lower"], found["common_upper"], unit)
    return f"{format_value(found['common'], unit)} ({ends})"


def describe_forest(table: pd.DataFrame, entry: Entry) -> str:
    """Put a forest plot into a sentence."""
    unit = unit_of(group_of(entry))
    parts = []
    for row in each_row(table):
        name = shown_name(row.label, row.kind == NOT_POOLED)
        if row.why:
            parts.append(f"{name} not pooled")
            continue
        text = format_value(row.estimate, unit)
        if not is_missing(row.lower):
            text += f" ({format_interval(row.lower, row.upper, unit)})"
        parts.append(f"{name} {text}")
    return f"Forest plot of {short_name(entry)}: {'; '.join(parts)}."


def in_words(table: pd.DataFrame, entry: Entry) -> str:
    """Say what was pooled and how alike the cohorts are."""
    found = table.iloc[-1]
    alike = f"I² {rounded(100 * found['i2'], 0, 0, 100)} %"
    further = (
        "Two cohorts are too few to tell how much cohorts differ, so this interval says little and "
        "there is no prediction interval; if both had one and the same true value, it would be "
        f"{common(found, group_of(entry))}"
    )
    if not is_missing(found["predicted_lower"]):
        ends = predicted(found, group_of(entry))
        further = f"The true value of a further cohort is predicted to lie at {ends}"
        if found["k"] < FEW_COHORTS:
            further += (
                "; with so few cohorts this mostly shows how little is known of the variance "
                "between them"
            )
    left = [f"{row.label} ({row.why})" for row in each_row(table) if row.why and row.kind == COHORT]
    omitted = f" Not pooled: {'; '.join(left)}." if left else ""
    return f"pooled over {found['k']:.0f} cohorts of patients, {alike}. {further}.{omitted}"
