"""Several cohorts in one picture: their verdicts, and one result with its pooled value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.ticker import NullFormatter, PercentFormatter

from cartanalysis.claims.verdicts import Verdict
from cartanalysis.figures import geometry, style
from cartanalysis.figures.claims import MARKS
from cartanalysis.sites.comparison import COHORT, EXTREME, NOT_POOLED, POOLED, shown_name
from cartanalysis.text import each_row, is_missing, rounded

ROW, AXIS, LEGEND = 0.5, 0.75, 0.3
"""Inches: a cohort, the axis with its label, a line of the legend."""

LINE = 0.45
"""From a row's name down to its interval, in rows."""

TILE, HEADING, FOOT = 0.27, 0.3, 0.26
"""Inches: a claim, the numbers of the cohorts, a cohort's name."""

LABELS = 0.62
"""Share of the width that the claims' names take."""

PREDICTED = "#8c8c8c"
LIMITS = (1 / EXTREME, EXTREME)
"""Bounds of the axis of ratios; an interval that goes beyond ends in an arrow."""

TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


def plot_verdicts(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each claim's verdict in each cohort."""
    claims = table.drop_duplicates("id")[["id", "short"]]
    cohorts = table.drop_duplicates("cohort")
    names = [shown_name(row.cohort, row.is_reconstruction) for row in each_row(cohorts)]
    height = HEADING + TILE * len(claims) + FOOT * (len(names) + 1) + 0.35
    ax = style.axes(ax, height)
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(height, 0))
    column = dict(zip(cohorts["cohort"], _places(len(names)), strict=True))
    line = {claim: HEADING + TILE * (i + 0.5) for i, claim in enumerate(claims["id"])}
    for row in each_row(claims):
        if list(line).index(row.id) % 2 == 0:
            ax.axhspan(line[row.id] - TILE / 2, line[row.id] + TILE / 2, color="#f3f3f3", zorder=0)
        ax.text(0.005, line[row.id], style.short(row.short, 38), va="center", fontsize=9.5)
    for i, x in enumerate(column.values(), start=1):
        ax.text(x, HEADING / 2, str(i), va="center", ha="center", weight="bold", fontsize=9.5)
    for row in each_row(table):
        _verdict(ax, column[row.cohort], line[row.id], row.verdict)
    top = HEADING + TILE * len(claims) + 0.1
    for i, name in enumerate(names, start=1):
        y = top + FOOT * (i - 0.5)
        ax.text(0.005, y, f"{i}", va="center", weight="bold", fontsize=9.5)
        ax.text(0.06, y, style.short(name, 56), va="center", fontsize=9.5)
    _legend_of_verdicts(ax, (height - top - FOOT * len(names)) / height)
    return ax


def _places(count: int) -> list[float]:
    """Give the columns of the tiles, no further apart than needed."""
    step = min(0.12, (1 - LABELS) / count)
    return [1 - step * (count - i - 0.5) for i in range(count)]


def _verdict(ax: Axes, x: float, y: float, verdict: str) -> None:
    kind = Verdict(verdict).kind
    if kind not in MARKS:
        ax.text(x, y, "–", va="center", ha="center", color=style.MUTED, fontsize=9.5)
        return
    ax.plot(x, y, linestyle="", markeredgecolor=style.INK, markersize=7, **MARKS[kind])


def _legend_of_verdicts(ax: Axes, top: float) -> None:
    handles: list[Any] = [
        Line2D([], [], linestyle="", markeredgecolor=style.INK, markersize=7, label=kind, **mark)
        for kind, mark in MARKS.items()
    ]
    dash = Line2D([], [], linestyle="", marker="_", color=style.MUTED, label="not assessed")
    ax.legend(
        handles=[*handles, dash], loc="upper left", bbox_to_anchor=(-0.02, top), ncols=4,
        frameon=False, borderaxespad=0, handletextpad=0.3, columnspacing=1.0, handlelength=1.2,
    )  # fmt: skip


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
    low, high = _limits(table) if ratio else (0.0, 1.0)
    ax.set(xlim=(low, high), ylim=(len(table) - 0.1, -0.35), yticks=[])
    if ratio:
        ax.set_xscale("log")
        shown = [t for t in TICKS if low <= t <= high]
        ax.set_xticks(shown, [f"{t:g}" for t in shown])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="x", which="minor", length=0)
        ax.set_xlabel("hazard ratio (log scale)")
        ax.axvline(1, color=style.MUTED, linewidth=1, zorder=1)
    else:
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        ax.set_xlabel("share of patients")
    if reference is not None:
        ax.axvline(reference, color=style.PUBLISHED, linewidth=1.6, zorder=1)
    ax.spines["left"].set_visible(False)
    largest = float(np.nanmax(table["weight"]))
    for y, row in enumerate(each_row(table)):
        _row(ax, row, float(y), (low, high), ratio, largest)
        if not row.why:
            geometry.place_row(ax, y, row.estimate, y + LINE)
    _legend(ax, table, reference, confidence)
    geometry.tag(ax, "pooled")
    return ax


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Give the axis of ratios: room for the cohorts' own intervals, within bounds."""
    bounds = table[["estimate", "lower", "upper"]].to_numpy(float)
    usual = bounds[np.isfinite(bounds) & (bounds > 0)]
    low = max(LIMITS[0], min(0.5, float(usual.min()) / 1.2))
    return low, min(LIMITS[1], max(2.0, float(usual.max()) * 1.2))


def _row(
    ax: Axes, row: Any, y: float, limits: tuple[float, float], ratio: bool, largest: float
) -> None:
    """Draw one row: the name above, the numbers at the right end, the interval below."""
    across = ax.get_yaxis_transform()
    card = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    is_pooled = row.kind == POOLED
    name = shown_name(row.label, row.kind == NOT_POOLED)
    text = "not pooled" if row.why else _numbers(row, ratio)
    ax.text(
        0, y, style.short(name, 56 - len(text)), transform=across, va="center", fontsize=9.5,
        weight="bold" if is_pooled else "normal", bbox=card, zorder=2,
    )  # fmt: skip
    ax.text(
        1, y, text, transform=across, va="center", ha="right", fontsize=9.5,
        color=style.MUTED, bbox=card, zorder=2,
    )  # fmt: skip
    if row.why:
        return
    line = y + LINE
    if is_pooled:
        _diamond(ax, row, line, limits)
        return
    colour = style.INK if row.kind == COHORT else PREDICTED
    if not is_missing(row.lower):
        _interval(ax, (row.lower, row.upper), line, limits, colour, 1.5)
    size = 5.0 if is_missing(row.weight) else 4.0 + 5.0 * math.sqrt(row.weight / largest)
    if limits[0] <= row.estimate <= limits[1]:
        ax.plot(
            row.estimate, line, marker="s", markersize=size, zorder=3, clip_on=False,
            color=colour, markerfacecolor=colour if row.kind == COHORT else "white",
        )  # fmt: skip


def _interval(
    ax: Axes,
    ends: tuple[float, float],
    line: float,
    limits: tuple[float, float],
    colour: str,
    width: float,
) -> None:
    low, high = max(ends[0], limits[0]), min(ends[1], limits[1])
    if low < high:
        ax.plot([low, high], [line, line], color=colour, linewidth=width, zorder=2)
    for beyond, edge, marker in (
        (ends[0] < limits[0], limits[0], "<"),
        (ends[1] > limits[1], limits[1], ">"),
    ):
        if beyond:
            ax.plot(edge, line, marker=marker, color=colour, markersize=6, clip_on=False)


def _diamond(ax: Axes, row: Any, line: float, limits: tuple[float, float]) -> None:
    """Draw the pooled value, its interval as a diamond, the prediction interval through it."""
    if not is_missing(row.predicted_lower):
        ends = (row.predicted_lower, row.predicted_upper)
        _interval(ax, ends, line, limits, PREDICTED, 1.5)
    left, right = max(row.lower, limits[0]), min(row.upper, limits[1])
    centre = min(max(row.estimate, limits[0]), limits[1])
    corners = [(left, line), (centre, line - 0.14), (right, line), (centre, line + 0.14)]
    ax.add_patch(Polygon(corners, closed=True, facecolor=style.INK, edgecolor=style.INK, zorder=3))
    for beyond, edge, marker in (
        (row.lower < limits[0], limits[0], "<"),
        (row.upper > limits[1], limits[1], ">"),
    ):
        if beyond:
            ax.plot(edge, line, marker=marker, color=style.INK, markersize=6, clip_on=False)


def _numbers(row: Any, ratio: bool) -> str:
    unit = "" if ratio else " %"
    value, low, high = (
        _ratio(v) if ratio else rounded(100 * v, 0, 0, 100)
        for v in (row.estimate, row.lower, row.upper)
    )
    return f"{value}{unit}" if is_missing(row.lower) else f"{value}{unit} ({low}–{high})"


def _ratio(value: float) -> str:
    return rounded(value, 2, 1) if value < 10 else f"{value:.0f}" if value < 1e4 else f"{value:.0e}"


def _legend(ax: Axes, table: pd.DataFrame, reference: float | None, confidence: float) -> None:
    level = f"{100 * confidence:g} %"
    handles: list[Any] = [
        Line2D(
            [], [], color=style.INK, marker="s", markersize=6, label=f"cohort, {level} interval"
        ),
        Line2D(
            [], [], color=style.INK, marker="D", markersize=8, linestyle="",
            label=f"pooled, {level} interval",
        ),
    ]  # fmt: skip
    if not is_missing(table["predicted_lower"].iloc[-1]):
        handles.append(Line2D([], [], color=PREDICTED, linewidth=1.5, label="prediction interval"))
    if reference is not None:
        handles.append(
            Line2D([], [], color=style.PUBLISHED, linewidth=1.6, label="the paper's value")
        )
    ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, frameon=False,
        borderaxespad=0.2, handlelength=1.6, columnspacing=1.2,
    )  # fmt: skip
