"""The paper's claims over several cohorts: side by side, and pooled.

What goes in are tables of `cartanalysis.claims.replication.claims`, one per cohort, in which small
counts are already hidden: what a cohort's own book does not show is not pooled either, since the
pooled value and the other cohorts would give it back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cartanalysis.claims import replication
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.claims.verdicts import Verdict, short_name
from cartanalysis.errors import CannotCompute
from cartanalysis.figures.rows import SYMBOLS
from cartanalysis.figures.style import RATIOS
from cartanalysis.stats import meta
from cartanalysis.text import each_row, format_interval, format_value, is_missing, rounded

RECONSTRUCTION = "reconstruction, not patient data"

RATES, SURVIVAL, DIRECTIONS = "rates", "survival", "directions"
SCALES = {RATES: meta.LOGIT, SURVIVAL: meta.CLOGLOG, DIRECTIONS: meta.LOG}
"""Groups of claims that can be pooled, and on which scale."""

FEW_COHORTS = 5
"""With fewer cohorts a prediction interval mostly shows how little is known of τ²."""

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
    cells = mine.assign(
        label=[shown_name(row.cohort, row.is_reconstruction) for row in each_row(mine)],
        cell=[_cell(row) for row in each_row(mine)],
    )
    wide = cells.pivot(index="id", columns="label", values="cell")
    first = cells.drop_duplicates("id").set_index("id")[["short", "published"]]
    return first.join(wide[list(dict.fromkeys(cells["label"]))]).reset_index(drop=True)


def _cell(row: Any) -> str:
    """Write a verdict's symbol, the cohort's value and the verdict in few words."""
    verdict = Verdict(row.verdict)
    symbol = SYMBOLS[verdict.kind]
    if verdict is Verdict.NOT_ASSESSED:
        return symbol
    changes = " (changes with time)" if row.proportional == "no" else ""
    return f"{symbol} {_value(row)}, {verdict.word}{changes}"


def _value(row: Any) -> str:
    if replication.is_hidden(row):
        return replication.HIDDEN
    unit = "ratio" if row.unit in ("hazard ratio", "odds ratio") else row.unit
    text, low, high = (format_value(v, unit) for v in (row.estimate, row.lower, row.upper))
    if is_missing(row.lower) and is_missing(row.upper):
        return text
    return f"{text} ({low.removesuffix(' %').removesuffix(' days')} to {high})"


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
        return RATES if entry.how == "counted" else SURVIVAL
    return ""


def poolable(registry: Registry, group: str) -> list[Entry]:
    """List the claims of one group."""
    return [e for e in registry.claims if group_of(e) == group]


def forest(table: pd.DataFrame, entry: Entry, confidence: float = 0.95) -> pd.DataFrame:
    """Pool one claim over the cohorts of patients."""
    group = group_of(entry)
    scale = SCALES[group]
    mine = table[table["id"] == entry.id]
    made_up = mine["is_reconstruction"].astype(bool)
    hidden = np.array([replication.is_hidden(row) for row in each_row(mine)])
    if group != DIRECTIONS and (hidden & ~made_up).any():
        # the rates left would be those that are not small, or not rare, enough to be hidden
        raise CannotCompute(
            f"{short_name(entry)}: not pooled: the number of one cohort is hidden, and leaving "
            "it out would bias the result"
        )
    rows = mine.assign(
        label=mine["cohort"],
        kind=made_up.map({True: NOT_POOLED, False: COHORT}),
        why=[_why_not(row, group) for row in each_row(mine)],
    )
    shown = rows["why"] == ""
    rows.loc[~shown, ["estimate", "lower", "upper"]] = math.nan
    effects = [_effect(row, group, confidence) for row in each_row(rows[shown & ~made_up])]
    try:
        found = meta.pool([e for e, _ in effects], [v for _, v in effects], confidence)
    except CannotCompute as error:
        raise CannotCompute(f"{short_name(entry)}: {error}") from None
    rows.loc[shown & ~made_up, "weight"] = found.weights
    pooled = {
        "label": f"pooled, {found.k} cohorts",
        "kind": POOLED,
        "why": "",
        "method": f"{meta.METHOD}, {scale.name}",
        **{name: getattr(found, name) for name in ("k", "tau2", "i2", "q", "q_p")},
        **found.back(scale),
    }
    out = pd.DataFrame([*rows.to_dict("records"), pooled], columns=COLUMNS)
    texts = ["label", "kind", "why", "method"]
    return out.astype(dict.fromkeys(out.columns.drop(texts), float))


def _why_not(row: Any, group: str) -> str:
    """Say why a cohort has no estimate that could be pooled."""
    if row.verdict == Verdict.NOT_ASSESSED or is_missing(row.estimate):
        return str(row.why or Verdict.NOT_ASSESSED)
    if group != RATES and (is_missing(row.lower) or is_missing(row.upper)):
        return "it has no interval"
    if group == DIRECTIONS and (row.lower <= 0 or math.isinf(row.upper)):
        return "in one group nobody had the event, so that its interval has no end"
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
