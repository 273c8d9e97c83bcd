"""The paper's claims and a cohort's answers in one picture."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cartanalysis.claims.replication import HIDDEN, has_number, is_hidden
from cartanalysis.claims.verdicts import DIRECTIONS, VALUES, Verdict
from cartanalysis.figures import geometry, rows, style
from cartanalysis.text import each_row, is_missing

BAND = "#dcdcdc"

TALL, FLAT, HEADING, AXIS, LEGEND = 0.49, 0.27, 0.36, 0.62, 1.0
"""Inches: a claim drawn, a claim without numbers, a heading, an axis with its label, the legend."""

LINE = 0.22
"""Inches from a claim's words down to its interval."""


def plot_claims(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw published values above, published directions below, each with the cohort's answer.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.claims.replication.claims`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, which hold one panel for each family of claims.
    """
    table = table.reset_index(drop=True)
    table["drawn"] = [
        has_number(r) or (Verdict(r.verdict).is_answer and not is_hidden(r))
        for r in each_row(table)
    ]
    parts = {f: table[table["family"] == f] for f in (VALUES, DIRECTIONS)}
    heights = {f: _height(part) for f, part in parts.items() if len(part)}
    total = LEGEND + sum(heights.values())
    ax = style.axes(ax, total)
    ax.set_axis_off()
    top = total - LEGEND
    for family, height in heights.items():
        part = parts[family]
        room = AXIS if part["drawn"].any() else 0.0
        panel = ax.inset_axes((0, (top - height + room) / total, 1, (height - room) / total))
        panel.spines[["left", "top", "right"]].set_visible(False)
        _draw(panel, family, part)
        panel.set(ylim=(height - room, 0), yticks=[])  # inches, from the top
        if not room:
            panel.spines["bottom"].set_visible(False)
            panel.set(xticks=[], xlabel="")
        geometry.tag(panel, "claims", family)
        top -= height
    _legend(ax)
    return ax


def _height(part: pd.DataFrame) -> float:
    drawn = int(part["drawn"].sum())
    return HEADING + TALL * drawn + FLAT * (len(part) - drawn) + (AXIS if drawn else 0.0)


def _draw(panel: Axes, family: str, part: pd.DataFrame) -> None:
    rows.words(panel, 0.1, f"Published {family}s", weight="bold", fontsize=style.TEXT)
    if family == VALUES:
        style.share_axis(panel.xaxis)
        panel.set(xlim=(0, 1), xlabel="share of patients")
    else:
        limits = style.ratio_limits(part[["lower", "upper"]])
        style.ratio_axis(panel, limits, "hazard ratio (odds ratio for remission), log scale")
    y = HEADING
    for row in each_row(part):
        if not row.drawn:
            why = HIDDEN if is_hidden(row) else row.verdict
            rows.words(panel, y, row.short, why, color=style.MUTED)
            y += FLAT
            continue
        answer = _value if family == VALUES else _direction
        shown, centre = answer(panel, row, y + LINE)
        rows.words(panel, y, row.short, shown)
        mark = rows.MARKS[Verdict(row.verdict).kind]
        rows.mark(panel, row.Index, y + LINE, centre, **mark)
        y += TALL


def _value(panel: Axes, row: Any, line: float) -> tuple[str, float]:
    """Draw what the paper predicts and the cohort's interval; give its numbers and its place."""
    _band(panel, row.expected_lower, row.expected_upper, line)
    panel.plot(
        [row.expected] * 2, [line - 0.11, line + 0.11], color=style.PUBLISHED, linewidth=2.6,
        solid_capstyle="butt", zorder=2,
    )  # fmt: skip
    rows.interval(panel, line, row.found_lower, row.found_upper)
    return rows.numbers(row.found, row.found_lower, row.found_upper, ratio=False), row.found


def _direction(panel: Axes, row: Any, line: float) -> tuple[str, float]:
    """Draw the side that the paper claims and the cohort's interval; give numbers and place."""
    low, high = panel.get_xlim()
    fewer = row.unit == "odds ratio"  # the paper claims fewer remissions, but more events
    _band(panel, low if fewer else 1, 1 if fewer else high, line)
    panel.plot([1, 1], [line - 0.11, line + 0.11], color=style.MUTED, linewidth=1, zorder=2)
    if is_missing(row.estimate):
        return "no finite ratio", high if row.verdict in (Verdict.SUPPORTS, Verdict.SAME) else low
    rows.interval(panel, line, row.lower, row.upper)
    shown = rows.numbers(row.estimate, row.lower, row.upper, ratio=True)
    return shown, min(max(row.estimate, low), high)


def _band(panel: Axes, left: float, right: float, line: float) -> None:
    panel.barh(line, right - left, left=left, height=0.22, color=BAND, zorder=1)


def _legend(ax: Axes) -> None:
    cohort = rows.MARK | {"color": style.INK, "linestyle": "-", "linewidth": 1.5}
    value: dict[str, Any] = {
        "linestyle": "",
        "marker": "|",
        "markersize": 11,
        "markeredgewidth": 2.6,
    }
    handles = [
        *(Line2D([], [], label=kind.words, **(cohort | mark)) for kind, mark in rows.MARKS.items()),
        Patch(color=BAND, label="what that predicts"),
        Line2D([], [], color=style.PUBLISHED, label="published value", **value),
    ]
    style.legend(ax, 2, handles, loc="upper left")
