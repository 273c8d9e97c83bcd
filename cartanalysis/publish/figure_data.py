"""The values of a figure that a reader can read off its picture.

They are taken from the figure's data file, so that a page never holds more than the file.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from cartanalysis.text import DAYS_PER, FORMULA, format_interval, format_value

Row = Mapping[str, str]


def readout(geometry: Mapping[str, Any], shown: Mapping[str, Any], data: str) -> dict[str, Any]:
    """Lay a figure's data out for the script that reads values off its picture."""
    if not geometry:
        return {}
    rows = [{k: _plain(v) for k, v in row.items()} for row in csv.DictReader(io.StringIO(data))]
    kind, panel = geometry["kind"], geometry["panels"][0]
    if kind == "km":
        return _curves(panel, shown, rows)
    told = []
    for place, x, y in geometry["rows"]:
        title, lines = DESCRIBE[kind](rows[place], shown)
        told.append({"at": {"x": x, "y": y}, "title": title, "lines": lines})
    along = "x" if kind in ("cutoffs", "funnel") else "y"
    return {"along": along, "box": panel["box"], "rows": sorted(told, key=lambda r: r["at"][along])}


def _plain(text: str) -> str:
    """Take off the mark that keeps a spreadsheet from running a text."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _number(row: Row, column: str) -> float:
    return float(row.get(column) or math.nan)


# --- curves ------------------------------------------------------------------------------------


def _curves(
    panel: Mapping[str, Any], shown: Mapping[str, Any], rows: list[dict[str, str]]
) -> dict[str, Any]:
    labels = shown.get("labels") or {}
    decimals = 0 if shown.get("points") else 1
    groups: dict[str, list[list[Any]]] = {}
    for row in rows:
        estimate, low, high = (_number(row, c) for c in ("estimate", "lower", "upper"))
        text, lower, upper = (f"{100 * v:.{decimals}f} %" for v in (estimate, low, high))
        if not math.isnan(low):
            text += f" ({lower} to {upper})"
        point = [_number(row, "time"), int(row["at_risk"]), estimate, text]
        groups.setdefault(row["group"], []).append(point)
    unit = shown.get("unit", "days")
    return {
        "box": panel["box"],
        "x": panel["x"],
        "y": panel["y"],
        "ticks": panel["x_ticks"],
        "unit": unit,
        "per": DAYS_PER[unit],
        # a thinned curve says nothing between its times, and a protected one of other groups' times
        "exact": "events" in rows[0],
        "points": bool(shown.get("points")),
        "level": _level(shown),
        "groups": [{"name": labels.get(n, n), "points": points} for n, points in groups.items()],
    }


def _level(shown: Mapping[str, Any]) -> str:
    return f"{100 * shown['confidence']:g} % CI"


# --- rows --------------------------------------------------------------------------------------

FOUND = "found"
"""Column of a claim's value in this cohort, which has its limits beside it."""


def _value(row: Row, shown: Mapping[str, Any], unit: str, column: str = "") -> str:
    start = f"{column}_" if column else ""
    value = _number(row, column or "estimate")
    low, high = _number(row, f"{start}lower"), _number(row, f"{start}upper")
    text = format_value(value, unit)
    if math.isnan(low) and math.isnan(high):
        return text
    return f"{text} ({_level(shown)} {format_interval(low, high, unit)})"


def _p(row: Row) -> list[str]:
    p = _number(row, "p")
    return [] if math.isnan(p) else [format_value(p, "p")]


def _events(row: Row) -> str:
    return f"{row['events']} of {row['n']} patients with the event"


Told = tuple[str, list[str]]
"""A title, and lines below it."""


def _forest(row: Row, shown: Mapping[str, Any]) -> Told:
    measure = shown.get("measure", "hazard ratio")
    group = [f"in this group {_events(row)}"] if row.get("events") else []
    title = ": ".join(filter(None, (row.get("series"), row["label"])))
    alone = [f"alone {_value(row, shown, 'ratio', 'alone')}"] if row.get("alone") else []
    return title, [f"{measure} {_value(row, shown, 'ratio')}", *_p(row), *group, *alone]


def _cutoffs(row: Row, shown: Mapping[str, Any]) -> Told:
    title = f"Cut-off {format_value(_number(row, 'cutoff'), 'percent of CD4')}"
    lines = [f"hazard ratio {_value(row, shown, 'ratio')}", *(f"log-rank {p}" for p in _p(row))]
    return title, [*lines, f"above it {_events(row)}"]


def _rates(row: Row, shown: Mapping[str, Any]) -> Told:
    title = (shown.get("labels") or {}).get(row["group"], row["group"])
    return title, [_value(row, shown, "fraction"), f"{row['events']} of {row['n']} patients"]


def _claims(row: Row, shown: Mapping[str, Any]) -> Told:
    lines = [f"verdict: {row['verdict']}"]
    if row["family"] == "value":
        low, high = _number(row, "expected_lower"), _number(row, "expected_upper")
        expected = format_value(_number(row, "expected"), "fraction")
        lines.append(f"this cohort {_value(row, shown, 'fraction', FOUND)}")
        lines.append(f"expected {expected} ({format_interval(low, high, 'fraction')})")
    else:
        lines += [f"{row['unit']} {_value(row, shown, 'ratio')}", *_p(row)]
    title = row["short"][:1].upper() + row["short"][1:]
    return title, [*lines, f"in the paper: {row['published']}"]


def _pooled(row: Row, shown: Mapping[str, Any]) -> Told:
    unit = "ratio" if shown["ratio"] else "fraction"
    lines = [_value(row, shown, unit)]
    low, high = _number(row, "predicted_lower"), _number(row, "predicted_upper")
    if not math.isnan(low):
        lines.append(f"prediction interval {format_interval(low, high, unit)}")
    return row["label"], lines


def _funnel(row: Row, shown: Mapping[str, Any]) -> Told:
    found, size = format_value(_number(row, "estimate"), "fraction"), _number(row, "size")
    ends = format_interval(_number(row, "lower"), _number(row, "upper"), "fraction")
    return row["label"], [f"{found} of {size:.0f} patients", row["place"], f"95 % limits {ends}"]


def _trials(row: Row, shown: Mapping[str, Any]) -> Told:
    counted = [f"{row['events']} of {row['n']} patients"] if row["events"] else []
    title, lines = _pooled(row, {**shown, "ratio": False})
    return title, [*lines, *counted]


DESCRIBE: dict[str, Callable[[Row, Mapping[str, Any]], Told]] = {
    "claims": _claims,
    "cutoffs": _cutoffs,
    "forest": _forest,
    "funnel": _funnel,
    "pooled": _pooled,
    "rates": _rates,
    "trials": _trials,
}
"""How a row of each kind of figure is told."""


# --- on the page -------------------------------------------------------------------------------


def readout_html(values: Mapping[str, Any]) -> str:
    """Embed a figure's values in a page."""
    if not values:
        return ""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # nothing in the data may end the element, or begin another
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" class="cart-readout-data">{text}</script>'
