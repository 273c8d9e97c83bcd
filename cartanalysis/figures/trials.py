"""One outcome of several trials, one below the other: a forest plot with counts at its side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cartanalysis.figures import geometry, rows, style
from cartanalysis.text import each_row, is_missing

ROW, AXIS, LEGEND = 0.25, 0.6, 0.22
"""Inches: a trial, the axis with its label, a line of the legend."""

SIDES = {
    "trial": {"color": style.INK},
    "pooled": {"color": style.INK, "weight": "bold"},
    "study": {"color": style.PUBLISHED, "weight": "bold"},
    "cohort": {"color": style.INK, "weight": "bold"},
}
"""How the words of each kind of row are written."""

MARKS: dict[str, dict[str, Any]] = {
    "trial": {"marker": "s", "color": style.INK},
    "study": {"marker": "D", "color": style.PUBLISHED, "markeredgecolor": style.PUBLISHED},
    "cohort": {"marker": "o", "color": "white"},
}
GAP, COUNTS, SHARES = 6, 48, 82
"""Points from the axes to the names, and to the right ends of the counts and of the shares."""


def plot_trials(table: pd.DataFrame, ax: Axes | None = None, *, confidence: float = 0.95) -> Axes:
    """Draw shares of patients with their intervals, one trial per line.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.study.peers.forest`: label, kind (trial, pooled, study or cohort),
        events, n, estimate, lower, upper, predicted_lower, predicted_upper, weight, why.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    table = table.reset_index(drop=True)
    keys = _keys(table, confidence)
    lines = len(table) + int((table["kind"] != table["kind"].shift()).sum()) - 1
    ax = style.axes(ax, AXIS + ROW * (lines + 1) + LEGEND * (len(keys) + 1) // 2)
    ax.set(xlim=(0, 1), xlabel="share of patients", yticks=[])
    style.share_axis(ax.xaxis)
    ax.set_xticks([0, 0.5, 1])
    ax.spines["left"].set_visible(False)
    sizes = _sizes(table)
    y = 0.0
    for row, size in zip(each_row(table), sizes, strict=True):
        if row.Index and row.kind != table["kind"][row.Index - 1]:
            y += 1  # a blank line before each kind
        _write(ax, y, row)
        if row.kind == "pooled":
            rows.diamond(ax, row, y, 0.32)
            ax.axvspan(row.predicted_lower, row.predicted_upper, color="#efefef", zorder=0)
        elif not row.why:
            look = MARKS[row.kind]
            if not is_missing(row.lower):
                edge = look.get("markeredgecolor", style.INK)
                rows.interval(ax, y, row.lower, row.upper, edge)
            rows.mark(ax, row.Index, y, row.estimate, markersize=size, **look)
        if row.kind == "study":
            ax.axvline(row.estimate, color=style.PUBLISHED, linewidth=1, zorder=1)
        y += 1
    ax.set_ylim(y - 0.4, -0.6)
    style.legend(ax, 2, keys, loc="lower right", bbox_to_anchor=(1.3, 1.0))
    geometry.tag(ax, "trials")
    return ax


def _sizes(table: pd.DataFrame) -> list[float]:
    """Give a mark the area of a trial's weight; without any, of its number of patients."""
    by = table["weight"] if table["weight"].notna().any() else table["n"]
    largest = float(by[table["kind"] == "trial"].max())
    return [6.0 if np.isnan(v) else 3 + 5 * float(np.sqrt(min(v / largest, 1))) for v in by]


def _write(ax: Axes, y: float, row: Any) -> None:
    """Write a row's name left of the axes; its counts and its share right of them."""
    across = ax.get_yaxis_transform()
    how: dict[str, Any] = {
        "xycoords": across, "textcoords": "offset points", "va": "center", "fontsize": 9,
        **SIDES[row.kind],
    }  # fmt: skip
    ax.annotate(style.short(row.label, 24), (0, y), (-GAP, 0), ha="right", **how)
    share = "–" if row.why else rows.numbers(row.estimate, math.nan, math.nan, ratio=False)
    counts = ""
    if not is_missing(row.n):
        counts = f"{row.n:.0f}" if is_missing(row.events) else f"{row.events:.0f}/{row.n:.0f}"
    for text, right in ((counts, COUNTS), (share, SHARES)):
        ax.annotate(text, (1, y), (right, 0), ha="right", **how)


def _keys(table: pd.DataFrame, confidence: float) -> list[Line2D | Patch]:
    bounded = table["lower"].notna().any()
    with_interval = f", {100 * confidence:g} % interval" if bounded else ""
    keys: list[Line2D | Patch] = [
        Line2D([], [], marker="s", color=style.INK, linewidth=1.5 if bounded else 0,
               label=f"other trial{with_interval}"),
    ]  # fmt: skip
    kinds = set(table["kind"])
    if "pooled" in kinds:
        keys.append(Line2D([], [], marker="D", linewidth=0, color=style.INK, label="pooled"))
        keys.append(Patch(color="#e4e4e4", label="prediction interval"))
    for kind, name in (("study", "An et al."), ("cohort", "this cohort")):
        if kind in kinds:
            look = {"markeredgecolor": style.INK} | MARKS[kind]
            keys.append(Line2D([], [], linewidth=0, label=name, **look))
    return keys
