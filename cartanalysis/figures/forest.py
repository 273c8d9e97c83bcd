"""Forest plots, and hazard ratios over cut-offs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cartanalysis.figures import geometry, rows, style
from cartanalysis.text import each_row, is_missing

PANEL = 0.62
"""Share of the width for the intervals; the numbers stand to their right."""
LINE = 0.245
"""Inches from a line of a row to the next."""
EVENTS = 0.95
"""Where the counts of events end, in the columns of numbers (from 0 to 1); those of patients end
before."""
PATIENTS = 0.45


def plot_forest(
    table: pd.DataFrame, ax: Axes | None = None, *, measure: str = "hazard ratio"
) -> Axes:
    """Draw ratios with intervals, one row each, beside the numbers they rest on.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, estimate, lower, upper; optionally ``series`` (a heading per block), n and
        events (of the row's group), and ``alone``, ``alone_lower`` and ``alone_upper`` (the ratio
        that is not adjusted, which is drawn above the adjusted one).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    measure : str
        Name of the ratio.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    table = table.reset_index(drop=True)
    series = table["series"] if "series" in table else pd.Series("", table.index)
    headings = [name for name in series.unique() if name]
    has_alone = "alone" in table and bool(table["alone"].notna().any())
    lines = 1.3 + 1.2 * len(headings) + (2.4 + has_alone) * len(table)
    ax = style.axes(ax, LINE * lines + 0.95 + 0.25 * has_alone)
    ends = [c for c in ("lower", "upper", "alone_lower", "alone_upper") if c in table]
    low, high = style.ratio_limits(table[ends])
    # room to the left of 1 for the word below the axis
    style.ratio_axis(ax, (min(low, high**-0.3), high), "")
    _header(ax, measure, "n" in table)
    y = 0.0
    for heading, part in table.groupby(series, sort=False):
        if heading:
            y += 1.2
            _across(ax, y, str(heading), weight="bold")
        for row in each_row(part):
            y += 1.2
            _across(ax, y, style.short(row.label, 40))
            if "n" in table:
                _count(ax, y, row.n, row.events)
            top = y + 0.55
            if has_alone:
                y += 1
                _alone(ax, y, row.alone, row.alone_lower, row.alone_upper)
            y += 1
            _adjusted(ax, y, row)
            ax.plot([1, 1], [top, y + 0.45], color=style.MUTED, linewidth=1, zorder=1)
            y += 0.2
    ax.set(ylim=(y + 0.6, -0.7), yticks=[])
    ax.spines["left"].set_visible(False)
    _directions(ax, measure)
    if has_alone:
        kinds = {"alone": ALONE, "adjusted for the others": ADJUSTED}
        style.legend(ax, 2, [Line2D([], [], label=kind, **how) for kind, how in kinds.items()])
    geometry.tag(ax, "forest")
    return ax


ALONE: dict[str, Any] = {
    "marker": "D", "markersize": 5, "color": style.MUTED, "markerfacecolor": "white",
    "linewidth": 1.1,
}  # fmt: skip
ADJUSTED: dict[str, Any] = {"marker": "s", "markersize": 7, "color": style.INK, "linewidth": 1.5}


def _right(column: float) -> float:
    """Give a place in the columns of numbers, in widths of the axes."""
    return 1.04 + column * (1 - PANEL) / PANEL * 0.9


def _across(ax: Axes, y: float, text: str, **how: Any) -> None:
    ax.text(0, y, text, transform=ax.get_yaxis_transform(), va="center", **how)


def _number(ax: Axes, y: float, column: float, text: str, **how: Any) -> None:
    line: dict[str, Any] = {"va": "center", "ha": "right", "fontsize": style.SMALL}
    ax.text(_right(column), y, text, transform=ax.get_yaxis_transform(), **(line | how))


def _header(ax: Axes, measure: str, has_counts: bool) -> None:
    _number(ax, 0.1, 1, f"{measure} (CI)", color=style.MUTED)
    if has_counts:
        _number(ax, 1.2, PATIENTS, "n", color=style.MUTED)
        _number(ax, 1.2, EVENTS, "events", color=style.MUTED)


def _count(ax: Axes, y: float, n: Any, events: Any) -> None:
    for column, count in ((PATIENTS, n), (EVENTS, events)):
        _number(ax, y, column, "–" if is_missing(count) else str(count))


def _alone(ax: Axes, y: float, ratio: float, lower: float, upper: float) -> None:
    if is_missing(ratio):
        return
    rows.interval(ax, y, lower, upper, style.MUTED)
    rows.mark(ax, None, y, ratio, **ALONE)
    _number(ax, y, 1, rows.numbers(ratio, lower, upper, ratio=True), color=style.MUTED)


def _adjusted(ax: Axes, y: float, row: Any) -> None:
    rows.interval(ax, y, row.lower, row.upper)
    colour = style.RISK if row.estimate > 1 else style.REFERENCE
    rows.mark(ax, row.Index, y, row.estimate, marker="s", color=colour, markeredgecolor=colour)
    _number(ax, y, 1, rows.numbers(row.estimate, row.lower, row.upper, ratio=True))


def _directions(ax: Axes, measure: str) -> None:
    """Say below the axis which way a ratio points."""
    what = measure.removesuffix(" ratio")
    for text, align, shift in (("← lower", "right", -5), (f"higher {what} →", "left", 5)):
        ax.annotate(
            text, (1, 0), (shift, -24), ax.get_xaxis_transform(), "offset points", ha=align,
            va="top", fontsize=style.SMALL, color=style.MUTED, annotation_clip=False,
        )  # fmt: skip
    ax.set_xlabel(f"{measure} (log scale)", labelpad=18)


def plot_cutoffs(table: pd.DataFrame, ax: Axes | None = None, *, chosen: float) -> Axes:
    """Draw how a hazard ratio depends on where a cut-off is put.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.cox.scan_cutoffs`: cutoff, estimate, lower, upper, p.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    chosen : float
        The cut-off that the chapter uses.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    table = table.reset_index(drop=True)
    ax = style.axes(ax, 3.2)
    ax.axhline(1, color=style.MUTED, linewidth=1)
    ax.axvline(chosen, color=style.HAIRLINE, linewidth=6, zorder=0)
    for mine, marker, colour, label in (
        (table["p"] < 0.05, "o", style.RISK, "log-rank p < 0.05"),
        (table["p"] >= 0.05, "s", style.MUTED, "log-rank p ≥ 0.05"),
    ):
        part = table[mine]
        if len(part):
            low, middle, high = part[["lower", "estimate", "upper"]].to_numpy(float).T
            spread = [middle - low, high - middle]
            ax.errorbar(
                part["cutoff"], middle, yerr=spread, fmt=marker, color=colour,
                linewidth=1.3, markersize=5.5, label=label,
            )  # fmt: skip
    for row in each_row(table):
        geometry.place_row(ax, row.Index, row.cutoff, row.estimate)
    ax.set(yscale="log", xlabel="cut-off (% of CD4⁺ T cells)")
    style.ratio_axis(ax, ax.get_ylim(), "hazard ratio, high vs low", axis="y")
    style.legend(ax, 2)
    geometry.tag(ax, "cutoffs")
    return ax


def plot_effects(
    table: pd.DataFrame, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None
) -> Axes:
    """Draw how hazard ratios are spread over many cohorts, one row per claim.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.study.consistent.ranges`: claim, estimate, lower, upper, half_lower,
        half_upper; and, if it has the column, found: the hazard ratio of a cohort beside them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    labels : mapping of str to str, optional
        Names of the claims as shown.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    ax = style.axes(ax, 0.9 + 0.52 * len(table))
    limits = (0.8, max(10.0, float(table["upper"].max()) * 1.3))
    label = "hazard ratio (log scale); 95 % of the cohorts, half of them, and their median"
    style.ratio_axis(ax, limits, label)
    for row in each_row(table.reset_index(drop=True)):
        y = row.Index
        ax.plot([row.lower, row.upper], [y, y], color=style.RISK, linewidth=1.6)
        half = [row.half_lower, row.half_upper]
        ax.plot(half, [y, y], color=style.RISK, linewidth=6, solid_capstyle="butt")
        ax.plot([row.estimate] * 2, [y - 0.2, y + 0.2], color=style.INK, linewidth=1.8)
        found = float(getattr(row, "found", math.nan))
        if not math.isnan(found):
            rows.mark(ax, None, y, found, marker="D", color="white", markeredgecolor=style.INK)
        name = (labels or {}).get(row.claim, row.claim)
        rows.words(ax, y - 0.42, name, fontsize=style.SMALL)
    ax.axvline(1, color=style.MUTED, linewidth=1, zorder=1)  # below the labels
    ax.set(ylim=(len(table) - 0.5, -0.8), yticks=[])
    ax.spines["left"].set_visible(False)
    return ax


def plot_outcomes(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how often new cohorts would show a claim, one row per claim, one dot per size.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.study.allowed.outcomes`: what, n, estimate.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    claims, sizes = list(dict.fromkeys(table["what"])), sorted(table["n"].unique())
    ax = style.axes(ax, 1.1 + 0.5 * len(claims))
    ax.set(xlim=(0, 100), xlabel="new cohorts that show it (%)")
    shades = np.linspace(0.25, 1, len(sizes))
    for size, shade in zip(sizes, shades, strict=True):
        part = table[table["n"] == size].set_index("what")["estimate"]
        places = [claims.index(what) for what in part.index]
        ax.plot(
            100 * part, places, linestyle="", marker="o", markersize=4 + 5 * shade,
            color=style.RISK, alpha=shade, label=f"{size} patients", clip_on=False, zorder=3,
        )  # fmt: skip
    for y, what in enumerate(claims):
        ax.plot([0, 100], [y, y], color=style.HAIRLINE, linewidth=1, zorder=0)
        rows.words(ax, y - 0.42, what)
    ax.set(ylim=(len(claims) - 0.5, -0.8), yticks=[])
    ax.spines["left"].set_visible(False)
    style.legend(ax, len(sizes))
    return ax
