"""The paper's claims and a cohort's answers in one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter, PercentFormatter

from cartanalysis.claims.replication import HIDDEN, is_hidden
from cartanalysis.claims.verdicts import DIRECTIONS, VALUES, Kind, Verdict
from cartanalysis.figures import geometry, style
from cartanalysis.text import each_row, rounded

MARKS: dict[Kind, dict[str, Any]] = {
    Kind.UPHELD: {"marker": "o", "markerfacecolor": "#56B4E9"},
    Kind.INCONCLUSIVE: {"marker": "s", "markerfacecolor": "white"},
    Kind.OPPOSED: {"marker": "X", "markerfacecolor": "#E69F00"},
}
"""Shape and fill of each kind of verdict; neither colour means anything else in the book."""

BAND = "#dcdcdc"
LIMITS = (0.02, 50.0)
"""Bounds of the axis of ratios; an interval that goes beyond ends in an arrow."""

TALL, FLAT, HEADING, AXIS = 0.49, 0.27, 0.36, 0.5
"""Inches: a claim drawn, a claim that cannot be assessed, a heading, an axis with its label."""


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
    families = [f for f in (VALUES, DIRECTIONS) if (table["family"] == f).any()]
    parts = [table[table["family"] == f] for f in families]
    heights = [_height(part) for part in parts]
    legend = 0.7
    total = legend + sum(heights)
    ax = style.axes(ax, total)
    ax.set_axis_off()
    top = total - legend
    for family, part, height in zip(families, parts, heights, strict=True):
        has_axis = any(_drawn(row) for row in each_row(part))
        room = AXIS if has_axis else 0.0
        box = (0, (top - height + room) / total, 1, (height - room) / total)
        panel = ax.inset_axes(box)
        (_values if family == VALUES else _directions)(panel, part)
        _finish(panel, height - room, has_axis)
        geometry.tag(panel, "claims", family)
        top -= height
    _legend(ax)
    return ax


def _drawn(row: Any) -> bool:
    return row.verdict != Verdict.NOT_ASSESSED and not is_hidden(row)


def _height(part: pd.DataFrame) -> float:
    drawn = sum(_drawn(row) for row in each_row(part))
    return HEADING + TALL * drawn + FLAT * (len(part) - drawn) + (AXIS if drawn else 0.0)


def _finish(panel: Axes, height: float, has_axis: bool) -> None:
    """Measure the panel's rows in inches, from the top."""
    panel.set(ylim=(height, 0), yticks=[])
    for side in ("left", "top", "right"):
        panel.spines[side].set_visible(False)
    if not has_axis:
        panel.spines["bottom"].set_visible(False)
        panel.set(xticks=[], xlabel="")


def _rows(part: pd.DataFrame) -> list[tuple[Any, float]]:
    """Give each claim the height at which its label stands."""
    y, placed = HEADING, []
    for row in each_row(part):
        placed.append((row, y))
        y += TALL if _drawn(row) else FLAT
    return placed


def _mark(verdict: str) -> dict[str, Any]:
    mark = MARKS[Verdict(verdict).kind]
    return {"markeredgecolor": style.INK, "markersize": 7, "linestyle": "", **mark}


def _label(panel: Axes, y: float, left: str, right: str, *, muted: bool = False) -> None:
    across = panel.get_yaxis_transform()
    ink = style.MUTED if muted else style.INK
    panel.text(
        0, y, style.short(left, 38), transform=across, va="center", fontsize=9.5, color=ink
    )  # fmt: skip
    panel.text(
        1, y, right, transform=across, va="center", ha="right", fontsize=9.5, color=style.MUTED
    )  # fmt: skip


def _heading(panel: Axes, text: str) -> None:
    panel.text(
        0, 0.1, text, transform=panel.get_yaxis_transform(), weight="bold", va="center",
        fontsize=10,
    )  # fmt: skip


# --- values ------------------------------------------------------------------------------------


def _values(panel: Axes, part: pd.DataFrame) -> None:
    _heading(panel, "Published values")
    panel.set_xlim(0, 1)
    panel.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    panel.set_xlabel("share of patients")
    for row, y in _rows(part):
        if not _drawn(row):
            _label(panel, y, row.short, HIDDEN if is_hidden(row) else row.verdict, muted=True)
            continue
        low, middle, high = (rounded(100 * v, 0, 0, 100) for v in _bounds(row))
        _label(panel, y, row.short, f"{middle} % ({low}–{high})")
        line = y + 0.22
        _band(panel, row.expected_lower, row.expected_upper, line)
        panel.plot(
            [row.expected] * 2, [line - 0.11, line + 0.11], color=style.PUBLISHED, linewidth=2.6,
            solid_capstyle="butt", zorder=2,
        )  # fmt: skip
        panel.plot(
            [_bounds(row)[0], _bounds(row)[2]], [line, line], color=style.INK, linewidth=1.4,
            zorder=3,
        )  # fmt: skip
        panel.plot(row.found, line, zorder=4, clip_on=False, **_mark(row.verdict))
        geometry.place_row(panel, row.Index, row.found, line)


def _bounds(row: Any) -> tuple[float, float, float]:
    """Give the cohort's proportion with its interval; at 0 and 1 a curve has none."""
    low = row.found if np.isnan(row.found_lower) else row.found_lower
    high = row.found if np.isnan(row.found_upper) else row.found_upper
    return low, row.found, high


def _band(panel: Axes, left: float, right: float, line: float) -> None:
    panel.barh(line, right - left, left=left, height=0.22, color=BAND, zorder=1)


# --- directions --------------------------------------------------------------------------------


def _directions(panel: Axes, part: pd.DataFrame) -> None:
    _heading(panel, "Published directions")
    bounds = part[["lower", "upper"]].to_numpy(float)
    usual = bounds[np.isfinite(bounds) & (bounds > 0)]
    low = max(LIMITS[0], min(0.4, float(usual.min(initial=1)) / 1.2))
    high = min(LIMITS[1], max(2.5, float(usual.max(initial=1)) * 1.2))
    panel.set(xscale="log", xlim=(low, high))
    shown = [t for t in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low <= t <= high]
    panel.set_xticks(shown, [f"{t:g}" for t in shown])
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.tick_params(axis="x", which="minor", length=0)
    panel.set_xlabel("hazard ratio (odds ratio for remission), log scale")
    for row, y in _rows(part):
        if not _drawn(row):
            _label(panel, y, row.short, HIDDEN if is_hidden(row) else row.verdict, muted=True)
            continue
        line = y + 0.22
        fewer = row.unit == "odds ratio"  # the paper claims fewer remissions, but more events
        _band(panel, low if fewer else 1, 1 if fewer else high, line)
        panel.plot([1, 1], [line - 0.11, line + 0.11], color=style.MUTED, linewidth=1, zorder=2)
        _ratio(panel, row, y, line, low, high)


def _ratio(panel: Axes, row: Any, y: float, line: float, low: float, high: float) -> None:
    """Draw one ratio with its interval; what lies beyond the axis ends in an arrow."""
    if np.isnan(row.estimate):
        as_claimed = row.verdict in (Verdict.SUPPORTS, Verdict.SAME)
        _label(panel, y, row.short, "no finite ratio")
        edge = high if as_claimed else low
        panel.plot(edge, line, clip_on=False, **_mark(row.verdict))
        geometry.place_row(panel, row.Index, edge, line)
        return
    _label(panel, y, row.short, f"{_number(row.estimate)} ({_range(row.lower, row.upper)})")
    lower, upper = max(row.lower, low), min(row.upper, high)
    panel.plot([lower, upper], [line, line], color=style.INK, linewidth=1.4, zorder=3)
    for beyond, edge, marker in ((row.lower < low, low, "<"), (row.upper > high, high, ">")):
        if beyond:
            panel.plot(edge, line, marker=marker, color=style.INK, markersize=5, clip_on=False)
    centre = min(max(row.estimate, low), high)
    panel.plot(centre, line, zorder=4, clip_on=False, **_mark(row.verdict))
    geometry.place_row(panel, row.Index, centre, line)


def _range(lower: float, upper: float) -> str:
    return f"{_number(lower)}–{_number(upper)}"


def _number(value: float) -> str:
    if np.isinf(value):
        return "∞"
    return rounded(value, 2, 1) if value < 10 else f"{value:.0f}" if value < 1e4 else f"{value:.0e}"


# --- legend ------------------------------------------------------------------------------------


def _legend(ax: Axes) -> None:
    line: dict[str, Any] = {
        "color": style.INK,
        "linewidth": 1.4,
        "markeredgecolor": style.INK,
        "markersize": 7,
    }
    handles: list[Any] = [
        Line2D([], [], label=kind, **(line | mark)) for kind, mark in MARKS.items()
    ]
    handles += [
        Patch(color=BAND, label="what the paper predicts"),
        Line2D(
            [], [], linestyle="", marker="|", markersize=11, markeredgewidth=2.6,
            color=style.PUBLISHED, label="the paper's value",
        ),
    ]  # fmt: skip
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(-0.02, 1.0), ncols=2, frameon=False,
        borderaxespad=0, handlelength=1.6, columnspacing=1.2,
    )  # fmt: skip
