"""One look for the whole book: sizes, type, and one meaning per colour (Okabe–Ito palette)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 4.6
"""Inches; at 360 px on a phone 10-point type is then still 10 px high."""

REFERENCE, RISK, BETWEEN = "#0072B2", "#D55E00", "#009E73"
INK, MUTED, HAIRLINE = "#222222", "#595959", "#c8c8c8"
PUBLISHED = "#7B3294"

COLOURS = {
    "all patients": INK,
    "overall survival": "#0072B2",
    "relapse-free survival": "#CC79A7",
    **dict.fromkeys(["none", "low", "standard", "remission"], REFERENCE),
    "cns": BETWEEN,
    **dict.fromkeys(["other", "any", "high", "no remission"], RISK),
}
SPARE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
DASHES: list[object] = ["-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2))]
GRADES = ["#f1eef6", "#d0d1e6", "#a6bddb", "#67a9cf", "#1c7bb5", "#023858"]

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, so every machine has it
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "svg.hashsalt": "cartanalysis",  # the same bytes at every run
    "svg.fonttype": "path",
    "text.parse_math": False,  # a label with $ in it is text, not a formula
}


def use() -> None:
    """Set the book's style for everything drawn from now on."""
    sns.set_theme(style="ticks", context="paper")
    mpl.rcParams.update(RC)


def axes(ax: Axes | None, height: float) -> Axes:
    """Give the axes to draw on.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        The caller's axes.
    height : float
        Inches, if a new figure is needed.

    Returns
    -------
    matplotlib.axes.Axes
        What the caller passed, or the axes of a new figure of the book's width.
    """
    if ax is not None:
        return ax
    return plt.subplots(figsize=(WIDTH, height), layout="constrained")[1]


def figure_of(ax: Axes) -> Figure:
    """Give the figure that axes belong to.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes.

    Returns
    -------
    matplotlib.figure.Figure
        Their figure.
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("the axes belong to no figure")
    return figure


def colours(names: Iterable[str]) -> dict[str, str]:
    """Give each group its colour; groups without a fixed one take spare colours in order.

    Parameters
    ----------
    names : iterable of str
        Groups.

    Returns
    -------
    dict of str to str
        Colour by group.
    """
    listed = list(names)
    if any(n not in COLOURS for n in listed):
        return {n: SPARE[i % len(SPARE)] for i, n in enumerate(listed)}
    return {n: COLOURS[n] for n in listed}


def short(label: str, limit: int = 34) -> str:
    """Shorten a label so that it fits the figure.

    Parameters
    ----------
    label : str
        Any text.
    limit : int
        Longest length, in characters.

    Returns
    -------
    str
        Printable text of at most that length.
    """
    clean = _printable(label)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _printable(label: str) -> str:
    clean = "".join(c if c.isprintable() else " " for c in label)
    # matplotlib hides labels that begin with an underscore
    return "\u200b" + clean if clean.startswith("_") else clean


def distinct(labels: Mapping[str, str], limit: int = 34) -> dict[str, str]:
    """Shorten the labels of groups while they stay different; else break them into lines.

    Parameters
    ----------
    labels : mapping of str to str
        Label by group.
    limit : int
        Longest line, in characters.

    Returns
    -------
    dict of str to str
        Label by group, as drawn.
    """
    shown = {group: short(label, limit) for group, label in labels.items()}
    if len(set(shown.values())) == len(set(labels.values())):
        return shown
    return {g: "\n".join(textwrap.wrap(_printable(label), limit)) for g, label in labels.items()}
