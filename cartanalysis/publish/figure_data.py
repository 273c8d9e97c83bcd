"""What pages say about a figure beyond its caption: values to read off, and where it comes from.

The values are taken from the figure's data file, so that a page never holds more than the file.
"""

from __future__ import annotations

import csv
import html
import io
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from cartanalysis.chapter.handover import FORMULA
from cartanalysis.text import DAYS_PER, format_interval, format_value

Row = Mapping[str, str]


def readout(geometry: Mapping[str, Any], shown: Mapping[str, Any], data: str) -> dict[str, Any]:
    """Lay a figure's data out for the script that reads values off its picture."""
    if not geometry:
        return {}
    rows = [{k: _plain(v) for k, v in row.items()} for row in csv.DictReader(io.StringIO(data))]
    kind = geometry["kind"]
    if kind == "km":
        return _curves(geometry["panels"][0], shown, rows)
    along = "x" if kind == "cutoffs" else "y"
    described = [
        {"at": {"x": x, "y": y}, **DESCRIBE[kind](rows[place], shown)}
        for place, x, y in geometry["rows"]
    ]
    ordered = sorted(described, key=lambda row: row["at"][along])
    return {"along": along, "box": geometry["panels"][0]["box"], "rows": ordered}


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
    groups: dict[str, list[list[Any]]] = {}
    for row in rows:
        estimate = _number(row, "estimate")
        text = _with_interval(row, 0 if shown.get("points") else 1)
        point = [_number(row, "time"), int(row["at_risk"]), estimate, text]
        groups.setdefault(row["group"], []).append(point)
    unit = shown.get("unit", "days")
    return {
        "box": panel["box"],
        "x": panel["x"],
        "y": panel["y"],
        "unit": unit,
        "per": DAYS_PER[unit],
        # a thinned curve says nothing between its times, and a protected one of other groups' times
        "exact": "events" in rows[0],
        "points": bool(shown.get("points")),
        "level": _level(shown),
        "groups": [{"name": labels.get(n, n), "points": points} for n, points in groups.items()],
    }


def _with_interval(row: Row, decimals: int) -> str:
    value, low, high = (
        f"{100 * _number(row, column):.{decimals}f} %" for column in ("estimate", "lower", "upper")
    )
    return value if math.isnan(_number(row, "lower")) else f"{value} ({low} to {high})"


def _level(shown: Mapping[str, Any]) -> str:
    return f"{100 * shown['confidence']:g} % CI"


# --- rows --------------------------------------------------------------------------------------

ESTIMATE = ("estimate", "lower", "upper")
FOUND = ("found", "found_lower", "found_upper")


def _value(
    row: Row, shown: Mapping[str, Any], unit: str, columns: tuple[str, str, str] = ESTIMATE
) -> str:
    value, low, high = (_number(row, c) for c in columns)
    text = format_value(value, unit)
    if math.isnan(low) and math.isnan(high):
        return text
    return f"{text} ({_level(shown)} {format_interval(low, high, unit)})"


def _p(row: Row) -> list[str]:
    p = _number(row, "p")
    return [] if math.isnan(p) else [format_value(p, "p")]


def _forest(row: Row, shown: Mapping[str, Any]) -> dict[str, Any]:
    measure = shown.get("measure", "hazard ratio")
    lines = [f"{measure} {_value(row, shown, 'ratio')}", *_p(row)]
    if row.get("events"):
        lines.append(f"in this group {_events(row)}")
    title = ": ".join(t for t in (row.get("series", ""), row["label"]) if t)
    return {"title": title, "lines": lines}


def _events(row: Row) -> str:
    return f"{row['events']} of {row['n']} patients with the event"


def _cutoffs(row: Row, shown: Mapping[str, Any]) -> dict[str, Any]:
    lines = [f"hazard ratio {_value(row, shown, 'ratio')}", *(f"log-rank {p}" for p in _p(row))]
    title = f"Cut-off {format_value(_number(row, 'cutoff'), 'percent of CD4')}"
    return {"title": title, "lines": [*lines, f"above it {_events(row)}"]}


def _rates(row: Row, shown: Mapping[str, Any]) -> dict[str, Any]:
    title = (shown.get("labels") or {}).get(row["group"], row["group"])
    counts = f"{row['events']} of {row['n']} patients"
    return {"title": title, "lines": [_value(row, shown, "fraction"), counts]}


def _claims(row: Row, shown: Mapping[str, Any]) -> dict[str, Any]:
    lines = [f"verdict: {row['verdict']}"]
    if row["family"] == "value":
        low, high = _number(row, "expected_lower"), _number(row, "expected_upper")
        expected = format_value(_number(row, "expected"), "fraction")
        lines.append(f"this cohort {_value(row, shown, 'fraction', FOUND)}")
        lines.append(f"expected {expected} ({format_interval(low, high, 'fraction')})")
    else:
        lines += [f"{row['unit']} {_value(row, shown, 'ratio')}", *_p(row)]
    title = row["short"][:1].upper() + row["short"][1:]
    return {"title": title, "lines": [*lines, f"in the paper: {row['published']}"]}


def _pooled(row: Row, shown: Mapping[str, Any]) -> dict[str, Any]:
    unit = "ratio" if shown["ratio"] else "fraction"
    lines = [_value(row, shown, unit)]
    low, high = _number(row, "predicted_lower"), _number(row, "predicted_upper")
    if not math.isnan(low):
        lines.append(f"prediction interval {format_interval(low, high, unit)}")
    return {"title": row["label"], "lines": lines}


DESCRIBE: dict[str, Callable[[Row, Mapping[str, Any]], dict[str, Any]]] = {
    "claims": _claims,
    "cutoffs": _cutoffs,
    "forest": _forest,
    "pooled": _pooled,
    "rates": _rates,
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


def provenance_html(about: Mapping[str, Any], up: str, repository: str = "") -> str:
    """Say where a figure comes from, folded away."""
    source, name = about["source"], about["name"]
    chapter = source["chapter"]
    page = f"{up}notebooks/{chapter}.html#fig-{name}"
    rows = {"Chapter": f"{_link(page, source['title'])}, code cell {source['cell']}"}
    for heading in ("computed_by", "drawn_by"):
        if about[heading]:
            words = heading.replace("_", " ").capitalize()
            rows[words] = f"<code>{html.escape(about[heading])}</code>"
    digest = f"<code>{source['data']}</code> (start of SHA-256)"
    rows["Cohort"] = f"{html.escape(source['cohort'])}, data {digest}"
    rows["Version"] = f"cartanalysis {html.escape(source['version'])}"
    rows["Evidence"] = html.escape(about["evidence_sentence"].removeprefix("Evidence").lstrip(": "))
    files = {
        "Data (CSV)": f"data/{name}.csv",
        "Picture (SVG)": f"figures/{name}.svg",
        "Picture (PNG)": f"figures/{name}.png",
        "Notebook, as executed": f"_sources/notebooks/{chapter}.ipynb",
    }
    links = [_link(up + path, words, path.split("/")[-1]) for words, path in files.items()]
    rows["Download"] = ", ".join(links)
    if repository:
        path = f"notebooks/{chapter}.py"
        rows["Source"] = _link(f"{repository.rstrip('/')}/{path}", path)
    listed = "".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in rows.items())
    return (
        '<details class="cart-provenance"><summary>Where this comes from</summary>'
        f"<dl>{listed}</dl></details>"
    )


def _link(address: str, words: str, download: str = "") -> str:
    save = f' download="{html.escape(download)}"' if download else ""
    return f'<a href="{html.escape(address)}"{save}>{html.escape(words)}</a>'
