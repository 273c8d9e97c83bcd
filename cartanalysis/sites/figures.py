"""Several cohorts in one picture: their verdicts, and one result with its pooled value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cartanalysis.claims.verdicts import Verdict
from cartanalysis.figures import geometry, rows, style
from cartanalysis.sites.comparison import COHORT, NOT_POOLED, POOLED, shown_name
from cartanalysis.stats import funnel
from cartanalysis.text import each_row, is_missing

ROW, AXIS, LEGEND = 0.5, 0.75, 0.3
"""Inches: a cohort, the axis with its label, a line of the legend."""

LINE = 0.45
"""From a row's name down to its interval, in rows."""

TILE, HEADING, FOOT = 0.27, 0.3, 0.26
"""Inches: a claim, the numbers of the cohorts, a cohort's name."""

FUNNEL = 4.0
"""Inches: the axes of a funnel plot with their labels."""

LABELS = 0.62
"""Share of the width that the claims' names take."""


def plot_verdicts(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each claim's verdict in each cohort."""
    claims = table.drop_duplicates("id")
    cohorts = table.drop_duplicates("cohort")
    top = HEADING + TILE * len(claims) + 0.1
    height = top + FOOT * (len(cohorts) + 2) + 0.25
    ax = style.axes(ax, height)
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(height, 0))
    look: dict[str, Any] = {"va": "center", "fontsize": style.SMALL}
    line = {claim: HEADING + TILE * (i + 0.5) for i, claim in enumerate(claims["id"])}
    for i, row in enumerate(each_row(claims)):
        y = line[row.id]
        if i % 2 == 0:
            ax.axhspan(y - TILE / 2, y + TILE / 2, color="#f3f3f3", zorder=0)
        ax.text(0.005, y, style.short(row.short, 38), **look)
    step = min(0.12, (1 - LABELS) / len(cohorts))  # no further apart than needed
    column = {}
    for i, row in enumerate(each_row(cohorts), start=1):
        column[row.cohort] = 1 - step * (len(cohorts) - i + 0.5)
        name = style.short(shown_name(row.cohort, row.is_reconstruction), 56)
        ax.text(column[row.cohort], HEADING / 2, f"{i}", ha="center", weight="bold", **look)
        ax.text(0.005, top + FOOT * (i - 0.5), f"{i}", weight="bold", **look)
        ax.text(0.06, top + FOOT * (i - 0.5), name, **look)
    for row in each_row(table):
        x, y, kind = column[row.cohort], line[row.id], Verdict(row.verdict).kind
        if kind in rows.MARKS:
            ax.plot(x, y, **(rows.MARK | rows.MARKS[kind]))
        else:
            ax.text(x, y, rows.SYMBOLS[kind], ha="center", color=style.MUTED, **look)
    handles = [
        Line2D([], [], label=k.words, **(rows.MARK | mark)) for k, mark in rows.MARKS.items()
    ]
    dash = Line2D([], [], linestyle="", marker="_", color=style.MUTED, label="not assessed")
    place = (-0.02, (height - top - FOOT * len(cohorts)) / height)
    style.legend(
        ax, 3, [*handles, dash], loc="upper left", bbox_to_anchor=place, handletextpad=0.3,
        columnspacing=1.0, handlelength=1.2,
    )  # fmt: skip
    return ax


def plot_pooled(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    ratio: bool,
    reference: float | None = None,
    confidence: float = 0.95,
) -> Axes:
    """Draw one result in each cohort, and pooled: a forest plot."""
    lines = 2 if reference is None else 3
    ax = style.axes(ax, AXIS + ROW * len(table) + LEGEND * lines)
    if ratio:
        limits = style.ratio_limits(table[["estimate", "lower", "upper"]])
        style.ratio_axis(ax, limits, "hazard ratio (log scale)")
        ax.axvline(1, color=style.MUTED, linewidth=1, zorder=1)
    else:
        ax.set(xlim=(0, 1), xlabel="share of patients")
        style.share_axis(ax.xaxis)
    if reference is not None:
        ax.axvline(reference, color=style.PUBLISHED, linewidth=1.6, zorder=1)
    ax.set(ylim=(len(table) - 0.1, -0.35), yticks=[])
    ax.spines["left"].set_visible(False)
    size = 4 + 5 * np.sqrt(table["weight"].astype(float) / float(table["weight"].max()))
    for row, square in zip(each_row(table.reset_index(drop=True)), size, strict=True):
        name = shown_name(row.label, row.kind == NOT_POOLED)
        weight = "bold" if row.kind == POOLED else "normal"
        if row.why:
            rows.words(ax, row.Index, name, "not pooled", weight=weight)
            continue
        numbers = rows.numbers(row.estimate, row.lower, row.upper, ratio=ratio)
        rows.words(ax, row.Index, name, numbers, weight=weight)
        if row.kind == POOLED:
            rows.diamond(ax, row, row.Index + LINE, 0.14)
            continue
        colour = style.INK if row.kind == COHORT else rows.PREDICTED
        look: dict[str, Any] = {"markeredgecolor": colour, "markerfacecolor": colour}
        if row.kind == NOT_POOLED:
            look["markerfacecolor"] = "white"
        look["markersize"] = 5.0 if math.isnan(square) else square
        rows.interval(ax, row.Index + LINE, row.lower, row.upper, colour)
        rows.mark(ax, row.Index, row.Index + LINE, row.estimate, marker="s", **look)
    _legend(ax, table, reference, confidence)
    geometry.tag(ax, "pooled")
    return ax


def plot_funnel(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each cohort's proportion against its size, between the limits of chance."""
    known = table[table["why"] == ""]
    ax = style.axes(ax, FUNNEL + LEGEND * (len(known) + 3))
    target = float(known["pooled"].iloc[0])
    most = max(1.15 * known["size"].max(), 20.0)
    grid = np.arange(1, int(most) + 1)
    handles = []
    for coverage, line in zip(funnel.COVERAGES, ("--", "-"), strict=True):
        look: dict[str, Any] = {"color": style.MUTED, "linewidth": 1.3, "linestyle": line}
        handles.append(Line2D([], [], label=f"{100 * coverage:g} % limits", **look))
        for bound in funnel.limits(target, grid, coverage):
            ax.plot(grid, bound, zorder=2, **look)
    handles.append(ax.axhline(target, color=style.INK, linewidth=1, zorder=1, label="pooled"))
    for i, row in enumerate(each_row(known), start=1):
        is_made_up = row.kind == NOT_POOLED
        colour = rows.PREDICTED if is_made_up else style.INK
        face = "white" if is_made_up else colour
        geometry.place_row(ax, row.Index, row.size, row.estimate)
        mark: dict[str, Any] = {"linestyle": "", "marker": "o", "markeredgecolor": colour}
        mark["markerfacecolor"] = face
        ax.plot(row.size, row.estimate, zorder=4, **mark)
        ax.annotate(
            f"{i}", (row.size, row.estimate), xytext=(5, 3), textcoords="offset points",
            fontsize=style.SMALL, weight="bold", zorder=5,
        )  # fmt: skip
        name = style.short(shown_name(row.label, is_made_up), 56)
        handles.append(Line2D([], [], label=f"{i}   {name}", **mark))
    ax.set(xlim=(0, most), ylim=(0, 1), xlabel="patients (effective)", ylabel="share of patients")
    style.share_axis(ax.yaxis)
    style.legend(ax, 1, handles)
    geometry.tag(ax, "funnel")
    return ax


def _legend(ax: Axes, table: pd.DataFrame, reference: float | None, confidence: float) -> None:
    interval = f"{100 * confidence:g} % interval"
    keys: dict[str, dict[str, Any]] = {
        f"cohort, {interval}": {"color": style.INK, "marker": "s", "markersize": 6},
        f"pooled, {interval}": {
            "color": style.INK, "marker": "D", "markersize": 8, "linestyle": "",
        },
    }  # fmt: skip
    if not is_missing(table["predicted_lower"].iloc[-1]):
        keys["prediction interval"] = {"color": rows.PREDICTED, "linewidth": 1.5}
    if reference is not None:
        keys["published value"] = {"color": style.PUBLISHED, "linewidth": 1.6}
    style.legend(ax, 2, [Line2D([], [], label=label, **how) for label, how in keys.items()])
